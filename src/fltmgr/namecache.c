/* SPDX-License-Identifier: MIT */
/*
 * Name information blocks, their texts, and the caches of texts (picture in fltname.h).
 *
 * Locks: FLTP_NAMES.Lock guards the entries of one file object or operation; nothing is called under it.
 */
#include "fltmgr/fltname.h"

/* ---- texts ---- */

FLTP_TEXT *
FltpTextCreate(PCUNICODE_STRING Name, USHORT VolumeLength)
{
    FLTP_TEXT *Text = port_alloc(sizeof(*Text) + Name->Length);

    if (Text != NULL) {
        atomic_init(&Text->References, 1);
        Text->Length = Name->Length;
        Text->VolumeLength = VolumeLength;
        if (Name->Length != 0) {
            memcpy(Text->Buffer, Name->Buffer, Name->Length);
        }
    }
    return Text;
}

VOID
FltpTextRelease(FLTP_TEXT *Text)
{
    if (Text != NULL && atomic_fetch_sub_explicit(&Text->References, 1, memory_order_acq_rel) == 1) {
        port_free(Text);
    }
}

static FLTP_TEXT *
FltpTextReference(FLTP_TEXT *Text)
{
    if (Text != NULL) {
        atomic_fetch_add_explicit(&Text->References, 1, memory_order_relaxed);
    }
    return Text;
}

BOOLEAN
FltpTextIs(const FLTP_TEXT *Text, PCUNICODE_STRING Name)
{
    return Text->Length == Name->Length && (Name->Length == 0 || memcmp(Text->Buffer, Name->Buffer, Name->Length) == 0);
}

/* ---- caches ---- */

FLTP_NAMES *
FltpNamesOf(_Atomic(void *) *Slot, BOOLEAN Create)
{
    void *Names = atomic_load_explicit(Slot, memory_order_acquire);

    if (Names != NULL || !Create) {
        return Names;
    }
    FLTP_NAMES *New = port_alloc_zeroed(sizeof(*New));
    if (New != NULL && !atomic_compare_exchange_strong(Slot, &Names, New)) {
        port_free(New);
        return Names;
    }
    return New;
}

static VOID
FltpNamesFree(_Atomic(void *) *Slot)
{
    FLTP_NAMES *Names = atomic_exchange(Slot, NULL);

    if (Names == NULL) {
        return;
    }
    for (ULONG i = 0; i < FLTP_NAME_FORMATS; i++) {
        FltpTextRelease(Names->Entries[i].Text);
        FltpTextRelease(Names->Entries[i].Opened);
    }
    port_free(Names);
}

VOID
FltpOperationNameFree(FLTP_OPERATION *Operation)
{
    FltpNamesFree(&Operation->Name);
}

VOID
FltpFileNameFree(FLTP_FILE *File)
{
    FltpNamesFree(&File->Name);
}

VOID
FltpVolumeNamesFree(PFLT_VOLUME Volume)
{
    port_free(atomic_exchange(&Volume->NameCache, NULL));
}

/* From now on every rename passes through FltpNamesChanged. */
static VOID
FltpVolumeWatchRenames(PFLT_VOLUME Volume)
{
    const ULONGLONG Bit = 1ull << IRP_MJ_SET_INFORMATION;

    FltpLockAcquire(&Volume->Lock, FLTP_RANK_VOLUME);
    atomic_fetch_or(&Volume->Forced, Bit);
    atomic_fetch_or(&Volume->Interest, Bit);
    FltpLockRelease(&Volume->Lock);
}

/* One for all frames: every rename passes the lowest. */
static FLTP_VOLUME_NAMES *
FltpVolumeNamesOf(PFLT_VOLUME Of)
{
    const PFLT_VOLUME Volume = Of->Base;
    void *Current = atomic_load_explicit(&Volume->NameCache, memory_order_acquire);

    if (Current != NULL) {
        return Current;
    }
    FLTP_VOLUME_NAMES *New = port_alloc_zeroed(sizeof(*New));
    if (New == NULL) {
        return NULL;
    }
    FltpVolumeWatchRenames(Volume);
    atomic_init(&New->Generation, 1);
    atomic_init(&New->Ready, port_clock_monotonic() + FLTP_NAME_SETTLE);
    if (!atomic_compare_exchange_strong(&Volume->NameCache, &Current, New)) {
        port_free(New);
        return Current;
    }
    return New;
}

ULONGLONG
FltpNameGeneration(PFLT_VOLUME Volume)
{
    FLTP_VOLUME_NAMES *Names = FltpVolumeNamesOf(Volume);

    if (Names == NULL) {
        return 0;
    }
    const uint64_t Ready = atomic_load_explicit(&Names->Ready, memory_order_relaxed);
    if (Ready != 0) {
        if (port_clock_monotonic() < Ready) {
            return 0;
        }
        atomic_store_explicit(&Names->Ready, 0, memory_order_relaxed);
    }
    return atomic_load_explicit(&Names->Generation, memory_order_acquire);
}

static VOID
FltpVolumeForgetNames(PFLT_VOLUME Volume)
{
    FLTP_VOLUME_NAMES *Names = atomic_load_explicit(&Volume->Base->NameCache, memory_order_acquire);

    if (Names != NULL) {
        atomic_fetch_add_explicit(&Names->Generation, 1, memory_order_acq_rel);
    }
}

VOID
FltpNamesChanged(PFLT_VOLUME Volume, const FLT_IO_PARAMETER_BLOCK *Iopb)
{
    if (Iopb->MajorFunction != IRP_MJ_SET_INFORMATION) {
        return;
    }
    switch (Iopb->Parameters.SetFileInformation.FileInformationClass) {
    case FileRenameInformation:
    case FileRenameInformationEx:
    case FileRenameInformationBypassAccessCheck:
    case FileRenameInformationExBypassAccessCheck:
    case FileLinkInformation:
    case FileLinkInformationEx:
    case FileLinkInformationBypassAccessCheck:
    case FileLinkInformationExBypassAccessCheck:
    case FileShortNameInformation:
        FltpVolumeForgetNames(Volume);
        break;
    default:
        break;
    }
}

FLTP_TEXT *
FltpNamesLookup(FLTP_NAMES *Names, ULONG Format, ULONGLONG Generation, PCUNICODE_STRING Opened)
{
    FLTP_TEXT *Found = NULL;

    if (Names == NULL || Generation == 0) {
        return NULL;
    }
    FltpLockAcquire(&Names->Lock, VF_RANK_FLTMGR_NAME);
    const FLTP_TEXT *From = Names->Entries[Format - 1].Opened;
    if (Names->Entries[Format - 1].Generation == Generation && (Opened == NULL || (From != NULL && FltpTextIs(From, Opened)))) {
        Found = FltpTextReference(Names->Entries[Format - 1].Text);
    }
    FltpLockRelease(&Names->Lock);
    return Found;
}

VOID
FltpNamesStore(FLTP_NAMES *Names, ULONG Format, ULONGLONG Generation, FLTP_TEXT *Text, PCUNICODE_STRING Opened)
{
    if (Names == NULL || Generation == 0) {
        return;
    }
    FLTP_TEXT *From = Opened != NULL ? FltpTextCreate(Opened, 0) : NULL;
    if (Opened != NULL && From == NULL) {
        return;
    }
    FltpTextReference(Text);
    FltpLockAcquire(&Names->Lock, VF_RANK_FLTMGR_NAME);
    FLTP_TEXT *OldText = Names->Entries[Format - 1].Text;
    FLTP_TEXT *OldFrom = Names->Entries[Format - 1].Opened;
    Names->Entries[Format - 1].Generation = Generation;
    Names->Entries[Format - 1].Text = Text;
    Names->Entries[Format - 1].Opened = From;
    FltpLockRelease(&Names->Lock);
    FltpTextRelease(OldText);
    FltpTextRelease(OldFrom);
}

/* Windows: fltKernel.h, FltPurgeFileNameInformationCache.  Differences: without a file object all names of the volume are forgotten. */
NTSTATUS FLTAPI
FltPurgeFileNameInformationCache(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject)
{
    VF_MAX_IRQL(APC_LEVEL);

    if (FileObject == NULL) {
        FltpVolumeForgetNames(Instance->Volume);
        return STATUS_SUCCESS;
    }
    FLTP_FILE *File = IopFileIsOurs(FileObject) ? FltpFileOf(FileObject, FALSE) : NULL;
    FLTP_NAMES *Names = File != NULL ? FltpNamesOf(&File->Name, FALSE) : NULL;
    if (Names != NULL) {
        FltpLockAcquire(&Names->Lock, VF_RANK_FLTMGR_NAME);
        for (ULONG i = 0; i < FLTP_NAME_FORMATS; i++) {
            Names->Entries[i].Generation = 0;
        }
        FltpLockRelease(&Names->Lock);
    }
    return STATUS_SUCCESS;
}

/* ---- blocks ---- */

/* While the verifier is on, freed blocks rest a while so that a second release is recognised. */
#define FLTP_NAME_RESTING 64
static port_lock FltpRestingLock;
static FLTP_NAME *FltpResting[FLTP_NAME_RESTING];      /* RestingLock */
static ULONG FltpRestingNext;                          /* RestingLock */

static VOID
FltpNameRest(FLTP_NAME *Name)
{
    if (!vf_on()) {
        port_free(Name);
        return;
    }
    FltpLockAcquire(&FltpRestingLock, FLTP_RANK_LEAF);
    FLTP_NAME *Oldest = FltpResting[FltpRestingNext];
    FltpResting[FltpRestingNext] = Name;
    FltpRestingNext = (FltpRestingNext + 1) % FLTP_NAME_RESTING;
    FltpLockRelease(&FltpRestingLock);
    port_free(Oldest);
}

NTSTATUS
FltpNameCreate(FLTP_TEXT *Text, ULONG Format, vf_owner *Owner, const char *Routine, PFLT_FILE_NAME_INFORMATION *Information)
{
    FLTP_NAME *Name = vf_inject(Routine, Owner) ? NULL : port_alloc_zeroed(sizeof(*Name));

    if (Name == NULL) {
        FltpTextRelease(Text);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    atomic_init(&Name->Magic, FLTP_NAME_MAGIC);
    atomic_init(&Name->References, 1);
    Name->Text = Text;
    Name->Owner = Owner;
    Name->Information.Size = sizeof(Name->Information);
    Name->Information.Format = Format;
    Name->Information.Name.Buffer = Text->Buffer;
    Name->Information.Name.Length = Name->Information.Name.MaximumLength = Text->Length;
    if (Text->VolumeLength != 0) {
        Name->Information.Volume.Buffer = Text->Buffer;
        Name->Information.Volume.Length = Name->Information.Volume.MaximumLength = Text->VolumeLength;
    }
    Name->Ledger = vf_object_create(Owner, VF_NAME_INFORMATION, &Name->Information, sizeof(*Name), 0, VF_REASON_GET, Routine);
    *Information = &Name->Information;
    return STATUS_SUCCESS;
}

static FLTP_NAME *
FltpNameOf(PFLT_FILE_NAME_INFORMATION Information, const char *Routine)
{
    FLTP_NAME *Name = CONTAINING_RECORD(Information, FLTP_NAME, Information);

    if (Information != NULL && atomic_load_explicit(&Name->Magic, memory_order_relaxed) == FLTP_NAME_MAGIC) {
        return Name;
    }
    vf_report("K-02", NULL, NULL, KiCurrentOwner(), Information, "%s: %p is not file name information (any more)", Routine, (void *)Information);
    return NULL;
}

/* Windows: fltKernel.h, FltReferenceFileNameInformation.  Differences: none. */
VOID FLTAPI
FltReferenceFileNameInformation(PFLT_FILE_NAME_INFORMATION NameInformation)
{
    VF_MAX_IRQL(APC_LEVEL);

    FLTP_NAME *Name = FltpNameOf(NameInformation, __func__);
    if (Name != NULL) {
        atomic_fetch_add_explicit(&Name->References, 1, memory_order_relaxed);
        vf_object_reference(Name->Ledger, VF_REASON_REFERENCE, __func__);
    }
}

/* Windows: fltKernel.h, FltReleaseFileNameInformation.  Differences: a release too many is reported, not a bug check. */
VOID FLTAPI
FltReleaseFileNameInformation(PFLT_FILE_NAME_INFORMATION NameInformation)
{
    VF_MAX_IRQL(APC_LEVEL);

    FLTP_NAME *Name = FltpNameOf(NameInformation, __func__);
    if (Name == NULL) {
        return;
    }
    /* The ledger first: another thread may drop the last reference at once. */
    vf_object_release(Name->Ledger, VF_REASON_REFERENCE, __func__);
    if (atomic_fetch_sub_explicit(&Name->References, 1, memory_order_acq_rel) != 1) {
        return;
    }
    vf_object_destroy(Name->Ledger, Name->Owner, VF_NAME_INFORMATION);
    FltpTextRelease(Name->Text);
    atomic_store_explicit(&Name->Magic, FLTP_NAME_MAGIC_DEAD, memory_order_relaxed);
    FltpNameRest(Name);
}

/* ---- building ---- */

#define FLTP_CONTROL_FIRST 512

NTSTATUS
FltpControlInitialize(PFLT_NAME_CONTROL Control)
{
    Control->Name.Length = 0;
    Control->Name.MaximumLength = FLTP_CONTROL_FIRST;
    Control->Name.Buffer = port_alloc(FLTP_CONTROL_FIRST);
    if (Control->Name.Buffer == NULL) {
        Control->Name.MaximumLength = 0;
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    return STATUS_SUCCESS;
}

VOID
FltpControlFree(PFLT_NAME_CONTROL Control)
{
    port_free(Control->Name.Buffer);
    Control->Name.Buffer = NULL;
    Control->Name.Length = Control->Name.MaximumLength = 0;
}

/* Windows: fltKernel.h, FltCheckAndGrowNameControl.  Differences: none. */
NTSTATUS FLTAPI
FltCheckAndGrowNameControl(PFLT_NAME_CONTROL NameCtrl, USHORT NewSize)
{
    VF_MAX_IRQL(APC_LEVEL);

    PUNICODE_STRING Name = &NameCtrl->Name;
    if (Name->MaximumLength >= NewSize) {
        return STATUS_SUCCESS;
    }
    PWCH Buffer = port_alloc(NewSize);
    if (Buffer == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    if (Name->MaximumLength != 0) {
        memcpy(Buffer, Name->Buffer, Name->MaximumLength);
    }
    port_free(Name->Buffer);
    Name->Buffer = Buffer;
    Name->MaximumLength = NewSize;
    return STATUS_SUCCESS;
}

NTSTATUS
FltpControlAppend(PFLT_NAME_CONTROL Control, PCUNICODE_STRING Part)
{
    const ULONG Needed = (ULONG)Control->Name.Length + Part->Length;

    if (Needed > 0xFFFE) {
        return STATUS_OBJECT_NAME_INVALID;
    }
    if (Needed > Control->Name.MaximumLength) {
        const ULONG Room = Needed * 2 > 0xFFFE ? 0xFFFE : Needed * 2;
        NTSTATUS Status = FltCheckAndGrowNameControl(Control, (USHORT)Room);
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
    }
    if (Part->Length != 0) {
        memmove((PUCHAR)Control->Name.Buffer + Control->Name.Length, Part->Buffer, Part->Length);
    }
    Control->Name.Length = (USHORT)Needed;
    return STATUS_SUCCESS;
}

NTSTATUS
FltpControlAppendCharacter(PFLT_NAME_CONTROL Control, WCHAR Character)
{
    const UNICODE_STRING Part = { sizeof(WCHAR), sizeof(WCHAR), &Character };

    return FltpControlAppend(Control, &Part);
}
