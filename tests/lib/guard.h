/* SPDX-License-Identifier: MIT */
/* Memory that ends where nothing more may be read.  Neutral types: used from both sides. */
#ifndef FB_TESTS_GUARD_H
#define FB_TESTS_GUARD_H

#include <stddef.h>

/* A copy of Size bytes right before a page that cannot be touched; freed by guard_free(Copy, Size). */
void *guard_copy(const void *data, size_t size);
void guard_free(void *copy, size_t size);

#endif
