/* SPDX-License-Identifier: MIT */
/* Child processes of the build; see spawn.h. */
#include "host/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

struct running {
    struct spawn_job *job;
    struct host_buf out;
    pid_t pid;
    int fd;
};

/* Starts argv with both outputs in one pipe. Returns an errno value. */
static int
start(char *const *argv, pid_t *pid, int *fd)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return errno;
    }
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
    posix_spawnattr_t attributes; /* a caller who blocks signals does not do it for others */
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    int rc = posix_spawnp(pid, argv[0], &actions, &attributes, argv, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    if (rc != 0) {
        close(ends[0]);
    } else {
        *fd = ends[0];
    }
    return rc;
}

static int
wait_status(pid_t pid)
{
    int status;
    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) {
            return 127;
        }
    }
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static bool
begin(struct running *r, struct spawn_job *job)
{
    *r = (struct running){.job = job, .fd = -1};
    int rc = start(job->argv.items, &r->pid, &r->fd);
    if (rc != 0) {
        job->status = 127;
        job->output = host_printf("%s: %s\n", job->argv.items[0], strerror(rc));
        return false;
    }
    return true;
}

/* Reads what is there. True when the process has ended and the job is complete. */
static bool
progress(struct running *r)
{
    char chunk[16384];
    ssize_t n = read(r->fd, chunk, sizeof chunk);
    if (n > 0) {
        host_buf_add(&r->out, chunk, (size_t)n);
        return false;
    }
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) {
        return false;
    }
    close(r->fd);
    r->job->status = wait_status(r->pid);
    r->job->output = host_buf_take(&r->out);
    return true;
}

size_t
spawn_all(struct spawn_job *jobs, size_t count, unsigned parallel)
{
    size_t next = 0, active = 0, failed = 0;
    struct running *run = host_xalloc(parallel * sizeof *run);
    struct pollfd *fds = host_xalloc(parallel * sizeof *fds);
    while (next < count || active > 0) {
        while (active < parallel && next < count) {
            active += begin(&run[active], &jobs[next++]);
        }
        for (size_t i = 0; i < active; i++) {
            fds[i] = (struct pollfd){.fd = run[i].fd, .events = POLLIN};
        }
        if (active == 0 || (poll(fds, active, -1) < 0 && errno != EINTR)) {
            continue;
        }
        for (size_t i = active; i-- > 0;) {
            if (fds[i].revents != 0 && progress(&run[i])) {
                run[i] = run[--active];
            }
        }
    }
    for (size_t i = 0; i < count; i++) {
        failed += jobs[i].status != 0;
    }
    free(fds);
    free(run);
    return failed;
}

void
spawn_job_free(struct spawn_job *job)
{
    host_strv_free(&job->argv);
    free(job->output);
    *job = (struct spawn_job){0};
}

char *
spawn_capture(const char *const *argv)
{
    struct spawn_job job = {0};
    for (; *argv != NULL; argv++) {
        host_strv_add(&job.argv, *argv);
    }
    spawn_all(&job, 1, 1);
    char *out = job.status == 0 ? job.output : NULL;
    if (out != NULL) {
        job.output = NULL;
    }
    spawn_job_free(&job);
    return out;
}
