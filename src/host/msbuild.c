/* SPDX-License-Identifier: MIT */
/* Properties and conditions of project files; see msbuild.h. */
#include "host/msbuild.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static size_t
find_prop(const struct msbuild_props *props, const char *name, size_t n)
{
    for (size_t i = 0; i < props->names.count; i++) {
        if (strlen(props->names.items[i]) == n &&
            strncasecmp(props->names.items[i], name, n) == 0) {
            return i;
        }
    }
    return props->names.count;
}

const char *
msbuild_get(const struct msbuild_props *props, const char *name)
{
    size_t i = find_prop(props, name, strlen(name));
    return i < props->names.count ? props->values.items[i] : "";
}

void
msbuild_set(struct msbuild_props *props, const char *name, const char *value)
{
    size_t i = find_prop(props, name, strlen(name));
    char *copy = host_strdup(value);
    if (i < props->names.count) {
        free(props->values.items[i]);
        props->values.items[i] = copy;
    } else {
        host_strv_add(&props->names, name);
        host_strv_own(&props->values, copy);
    }
}

void
msbuild_free(struct msbuild_props *props)
{
    host_strv_free(&props->names);
    host_strv_free(&props->values);
}

/* Length of "(…)" at s with nested parentheses; 0 if it is not closed. */
static size_t
group_length(const char *s)
{
    int depth = 0;
    for (size_t i = 0; s[i] != '\0'; i++) {
        depth += (s[i] == '(') - (s[i] == ')');
        if (depth == 0) {
            return i + 1;
        }
    }
    return 0;
}

static void
expand_one(const struct msbuild_props *props,
           char kind,
           const char *name,
           size_t n,
           const char *inherited,
           struct host_buf *out)
{
    if (kind == '%' && inherited != NULL) {
        host_buf_adds(out, inherited);
    } else if (kind == '$') {
        size_t i = find_prop(props, name, n);
        if (i < props->names.count) {
            host_buf_adds(out, props->values.items[i]);
        }
    }
}

char *
msbuild_expand(const struct msbuild_props *props, const char *text, const char *inherited)
{
    struct host_buf out = {0};
    for (size_t i = 0; text[i] != '\0'; i++) {
        size_t n = 0;
        if (strchr("$%@", text[i]) != NULL && text[i + 1] == '(') {
            n = group_length(text + i + 1);
        }
        if (n == 0) {
            host_buf_addc(&out, text[i]);
            continue;
        }
        expand_one(props, text[i], text + i + 2, n - 2, inherited, &out);
        i += n;
    }
    return host_buf_take(&out);
}

/* Recursive descent: or, and, comparison, primary. Each returns 1, 0, or -1 with the message set.
 */
struct condition {
    const struct msbuild_props *props;
    const char *dir;
    const char *at;
    struct host_error *err;
};

static int
parse_or(struct condition *c);

static void
skip_space(struct condition *c)
{
    while (isspace((unsigned char)*c->at)) {
        c->at++;
    }
}

static bool
take_word(struct condition *c, const char *word)
{
    size_t n = strlen(word);
    skip_space(c);
    if (strncasecmp(c->at, word, n) != 0 ||
        (isalpha((unsigned char)*word) && isalnum((unsigned char)c->at[n]))) {
        return false;
    }
    c->at += n;
    return true;
}

/* A quoted or bare operand, expanded; NULL with the message set where there is none. */
static char *
take_operand(struct condition *c)
{
    skip_space(c);
    const char *start = c->at;
    size_t n;
    if (*start == '\'') {
        const char *end = strchr(start + 1, '\'');
        if (end == NULL) {
            host_fail(c->err, "string is not terminated");
            return NULL;
        }
        n = (size_t)(end - ++start);
        c->at = end + 1;
    } else {
        if (*start == '$' && start[1] == '(') {
            n = 1 + group_length(start + 1);
        } else {
            n = strcspn(start, " \t\r\n()=!<>'");
        }
        if (n == 0) {
            host_fail(c->err, "a value is missing");
            return NULL;
        }
        c->at = start + n;
    }
    char *raw = host_strndup(start, n);
    char *value = msbuild_expand(c->props, raw, NULL);
    free(raw);
    return value;
}

static int
call_exists(struct condition *c)
{
    char *operand = take_word(c, "(") ? take_operand(c) : NULL;
    if (operand == NULL || !take_word(c, ")")) {
        free(operand);
        return host_fail(c->err, "a call is not closed");
    }
    char *found = *operand != '\0' ? host_path_find(c->dir, operand) : NULL;
    int result = found != NULL;
    free(found);
    free(operand);
    return result;
}

static int
call_trailing_slash(struct condition *c)
{
    char *operand = take_word(c, "(") ? take_operand(c) : NULL;
    if (operand == NULL || !take_word(c, ")")) {
        free(operand);
        return host_fail(c->err, "a call is not closed");
    }
    int result = host_ends_with(operand, "\\") || host_ends_with(operand, "/");
    free(operand);
    return result;
}

static int
compare(const char *op, const char *a, const char *b)
{
    char *enda, *endb;
    double x = strtod(a, &enda), y = strtod(b, &endb);
    bool numbers = *a != '\0' && *b != '\0' && *enda == '\0' && *endb == '\0';
    int order = numbers ? (x > y) - (x < y) : strcasecmp(a, b);
    if (op[0] == '=') {
        return order == 0;
    }
    if (op[0] == '!') {
        return order != 0;
    }
    if (op[1] == '=') {
        return op[0] == '<' ? order <= 0 : order >= 0;
    }
    return op[0] == '<' ? order < 0 : order > 0;
}

static int
parse_comparison(struct condition *c)
{
    static const char *const ops[] = {"==", "!=", "<=", ">=", "<", ">"};
    char *left = take_operand(c);
    if (left == NULL) {
        return -1;
    }
    int result = -2;
    for (size_t i = 0; i < sizeof ops / sizeof *ops && result == -2; i++) {
        if (take_word(c, ops[i])) {
            char *right = take_operand(c);
            result = right != NULL ? compare(ops[i], left, right) : -1;
            free(right);
        }
    }
    if (result == -2) {
        bool yes = strcasecmp(left, "true") == 0 || strcasecmp(left, "on") == 0 ||
                   strcasecmp(left, "yes") == 0;
        bool no = strcasecmp(left, "false") == 0 || strcasecmp(left, "off") == 0 ||
                  strcasecmp(left, "no") == 0;
        result = yes ? 1
                 : no || *left == '\0'
                     ? 0
                     : host_fail(c->err, "\"%s\" is neither true nor false", left);
    }
    free(left);
    return result;
}

static int
parse_primary(struct condition *c)
{
    skip_space(c);
    if (*c->at == '!' && c->at[1] != '=') {
        c->at++;
        int r = parse_primary(c);
        return r < 0 ? r : !r;
    }
    if (take_word(c, "(")) {
        int r = parse_or(c);
        return r >= 0 && !take_word(c, ")") ? host_fail(c->err, "a parenthesis is not closed") : r;
    }
    if (take_word(c, "Exists")) {
        return call_exists(c);
    }
    if (take_word(c, "HasTrailingSlash")) {
        return call_trailing_slash(c);
    }
    return parse_comparison(c);
}

static int
parse_and(struct condition *c)
{
    int result = parse_primary(c);
    while (result >= 0 && take_word(c, "and")) {
        int r = parse_primary(c);
        result = r < 0 ? r : result && r;
    }
    return result;
}

static int
parse_or(struct condition *c)
{
    int result = parse_and(c);
    while (result >= 0 && take_word(c, "or")) {
        int r = parse_and(c);
        result = r < 0 ? r : result || r;
    }
    return result;
}

int
msbuild_condition(const struct msbuild_props *props,
                  const char *dir,
                  const char *text,
                  struct host_error *err)
{
    struct condition c = {.props = props, .dir = dir, .at = text, .err = err};
    skip_space(&c);
    if (*c.at == '\0') {
        return 1;
    }
    int result = parse_or(&c);
    skip_space(&c);
    if (result >= 0 && *c.at != '\0') {
        return host_fail(err, "cannot be understood from \"%s\"", c.at);
    }
    return result;
}
