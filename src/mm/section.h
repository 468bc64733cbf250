/* SPDX-License-Identifier: MIT */
/*
 * mm, outward header: section objects and their views (NT side).
 *
 * A section without a file has a store that its views share.  A section of a file has none: each view is memory of its own, filled by
 * the backing's Read when it is mapped.  Whoever makes a section of a file (io/section.c) brings the backing.
 */
#ifndef FB_MM_SECTION_H
#define FB_MM_SECTION_H

#include <ntifs.h>

typedef struct MMP_BACKING {
    /* Length bytes from Offset, all of them below the section's size.  PASSIVE_LEVEL. */
    NTSTATUS (*Read)(PVOID Context, LONGLONG Offset, PVOID Buffer, SIZE_T Length);
    VOID (*Release)(PVOID Context);            /* the section is gone */
    PVOID Context;
} MMP_BACKING;

typedef struct MMP_SECTION {                   /* constant after create */
    LONGLONG Size;
    ULONG Protection;                          /* PAGE_* */
    int Store;
    MMP_BACKING Backing;                       /* Read NULL: none */
} MMP_SECTION;

/* A section object with one reference.  Backing NULL: zeroed memory.  On failure Backing->Release is not called. */
NTSTATUS MmpSectionCreate(LONGLONG Size, ULONG Protection, const MMP_BACKING *Backing, PVOID *Section);
/* Its handle, under the name of the attributes if they have one. */
NTSTATUS MmpSectionHandle(PVOID Section, ACCESS_MASK Access, POBJECT_ATTRIBUTES Attributes, PHANDLE Handle);

#endif
