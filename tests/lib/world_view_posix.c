/* SPDX-License-Identifier: MIT */
/*
 * A view, driven as the kernel drives it: names are looked up component by component, and what the VFS itself decides (a trailing
 * component on a non-directory, unlink of a directory, a directory renamed below itself) is decided here.  Symbolic links are not
 * followed: the cases make dangling ones only.
 */
#include "world.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct world_file { view_node node; view_handle *handle; bool found; };

/* The nodes of a path, to be forgotten together. */
struct walk {
    struct world *w;
    struct view_entry entries[32];
    int depth;
    const char *last;                          /* set by walk_parent */
};

static view_node
walk_node(const struct walk *k)
{
    return k->depth == 0 ? VIEW_ROOT : k->entries[k->depth - 1].node;
}

static unsigned
walk_mode(const struct walk *k)
{
    return k->depth == 0 ? S_IFDIR : k->entries[k->depth - 1].attr.mode;
}

static void
walk_end(struct walk *k)
{
    while (k->depth > 0) {
        view_forget(k->w->view, k->entries[--k->depth].node, 1);
    }
}

static int
walk_step(struct walk *k, const char *name, size_t length)
{
    if (!S_ISDIR(walk_mode(k))) {
        return S_ISLNK(walk_mode(k)) ? -ENOENT : -ENOTDIR;
    }
    int status = view_lookup(k->w->view, walk_node(k), name, length, &k->w->who, &k->entries[k->depth]);
    k->depth += status == 0;
    return status;
}

static int
walk_upto(struct world *w, const char *path, const char *end, struct walk *k)
{
    k->w = w;
    k->depth = 0;
    while (path < end) {
        const char *slash = memchr(path, '/', (size_t)(end - path));
        const char *stop = slash != NULL ? slash : end;
        int status = walk_step(k, path, (size_t)(stop - path));
        if (status < 0) {
            walk_end(k);
            return status;
        }
        path = stop + 1;
    }
    return 0;
}

static int
walk_all(struct world *w, const char *path, struct walk *k)
{
    return walk_upto(w, path, path + strlen(path), k);
}

static int
walk_parent(struct world *w, const char *path, struct walk *k)
{
    const char *slash = strrchr(path, '/');
    k->last = slash != NULL ? slash + 1 : path;
    int status = walk_upto(w, path, slash != NULL ? slash : path, k);
    if (status == 0 && !S_ISDIR(walk_mode(k))) {
        status = S_ISLNK(walk_mode(k)) ? -ENOENT : -ENOTDIR;
        walk_end(k);
    }
    return status;
}

static void
convert(const struct view_attr *a, struct stat *st)
{
    memset(st, 0, sizeof *st);
    st->st_ino = a->ino;
    st->st_size = (off_t)a->size;
    st->st_blocks = (blkcnt_t)a->blocks;
    st->st_mode = a->mode;
    st->st_nlink = a->nlink;
    st->st_uid = a->uid;
    st->st_gid = a->gid;
    st->st_rdev = a->rdev;
    st->st_blksize = (blksize_t)a->blksize;
    st->st_atim = (struct timespec){ a->atime, a->atime_nsec };
    st->st_mtim = (struct timespec){ a->mtime, a->mtime_nsec };
    st->st_ctim = (struct timespec){ a->ctime, a->ctime_nsec };
}

static int
v_stat(struct world *w, const char *path, struct stat *st)
{
    struct walk k;
    struct view_attr attr;
    uint64_t ttl;
    int status = walk_all(w, path, &k);
    if (status < 0) {
        return status;
    }
    status = view_getattr(w->view, walk_node(&k), NULL, &w->who, &attr, &ttl);
    if (status == 0) {
        convert(&attr, st);
    }
    walk_end(&k);
    return status;
}

static int
v_opened(struct world *w, view_node node, view_handle *handle, struct world_file **file)
{
    (void)w;
    *file = malloc(sizeof **file);
    **file = (struct world_file){ .node = node, .handle = handle, .found = true };
    return 0;
}

/* The lookup of the last component stays with the file. */
static int
v_open(struct world *w, const char *path, int flags, unsigned mode, struct world_file **file)
{
    struct walk k;
    struct view_entry entry;
    struct view_open open;
    int status = walk_parent(w, path, &k);
    if (status < 0) {
        return status;
    }
    size_t length = strlen(k.last);
    status = view_lookup(w->view, walk_node(&k), k.last, length, &w->who, &entry);
    if (status == -ENOENT && (flags & O_CREAT)) {
        status = view_create_file(w->view, walk_node(&k), k.last, length, (uint32_t)flags, mode, &w->who, &entry, &open);
    } else if (status == 0) {
        if ((flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL)) {
            status = -EEXIST;
        } else if (S_ISLNK(entry.attr.mode)) {
            status = -ELOOP;
        } else if (S_ISDIR(entry.attr.mode)) {
            status = -EISDIR;
        } else if (!S_ISREG(entry.attr.mode)) {
            status = -ENXIO;
        } else {
            status = view_open(w->view, entry.node, (uint32_t)flags & ~(uint32_t)(O_CREAT | O_EXCL), &w->who, &open);
        }
        if (status < 0) {
            view_forget(w->view, entry.node, 1);
        }
    }
    walk_end(&k);
    return status < 0 ? status : v_opened(w, entry.node, open.handle, file);
}

static int
v_tmpfile(struct world *w, const char *path, int flags, unsigned mode, struct world_file **file)
{
    struct walk k;
    struct view_entry entry;
    struct view_open open;
    int status = walk_all(w, path, &k);
    if (status < 0) {
        return status;
    }
    status = view_tmpfile(w->view, walk_node(&k), (uint32_t)flags, mode, &w->who, &entry, &open);
    walk_end(&k);
    return status < 0 ? status : v_opened(w, entry.node, open.handle, file);
}

static int
v_fstat(struct world *w, struct world_file *file, struct stat *st)
{
    struct view_attr attr;
    uint64_t ttl;
    int status = view_getattr(w->view, file->node, file->handle, &w->who, &attr, &ttl);
    if (status == 0) {
        convert(&attr, st);
    }
    return status;
}

static void
v_close(struct world *w, struct world_file *file)
{
    view_release(w->view, file->handle);
    view_forget(w->view, file->node, 1);
    free(file);
}

static ssize_t
v_pread(struct world *w, struct world_file *file, void *buffer, size_t size, off_t offset)
{
    size_t done;
    int status = view_read(w->view, file->handle, buffer, size, (uint64_t)offset, &w->who, &done);
    return status < 0 ? status : (ssize_t)done;
}

static ssize_t
v_pwrite(struct world *w, struct world_file *file, const void *buffer, size_t size, off_t offset, bool append)
{
    size_t done;
    int status = view_write(w->view, file->handle, buffer, size, (uint64_t)offset, append, false, &w->who, &done);
    return status < 0 ? status : (ssize_t)done;
}

static int
v_set(struct world *w, view_node node, view_handle *handle, const struct view_setattr *set)
{
    struct view_attr attr;
    uint64_t ttl;
    return view_setattr(w->view, node, handle, set, &w->who, &attr, &ttl);
}

static int
v_ftruncate(struct world *w, struct world_file *file, off_t size)
{
    struct view_setattr set = { .valid = VIEW_SET_SIZE, .size = (uint64_t)size };
    return v_set(w, file->node, file->handle, &set);
}

static int
v_fallocate(struct world *w, struct world_file *file, int mode, off_t offset, off_t length)
{
    return view_fallocate(w->view, file->handle, (uint32_t)mode, (uint64_t)offset, (uint64_t)length, &w->who);
}

static off_t
v_seek(struct world *w, struct world_file *file, off_t offset, int whence)
{
    uint64_t at = 0;
    int status = view_lseek(w->view, file->handle, (uint64_t)offset, whence, &at);
    return status < 0 ? status : (off_t)at;
}

static int
v_sync(struct world *w, struct world_file *file)
{
    return view_fsync(w->view, file->handle, false, &w->who);
}

static int
v_link_node(struct world *w, view_node node, const char *to)
{
    struct walk k;
    struct view_entry entry;
    int status = walk_parent(w, to, &k);
    if (status == 0) {
        status = view_link(w->view, node, walk_node(&k), k.last, strlen(k.last), &w->who, &entry);
        if (status == 0) {
            view_forget(w->view, entry.node, 1);
        }
        walk_end(&k);
    }
    return status;
}

static int
v_flink(struct world *w, struct world_file *file, const char *path)
{
    return v_link_node(w, file->node, path);
}

static int
v_set_path(struct world *w, const char *path, const struct view_setattr *set)
{
    struct walk k;
    int status = walk_all(w, path, &k);
    if (status == 0) {
        unsigned mode = walk_mode(&k);
        if ((set->valid & VIEW_SET_SIZE) && !S_ISREG(mode)) {
            status = S_ISDIR(mode) ? -EISDIR : S_ISLNK(mode) ? -ENOENT : -EINVAL;
        } else {
            status = v_set(w, walk_node(&k), NULL, set);
        }
        walk_end(&k);
    }
    return status;
}

static int
v_truncate(struct world *w, const char *path, off_t size)
{
    struct view_setattr set = { .valid = VIEW_SET_SIZE, .size = (uint64_t)size };
    return v_set_path(w, path, &set);
}

static int
v_made(struct world *w, struct walk *k, int status, struct view_entry *entry)
{
    if (status == 0) {
        view_forget(w->view, entry->node, 1);
    }
    walk_end(k);
    return status;
}

static int
v_mkdir(struct world *w, const char *path, unsigned mode)
{
    struct walk k;
    struct view_entry entry;
    int status = walk_parent(w, path, &k);
    return status < 0 ? status
                      : v_made(w, &k, view_mkdir(w->view, walk_node(&k), k.last, strlen(k.last), mode, &w->who, &entry), &entry);
}

static int
v_mknod(struct world *w, const char *path, unsigned mode, dev_t rdev)
{
    struct walk k;
    struct view_entry entry;
    int status = walk_parent(w, path, &k);
    return status < 0
               ? status
               : v_made(w, &k, view_mknod(w->view, walk_node(&k), k.last, strlen(k.last), mode, rdev, &w->who, &entry), &entry);
}

static int
v_symlink(struct world *w, const char *target, const char *path)
{
    struct walk k;
    struct view_entry entry;
    int status = walk_parent(w, path, &k);
    return status < 0
               ? status
               : v_made(w, &k, view_symlink(w->view, walk_node(&k), k.last, strlen(k.last), target, &w->who, &entry), &entry);
}

static ssize_t
v_readlink(struct world *w, const char *path, char *buffer, size_t size)
{
    struct walk k;
    size_t length = 0;
    int status = walk_all(w, path, &k);
    if (status == 0) {
        status = S_ISLNK(walk_mode(&k)) ? view_readlink(w->view, walk_node(&k), buffer, size, &length, &w->who) : -EINVAL;
        walk_end(&k);
    }
    return status < 0 ? status : (ssize_t)length;
}

/* No links to directories: that is the VFS' to say. */
static int
v_link_directory(struct world *w, const char *to)
{
    struct walk k;
    struct stat st;
    int status = walk_parent(w, to, &k);
    if (status == 0) {
        walk_end(&k);
        status = v_stat(w, to, &st) == 0 ? -EEXIST : -EPERM;
    }
    return status;
}

static int
v_link(struct world *w, const char *from, const char *to)
{
    struct walk k;
    int status = walk_all(w, from, &k);
    if (status == 0) {
        status = S_ISDIR(walk_mode(&k)) ? v_link_directory(w, to) : v_link_node(w, walk_node(&k), to);
        walk_end(&k);
    }
    return status;
}

static int
v_unlink(struct world *w, const char *path)
{
    struct walk k;
    int status = walk_parent(w, path, &k);
    if (status == 0) {
        status = view_unlink(w->view, walk_node(&k), k.last, strlen(k.last), &w->who);
        walk_end(&k);
    }
    return status;
}

static int
v_rmdir(struct world *w, const char *path)
{
    struct walk k;
    int status = walk_parent(w, path, &k);
    if (status == 0) {
        status = view_rmdir(w->view, walk_node(&k), k.last, strlen(k.last), &w->who);
        walk_end(&k);
    }
    return status;
}

/* Everything the VFS checks before the file system sees a rename. */
static int
v_rename_checks(struct world *w, const char *from, const char *to, unsigned flags)
{
    struct stat a, b;
    size_t f = strlen(from), t = strlen(to);
    int have = v_stat(w, from, &a), over = v_stat(w, to, &b);
    if (have < 0) {
        return have;
    }
    if (over == 0 && (flags & 1)) {
        return -EEXIST;
    }
    if (t > f && strncmp(from, to, f) == 0 && to[f] == '/') {
        return -EINVAL;
    }
    if (f > t && strncmp(from, to, t) == 0 && from[t] == '/') {
        return -ENOTEMPTY;
    }
    if (over == 0 && a.st_ino == b.st_ino) {
        return 1;
    }
    if (over == 0 && S_ISDIR(a.st_mode) != S_ISDIR(b.st_mode)) {
        return S_ISDIR(a.st_mode) ? -ENOTDIR : -EISDIR;
    }
    return 0;
}

static int
v_rename(struct world *w, const char *from, const char *to, unsigned flags)
{
    struct walk k, n;
    int status = walk_parent(w, from, &k);
    if (status < 0) {
        return status;
    }
    status = walk_parent(w, to, &n);
    if (status == 0) {
        status = v_rename_checks(w, from, to, flags);
        if (status == 0) {
            status = view_rename(w->view, walk_node(&k), k.last, strlen(k.last), walk_node(&n), n.last, strlen(n.last), flags, &w->who);
        }
        walk_end(&n);
    }
    walk_end(&k);
    return status > 0 ? 0 : status;
}

static int
v_chmod(struct world *w, const char *path, unsigned mode)
{
    struct walk k;
    int status = walk_all(w, path, &k);
    if (status == 0) {
        struct view_setattr set = { .valid = VIEW_SET_MODE, .mode = (walk_mode(&k) & S_IFMT) | mode };
        status = v_set(w, walk_node(&k), NULL, &set);
        walk_end(&k);
    }
    return status;
}

/* The kernel always asks to clear set-id bits with it. */
static int
v_chown(struct world *w, const char *path, uid_t uid, gid_t gid)
{
    struct view_setattr set = { .valid = VIEW_SET_UID | VIEW_SET_GID, .uid = uid, .gid = gid };
    struct stat st;
    if (v_stat(w, path, &st) == 0 && !S_ISDIR(st.st_mode)) {
        set.valid |= VIEW_SET_KILL_SUIDGID;
    }
    return v_set_path(w, path, &set);
}

static int
v_utimens(struct world *w, const char *path, const struct timespec times[2])
{
    struct view_setattr set = {
        .atime = times[0].tv_sec, .atime_nsec = (uint32_t)times[0].tv_nsec,
        .mtime = times[1].tv_sec, .mtime_nsec = (uint32_t)times[1].tv_nsec,
    };
    set.valid |= times[0].tv_nsec == UTIME_OMIT ? 0 : VIEW_SET_ATIME | (times[0].tv_nsec == UTIME_NOW ? VIEW_SET_ATIME_NOW : 0);
    set.valid |= times[1].tv_nsec == UTIME_OMIT ? 0 : VIEW_SET_MTIME | (times[1].tv_nsec == UTIME_NOW ? VIEW_SET_MTIME_NOW : 0);
    return v_set_path(w, path, &set);
}

struct listing { char *text; size_t size, used; uint64_t cookie; unsigned budget; view *view; bool plus; };

static bool
v_fill(void *ctx, const char *name, size_t length, uint64_t cookie, const struct view_entry *entry)
{
    struct listing *l = ctx;
    if (l->budget == 0) {
        return false;
    }
    l->budget--;
    l->cookie = cookie;
    l->used += (size_t)snprintf(l->text + l->used, l->size - l->used, "%u %.*s\n", (entry->attr.mode >> 12) & 15, (int)length, name);
    if (l->plus && entry->node != 0) {
        view_forget(l->view, entry->node, 1);
    }
    return true;
}

/* In small portions, as a small getdents buffer would; every second listing with attributes. */
static int
v_list(struct world *w, const char *path, char *text, size_t size)
{
    static _Atomic(unsigned) turn;
    struct walk k;
    int status = walk_all(w, path, &k);
    if (status < 0) {
        return status;
    }
    view_handle *handle = NULL;
    struct listing l = { .text = text, .size = size, .view = w->view, .plus = (turn++ & 1) != 0 };
    status = S_ISDIR(walk_mode(&k)) ? view_opendir(w->view, walk_node(&k), O_RDONLY, &w->who, &handle) : -ENOTDIR;
    text[0] = 0;
    size_t before = (size_t)-1;
    while (status == 0 && before != l.used) {
        before = l.used;
        l.budget = 5;
        status = view_readdir(w->view, handle, l.cookie, l.plus, &w->who, v_fill, &l);
    }
    if (handle != NULL) {
        view_release(w->view, handle);
    }
    walk_end(&k);
    world_sort(text);
    return status;
}

static int
v_setxattr(struct world *w, const char *path, const char *name, const void *value, size_t size, int flags)
{
    struct walk k;
    int status = walk_all(w, path, &k);
    if (status == 0) {
        status = view_setxattr(w->view, walk_node(&k), name, value, size, (uint32_t)flags, &w->who);
        walk_end(&k);
    }
    return status;
}

static ssize_t
v_getxattr(struct world *w, const char *path, const char *name, void *value, size_t size)
{
    struct walk k;
    size_t length = 0;
    int status = walk_all(w, path, &k);
    if (status == 0) {
        status = view_getxattr(w->view, walk_node(&k), name, value, size, &length, &w->who);
        walk_end(&k);
    }
    return status < 0 ? status : (ssize_t)length;
}

static ssize_t
v_listxattr(struct world *w, const char *path, char *list, size_t size)
{
    struct walk k;
    size_t length = 0;
    int status = walk_all(w, path, &k);
    if (status == 0) {
        status = view_listxattr(w->view, walk_node(&k), list, size, &length, &w->who);
        walk_end(&k);
    }
    return status < 0 ? status : (ssize_t)length;
}

static int
v_removexattr(struct world *w, const char *path, const char *name)
{
    struct walk k;
    int status = walk_all(w, path, &k);
    if (status == 0) {
        status = view_removexattr(w->view, walk_node(&k), name, &w->who);
        walk_end(&k);
    }
    return status;
}

const struct world_ops world_view = {
    v_stat, v_open, v_tmpfile, v_fstat, v_close, v_pread, v_pwrite, v_ftruncate, v_fallocate, v_seek, v_sync, v_flink, v_truncate,
    v_mkdir, v_mknod, v_symlink, v_readlink, v_link, v_unlink, v_rmdir, v_rename, v_chmod, v_chown, v_utimens, v_list, v_setxattr,
    v_getxattr, v_listxattr, v_removexattr,
};
