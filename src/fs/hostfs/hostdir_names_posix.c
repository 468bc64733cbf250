/* SPDX-License-Identifier: MIT */
/* hostdir: making, removing and renaming names; reading directories. */
#include "fs/hostfs/hostdir_posix.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE 1
#define RENAME_EXCHANGE 2
#endif

/*
 * A new object belongs to the server's user.  If somebody else asked for it, it is handed over; a set-group-id directory decides the
 * group.  chown clears set-id bits, and the process' umask may have cleared others: the mode is then set again.
 */
static int
hand_over(struct hostdir *h, int parent, int fd, const struct hostdir_make *make, struct hostdir_stat *st)
{
    uint32_t uid = make->uid, gid = make->gid, wanted = make->mode & 07777;
    bool again = (wanted & h->umask) != 0 && !S_ISLNK(make->mode);
    if (make->set_owner) {
        struct hostdir_stat directory;
        if (hostdir_stat_fd(parent, &directory) == 0 && (directory.mode & S_ISGID)) {
            gid = st->gid;
        }
        if (uid != st->uid || gid != st->gid) {
            int rc = hostdir_chown(fd, uid, gid);
            if (rc < 0 && rc != -EPERM) {
                return rc;
            }
            again = again || ((wanted & (S_ISUID | S_ISGID)) && !S_ISDIR(make->mode) && !S_ISLNK(make->mode));
        }
    }
    if (again) {
        int rc = hostdir_chmod(h, fd, wanted | (S_ISDIR(make->mode) ? st->mode & S_ISGID : 0));
        if (rc < 0) {
            return rc;
        }
    }
    return hostdir_stat_fd(fd, st);
}

static int
make_special(int parent, const char *name, const struct hostdir_make *make)
{
    int rc;
    if (S_ISDIR(make->mode)) {
        rc = mkdirat(parent, name, make->mode & 07777);
    } else if (S_ISLNK(make->mode)) {
        rc = symlinkat(make->symlink != NULL ? make->symlink : "", parent, name);
    } else {
        rc = mknodat(parent, name, make->mode, (dev_t)make->rdev);
    }
    return rc < 0 ? -errno : 0;
}

static int
make_in(struct hostdir *h, int parent, const char *name, const struct hostdir_make *make, int *fd, struct hostdir_stat *st)
{
    int rc;
    if (S_ISREG(make->mode)) {
        rc = hostdir_openat(h, parent, name, O_CREAT | O_EXCL | O_RDWR | O_NOFOLLOW | O_NOCTTY, make->mode, fd);
    } else {
        rc = make_special(parent, name, make);
        if (rc == 0) {
            rc = hostdir_open(h, parent, name, fd);
        }
    }
    if (rc < 0) {
        return rc;
    }
    rc = hostdir_stat_fd(*fd, st);
    if (rc == 0 && (st->mode & S_IFMT) != (make->mode & S_IFMT)) {
        rc = -ESTALE;
    }
    if (rc == 0 && (make->set_owner || (make->mode & 07777 & h->umask))) {
        rc = hand_over(h, parent, *fd, make, st);
    }
    if (rc < 0) {
        hostdir_close(*fd);
    }
    return rc;
}

int
hostdir_make(struct hostdir *h, int base, const char *path, const struct hostdir_make *make, int *fd, struct hostdir_stat *st)
{
    if (S_ISREG(make->mode) && !make->set_owner && h->has_openat2) {
        return make_in(h, base, path, make, fd, st);
    }
    int parent;
    const char *name;
    bool owned;
    int rc = hostdir_parent(h, base, path, &parent, &name, &owned);
    if (rc < 0) {
        return rc;
    }
    rc = make_in(h, parent, name, make, fd, st);
    if (owned) {
        hostdir_close(parent);
    }
    return rc;
}

int
hostdir_unlink(int parent, const char *name, bool directory)
{
    return unlinkat(parent, name, directory ? AT_REMOVEDIR : 0) < 0 ? -errno : 0;
}

int
hostdir_rename(int parent, const char *name, int new_parent, const char *new_name, unsigned flags)
{
    unsigned how = ((flags & HOSTDIR_RENAME_NOREPLACE) ? RENAME_NOREPLACE : 0) | ((flags & HOSTDIR_RENAME_EXCHANGE) ? RENAME_EXCHANGE : 0);
    if (how == 0) {
        return renameat(parent, name, new_parent, new_name) < 0 ? -errno : 0;
    }
    if (syscall(SYS_renameat2, parent, name, new_parent, new_name, how) == 0) {
        return 0;
    }
    if (errno != EINVAL || how != RENAME_NOREPLACE) {
        return -errno;
    }
    /* A file system without RENAME_NOREPLACE: look first. */
    struct hostdir_stat st;
    if (hostdir_stat_at(new_parent, new_name, &st) == 0) {
        return -EEXIST;
    }
    return renameat(parent, name, new_parent, new_name) < 0 ? -errno : 0;
}

int
hostdir_link(struct hostdir *h, int fd, int parent, const char *name)
{
    if (linkat(fd, "", parent, name, AT_EMPTY_PATH) == 0) {
        return 0;
    }
    if ((errno != ENOENT && errno != EPERM) || h->proc_fd < 0) {
        return -errno;
    }
    char number[16];
    snprintf(number, sizeof number, "%d", fd);
    return linkat(h->proc_fd, number, parent, name, AT_SYMLINK_FOLLOW) < 0 ? -errno : 0;
}

/* ---- reading directories ---- */

struct linux_dirent64 {
    uint64_t d_ino;
    int64_t d_off;
    uint16_t d_reclen;
    uint8_t d_type;
    char d_name[];
};

struct hostdir_reader {
    int fd;                                    /* own, with its own position */
    size_t at, end;
    char buffer[16384] __attribute__((aligned(8)));
};

int
hostdir_reader_open(int fd, hostdir_reader **reader)
{
    int own = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (own < 0 && errno == EACCES) {
        /* "." has to be searched for; a directory may be readable all the same */
        char self[32];
        snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
        own = open(self, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        errno = own < 0 ? EACCES : errno;
    }
    if (own < 0) {
        return -errno;
    }
    hostdir_reader *r = malloc(sizeof *r);
    if (r == NULL) {
        close(own);
        return -ENOMEM;
    }
    r->fd = own;
    r->at = r->end = 0;
    *reader = r;
    return 0;
}

void
hostdir_reader_rewind(hostdir_reader *reader)
{
    lseek(reader->fd, 0, SEEK_SET);
    reader->at = reader->end = 0;
}

void
hostdir_reader_close(hostdir_reader *reader)
{
    if (reader != NULL) {
        close(reader->fd);
        free(reader);
    }
}

static bool
is_dot_entry(const char *name)
{
    return name[0] == '.' && (name[1] == 0 || (name[1] == '.' && name[2] == 0));
}

int
hostdir_reader_next(hostdir_reader *reader, struct hostdir_entry *entry)
{
    for (;;) {
        if (reader->at >= reader->end) {
            long n = syscall(SYS_getdents64, reader->fd, reader->buffer, sizeof reader->buffer);
            if (n <= 0) {
                return n < 0 ? -errno : 0;
            }
            reader->at = 0;
            reader->end = (size_t)n;
        }
        const struct linux_dirent64 *d = (const void *)(reader->buffer + reader->at);
        reader->at += d->d_reclen;
        if (is_dot_entry(d->d_name)) {
            continue;
        }
        entry->ino = d->d_ino;
        entry->type = d->d_type == DT_UNKNOWN ? 0 : (uint32_t)DTTOIF(d->d_type);
        entry->name = d->d_name;
        entry->length = strlen(d->d_name);
        return 1;
    }
}

int
hostdir_is_empty(int fd)
{
    hostdir_reader *reader;
    int rc = hostdir_reader_open(fd, &reader);
    if (rc < 0) {
        return rc;
    }
    struct hostdir_entry entry;
    rc = hostdir_reader_next(reader, &entry);
    hostdir_reader_close(reader);
    return rc < 0 ? rc : rc == 0;
}

int
hostdir_entry_at(int fd, const char *name, struct hostdir_stat *st)
{
    hostdir_reader *reader;
    struct hostdir_stat directory;
    int rc = hostdir_stat_fd(fd, &directory);
    if (rc == 0) {
        rc = hostdir_reader_open(fd, &reader);
    }
    if (rc < 0) {
        return rc;
    }
    struct hostdir_entry entry;
    while ((rc = hostdir_reader_next(reader, &entry)) > 0 && strcmp(entry.name, name) != 0) {
    }
    if (rc > 0) {
        *st = (struct hostdir_stat){ .dev = directory.dev, .ino = entry.ino, .mode = entry.type, .nlink = 1 };
    }
    hostdir_reader_close(reader);
    return rc < 0 ? rc : rc > 0 ? 0 : -ENOENT;
}

int
hostdir_find(int fd, bool (*equal)(void *ctx, const char *name, size_t length), void *ctx, char *found, size_t size)
{
    hostdir_reader *reader;
    int rc = hostdir_reader_open(fd, &reader);
    if (rc < 0) {
        return rc;
    }
    struct hostdir_entry entry;
    bool any = false;
    while ((rc = hostdir_reader_next(reader, &entry)) > 0) {
        if (entry.length < size && equal(ctx, entry.name, entry.length) && (!any || strcmp(entry.name, found) < 0)) {
            memcpy(found, entry.name, entry.length + 1);
            any = true;
        }
    }
    hostdir_reader_close(reader);
    return rc < 0 ? rc : any ? 0 : -ENOENT;
}
