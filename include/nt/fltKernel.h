/* SPDX-License-Identifier: MIT */
/* All that a minifilter includes: the file-system interface and the Filter Manager. */
#ifndef __FLTKERNEL__
#define __FLTKERNEL__

#include <ntifs.h>
#include <fltUserStructures.h>
#include <flt/params.h>
#include <flt/types.h>
#include <flt/func.h>

#endif
