/* SPDX-License-Identifier: MIT */
/* Umbrella: wdm.h and what non-PnP drivers use beyond it. */
#ifndef _NTDDK_
#define _NTDDK_

#include <wdm.h>

#endif /* _NTDDK_ */
