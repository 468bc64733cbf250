/* SPDX-License-Identifier: MIT */
/*
 * Structured exception handling, inward side: what the fault handler and NT_CALL need.  Neutral types, so that both sides
 * can include it.
 */
#ifndef FB_RTL_SEHP_H
#define FB_RTL_SEHP_H

#include <stdint.h>

struct port_fault_info;

/* The calling thread's innermost frame, and how many exceptions are being dispatched. */
typedef struct RTLP_SEH_HEAD {
    void *Top;
    uint32_t DispatchCount;
} RTLP_SEH_HEAD;
extern __thread RTLP_SEH_HEAD RtlpSehHead __attribute__((tls_model("initial-exec"), visibility("hidden")));
void RtlpSehForgetDispatches(void *Inside);    /* those of frames below Inside */

/* The frame swap of NT_CALL: makes Top the thread's innermost frame and returns the one before. */
static inline void *
RtlpSehSwapTop(void *Top)
{
    void *Before = RtlpSehHead.Top;

    if (__builtin_expect(RtlpSehHead.DispatchCount != 0, 0)) {
        RtlpSehForgetDispatches(__builtin_frame_address(0));
    }
    RtlpSehHead.Top = Top;
    return Before;
}

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
