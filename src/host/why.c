/* SPDX-License-Identifier: MIT */
/* Reasons in words: why a driver did not load, was not attached, was not unloaded as it should. */
#include "host/why.h"

#include <stdio.h>
#include <string.h>

#include "host/symbol.h"
#include "host/text.h"

/* ---- routines that are not there ---- */

struct missing {
    const struct fbed_filter *filter;
    struct symbols *symbols;
    struct host_buf text;
    char where[512];
    unsigned count;
};

static void
missing_place(const struct symbol_frame *frame, void *ctx)
{
    struct missing *m = ctx;
    if (m->where[0] == '\0' && frame->function != NULL) {
        const char *base = frame->file != NULL ? strrchr(frame->file, '/') : NULL;
        base = base != NULL ? base + 1 : frame->file;
        snprintf(m->where, sizeof m->where, base != NULL ? " (called by %s, %s:%d)" : " (called by %s)",
                 frame->function, base, frame->line);
    }
}

static void
missing_routine(const char *routine, uintptr_t caller, uint64_t count, void *ctx)
{
    struct missing *m = ctx;
    const char *path;
    uint64_t offset;
    bool driver;
    (void)count;
    if (caller < m->filter->image.base || caller >= m->filter->image.end || m->count++ >= 3) {
        return;
    }
    m->where[0] = '\0';
    if (host_image_locate(caller - 1, &path, &offset, &driver)) {
        symbols_resolve(m->symbols, path, offset + 1, true, missing_place, m);
    }
    host_buf_addf(&m->text, "%s%s%s", m->count == 1 ? "; filterbed does not have " : ", nor ", routine,
                  m->where);
}

void
why_missing(const struct fbed_filter *f, char *text, size_t size)
{
    struct missing m = {.filter = f, .symbols = symbols_create()};
    vf_unimplemented_each(missing_routine, &m);
    snprintf(text, size, "%s%s", m.text.data != NULL ? m.text.data : "",
             m.count > 3 ? ", and more" : "");
    host_buf_free(&m.text);
    symbols_free(m.symbols);
}

/* ---- attachment ---- */

static const char *
name_of(uint32_t status, char *text, size_t size)
{
    return host_status_text(status, text, size);
}

static void
why_started(const struct host_nt_filter *facts, char *text, size_t size)
{
    char status[64];
    if (facts->setup_status == 0xC01C000Fu) {
        snprintf(text, size, "its InstanceSetup refused with STATUS_FLT_DO_NOT_ATTACH");
    } else if (facts->setup_status != 0) {
        snprintf(text, size, "its InstanceSetup failed with %s",
                 name_of(facts->setup_status, status, sizeof status));
    } else if (facts->attach_status != 0) {
        snprintf(text, size, "attaching it failed with %s",
                 name_of(facts->attach_status, status, sizeof status));
    } else if (facts->no_automatic == facts->definitions && facts->definitions != 0) {
        snprintf(text, size,
                 "the flags of its instance%s in the INF suppress automatic attachment (bit 0x1), "
                 "and nothing attached it otherwise",
                 facts->definitions == 1 ? "" : "s");
    } else {
        snprintf(text, size, "there was no volume to attach it to");
    }
}

void
why_not_attached(const struct fbed_filter *f,
                 const struct host_nt_filter *facts,
                 bool registered,
                 char *text,
                 size_t size)
{
    char status[64];
    text[0] = '\0';
    if (registered && facts->attached != 0) {
        return;
    }
    if (f->entry_status != 0) {
        snprintf(text, size, "its DriverEntry failed with %s",
                 name_of(f->entry_status, status, sizeof status));
    } else if (!registered) {
        snprintf(text, size, "it never called FltRegisterFilter with success");
    } else if (facts->dead) {
        snprintf(text, size, "it crashed before it was attached");
    } else if (!facts->started) {
        snprintf(text, size, "it never called FltStartFiltering");
    } else {
        why_started(facts, text, size);
    }
}

void
why_legacy_not_attached(const struct fbed_filter *f, char *text, size_t size)
{
    char status[64];
    text[0] = '\0';
    if (f->entry_status != 0) {
        snprintf(text, size, "its DriverEntry failed with %s",
                 name_of(f->entry_status, status, sizeof status));
    } else if (f->instances == 0 && f->last.operation_count == 0 && f->altitude != NULL) {
        snprintf(text, size,
                 "it never called FltRegisterFilter, nor did it attach a device to a volume");
    } else if (f->instances == 0 && f->last.operation_count == 0 && !f->file_system) {
        snprintf(text, size,
                 "it attached no device to a volume (legacy filters hear of file systems by "
                 "IoRegisterFsRegistrationChange, and of volumes by IRP_MN_MOUNT_VOLUME)");
    }
}

/* ---- unload ---- */

void
why_unloaded(const struct fbed_filter *f, char *text, size_t size)
{
    const struct host_nt_unloaded *u = &f->unloaded;
    char status[64];
    text[0] = '\0';
    if (u->no_unload) {
        snprintf(text, size,
                 "it cannot be unloaded: it has no DriverUnload. On Windows it stays until the "
                 "system shuts down");
    } else if (u->is_below) {
        snprintf(text, size,
                 "its DriverUnload was not called: another driver's device is attached above one "
                 "of its own. On Windows it stays until that is gone");
    } else if (u->no_callback) {
        snprintf(text, size,
                 "it cannot be unloaded: it registered no FilterUnloadCallback. On Windows it "
                 "stays until the system shuts down; its instances were torn down for the end of "
                 "this run");
    } else if (u->stays) {
        snprintf(text, size,
                 "its FilterUnloadCallback refused with %s, and it does not support service stop, "
                 "so that it cannot be unloaded; its instances were torn down for the end of this "
                 "run",
                 name_of(u->refused, status, sizeof status));
    } else if (u->refused != 0) {
        snprintf(text, size,
                 "its FilterUnloadCallback refused with %s; a mandatory unload, which it cannot "
                 "refuse, followed",
                 name_of(u->refused, status, sizeof status));
    }
}
