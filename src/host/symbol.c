/* SPDX-License-Identifier: MIT */
/*
 * Symbols with libdw. Each object file gets a Dwfl of its own, with the file reported at a made-up
 * address, so that modules can be looked at that are closed or belong to another process.
 */
#include "host/symbol.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <stdlib.h>
#include <string.h>

#include "host/text.h"

#define BIAS 0x10000000u
#define CACHE_BUCKETS 512
#define MAX_INLINED 16

struct answer {
    struct answer *next;
    uint64_t offset;
    bool call;
    unsigned count;
    struct symbol_frame frames[MAX_INLINED];
};

struct object {
    struct object *next;
    char *path;
    Dwfl *dwfl;
    Dwfl_Module *module; /* NULL: nothing to be had */
    struct answer *cache[CACHE_BUCKETS];
};

struct symbols {
    struct object *objects;
};

static const Dwfl_Callbacks callbacks = {
    .find_elf = dwfl_build_id_find_elf,
    .find_debuginfo = dwfl_standard_find_debuginfo,
    .section_address = dwfl_offline_section_address,
};

struct symbols *
symbols_create(void)
{
    struct symbols *s = host_xalloc(sizeof *s);
    s->objects = NULL;
    return s;
}

static struct object *
find_object(struct symbols *s, const char *path)
{
    struct object *o = s->objects;
    while (o != NULL && strcmp(o->path, path) != 0) {
        o = o->next;
    }
    if (o != NULL) {
        return o;
    }
    o = host_xalloc(sizeof *o);
    memset(o, 0, sizeof *o);
    o->path = host_strdup(path);
    o->next = s->objects;
    s->objects = o;
    o->dwfl = dwfl_begin(&callbacks);
    if (o->dwfl != NULL && host_is_file(path)) {
        dwfl_report_begin(o->dwfl);
        o->module = dwfl_report_elf(o->dwfl, host_path_base(path), path, -1, BIAS, true);
        dwfl_report_end(o->dwfl, NULL, NULL);
    }
    return o;
}

void
symbols_free(struct symbols *s)
{
    while (s != NULL && s->objects != NULL) {
        struct object *o = s->objects;
        s->objects = o->next;
        for (unsigned i = 0; i < CACHE_BUCKETS; i++) {
            while (o->cache[i] != NULL) {
                struct answer *a = o->cache[i];
                o->cache[i] = a->next;
                for (unsigned n = 0; n < a->count; n++) {
                    free((char *)a->frames[n].function);
                    free((char *)a->frames[n].file);
                }
                free(a);
            }
        }
        if (o->dwfl != NULL) {
            dwfl_end(o->dwfl);
        }
        free(o->path);
        free(o);
    }
    free(s);
}

/* ---- one address ---- */

static char *
copy(const char *s)
{
    return s != NULL ? host_strdup(s) : NULL;
}

/* The compilation unit at pc. clang writes .debug_aranges only if asked to: then every unit is
 * tried. */
static Dwarf_Die *
find_unit(struct object *o, Dwarf_Addr pc, Dwarf_Addr *bias)
{
    Dwarf_Die *unit = dwfl_module_addrdie(o->module, pc, bias);
    if (unit != NULL) {
        return unit;
    }
    while ((unit = dwfl_module_nextcu(o->module, unit, bias)) != NULL) {
        if (dwarf_haspc(unit, pc - *bias) > 0) {
            return unit;
        }
    }
    return NULL;
}

static char *
absolute_file(Dwarf_Die *unit, const char *file)
{
    Dwarf_Attribute attr;
    if (file == NULL) {
        return NULL;
    }
    const char *dir =
        *file == '/' ? NULL : dwarf_formstring(dwarf_attr(unit, DW_AT_comp_dir, &attr));
    char *joined = dir != NULL ? host_path_join(dir, file) : host_strdup(file);
    char *clean = host_path_absolute(joined);
    free(joined);
    return clean;
}

static const char *
die_name(Dwarf_Die *die)
{
    Dwarf_Attribute attr;
    return dwarf_formstring(dwarf_attr_integrate(die, DW_AT_name, &attr));
}

static void
add_frame(struct answer *a, const char *function, char *file, int line, bool inlined)
{
    if (a->count == MAX_INLINED) {
        free(file);
        return;
    }
    a->frames[a->count++] = (struct symbol_frame){copy(function), file, line, inlined};
}

static void
call_site(Dwarf_Die *unit, Dwarf_Die *die, char **file, int *line)
{
    Dwarf_Attribute attr;
    Dwarf_Files *files;
    Dwarf_Word number = 0, at = 0;
    *file = NULL;
    if (dwarf_formudata(dwarf_attr(die, DW_AT_call_file, &attr), &number) == 0 &&
        dwarf_getsrcfiles(unit, &files, NULL) == 0) {
        *file = absolute_file(unit, dwarf_filesrc(files, number, NULL, NULL));
    }
    *line = dwarf_formudata(dwarf_attr(die, DW_AT_call_line, &attr), &at) == 0 ? (int)at : 0;
}

/* At its very first instruction a function is meant as a whole: the line of its name. */
static void
name_line(Dwarf_Die *unit, Dwarf_Die *die, Dwarf_Addr pc, char **file, int *line)
{
    Dwarf_Addr entry;
    const char *named = dwarf_decl_file(die); /* libdw takes number 0 of DWARF 5 for none */
    int at;
    if (dwarf_entrypc(die, &entry) != 0 || entry != pc || dwarf_decl_line(die, &at) != 0) {
        return;
    }
    *line = at;
    if (named != NULL) {
        free(*file);
        *file = absolute_file(unit, named);
    }
}

/* Functions around pc, innermost first; each inlined one says where it was called. */
static void
add_functions(struct answer *a, Dwarf_Die *unit, Dwarf_Addr pc, char *file, int line)
{
    Dwarf_Die *scopes = NULL, *chain = NULL;
    int count = dwarf_getscopes(unit, pc, &scopes);
    /* The scopes above an inlined function are those of its definition: go along the tree instead.
     */
    if (count > 0 && (count = dwarf_getscopes_die(&scopes[0], &chain)) > 0) {
        for (int i = 0; i < count; i++) {
            int tag = dwarf_tag(&chain[i]);
            if (tag == DW_TAG_inlined_subroutine) {
                add_frame(a, die_name(&chain[i]), file, line, true);
                call_site(unit, &chain[i], &file, &line);
            } else if (tag == DW_TAG_subprogram) {
                name_line(unit, &chain[i], pc, &file, &line);
                add_frame(a, die_name(&chain[i]), file, line, false);
                file = NULL;
                break;
            }
        }
    }
    free(file);
    free(chain);
    free(scopes);
}

static void
resolve(struct object *o, struct answer *a)
{
    if (o->module == NULL) {
        add_frame(a, NULL, NULL, 0, false);
        return;
    }
    const Dwarf_Addr pc = BIAS + a->offset - (a->call ? 1 : 0);
    Dwarf_Addr bias = 0;
    Dwarf_Die *unit = find_unit(o, pc, &bias);
    char *file = NULL;
    int line = 0;
    if (unit != NULL) {
        Dwarf_Line *at = dwarf_getsrc_die(unit, pc - bias);
        if (at != NULL) {
            dwarf_lineno(at, &line);
            file = absolute_file(unit, dwarf_linesrc(at, NULL, NULL));
        }
        add_functions(a, unit, pc - bias, copy(file), line);
    }
    if (a->count == 0) {
        add_frame(a, dwfl_module_addrname(o->module, pc), file, line, false);
    } else {
        free(file);
    }
}

void
symbols_resolve(struct symbols *s,
                const char *path,
                uint64_t offset,
                bool call,
                void (*fn)(const struct symbol_frame *frame, void *ctx),
                void *ctx)
{
    struct object *o = find_object(s, path);
    struct answer **bucket = &o->cache[(offset ^ offset >> 9) % CACHE_BUCKETS];
    struct answer *a = *bucket;
    while (a != NULL && (a->offset != offset || a->call != call)) {
        a = a->next;
    }
    if (a == NULL) {
        a = host_xalloc(sizeof *a);
        memset(a, 0, sizeof *a);
        a->offset = offset;
        a->call = call;
        resolve(o, a);
        a->next = *bucket;
        *bucket = a;
    }
    for (unsigned i = 0; i < a->count; i++) {
        fn(&a->frames[i], ctx);
    }
}
