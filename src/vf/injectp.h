/* SPDX-License-Identifier: MIT */
/* Fault injection, inside vf: the table of calls that can fail (injectcall.c), places (injectsite.c), rules (inject.c). */
#ifndef FB_VF_INJECTP_H
#define FB_VF_INJECTP_H

#include "vf/vfp.h"

enum fault_kind { FAULT_CALL, FAULT_REQUEST, FAULT_UNDO, FAULT_MEMORY };

/* Arguments are numbered from 1; 0: there is none.  See faults.def. */
struct fault_row {
    const char *routine;
    enum fault_kind kind;
    const char *statuses;             /* without STATUS_ */
    unsigned char pointer[2], number, block, asynchronous, only, timeout, operation;
    const char *get;                  /* with operation: reads what was set */
};
#define FAULT_ROWS 256                /* entries of inject_amd64.S */
extern const struct fault_row fault_rows[];
extern const unsigned fault_row_count;
const struct fault_row *fault_row_find(const char *routine, size_t length);
/* For want of memory: the status, 0 if it returns NULL.  false: not this routine. */
bool fault_row_memory(const struct fault_row *row, uint32_t *status);
bool fault_list_has(const char *list, const char *word, size_t length);

/* What a rule of --fault is about. */
struct fault_rule {
    const char *text;                 /* of the option */
    uint32_t status;
    uint64_t nth;                     /* 0: every call */
    uint64_t key;                     /* only at this place; 0: anywhere */
};
void fault_rule_set(const struct fault_row *row, const struct fault_rule *rule);
int vf_inject_add_allocation(const struct fault_rule *rule);
/* An allocation under way, by a driver: does it fail now? */
bool vf_inject_allocation(const char *routine);

/* Places: what is noted, and the key of the one under way. */
#define FAULT_NOTE_ALLOCATIONS 1
#define FAULT_NOTE_CALLS 2
extern unsigned fault_noting;         /* constant once drivers run */
uint64_t fault_site_key(const char *routine);
void fault_site_note(const struct fault_row *row, const char *routine);

/* The halves of vf_inject_each. */
void vf_inject_each_rule(void (*fn)(const struct vf_inject_view *view, void *ctx), void *ctx);
void vf_inject_each_call(void (*fn)(const struct vf_inject_view *view, void *ctx), void *ctx);

uint32_t fb_status_value(const char *name, size_t length);        /* 0: no such name; generated from ntstatus.h */

#endif
