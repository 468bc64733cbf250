/* SPDX-License-Identifier: MIT */
/* Event objects with handles, and waits on handles. */
#include "ob/obp.h"

#include <string.h>

static struct _OBJECT_TYPE ObpEventTypeBody = {.Name = L"Event", .WaitOffset = 0};
POBJECT_TYPE ObpEventType = &ObpEventTypeBody;
POBJECT_TYPE *ExEventObjectType = &ObpEventType;

/* Opens the event of that name, or makes one.  NULL name: always a new one. */
static NTSTATUS
ObpMakeEvent(POBJECT_ATTRIBUTES Attributes, EVENT_TYPE Type, BOOLEAN State, PVOID *Event)
{
    PUNICODE_STRING Name = Attributes != NULL ? Attributes->ObjectName : NULL;
    NTSTATUS Status = ObpCreateObject(ObpEventType, sizeof(KEVENT), Event);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    KeInitializeEvent(*Event, Type, State);
    if (Name == NULL || Name->Length == 0) {
        return STATUS_SUCCESS;
    }
    Status = ObpInsertName(*Event, Name);
    if (NT_SUCCESS(Status)) {
        return Status;
    }
    ObpDereference(*Event);
    *Event = NULL;
    if (Status == STATUS_OBJECT_NAME_COLLISION && (Attributes->Attributes & OBJ_OPENIF) != 0) {
        OBP_PARSE Parse = {.Attributes = Attributes->Attributes};
        Status = ObpOpenByName(Name, &Parse, ObpEventType, Event);
        return NT_SUCCESS(Status) ? STATUS_OBJECT_NAME_EXISTS : Status;
    }
    return Status;
}

/* Windows: ntifs.h, ZwCreateEvent.  Differences: access is not checked. */
NTSTATUS
ZwCreateEvent(PHANDLE EventHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes, EVENT_TYPE EventType, BOOLEAN InitialState)
{
    PVOID Event;

    *EventHandle = NULL;
    NTSTATUS Status = ObpMakeEvent(ObjectAttributes, EventType, InitialState, &Event);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    NTSTATUS Made = ObpCreateHandle(Event, DesiredAccess, ObjectAttributes != NULL ? ObjectAttributes->Attributes : 0, EventHandle);
    ObpDereference(Event);
    return NT_SUCCESS(Made) ? Status : Made;
}

/* Windows: ntifs.h, ZwSetEvent.  Differences: none. */
NTSTATUS
ZwSetEvent(HANDLE EventHandle, PLONG PreviousState)
{
    PVOID Event;
    NTSTATUS Status = ObReferenceObjectByHandle(EventHandle, EVENT_MODIFY_STATE, ObpEventType, KernelMode, &Event, NULL);

    if (NT_SUCCESS(Status)) {
        LONG Old = KeSetEvent(Event, 0, FALSE);
        if (PreviousState != NULL) {
            *PreviousState = Old;
        }
        ObfDereferenceObject(Event);
    }
    return Status;
}

/* Windows: ntifs.h, ZwWaitForSingleObject.  Differences: waits are not alertable. */
NTSTATUS
ZwWaitForSingleObject(HANDLE Handle, BOOLEAN Alertable, PLARGE_INTEGER Timeout)
{
    PVOID Object;
    NTSTATUS Status = ObReferenceObjectByHandle(Handle, SYNCHRONIZE, NULL, KernelMode, &Object, NULL);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (ObpTypeOf(Object)->WaitOffset == (ULONG)-1) {
        Status = STATUS_OBJECT_TYPE_MISMATCH;
    } else {
        Status = KeWaitForSingleObject((PUCHAR)Object + ObpTypeOf(Object)->WaitOffset, UserRequest, KernelMode, Alertable, Timeout);
    }
    ObfDereferenceObject(Object);
    return Status;
}
