/* SPDX-License-Identifier: MIT */
/* Communication ports: the user's end, for the POSIX side; see host.h. */
#include "host/host.h"

#include <ntifs.h>
#include <string.h>

#include "fltmgr/port.h"
#include "ps/psp.h"
#include "rtl/rtlp.h"

struct host_nt_port {
    PFLT_PORT Port;
    uint32_t Pid, Uid, Gid;
};

uint32_t
host_nt_port_connect(const char *name, const void *context, uint16_t size, uint32_t pid, uint32_t uid, uint32_t gid,
                     struct host_nt_port **port)
{
    const SIZE_T Units = RtlpUtf8ToUtf16(NULL, 0, name, strlen(name));
    struct host_nt_port *New = port_alloc_zeroed(sizeof(*New));
    WCHAR *Text = Units < 32767 ? port_alloc((Units + 1) * sizeof(WCHAR)) : NULL;
    NTSTATUS Status = Units < 32767 ? STATUS_INSUFFICIENT_RESOURCES : STATUS_OBJECT_NAME_INVALID;
    PSP_REQUESTOR Requestor;

    if (New != NULL && Text != NULL) {
        const UNICODE_STRING Name = {(USHORT)(Units * sizeof(WCHAR)), (USHORT)(Units * sizeof(WCHAR)), Text};
        RtlpUtf8ToUtf16(Text, Units, name, strlen(name));
        New->Pid = pid;
        New->Uid = uid;
        New->Gid = gid;
        PspAttachRequestor(&Requestor, pid, uid, gid);
        Status = FltpPortConnect(&Name, context, size, &New->Port);
        PspDetachRequestor(&Requestor);
    }
    port_free(Text);
    if (!NT_SUCCESS(Status)) {
        port_free(New);
        New = NULL;
    }
    *port = New;
    return (uint32_t)Status;
}

void
host_nt_port_disconnect(struct host_nt_port *port)
{
    PSP_REQUESTOR Requestor;

    PspAttachRequestor(&Requestor, port->Pid, port->Uid, port->Gid);
    FltpPortDisconnect(port->Port);
    PspDetachRequestor(&Requestor);
    port_free(port);
}

void
host_nt_port_hang_up(struct host_nt_port *port)
{
    FltpPortHangUp(port->Port);
}

uint32_t
host_nt_port_send(struct host_nt_port *port, void *in, uint32_t in_size, void *out, uint32_t out_size, uint32_t *returned)
{
    PSP_REQUESTOR Requestor;
    ULONG Returned = 0;

    PspAttachRequestor(&Requestor, port->Pid, port->Uid, port->Gid);
    const NTSTATUS Status = FltpPortSendMessage(port->Port, in, in_size, out, out_size, &Returned);
    PspDetachRequestor(&Requestor);
    *returned = Returned;
    return (uint32_t)Status;
}

uint32_t
host_nt_port_get(struct host_nt_port *port, void *buffer, uint32_t size, int milliseconds, uint32_t *returned)
{
    LARGE_INTEGER Timeout = {.QuadPart = milliseconds * -10000ll};
    ULONG Returned = 0;
    const NTSTATUS Status = FltpPortGetMessage(port->Port, buffer, size, milliseconds < 0 ? NULL : &Timeout, &Returned);

    *returned = Returned;
    return (uint32_t)Status;
}

uint32_t
host_nt_port_reply(struct host_nt_port *port, const void *buffer, uint32_t size)
{
    return (uint32_t)FltpPortReplyMessage(port->Port, buffer, size);
}
