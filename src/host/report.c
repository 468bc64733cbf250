/* SPDX-License-Identifier: MIT */
/* The report: frames get names, results get saved; fbed_report. */
#include "host/report.h"

#include <errno.h>
#include <filterbed/filterbed.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/symbol.h"

struct resolver {
    struct symbols *symbols;
    const json_t *modules;
    json_t *list; /* where frames go */
    const json_t *module;
    char offset[32];
};

static json_t *
maybe(const char *s)
{
    json_t *j = s != NULL ? json_string(s) : NULL;
    return j != NULL ? j : json_null();
}

static void
add_frame(const struct symbol_frame *f, void *ctx)
{
    struct resolver *r = ctx;
    const char *path =
        r->module != NULL ? json_string_value(json_object_get(r->module, "path")) : NULL;
    json_array_append_new(
        r->list,
        json_pack("{s:o, s:o, s:i, s:b, s:o, s:s, s:b}", "function", maybe(f->function), "file",
                  maybe(f->file), "line", f->line, "inlined", f->inlined, "module", maybe(path),
                  "offset", r->offset, "driver",
                  r->module != NULL && json_is_true(json_object_get(r->module, "driver"))));
}

/* One [module, offset, call]. */
static void
resolve_frame(struct resolver *r, const json_t *raw)
{
    const json_int_t index = json_integer_value(json_array_get(raw, 0)),
                     offset = json_integer_value(json_array_get(raw, 1));
    r->module = index >= 0 ? json_array_get(r->modules, (size_t)index) : NULL;
    snprintf(r->offset, sizeof r->offset, "0x%" PRIx64, (uint64_t)offset);
    if (r->module == NULL) {
        add_frame(&(struct symbol_frame){0}, r);
        return;
    }
    symbols_resolve(r->symbols, json_string_value(json_object_get(r->module, "path")),
                    (uint64_t)offset, json_is_true(json_array_get(raw, 2)), add_frame, r);
}

static void
resolve_list(struct resolver *r, json_t *owner, const char *key)
{
    json_t *raw = json_object_get(owner, key), *j;
    size_t i;
    if (raw == NULL || !json_is_array(raw) ||
        (json_array_size(raw) > 0 && !json_is_array(json_array_get(raw, 0)))) {
        return; /* done before */
    }
    r->list = json_array();
    json_array_foreach(raw, i, j)
    {
        resolve_frame(r, j);
    }
    json_object_set_new(owner, key, r->list);
}

/* ---- one mistake, one finding ---- */

/* What makes two findings one: the same code by the same way through the driver. Below that, in the
 * runtime, ways differ. */
static char *
finding_key(const json_t *finding, const json_t *modules)
{
    static const char *const parts[] = {"code", "rule", "filter", "kind"};
    struct host_buf drivers = {0}, all = {0}, key = {0};
    json_t *frame;
    size_t i;
    json_array_foreach(json_object_get(finding, "stack"), i, frame)
    {
        const json_int_t index = json_integer_value(json_array_get(frame, 0)),
                         at = json_integer_value(json_array_get(frame, 1));
        const json_t *module = index >= 0 ? json_array_get(modules, (size_t)index) : NULL;
        host_buf_addf(&all, "|%d+%" JSON_INTEGER_FORMAT, (int)index, at);
        if (json_is_true(json_object_get(module, "driver"))) {
            host_buf_addf(&drivers, "|%d+%" JSON_INTEGER_FORMAT, (int)index, at);
        }
    }
    for (i = 0; i < sizeof parts / sizeof *parts; i++) {
        const char *part = json_string_value(json_object_get(finding, parts[i]));
        host_buf_addf(&key, "%s|", part != NULL ? part : "");
    }
    /* Without any place the text is all there is. */
    host_buf_adds(&key, drivers.len != 0 ? drivers.data
                        : all.len != 0   ? all.data
                                         : json_string_value(json_object_get(finding, "text")));
    /* A place that is a whole routine, looked at after its return, says as little. */
    if (json_array_size(json_object_get(finding, "stack")) == 1) {
        host_buf_addf(&key, "|%s", json_string_value(json_object_get(finding, "text")));
    }
    host_buf_free(&drivers);
    host_buf_free(&all);
    return host_buf_take(&key);
}

static void
merge_findings(json_t *report)
{
    json_t *merged = json_array(), *first = json_object(), *f;
    const json_t *modules = json_object_get(report, "modules");
    size_t i;
    json_array_foreach(json_object_get(report, "findings"), i, f)
    {
        char *key = finding_key(f, modules);
        json_t *same = json_object_get(first, key);
        if (same != NULL) {
            json_object_set_new(same, "count",
                                json_integer(json_integer_value(json_object_get(same, "count")) +
                                             json_integer_value(json_object_get(f, "count"))));
        } else {
            json_array_append(merged, f);
            json_object_set(first, key, f);
        }
        free(key);
    }
    json_decref(first);
    json_object_set_new(report, "findings", merged);
}

static void
resolve_finding(struct resolver *r, json_t *finding)
{
    json_t *related;
    size_t i;
    resolve_list(r, finding, "stack");
    resolve_list(r, finding, "allocated_at");
    json_array_foreach(json_object_get(finding, "related"), i, related)
    {
        resolve_list(r, related, "stack");
    }
}

void
report_symbolize_finding(json_t *finding, const json_t *modules)
{
    struct resolver r = {.symbols = symbols_create(), .modules = modules};
    resolve_finding(&r, finding);
    symbols_free(r.symbols);
}

void
report_symbolize(json_t *report)
{
    merge_findings(report);
    struct resolver r = {.symbols = symbols_create(),
                         .modules = json_object_get(report, "modules")};
    json_t *j;
    size_t i;
    json_array_foreach(json_object_get(report, "findings"), i, j)
    {
        resolve_finding(&r, j);
    }
    json_array_foreach(json_object_get(report, "unimplemented"), i, j)
    {
        json_t *caller = json_object_get(j, "caller");
        if (json_is_array(caller)) {
            json_object_set_new(j, "callers", json_pack("[O]", caller));
            resolve_list(&r, j, "callers");
            json_object_set(j, "caller", json_array_get(json_object_get(j, "callers"), 0));
            json_object_del(j, "callers");
        }
    }
    json_array_foreach(json_object_get(report, "faults"), i, j)
    {
        resolve_list(&r, j, "stack");
    }
    json_array_foreach(json_object_get(report, "sites"), i, j)
    {
        resolve_list(&r, j, "stack");
    }
    json_t *crash = json_object_get(report, "crash");
    if (json_is_object(crash)) {
        resolve_list(&r, crash, "stack");
    }
    symbols_free(r.symbols);
}

unsigned
report_findings(const json_t *report)
{
    return (unsigned)json_array_size(json_object_get(report, "findings"));
}

int
report_save(const json_t *report, const char *kind, const char *path, struct host_error *err)
{
    FILE *to = fopen(path, "we");
    if (to == NULL) {
        return host_fail(err, "cannot write the report to %s: %s", path, strerror(errno));
    }
    int bad = 0;
    if (strcmp(kind, "json") == 0) {
        json_t *copy = json_copy((json_t *)report);
        json_object_del(copy, "modules");
        bad = json_dumpf(copy, to, JSON_INDENT(2)) != 0 || fputc('\n', to) == EOF;
        json_decref(copy);
    } else if (strcmp(kind, "sarif") == 0) {
        bad = report_sarif(report, to) != 0;
    } else if (strcmp(kind, "junit") == 0) {
        bad = report_junit(report, to) != 0;
    } else {
        char cwd[4096];
        report_print(report, &(struct report_style){.cwd = getcwd(cwd, sizeof cwd)}, to);
    }
    bad |= ferror(to);
    if (fclose(to) != 0 || bad) {
        return host_fail(err, "cannot write the report to %s: %s", path, strerror(errno));
    }
    return 0;
}

int
fbed_report(fbed_machine *machine, enum fbed_report_kind kind, char **result)
{
    size_t size;
    char cwd[4096];
    json_t *report = report_collect(machine);
    report_symbolize(report);
    if (kind == FBED_REPORT_JSON) {
        json_object_del(report, "modules");
        *result = json_dumps(report, JSON_INDENT(2));
    } else {
        FILE *to = open_memstream(result, &size);
        if (to != NULL) {
            report_print(report, &(struct report_style){.cwd = getcwd(cwd, sizeof cwd)}, to);
            fclose(to);
        } else {
            *result = NULL;
        }
    }
    json_decref(report);
    return *result != NULL ? 0 : -1;
}
