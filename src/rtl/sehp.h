/* SPDX-License-Identifier: MIT */
/*
 * Structured exception handling, inward side: what the fault handler and NT_CALL need.  Neutral types, so that both sides
 * can include it.
 */
#ifndef FB_RTL_SEHP_H
#define FB_RTL_SEHP_H

#include <stdint.h>

struct port_fault_info;

/* Installed as the frame swap of NT_CALL: makes Top the thread's innermost frame and returns the one before. */
void *RtlpSehSwapTop(void *Top);

/* Whether the calling thread stands in a body; async-signal-safe.  The value is a BOOLEAN. */
unsigned char RtlpSehFramePresent(void);

/*
 * Offers a hardware exception to the thread's frames, from ordinary code.  Does not return if a handler took it; else
 * FALSE.
 */
unsigned char RtlpSehRaiseFault(unsigned int Code, void *FaultAddress);

/* The try_resume hook of port_fault_install: has the fault dispatched on the interrupted stack. */
void RtlpSehFaultResume(const struct port_fault_info *Info);

#endif
