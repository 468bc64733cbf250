/* SPDX-License-Identifier: MIT */
/*
 * One run of a campaign.  It is a process of its own, because a mount namespace and the supervisor's signals are things of a whole
 * process; it answers with one JSON object.  What it prints is kept aside and shown if nothing else tells what happened.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "host/campaign.h"
#include "host/jsontext.h"

#define OUTPUT_MAX 65536
#define STEPS 3

double
campaign_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

void
campaign_run_free(struct campaign_run *run)
{
    json_decref(run->report);
    free(run->error);
    free(run->output);
}

/* ---- the process ---- */

static _Noreturn void
child_main(struct campaign *c, const struct host_strv *faults, int answer, int output, char *copy)
{
    const pid_t parent = getppid();
    struct run_options options = *c->options;
    struct run_outcome outcome = {0};
    char seed[32];
    options.faults = *faults;
    options.reports = (struct host_strv){0};
    options.quiet = true; /* nothing but findings */
    options.gen_suppressions = false;
    options.keep_going = true;
    options.socket = "";
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)c->seed);
    setenv("FILTERBED_SEED", seed, 1);
    sigprocmask(SIG_SETMASK, &c->mask_before, NULL);
    const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    dup2(null, 0);
    if (!c->options->verbose) {
        dup2(output, 1);
        dup2(output, 2);
    }
    run_once(&options, c->prepared, &outcome);
    json_t *j = json_pack("{s:O?, s:s?, s:b, s:b}", "report", outcome.report, "error", outcome.error, "started",
                          outcome.started, "signalled", outcome.signalled);
    FILE *to = fdopen(answer, "w");
    const bool bad = j == NULL || to == NULL || json_dumpf(j, to, JSON_COMPACT) != 0 || fclose(to) != 0;
    fflush(stdout);
    if (copy != NULL && getppid() != parent) { /* killed: nobody else removes it */
        scratch_remove(copy, -1);
    }
    _exit(bad);
}

/* ---- its end ---- */

struct child {
    pid_t pid;
    int answer;
    struct host_buf text;
    double limit; /* on the clock; 0: none */
    /* Seconds after the limit: the first is "end it", the second "do not wait for drivers", then it is killed. */
    double steps[STEPS];
    size_t step;
};

/* Processes that a run which was ended has left to us: everything that we start is waited for, so only such ones are here. After a
 * kill they are given time for what they have to do; one takes a mount away. */
static void
end_orphans(bool killed)
{
    const int patience = killed ? 100 : 0;
    for (int round = 0; round < patience + 100; round++) {
        char *text = NULL, *path = host_printf("/proc/self/task/%d/children", (int)getpid());
        size_t size;
        const bool read = host_read_file(path, &text, &size, NULL) == 0;
        free(path);
        if (!read || size == 0) {
            free(text);
            return;
        }
        char *save = NULL;
        for (char *word = strtok_r(text, " ", &save); word != NULL; word = strtok_r(NULL, " ", &save)) {
            if (round >= patience) {
                kill((pid_t)strtol(word, NULL, 10), SIGKILL);
            }
        }
        free(text);
        while (waitpid(-1, NULL, WNOHANG) > 0) {
        }
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    }
}

static void
take_signals(struct campaign *c, pid_t child)
{
    struct signalfd_siginfo info;
    while (read(c->signal_fd, &info, sizeof info) == (ssize_t)sizeof info) {
        c->signo = (int)info.ssi_signo;
        if (child > 0 && info.ssi_code != SI_KERNEL) { /* what the terminal sends reaches everybody */
            kill(child, c->signo);
        }
    }
}

/* The time is over: a little more is done about it each time. Returns how long to wait for the next, in ms. */
static int
press(struct child *child, double now)
{
    if (child->limit == 0) {
        return -1;
    }
    while (child->step < STEPS && now >= child->limit + child->steps[child->step]) {
        child->step++;
        kill(child->pid, child->step < STEPS ? SIGTERM : SIGKILL);
    }
    if (child->step == STEPS) {
        return 1000;
    }
    return (int)((child->limit + child->steps[child->step] - now) * 1000) + 1;
}

/* Until the answer is complete or the process is gone. */
static void
attend(struct campaign *c, struct child *child)
{
    char chunk[65536];
    for (;;) {
        struct pollfd fds[2] = {{.fd = child->answer, .events = POLLIN}, {.fd = c->signal_fd, .events = POLLIN}};
        const int wait = press(child, campaign_now());
        if (poll(fds, 2, wait) < 0 && errno != EINTR) {
            return;
        }
        if (fds[1].revents != 0) {
            take_signals(c, child->pid);
            if (c->signo != 0 && child->limit == 0) {
                child->limit = campaign_now() + 60; /* it is told already */
            }
        }
        if (fds[0].revents != 0) {
            const ssize_t n = read(child->answer, chunk, sizeof chunk);
            if (n <= 0) {
                return;
            }
            host_buf_add(&child->text, chunk, (size_t)n);
        }
    }
}

static char *
read_output(int fd)
{
    const off_t size = lseek(fd, 0, SEEK_END);
    const off_t from = size > OUTPUT_MAX ? size - OUTPUT_MAX : 0;
    char *text = host_xalloc(OUTPUT_MAX + 1);
    const ssize_t n = pread(fd, text, OUTPUT_MAX, from);
    text[n > 0 ? n : 0] = '\0';
    return text;
}

static void
take_answer(struct child *child, int output, struct campaign_run *run)
{
    json_t *j = child->text.len != 0 ? json_loadb(child->text.data, child->text.len, 0, NULL) : NULL;
    run->report = json_is_object(json_object_get(j, "report")) ? json_incref(json_object_get(j, "report")) : NULL;
    free(run->error);
    run->error = host_strdup(str(j, "error"));
    run->started = json_is_true(json_object_get(j, "started"));
    run->timed_out = child->limit != 0 && child->step > 0;
    run->signalled = json_is_true(json_object_get(j, "signalled")) && !run->timed_out;
    free(run->output);
    run->output = read_output(output);
    json_decref(j);
}

int
campaign_child(struct campaign *c, const struct host_strv *faults, unsigned limit, struct campaign_run *run, struct host_error *err)
{
    int ends[2] = {-1, -1}, given = c->prepared->directory_fd, status;
    char *copy = NULL;
    *run = (struct campaign_run){.error = host_strdup(""), .output = host_strdup("")};
    if (c->prepared->directory != NULL && scratch_make(c->prepared->directory, &copy, &c->prepared->directory_fd, err) != 0) {
        c->prepared->directory_fd = given;
        take_signals(c, 0);
        return c->signo != 0 ? 0 : -1; /* the copying is interrupted too */
    }
    const int output = memfd_create("output", MFD_CLOEXEC);
    const double begun = campaign_now();
    const unsigned watchdog = c->options->watchdog;
    struct child child = {.limit = limit != 0 ? begun + limit : 0, .steps = {0, 4 + 2 * watchdog, 14 + 3 * watchdog}};
    fflush(stdout);
    fflush(stderr);
    child.pid = output >= 0 && pipe2(ends, O_CLOEXEC) == 0 ? fork() : -1;
    if (child.pid == 0) {
        close(ends[0]);
        child_main(c, faults, ends[1], output, copy);
    }
    const int error = errno;
    close(ends[1]);
    if (child.pid > 0) {
        child.answer = ends[0];
        attend(c, &child);
        waitpid(child.pid, &status, 0);
        while (waitpid(-1, NULL, WNOHANG) > 0) { /* what a command left behind ends here */
        }
        if (child.step != 0) {
            end_orphans(child.step == STEPS);
        }
        take_answer(&child, output, run);
    }
    close(ends[0]);
    close(output);
    host_buf_free(&child.text);
    run->seconds = campaign_now() - begun;
    if (copy != NULL) {
        scratch_remove(copy, c->prepared->directory_fd);
        c->prepared->directory_fd = given;
    }
    return child.pid > 0 ? 0 : host_fail(err, "a run cannot be started: %s", strerror(error));
}
