/* SPDX-License-Identifier: MIT */
/* A test driver that does what its file names ask for: each of them is a way to crash. */
#include <fltKernel.h>

DRIVER_INITIALIZE DriverEntry;

static PFLT_FILTER Filter;
static volatile ULONG Depth;

static BOOLEAN
FaultyAsked(PFLT_CALLBACK_DATA Data, PCWSTR Word)
{
    UNICODE_STRING Name = Data->Iopb->TargetFileObject->FileName, Wanted;

    RtlInitUnicodeString(&Wanted, Word);
    for (; Name.Length >= Wanted.Length; Name.Buffer++, Name.Length -= sizeof(WCHAR)) {
        UNICODE_STRING Part = Name;
        Part.Length = Wanted.Length;
        if (RtlEqualUnicodeString(&Part, &Wanted, FALSE)) {
            return TRUE;
        }
    }
    return FALSE;
}

static ULONG
FaultyRecurse(volatile UCHAR *Above)
{
    volatile UCHAR Block[4096];

    Block[0] = Above[0];
    Depth++;
    return FaultyRecurse(Block) + Block[1];
}

static VOID
FaultyCrash(PFLT_CALLBACK_DATA Data)
{
    if (FaultyAsked(Data, L"null-pointer")) {
        *(volatile ULONG *)8 = 1;
    }
    if (FaultyAsked(Data, L"stack-overflow")) {
        volatile UCHAR First = 0;
        FaultyRecurse(&First);
    }
    if (FaultyAsked(Data, L"wild-call")) {
        ((VOID (*)(VOID))(ULONG_PTR)0x1230)();
    }
    if (FaultyAsked(Data, L"bad-copy")) {
        RtlCopyMemory((PVOID)0x10, Data, 8);
    }
    if (FaultyAsked(Data, L"bad-event")) {
        KeSetEvent((PRKEVENT)0x10, 0, FALSE);
    }
    if (FaultyAsked(Data, L"bug-check")) {
        KeBugCheckEx(0xE2, 1, 2, 3, 4);
    }
}

static FLT_PREOP_CALLBACK_STATUS FLTAPI
FaultyPreCreate(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PVOID *CompletionContext)
{
    UNREFERENCED_PARAMETER(FltObjects);
    UNREFERENCED_PARAMETER(CompletionContext);
    FaultyCrash(Data);
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

static NTSTATUS FLTAPI
FaultyUnload(FLT_FILTER_UNLOAD_FLAGS Flags)
{
    UNREFERENCED_PARAMETER(Flags);
    FltUnregisterFilter(Filter);
    return STATUS_SUCCESS;
}

static const FLT_OPERATION_REGISTRATION Operations[] = {
    {IRP_MJ_CREATE, 0, FaultyPreCreate, NULL, NULL},
    {IRP_MJ_OPERATION_END, 0, NULL, NULL, NULL},
};

static const FLT_REGISTRATION Registration = {
    .Size = sizeof(FLT_REGISTRATION),
    .Version = FLT_REGISTRATION_VERSION,
    .OperationRegistration = Operations,
    .FilterUnloadCallback = FaultyUnload,
};

NTSTATUS
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    NTSTATUS Status;

    UNREFERENCED_PARAMETER(RegistryPath);
    Status = FltRegisterFilter(DriverObject, &Registration, &Filter);
    if (NT_SUCCESS(Status)) {
        Status = FltStartFiltering(Filter);
        if (!NT_SUCCESS(Status)) {
            FltUnregisterFilter(Filter);
        }
    }
    return Status;
}
