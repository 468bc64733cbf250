/* SPDX-License-Identifier: MIT */
/* RtlString*W: see strsafe.h. */
#define SAFE_CHAR wchar_t
#define SAFE(Unit, Name) RtlString##Unit##Name##W
#define SAFE_FORMAT RtlpFormatW
#include "rtl/strsafe.h"
