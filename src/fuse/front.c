/* SPDX-License-Identifier: MIT */
/*
 * The opcode table: kernel requests to view.h, nothing else.  Every message is checked against the table's minimal length before
 * its handler runs, names are checked to end inside the message, and every request but FORGET is answered exactly once.
 */
#include "fuse/session.h"

#include <errno.h>
#include <string.h>

enum { FRONT_NO_REPLY = 1, FRONT_QUICK = 2 };  /* QUICK: served even if interrupted */

struct front_row {
    front_handler *handler;
    uint16_t min_arg;                          /* bytes behind the header */
    uint16_t flags;
    int16_t refuse;                            /* handler NULL: this errno */
};

static front_handler front_interrupt, front_destroy;

static const struct front_row front_table[WIRE_OPCODES] = {
    [FUSE_LOOKUP] = { front_lookup, 1, 0, 0 },
    [FUSE_FORGET] = { front_forget, sizeof(struct fuse_forget_in), FRONT_NO_REPLY | FRONT_QUICK, 0 },
    [FUSE_GETATTR] = { front_getattr, sizeof(struct fuse_getattr_in), 0, 0 },
    [FUSE_SETATTR] = { front_setattr, sizeof(struct fuse_setattr_in), 0, 0 },
    [FUSE_READLINK] = { front_readlink, 0, 0, 0 },
    [FUSE_SYMLINK] = { front_symlink, 2, 0, 0 },
    [FUSE_MKNOD] = { front_mknod, sizeof(struct fuse_mknod_in) + 1, 0, 0 },
    [FUSE_MKDIR] = { front_mkdir, sizeof(struct fuse_mkdir_in) + 1, 0, 0 },
    [FUSE_UNLINK] = { front_unlink, 1, 0, 0 },
    [FUSE_RMDIR] = { front_rmdir, 1, 0, 0 },
    [FUSE_RENAME] = { front_rename, sizeof(struct fuse_rename_in) + 2, 0, 0 },
    [FUSE_LINK] = { front_link, sizeof(struct fuse_link_in) + 1, 0, 0 },
    [FUSE_OPEN] = { front_open, sizeof(struct fuse_open_in), 0, 0 },
    [FUSE_READ] = { front_read, sizeof(struct fuse_read_in), 0, 0 },
    [FUSE_WRITE] = { front_write, sizeof(struct fuse_write_in), 0, 0 },
    [FUSE_STATFS] = { front_statfs, 0, 0, 0 },
    [FUSE_RELEASE] = { front_release, sizeof(struct fuse_release_in), FRONT_QUICK, 0 },
    [FUSE_FSYNC] = { front_fsync, sizeof(struct fuse_fsync_in), 0, 0 },
    [FUSE_SETXATTR] = { front_setxattr, FUSE_COMPAT_SETXATTR_IN_SIZE + 1, 0, 0 },
    [FUSE_GETXATTR] = { front_getxattr, sizeof(struct fuse_getxattr_in) + 1, 0, 0 },
    [FUSE_LISTXATTR] = { front_listxattr, sizeof(struct fuse_getxattr_in), 0, 0 },
    [FUSE_REMOVEXATTR] = { front_removexattr, 1, 0, 0 },
    [FUSE_FLUSH] = { front_flush, sizeof(struct fuse_flush_in), 0, 0 },
    [FUSE_INIT] = { NULL, 0, 0, EIO },
    [FUSE_OPENDIR] = { front_opendir, sizeof(struct fuse_open_in), 0, 0 },
    [FUSE_READDIR] = { front_readdir, sizeof(struct fuse_read_in), 0, 0 },
    [FUSE_RELEASEDIR] = { front_releasedir, sizeof(struct fuse_release_in), FRONT_QUICK, 0 },
    [FUSE_FSYNCDIR] = { front_fsync, sizeof(struct fuse_fsync_in), 0, 0 },
    [FUSE_ACCESS] = { front_access, sizeof(struct fuse_access_in), 0, 0 },
    [FUSE_CREATE] = { front_create, sizeof(struct fuse_create_in) + 1, 0, 0 },
    [FUSE_INTERRUPT] = { front_interrupt, sizeof(struct fuse_interrupt_in), FRONT_NO_REPLY | FRONT_QUICK, 0 },
    [FUSE_DESTROY] = { front_destroy, 0, FRONT_QUICK, 0 },
    [FUSE_IOCTL] = { NULL, 0, 0, ENOTTY },
    [FUSE_POLL] = { NULL, 0, 0, ENOSYS },
    [FUSE_BATCH_FORGET] = { front_batch_forget, sizeof(struct fuse_batch_forget_in), FRONT_NO_REPLY | FRONT_QUICK, 0 },
    [FUSE_FALLOCATE] = { front_fallocate, sizeof(struct fuse_fallocate_in), 0, 0 },
    [FUSE_READDIRPLUS] = { front_readdirplus, sizeof(struct fuse_read_in), 0, 0 },
    [FUSE_RENAME2] = { front_rename2, sizeof(struct fuse_rename2_in) + 2, 0, 0 },
    [FUSE_LSEEK] = { front_lseek, sizeof(struct fuse_lseek_in), 0, 0 },
    [FUSE_COPY_FILE_RANGE] = { front_copy_file_range, sizeof(struct fuse_copy_file_range_in), 0, 0 },
    [FUSE_TMPFILE] = { front_tmpfile, sizeof(struct fuse_create_in) + 1, 0, 0 },
    [WIRE_STATX] = { front_statx, sizeof(struct wire_statx_in), 0, 0 },
};

int
front_reply(struct front_request *r, const void *data, size_t size)
{
    struct fuse_out_header head = { .len = (uint32_t)(sizeof head + size), .unique = r->head->unique };
    struct iovec parts[2] = { { &head, sizeof head }, { (void *)data, size } };
    r->replied = true;
    int status = r->session->transport->reply(r->session->fd, parts, size != 0 ? 2 : 1);
    return status == -ENOENT ? status : 0;     /* other failures: the next receive sees them again */
}

void
front_reply_entry(struct front_request *r, int status, const struct view_entry *entry)
{
    if (status < 0) {
        front_error(r, status);
        return;
    }
    struct fuse_entry_out out;
    front_entry(&out, entry);
    if (front_reply(r, &out, sizeof out) < 0 && entry->node != 0) {
        view_forget(r->view, entry->node, 1);
    }
}

/* The message may reach beyond the lead into the data area; what is behind it is free. */
void *
front_scratch(struct front_request *r, size_t size)
{
    const uint8_t *end = (const uint8_t *)r->head + r->head->len;
    uint8_t *at = r->data;
    if (end > at) {
        at += ((size_t)(end - at) + FUSE_PAGE - 1) & ~(size_t)(FUSE_PAGE - 1);
    }
    return size <= r->data_size && (size_t)(at - (uint8_t *)r->data) <= r->data_size - size ? at : NULL;
}

void
front_error(struct front_request *r, int error)
{
    struct fuse_out_header head = { .len = sizeof head, .error = error, .unique = r->head->unique };
    struct iovec part = { &head, sizeof head };
    r->replied = true;
    (void)r->session->transport->reply(r->session->fd, &part, 1);
}

/* The string that starts offset bytes into the arguments; false: it is empty or does not end inside the message. */
bool
front_name(const struct front_request *r, size_t offset, const char **name, size_t *length)
{
    if (offset >= r->arg_size) {
        return false;
    }
    const char *start = (const char *)r->arg + offset;
    const char *end = memchr(start, 0, r->arg_size - offset);
    if (end == NULL || end == start) {
        return false;
    }
    *name = start;
    *length = (size_t)(end - start);
    return true;
}

void
front_attr(struct fuse_attr *out, const struct view_attr *in)
{
    *out = (struct fuse_attr){
        .ino = in->ino, .size = in->size, .blocks = in->blocks,
        .atime = (uint64_t)in->atime, .mtime = (uint64_t)in->mtime, .ctime = (uint64_t)in->ctime,
        .atimensec = in->atime_nsec, .mtimensec = in->mtime_nsec, .ctimensec = in->ctime_nsec,
        .mode = in->mode, .nlink = in->nlink, .uid = in->uid, .gid = in->gid, .rdev = (uint32_t)in->rdev,
        .blksize = in->blksize,
    };
}

void
front_entry(struct fuse_entry_out *out, const struct view_entry *in)
{
    *out = (struct fuse_entry_out){
        .nodeid = in->node, .generation = in->generation,
        .entry_valid = in->entry_ttl_ns / 1000000000u, .entry_valid_nsec = (uint32_t)(in->entry_ttl_ns % 1000000000u),
        .attr_valid = in->attr_ttl_ns / 1000000000u, .attr_valid_nsec = (uint32_t)(in->attr_ttl_ns % 1000000000u),
    };
    front_attr(&out->attr, &in->attr);
}

/* The request is not (any more) in service: EAGAIN lets the kernel ask again while it is still waiting for the answer. */
static void
front_interrupt(struct front_request *r)
{
    const struct fuse_interrupt_in *in = r->arg;
    atomic_fetch_add_explicit(&r->session->interrupts, 1, memory_order_relaxed);
    if (!fuse_workers_interrupt(r->session, in->unique)) {
        front_error(r, -EAGAIN);
    }
}

static void
front_destroy(struct front_request *r)
{
    front_error(r, 0);
}

bool
front_must_finish(uint32_t opcode)
{
    return opcode < WIRE_OPCODES && (front_table[opcode].flags & FRONT_QUICK) != 0;
}

static void
front_dispatch(struct front_request *r)
{
    const struct front_row *row = r->head->opcode < WIRE_OPCODES ? &front_table[r->head->opcode] : NULL;
    if (row == NULL || row->handler == NULL) {
        front_error(r, row != NULL && row->refuse != 0 ? -row->refuse : -ENOSYS);
        return;
    }
    if (r->arg_size < row->min_arg) {
        if (!(row->flags & FRONT_NO_REPLY)) {
            front_error(r, -EINVAL);
        }
        return;
    }
    if (!(row->flags & FRONT_QUICK) && atomic_load_explicit(&r->worker->interrupted, memory_order_relaxed)) {
        front_error(r, -EINTR);
        return;
    }
    row->handler(r);
    if (!r->replied && !(row->flags & FRONT_NO_REPLY)) {
        front_error(r, -EIO);
    }
}

void
front_serve(struct fuse_worker *worker, const struct fuse_in_header *head, size_t length)
{
    struct fuse_session *s = worker->session;
    struct front_request r = {
        .session = s, .worker = worker, .view = s->view, .head = head,
        .who = { .uid = head->uid, .gid = head->gid, .pid = head->pid },
        .arg = head + 1, .arg_size = length - sizeof *head,
        .data = worker->buffer + FUSE_PAGE, .data_size = s->max_write + FUSE_PAGE,
    };
    if (head->len != length) {
        front_error(&r, -EINVAL);
        return;
    }
    /* Extensions (security context, groups) stand behind the arguments; none were asked for. */
    size_t extensions = (size_t)head->total_extlen * 8;
    if (extensions > r.arg_size) {
        front_error(&r, -EINVAL);
        return;
    }
    r.arg_size -= extensions;
    front_dispatch(&r);
}
