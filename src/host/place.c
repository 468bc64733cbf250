/* SPDX-License-Identifier: MIT */
/* Mount namespace, mount, unmount. */
#include "host/place.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fuse/fuse.h"

static int
write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? write(fd, text, strlen(text)) : -1;
    if (fd >= 0) {
        close(fd);
    }
    return n == (ssize_t)strlen(text) ? 0 : -1;
}

/* A user namespace in which everybody is who he was. */
static int
enter_user_namespace(void)
{
    char map[64];
    const uid_t uid = getuid();
    const gid_t gid = getgid();
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) {
        return -errno;
    }
    snprintf(map, sizeof map, "%u %u 1\n", uid, uid);
    if (write_file("/proc/self/setgroups", "deny") != 0 ||
        write_file("/proc/self/uid_map", map) != 0) {
        return -EPERM;
    }
    snprintf(map, sizeof map, "%u %u 1\n", gid, gid);
    return write_file("/proc/self/gid_map", map) == 0 ? 0 : -EPERM;
}

static bool
device_opens(void)
{
    int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    if (fd >= 0) {
        close(fd);
    }
    return fd >= 0;
}

/* 0, or the reason why not. */
static int
enter_private_namespace(void)
{
    int rc = unshare(CLONE_NEWNS) == 0 ? 0 : -errno;
    if (rc == -EPERM) {
        /* In a user namespace fusermount3 is of no use: the device must open. */
        rc = device_opens() ? enter_user_namespace() : -EACCES;
    }
    if (rc == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) {
        rc = -errno;
    }
    return rc;
}

static int
make_temporary(struct place *p, struct host_error *err)
{
    const char *dir = getenv("TMPDIR");
    p->mountpoint = host_printf("%s/filterbed-XXXXXX", dir != NULL && *dir == '/' ? dir : "/tmp");
    if (mkdtemp(p->mountpoint) == NULL) {
        return host_fail(err, "cannot make a mount point in %s: %s", dir != NULL ? dir : "/tmp",
                         strerror(errno));
    }
    p->temporary = true;
    return 0;
}

/* The current directory, if it lies in directory: its place inside the mount, else the mount's
 * root. */
static char *
inside(const char *directory, const char *mountpoint)
{
    char cwd[PATH_MAX];
    size_t n = directory != NULL ? strlen(directory) : 0;
    if (n == 1) {
        n = 0; /* "/" */
    }
    if (directory != NULL && getcwd(cwd, sizeof cwd) != NULL && strncmp(cwd, directory, n) == 0 &&
        cwd[n] == '/') {
        return host_printf("%s%s", mountpoint, cwd + n);
    }
    return host_strdup(mountpoint);
}

/* The keeper: lives in a session of its own, waits for the end of its supervisor. */
static void
keeper_main(const struct place *p, int wait)
{
    char byte;
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    setsid();
    if (dup2(wait, 0) < 0 || close_range(1, ~0u, 0) != 0 || open("/dev/null", O_RDWR) != 1 ||
        dup(1) != 2) {
        _exit(1);
    }
    ssize_t got;
    do {
        got = read(0, &byte, 1);
    } while (got < 0 && errno == EINTR);
    if (got == 0) {
        fuse_unmount(p->mountpoint, true);
        rmdir(p->mountpoint);
    }
    _exit(0);
}

/* A mount in a namespace of our own goes with it; any other one would stay behind a killed supervisor. */
static void
keeper_start(struct place *p)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return;
    }
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[1]);
        keeper_main(p, ends[0]);
    }
    close(ends[0]);
    if (pid < 0) {
        close(ends[1]);
        return;
    }
    p->keeper_fd = ends[1];
    p->keeper_pid = pid;
}

static void
keeper_dismiss(struct place *p)
{
    if (p->keeper_pid > 0) {
        (void)!write(p->keeper_fd, "q", 1);
        close(p->keeper_fd);
        waitpid(p->keeper_pid, NULL, 0);
        p->keeper_pid = 0;
    }
}

int
place_mount(const char *directory, struct place *p, struct host_error *err)
{
    char message[1024] = "";
    if (directory != NULL && strcmp(directory, "/") == 0) {
        /* The command's own root would stay the one below the mount. */
        return host_fail(err, "the root directory cannot be shown to a command through filters; "
                              "choose a directory in it");
    }
    int reason = enter_private_namespace();
    p->private = reason == 0;
    if (p->private && directory != NULL) {
        p->mountpoint = host_strdup(directory);
    } else if (make_temporary(p, err) != 0) {
        return -1;
    }
    if (!p->private && directory != NULL) {
        snprintf(p->note, sizeof p->note,
                 "a mount namespace is not permitted here (%s): %s is shown at %s instead, which "
                 "is also in $FILTERBED_MOUNT",
                 strerror(-reason), directory, p->mountpoint);
    }
    struct fuse_mount_options options = {.mountpoint = p->mountpoint,
                                         .no_allow_other = geteuid() != 0};
    options.allow_dev_suid = geteuid() == 0 && p->private;
    int rc = fuse_mount(&options, &p->fuse_fd, message, sizeof message);
    if (rc != 0) {
        return host_fail(err, "%s", message[0] != '\0' ? message : strerror(-rc));
    }
    p->mounted = true;
    if (!p->private) {
        keeper_start(p);
    }
    p->cwd = inside(directory, p->mountpoint);
    return 0;
}

bool
place_unmount(struct place *p)
{
    bool clean = true;
    if (p->mounted) {
        int rc = -EBUSY;
        for (int i = 0; i < 40 && rc == -EBUSY; i++) {
            rc = fuse_unmount(p->mountpoint, false);
            if (rc == -EBUSY) {
                nanosleep(&(struct timespec){.tv_nsec = 25000000}, NULL);
            }
        }
        if (rc != 0) {
            clean = rc != -EBUSY;
            fuse_abort(p->mountpoint);
            fuse_unmount(p->mountpoint, true);
        }
        p->mounted = false;
    }
    if (p->temporary) {
        rmdir(p->mountpoint);
    }
    keeper_dismiss(p);
    return clean;
}

void
place_abort(struct place *p)
{
    if (p->mounted) {
        fuse_abort(p->mountpoint);
    }
}

void
place_free(struct place *p)
{
    if (p->fuse_fd >= 0) {
        close(p->fuse_fd);
    }
    free(p->mountpoint);
    free(p->cwd);
}
