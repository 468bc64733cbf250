/* SPDX-License-Identifier: MIT */
/* The kernel's stdlib.h: its routines stand in ntos/crt.h.  For C drivers only; C++ takes the compiler's library. */
#ifndef _INC_STDLIB
#define _INC_STDLIB

#include <ntos/crt.h>

#endif /* _INC_STDLIB */
