/* SPDX-License-Identifier: MIT */
/*
 * What a FILTER argument means: the sources of a driver, how to compile them, and its INF.
 *
 * FILTER is a .vcxproj; a directory with sources (and a .vcxproj, which is then used); an .inf with
 * the sources beside it or in a project below it; or a module that was built before. Everything in
 * struct host_project belongs to it.
 */
#ifndef FILTERBED_HOST_PROJECT_H
#define FILTERBED_HOST_PROJECT_H

#include <stdbool.h>

#include "host/text.h"

struct host_source {
    char *path; /* absolute */
    bool cxx;
    struct host_strv defines; /* NAME or NAME=VALUE */
    struct host_strv undefines;
    struct host_strv includes; /* directories, absolute; only those that exist */
    struct host_strv forced;   /* headers put before the source */
};

struct host_project {
    char *name;   /* target name, e.g. "scan" */
    char *dir;    /* of the project, absolute */
    char *file;   /* the .vcxproj, or NULL */
    char *module; /* FILTER was a built module: its path, and no sources; else NULL */
    char *inf;    /* absolute path, or NULL if there is none */
    struct host_source *sources;
    size_t source_count;
    struct host_strv message_files; /* .mc files: headers made from them do not exist here */
    struct host_strv notes;         /* remarks for the user: things left out */
};

/* debug: take the Debug configuration of a .vcxproj. Returns 0, or -1 with *err set and *project
 * zeroed. */
int
host_project_load(const char *filter,
                  bool debug,
                  struct host_project *project,
                  struct host_error *err);
void
host_project_free(struct host_project *project);

/* Adds an empty source of that path; the language follows from its name. */
struct host_source *
host_project_add(struct host_project *project, const char *path);
bool
host_is_source(const char *name);

/* Reads a .vcxproj into *project; INF items go to *infs. */
int
host_vcxproj_load(const char *path,
                  bool debug,
                  struct host_project *project,
                  struct host_strv *infs,
                  struct host_error *err);

#endif
