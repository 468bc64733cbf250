/* SPDX-License-Identifier: MIT */
/* The script language: from text to lines. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/scriptp.h"

const struct script_verb script_verbs[] = {
    {"create", "p?o", "create PATH [MODE]", script_create},
    {"write", "pd", "write PATH DATA", script_write},
    {"append", "pd", "append PATH DATA", script_append},
    {"pwrite", "pnd", "pwrite PATH OFFSET DATA", script_pwrite},
    {"read", "p", "read PATH", script_read},
    {"expect", "pd", "expect PATH DATA", script_expect},
    {"truncate", "pn", "truncate PATH SIZE", script_truncate},
    {"rename", "pp", "rename OLD NEW", script_rename},
    {"link", "pp", "link OLD NEW", script_link},
    {"symlink", "wp", "symlink TARGET PATH", script_symlink},
    {"readlink", "p?w", "readlink PATH [TARGET]", script_readlink},
    {"delete", "p", "delete PATH", script_delete},
    {"rmdir", "p", "rmdir PATH", script_rmdir},
    {"mkdir", "p?o", "mkdir PATH [MODE]", script_mkdir},
    {"list", "?p", "list [PATH]", script_list},
    {"stat", "p", "stat PATH", script_stat},
    {"size", "pn", "size PATH SIZE", script_size},
    {"exists", "p", "exists PATH", script_exists},
    {"absent", "p", "absent PATH", script_absent},
    {"chmod", "op", "chmod MODE PATH", script_chmod},
    {"touch", "p", "touch PATH", script_touch},
    {"xattr", "pw?d", "xattr PATH NAME [DATA]", script_xattr},
    {"open", "wp?m", "open NAME PATH [r|w|rw|d]", script_open},
    {"close", "w", "close NAME", script_close},
    {"sleep", "n", "sleep MILLISECONDS", script_sleep},
    {"echo", "?d", "echo [DATA]", script_echo},
    {NULL, NULL, NULL, NULL},
};

struct parser {
    const char *name;
    int line;
    const char *at;
    struct host_error *err;
};

static int
fail(const struct parser *p, const char *what, const char *arg)
{
    return host_fail(p->err, "%s:%d: %s%s", p->name, p->line, what, arg);
}

/* ---- words ---- */

static int
hex_digit(char c)
{
    return isdigit((unsigned char)c)    ? c - '0'
           : isxdigit((unsigned char)c) ? tolower((unsigned char)c) - 'a' + 10
                                        : -1;
}

/* One character behind a backslash. */
static int
parse_escape(struct parser *p, struct host_buf *b)
{
    static const char from[] = "nrt0\\\"", to[] = "\n\r\t\0\\\"";
    const char c = *p->at++;
    const char *found = c != '\0' ? strchr(from, c) : NULL;
    if (found != NULL) {
        host_buf_addc(b, to[found - from]);
        return 0;
    }
    if (c == 'x' && hex_digit(p->at[0]) >= 0 && hex_digit(p->at[1]) >= 0) {
        host_buf_addc(b, (char)(hex_digit(p->at[0]) * 16 + hex_digit(p->at[1])));
        p->at += 2;
        return 0;
    }
    return fail(p, "unknown escape; known are \\n \\r \\t \\0 \\\\ \\\" \\xHH", "");
}

/* 1: *word and its *size are set; 0: the line has ended; -1. Caller frees. */
static int
parse_word(struct parser *p, char **word, size_t *size, bool *quoted)
{
    struct host_buf b = {0};
    p->at += strspn(p->at, " \t");
    *quoted = *p->at == '"';
    if (*p->at == '\0' || *p->at == '#') {
        return 0;
    }
    if (!*quoted) {
        size_t n = strcspn(p->at, " \t");
        host_buf_add(&b, p->at, n);
        p->at += n;
        *size = b.len;
        *word = host_buf_take(&b);
        return 1;
    }
    for (p->at++; *p->at != '"';) {
        if (*p->at == '\0') {
            host_buf_free(&b);
            return fail(p, "the closing quote is missing", "");
        }
        if (*p->at != '\\') {
            host_buf_addc(&b, *p->at++);
            continue;
        }
        p->at++;
        if (parse_escape(p, &b) != 0) {
            host_buf_free(&b);
            return -1;
        }
    }
    p->at++;
    *size = b.len;
    *word = host_buf_take(&b);
    return 1;
}

static bool
parse_number(const char *text, int base, uint64_t *number)
{
    static const char suffixes[] = "kMG";
    char *end;
    errno = 0;
    *number = strtoull(text, &end, base);
    if (errno != 0 || end == text || !isdigit((unsigned char)*text)) {
        return false;
    }
    const char *suffix = *end != '\0' ? strchr(suffixes, *end) : NULL;
    if (suffix != NULL && base == 10) {
        *number <<= 10 * (suffix - suffixes + 1);
        end++;
    }
    return *end == '\0';
}

/* ---- arguments ---- */

/* N bytes of a pattern in which every place differs from its neighbours. */
static void
fill_pattern(struct script_data *data, uint64_t size)
{
    data->size = size;
    data->bytes = host_xalloc(size + 1);
    for (uint64_t i = 0; i < size; i++) {
        data->bytes[i] = (char)('a' + (i + i / 26 + i / 4096) % 26);
    }
    data->bytes[size] = '\0';
}

static int
read_data_file(struct parser *p, const char *file, struct script_data *data)
{
    struct host_error inner;
    char *dir = strchr(p->name, '/') != NULL ? host_path_dir(p->name) : host_strdup(".");
    char *path = *file == '/' ? host_strdup(file) : host_path_join(dir, file);
    int rc = host_read_file(path, &data->bytes, &data->size, &inner);
    free(path);
    free(dir);
    return rc == 0 ? 0 : fail(p, inner.text, "");
}

static int
parse_data(struct parser *p, struct script_line *l)
{
    char *word, *unit;
    size_t size, unit_size;
    bool quoted;
    uint64_t number;
    int rc = parse_word(p, &word, &size, &quoted);
    if (rc <= 0) {
        return rc;
    }
    if (!quoted && *word == '@') {
        rc = read_data_file(p, word + 1, &l->data);
        free(word);
        return rc == 0 ? 1 : -1;
    }
    const char *before = p->at;
    if (!quoted && parse_number(word, 10, &number) &&
        parse_word(p, &unit, &unit_size, &quoted) > 0) {
        bool bytes = strcmp(unit, "bytes") == 0 || strcmp(unit, "byte") == 0;
        free(unit);
        if (bytes && number <= (UINT64_C(1) << 32)) {
            free(word);
            fill_pattern(&l->data, number);
            return 1;
        }
        p->at = before;
    }
    l->data = (struct script_data){word, size};
    return 1;
}

static int
parse_argument(struct parser *p, struct script_line *l, char form, size_t *numbers)
{
    char *word;
    size_t size;
    bool quoted;
    if (form == 'd') {
        return parse_data(p, l);
    }
    int rc = parse_word(p, &word, &size, &quoted);
    if (rc <= 0) {
        return rc;
    }
    l->args = host_xrealloc(l->args, (l->count + 1) * sizeof *l->args);
    l->args[l->count++] = (struct script_arg){word, quoted};
    if (strlen(word) != size) {
        return fail(p, "a NUL cannot stand in a name", "");
    }
    if ((form == 'n' || form == 'o') &&
        !parse_number(word, form == 'o' ? 8 : 10, &l->numbers[(*numbers)++])) {
        return fail(p, form == 'o' ? "not an octal mode: " : "not a number: ", word);
    }
    if (form == 'm' && strcmp(word, "r") != 0 && strcmp(word, "w") != 0 && strcmp(word, "rw") != 0 &&
        strcmp(word, "d") != 0) {
        return fail(p, "neither r, w, rw nor d: ", word);
    }
    return 1;
}

static int
parse_arguments(struct parser *p, struct script_line *l)
{
    const struct script_verb *verb = &script_verbs[l->verb];
    bool optional = false;
    size_t numbers = 0;
    for (const char *form = verb->form; *form != '\0'; form++) {
        if (*form == '?') {
            optional = true;
            continue;
        }
        int rc = parse_argument(p, l, *form, &numbers);
        if (rc < 0) {
            return -1;
        }
        if (rc == 0) {
            return optional ? 0 : fail(p, "too few arguments; usage: ", verb->usage);
        }
    }
    p->at += strspn(p->at, " \t");
    return *p->at == '\0' || *p->at == '#' ? 0
                                           : fail(p, "too many arguments; usage: ", verb->usage);
}

/* ---- lines ---- */

static const struct {
    const char *name;
    int number;
} errnos[] = {
    {"ENOENT", ENOENT},
    {"EEXIST", EEXIST},
    {"EACCES", EACCES},
    {"EPERM", EPERM},
    {"EIO", EIO},
    {"ENOTDIR", ENOTDIR},
    {"EISDIR", EISDIR},
    {"ENOTEMPTY", ENOTEMPTY},
    {"EBUSY", EBUSY},
    {"EINVAL", EINVAL},
    {"ENOSPC", ENOSPC},
    {"EROFS", EROFS},
    {"ENAMETOOLONG", ENAMETOOLONG},
    {"ENODATA", ENODATA},
    {"ELOOP", ELOOP},
    {"EMLINK", EMLINK},
    {"EFBIG", EFBIG},
    {"EOPNOTSUPP", EOPNOTSUPP},
    {"ETXTBSY", ETXTBSY},
    {"EXDEV", EXDEV},
    {"EBADF", EBADF},
};

/* "!" or "!ENOENT", in front of the verb or on its own. */
static int
parse_negation(struct parser *p, struct script_line *l)
{
    l->must_fail = true;
    p->at++;
    if (*p->at != 'E') {
        return 0;
    }
    size_t n = strcspn(p->at, " \t");
    for (size_t i = 0; i < sizeof errnos / sizeof *errnos; i++) {
        if (strlen(errnos[i].name) == n && strncmp(errnos[i].name, p->at, n) == 0) {
            l->must_errno = errnos[i].number;
            p->at += n;
            return 0;
        }
    }
    return fail(p, "unknown error name behind !", "");
}

static int
parse_line(struct parser *p, struct script_line *l)
{
    char *word;
    size_t size;
    bool quoted;
    p->at += strspn(p->at, " \t");
    if (*p->at == '!' && parse_negation(p, l) != 0) {
        return -1;
    }
    int rc = parse_word(p, &word, &size, &quoted);
    if (rc <= 0) {
        return rc == 0 && l->must_fail ? fail(p, "an operation must follow !", "") : rc;
    }
    for (l->verb = 0;
         script_verbs[l->verb].name != NULL && strcmp(script_verbs[l->verb].name, word) != 0;) {
        l->verb++;
    }
    if (script_verbs[l->verb].name == NULL) {
        fail(p, "unknown operation: ", word);
        free(word);
        return -1;
    }
    free(word);
    return parse_arguments(p, l) == 0 ? 1 : -1;
}

static void
free_line(struct script_line *l)
{
    for (size_t i = 0; i < l->count; i++) {
        free(l->args[i].text);
    }
    free(l->args);
    free(l->data.bytes);
}

void
script_free(struct script *script)
{
    for (size_t i = 0; i < script->count; i++) {
        free_line(&script->lines[i]);
    }
    free(script->lines);
    free(script->name);
    memset(script, 0, sizeof *script);
}

int
script_parse(const char *name, const char *text, struct script *script, struct host_error *err)
{
    struct parser p = {.name = name, .err = err};
    memset(script, 0, sizeof *script);
    script->name = host_strdup(name);
    while (*text != '\0') {
        size_t n = strcspn(text, "\n");
        char *line = host_strndup(text, n > 0 && text[n - 1] == '\r' ? n - 1 : n);
        struct script_line l = {.line = ++p.line};
        p.at = line;
        int rc = parse_line(&p, &l);
        free(line);
        if (rc <= 0) {
            free_line(&l);
        } else {
            script->lines =
                host_xrealloc(script->lines, (script->count + 1) * sizeof *script->lines);
            script->lines[script->count++] = l;
        }
        if (rc < 0) {
            script_free(script);
            return -1;
        }
        text += n + (text[n] == '\n');
    }
    return 0;
}
