/* SPDX-License-Identifier: MIT */
/* ctest-labels: unit;concurrent */
/* Communication ports: connect, messages both ways, time-outs, disconnection from either end, unregister, the ledger. */
#include "testnt.h"

#include "fltmgr/port.h"

#define SECOND (-10000000ll)

static TINY_FILTER Filter;
static PFLT_PORT ServerPort, ClientPort;
static _Atomic(LONG) Connects, Disconnects, Messages;
static NTSTATUS ConnectStatus;
static BOOLEAN KeepOpen;                       /* DisconnectNotify does not close the client port */
static char Context[32];
static PVOID ServerCookie;

static NTSTATUS FLTAPI
OnConnect(PFLT_PORT Port, PVOID Cookie, PVOID ConnectionContext, ULONG Size, PVOID *ConnectionCookie)
{
    atomic_fetch_add(&Connects, 1);
    ServerCookie = Cookie;
    memset(Context, 0, sizeof(Context));
    memcpy(Context, ConnectionContext != NULL ? ConnectionContext : "", Size);
    *ConnectionCookie = &Connects;
    if (NT_SUCCESS(ConnectStatus)) {
        ClientPort = Port;
    }
    return ConnectStatus;
}

static VOID FLTAPI
OnDisconnect(PVOID Cookie)
{
    assert_ptr_equal(Cookie, &Connects);
    atomic_fetch_add(&Disconnects, 1);
    if (!KeepOpen) {
        FltCloseClientPort(Filter.Filter, &ClientPort);
        assert_null(ClientPort);
    }
}

static NTSTATUS FLTAPI
OnMessage(PVOID Cookie, PVOID In, ULONG InLength, PVOID Out, ULONG OutLength, PULONG Returned)
{
    (void)Cookie;
    atomic_fetch_add(&Messages, 1);
    assert_int_equal(ExGetPreviousMode(), UserMode);
    if (InLength == 0) {
        return STATUS_INVALID_PARAMETER;
    }
    for (ULONG i = 0; i < InLength && i < OutLength; i++) {
        ((PUCHAR)Out)[i] = ((PUCHAR)In)[i] ^ 0x20;
    }
    *Returned = InLength < OutLength ? InLength : OutLength;
    return STATUS_SUCCESS;
}

static NTSTATUS
Create(const char *Text, PFLT_MESSAGE_NOTIFY Message, LONG Max, PFLT_PORT *Port)
{
    UNICODE_STRING Name = TinyString(Text);
    OBJECT_ATTRIBUTES Attributes;

    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
    return FltCreateCommunicationPort(Filter.Filter, Port, &Attributes, &ServerPort, OnConnect, OnDisconnect, Message, Max);
}

static NTSTATUS
Connect(const char *Text, PFLT_PORT *User)
{
    UNICODE_STRING Name = TinyString(Text);

    return FltpPortConnect(&Name, "hello", 6, User);
}

static int
Setup(void **state)
{
    (void)state;
    TinyStart();
    Filter = (TINY_FILTER){ .Name = "ported", .Altitude = "370001", .Registration = { .FilterUnloadCallback = TinyUnload } };
    ConnectStatus = STATUS_SUCCESS;
    KeepOpen = FALSE;
    Connects = Disconnects = Messages = 0;
    ClientPort = NULL;
    if (!NT_SUCCESS(TinyFilterLoad(&Filter))) {
        return -1;
    }
    return NT_SUCCESS(Create("\\TestPort", OnMessage, 1, &ServerPort)) ? 0 : -1;
}

static int
Teardown(void **state)
{
    (void)state;
    if (ServerPort != NULL) {
        FltCloseCommunicationPort(ServerPort);
        ServerPort = NULL;
    }
    return NT_SUCCESS(TinyFilterUnload(&Filter)) ? 0 : -1;
}

static ULONGLONG
LivePorts(void)
{
    struct vf_counts Counts;

    vf_owner_counts(Filter.Owner, VF_PORT, &Counts);
    return Counts.live;
}

static void
test_fltmgr_port__create_checks(void **state)
{
    UNICODE_STRING Name = TinyString("\\Another");
    OBJECT_ATTRIBUTES Attributes;
    PFLT_PORT Port;

    (void)state;
    assert_status(Create("\\testport", OnMessage, 1, &Port), STATUS_OBJECT_NAME_COLLISION);
    assert_null(Port);
    assert_status(Create("\\Another", OnMessage, 0, &Port), STATUS_INVALID_PARAMETER);
    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    assert_status(FltCreateCommunicationPort(Filter.Filter, &Port, &Attributes, NULL, OnConnect, OnDisconnect, NULL, 1), STATUS_INVALID_PARAMETER);
    assert_int_equal(LivePorts(), 1);
}

static void
test_fltmgr_port__connect_and_disconnect(void **state)
{
    PFLT_PORT User, Second;

    (void)state;
    assert_status(Connect("\\NoSuchPort", &User), STATUS_OBJECT_NAME_NOT_FOUND);
    ConnectStatus = STATUS_ACCESS_DENIED;
    assert_status(Connect("\\TestPort", &User), STATUS_ACCESS_DENIED);
    ConnectStatus = STATUS_SUCCESS;
    assert_status(Connect("\\TestPort", &User), STATUS_SUCCESS);
    assert_string_equal(Context, "hello");
    assert_ptr_equal(ServerCookie, &ServerPort);
    assert_int_equal(LivePorts(), 2);
    assert_status(Connect("\\TestPort", &Second), STATUS_CONNECTION_COUNT_LIMIT);
    FltpPortDisconnect(User);
    assert_int_equal(Disconnects, 1);
    assert_int_equal(LivePorts(), 1);
    assert_status(Connect("\\TestPort", &User), STATUS_SUCCESS);
    FltCloseCommunicationPort(ServerPort);     /* the connection stays, new ones are not possible */
    ServerPort = NULL;
    assert_status(Connect("\\TestPort", &Second), STATUS_OBJECT_NAME_NOT_FOUND);
    CHAR Out[4];
    ULONG Returned;
    assert_status(FltpPortSendMessage(User, "AB", 2, Out, 4, &Returned), STATUS_SUCCESS);
    assert_int_equal(Returned, 2);
    assert_memory_equal(Out, "ab", 2);
    assert_status(FltpPortSendMessage(User, NULL, 0, Out, 4, &Returned), STATUS_INVALID_PARAMETER);
    FltpPortDisconnect(User);
    assert_int_equal(LivePorts(), 0);
}

static void
test_fltmgr_port__nobody_connected(void **state)
{
    ULONG Length = 4;
    CHAR Reply[4];
    LARGE_INTEGER Timeout = { .QuadPart = SECOND };

    (void)state;
    assert_status(FltSendMessage(Filter.Filter, &ClientPort, "m", 1, Reply, &Length, &Timeout), STATUS_PORT_DISCONNECTED);
}

static void
test_fltmgr_port__no_receiver_times_out(void **state)
{
    PFLT_PORT User;
    UCHAR Buffer[64];
    ULONG Returned, Length = 4;
    CHAR Reply[4];
    LARGE_INTEGER Timeout = { .QuadPart = SECOND / 50 };

    (void)state;
    assert_status(Connect("\\TestPort", &User), STATUS_SUCCESS);
    assert_status(FltSendMessage(Filter.Filter, &ClientPort, "m", 1, NULL, NULL, &Timeout), STATUS_TIMEOUT);
    assert_status(FltSendMessage(Filter.Filter, &ClientPort, "m", 1, Reply, &Length, &Timeout), STATUS_TIMEOUT);
    assert_int_equal(Length, 4);
    /* What timed out is not delivered. */
    assert_status(FltpPortGetMessage(User, Buffer, sizeof(Buffer), &Timeout, &Returned), STATUS_TIMEOUT);
    FltpPortDisconnect(User);
}

/* ---- a sender of its own thread ---- */

typedef struct SENDER {
    struct port_thread *Thread;
    CHAR Text[16], Reply[8];
    ULONG ReplyLength;
    BOOLEAN WantsReply;
    LONGLONG Timeout;                          /* 0: for ever */
    NTSTATUS Status;
} SENDER;

static void
Send(void *Argument)
{
    SENDER *Sender = Argument;
    LARGE_INTEGER Timeout = { .QuadPart = Sender->Timeout };

    Sender->ReplyLength = sizeof(Sender->Reply);
    Sender->Status = FltSendMessage(Filter.Filter, &ClientPort, Sender->Text, (ULONG)strlen(Sender->Text) + 1, Sender->WantsReply ? Sender->Reply : NULL,
        Sender->WantsReply ? &Sender->ReplyLength : NULL, Sender->Timeout != 0 ? &Timeout : NULL);
}

static void
Start(SENDER *Sender, const char *Text, BOOLEAN WantsReply, LONGLONG Timeout)
{
    memset(Sender, 0, sizeof(*Sender));
    strcpy(Sender->Text, Text);
    Sender->WantsReply = WantsReply;
    Sender->Timeout = Timeout;
    assert_int_equal(port_thread_start(&Sender->Thread, Send, Sender, "sender"), 0);
}

typedef struct MESSAGE { FILTER_MESSAGE_HEADER Header; CHAR Text[16]; } MESSAGE;
typedef struct REPLY { FILTER_REPLY_HEADER Header; CHAR Text[16]; } REPLY;

static void
test_fltmgr_port__message_and_reply(void **state)
{
    PFLT_PORT User;
    SENDER Sender;
    MESSAGE Message;
    REPLY Reply = { .Text = "fine" };
    ULONG Returned;

    (void)state;
    assert_status(Connect("\\TestPort", &User), STATUS_SUCCESS);
    Start(&Sender, "question", TRUE, 0);
    assert_status(FltpPortGetMessage(User, &Message, sizeof(FILTER_MESSAGE_HEADER) + 4, NULL, &Returned), STATUS_BUFFER_TOO_SMALL);
    assert_int_equal(Returned, sizeof(FILTER_MESSAGE_HEADER) + 9);
    assert_status(FltpPortGetMessage(User, &Message, sizeof(Message), NULL, &Returned), STATUS_SUCCESS);
    assert_int_equal(Returned, sizeof(FILTER_MESSAGE_HEADER) + 9);
    assert_string_equal(Message.Text, "question");
    assert_int_equal(Message.Header.ReplyLength, sizeof(FILTER_REPLY_HEADER) + 8);
    Reply.Header.MessageId = Message.Header.MessageId + 1;
    assert_status(FltpPortReplyMessage(User, &Reply, sizeof(FILTER_REPLY_HEADER) + 5), STATUS_FLT_NO_WAITER_FOR_REPLY);
    Reply.Header.MessageId = Message.Header.MessageId;
    assert_status(FltpPortReplyMessage(User, &Reply, sizeof(FILTER_REPLY_HEADER) + 5), STATUS_SUCCESS);
    port_thread_join(Sender.Thread);
    assert_status(Sender.Status, STATUS_SUCCESS);
    assert_int_equal(Sender.ReplyLength, 5);
    assert_string_equal(Sender.Reply, "fine");
    assert_status(FltpPortReplyMessage(User, &Reply, sizeof(FILTER_REPLY_HEADER) + 5), STATUS_FLT_NO_WAITER_FOR_REPLY);

    /* A longer reply than the filter has room for; a status of the replier's. */
    Start(&Sender, "long", TRUE, 0);
    assert_status(FltpPortGetMessage(User, &Message, sizeof(Message), NULL, &Returned), STATUS_SUCCESS);
    Reply.Header.MessageId = Message.Header.MessageId;
    assert_status(FltpPortReplyMessage(User, &Reply, sizeof(Reply)), STATUS_SUCCESS);
    port_thread_join(Sender.Thread);
    assert_status(Sender.Status, STATUS_BUFFER_OVERFLOW);
    assert_int_equal(Sender.ReplyLength, 8);
    Start(&Sender, "status", TRUE, 0);
    assert_status(FltpPortGetMessage(User, &Message, sizeof(Message), NULL, &Returned), STATUS_SUCCESS);
    Reply.Header = (FILTER_REPLY_HEADER){ .Status = STATUS_ACCESS_DENIED, .MessageId = Message.Header.MessageId };
    assert_status(FltpPortReplyMessage(User, &Reply, sizeof(FILTER_REPLY_HEADER)), STATUS_SUCCESS);
    port_thread_join(Sender.Thread);
    assert_status(Sender.Status, STATUS_ACCESS_DENIED);

    /* Without a reply, delivery ends it. */
    Start(&Sender, "news", FALSE, 0);
    assert_status(FltpPortGetMessage(User, &Message, sizeof(Message), NULL, &Returned), STATUS_SUCCESS);
    assert_int_equal(Message.Header.ReplyLength, 0);
    port_thread_join(Sender.Thread);
    assert_status(Sender.Status, STATUS_SUCCESS);
    FltpPortDisconnect(User);
}

static void
test_fltmgr_port__late_reply_has_no_waiter(void **state)
{
    PFLT_PORT User;
    SENDER Sender;
    MESSAGE Message;
    REPLY Reply = { .Text = "late" };
    ULONG Returned;

    (void)state;
    assert_status(Connect("\\TestPort", &User), STATUS_SUCCESS);
    Start(&Sender, "hurry", TRUE, SECOND / 50);
    const NTSTATUS Got = FltpPortGetMessage(User, &Message, sizeof(Message), &(LARGE_INTEGER){ .QuadPart = SECOND / 4 }, &Returned);
    port_thread_join(Sender.Thread);
    assert_status(Sender.Status, STATUS_TIMEOUT);
    if (Got == STATUS_SUCCESS) {
        Reply.Header.MessageId = Message.Header.MessageId;
        assert_status(FltpPortReplyMessage(User, &Reply, sizeof(Reply)), STATUS_FLT_NO_WAITER_FOR_REPLY);
    }
    FltpPortDisconnect(User);
}

static void
test_fltmgr_port__disconnection_wakes_senders(void **state)
{
    PFLT_PORT User;
    SENDER Waiting, Answered;
    MESSAGE Message;
    ULONG Returned;

    (void)state;
    assert_status(Connect("\\TestPort", &User), STATUS_SUCCESS);
    Start(&Answered, "one", TRUE, 0);
    assert_status(FltpPortGetMessage(User, &Message, sizeof(Message), NULL, &Returned), STATUS_SUCCESS);
    Start(&Waiting, "two", FALSE, 0);
    FltpPortDisconnect(User);
    port_thread_join(Answered.Thread);
    port_thread_join(Waiting.Thread);
    assert_status(Answered.Status, STATUS_PORT_DISCONNECTED);
    assert_status(Waiting.Status, STATUS_PORT_DISCONNECTED);
    assert_int_equal(Disconnects, 1);
}

static void
test_fltmgr_port__filter_closes_its_end(void **state)
{
    PFLT_PORT User, Copy;
    MESSAGE Message;
    ULONG Returned;

    (void)state;
    assert_status(Connect("\\TestPort", &User), STATUS_SUCCESS);
    Copy = ClientPort;
    FltCloseClientPort(Filter.Filter, &ClientPort);
    assert_null(ClientPort);
    assert_int_equal(LivePorts(), 1);
    assert_status(FltpPortGetMessage(User, &Message, sizeof(Message), NULL, &Returned), STATUS_PORT_DISCONNECTED);
    assert_status(FltpPortSendMessage(User, "A", 1, &Message, 1, &Returned), STATUS_PORT_DISCONNECTED);
    const unsigned Before = vf_finding_count();
    FltCloseClientPort(Filter.Filter, &Copy);  /* a second time, through a copy */
    assert_int_equal(vf_finding_count(), Before + 1);
    KeepOpen = TRUE;
    FltpPortDisconnect(User);                  /* the user's handle: the filter hears of it */
    assert_int_equal(Disconnects, 1);
}

static void
test_fltmgr_port__unregister_disconnects(void **state)
{
    PFLT_PORT User;
    SENDER Sender;
    MESSAGE Message;
    ULONG Returned;

    (void)state;
    assert_status(Connect("\\TestPort", &User), STATUS_SUCCESS);
    Start(&Sender, "held", TRUE, 0);
    assert_status(FltpPortGetMessage(User, &Message, sizeof(Message), NULL, &Returned), STATUS_SUCCESS);
    FltCloseCommunicationPort(ServerPort);
    ServerPort = NULL;
    assert_status(TinyFilterUnload(&Filter), STATUS_SUCCESS);
    port_thread_join(Sender.Thread);
    assert_status(Sender.Status, STATUS_PORT_DISCONNECTED);
    assert_int_equal(Disconnects, 1);
    assert_status(FltpPortSendMessage(User, "A", 1, &Message, 1, &Returned), STATUS_PORT_DISCONNECTED);
    FltpPortDisconnect(User);
    assert_int_equal(Disconnects, 1);
    assert_status(TinyFilterLoad(&Filter), STATUS_SUCCESS);
}

static void
test_fltmgr_port__what_stays_open_is_a_leak(void **state)
{
    PFLT_PORT User;

    (void)state;
    assert_status(Connect("\\TestPort", &User), STATUS_SUCCESS);
    KeepOpen = TRUE;
    ServerPort = NULL;                         /* forgotten */
    assert_status(TinyFilterUnload(&Filter), STATUS_SUCCESS);
    assert_int_equal(Disconnects, 1);
    assert_int_equal(LivePorts(), 2);
    assert_int_equal(vf_report_leaks(Filter.Owner), 2);
    FltpPortDisconnect(User);
    assert_status(TinyFilterLoad(&Filter), STATUS_SUCCESS);
    assert_status(Create("\\TestPort", NULL, 1, &ServerPort), STATUS_SUCCESS);   /* the name is free again */
    assert_status(Connect("\\TestPort", &User), STATUS_SUCCESS);
    ULONG Returned;
    assert_status(FltpPortSendMessage(User, "A", 1, NULL, 0, &Returned), STATUS_INVALID_DEVICE_REQUEST);
    KeepOpen = FALSE;
    FltpPortDisconnect(User);
}

/* ---- many at once ---- */

#define SENDERS 4
#define ROUNDS 200
static _Atomic(LONG) Answered;

static void
Ask(void *Argument)
{
    for (ULONG i = 0; i < ROUNDS; i++) {
        LONG Number = (LONG)(ULONG_PTR)Argument * ROUNDS + (LONG)i, Answer = 0;
        ULONG Length = sizeof(Answer);
        LARGE_INTEGER Timeout = { .QuadPart = i % 16 == 0 ? -1 : 60 * SECOND };
        NTSTATUS Status = FltSendMessage(Filter.Filter, &ClientPort, &Number, sizeof(Number), &Answer, &Length, &Timeout);
        if (Status == STATUS_SUCCESS) {
            assert_int_equal(Answer, Number + 1);
            atomic_fetch_add(&Answered, 1);
        } else if (Status != STATUS_TIMEOUT) {
            assert_status(Status, STATUS_PORT_DISCONNECTED);
            return;
        }
    }
}

static void
Answer(void *Argument)
{
    struct { FILTER_MESSAGE_HEADER Header; LONG Number; } Message;
    struct { FILTER_REPLY_HEADER Header; LONG Number; } Reply = { { 0 }, 0 };
    ULONG Returned;

    while (FltpPortGetMessage(Argument, &Message, sizeof(Message), NULL, &Returned) == STATUS_SUCCESS) {
        Reply.Header.MessageId = Message.Header.MessageId;
        Reply.Number = Message.Number + 1;
        (VOID)FltpPortReplyMessage(Argument, &Reply, sizeof(Reply.Header) + sizeof(Reply.Number));
    }
}

static void
test_fltmgr_port__storm(void **state)
{
    struct port_thread *Senders[SENDERS], *Receivers[2];
    PFLT_PORT User;

    (void)state;
    Answered = 0;
    assert_status(Connect("\\TestPort", &User), STATUS_SUCCESS);
    for (ULONG_PTR i = 0; i < 2; i++) {
        assert_int_equal(port_thread_start(&Receivers[i], Answer, User, "receiver"), 0);
    }
    for (ULONG_PTR i = 0; i < SENDERS; i++) {
        assert_int_equal(port_thread_start(&Senders[i], Ask, (PVOID)i, "sender"), 0);
    }
    for (ULONG i = 0; i < SENDERS; i++) {
        port_thread_join(Senders[i]);
    }
    FltpPortHangUp(User);
    for (ULONG i = 0; i < 2; i++) {
        port_thread_join(Receivers[i]);
    }
    FltpPortDisconnect(User);
    assert_true(Answered >= SENDERS * ROUNDS * 15 / 16 - SENDERS);
}

int
main(void)
{
#define P(Name) cmocka_unit_test_setup_teardown(test_fltmgr_port__##Name, Setup, Teardown)
    const struct CMUnitTest tests[] = {
        P(create_checks), P(connect_and_disconnect), P(nobody_connected), P(no_receiver_times_out), P(message_and_reply),
        P(late_reply_has_no_waiter), P(disconnection_wakes_senders), P(filter_closes_its_end), P(unregister_disconnects),
        P(what_stays_open_is_a_leak), P(storm),
    };
    return cmocka_run_group_tests_name("port", tests, NULL, NULL);
}
