/* SPDX-License-Identifier: MIT */
/* Requests about names and attributes. */
#include "fuse/session.h"

#include <errno.h>
#include <string.h>
#include <sys/sysmacros.h>

#define TTL_SEC(ns) ((ns) / 1000000000u)
#define TTL_NSEC(ns) ((uint32_t)((ns) % 1000000000u))

void
front_lookup(struct front_request *r)
{
    const char *name;
    size_t length;
    if (!front_name(r, 0, &name, &length)) {
        front_error(r, -EINVAL);
        return;
    }
    struct view_entry entry = { .entry_ttl_ns = 0 };
    int status = view_lookup(r->view, r->head->nodeid, name, length, &r->who, &entry);
    if (status == -ENOENT && entry.entry_ttl_ns != 0) {
        /* Node 0: the kernel keeps that there is none. */
        entry = (struct view_entry){ .entry_ttl_ns = entry.entry_ttl_ns };
        status = 0;
    }
    front_reply_entry(r, status, &entry);
}

void
front_forget(struct front_request *r)
{
    const struct fuse_forget_in *in = r->arg;
    view_forget(r->view, r->head->nodeid, in->nlookup);
}

void
front_batch_forget(struct front_request *r)
{
    const struct fuse_batch_forget_in *in = r->arg;
    const struct fuse_forget_one *one = (const void *)(in + 1);
    size_t count = (r->arg_size - sizeof *in) / sizeof *one;
    if (in->count < count) {
        count = in->count;
    }
    for (size_t i = 0; i < count; i++) {
        view_forget(r->view, one[i].nodeid, one[i].nlookup);
    }
}

static void
front_reply_attr(struct front_request *r, int status, const struct view_attr *attr, uint64_t ttl)
{
    if (status < 0) {
        front_error(r, status);
        return;
    }
    struct fuse_attr_out out = { .attr_valid = TTL_SEC(ttl), .attr_valid_nsec = TTL_NSEC(ttl) };
    front_attr(&out.attr, attr);
    front_reply(r, &out, sizeof out);
}

void
front_getattr(struct front_request *r)
{
    const struct fuse_getattr_in *in = r->arg;
    view_handle *handle = (in->getattr_flags & FUSE_GETATTR_FH) ? (view_handle *)(uintptr_t)in->fh : NULL;
    struct view_attr attr;
    uint64_t ttl = 0;
    int status = view_getattr(r->view, r->head->nodeid, handle, &r->who, &attr, &ttl);
    front_reply_attr(r, status, &attr, ttl);
}

static struct wire_sx_time
front_sx_time(int64_t sec, uint32_t nsec)
{
    return (struct wire_sx_time){ .tv_sec = sec, .tv_nsec = nsec };
}

void
front_statx(struct front_request *r)
{
    const struct wire_statx_in *in = r->arg;
    view_handle *handle = (in->getattr_flags & FUSE_GETATTR_FH) ? (view_handle *)(uintptr_t)in->fh : NULL;
    struct view_attr a;
    uint64_t ttl = 0;
    int status = view_getattr(r->view, r->head->nodeid, handle, &r->who, &a, &ttl);
    if (status < 0) {
        front_error(r, status);
        return;
    }
    bool birth = a.btime != 0 || a.btime_nsec != 0;
    struct wire_statx_out out = {
        .attr_valid = TTL_SEC(ttl), .attr_valid_nsec = TTL_NSEC(ttl),
        .stat = {
            .mask = 0x7ffu | (birth ? 0x800u : 0), .blksize = a.blksize, .nlink = a.nlink, .uid = a.uid, .gid = a.gid,
            .mode = (uint16_t)a.mode, .ino = a.ino, .size = a.size, .blocks = a.blocks,
            .atime = front_sx_time(a.atime, a.atime_nsec), .btime = front_sx_time(a.btime, a.btime_nsec),
            .ctime = front_sx_time(a.ctime, a.ctime_nsec), .mtime = front_sx_time(a.mtime, a.mtime_nsec),
            .rdev_major = major(a.rdev), .rdev_minor = minor(a.rdev),
            .dev_major = major(a.dev), .dev_minor = minor(a.dev),
        },
    };
    front_reply(r, &out, sizeof out);
}

void
front_setattr(struct front_request *r)
{
    static const struct { uint32_t wire, view; } map[] = {
        { FATTR_MODE, VIEW_SET_MODE }, { FATTR_UID, VIEW_SET_UID }, { FATTR_GID, VIEW_SET_GID }, { FATTR_SIZE, VIEW_SET_SIZE },
        { FATTR_ATIME, VIEW_SET_ATIME }, { FATTR_MTIME, VIEW_SET_MTIME }, { FATTR_ATIME_NOW, VIEW_SET_ATIME_NOW },
        { FATTR_MTIME_NOW, VIEW_SET_MTIME_NOW }, { FATTR_KILL_SUIDGID, VIEW_SET_KILL_SUIDGID },
    };
    const struct fuse_setattr_in *in = r->arg;
    struct view_setattr set = {
        .mode = in->mode, .uid = in->uid, .gid = in->gid, .size = in->size,
        .atime = (int64_t)in->atime, .mtime = (int64_t)in->mtime, .atime_nsec = in->atimensec, .mtime_nsec = in->mtimensec,
    };
    for (size_t i = 0; i < sizeof map / sizeof map[0]; i++) {
        if (in->valid & map[i].wire) {
            set.valid |= map[i].view;
        }
    }
    view_handle *handle = (in->valid & FATTR_FH) ? (view_handle *)(uintptr_t)in->fh : NULL;
    struct view_attr attr;
    uint64_t ttl = 0;
    int status = view_setattr(r->view, r->head->nodeid, handle, &set, &r->who, &attr, &ttl);
    front_reply_attr(r, status, &attr, ttl);
}

void
front_readlink(struct front_request *r)
{
    size_t length = 0;
    int status = view_readlink(r->view, r->head->nodeid, r->data, FUSE_PAGE, &length, &r->who);
    if (status < 0) {
        front_error(r, status);
    } else {
        front_reply(r, r->data, length);
    }
}

void
front_symlink(struct front_request *r)
{
    const char *name, *target;
    size_t length, target_length;
    if (!front_name(r, 0, &name, &length) || !front_name(r, length + 1, &target, &target_length)) {
        front_error(r, -EINVAL);
        return;
    }
    struct view_entry entry;
    int status = view_symlink(r->view, r->head->nodeid, name, length, target, &r->who, &entry);
    front_reply_entry(r, status, &entry);
}

void
front_mknod(struct front_request *r)
{
    const struct fuse_mknod_in *in = r->arg;
    const char *name;
    size_t length;
    if (!front_name(r, sizeof *in, &name, &length)) {
        front_error(r, -EINVAL);
        return;
    }
    struct view_entry entry;
    int status = view_mknod(r->view, r->head->nodeid, name, length, in->mode, in->rdev, &r->who, &entry);
    front_reply_entry(r, status, &entry);
}

void
front_mkdir(struct front_request *r)
{
    const struct fuse_mkdir_in *in = r->arg;
    const char *name;
    size_t length;
    if (!front_name(r, sizeof *in, &name, &length)) {
        front_error(r, -EINVAL);
        return;
    }
    struct view_entry entry;
    int status = view_mkdir(r->view, r->head->nodeid, name, length, in->mode & 07777, &r->who, &entry);
    front_reply_entry(r, status, &entry);
}

static void
front_remove(struct front_request *r, int (*remove)(view *, view_node, const char *, size_t, const struct view_who *))
{
    const char *name;
    size_t length;
    front_error(r, front_name(r, 0, &name, &length) ? remove(r->view, r->head->nodeid, name, length, &r->who) : -EINVAL);
}

void
front_unlink(struct front_request *r)
{
    front_remove(r, view_unlink);
}

void
front_rmdir(struct front_request *r)
{
    front_remove(r, view_rmdir);
}

static void
front_rename_at(struct front_request *r, size_t offset, uint64_t new_parent, uint32_t flags)
{
    const char *from, *to;
    size_t from_length, to_length;
    if (!front_name(r, offset, &from, &from_length) || !front_name(r, offset + from_length + 1, &to, &to_length)) {
        front_error(r, -EINVAL);
        return;
    }
    front_error(r, view_rename(r->view, r->head->nodeid, from, from_length, new_parent, to, to_length, flags, &r->who));
}

void
front_rename(struct front_request *r)
{
    const struct fuse_rename_in *in = r->arg;
    front_rename_at(r, sizeof *in, in->newdir, 0);
}

void
front_rename2(struct front_request *r)
{
    const struct fuse_rename2_in *in = r->arg;
    front_rename_at(r, sizeof *in, in->newdir, in->flags);
}

void
front_link(struct front_request *r)
{
    const struct fuse_link_in *in = r->arg;
    const char *name;
    size_t length;
    if (!front_name(r, sizeof *in, &name, &length)) {
        front_error(r, -EINVAL);
        return;
    }
    struct view_entry entry;
    int status = view_link(r->view, in->oldnodeid, r->head->nodeid, name, length, &r->who, &entry);
    front_reply_entry(r, status, &entry);
}

void
front_statfs(struct front_request *r)
{
    struct view_statfs s;
    int status = view_statfs(r->view, &s, &r->who);
    if (status < 0) {
        front_error(r, status);
        return;
    }
    struct fuse_statfs_out out = { .st = {
        .blocks = s.blocks, .bfree = s.bfree, .bavail = s.bavail, .files = s.files, .ffree = s.ffree,
        .bsize = s.bsize, .namelen = s.namelen, .frsize = s.frsize,
    } };
    front_reply(r, &out, sizeof out);
}

void
front_setxattr(struct front_request *r)
{
    const struct fuse_setxattr_in *in = r->arg;
    const char *name;
    size_t length;
    if (!front_name(r, FUSE_COMPAT_SETXATTR_IN_SIZE, &name, &length)) {
        front_error(r, -EINVAL);
        return;
    }
    size_t offset = FUSE_COMPAT_SETXATTR_IN_SIZE + length + 1;
    if (in->size > r->arg_size - offset) {
        front_error(r, -EINVAL);
        return;
    }
    front_error(r, view_setxattr(r->view, r->head->nodeid, name, name + length + 1, in->size, in->flags, &r->who));
}

/* size 0 asks for the length only. */
static void
front_reply_xattr(struct front_request *r, int status, uint32_t asked, const void *buffer, size_t length)
{
    if (status < 0) {
        front_error(r, status);
    } else if (asked == 0) {
        struct fuse_getxattr_out out = { .size = (uint32_t)length };
        front_reply(r, &out, sizeof out);
    } else if (length > asked) {
        front_error(r, -ERANGE);
    } else {
        front_reply(r, buffer, length);
    }
}

void
front_getxattr(struct front_request *r)
{
    const struct fuse_getxattr_in *in = r->arg;
    const char *name;
    size_t length;
    void *buffer = front_scratch(r, in->size);
    if (buffer == NULL || !front_name(r, sizeof *in, &name, &length)) {
        front_error(r, -EINVAL);
        return;
    }
    size_t got = 0;
    int status = view_getxattr(r->view, r->head->nodeid, name, buffer, in->size, &got, &r->who);
    front_reply_xattr(r, status, in->size, buffer, got);
}

void
front_listxattr(struct front_request *r)
{
    const struct fuse_getxattr_in *in = r->arg;
    void *buffer = front_scratch(r, in->size);
    if (buffer == NULL) {
        front_error(r, -EINVAL);
        return;
    }
    size_t got = 0;
    int status = view_listxattr(r->view, r->head->nodeid, buffer, in->size, &got, &r->who);
    front_reply_xattr(r, status, in->size, buffer, got);
}

void
front_removexattr(struct front_request *r)
{
    const char *name;
    size_t length;
    front_error(r, front_name(r, 0, &name, &length) ? view_removexattr(r->view, r->head->nodeid, name, &r->who) : -EINVAL);
}

void
front_access(struct front_request *r)
{
    const struct fuse_access_in *in = r->arg;
    front_error(r, view_access(r->view, r->head->nodeid, in->mask, &r->who));
}
