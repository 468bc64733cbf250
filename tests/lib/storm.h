/* SPDX-License-Identifier: MIT */
/*
 * Storms: how many operations one makes, its seed, its threads, and what went wrong.  Neutral types: used from both sides.
 *
 * FILTERBED_OPERATIONS, else 10^6 with FILTERBED_FULL=1 (scripts/test --full), else 10^5.  FILTERBED_SEED repeats a run.
 *
 *      static struct storm Storm;
 *      storm_begin(&Storm, "C-26", 16, 0);
 *      storm_run(&Storm, Body);               // while (storm_more(&Storm)) { …; storm_did(&Storm, 1); }
 *      assert_true(storm_end(&Storm));        // the number was reached, and nothing was wrong
 */
#ifndef FB_TESTS_STORM_H
#define FB_TESTS_STORM_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "port/port.h"

/* So many threads go on together. */
struct storm_gate { _Atomic(uint32_t) arrived, phase; uint32_t threads; };
void storm_meet(struct storm_gate *gate);

struct storm {
    const char *name;
    uint64_t seed, wanted, began;
    unsigned threads;
    struct storm_gate gate;                           /* all threads */
    _Atomic(uint64_t) done;
    _Atomic(uint32_t) over;                    /* storm_stop */
    _Atomic(uint32_t) wrong;
    port_lock lock;
    char what[200];                            /* lock; the first that went wrong */
};
struct storm_thread { struct storm *storm; unsigned index; uint64_t random; };

uint64_t storm_seed(void);                     /* of this process */
uint64_t storm_operations(void);
bool storm_full(void);                         /* scripts/test --full */
/* Prints name, seed and number; wanted 0: storm_operations(). */
void storm_begin(struct storm *storm, const char *name, unsigned threads, uint64_t wanted);
/* All threads begin together. */
void storm_run(struct storm *storm, void (*body)(struct storm_thread *thread));
/* Prints what was done.  False: too little, or something was wrong. */
bool storm_end(struct storm *storm);

static inline bool
storm_more(struct storm *storm)
{
    return atomic_load_explicit(&storm->done, memory_order_relaxed) < storm->wanted &&
           atomic_load_explicit(&storm->over, memory_order_relaxed) == 0;
}
static inline void
storm_did(struct storm *storm, uint64_t operations)
{
    atomic_fetch_add_explicit(&storm->done, operations, memory_order_relaxed);
}
static inline void storm_stop(struct storm *storm) { atomic_store(&storm->over, 1); }
void storm_wrong(struct storm *storm, const char *format, ...) __attribute__((format(printf, 2, 3)));
#define storm_check(Storm, Condition) \
    do { \
        if (!(Condition)) { \
            storm_wrong((Storm), "%s:%d: %s", __FILE__, __LINE__, #Condition); \
        } \
    } while (0)
/* xorshift64*; a thread's own sequence, from the seed and its index. */
static inline uint32_t
storm_random(struct storm_thread *thread)
{
    thread->random ^= thread->random >> 12;
    thread->random ^= thread->random << 25;
    thread->random ^= thread->random >> 27;
    return (uint32_t)((thread->random * 0x2545F4914F6CDD1Dull) >> 32);
}

#endif
