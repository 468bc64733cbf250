/* SPDX-License-Identifier: MIT */
/*
 * `filterbed run`: the supervisor's way from beginning to end.
 *
 *   prepare ── start the server ── it loads the filters ──┬── mount ── run the command ── unmount
 * ──┬── finish ── report └── run the script ──────────────────────┘
 *
 * Whatever goes wrong on the way leads to "unmount, end the server, say so".
 */
#include "host/run.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fuse/fuse.h"
#include "host/campaign.h"
#include "host/inject.h"
#include "host/live.h"
#include "host/report.h"
#include "host/supervise.h"

#define GRACE_MS 2000 /* for a command whose mount has died, and the like */

static uint64_t
now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void
complain(const char *text)
{
    fprintf(stderr, "filterbed: %s\n", text);
}

/* ---- phases ---- */

static int
wait_loaded(struct supervisor *s, struct host_error *err)
{
    while (!s->loaded && s->error == NULL && !s->up.ended) {
        if (s->interrupted) {
            return host_fail(err, "interrupted while the filters were loading");
        }
        supervise_step(s, -1);
    }
    if (s->error != NULL) {
        return host_fail(err, "%s", s->error);
    }
    return s->loaded ? 0 : host_fail(err, "the server ended before the filters were loaded");
}

static void
run_script(struct supervisor *s)
{
    channel_send(s->down, json_pack("{s:s}", "type", "script"), -1);
    while (!s->script_done && !s->up.ended && !s->fault_stop && !s->interrupted) {
        supervise_step(s, -1);
    }
    /* Interrupted: the line under way may end, unless a driver holds it. */
    const uint64_t end = now_ms() + GRACE_MS;
    for (uint64_t now; !s->script_done && !s->up.ended && (now = now_ms()) < end;) {
        supervise_step(s, (int)(end - now));
    }
}

/* The server is gone or told to stop: nothing the command does can end well. */
static void
cut_command(struct supervisor *s)
{
    place_abort(&s->place);
    for (int round = 0; round < 3 && !s->command_ended; round++) {
        if (round > 0) {
            kill(s->command, round == 1 ? SIGTERM : SIGKILL);
        }
        const uint64_t end = now_ms() + GRACE_MS;
        for (uint64_t now; !s->command_ended && (now = now_ms()) < end;) {
            supervise_step(s, (int)(end - now));
        }
    }
}

static int
run_command(struct supervisor *s, int *status, struct host_error *err)
{
    if (place_mount(s->prepared->directory, &s->place, err) != 0) {
        return -1;
    }
    if (s->place.note[0] != '\0' && !s->options->quiet) {
        complain(s->place.note);
    }
    bool sent = channel_send(s->down, json_pack("{s:s}", "type", "mount"), s->place.fuse_fd);
    close(s->place.fuse_fd);
    s->place.fuse_fd = -1;
    while (sent && !s->serving && s->error == NULL && !s->up.ended) {
        supervise_step(s, -1);
    }
    if (!s->serving) {
        return host_fail(err, "%s", s->error != NULL ? s->error : "the server ended");
    }
    if (children_start_command(s, status, err) != 0) {
        return -1;
    }
    uint64_t dying = 0;
    const uint64_t patience = 1000 * (s->options->watchdog != 0 ? s->options->watchdog : 5);
    while (!s->command_ended && !s->up.ended && !s->fault_stop && s->crash == NULL) {
        supervise_step(s, s->interrupted ? 200 : -1);
        if (!s->interrupted || !children_command_dying(s)) {
            dying = 0;
        } else if (dying == 0) {
            dying = now_ms();
        } else if (now_ms() - dying > patience) {
            break; /* its end waits for an answer that a callback holds back */
        }
    }
    if (!s->command_ended) {
        cut_command(s);
    }
    return 0;
}

/* Asks for the report and waits; a server that does not answer is ended. */
static void
finish_server(struct supervisor *s)
{
    const unsigned watchdog = s->options->watchdog != 0 ? s->options->watchdog : 5;
    uint64_t end = now_ms() + (s->prepared->count * (3 * watchdog + 6) + 2 * watchdog + 30) * 1000;
    if (!s->loaded && s->interrupted) {
        end = now_ms() + GRACE_MS; /* in DriverEntry, maybe for ever */
    }
    s->interrupted = false;
    bool hurried = false;
    if (!s->up.ended) {
        channel_send(s->down, json_pack("{s:s}", "type", "finish"), -1);
    }
    for (uint64_t now; !s->up.ended && (now = now_ms()) < end;) {
        supervise_step(s, (int)(end - now));
        if (s->interrupted && hurried) {
            break;
        }
        if (s->interrupted) {
            /* It gives up what it waits for, and still reports. */
            s->interrupted = false;
            hurried = true;
            kill(s->server, SIGINT);
            end = now_ms() + 4 * GRACE_MS;
        }
    }
    if (!s->up.ended) {
        char text[256];
        snprintf(text, sizeof text, "the server does not end%s%s; it is killed",
                 s->phase[0] != '\0' ? ": it hangs in the unload of " : "", s->phase);
        complain(text);
        kill(s->server, SIGKILL);
    }
    close(s->down);
    s->down = -1;
    if (!s->server_ended && s->server > 0) {
        waitpid(s->server, &s->server_status, 0);
        s->server_ended = true;
    }
}

/* ---- result ---- */

static const char *
signal_text(int signo, char *text, size_t size)
{
    const char *name = sigabbrev_np(signo);
    snprintf(text, size, "SIG%s", name != NULL ? name : "?");
    return text;
}

/* The server died: its record, or what wait says, goes into the report. */
static bool
note_crash(struct supervisor *s)
{
    char text[64];
    if (s->crash == NULL &&
        (s->report != NULL || (WIFEXITED(s->server_status) && s->error != NULL))) {
        return false;
    }
    if (s->report == NULL) {
        s->report = json_pack("{s:i, s:s, s:[], s:[], s:[]}", "schema", 1, "filterbed",
                              FILTERBED_VERSION, "filters", "findings", "unimplemented");
    }
    json_t *crash = json_object();
    int signo = s->crash != NULL ? (int)json_integer_value(json_object_get(s->crash, "signal"))
                : WIFSIGNALED(s->server_status) ? WTERMSIG(s->server_status)
                                                : 0;
    if (signo != 0) {
        json_object_set_new(crash, "signal", json_string(signal_text(signo, text, sizeof text)));
    } else {
        snprintf(text, sizeof text, "exit status %d", WEXITSTATUS(s->server_status));
        json_object_set_new(crash, "signal", json_string(text));
    }
    if (s->crash != NULL) {
        json_object_set(crash, "driver", json_object_get(s->crash, "driver"));
        json_object_set(crash, "operation", json_object_get(s->crash, "operation"));
        json_object_set_new(
            crash, "stack",
            report_crash_frames(json_object_get(s->crash, "frames"), s->images, s->report));
    }
    json_object_set_new(s->report, "crash", crash);
    return true;
}

static int
command_status(const struct supervisor *s)
{
    if (s->options->script != NULL) {
        return s->script_done && s->script_ok ? 0 : 1;
    }
    if (WIFSIGNALED(s->command_status)) {
        return 128 + WTERMSIG(s->command_status);
    }
    return WEXITSTATUS(s->command_status);
}

static void
describe_run(struct supervisor *s, double seconds)
{
    char result[128], text[64];
    if (s->options->script != NULL) {
        snprintf(result, sizeof result, "script %s", s->script_ok ? "passed" : "failed");
    } else if (s->command <= 0) {
        snprintf(result, sizeof result, "no command ran");
    } else if (WIFSIGNALED(s->command_status)) {
        snprintf(result, sizeof result, "command ended by %s",
                 signal_text(WTERMSIG(s->command_status), text, sizeof text));
    } else {
        snprintf(result, sizeof result, "command exited with %d", WEXITSTATUS(s->command_status));
    }
    json_t *argv = json_array(), *target = NULL;
    for (char **a = s->options->command; a != NULL && *a != NULL; a++) {
        json_t *word = json_string(*a);
        json_array_append_new(argv, word != NULL ? word : json_string("(text that is no UTF-8)"));
    }
    target =
        json_string(s->prepared->directory != NULL     ? s->prepared->directory
                    : s->options->file_system != NULL ? "a disk in memory"
                                                      : "a volume in memory");
    json_object_set_new(s->report, "run",
                        json_pack("{s:o, s:b, s:o, s:s, s:f}", "target",
                                  target != NULL ? target : json_string("?"), "memory",
                                  s->prepared->directory == NULL, "command", argv, "result", result,
                                  "seconds", seconds));
}

/* --gen-suppressions: an entry for each finding. */
static void
print_suppressions(const struct supervisor *s)
{
    const json_t *f;
    size_t i;
    if (s->options->gen_suppressions) {
        json_array_foreach(json_object_get(s->report, "findings"), i, f)
        {
            fputc('\n', stderr);
            suppress_print(f, stderr);
        }
    }
}

static int
load_suppressions(struct supervisor *s, struct host_error *err)
{
    int rc = 0;
    for (size_t i = 0; i < s->options->suppress.count && rc == 0; i++) {
        rc = suppress_load(&s->suppress, s->options->suppress.items[i], err);
    }
    return rc;
}

static int
print_report(struct supervisor *s)
{
    const struct run_options *o = s->options;
    struct host_error err;
    char cwd[PATH_MAX];
    int rc = 0;
    report_symbolize(s->report);
    suppress_apply(&s->suppress, s->report);
    const unsigned findings = report_findings(s->report);
    if (!o->quiet || findings != 0 || json_object_get(s->report, "crash") != NULL) {
        struct report_style style = {
            .verbose = o->verbose, .colour = isatty(2), .cwd = getcwd(cwd, sizeof cwd)};
        fflush(stdout);
        report_print(s->report, &style, stderr);
        print_suppressions(s);
    }
    if (s->stopped != NULL) {
        complain("stopped at the first finding; the filters are unloaded, nothing is mounted any more, "
                 "and the files are as the command left them");
    }
    for (size_t i = 0; i < o->reports.count; i++) {
        char *kind = host_strndup(o->reports.items[i], strcspn(o->reports.items[i], ":"));
        const char *path = o->reports.items[i] + strlen(kind) + 1;
        if (report_save(s->report, kind, path, &err) != 0) {
            complain(err.text);
            rc = -1;
        }
        free(kind);
    }
    return rc;
}

/* ---- all of it ---- */

static int
supervise(struct supervisor *s)
{
    struct host_error err;
    const uint64_t started = now_ms();
    int status = RUN_EXIT_FAILED;
    s->socket = live_path(s->options->socket, getpid());
    bool failed = children_begin(s, &err) != 0 || children_start_server(s, &err) != 0;
    if (!failed) {
        supervise_send_config(s);
        failed = wait_loaded(s, &err) != 0;
    }
    if (!failed && s->options->script != NULL) {
        run_script(s);
    } else if (!failed) {
        failed = run_command(s, &status, &err) != 0;
    }
    if (failed) {
        complain(err.text);
        s->failure = host_strdup(err.text);
    }
    if (s->script_done && !s->script_ok) {
        complain(s->script_text);
    }
    if (s->server > 0) {
        if (!place_unmount(&s->place) && !s->options->quiet) {
            complain("processes that the command left behind still used the directory; they have "
                     "lost it");
        }
        finish_server(s);
    }
    if (s->socket != NULL) {
        unlink(s->socket);
    }
    children_end(s);
    const bool crashed = s->server > 0 && note_crash(s);
    if (s->report == NULL) {
        return status;
    }
    noise_report(s);
    describe_run(s, (double)(now_ms() - started) / 1000);
    /* A filter that never got going has only said why. */
    const bool silent = failed && s->command <= 0 && report_findings(s->report) == 0 && !crashed;
    if (!silent && print_report(s) != 0) {
        return RUN_EXIT_FAILED;
    }
    if (report_findings(s->report) != 0 && s->options->error_exitcode >= 0) {
        return s->options->error_exitcode;
    }
    return failed ? status : crashed || s->fault_stop ? RUN_EXIT_FAILED : command_status(s);
}

int
run_once(const struct run_options *options, struct prepared *prepared, struct run_outcome *outcome)
{
    struct supervisor s = {.options = options,
                           .prepared = prepared,
                           .signal_fd = -1,
                           .down = -1,
                           .noise = -1,
                           .place = {.fuse_fd = -1}};
    struct host_error err;
    int status = RUN_EXIT_FAILED;
    channel_init(&s.up, -1);
    if (load_suppressions(&s, &err) != 0) {
        complain(err.text);
        suppress_free(&s.suppress);
        return RUN_EXIT_FAILED;
    }
    status = supervise(&s);
    if (outcome != NULL) {
        outcome->report = json_incref(s.report);
        outcome->error = host_strdup(s.failure != NULL ? s.failure : s.script_text != NULL ? s.script_text : "");
        outcome->started = s.loaded && (options->script != NULL || s.command > 0);
        outcome->signalled = s.signalled;
    }
    suppress_free(&s.suppress);
    free(s.stopped);
    free(s.socket);
    channel_close(&s.up);
    place_free(&s.place);
    json_decref(s.images);
    json_decref(s.report);
    json_decref(s.crash);
    json_decref(s.sanitizer);
    host_buf_free(&s.line);
    free(s.error);
    free(s.failure);
    free(s.script_text);
    return status;
}

void
fbed_list_faults(void)
{
    inject_list(stdout);
}

int
fbed_run(const struct run_options *options)
{
    struct prepared prepared;
    struct host_error err;
    char message[1024];
    int status = RUN_EXIT_FAILED;
    if (inject_check(&options->faults, &err) != 0 || campaign_check(options, &err) != 0) {
        fprintf(stderr, "filterbed run: %s; see filterbed run --help\n", err.text);
        return RUN_EXIT_USAGE;
    }
    if (options->command != NULL && fuse_available(message, sizeof message) != 0) {
        complain(message);
        return RUN_EXIT_FAILED;
    }
    if (prepare(options, &prepared, &err) != 0) {
        complain(err.text);
    } else if (campaign_wanted(options)) {
        status = campaign_run(options, &prepared);
    } else {
        status = run_once(options, &prepared, NULL);
    }
    prepare_free(&prepared);
    return status;
}
