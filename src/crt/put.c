/* SPDX-License-Identifier: MIT */
/* The bounded copy of strings of either width. */
#include "crt.h"

errno_t
fbed_crt_put(CRT_TEXT to, const void *from, size_t length, int truncate)
{
    if (to.text == NULL || to.size == 0) {
        return CRT_EINVAL;
    }
    const size_t room = to.size - to.used;
    const int fits = length < room;
    if (from == NULL || room == 0 || (!fits && !truncate)) {
        memset(to.text, 0, to.unit);
        return from == NULL || room == 0 ? CRT_EINVAL : CRT_ERANGE;
    }
    const size_t n = fits ? length : room - 1;
    unsigned char *end = (unsigned char *)to.text + to.used * to.unit;
    memmove(end, from, n * to.unit);
    memset(end + n * to.unit, 0, to.unit);
    return fits ? 0 : CRT_STRUNCATE;
}
