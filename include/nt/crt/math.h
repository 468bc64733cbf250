/* SPDX-License-Identifier: MIT */
/* The kernel's math.h: its routines stand in ntos/crt.h.  For C drivers only; C++ takes the compiler's library. */
#ifndef _INC_MATH
#define _INC_MATH

#include <ntos/crt.h>

#endif /* _INC_MATH */
