/* SPDX-License-Identifier: MIT */
/* Addresses to functions, files and lines, from the debugging information of a module. */
#ifndef FILTERBED_HOST_SYMBOL_H
#define FILTERBED_HOST_SYMBOL_H

#include <stdbool.h>
#include <stdint.h>

struct symbol_frame {
    const char *function; /* NULL if unknown */
    const char *file;     /* absolute where the compiler said so; NULL if unknown */
    int line;             /* 0 if unknown */
    bool inlined;         /* into the next frame */
};

struct symbols;

struct symbols *
symbols_create(void);
void
symbols_free(struct symbols *s);
/*
 * The frames at offset of the object file at path, innermost first: one, and more where functions
 * were inlined. call: offset is where a call returns to. Answers are kept. Strings live as long as
 * s. Calls fn at least once, with everything unknown if need be.
 */
void
symbols_resolve(struct symbols *s,
                const char *path,
                uint64_t offset,
                bool call,
                void (*fn)(const struct symbol_frame *frame, void *ctx),
                void *ctx);

#endif
