/* SPDX-License-Identifier: MIT */
/* The report as JUnit XML: a suite per filter, a test case per finding (failed, or skipped if it is
 * suppressed), one that passed where there is none; a suite for the run itself. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "host/jsontext.h"
#include "host/report.h"

/* Characters that XML does not have at all are left out. */
static void
put(FILE *to, const char *text)
{
    for (const unsigned char *p = (const unsigned char *)text; *p != '\0'; p++) {
        switch (*p) {
        case '<':
            fputs("&lt;", to);
            break;
        case '>':
            fputs("&gt;", to);
            break;
        case '&':
            fputs("&amp;", to);
            break;
        case '"':
            fputs("&quot;", to);
            break;
        default:
            if (*p >= 0x20 || *p == '\n' || *p == '\t') {
                fputc(*p, to);
            }
        }
    }
}

static void
attribute(FILE *to, const char *name, const char *value)
{
    fprintf(to, " %s=\"", name);
    put(to, value);
    fputc('"', to);
}

/* As the text report has it: the driver's frames, or all if there are none of the driver's. */
static void
put_stack(FILE *to, const json_t *stack, const char *what)
{
    const json_t *f;
    size_t i;
    const bool drivers = driver_frame(stack) != NULL;
    if (json_array_size(stack) != 0) {
        put(to, what);
        fputs(":\n", to);
    }
    json_array_foreach(stack, i, f)
    {
        if (drivers && !json_is_true(json_object_get(f, "driver"))) {
            continue;
        }
        fputs("  ", to);
        put(to, *str(f, "function") != '\0' ? str(f, "function") : "?");
        if (*str(f, "file") != '\0') {
            fputs(" (", to);
            put(to, str(f, "file"));
            fprintf(to, ":%" JSON_INTEGER_FORMAT ")", json_integer_value(json_object_get(f, "line")));
        }
        fputc('\n', to);
    }
}

static const char *
place(const json_t *finding, char *text, size_t size)
{
    const json_t *f = driver_frame(json_object_get(finding, "stack"));
    text[0] = '\0';
    if (f != NULL) {
        snprintf(text, size, " at %s (%s:%" JSON_INTEGER_FORMAT ")", str(f, "function"),
                 host_path_base(str(f, "file")), num(f, "line"));
    }
    return text;
}

static void
put_case(FILE *to, const char *suite, const json_t *f, bool suppressed)
{
    char at[512], *name = host_printf("%s %s%s", str(f, "code"), str(f, "title"),
                                      place(f, at, sizeof at));
    const json_t *related;
    size_t i;
    fputs("    <testcase", to);
    attribute(to, "classname", suite);
    attribute(to, "name", name);
    free(name);
    if (suppressed) {
        fputs("><skipped", to);
        attribute(to, "message", str(f, "suppressed_by"));
        fputs("/></testcase>\n", to);
        return;
    }
    fputs(">\n      <failure", to);
    attribute(to, "type", str(f, "code"));
    attribute(to, "message", str(f, "text"));
    fputs(">", to);
    put_stack(to, json_object_get(f, "stack"), "at");
    put_stack(to, json_object_get(f, "allocated_at"), "allocated");
    json_array_foreach(json_object_get(f, "related"), i, related)
    {
        put_stack(to, json_object_get(related, "stack"), str(related, "what"));
    }
    fputs("</failure>\n    </testcase>\n", to);
}

/* Findings of one filter; of none in the list of filters if filter is NULL. */
static bool
belongs(const json_t *report, const json_t *finding, const char *filter)
{
    const char *of = str(finding, "filter");
    const json_t *f;
    size_t i;
    if (filter != NULL) {
        return strcasecmp(of, filter) == 0;
    }
    json_array_foreach(json_object_get(report, "filters"), i, f)
    {
        if (strcasecmp(of, str(f, "name")) == 0) {
            return false;
        }
    }
    return true;
}

static unsigned
count(const json_t *report, const char *key, const char *filter)
{
    const json_t *f;
    unsigned n = 0;
    size_t i;
    json_array_foreach(json_object_get(report, key), i, f)
    {
        n += belongs(report, f, filter);
    }
    return n;
}

static void
put_findings(FILE *to, const json_t *report, const char *suite, const char *filter)
{
    static const char *const keys[] = {"findings", "suppressed"};
    const json_t *f;
    size_t i;
    for (unsigned k = 0; k < 2; k++) {
        json_array_foreach(json_object_get(report, keys[k]), i, f)
        {
            if (belongs(report, f, filter)) {
                put_case(to, suite, f, k == 1);
            }
        }
    }
}

static void
put_filter(FILE *to, const json_t *report, const char *filter)
{
    const unsigned failed = count(report, "findings", filter),
                   skipped = count(report, "suppressed", filter);
    fputs("  <testsuite", to);
    attribute(to, "name", filter);
    fprintf(to, " tests=\"%u\" failures=\"%u\" errors=\"0\" skipped=\"%u\">\n",
            failed + skipped != 0 ? failed + skipped : 1, failed, skipped);
    if (failed + skipped == 0) {
        fputs("    <testcase", to);
        attribute(to, "classname", filter);
        attribute(to, "name", "no findings");
        fputs("/>\n", to);
    }
    put_findings(to, report, filter, filter);
    fputs("  </testsuite>\n", to);
}

static void
put_run(FILE *to, const json_t *report)
{
    const json_t *run = json_object_get(report, "run"), *crash = json_object_get(report, "crash");
    const unsigned failed = count(report, "findings", NULL),
                   skipped = count(report, "suppressed", NULL);
    fprintf(to,
            "  <testsuite name=\"filterbed\" tests=\"%u\" failures=\"%u\" errors=\"%u\" "
            "skipped=\"%u\" time=\"%.3f\">\n",
            1 + failed + skipped, failed, crash != NULL ? 1u : 0u, skipped,
            json_real_value(json_object_get(run, "seconds")));
    fputs("    <testcase classname=\"filterbed\"", to);
    attribute(to, "name", json_is_object(run) ? str(run, "result") : "run");
    if (crash != NULL) {
        fputs("><error", to);
        attribute(to, "message", "the server died");
        attribute(to, "type", str(crash, "signal"));
        fputs(">", to);
        put_stack(to, json_object_get(crash, "stack"), "at");
        fputs("</error></testcase>\n", to);
    } else {
        fputs("/>\n", to);
    }
    put_findings(to, report, "filterbed", NULL);
    fputs("  </testsuite>\n", to);
}

int
report_junit(const json_t *report, FILE *to)
{
    const json_t *f;
    size_t i;
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"filterbed\">\n", to);
    json_array_foreach(json_object_get(report, "filters"), i, f)
    {
        put_filter(to, report, str(f, "name"));
    }
    put_run(to, report);
    fputs("</testsuites>\n", to);
    return ferror(to) ? -1 : 0;
}
