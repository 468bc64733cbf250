/* SPDX-License-Identifier: MIT */
/* The text of an INF; see inf_text.h. */
#include "host/inf_text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Directory numbers that Windows substitutes in paths; others stay as they are written. */
static const struct {
    const char *id;
    const char *path;
} directories[] = {
    {"10", "\\SystemRoot"},
    {"11", "\\SystemRoot\\System32"},
    {"12", "\\SystemRoot\\System32\\drivers"},
    {"13", "\\SystemRoot\\System32\\DriverStore"},
};

static struct inf_section *
section_add(struct inf_text *text, const char *name, int line)
{
    for (size_t i = 0; i < text->count; i++) {
        if (strcasecmp(text->sections[i].name, name) == 0) {
            return &text->sections[i];
        }
    }
    text->sections = host_xrealloc(text->sections, (text->count + 1) * sizeof *text->sections);
    struct inf_section *s = &text->sections[text->count++];
    *s = (struct inf_section){.name = host_strdup(name), .line = line};
    return s;
}

static char *
replace_arch(const char *name)
{
    struct host_buf b = {0};
    while (*name != '\0') {
        if (strncasecmp(name, "$ARCH$", 6) == 0) {
            host_buf_adds(&b, "amd64");
            name += 6;
        } else {
            host_buf_addc(&b, *name++);
        }
    }
    return host_buf_take(&b);
}

/*
 * Length of one physical line without its comment. *open tells whether a quoted string is still
 * open at its end; a quote that is written twice inside a string closes and opens it again, which
 * comes to the same here.
 */
static size_t
line_length(const char *line, size_t n, bool *open)
{
    for (size_t i = 0; i < n; i++) {
        if (line[i] == '"') {
            *open = !*open;
        } else if (line[i] == ';' && !*open) {
            n = i;
        }
    }
    while (n > 0 && isspace((unsigned char)line[n - 1])) {
        n--;
    }
    return n;
}

/* Reads one logical line from *at into *out; *number is that of its first physical line, *next of
 * the one after it. */
static int
read_line(
    const char *path, const char **at, int *next, struct host_buf *out, struct host_error *err)
{
    bool more = true;
    while (more && **at != '\0') {
        const char *end = strchr(*at, '\n');
        size_t n = end != NULL ? (size_t)(end - *at) : strlen(*at);
        bool open = false;
        size_t len = line_length(*at, n, &open);
        if (open) {
            return host_fail(err, "%s:%d: string is not terminated", path, *next);
        }
        more = len > 0 && (*at)[len - 1] == '\\';
        host_buf_add(out, *at, more ? len - 1 : len);
        *at += n + (end != NULL);
        (*next)++;
    }
    return 0;
}

static int
section_header(struct inf_text *text,
               char *line,
               int number,
               struct inf_section **current,
               struct host_error *err)
{
    char *close = strchr(line, ']');
    if (close == NULL) {
        return host_fail(err, "%s:%d: section name without ']'", text->path, number);
    }
    *close = '\0';
    char *name = replace_arch(host_trim(line + 1));
    *current = section_add(text, name, number);
    free(name);
    return 0;
}

static void
add_raw(struct inf_section *s, int line, const char *content)
{
    s->lines = host_xrealloc(s->lines, (s->count + 1) * sizeof *s->lines);
    s->lines[s->count++] = (struct inf_raw){.line = line, .text = host_strdup(content)};
}

int
inf_text_load(const char *path, struct inf_text *text, struct host_error *err)
{
    *text = (struct inf_text){0};
    char *content;
    if (host_read_text(path, &content, err) != 0) {
        return -1;
    }
    text->path = host_strdup(path);
    struct inf_section *current = NULL;
    const char *at = content;
    int next = 1, rc = 0;
    while (rc == 0 && *at != '\0') {
        struct host_buf b = {0};
        int number = next;
        rc = read_line(path, &at, &next, &b, err);
        if (rc == 0 && b.len > 0) {
            char *line = host_trim(b.data);
            if (*line == '[') {
                rc = section_header(text, line, number, &current, err);
            } else if (*line != '\0' && current == NULL) {
                rc = host_fail(err, "%s:%d: this line stands in no section", path, number);
            } else if (*line != '\0') {
                add_raw(current, number, line);
            }
        }
        host_buf_free(&b);
    }
    free(content);
    if (rc != 0) {
        inf_text_free(text);
    }
    return rc;
}

void
inf_text_free(struct inf_text *text)
{
    for (size_t i = 0; i < text->count; i++) {
        struct inf_section *s = &text->sections[i];
        for (size_t n = 0; n < s->count; n++) {
            free(s->lines[n].text);
        }
        free(s->lines);
        free(s->name);
    }
    free(text->sections);
    free(text->path);
    *text = (struct inf_text){0};
}

const struct inf_section *
inf_text_section(const struct inf_text *text, const char *name)
{
    for (size_t i = 0; i < text->count; i++) {
        if (strcasecmp(text->sections[i].name, name) == 0) {
            return &text->sections[i];
        }
    }
    return NULL;
}

/* Where the unquoted character c stands in s, NULL if nowhere before stop. */
static const char *
find_unquoted(const char *s, char c, char stop)
{
    bool quoted = false;
    for (; *s != '\0'; s++) {
        if (*s == '"') {
            quoted = !quoted;
        } else if (!quoted && *s == c) {
            return s;
        } else if (!quoted && stop != '\0' && *s == stop) {
            return NULL;
        }
    }
    return NULL;
}

/* Puts a piece of text without its quotes into *out and trims white space that stands outside them.
 */
static char *
unquote(const char *s, size_t n)
{
    struct host_buf b = {0};
    bool quoted = false;
    size_t keep = 0; /* trailing blanks before this were quoted */
    host_buf_add(&b, "", 0);
    for (size_t i = 0; i < n; i++) {
        if (s[i] == '"' && quoted && i + 1 < n && s[i + 1] == '"') {
            host_buf_addc(&b, '"');
            i++;
        } else if (s[i] == '"') {
            quoted = !quoted;
        } else if (quoted || b.len > 0 || !isspace((unsigned char)s[i])) {
            host_buf_addc(&b, s[i]);
        }
        if (quoted) {
            keep = b.len;
        }
    }
    while (b.len > keep && isspace((unsigned char)b.data[b.len - 1])) {
        b.data[--b.len] = '\0';
    }
    return host_buf_take(&b);
}

static bool
string_in(const struct inf_section *strings, const char *token, size_t n, char **value)
{
    for (size_t i = 0; strings != NULL && i < strings->count; i++) {
        const char *line = strings->lines[i].text;
        const char *equal = find_unquoted(line, '=', '\0');
        if (equal == NULL) {
            continue;
        }
        char *key = unquote(line, (size_t)(equal - line));
        bool same = strlen(key) == n && strncasecmp(key, token, n) == 0;
        free(key);
        if (same) {
            const char *comma = find_unquoted(equal + 1, ',', '\0');
            *value =
                unquote(equal + 1, comma != NULL ? (size_t)(comma - equal - 1) : strlen(equal + 1));
            return true;
        }
    }
    return false;
}

/* The text for %token%; NULL if the file does not define it. */
static char *
lookup(const struct inf_text *text, const char *token, size_t n)
{
    char *value = NULL;
    for (size_t i = 0; i < sizeof directories / sizeof *directories; i++) {
        if (strlen(directories[i].id) == n && strncmp(directories[i].id, token, n) == 0) {
            return host_strdup(directories[i].path);
        }
    }
    if (string_in(inf_text_section(text, "Strings"), token, n, &value)) {
        return value;
    }
    for (size_t i = 0; i < text->count; i++) { /* [Strings.0409] and its like */
        if (strncasecmp(text->sections[i].name, "Strings.", 8) == 0 &&
            string_in(&text->sections[i], token, n, &value)) {
            return value;
        }
    }
    return NULL;
}

static bool
all_digits(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!isdigit((unsigned char)s[i])) {
            return false;
        }
    }
    return n > 0;
}

/*
 * Finds what %name% at s (the character after the first percent sign) stands for. *used is the
 * length of "name%". Returns the text, NULL if the percent sign stands for itself (inside quotes
 * and for directory numbers an unknown name stays as it is), or -1 through *rc.
 */
static char *
token_value(const struct inf_text *text,
            int line,
            bool quoted,
            const char *s,
            size_t n,
            size_t *used,
            int *rc,
            struct host_error *err)
{
    const char *close = memchr(s, '%', n);
    if (close == NULL) {
        return NULL;
    }
    size_t len = (size_t)(close - s);
    char *value = len == 0 ? host_strdup("%") : lookup(text, s, len);
    if (value == NULL && !quoted && !all_digits(s, len)) {
        *rc = host_fail(err, "%s:%d: %%%.*s%% is not in [Strings]", text->path, line, (int)len, s);
    }
    *used = len + 1;
    return value;
}

/* One field: strings put in, quotes taken off, white space outside of quotes trimmed. */
static int
field_text(const struct inf_text *text,
           int line,
           const char *s,
           size_t n,
           char **field,
           struct host_error *err)
{
    struct host_buf b = {0};
    bool quoted = false;
    size_t keep = 0; /* what stands before this was quoted or put in, and is not trimmed */
    int rc = 0;
    host_buf_add(&b, "", 0);
    for (size_t i = 0; i < n && rc == 0; i++) {
        size_t used = 0;
        char *value = s[i] == '%'
                          ? token_value(text, line, quoted, s + i + 1, n - i - 1, &used, &rc, err)
                          : NULL;
        if (value != NULL) {
            host_buf_adds(&b, value);
            keep = b.len;
            free(value);
            i += used;
        } else if (s[i] == '"' && quoted && i + 1 < n && s[i + 1] == '"') {
            host_buf_addc(&b, '"');
            i++;
        } else if (s[i] == '"') {
            quoted = !quoted;
        } else if (quoted || b.len > 0 || !isspace((unsigned char)s[i])) {
            host_buf_addc(&b, s[i]);
        }
        keep = quoted ? b.len : keep;
    }
    while (b.len > keep && isspace((unsigned char)b.data[b.len - 1])) {
        b.data[--b.len] = '\0';
    }
    if (rc != 0) {
        host_buf_free(&b);
        return rc;
    }
    *field = host_buf_take(&b);
    return 0;
}

int
inf_text_entry(const struct inf_text *text,
               const struct inf_section *section,
               size_t i,
               struct inf_entry *entry,
               struct host_error *err)
{
    const struct inf_raw *raw = &section->lines[i];
    *entry = (struct inf_entry){.line = raw->line};
    const char *at = raw->text;
    const char *equal = find_unquoted(at, '=', ',');
    int rc = 0;
    if (equal != NULL) {
        rc = field_text(text, raw->line, at, (size_t)(equal - at), &entry->key, err);
        at = equal + 1;
    }
    while (rc == 0 && at != NULL) {
        const char *comma = find_unquoted(at, ',', '\0');
        char *field = NULL;
        rc = field_text(text, raw->line, at, comma != NULL ? (size_t)(comma - at) : strlen(at),
                        &field, err);
        if (rc == 0) {
            host_strv_own(&entry->fields, field);
        }
        at = comma != NULL ? comma + 1 : NULL;
    }
    if (rc != 0) {
        inf_entry_free(entry);
    }
    return rc;
}

void
inf_entry_free(struct inf_entry *entry)
{
    free(entry->key);
    host_strv_free(&entry->fields);
    *entry = (struct inf_entry){0};
}

const char *
inf_entry_field(const struct inf_entry *entry, size_t i)
{
    return i < entry->fields.count ? entry->fields.items[i] : "";
}
