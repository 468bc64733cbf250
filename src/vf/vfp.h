/* SPDX-License-Identifier: MIT */
/* vf, inward.  Lock order inside this layer: object -> owner shard -> findings; all below every other rank. */
#ifndef FB_VF_VFP_H
#define FB_VF_VFP_H

#include <stdatomic.h>

#include "port/port.h"
#include "vf/vf.h"

#define VF_OWNER_SHARDS 16
#define VF_OWNER_SITES 256

struct vf_counter {
    _Atomic(uint64_t) allocated;
    _Atomic(int64_t) live;
    _Atomic(int64_t) peak;
};

struct vf_shard {
    port_lock lock;
    struct vf_object *first;          /* lock: live objects, newest first */
};

struct vf_owner {
    struct vf_owner *next;            /* constant once in the list of all */
    char *name;
    struct vf_counter counters[VF_KIND_COUNT];   /* interlocked */
    struct vf_shard shards[VF_OWNER_SHARDS];
    _Atomic(struct vf_site *) sites[VF_OWNER_SITES];
};

extern struct vf_owner vf_runtime_owner;
void vf_counter_add(struct vf_counter *counter, int delta);
void vf_counter_read(struct vf_counter *counter, struct vf_counts *out);

struct vf_site;
struct vf_site *vf_site_enter(vf_owner *owner, enum vf_kind kind, uint32_t tag, vf_stack stack);      /* one more object */
void vf_site_leave(struct vf_site *site);        /* NULL is fine */

static inline struct vf_owner *
vf_owner_or_runtime(vf_owner *owner)
{
    return owner != NULL ? owner : &vf_runtime_owner;
}

/* What a thread was doing, kept for as long as a record points to it.  Constant after creation but for the count. */
struct vf_op_record {
    _Atomic(uint32_t) count;
    const char *operation, *phase;
    uint64_t id;
    uint64_t file;                    /* vf_set_file_hook's number */
    char name[];                      /* UTF-8 */
};
struct vf_op_record *vf_op_record_current(void);                  /* +1 for the caller, or NULL */
void vf_op_record_drop(struct vf_op_record *record);

struct vf_reference {
    struct vf_reference *newer, *older;
    const char *routine;
    struct vf_op_record *operation;
    uint64_t operation_id;
    uint32_t thread;
    vf_stack stack;
    enum vf_reason reason;
    bool drained;                                /* see vf_reference_drained */
};

struct vf_reference_list {
    struct vf_reference *newest, *oldest;
};

struct vf_object {
    struct vf_object *next, *previous;           /* shard lock */
    struct vf_owner *owner;                      /* constant */
    enum vf_kind kind;
    const void *address;
    uint64_t size;
    uint32_t tag;
    vf_stack allocation;
    struct vf_site *site;
    port_lock lock;
    struct vf_reference_list held;               /* lock: what somebody owes */
    struct vf_reference_list linked;             /* lock: LINK and INTERNAL */
    char *note;                                  /* lock */
    const char *failed_routine;                  /* lock: the last set failed; with status and place */
    uint32_t failed_status;
    vf_stack failed;
};

void vf_object_describe(vf_object *object, struct vf_reference_view *view);
void vf_text_utf8(char *out, size_t size, const uint16_t *text, uint32_t bytes);
const char *vf_kind_release(enum vf_kind kind);  /* the routine that owes the release */
void vf_format_operation(char *out, size_t size, const char *operation, const char *phase, const char *name);

/* The routine in whose name this thread gets a context that a driver sees as an old one (injectcall.c); NULL: in its own. */
extern __thread const char *vf_reference_as_old __attribute__((tls_model("initial-exec"), visibility("hidden")));

/* One finding, formatted.  Strings are copied. */
struct vf_finding_input {
    const char *code, *rule, *bugcheck;
    vf_owner *owner;
    const void *object;
    const char *kind;
    const char *operation;
    vf_stack stack, acquire;
    uint32_t thread;
    const char *text;
    struct vf_related related[VF_RELATED];
    bool fault, routine;
    const void *check;                /* which report it is: its format.  NULL: what the code says is enough */
};
/* The failed call of this operation on this kind, if it is remembered. */
bool vf_call_failed_find(const vf_owner *owner, enum vf_kind kind, uint64_t id, const char **routine, uint32_t *status,
                         vf_stack *stack);
void vf_status_text(char *text, size_t size, uint32_t status);
void vf_finding_add(const struct vf_finding_input *input);

#endif
