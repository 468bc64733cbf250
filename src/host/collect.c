/* SPDX-License-Identifier: MIT */
/* The report as JSON, from the machine, the verifier and the front. */
#include <link.h>
#include <stdlib.h>
#include <string.h>

#include "host/fbedp.h"
#include "host/inject.h"
#include "host/report.h"
#include "host/why.h"

#define MAX_FRAMES 64

struct collector {
    json_t *modules; /* "modules" of the report: paths and kinds */
    json_t *list;
    fbed_machine *machine;
    struct fbed_filter *filter;
    struct host_nt_filter counts;
    bool found;
};

static json_t *
text(const char *s)
{
    json_t *j = s != NULL ? json_string(s) : json_null();
    return j != NULL ? j : json_string("?"); /* no UTF-8 */
}

/* ---- frames ---- */

static size_t
module_index(json_t *modules, const char *path, bool driver)
{
    size_t i;
    json_t *m;
    json_array_foreach(modules, i, m)
    {
        if (strcmp(json_string_value(json_object_get(m, "path")), path) == 0) {
            return i;
        }
    }
    json_array_append_new(modules, json_pack("{s:s, s:b}", "path", path, "driver", driver));
    return json_array_size(modules) - 1;
}

/* exact: the address is that of an instruction, not one a call returns to. */
static json_t *
frame(json_t *modules, uintptr_t pc, bool exact)
{
    const char *path;
    uint64_t offset;
    bool driver;
    if (!host_image_locate(pc - (exact ? 0 : 1), &path, &offset, &driver)) {
        return json_pack("[i, I, b]", -1, (json_int_t)pc, !exact);
    }
    return json_pack("[I, I, b]", (json_int_t)module_index(modules, path, driver),
                     (json_int_t)(offset + (exact ? 0 : 1)), !exact);
}

json_t *
report_frames(json_t *modules, vf_stack stack, bool exact)
{
    uintptr_t pcs[MAX_FRAMES];
    unsigned n = vf_stack_frames(stack, pcs, MAX_FRAMES);
    json_t *list = json_array();
    for (unsigned i = 0; i < n; i++) {
        json_array_append_new(list, frame(modules, pcs[i], exact && i == 0));
    }
    return list;
}

/* ---- filters ---- */

static json_t *
operations(const struct host_nt_filter *f)
{
    json_t *list = json_array();
    for (unsigned i = 0; i < f->operation_count; i++) {
        const struct host_nt_operation *o = &f->operations[i];
        json_array_append_new(list, json_pack("{s:s, s:I, s:I}", "operation", o->name, "pre",
                                              (json_int_t)o->pre, "post", (json_int_t)o->post));
    }
    return list;
}

/* Contexts always, the rest where something was counted. */
static json_t *
counts(const vf_owner *owner, enum vf_kind from, enum vf_kind to)
{
    json_t *list = json_array();
    for (enum vf_kind kind = from; kind < to; kind++) {
        struct vf_counts c;
        vf_owner_counts(owner, kind, &c);
        if (c.allocated == 0) {
            continue;
        }
        json_array_append_new(
            list, json_pack("{s:s, s:I, s:I, s:I, s:I}", "kind", vf_kind_name(kind), "allocated",
                            (json_int_t)c.allocated, "freed", (json_int_t)c.freed, "live",
                            (json_int_t)c.live, "peak", (json_int_t)c.peak));
    }
    return list;
}

static void
take_counts(const struct host_nt_filter *filter, void *ctx)
{
    struct collector *c = ctx;
    if (filter->owner == c->filter->image.owner && !c->found) {   /* the live one, else the one that went last */
        c->counts = *filter;
        c->found = true;
    }
}

static const char *
state_name(const struct fbed_filter *f, bool dead)
{
    static const char *const names[] = {"loaded", "unloaded", "refused to unload", "abandoned"};
    return dead ? "faulted" : names[f->state];
}

static json_t *
one_legacy(struct fbed_filter *f)
{
    char attach[256], unload[512];
    if (f->state == FILTER_LOADED || f->state == FILTER_REFUSED) {
        fbed_filter_counts(f);
    }
    why_legacy_not_attached(f, attach, sizeof attach);
    why_unloaded(f, unload, sizeof unload);
    return json_pack("{s:s, s:b, s:b, s:o, s:o, s:i, s:s, s:o, s:o, s:o, s:I, s:o, s:o}", "name",
                     f->service, "legacy", true, "file_system", f->file_system, "module", text(f->module), "inf", text(f->inf),
                     "instances", (int)f->instances, "state", state_name(f, f->last.dead),
                     "not_attached", attach[0] != '\0' ? text(attach) : json_null(), "unload",
                     unload[0] != '\0' ? text(unload) : json_null(), "operations",
                     operations(&f->last), "completions", (json_int_t)f->completions, "contexts",
                     json_array(), "objects",
                     counts(f->image.owner, VF_CONTEXT_VOLUME, VF_KIND_COUNT));
}

static json_t *
one_filter(struct collector *c)
{
    struct fbed_filter *f = c->filter;
    c->found = false;
    memset(&c->counts, 0, sizeof c->counts);
    host_nt_filters(take_counts, c);
    if (!c->found) {
        c->counts = f->last;
    }
    char attach[256], unload[512];
    if (f->legacy) {
        return one_legacy(f);
    }
    why_not_attached(f, &c->counts, c->found || f->last.owner != NULL, attach, sizeof attach);
    why_unloaded(f, unload, sizeof unload);
    unsigned instances = c->counts.instances > f->instances ? c->counts.instances : f->instances;
    return json_pack("{s:s, s:o, s:o, s:o, s:i, s:s, s:o, s:o, s:o, s:o, s:o}", "name", f->service,
                     "altitude", text(f->altitude), "module", text(f->module), "inf", text(f->inf),
                     "instances", (int)instances, "state", state_name(f, c->counts.dead),
                     "not_attached", attach[0] != '\0' ? text(attach) : json_null(), "unload",
                     unload[0] != '\0' ? text(unload) : json_null(),
                     "operations", operations(&c->counts), "contexts",
                     counts(f->image.owner, VF_CONTEXT_VOLUME, VF_NAME_INFORMATION), "objects",
                     counts(f->image.owner, VF_NAME_INFORMATION, VF_KIND_COUNT));
}

/* ---- findings ---- */

/* What the table of checks says about it. */
static void
add_words(json_t *j, const char *code)
{
    const struct vf_code *words = vf_code_find(code);
    json_object_set_new(j, "title", text(words != NULL ? words->title : NULL));
    json_object_set_new(j, "level", json_string(words != NULL && words->level == VF_WARNING ? "warning" : "error"));
    json_object_set_new(j, "windows", text(words != NULL ? words->windows : NULL));
    json_object_set_new(j, "fix", text(words != NULL ? words->fix : NULL));
}

static json_t *
related(json_t *modules, const struct vf_finding *f)
{
    json_t *list = json_array();
    for (unsigned i = 0; i < VF_RELATED; i++) {
        if (f->related[i].what != NULL && f->related[i].stack != 0) {
            json_array_append_new(list, json_pack("{s:s, s:o}", "what", f->related[i].what, "stack",
                                                  report_frames(modules, f->related[i].stack, false)));
        }
    }
    return list;
}

json_t *
report_finding(const struct vf_finding *f, json_t *modules)
{
    const bool fault = f->fault || strcmp(f->code, "K-00") == 0;
    json_t *j = json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:o}", "code", f->code, "rule",
                          text(f->rule), "bugcheck", text(f->bugcheck), "filter", text(f->owner),
                          "kind", text(f->kind), "text", text(f->text), "count",
                          (json_int_t)f->count, "thread", (json_int_t)f->thread, "operation",
                          f->operation[0] != '\0' ? text(f->operation) : json_null());
    char object[32];
    snprintf(object, sizeof object, "%p", f->object);
    json_object_set_new(j, "object", f->object != NULL ? json_string(object) : json_null());
    add_words(j, f->code);
    json_object_set_new(j, "stack", report_frames(modules, f->stack, fault));
    json_object_set_new(j, "allocated_at",
                        f->acquire != 0 && f->acquire != f->stack
                            ? report_frames(modules, f->acquire, false)
                            : json_array());
    json_object_set_new(j, "related", related(modules, f));
    return j;
}

static void
add_finding(const struct vf_finding *f, void *ctx)
{
    struct collector *c = ctx;
    json_array_append_new(c->list, report_finding(f, c->modules));
}

static void
add_unimplemented(const char *routine, uintptr_t caller, uint64_t count, void *ctx)
{
    struct collector *c = ctx;
    const struct port_module *m = port_module_find(caller);
    json_array_append_new(c->list,
                          json_pack("{s:s, s:o, s:I, s:o}", "routine", routine, "filter",
                                    text(m != NULL ? m->name : NULL), "count", (json_int_t)count,
                                    "caller", frame(c->modules, caller, false)));
}

/* What Windows would write into its event log. */
static void
add_blocked(const char *driver, void *list)
{
    char message[256];
    snprintf(message, sizeof message, "Windows is configured to block legacy FS filters. Filter name: %s", driver);
    json_array_append_new(list, json_pack("{s:i, s:s, s:s, s:o}", "id", 1205, "source", "Microsoft-Windows-Kernel-IO",
                                          "level", "error", "text", text(message)));
}

static json_t *
events(void)
{
    json_t *list = json_array();
    host_nt_blocked(add_blocked, list);
    if (json_array_size(list) == 0) {
        json_decref(list);
        return NULL;
    }
    return list;
}

json_t *
report_collect(fbed_machine *machine)
{
    struct collector c = {.modules = json_array(), .machine = machine};
    json_t *filters = json_array(), *findings = json_array(), *missing = json_array();
    for (c.filter = machine->filters; c.filter != NULL; c.filter = c.filter->next) {
        json_array_append_new(filters, one_filter(&c));
    }
    c.list = findings;
    vf_findings(add_finding, &c);
    c.list = missing;
    vf_unimplemented_each(add_unimplemented, &c);
    return json_pack("{s:i, s:s, s:o, s:o, s:o, s:o*, s:o*, s:o*, s:o}", "schema", 1, "filterbed", FILTERBED_VERSION,
                     "filters", filters, "findings", findings, "unimplemented", missing, "faults", inject_collect(c.modules), "sites",
                     inject_collect_sites(c.modules), "events", events(), "modules", c.modules);
}

/* ---- images, for a crash ---- */

static int
image_visit(struct dl_phdr_info *info, size_t size, void *ctx)
{
    uintptr_t low = UINTPTR_MAX, high = 0;
    const char *path;
    uint64_t offset;
    bool driver;
    (void)size;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *p = &info->dlpi_phdr[i];
        if (p->p_type == PT_LOAD) {
            uintptr_t at = info->dlpi_addr + p->p_vaddr;
            low = at < low ? at : low;
            high = at + p->p_memsz > high ? at + p->p_memsz : high;
        }
    }
    if (high != 0 && host_image_locate(low, &path, &offset, &driver)) {
        json_array_append_new(ctx, json_pack("{s:s, s:b, s:I, s:I, s:I}", "path", path, "driver",
                                             driver, "bias", (json_int_t)info->dlpi_addr, "base",
                                             (json_int_t)low, "end", (json_int_t)high));
    }
    return 0;
}

json_t *
report_images(void)
{
    json_t *list = json_array();
    dl_iterate_phdr(image_visit, list);
    return list;
}

json_t *
report_crash_frames(const json_t *addresses, const json_t *images, json_t *report)
{
    json_t *modules = json_object_get(report, "modules"), *list = json_array(), *j, *image;
    size_t i, n;
    if (modules == NULL) {
        modules = json_array();
        json_object_set_new(report, "modules", modules);
    }
    json_array_foreach(addresses, i, j)
    {
        const json_int_t pc = json_integer_value(j), at = pc - (i > 0);
        json_t *entry = NULL;
        json_array_foreach(images, n, image)
        {
            if (at >= json_integer_value(json_object_get(image, "base")) &&
                at < json_integer_value(json_object_get(image, "end"))) {
                size_t index =
                    module_index(modules, json_string_value(json_object_get(image, "path")),
                                 json_is_true(json_object_get(image, "driver")));
                entry = json_pack("[I, I, b]", (json_int_t)index,
                                  pc - json_integer_value(json_object_get(image, "bias")), i > 0);
                break;
            }
        }
        json_array_append_new(list, entry != NULL ? entry : json_pack("[i, I, b]", -1, pc, i > 0));
    }
    return list;
}
