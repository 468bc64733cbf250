/* SPDX-License-Identifier: MIT */
/*
 * Flush and purge of cached files.  Nothing is ever cached here: the file systems write through, and views of sections are copies.  So there is
 * nothing to write and nothing to throw away, and both succeed, but for a purge of a file that is mapped.
 */
#include <ntifs.h>

/* Windows: ntifs.h, CcFlushCache.  Differences: nothing is cached, so nothing is written. */
VOID
CcFlushCache(PSECTION_OBJECT_POINTERS SectionObjectPointer, PLARGE_INTEGER FileOffset, ULONG Length, PIO_STATUS_BLOCK IoStatus)
{
    UNREFERENCED_PARAMETER(SectionObjectPointer);
    if (IoStatus != NULL) {
        IoStatus->Status = STATUS_SUCCESS;
        IoStatus->Information = FileOffset != NULL ? Length : 0;
    }
}

/* Windows: ntifs.h, CcPurgeCacheSection.  Differences: nothing is cached, so nothing is thrown away. */
BOOLEAN
CcPurgeCacheSection(PSECTION_OBJECT_POINTERS SectionObjectPointer, PLARGE_INTEGER FileOffset, ULONG Length, ULONG Flags)
{
    UNREFERENCED_PARAMETER(FileOffset);
    UNREFERENCED_PARAMETER(Length);
    UNREFERENCED_PARAMETER(Flags);
    return SectionObjectPointer == NULL ||
           (SectionObjectPointer->DataSectionObject == NULL && SectionObjectPointer->ImageSectionObject == NULL);
}

/* Windows: ntifs.h, CcGetFileObjectFromSectionPtrs.  Differences: nothing is cached, so there is none. */
PFILE_OBJECT
CcGetFileObjectFromSectionPtrs(PSECTION_OBJECT_POINTERS SectionObjectPointer)
{
    UNREFERENCED_PARAMETER(SectionObjectPointer);
    return NULL;
}
