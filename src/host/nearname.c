/* SPDX-License-Identifier: MIT */
/* Names of devices, for people. */
#include "host/nearname.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "host/host.h"

#define NEAR_MAX 4
#define NEAR_LENGTH 64

struct search {
    const char *wanted; /* last component */
    struct {
        char name[256];
        unsigned distance;
    } best[NEAR_MAX];
    unsigned count;
};

static const char *
last_component(const char *name)
{
    const char *last = name;
    for (const char *c = name; *c != '\0'; c++) {
        if ((*c == '\\' || *c == '/') && c[1] != '\0') {
            last = c + 1;
        }
    }
    return last;
}

/* Letters to insert, remove or change, whatever their case. */
static unsigned
distance(const char *a, const char *b)
{
    unsigned row[NEAR_LENGTH + 1];
    const size_t n = strlen(b);
    if (strlen(a) > NEAR_LENGTH || n > NEAR_LENGTH) {
        return NEAR_LENGTH;
    }
    for (unsigned i = 0; i <= n; i++) {
        row[i] = i;
    }
    for (unsigned k = 1; *a != '\0'; a++, k++) {
        unsigned diagonal = row[0];
        row[0] = k;
        for (unsigned i = 1; i <= n; i++) {
            const unsigned above = row[i];
            const bool same = tolower((unsigned char)*a) == tolower((unsigned char)b[i - 1]);
            unsigned least = diagonal + !same;
            least = above + 1 < least ? above + 1 : least;
            row[i] = row[i - 1] + 1 < least ? row[i - 1] + 1 : least;
            diagonal = above;
        }
    }
    return row[n];
}

static void
consider(const struct host_nt_name *found, void *ctx)
{
    const char *name = found->name;
    struct search *s = ctx;
    const unsigned d = distance(s->wanted, last_component(name));
    unsigned at = s->count;
    if (d > 1 + strlen(s->wanted) / 3 || strlen(name) >= sizeof s->best[0].name) {
        return;
    }
    while (at > 0 && s->best[at - 1].distance > d) {
        at--;
    }
    if (at == NEAR_MAX) {
        return;
    }
    s->count += s->count < NEAR_MAX;
    memmove(&s->best[at + 1], &s->best[at], (s->count - 1 - at) * sizeof s->best[0]);
    strcpy(s->best[at].name, name);
    s->best[at].distance = d;
}

/* Drivers that were loaded, not the machine's own. */
static void
loaded_only(const struct host_nt_name *found, void *ctx)
{
    struct host_buf *text = ctx;
    if (found->loaded) {
        host_buf_addf(text, "%s%s", text->len == 0 ? "" : ", ", found->name);
    }
}

void
near_names(const char *name, struct host_buf *text)
{
    struct search *s = host_xalloc(sizeof *s);
    memset(s, 0, sizeof *s);
    s->wanted = last_component(name);
    host_nt_devices(consider, s);
    if (s->count != 0) {
        host_buf_adds(text, "; near names: ");
        for (unsigned i = 0; i < s->count; i++) {
            host_buf_addf(text, "%s%s", i == 0 ? "" : ", ", s->best[i].name);
        }
    } else {
        struct host_buf loaded = {0};
        host_nt_devices(loaded_only, &loaded);
        if (loaded.len != 0) {
            host_buf_addf(text, "; drivers' devices: %.300s", loaded.data);
        } else {
            host_buf_adds(text, "; no loaded driver has a device with a name");
        }
        host_buf_free(&loaded);
    }
    free(s);
}

static void
list_one(const struct host_nt_name *found, void *ctx)
{
    json_t *j = json_string(found->name);
    if (j != NULL) {
        json_array_append_new(ctx, json_pack("{s:o, s:s?, s:b}", "name", j, "driver", found->driver,
                                             "loaded", found->loaded));
    }
}

json_t *
near_list(void)
{
    json_t *list = json_array();
    host_nt_devices(list_one, list);
    return list;
}
