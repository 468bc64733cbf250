/* SPDX-License-Identifier: MIT */
/*
 * MDLs.  There is one address space, so "mapping" is arithmetic: the system address of an MDL is its virtual address.  Flags change as
 * on Windows, so that a driver that checks them, or locks twice, is seen.
 */
#include <ntifs.h>

#include "mm/mmp.h"
#include "port/port.h"
#include "vf/vf.h"

PVOID MmHighestUserAddress = (PVOID)0x00007FFFFFFEFFFFull;
PVOID MmSystemRangeStart = (PVOID)0xFFFF800000000000ull;
ULONG_PTR MmUserProbeAddress = 0x00007FFFFFFF0000ull;

static vf_owner *
MmpCaller(VOID)
{
    struct vf_operation *Operation = vf_operation_current();

    return Operation != NULL ? Operation->owner : NULL;
}

/* Windows: wdm.h, MmSizeOfMdl.  Differences: none. */
SIZE_T
MmSizeOfMdl(PVOID Base, SIZE_T Length)
{
    return sizeof(MDL) + ADDRESS_AND_SIZE_TO_SPAN_PAGES(Base, Length) * sizeof(PFN_NUMBER);
}

/* Windows: ntddk.h, MmCreateMdl (obsolete).  Differences: none. */
PMDL
MmCreateMdl(PMDL MemoryDescriptorList, PVOID Base, SIZE_T Length)
{
    if (MemoryDescriptorList == NULL) {
        MemoryDescriptorList = ExAllocatePoolWithTag(NonPagedPool, MmSizeOfMdl(Base, Length), ' ldM');
    }
    if (MemoryDescriptorList != NULL) {
        MmInitializeMdl(MemoryDescriptorList, Base, Length);
    }
    return MemoryDescriptorList;
}

/* Windows: wdm.h, MmBuildMdlForNonPagedPool.  Differences: the page array is not filled. */
VOID
MmBuildMdlForNonPagedPool(PMDL MemoryDescriptorList)
{
    MemoryDescriptorList->MdlFlags |= MDL_SOURCE_IS_NONPAGED_POOL;
    MemoryDescriptorList->MappedSystemVa = MmGetMdlVirtualAddress(MemoryDescriptorList);
}

/* Windows: wdm.h, MmProbeAndLockPages.  Differences: pages are not pinned; raises STATUS_ACCESS_VIOLATION as Windows does. */
VOID
MmProbeAndLockPages(PMDL MemoryDescriptorList, KPROCESSOR_MODE AccessMode, LOCK_OPERATION Operation)
{
    UNREFERENCED_PARAMETER(AccessMode);
    if ((MemoryDescriptorList->MdlFlags & MDL_PAGES_LOCKED) != 0) {
        vf_report("K-02", "MmProbeAndLockPages", "0x76", MmpCaller(), MemoryDescriptorList, "the pages of this MDL are locked already");
    }
    if (!mm_address_readable(MmGetMdlVirtualAddress(MemoryDescriptorList), MemoryDescriptorList->ByteCount)) {
        ExRaiseStatus(STATUS_ACCESS_VIOLATION);
    }
    MemoryDescriptorList->MdlFlags |= MDL_PAGES_LOCKED;
    if (Operation != IoReadAccess) {
        MemoryDescriptorList->MdlFlags |= MDL_WRITE_OPERATION;
    }
}

/* Windows: ntddk.h, MmProbeAndLockProcessPages.  Differences: one address space, Process is not used. */
VOID
MmProbeAndLockProcessPages(PMDL MemoryDescriptorList, PEPROCESS Process, KPROCESSOR_MODE AccessMode, LOCK_OPERATION Operation)
{
    UNREFERENCED_PARAMETER(Process);
    MmProbeAndLockPages(MemoryDescriptorList, AccessMode, Operation);
}

/* Windows: wdm.h, MmUnlockPages.  Differences: none. */
VOID
MmUnlockPages(PMDL MemoryDescriptorList)
{
    if ((MemoryDescriptorList->MdlFlags & MDL_PAGES_LOCKED) == 0) {
        vf_report("K-02", "MmUnlockPages", "0x76", MmpCaller(), MemoryDescriptorList, "the pages of this MDL are not locked");
    }
    MemoryDescriptorList->MdlFlags &= (CSHORT) ~(MDL_PAGES_LOCKED | MDL_WRITE_OPERATION | MDL_MAPPED_TO_SYSTEM_VA);
    MemoryDescriptorList->MappedSystemVa = NULL;
}

/* Windows: wdm.h, MmMapLockedPagesSpecifyCache.  Differences: the address is the MDL's own. */
PVOID
MmMapLockedPagesSpecifyCache(PMDL MemoryDescriptorList,
                             KPROCESSOR_MODE AccessMode,
                             MEMORY_CACHING_TYPE CacheType,
                             PVOID RequestedAddress,
                             ULONG BugCheckOnFailure,
                             ULONG Priority)
{
    UNREFERENCED_PARAMETER(CacheType);
    UNREFERENCED_PARAMETER(RequestedAddress);
    UNREFERENCED_PARAMETER(BugCheckOnFailure);
    UNREFERENCED_PARAMETER(Priority);
    if (vf_inject("MmMapLockedPagesSpecifyCache", MmpCaller())) {
        return NULL;
    }
    if (AccessMode == KernelMode) {
        MemoryDescriptorList->MappedSystemVa = MmGetMdlVirtualAddress(MemoryDescriptorList);
        MemoryDescriptorList->MdlFlags |= MDL_MAPPED_TO_SYSTEM_VA;
        if ((MemoryDescriptorList->MdlFlags & MDL_PARTIAL) != 0) {
            MemoryDescriptorList->MdlFlags |= MDL_PARTIAL_HAS_BEEN_MAPPED;
        }
    }
    return MmGetMdlVirtualAddress(MemoryDescriptorList);
}

/* Windows: wdm.h, MmMapLockedPages (obsolete).  Differences: as MmMapLockedPagesSpecifyCache. */
PVOID
MmMapLockedPages(PMDL MemoryDescriptorList, KPROCESSOR_MODE AccessMode)
{
    return MmMapLockedPagesSpecifyCache(MemoryDescriptorList, AccessMode, MmCached, NULL, TRUE, HighPagePriority);
}

/* Windows: wdm.h, MmUnmapLockedPages.  Differences: none. */
VOID
MmUnmapLockedPages(PVOID BaseAddress, PMDL MemoryDescriptorList)
{
    if (BaseAddress == MemoryDescriptorList->MappedSystemVa) {
        MemoryDescriptorList->MdlFlags &= (CSHORT) ~(MDL_MAPPED_TO_SYSTEM_VA | MDL_PARTIAL_HAS_BEEN_MAPPED);
        MemoryDescriptorList->MappedSystemVa = NULL;
    }
}

/* Windows: wdm.h, MmProtectMdlSystemAddress.  Differences: protection is not changed, because the pages are the caller's own. */
NTSTATUS
MmProtectMdlSystemAddress(PMDL MemoryDescriptorList, ULONG NewProtect)
{
    UNREFERENCED_PARAMETER(MemoryDescriptorList);
    UNREFERENCED_PARAMETER(NewProtect);
    VF_UNIMPLEMENTED();
    return STATUS_NOT_IMPLEMENTED;
}

/* Windows: ntddk.h, MmIsAddressValid.  Differences: asks the kernel, so it is slow. */
BOOLEAN
MmIsAddressValid(PVOID VirtualAddress)
{
    return mm_address_readable(VirtualAddress, 1);
}

/* Windows: ntddk.h, MmIsNonPagedSystemAddressValid.  Differences: as MmIsAddressValid. */
BOOLEAN
MmIsNonPagedSystemAddressValid(PVOID VirtualAddress)
{
    return mm_address_readable(VirtualAddress, 1);
}

/* Windows: wdm.h, MmGetSystemRoutineAddress.  Differences: names that are exported here only as failing stubs give NULL. */
PVOID
MmGetSystemRoutineAddress(PUNICODE_STRING SystemRoutineName)
{
    extern const void *fb_export_find(const char *name);
    CHAR Name[128];
    USHORT Units = SystemRoutineName->Length / sizeof(WCHAR);

    if (Units >= sizeof(Name)) {
        return NULL;
    }
    for (USHORT i = 0; i < Units; i++) {
        if (SystemRoutineName->Buffer[i] > 0x7F) {
            return NULL;
        }
        Name[i] = (CHAR)SystemRoutineName->Buffer[i];
    }
    Name[Units] = 0;
    return (PVOID)fb_export_find(Name);
}

/* Windows: ntddk.h, MmQuerySystemSize.  Differences: always large. */
MM_SYSTEMSIZE
MmQuerySystemSize(VOID)
{
    return MmLargeSystem;
}

/* Windows: ntddk.h, MmIsThisAnNtAsSystem.  Differences: a workstation, always. */
BOOLEAN
MmIsThisAnNtAsSystem(VOID)
{
    return FALSE;
}

/* Windows: wdm.h, MmAllocateNonCachedMemory.  Differences: ordinary memory. */
PVOID
MmAllocateNonCachedMemory(SIZE_T NumberOfBytes)
{
    return port_alloc_aligned(PAGE_SIZE, ROUND_TO_PAGES(NumberOfBytes));
}

/* Windows: wdm.h, MmFreeNonCachedMemory.  Differences: none. */
VOID
MmFreeNonCachedMemory(PVOID BaseAddress, SIZE_T NumberOfBytes)
{
    UNREFERENCED_PARAMETER(NumberOfBytes);
    port_free(BaseAddress);
}

/* Windows: ntddk.h, MmLockPagableDataSection.  Differences: nothing is paged here. */
PVOID
MmLockPagableDataSection(PVOID AddressWithinSection)
{
    return AddressWithinSection;
}

/* Windows: ntddk.h, MmUnlockPagableImageSection.  Differences: nothing is paged here. */
VOID
MmUnlockPagableImageSection(PVOID ImageSectionHandle)
{
    UNREFERENCED_PARAMETER(ImageSectionHandle);
}

/* Windows: ntddk.h, MmPageEntireDriver.  Differences: nothing is paged here. */
PVOID
MmPageEntireDriver(PVOID AddressWithinSection)
{
    return AddressWithinSection;
}

/* Windows: ntddk.h, MmResetDriverPaging.  Differences: nothing is paged here. */
VOID
MmResetDriverPaging(PVOID AddressWithinSection)
{
    UNREFERENCED_PARAMETER(AddressWithinSection);
}

/* Windows: ntifs.h, MmFlushImageSection.  Differences: no image section is ever mapped from these files, so the answer is TRUE. */
BOOLEAN
MmFlushImageSection(PSECTION_OBJECT_POINTERS SectionObjectPointer, MMFLUSH_TYPE FlushType)
{
    UNREFERENCED_PARAMETER(SectionObjectPointer);
    UNREFERENCED_PARAMETER(FlushType);
    return TRUE;
}

/* Windows: ntifs.h, MmCanFileBeTruncated.  Differences: always; views of files are copies. */
BOOLEAN
MmCanFileBeTruncated(PSECTION_OBJECT_POINTERS SectionPointer, PLARGE_INTEGER NewFileSize)
{
    UNREFERENCED_PARAMETER(SectionPointer);
    UNREFERENCED_PARAMETER(NewFileSize);
    return TRUE;
}

/* Windows: ntifs.h, MmDoesFileHaveUserWritableReferences.  Differences: never; no writable sections of files. */
ULONG
MmDoesFileHaveUserWritableReferences(PSECTION_OBJECT_POINTERS SectionPointer)
{
    UNREFERENCED_PARAMETER(SectionPointer);
    return 0;
}

/* Windows: ntifs.h, MmForceSectionClosed.  Differences: always TRUE; views of files are copies. */
BOOLEAN
MmForceSectionClosed(PSECTION_OBJECT_POINTERS SectionObjectPointer, BOOLEAN DelayClose)
{
    UNREFERENCED_PARAMETER(SectionObjectPointer);
    UNREFERENCED_PARAMETER(DelayClose);
    return TRUE;
}

/* Windows: wdm.h, ProbeForRead.  Differences: addresses are checked by asking the kernel. */
VOID
ProbeForRead(const volatile VOID *Address, SIZE_T Length, ULONG Alignment)
{
    if (Length == 0) {
        return;
    }
    if (Alignment != 0 && ((ULONG_PTR)Address & (Alignment - 1)) != 0) {
        ExRaiseStatus(STATUS_DATATYPE_MISALIGNMENT);
    }
    if ((ULONG_PTR)Address + Length < (ULONG_PTR)Address || !mm_address_readable((const VOID *)Address, Length)) {
        ExRaiseStatus(STATUS_ACCESS_VIOLATION);
    }
}

/* Windows: wdm.h, ProbeForWrite.  Differences: as ProbeForRead; write protection is found by the write itself. */
VOID
ProbeForWrite(volatile VOID *Address, SIZE_T Length, ULONG Alignment)
{
    ProbeForRead(Address, Length, Alignment);
}
