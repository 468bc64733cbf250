/* SPDX-License-Identifier: MIT */
/* Network addresses as text.  The routines are declared in ntos/rtl.h; this adds the address types. */
#ifndef _IP2STRING_
#define _IP2STRING_

#include <ntdef.h>
#include <inaddr.h>
#include <in6addr.h>
#include <ntos/rtl.h>

#endif /* _IP2STRING_ */
