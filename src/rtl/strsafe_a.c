/* SPDX-License-Identifier: MIT */
/* RtlString*A: see strsafe.h. */
#define SAFE_CHAR char
#define SAFE(Unit, Name) RtlString##Unit##Name##A
#define SAFE_FORMAT RtlpFormatA
#include "rtl/strsafe.h"
