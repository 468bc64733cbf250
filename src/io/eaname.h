/* SPDX-License-Identifier: MIT */
/*
 * Names of extended attributes.  Linux' names have a namespace ("user.x"); names that drivers give have none, and are kept as
 * "user.ntea.NAME", in upper case because NT's names have no case.
 */
#ifndef FB_IO_EANAME_H
#define FB_IO_EANAME_H

#include <ntdef.h>
#include <stdbool.h>
#include <string.h>

#define IOP_EA_PREFIX "user.ntea."
#define IOP_EA_PREFIX_BYTES (sizeof(IOP_EA_PREFIX) - 1)

static inline bool
IopEaNameIsLinux(const CHAR *Name, SIZE_T Length)
{
    static const CHAR *const Namespaces[] = {"user.", "trusted.", "security.", "system."};

    for (ULONG i = 0; i < sizeof(Namespaces) / sizeof(Namespaces[0]); i++) {
        const SIZE_T Bytes = strlen(Namespaces[i]);
        if (Length > Bytes && memcmp(Name, Namespaces[i], Bytes) == 0) {
            return true;
        }
    }
    return false;
}

/* The name that a store keeps, terminated, in Buffer of 256 bytes; false: it is too long. */
static inline bool
IopEaNameToStore(const CHAR *Name, SIZE_T Length, CHAR *Buffer)
{
    SIZE_T At = 0;

    if (!IopEaNameIsLinux(Name, Length)) {
        memcpy(Buffer, IOP_EA_PREFIX, IOP_EA_PREFIX_BYTES);
        At = IOP_EA_PREFIX_BYTES;
    }
    if (At + Length > 255) {
        return false;
    }
    for (SIZE_T i = 0; i < Length; i++) {
        const CHAR Character = Name[i];
        Buffer[At + i] = At != 0 && Character >= 'a' && Character <= 'z' ? (CHAR)(Character - 'a' + 'A') : Character;
    }
    Buffer[At + Length] = 0;
    return true;
}

/* How many bytes of a store's name NT does not see: the prefix, of a name that IopEaNameToStore would give. */
static inline SIZE_T
IopEaNameHidden(const CHAR *Name, SIZE_T Length)
{
    if (Length <= IOP_EA_PREFIX_BYTES || memcmp(Name, IOP_EA_PREFIX, IOP_EA_PREFIX_BYTES) != 0) {
        return 0;
    }
    for (SIZE_T i = IOP_EA_PREFIX_BYTES; i < Length; i++) {
        if (Name[i] >= 'a' && Name[i] <= 'z') {
            return 0;
        }
    }
    return IOP_EA_PREFIX_BYTES;
}

#endif
