/* SPDX-License-Identifier: MIT */
/*
 * What a sanitizer says about a driver goes to the server's standard error and does not change how
 * the server ends. It is passed on, and counted, so that it stands in the report and
 * --error-exitcode sees it.
 */
#include <string.h>
#include <unistd.h>

#include "host/supervise.h"
#include "vf/vf.h"

/* The part of a line that says what was found, or NULL. */
static const char *
finding_in(const char *line)
{
    static const char *const marks[] = {": runtime error: ", "ERROR: AddressSanitizer: ",
                                        "WARNING: ThreadSanitizer: ", "ERROR: LeakSanitizer: "};
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
        const char *at = strstr(line, marks[i]);
        if (at != NULL) {
            return i == 0 ? line : strchr(at, ' ') + 1;
        }
    }
    return NULL;
}

static void
take_line(struct supervisor *s)
{
    const char *text = s->line.data != NULL ? finding_in(s->line.data) : NULL;
    json_t *j = text != NULL ? json_string(text) : NULL;
    if (j != NULL) {
        if (s->sanitizer == NULL) {
            s->sanitizer = json_array();
        }
        json_array_append_new(s->sanitizer, j);
    }
    host_buf_free(&s->line);
}

void
noise_read(struct supervisor *s)
{
    char buffer[4096];
    ssize_t n = read(s->noise, buffer, sizeof buffer);
    if (n <= 0) {
        take_line(s);
        close(s->noise);
        s->noise = -1;
        return;
    }
    fwrite(buffer, 1, (size_t)n, stderr);
    for (ssize_t i = 0; i < n; i++) {
        if (buffer[i] == '\n') {
            take_line(s);
        } else if (s->line.len < 2000) {
            host_buf_addc(&s->line, buffer[i]);
        }
    }
}

void
noise_report(struct supervisor *s)
{
    const struct vf_code *words = vf_code_find("sanitizer");
    json_t *text;
    size_t i;
    while (s->noise >= 0) {
        noise_read(s);
    }
    json_array_foreach(s->sanitizer, i, text)
    {
        json_array_append_new(json_object_get(s->report, "findings"),
                              json_pack("{s:s, s:n, s:n, s:n, s:n, s:O, s:i, s:i, s:n, s:[], s:[], s:[], s:n, s:s, "
                                        "s:s, s:s, s:s}",
                                        "code", "sanitizer", "rule", "bugcheck", "filter", "kind",
                                        "text", text, "count", 1, "thread", 0, "operation", "stack",
                                        "allocated_at", "related", "object", "level", "error", "title",
                                        words->title, "windows", words->windows, "fix", words->fix));
    }
}
