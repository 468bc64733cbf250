/* SPDX-License-Identifier: MIT */
/* The kernel's wctype.h: its routines stand in ntos/crt.h.  For C drivers only; C++ takes the compiler's library. */
#ifndef _INC_WCTYPE
#define _INC_WCTYPE

#include <ntos/crt.h>

#endif /* _INC_WCTYPE */
