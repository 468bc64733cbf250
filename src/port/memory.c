/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "port/port.h"

_Static_assert(_Alignof(max_align_t) >= 16, "malloc gives blocks that hold any NT structure");

void *
port_alloc(size_t size)
{
    return malloc(size != 0 ? size : 1);
}

void *
port_alloc_zeroed(size_t size)
{
    return calloc(1, size != 0 ? size : 1);
}

void *
port_alloc_aligned(size_t alignment, size_t size)
{
    void *block = NULL;
    if (alignment < sizeof(void *)) {
        alignment = sizeof(void *);
    }
    if (posix_memalign(&block, alignment, size != 0 ? size : 1) != 0) {
        return NULL;
    }
    return block;
}

void
port_free(void *block)
{
    free(block);
}
