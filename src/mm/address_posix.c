/* SPDX-License-Identifier: MIT */
/* Is an address mapped?  The kernel is asked to copy a byte of each page, which fails instead of faulting. */
#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>
#include <unistd.h>

bool mm_address_readable(const void *address, size_t size);

bool
mm_address_readable(const void *address, size_t size)
{
    const uintptr_t page = 4096;
    uintptr_t at = (uintptr_t)address;
    uintptr_t end = at + (size == 0 ? 1 : size);

    while (at < end) {
        char byte;
        struct iovec local = {&byte, 1};
        struct iovec remote = {(void *)at, 1};
        if (process_vm_readv(getpid(), &local, 1, &remote, 1, 0) != 1) {
            return false;
        }
        at = (at & ~(page - 1)) + page;
    }
    return true;
}
