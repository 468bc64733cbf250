/* SPDX-License-Identifier: MIT */
/* The script language: operations on contents and attributes. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "host/scriptp.h"

#define CHUNK (64u * 1024)

/* Opens what path names; creates it if flags say so and it is not there. */
static int
open_path(struct script_context *c,
          const char *path,
          uint32_t flags,
          uint32_t mode,
          struct view_open *out)
{
    struct script_run *r = c->run;
    struct view_entry e;
    int rc = script_get(c, path, &e);
    if (rc == 0) {
        rc = (flags & O_EXCL) ? -EEXIST
                              : view_open(r->v, e.node, flags & ~(uint32_t)O_CREAT, &r->who, out);
        script_put(c, e.node);
        return rc;
    }
    if (rc != -ENOENT || !(flags & O_CREAT)) {
        return rc;
    }
    view_node parent;
    const char *name;
    size_t length;
    rc = script_get_parent(c, path, &parent, &name, &length);
    if (rc == 0) {
        rc = view_create_file(r->v, parent, name, length, flags, mode | S_IFREG, &r->who, &e, out);
        if (rc == 0) {
            script_put(c, e.node);
        }
        script_put(c, parent);
    }
    return rc;
}

/* Like close(2): what a filter makes of the flush is the result. */
static int
finish(struct script_context *c, struct view_open *o, int rc)
{
    int flushed = o->no_flush ? 0 : view_flush(c->run->v, o->handle, &c->run->who);
    view_release(c->run->v, o->handle);
    return rc != 0 ? rc : flushed;
}

static int
write_all(struct script_context *c, struct view_open *o, uint64_t offset, bool append)
{
    const struct script_data *d = &c->line->data;
    for (size_t at = 0; at < d->size;) {
        size_t n = d->size - at < CHUNK ? d->size - at : CHUNK, done = 0;
        int rc = view_write(c->run->v, o->handle, d->bytes + at, n, offset + at, append, false,
                            &c->run->who, &done);
        if (rc != 0 || done == 0) {
            return rc != 0 ? rc : -EIO;
        }
        at += done;
    }
    return 0;
}

int
script_create(struct script_context *c)
{
    struct view_open o;
    uint32_t mode = c->line->count > 1 ? (uint32_t)c->line->numbers[0] : 0644;
    int rc = open_path(c, script_arg_text(c, 0), O_WRONLY | O_CREAT | O_EXCL, mode, &o);
    return rc == 0 ? finish(c, &o, 0) : rc;
}

int
script_write(struct script_context *c)
{
    struct view_open o;
    int rc = open_path(c, script_arg_text(c, 0), O_WRONLY | O_CREAT | O_TRUNC, 0644, &o);
    return rc == 0 ? finish(c, &o, write_all(c, &o, 0, false)) : rc;
}

int
script_append(struct script_context *c)
{
    struct view_open o;
    struct view_attr attr;
    uint64_t ttl;
    int rc = open_path(c, script_arg_text(c, 0), O_WRONLY | O_CREAT | O_APPEND, 0644, &o);
    if (rc != 0) {
        return rc;
    }
    struct view_entry e;
    rc = script_get(c, script_arg_text(c, 0), &e);
    if (rc == 0) {
        rc = view_getattr(c->run->v, e.node, o.handle, &c->run->who, &attr, &ttl);
        script_put(c, e.node);
    }
    return finish(c, &o, rc == 0 ? write_all(c, &o, attr.size, true) : rc);
}

int
script_pwrite(struct script_context *c)
{
    struct view_open o;
    int rc = open_path(c, script_arg_text(c, 0), O_WRONLY, 0, &o);
    return rc == 0 ? finish(c, &o, write_all(c, &o, c->line->numbers[0], false)) : rc;
}

static int
read_all(struct script_context *c, struct host_buf *b)
{
    struct view_open o;
    int rc = open_path(c, script_arg_text(c, 0), O_RDONLY, 0, &o);
    if (rc != 0) {
        return rc;
    }
    char *chunk = host_xalloc(CHUNK);
    for (size_t done = 1; rc == 0 && done > 0;) {
        done = 0;
        rc = view_read(c->run->v, o.handle, chunk, CHUNK, b->len, &c->run->who, &done);
        if (rc == 0) {
            host_buf_add(b, chunk, done);
        }
    }
    free(chunk);
    return finish(c, &o, rc);
}

int
script_read(struct script_context *c)
{
    struct host_buf b = {0};
    int rc = read_all(c, &b);
    if (rc == 0) {
        fwrite(b.data, 1, b.len, c->run->out);
        if (b.len > 0 && b.data[b.len - 1] != '\n') {
            fputc('\n', c->run->out);
        }
    }
    host_buf_free(&b);
    return rc;
}

int
script_expect(struct script_context *c)
{
    const struct script_data *d = &c->line->data;
    struct host_buf b = {0};
    int rc = read_all(c, &b);
    if (rc == 0) {
        size_t n = b.len < d->size ? b.len : d->size, at = 0;
        while (at < n && b.data[at] == d->bytes[at]) {
            at++;
        }
        if (at < n) {
            rc = script_unexpected(c, "its contents differ from byte %zu on", at);
        } else if (b.len != d->size) {
            rc = script_unexpected(c, "it has %zu bytes, expected were %zu", b.len, d->size);
        }
    }
    host_buf_free(&b);
    return rc;
}

static int
set_attributes(struct script_context *c, const char *path, const struct view_setattr *set)
{
    struct view_entry e;
    struct view_attr attr;
    uint64_t ttl;
    int rc = script_get(c, path, &e);
    if (rc == 0) {
        rc = view_setattr(c->run->v, e.node, NULL, set, &c->run->who, &attr, &ttl);
        script_put(c, e.node);
    }
    return rc;
}

int
script_truncate(struct script_context *c)
{
    struct view_setattr set = {.valid = VIEW_SET_SIZE, .size = c->line->numbers[0]};
    return set_attributes(c, script_arg_text(c, 0), &set);
}

int
script_chmod(struct script_context *c)
{
    struct view_setattr set = {.valid = VIEW_SET_MODE, .mode = (uint32_t)c->line->numbers[0]};
    return set_attributes(c, script_arg_text(c, 1), &set);
}

int
script_touch(struct script_context *c)
{
    struct view_setattr set = {.valid = VIEW_SET_ATIME | VIEW_SET_MTIME | VIEW_SET_ATIME_NOW |
                                        VIEW_SET_MTIME_NOW};
    int rc = set_attributes(c, script_arg_text(c, 0), &set);
    return rc == -ENOENT ? script_create(c) : rc;
}

int
script_xattr(struct script_context *c)
{
    struct view_entry e;
    char value[65536];
    size_t length = 0;
    const char *name = script_arg_text(c, 1);
    const struct script_data *d = &c->line->data;
    int rc = script_get(c, script_arg_text(c, 0), &e);
    if (rc != 0) {
        return rc;
    }
    if (d->bytes != NULL) {
        rc = view_setxattr(c->run->v, e.node, name, d->bytes, d->size, 0, &c->run->who);
    } else {
        rc = view_getxattr(c->run->v, e.node, name, value, sizeof value, &length, &c->run->who);
        if (rc == 0) {
            fprintf(c->run->out, "%s: %.*s\n", name, (int)length, value);
        }
    }
    script_put(c, e.node);
    return rc;
}

/* ---- handles that stay open over several lines ---- */

static struct named_handle {
    struct named_handle *next;
    char *name;
    struct view_open open;
} * handles; /* one script runs at a time */

static struct named_handle **
find_handle(const char *name)
{
    struct named_handle **at = &handles;
    while (*at != NULL && strcmp((*at)->name, name) != 0) {
        at = &(*at)->next;
    }
    return at;
}

int
script_open(struct script_context *c)
{
    const char *name = script_arg_text(c, 0), *how = script_arg_text(c, 2);
    uint32_t flags = how == NULL || strcmp(how, "r") == 0 ? O_RDONLY
                     : strcmp(how, "w") == 0              ? O_WRONLY
                     : strcmp(how, "d") == 0 ? O_RDWR | VIEW_OPEN_DELETE_ON_CLOSE
                                             : O_RDWR;
    if (*find_handle(name) != NULL) {
        return script_unexpected(c, "a handle of that name is open");
    }
    struct view_open o;
    int rc =
        open_path(c, script_arg_text(c, 1), flags | (flags == O_WRONLY || flags == O_RDWR ? O_CREAT : 0), 0644, &o);
    if (rc == 0) {
        struct named_handle *h = host_xalloc(sizeof *h);
        *h = (struct named_handle){.next = handles, .name = host_strdup(name), .open = o};
        handles = h;
    }
    return rc;
}

int
script_close(struct script_context *c)
{
    struct named_handle **at = find_handle(script_arg_text(c, 0));
    struct named_handle *h = *at;
    if (h == NULL) {
        return script_unexpected(c, "no handle of that name is open");
    }
    *at = h->next;
    int rc = finish(c, &h->open, 0);
    free(h->name);
    free(h);
    return rc;
}

void
script_close_all(struct script_run *run)
{
    while (handles != NULL) {
        struct named_handle *h = handles;
        handles = h->next;
        view_release(run->v, h->open.handle);
        free(h->name);
        free(h);
    }
}
