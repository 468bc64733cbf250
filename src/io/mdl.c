/* SPDX-License-Identifier: MIT */
/*
 * Memory of MDLs.  A block: IOP_MDL, MDL, page array.  MDLs of up to IOP_MDL_PAGES pages are cached per thread
 * (MDL_ALLOCATED_FIXED_SIZE, as on Windows).
 */
#include "io/iopp.h"

#include <string.h>

#define IOP_MDL_PAGES 17
#define IOP_MDL_MAGIC 0x206c644du              /* "Mdl " */

typedef struct DECLSPEC_ALIGN(16) IOP_MDL {
    vf_owner *Owner;
    vf_object *Ledger;
    ULONG Magic;
    BOOLEAN Cached;
} IOP_MDL;

static PMDL
IopMdlNew(PVOID Address, ULONG Length)
{
    ULONG Pages = (ULONG)ADDRESS_AND_SIZE_TO_SPAN_PAGES(Address, Length);
    BOOLEAN Cached = Pages <= IOP_MDL_PAGES;
    IOP_MDL *Block = Cached ? IopCachePop(IOP_CACHE_MDL) : NULL;

    if (Block == NULL) {
        Block = port_alloc(sizeof(*Block) + sizeof(MDL) + (SIZE_T)(Cached ? IOP_MDL_PAGES : Pages) * sizeof(PFN_NUMBER));
    }
    if (Block == NULL) {
        return NULL;
    }
    memset(Block, 0, sizeof(*Block));
    Block->Magic = IOP_MDL_MAGIC;
    Block->Cached = Cached;
    PMDL Mdl = (PMDL)(Block + 1);
    memset(Mdl, 0, sizeof(MDL) + (SIZE_T)Pages * sizeof(PFN_NUMBER));
    MmInitializeMdl(Mdl, Address, Length);
    Mdl->MdlFlags |= Cached ? MDL_ALLOCATED_FIXED_SIZE : 0;
    return Mdl;
}

PMDL
IopMdlAllocate(PVOID Address, ULONG Length)
{
    return IopMdlNew(Address, Length);
}

/* Windows: wdm.h, IoAllocateMdl.  Differences: quota is not charged. */
PMDL
IoAllocateMdl(PVOID VirtualAddress, ULONG Length, BOOLEAN SecondaryBuffer, BOOLEAN ChargeQuota, PIRP Irp)
{
    vf_owner *Owner = KiOwnerOfCall(__builtin_return_address(0));

    UNREFERENCED_PARAMETER(ChargeQuota);
    if (vf_inject("IoAllocateMdl", Owner)) {
        return NULL;
    }
    PMDL Mdl = IopMdlNew(VirtualAddress, Length);
    if (Mdl == NULL) {
        return NULL;
    }
    if (Owner != NULL) {
        IOP_MDL *Block = (IOP_MDL *)Mdl - 1;
        Block->Owner = Owner;
        Block->Ledger = vf_object_create(Owner, VF_MDL, Mdl, Length, 0, VF_REASON_ALLOCATE, "IoAllocateMdl");
    }
    if (Irp == NULL) {
        return Mdl;
    }
    PMDL *Link = &Irp->MdlAddress;
    while (SecondaryBuffer && *Link != NULL) {
        Link = &(*Link)->Next;
    }
    *Link = Mdl;
    return Mdl;
}

/* Windows: wdm.h, IoFreeMdl.  Differences: memory that is no MDL of IoAllocateMdl is left alone and reported. */
VOID
IoFreeMdl(PMDL Mdl)
{
    IOP_MDL *Block = (IOP_MDL *)Mdl - 1;

    if (Block->Magic != IOP_MDL_MAGIC) {
        IopFinding("IO-13", "0xC2", NULL, Mdl, "IoFreeMdl of memory that is no MDL of IoAllocateMdl, or is free already");
        return;
    }
    if (Block->Owner != NULL) {
        vf_object_destroy(Block->Ledger, Block->Owner, VF_MDL);
    }
    Block->Magic = 0;
    if (!Block->Cached || !IopCachePush(IOP_CACHE_MDL, Block)) {
        port_free(Block);
    }
}

/* Windows: wdm.h, IoBuildPartialMdl.  Differences: none. */
VOID
IoBuildPartialMdl(PMDL SourceMdl, PMDL TargetMdl, PVOID VirtualAddress, ULONG Length)
{
    ULONG_PTR SourceStart = (ULONG_PTR)MmGetMdlVirtualAddress(SourceMdl);
    ULONG_PTR Start = (ULONG_PTR)VirtualAddress;

    if (Length == 0) {
        Length = (ULONG)(SourceStart + SourceMdl->ByteCount - Start);
    }
    if (Start < SourceStart || Start + Length > SourceStart + SourceMdl->ByteCount) {
        IopFinding("IO-14", "0xA0", NULL, TargetMdl, "IoBuildPartialMdl outside the range of the source MDL");
        return;
    }
    TargetMdl->StartVa = (PVOID)(Start & ~(ULONG_PTR)(PAGE_SIZE - 1));
    TargetMdl->ByteOffset = (ULONG)(Start & (PAGE_SIZE - 1));
    TargetMdl->ByteCount = Length;
    TargetMdl->Process = SourceMdl->Process;
    TargetMdl->MdlFlags &= MDL_ALLOCATED_FIXED_SIZE;
    TargetMdl->MdlFlags |= MDL_PARTIAL | (SourceMdl->MdlFlags & (MDL_SOURCE_IS_NONPAGED_POOL | MDL_IO_SPACE));
    if ((SourceMdl->MdlFlags & (MDL_SOURCE_IS_NONPAGED_POOL | MDL_MAPPED_TO_SYSTEM_VA)) != 0) {
        TargetMdl->MdlFlags |= (SourceMdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA) != 0 ? MDL_PARENT_MAPPED_SYSTEM_VA : 0;
        TargetMdl->MappedSystemVa = (PUCHAR)SourceMdl->MappedSystemVa + (Start - SourceStart);
    }
}
