/* SPDX-License-Identifier: MIT */
/*
 * What `filterbed build` writes into a module: one section, .filterbed, holding a JSON object, so
 * that a module that was copied elsewhere still tells how it was built. Modules built by other
 * means have none.
 */
#ifndef FILTERBED_HOST_MODINFO_H
#define FILTERBED_HOST_MODINFO_H

#include <stdbool.h>

#include "host/text.h"

struct host_modinfo {
    bool present;
    bool has_driver_entry;
    bool registers_filter; /* imports FltRegisterFilter: a minifilter */
    char *name; /* NULL where the module does not say; the same for the next four */
    char *inf;
    char *compiler;
    char *sanitize;
    char *sanitizer_runtime; /* shared library that must be first in the process */
    bool debug;
    struct host_strv sources;
};

/* Reads the section and the symbol table of a module. Returns 0, or -1 with *err set if it is no
 * ELF shared object. */
int
host_modinfo_read(const char *path, struct host_modinfo *info, struct host_error *err);
void
host_modinfo_free(struct host_modinfo *info);
/* The JSON text for the section. Caller frees. */
char *
host_modinfo_text(const struct host_modinfo *info);

#endif
