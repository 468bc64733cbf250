/* SPDX-License-Identifier: MIT */
/* Between script.c (parser), script_run.c and script_file.c (operations). */
#ifndef FILTERBED_HOST_SCRIPTP_H
#define FILTERBED_HOST_SCRIPTP_H

#include "host/script.h"

struct script_context {
    struct script_run *run;
    const struct script_line *line;
    char *why; /* set by an operation that fails for another reason than errno; owned */
};

/*
 * A verb. form: one character an argument: p path, w word, n number, o octal mode, d data (takes
 * the rest: a word, "text", @FILE, or N bytes); behind '?' they may be left out. run returns 0 or a
 * negative errno, or SCRIPT_UNEXPECTED with why set.
 */
#define SCRIPT_UNEXPECTED 1
struct script_verb {
    const char *name, *form, *usage;
    int (*run)(struct script_context *c);
};
extern const struct script_verb script_verbs[];

static inline const char *
script_arg_text(const struct script_context *c, size_t i)
{
    return i < c->line->count ? c->line->args[i].text : NULL;
}
int
script_unexpected(struct script_context *c, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* ---- paths: one lookup each, forgotten again with script_put ---- */
int
script_get(struct script_context *c, const char *path, struct view_entry *entry);
/* The directory that holds the last component, which *name points to (in path). */
int
script_get_parent(struct script_context *c,
                  const char *path,
                  view_node *parent,
                  const char **name,
                  size_t *length);
void
script_put(struct script_context *c, view_node node);

/* ---- operations ---- */
int
script_create(struct script_context *c);
int
script_write(struct script_context *c);
int
script_append(struct script_context *c);
int
script_pwrite(struct script_context *c);
int
script_read(struct script_context *c);
int
script_expect(struct script_context *c);
int
script_truncate(struct script_context *c);
int
script_rename(struct script_context *c);
int
script_link(struct script_context *c);
int
script_symlink(struct script_context *c);
int
script_readlink(struct script_context *c);
int
script_delete(struct script_context *c);
int
script_rmdir(struct script_context *c);
int
script_mkdir(struct script_context *c);
int
script_list(struct script_context *c);
int
script_stat(struct script_context *c);
int
script_size(struct script_context *c);
int
script_exists(struct script_context *c);
int
script_absent(struct script_context *c);
int
script_chmod(struct script_context *c);
int
script_touch(struct script_context *c);
int
script_xattr(struct script_context *c);
int
script_open(struct script_context *c);
int
script_close(struct script_context *c);
int
script_sleep(struct script_context *c);
int
script_echo(struct script_context *c);
/* Handles that "open" left open. */
void
script_close_all(struct script_run *run);

#endif
