/* SPDX-License-Identifier: MIT */
/*
 * The lock hierarchy of the runtime, outermost first: whoever holds a lock may acquire only locks of a later rank, or of the
 * same rank at a higher address.  No lock of this list is held while driver code runs.  A new rank goes where it nests.
 * Ranks with a star are told to lockdep.c by their locks and checked at run time.  docs/locking.md says why the order is so.
 */
#ifndef FB_VF_RANKS_H
#define FB_VF_RANKS_H

#include "vf/vf.h"

enum VF_RANK {
    VF_RANK_NONE,                  /* not checked */
    VF_RANK_VIEW_TREE,             /* *links between nodes: a shard of the table of names */
    VF_RANK_VIEW_NODE,             /* one node */
    VF_RANK_FLTMGR_FILTERS,        /* *lists of filters and volumes */
    VF_RANK_FLTMGR_VOLUME,         /* *instance list of a volume, snapshots */
    VF_RANK_FLTMGR_STREAM,         /* *context list of one object */
    VF_RANK_FLTMGR_CONTEXT,        /* *a context's place; contexts of an instance or filter */
    VF_RANK_FLTMGR_QUEUE,          /* *suspended operations */
    VF_RANK_FLTMGR_NAME,           /* *name cache */
    VF_RANK_FLTMGR_PORTS,          /* *communication ports of a filter */
    VF_RANK_FLTMGR_PORT,           /* *messages of a connection */
    VF_RANK_FS_LISTING,            /* a handle's listing of its directory */
    VF_RANK_FS_NAMES,              /* names of a volume: NameLock */
    VF_RANK_FS_FILE,               /* FCB */
    VF_RANK_FS_DIRECTORY,          /* memfs: directory, then what is in it */
    VF_RANK_FS_STREAM,
    VF_RANK_FS_TABLE,              /* tables of files */
    VF_RANK_FSRTL,                 /* byte-range locks, watchers */
    VF_RANK_IO_DATABASE,           /* driver and device lists */
    VF_RANK_CM,
    VF_RANK_PS,
    VF_RANK_MM,
    VF_RANK_OB_NAMESPACE,
    VF_RANK_OB_HANDLES,
    VF_RANK_OB_OBJECT,             /* *list of transactions */
    VF_RANK_EX_WORKERS,
    VF_RANK_EX,
    VF_RANK_KE_TIMERS,
    VF_RANK_KE_DPC,
    VF_RANK_KE_THREADS,
    VF_RANK_LEAF,                  /* *nothing is acquired under it but the verifier's own */
    VF_RANK_COUNT
};

static inline void
vf_lock_acquired_if_on(const void *lock, enum VF_RANK rank)
{
    if (vf_on()) {
        vf_lock_acquired(lock, (int)rank);
    }
}

static inline void
vf_lock_released_if_on(const void *lock)
{
    if (vf_on()) {
        vf_lock_released(lock);
    }
}

#ifdef FILTERBED_DEBUG
#define VF_ASSERT_HELD(Lock) \
    do { \
        if (!vf_lock_is_held(Lock)) { \
            vf_report("R-02", NULL, NULL, NULL, (Lock), "%s runs without its lock", __func__); \
        } \
    } while (0)
#else
#define VF_ASSERT_HELD(Lock) ((void)(Lock))
#endif

#endif
