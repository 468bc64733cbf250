/* SPDX-License-Identifier: MIT */
/* What can be asked about a process: numbers, and the path of its image. */
#include "ps/pspp.h"

#include <string.h>

#include "port/port.h"
#include "rtl/rtlp.h"

#define PSP_PATH_BYTES 4096
#define PSP_IMAGE_ROOT L"\\Device\\LinuxRoot"  /* where Linux' root would be mounted */

/* The path as a counted string with its text behind it, in pool memory; System has an empty one. */
static NTSTATUS
PspImageString(PEPROCESS Process, ULONG Tag, PUNICODE_STRING *Result)
{
    char Path[PSP_PATH_BYTES];
    const SIZE_T Root = sizeof(PSP_IMAGE_ROOT) / sizeof(WCHAR) - 1;
    const SIZE_T Bytes = Process == PsInitialSystemProcess ? 0 : ps_proc_image(Process->Pid, Path, sizeof(Path));

    if (Bytes == 0 && Process != PsInitialSystemProcess) {
        return STATUS_NOT_FOUND;
    }
    const SIZE_T Units = Bytes == 0 ? 0 : Root + RtlpUtf8ToUtf16(NULL, 0, Path, Bytes);
    PUNICODE_STRING String = ExAllocatePoolWithTag(PagedPool, sizeof(*String) + (Units + 1) * sizeof(WCHAR), Tag);
    if (String == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    String->Buffer = (PWCH)(String + 1);
    if (Units != 0) {
        memcpy(String->Buffer, PSP_IMAGE_ROOT, Root * sizeof(WCHAR));
        RtlpUtf8ToUtf16(String->Buffer + Root, Units - Root, Path, Bytes);
    }
    for (SIZE_T i = 0; i < Units; i++) {
        String->Buffer[i] = String->Buffer[i] == L'/' ? L'\\' : String->Buffer[i];
    }
    String->Buffer[Units] = 0;
    String->Length = (USHORT)(Units * sizeof(WCHAR));
    String->MaximumLength = String->Length + sizeof(WCHAR);
    *Result = String;
    return STATUS_SUCCESS;
}

/* Windows: ntifs.h, SeLocateProcessImageName.  Differences: the path of the Linux executable below \Device\LinuxRoot. */
NTSTATUS
SeLocateProcessImageName(PEPROCESS Process, PUNICODE_STRING *pImageFileName)
{
    *pImageFileName = NULL;
    return PspImageString(Process, 'nIeS', pImageFileName);
}

static NTSTATUS
PspQueryImage(PEPROCESS Process, PVOID Buffer, ULONG Length, PULONG Needed)
{
    PUNICODE_STRING Name;
    NTSTATUS Status = PspImageString(Process, 'mIsP', &Name);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    *Needed = (ULONG)sizeof(UNICODE_STRING) + Name->MaximumLength;
    if (Length < *Needed) {
        Status = STATUS_INFO_LENGTH_MISMATCH;
    } else {
        memcpy(Buffer, Name, *Needed);
        ((PUNICODE_STRING)Buffer)->Buffer = (PWCH)((PUNICODE_STRING)Buffer + 1);
    }
    ExFreePoolWithTag(Name, 'mIsP');
    return Status;
}

/* A fixed-size answer: the buffer must have that size. */
static NTSTATUS
PspAnswer(const VOID *Answer, ULONG Size, PVOID Buffer, ULONG Length, PULONG Needed)
{
    *Needed = Size;
    if (Length != Size) {
        return STATUS_INFO_LENGTH_MISMATCH;
    }
    memcpy(Buffer, Answer, Size);
    return STATUS_SUCCESS;
}

static NTSTATUS
PspQueryProcess(PEPROCESS Process, PROCESSINFOCLASS Class, PVOID Buffer, ULONG Length, PULONG Needed)
{
    switch (Class) {
    case ProcessBasicInformation: {
        const PROCESS_BASIC_INFORMATION Basic = {
            .ExitStatus = PsGetProcessExitStatus(Process),
            .AffinityMask = KeQueryActiveProcessors(),
            .BasePriority = 8,
            .UniqueProcessId = (ULONG_PTR)PsGetProcessId(Process),
            .InheritedFromUniqueProcessId = (ULONG_PTR)PspIdOf(Process->Parent, Process == PsInitialSystemProcess)};
        return PspAnswer(&Basic, sizeof(Basic), Buffer, Length, Needed);
    }
    case ProcessSessionInformation: {
        const ULONG Session = Process->Session;
        return PspAnswer(&Session, sizeof(Session), Buffer, Length, Needed);
    }
    case ProcessWow64Information: {
        const ULONG_PTR Peb32 = 0;
        return PspAnswer(&Peb32, sizeof(Peb32), Buffer, Length, Needed);
    }
    case ProcessImageFileName:
        return PspQueryImage(Process, Buffer, Length, Needed);
    default:
        return STATUS_NOT_IMPLEMENTED;
    }
}

/*
 * Windows: ntddk.h, ZwQueryInformationProcess.  Differences: ProcessBasicInformation (no PEB), ProcessSessionInformation,
 * ProcessWow64Information and ProcessImageFileName only; other classes are STATUS_NOT_IMPLEMENTED.
 */
NTSTATUS
ZwQueryInformationProcess(HANDLE ProcessHandle, PROCESSINFOCLASS ProcessInformationClass, PVOID ProcessInformation,
                          ULONG ProcessInformationLength, PULONG ReturnLength)
{
    PEPROCESS Process;
    ULONG Needed = 0;
    NTSTATUS Status = ObReferenceObjectByHandle(ProcessHandle, PROCESS_QUERY_INFORMATION, *PsProcessType, KernelMode, (PVOID *)&Process, NULL);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = PspQueryProcess(Process, ProcessInformationClass, ProcessInformation, ProcessInformationLength, &Needed);
    if (Status == STATUS_NOT_IMPLEMENTED) {
        VF_UNIMPLEMENTED();
    }
    if (ReturnLength != NULL) {
        *ReturnLength = Needed;
    }
    ObfDereferenceObject(Process);
    return Status;
}
