/* SPDX-License-Identifier: MIT */
/* The script language: running it, and the operations on names. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "host/scriptp.h"

int
script_unexpected(struct script_context *c, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    free(c->why);
    if (vasprintf(&c->why, fmt, args) < 0) {
        c->why = NULL;
    }
    va_end(args);
    return SCRIPT_UNEXPECTED;
}

/* ---- paths ---- */

/* Walks the components but for `keep` last ones. */
static int
walk(struct script_context *c,
     const char *path,
     bool keep,
     view_node *node,
     const char **name,
     size_t *length)
{
    struct script_run *r = c->run;
    *node = VIEW_ROOT;
    for (;;) {
        path += strspn(path, "/");
        size_t n = strcspn(path, "/");
        const char *next = path + n + strspn(path + n, "/");
        if (n == 0 || (keep && *next == '\0')) {
            *name = path;
            *length = n;
            return 0;
        }
        if (n == 1 && *path == '.') {
            path = next;
            continue;
        }
        struct view_entry entry;
        int rc = view_lookup(r->v, *node, path, n, &r->who, &entry);
        script_put(c, *node);
        if (rc != 0) {
            return rc;
        }
        *node = entry.node;
        path = next;
    }
}

void
script_put(struct script_context *c, view_node node)
{
    if (node != VIEW_ROOT && node != 0) {
        view_forget(c->run->v, node, 1);
    }
}

int
script_get(struct script_context *c, const char *path, struct view_entry *entry)
{
    const char *name;
    size_t length;
    view_node parent;
    memset(entry, 0, sizeof *entry);
    int rc = walk(c, path, true, &parent, &name, &length);
    if (rc != 0) {
        return rc;
    }
    if (length == 0 || (length == 1 && *name == '.')) {
        uint64_t ttl;
        entry->node = parent;
        rc = view_getattr(c->run->v, parent, NULL, &c->run->who, &entry->attr, &ttl);
    } else {
        rc = view_lookup(c->run->v, parent, name, length, &c->run->who, entry);
        script_put(c, parent);
    }
    return rc;
}

int
script_get_parent(struct script_context *c,
                  const char *path,
                  view_node *parent,
                  const char **name,
                  size_t *length)
{
    int rc = walk(c, path, true, parent, name, length);
    if (rc == 0 && *length == 0) {
        script_put(c, *parent);
        return -EINVAL;
    }
    return rc;
}

/* ---- operations on names ---- */

int
script_mkdir(struct script_context *c)
{
    view_node parent;
    const char *name;
    size_t length;
    struct view_entry made;
    int rc = script_get_parent(c, script_arg_text(c, 0), &parent, &name, &length);
    if (rc != 0) {
        return rc;
    }
    uint32_t mode = c->line->count > 1 ? (uint32_t)c->line->numbers[0] : 0755;
    rc = view_mkdir(c->run->v, parent, name, length, mode, &c->run->who, &made);
    if (rc == 0) {
        script_put(c, made.node);
    }
    script_put(c, parent);
    return rc;
}

static int
remove_name(struct script_context *c,
            int (*fn)(view *, view_node, const char *, size_t, const struct view_who *))
{
    view_node parent;
    const char *name;
    size_t length;
    int rc = script_get_parent(c, script_arg_text(c, 0), &parent, &name, &length);
    if (rc == 0) {
        rc = fn(c->run->v, parent, name, length, &c->run->who);
        script_put(c, parent);
    }
    return rc;
}

int
script_delete(struct script_context *c)
{
    return remove_name(c, view_unlink);
}

int
script_rmdir(struct script_context *c)
{
    return remove_name(c, view_rmdir);
}

int
script_rename(struct script_context *c)
{
    view_node from, to;
    const char *old, *new;
    size_t old_length, new_length;
    int rc = script_get_parent(c, script_arg_text(c, 0), &from, &old, &old_length);
    if (rc != 0) {
        return rc;
    }
    rc = script_get_parent(c, script_arg_text(c, 1), &to, &new, &new_length);
    if (rc == 0) {
        rc = view_rename(c->run->v, from, old, old_length, to, new, new_length, 0, &c->run->who);
        script_put(c, to);
    }
    script_put(c, from);
    return rc;
}

int
script_link(struct script_context *c)
{
    struct view_entry file, made;
    view_node parent;
    const char *name;
    size_t length;
    int rc = script_get(c, script_arg_text(c, 0), &file);
    if (rc != 0) {
        return rc;
    }
    rc = script_get_parent(c, script_arg_text(c, 1), &parent, &name, &length);
    if (rc == 0) {
        rc = view_link(c->run->v, file.node, parent, name, length, &c->run->who, &made);
        if (rc == 0) {
            script_put(c, made.node);
        }
        script_put(c, parent);
    }
    script_put(c, file.node);
    return rc;
}

int
script_symlink(struct script_context *c)
{
    view_node parent;
    const char *name;
    size_t length;
    struct view_entry made;
    int rc = script_get_parent(c, script_arg_text(c, 1), &parent, &name, &length);
    if (rc != 0) {
        return rc;
    }
    rc = view_symlink(c->run->v, parent, name, length, script_arg_text(c, 0), &c->run->who, &made);
    if (rc == 0) {
        script_put(c, made.node);
    }
    script_put(c, parent);
    return rc;
}

int
script_readlink(struct script_context *c)
{
    struct view_entry entry;
    char target[4096];
    size_t length = 0;
    int rc = script_get(c, script_arg_text(c, 0), &entry);
    if (rc != 0) {
        return rc;
    }
    rc = view_readlink(c->run->v, entry.node, target, sizeof target, &length, &c->run->who);
    script_put(c, entry.node);
    if (rc != 0) {
        return rc;
    }
    const char *wanted = script_arg_text(c, 1);
    if (wanted == NULL) {
        fprintf(c->run->out, "%.*s\n", (int)length, target);
    } else if (strlen(wanted) != length || memcmp(wanted, target, length) != 0) {
        return script_unexpected(c, "it leads to %.*s, not to %s", (int)length, target, wanted);
    }
    return 0;
}

struct listing {
    struct host_strv names;
    uint64_t cookie;
    size_t room;
};

static bool
list_fill(
    void *ctx, const char *name, size_t length, uint64_t cookie, const struct view_entry *entry)
{
    struct listing *l = ctx;
    (void)entry;
    if (l->room == 0) {
        return false;
    }
    l->room--;
    l->cookie = cookie;
    if (!(length <= 2 && memcmp(name, "..", length) == 0)) {
        host_strv_own(&l->names, host_strndup(name, length));
    }
    return true;
}

int
script_list(struct script_context *c)
{
    struct view_entry entry;
    view_handle *dir;
    struct listing l = {0};
    int rc = script_get(c, c->line->count > 0 ? script_arg_text(c, 0) : "", &entry);
    if (rc != 0) {
        return rc;
    }
    rc = view_opendir(c->run->v, entry.node, O_RDONLY | O_DIRECTORY, &c->run->who, &dir);
    if (rc == 0) {
        do {
            l.room = 64;
            rc = view_readdir(c->run->v, dir, l.cookie, false, &c->run->who, list_fill, &l);
        } while (rc == 0 && l.room == 0);
        view_release(c->run->v, dir);
    }
    script_put(c, entry.node);
    host_strv_sort(&l.names);
    for (size_t i = 0; rc == 0 && i < l.names.count; i++) {
        fprintf(c->run->out, "%s\n", l.names.items[i]);
    }
    host_strv_free(&l.names);
    return rc;
}

static const char *
type_name(uint32_t mode)
{
    return S_ISDIR(mode)   ? "directory"
           : S_ISLNK(mode) ? "symlink"
           : S_ISREG(mode) ? "file"
                           : "special";
}

int
script_stat(struct script_context *c)
{
    struct view_entry e;
    int rc = script_get(c, script_arg_text(c, 0), &e);
    if (rc == 0) {
        fprintf(c->run->out, "%s: %s mode %04o links %u size %" PRIu64 "\n", script_arg_text(c, 0),
                type_name(e.attr.mode), e.attr.mode & 07777, e.attr.nlink, e.attr.size);
        script_put(c, e.node);
    }
    return rc;
}

int
script_size(struct script_context *c)
{
    struct view_entry e;
    int rc = script_get(c, script_arg_text(c, 0), &e);
    if (rc != 0) {
        return rc;
    }
    script_put(c, e.node);
    return e.attr.size == c->line->numbers[0]
               ? 0
               : script_unexpected(c, "its size is %" PRIu64, e.attr.size);
}

int
script_exists(struct script_context *c)
{
    struct view_entry e;
    int rc = script_get(c, script_arg_text(c, 0), &e);
    if (rc == 0) {
        script_put(c, e.node);
    }
    return rc;
}

int
script_absent(struct script_context *c)
{
    int rc = script_exists(c);
    return rc == -ENOENT ? 0 : rc != 0 ? rc : script_unexpected(c, "it exists");
}

int
script_sleep(struct script_context *c)
{
    const _Atomic(int) *stop = c->run->stop;
    for (uint64_t left = c->line->numbers[0]; left > 0 && !(stop != NULL && *stop);) {
        const uint64_t ms = left < 50 ? left : 50; /* so that an interrupt is noticed */
        nanosleep(&(struct timespec){.tv_nsec = (long)ms * 1000000}, NULL);
        left -= ms;
    }
    return 0;
}

int
script_echo(struct script_context *c)
{
    fwrite(c->line->data.bytes, 1, c->line->data.size, c->run->out);
    fputc('\n', c->run->out);
    return 0;
}

/* ---- running ---- */

/* 0 if the line went as it says. */
static int
judge(const struct script *script, struct script_context *c, int rc, struct host_error *err)
{
    const struct script_line *l = c->line;
    const char *verb = script_verbs[l->verb].name, *arg = l->count > 0 ? l->args[0].text : "";
    char at[320];
    snprintf(at, sizeof at, "%s:%d: %s %s", script->name, l->line, verb, arg);
    if (!l->must_fail) {
        return rc == 0
                   ? 0
                   : host_fail(err, "%s: %s", at, rc == SCRIPT_UNEXPECTED ? c->why : strerror(-rc));
    }
    if (rc == 0) {
        return host_fail(err, "%s: succeeded, and was to fail", at);
    }
    if (l->must_errno != 0 && rc != -l->must_errno) {
        return host_fail(err, "%s: failed with %s, and was to fail with %s", at,
                         rc < 0 ? strerrorname_np(-rc) : c->why, strerrorname_np(l->must_errno));
    }
    return 0;
}

int
script_execute(const struct script *script, struct script_run *run, struct host_error *err)
{
    int result = 0;
    struct host_error later;
    for (size_t i = 0; (result == 0 || run->keep_going) && i < script->count; i++) {
        struct script_context c = {.run = run, .line = &script->lines[i]};
        if (run->stop != NULL && *run->stop) {
            result =
                host_fail(err, "%s:%d: interrupted before this line", script->name, c.line->line);
            break;
        }
        if (run->line != NULL) {
            atomic_fetch_add(run->line, 1);
        }
        int rc = script_verbs[c.line->verb].run(&c);
        run->operations++;
        if (judge(script, &c, rc, result == 0 ? err : &later) != 0) {
            result = -1;
            run->failed++;
        }
        free(c.why);
    }
    script_close_all(run);
    if ((fflush(run->out) != 0 || ferror(run->out)) && result == 0) {
        result = host_fail(err, "%s: its output cannot be written: %s", script->name, strerror(errno));
    }
    return result;
}
