/* SPDX-License-Identifier: MIT */
/* The include farm; see farm.h. */
#include "host/farm.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* Includes may begin with "..": so many levels of it stay inside the farm. */
#define FARM_DEPTH "u/u/u/u"

struct farm {
    const struct host_project *project;
    const char *nt;
    const char *root;
    char *dir;
    struct host_strv scanned; /* files read */
    struct host_strv written; /* headers of this build, absolute */
    struct host_strv traces;  /* .tmh names to stub */
    struct host_strv tracers; /* trace functions that the driver declares for WPP */
    struct host_strv *notes;
    struct host_error *err;
};

static int
scan_file(struct farm *f, const struct host_source *source, const char *path);

static int
write_header(struct farm *f, const char *name, const char *text)
{
    char *path = host_path_join(f->dir, name);
    char *clean = host_path_absolute(path);
    size_t n = strlen(f->root);
    int rc = 0;
    if (strncmp(clean, f->root, n) == 0 && clean[n] == '/') {
        char *dir = host_path_dir(clean);
        char *asked = host_path_dir(path); /* "a/../b.h": the compiler needs a, too */
        rc = host_mkdirs(dir, f->err);
        if (rc == 0 && strstr(asked, "..") == NULL) {
            rc = host_mkdirs(asked, f->err);
        }
        if (rc == 0) {
            rc = host_write_if_changed(clean, text, strlen(text), f->err);
            host_strv_add(&f->written, clean);
        }
        free(asked);
        free(dir);
    }
    free(clean);
    free(path);
    return rc;
}

/* Writes text under the name as it stands in the source, and with slashes where that has
 * backslashes. */
static int
write_names(struct farm *f, const char *name, const char *text)
{
    char *slashed = host_strdup(name);
    for (char *p = slashed; *p != '\0'; p++) {
        *p = *p == '\\' ? '/' : *p;
    }
    int rc = write_header(f, slashed, text);
    if (rc == 0 && strcmp(slashed, name) != 0 && strchr(name, '/') == NULL) {
        rc = write_header(f, name, text);
    }
    free(slashed);
    return rc;
}

static int
write_forward(struct farm *f, const char *name, const char *real)
{
    size_t n = strlen(f->nt);
    char *text = strncmp(real, f->nt, n) == 0 && real[n] == '/'
                     ? host_printf("#include <%s>\n", real + n + 1)
                     : host_printf("#include \"%s\"\n", real);
    int rc = write_names(f, name, text);
    free(text);
    return rc;
}

/* Headers of the C library: <string.h> never means a driver's own file unless its directories are
 * searched for it. */
static bool
is_library_header(const char *name)
{
    static const char *const builtin[] = {"stdarg.h", "stddef.h", "stdint.h",   "stdbool.h",
                                          "limits.h", "float.h",  "stdatomic.h"};
    for (size_t i = 0; i < sizeof builtin / sizeof *builtin; i++) {
        if (strcasecmp(name, builtin[i]) == 0) {
            return true;
        }
    }
    char *path = host_path_join("/usr/include", name);
    bool there = host_is_file(path);
    free(path);
    return there;
}

/* The directories that MSVC would search for an include, in order; `plain` of them the compiler
 * searches as well. */
static void
search_path(const struct farm *f,
            const struct host_source *s,
            const char *includer,
            bool quoted,
            struct host_strv *dirs,
            size_t *plain)
{
    char *own = host_path_dir(includer), *source = host_path_dir(s->path);
    if (quoted) {
        host_strv_add(dirs, own);
        host_strv_add(dirs, source);
        host_strv_add(dirs, f->project->dir);
    }
    host_strv_copy(dirs, &s->includes);
    host_strv_add(dirs, f->nt);
    *plain = dirs->count;
    if (!quoted) {
        host_strv_add(dirs, own);
        host_strv_add(dirs, source);
        host_strv_add(dirs, f->project->dir);
    }
    free(own);
    free(source);
}

/* A header that the message compiler would make: NAME.h beside NAME.mc. */
static bool
is_message_header(const struct farm *f, const char *name)
{
    char *stem = host_path_stem(name);
    bool yes = false;
    for (size_t i = 0; i < f->project->message_files.count && !yes; i++) {
        char *mc = host_path_stem(f->project->message_files.items[i]);
        yes = strcasecmp(mc, stem) == 0;
        free(mc);
    }
    free(stem);
    return yes;
}

static int
missing(struct farm *f, const char *name)
{
    if (host_ends_with(name, ".tmh")) {
        if (!host_strv_has(&f->traces, name)) {
            host_strv_add(&f->traces, name);
        }
        return 0;
    }
    return is_message_header(f, name) ? write_names(f, name, "/* made by the message compiler */\n")
                                      : 0;
}

static int
resolve(struct farm *f,
        const struct host_source *s,
        const char *includer,
        const char *name,
        bool quoted)
{
    struct host_strv dirs = {0};
    size_t plain;
    int rc = -2;
    search_path(f, s, includer, quoted, &dirs, &plain);
    for (size_t i = 0; i < dirs.count && rc == -2; i++) {
        if (i >= plain && is_library_header(name)) {
            break;
        }
        char *found = host_path_find(dirs.items[i], name);
        if (found == NULL || !host_is_file(found)) {
            free(found);
            continue;
        }
        char *exact = host_path_join(dirs.items[i], name);
        rc = 0;
        if (i >= plain || strchr(name, '\\') != NULL || access(exact, F_OK) != 0) {
            rc = write_forward(f, name, found);
        }
        if (rc == 0 && strcmp(dirs.items[i], f->nt) != 0) {
            rc = scan_file(f, s, found);
        }
        free(exact);
        free(found);
    }
    host_strv_free(&dirs);
    return rc == -2 ? missing(f, name) : rc;
}

/* If line is an #include, returns the name (caller frees) and whether it is quoted. */
static char *
include_name(const char *line, bool *quoted)
{
    line += strspn(line, " \t");
    if (*line++ != '#') {
        return NULL;
    }
    line += strspn(line, " \t");
    if (strncmp(line, "include", 7) != 0) {
        return NULL;
    }
    line += 7;
    line += strspn(line, " \t");
    char close = *line == '"' ? '"' : '>';
    if (*line != '"' && *line != '<') {
        return NULL;
    }
    const char *end = strchr(line + 1, close);
    if (end == NULL || end == line + 1) {
        return NULL;
    }
    *quoted = close == '"';
    return host_strndup(line + 1, (size_t)(end - line - 1));
}

/* "// FUNC Name{LEVEL=X}(MSG, ...)" in a begin_wpp config block declares a trace function. */
static void
note_tracer(struct farm *f, const char *line)
{
    const char *at = strstr(line, "FUNC ");
    if (at == NULL) {
        return;
    }
    at += 5;
    at += strspn(at, " \t");
    size_t n = strspn(at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
    char *name = host_strndup(at, n);
    if (n > 0 && !host_strv_has(&f->tracers, name)) {
        host_strv_own(&f->tracers, name);
    } else {
        free(name);
    }
}

/* A member "long x;" or "unsigned long x[2];": 32 bits on Windows, 64 here. */
static bool
is_long_member(const char *line)
{
    static const char *const words[] = {"unsigned", "signed", "volatile", "const", "int"};
    bool has_long = false;
    for (;;) {
        line += strspn(line, " \t");
        size_t n = strspn(line, "abcdefghijklmnopqrstuvwxyz_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ");
        bool known = n == 4 && strncmp(line, "long", 4) == 0;
        if (known && has_long) {
            return false; /* long long */
        }
        has_long |= known;
        for (size_t i = 0; i < sizeof words / sizeof *words && !known; i++) {
            known = strlen(words[i]) == n && strncmp(line, words[i], n) == 0;
        }
        if (!known) {
            const char *after = line + n + strspn(line + n, " \t");
            return has_long && n > 0 && (*after == ';' || *after == '[');
        }
        line += n;
    }
}

/* What one line may say besides includes; *depth counts the braces of the structure that it stands
 * in. */
static void
remark(struct farm *f, const char *path, int number, const char *line, int *depth, bool *wpp)
{
    if (strstr(line, "begin_wpp") != NULL || strstr(line, "end_wpp") != NULL) {
        *wpp = strstr(line, "begin_wpp") != NULL;
    } else if (*wpp) {
        note_tracer(f, line);
    }
    if (*depth > 0 && is_long_member(line)) {
        host_strv_addf(
            f->notes,
            "%s:%d: a member of type long has 64 bits here and 32 on Windows; LONG has 32 on both",
            path, number);
    }
    bool opens = *depth > 0 || strstr(line, "struct") != NULL || strstr(line, "union") != NULL;
    for (const char *p = line; *p != '\0' && opens; p++) {
        *depth += (*p == '{') - (*p == '}');
    }
    *depth = *depth < 0 ? 0 : *depth;
}

static int
scan_file(struct farm *f, const struct host_source *source, const char *path)
{
    if (host_strv_has(&f->scanned, path)) {
        return 0;
    }
    host_strv_add(&f->scanned, path);
    char *text;
    if (host_read_text(path, &text, f->err) != 0) {
        return -1;
    }
    int rc = 0, number = 1, depth = 0;
    bool wpp = false;
    char *save = NULL;
    for (char *line = text; line != NULL && rc == 0; line = save, number++) {
        save = strchr(line, '\n');
        if (save != NULL) {
            *save++ = '\0';
        }
        bool quoted = false;
        char *name = include_name(line, &quoted);
        if (name != NULL) {
            rc = resolve(f, source, path, name, quoted);
            free(name);
        } else {
            remark(f, path, number, line, &depth, &wpp);
        }
    }
    free(text);
    return rc;
}

/* Trace headers: tracing is compiled out. */
static int
write_traces(struct farm *f)
{
    static const char *const macros[] = {
        "WPP_INIT_TRACING",    "WPP_CLEANUP",  "WPP_CONTROL_INITIALIZE", "DoTraceMessage",
        "DoTraceLevelMessage", "DoDebugTrace", "WPP_RECORDER_SF_"};
    struct host_buf b = {0};
    for (size_t i = 0; i < sizeof macros / sizeof *macros; i++) {
        host_buf_addf(&b, "#ifndef %s\n#define %s(...) ((void)0)\n#endif\n", macros[i], macros[i]);
    }
    host_buf_adds(&b, "#ifndef WPP_LEVEL_ENABLED\n#define WPP_LEVEL_ENABLED(...) 0\n#endif\n");
    for (size_t i = 0; i < f->tracers.count; i++) {
        host_buf_addf(&b, "#ifndef %s\n#define %s(...) ((void)0)\n#endif\n", f->tracers.items[i],
                      f->tracers.items[i]);
    }
    int rc = 0;
    for (size_t i = 0; i < f->traces.count && rc == 0; i++) {
        rc = write_names(f, f->traces.items[i], b.data);
    }
    host_buf_free(&b);
    return rc;
}

/* Removes the headers of earlier builds that this one does not need. */
static void
remove_stale(const struct farm *f, const char *dir)
{
    struct host_strv files = {0}, dirs = {0};
    host_list_files(dir, "", &files);
    host_list_dirs(dir, &dirs);
    for (size_t i = 0; i < files.count; i++) {
        if (!host_strv_has(&f->written, files.items[i])) {
            unlink(files.items[i]);
        }
    }
    for (size_t i = 0; i < dirs.count; i++) {
        remove_stale(f, dirs.items[i]);
    }
    host_strv_free(&files);
    host_strv_free(&dirs);
}

int
farm_build(const struct host_project *project,
           const char *nt,
           const char *root,
           char **dir,
           struct host_strv *notes,
           struct host_error *err)
{
    struct farm f = {.project = project, .nt = nt, .root = root, .notes = notes, .err = err};
    f.dir = host_printf("%s/%s", root, FARM_DEPTH);
    int rc = host_mkdirs(f.dir, err);
    for (size_t i = 0; i < project->source_count && rc == 0; i++) {
        const struct host_source *s = &project->sources[i];
        rc = scan_file(&f, s, s->path);
        for (size_t n = 0; n < s->forced.count && rc == 0; n++) {
            rc = resolve(&f, s, s->path, s->forced.items[n], true);
        }
    }
    if (rc == 0) {
        rc = write_traces(&f);
    }
    if (rc == 0) {
        remove_stale(&f, root);
    }
    host_strv_free(&f.scanned);
    host_strv_free(&f.written);
    host_strv_free(&f.traces);
    host_strv_free(&f.tracers);
    if (rc != 0) {
        free(f.dir);
        return rc;
    }
    *dir = f.dir;
    return 0;
}
