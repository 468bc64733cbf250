/* SPDX-License-Identifier: MIT */
/* Exception handling under its C library name. */
#ifndef _INC_EXCPT
#define _INC_EXCPT

#include <seh.h>

#endif /* _INC_EXCPT */
