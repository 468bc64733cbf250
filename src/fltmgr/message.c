/* SPDX-License-Identifier: MIT */
/* Messages through a connection.  See port.h. */
#include "fltmgr/port.h"

typedef struct FLTP_MESSAGE {                  /* the sender's */
    LIST_ENTRY Links;                          /* Client->Lock; Queue or Awaiting while Linked */
    BOOLEAN Linked, WantsReply;
    ULONGLONG Id;
    KEVENT Done;
    NTSTATUS Status;                           /* with Done */
    ULONG Length, ReplyRoom, ReplyLength;
    UCHAR *Reply;                              /* behind Data */
    UCHAR Data[];
} FLTP_MESSAGE;

static FLTP_CLIENT_PORT *
FltpClientOf(PFLT_PORT Port)
{
    return CONTAINING_RECORD(Port, FLTP_CLIENT_PORT, Port);
}

static VOID
FltpClientLock(FLTP_CLIENT_PORT *Client)
{
    FltpLockAcquire(&Client->Lock, VF_RANK_FLTMGR_PORT);
}

static VOID
FltpClientUnlock(FLTP_CLIENT_PORT *Client)
{
    FltpLockRelease(&Client->Lock);
}

static VOID
FltpMessageEndLocked(FLTP_MESSAGE *Message, NTSTATUS Status)
{
    RemoveEntryList(&Message->Links);
    Message->Linked = FALSE;
    Message->Status = Status;
    KeSetEvent(&Message->Done, IO_NO_INCREMENT, FALSE);
}

VOID
FltpClientWakeAll(FLTP_CLIENT_PORT *Client)
{
    FltpClientLock(Client);
    while (!IsListEmpty(&Client->Queue)) {
        FltpMessageEndLocked(CONTAINING_RECORD(Client->Queue.Flink, FLTP_MESSAGE, Links), STATUS_PORT_DISCONNECTED);
    }
    while (!IsListEmpty(&Client->Awaiting)) {
        FltpMessageEndLocked(CONTAINING_RECORD(Client->Awaiting.Flink, FLTP_MESSAGE, Links), STATUS_PORT_DISCONNECTED);
    }
    KeSetEvent(&Client->Available, IO_NO_INCREMENT, FALSE);
    FltpClientUnlock(Client);
}

/* ---- the filter sends ---- */

static FLTP_MESSAGE *
FltpMessageCreate(PVOID Buffer, ULONG Length, BOOLEAN WantsReply, ULONG ReplyRoom)
{
    FLTP_MESSAGE *Message = port_alloc(sizeof(*Message) + (SIZE_T)Length + ReplyRoom);

    if (Message != NULL) {
        memset(Message, 0, sizeof(*Message));
        KeInitializeEvent(&Message->Done, NotificationEvent, FALSE);
        Message->WantsReply = WantsReply;
        Message->Length = Length;
        Message->ReplyRoom = ReplyRoom;
        Message->Reply = Message->Data + Length;
        memcpy(Message->Data, Buffer, Length);
    }
    return Message;
}

/* Queues it and waits.  It is off every list when this returns. */
static NTSTATUS
FltpMessageDeliver(FLTP_CLIENT_PORT *Client, FLTP_MESSAGE *Message, PLARGE_INTEGER Timeout)
{
    FltpClientLock(Client);
    if (Client->Disconnected) {
        FltpClientUnlock(Client);
        return STATUS_PORT_DISCONNECTED;
    }
    Message->Id = ++Client->NextId;
    Message->Linked = TRUE;
    InsertTailList(&Client->Queue, &Message->Links);
    KeSetEvent(&Client->Available, IO_NO_INCREMENT, FALSE);
    FltpClientUnlock(Client);
    (VOID)KeWaitForSingleObject(&Message->Done, Executive, KernelMode, FALSE, Timeout);
    FltpClientLock(Client);
    if (Message->Linked) {
        FltpMessageEndLocked(Message, STATUS_TIMEOUT);
    }
    FltpClientUnlock(Client);
    return Message->Status;
}

/* The connection behind the variable, +1; NULL once the filter has closed it. */
static FLTP_CLIENT_PORT *
FltpClientFetch(PFLT_FILTER Filter, PFLT_PORT *ClientPort)
{
    FLTP_PORTS *Ports = atomic_load(&Filter->Ports);
    FLTP_CLIENT_PORT *Client = NULL;

    if (Ports == NULL) {
        return NULL;
    }
    FltpLockAcquire(&Ports->Lock, VF_RANK_FLTMGR_PORTS);
    PFLT_PORT Port = *ClientPort;
    if (Port != NULL && atomic_load(&Port->Kind) == FLTP_PORT_CLIENT) {
        Client = FltpClientOf(Port);
        FltpClientReference(Client);
    }
    FltpLockRelease(&Ports->Lock);
    return Client;
}

/*
 * Windows: fltKernel.h, FltSendMessage.  Differences: a time of zero does not wait (the page says both that it waits for ever and
 * that NULL does).
 */
NTSTATUS FLTAPI
FltSendMessage(PFLT_FILTER Filter, PFLT_PORT *ClientPort, PVOID SenderBuffer, ULONG SenderBufferLength, PVOID ReplyBuffer,
    PULONG ReplyLength, PLARGE_INTEGER Timeout)
{
    VF_MAX_IRQL(APC_LEVEL);

    if (SenderBuffer == NULL || (ReplyBuffer != NULL && ReplyLength == NULL)) {
        return STATUS_INVALID_PARAMETER;
    }
    FLTP_CLIENT_PORT *Client = FltpClientFetch(Filter, ClientPort);
    if (Client == NULL) {
        return STATUS_PORT_DISCONNECTED;
    }
    NTSTATUS Status = STATUS_INSUFFICIENT_RESOURCES;
    FLTP_MESSAGE *Message = vf_inject(__func__, Filter->Owner) ? NULL
        : FltpMessageCreate(SenderBuffer, SenderBufferLength, ReplyBuffer != NULL, ReplyBuffer != NULL ? *ReplyLength : 0);
    if (Message != NULL) {
        Status = FltpMessageDeliver(Client, Message, Timeout);
        if (ReplyBuffer != NULL && Message->ReplyLength != 0) {
            memcpy(ReplyBuffer, Message->Reply, Message->ReplyLength);
        }
        if (ReplyBuffer != NULL && Status != STATUS_TIMEOUT && Status != STATUS_PORT_DISCONNECTED) {
            *ReplyLength = Message->ReplyLength;
        }
        port_free(Message);
    }
    FltpClientDereference(Client);
    return Status;
}

/* ---- the user gets and replies ---- */

/* Hands out the oldest message, if there is one and Buffer holds it. */
static NTSTATUS
FltpClientTakeLocked(FLTP_CLIENT_PORT *Client, PVOID Buffer, ULONG Length, PULONG Returned)
{
    FLTP_MESSAGE *Message = CONTAINING_RECORD(Client->Queue.Flink, FLTP_MESSAGE, Links);
    FILTER_MESSAGE_HEADER *Header = Buffer;
    const SIZE_T Need = sizeof(*Header) + (SIZE_T)Message->Length;

    *Returned = (ULONG)Need;
    if (Length < Need) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    memset(Header, 0, sizeof(*Header));
    Header->MessageId = Message->Id;
    Header->ReplyLength = Message->WantsReply ? (ULONG)sizeof(FILTER_REPLY_HEADER) + Message->ReplyRoom : 0;
    memcpy(Header + 1, Message->Data, Message->Length);
    if (Message->WantsReply) {
        RemoveEntryList(&Message->Links);
        InsertTailList(&Client->Awaiting, &Message->Links);
    } else {
        FltpMessageEndLocked(Message, STATUS_SUCCESS);
    }
    return STATUS_SUCCESS;
}

NTSTATUS
FltpPortGetMessage(PFLT_PORT ClientPort, PVOID Buffer, ULONG Length, PLARGE_INTEGER Timeout, PULONG Returned)
{
    FLTP_CLIENT_PORT *Client = FltpClientOf(ClientPort);
    NTSTATUS Status;

    *Returned = 0;
    FltpClientReference(Client);
    for (;;) {
        FltpClientLock(Client);
        const BOOLEAN There = !IsListEmpty(&Client->Queue);
        Status = Client->Disconnected ? STATUS_PORT_DISCONNECTED : STATUS_PENDING;
        if (There) {
            Status = FltpClientTakeLocked(Client, Buffer, Length, Returned);
        }
        /* The event wakes one: pass it on while there is something left to see. */
        if (!IsListEmpty(&Client->Queue) || Client->Disconnected) {
            KeSetEvent(&Client->Available, IO_NO_INCREMENT, FALSE);
        }
        FltpClientUnlock(Client);
        if (Status != STATUS_PENDING) {
            break;
        }
        Status = KeWaitForSingleObject(&Client->Available, UserRequest, KernelMode, FALSE, Timeout);
        if (Status == STATUS_TIMEOUT) {
            break;
        }
    }
    FltpClientDereference(Client);
    return Status;
}

NTSTATUS
FltpPortReplyMessage(PFLT_PORT ClientPort, const VOID *Buffer, ULONG Length)
{
    FLTP_CLIENT_PORT *Client = FltpClientOf(ClientPort);
    const FILTER_REPLY_HEADER *Header = Buffer;
    NTSTATUS Status = STATUS_FLT_NO_WAITER_FOR_REPLY;

    if (Length < sizeof(*Header)) {
        return STATUS_INVALID_PARAMETER;
    }
    FltpClientLock(Client);
    for (PLIST_ENTRY Entry = Client->Awaiting.Flink; Entry != &Client->Awaiting; Entry = Entry->Flink) {
        FLTP_MESSAGE *Message = CONTAINING_RECORD(Entry, FLTP_MESSAGE, Links);
        if (Message->Id == Header->MessageId) {
            const ULONG Bytes = Length - (ULONG)sizeof(*Header);
            Message->ReplyLength = Bytes < Message->ReplyRoom ? Bytes : Message->ReplyRoom;
            memcpy(Message->Reply, Header + 1, Message->ReplyLength);
            FltpMessageEndLocked(Message, Bytes > Message->ReplyRoom ? STATUS_BUFFER_OVERFLOW : Header->Status);
            Status = STATUS_SUCCESS;
            break;
        }
    }
    FltpClientUnlock(Client);
    return Status;
}

/* ---- the user sends ---- */

static NTSTATUS
FltpClientCallMessage(FLTP_CLIENT_PORT *Client, PVOID Input, ULONG InputLength, PVOID Output, ULONG OutputLength, PULONG Returned)
{
    PFLT_FILTER Filter = Client->Port.Ports->Filter;
    volatile NTSTATUS Status = STATUS_DRIVER_INTERNAL_ERROR;
    KI_DRIVER_CALL Call;

    if (Client->Server->Message == NULL) {
        return STATUS_INVALID_DEVICE_REQUEST;
    }
    if (atomic_load(&Filter->Dead)) {
        return STATUS_PORT_DISCONNECTED;
    }
    volatile KPROCESSOR_MODE Mode = KiPreviousModeSwap(UserMode);
    FltpCallInitialize(&Call, Filter, NULL, "MessageNotify");
    NT_CALL(&Call, Status = Client->Server->Message(Client->Cookie, Input, InputLength, Output, OutputLength, Returned));
    (VOID)KiPreviousModeSwap(Mode);
    if (Call.Faulted) {
        FltpFilterMarkDead(Filter);
    }
    return Status;
}

NTSTATUS
FltpPortSendMessage(PFLT_PORT ClientPort, PVOID Input, ULONG InputLength, PVOID Output, ULONG OutputLength, PULONG Returned)
{
    FLTP_CLIENT_PORT *Client = FltpClientOf(ClientPort);
    FLTP_PORTS *Ports = Client->Port.Ports;

    *Returned = 0;
    FltpClientLock(Client);
    const BOOLEAN Disconnected = Client->Disconnected;
    FltpClientUnlock(Client);
    if (Disconnected || !FltpCountTryAcquire(&Ports->Calls)) {
        return STATUS_PORT_DISCONNECTED;
    }
    NTSTATUS Status = FltpClientCallMessage(Client, Input, Input != NULL ? InputLength : 0, Output, Output != NULL ? OutputLength : 0, Returned);
    FltpCountRelease(&Ports->Calls);
    return Status;
}
