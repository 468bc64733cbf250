/* SPDX-License-Identifier: MIT */
/*
 * hostdir: resolution of names beneath a descriptor.
 *
 * With openat2 the kernel walks the whole path under RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS.  Without it every
 * component is opened by itself with O_PATH | O_NOFOLLOW, so that a link is seen as an object and never followed.
 */
#include "fs/hostfs/hostdir_posix.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif
#ifndef SYS_getxattrat
#define SYS_getxattrat 464
#endif

static int
result(long rc)
{
    return rc < 0 ? -errno : (int)rc;
}

static uint32_t
current_umask(void)
{
    /* Reading it with umask(2) would change it for other threads. */
    uint32_t mask = 077;
    FILE *f = fopen("/proc/self/status", "re");
    if (f != NULL) {
        char line[128];
        while (fgets(line, sizeof line, f) != NULL) {
            if (sscanf(line, "Umask: %o", &mask) == 1) {
                break;
            }
        }
        fclose(f);
    }
    return mask;
}

static bool
probe_openat2(int root)
{
    struct open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS };
    long fd = syscall(SYS_openat2, root, ".", &how, sizeof how);
    if (fd < 0) {
        return false;
    }
    close((int)fd);
    return true;
}

/* A file system whose handles are (inode number, generation) takes generation 0 as "any": ext2, ext3, ext4. */
static bool
probe_ids(struct hostdir *h)
{
    union { struct file_handle handle; char bytes[sizeof(struct file_handle) + MAX_HANDLE_SZ]; } u;
    u.handle.handle_bytes = MAX_HANDLE_SZ;
    int mount;
    struct hostdir_stat st;
    if (name_to_handle_at(h->root, "", &u.handle, &mount, AT_EMPTY_PATH) < 0 || u.handle.handle_type != 1 ||
        u.handle.handle_bytes != 8 || hostdir_stat_fd(h->root, &st) < 0) {
        return false;
    }
    uint32_t ino;
    memcpy(&ino, u.handle.f_handle, sizeof ino);
    if (ino != st.ino) {
        return false;
    }
    memset(u.handle.f_handle + 4, 0, 4);
    int fd = open_by_handle_at(h->mount_fd, &u.handle, O_PATH | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    close(fd);
    return true;
}

int
hostdir_create(struct hostdir **out, int fd)
{
    struct hostdir_stat st;
    int rc = hostdir_stat_fd(fd, &st);
    if (rc < 0) {
        return rc;
    }
    if (!S_ISDIR(st.mode)) {
        return -ENOTDIR;
    }
    struct hostdir *h = calloc(1, sizeof *h);
    if (h == NULL) {
        return -ENOMEM;
    }
    h->root = openat(fd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (h->root < 0) {
        rc = -errno;
        free(h);
        return rc;
    }
    h->proc_fd = open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
    h->mount_fd = openat(h->root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    h->has_openat2 = probe_openat2(h->root);
    h->has_fchmodat2 = syscall(SYS_fchmodat2, -1, "", 0, AT_EMPTY_PATH) < 0 && errno == EBADF;
    /* Some kernels have it, but not for a location (EBADF). */
    h->has_xattrat = syscall(SYS_getxattrat, h->root, "", AT_EMPTY_PATH, "user.x", &(uint64_t[2]){ 0 }, (size_t)16) >= 0 ||
                     (errno != ENOSYS && errno != EBADF && errno != EPERM);
    h->umask = current_umask();
    h->euid = geteuid();
    h->egid = getegid();
    h->dev = st.dev;
    h->ids = h->mount_fd >= 0 && h->proc_fd >= 0 && probe_ids(h);
    *out = h;
    return 0;
}

void
hostdir_destroy(struct hostdir *h)
{
    if (h == NULL) {
        return;
    }
    hostdir_close(h->root);
    hostdir_close(h->proc_fd);
    hostdir_close(h->mount_fd);
    free(h);
}

int
hostdir_root(const struct hostdir *h)
{
    return h->root;
}

void
hostdir_force_walk(struct hostdir *h, bool on)
{
    h->has_openat2 = !on && probe_openat2(h->root);
}

void
hostdir_close(int fd)
{
    if (fd >= 0) {
        close(fd);
    }
}

void
hostdir_identity(uint32_t *uid, uint32_t *gid)
{
    *uid = geteuid();
    *gid = getegid();
}

/* ---- walking ---- */

static int
open_beneath(int base, const char *path, int flags, uint32_t mode)
{
    struct open_how how = {
        .flags = (unsigned)(flags | O_CLOEXEC),
        .mode = (flags & O_CREAT) ? mode & 07777 : 0,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
    };
    for (unsigned tries = 0; tries < 32; tries++) {
        long fd = syscall(SYS_openat2, base, path, &how, sizeof how);
        if (fd >= 0 || (errno != EAGAIN && errno != EINTR)) {
            return result(fd);
        }
    }
    return -EAGAIN;
}

/* A directory in the middle of a path.  A link there is -ELOOP, as openat2 says it. */
static int
open_middle(int base, const char *name)
{
    int fd = openat(base, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0) {
        return fd;
    }
    int rc = -errno;
    struct hostdir_stat st;
    if (rc == -ENOTDIR && hostdir_stat_at(base, name, &st) == 0 && S_ISLNK(st.mode)) {
        return -ELOOP;
    }
    return rc;
}

static bool
is_dots(const char *name, size_t length)
{
    return length == 0 || (name[0] == '.' && (length == 1 || (length == 2 && name[1] == '.')));
}

/* Goes down to the directory of the last component, one component at a time.  *name points into path. */
static int
walk_parent(int base, const char *path, int *parent, const char **name, bool *owned)
{
    int at = base;
    for (;;) {
        const char *slash = strchr(path, '/');
        size_t length = slash != NULL ? (size_t)(slash - path) : strlen(path);
        int rc = 0, next = -1;
        if (is_dots(path, length)) {
            rc = -EINVAL;
        } else if (length > NAME_MAX) {
            rc = -ENAMETOOLONG;
        } else if (slash != NULL) {
            char component[NAME_MAX + 1];
            memcpy(component, path, length);
            component[length] = 0;
            next = open_middle(at, component);
            rc = next < 0 ? next : 0;
        } else {
            *parent = at;
            *name = path;
            *owned = at != base;
            return 0;
        }
        if (at != base) {
            close(at);
        }
        if (rc < 0) {
            return rc;
        }
        at = next;
        path = slash + 1;
    }
}

/* A path longer than PATH_MAX is taken in pieces: the longest prefix that fits, then the rest below it. */
static int
open_long(struct hostdir *h, int base, const char *path, int flags, uint32_t mode)
{
    char piece[PATH_MAX];
    int at = base;
    while (strlen(path) >= PATH_MAX) {
        size_t cut = PATH_MAX - 1;
        while (cut > 0 && path[cut] != '/') {
            cut--;
        }
        if (cut == 0) {
            if (at != base) {
                close(at);
            }
            return -ENAMETOOLONG;
        }
        memcpy(piece, path, cut);
        piece[cut] = 0;
        int next = open_beneath(at, piece, O_PATH | O_DIRECTORY, 0);
        if (at != base) {
            close(at);
        }
        if (next < 0) {
            return next;
        }
        at = next;
        path += cut + 1;
    }
    int fd;
    int rc = hostdir_openat(h, at, path, flags, mode, &fd);
    if (at != base) {
        close(at);
    }
    return rc < 0 ? rc : fd;
}

int
hostdir_openat(struct hostdir *h, int base, const char *path, int flags, uint32_t mode, int *fd)
{
    if (path[0] == 0) {
        path = ".";
        int self = openat(base, path, (flags & ~(O_CREAT | O_EXCL)) | O_CLOEXEC);
        return self < 0 ? -errno : (*fd = self, 0);
    }
    if (h->has_openat2) {
        int rc = strlen(path) < PATH_MAX ? open_beneath(base, path, flags, mode) : open_long(h, base, path, flags, mode);
        return rc < 0 ? rc : (*fd = rc, 0);
    }
    int parent;
    const char *name;
    bool owned;
    int rc = walk_parent(base, path, &parent, &name, &owned);
    if (rc < 0) {
        return rc;
    }
    int got = openat(parent, name, flags | O_NOFOLLOW | O_CLOEXEC, mode & 07777);
    rc = result(got);
    if (owned) {
        close(parent);
    }
    return rc < 0 ? rc : (*fd = rc, 0);
}

int
hostdir_open(struct hostdir *h, int base, const char *path, int *fd)
{
    return hostdir_openat(h, base, path, O_PATH | O_NOFOLLOW, 0, fd);
}

int
hostdir_parent(struct hostdir *h, int base, const char *path, int *parent, const char **name, bool *owned)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL) {
        if (is_dots(path, strlen(path))) {
            return -EINVAL;
        }
        *parent = base;
        *name = path;
        *owned = false;
        return 0;
    }
    if (!h->has_openat2) {
        return walk_parent(base, path, parent, name, owned);
    }
    if (is_dots(slash + 1, strlen(slash + 1))) {
        return -EINVAL;
    }
    char small[1024];
    size_t length = (size_t)(slash - path);
    char *prefix = length < sizeof small ? small : malloc(length + 1);
    if (prefix == NULL) {
        return -ENOMEM;
    }
    memcpy(prefix, path, length);
    prefix[length] = 0;
    int rc = hostdir_openat(h, base, prefix, O_PATH | O_DIRECTORY, 0, parent);   /* a link in last place: -ELOOP */
    if (prefix != small) {
        free(prefix);
    }
    *name = slash + 1;
    *owned = rc == 0;
    return rc;
}

/* ---- attributes ---- */

static void
stat_from_statx(const struct statx *x, struct hostdir_stat *st)
{
    *st = (struct hostdir_stat){
        .dev = makedev(x->stx_dev_major, x->stx_dev_minor),
        .ino = x->stx_ino,
        .size = x->stx_size,
        .blocks = x->stx_blocks,
        .rdev = makedev(x->stx_rdev_major, x->stx_rdev_minor),
        .mode = x->stx_mode,
        .nlink = x->stx_nlink,
        .uid = x->stx_uid,
        .gid = x->stx_gid,
        .blksize = x->stx_blksize,
        .has_btime = (x->stx_mask & STATX_BTIME) != 0,
        .atime = { x->stx_atime.tv_sec, x->stx_atime.tv_nsec },
        .mtime = { x->stx_mtime.tv_sec, x->stx_mtime.tv_nsec },
        .ctime = { x->stx_ctime.tv_sec, x->stx_ctime.tv_nsec },
        .btime = { x->stx_btime.tv_sec, x->stx_btime.tv_nsec },
    };
    if (!st->has_btime) {
        st->btime = st->ctime;
    }
}

static int
stat_raw(int at, const char *name, int flags, struct hostdir_stat *st)
{
    struct statx x;
    if (statx(at, name, flags | AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_BASIC_STATS | STATX_BTIME, &x) < 0) {
        return -errno;
    }
    stat_from_statx(&x, st);
    return 0;
}

int
hostdir_stat_fd(int fd, struct hostdir_stat *st)
{
    return stat_raw(fd, "", AT_EMPTY_PATH, st);
}

int
hostdir_stat_at(int parent, const char *name, struct hostdir_stat *st)
{
    return stat_raw(parent, name, 0, st);
}

/* ---- descriptors for data ---- */

int
hostdir_reopen(struct hostdir *h, int location, int flags, int *fd)
{
    char name[16];
    snprintf(name, sizeof name, "%d", location);
    int got = h->proc_fd < 0 ? (errno = ENOSYS, -1) : openat(h->proc_fd, name, flags | O_CLOEXEC);
    return got < 0 ? -errno : (*fd = got, 0);
}

/* By name it is cheaper, but the name may meanwhile mean something else: only the same object counts.  Looked at before, so that
 * no fifo or device is touched, and after. */
static int
open_by_name(int parent, const char *name, int flags, const struct hostdir_stat *st, bool fresh, int *fd)
{
    struct hostdir_stat now = *st;
    int rc = fresh ? 0 : hostdir_stat_at(parent, name, &now);
    if (rc < 0) {
        return rc;
    }
    if (now.ino != st->ino || now.dev != st->dev) {
        return -ESTALE;
    }
    int got = openat(parent, name, flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (got < 0) {
        return -errno;
    }
    rc = hostdir_stat_fd(got, &now);
    if (rc == 0 && (now.ino != st->ino || now.dev != st->dev)) {
        rc = -ESTALE;
    }
    if (rc < 0) {
        close(got);
        return rc;
    }
    *fd = got;
    return 0;
}

struct data_open {
    struct hostdir *h;
    int parent, location;
    const char *name;
    const struct hostdir_stat *st;
    bool fresh;
};

static int
open_flags(const struct data_open *o, int flags, int *fd)
{
    int rc = -ESTALE;
    if (o->parent >= 0) {
        rc = open_by_name(o->parent, o->name, flags, o->st, o->fresh, fd);
    }
    if (o->location >= 0 && (rc == -ESTALE || rc == -ENOENT || rc == -EAGAIN || rc == -ELOOP || rc == -ENXIO)) {
        rc = hostdir_reopen(o->h, o->location, flags | O_NOCTTY, fd);
    }
    return rc;
}

int
hostdir_open_data(struct hostdir *h, int parent, const char *name, int location, const struct hostdir_stat *st, unsigned access, int *fd)
{
    const struct data_open o = { h, parent, location, name, st, (access & HOSTDIR_FRESH) != 0 };
    int rc;
    if (S_ISDIR(st->mode)) {
        rc = open_flags(&o, O_RDONLY | O_DIRECTORY, fd);
        return rc < 0 ? rc : HOSTDIR_READ;
    }
    if (!S_ISREG(st->mode)) {
        return -ENXIO;
    }
    if (!(access & HOSTDIR_WRITE)) {
        rc = open_flags(&o, O_RDONLY, fd);
        return rc < 0 ? rc : HOSTDIR_READ;
    }
    rc = open_flags(&o, O_RDWR, fd);
    if (rc == -EACCES && !(access & HOSTDIR_READ)) {
        rc = open_flags(&o, O_WRONLY, fd);
        return rc < 0 ? rc : HOSTDIR_WRITE;
    }
    if (rc == -EPERM) {
        /* an append-only file */
        rc = open_flags(&o, O_RDWR | O_APPEND, fd);
    }
    return rc < 0 ? rc : HOSTDIR_READ | HOSTDIR_WRITE;
}

int
hostdir_duplicate(struct hostdir *h, int fd, int *copy)
{
    int got;
    int rc = hostdir_reopen(h, fd, O_PATH, &got);
    if (rc < 0) {
        got = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    }
    return got < 0 ? -errno : (*copy = got, 0);
}

/* ---- from descriptors to names ---- */

static int
proc_path(struct hostdir *h, int fd, char *path, size_t size)
{
    char name[16];
    snprintf(name, sizeof name, "%d", fd);
    ssize_t n = h->proc_fd < 0 ? (errno = ENOSYS, -1) : readlinkat(h->proc_fd, name, path, size);
    if (n < 0) {
        return -errno;
    }
    if ((size_t)n >= size) {
        return -ENAMETOOLONG;
    }
    path[n] = 0;
    return (int)n;
}

int
hostdir_path_of(struct hostdir *h, int fd, char *path, size_t size)
{
    char root[PATH_MAX];
    struct hostdir_stat is, was;
    int root_length = proc_path(h, h->root, root, sizeof root);
    int rc = root_length < 0 ? root_length : proc_path(h, fd, path, size);
    if (rc < 0) {
        return rc;
    }
    if (root_length == 1) {
        root_length = 0;
    }
    if (strncmp(path, root, (size_t)root_length) != 0 || (path[root_length] != '/' && path[root_length] != 0)) {
        return -ENOENT;
    }
    const char *rest = path + root_length + (path[root_length] == '/');
    memmove(path, rest, strlen(rest) + 1);
    if (path[0] == 0) {
        return 0;
    }
    /* The text may be stale or end in " (deleted)": only a name that leads back to the object is one. */
    int parent;
    const char *name;
    bool owned;
    rc = hostdir_parent(h, h->root, path, &parent, &name, &owned);
    if (rc < 0) {
        return -ENOENT;
    }
    rc = hostdir_stat_at(parent, name, &is);
    if (owned) {
        close(parent);
    }
    if (rc < 0 || hostdir_stat_fd(fd, &was) < 0 || is.ino != was.ino || is.dev != was.dev) {
        return -ENOENT;
    }
    return 0;
}

int
hostdir_open_by_id(struct hostdir *h, uint64_t ino, int *fd, char *path, size_t size)
{
    if (!h->ids || ino > UINT32_MAX) {
        return -EOPNOTSUPP;
    }
    union { struct file_handle handle; char bytes[sizeof(struct file_handle) + 8]; } u;
    u.handle.handle_bytes = 8;
    u.handle.handle_type = 1;
    uint32_t words[2] = { (uint32_t)ino, 0 };
    memcpy(u.handle.f_handle, words, sizeof words);
    int raw = open_by_handle_at(h->mount_fd, &u.handle, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (raw < 0) {
        return -errno;
    }
    /* The handle reaches the whole file system: what counts is the name beneath the root, opened in the ordinary way. */
    int rc = hostdir_path_of(h, raw, path, size);
    struct hostdir_stat st;
    if (rc == 0) {
        rc = hostdir_open(h, h->root, path, fd);
    }
    close(raw);
    if (rc < 0) {
        return rc;
    }
    rc = hostdir_stat_fd(*fd, &st);
    if (rc == 0 && (st.ino != ino || st.dev != h->dev)) {
        rc = -ESTALE;
    }
    if (rc < 0) {
        close(*fd);
    }
    return rc;
}
