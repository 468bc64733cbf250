/* SPDX-License-Identifier: MIT */
/* Who is loaded when: --load-order. */
#ifndef FILTERBED_HOST_ORDER_H
#define FILTERBED_HOST_ORDER_H

#include "host/prepare.h"

/*
 * Sorts p->filters: those that list names, in its order; then other legacy drivers, then other
 * minifilters, as given. What list names before "FltMgr" is loaded before the filter manager and
 * must be legacy; what it names behind "mount" is loaded after the volume is mounted. list: NAME,NAME,… or NULL. Returns 0, or -1 with *err set.
 */
int
order_filters(const char *list, struct prepared *p, struct host_error *err);
/* How many filters are loaded before the volume is mounted: those named before "mount", else up to
 * the last legacy driver, which may wait for the mount. */
size_t
order_before_mount(const struct prepared *p);

#endif
