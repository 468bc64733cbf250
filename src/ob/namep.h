/* SPDX-License-Identifier: MIT */
/* ob, inward header: what the namespace is made of. */
#ifndef FB_OB_NAMEP_H
#define FB_OB_NAMEP_H

#include "ob/obp.h"
#include "port/port.h"

typedef struct OBP_ENTRY {
    struct OBP_ENTRY *Next;
    PVOID Object;                              /* one reference */
} OBP_ENTRY;

typedef struct OBP_DIRECTORY {
    OBP_ENTRY *First;                          /* namespace lock */
} OBP_DIRECTORY;

typedef struct OBP_SYMBOLIC_LINK {
    UNICODE_STRING Target;
} OBP_SYMBOLIC_LINK;

extern port_rwlock ObpNamespaceLock;
extern OBP_DIRECTORY *ObpRoot;

#endif
