/* SPDX-License-Identifier: MIT */
/* The kernel's string.h: its routines stand in ntos/crt.h.  For C drivers only; C++ takes the compiler's library. */
#ifndef _INC_STRING
#define _INC_STRING

#include <ntos/crt.h>

#endif /* _INC_STRING */
