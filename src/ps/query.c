/* SPDX-License-Identifier: MIT */
/* Ps*: identities of processes and threads, system threads. */
#include "ps/pspp.h"

#include <string.h>

/* Windows: wdm.h, PsGetCurrentProcess (IoGetCurrentProcess).  Differences: the requestor's process while a request runs. */
PEPROCESS
IoGetCurrentProcess(VOID)
{
    PKTHREAD Thread = KiCurrent();

    return Thread->AttachedProcess != NULL ? Thread->AttachedProcess : PspProcessOfThread(Thread);
}

/* Windows: ntddk.h, PsGetCurrentThread.  Differences: the thread that serves the request. */
PETHREAD
PsGetCurrentThread(VOID)
{
    return (PETHREAD)KiCurrent();
}

/* Windows: ntddk.h, PsGetProcessId.  Differences: Linux' number; a Linux process 4 appears as 0x40000004. */
HANDLE
PsGetProcessId(PEPROCESS Process)
{
    return PspIdOf(Process->Pid, Process == PsInitialSystemProcess);
}

/* Windows: ntddk.h, PsGetCurrentProcessId.  Differences: as PsGetProcessId. */
HANDLE
PsGetCurrentProcessId(VOID)
{
    return PsGetProcessId(PspProcessOfThread(KiCurrent()));
}

/* Windows: ntifs.h, PsGetThreadId.  Differences: the requestor's Linux thread id while a request runs. */
HANDLE
PsGetThreadId(PETHREAD Thread)
{
    PKTHREAD Tcb = (PKTHREAD)Thread;

    return PspIdOf(Tcb->ClientThreadId != 0 ? Tcb->ClientThreadId : Tcb->UniqueThread, FALSE);
}

/* Windows: ntddk.h, PsGetCurrentThreadId.  Differences: as PsGetThreadId. */
HANDLE
PsGetCurrentThreadId(VOID)
{
    return PsGetThreadId((PETHREAD)KiCurrent());
}

/* Windows: ntifs.h, PsGetThreadProcessId.  Differences: none. */
HANDLE
PsGetThreadProcessId(PETHREAD Thread)
{
    return PsGetProcessId(PspProcessOfThread((PKTHREAD)Thread));
}

/* Windows: ntifs.h, PsGetThreadProcess.  Differences: none. */
PEPROCESS
PsGetThreadProcess(PETHREAD Thread)
{
    return PspProcessOfThread((PKTHREAD)Thread);
}

/* Windows: ntifs.h, IoThreadToProcess.  Differences: none. */
PEPROCESS
IoThreadToProcess(PETHREAD Thread)
{
    return PspProcessOfThread((PKTHREAD)Thread);
}

/* Not documented, used by many drivers: first 15 characters of the image's name. */
PUCHAR
PsGetProcessImageFileName(PEPROCESS Process)
{
    return (PUCHAR)Process->ImageName;
}

/* Windows: ntifs.h, PsGetProcessCreateTimeQuadPart.  Differences: the time of the first request. */
LONGLONG
PsGetProcessCreateTimeQuadPart(PEPROCESS Process)
{
    return Process->CreateTime;
}

/* Windows: ntddk.h, PsGetProcessStartKey.  Differences: Linux' number and start time. */
ULONGLONG
PsGetProcessStartKey(PEPROCESS Process)
{
    return (Process->Start << 22) ^ Process->Pid;
}

/* Windows: ntifs.h, PsGetProcessExitStatus.  Differences: exits are not watched, so always STATUS_PENDING. */
NTSTATUS
PsGetProcessExitStatus(PEPROCESS Process)
{
    UNREFERENCED_PARAMETER(Process);
    return STATUS_PENDING;
}

/* Not documented: parent's id. */
HANDLE
PsGetProcessInheritedFromUniqueProcessId(PEPROCESS Process)
{
    return PspIdOf(Process->Parent, Process == PsInitialSystemProcess);
}

/* Not documented: terminal session; here Linux' session leader. */
ULONG
PsGetProcessSessionId(PEPROCESS Process)
{
    return Process->Session;
}

/* Windows: ntifs.h, PsGetCurrentProcessSessionId.  Differences: Linux' session. */
ULONG
PsGetCurrentProcessSessionId(VOID)
{
    return IoGetCurrentProcess()->Session;
}

/* Windows: ntifs.h, PsLookupProcessByProcessId.  Differences: none. */
NTSTATUS
PsLookupProcessByProcessId(HANDLE ProcessId, PEPROCESS *Process)
{
    ULONG_PTR Number = (ULONG_PTR)ProcessId;

    *Process = NULL;
    if (Number == PSP_SYSTEM_PID) {
        *Process = PsInitialSystemProcess;
        ObfReferenceObject(*Process);
        return STATUS_SUCCESS;
    }
    if (Number == 0 || Number > 0x7FFFFFFF) {
        return STATUS_INVALID_CID;
    }
    PEPROCESS Found = PspProcessByThread((ULONG)Number & ~0x40000000u);
    if (Found == NULL) {
        return STATUS_INVALID_CID;
    }
    if (PsGetProcessId(Found) != ProcessId) {
        ObpDereference(Found);                 /* the number of a thread */
        return STATUS_INVALID_CID;
    }
    ObfReferenceObject(Found);
    ObpDereference(Found);
    *Process = Found;
    return STATUS_SUCCESS;
}

typedef struct PSP_THREAD_SEARCH {
    HANDLE Id;
    PETHREAD Found;
} PSP_THREAD_SEARCH;

static BOOLEAN
PspMatchThread(PKTHREAD Thread, PVOID Context)
{
    PSP_THREAD_SEARCH *Search = Context;

    if (PsGetThreadId((PETHREAD)Thread) == Search->Id && ObpTryReference(Thread)) {
        Search->Found = (PETHREAD)Thread;
        return FALSE;
    }
    return TRUE;
}

/* Windows: ntifs.h, PsLookupThreadByThreadId.  Differences: finds system threads and threads whose request is being served. */
NTSTATUS
PsLookupThreadByThreadId(HANDLE ThreadId, PETHREAD *Thread)
{
    PSP_THREAD_SEARCH Search = {ThreadId, NULL};

    KiThreadEnumerate(PspMatchThread, &Search);
    *Thread = Search.Found;
    if (Search.Found == NULL) {
        return STATUS_INVALID_CID;
    }
    ObfReferenceObject(Search.Found);
    ObpDereference(Search.Found);
    return STATUS_SUCCESS;
}

/* Windows: ntifs.h, PsIsSystemThread.  Differences: none. */
BOOLEAN
PsIsSystemThread(PETHREAD Thread)
{
    return ((PKTHREAD)Thread)->SystemThread;
}

/* Windows: ntifs.h, IoIsSystemThread.  Differences: none. */
BOOLEAN
IoIsSystemThread(PETHREAD Thread)
{
    return ((PKTHREAD)Thread)->SystemThread;
}

/* Windows: ntifs.h, PsIsThreadTerminating.  Differences: none. */
BOOLEAN
PsIsThreadTerminating(PETHREAD Thread)
{
    return ((PKTHREAD)Thread)->Terminating;
}

/* Windows: wdm.h, PsCreateSystemThread.  Differences: ProcessHandle and access are not used: threads belong to System. */
NTSTATUS
PsCreateSystemThread(PHANDLE ThreadHandle,
                     ULONG DesiredAccess,
                     POBJECT_ATTRIBUTES ObjectAttributes,
                     HANDLE ProcessHandle,
                     PCLIENT_ID ClientId,
                     PKSTART_ROUTINE StartRoutine,
                     PVOID StartContext)
{
    PKTHREAD Thread = KiThreadCreate();
    NTSTATUS Status;

    UNREFERENCED_PARAMETER(ProcessHandle);
    *ThreadHandle = NULL;
    if (Thread == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    ObpReference(Thread);
    Status = KiThreadStart(Thread, StartRoutine, StartContext);
    if (NT_SUCCESS(Status)) {
        if (ClientId != NULL) {
            ClientId->UniqueProcess = PspIdOf(PSP_SYSTEM_PID, TRUE);
            ClientId->UniqueThread = PsGetThreadId((PETHREAD)Thread);
        }
        Status = ObpCreateHandle(Thread, DesiredAccess, ObjectAttributes != NULL ? ObjectAttributes->Attributes : OBJ_KERNEL_HANDLE, ThreadHandle);
    }
    ObpDereference(Thread);
    return Status;
}

/* Windows: wdm.h, PsTerminateSystemThread.  Differences: none. */
NTSTATUS
PsTerminateSystemThread(NTSTATUS ExitStatus)
{
    return KiThreadTerminate(ExitStatus);
}

/* Windows: ntddk.h, PsGetVersion.  Differences: Windows 10 22H2, always. */
BOOLEAN
PsGetVersion(PULONG MajorVersion, PULONG MinorVersion, PULONG BuildNumber, PUNICODE_STRING CSDVersion)
{
    if (MajorVersion != NULL) {
        *MajorVersion = 10;
    }
    if (MinorVersion != NULL) {
        *MinorVersion = 0;
    }
    if (BuildNumber != NULL) {
        *BuildNumber = 19045;
    }
    if (CSDVersion != NULL) {
        CSDVersion->Length = 0;
    }
    return FALSE;
}

/* Windows: ntddk.h, ZwOpenProcess.  Differences: access is not checked. */
NTSTATUS
ZwOpenProcess(PHANDLE ProcessHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes, PCLIENT_ID ClientId)
{
    PEPROCESS Process;
    NTSTATUS Status;

    *ProcessHandle = NULL;
    if (ClientId == NULL || ObjectAttributes->ObjectName != NULL) {
        return STATUS_INVALID_PARAMETER_MIX;
    }
    Status = PsLookupProcessByProcessId(ClientId->UniqueProcess, &Process);
    if (NT_SUCCESS(Status)) {
        Status = ObpCreateHandle(Process, DesiredAccess, ObjectAttributes->Attributes, ProcessHandle);
        ObfDereferenceObject(Process);
    }
    return Status;
}
