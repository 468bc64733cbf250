/* SPDX-License-Identifier: MIT */
/* Who is loaded when; see order.h. */
#include "host/order.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static struct prepared_filter *
filter_named(struct prepared *p, size_t from, const char *name, size_t length)
{
    for (size_t i = from; i < p->count; i++) {
        if (strncasecmp(p->filters[i].service, name, length) == 0 &&
            p->filters[i].service[length] == '\0') {
            return &p->filters[i];
        }
    }
    return NULL;
}

/* Moves *f to index to; those between step back. */
static void
move_to(struct prepared *p, struct prepared_filter *f, size_t to)
{
    const struct prepared_filter moved = *f;
    memmove(&p->filters[to + 1], &p->filters[to], (size_t)(f - &p->filters[to]) * sizeof moved);
    p->filters[to] = moved;
}

static int
take_names(const char *list, struct prepared *p, size_t *placed, struct host_error *err)
{
    bool manager = false, mount = false;
    for (const char *name = list; *name != '\0';) {
        const size_t length = strcspn(name, ",");
        struct prepared_filter *f = filter_named(p, *placed, name, length);
        if (length == 6 && strncasecmp(name, "FltMgr", 6) == 0) {
            if (manager) {
                return host_fail(err, "--load-order: FltMgr is given twice");
            }
            for (size_t i = 0; i < *placed; i++) {
                p->filters[i].below = true;
            }
            manager = true;
        } else if (length == 5 && strncasecmp(name, "mount", 5) == 0) {
            if (mount) {
                return host_fail(err, "--load-order: mount is given twice");
            }
            p->mount_after = *placed;
            mount = p->mount_given = true;
        } else if (f != NULL) {
            move_to(p, f, (*placed)++);
        } else {
            return host_fail(err, "--load-order: %.*s: %s", (int)length, name,
                             filter_named(p, 0, name, length) != NULL
                                 ? "it is given twice"
                                 : "no filter of that name is given with -f");
        }
        name += length + (name[length] == ',');
    }
    return 0;
}

int
order_filters(const char *list, struct prepared *p, struct host_error *err)
{
    size_t placed = 0;
    if (list != NULL && take_names(list, p, &placed, err) != 0) {
        return -1;
    }
    for (size_t i = placed; i < p->count; i++) {
        if (p->filters[i].legacy) {
            move_to(p, &p->filters[i], placed++);
        }
    }
    for (size_t i = 0; i < p->count; i++) {
        if (p->filters[i].below && !p->filters[i].legacy) {
            return host_fail(err,
                             "--load-order: %s is a minifilter: it cannot be loaded before the "
                             "filter manager",
                             p->filters[i].service);
        }
    }
    return 0;
}

size_t
order_before_mount(const struct prepared *p)
{
    size_t count = p->mount_given ? p->mount_after : p->count;
    while (!p->mount_given && count > 0 && !p->filters[count - 1].legacy) {
        count--;
    }
    return count;
}
