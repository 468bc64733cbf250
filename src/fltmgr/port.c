/* SPDX-License-Identifier: MIT */
/* Communication ports: create, connect, disconnect, close.  See port.h. */
#include "fltmgr/port.h"

#include "ob/obp.h"

static VOID
FltpPortsLock(FLTP_PORTS *Ports)
{
    FltpLockAcquire(&Ports->Lock, VF_RANK_FLTMGR_PORTS);
}

static VOID
FltpPortsUnlock(FLTP_PORTS *Ports)
{
    FltpLockRelease(&Ports->Lock);
}

static VOID
FltpPortsDereference(FLTP_PORTS *Ports)
{
    if (atomic_fetch_sub(&Ports->References, 1) == 1) {
        port_free(Ports);
    }
}

/* The filter's ports, made with its first one. */
static FLTP_PORTS *
FltpPortsOf(PFLT_FILTER Filter)
{
    void *Ports = atomic_load(&Filter->Ports);

    if (Ports != NULL) {
        return Ports;
    }
    FLTP_PORTS *New = port_alloc_zeroed(sizeof(*New));
    if (New == NULL) {
        return NULL;
    }
    New->Filter = Filter;
    InitializeListHead(&New->Servers);
    InitializeListHead(&New->Clients);
    atomic_init(&New->References, 1);
    if (!atomic_compare_exchange_strong(&Filter->Ports, &Ports, New)) {
        port_free(New);
        return Ports;
    }
    return New;
}

static VOID
FltpServerDelete(PVOID Object)
{
    FLTP_SERVER_PORT *Server = Object;

    FltpPortsDereference(Server->Port.Ports);
}

static struct _OBJECT_TYPE FltpServerPortType = {
    .Name = L"FilterConnectionPort", .Delete = FltpServerDelete, .WaitOffset = (ULONG)-1, .KeyClass = VF_OBJECT_REFERENCE};

VOID
FltpClientReference(FLTP_CLIENT_PORT *Client)
{
    atomic_fetch_add(&Client->References, 1);
}

VOID
FltpClientDereference(FLTP_CLIENT_PORT *Client)
{
    if (atomic_fetch_sub(&Client->References, 1) == 1) {
        FLTP_PORTS *Ports = Client->Port.Ports;
        ObpDereference(Client->Server);
        port_free(Client);
        FltpPortsDereference(Ports);
    }
}

/* ---- server ports ---- */

static NTSTATUS
FltpPortCheck(PFLT_FILTER Filter, POBJECT_ATTRIBUTES Attributes, PFLT_CONNECT_NOTIFY Connect, PFLT_DISCONNECT_NOTIFY Disconnect,
    LONG MaxConnections)
{
    if (atomic_load(&Filter->Unregistering)) {
        return STATUS_FLT_DELETING_OBJECT;
    }
    if (Attributes == NULL || (Attributes->Attributes & OBJ_KERNEL_HANDLE) == 0 || Connect == NULL || Disconnect == NULL || MaxConnections <= 0) {
        return STATUS_INVALID_PARAMETER;
    }
    return Attributes->ObjectName == NULL || Attributes->RootDirectory != NULL ? STATUS_OBJECT_NAME_INVALID : STATUS_SUCCESS;
}

/*
 * Windows: fltKernel.h, FltCreateCommunicationPort.  Differences: names are full paths (no RootDirectory); the security descriptor is
 * not looked at when somebody connects.
 */
NTSTATUS FLTAPI
FltCreateCommunicationPort(PFLT_FILTER Filter, PFLT_PORT *ServerPort, POBJECT_ATTRIBUTES ObjectAttributes, PVOID ServerPortCookie,
    PFLT_CONNECT_NOTIFY ConnectNotifyCallback, PFLT_DISCONNECT_NOTIFY DisconnectNotifyCallback,
    PFLT_MESSAGE_NOTIFY MessageNotifyCallback, LONG MaxConnections)
{
    VF_MAX_IRQL(PASSIVE_LEVEL);

    FLTP_SERVER_PORT *Server;
    *ServerPort = NULL;
    NTSTATUS Status = FltpPortCheck(Filter, ObjectAttributes, ConnectNotifyCallback, DisconnectNotifyCallback, MaxConnections);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    FLTP_PORTS *Ports = FltpPortsOf(Filter);
    if (Ports == NULL || vf_inject(__func__, Filter->Owner)) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Status = ObpCreateObject(&FltpServerPortType, sizeof(*Server), (PVOID *)&Server);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    atomic_fetch_add(&Ports->References, 1);
    Server->Port.Ports = Ports;
    Server->Port.Owner = Filter->Owner;
    Server->Cookie = ServerPortCookie;
    Server->Connect = ConnectNotifyCallback;
    Server->Disconnect = DisconnectNotifyCallback;
    Server->Message = MessageNotifyCallback;
    Server->MaxConnections = MaxConnections;
    atomic_store(&Server->Port.Kind, FLTP_PORT_SERVER);
    FltpPortsLock(Ports);
    InsertTailList(&Ports->Servers, &Server->Port.Links);
    FltpPortsUnlock(Ports);
    Status = ObpInsertName(Server, ObjectAttributes->ObjectName);
    if (!NT_SUCCESS(Status)) {
        FltpPortsLock(Ports);
        RemoveEntryList(&Server->Port.Links);
        FltpPortsUnlock(Ports);
        ObpDereference(Server);
        return Status;
    }
    Server->Port.Ledger = vf_object_create(Filter->Owner, VF_PORT, Server, sizeof(*Server), 0, VF_REASON_ALLOCATE, __func__);
    *ServerPort = &Server->Port;
    return STATUS_SUCCESS;
}

/* TRUE once, if Port is what the caller says. */
static BOOLEAN
FltpPortTake(PFLT_PORT Port, ULONG Kind)
{
    return atomic_compare_exchange_strong(&Port->Kind, &Kind, FLTP_PORT_CLOSED);
}

/* Its name and its place go; the filter's reference, too. */
static VOID
FltpServerClose(FLTP_SERVER_PORT *Server)
{
    FLTP_PORTS *Ports = Server->Port.Ports;

    FltpPortsLock(Ports);
    Server->Closed = TRUE;
    RemoveEntryList(&Server->Port.Links);
    FltpPortsUnlock(Ports);
    ObpRemoveName(Server);
    ObpDereference(Server);
}

/* Windows: fltKernel.h, FltCloseCommunicationPort.  Differences: none. */
VOID FLTAPI
FltCloseCommunicationPort(PFLT_PORT ServerPort)
{
    VF_MAX_IRQL(PASSIVE_LEVEL);

    if (ServerPort == NULL || !FltpPortTake(ServerPort, FLTP_PORT_SERVER)) {
        vf_report("K-02", NULL, NULL, KiOwnerOfCall(__builtin_return_address(0)), ServerPort,
            "FltCloseCommunicationPort: %p is not an open server port", (void *)ServerPort);
        return;
    }
    vf_object_destroy(ServerPort->Ledger, ServerPort->Owner, VF_PORT);
    FltpServerClose(CONTAINING_RECORD(ServerPort, FLTP_SERVER_PORT, Port));
}

/* ---- connections ---- */

/* Nothing goes through it any more.  TRUE: until now something did. */
static BOOLEAN
FltpClientDisconnect(FLTP_CLIENT_PORT *Client)
{
    FltpLockAcquire(&Client->Lock, VF_RANK_FLTMGR_PORT);
    const BOOLEAN First = !Client->Disconnected;
    Client->Disconnected = TRUE;
    FltpLockRelease(&Client->Lock);
    FltpClientWakeAll(Client);
    return First;
}

/* Another may connect.  When the user left, only after DisconnectNotifyCallback: filters keep the one connection in a variable. */
static VOID
FltpClientUncount(FLTP_CLIENT_PORT *Client)
{
    if (!atomic_exchange(&Client->Uncounted, 1)) {
        FltpPortsLock(Client->Port.Ports);
        Client->Server->Connections--;
        FltpPortsUnlock(Client->Port.Ports);
    }
}

static VOID
FltpClientUnlist(FLTP_CLIENT_PORT *Client)
{
    FltpPortsLock(Client->Port.Ports);
    RemoveEntryList(&Client->Port.Links);
    FltpPortsUnlock(Client->Port.Ports);
}

/* Windows: fltKernel.h, FltCloseClientPort.  Differences: none; a variable that is NULL already is left alone. */
VOID FLTAPI
FltCloseClientPort(PFLT_FILTER Filter, PFLT_PORT *ClientPort)
{
    VF_MAX_IRQL(PASSIVE_LEVEL);

    FLTP_PORTS *Ports = atomic_load(&Filter->Ports);
    if (Ports == NULL) {
        *ClientPort = NULL;
        return;
    }
    FltpPortsLock(Ports);
    PFLT_PORT Port = *ClientPort;
    *ClientPort = NULL;
    FltpPortsUnlock(Ports);
    if (Port == NULL) {
        return;
    }
    if (!FltpPortTake(Port, FLTP_PORT_CLIENT)) {
        vf_report("K-02", NULL, NULL, Filter->Owner, Port, "FltCloseClientPort: %p is not an open client port", (void *)Port);
        return;
    }
    FLTP_CLIENT_PORT *Client = CONTAINING_RECORD(Port, FLTP_CLIENT_PORT, Port);
    if (FltpClientDisconnect(Client)) {
        FltpClientUncount(Client);
    }
    vf_object_destroy(Port->Ledger, Port->Owner, VF_PORT);
    FltpClientUnlist(Client);
    FltpClientDereference(Client);
}

/* *Server +1 and counted as connected, and its filter's Calls +1. */
static NTSTATUS
FltpServerEnter(PCUNICODE_STRING Name, FLTP_SERVER_PORT **Server)
{
    OBP_PARSE Parse = { .Attributes = OBJ_CASE_INSENSITIVE, .Mode = UserMode };
    NTSTATUS Status = ObpOpenByName(Name, &Parse, &FltpServerPortType, (PVOID *)Server);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    FLTP_PORTS *Ports = (*Server)->Port.Ports;
    FltpPortsLock(Ports);
    if ((*Server)->Closed || !FltpCountTryAcquire(&Ports->Calls)) {
        Status = STATUS_OBJECT_NAME_NOT_FOUND;
    } else if ((*Server)->Connections >= (*Server)->MaxConnections) {
        FltpCountRelease(&Ports->Calls);
        Status = STATUS_CONNECTION_COUNT_LIMIT;
    } else {
        (*Server)->Connections++;
    }
    FltpPortsUnlock(Ports);
    if (!NT_SUCCESS(Status)) {
        ObpDereference(*Server);
    }
    return Status;
}

/* A connection that nobody knows yet; owns the reference on Server. */
static FLTP_CLIENT_PORT *
FltpClientCreate(FLTP_SERVER_PORT *Server)
{
    FLTP_CLIENT_PORT *Client = port_alloc_zeroed(sizeof(*Client));

    if (Client == NULL) {
        return NULL;
    }
    Client->Server = Server;
    Client->Port.Ports = Server->Port.Ports;
    Client->Port.Owner = Server->Port.Owner;
    atomic_fetch_add(&Server->Port.Ports->References, 1);
    atomic_init(&Client->References, 2);       /* the filter's end, the user's end */
    InitializeListHead(&Client->Queue);
    InitializeListHead(&Client->Awaiting);
    KeInitializeEvent(&Client->Available, SynchronizationEvent, FALSE);
    return Client;
}

static NTSTATUS
FltpClientCallConnect(FLTP_CLIENT_PORT *Client, PVOID Context, ULONG ContextSize)
{
    PFLT_FILTER Filter = Client->Port.Ports->Filter;
    volatile NTSTATUS Status = STATUS_DRIVER_INTERNAL_ERROR;
    KI_DRIVER_CALL Call;

    if (atomic_load(&Filter->Dead)) {
        return STATUS_PORT_DISCONNECTED;
    }
    FltpCallInitialize(&Call, Filter, NULL, "ConnectNotify");
    NT_CALL(&Call, Status = Client->Server->Connect(&Client->Port, Client->Server->Cookie, Context, ContextSize, &Client->Cookie));
    if (Call.Faulted) {
        FltpFilterMarkDead(Filter);
    }
    return Status;
}

/* It is there before the callback runs, which may send at once. */
static NTSTATUS
FltpClientEstablish(FLTP_CLIENT_PORT *Client, PVOID Context, ULONG ContextSize)
{
    FLTP_PORTS *Ports = Client->Port.Ports;

    atomic_store(&Client->Port.Kind, FLTP_PORT_CLIENT);
    Client->Port.Ledger = vf_object_create(Client->Port.Owner, VF_PORT, Client, sizeof(*Client), 0, VF_REASON_OPEN, "ConnectNotify");
    FltpPortsLock(Ports);
    InsertTailList(&Ports->Clients, &Client->Port.Links);
    FltpPortsUnlock(Ports);
    NTSTATUS Status = FltpClientCallConnect(Client, Context, ContextSize);
    if (!NT_SUCCESS(Status)) {
        atomic_store(&Client->Notified, 1);
        FltpClientDisconnect(Client);
        FltpClientUncount(Client);
        if (FltpPortTake(&Client->Port, FLTP_PORT_CLIENT)) {
            vf_object_destroy(Client->Port.Ledger, Client->Port.Owner, VF_PORT);
            FltpClientUnlist(Client);
            FltpClientDereference(Client);
        }
        FltpClientDereference(Client);
    }
    return Status;
}

NTSTATUS
FltpPortConnect(PCUNICODE_STRING Name, const VOID *Context, USHORT ContextSize, PFLT_PORT *Client)
{
    FLTP_SERVER_PORT *Server;
    PVOID Copy = NULL;

    *Client = NULL;
    if ((Context == NULL) != (ContextSize == 0)) {
        return STATUS_INVALID_PARAMETER;
    }
    NTSTATUS Status = FltpServerEnter(Name, &Server);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    FLTP_PORTS *Ports = Server->Port.Ports;
    FLTP_CLIENT_PORT *New = FltpClientCreate(Server);
    if (New == NULL || (ContextSize != 0 && (Copy = port_alloc(ContextSize)) == NULL)) {
        FltpPortsLock(Ports);
        Server->Connections--;
        FltpPortsUnlock(Ports);
        FltpCountRelease(&Ports->Calls);
        port_free(New);
        ObpDereference(Server);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    if (Copy != NULL) {
        memcpy(Copy, Context, ContextSize);
    }
    Status = FltpClientEstablish(New, Copy, ContextSize);
    if (NT_SUCCESS(Status)) {
        *Client = &New->Port;
    }
    port_free(Copy);
    FltpCountRelease(&Ports->Calls);
    return Status;
}

static VOID
FltpClientCallDisconnect(FLTP_CLIENT_PORT *Client)
{
    PFLT_FILTER Filter = Client->Port.Ports->Filter;
    KI_DRIVER_CALL Call;

    if (atomic_exchange(&Client->Notified, 1) || atomic_load(&Filter->Dead)) {
        return;
    }
    FltpCallInitialize(&Call, Filter, NULL, "DisconnectNotify");
    NT_CALL(&Call, Client->Server->Disconnect(Client->Cookie));
    if (Call.Faulted) {
        FltpFilterMarkDead(Filter);
    }
}

VOID
FltpPortDisconnect(PFLT_PORT ClientPort)
{
    FLTP_CLIENT_PORT *Client = CONTAINING_RECORD(ClientPort, FLTP_CLIENT_PORT, Port);
    FLTP_PORTS *Ports = Client->Port.Ports;

    FltpClientDisconnect(Client);
    if (FltpCountTryAcquire(&Ports->Calls)) {
        FltpClientCallDisconnect(Client);
        FltpCountRelease(&Ports->Calls);
    }
    FltpClientUncount(Client);
    FltpClientDereference(Client);
}

VOID
FltpPortHangUp(PFLT_PORT ClientPort)
{
    FltpClientDisconnect(CONTAINING_RECORD(ClientPort, FLTP_CLIENT_PORT, Port));
}

/* ---- unregister ---- */

/* The next connection that the filter has not closed; with Fresh, one that was not told to disconnect.  +1. */
static FLTP_CLIENT_PORT *
FltpPortsNextClient(FLTP_PORTS *Ports, BOOLEAN Fresh)
{
    FLTP_CLIENT_PORT *Found = NULL;

    FltpPortsLock(Ports);
    for (PLIST_ENTRY Entry = Ports->Clients.Flink; Entry != &Ports->Clients && Found == NULL; Entry = Entry->Flink) {
        FLTP_CLIENT_PORT *Client = CONTAINING_RECORD(Entry, FLTP_CLIENT_PORT, Port.Links);
        if (!Fresh || !atomic_load(&Client->Notified)) {
            Found = Client;
            FltpClientReference(Client);
        }
    }
    FltpPortsUnlock(Ports);
    return Found;
}

static VOID
FltpPortsDisconnectAll(FLTP_PORTS *Ports)
{
    FltpPortsLock(Ports);
    for (PLIST_ENTRY Entry = Ports->Clients.Flink; Entry != &Ports->Clients; Entry = Entry->Flink) {
        FLTP_CLIENT_PORT *Client = CONTAINING_RECORD(Entry, FLTP_CLIENT_PORT, Port.Links);
        FltpLockAcquire(&Client->Lock, VF_RANK_FLTMGR_PORT);
        Client->Disconnected = TRUE;
        FltpLockRelease(&Client->Lock);
        FltpClientWakeAll(Client);
    }
    FltpPortsUnlock(Ports);
}

/* What the filter left open: its place is given up, its record in the ledger stays. */
static VOID
FltpPortsAbandon(FLTP_PORTS *Ports)
{
    FLTP_CLIENT_PORT *Client;

    while ((Client = FltpPortsNextClient(Ports, FALSE)) != NULL) {
        atomic_store(&Client->Port.Kind, FLTP_PORT_CLOSED);
        FltpClientUnlist(Client);
        FltpClientDereference(Client);
        FltpClientDereference(Client);
    }
    while (!IsListEmpty(&Ports->Servers)) {
        FLTP_SERVER_PORT *Server = CONTAINING_RECORD(Ports->Servers.Flink, FLTP_SERVER_PORT, Port.Links);
        atomic_store(&Server->Port.Kind, FLTP_PORT_CLOSED);
        FltpServerClose(Server);
    }
}

VOID
FltpFilterPortsClose(PFLT_FILTER Filter)
{
    FLTP_PORTS *Ports = atomic_load(&Filter->Ports);
    FLTP_CLIENT_PORT *Client;

    if (Ports == NULL) {
        return;
    }
    FltpCountClose(&Ports->Calls);
    FltpPortsDisconnectAll(Ports);
    if (!FltpCountWait(&Ports->Calls, Filter)) {
        vf_report("K-01", "F-19", NULL, Filter->Owner, Filter, "FltUnregisterFilter would wait for ever: %u calls of port callbacks do not return",
            FltpCountValue(&Ports->Calls));
        return;
    }
    FltpPortsDisconnectAll(Ports);             /* connects that ended meanwhile */
    while ((Client = FltpPortsNextClient(Ports, TRUE)) != NULL) {
        FltpClientCallDisconnect(Client);
        FltpClientDereference(Client);
    }
    FltpPortsAbandon(Ports);
    atomic_store(&Filter->Ports, NULL);
    FltpPortsDereference(Ports);
}
