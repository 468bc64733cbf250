/* SPDX-License-Identifier: MIT */
/*
 * The one thing in C that MSVC only warns about and no gcc or clang mode accepts: a function
 * declared with PVOID and defined with a pointer to a structure (or the other way round). The
 * definition gets another name in a copy of the source, and the declared name becomes an alias of
 * it; #line keeps the driver's own file and lines.
 */
#ifndef FILTERBED_HOST_MISMATCH_H
#define FILTERBED_HOST_MISMATCH_H

#include <stdbool.h>

#include "host/text.h"

/*
 * Looks in a compiler's output for such functions in source. If there are any that have as many
 * parameters as their declaration, writes the copy to path, adds a remark for each to *notes, and
 * returns true.
 */
bool
mismatch_repair(const char *source, const char *output, const char *path, struct host_strv *notes);

#endif
