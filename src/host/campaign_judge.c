/* SPDX-License-Identifier: MIT */
/* What came of a run: its findings, less those that come when nothing is made to fail. */
#include <stdlib.h>
#include <string.h>

#include "host/campaign.h"
#include "host/jsontext.h"
#include "host/report.h"

const char *const campaign_outcomes[OUTCOME_COUNT] = {"crash",       "hang",        "finding", "leak",   "failed",
                                                      "not started", "not reached", "clean",   "not run"};

enum campaign_outcome
campaign_outcome_of(const json_t *point)
{
    const char *name = str(point, "outcome");
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        if (strcmp(name, campaign_outcomes[i]) == 0) {
            return (enum campaign_outcome)i;
        }
    }
    return OUTCOME_NOT_RUN;
}

/* The same mistake by the same way through drivers. */
static char *
finding_identity(const json_t *finding)
{
    static const char *const parts[] = {"code", "rule", "filter", "kind"};
    struct host_buf key = {0};
    const json_t *frame;
    size_t i, drivers = 0;
    for (i = 0; i < sizeof parts / sizeof *parts; i++) {
        host_buf_addf(&key, "%s|", str(finding, parts[i]));
    }
    json_array_foreach(json_object_get(finding, "stack"), i, frame)
    {
        if (json_is_true(json_object_get(frame, "driver"))) {
            host_buf_addf(&key, "%s+%s|", str(frame, "module"), str(frame, "offset"));
            drivers++;
        }
    }
    if (drivers == 0) {
        host_buf_adds(&key, str(finding, "text"));
    }
    return host_buf_take(&key);
}

static json_t *
find_same(const json_t *list, const json_t *finding)
{
    char *wanted = finding_identity(finding);
    json_t *other, *found = NULL;
    size_t i;
    json_array_foreach(list, i, other)
    {
        char *identity = finding_identity(other);
        if (strcmp(identity, wanted) == 0) {
            found = other;
        }
        free(identity);
    }
    free(wanted);
    return found;
}

/* Each mistake once, with what brought it out. */
void
campaign_collect(struct campaign *c, json_t *finding, const char *fault)
{
    json_t *same = find_same(c->findings, finding);
    if (same == NULL) {
        same = json_copy(finding); /* the point's own stays as it is */
        json_object_set_new(same, "faults", json_array());
        json_array_append_new(c->findings, same);
    } else {
        json_object_set_new(same, "count", json_integer(num(same, "count") + num(finding, "count")));
    }
    json_array_append_new(json_object_get(same, "faults"), json_string(fault));
}

static enum campaign_outcome
finding_outcome(const char *code)
{
    static const char *const leaks[] = {"K-01", "K-09", "K-10", "K-14", "K-20"};
    if (strcmp(code, "K-00") == 0) {
        return OUTCOME_CRASH;
    }
    if (strncmp(code, "H-", 2) == 0) {
        return OUTCOME_HANG;
    }
    for (size_t i = 0; i < sizeof leaks / sizeof *leaks; i++) {
        if (strcmp(code, leaks[i]) == 0) {
            return OUTCOME_LEAK;
        }
    }
    return OUTCOME_FINDING;
}

static enum campaign_outcome
worse(enum campaign_outcome a, enum campaign_outcome b)
{
    return a < b ? a : b;
}

/* The findings that are new; sets codes and text. */
static enum campaign_outcome
judge_findings(struct campaign *c, json_t *point, const json_t *report)
{
    enum campaign_outcome outcome = OUTCOME_CLEAN;
    json_t *finding, *codes = json_array(), *own = json_array();
    size_t i;
    json_array_foreach(json_object_get(report, "findings"), i, finding)
    {
        if (find_same(json_object_get(c->base, "findings"), finding) != NULL) {
            continue;
        }
        const char *code = str(finding, "code");
        const enum campaign_outcome this = finding_outcome(code);
        if (this < outcome) {
            json_object_set(point, "text", json_object_get(finding, "text"));
        }
        outcome = worse(outcome, this);
        json_array_append_new(codes, json_string(code));
        json_array_append(own, finding);
        campaign_collect(c, finding, str(point, "fault"));
    }
    json_object_set_new(point, "codes", codes);
    json_object_set_new(point, "findings", own);
    return outcome;
}

static bool
reached(const json_t *report, const char *fault)
{
    const json_t *j;
    size_t i;
    json_array_foreach(json_object_get(report, "faults"), i, j)
    {
        if (strcmp(str(j, "fault"), fault) == 0 && num(j, "failed") != 0) {
            return true;
        }
    }
    return false;
}

/* The server is gone: by a signal of its own, or because it did not end. */
static enum campaign_outcome
judge_crash(json_t *point, const json_t *crash)
{
    char *text = host_printf("the server died: %s%s%s%s%s", str(crash, "signal"), *str(crash, "driver") != '\0' ? " in " : "",
                             str(crash, "driver"), *str(crash, "operation") != '\0' ? " during " : "", str(crash, "operation"));
    json_object_set_new(point, "text", json_string(text));
    json_object_set(point, "crash", (json_t *)crash);
    free(text);
    return strcmp(str(crash, "signal"), "SIGKILL") == 0 ? OUTCOME_HANG : OUTCOME_CRASH;
}

/* A driver that is unloaded when nothing fails is to be unloaded then, too. */
static bool
left_loaded(const struct campaign *c, json_t *point, const json_t *report)
{
    const json_t *filter, *other;
    size_t i, k;
    json_array_foreach(json_object_get(report, "filters"), i, filter)
    {
        json_array_foreach(json_object_get(c->base, "filters"), k, other)
        {
            if (strcmp(str(filter, "name"), str(other, "name")) == 0 && strcmp(str(other, "state"), "unloaded") == 0 &&
                strcmp(str(filter, "state"), "unloaded") != 0) {
                char *text = host_printf("%s: %s", str(filter, "name"), str(filter, "state"));
                json_object_set_new(point, "text", json_string(text));
                free(text);
                return true;
            }
        }
    }
    return false;
}

/* Of a filterbed that has one in it: what it says about filterbed itself is nowhere else. */
static bool
sanitizer_spoke(const char *output)
{
    return strstr(output, "ThreadSanitizer") != NULL || strstr(output, "AddressSanitizer") != NULL ||
           strstr(output, "LeakSanitizer") != NULL || strstr(output, "runtime error: ") != NULL;
}

void
campaign_judge(struct campaign *c, json_t *point, struct campaign_run *run)
{
    const json_t *crash = json_object_get(run->report, "crash");
    enum campaign_outcome outcome = run->report != NULL ? judge_findings(c, point, run->report) : OUTCOME_CLEAN;
    if (json_is_object(crash)) {
        outcome = worse(outcome, judge_crash(point, crash));
    }
    if (run->timed_out) {
        outcome = worse(outcome, OUTCOME_HANG);
        if (!json_is_string(json_object_get(point, "text"))) {
            json_object_set_new(point, "text", json_string("the run did not end in time and was ended"));
        }
    } else if (run->report == NULL) {
        outcome = run->started || *run->error == '\0' ? OUTCOME_FAILED : OUTCOME_NOT_STARTED;
    }
    if (outcome == OUTCOME_CLEAN && !run->started) {
        outcome = OUTCOME_NOT_STARTED;
        json_object_set_new(point, "text", json_string(run->error));
    } else if (outcome == OUTCOME_CLEAN && left_loaded(c, point, run->report)) {
        outcome = OUTCOME_FINDING;
    } else if (outcome == OUTCOME_CLEAN && !reached(run->report, str(point, "fault"))) {
        outcome = OUTCOME_NOT_REACHED;
    }
    if (outcome == OUTCOME_FAILED || (json_is_object(crash) && outcome == OUTCOME_CRASH) || sanitizer_spoke(run->output)) {
        campaign_progress_end(c);
        fputs(run->output, stderr);
    }
    json_object_set_new(point, "outcome", json_string(campaign_outcomes[outcome]));
    json_object_set_new(point, "seconds", json_real(run->seconds));
}
