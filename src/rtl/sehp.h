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
 * Offers a hardware exception to the thread's frames.  TRUE: a filter said to continue execution.  FALSE: nobody wants
 * it.  Does not return if a handler took it.  The second form also knows where it happened, and runs the filters there
 * (Stack is the interrupted stack pointer): the one to use from a handler on an alternate stack.
 */
unsigned char RtlpSehRaiseFault(unsigned int Code, void *FaultAddress);
unsigned char RtlpSehRaiseFaultAt(unsigned int Code, void *FaultAddress, void *Instruction, void *Stack);

/* The try_resume hook of port_fault_install: maps the signal to a status and raises it. */
void RtlpSehFaultResume(const struct port_fault_info *Info);

#endif
