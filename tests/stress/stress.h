/* SPDX-License-Identifier: MIT */
/* The stress program: what its POSIX side (options, progress, signals) asks of its NT side.  Neutral types. */
#ifndef FB_TESTS_STRESS_H
#define FB_TESTS_STRESS_H

#include "storm.h"

/* What is changed while files are worked with. */
enum { STRESS_ATTACH = 1, STRESS_LOAD = 2, STRESS_MOUNT = 4, STRESS_TRANSACT = 8, STRESS_LOOK = 16, STRESS_ALL = 31 };

struct stress_options {
    unsigned workers;                          /* threads that work with files */
    unsigned changes;                          /* STRESS_* */
};
/* done: requests of the workers and transactions; wrong: whatever a check found. */
extern struct storm Stress;

struct stress_counts {
    uint64_t requests, compared, pre, post, drained, pended, contexts, attaches, loads, mounts, surprises, transactions;
};
unsigned stress_threads(const struct stress_options *options);   /* first: takes the options */
bool stress_open(void);                        /* machine, volumes, filters */
void stress_body(struct storm_thread *thread); /* of each thread, until Stress has enough or is stopped */
/* Unloads, dismounts, and checks that nothing is left. */
void stress_close(void);
void stress_counts(struct stress_counts *counts);

#endif
