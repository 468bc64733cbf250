/* SPDX-License-Identifier: MIT */
/* Suppressions of findings. */
#include "host/suppress.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "host/jsontext.h"

/* ---- reading ---- */

struct reader {
    struct suppress *into;
    struct suppression *open; /* the block that is being read */
    const char *path;
    int line;
    struct host_error *err;
};

static int
complain(const struct reader *r, const char *what, const char *word)
{
    return host_fail(r->err, "%s:%d: %s%s", r->path, r->line, what, word);
}

static struct suppression *
add(struct reader *r)
{
    struct suppress *s = r->into;
    s->items = host_xrealloc(s->items, (s->count + 1) * sizeof *s->items);
    s->items[s->count] = (struct suppression){.path = host_strdup(r->path), .line = r->line};
    return &s->items[s->count++];
}

static int
set(const struct reader *r, struct suppression *s, const char *key, const char *value)
{
    char **slot = strcmp(key, "code") == 0       ? &s->code
                  : strcmp(key, "filter") == 0   ? &s->filter
                  : strcmp(key, "function") == 0 ? &s->function
                  : strcmp(key, "file") == 0     ? &s->file
                                                 : NULL;
    if (slot == NULL) {
        return complain(r, "neither code, filter, function nor file: ", key);
    }
    if (*slot != NULL || *value == '\0') {
        return complain(r, *value == '\0' ? "nothing after " : "twice: ", key);
    }
    *slot = host_strdup(value);
    return 0;
}

/* CODE key=value ... */
static int
read_line(struct reader *r, char *text)
{
    struct suppression *s = add(r);
    char *save = NULL, *word = strtok_r(text, " \t", &save);
    int rc = set(r, s, "code", word);
    while (rc == 0 && (word = strtok_r(NULL, " \t", &save)) != NULL) {
        char *value = strchr(word, '=');
        if (value == NULL) {
            return complain(r, "key=value is expected, not ", word);
        }
        *value++ = '\0';
        rc = set(r, s, word, value);
    }
    return rc;
}

static int
read_in_block(struct reader *r, char *text)
{
    char *colon = strstr(text, ": ");
    if (strcmp(text, "}") == 0) {
        if (r->open->code == NULL) {
            return complain(r, "a block without a code", "");
        }
        r->open = NULL;
        return 0;
    }
    if (r->open->name == NULL && r->open->code == NULL &&
        (colon == NULL || strncmp(text, "code", 4) != 0)) {
        r->open->name = host_strdup(text);
        return 0;
    }
    if (colon == NULL) {
        return complain(r, "\"key: value\" is expected, not ", text);
    }
    *colon = '\0';
    return set(r, r->open, host_trim(text), host_trim(colon + 2));
}

static int
read_any(struct reader *r, char *text)
{
    char *comment = strchr(text, '#');
    if (comment != NULL) {
        *comment = '\0';
    }
    text = host_trim(text);
    if (*text == '\0') {
        return 0;
    }
    if (r->open != NULL) {
        return read_in_block(r, text);
    }
    if (strcmp(text, "{") == 0) {
        r->open = add(r);
        return 0;
    }
    return read_line(r, text);
}

int
suppress_load(struct suppress *s, const char *path, struct host_error *err)
{
    struct reader r = {.into = s, .path = path, .err = err};
    char *text, *save = NULL;
    size_t len;
    int rc = 0;
    if (host_read_file(path, &text, &len, err) != 0) {
        return -1;
    }
    for (char *line = text; line != NULL && rc == 0; line = save) {
        save = strchr(line, '\n');
        if (save != NULL) {
            *save++ = '\0';
        }
        r.line++;
        rc = read_any(&r, line);
    }
    if (rc == 0 && r.open != NULL) {
        r.line = r.open->line;
        rc = complain(&r, "this block does not end", "");
    }
    free(text);
    return rc;
}

void
suppress_free(struct suppress *s)
{
    for (size_t i = 0; i < s->count; i++) {
        free(s->items[i].name);
        free(s->items[i].code);
        free(s->items[i].filter);
        free(s->items[i].function);
        free(s->items[i].file);
        free(s->items[i].path);
    }
    free(s->items);
    *s = (struct suppress){0};
}

/* ---- matching ---- */

static bool
fits(const char *pattern, const char *text)
{
    return pattern == NULL || fnmatch(pattern, text, FNM_CASEFOLD) == 0;
}

static bool
fits_frame(const struct suppression *s, const json_t *frame)
{
    const char *file = str(frame, "file");
    return fits(s->function, str(frame, "function")) &&
           (s->file == NULL || fits(s->file, file) || fits(s->file, host_path_base(file)));
}

struct suppression *
suppress_find(const struct suppress *list, const json_t *finding)
{
    const json_t *frame;
    size_t n;
    for (size_t i = 0; i < list->count; i++) {
        struct suppression *s = &list->items[i];
        if (!fits(s->code, str(finding, "code")) || !fits(s->filter, str(finding, "filter"))) {
            continue;
        }
        if (s->function == NULL && s->file == NULL) {
            return s;
        }
        json_array_foreach(json_object_get(finding, "stack"), n, frame)
        {
            if (json_is_true(json_object_get(frame, "driver")) && fits_frame(s, frame)) {
                return s;
            }
        }
    }
    return NULL;
}

static char *
title(const struct suppression *s)
{
    return s->name != NULL ? host_strdup(s->name) : host_printf("%s:%d", s->path, s->line);
}

void
suppress_apply(struct suppress *list, json_t *report)
{
    json_t *kept = json_array(), *hidden = json_array(), *uses = json_array(), *f;
    size_t i;
    json_array_foreach(json_object_get(report, "findings"), i, f)
    {
        struct suppression *s = suppress_find(list, f);
        if (s != NULL) {
            char *name = title(s);
            s->uses += (unsigned long long)json_integer_value(json_object_get(f, "count"));
            json_object_set_new(f, "suppressed_by", json_string(name));
            free(name);
        }
        json_array_append(s != NULL ? hidden : kept, f);
    }
    json_object_set_new(report, "findings", kept);
    json_object_set_new(report, "suppressed", hidden);
    for (i = 0; i < list->count; i++) {
        const struct suppression *s = &list->items[i];
        char *name = title(s);
        json_array_append_new(uses, json_pack("{s:s, s:s, s:i, s:I}", "name", name, "file", s->path,
                                              "line", s->line, "uses", (json_int_t)s->uses));
        free(name);
    }
    json_object_set_new(report, "suppressions", uses);
}

/* ---- writing ---- */

void
suppress_print(const json_t *finding, FILE *to)
{
    const json_t *frame;
    size_t i;
    fprintf(to, "{\n   (why this is no mistake)\n   code: %s\n", str(finding, "code"));
    if (*str(finding, "filter") != '\0') {
        fprintf(to, "   filter: %s\n", str(finding, "filter"));
    }
    json_array_foreach(json_object_get(finding, "stack"), i, frame)
    {
        if (json_is_true(json_object_get(frame, "driver")) && *str(frame, "function") != '\0') {
            fprintf(to, "   function: %s\n", str(frame, "function"));
            if (*str(frame, "file") != '\0') {
                fprintf(to, "   file: %s\n", host_path_base(str(frame, "file")));
            }
            break;
        }
    }
    fprintf(to, "}\n");
}
