/* SPDX-License-Identifier: MIT */
#include <fltKernel.h>

ULONG
Broken(VOID)
{
    return NoSuchName;
}
