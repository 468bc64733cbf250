/* SPDX-License-Identifier: MIT */
/* Calls that failed, by operation: a bounded table, newest over older ones.  What is not remembered is not said. */
#include <stdio.h>
#include <string.h>

#include "vf/vfp.h"

#define FAILED_SHARDS 32
#define FAILED_PER_SHARD 64

struct failed_call {
    const vf_owner *owner;
    uint64_t id;
    enum vf_kind kind;
    const char *routine;
    vf_stack stack;
    uint32_t status;
};

/* Made by scripts/gen-status-names. */
const char *
fb_status_name(uint32_t status);

void
vf_status_text(char *text, size_t size, uint32_t status)
{
    const char *name = fb_status_name(status);
    if (name != NULL) {
        snprintf(text, size, "%s", name);
    } else {
        snprintf(text, size, "0x%08X", status);
    }
}

static struct failed_shard {
    port_lock lock;
    uint32_t next;                    /* lock */
    struct failed_call calls[FAILED_PER_SHARD];
} failed_shards[FAILED_SHARDS];

void
vf_call_failed(vf_owner *owner, enum vf_kind kind, const char *routine, uint32_t status)
{
    const struct vf_operation *operation = vf_operation_current();
    if (!vf_on() || operation == NULL || operation->id == 0) {
        return;
    }
    struct failed_shard *shard = &failed_shards[operation->id % FAILED_SHARDS];
    struct failed_call call = {.owner = owner, .id = operation->id, .kind = kind, .routine = routine, .stack = vf_stack_here(1),
                               .status = status};
    port_lock_acquire(&shard->lock);
    shard->calls[shard->next++ % FAILED_PER_SHARD] = call;
    port_lock_release(&shard->lock);
}

bool
vf_call_failed_find(const vf_owner *owner, enum vf_kind kind, uint64_t id, const char **routine, uint32_t *status,
                    vf_stack *stack)
{
    struct failed_shard *shard = &failed_shards[id % FAILED_SHARDS];
    bool found = false;
    port_lock_acquire(&shard->lock);
    for (uint32_t i = 0; id != 0 && i < FAILED_PER_SHARD && i < shard->next && !found; i++) {
        const struct failed_call *call = &shard->calls[(shard->next - 1 - i) % FAILED_PER_SHARD];
        if (call->id == id && call->owner == owner && call->kind == kind) {
            found = true;
            *routine = call->routine;
            *stack = call->stack;
            *status = call->status;
        }
    }
    port_lock_release(&shard->lock);
    return found;
}
