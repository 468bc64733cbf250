/* SPDX-License-Identifier: MIT */
/* The supervisor's processes: the server in a session of its own, the command in the user's. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/supervise.h"

static const int forwarded[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH};

int
children_begin(struct supervisor *s, struct host_error *err)
{
    sigset_t mask;
    sigemptyset(&mask);
    sigaddset(&mask, SIGCHLD);
    for (size_t i = 0; i < sizeof forwarded / sizeof *forwarded; i++) {
        sigaddset(&mask, forwarded[i]);
    }
    signal(SIGPIPE, SIG_IGN);
    sigprocmask(SIG_BLOCK, &mask, &s->mask_before);
    s->signal_fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
    return s->signal_fd >= 0 ? 0 : host_fail(err, "signalfd: %s", strerror(errno));
}

void
children_end(struct supervisor *s)
{
    if (s->signal_fd >= 0) {
        close(s->signal_fd);
        sigprocmask(SIG_SETMASK, &s->mask_before, NULL);
        s->signal_fd = -1;
    }
}

/* ---- server ---- */

/* At the given numbers, open across exec. from may be -1. */
static void
place_descriptors(const int *from, const int *to, size_t count)
{
    int safe[8];
    for (size_t i = 0; i < count; i++) {
        safe[i] = from[i] >= 0 ? fcntl(from[i], F_DUPFD_CLOEXEC, 32) : -1;
    }
    for (size_t i = 0; i < count; i++) {
        if (safe[i] >= 0) {
            dup2(safe[i], to[i]);
        } else {
            close(to[i]);
        }
    }
}

/* Sanitized drivers need their compiler's runtime first in the process. */
static void
set_preload(const struct supervisor *s)
{
    const char *runtime = s->prepared->sanitizer_runtime, *before = getenv("LD_PRELOAD");
#ifdef FILTERBED_SANITIZE
    runtime = NULL; /* it is there */
#endif
    if (runtime != NULL) {
        char *both =
            host_printf("%s%s%s", runtime, before != NULL ? ":" : "", before != NULL ? before : "");
        setenv("LD_PRELOAD", both, 1);
        setenv("ASAN_OPTIONS", "detect_leaks=0:abort_on_error=1", 0);
        setenv("UBSAN_OPTIONS", "print_stacktrace=1", 0);
        free(both);
    }
}

static _Noreturn void
exec_server(const struct supervisor *s, int up, int down, int errors)
{
    const char *program = s->options->program != NULL ? s->options->program : "/proc/self/exe";
    const int from[] = {up, down, s->prepared->directory_fd, s->prepared->log_fd};
    const int to[] = {CHANNEL_UP, CHANNEL_DOWN, CHANNEL_DIRECTORY, CHANNEL_LOG};
    int null = open("/dev/null", O_RDONLY);
    sigprocmask(SIG_SETMASK, &s->mask_before, NULL);
    signal(SIGPIPE, SIG_DFL);
    setsid(); /* a terminal's Ctrl-C is for the command */
    dup2(null, 0);
    close(null);
    if (errors >= 0) {
        dup2(errors, 2);
    }
    place_descriptors(from, to, 4);
    set_preload(s);
    execl(program, "filterbed", "--server", (char *)NULL);
    fprintf(stderr, "filterbed: cannot start the server from %s: %s\n", program, strerror(errno));
    _exit(RUN_EXIT_FAILED);
}

int
children_start_server(struct supervisor *s, struct host_error *err)
{
    int up[2], down[2], errors[2] = {-1, -1};
    if (pipe2(up, O_CLOEXEC) != 0 ||
        (s->prepared->sanitizer_runtime != NULL && pipe2(errors, O_CLOEXEC) != 0)) {
        return host_fail(err, "pipe: %s", strerror(errno));
    }
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, down) != 0) {
        close(up[0]);
        close(up[1]);
        return host_fail(err, "socketpair: %s", strerror(errno));
    }
    fflush(stdout);
    fflush(stderr);
    s->server = fork();
    if (s->server == 0) {
        exec_server(s, up[1], down[1], errors[1]);
    }
    close(up[1]);
    close(down[1]);
    if (errors[1] >= 0) {
        close(errors[1]);
    }
    s->noise = errors[0];
    channel_init(&s->up, up[0]);
    s->down = down[0];
    return s->server > 0 ? 0 : host_fail(err, "fork: %s", strerror(errno));
}

/* ---- command ---- */

static _Noreturn void
exec_command(const struct supervisor *s, int failure)
{
    char **argv = s->options->command;
    int error = chdir(s->place.cwd) == 0 ? 0 : -errno;
    if (error == 0) {
        setenv("PWD", s->place.cwd, 1);
        setenv("FILTERBED_MOUNT", s->place.mountpoint, 1);
        if (s->socket != NULL) {
            setenv("FILTERBED_SOCKET", s->socket, 1);
        }
        signal(SIGPIPE, SIG_DFL);
        sigprocmask(SIG_SETMASK, &s->mask_before, NULL);
        execvp(argv[0], argv);
        error = errno;
    }
    ssize_t n = write(failure, &error, sizeof error);
    (void)n;
    _exit(RUN_EXIT_FAILED);
}

/* execvp says EACCES too when a directory of the path is closed to us: is the command in one of the others at all? */
static bool
in_path(const char *name)
{
    const char *path = getenv("PATH");
    bool found = strchr(name, '/') != NULL;
    for (const char *at = path != NULL ? path : ""; !found && *at != '\0';) {
        const size_t length = strcspn(at, ":");
        char *candidate = host_printf("%.*s/%s", length > 0 ? (int)length : 1, length > 0 ? at : ".", name);
        found = access(candidate, F_OK) == 0;
        free(candidate);
        at += length + (at[length] == ':');
    }
    return found;
}

static int
explain_command(const struct supervisor *s, int error, int *status, struct host_error *err)
{
    const char *name = s->options->command[0];
    if (error < 0) {
        *status = RUN_EXIT_FAILED;
        return host_fail(err, "cannot enter %s through the filters: %s", s->place.cwd,
                         strerror(-error));
    }
    if (error == EACCES && !in_path(name)) {
        error = ENOENT;
    }
    *status = error == ENOENT || error == ENOTDIR ? RUN_EXIT_NOT_FOUND : RUN_EXIT_NOT_EXECUTABLE;
    if (error == ENOENT && strchr(name, '/') != NULL && name[0] != '/') {
        return host_fail(err, "%s: command not found; commands start in %s", name, s->place.cwd);
    }
    return host_fail(err, "%s: %s", name, error == ENOENT ? "command not found" : strerror(error));
}

/* Whatever happens meanwhile (chdir goes through the filters) is attended to. */
int
children_start_command(struct supervisor *s, int *status, struct host_error *err)
{
    int failure[2], error = 0;
    *status = RUN_EXIT_FAILED;
    if (pipe2(failure, O_CLOEXEC) != 0) {
        return host_fail(err, "pipe: %s", strerror(errno));
    }
    s->command = fork();
    if (s->command == 0) {
        exec_command(s, failure[1]);
    }
    close(failure[1]);
    ssize_t n = s->command > 0 ? read(failure[0], &error, sizeof error) : 0;
    close(failure[0]);
    if (s->command < 0) {
        return host_fail(err, "fork: %s", strerror(errno));
    }
    if (n != (ssize_t)sizeof error) {
        return 0;
    }
    waitpid(s->command, NULL, 0);
    s->command = 0;
    return explain_command(s, error, status, err);
}

bool
children_command_dying(const struct supervisor *s)
{
    char *path = host_printf("/proc/%d/status", (int)s->command), *text = NULL;
    size_t size;
    bool dying = false;
    if (host_read_file(path, &text, &size, NULL) == 0) {
        const char *pending = strstr(text, "SigPnd:");
        dying = pending != NULL && (strtoull(pending + 7, NULL, 16) & (UINT64_C(1) << (SIGKILL - 1))) != 0;
        free(text);
    }
    free(path);
    return dying;
}

/* ---- signals ---- */

static void
reap(struct supervisor *s)
{
    if (s->server > 0 && !s->server_ended &&
        waitpid(s->server, &s->server_status, WNOHANG) == s->server) {
        s->server_ended = true;
    }
    if (s->command > 0 && !s->command_ended &&
        waitpid(s->command, &s->command_status, WNOHANG) == s->command) {
        s->command_ended = true;
    }
}

static void
forward(struct supervisor *s, const struct signalfd_siginfo *info)
{
    const int signo = (int)info->ssi_signo;
    if (signo == SIGINT || signo == SIGTERM || signo == SIGHUP || signo == SIGQUIT) {
        s->interrupted = true;
        s->signalled = true;
        if (s->options->script != NULL && s->down >= 0) {
            channel_send(s->down, json_pack("{s:s}", "type", "interrupt"), -1);
        }
    }
    /* What the terminal sends reaches the command by itself: it is in our process group. */
    if (s->command > 0 && !s->command_ended && info->ssi_code != SI_KERNEL) {
        kill(s->command, signo);
    }
}

void
children_signals(struct supervisor *s)
{
    struct signalfd_siginfo info;
    while (read(s->signal_fd, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGCHLD) {
            reap(s);
        } else {
            forward(s, &info);
        }
    }
}
