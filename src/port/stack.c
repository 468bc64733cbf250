/* SPDX-License-Identifier: MIT */
/*
 * Stacks by frame pointer: [fp] is the caller's fp, [fp + 8] the return address.  Only words between the given fp and the
 * thread's stack base are read, and fp must rise, so a broken chain ends the walk and nothing faults.
 */
#include "port/portp.h"

PORT_RAW unsigned
port_stack_capture_from(uintptr_t pc, uintptr_t fp, uintptr_t *frames, unsigned max)
{
    unsigned count = 0;
    if (max > 0 && pc != 0) {
        frames[count++] = pc;
    }
    uintptr_t low = port_tls.stack_low;
    const uintptr_t high = port_tls.stack_high;
    while (count < max && fp >= low && high >= 16 && fp <= high - 16 && (fp & 7) == 0) {
        const uintptr_t *link = (const uintptr_t *)fp;
        uintptr_t ret = link[1];
        if (ret < 4096) {
            break;
        }
        frames[count++] = ret;
        low = fp + 16;
        fp = link[0];
    }
    return count;
}

PORT_RAW __attribute__((noinline)) unsigned
port_stack_capture(uintptr_t *frames, unsigned max, unsigned skip)
{
    if (__builtin_expect(port_tls.stack_high == 0, 0)) {
        port_thread_attach();
    }
    uintptr_t fp = (uintptr_t)__builtin_frame_address(0);
    const uintptr_t high = port_tls.stack_high;
    uintptr_t low = port_tls.stack_low;
    unsigned count = 0;
    while (count < max && fp >= low && high >= 16 && fp <= high - 16 && (fp & 7) == 0) {
        const uintptr_t *link = (const uintptr_t *)fp;
        uintptr_t ret = link[1];
        if (ret < 4096) {
            break;
        }
        if (skip > 0) {
            skip--;
        } else {
            frames[count++] = ret;
        }
        low = fp + 16;
        fp = link[0];
    }
    return count;
}
