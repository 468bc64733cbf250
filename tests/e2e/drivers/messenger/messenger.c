/* SPDX-License-Identifier: MIT */
/*
 * Asks its user whether a file whose name ends in ".ask" may be opened, and answers questions about what it did.  The user's buffers are
 * touched inside try blocks only.
 */
#include <fltKernel.h>
#include "protocol.h"

static struct {
    PFLT_FILTER Filter;
    PFLT_PORT ServerPort;
    PFLT_PORT ClientPort;
    PEPROCESS User;
    struct messenger_counts Counts;
} Messenger;

static NTSTATUS FLTAPI
MessengerConnect(PFLT_PORT ClientPort, PVOID ServerPortCookie, PVOID ConnectionContext, ULONG SizeOfContext, PVOID *ConnectionCookie)
{
    UNREFERENCED_PARAMETER(ServerPortCookie);
    PAGED_CODE();
    *ConnectionCookie = NULL;
    if (ConnectionContext == NULL || SizeOfContext != sizeof(struct messenger_hello)) {
        return STATUS_INVALID_PARAMETER_3;
    }
    if (((struct messenger_hello *)ConnectionContext)->version != MESSENGER_VERSION) {
        return STATUS_REVISION_MISMATCH;
    }
    Messenger.User = PsGetCurrentProcess();
    Messenger.ClientPort = ClientPort;
    return STATUS_SUCCESS;
}

static VOID FLTAPI
MessengerDisconnect(PVOID ConnectionCookie)
{
    UNREFERENCED_PARAMETER(ConnectionCookie);
    PAGED_CODE();
    FltCloseClientPort(Messenger.Filter, &Messenger.ClientPort);
    Messenger.User = NULL;
}

static NTSTATUS FLTAPI
MessengerMessage(PVOID ConnectionCookie, PVOID Input, ULONG InputLength, PVOID Output, ULONG OutputLength, PULONG ReturnLength)
{
    unsigned command = 0;
    NTSTATUS status = STATUS_SUCCESS;

    UNREFERENCED_PARAMETER(ConnectionCookie);
    if (Input == NULL || InputLength < sizeof(struct messenger_request)) {
        return STATUS_INVALID_PARAMETER;
    }
    try {
        command = ((struct messenger_request *)Input)->command;
    } except (EXCEPTION_EXECUTE_HANDLER) {
        return GetExceptionCode();
    }
    if (command != MESSENGER_COUNTS) {
        return STATUS_INVALID_DEVICE_REQUEST;
    }
    if (OutputLength < sizeof(Messenger.Counts)) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    if (!IS_ALIGNED(Output, sizeof(unsigned))) {
        return STATUS_DATATYPE_MISALIGNMENT;
    }
    try {
        RtlCopyMemory(Output, &Messenger.Counts, sizeof(Messenger.Counts));
        *ReturnLength = sizeof(Messenger.Counts);
    } except (EXCEPTION_EXECUTE_HANDLER) {
        status = GetExceptionCode();
    }
    return status;
}

static BOOLEAN
MessengerAsk(PFLT_CALLBACK_DATA Data, PFLT_FILE_NAME_INFORMATION Name)
{
    struct messenger_question question = {0};
    struct messenger_answer answer = {0};
    ULONG replyLength = sizeof(answer);
    LARGE_INTEGER timeout = {.QuadPart = -2 * 10000000ll};

    question.process = FltGetRequestorProcessId(Data);
    question.length = min(Name->FinalComponent.Length, (USHORT)sizeof(question.name));
    RtlCopyMemory(question.name, Name->FinalComponent.Buffer, question.length);
    InterlockedIncrement((PLONG)&Messenger.Counts.asked);
    NTSTATUS status = FltSendMessage(Messenger.Filter, &Messenger.ClientPort, &question, sizeof(question), &answer, &replyLength, &timeout);
    if (status != STATUS_SUCCESS || replyLength != sizeof(answer)) {
        InterlockedIncrement((PLONG)&Messenger.Counts.unanswered);
        return TRUE;
    }
    return answer.allow != 0;
}

static FLT_PREOP_CALLBACK_STATUS FLTAPI
MessengerPreCreate(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PVOID *CompletionContext)
{
    static const UNICODE_STRING Extension = RTL_CONSTANT_STRING(L"ask");
    FLT_PREOP_CALLBACK_STATUS result = FLT_PREOP_SUCCESS_NO_CALLBACK;
    PFLT_FILE_NAME_INFORMATION name;

    UNREFERENCED_PARAMETER(FltObjects);
    UNREFERENCED_PARAMETER(CompletionContext);
    if (!NT_SUCCESS(FltGetFileNameInformation(Data, FLT_FILE_NAME_OPENED | FLT_FILE_NAME_QUERY_DEFAULT, &name))) {
        return result;
    }
    if (NT_SUCCESS(FltParseFileNameInformation(name)) && RtlEqualUnicodeString(&name->Extension, &Extension, TRUE) && !MessengerAsk(Data, name)) {
        InterlockedIncrement((PLONG)&Messenger.Counts.denied);
        Data->IoStatus.Status = STATUS_ACCESS_DENIED;
        Data->IoStatus.Information = 0;
        result = FLT_PREOP_COMPLETE;
    }
    FltReleaseFileNameInformation(name);
    return result;
}

static NTSTATUS FLTAPI
MessengerUnload(FLT_FILTER_UNLOAD_FLAGS Flags)
{
    UNREFERENCED_PARAMETER(Flags);
    FltCloseCommunicationPort(Messenger.ServerPort);
    FltUnregisterFilter(Messenger.Filter);
    return STATUS_SUCCESS;
}

static const FLT_OPERATION_REGISTRATION Callbacks[] = {{IRP_MJ_CREATE, 0, MessengerPreCreate, NULL}, {IRP_MJ_OPERATION_END}};
static const FLT_REGISTRATION Registration = {sizeof(FLT_REGISTRATION), FLT_REGISTRATION_VERSION, 0, NULL, Callbacks, MessengerUnload};

NTSTATUS
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(MESSENGER_PORT);
    OBJECT_ATTRIBUTES attributes;
    PSECURITY_DESCRIPTOR descriptor;

    UNREFERENCED_PARAMETER(RegistryPath);
    NTSTATUS status = FltRegisterFilter(DriverObject, &Registration, &Messenger.Filter);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    status = FltBuildDefaultSecurityDescriptor(&descriptor, FLT_PORT_ALL_ACCESS);
    if (NT_SUCCESS(status)) {
        InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, descriptor);
        status = FltCreateCommunicationPort(Messenger.Filter, &Messenger.ServerPort, &attributes, NULL, MessengerConnect, MessengerDisconnect,
            MessengerMessage, 1);
        FltFreeSecurityDescriptor(descriptor);
    }
    if (NT_SUCCESS(status)) {
        status = FltStartFiltering(Messenger.Filter);
        if (NT_SUCCESS(status)) {
            return status;
        }
        FltCloseCommunicationPort(Messenger.ServerPort);
    }
    FltUnregisterFilter(Messenger.Filter);
    return status;
}
