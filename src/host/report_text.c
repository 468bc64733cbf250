/* SPDX-License-Identifier: MIT */
/* The report as text for people. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "host/jsontext.h"
#include "host/report.h"

#define WIDTH 100

struct printer {
    FILE *to;
    const struct report_style *style;
};

static const char *
plural(json_int_t n)
{
    return n == 1 ? "" : "s";
}

static void
strong(const struct printer *p, const char *s)
{
    fprintf(p->to, p->style->colour ? "\033[1m%s\033[0m" : "%s", s);
}

/* Words of text, in lines that begin behind `indent` blanks. */
static void
wrap(const struct printer *p, int indent, const char *text)
{
    int column = 0;
    for (;;) {
        text += strspn(text, " ");
        int n = (int)strcspn(text, " ");
        if (n == 0) {
            break;
        }
        if (column != 0 && column + 1 + n > WIDTH) {
            fputc('\n', p->to);
            column = 0;
        }
        if (column == 0) {
            column = fprintf(p->to, "%*s%.*s", indent, "", n, text);
        } else {
            column += fprintf(p->to, " %.*s", n, text);
        }
        text += n;
    }
    fputc('\n', p->to);
}

/* ---- filters ---- */

static void
print_operations(const struct printer *p, const json_t *f)
{
    const json_t *list = json_object_get(f, "operations"), *o;
    const bool legacy = json_is_true(json_object_get(f, "legacy"));
    size_t i;
    if (json_array_size(list) == 0) {
        fprintf(p->to, "    saw no operation\n");
        return;
    }
    if (legacy) {
        fprintf(p->to, "    %-40s %12s\n", "request", "dispatched");
        json_array_foreach(list, i, o)
        {
            fprintf(p->to, "    %-40s %12" JSON_INTEGER_FORMAT "\n", str(o, "operation"),
                    num(o, "pre"));
        }
        fprintf(p->to, "    %-40s %12" JSON_INTEGER_FORMAT "\n", "calls of completion routines",
                num(f, "completions"));
        return;
    }
    fprintf(p->to, "    %-40s %12s %12s\n", "operation", "pre", "post");
    json_array_foreach(list, i, o)
    {
        fprintf(p->to, "    %-40s %12" JSON_INTEGER_FORMAT " %12" JSON_INTEGER_FORMAT "\n",
                str(o, "operation"), num(o, "pre"), num(o, "post"));
    }
}

static void
print_counts(const struct printer *p, const json_t *list, const char *title)
{
    const json_t *o;
    size_t i;
    if (json_array_size(list) == 0) {
        return;
    }
    fprintf(p->to, "    %-27s %12s %12s %12s %12s\n", title, "allocated", "freed", "live", "peak");
    json_array_foreach(list, i, o)
    {
        fprintf(p->to,
                "    %-27s %12" JSON_INTEGER_FORMAT " %12" JSON_INTEGER_FORMAT
                " %12" JSON_INTEGER_FORMAT " %12" JSON_INTEGER_FORMAT "\n",
                str(o, "kind"), num(o, "allocated"), num(o, "freed"), num(o, "live"),
                num(o, "peak"));
    }
}

static void
print_reason(const struct printer *p, const char *what, const char *reason)
{
    if (reason != NULL && *reason != '\0') {
        char *line = host_printf("%s%s", what, reason);
        wrap(p, 4, line);
        free(line);
    }
}

static void
print_filter(const struct printer *p, const json_t *f)
{
    fprintf(p->to, "\n  ");
    strong(p, str(f, "name"));
    if (json_is_string(json_object_get(f, "altitude"))) {
        fprintf(p->to, ", altitude %s", str(f, "altitude"));
    }
    const json_int_t n = num(f, "instances");
    if (json_is_true(json_object_get(f, "file_system"))) {
        fprintf(p->to, ", a file system, %s\n", str(f, "state"));
    } else if (json_is_true(json_object_get(f, "legacy"))) {
        fprintf(p->to, ", a legacy driver, attached to %" JSON_INTEGER_FORMAT " volume%s, %s\n", n,
                plural(n), str(f, "state"));
    } else {
        fprintf(p->to, ", %" JSON_INTEGER_FORMAT " instance%s, %s\n", n, plural(n),
                str(f, "state"));
    }
    print_reason(p, "not attached: ", str(f, "not_attached"));
    print_reason(p, "", str(f, "unload"));
    if (*str(f, "not_attached") == '\0') {
        print_operations(p, f);
    }
    print_counts(p, json_object_get(f, "contexts"), "contexts");
    print_counts(p, json_object_get(f, "objects"), "other objects");
}

/* ---- frames ---- */

static const char *
shorten(const struct printer *p, const char *file)
{
    const char *cwd = p->style->cwd;
    size_t n = cwd != NULL ? strlen(cwd) : 0;
    if (n > 1 && strncmp(file, cwd, n) == 0 && file[n] == '/') {
        return file + n + 1;
    }
    return file;
}

static void
print_frame(const struct printer *p, const json_t *f, bool first, int indent)
{
    const char *function = str(f, "function"), *file = str(f, "file"), *module = str(f, "module");
    const char *base = strrchr(module, '/');
    base = base != NULL ? base + 1 : module;
    fprintf(p->to, "%*s%s %s", indent, "", first ? "at" : "by", *function != '\0' ? function : "?");
    if (*file != '\0') {
        fprintf(p->to, " (%s:%" JSON_INTEGER_FORMAT ")", shorten(p, file), num(f, "line"));
    } else {
        fprintf(p->to, " (%s+%s)", *base != '\0' ? base : "no module", str(f, "offset"));
    }
    fprintf(p->to, "%s\n", json_is_true(json_object_get(f, "inlined")) ? " inlined" : "");
}

/* The driver's frames; all of them if there are none of the driver's, or asked for. */
static void
print_stack(const struct printer *p, const json_t *stack, int indent)
{
    const json_t *f;
    size_t i;
    const bool all = p->style->verbose || driver_frame(stack) == NULL;
    bool first = true;
    json_array_foreach(stack, i, f)
    {
        if (all || json_is_true(json_object_get(f, "driver"))) {
            print_frame(p, f, first, indent);
            first = false;
        }
    }
}

/* ---- findings ---- */

static void
print_finding(const struct printer *p, const json_t *f, size_t number)
{
    char head[160];
    const json_t *related;
    size_t i;
    const char *rule = str(f, "rule"), *bugcheck = str(f, "bugcheck");
    snprintf(head, sizeof head, "[%zu] %s: %s%s%s", number,
             json_is_string(json_object_get(f, "filter")) ? str(f, "filter") : "filterbed",
             str(f, "code"), *rule != '\0' ? ", rule " : "", rule);
    fprintf(p->to, "\n  ");
    strong(p, head);
    fputc('\n', p->to);
    wrap(p, 4, str(f, "text"));
    print_stack(p, json_object_get(f, "stack"), 6);
    print_reason(p, "made to fail: ", json_string_value(json_array_get(json_object_get(f, "faults"), 0)));
    const json_t *allocated = json_object_get(f, "allocated_at");
    if (json_array_size(allocated) != 0) {
        fprintf(p->to, "    allocated\n");
        print_stack(p, allocated, 6);
    }
    const char *operation = str(f, "operation");
    if (*operation != '\0' && strstr(str(f, "text"), operation) == NULL) {
        fprintf(p->to, "    during %s, thread %" JSON_INTEGER_FORMAT "\n", operation,
                num(f, "thread"));
    }
    json_array_foreach(json_object_get(f, "related"), i, related)
    {
        fprintf(p->to, "    %s\n", str(related, "what"));
        print_stack(p, json_object_get(related, "stack"), 6);
    }
    if (*bugcheck != '\0') {
        fprintf(p->to, "    on Windows: bug check %s\n", bugcheck);
    } else {
        print_reason(p, "on Windows: ", str(f, "windows"));
    }
    print_reason(p, "to fix: ", str(f, "fix"));
    if (num(f, "count") > 1) {
        fprintf(p->to, "    %" JSON_INTEGER_FORMAT " times in this place; the first one is shown\n",
                num(f, "count"));
    }
}

static void
print_findings(const struct printer *p, const json_t *report)
{
    const json_t *list = json_object_get(report, "findings"), *f;
    size_t i;
    if (json_array_size(list) == 0) {
        return;
    }
    json_array_foreach(list, i, f)
    {
        print_finding(p, f, i + 1);
    }
}

static void
print_unimplemented(const struct printer *p, const json_t *report)
{
    const json_t *list = json_object_get(report, "unimplemented"), *u;
    size_t i;
    if (json_array_size(list) == 0) {
        return;
    }
    fprintf(p->to, "\n  routines that filterbed declares but does not have; they failed with "
                   "STATUS_NOT_IMPLEMENTED\n");
    json_array_foreach(list, i, u)
    {
        const json_t *caller = json_object_get(u, "caller");
        const char *filter = str(u, "filter"), *file = str(caller, "file");
        fprintf(p->to, "    %s, called %" JSON_INTEGER_FORMAT " time%s%s%s", str(u, "routine"),
                num(u, "count"), plural(num(u, "count")), *filter != '\0' ? " by " : "", filter);
        if (*file != '\0') {
            fprintf(p->to, " in %s (%s:%" JSON_INTEGER_FORMAT ")", str(caller, "function"),
                    shorten(p, file), num(caller, "line"));
        }
        fputc('\n', p->to);
    }
}

static void
print_fault(const struct printer *p, const json_t *fault)
{
    const json_int_t failed = num(fault, "failed"), calls = num(fault, "calls");
    fprintf(p->to, "    %s: ", str(fault, "fault"));
    if (failed == 0) {
        fprintf(p->to, "nothing failed: there were only %" JSON_INTEGER_FORMAT " call%s\n", calls, plural(calls));
        return;
    }
    fprintf(p->to, "%" JSON_INTEGER_FORMAT " of %" JSON_INTEGER_FORMAT " call%s failed, %s%s", failed, calls,
            plural(calls), failed > 1 ? "first " : "", str(fault, "routine"));
    const json_t *frame = driver_frame(json_object_get(fault, "stack"));
    if (frame != NULL) {
        fprintf(p->to, " in %s (%s:%" JSON_INTEGER_FORMAT ")", str(frame, "function"),
                shorten(p, str(frame, "file")), num(frame, "line"));
    }
    fputc('\n', p->to);
}

static void
print_faults(const struct printer *p, const json_t *report)
{
    const json_t *list = json_object_get(report, "faults"), *fault;
    size_t i;
    if (json_array_size(list) == 0) {
        return;
    }
    fprintf(p->to, "\n  made to fail\n");
    json_array_foreach(list, i, fault)
    {
        print_fault(p, fault);
    }
}

static void
print_events(const struct printer *p, const json_t *report)
{
    const json_t *e;
    size_t i;
    json_array_foreach(json_object_get(report, "events"), i, e)
    {
        fprintf(p->to, "\n  event %" JSON_INTEGER_FORMAT ", %s: %s\n", num(e, "id"), str(e, "source"), str(e, "text"));
    }
}

static void
print_crash(const struct printer *p, const json_t *report)
{
    const json_t *c = json_object_get(report, "crash");
    if (!json_is_object(c)) {
        return;
    }
    fprintf(p->to, "\n  ");
    strong(p, "the server died");
    fprintf(p->to, ": %s", str(c, "signal"));
    if (*str(c, "driver") != '\0') {
        fprintf(p->to, " in %s", str(c, "driver"));
    }
    if (*str(c, "operation") != '\0') {
        fprintf(p->to, " during %s", str(c, "operation"));
    }
    fputc('\n', p->to);
    print_stack(p, json_object_get(c, "stack"), 6);
}

/* How often each was used; those that were not, a line each. */
static void
print_suppressed(const struct printer *p, const json_t *report)
{
    const json_t *list = json_object_get(report, "suppressions"), *s;
    const json_int_t hidden = (json_int_t)json_array_size(json_object_get(report, "suppressed"));
    size_t i;
    json_array_foreach(list, i, s)
    {
        if (num(s, "uses") != 0) {
            fprintf(p->to, "filterbed: suppressed %" JSON_INTEGER_FORMAT " time%s by \"%s\"\n",
                    num(s, "uses"), plural(num(s, "uses")), str(s, "name"));
        } else {
            fprintf(p->to, "filterbed: %s:%" JSON_INTEGER_FORMAT ": a suppression that was not used\n",
                    str(s, "file"), num(s, "line"));
        }
    }
    if (hidden != 0) {
        fprintf(p->to, "filterbed: %" JSON_INTEGER_FORMAT " finding%s suppressed\n", hidden,
                plural(hidden));
    }
}

static void
print_summary(const struct printer *p, const json_t *report)
{
    const json_int_t findings = (json_int_t)json_array_size(json_object_get(report, "findings"));
    json_int_t times = 0;
    const json_t *f;
    size_t i;
    json_array_foreach(json_object_get(report, "findings"), i, f)
    {
        times += num(f, "count");
    }
    fprintf(p->to, "\n");
    print_suppressed(p, report);
    if (findings == 0) {
        fprintf(p->to, "filterbed: no findings\n");
    } else {
        fprintf(p->to, "filterbed: %" JSON_INTEGER_FORMAT " finding%s", findings, plural(findings));
        if (times > findings) {
            fprintf(p->to, ", %" JSON_INTEGER_FORMAT " occurrences", times);
        }
        fputc('\n', p->to);
    }
}

static void
print_header(const struct printer *p, const json_t *report)
{
    const json_t *run = json_object_get(report, "run");
    fprintf(p->to, "filterbed: report");
    if (json_is_object(run)) {
        fprintf(p->to, " on %s, %s, %.1f s\n", str(run, "target"), str(run, "result"),
                json_real_value(json_object_get(run, "seconds")));
    } else {
        fputc('\n', p->to);
    }
}

void
report_print(const json_t *report, const struct report_style *style, FILE *to)
{
    const struct printer p = {to, style};
    const json_t *f;
    size_t i;
    print_header(&p, report);
    json_array_foreach(json_object_get(report, "filters"), i, f)
    {
        print_filter(&p, f);
    }
    print_events(&p, report);
    print_crash(&p, report);
    print_findings(&p, report);
    print_unimplemented(&p, report);
    print_faults(&p, report);
    print_summary(&p, report);
}
