/* SPDX-License-Identifier: MIT */
/*
 * PsSetCreateProcessNotifyRoutine and its kin.
 *
 * Linux tells nobody of new processes; here one is new when its first request arrives.  Before that request runs, the routines that were
 * there when the process started are called on its thread (other threads of the process wait), so that a driver knows of a process
 * before it sees an operation of it.  Its end is waited for (ps_proc_watch) and told on a thread of the runtime in the process' name.
 *
 * Processes that make no request, and those that ran before the routine was set, are told of at their end only if they made requests.
 */
#include "ps/pspp.h"

#include <stdatomic.h>
#include <string.h>

#include "ke/ntcall.h"
#include "port/port.h"
#include "rtl/rtlp.h"

#define PSP_MOST_ROUTINES 64
#define PSP_COMMAND_BYTES 4096

typedef struct PSP_ROUTINE {
    const VOID *Routine;                       /* PspNotifyLock; NULL: free */
    BOOLEAN Extended, Removing;
    ULONGLONG Since;                           /* ticks: processes that started earlier are not new */
    EX_RUNDOWN_REF Rundown;
    vf_owner *Owner;
    vf_object *Ledger;
} PSP_ROUTINE;

_Atomic(ULONG) PspListeners;
static port_lock PspNotifyLock;
static PSP_ROUTINE PspRoutines[PSP_MOST_ROUTINES];

/* ---- set and remove ---- */

static NTSTATUS
PspAddRoutine(const VOID *Routine, BOOLEAN Extended, vf_owner *Owner)
{
    PSP_ROUTINE *Free = NULL;
    NTSTATUS Status = STATUS_INVALID_PARAMETER;

    port_lock_acquire(&PspNotifyLock);
    BOOLEAN Twice = FALSE;
    for (ULONG i = 0; i < PSP_MOST_ROUTINES; i++) {
        Twice |= PspRoutines[i].Routine == Routine && PspRoutines[i].Extended == Extended;
        Free = Free == NULL && PspRoutines[i].Routine == NULL ? &PspRoutines[i] : Free;
    }
    if (!Twice && Free != NULL) {
        ExInitializeRundownProtection(&Free->Rundown);
        Free->Extended = Extended;
        Free->Owner = Owner;
        Free->Since = ps_proc_now();
        Free->Ledger = vf_object_create(Owner, VF_OTHER, Routine, 0, 0, VF_REASON_ALLOCATE, "PsSetCreateProcessNotifyRoutine");
        Free->Routine = Routine;
        atomic_fetch_add(&PspListeners, 1);
        Status = STATUS_SUCCESS;
    }
    port_lock_release(&PspNotifyLock);
    return Status;
}

static NTSTATUS
PspRemoveRoutine(const VOID *Routine, BOOLEAN Extended)
{
    PSP_ROUTINE *Found = NULL;

    port_lock_acquire(&PspNotifyLock);
    for (ULONG i = 0; i < PSP_MOST_ROUTINES && Found == NULL; i++) {
        if (PspRoutines[i].Routine == Routine && PspRoutines[i].Extended == Extended && !PspRoutines[i].Removing) {
            Found = &PspRoutines[i];
        }
    }
    if (Found != NULL) {
        Found->Removing = TRUE;
    }
    port_lock_release(&PspNotifyLock);
    if (Found == NULL) {
        return STATUS_PROCEDURE_NOT_FOUND;
    }
    ExWaitForRundownProtectionRelease(&Found->Rundown);
    vf_object_destroy(Found->Ledger, Found->Owner, VF_OTHER);
    port_lock_acquire(&PspNotifyLock);
    Found->Routine = NULL;
    Found->Removing = FALSE;
    port_lock_release(&PspNotifyLock);
    atomic_fetch_sub(&PspListeners, 1);
    return STATUS_SUCCESS;
}

/*
 * Windows: ntddk.h, PsSetCreateProcessNotifyRoutine.  Differences: a process is told of when its first request arrives, one that makes none is
 * not; the image is the one that runs then (fork and exec are two steps).
 */
NTSTATUS
PsSetCreateProcessNotifyRoutine(PCREATE_PROCESS_NOTIFY_ROUTINE NotifyRoutine, BOOLEAN Remove)
{
    return Remove ? PspRemoveRoutine((const VOID *)NotifyRoutine, FALSE)
                  : PspAddRoutine((const VOID *)NotifyRoutine, FALSE, KiOwnerOfCall(__builtin_return_address(0)));
}

/* Windows: ntddk.h, PsSetCreateProcessNotifyRoutineEx.  Differences: as PsSetCreateProcessNotifyRoutine; a process cannot be refused. */
NTSTATUS
PsSetCreateProcessNotifyRoutineEx(PCREATE_PROCESS_NOTIFY_ROUTINE_EX NotifyRoutine, BOOLEAN Remove)
{
    return Remove ? PspRemoveRoutine((const VOID *)NotifyRoutine, TRUE)
                  : PspAddRoutine((const VOID *)NotifyRoutine, TRUE, KiOwnerOfCall(__builtin_return_address(0)));
}

/* Windows: ntddk.h, PsSetCreateProcessNotifyRoutineEx2.  Differences: as PsSetCreateProcessNotifyRoutineEx. */
NTSTATUS
PsSetCreateProcessNotifyRoutineEx2(PSCREATEPROCESSNOTIFYTYPE NotifyType, PVOID NotifyInformation, BOOLEAN Remove)
{
    if (NotifyType != PsCreateProcessNotifySubsystems) {
        return STATUS_INVALID_PARAMETER;
    }
    return Remove ? PspRemoveRoutine(NotifyInformation, TRUE)
                  : PspAddRoutine(NotifyInformation, TRUE, KiOwnerOfCall(__builtin_return_address(0)));
}

/* ---- calls ---- */

typedef struct PSP_NEWS {
    PEPROCESS Process;
    PPS_CREATE_NOTIFY_INFO Create;             /* NULL: it ended */
} PSP_NEWS;

static VOID
PspCallRoutine(const PSP_ROUTINE *Routine, const PSP_NEWS *News)
{
    KI_DRIVER_CALL Call = {.Owner = Routine->Owner, .Phase = News->Create != NULL ? "process creation" : "process end"};
    const HANDLE Parent = PspIdOf(News->Process->Parent, FALSE), Id = PsGetProcessId(News->Process);

    if (Routine->Extended) {
        NT_CALL(&Call, ((PCREATE_PROCESS_NOTIFY_ROUTINE_EX)Routine->Routine)(News->Process, Id, News->Create));
    } else {
        NT_CALL(&Call, ((PCREATE_PROCESS_NOTIFY_ROUTINE)Routine->Routine)(Parent, Id, News->Create != NULL));
    }
}

static VOID
PspTell(const PSP_NEWS *News)
{
    KeEnterCriticalRegion();
    for (ULONG i = 0; i < PSP_MOST_ROUTINES; i++) {
        PSP_ROUTINE *Routine = &PspRoutines[i];
        port_lock_acquire(&PspNotifyLock);
        const BOOLEAN There = Routine->Routine != NULL && (News->Create == NULL || News->Process->Start >= Routine->Since) &&
                              ExAcquireRundownProtection(&Routine->Rundown);
        port_lock_release(&PspNotifyLock);
        if (There) {
            PspCallRoutine(Routine, News);
            ExReleaseRundownProtection(&Routine->Rundown);
        }
    }
    KeLeaveCriticalRegion();
}

/* Takes over the reference on Context. */
static void
PspEnded(void *Context)
{
    const PSP_NEWS News = {.Process = Context};
    PSP_REQUESTOR Requestor;

    PspAttachProcess(&Requestor, News.Process);
    PspTell(&News);
    PspDetachRequestor(&Requestor);
    ObpDereference(News.Process);
}

/* UTF-16 of a command line, words separated by blanks; Buffer has room for as many units as there are bytes. */
static UNICODE_STRING
PspCommandLine(PEPROCESS Process, PWCHAR Buffer)
{
    char Text[PSP_COMMAND_BYTES];
    SIZE_T Bytes = ps_proc_command(Process->Pid, Text, sizeof(Text));

    while (Bytes != 0 && Text[Bytes - 1] == 0) {
        Bytes--;
    }
    for (SIZE_T i = 0; i < Bytes; i++) {
        Text[i] = Text[i] == 0 ? ' ' : Text[i];
    }
    const USHORT Length = (USHORT)(RtlpUtf8ToUtf16(Buffer, PSP_COMMAND_BYTES, Text, Bytes) * sizeof(WCHAR));
    return (UNICODE_STRING){Length, Length, Buffer};
}

static VOID
PspTellCreation(PEPROCESS Process, ULONG ThreadId)
{
    WCHAR Words[PSP_COMMAND_BYTES];
    const UNICODE_STRING Command = PspCommandLine(Process, Words);
    PUNICODE_STRING Image = NULL;
    PS_CREATE_NOTIFY_INFO Info = {.Size = sizeof(Info), .ParentProcessId = PspIdOf(Process->Parent, FALSE), .CommandLine = &Command};
    const PSP_NEWS News = {Process, &Info};

    Info.CreatingThreadId = (CLIENT_ID){PspIdOf(Process->Parent, FALSE), (HANDLE)(ULONG_PTR)ThreadId};
    Info.FileOpenNameAvailable = FALSE;        /* the image is not opened through a volume of ours, as far as is known */
    if (NT_SUCCESS(SeLocateProcessImageName(Process, &Image))) {
        Info.ImageFileName = Image;
    }
    PspTell(&News);
    if (!NT_SUCCESS(Info.CreationStatus)) {
        vf_unimplemented("refusing a process (CreationStatus)", (uintptr_t)__builtin_return_address(0));
    }
    if (Image != NULL) {
        ExFreePool(Image);
    }
}

VOID
PspAnnounce(PEPROCESS Process, ULONG ThreadId)
{
    uint32_t Expected = 0;

    if (atomic_compare_exchange_strong(&Process->Announced, &Expected, 1)) {
        PspTellCreation(Process, ThreadId);
        ObpReference(Process);
        if (!ps_proc_watch(Process->Pid, Process->Start, PspEnded, Process)) {
            ObpDereference(Process);
        }
        atomic_store(&Process->Announced, 2);
        port_wake(&Process->Announced, UINT32_MAX);
    } else {
        while (atomic_load(&Process->Announced) == 1) {
            port_wait(&Process->Announced, 1, PORT_FOREVER);
        }
    }
}
