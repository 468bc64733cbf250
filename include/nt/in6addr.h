/* SPDX-License-Identifier: MIT */
/* IPv6 addresses. */
#ifndef s6_addr

#include <ntdef.h>

typedef struct in6_addr {
    union {
        UCHAR Byte[16];
        USHORT Word[8];
    } u;
} IN6_ADDR, *PIN6_ADDR;
#define s6_addr u.Byte

#endif /* s6_addr */
