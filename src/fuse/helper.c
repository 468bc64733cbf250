/* SPDX-License-Identifier: MIT */
/* fusermount3, the set-user-id helper of the fuse3 package: it mounts and sends us the descriptor over a socket. */
#include "fuse/mountp.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "port/port.h"

extern char **environ;

static const char *
helper_path(void)
{
    static const char *const places[] = { "/usr/bin/fusermount3", "/bin/fusermount3", "/usr/local/bin/fusermount3" };
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        if (access(places[i], X_OK) == 0) {
            return places[i];
        }
    }
    return NULL;
}

bool
fuse_helper_present(void)
{
    return helper_path() != NULL;
}

/* The environment without preloaded libraries (a sanitizer's) and with _FUSE_COMMFD. */
static char **
helper_environment(char *commfd)
{
    size_t count = 0;
    while (environ[count] != NULL) {
        count++;
    }
    char **copy = calloc(count + 2, sizeof *copy);
    if (copy == NULL) {
        return NULL;
    }
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        if (strncmp(environ[i], "LD_PRELOAD=", 11) != 0 && strncmp(environ[i], "_FUSE_COMMFD=", 13) != 0) {
            copy[n++] = environ[i];
        }
    }
    if (commfd != NULL) {
        copy[n++] = commfd;
    }
    return copy;
}

/* Runs it, collects its stderr in text.  Exit status, or a negative errno. */
static int
helper_run(char *const argv[], int comm, char *text, size_t size)
{
    int errors[2];
    if (pipe2(errors, O_CLOEXEC) != 0) {
        return -errno;
    }
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, errors[1], 2);
    char commfd[32];
    if (comm >= 0) {
        posix_spawn_file_actions_adddup2(&actions, comm, 3);
        snprintf(commfd, sizeof commfd, "_FUSE_COMMFD=3");
    }
    char **env = helper_environment(comm >= 0 ? commfd : NULL);
    pid_t pid = -1;
    int error = env == NULL ? ENOMEM : posix_spawn(&pid, argv[0], &actions, NULL, argv, env);
    free(env);
    posix_spawn_file_actions_destroy(&actions);
    close(errors[1]);
    size_t used = 0;
    char extra[256];
    ssize_t got;
    while (error == 0) {
        bool full = used + 1 >= size;
        got = read(errors[0], full ? extra : text + used, full ? sizeof extra : size - 1 - used);
        if (got <= 0 && !(got < 0 && errno == EINTR)) {
            break;
        }
        used += full || got < 0 ? 0 : (size_t)got;
    }
    text[used] = 0;
    close(errors[0]);
    if (error != 0) {
        return -error;
    }
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -EIO;
}

static int
helper_receive(int comm)
{
    char byte, control[CMSG_SPACE(sizeof(int))];
    struct iovec part = { &byte, 1 };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control };
    ssize_t got = recvmsg(comm, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    struct cmsghdr *head = got > 0 ? CMSG_FIRSTHDR(&message) : NULL;
    if (head == NULL || head->cmsg_type != SCM_RIGHTS || head->cmsg_len != CMSG_LEN(sizeof(int))) {
        return -EIO;
    }
    int fd;
    memcpy(&fd, CMSG_DATA(head), sizeof fd);
    return fd;
}

int
fuse_helper_mount(const struct fuse_mount_options *options, int *fd, char *message, size_t size)
{
    char list[512], text[512];
    snprintf(list, sizeof list, "%s,fsname=%s,subtype=%s%s%s", options->read_only ? "ro" : "rw",
             options->source != NULL ? options->source : "filterbed",
             options->subtype != NULL ? options->subtype : "filterbed",
             options->no_default_permissions ? "" : ",default_permissions",
             options->no_allow_other || geteuid() != 0 ? "" : ",allow_other");
    char *const argv[] = { (char *)helper_path(), "-o", list, "--", (char *)options->mountpoint, NULL };
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
        return -errno;
    }
    int status = helper_run(argv, pair[1], text, sizeof text);
    close(pair[1]);
    int device = status == 0 ? helper_receive(pair[0]) : -EPERM;
    close(pair[0]);
    if (device >= 0) {
        *fd = device;
        return 0;
    }
    text[strcspn(text, "\n")] = 0;
    snprintf(message, size, "mounting on %s failed: %s", options->mountpoint,
             text[0] != 0 ? text : "fusermount3 gave no reason; is it set-user-id root, and may you open /dev/fuse?");
    return device;
}

int
fuse_helper_unmount(const char *mountpoint, bool lazy)
{
    char text[256];
    char *const argv[] = { (char *)helper_path(), lazy ? "-uz" : "-u", "--", (char *)mountpoint, NULL };
    int status = helper_run(argv, -1, text, sizeof text);
    if (status > 0 && !lazy && strstr(text, strerror(EBUSY)) != NULL) {
        return -EBUSY;
    }
    if (status > 0) {
        text[strcspn(text, "\n")] = 0;
        port_log(PORT_LOG_WARNING, "fuse", "%s is still mounted: %s", mountpoint, text[0] != 0 ? text : "fusermount3 failed");
        return -EPERM;
    }
    return status;
}
