/* SPDX-License-Identifier: MIT */
/* The kernel's stdio.h: its routines stand in ntos/crt.h.  For C drivers only; C++ takes the compiler's library. */
#ifndef _INC_STDIO
#define _INC_STDIO

#include <ntos/crt.h>

#endif /* _INC_STDIO */
