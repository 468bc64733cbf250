/* SPDX-License-Identifier: MIT */
/* The supervisor: what the server says, and what is done about it. */
#include "host/supervise.h"

#include "host/order.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "host/report.h"

static void
keep(json_t **slot, json_t *value)
{
    json_decref(*slot);
    *slot = json_incref(value);
}

static void
keep_text(char **slot, const json_t *message)
{
    const char *text = json_string_value(json_object_get(message, "text"));
    free(*slot);
    *slot = host_strdup(text != NULL ? text : "");
}

/* --verify=stop: the first finding that is not suppressed ends the run. */
static void
take_finding(struct supervisor *s, const json_t *m)
{
    json_t *finding = json_object_get(m, "finding");
    report_symbolize_finding(finding, json_object_get(m, "modules"));
    if (s->stopped != NULL || s->script_done || s->command_ended || s->down < 0 ||
        suppress_find(&s->suppress, finding) != NULL) {
        return;
    }
    const char *filter = json_string_value(json_object_get(finding, "filter"));
    s->stopped =
        host_printf("%s: %s: %s", filter != NULL ? filter : "filterbed",
                    json_string_value(json_object_get(finding, "code")),
                    json_string_value(json_object_get(finding, "text")));
    fprintf(stderr, "filterbed: stopping at the first finding (--verify=stop): %s\n", s->stopped);
    s->fault_stop = true;
    channel_send(s->down, json_pack("{s:s}", "type", "interrupt"), -1);
}

/* A driver keeps a request: what waits for it cannot go on. The line of a script may end, if it was cancelled. */
static void
take_stall(struct supervisor *s, const char *text)
{
    if (s->script_done || s->command_ended || s->down < 0) {
        return;
    }
    fprintf(stderr, "filterbed: %s\n", text != NULL ? text : "");
    s->fault_stop = true;
    channel_send(s->down, json_pack("{s:s}", "type", "interrupt"), -1);
}

static void
take_note(struct supervisor *s, json_t *m)
{
    const char *text = json_string_value(json_object_get(m, "text"));
    if (channel_is(m, "loaded")) {
        s->loaded = true;
        keep(&s->images, json_object_get(m, "images"));
    } else if (channel_is(m, "serving")) {
        s->serving = true;
    } else if (channel_is(m, "error")) {
        keep_text(&s->error, m);
    } else if (channel_is(m, "script")) {
        s->script_done = true;
        s->script_ok = json_is_true(json_object_get(m, "ok"));
        keep_text(&s->script_text, m);
    } else if (channel_is(m, "report")) {
        keep(&s->report, json_object_get(m, "report"));
    } else if (channel_is(m, "crash")) {
        keep(&s->crash, m);
    } else if (channel_is(m, "phase")) {
        snprintf(s->phase, sizeof s->phase, "%s", text != NULL ? text : "");
    } else if (channel_is(m, "note") && !s->options->quiet) {
        fprintf(stderr, "filterbed: %s\n", text != NULL ? text : "");
    } else if (channel_is(m, "stalled")) {
        take_stall(s, text);
    } else if (channel_is(m, "finding")) {
        take_finding(s, m);
    } else if (channel_is(m, "fault")) {
        const char *filter = json_string_value(json_object_get(m, "filter"));
        fprintf(stderr, "filterbed: %s: %s%s\n", filter != NULL ? filter : "a driver",
                text != NULL ? text : "it faulted",
                s->options->stop_on_fault ? "; stopping (--on-fault=stop)" : "");
        s->fault_stop = s->fault_stop || s->options->stop_on_fault;
    }
}

bool
supervise_step(struct supervisor *s, int timeout_ms)
{
    struct pollfd fds[3] = {{.fd = s->signal_fd, .events = POLLIN},
                            {.fd = s->up.ended ? -1 : s->up.fd, .events = POLLIN},
                            {.fd = s->noise, .events = POLLIN}};
    json_t *m;
    int n = poll(fds, 3, timeout_ms);
    if (n <= 0) {
        return n < 0 && errno == EINTR;
    }
    if (fds[2].revents != 0) {
        noise_read(s);
    }
    if (fds[1].revents != 0) {
        channel_fill(&s->up);
    }
    while ((m = channel_next(&s->up)) != NULL) {
        take_note(s, m);
        json_decref(m);
    }
    if (fds[0].revents != 0) {
        children_signals(s);
    }
    return true;
}

void
supervise_send_config(struct supervisor *s)
{
    const struct run_options *o = s->options;
    json_t *filters = json_array();
    for (size_t i = 0; i < s->prepared->count; i++) {
        const struct prepared_filter *f = &s->prepared->filters[i];
        json_array_append_new(filters, json_pack("{s:s, s:s, s:s*, s:b, s:b}", "name", f->service,
                                                 "module", f->module.path, "inf", f->module.inf,
                                                 "below", f->below, "file_system", f->file_system));
    }
    json_t *attach = json_array();
    for (size_t i = 0; i < o->attach.count; i++) {
        json_array_append_new(attach, json_string(o->attach.items[i]));
    }
    json_t *faults = json_array();
    for (size_t i = 0; i < o->faults.count; i++) {
        json_array_append_new(faults, json_string(o->faults.items[i]));
    }
    channel_send(
        s->down,
        json_pack("{s:s, s:i, s:b, s:o, s:o, s:o, s:b, s:b, s:i, s:i, s:b, s:b, s:b, s:i, s:i, s:b, s:b, s:b, s:i, s:b, s:s*, s:o*, "
                  "s:o*, s:s*, s:s*, s:b}",
                  "type", "config", "request_timeout", o->request_timeout < 0 ? 6 * (int)o->watchdog : o->request_timeout, "block_legacy", o->block_legacy, "filters", filters, "attach", attach, "faults", faults, "memory", s->prepared->directory == NULL,
                  "case_insensitive", o->case_insensitive, "verify", o->verify, "watchdog",
                  (int)o->watchdog, "cached", o->cached, "no_passthrough", o->no_passthrough, "log",
                  s->prepared->log_fd >= 0, "threads", (int)o->threads, "max_threads",
                  (int)o->max_threads, "stop_on_fault", o->stop_on_fault, "stop_on_finding", o->stop_on_finding,
                  "suppressing", o->suppress.count != 0,
                  "before_mount", (int)order_before_mount(s->prepared),
                  "disk", o->file_system != NULL, "profile", o->profile, "socket", s->socket != NULL ? json_string(s->socket) : NULL,
                  /* a name that is no UTF-8 is not told */
                  "root", s->prepared->directory != NULL ? json_string(s->prepared->directory) : NULL, "script_name", o->script,
                  "script_text", s->prepared->script_text,
                  "keep_going", o->keep_going),
        -1);
}
