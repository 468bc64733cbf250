/* SPDX-License-Identifier: MIT */
#include "guard.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

void *
guard_copy(const void *data, size_t size)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *base = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (base == MAP_FAILED || size > page || mprotect(base + page, page, PROT_NONE) != 0) {
        abort();
    }
    return memcpy(base + page - size, data, size);
}

void
guard_free(void *copy, size_t size)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);

    munmap((char *)copy + size - page, 2 * page);
}
