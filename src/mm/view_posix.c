/* SPDX-License-Identifier: MIT */
/* Memory of sections and their views. */
#include <sys/mman.h>
#include <unistd.h>

#include "mm/mmp.h"

int
mm_store_create(uint64_t size)
{
    int store = memfd_create("section", MFD_CLOEXEC);

    if (store >= 0 && ftruncate(store, (off_t)size) != 0) {
        close(store);
        store = MM_NO_STORE;
    }
    return store;
}

void
mm_store_destroy(int store)
{
    if (store != MM_NO_STORE) {
        close(store);
    }
}

void *
mm_view_map(int store, uint64_t offset, size_t size, enum mm_map how, void *hint)
{
    int flags = store == MM_NO_STORE ? MAP_ANONYMOUS | MAP_PRIVATE : how == MM_MAP_SHARED ? MAP_SHARED : MAP_PRIVATE;

    if (hint != NULL) {
        flags |= MAP_FIXED_NOREPLACE;
    }
    void *view = mmap(hint, size, PROT_READ | PROT_WRITE, flags, store, store == MM_NO_STORE ? 0 : (off_t)offset);
    if (view == MAP_FAILED) {
        return NULL;
    }
    if (hint != NULL && view != hint) {
        munmap(view, size);
        return NULL;
    }
    return view;
}

void
mm_view_make_read_only(void *view, size_t size)
{
    mprotect(view, size, PROT_READ);
}

void
mm_view_unmap(void *view, size_t size)
{
    munmap(view, size);
}
