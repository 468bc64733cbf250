/* SPDX-License-Identifier: MIT */
/* What the thread is doing: a stack of operations, borrowed from the callers' frames. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vf/vfp.h"

__thread struct vf_operation *vf_operation_top __attribute__((tls_model("initial-exec")));

void
vf_operation_reset(struct vf_operation *operation)
{
    if (__builtin_expect(operation->record != NULL, 0)) {
        vf_op_record_drop(operation->record);
        operation->record = NULL;
    }
}

struct vf_operation *
vf_operation_current(void)
{
    return vf_operation_top;
}

/* ---- text ---- */

static size_t
text_put(char *out, size_t room, uint32_t code)
{
    if (code < 0x80) {
        if (room < 1) {
            return 0;
        }
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        if (room < 2) {
            return 0;
        }
        out[0] = (char)(0xC0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3F));
        return 2;
    }
    if (code < 0x10000) {
        if (room < 3) {
            return 0;
        }
        out[0] = (char)(0xE0 | code >> 12);
        out[1] = (char)(0x80 | ((code >> 6) & 0x3F));
        out[2] = (char)(0x80 | (code & 0x3F));
        return 3;
    }
    if (room < 4) {
        return 0;
    }
    out[0] = (char)(0xF0 | code >> 18);
    out[1] = (char)(0x80 | ((code >> 12) & 0x3F));
    out[2] = (char)(0x80 | ((code >> 6) & 0x3F));
    out[3] = (char)(0x80 | (code & 0x3F));
    return 4;
}

void
vf_text_utf8(char *out, size_t size, const uint16_t *text, uint32_t bytes)
{
    size_t used = 0;
    const uint32_t count = text != NULL ? bytes / 2 : 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t code = text[i];
        if (code >= 0xD800 && code < 0xDC00 && i + 1 < count && text[i + 1] >= 0xDC00 && text[i + 1] < 0xE000) {
            code = 0x10000 + ((code - 0xD800) << 10) + (text[++i] - 0xDC00u);
        } else if (code >= 0xD800 && code < 0xE000) {
            code = 0xFFFD;
        }
        size_t put = text_put(out + used, size - 1 - used, code);
        if (put == 0) {
            break;
        }
        used += put;
    }
    out[used] = 0;
}

void
vf_format_operation(char *out, size_t size, const char *operation, const char *phase, const char *name)
{
    snprintf(out, size, "%s%s%s%s%s", phase != NULL ? phase : "", phase != NULL && operation != NULL ? " " : "",
             operation != NULL ? operation : "", name != NULL && name[0] != 0 ? " of " : "", name != NULL ? name : "");
}

void
vf_operation_text(char *text, size_t size)
{
    char name[256] = "";
    text[0] = 0;
    if (vf_operation_top != NULL) {
        vf_text_utf8(name, sizeof(name), vf_operation_top->name, vf_operation_top->name_bytes);
        vf_format_operation(text, size, vf_operation_top->operation, vf_operation_top->phase, name);
    }
}

/* ---- records ---- */

static uint64_t (*file_hook)(const void *file);

void
vf_set_file_hook(uint64_t (*hook)(const void *file))
{
    file_hook = hook;
}

struct vf_op_record *
vf_op_record_current(void)
{
    struct vf_operation *operation = vf_operation_top;
    if (operation == NULL) {
        return NULL;
    }
    if (operation->record == NULL) {
        char name[256];
        vf_text_utf8(name, sizeof(name), operation->name, operation->name_bytes);
        size_t length = strlen(name) + 1;
        struct vf_op_record *record = malloc(sizeof(*record) + length);
        if (record == NULL) {
            return NULL;
        }
        atomic_init(&record->count, 1);
        record->operation = operation->operation;
        record->phase = operation->phase;
        record->id = operation->id;
        record->file = operation->file != NULL && file_hook != NULL ? file_hook(operation->file) : 0;
        memcpy(record->name, name, length);
        operation->record = record;
    }
    atomic_fetch_add_explicit(&operation->record->count, 1, memory_order_relaxed);
    return operation->record;
}

void
vf_op_record_drop(struct vf_op_record *record)
{
    if (record != NULL && atomic_fetch_sub_explicit(&record->count, 1, memory_order_acq_rel) == 1) {
        free(record);
    }
}
