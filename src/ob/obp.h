/* SPDX-License-Identifier: MIT */
/*
 * ob, outward header: objects, names, handles (NT side).
 *
 *      OBP_HEADER            in front of every object body, 16-aligned
 *      body                  FILE_OBJECT, DEVICE_OBJECT, KEVENT, EPROCESS …
 *
 * An object lives while PointerCount > 0; each handle holds one pointer reference.  A named object is in one directory, which
 * holds one pointer reference while the object is permanent or has handles (ObpRemoveName drops it).
 *
 * Locks: the namespace has one reader/writer lock (never taken on an I/O path); the handle table one reader/writer lock.
 */
#ifndef FB_OB_OBP_H
#define FB_OB_OBP_H

#include <ntifs.h>

#include "vf/vf.h"

typedef struct OBP_HEADER {
    /* interlocked */
    _Atomic(LONG64) PointerCount;
    _Atomic(LONG) HandleCount;
    /* constant after create */
    ULONG Flags;
    POBJECT_TYPE Type;
    vf_object *Ledger;                         /* record of references that drivers took; NULL when off */
    /* namespace lock */
    struct OBP_DIRECTORY *Directory;
    UNICODE_STRING Name;                       /* own allocation */
} OBP_HEADER;

#define OBP_FLAG_EMBEDDED 0x1                  /* memory belongs to the type's owner; Delete frees it */
#define OBP_HEADER_SIZE ((sizeof(OBP_HEADER) + 15) & ~(SIZE_T)15)

static inline OBP_HEADER *
ObpHeader(const VOID *Object)
{
    return (OBP_HEADER *)((ULONG_PTR)Object - OBP_HEADER_SIZE);
}

struct OBP_PARSE;

struct _OBJECT_TYPE {
    const WCHAR *Name;                         /* L"File" */
    /* Last pointer reference is gone; frees the body's contents, and the memory if OBP_FLAG_EMBEDDED. PASSIVE_LEVEL. */
    VOID (*Delete)(PVOID Object);
    /* A handle was made for it.  May be NULL. */
    VOID (*Open)(PVOID Object);
    /* One handle closed; Remaining handles are left.  May be NULL. */
    VOID (*Close)(PVOID Object, LONG Remaining);
    /* Opens by a name that goes on behind the object (devices).  May be NULL. */
    NTSTATUS (*Parse)(PVOID Object, struct OBP_PARSE *Parse, PVOID *Opened);
    /* The name that ObQueryNameString gives, in pool memory; NULL: the object's own name. */
    NTSTATUS (*QueryName)(PVOID Object, PUNICODE_STRING Name);
    ULONG WaitOffset;                          /* offset of the DISPATCHER_HEADER in the body; (ULONG)-1 = not waitable */
    ULONG KeyClass;                            /* enum vf_kind of references taken by drivers */
    _Atomic(LONG) Objects;
    BOOLEAN SupportsCallbacks;                 /* ObRegisterCallbacks watches its handles */
};
typedef struct OBP_PARSE {
    UNICODE_STRING Remaining;                  /* behind the object's own name, may be empty */
    ULONG Attributes;                          /* OBJ_* */
    ACCESS_MASK DesiredAccess;
    KPROCESSOR_MODE Mode;
    PVOID Context;                             /* of ObpOpenByName's caller (IOP_CREATE for files) */
} OBP_PARSE;

VOID ObpInitialize(VOID);                      /* directories \ \Device \Driver \FileSystem \?? (= \DosDevices = \GLOBAL??) … */

/* A new object with PointerCount 1, body zeroed.  Fails: STATUS_INSUFFICIENT_RESOURCES. */
NTSTATUS ObpCreateObject(POBJECT_TYPE Type, SIZE_T BodySize, PVOID *Object);
/* Makes an object of memory of the caller's: Header is OBP_HEADER_SIZE bytes, the body follows.  Type->Delete frees the memory. */
VOID ObpInitializeObject(PVOID Body, POBJECT_TYPE Type);
POBJECT_TYPE ObpTypeOf(PVOID Object);
/* +1 unless the count is 0. */
BOOLEAN ObpTryReference(PVOID Object);
/* References by the runtime itself: no ledger. */
VOID ObpReference(PVOID Object);
VOID ObpDereference(PVOID Object);

/* Names: full path "\Device\X".  Fails: OBJECT_NAME_COLLISION, OBJECT_PATH_NOT_FOUND, OBJECT_NAME_INVALID.
 * Takes one reference for the directory. */
NTSTATUS ObpInsertName(PVOID Object, PCUNICODE_STRING Path);
VOID ObpRemoveName(PVOID Object);
NTSTATUS ObpCreateSymbolicLink(PCUNICODE_STRING Path, PCUNICODE_STRING Target);
NTSTATUS ObpDeleteSymbolicLink(PCUNICODE_STRING Path);
/* Resolves links.  *Object +1; *Remaining (points into Buffer, which the caller frees with ExFreePool when not NULL) is what is left
 * behind the object; non-empty only for types with Parse.  Fails: OBJECT_NAME_NOT_FOUND, OBJECT_PATH_NOT_FOUND, OBJECT_NAME_INVALID. */
NTSTATUS ObpLookupName(PCUNICODE_STRING Path, ULONG Attributes, PVOID *Object, PUNICODE_STRING Remaining, PWCH *Buffer);
/* Lookup, then Parse if the type has one, else the object itself.  *Object +1. */
NTSTATUS ObpOpenByName(PCUNICODE_STRING Path, OBP_PARSE *Parse, POBJECT_TYPE Type, PVOID *Object);
/* Calls back for each entry of a directory; stops on FALSE. */
VOID ObpEnumerateDirectory(PCUNICODE_STRING Path, BOOLEAN (*Callback)(PCUNICODE_STRING Name, PVOID Object, PVOID Context), PVOID Context);

/* Full path of a named object into pool memory (ExFreePool); STATUS_OBJECT_NAME_NOT_FOUND without a name. */
NTSTATUS ObpObjectName(PVOID Object, PUNICODE_STRING Name);
/* First link in \GLOBAL?? whose target is Target, as "C:"; drive letters first; pool string, freed with ExFreePool. */
NTSTATUS ObpFindDosName(PCUNICODE_STRING Target, PUNICODE_STRING DosName);

/* Handles.  Creation takes one pointer reference and one handle count; kernel and user handles share one table. */
NTSTATUS ObpCreateHandle(PVOID Object, ACCESS_MASK Access, ULONG Attributes, PHANDLE Handle);
NTSTATUS ObpCloseHandle(HANDLE Handle);


/* callbacks.c: drivers that watch handles of some types.  Insert makes the handle with the access that is left. */
typedef struct OBP_HANDLE_OPERATION {
    OB_OPERATION Operation;                    /* OB_OPERATION_HANDLE_* */
    PVOID Object;
    ACCESS_MASK Access;
    ULONG Attributes;
    PVOID SourceProcess, TargetProcess;        /* duplicates */
} OBP_HANDLE_OPERATION;
NTSTATUS ObpWatchedHandle(const OBP_HANDLE_OPERATION *Operation,
                          NTSTATUS (*Insert)(PVOID Object, ACCESS_MASK Access, ULONG Attributes, PHANDLE Handle), PHANDLE Handle);
extern _Atomic(LONG) ObpWatchers;              /* registrations; 0: nobody is asked */

extern POBJECT_TYPE ObpDirectoryType, ObpSymbolicLinkType, ObpEventType;
/* Data exports (IoFileObjectType, PsProcessType …) point to variables that their layers define. */

#endif
