/* SPDX-License-Identifier: MIT */
/* The kernel's ctype.h: its routines stand in ntos/crt.h.  For C drivers only; C++ takes the compiler's library. */
#ifndef _INC_CTYPE
#define _INC_CTYPE

#include <ntos/crt.h>

#endif /* _INC_CTYPE */
