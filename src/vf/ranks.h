/* SPDX-License-Identifier: MIT */
/*
 * The lock hierarchy of the runtime, outermost first: whoever holds a lock may acquire only locks of a later rank, or of the
 * same rank at a higher address.  No lock of this list is held while driver code runs.  A new rank goes where it nests.
 */
#ifndef FB_VF_RANKS_H
#define FB_VF_RANKS_H

#include "vf/vf.h"

enum VF_RANK {
    VF_RANK_NONE,                  /* not checked */
    VF_RANK_HOST,                  /* machine composition */
    VF_RANK_FUSE_SESSION,          /* threads and connections */
    VF_RANK_VIEW_TREE,             /* links between nodes */
    VF_RANK_VIEW_NODE,             /* one node */
    VF_RANK_FLTMGR_LOAD,           /* load, unload, start, unregister */
    VF_RANK_FLTMGR_FILTERS,        /* list of filters */
    VF_RANK_FLTMGR_VOLUME,         /* instance list of a volume */
    VF_RANK_FLTMGR_INSTANCE,
    VF_RANK_FLTMGR_STREAM,         /* context slots of a stream */
    VF_RANK_FLTMGR_CONTEXT,        /* one object's contexts */
    VF_RANK_FLTMGR_QUEUE,          /* pended operations, work */
    VF_RANK_FLTMGR_NAME,           /* name cache */
    VF_RANK_FLTMGR_PORTS,          /* communication ports of a filter */
    VF_RANK_FLTMGR_PORT,           /* messages of a connection */
    VF_RANK_FS_VOLUME,             /* file systems */
    VF_RANK_FS_DIRECTORY,
    VF_RANK_FS_FILE,
    VF_RANK_FS_STREAM,
    VF_RANK_FS_TABLE,
    VF_RANK_FSRTL_CONTEXT,
    VF_RANK_FSRTL_LOCK,
    VF_RANK_IO_LOAD,
    VF_RANK_IO_DATABASE,           /* driver and device lists, mount */
    VF_RANK_IO_FILE,
    VF_RANK_IO_IRP,                /* cancel */
    VF_RANK_CM,
    VF_RANK_SE,
    VF_RANK_PS,
    VF_RANK_MM,
    VF_RANK_OB_NAMESPACE,
    VF_RANK_OB_HANDLES,
    VF_RANK_OB_OBJECT,
    VF_RANK_EX_WORKERS,
    VF_RANK_EX,
    VF_RANK_KE_TIMERS,
    VF_RANK_KE_DPC,
    VF_RANK_KE_THREADS,
    VF_RANK_LEAF,                  /* nothing is acquired under it */
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
