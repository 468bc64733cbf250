/* SPDX-License-Identifier: MIT */
/*
 * Address ranges of driver images.  Slots are only ever added: a slot is complete before the count covers it, so lookups
 * need no lock and work in a signal handler.  The newest slot wins, for an address range that was used twice.
 */
#include <errno.h>
#include <link.h>
#include <pthread.h>
#include <stdatomic.h>

#include "port/portp.h"

#define MODULE_MAX 512

struct module_slot {
    struct port_module module;
    _Atomic(bool) retired;
};

static struct module_slot module_slots[MODULE_MAX];
static _Atomic(uint32_t) module_count;
static port_lock module_lock;         /* orders registrations */

int
port_module_register(const struct port_module *module)
{
    int result = -ENOSPC;
    port_lock_acquire(&module_lock);
    uint32_t count = atomic_load_explicit(&module_count, memory_order_relaxed);
    if (count < MODULE_MAX) {
        module_slots[count].module = *module;
        atomic_store_explicit(&module_slots[count].retired, false, memory_order_relaxed);
        atomic_store_explicit(&module_count, count + 1, memory_order_release);
        result = 0;
    }
    port_lock_release(&module_lock);
    return result;
}

static struct module_slot *
module_slot_find(uintptr_t pc)
{
    for (uint32_t i = atomic_load_explicit(&module_count, memory_order_acquire); i-- > 0;) {
        if (pc >= module_slots[i].module.base && pc < module_slots[i].module.end) {
            return &module_slots[i];
        }
    }
    return NULL;
}

void
port_module_retire(uintptr_t base)
{
    struct module_slot *slot = module_slot_find(base);
    if (slot != NULL) {
        atomic_store_explicit(&slot->retired, true, memory_order_release);
    }
}

const struct port_module *
port_module_find(uintptr_t pc)
{
    struct module_slot *slot = module_slot_find(pc);
    return slot != NULL ? &slot->module : NULL;
}

bool
port_module_retired(const struct port_module *module)
{
    const struct module_slot *slot = (const struct module_slot *)module;
    return slot != NULL && atomic_load_explicit((_Atomic(bool) *)&slot->retired, memory_order_acquire);
}

/* ---- our own image ---- */

static uintptr_t runtime_low, runtime_high;
static pthread_once_t runtime_once = PTHREAD_ONCE_INIT;

static int
runtime_visit(struct dl_phdr_info *info, size_t size, void *unused)
{
    (void)size;
    (void)unused;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        uintptr_t low = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
        uintptr_t high = low + info->dlpi_phdr[i].p_memsz;
        uintptr_t here = (uintptr_t)&port_pc_in_runtime;
        if (info->dlpi_phdr[i].p_type == PT_LOAD && here >= low && here < high) {
            runtime_low = low;
            runtime_high = high;
            return 1;
        }
    }
    return 0;
}

static void
runtime_find(void)
{
    dl_iterate_phdr(runtime_visit, NULL);
}

/* port_fault_install calls this once, so that it is only two comparisons in a handler. */
bool
port_pc_in_runtime(uintptr_t pc)
{
    if (__builtin_expect(runtime_high == 0, 0)) {
        pthread_once(&runtime_once, runtime_find);
    }
    return pc >= runtime_low && pc < runtime_high;
}
