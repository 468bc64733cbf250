/* SPDX-License-Identifier: MIT */
/* The kernel's memory.h: its routines stand in ntos/crt.h.  For C drivers only; C++ takes the compiler's library. */
#ifndef _INC_MEMORY
#define _INC_MEMORY

#include <ntos/crt.h>

#endif /* _INC_MEMORY */
