/* SPDX-License-Identifier: MIT */
#ifndef _NT_SEH_H_
#define _NT_SEH_H_
#include <ntdef.h>
#endif
