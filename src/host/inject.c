/* SPDX-License-Identifier: MIT */
/*
 * Failures on demand. Allocations ask vf by themselves. The calls of any other routine are led elsewhere by changing the addresses
 * that the loader has put into the driver, so that nothing is to be paid without --fault, and only drivers' calls fail.
 */
#include "host/inject.h"

#include <dlfcn.h>
#include <elf.h>
#include <inttypes.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "host/report.h"
#include "vf/vf.h"

static int
option(const char *text, bool apply, struct host_error *err)
{
    char message[1024];
    if (vf_inject_option(text, apply, message, sizeof message) != 0) {
        return host_fail(err, "%s", message);
    }
    return 0;
}

bool
inject_is_campaign(const char *fault)
{
    return strcmp(fault, "alloc:all") == 0 || strcmp(fault, "status:all") == 0;
}

int
inject_check(const struct host_strv *faults, struct host_error *err)
{
    for (size_t i = 0; i < faults->count; i++) {
        for (size_t k = 0; k < i; k++) {
            const size_t length = strcspn(faults->items[i], "=");
            if (strcmp(faults->items[i], faults->items[k]) == 0) {
                return host_fail(err, "--fault=%s is given twice", faults->items[i]);
            }
            if (strncmp(faults->items[i], "status:", 7) == 0 &&
                strncmp(faults->items[i], faults->items[k], length + 1) == 0) {
                return host_fail(err, "--fault: there are two rules for %.*s", (int)length - 7, faults->items[i] + 7);
            }
        }
        if (!inject_is_campaign(faults->items[i]) && option(faults->items[i], false, err) != 0) {
            return -1;
        }
    }
    return 0;
}

int
inject_apply(const json_t *faults, struct host_error *err)
{
    const json_t *j;
    size_t i;
    json_array_foreach(faults, i, j)
    {
        if (option(json_string_value(j), true, err) != 0) {
            return -1;
        }
    }
    return 0;
}

/* ---- a driver's calls ---- */

struct tables {
    const ElfW(Sym) *symbols;
    const char *strings;
    const ElfW(Rela) *relocations, *calls;
    size_t relocations_size, calls_size;
};

static void
find_tables(const ElfW(Dyn) *d, struct tables *t)
{
    for (; d->d_tag != DT_NULL; d++) {
        switch (d->d_tag) {
        case DT_SYMTAB:
            t->symbols = (const void *)d->d_un.d_ptr;
            break;
        case DT_STRTAB:
            t->strings = (const void *)d->d_un.d_ptr;
            break;
        case DT_RELA:
            t->relocations = (const void *)d->d_un.d_ptr;
            break;
        case DT_RELASZ:
            t->relocations_size = d->d_un.d_val;
            break;
        case DT_JMPREL:
            t->calls = (const void *)d->d_un.d_ptr;
            break;
        case DT_PLTRELSZ:
            t->calls_size = d->d_un.d_val;
            break;
        default:
            break;
        }
    }
}

static const void *
find_routine(const char *name)
{
    return dlsym(RTLD_DEFAULT, name);
}

/* The page stays writable: the loader may have sealed it. */
static void
lead(uintptr_t bias, const struct tables *t, const ElfW(Rela) *r)
{
    const unsigned type = ELF64_R_TYPE(r->r_info);
    const char *name = t->strings + t->symbols[ELF64_R_SYM(r->r_info)].st_name;
    const void **slot = (const void **)(bias + r->r_offset);
    if (type != R_X86_64_JUMP_SLOT && type != R_X86_64_GLOB_DAT && (type != R_X86_64_64 || r->r_addend != 0)) {
        return;
    }
    const void *entry = vf_inject_entry(name, *slot, find_routine);
    if (entry != NULL && mprotect((void *)((uintptr_t)slot & ~(uintptr_t)4095), 4096, PROT_READ | PROT_WRITE) == 0) {
        *slot = entry;
    }
}

void
inject_image(const struct host_image *image)
{
    struct link_map *map = NULL;
    struct tables t = {0};
    if (dlinfo(image->handle, RTLD_DI_LINKMAP, &map) != 0 || map == NULL) {
        return;
    }
    find_tables(map->l_ld, &t);
    for (size_t i = 0; i < t.relocations_size / sizeof *t.relocations; i++) {
        lead(image->bias, &t, &t.relocations[i]);
    }
    for (size_t i = 0; i < t.calls_size / sizeof *t.calls; i++) {
        lead(image->bias, &t, &t.calls[i]);
    }
}

/* ---- the report ---- */

struct collecting {
    json_t *list, *modules;
};

static void
collect_one(const struct vf_inject_view *view, void *ctx)
{
    struct collecting *c = ctx;
    json_array_append_new(c->list, json_pack("{s:s, s:s?, s:I, s:I, s:o}", "fault", view->text, "routine",
                                             view->routine, "calls", (json_int_t)view->calls, "failed",
                                             (json_int_t)view->failed, "stack",
                                             report_frames(c->modules, view->stack, false)));
}

json_t *
inject_collect(json_t *modules)
{
    struct collecting c = {json_array(), modules};
    vf_inject_each(collect_one, &c);
    if (json_array_size(c.list) == 0) {
        json_decref(c.list);
        return NULL;
    }
    return c.list;
}

static void
collect_site(const struct vf_inject_site_view *view, void *ctx)
{
    struct collecting *c = ctx;
    char key[20];
    snprintf(key, sizeof key, "%016" PRIx64, view->key);
    json_array_append_new(c->list, json_pack("{s:s, s:s?, s:s, s:I, s:o}", "routine", view->routine, "statuses",
                                             view->statuses, "key", key, "calls", (json_int_t)view->calls,
                                             "stack", report_frames(c->modules, view->stack, false)));
}

json_t *
inject_collect_sites(json_t *modules)
{
    struct collecting c = {json_array(), modules};
    const uint64_t lost = vf_inject_each_site(collect_site, &c);
    if (json_array_size(c.list) == 0) {
        json_decref(c.list);
        return NULL;
    }
    if (lost != 0) {
        json_array_append_new(c.list, json_pack("{s:I}", "lost", (json_int_t)lost));
    }
    return c.list;
}

/* ---- --fault=list ---- */

void
inject_list(FILE *to)
{
    const char *statuses, *routine;
    bool all;
    fputs("Routines whose calls --fault=status:ROUTINE=STATUS_NAME makes fail, and the statuses of each.\n"
          "* is no part of status:all.\n\n", to);
    for (unsigned i = 0; (routine = vf_inject_row(i, &statuses, &all)) != NULL; i++) {
        if (strcmp(statuses, "NULL") == 0) {
            continue;
        }
        fprintf(to, "%s%s\n", routine, all ? "" : " *");
        for (const char *at = statuses; *at != '\0';) {
            const size_t n = strcspn(at, " ");
            fprintf(to, "    STATUS_%.*s\n", (int)n, at);
            at += n + (at[n] == ' ');
        }
    }
}
