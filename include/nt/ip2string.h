/* SPDX-License-Identifier: MIT */
/* Network addresses as text.  The routines are declared in ntos/rtl.h; this adds the address types. */
#ifndef _IP2STRING_
#define _IP2STRING_

#include <ntdef.h>

struct in_addr {
    union {
        struct {
            UCHAR s_b1, s_b2, s_b3, s_b4;
        } S_un_b;
        struct {
            USHORT s_w1, s_w2;
        } S_un_w;
        ULONG S_addr;
    } S_un;
};
typedef struct in_addr IN_ADDR, *PIN_ADDR;

struct in6_addr {
    union {
        UCHAR Byte[16];
        USHORT Word[8];
    } u;
};
typedef struct in6_addr IN6_ADDR, *PIN6_ADDR;

#include <ntos/rtl.h>

#endif /* _IP2STRING_ */
