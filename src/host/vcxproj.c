/* SPDX-License-Identifier: MIT */
/*
 * Reads a .vcxproj with expat: the sources of one configuration on x64.
 *
 * The file is read twice, as MSBuild evaluates it: properties first, then item definitions and
 * items, which may use properties that are set further down. Imports of files that exist beside the
 * project are followed; those of Visual Studio are not there and are skipped.
 */
#include <errno.h>
#include <expat.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "host/msbuild.h"
#include "host/project.h"

#define MAX_DEPTH 64
#define MAX_IMPORTS 8

/* Settings of ClCompile that matter here; text as written, lists separated by semicolons. */
enum setting {
    SET_DEFINES,
    SET_UNDEFINES,
    SET_INCLUDES,
    SET_FORCED,
    SET_COMPILE_AS,
    SET_EXCLUDED,
    SET_COUNT
};

static const char *const setting_names[SET_COUNT] = {
    "PreprocessorDefinitions",
    "UndefinePreprocessorDefinitions",
    "AdditionalIncludeDirectories",
    "ForcedIncludeFiles",
    "CompileAs",
    "ExcludedFromBuild",
};

struct reader {
    struct host_project *project;
    struct host_strv *infs;
    struct msbuild_props props;
    char *settings[SET_COUNT]; /* defaults from ItemDefinitionGroup */
    bool items;                /* second pass */
    const char *file;          /* being read now */
    char *dir;                 /* of that file */
    int imports;
    XML_Parser xml;
    char *stack[MAX_DEPTH];
    int depth;
    int skip;               /* depth of the element whose condition is false, 0 if none */
    bool chosen[MAX_DEPTH]; /* Choose: a When was true */
    struct host_buf text;
    char *item_include; /* the item being read */
    char *item_exclude;
    char *item[SET_COUNT];
    struct host_error *err;
    bool failed;
};

static int
read_file(struct reader *r, const char *path);

static void
fail(struct reader *r, const char *what)
{
    if (!r->failed) {
        host_fail(r->err, "%s:%lu: %s", r->file, (unsigned long)XML_GetCurrentLineNumber(r->xml),
                  what);
        r->failed = true;
        XML_StopParser(r->xml, XML_FALSE);
    }
}

static const char *
attribute(const char **attributes, const char *name)
{
    for (; attributes[0] != NULL; attributes += 2) {
        if (strcasecmp(attributes[0], name) == 0) {
            return attributes[1];
        }
    }
    return NULL;
}

static bool
parent_is(const struct reader *r, int up, const char *name)
{
    return r->depth > up && r->stack[r->depth - 1 - up] != NULL &&
           strcasecmp(r->stack[r->depth - 1 - up], name) == 0;
}

/* Whether the element that starts now counts. */
static bool
condition_holds(struct reader *r, const char *name, const char **attributes)
{
    const char *text = attribute(attributes, "Condition");
    struct host_error why;
    int result = text == NULL ? 1 : msbuild_condition(&r->props, r->dir, text, &why);
    if (result < 0) {
        char *message = host_printf("Condition \"%s\": %s", text, why.text);
        fail(r, message);
        free(message);
        return false;
    }
    bool when = strcasecmp(name, "When") == 0, otherwise = strcasecmp(name, "Otherwise") == 0;
    if (when || otherwise) {
        bool *chosen = &r->chosen[r->depth > 0 ? r->depth - 1 : 0];
        result = result && !*chosen;
        *chosen |= result;
    }
    return result;
}

static void
start_import(struct reader *r, const char **attributes)
{
    const char *name = attribute(attributes, "Project");
    char *expanded = name != NULL ? msbuild_expand(&r->props, name, NULL) : NULL;
    char *path = expanded != NULL && *expanded != '\0' ? host_path_find(r->dir, expanded) : NULL;
    if (path != NULL && host_is_file(path)) {
        if (r->imports >= MAX_IMPORTS) {
            fail(r, "imports are nested too deeply");
        } else if (read_file(r, path) != 0) {
            r->failed = true;
            XML_StopParser(r->xml, XML_FALSE);
        }
    }
    free(path);
    free(expanded);
}

static void
start_item(struct reader *r, const char **attributes)
{
    const char *include = attribute(attributes, "Include"),
               *exclude = attribute(attributes, "Exclude");
    for (int i = 0; i < SET_COUNT; i++) {
        free(r->item[i]);
        r->item[i] = r->settings[i] != NULL ? host_strdup(r->settings[i]) : NULL;
    }
    free(r->item_include);
    free(r->item_exclude);
    r->item_include = include != NULL ? msbuild_expand(&r->props, include, NULL) : NULL;
    r->item_exclude = exclude != NULL ? msbuild_expand(&r->props, exclude, NULL) : NULL;
    for (int i = 0; i < SET_COUNT; i++) { /* metadata may also be written as attributes */
        const char *value = attribute(attributes, setting_names[i]);
        if (value != NULL) {
            char *expanded = msbuild_expand(&r->props, value, r->item[i]);
            free(r->item[i]);
            r->item[i] = expanded;
        }
    }
}

static void
on_start(void *user, const char *name, const char **attributes)
{
    struct reader *r = user;
    if (r->failed) {
        return;
    }
    if (r->depth + 1 >= MAX_DEPTH) {
        fail(r, "elements are nested too deeply");
        return;
    }
    bool skipped = r->skip != 0;
    if (!skipped && !condition_holds(r, name, attributes)) {
        r->skip = r->depth + 1;
        skipped = true;
    }
    r->chosen[r->depth] = false;
    r->stack[r->depth++] = host_strdup(name);
    host_buf_free(&r->text);
    if (skipped || r->failed) {
        return;
    }
    if (strcasecmp(name, "Import") == 0) {
        start_import(r, attributes);
    } else if (r->items && parent_is(r, 1, "ItemGroup")) {
        start_item(r, attributes);
    }
}

static void
on_text(void *user, const char *s, int n)
{
    struct reader *r = user;
    if (r->skip == 0) {
        host_buf_add(&r->text, s, (size_t)n);
    }
}

static bool
excluded(const struct reader *r, const char *path)
{
    struct host_strv list = {0};
    bool yes = false;
    host_strv_split(&list, r->item_exclude != NULL ? r->item_exclude : "", ';');
    for (size_t i = 0; i < list.count && !yes; i++) {
        const char *base = strrchr(list.items[i], '\\');
        yes = fnmatch(base != NULL ? base + 1 : list.items[i], host_path_base(path),
                      FNM_CASEFOLD) == 0;
    }
    host_strv_free(&list);
    return yes;
}

/* The files that one part of Include means: a name, or a pattern in its last component. */
static void
match_files(struct reader *r, char *pattern, struct host_strv *out)
{
    for (char *p = pattern; *p != '\0'; p++) {
        *p = *p == '\\' ? '/' : *p;
    }
    if (strpbrk(pattern, "*?") == NULL) {
        char *path = host_path_find(r->dir, pattern);
        if (path != NULL) {
            host_strv_own(out, path);
        } else {
            host_strv_own(out, host_path_join(r->dir, pattern));
        }
        return;
    }
    char *slash = strrchr(pattern, '/');
    const char *last = slash != NULL ? slash + 1 : pattern;
    char *sub = slash != NULL ? host_strndup(pattern, (size_t)(slash - pattern)) : host_strdup(".");
    char *dir = host_path_find(r->dir, strcmp(sub, "**") == 0 ? "." : sub);
    struct host_strv files = {0};
    if (dir != NULL) {
        host_list_files(dir, "", &files);
    }
    for (size_t i = 0; i < files.count; i++) {
        if (fnmatch(last, host_path_base(files.items[i]), FNM_CASEFOLD) == 0 &&
            !excluded(r, files.items[i])) {
            host_strv_add(out, files.items[i]);
        }
    }
    host_strv_free(&files);
    free(dir);
    free(sub);
}

static void
add_dirs(struct reader *r, const char *list, struct host_strv *out)
{
    struct host_strv names = {0};
    host_strv_split(&names, list != NULL ? list : "", ';');
    for (size_t i = 0; i < names.count; i++) {
        char *name = names.items[i];
        size_t n = strlen(name);
        if (n >= 2 && name[0] == '"' && name[n - 1] == '"') {
            name[n - 1] = '\0';
            name++;
        }
        char *path = host_path_find(r->project->dir, name);
        if (path != NULL && host_is_dir(path) && !host_strv_has(out, path)) {
            host_strv_add(out, path);
        }
        free(path);
    }
    host_strv_free(&names);
}

static void
add_compile(struct reader *r, const char *path)
{
    if (!host_is_file(path)) {
        char *message = host_printf("%s: no such file", path);
        fail(r, message);
        free(message);
        return;
    }
    if (!host_is_source(path)) {
        char *message = host_printf("%s is no C or C++ source", path);
        fail(r, message);
        free(message);
        return;
    }
    struct host_source *s = host_project_add(r->project, path);
    const char *as = r->item[SET_COMPILE_AS];
    if (as != NULL && strcasecmp(as, "CompileAsC") == 0) {
        s->cxx = false;
    } else if (as != NULL && strcasecmp(as, "CompileAsCpp") == 0) {
        s->cxx = true;
    }
    host_strv_split(&s->defines, r->item[SET_DEFINES] != NULL ? r->item[SET_DEFINES] : "", ';');
    host_strv_split(&s->undefines, r->item[SET_UNDEFINES] != NULL ? r->item[SET_UNDEFINES] : "",
                    ';');
    add_dirs(r, r->item[SET_INCLUDES], &s->includes);
    host_strv_split(&s->forced, r->item[SET_FORCED] != NULL ? r->item[SET_FORCED] : "", ';');
}

static void
item_done(struct reader *r, const char *name)
{
    bool compile = strcasecmp(name, "ClCompile") == 0, inf = strcasecmp(name, "Inf") == 0;
    bool messages = strcasecmp(name, "MessageCompile") == 0;
    bool off = r->item[SET_EXCLUDED] != NULL && strcasecmp(r->item[SET_EXCLUDED], "true") == 0;
    struct host_strv parts = {0};
    host_strv_split(&parts, r->item_include != NULL && !off ? r->item_include : "", ';');
    for (size_t i = 0; i < parts.count && !r->failed; i++) {
        if (host_ends_with(parts.items[i], ".asm") &&
            (compile || strcasecmp(name, "MASM") == 0 || strcasecmp(name, "CustomBuild") == 0)) {
            char *message = host_printf(
                "%s: assembly sources are not supported; exclude it, or give the routine in C",
                parts.items[i]);
            fail(r, message);
            free(message);
        } else if (compile || inf || messages) {
            struct host_strv files = {0};
            match_files(r, parts.items[i], &files);
            for (size_t n = 0; n < files.count && !r->failed; n++) {
                if (compile) {
                    add_compile(r, files.items[n]);
                } else if (inf && host_is_file(files.items[n]) &&
                           !host_strv_has(r->infs, files.items[n])) {
                    host_strv_add(r->infs, files.items[n]);
                } else if (messages) {
                    host_strv_add(&r->project->message_files, files.items[n]);
                }
            }
            host_strv_free(&files);
        }
    }
    host_strv_free(&parts);
    free(r->item_include);
    r->item_include = NULL;
}

/* Replaces a setting by the element's text, in which %(Name) is its old value. */
static void
set_setting(struct reader *r, char **settings, const char *name, const char *text)
{
    for (int i = 0; i < SET_COUNT; i++) {
        if (strcasecmp(name, setting_names[i]) == 0) {
            char *value = msbuild_expand(&r->props, text, settings[i] != NULL ? settings[i] : "");
            free(settings[i]);
            settings[i] = value;
        }
    }
}

static void
element_done(struct reader *r, const char *name)
{
    char *text = host_trim(r->text.data != NULL ? r->text.data : (char[]){""});
    if (!r->items && parent_is(r, 1, "PropertyGroup")) {
        char *value = msbuild_expand(&r->props, text, NULL);
        msbuild_set(&r->props, name, value);
        free(value);
    } else if (r->items && parent_is(r, 2, "ItemDefinitionGroup") && parent_is(r, 1, "ClCompile")) {
        set_setting(r, r->settings, name, text);
    } else if (r->items && parent_is(r, 2, "ItemGroup")) {
        set_setting(r, r->item, name, text);
    } else if (r->items && parent_is(r, 1, "ItemGroup")) {
        item_done(r, name);
    }
}

static void
on_end(void *user, const char *name)
{
    struct reader *r = user;
    if (r->depth == 0) {
        return;
    }
    if (r->skip == 0 && !r->failed) {
        element_done(r, name);
    }
    if (r->skip == r->depth) {
        r->skip = 0;
    }
    free(r->stack[--r->depth]);
    host_buf_free(&r->text);
}

static int
parse_xml(struct reader *r, const char *data, size_t len)
{
    if (XML_Parse(r->xml, data, (int)len, XML_TRUE) == XML_STATUS_OK || r->failed) {
        return r->failed ? -1 : 0;
    }
    r->failed = true;
    return host_fail(r->err, "%s:%lu: %s", r->file, (unsigned long)XML_GetCurrentLineNumber(r->xml),
                     XML_ErrorString(XML_GetErrorCode(r->xml)));
}

/* Reads one file in the current pass; the state that belongs to a file is put aside meanwhile. */
static int
read_file(struct reader *r, const char *path)
{
    char *data;
    size_t len;
    if (host_read_file(path, &data, &len, r->err) != 0) {
        return -1;
    }
    struct reader saved = *r;
    r->file = path;
    r->dir = host_path_dir(path);
    r->depth = 0;
    r->skip = 0;
    r->imports = saved.imports + 1;
    r->text = (struct host_buf){0};
    r->xml = XML_ParserCreate(NULL);
    XML_SetUserData(r->xml, r);
    XML_SetElementHandler(r->xml, on_start, on_end);
    XML_SetCharacterDataHandler(r->xml, on_text);
    char *this_dir = host_printf("%s/", r->dir);
    msbuild_set(&r->props, "MSBuildThisFileDirectory", this_dir);
    free(this_dir);
    int rc = parse_xml(r, data, len);
    while (r->depth > 0) {
        free(r->stack[--r->depth]);
    }
    XML_ParserFree(r->xml);
    host_buf_free(&r->text);
    free(r->dir);
    free(data);
    r->file = saved.file;
    r->dir = saved.dir;
    r->depth = saved.depth;
    r->skip = saved.skip;
    r->imports = saved.imports;
    r->text = saved.text;
    r->xml = saved.xml;
    memcpy(r->stack, saved.stack, sizeof r->stack);
    memcpy(r->chosen, saved.chosen, sizeof r->chosen);
    return rc;
}

/* The directory that $(SolutionDir) means: the nearest one up with a .sln, else the project's own.
 */
static char *
solution_dir(const char *dir)
{
    char *at = host_strdup(dir);
    for (int up = 0; up < 4; up++) {
        struct host_strv found = {0};
        host_list_files(at, ".sln", &found);
        bool here = found.count > 0;
        host_strv_free(&found);
        if (here) {
            return at;
        }
        char *parent = host_path_dir(at);
        free(at);
        at = parent;
    }
    free(at);
    return host_strdup(dir);
}

static void
set_reserved(struct reader *r, const char *path, bool debug)
{
    struct msbuild_props *p = &r->props;
    const char *dir = r->project->dir;
    char *stem = host_path_stem(path);
    char *slashed = host_printf("%s/", dir);
    char *solution = solution_dir(dir);
    char *solution_slashed = host_printf("%s/", solution);
    const char *const pairs[][2] = {
        {"Configuration", debug ? "Debug" : "Release"},
        {"Platform", "x64"},
        {"PlatformTarget", "x64"},
        {"PlatformName", "x64"},
        {"ConfigurationName", debug ? "Debug" : "Release"},
        {"MSBuildProjectName", stem},
        {"ProjectName", stem},
        {"TargetName", stem},
        {"MSBuildProjectDirectory", dir},
        {"ProjectDir", slashed},
        {"MSBuildProjectFullPath", path},
        {"ProjectPath", path},
        {"MSBuildProjectFile", host_path_base(path)},
        {"ProjectFileName", host_path_base(path)},
        {"MSBuildProjectExtension", ".vcxproj"},
        {"ProjectExt", ".vcxproj"},
        {"SolutionDir", solution_slashed},
        {"OutDir", slashed},
        {"IntDir", slashed},
        {"TargetExt", ".sys"},
        {"ConfigurationType", "Driver"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        msbuild_set(p, pairs[i][0], pairs[i][1]);
    }
    free(stem);
    free(slashed);
    free(solution);
    free(solution_slashed);
}

int
host_vcxproj_load(const char *path,
                  bool debug,
                  struct host_project *project,
                  struct host_strv *infs,
                  struct host_error *err)
{
    struct reader r = {.project = project, .infs = infs, .err = err};
    set_reserved(&r, path, debug);
    int rc = read_file(&r, path);
    if (rc == 0) {
        r.items = true;
        rc = read_file(&r, path);
    }
    const char *target = msbuild_get(&r.props, "TargetName");
    if (rc == 0 && strcasecmp(msbuild_get(&r.props, "ConfigurationType"), "Application") == 0) {
        rc = host_fail(err, "%s:1: the project builds a program, not a driver", path);
    }
    if (rc == 0) {
        free(project->name);
        project->name =
            host_strdup(*target != '\0' ? target : msbuild_get(&r.props, "MSBuildProjectName"));
    }
    for (int i = 0; i < SET_COUNT; i++) {
        free(r.settings[i]);
        free(r.item[i]);
    }
    free(r.item_include);
    free(r.item_exclude);
    msbuild_free(&r.props);
    return rc;
}
