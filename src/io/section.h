/* SPDX-License-Identifier: MIT */
/* io, outward header: sections of files (NT side). */
#ifndef FB_IO_SECTION_H
#define FB_IO_SECTION_H

#include <ntifs.h>

typedef struct IOP_SECTION {
    PFILE_OBJECT FileObject;
    PDEVICE_OBJECT StartDevice;                /* where questions about the file go; NULL: top of its stack */
    void *FilterTarget;
    LONGLONG MaximumSize;                      /* 0: the file's size */
    ULONG Protection;
} IOP_SECTION;
/*
 * A section of a file, as it is (a new view reads what the file holds then, by paging reads that enter at the top of the stack).
 *
 * IRQL:   PASSIVE_LEVEL
 * Refs:   *Section is referenced; the section references the file object
 * Fails:  STATUS_FILE_IS_A_DIRECTORY, STATUS_INVALID_FILE_FOR_SECTION, STATUS_MAPPED_FILE_SIZE_ZERO, STATUS_SECTION_TOO_BIG,
 *         STATUS_FILE_LOCK_CONFLICT; what the file system says
 */
NTSTATUS IopSectionCreate(const IOP_SECTION *Create, PVOID *Section, PLARGE_INTEGER FileSize);

/* FltCreateSectionForDataScan and FsRtlCreateSectionForDataScan. */
typedef struct IOP_SCAN_SECTION {
    IOP_SECTION Section;
    ACCESS_MASK DesiredAccess;
    POBJECT_ATTRIBUTES ObjectAttributes;
    ULONG AllocationAttributes;
} IOP_SCAN_SECTION;
NTSTATUS IopScanSectionCreate(const IOP_SCAN_SECTION *Create, PHANDLE Handle, PVOID *Section, PLARGE_INTEGER FileSize);

/* FS_FILTER_CALLBACKS of the stack for a section about to be made (fsfilter.c). */
NTSTATUS IopFsFilterSection(PFILE_OBJECT FileObject, ULONG Protection);

#endif
