/* SPDX-License-Identifier: MIT */
/* The text of an INF: sections, lines and fields. Internal to inf.c and inf_text.c. */
#ifndef FILTERBED_HOST_INF_TEXT_H
#define FILTERBED_HOST_INF_TEXT_H

#include "host/text.h"

/* One logical line: comments gone, continuations joined, nothing substituted yet. */
struct inf_raw {
    int line;
    char *text;
};

struct inf_section {
    char *name; /* $ARCH$ replaced by amd64 */
    int line;
    struct inf_raw *lines;
    size_t count;
};

struct inf_text {
    char *path;
    struct inf_section *sections; /* sections that the file repeats are joined */
    size_t count;
};

/* One line taken apart: "key = field, field" or "field, field", with %strings% put in. */
struct inf_entry {
    int line;
    char *key; /* NULL if the line has none */
    struct host_strv fields;
};

int
inf_text_load(const char *path, struct inf_text *text, struct host_error *err);
void
inf_text_free(struct inf_text *text);
const struct inf_section *
inf_text_section(const struct inf_text *text, const char *name);
/* Takes line i of a section apart. Returns 0, or -1 with *err set; the entry is empty then. */
int
inf_text_entry(const struct inf_text *text,
               const struct inf_section *section,
               size_t i,
               struct inf_entry *entry,
               struct host_error *err);
void
inf_entry_free(struct inf_entry *entry);
/* Field i, or "" if the line is shorter. */
const char *
inf_entry_field(const struct inf_entry *entry, size_t i);

#endif
