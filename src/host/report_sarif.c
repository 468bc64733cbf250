/* SPDX-License-Identifier: MIT */
/* The report as SARIF 2.1.0: one run, one rule per check that fired, one result per finding. */
#include <ctype.h>
#include <filterbed/filterbed.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/jsontext.h"
#include "host/report.h"
#include "vf/vf.h"

#define SCHEMA                                                                                     \
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
#define ROOT "WORKDIR"

static json_t *
message(const char *text)
{
    return json_pack("{s:s}", "text", text);
}

/* ---- places ---- */

static char *
uri_path(const char *path)
{
    struct host_buf b = {0};
    for (const unsigned char *p = (const unsigned char *)path; *p != '\0'; p++) {
        if (isalnum(*p) || strchr("/-._~", *p) != NULL) {
            host_buf_addc(&b, (char)*p);
        } else {
            host_buf_addf(&b, "%%%02X", *p);
        }
    }
    return host_buf_take(&b);
}

static json_t *
artifact(const char *file, const char *cwd)
{
    const size_t n = strlen(cwd);
    json_t *j = json_object();
    char *uri, *path;
    if (n > 1 && strncmp(file, cwd, n) == 0 && file[n] == '/') {
        uri = uri_path(file + n + 1);
        json_object_set_new(j, "uriBaseId", json_string(ROOT));
    } else if (file[0] == '/') {
        path = uri_path(file);
        uri = host_printf("file://%s", path);
        free(path);
    } else {
        uri = uri_path(file);
    }
    json_object_set_new(j, "uri", json_string(uri));
    free(uri);
    return j;
}

/* Where a frame is; NULL if neither file nor function is known. */
static json_t *
location(const json_t *frame, const char *cwd)
{
    const char *file = str(frame, "file"), *function = str(frame, "function");
    const json_int_t line = json_integer_value(json_object_get(frame, "line"));
    json_t *j = json_object();
    if (*file != '\0') {
        json_t *physical = json_pack("{s:o}", "artifactLocation", artifact(file, cwd));
        if (line > 0) {
            json_object_set_new(physical, "region", json_pack("{s:I}", "startLine", line));
        }
        json_object_set_new(j, "physicalLocation", physical);
    }
    if (*function != '\0') {
        json_object_set_new(j, "logicalLocations",
                            json_pack("[{s:s, s:s}]", "name", function, "kind", "function"));
    }
    if (json_object_size(j) == 0) {
        json_decref(j);
        return NULL;
    }
    return j;
}

/* The first frame of the driver; without one, the first of all. */
static const json_t *
place(const json_t *stack)
{
    const json_t *frame = driver_frame(stack);
    return frame != NULL ? frame : json_array_get(stack, 0);
}

static json_t *
stack(const json_t *frames, const char *what, json_int_t thread, const char *cwd)
{
    json_t *list = json_array(), *frame;
    size_t i;
    json_array_foreach(frames, i, frame)
    {
        json_t *at = location(frame, cwd), *j = json_object();
        if (at != NULL) {
            json_object_set_new(j, "location", at);
        }
        if (*str(frame, "module") != '\0') {
            json_object_set_new(j, "module", json_string(host_path_base(str(frame, "module"))));
        }
        if (thread > 0) {
            json_object_set_new(j, "threadId", json_integer(thread));
        }
        json_array_append_new(list, j);
    }
    return json_pack("{s:o, s:o}", "message", message(what), "frames", list);
}

/* ---- one finding ---- */

static void
add_stack(json_t *result, const json_t *frames, const char *what, json_int_t thread,
          const char *cwd, bool other)
{
    json_t *at;
    if (json_array_size(frames) == 0) {
        return;
    }
    json_array_append_new(json_object_get(result, "stacks"), stack(frames, what, thread, cwd));
    if (other && (at = location(place(frames), cwd)) != NULL) {
        json_object_set_new(at, "message", message(what));
        json_array_append_new(json_object_get(result, "relatedLocations"), at);
    }
}

/* The same mistake has the same one in the next run: no addresses, threads or lines. */
static json_t *
fingerprint(const json_t *f)
{
    struct host_buf b = {0};
    const json_t *frame;
    char text[32];
    size_t i;
    host_buf_addf(&b, "%s|%s", str(f, "code"), str(f, "filter"));
    json_array_foreach(json_object_get(f, "stack"), i, frame)
    {
        if (json_is_true(json_object_get(frame, "driver"))) {
            host_buf_addf(&b, "|%s|%s", str(frame, "function"), host_path_base(str(frame, "file")));
        }
    }
    if (json_array_size(json_object_get(f, "stack")) == 1) {
        host_buf_addf(&b, "|%s", str(f, "text")); /* a whole routine: has no addresses */
    }
    snprintf(text, sizeof text, "%016llx", host_hash(b.data));
    host_buf_free(&b);
    return json_pack("{s:s}", "driverFrames/v1", text);
}

static json_t *
properties(const json_t *f)
{
    static const char *const keys[] = {"filter",    "operation", "object", "kind",
                                       "bugcheck",  "rule",      "windows"};
    json_t *j = json_object();
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        json_t *value = json_object_get(f, keys[i]);
        if (json_is_string(value)) {
            json_object_set(j, keys[i], value);
        }
    }
    return j;
}

static json_t *
result(const json_t *f, size_t rule, const char *cwd)
{
    const json_int_t thread = json_integer_value(json_object_get(f, "thread"));
    const json_int_t count = json_integer_value(json_object_get(f, "count"));
    const char *level = *str(f, "level") != '\0' ? str(f, "level") : "error";
    const json_t *related;
    size_t i;
    json_t *at = location(place(json_object_get(f, "stack")), cwd);
    json_t *j = json_pack("{s:s, s:I, s:s, s:o, s:o, s:[], s:[], s:I, s:o, s:o}", "ruleId",
                          str(f, "code"), "ruleIndex", (json_int_t)rule, "level", level, "message",
                          message(str(f, "text")), "locations",
                          at != NULL ? json_pack("[o]", at) : json_array(), "stacks",
                          "relatedLocations", "occurrenceCount", count > 0 ? count : 1,
                          "partialFingerprints", fingerprint(f), "properties", properties(f));
    add_stack(j, json_object_get(f, "stack"), "here", thread, cwd, false);
    add_stack(j, json_object_get(f, "allocated_at"), "allocated", 0, cwd, true);
    json_array_foreach(json_object_get(f, "related"), i, related)
    {
        add_stack(j, json_object_get(related, "stack"), str(related, "what"), 0, cwd, true);
    }
    if (*str(f, "suppressed_by") != '\0') {
        json_object_set_new(j, "suppressions",
                            json_pack("[{s:s, s:s}]", "kind", "external", "justification",
                                      str(f, "suppressed_by")));
    }
    return j;
}

/* ---- all ---- */

static size_t
rule_index(json_t *rules, const json_t *f)
{
    const struct vf_code *code = vf_code_find(str(f, "code"));
    const json_t *rule;
    size_t i;
    json_array_foreach(rules, i, rule)
    {
        if (strcmp(str(rule, "id"), str(f, "code")) == 0) {
            return i;
        }
    }
    json_t *j = json_pack("{s:s}", "id", str(f, "code"));
    if (code != NULL) {
        char *help = host_printf("On Windows: %s. To fix: %s.", code->windows, code->fix);
        json_object_set_new(j, "shortDescription", message(code->title));
        json_object_set_new(j, "help", message(help));
        json_object_set_new(
            j, "defaultConfiguration",
            json_pack("{s:s}", "level", code->level == VF_WARNING ? "warning" : "error"));
        json_object_set_new(j, "properties", json_pack("{s:s}", "specification", code->rules));
        free(help);
    }
    json_array_append_new(rules, j);
    return json_array_size(rules) - 1;
}

static void
add_results(const json_t *report, const char *key, json_t *rules, json_t *results, const char *cwd)
{
    const json_t *f;
    size_t i;
    json_array_foreach(json_object_get(report, key), i, f)
    {
        json_array_append_new(results, result(f, rule_index(rules, f), cwd));
    }
}

int
report_sarif(const json_t *report, FILE *to)
{
    char cwd[4096];
    json_t *rules = json_array(), *results = json_array();
    if (getcwd(cwd, sizeof cwd) == NULL) {
        cwd[0] = '\0';
    }
    add_results(report, "findings", rules, results, cwd);
    add_results(report, "suppressed", rules, results, cwd);
    json_t *run = json_pack(
        "{s:{s:{s:s, s:s, s:o}}, s:s, s:[{s:b}], s:o}", "tool", "driver", "name", "filterbed",
        "version", FILTERBED_VERSION, "rules", rules, "columnKind", "utf16CodeUnits", "invocations",
        "executionSuccessful", json_object_get(report, "crash") == NULL, "results", results);
    if (cwd[0] != '\0') {
        char *path = uri_path(cwd), *uri = host_printf("file://%s/", path);
        json_object_set_new(run, "originalUriBaseIds",
                            json_pack("{s:{s:s}}", ROOT, "uri", uri));
        free(uri);
        free(path);
    }
    json_t *log = json_pack("{s:s, s:s, s:[o]}", "$schema", SCHEMA, "version", "2.1.0", "runs", run);
    const int rc = log != NULL && json_dumpf(log, to, JSON_INDENT(2)) == 0 && fputc('\n', to) != EOF
                       ? 0
                       : -1;
    json_decref(log);
    return rc;
}
