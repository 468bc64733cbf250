/* SPDX-License-Identifier: MIT */
/* --fault: what its values mean, and what is said of those that mean nothing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vf/injectp.h"

#define NAME_MAX_LENGTH 80            /* of what is quoted */
#define NEAR 3

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

static bool
option_key(const char *text, uint64_t *key)
{
    if (strlen(text) != 16 || strspn(text, "0123456789abcdef") != 16) {
        return false;
    }
    *key = strtoull(text, NULL, 16);
    return *key != 0;
}

/* ---- near names ---- */

static char
letter(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* How many letters are to be changed, put in or left out; case is nothing. */
static unsigned
distance(const char *a, size_t n, const char *b, size_t m)
{
    unsigned row[NAME_MAX_LENGTH + 1];
    n = n < NAME_MAX_LENGTH ? n : NAME_MAX_LENGTH;
    m = m < NAME_MAX_LENGTH ? m : NAME_MAX_LENGTH;
    for (size_t k = 0; k <= m; k++) {
        row[k] = (unsigned)k;
    }
    for (size_t i = 1; i <= n; i++) {
        unsigned corner = row[0];
        row[0] = (unsigned)i;
        for (size_t k = 1; k <= m; k++) {
            const unsigned changed = corner + (letter(a[i - 1]) != letter(b[k - 1]));
            const unsigned moved = (row[k] < row[k - 1] ? row[k] : row[k - 1]) + 1;
            corner = row[k];
            row[k] = changed < moved ? changed : moved;
        }
    }
    return row[m];
}

static int
unknown_routine(const char *word, size_t length, char *message, size_t size)
{
    const struct fault_row *near[NEAR] = {NULL};
    unsigned away[NEAR] = {0};
    for (unsigned i = 0; i < fault_row_count; i++) {
        const struct fault_row *row = &fault_rows[i];
        unsigned n = distance(word, length, row->routine, strlen(row->routine));
        for (unsigned k = 0; row != NULL && k < NEAR; k++) {
            if (near[k] == NULL || n < away[k]) {
                const struct fault_row *pushed = near[k];
                const unsigned old = away[k];
                near[k] = row;
                away[k] = n;
                row = pushed;
                n = old;
            }
        }
    }
    snprintf(message, size, "--fault: %.*s cannot be made to fail; near names that can: %s, %s, %s (all: --fault=list)",
             (int)(length < NAME_MAX_LENGTH ? length : NAME_MAX_LENGTH), word, near[0]->routine, near[1]->routine, near[2]->routine);
    return -1;
}

static int
unknown_status(const struct fault_row *row, const char *word, size_t length, char *message, size_t size)
{
    size_t used = (size_t)snprintf(message, size, "--fault: %s does not fail with %.*s; it does with:", row->routine,
                                   (int)(length < NAME_MAX_LENGTH ? length : NAME_MAX_LENGTH), word);
    for (const char *at = row->statuses; *at != 0 && used < size;) {
        const size_t n = strcspn(at, " ");
        used += (size_t)snprintf(message + used, size - used, " STATUS_%.*s", (int)n, at);
        at += n + (at[n] == ' ');
    }
    return -1;
}

/* ---- status: ---- */

static int
option_call(const char *at, const struct fault_row *row, struct fault_rule *rule, char *message, size_t size)
{
    if (strncmp(at, "site=", 5) == 0) {
        rule->nth = 1;
        if (!option_key(at + 5, &rule->key)) {
            snprintf(message, size, "--fault: %s@site= takes a key that a campaign has printed, not \"%.40s\"", row->routine, at + 5);
            return -1;
        }
        return 0;
    }
    if (!option_number(at, &rule->nth)) {
        snprintf(message, size, "--fault: which call of %s is to fail is a number from 1, not \"%.40s\"", row->routine, at);
        return -1;
    }
    return 0;
}

static int
option_status(const char *text, bool apply, char *message, size_t size)
{
    const char *routine = text + strlen("status:");
    const size_t length = strcspn(routine, "=");
    const char *status = routine + length + (routine[length] == '=');
    const size_t status_length = strcspn(status, "@");
    const struct fault_row *row = fault_row_find(routine, length);
    struct fault_rule rule = {.text = text};
    if (strcmp(routine, "note") == 0) {
        fault_noting |= apply ? FAULT_NOTE_CALLS : 0;
        return 0;
    }
    if (row == NULL || strcmp(row->statuses, "NULL") == 0) {
        return unknown_routine(routine, length, message, size);
    }
    if (status_length < 7 || memcmp(status, "STATUS_", 7) != 0 || !fault_list_has(row->statuses, status + 7, status_length - 7)) {
        return unknown_status(row, status, status_length, message, size);
    }
    if (status[status_length] == '@' && option_call(status + status_length + 1, row, &rule, message, size) != 0) {
        return -1;
    }
    rule.status = fb_status_value(status, status_length);
    if (apply) {
        fault_rule_set(row, &rule);
    }
    return 0;
}

/* ---- alloc: ---- */

static int
option_alloc(const char *text, bool apply, char *message, size_t size)
{
    const char *what = text + strlen("alloc:");
    struct fault_rule rule = {.text = text};
    if (strcmp(what, "note") == 0) {
        rule.text = NULL;
        fault_noting |= apply ? FAULT_NOTE_ALLOCATIONS : 0;
    } else if (strncmp(what, "site=", 5) == 0) {
        rule.nth = 1;
        if (!option_key(what + 5, &rule.key)) {
            snprintf(message, size, "--fault=alloc:site= takes a key that a campaign has printed, not \"%.40s\"", what + 5);
            return -1;
        }
    } else if (!option_number(what, &rule.nth)) {
        snprintf(message, size, "--fault=alloc: takes the number of the allocation that is to fail, from 1, or all, not \"%.40s\"", what);
        return -1;
    }
    if (apply) {
        fault_rule_set(NULL, &rule);
        if (vf_inject_add_allocation(&rule) < 0) {
            snprintf(message, size, "--fault is given too often");
            return -1;
        }
    }
    return 0;
}

int
vf_inject_option(const char *text, bool apply, char *message, size_t size)
{
    if (strncmp(text, "status:", 7) == 0) {
        return option_status(text, apply, message, size);
    }
    if (strncmp(text, "alloc:", 6) == 0) {
        return option_alloc(text, apply, message, size);
    }
    snprintf(message, size, "--fault takes alloc:N, alloc:all, status:ROUTINE=STATUS_NAME[@N], status:all or list, not \"%.80s\"", text);
    return -1;
}

const char *
vf_inject_row(unsigned index, const char **statuses, bool *all)
{
    if (index >= fault_row_count) {
        return NULL;
    }
    *statuses = fault_rows[index].statuses;
    *all = fault_rows[index].kind == FAULT_CALL || fault_rows[index].kind == FAULT_REQUEST;
    return fault_rows[index].routine;
}
