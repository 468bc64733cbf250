/* SPDX-License-Identifier: MIT */
/*
 * ob, outward header: what the other layers need of the object manager beyond the public Ob* and Zw* routines.
 *
 * Every object stands behind an OBP header (references, handle count, type, name).  A type's callbacks run without any lock of ob.
 */
#ifndef FB_OB_OBP_H
#define FB_OB_OBP_H

#include <ntifs.h>

typedef struct OBP_TYPE_CALLBACKS {
    /* Last reference gone.  Undoes the object's contents; the block is freed (or given to Free) afterwards.  May be NULL. */
    VOID (*Delete)(PVOID Object);
    /* A handle to the object was made / was closed (after it left the handle table).  May be NULL. */
    VOID (*HandleOpened)(PVOID Object);
    VOID (*HandleClosed)(PVOID Object);
    /* Memory of objects of this type; NULL: pool.  Size includes the header; the block need not be zeroed. */
    PVOID (*Allocate)(SIZE_T Size);
    VOID (*Free)(PVOID Block, SIZE_T Size);
    /* Names below an object of this type belong to it (devices): ObpLookupName stops there and returns the rest. */
    BOOLEAN HasOwnNames;
} OBP_TYPE_CALLBACKS;

/* Name: "File", "Device", "Driver" … (16-bit literal).  The type is permanent. */
NTSTATUS ObpCreateType(PCWSTR Name, const OBP_TYPE_CALLBACKS *Callbacks, POBJECT_TYPE *Type);

/* One reference for the caller; the body is zeroed up to Size (ZeroBytes < Size: only that much, hot path).  No name, no handle. */
NTSTATUS ObpCreateObject(POBJECT_TYPE Type, SIZE_T Size, SIZE_T ZeroBytes, PVOID *Object);

/* Gives the object a place in the namespace; the directory keeps a reference of its own until ObpRemoveName.  Name is a full
 * path, copied; missing directories are an error (STATUS_OBJECT_PATH_NOT_FOUND), an existing name is STATUS_OBJECT_NAME_COLLISION. */
NTSTATUS ObpInsertName(PVOID Object, PCUNICODE_STRING Name);
VOID ObpRemoveName(PVOID Object);              /* no name: nothing happens */
/* Full path of a named object, STATUS_OBJECT_NAME_NOT_FOUND without one.  The string lives as long as the object has the name. */
NTSTATUS ObpObjectName(PVOID Object, PUNICODE_STRING Name);

/*
 * Walks the namespace from the root (Root NULL) or a directory object, following symbolic links, case-insensitively.  Stops at an
 * object whose type HasOwnNames and returns what is left of the name in *Rest ("" or "\a\b"); *Rest points into Name or, after a
 * symbolic link, into *Buffer, which the caller frees with ExFreePool (NULL: nothing to free).  *Object +1 reference.
 */
NTSTATUS ObpLookupName(PVOID Root, PCUNICODE_STRING Name, PVOID *Object, PUNICODE_STRING Rest, PWCH *Buffer);

/* Creates the symbolic link object Name -> Target (both full paths, copied), permanent until ObpDeleteSymbolicLink. */
NTSTATUS ObpCreateSymbolicLink(PCUNICODE_STRING Name, PCUNICODE_STRING Target);
NTSTATUS ObpDeleteSymbolicLink(PCUNICODE_STRING Name);
/* First link in \GLOBAL?? (DosDevices) whose target is Target, as "C:"; pool string, freed with ExFreePool. */
NTSTATUS ObpFindDosName(PCUNICODE_STRING Target, PUNICODE_STRING DosName);

/* Makes a handle (kernel handle if OBJ_KERNEL_HANDLE or Mode is KernelMode and there is no process); takes a reference of its own. */
NTSTATUS ObpInsertHandle(PVOID Object, ACCESS_MASK GrantedAccess, ULONG HandleAttributes, PHANDLE Handle);

#endif
