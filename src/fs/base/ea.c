/* SPDX-License-Identifier: MIT */
/*
 * IRP_MJ_QUERY_EA, IRP_MJ_SET_EA.
 *
 * $LXUID, $LXGID, $LXMOD and $LXDEV are the file's owner, mode and device: asked for by name they are always there, set they change
 * the file, and they are not listed.  Every other name is the store's (io/eaname.h).
 */
#include "fs/base/fsb.h"
#include "io/eaname.h"

#define FSB_LX_NAME 6
static const CHAR FsbLxNames[4][FSB_LX_NAME + 1] = {"$LXUID", "$LXGID", "$LXMOD", "$LXDEV"};

/* Index into FsbLxNames or -1. */
static int
FsbLxIndex(const CHAR *Name, ULONG Length)
{
    for (int i = 0; Length == FSB_LX_NAME && i < 4; i++) {
        BOOLEAN Same = TRUE;
        for (ULONG c = 0; c < FSB_LX_NAME; c++) {
            const CHAR Upper = Name[c] >= 'a' && Name[c] <= 'z' ? (CHAR)(Name[c] - 'a' + 'A') : Name[c];
            Same = Same && Upper == FsbLxNames[i][c];
        }
        if (Same) {
            return i;
        }
    }
    return -1;
}

BOOLEAN
FsbLxEa(const FILE_FULL_EA_INFORMATION *Ea, FSB_SET *Set)
{
    const int Which = FsbLxIndex(Ea->EaName, Ea->EaNameLength);
    const UCHAR *Value = (const UCHAR *)Ea->EaName + Ea->EaNameLength + 1;
    ULONG Words[2] = {0, 0};
    if (Which < 0) {
        return FALSE;
    }
    if (Ea->EaValueLength < (Which == 3 ? 2 : 1) * sizeof(ULONG)) {
        return TRUE;                           /* malformed or a removal: the file keeps what it has */
    }
    memcpy(Words, Value, Which == 3 ? sizeof(Words) : sizeof(ULONG));
    switch (Which) {
    case 0: Set->Valid |= FSB_SET_UID; Set->Uid = Words[0]; break;
    case 1: Set->Valid |= FSB_SET_GID; Set->Gid = Words[0]; break;
    case 2: Set->Valid |= FSB_SET_MODE; Set->Mode = Words[0]; break;
    default: Set->Valid |= FSB_SET_RDEV; Set->DeviceMajor = Words[0]; Set->DeviceMinor = Words[1]; break;
    }
    return TRUE;
}

/* ---- set ---- */

static NTSTATUS
FsbSetOneEa(FSB_FCB *Fcb, PFILE_FULL_EA_INFORMATION Ea, struct iop_attachment *Attachment)
{
    const FSB_STORE *Store = Fcb->Volume->Store;
    CHAR Name[256];
    if (Store->SetEa == NULL) {
        return STATUS_EAS_NOT_SUPPORTED;
    }
    if (!IopEaNameToStore(Ea->EaName, Ea->EaNameLength, Name)) {
        return STATUS_INVALID_EA_NAME;
    }
    const BOOLEAN Remove = Ea->EaValueLength == 0 && (Attachment == NULL || !(Attachment->valid & IOP_ATTACH_EA_EMPTY));
    NTSTATUS Status = Store->SetEa(Fcb, Name, Ea->EaName + Ea->EaNameLength + 1, Ea->EaValueLength, Remove, Attachment);
    if (Remove && Status == STATUS_NONEXISTENT_EA_ENTRY && Attachment == NULL) {
        Status = STATUS_SUCCESS;               /* as on Windows */
    }
    return Status;
}

NTSTATUS
FsbSetEaList(FSB_FCB *Fcb, PFILE_FULL_EA_INFORMATION List, ULONG Length, BOOLEAN SkipLx, struct iop_attachment *Attachment, PULONG ErrorOffset)
{
    FSB_SET Set = {0};
    NTSTATUS Status = IoCheckEaBufferValidity(List, Length, ErrorOffset);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    for (PUCHAR At = (PUCHAR)List;;) {
        const PFILE_FULL_EA_INFORMATION Ea = (PFILE_FULL_EA_INFORMATION)At;
        if (!FsbLxEa(Ea, &Set)) {
            Status = FsbSetOneEa(Fcb, Ea, Attachment);
        }
        if (!NT_SUCCESS(Status)) {
            *ErrorOffset = (ULONG)(At - (PUCHAR)List);
            return Status;
        }
        if (Ea->NextEntryOffset == 0) {
            break;
        }
        At += Ea->NextEntryOffset;
    }
    return Set.Valid != 0 && !SkipLx ? Fcb->Volume->Store->Set(Fcb, &Set, Attachment) : STATUS_SUCCESS;
}

NTSTATUS
FsbSetEa(FSB_VOLUME *Volume, PIRP Irp)
{
    const PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    FSB_SCB *Scb = FsbScbOf(Stack->FileObject);
    const ULONG Length = Stack->Parameters.SetEa.Length;
    ULONG ErrorOffset = 0;
    Irp->IoStatus.Information = 0;
    if (Scb == NULL || Scb->Fcb == NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    if (Volume->Options.ReadOnly) {
        return STATUS_MEDIA_WRITE_PROTECTED;
    }
    const PFILE_FULL_EA_INFORMATION List = FsbDataBuffer(Irp);
    if (List == NULL || Length == 0) {
        return Length == 0 ? STATUS_SUCCESS : STATUS_INVALID_USER_BUFFER;
    }
    const NTSTATUS Status = FsbSetEaList(Scb->Fcb, List, Length, FALSE, FsbAttachment(Irp), &ErrorOffset);
    if (!NT_SUCCESS(Status)) {
        Irp->IoStatus.Information = ErrorOffset;
    }
    return Status;
}

/* ---- query ---- */

typedef struct FSB_EA_OUT {
    PUCHAR Buffer;
    ULONG Length, Used, Last;
    BOOLEAN Any;
} FSB_EA_OUT;

/* Room for the next entry, name filled in; Value points behind it.  STATUS_BUFFER_OVERFLOW: does not fit. */
static NTSTATUS
FsbEaBegin(FSB_EA_OUT *Out, const CHAR *Name, ULONG NameLength, PFILE_FULL_EA_INFORMATION *Ea, PULONG Room)
{
    const ULONG Start = (Out->Used + 3) & ~3u;
    const ULONG Head = FIELD_OFFSET(FILE_FULL_EA_INFORMATION, EaName) + NameLength + 1;
    if (Start + Head > Out->Length) {
        return STATUS_BUFFER_OVERFLOW;
    }
    *Ea = (PFILE_FULL_EA_INFORMATION)(Out->Buffer + Start);
    memset(*Ea, 0, FIELD_OFFSET(FILE_FULL_EA_INFORMATION, EaName));
    (*Ea)->EaNameLength = (UCHAR)NameLength;
    memcpy((*Ea)->EaName, Name, NameLength);
    (*Ea)->EaName[NameLength] = 0;
    *Room = Out->Length - Start - Head;
    return STATUS_SUCCESS;
}

static VOID
FsbEaEnd(FSB_EA_OUT *Out, PFILE_FULL_EA_INFORMATION Ea, ULONG ValueLength)
{
    const ULONG Start = (ULONG)((PUCHAR)Ea - Out->Buffer);
    Ea->EaValueLength = (USHORT)ValueLength;
    if (Out->Any) {
        ((PFILE_FULL_EA_INFORMATION)(Out->Buffer + Out->Last))->NextEntryOffset = Start - Out->Last;
    }
    Out->Last = Start;
    Out->Used = Start + FIELD_OFFSET(FILE_FULL_EA_INFORMATION, EaName) + Ea->EaNameLength + 1 + ValueLength;
    Out->Any = TRUE;
}

static ULONG
FsbLxValue(int Which, const FSB_STAT *Stat, ULONG Words[2])
{
    Words[0] = Which == 0 ? Stat->Uid : Which == 1 ? Stat->Gid : Which == 2 ? Stat->Mode : Stat->DeviceMajor;
    Words[1] = Stat->DeviceMinor;
    return Which == 3 ? 2 * sizeof(ULONG) : sizeof(ULONG);
}

static NTSTATUS
FsbQueryOneEa(FSB_SCB *Scb, FSB_EA_OUT *Out, const CHAR *Name, ULONG NameLength, struct iop_attachment *Attachment)
{
    const FSB_STORE *Store = Scb->Volume->Store;
    const int Which = FsbLxIndex(Name, NameLength);
    CHAR Terminated[256];
    PFILE_FULL_EA_INFORMATION Ea;
    ULONG Room;
    NTSTATUS Status = FsbEaBegin(Out, Name, NameLength, &Ea, &Room);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    const PUCHAR Value = (PUCHAR)Ea->EaName + NameLength + 1;
    if (Which >= 0) {
        FSB_STAT Stat;
        ULONG Words[2];
        Status = FsbQueryStat(Scb, &Stat, Attachment);
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
        const ULONG Bytes = FsbLxValue(Which, &Stat, Words);
        if (Bytes > Room) {
            return STATUS_BUFFER_OVERFLOW;
        }
        memcpy(Value, Words, Bytes);
        FsbEaEnd(Out, Ea, Bytes);
        return STATUS_SUCCESS;
    }
    if (!IopEaNameToStore(Name, NameLength, Terminated)) {
        return STATUS_INVALID_EA_NAME;
    }
    ULONG Length = Room < 0xFFFF ? Room : 0xFFFF;
    Status = Store->GetEa != NULL ? Store->GetEa(Scb->Fcb, Terminated, Value, &Length, Attachment) : STATUS_NONEXISTENT_EA_ENTRY;
    if (Status == STATUS_NONEXISTENT_EA_ENTRY) {
        if (Attachment != NULL) {
            Attachment->host_errno = FSB_ENODATA;
        }
        Length = 0;
        Status = STATUS_SUCCESS;
    }
    if (NT_SUCCESS(Status)) {
        FsbEaEnd(Out, Ea, Length);
    }
    return Status;
}

/* The names of a FILE_GET_EA_INFORMATION list. */
static NTSTATUS
FsbQueryEaList(FSB_SCB *Scb, PIO_STACK_LOCATION Stack, FSB_EA_OUT *Out, struct iop_attachment *Attachment)
{
    const PUCHAR List = Stack->Parameters.QueryEa.EaList;
    const ULONG Length = Stack->Parameters.QueryEa.EaListLength;
    for (ULONG At = 0;;) {
        const PFILE_GET_EA_INFORMATION Get = (PFILE_GET_EA_INFORMATION)(List + At);
        const ULONG Head = FIELD_OFFSET(FILE_GET_EA_INFORMATION, EaName);
        if (At + Head > Length || At + Head + Get->EaNameLength > Length || Get->EaNameLength == 0) {
            return STATUS_EA_LIST_INCONSISTENT;
        }
        const NTSTATUS Status = FsbQueryOneEa(Scb, Out, Get->EaName, Get->EaNameLength, Attachment);
        if (!NT_SUCCESS(Status) || Get->NextEntryOffset == 0) {
            return Status;
        }
        At += Get->NextEntryOffset;
    }
}

static NTSTATUS
FsbListEaNames(FSB_FCB *Fcb, CHAR **Names, PULONG Length, struct iop_attachment *Attachment)
{
    ULONG Size = 1024;
    for (;;) {
        *Names = port_alloc(Size);
        if (*Names == NULL) {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        *Length = Size;
        const NTSTATUS Status = Fcb->Volume->Store->ListEa(Fcb, *Names, Length, Attachment);
        if (Status != STATUS_BUFFER_OVERFLOW || Size >= 0x100000) {
            return Status;
        }
        port_free(*Names);
        Size *= 8;
    }
}

static NTSTATUS
FsbQueryAllEas(FSB_SCB *Scb, FSB_CCB *Ccb, PIO_STACK_LOCATION Stack, FSB_EA_OUT *Out, struct iop_attachment *Attachment)
{
    const BOOLEAN Indexed = (Stack->Flags & SL_INDEX_SPECIFIED) != 0;
    CHAR *Names = NULL;
    ULONG Length = 0, Index = 0;
    if (Scb->Volume->Store->ListEa == NULL) {
        return STATUS_EAS_NOT_SUPPORTED;
    }
    NTSTATUS Status = FsbListEaNames(Scb->Fcb, &Names, &Length, Attachment);
    port_lock_acquire(&Ccb->ListingLock);
    if (Stack->Flags & SL_RESTART_SCAN) {
        Ccb->EaIndex = 0;
    }
    ULONG Start = Indexed ? (Stack->Parameters.QueryEa.EaIndex != 0 ? Stack->Parameters.QueryEa.EaIndex - 1 : 0) : Ccb->EaIndex;
    for (ULONG At = 0; NT_SUCCESS(Status) && At < Length; Index++) {
        const ULONG NameLength = (ULONG)strlen(Names + At);
        if (Index >= Start) {
            const ULONG Hidden = (ULONG)IopEaNameHidden(Names + At, NameLength);
            Status = FsbQueryOneEa(Scb, Out, Names + At + Hidden, NameLength - Hidden, NULL);
            Start = NT_SUCCESS(Status) ? Index + 1 : Start;
            if (NT_SUCCESS(Status) && (Stack->Flags & SL_RETURN_SINGLE_ENTRY)) {
                break;
            }
        }
        At += NameLength + 1;
    }
    Ccb->EaIndex = Start;
    port_lock_release(&Ccb->ListingLock);
    port_free(Names);
    if (NT_SUCCESS(Status) && !Out->Any) {
        Status = Index == 0 ? STATUS_NO_EAS_ON_FILE : Indexed && Start > Index ? STATUS_NONEXISTENT_EA_ENTRY : STATUS_NO_MORE_EAS;
    }
    return Status;
}

NTSTATUS
FsbQueryEa(FSB_VOLUME *Volume, PIRP Irp)
{
    const PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    FSB_SCB *Scb = FsbScbOf(Stack->FileObject);
    FSB_EA_OUT Out = {.Buffer = FsbDataBuffer(Irp), .Length = Stack->Parameters.QueryEa.Length};
    UNREFERENCED_PARAMETER(Volume);
    Irp->IoStatus.Information = 0;
    if (Scb == NULL || Scb->Fcb == NULL || Out.Buffer == NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    NTSTATUS Status = Stack->Parameters.QueryEa.EaList != NULL && Stack->Parameters.QueryEa.EaListLength != 0
                          ? FsbQueryEaList(Scb, Stack, &Out, FsbAttachment(Irp))
                          : FsbQueryAllEas(Scb, FsbCcbOf(Stack->FileObject), Stack, &Out, FsbAttachment(Irp));
    if (Status == STATUS_BUFFER_OVERFLOW && !Out.Any) {
        Status = STATUS_BUFFER_TOO_SMALL;
    }
    Irp->IoStatus.Information = Out.Used;
    return Status;
}
