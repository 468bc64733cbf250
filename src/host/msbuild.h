/* SPDX-License-Identifier: MIT */
/* The expression language of project files: properties and conditions. Internal to the project
 * reader. */
#ifndef FILTERBED_HOST_MSBUILD_H
#define FILTERBED_HOST_MSBUILD_H

#include <stdbool.h>

#include "host/text.h"

struct msbuild_props {
    struct host_strv names;
    struct host_strv values;
};

/* The value, or "" if it is not set. Names have no case. */
const char *
msbuild_get(const struct msbuild_props *props, const char *name);
void
msbuild_set(struct msbuild_props *props, const char *name, const char *value);
void
msbuild_free(struct msbuild_props *props);
/*
 * Puts $(Name) in. %(Name) becomes inherited (NULL: stays away), @(Items) and property functions
 * become nothing. Caller frees.
 */
char *
msbuild_expand(const struct msbuild_props *props, const char *text, const char *inherited);
/* Evaluates a Condition attribute; dir is where Exists() starts. Returns 1, 0, or -1 with *err a
 * message. */
int
msbuild_condition(const struct msbuild_props *props,
                  const char *dir,
                  const char *text,
                  struct host_error *err);

#endif
