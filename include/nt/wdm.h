/* SPDX-License-Identifier: MIT */
/* Umbrella: what every driver may use. */
#ifndef _WDMDDK_
#define _WDMDDK_

#include <ntdef.h>
#include <ntstatus.h>
#include <ntos/interlocked.h>
#include <ntos/crt.h>
#include <ntos/dbg.h>
#include <ntos/ke.h>
#include <ntos/ex.h>
#include <ntos/mm.h>
#include <ntos/rtl.h>
#include <ntos/ob.h>
#include <ntos/ps.h>
#include <ntos/se.h>
#include <ntos/cm.h>
#include <ntos/io_types.h>
#include <ntos/io_info.h>
#include <ntos/io_func.h>
#include <ntos/zw.h>
#include <ntos/tm.h>
#include <ntos/nt.h>
#include <seh.h>

#endif /* _WDMDDK_ */
