/* SPDX-License-Identifier: MIT */
/*
 * The report: made as JSON by the process that holds the machine (collect.c), given names and lines
 * by the one that prints it (report.c), printed as text (report_text.c). docs/report.md describes
 * the result.
 */
#ifndef FILTERBED_HOST_REPORT_H
#define FILTERBED_HOST_REPORT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "host/text.h"

struct fbed_machine;

/* Everything the machine knows. Frames are [module, offset, call] triples; "modules" says which
 * module. */
json_t *
report_collect(struct fbed_machine *machine);
struct vf_finding;
/* One finding, as in the list of them; modules: grows. */
json_t *
report_finding(const struct vf_finding *finding, json_t *modules);
/* For a crash of the process: the modules of this process, as [path, base, end] triples. */
json_t *
report_images(void);

/* Makes findings from one place one, and replaces frames by objects with function, file and line.
 * Once. */
void
report_symbolize(json_t *report);
/* Frames of a crash record (addresses) as report_collect gives them, by what report_images said. */
json_t *
report_crash_frames(const json_t *frames, const json_t *images, json_t *report);

struct report_style {
    bool verbose; /* all frames, allocation stacks, kinds that are zero */
    bool colour;
    const char *cwd; /* files below it are shown relative to it; NULL: never */
};
void
report_print(const json_t *report, const struct report_style *style, FILE *to);
/* Number of findings, routines that are not there not counted. */
unsigned
report_findings(const json_t *report);

/* A vf_stack as [module, offset, call] triples; exact: the first is an instruction, not where a call returns to. */
json_t *
report_frames(json_t *modules, uint32_t stack, bool exact);
/* Symbolises one of report_finding's; modules as there. */
void
report_symbolize_finding(json_t *finding, const json_t *modules);
/* SARIF 2.1.0 and JUnit XML, of a symbolised report. Return 0, or -1 if writing failed. */
int
report_sarif(const json_t *report, FILE *to);
int
report_junit(const json_t *report, FILE *to);

/* KIND:FILE of --report; text, json, sarif or junit. Returns 0 or -1 with *err set. */
int
report_save(const json_t *report, const char *kind, const char *path, struct host_error *err);

#endif
