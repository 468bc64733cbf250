/* SPDX-License-Identifier: MIT */
/* Functions defined with other pointer types than declared; see mismatch.h. */
#include "host/mismatch.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* One place in a file: what "file:line:column" says. */
struct place {
    char *file;
    int line;
    int column;
};

struct function {
    char *name;
    size_t offset; /* of the name, in the source's text */
    int line;
};

/* Parses "file:line:column: " at the start of a line; the rest of the line follows at *rest. */
static bool
parse_place(const char *line, size_t n, struct place *place, const char **rest)
{
    for (size_t i = 1; i + 1 < n; i++) {
        if (line[i] == ':' && isdigit((unsigned char)line[i + 1])) {
            char *end, *end2;
            long row = strtol(line + i + 1, &end, 10);
            long column = *end == ':' ? strtol(end + 1, &end2, 10) : 0;
            if (column > 0 && *end2 == ':') {
                *place = (struct place){host_strndup(line, i), (int)row, (int)column};
                *rest = end2 + 1;
                return true;
            }
        }
    }
    return false;
}

/* The name in "conflicting types for 'NAME'", with plain or typographic quotes. */
static char *
conflicting_name(const char *text, size_t n)
{
    static const char mark[] = "conflicting types for ";
    const char *at = memmem(text, n, mark, sizeof mark - 1);
    if (at == NULL) {
        return NULL;
    }
    at += sizeof mark - 1;
    while (*at != '\0' && *at != '\n' && !isalpha((unsigned char)*at) && *at != '_') {
        at++;
    }
    size_t len = 0;
    while (isalnum((unsigned char)at[len]) || at[len] == '_') {
        len++;
    }
    return len > 0 ? host_strndup(at, len) : NULL;
}

/* Where line and column stand in text; text's length if it has fewer lines. */
static size_t
offset_of(const char *text, int line, int column)
{
    const char *at = text;
    for (int i = 1; i < line; i++) {
        at = strchr(at, '\n');
        if (at == NULL) {
            return strlen(text);
        }
        at++;
    }
    size_t n = strcspn(at, "\n");
    return (size_t)(at - text) + ((size_t)column - 1 < n ? (size_t)column - 1 : n);
}

/* Number of parameters in the parentheses that follow text; 0 if there are none. */
static int
parameter_count(const char *text)
{
    const char *at = strchr(text, '(');
    int depth = 0, commas = 0;
    for (; at != NULL && *at != '\0'; at++) {
        depth += (*at == '(') - (*at == ')');
        commas += *at == ',' && depth == 1;
        if (depth == 0) {
            return commas + 1;
        }
    }
    return 0;
}

static bool
names_at(const char *text, size_t offset, const char *name)
{
    return offset < strlen(text) && strncmp(text + offset, name, strlen(name)) == 0;
}

static bool
same_arity(const char *definition, const struct place *declared, const char *name)
{
    char *text;
    if (host_read_text(declared->file, &text, NULL) != 0) {
        return false;
    }
    size_t at = offset_of(text, declared->line, declared->column);
    int count = names_at(text, at, name) ? parameter_count(text + at) : 0;
    free(text);
    return count > 0 && count == parameter_count(definition);
}

/* The place that the compiler's next note gives for the declaration of name. */
static bool
find_declaration(const char *output, const char *name, struct place *declared)
{
    for (const char *line = output; *line != '\0';) {
        size_t n = strcspn(line, "\n");
        const char *rest;
        if (memmem(line, n, "previous declaration", 20) != NULL &&
            parse_place(line, n, declared, &rest)) {
            return true;
        }
        char *other = conflicting_name(line, n);
        bool next = other != NULL && strcmp(other, name) != 0;
        free(other);
        if (next) {
            return false;
        }
        line += n + (line[n] == '\n');
    }
    return false;
}

/* Adds what one line of output says, if it is about a function of source that can be repaired. */
static void
take_line(const char *source,
          const char *text,
          const char *line,
          size_t n,
          struct function **list,
          size_t *count)
{
    struct place place, declared;
    const char *rest;
    char *name = conflicting_name(line, n);
    if (name == NULL || !parse_place(line, n, &place, &rest)) {
        free(name);
        return;
    }
    size_t offset = offset_of(text, place.line, place.column);
    bool ok = strcmp(place.file, source) == 0 && names_at(text, offset, name);
    if (ok && find_declaration(line + n, name, &declared)) {
        ok = same_arity(text + offset, &declared, name);
        free(declared.file);
    } else {
        ok = false;
    }
    if (ok) {
        *list = host_xrealloc(*list, (*count + 1) * sizeof **list);
        (*list)[(*count)++] = (struct function){name, offset, place.line};
        name = NULL;
    }
    free(name);
    free(place.file);
}

static int
by_offset(const void *a, const void *b)
{
    const struct function *x = a, *y = b;
    return (x->offset > y->offset) - (x->offset < y->offset);
}

static bool
write_copy(const char *source,
           const char *text,
           const struct function *list,
           size_t count,
           const char *path)
{
    struct host_buf b = {0};
    size_t at = 0;
    host_buf_addf(&b, "#line 1 \"%s\"\n", source);
    for (size_t i = 0; i < count; i++) {
        size_t end = list[i].offset + strlen(list[i].name);
        host_buf_add(&b, text + at, end - at);
        host_buf_adds(&b, "__defined");
        at = end;
    }
    host_buf_adds(&b, text + at);
    for (size_t i = 0; i < count; i++) {
        host_buf_addf(
            &b,
            "\n__extension__ extern __typeof__(%s) %s __attribute__((alias(\"%s__defined\")));\n",
            list[i].name, list[i].name, list[i].name);
    }
    int rc = host_write_if_changed(path, b.data, b.len, NULL);
    host_buf_free(&b);
    return rc == 0;
}

bool
mismatch_repair(const char *source, const char *output, const char *path, struct host_strv *notes)
{
    char *text;
    if (host_read_text(source, &text, NULL) != 0) {
        return false;
    }
    struct function *list = NULL;
    size_t count = 0;
    for (const char *line = output; *line != '\0';) {
        size_t n = strcspn(line, "\n");
        take_line(source, text, line, n, &list, &count);
        line += n + (line[n] == '\n');
    }
    if (count > 1) {
        qsort(list, count, sizeof *list, by_offset);
    }
    bool done = count > 0 && write_copy(source, text, list, count, path);
    for (size_t i = 0; i < count; i++) {
        if (done) {
            host_strv_addf(notes,
                           "%s:%d: %s is defined with other pointer types than it is declared "
                           "with; built as declared",
                           source, list[i].line, list[i].name);
        }
        free(list[i].name);
    }
    free(list);
    free(text);
    return done;
}
