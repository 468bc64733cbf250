/* SPDX-License-Identifier: MIT */
/*
 * fltmgr: communication ports.
 *
 *      FLT_FILTER ── Ports ──> FLTP_PORTS ── Servers ──> FLTP_SERVER_PORT   named object; FltCreateCommunicationPort
 *                                   └────── Clients ──> FLTP_CLIENT_PORT   one connection; two ends hold it:
 *                                                          the filter until FltCloseClientPort, the user until FltpPortDisconnect
 *
 *      FltSendMessage ──> Queue ── FltpPortGetMessage ──> Awaiting ── FltpPortReplyMessage ──> FltSendMessage returns
 *                           └────────── no reply wanted ────────────────────────────────────────────^
 *
 *  1. A message belongs to its sender, who takes it off its list, whatever happened, under the port's Lock before it frees it.
 *  2. FLTP_PORTS.Calls counts calls into the filter's callbacks; unregister closes it and waits.
 *  3. The variable that FltCloseClientPort clears is read and written under FLTP_PORTS.Lock only.
 *  4. Lock order: FLTP_PORTS.Lock, FLTP_CLIENT_PORT.Lock.  Neither is held while driver code runs.
 */
#ifndef FB_FLTMGR_PORT_H
#define FB_FLTMGR_PORT_H

#include "fltmgr/fltp.h"

typedef struct FLTP_PORTS {
    PFLT_FILTER Filter;                        /* valid while counted in Calls, or by the filter itself */
    FLTP_COUNT Calls;
    _Atomic(ULONG) References;                 /* the filter, each port */
    port_lock Lock;
    LIST_ENTRY Servers, Clients;               /* Lock; FLT_PORT.Links */
} FLTP_PORTS;

#define FLTP_PORT_SERVER 0x76725350u
#define FLTP_PORT_CLIENT 0x6E6C4350u
#define FLTP_PORT_CLOSED 0x64436C50u
typedef struct _FLT_PORT {
    _Atomic(ULONG) Kind;                       /* as the filter sees it */
    FLTP_PORTS *Ports;                         /* +1 */
    LIST_ENTRY Links;                          /* Ports->Lock */
    vf_owner *Owner;
    vf_object *Ledger;
} FLT_PORT;

typedef struct FLTP_SERVER_PORT {              /* body of a named object */
    FLT_PORT Port;
    /* constant */
    PVOID Cookie;
    PFLT_CONNECT_NOTIFY Connect;
    PFLT_DISCONNECT_NOTIFY Disconnect;
    PFLT_MESSAGE_NOTIFY Message;
    LONG MaxConnections;
    /* Ports->Lock */
    LONG Connections;
    BOOLEAN Closed;
} FLTP_SERVER_PORT;

typedef struct FLTP_CLIENT_PORT {
    FLT_PORT Port;
    FLTP_SERVER_PORT *Server;                  /* +1: its callbacks outlive FltCloseCommunicationPort */
    PVOID Cookie;                              /* of ConnectNotifyCallback; constant once connected */
    _Atomic(ULONG) References;                 /* filter's end, user's end, calls under way */
    _Atomic(LONG) Uncounted;                   /* Server->Connections does not count it any more */
    _Atomic(LONG) Notified;                    /* DisconnectNotifyCallback was called, or never will be */
    port_lock Lock;
    BOOLEAN Disconnected;                      /* Lock */
    LIST_ENTRY Queue, Awaiting;                /* Lock; FLTP_MESSAGE.Links */
    ULONGLONG NextId;                          /* Lock */
    KEVENT Available;                          /* Queue is not empty, or Disconnected; wakes one */
} FLTP_CLIENT_PORT;

/* ---- port.c ---- */
/* FilterConnectCommunicationPort and CloseHandle.  Fails: OBJECT_NAME_NOT_FOUND, CONNECTION_COUNT_LIMIT, PORT_DISCONNECTED, the callback's. */
NTSTATUS FltpPortConnect(PCUNICODE_STRING Name, const VOID *Context, USHORT ContextSize, PFLT_PORT *Client);
VOID FltpPortDisconnect(PFLT_PORT Client);
VOID FltpPortHangUp(PFLT_PORT Client);         /* whoever waits leaves; FltpPortDisconnect is still owed */
VOID FltpFilterPortsClose(PFLT_FILTER Filter);  /* unregister: disconnects, waits for callbacks; what is left open stays in the ledger */
VOID FltpClientReference(FLTP_CLIENT_PORT *Client);
VOID FltpClientDereference(FLTP_CLIENT_PORT *Client);

/* ---- message.c: the user's end; any thread, at the same time ---- */
/* FilterSendMessage.  Input and Output are passed to the filter as they are.  Fails: PORT_DISCONNECTED, the callback's. */
NTSTATUS FltpPortSendMessage(PFLT_PORT Client, PVOID Input, ULONG InputLength, PVOID Output, ULONG OutputLength, PULONG Returned);
/* FilterGetMessage: FILTER_MESSAGE_HEADER, then the message.  Fails: TIMEOUT, PORT_DISCONNECTED, BUFFER_TOO_SMALL (*Returned: the need). */
NTSTATUS FltpPortGetMessage(PFLT_PORT Client, PVOID Buffer, ULONG Length, PLARGE_INTEGER Timeout, PULONG Returned);
/* FilterReplyMessage: FILTER_REPLY_HEADER, then the reply.  Fails: FLT_NO_WAITER_FOR_REPLY, INVALID_PARAMETER. */
NTSTATUS FltpPortReplyMessage(PFLT_PORT Client, const VOID *Buffer, ULONG Length);
VOID FltpClientWakeAll(FLTP_CLIENT_PORT *Client);                      /* Disconnected is set: everybody who waits leaves */

#endif
