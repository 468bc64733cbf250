/* SPDX-License-Identifier: MIT */
/*
 * Blocks whose memory can be taken away: at once, so that whoever touches one afterwards faults there.  A block's first bytes (its front)
 * lie at the end of a page that stays readable, the rest begins a page.  Slots of two sizes in two reserved ranges; when they are used up
 * there are no more such blocks, and the caller takes an ordinary one.
 */
#include <stdlib.h>
#include <sys/mman.h>

#include "port/port.h"

#define GUARD_PAGE ((size_t)4096)

static struct guard_class {
    const size_t pages, slots;        /* a slot: one page for the front, the rest for the block */
    port_lock lock;
    uint8_t *base;                    /* lock; constant once not NULL */
    uint32_t *unused;                 /* lock: indices of slots that nobody has */
    size_t unused_count;              /* lock */
    bool failed;                      /* lock */
} guard_classes[] = {{.pages = 2, .slots = 16384}, {.pages = 18, .slots = 512}};
#define GUARD_CLASSES (sizeof(guard_classes) / sizeof(*guard_classes))

static size_t
class_bytes(const struct guard_class *class)
{
    return class->pages * class->slots * GUARD_PAGE;
}

static bool
class_ready_locked(struct guard_class *class)
{
    if (class->base != NULL || class->failed) {
        return class->base != NULL;
    }
    void *base = mmap(NULL, class_bytes(class), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    class->unused = malloc(class->slots * sizeof(*class->unused));
    if (base == MAP_FAILED || class->unused == NULL) {
        class->failed = true;
        return false;
    }
    for (size_t i = 0; i < class->slots; i++) {
        class->unused[i] = (uint32_t)(class->slots - 1 - i);
    }
    class->unused_count = class->slots;
    __atomic_store_n(&class->base, base, __ATOMIC_RELEASE);
    return true;
}

static struct guard_class *
class_of(uintptr_t address)
{
    for (size_t i = 0; i < GUARD_CLASSES; i++) {
        const uintptr_t base = (uintptr_t)__atomic_load_n(&guard_classes[i].base, __ATOMIC_ACQUIRE);
        if (base != 0 && address >= base && address < base + class_bytes(&guard_classes[i])) {
            return &guard_classes[i];
        }
    }
    return NULL;
}

void *
port_guard_alloc(size_t front, size_t size)
{
    uint32_t slot = UINT32_MAX;
    struct guard_class *class = &guard_classes[0];
    while (class < guard_classes + GUARD_CLASSES && size > (class->pages - 1) * GUARD_PAGE) {
        class++;
    }
    if (class == guard_classes + GUARD_CLASSES) {
        return NULL;
    }
    port_lock_acquire(&class->lock);
    if (class_ready_locked(class) && class->unused_count != 0) {
        slot = class->unused[--class->unused_count];
    }
    port_lock_release(&class->lock);
    if (slot == UINT32_MAX) {
        return NULL;
    }
    uint8_t *base = class->base + slot * class->pages * GUARD_PAGE;
    if (mprotect(base, class->pages * GUARD_PAGE, PROT_READ | PROT_WRITE) != 0) {
        port_guard_free(base + GUARD_PAGE - front, front);
        return NULL;
    }
    return base + GUARD_PAGE - front;
}

void
port_guard_forbid(void *block, size_t front)
{
    const struct guard_class *class = class_of((uintptr_t)block);
    uint8_t *at = (uint8_t *)block + front;
    if (class != NULL && mprotect(at, (class->pages - 1) * GUARD_PAGE, PROT_NONE) == 0) {
        madvise(at, (class->pages - 1) * GUARD_PAGE, MADV_DONTNEED);
    }
}

void
port_guard_free(void *block, size_t front)
{
    struct guard_class *class = class_of((uintptr_t)block);
    if (class == NULL) {
        return;
    }
    uint8_t *base = (uint8_t *)block + front - GUARD_PAGE;
    mprotect(base, class->pages * GUARD_PAGE, PROT_NONE);
    madvise(base, class->pages * GUARD_PAGE, MADV_DONTNEED);
    port_lock_acquire(&class->lock);
    class->unused[class->unused_count++] = (uint32_t)((size_t)(base - class->base) / (class->pages * GUARD_PAGE));
    port_lock_release(&class->lock);
}

bool
port_guard_owns(uintptr_t address)
{
    return class_of(address) != NULL;
}
