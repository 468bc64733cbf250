/* SPDX-License-Identifier: MIT */
/*
 * Places where a driver allocates or calls: the routine, and the calls in drivers that led to it.  A place has a key that is the same in
 * every run of the same modules: it is made of the modules' names and offsets in them.
 */
#include <string.h>

#include "vf/injectp.h"

#define SITE_MAX 4096                 /* a power of two; three quarters are used */
#define SITE_DEPTH 64

struct inject_site {
    uint64_t key, calls;
    const char *routine;
    const struct fault_row *row;      /* NULL: an allocation */
    vf_stack stack;
};

unsigned fault_noting;
static port_lock site_lock;           /* protects what follows */
static struct inject_site site_table[SITE_MAX];
static unsigned site_count;
static uint64_t site_lost;

static uint64_t
site_mix(uint64_t hash, const void *data, size_t size)
{
    for (const unsigned char *at = data; size-- != 0; at++) {
        hash = (hash ^ *at) * UINT64_C(0x100000001B3);
    }
    return hash;
}

__attribute__((noinline)) uint64_t
fault_site_key(const char *routine)
{
    uintptr_t frames[SITE_DEPTH];
    const unsigned count = port_stack_capture(frames, SITE_DEPTH, 1);
    uint64_t hash = site_mix(UINT64_C(0xCBF29CE484222325), routine, strlen(routine));
    for (unsigned i = 0; i < count; i++) {
        const struct port_module *module = port_module_find(frames[i]);
        if (module != NULL) {
            const uint64_t offset = frames[i] - module->base;
            hash = site_mix(site_mix(hash, module->name, strlen(module->name)), &offset, sizeof(offset));
        }
    }
    return hash != 0 ? hash : 1;
}

/* Lock: site_lock.  NULL: there are too many. */
static struct inject_site *
site_find(uint64_t key, const struct fault_row *row)
{
    unsigned at = (unsigned)key % SITE_MAX;
    while (site_table[at].key != 0) {
        if (site_table[at].key == key && site_table[at].row == row) {
            return &site_table[at];
        }
        at = (at + 1) % SITE_MAX;
    }
    if (site_count >= SITE_MAX / 4 * 3) {
        return NULL;
    }
    site_count++;
    site_table[at].key = key;
    site_table[at].row = row;
    return &site_table[at];
}

void
fault_site_note(const struct fault_row *row, const char *routine)
{
    const uint64_t key = fault_site_key(routine);
    const vf_stack stack = vf_stack_here(1);
    port_lock_acquire(&site_lock);
    struct inject_site *site = site_find(key, row);
    if (site == NULL) {
        site_lost++;
    } else if (site->calls++ == 0) {
        site->routine = routine;
        site->stack = stack;
    }
    port_lock_release(&site_lock);
}

uint64_t
vf_inject_each_site(void (*fn)(const struct vf_inject_site_view *view, void *ctx), void *ctx)
{
    for (unsigned i = 0; i < SITE_MAX; i++) {
        port_lock_acquire(&site_lock);
        const struct inject_site site = site_table[i];
        port_lock_release(&site_lock);
        if (site.key != 0) {
            struct vf_inject_site_view view = {site.routine, site.row != NULL ? site.row->statuses : NULL, site.key, site.calls, site.stack};
            fn(&view, ctx);
        }
    }
    port_lock_acquire(&site_lock);
    const uint64_t lost = site_lost;
    port_lock_release(&site_lock);
    return lost;
}
