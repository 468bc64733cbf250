/* SPDX-License-Identifier: MIT */
/* Requests about open files and directories. */
#include "fuse/session.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

static view_handle *
front_handle(uint64_t fh)
{
    return (view_handle *)(uintptr_t)fh;
}

static int
front_kill_suidgid(struct front_request *r, uint64_t node, view_handle *handle)
{
    struct view_setattr set = { .valid = VIEW_SET_KILL_SUIDGID };
    struct view_attr attr;
    uint64_t ttl;
    return view_setattr(r->view, node, handle, &set, &r->who, &attr, &ttl);
}

/* Regime and backing of a handle that view just opened; on failure the handle is gone. */
static int
front_present(struct front_request *r, uint64_t node, const struct view_open *open, struct wire_open_out *out)
{
    uint32_t flags = 0;
    int32_t id = 0;
    int status = fuse_backing_open(r->session, node, open, &flags, &id);
    if (status < 0) {
        view_release(r->view, open->handle);
        return status;
    }
    *out = (struct wire_open_out){ .fh = (uintptr_t)open->handle, .open_flags = flags, .backing_id = id };
    return 0;
}

static void
front_withdraw(struct front_request *r, uint64_t node, view_handle *handle)
{
    fuse_backing_release(r->session, node);
    view_release(r->view, handle);
}

void
front_open(struct front_request *r)
{
    const struct fuse_open_in *in = r->arg;
    struct view_open open = { .backing_fd = -1 };
    int status = view_open(r->view, r->head->nodeid, in->flags, &r->who, &open);
    if (status == 0 && (in->open_flags & FUSE_OPEN_KILL_SUIDGID) && (in->flags & O_TRUNC)) {
        status = front_kill_suidgid(r, r->head->nodeid, open.handle);
        if (status < 0) {
            view_release(r->view, open.handle);
        }
    }
    struct wire_open_out out;
    if (status == 0) {
        status = front_present(r, r->head->nodeid, &open, &out);
    }
    if (status < 0) {
        front_error(r, status);
    } else if (front_reply(r, &out, sizeof out) < 0) {
        front_withdraw(r, r->head->nodeid, open.handle);
    }
}

static void
front_reply_create(struct front_request *r, int status, const struct view_entry *entry, const struct view_open *open)
{
    struct wire_create_out out;
    if (status == 0) {
        status = front_present(r, entry->node, open, &out.open);
        if (status < 0) {
            view_forget(r->view, entry->node, 1);
        }
    }
    if (status < 0) {
        front_error(r, status);
        return;
    }
    front_entry(&out.entry, entry);
    if (front_reply(r, &out, sizeof out) < 0) {
        front_withdraw(r, entry->node, open->handle);
        view_forget(r->view, entry->node, 1);
    }
}

void
front_create(struct front_request *r)
{
    const struct fuse_create_in *in = r->arg;
    const char *name;
    size_t length;
    if (!front_name(r, sizeof *in, &name, &length)) {
        front_error(r, -EINVAL);
        return;
    }
    struct view_entry entry;
    struct view_open open = { .backing_fd = -1 };
    int status = view_create_file(r->view, r->head->nodeid, name, length, in->flags, in->mode, &r->who, &entry, &open);
    front_reply_create(r, status, &entry, &open);
}

void
front_tmpfile(struct front_request *r)
{
    const struct fuse_create_in *in = r->arg;
    struct view_entry entry;
    struct view_open open = { .backing_fd = -1 };
    int status = view_tmpfile(r->view, r->head->nodeid, in->flags, in->mode, &r->who, &entry, &open);
    front_reply_create(r, status, &entry, &open);
}

void
front_read(struct front_request *r)
{
    const struct fuse_read_in *in = r->arg;
    if (in->size > r->data_size) {
        front_error(r, -EINVAL);
        return;
    }
    size_t done = 0;
    int status = view_read(r->view, front_handle(in->fh), r->data, in->size, in->offset, &r->who, &done);
    if (status < 0) {
        front_error(r, status);
    } else {
        front_reply(r, r->data, done);
    }
}

void
front_write(struct front_request *r)
{
    const struct fuse_write_in *in = r->arg;
    if (in->size > r->arg_size - sizeof *in) {
        front_error(r, -EINVAL);
        return;
    }
    view_handle *handle = front_handle(in->fh);
    if (in->write_flags & FUSE_WRITE_KILL_SUIDGID) {
        int status = front_kill_suidgid(r, r->head->nodeid, handle);
        if (status < 0) {
            front_error(r, status);
            return;
        }
    }
    bool paging = (in->write_flags & FUSE_WRITE_CACHE) != 0;
    bool append = !paging && (in->flags & O_APPEND) != 0;
    size_t done = 0;
    int status = view_write(r->view, handle, in + 1, in->size, in->offset, append, paging, &r->who, &done);
    if (status < 0) {
        front_error(r, status);
        return;
    }
    struct fuse_write_out out = { .size = (uint32_t)done };
    front_reply(r, &out, sizeof out);
}

void
front_flush(struct front_request *r)
{
    const struct fuse_flush_in *in = r->arg;
    front_error(r, view_flush(r->view, front_handle(in->fh), &r->who));
}

void
front_release(struct front_request *r)
{
    const struct fuse_release_in *in = r->arg;
    front_withdraw(r, r->head->nodeid, front_handle(in->fh));
    front_error(r, 0);
}

void
front_releasedir(struct front_request *r)
{
    const struct fuse_release_in *in = r->arg;
    view_release(r->view, front_handle(in->fh));
    front_error(r, 0);
}

void
front_fsync(struct front_request *r)
{
    const struct fuse_fsync_in *in = r->arg;
    bool data_only = (in->fsync_flags & FUSE_FSYNC_FDATASYNC) != 0;
    front_error(r, view_fsync(r->view, front_handle(in->fh), data_only, &r->who));
}

void
front_fallocate(struct front_request *r)
{
    const struct fuse_fallocate_in *in = r->arg;
    front_error(r, view_fallocate(r->view, front_handle(in->fh), in->mode, in->offset, in->length, &r->who));
}

void
front_lseek(struct front_request *r)
{
    const struct fuse_lseek_in *in = r->arg;
    struct fuse_lseek_out out = { 0 };
    int status = view_lseek(r->view, front_handle(in->fh), in->offset, (int)in->whence, &out.offset);
    if (status < 0) {
        front_error(r, status);
    } else {
        front_reply(r, &out, sizeof out);
    }
}

void
front_copy_file_range(struct front_request *r)
{
    const struct fuse_copy_file_range_in *in = r->arg;
    size_t length = in->len > 0x7ffff000u ? 0x7ffff000u : (size_t)in->len;
    size_t done = 0;
    int status = in->flags != 0 ? -EINVAL : view_copy_range(r->view, front_handle(in->fh_in), in->off_in,
                                                            front_handle(in->fh_out), in->off_out, length, &r->who, &done);
    if (status < 0) {
        front_error(r, status);
        return;
    }
    struct fuse_write_out out = { .size = (uint32_t)done };
    front_reply(r, &out, sizeof out);
}

void
front_opendir(struct front_request *r)
{
    const struct fuse_open_in *in = r->arg;
    view_handle *handle = NULL;
    int status = view_opendir(r->view, r->head->nodeid, in->flags, &r->who, &handle);
    if (status < 0) {
        front_error(r, status);
        return;
    }
    struct wire_open_out out = { .fh = (uintptr_t)handle };
    if (front_reply(r, &out, sizeof out) < 0) {
        view_release(r->view, handle);
    }
}

struct front_listing {
    uint8_t *buffer;
    size_t size, used;
    bool plus;
};

static bool
front_fill(void *ctx, const char *name, size_t length, uint64_t cookie, const struct view_entry *entry)
{
    struct front_listing *l = ctx;
    size_t lead = l->plus ? sizeof(struct fuse_entry_out) : 0;
    size_t need = FUSE_DIRENT_ALIGN(lead + FUSE_NAME_OFFSET + length);
    if (need > l->size - l->used) {
        return false;
    }
    uint8_t *at = l->buffer + l->used;
    memset(at + need - 8, 0, 8);
    if (l->plus) {
        struct fuse_entry_out out;
        front_entry(&out, entry);
        memcpy(at, &out, sizeof out);
    }
    struct fuse_dirent *d = (struct fuse_dirent *)(at + lead);
    d->ino = entry->attr.ino;
    d->off = cookie;
    d->namelen = (uint32_t)length;
    d->type = (entry->attr.mode >> 12) & 15;
    memcpy(d->name, name, length);
    l->used += need;
    return true;
}

static void
front_list(struct front_request *r, bool plus)
{
    const struct fuse_read_in *in = r->arg;
    if (in->size > r->data_size) {
        front_error(r, -EINVAL);
        return;
    }
    struct front_listing l = { .buffer = r->data, .size = in->size, .plus = plus };
    int status = view_readdir(r->view, front_handle(in->fh), in->offset, plus, &r->who, front_fill, &l);
    if (status < 0 && l.used == 0) {
        front_error(r, status);
    } else {
        front_reply(r, l.buffer, l.used);
    }
}

void
front_readdir(struct front_request *r)
{
    front_list(r, false);
}

void
front_readdirplus(struct front_request *r)
{
    front_list(r, true);
}
