/* SPDX-License-Identifier: MIT */
/* mm, outward header: seam to address_posix.c and view_posix.c (neutral types). */
#ifndef FB_MM_MMP_H
#define FB_MM_MMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Can every page of the range be read now?  Asks the kernel, never faults. */
bool mm_address_readable(const void *address, size_t size);

/* ---- view_posix.c: memory of sections ---- */
#define MM_NO_STORE (-1)
int mm_store_create(uint64_t size);            /* zeroed memory that views share; MM_NO_STORE: there is none left */
void mm_store_destroy(int store);
enum mm_map { MM_MAP_SHARED, MM_MAP_PRIVATE };
/* Readable and writable; of a store, or zeroed memory of its own (MM_NO_STORE).  At hint, if that is not NULL.  NULL: not possible. */
void *mm_view_map(int store, uint64_t offset, size_t size, enum mm_map how, void *hint);
void mm_view_make_read_only(void *view, size_t size);
void mm_view_unmap(void *view, size_t size);

#endif
