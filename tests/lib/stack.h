/* SPDX-License-Identifier: MIT */
/* Seam: random stacks of legacy filters and minifilters over all volumes that are mounted.  Neutral types; text tells what was built. */
#ifndef FB_TESTS_LIB_STACK_H
#define FB_TESTS_LIB_STACK_H

#include <stddef.h>
#include <stdint.h>

/* Before the filter manager watches file systems: a legacy filter that stays below it to the end, or none, by the seed. */
void stack_below(uint64_t seed);
void stack_build(uint64_t seed, char *text, size_t size);
/* One of the minifilters goes and comes back, while the stack is in use. */
void stack_change(uint64_t seed);
void stack_empty(void);
/* How often callbacks and dispatch routines ran since the last call. */
unsigned long long stack_calls(void);
unsigned stack_findings(void);

#endif
