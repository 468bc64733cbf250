/* SPDX-License-Identifier: MIT */
/* Control codes of \\.\FbControl, for the driver and for programs (which define CTL_CODE themselves). */
#ifndef CONTROL_CODES_H
#define CONTROL_CODES_H

#define CONTROL_CODE(Function, Method, Access) (0x22u << 16 | (Access) << 14 | (Function) << 2 | (Method))
#define CONTROL_REVERSE CONTROL_CODE(0x800u, 0u, 0u)       /* out: the input backwards */
#define CONTROL_SUM CONTROL_CODE(0x801u, 1u, 0u)           /* Information: sum of the bytes of both buffers */
#define CONTROL_REVERSE_DIRECT CONTROL_CODE(0x802u, 2u, 0u)
#define CONTROL_REVERSE_NEITHER CONTROL_CODE(0x803u, 3u, 0u)
#define CONTROL_WHO CONTROL_CODE(0x804u, 0u, 0u)           /* out: struct control_who */
#define CONTROL_PEND CONTROL_CODE(0x805u, 0u, 0u)          /* until CONTROL_WAKE, or cancelled */
#define CONTROL_WAKE CONTROL_CODE(0x806u, 0u, 0u)          /* out: how many were woken, an unsigned */
#define CONTROL_UNTIL_CLEANUP CONTROL_CODE(0x807u, 0u, 0u) /* pended without a cancel routine; IRP_MJ_CLEANUP completes it */
#define CONTROL_NEVER CONTROL_CODE(0x808u, 0u, 0u)         /* pended for ever */
#define CONTROL_READER CONTROL_CODE(0x809u, 0u, 1u)
#define CONTROL_WRITER CONTROL_CODE(0x80au, 0u, 2u)
#define CONTROL_TOO_MUCH CONTROL_CODE(0x80bu, 0u, 0u)      /* Information larger than the buffer */
#define CONTROL_PART CONTROL_CODE(0x80cu, 0u, 0u)          /* fills the buffer, STATUS_BUFFER_OVERFLOW */
#define CONTROL_CRASH CONTROL_CODE(0x80du, 0u, 0u)
#define CONTROL_COUNTS CONTROL_CODE(0x80eu, 0u, 0u)        /* out: struct control_counts */
#define CONTROL_LATER CONTROL_CODE(0x80fu, 0u, 0u)         /* pended, completed by a work item with the input backwards */
#define CONTROL_BLOCK CONTROL_CODE(0x810u, 0u, 0u)         /* the dispatch routine waits 300 ms, then pends as CONTROL_PEND */

struct control_who { unsigned long long current, requestor; unsigned mode, major; };
struct control_counts { unsigned creates, cleanups, closes, cancels, pended; };

#endif
