/* SPDX-License-Identifier: MIT */
/* Communication ports and the security descriptors that guard them. */
#ifndef _FILTERBED_FLT_FUNC_PORT_H_
#define _FILTERBED_FLT_FUNC_PORT_H_

#include <flt/types.h>

#ifdef __cplusplus
extern "C" {
#endif

NTSTATUS FLTAPI
FltBuildDefaultSecurityDescriptor(
    _Outptr_ PSECURITY_DESCRIPTOR *SecurityDescriptor,
    _In_ ACCESS_MASK DesiredAccess);

VOID FLTAPI
FltCloseClientPort(
    _In_ PFLT_FILTER Filter,
    _Inout_ PFLT_PORT *ClientPort);

VOID FLTAPI
FltCloseCommunicationPort(
    _In_ PFLT_PORT ServerPort);

NTSTATUS FLTAPI
FltCreateCommunicationPort(
    _In_ PFLT_FILTER Filter,
    _Outptr_ PFLT_PORT *ServerPort,
    _In_ POBJECT_ATTRIBUTES ObjectAttributes,
    _In_opt_ PVOID ServerPortCookie,
    _In_ PFLT_CONNECT_NOTIFY ConnectNotifyCallback,
    _In_ PFLT_DISCONNECT_NOTIFY DisconnectNotifyCallback,
    _In_opt_ PFLT_MESSAGE_NOTIFY MessageNotifyCallback,
    _In_ LONG MaxConnections);

VOID FLTAPI
FltFreeSecurityDescriptor(
    _In_ PSECURITY_DESCRIPTOR SecurityDescriptor);

NTSTATUS FLTAPI
FltSendMessage(
    _In_ PFLT_FILTER Filter,
    _In_ PFLT_PORT *ClientPort,
    _In_ PVOID SenderBuffer,
    _In_ ULONG SenderBufferLength,
    _Out_opt_ PVOID ReplyBuffer,
    _Inout_opt_ PULONG ReplyLength,
    _In_opt_ PLARGE_INTEGER Timeout);

#ifdef __cplusplus
}
#endif

#endif
