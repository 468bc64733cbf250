/* SPDX-License-Identifier: MIT */
/* Modules with driver code: loading them, and remembering them until the process ends. */
#ifndef FILTERBED_HOST_MODULE_H
#define FILTERBED_HOST_MODULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/text.h"
#include "vf/vf.h"

struct host_image {
    char *name;   /* of the driver, for reports */
    char *path;   /* the file the module came from, for symbols */
    void *handle; /* of dlopen; never closed */
    uintptr_t bias, base, end;
    void *entry; /* DriverEntry */
    vf_owner *owner;
};

/*
 * Loads the module at path (absolute). The same file loaded again gives a copy with data of its
 * own. Returns 0, or -1 with *err set: not a module, made for something else, a routine that is not
 * there, no DriverEntry.
 */
int
host_image_load(const char *name,
                const char *path,
                struct host_image *image,
                struct host_error *err);
/* The driver is unloaded: a call into the image from now on is reported. It stays mapped. */
void
host_image_retire(struct host_image *image);

/* An address as (image, offset): the path of the object file it lies in, and the address in the
 * file's own terms. false: in none. Callable from any thread; *path lives until the process ends.
 */
bool
host_image_locate(uintptr_t pc, const char **path, uint64_t *offset, bool *driver);

#endif
