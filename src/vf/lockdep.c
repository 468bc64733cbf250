/* SPDX-License-Identifier: MIT */
/* Run-time check of the lock hierarchy in ranks.h: what this thread holds, in order of acquisition. */
#include "vf/ranks.h"
#include "vf/vfp.h"

#define HELD_MAX 32

struct held_lock {
    const void *lock;
    int rank;
};

static __thread struct held_lock held[HELD_MAX] __attribute__((tls_model("initial-exec")));
static __thread unsigned held_count __attribute__((tls_model("initial-exec")));

void
vf_lock_acquired(const void *lock, int rank)
{
    for (unsigned i = 0; i < held_count; i++) {
        if (held[i].lock == lock) {
            vf_report("R-01", NULL, NULL, NULL, lock, "lock %p (rank %d) is acquired by its holder", lock, rank);
        } else if (rank != VF_RANK_NONE && (held[i].rank > rank || (held[i].rank == rank && held[i].lock > lock))) {
            vf_report("R-01", NULL, NULL, NULL, lock, "lock %p of rank %d is acquired under lock %p of rank %d", lock, rank,
                      held[i].lock, held[i].rank);
        }
    }
    if (held_count < HELD_MAX) {
        held[held_count++] = (struct held_lock){.lock = lock, .rank = rank};
    }
}

void
vf_lock_released(const void *lock)
{
    for (unsigned i = held_count; i-- > 0;) {
        if (held[i].lock == lock) {
            for (held_count--; i < held_count; i++) {
                held[i] = held[i + 1];
            }
            return;
        }
    }
}

bool
vf_lock_is_held(const void *lock)
{
    if (!vf_on()) {
        return true;
    }
    for (unsigned i = held_count; i-- > 0;) {
        if (held[i].lock == lock) {
            return true;
        }
    }
    return held_count == HELD_MAX;
}

unsigned
vf_locks_held(void)
{
    return held_count;
}
