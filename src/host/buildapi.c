/* SPDX-License-Identifier: MIT */
/* The build under exported names, and its results as JSON; see compile.h. */
#include <jansson.h>
#include <stdlib.h>

#include "host/compile.h"

int
fbed_build_project(const struct host_build_options *options,
                   struct host_module *out,
                   struct host_error *err)
{
    return host_build_project(options, out, err);
}

void
fbed_module_free(struct host_module *module)
{
    host_module_free(module);
}

static json_t *
string_list(const struct host_strv *v)
{
    json_t *list = json_array();
    for (size_t i = 0; i < v->count; i++) {
        json_array_append_new(list, json_string(v->items[i]));
    }
    return list;
}

/* Consumes root. */
static char *
to_text(json_t *root)
{
    char *text = root != NULL ? json_dumps(root, JSON_INDENT(2) | JSON_SORT_KEYS) : NULL;
    char *copy = host_strdup(text != NULL ? text : "{}");
    free(text);
    json_decref(root);
    return copy;
}

char *
fbed_module_json(const struct host_module *m)
{
    return to_text(json_pack("{s:s, s:s, s:s*, s:s*, s:s*, s:s*, s:b, s:b, s:o, s:o}", "name",
                             m->name, "module", m->path, "inf", m->inf, "compiler", m->compiler,
                             "sanitize", m->sanitize, "sanitizer_runtime", m->sanitizer_runtime,
                             "debug", m->debug, "rebuilt", m->rebuilt, "sources",
                             string_list(&m->sources), "notes", string_list(&m->notes)));
}

char *
fbed_build_error_json(const struct host_error *err)
{
    return to_text(json_pack("{s:s}", "error", err->text));
}
