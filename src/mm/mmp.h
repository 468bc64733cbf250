/* SPDX-License-Identifier: MIT */
/* mm, outward header: seam to address_posix.c (neutral types). */
#ifndef FB_MM_MMP_H
#define FB_MM_MMP_H

#include <stdbool.h>
#include <stddef.h>

/* Can every page of the range be read now?  Asks the kernel, never faults. */
bool mm_address_readable(const void *address, size_t size);

#endif
