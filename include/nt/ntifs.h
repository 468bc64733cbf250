/* SPDX-License-Identifier: MIT */
/* Umbrella: ntddk.h and what file systems and their filters use beyond it. */
#ifndef _NTIFS_
#define _NTIFS_
#define _NTIFS_INCLUDED_

#include <ntddk.h>
#include <ntos/rtl_ifs.h>
#include <ntos/se_ifs.h>
#include <ntos/fsrtl.h>
#include <ntos/cc.h>
#include <ntos/io_csv.h>

#endif /* _NTIFS_ */
