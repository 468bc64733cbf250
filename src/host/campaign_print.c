/* SPDX-License-Identifier: MIT */
/* What a campaign shows: how far it is, what was found, the table; and its reports. */
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "host/campaign.h"
#include "host/jsontext.h"
#include "host/report.h"

#define EVERY 2.0 /* seconds between lines of progress where lines stay */

static const char *
shorten(const struct campaign *c, const char *file)
{
    const size_t n = strlen(c->cwd);
    return n > 1 && strncmp(file, c->cwd, n) == 0 && file[n] == '/' ? file + n + 1 : file;
}

static void
add_frame(const struct campaign *c, struct host_buf *b, const json_t *frame)
{
    const char *function = str(frame, "function"), *file = str(frame, "file");
    host_buf_adds(b, *function != '\0' ? function : "?");
    if (*file != '\0') {
        host_buf_addf(b, " (%s:%" JSON_INTEGER_FORMAT ")", shorten(c, file), num(frame, "line"));
    }
}

/* "FltSetStreamContext = STATUS_X in f (a.c:1), by g (a.c:2)"; callers: how many of them. */
static char *
describe(const struct campaign *c, const json_t *point, size_t callers)
{
    struct host_buf b = {0};
    const json_t *stack = json_object_get(point, "stack");
    host_buf_adds(&b, str(point, "routine"));
    if (*str(point, "status") != '\0') {
        host_buf_addf(&b, " = %s", str(point, "status"));
    } else if (strncmp(str(point, "fault"), "alloc:", 6) == 0) {
        host_buf_adds(&b, " = no memory");
    }
    for (size_t i = 0; i < json_array_size(stack) && i <= callers; i++) {
        host_buf_adds(&b, i == 0 ? " in " : ", by ");
        add_frame(c, &b, json_array_get(stack, i));
    }
    return host_buf_take(&b);
}

/* ---- progress ---- */

static void
duration(char *text, size_t size, double seconds)
{
    if (seconds < 100) {
        snprintf(text, size, "%.0f s", seconds);
    } else {
        snprintf(text, size, "%.0f min", seconds / 60);
    }
}

void
campaign_progress(struct campaign *c, size_t done, size_t count, const json_t *point)
{
    const bool tty = isatty(2);
    const double now = campaign_now();
    char elapsed[32], left[64] = "";
    if (c->options->quiet || (!tty && c->progress_at != 0 && now - c->progress_at < EVERY)) {
        return;
    }
    c->progress_at = now;
    duration(elapsed, sizeof elapsed, now - c->started_at);
    if (done > c->done_before) {
        char eta[32];
        duration(eta, sizeof eta, (now - c->started_at) / (double)(done - c->done_before) * (double)(count - done));
        snprintf(left, sizeof left, ", about %s left", eta);
    }
    char *what = describe(c, point, 0);
    char *line = host_printf("filterbed: run %zu of %zu, %s%s: %s", done + 1, count, elapsed, left, what);
    if (tty) {
        struct winsize window = {0};
        const int width = ioctl(2, TIOCGWINSZ, &window) == 0 && window.ws_col > 10 ? window.ws_col - 1 : 79;
        fprintf(stderr, "\r\033[K%.*s", width, line);
    } else {
        fprintf(stderr, "%s\n", line);
    }
    fflush(stderr);
    free(what);
    free(line);
}

void
campaign_progress_end(const struct campaign *c)
{
    if (c->progress_at != 0 && isatty(2)) {
        fputs("\r\033[K", stderr);
    }
}

/* ---- the table ---- */

static void
print_point(const struct campaign *c, const json_t *point, FILE *to)
{
    struct host_buf outcome = {0};
    const json_t *code;
    size_t i;
    host_buf_adds(&outcome, str(point, "outcome"));
    json_array_foreach(json_object_get(point, "codes"), i, code)
    {
        if (i == 0 || strcmp(json_string_value(code), json_string_value(json_array_get(json_object_get(point, "codes"), i - 1))) != 0) {
            host_buf_addf(&outcome, " %s", json_string_value(code));
        }
    }
    char *what = describe(c, point, c->options->verbose ? 16 : 2);
    fprintf(to, "  %-16s %6" JSON_INTEGER_FORMAT "  %s\n", outcome.data, num(point, "calls"), what);
    if (*str(point, "text") != '\0' && json_array_size(json_object_get(point, "codes")) == 0) {
        fprintf(to, "%27s%s\n", "", str(point, "text"));
    }
    fprintf(to, "%27s--fault=%s\n", "", str(point, "fault"));
    free(what);
    host_buf_free(&outcome);
}

/* Points of one routine, place and outcome: a line with their number. */
static void
print_groups(const struct campaign *c, enum campaign_outcome outcome, FILE *to)
{
    json_t *seen = json_object(), *point;
    const char *key;
    json_t *group;
    size_t i;
    json_array_foreach(c->points, i, point)
    {
        if (campaign_ours(c, point) && campaign_outcome_of(point) == outcome) {
            json_t *short_point = json_copy(point);
            json_object_del(short_point, "status");
            json_object_del(short_point, "fault");
            char *what = describe(c, short_point, 0);
            json_t *old = json_object_get(seen, what);
            json_object_set_new(seen, what, json_integer(json_integer_value(old) + 1));
            free(what);
            json_decref(short_point);
        }
    }
    json_object_foreach(seen, key, group)
    {
        fprintf(to, "  %-16s %6" JSON_INTEGER_FORMAT "  %s\n", campaign_outcomes[outcome], json_integer_value(group), key);
    }
    json_decref(seen);
}

static int
compare_bad(const void *a, const void *b)
{
    const json_t *one = *(json_t *const *)a, *two = *(json_t *const *)b;
    const int worse = (int)campaign_outcome_of(one) - (int)campaign_outcome_of(two);
    const int routine = strcmp(str(one, "routine"), str(two, "routine"));
    return worse != 0 ? worse : routine != 0 ? routine : strcmp(str(one, "fault"), str(two, "fault"));
}

/* The worst first. */
static json_t *
bad_points(const struct campaign *c)
{
    json_t *list = json_array(), *point, **order = host_xalloc((json_array_size(c->points) + 1) * sizeof *order);
    size_t i, count = 0;
    json_array_foreach(c->points, i, point)
    {
        if (campaign_ours(c, point) && campaign_bad(campaign_outcome_of(point))) {
            order[count++] = point;
        }
    }
    qsort(order, count, sizeof *order, compare_bad);
    for (i = 0; i < count; i++) {
        json_array_append(list, order[i]);
    }
    free(order);
    return list;
}

static void
print_table(const struct campaign *c, const size_t *counts, size_t total, FILE *to)
{
    json_t *sorted = bad_points(c);
    size_t i, bad = 0;
    fprintf(to, "filterbed: campaign with --seed=%llu", (unsigned long long)c->seed);
    if (c->shards > 1) {
        fprintf(to, ", --shard=%u/%u", c->shard, c->shards);
    }
    fprintf(to, ": %zu point%s%s", total, total == 1 ? "" : "s", total == 0 ? "" : ":");
    for (int outcome = 0, first = 1; outcome < OUTCOME_COUNT; outcome++) {
        if (counts[outcome] != 0) {
            fprintf(to, "%s %zu %s", first ? "" : ",", counts[outcome], campaign_outcomes[outcome]);
            first = 0;
            bad += campaign_bad((enum campaign_outcome)outcome) ? counts[outcome] : 0;
        }
    }
    fputc('\n', to);
    if (bad != 0) {
        fprintf(to, "  %-16s %6s  %s\n", "outcome", "calls", "what failed, where; and to see it alone");
    }
    for (i = 0; i < json_array_size(sorted); i++) {
        print_point(c, json_array_get(sorted, i), to);
    }
    json_decref(sorted);
    if (bad + counts[OUTCOME_NOT_RUN] != total && (!c->options->quiet || to != stderr)) {
        fprintf(to, "  %-16s %6s  %s\n", "outcome", "points", "what failed, where");
        for (int outcome = OUTCOME_NOT_STARTED; outcome < OUTCOME_NOT_RUN; outcome++) {
            print_groups(c, (enum campaign_outcome)outcome, to);
        }
    }
}

/* ---- reports ---- */

static json_t *
results(const struct campaign *c)
{
    json_t *list = json_array(), *point;
    size_t i;
    json_array_foreach(c->points, i, point)
    {
        if (campaign_ours(c, point)) {
            json_t *copy = json_copy(point);
            json_object_del(copy, "findings");
            if (campaign_outcome_of(point) == OUTCOME_NOT_RUN) {
                json_object_set_new(copy, "outcome", json_string(campaign_outcomes[OUTCOME_NOT_RUN]));
            }
            json_array_append_new(list, copy);
        }
    }
    return list;
}

/* The report of the first run, with everybody's findings and the member "campaign". */
static json_t *
whole_report(const struct campaign *c, const size_t *counts, size_t total)
{
    json_t *report = json_copy(c->base), *findings = json_array(), *outcomes = json_object();
    char shard[32];
    json_array_extend(findings, json_object_get(c->base, "findings"));
    json_array_extend(findings, c->findings);
    json_object_set_new(report, "findings", findings);
    for (int outcome = 0; outcome < OUTCOME_COUNT; outcome++) {
        json_object_set_new(outcomes, campaign_outcomes[outcome], json_integer((json_int_t)counts[outcome]));
    }
    snprintf(shard, sizeof shard, "%u/%u", c->shard, c->shards);
    json_object_set_new(report, "campaign",
                        json_pack("{s:I, s:s, s:i, s:i, s:b, s:o, s:o}", "seed", (json_int_t)c->seed, "shard", shard,
                                  "points", (int)total, "points_of_all_shards", (int)json_array_size(c->points), "interrupted",
                                  c->signo != 0, "outcomes", outcomes, "results", results(c)));
    return report;
}

static void
print_findings(const struct campaign *c, const json_t *report)
{
    json_t *told = json_copy((json_t *)report);
    json_object_set_new(told, "filters", json_array());
    json_object_set_new(told, "unimplemented", json_array());
    json_object_del(told, "run");
    fflush(stdout);
    report_print(told, &(struct report_style){.verbose = c->options->verbose, .colour = isatty(2), .cwd = c->cwd}, stderr);
    json_decref(told);
}

int
campaign_tell(struct campaign *c)
{
    size_t counts[OUTCOME_COUNT] = {0}, total = 0, i;
    const json_t *point;
    struct host_error err;
    int rc = 0;
    json_array_foreach(c->points, i, point)
    {
        if (campaign_ours(c, point)) {
            counts[campaign_outcome_of(point)]++;
            total++;
        }
    }
    json_t *report = whole_report(c, counts, total);
    if (json_array_size(json_object_get(report, "findings")) != 0) {
        print_findings(c, report);
    }
    print_table(c, counts, total, stderr);
    for (i = 0; i < c->options->reports.count; i++) {
        const char *given = c->options->reports.items[i];
        char *kind = host_strndup(given, strcspn(given, ":"));
        if (report_save(report, kind, given + strlen(kind) + 1, &err) != 0) {
            fprintf(stderr, "filterbed: %s\n", err.text);
            rc = -1;
        } else if (strcmp(kind, "text") == 0) {
            FILE *to = fopen(given + strlen(kind) + 1, "ae");
            if (to != NULL) {
                print_table(c, counts, total, to);
                fclose(to);
            }
        }
        free(kind);
    }
    json_decref(report);
    return rc;
}
