/* SPDX-License-Identifier: MIT */
/* The kernel's wchar.h: its routines stand in ntos/crt.h.  For C drivers only; C++ takes the compiler's library. */
#ifndef _INC_WCHAR
#define _INC_WCHAR

#include <ntos/crt.h>

#endif /* _INC_WCHAR */
