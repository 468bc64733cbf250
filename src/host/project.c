/* SPDX-License-Identifier: MIT */
/* What a FILTER argument means; see project.h. */
#include "host/project.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "host/inf.h"
#include "host/modinfo.h"

static const char *const c_suffixes[] = {".c"};
static const char *const cxx_suffixes[] = {".cpp", ".cxx", ".cc"};

static bool
has_suffix(const char *name, const char *const *suffixes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (host_ends_with(name, suffixes[i])) {
            return true;
        }
    }
    return false;
}

static bool
is_cxx(const char *name)
{
    return has_suffix(name, cxx_suffixes, sizeof cxx_suffixes / sizeof *cxx_suffixes);
}

bool
host_is_source(const char *name)
{
    return has_suffix(name, c_suffixes, sizeof c_suffixes / sizeof *c_suffixes) || is_cxx(name);
}

struct host_source *
host_project_add(struct host_project *project, const char *path)
{
    project->sources =
        host_xrealloc(project->sources, (project->source_count + 1) * sizeof *project->sources);
    struct host_source *s = &project->sources[project->source_count++];
    *s = (struct host_source){.path = host_strdup(path), .cxx = is_cxx(path)};
    return s;
}

/* The service binary of an INF without its extension, NULL if the file cannot be read. */
static char *
inf_target(const char *path)
{
    struct host_inf inf;
    if (host_inf_load(path, HOST_INF_LEGACY, &inf, NULL) != 0) {
        return NULL;
    }
    char *stem = inf.binary != NULL ? host_path_stem(inf.binary) : host_strdup(inf.service_name);
    host_inf_free(&inf);
    return stem;
}

/* The one of several INFs that belongs to the target: the only one, or the one that installs it.
 * NULL if none does. */
static const char *
pick_inf(const struct host_strv *infs, const char *target)
{
    if (infs->count == 1) {
        return infs->items[0];
    }
    for (size_t i = 0; i < infs->count; i++) {
        char *stem = inf_target(infs->items[i]);
        bool same = stem != NULL && strcasecmp(stem, target) == 0;
        free(stem);
        if (same) {
            return infs->items[i];
        }
    }
    return NULL;
}

/* Looks for the INF among the project's own items, then in its directory, then one up. */
static int
find_inf(struct host_project *p, const struct host_strv *items, struct host_error *err)
{
    const char *found = pick_inf(items, p->name);
    if (found == NULL) {
        char *parent = host_path_dir(p->dir);
        const char *const dirs[] = {p->dir, parent};
        for (size_t i = 0; i < 2 && p->inf == NULL; i++) {
            struct host_strv infs = {0};
            host_list_files(dirs[i], ".inf", &infs);
            const char *one = pick_inf(&infs, p->name);
            if (one != NULL) {
                p->inf = host_strdup(one);
            } else if (infs.count > 1 && i == 0) {
                host_fail(err, "%s: %zu INF files, and none of them installs %s.sys; name one",
                          p->dir, infs.count, p->name);
                host_strv_free(&infs);
                free(parent);
                return -1;
            }
            host_strv_free(&infs);
        }
        free(parent);
        return 0;
    }
    p->inf = host_strdup(found);
    return 0;
}

static int
load_vcxproj(const char *path, bool debug, struct host_project *p, struct host_error *err)
{
    struct host_strv infs = {0};
    p->file = host_strdup(path);
    p->dir = host_path_dir(path);
    p->name = host_path_stem(path);
    int rc = host_vcxproj_load(path, debug, p, &infs, err);
    if (rc == 0 && p->source_count == 0) {
        rc = host_fail(err, "%s:1: the project compiles no source in configuration %s|x64", path,
                       debug ? "Debug" : "Release");
    }
    if (rc == 0 && p->inf == NULL) {
        rc = find_inf(p, &infs, err);
    }
    host_strv_free(&infs);
    return rc;
}

/* All sources of a directory, without a project file. */
static int
load_sources(const char *dir, struct host_project *p, struct host_error *err)
{
    struct host_strv files = {0}, none = {0};
    p->dir = host_strdup(dir);
    host_list_files(dir, "", &files);
    for (size_t i = 0; i < files.count; i++) {
        if (host_is_source(files.items[i])) {
            host_project_add(p, files.items[i]);
        } else if (host_ends_with(files.items[i], ".mc")) {
            host_strv_add(&p->message_files, files.items[i]);
        } else if (host_ends_with(files.items[i], ".asm")) {
            host_strv_addf(&p->notes, "%s: assembly source left out", files.items[i]);
        }
    }
    host_strv_free(&files);
    if (p->source_count == 0) {
        return host_fail(err, "%s: no .c or .cpp file and no .vcxproj in this directory", dir);
    }
    if (p->inf == NULL) {
        p->name = host_strdup(host_path_base(dir));
        if (find_inf(p, &none, err) != 0) {
            return -1;
        }
    }
    char *target = p->inf != NULL ? inf_target(p->inf) : NULL;
    if (target != NULL) {
        free(p->name);
        p->name = target;
    } else if (p->name == NULL) {
        p->name = host_strdup(host_path_base(dir));
    }
    return 0;
}

static int
load_dir(const char *dir, bool debug, struct host_project *p, struct host_error *err)
{
    struct host_strv projects = {0};
    host_list_files(dir, ".vcxproj", &projects);
    int rc = projects.count == 1 ? load_vcxproj(projects.items[0], debug, p, err)
                                 : load_sources(dir, p, err);
    if (rc != 0 && projects.count > 1 && p->source_count == 0) {
        rc = host_fail(err, "%s: %zu .vcxproj files; name one", dir, projects.count);
    }
    host_strv_free(&projects);
    return rc;
}

/* A project directly below dir whose target is the one that the INF installs; NULL if there is
 * none. */
static char *
project_below(const char *dir, const char *target, bool debug)
{
    struct host_strv subdirs = {0};
    char *found = NULL;
    host_list_dirs(dir, &subdirs);
    for (size_t i = 0; i < subdirs.count && found == NULL; i++) {
        struct host_strv projects = {0};
        host_list_files(subdirs.items[i], ".vcxproj", &projects);
        for (size_t n = 0; n < projects.count && found == NULL; n++) {
            struct host_project p = {.dir = host_strdup(subdirs.items[i])};
            struct host_strv infs = {0};
            if (host_vcxproj_load(projects.items[n], debug, &p, &infs, NULL) == 0 &&
                p.source_count > 0 && strcasecmp(p.name, target) == 0) {
                found = host_strdup(projects.items[n]);
            }
            host_strv_free(&infs);
            host_project_free(&p);
        }
        host_strv_free(&projects);
    }
    host_strv_free(&subdirs);
    return found;
}

static int
load_inf(const char *path, bool debug, struct host_project *p, struct host_error *err)
{
    struct host_inf inf;
    if (host_inf_load(path, HOST_INF_LEGACY, &inf, err) != 0) {
        return -1;
    }
    char *target = inf.binary != NULL ? host_path_stem(inf.binary) : host_strdup(inf.service_name);
    host_inf_free(&inf);
    char *dir = host_path_dir(path);
    p->inf = host_strdup(path);
    char *below = NULL;
    int rc = load_dir(dir, debug, p, NULL);
    if (rc != 0) {
        below = project_below(dir, target, debug);
        host_project_free(p);
        p->inf = host_strdup(path);
        rc = below != NULL ? load_vcxproj(below, debug, p, err) : load_dir(dir, debug, p, err);
    }
    free(below);
    free(target);
    free(dir);
    return rc;
}

/* A directory; where it holds no source but one INF, the project is the one below it that the INF
 * installs. */
static int
load_tree(const char *dir, bool debug, struct host_project *p, struct host_error *err)
{
    struct host_strv infs = {0};
    int rc = load_dir(dir, debug, p, err);
    host_list_files(dir, ".inf", &infs);
    if (rc != 0 && p->source_count == 0 && p->file == NULL && infs.count == 1) {
        host_project_free(p);
        rc = load_inf(infs.items[0], debug, p, err);
    }
    host_strv_free(&infs);
    return rc;
}

/* A module tells its name and INF itself; else the INF stands beside it. */
static int
load_module(const char *path, struct host_project *p, struct host_error *err)
{
    struct host_modinfo info;
    struct host_strv none = {0};
    p->module = host_strdup(path);
    p->dir = host_path_dir(path);
    if (host_modinfo_read(path, &info, err) != 0) {
        return -1;
    }
    p->name = info.name != NULL ? host_strdup(info.name) : host_path_stem(path);
    char *stem = host_path_stem(path);
    char *beside = host_printf("%s/%s.inf", p->dir, stem);
    if (info.inf != NULL && host_is_file(info.inf)) {
        p->inf = host_strdup(info.inf);
    } else if (host_is_file(beside)) {
        p->inf = host_strdup(beside);
    }
    free(beside);
    free(stem);
    host_modinfo_free(&info);
    return p->inf != NULL ? 0 : find_inf(p, &none, err);
}

static bool
is_elf(const char *path)
{
    char magic[SELFMAG];
    FILE *f = fopen(path, "rbe");
    bool yes = f != NULL && fread(magic, 1, sizeof magic, f) == sizeof magic &&
               memcmp(magic, ELFMAG, SELFMAG) == 0;
    if (f != NULL) {
        fclose(f);
    }
    return yes;
}

int
host_project_load(const char *filter,
                  bool debug,
                  struct host_project *project,
                  struct host_error *err)
{
    *project = (struct host_project){0};
    char *path = host_path_real(filter);
    if (path == NULL) {
        return host_fail(err, "%s: %s", filter, strerror(errno));
    }
    int rc;
    if (host_is_dir(path)) {
        rc = load_tree(path, debug, project, err);
    } else if (host_ends_with(path, ".vcxproj")) {
        rc = load_vcxproj(path, debug, project, err);
    } else if (host_ends_with(path, ".inf")) {
        rc = load_inf(path, debug, project, err);
    } else if (is_elf(path)) {
        rc = load_module(path, project, err);
    } else {
        rc = host_fail(err, "%s: neither a .vcxproj, an .inf, a directory nor a built module",
                       filter);
    }
    free(path);
    if (rc != 0) {
        host_project_free(project);
    }
    return rc;
}

void
host_project_free(struct host_project *project)
{
    for (size_t i = 0; i < project->source_count; i++) {
        struct host_source *s = &project->sources[i];
        free(s->path);
        host_strv_free(&s->defines);
        host_strv_free(&s->undefines);
        host_strv_free(&s->includes);
        host_strv_free(&s->forced);
    }
    free(project->sources);
    free(project->name);
    free(project->dir);
    free(project->file);
    free(project->module);
    free(project->inf);
    host_strv_free(&project->message_files);
    host_strv_free(&project->notes);
    *project = (struct host_project){0};
}
