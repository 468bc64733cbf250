/* SPDX-License-Identifier: MIT */
/*
 * Calls that return a failure without doing anything: --fault=status:ROUTINE=STATUS[@N].  The table below says which routines can be
 * made to fail, with what, and what becomes of their output then.  inject_amd64.S has the entries that drivers call.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vf/vfp.h"

#define CALL_ENTRIES 40               /* of inject_amd64.S */
#define CALL_ENTRY_BYTES 16
#define NONE (-1)

/* Arguments are numbered from 0.  An output that the documentation says nothing of is left alone. */
struct call_row {
    const char *routine;
    const char *statuses;             /* those that the routine's page names; of requests to the file system: what they are answered with */
    signed char pointer[2];           /* outputs that get NULL */
    signed char number;               /* ULONG output that gets 0, if there is one */
    signed char block;                /* IO_STATUS_BLOCK */
    signed char asynchronous;         /* a call with this argument is left alone: its end is told elsewhere */
};

#define FLT_GET "NOT_FOUND NOT_SUPPORTED"
#define FLT_SET "FLT_CONTEXT_ALREADY_LINKED FLT_DELETING_OBJECT INVALID_PARAMETER"
#define FLT_OPEN                                                                                                                     \
    "FILE_LOCK_CONFLICT ACCESS_DENIED SHARING_VIOLATION OBJECT_NAME_NOT_FOUND OBJECT_PATH_NOT_FOUND OBJECT_NAME_COLLISION "           \
    "INSUFFICIENT_RESOURCES"
#define NO_BLOCK NONE, NONE, NONE

/* STATUS_FLT_CONTEXT_ALREADY_DEFINED is not here: it comes with the context that is there. */
static const struct call_row call_rows[] = {
    {"FltAllocateContext",
     "INSUFFICIENT_RESOURCES FLT_CONTEXT_ALLOCATION_NOT_FOUND FLT_DELETING_OBJECT INVALID_BUFFER_SIZE INVALID_PARAMETER NOT_SUPPORTED",
     {4, NONE}, NO_BLOCK},
    {"FltGetVolumeContext", "NOT_FOUND", {2, NONE}, NO_BLOCK},
    {"FltGetInstanceContext", "NOT_FOUND", {1, NONE}, NO_BLOCK},
    {"FltGetFileContext", FLT_GET, {2, NONE}, NO_BLOCK},
    {"FltGetStreamContext", FLT_GET, {2, NONE}, NO_BLOCK},
    {"FltGetStreamHandleContext", FLT_GET, {2, NONE}, NO_BLOCK},
    {"FltSetVolumeContext", FLT_SET, {3, NONE}, NO_BLOCK},
    {"FltSetInstanceContext", FLT_SET, {3, NONE}, NO_BLOCK},
    {"FltSetFileContext", FLT_SET " NOT_SUPPORTED", {4, NONE}, NO_BLOCK},
    {"FltSetStreamContext", FLT_SET " NOT_SUPPORTED", {4, NONE}, NO_BLOCK},
    {"FltSetStreamHandleContext", FLT_SET " NOT_SUPPORTED", {4, NONE}, NO_BLOCK},
    {"FltGetFileNameInformation",
     "FLT_INVALID_NAME_REQUEST FLT_NAME_CACHE_MISS INSUFFICIENT_RESOURCES INVALID_PARAMETER ACCESS_DENIED NOT_SAME_DEVICE",
     {NONE, NONE}, NO_BLOCK},
    {"FltGetFileNameInformationUnsafe", "FLT_INVALID_NAME_REQUEST INVALID_PARAMETER", {NONE, NONE}, NO_BLOCK},
    {"FltGetDestinationFileNameInformation",
     "FLT_INVALID_NAME_REQUEST INSUFFICIENT_RESOURCES INVALID_PARAMETER MOUNT_POINT_NOT_RESOLVED", {6, NONE}, NO_BLOCK},
    {"FltQueryInformationFile", "VOLUME_DISMOUNTED ACCESS_DENIED INVALID_PARAMETER INSUFFICIENT_RESOURCES", {NONE, NONE}, NO_BLOCK},
    {"FltSetInformationFile", "VOLUME_DISMOUNTED ACCESS_DENIED INVALID_PARAMETER INSUFFICIENT_RESOURCES DISK_FULL", {NONE, NONE}, NO_BLOCK},
    {"FltReadFile", "END_OF_FILE FILE_LOCK_CONFLICT VOLUME_DISMOUNTED INVALID_PARAMETER INSUFFICIENT_RESOURCES", {NONE, NONE}, 6, NONE, 7},
    {"FltWriteFile", "DISK_FULL FILE_LOCK_CONFLICT VOLUME_DISMOUNTED MEDIA_WRITE_PROTECTED INVALID_PARAMETER INSUFFICIENT_RESOURCES",
     {NONE, NONE}, 6, NONE, 7},
    {"FltFlushBuffers", "VOLUME_DISMOUNTED MEDIA_WRITE_PROTECTED", {NONE, NONE}, NO_BLOCK},
    {"FltCreateFile", FLT_OPEN, {2, NONE}, NONE, 5, NONE},
    {"FltCreateFileEx", FLT_OPEN, {2, 3}, NONE, 6, NONE},
    {"FltCreateFileEx2", FLT_OPEN, {2, 3}, NONE, 6, NONE},
    {"FltIsDirectory", "NOT_SUPPORTED", {NONE, NONE}, NO_BLOCK},
    {"FltLockUserBuffer", "INSUFFICIENT_RESOURCES INVALID_PARAMETER", {NONE, NONE}, NO_BLOCK},
    {"FltGetVolumeFromInstance", "FLT_DELETING_OBJECT", {NONE, NONE}, NO_BLOCK},
    {"FltGetDiskDeviceObject", "FLT_NO_DEVICE_OBJECT", {NONE, NONE}, NO_BLOCK},
    {"FltQueueGenericWorkItem", "FLT_DELETING_OBJECT", {NONE, NONE}, NO_BLOCK},
    {"FltSendMessage", "TIMEOUT PORT_DISCONNECTED INSUFFICIENT_RESOURCES THREAD_IS_TERMINATING", {NONE, NONE}, NO_BLOCK},
    {"FltCreateCommunicationPort", "INSUFFICIENT_RESOURCES FLT_DELETING_OBJECT OBJECT_NAME_COLLISION", {NONE, NONE}, NO_BLOCK},
    {"FltRegisterFilter", "INSUFFICIENT_RESOURCES FLT_NOT_INITIALIZED INVALID_PARAMETER OBJECT_NAME_NOT_FOUND", {NONE, NONE}, NO_BLOCK},
    {"FltStartFiltering", "INVALID_PARAMETER", {NONE, NONE}, NO_BLOCK},
};
#define CALL_ROWS (sizeof(call_rows) / sizeof(call_rows[0]))
_Static_assert(CALL_ROWS <= CALL_ENTRIES, "inject_amd64.S has an entry for every row");

/* Values of those that the table names. */
static const struct { const char *name; uint32_t value; } call_statuses[] = {
    {"ACCESS_DENIED", 0xC0000022}, {"DISK_FULL", 0xC000007F}, {"END_OF_FILE", 0xC0000011}, {"FILE_LOCK_CONFLICT", 0xC0000054},
    {"FLT_CONTEXT_ALLOCATION_NOT_FOUND", 0xC01C0016}, {"FLT_CONTEXT_ALREADY_LINKED", 0xC01C001C}, {"FLT_DELETING_OBJECT", 0xC01C000B},
    {"FLT_INVALID_NAME_REQUEST", 0xC01C0005}, {"FLT_NAME_CACHE_MISS", 0xC01C0018}, {"FLT_NOT_INITIALIZED", 0xC01C0007},
    {"FLT_NO_DEVICE_OBJECT", 0xC01C0019}, {"INSUFFICIENT_RESOURCES", 0xC000009A}, {"INVALID_BUFFER_SIZE", 0xC0000206},
    {"INVALID_PARAMETER", 0xC000000D}, {"MEDIA_WRITE_PROTECTED", 0xC00000A2}, {"MOUNT_POINT_NOT_RESOLVED", 0xC0000368},
    {"NOT_FOUND", 0xC0000225}, {"NOT_SAME_DEVICE", 0xC00000D4}, {"NOT_SUPPORTED", 0xC00000BB}, {"OBJECT_NAME_COLLISION", 0xC0000035},
    {"OBJECT_NAME_NOT_FOUND", 0xC0000034}, {"OBJECT_PATH_NOT_FOUND", 0xC000003A}, {"PORT_DISCONNECTED", 0xC0000037},
    {"SHARING_VIOLATION", 0xC0000043}, {"THREAD_IS_TERMINATING", 0xC000004B}, {"TIMEOUT", 0x00000102}, {"VOLUME_DISMOUNTED", 0xC000026E},
};

/* Constant from vf_inject_option until the process ends, but for the counters. */
struct call_rule {
    const char *text;                 /* NULL: none */
    uint32_t status;
    uint64_t nth;                     /* 0: every call */
    const void *target;
    _Atomic(uint64_t) calls, failed;
    _Atomic(vf_stack) stack;
};
static struct call_rule call_rules[CALL_ROWS];

extern const char vf_inject_stubs[] __attribute__((visibility("hidden")));
const void *vf_inject_decide(uint64_t *slots);

/* ---- a call ---- */

static uint64_t
call_argument(const uint64_t *slots, int index)
{
    return index < 6 ? slots[2 + index] : slots[10 + index - 6];
}

static void
call_outputs(const struct call_row *row, const uint64_t *slots, uint32_t status)
{
    for (int i = 0; i < 2; i++) {
        void **pointer = row->pointer[i] != NONE ? (void **)(uintptr_t)call_argument(slots, row->pointer[i]) : NULL;
        if (pointer != NULL) {
            *pointer = NULL;
        }
    }
    uint32_t *number = row->number != NONE ? (uint32_t *)(uintptr_t)call_argument(slots, row->number) : NULL;
    if (number != NULL) {
        *number = 0;
    }
    struct { uint32_t status; uint64_t information; } *block =
        row->block != NONE ? (void *)(uintptr_t)call_argument(slots, row->block) : NULL;
    if (block != NULL) {
        block->status = status;
        block->information = 0;
    }
}

/* From inject_amd64.S: where to go on, or NULL with the status in the first slot. */
__attribute__((visibility("hidden"))) const void *
vf_inject_decide(uint64_t *slots)
{
    const struct call_row *row = &call_rows[slots[1]];
    struct call_rule *rule = &call_rules[slots[1]];
    if (row->asynchronous != NONE && call_argument(slots, row->asynchronous) != 0) {
        return rule->target;
    }
    const uint64_t call = atomic_fetch_add_explicit(&rule->calls, 1, memory_order_relaxed) + 1;
    if (rule->nth != 0 && rule->nth != call) {
        return rule->target;
    }
    if (atomic_fetch_add_explicit(&rule->failed, 1, memory_order_relaxed) == 0) {
        atomic_store_explicit(&rule->stack, vf_stack_here(1), memory_order_relaxed);
    }
    call_outputs(row, slots, rule->status);
    slots[0] = rule->status;
    return NULL;
}

const void *
vf_inject_entry(const char *routine, const void *target)
{
    for (unsigned i = 0; i < CALL_ROWS; i++) {
        if (call_rules[i].text != NULL && strcmp(call_rows[i].routine, routine) == 0) {
            call_rules[i].target = target;
            return vf_inject_stubs + i * CALL_ENTRY_BYTES;
        }
    }
    return NULL;
}

void
vf_inject_each_call(void (*fn)(const struct vf_inject_view *view, void *ctx), void *ctx)
{
    for (unsigned i = 0; i < CALL_ROWS; i++) {
        if (call_rules[i].text != NULL) {
            struct vf_inject_view view = {call_rules[i].text, call_rows[i].routine, call_rules[i].calls, call_rules[i].failed,
                                          call_rules[i].stack};
            fn(&view, ctx);
        }
    }
}

void
vf_inject_each(void (*fn)(const struct vf_inject_view *view, void *ctx), void *ctx)
{
    vf_inject_each_rule(fn, ctx);
    vf_inject_each_call(fn, ctx);
}

/* ---- the option ---- */

static bool
word_is(const char *word, size_t length, const char *name)
{
    return strlen(name) == length && memcmp(word, name, length) == 0;
}

static bool
list_has(const char *list, const char *word, size_t length)
{
    while (*list != 0) {
        const size_t n = strcspn(list, " ");
        if (n == length && memcmp(list, word, n) == 0) {
            return true;
        }
        list += n + (list[n] == ' ');
    }
    return false;
}

static bool
option_number(const char *text, uint64_t *number)
{
    char *end;
    if (*text < '1' || *text > '9' || strlen(text) > 18) {
        return false;
    }
    *number = strtoull(text, &end, 10);
    return *end == 0;
}

static int
unknown_routine(const char *word, size_t length, char *message, size_t size)
{
    size_t used = (size_t)snprintf(message, size, "--fault: %.*s cannot be made to fail; these can:", (int)(length < 80 ? length : 80), word);
    for (unsigned i = 0; i < CALL_ROWS && used < size; i++) {
        used += (size_t)snprintf(message + used, size - used, " %s", call_rows[i].routine);
    }
    return -1;
}

static int
unknown_status(const struct call_row *row, const char *word, size_t length, char *message, size_t size)
{
    size_t used = (size_t)snprintf(message, size, "--fault: %s does not fail with %.*s; it does with:", row->routine,
                                   (int)(length < 80 ? length : 80), word);
    for (const char *s = row->statuses; *s != 0 && used < size;) {
        const int n = (int)strcspn(s, " ");
        used += (size_t)snprintf(message + used, size - used, " STATUS_%.*s", n, s);
        s += n + (s[n] == ' ');
    }
    return -1;
}

static int
option_status(const char *text, bool apply, char *message, size_t size)
{
    const char *routine = text + strlen("status:");
    const size_t length = strcspn(routine, "=");
    const char *status = routine + length + (routine[length] == '=');
    const size_t status_length = strcspn(status, "@");
    uint64_t nth = 0;
    unsigned row = 0;
    while (row < CALL_ROWS && !word_is(routine, length, call_rows[row].routine)) {
        row++;
    }
    if (row == CALL_ROWS) {
        return unknown_routine(routine, length, message, size);
    }
    if (status_length < 7 || memcmp(status, "STATUS_", 7) != 0 || !list_has(call_rows[row].statuses, status + 7, status_length - 7)) {
        return unknown_status(&call_rows[row], status, status_length, message, size);
    }
    if (status[status_length] == '@' && !option_number(status + status_length + 1, &nth)) {
        snprintf(message, size, "--fault: which call of %s is to fail is a number from 1, not \"%.40s\"", call_rows[row].routine,
                 status + status_length + 1);
        return -1;
    }
    for (unsigned i = 0; apply && i < sizeof(call_statuses) / sizeof(call_statuses[0]); i++) {
        if (word_is(status + 7, status_length - 7, call_statuses[i].name)) {
            call_rules[row].status = call_statuses[i].value;
            call_rules[row].nth = nth;
            call_rules[row].text = text;
        }
    }
    return 0;
}

int
vf_inject_option(const char *text, bool apply, char *message, size_t size)
{
    uint64_t nth;
    if (strncmp(text, "status:", 7) == 0) {
        return option_status(text, apply, message, size);
    }
    if (strncmp(text, "alloc:", 6) != 0) {
        snprintf(message, size, "--fault takes alloc:N or status:ROUTINE=STATUS_NAME[@N], not \"%.80s\"", text);
        return -1;
    }
    if (!option_number(text + 6, &nth)) {
        snprintf(message, size, "--fault=alloc: takes the number of the allocation that is to fail, from 1, not \"%.40s\"", text + 6);
        return -1;
    }
    if (apply && vf_inject_add_allocation(text, nth) < 0) {
        snprintf(message, size, "--fault is given too often");
        return -1;
    }
    return 0;
}
