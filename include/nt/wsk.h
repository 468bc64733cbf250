/* SPDX-License-Identifier: MIT */
/* Sockets for drivers: only the addresses that extra create parameters carry.  There is no network below file systems here. */
#ifndef _WSK_
#define _WSK_

#include <wdm.h>
#include <ws2def.h>
#include <ws2ipdef.h>

#endif /* _WSK_ */
