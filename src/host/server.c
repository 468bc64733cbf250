/* SPDX-License-Identifier: MIT */
/*
 * The server: the only process with drivers in it. The supervisor starts it (`filterbed --server`),
 * sends the configuration, then either a mounted FUSE connection to serve or a script to run, then
 * "finish"; the server unloads the filters, newest first, and answers with the report. When the
 * supervisor goes away, so does the server.
 */
#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "fuse/fuse.h"
#include "host/channel.h"
#include "host/devices.h"
#include "host/fbedp.h"
#include "host/inject.h"
#include "host/live.h"
#include "host/report.h"
#include "host/run.h"
#include "host/script.h"
#include "host/stall.h"
#include "host/unload.h"
#include "host/watch.h"
#include "host/where.h"

#define MAX_FILTERS 128
#define DISK_BYTES (UINT64_C(1) << 28) /* for a file system driver; what is not written takes no memory */
/* What the kernel may keep when it is told of every change, and else. What is not reported (access times of reads behind the mount,
   times of stores into mappings there) is as old as this at most. */
#define TTL_TOLD UINT64_C(60000000000)
#define TTL_UNTOLD UINT64_C(1000000000)

struct server {
    json_t *config;
    fbed_machine *machine;
    fbed_volume *volume;
    fbed_filter *filters[MAX_FILTERS];
    size_t filter_count;
    fuse_session *session;
    port_thread *session_thread, *script_thread;
    _Atomic(uint32_t) session_ended, script_ended;
    _Atomic(int) stop_script; /* set by any thread: finish, interrupt, a fault */
    struct fuse_session_stats stats;
    struct stall stall;
    struct host_watch *watch; /* NULL: changes behind the mount show when the kernel's copies expire */
    struct host_watch_stats watched;
};

static bool
flag(const struct server *s, const char *name)
{
    return json_is_true(json_object_get(s->config, name));
}

static unsigned
number(const struct server *s, const char *name)
{
    return (unsigned)json_integer_value(json_object_get(s->config, name));
}

static void
say(json_t *message)
{
    channel_send(CHANNEL_UP, message, -1);
}

static json_t *
safe_string(const char *text)
{
    json_t *j = json_string(text);
    return j != NULL ? j : json_string("(text that is no UTF-8)");
}

/* Faults are told at once; everything else waits for the report. */
static void
finding_arrived(const struct vf_finding *f, void *ctx)
{
    struct server *s = ctx;
    if (flag(s, "stop_on_finding")) {
        json_t *modules = json_array(), *finding = report_finding(f, modules);
        say(json_pack("{s:s, s:o, s:o}", "type", "finding", "finding", finding, "modules", modules));
        if (!flag(s, "suppressing")) { /* else the supervisor says so */
            s->stop_script = 1;
        }
    }
    if (f->fault || strcmp(f->code, "K-00") == 0) {
        if (flag(s, "stop_on_fault")) {
            s->stop_script = 1;
            if (s->session != NULL) {
                fuse_session_stop(s->session);
            }
        }
        say(json_pack("{s:s, s:o, s:o}", "type", "fault", "filter",
                      safe_string(f->owner != NULL ? f->owner : ""), "text", safe_string(f->text)));
    }
}

/* ---- start ---- */

static int
fail(const struct fbed_error *error)
{
    say(json_pack("{s:s, s:o}", "type", "error", "text", safe_string(error->text)));
    return -1;
}

static int
start_machine(struct server *s)
{
    struct fbed_error error;
    struct fbed_machine_options options = {.size = sizeof options,
                                           .verify = (enum fbed_verify)number(s, "verify"),
                                           .watchdog_seconds = number(s, "watchdog"),
                                           .debug_fd = flag(s, "log") ? CHANNEL_LOG : -1,
                                           .crash_fd = CHANNEL_UP};
    if (fbed_machine_create(&options, &s->machine, &error) != 0) {
        return fail(&error);
    }
    struct host_error failed;
    if (inject_apply(json_object_get(s->config, "faults"), &failed) != 0) {
        fbed_fail(&error, 0, EINVAL, "%s", failed.text);
        return fail(&error);
    }
    if (flag(s, "block_legacy") && !HOST_STATUS_OK(host_nt_block_legacy())) {
        fbed_fail(&error, 0, ENOMEM, "IoBlockLegacyFsFilters cannot be set");
        return fail(&error);
    }
    vf_set_finding_hook(finding_arrived, s);
    const char *socket = json_string_value(json_object_get(s->config, "socket"));
    if (socket != NULL) {
        live_start(socket, json_string_value(json_object_get(s->config, "root")));
    }
    return 0;
}

static int
add_volume(struct server *s)
{
    struct fbed_error error;
    struct fbed_volume_options volume = {.size = sizeof volume,
                                         .case_insensitive = flag(s, "case_insensitive"),
                                         .profile = json_string_value(json_object_get(s->config, "profile"))};
    int rc = flag(s, "disk")     ? fbed_volume_add_disk(s->machine, DISK_BYTES, &volume, &s->volume, &error)
             : flag(s, "memory") ? fbed_volume_add_memory(s->machine, &volume, &s->volume, &error)
                               : fbed_volume_add_directory(s->machine, CHANNEL_DIRECTORY, &volume,
                                                           &s->volume, &error);
    return rc == 0 ? 0 : fail(&error);
}

/* Those from s->filter_count to end. */
static int
load_filters(struct server *s, size_t end)
{
    json_t *list = json_object_get(s->config, "filters");
    for (size_t i = s->filter_count; i < json_array_size(list) && i < end; i++) {
        json_t *f = json_array_get(list, i);
        struct fbed_error error;
        struct fbed_filter_options options = {.size = sizeof options,
                                              .filter =
                                                  json_string_value(json_object_get(f, "module")),
                                              .inf = json_string_value(json_object_get(f, "inf")),
                                              .file_system = json_is_true(
                                                  json_object_get(f, "file_system")),
                                              .below_filter_manager =
                                                  json_is_true(json_object_get(f, "below"))};
        if (i == MAX_FILTERS) {
            fbed_fail(&error, 0, E2BIG, "more than %d filters", MAX_FILTERS);
            return fail(&error);
        }
        if (fbed_filter_load(s->machine, &options, &s->filters[i], &error) != 0) {
            const char *name = json_string_value(json_object_get(f, "name"));
            if (!host_nt_legacy_blocked(name != NULL ? name : "")) {
                return fail(&error);
            }
            s->filters[i] = NULL; /* the machine goes on without it, as Windows does */
        }
        s->filter_count++;
    }
    return 0;
}

static fbed_filter *
filter_named(struct server *s, const char *name, size_t length)
{
    for (size_t i = 0; i < s->filter_count; i++) {
        const char *loaded = s->filters[i] != NULL ? fbed_filter_name(s->filters[i]) : "";
        if (strncasecmp(loaded, name, length) == 0 && loaded[length] == '\0') {
            return s->filters[i];
        }
    }
    return NULL;
}

/* NAME or NAME@ALTITUDE; an instance away from the default altitude needs a name of its own. */
static int
attach_filters(struct server *s)
{
    json_t *j;
    size_t i;
    json_array_foreach(json_object_get(s->config, "attach"), i, j)
    {
        struct fbed_error error;
        const char *text = json_string_value(j);
        const char *at = strchr(text, '@');
        fbed_filter *filter = filter_named(s, text, at != NULL ? (size_t)(at - text) : strlen(text));
        if (filter == NULL) {
            fbed_fail(&error, 0, ENOENT, "--attach %s: no filter of that name is loaded", text);
            return fail(&error);
        }
        if (fbed_filter_attach(filter, s->volume, at != NULL ? at + 1 : NULL,
                               at != NULL ? text : NULL, &error) != 0) {
            return fail(&error);
        }
    }
    return 0;
}

/* ---- requests that do not come back ---- */

static void
tell_stall(bool end, const char *text)
{
    say(json_pack("{s:s, s:o}", "type", end ? "stalled" : "note", "text", safe_string(text)));
}

static void
watch_requests(struct server *s)
{
    s->stall.note = number(s, "request_timeout") != 0 ? number(s, "watchdog") : 0;
    s->stall.limit = number(s, "request_timeout");
    s->stall.session = s->session;
    s->stall.tell = tell_stall;
    if (s->stall.limit != 0) {
        stall_start(&s->stall);
    }
}

/* ---- serving a mount ---- */

/* Nothing is behind a volume in memory. */
static uint64_t
start_watching(struct server *s)
{
    if (flag(s, "disk")) {
        return TTL_UNTOLD; /* the file system does not tell what drivers changed */
    }
    if (flag(s, "memory")) {
        return TTL_TOLD;
    }
    int rc = host_watch_open(&s->watch, CHANNEL_DIRECTORY);
    if (rc != 0) {
        port_log(PORT_LOG_INFO, "watch",
                 "changes behind the mount cannot be watched (%s): they show after a second",
                 strerror(-rc));
        return TTL_UNTOLD;
    }
    return TTL_TOLD;
}

static void
serve(void *arg)
{
    struct server *s = arg;
    view *v = NULL;
    struct view_options options = {.metadata = flag(s, "cached") ? VIEW_METADATA_CACHED
                                                                 : VIEW_METADATA_EXACT,
                                   .no_passthrough = flag(s, "no_passthrough"),
                                   .case_insensitive = flag(s, "case_insensitive"),
                                   .uid = getuid(),
                                   .gid = getgid(),
                                   .ttl_ns = start_watching(s)};
    int rc = view_create(&v, fbed_volume_number(s->volume), &options,
                         fuse_session_callbacks(s->session));
    if (rc == 0) {
        rc = s->watch != NULL ? host_watch_start(s->watch, v) : 0;
        if (rc == 0) {
            rc = fuse_session_run(s->session, v);
            fuse_session_stats(s->session, &s->stats);
        }
    }
    if (s->watch != NULL) {
        host_watch_stats(s->watch, &s->watched);
        host_watch_close(s->watch);
    }
    if (v != NULL) {
        view_destroy(v);
    }
    if (rc != 0) {
        say(json_pack("{s:s, s:o}", "type", "error", "text", safe_string(strerror(-rc))));
    }
    atomic_store(&s->session_ended, 1);
    port_wake(&s->session_ended, 1);
}

static int
start_serving(struct server *s, int fd)
{
    struct fuse_session_options options = {.threads = number(s, "threads"),
                                           .max_threads = number(s, "max_threads"),
                                           .no_passthrough = flag(s, "no_passthrough"),
                                           .no_readdirplus = !flag(s, "cached"),
                                           .no_cache_symlinks = !flag(s, "cached"),
                                           .allow_signals = true}; /* see where.h */
    int rc = fd >= 0 ? fuse_session_create(&s->session, fd, &options) : -EBADF;
    if (rc == 0) {
        rc = port_thread_start(&s->session_thread, serve, s, "serve");
    }
    if (rc != 0) {
        struct fbed_error error;
        fbed_fail(&error, 0, -rc, "serving the mount cannot start: %s", strerror(-rc));
        return fail(&error);
    }
    watch_requests(s);
    say(json_pack("{s:s}", "type", "serving"));
    return 0;
}

/* ---- a script ---- */

static void
run_script(void *arg)
{
    struct server *s = arg;
    struct script script;
    struct host_error err;
    view *v = NULL;
    const char *name = json_string_value(json_object_get(s->config, "script_name"));
    struct script_run run = {.out = stdout,
                             .who = {.uid = getuid(), .gid = getgid(), .pid = (uint32_t)getppid()},
                             .keep_going = flag(s, "keep_going"),
                             .stop = &s->stop_script,
                             .line = &s->stall.line};
    struct view_options options = {.metadata = VIEW_METADATA_EXACT,
                                   .no_passthrough = true,
                                   .uid = getuid(),
                                   .gid = getgid(),
                                   .case_insensitive = flag(s, "case_insensitive")};
    int rc = script_parse(name, json_string_value(json_object_get(s->config, "script_text")),
                          &script, &err);
    if (rc == 0) {
        int created = view_create(&v, fbed_volume_number(s->volume), &options, NULL);
        run.v = v;
        atomic_store(&s->stall.script, port_thread_id());
        rc = created == 0 ? script_execute(&script, &run, &err)
                          : host_fail(&err, "%s: %s", name, strerror(-created));
        if (v != NULL) {
            view_destroy(v);
        }
        script_free(&script);
    }
    atomic_store(&s->stall.script, 0);
    say(json_pack("{s:s, s:b, s:o, s:i}", "type", "script", "ok", rc == 0, "text",
                  safe_string(rc == 0 ? "" : err.text), "operations", (int)run.operations));
    atomic_store(&s->script_ended, 1);
    port_wake(&s->script_ended, 1);
}

/* ---- end ---- */

/* A callback that does not return keeps its thread: that is reported, and not waited for. */
static bool
ends(struct server *s, const _Atomic(uint32_t) *ended)
{
    unsigned waited;
    if (unload_wait(ended, number(s, "watchdog"), &waited)) {
        return true;
    }
    if (atomic_load(&s->stall.found) == 0 && host_nt_report_waiting(waited > 1 ? waited - 1 : 0, HOST_HELD_FINISH, NULL, 0) == 0 &&
        where_report_stuck(waited) == 0) {
        vf_report("H-01", NULL, NULL, NULL, NULL, "requests are still under way after %u s", waited);
    }
    return false;
}

static void
finish_front(struct server *s)
{
    stall_stop(&s->stall);
    s->stop_script = 1;
    devices_stop();
    if (s->session_thread != NULL) {
        fuse_session_stop(s->session);
        if (ends(s, &s->session_ended)) {
            port_thread_join(s->session_thread);
            fuse_session_destroy(s->session);
        }
    }
    if (s->script_thread != NULL && ends(s, &s->script_ended)) {
        port_thread_join(s->script_thread);
    }
    ends(s, devices_ended());
}

static void
unload_filters(struct server *s)
{
    json_t *list = json_object_get(s->config, "filters");
    for (size_t i = s->filter_count; i-- > 0;) {
        struct fbed_error error;
        if (s->filters[i] == NULL) {
            continue;
        }
        say(json_pack("{s:s, s:o}", "type", "phase", "text",
                      json_object_get(json_array_get(list, i), "name") != NULL
                          ? json_incref(json_object_get(json_array_get(list, i), "name"))
                          : json_string("")));
        if (json_is_true(json_object_get(json_array_get(list, i), "file_system"))) {
            fbed_volume_remove(s->volume); /* files are closed; everybody above it is gone or lets go */
        }
        if (fbed_filter_unload(s->filters[i], &error) != 0) {
            say(json_pack("{s:s, s:o}", "type", "note", "text", safe_string(error.text)));
        }
    }
}

static json_t *
front_report(const struct server *s)
{
    const struct fuse_session_stats *f = &s->stats;
    return json_pack("{s:I, s:I, s:b, s:I, s:I, s:I, s:I, s:i, s:b, s:I, s:I, s:I}",
                     "requests", (json_int_t)f->requests,
                     "interrupts", (json_int_t)f->interrupts,
                     "passthrough", f->passthrough,
                     "passthrough_opens", (json_int_t)f->passthrough_opens,
                     "direct_opens", (json_int_t)f->direct_opens,
                     "cached_opens", (json_int_t)f->cached_opens,
                     "unseen_handles", (json_int_t)f->late_direct_opens,
                     "threads", (int)f->max_threads_seen,
                     "watching", s->watch != NULL,
                     "changes_behind", (json_int_t)s->watched.told,
                     "invalidations", (json_int_t)f->invalidations,
                     "invalidated_all", (json_int_t)f->overflows);
}

static void
send_report(struct server *s)
{
    json_t *report = report_collect(s->machine);
    if (s->session != NULL) {
        json_object_set_new(report, "front", front_report(s));
    }
    say(json_pack("{s:s, s:o}", "type", "report", "report", report));
}

/* One message from the supervisor. false: finish. */
static bool
obey(struct server *s, struct channel *down, const json_t *message)
{
    if (channel_is(message, "mount")) {
        return start_serving(s, down->passed) == 0;
    }
    if (channel_is(message, "script")) {
        watch_requests(s);
        return port_thread_start(&s->script_thread, run_script, s, "script") == 0;
    }
    if (channel_is(message, "interrupt")) {
        s->stop_script = 1;
    }
    return !channel_is(message, "finish");
}

static json_t *
next_message(struct channel *down)
{
    json_t *message;
    while ((message = channel_next(down)) == NULL && channel_fill(down)) {
    }
    return message;
}

static void
interrupted(int signo)
{
    (void)signo;
    unload_hurry();
}

static void
prepare_process(void)
{
    struct rlimit files;
    signal(SIGPIPE, SIG_IGN);
    signal(SIGINT, interrupted); /* by the supervisor: the server is in a session of its own */
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
}

int
fbed_server(void)
{
    static struct server server; /* threads may outlive this function */
    struct server *s = &server;
    struct channel down;
    json_t *message;
    bool go_on, loaded = false;
    prctl(PR_SET_NAME, "filterbed"); /* not "exe" */
    prepare_process();
    channel_init(&down, CHANNEL_DOWN);
    s->config = next_message(&down);
    if (!channel_is(s->config, "config")) {
        fprintf(stderr, "filterbed: --server is started by filterbed run only\n");
        return RUN_EXIT_USAGE;
    }
    if (start_machine(s) == 0) {
        loaded = load_filters(s, number(s, "before_mount")) == 0 && add_volume(s) == 0 &&
                 load_filters(s, MAX_FILTERS + 1) == 0 && attach_filters(s) == 0;
        if (loaded) {
            say(json_pack("{s:s, s:o}", "type", "loaded", "images", report_images()));
        }
    }
    for (go_on = loaded; go_on;) {
        message = next_message(&down);
        go_on = message != NULL && obey(s, &down, message);
        json_decref(message);
    }
    finish_front(s);
    if (s->machine != NULL) {
        unload_filters(s);
        port_debug_output_flush();
        send_report(s);
    }
    fflush(stdout);
    _exit(0); /* threads of drivers may be left, and nothing needs undoing */
}
