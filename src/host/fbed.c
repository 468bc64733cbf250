/* SPDX-License-Identifier: MIT */
/* The embedding API: the machine, its volumes and filters; see filterbed.h. */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/compile.h"
#include "host/crash.h"
#include "host/fbedp.h"
#include "host/script.h"
#include "host/service.h"
#include "host/unload.h"
#include "host/why.h"

#define WATCHDOG_SECONDS 5

static atomic_bool machine_made; /* one per process */
static atomic_uint watchdog_seconds;

int
fbed_fail(struct fbed_error *error, uint32_t status, int posix, const char *fmt, ...)
{
    if (error != NULL) {
        va_list args;
        va_start(args, fmt);
        vsnprintf(error->text, sizeof error->text, fmt, args);
        va_end(args);
        error->status = status;
        error->posix = posix;
    }
    return -1;
}

static int
fail_host(struct fbed_error *error, const struct host_error *err)
{
    return fbed_fail(error, 0, 0, "%.*s", (int)sizeof error->text - 1, err->text);
}

static int
fail_status(struct fbed_error *error, uint32_t status, const char *who, const char *what)
{
    char text[64];
    return fbed_fail(error, status, 0, "%s: %s: %s", who, what,
                     host_status_text(status, text, sizeof text));
}

extern const char *
fb_status_name(uint32_t status);

const char *
host_status_text(uint32_t status, char *text, size_t size)
{
    const char *name = fb_status_name(status);
    if (name != NULL) {
        snprintf(text, size, "%s", name);
    } else {
        snprintf(text, size, "0x%08X", status);
    }
    return text;
}

/* ---- machine ---- */

static bool
unload_waits(vf_owner *owner, unsigned seconds)
{
    (void)owner;
    return seconds >= atomic_load(&watchdog_seconds) || unload_hurried();
}

int
fbed_machine_create(const struct fbed_machine_options *options,
                    fbed_machine **machine,
                    struct fbed_error *error)
{
    static const enum vf_level levels[] = {VF_OFF, VF_STANDARD, VF_FULL};
    *machine = NULL;
#ifdef FILTERBED_WITHOUT_VERIFIER
    if (options == NULL || options->verify != FBED_VERIFY_OFF) {
        return fbed_fail(error, 0, ENOTSUP, "this build has no verifier; --verify=off runs it");
    }
#endif
    if (atomic_exchange(&machine_made, true)) {
        return fbed_fail(error, 0, EBUSY,
                         "this process has, or had, a machine; there is one per process");
    }
    fbed_machine *m = host_xalloc(sizeof *m);
    memset(m, 0, sizeof *m);
    pthread_mutex_init(&m->lock, NULL);
    m->filters_tail = &m->filters;
    m->options = (struct fbed_machine_options){
        .verify = FBED_VERIFY_STANDARD, .debug_fd = -1, .crash_fd = -1};
    if (options != NULL) {
        m->options = *options;
    }
    if (m->options.watchdog_seconds == 0) {
        m->options.watchdog_seconds = WATCHDOG_SECONDS;
    }
    atomic_store(&watchdog_seconds, m->options.watchdog_seconds);
    if (m->options.debug_fd >= 0) {
        port_debug_output_fd(m->options.debug_fd);
    }
    vf_set_level(
        levels[m->options.verify <= FBED_VERIFY_FULL ? m->options.verify : FBED_VERIFY_FULL]);
    crash_to(m->options.crash_fd);
    uint32_t status = host_nt_start(crash_record);
    if (!HOST_STATUS_OK(status)) {
        free(m);
        return fail_status(error, status, "machine", "starting the layers failed");
    }
    host_nt_set_wait_hook(unload_waits);
    *machine = m;
    return 0;
}

static void
destroy_filters(fbed_machine *m)
{
    for (bool again = true; again;) {
        struct fbed_filter *last = NULL;
        for (struct fbed_filter *f = m->filters; f != NULL; f = f->next) {
            last = f->state == FILTER_LOADED ? f : last;
        }
        again = last != NULL;
        if (again && fbed_filter_unload(last, NULL) != 0) {
            last->state = FILTER_ABANDONED;
        }
    }
    while (m->filters != NULL) {
        struct fbed_filter *f = m->filters;
        m->filters = f->next;
        free(f->service);
        free(f->altitude);
        free(f->module);
        free(f->inf);
        free(f);
    }
}

void
fbed_machine_destroy(fbed_machine *m)
{
    if (m == NULL) {
        return;
    }
    destroy_filters(m);
    while (m->volumes != NULL) {
        struct fbed_volume *v = m->volumes;
        m->volumes = v->next;
        fbed_volume_remove(v);
        free(v);
    }
    host_nt_stop();
    port_debug_output_flush();
    pthread_mutex_destroy(&m->lock);
    free(m);
}

static void
start_filter_manager(fbed_machine *m)
{
    host_nt_filter_manager();
    m->filter_manager = true;
}

/* ---- volumes ---- */

static int
add_volume(fbed_machine *m,
           int fd,
           uint64_t disk_bytes,
           const struct fbed_volume_options *o,
           fbed_volume **volume,
           struct fbed_error *error)
{
    struct fbed_volume *v = host_xalloc(sizeof *v);
    pthread_mutex_lock(&m->lock);
    start_filter_manager(m);
    *v = (struct fbed_volume){.next = m->volumes, .machine = m, .number = m->volume_count + 1};
    v->case_insensitive = o != NULL && o->case_insensitive;
    struct host_nt_volume nt = {
        .number = v->number, .fd = fd, .disk_bytes = disk_bytes, .case_insensitive = v->case_insensitive};
    nt.uid = getuid();
    nt.gid = getgid();
    nt.read_only = o != NULL && o->read_only;
    nt.profile = o != NULL ? o->profile : NULL;
    uint32_t status = host_nt_volume_add(&nt);
    if (HOST_STATUS_OK(status)) {
        m->volumes = v;
        m->volume_count++;
    }
    pthread_mutex_unlock(&m->lock);
    if (!HOST_STATUS_OK(status)) {
        free(v);
        return fail_status(error, status, "volume",
                           disk_bytes != 0 ? "no file system driver mounts it" : "mounting it failed");
    }
    *volume = v;
    return 0;
}

int
fbed_volume_add_memory(fbed_machine *m,
                       const struct fbed_volume_options *o,
                       fbed_volume **volume,
                       struct fbed_error *error)
{
    return add_volume(m, -1, 0, o, volume, error);
}

int
fbed_volume_add_directory(fbed_machine *m,
                          int fd,
                          const struct fbed_volume_options *o,
                          fbed_volume **volume,
                          struct fbed_error *error)
{
    if (fd < 0) {
        return fbed_fail(error, 0, EBADF, "volume: no descriptor");
    }
    return add_volume(m, fd, 0, o, volume, error);
}

int
fbed_volume_add_disk(fbed_machine *m,
                     uint64_t bytes,
                     const struct fbed_volume_options *o,
                     fbed_volume **volume,
                     struct fbed_error *error)
{
    return bytes >= 512 ? add_volume(m, -1, bytes, o, volume, error)
                        : fbed_fail(error, 0, EINVAL, "volume: a disk has a sector at least");
}

void
fbed_volume_remove(fbed_volume *volume)
{
    if (volume != NULL && !volume->removed) {
        volume->removed = true;
        host_nt_volume_remove(volume->number);
    }
}

unsigned
fbed_volume_number(const fbed_volume *volume)
{
    return volume->number;
}

static int
run_script(fbed_volume *volume,
           const struct script *script,
           struct script_run *run,
           struct host_error *err)
{
    struct view_options options = {.metadata = VIEW_METADATA_EXACT,
                                   .no_passthrough = true,
                                   .uid = getuid(),
                                   .gid = getgid(),
                                   .case_insensitive = volume->case_insensitive};
    int rc = view_create(&run->v, volume->number, &options, NULL);
    if (rc != 0) {
        return host_fail(err, "%s: the volume cannot be opened: %s", script->name, strerror(-rc));
    }
    rc = script_execute(script, run, err);
    view_destroy(run->v);
    return rc;
}

int
fbed_volume_script(fbed_volume *volume,
                   const char *text,
                   const char *name,
                   struct fbed_script_result *result,
                   struct fbed_error *error)
{
    struct script script;
    struct host_error err;
    struct script_run run = {.out = stdout,
                             .who = {.uid = getuid(), .gid = getgid(), .pid = (uint32_t)getpid()}};
    int rc = script_parse(name, text, &script, &err);
    if (rc == 0) {
        rc = run_script(volume, &script, &run, &err);
        script_free(&script);
    }
    if (result != NULL) {
        *result = (struct fbed_script_result){.operations = run.operations, .failed = run.failed};
        snprintf(result->message, sizeof result->message, "%.*s", (int)sizeof result->message - 1,
                 rc != 0 ? err.text : "");
    }
    return rc == 0 ? 0 : fail_host(error, &err);
}

/* ---- filters ---- */

static int
value_failed(struct fbed_error *error,
             const struct host_inf *inf,
             const struct host_inf_value *v,
             uint32_t status)
{
    char text[64];
    return fbed_fail(error, status, 0, "%s:%d: value \"%s\" cannot be stored: %s", inf->path,
                     v != NULL ? v->line : 0, v != NULL ? v->name : "",
                     host_status_text(status, text, sizeof text));
}

static uint32_t
service_string(const char *service, const char *name, const char *text)
{
    return text != NULL
               ? host_nt_service_value(service, "", name, HOST_REG_SZ, text, strlen(text) + 1)
               : 0;
}

static uint32_t
service_number(const char *service, const char *name, uint32_t number)
{
    return host_nt_service_value(service, "", name, HOST_REG_DWORD, &number, sizeof number);
}

/* What the installer would write below Services\<name>. */
static int
write_service(const char *service, const struct host_inf *inf, struct fbed_error *error)
{
    host_nt_service_delete(service);
    uint32_t status = host_nt_service_create(service);
    for (size_t i = 0; HOST_STATUS_OK(status) && i < inf->value_count; i++) {
        const struct host_inf_value *v = &inf->values[i];
        status = host_nt_service_value(service, v->subkey, v->name, v->type, v->data, v->size);
        if (!HOST_STATUS_OK(status)) {
            return value_failed(error, inf, v, status);
        }
    }
    const struct {
        const char *name;
        uint32_t number;
    } numbers[] = {{"Type", inf->service_type},
                   {"Start", inf->start_type},
                   {"ErrorControl", inf->error_control}};
    for (size_t i = 0; HOST_STATUS_OK(status) && i < sizeof numbers / sizeof *numbers; i++) {
        status = service_number(service, numbers[i].name, numbers[i].number);
    }
    if (HOST_STATUS_OK(status)) {
        status = service_string(service, "DisplayName", inf->display_name);
    }
    if (HOST_STATUS_OK(status)) {
        status = service_string(service, "Group", inf->load_order_group);
    }
    if (HOST_STATUS_OK(status)) {
        char image[256];
        snprintf(image, sizeof image, "system32\\drivers\\%s",
                 inf->binary != NULL ? inf->binary : service);
        status = host_nt_service_value(service, "", "ImagePath", HOST_REG_EXPAND_SZ, image,
                                       strlen(image) + 1);
    }
    return HOST_STATUS_OK(status)
               ? 0
               : fail_status(error, status, service, "its service key cannot be written");
}

static const char *
default_altitude(const struct host_inf *inf)
{
    for (size_t i = 0; inf->default_instance != NULL && i < inf->instance_count; i++) {
        if (strcasecmp(inf->instances[i].name, inf->default_instance) == 0) {
            return inf->instances[i].altitude;
        }
    }
    return inf->instance_count != 0 ? inf->instances[0].altitude : NULL;
}

static struct fbed_filter *
find_loaded(fbed_machine *m, const char *service)
{
    struct fbed_filter *f = m->filters;
    while (f != NULL && (f->state != FILTER_LOADED || strcasecmp(f->service, service) != 0)) {
        f = f->next;
    }
    return f;
}

static int
start_driver(struct fbed_filter *f, struct fbed_error *error)
{
    uint32_t status = host_nt_load(f->service, f->image.entry, f->image.owner, &f->driver);
    if (HOST_STATUS_OK(status)) {
        return 0;
    }
    char text[64], missing[256];
    f->entry_status = status;
    why_missing(f, missing, sizeof missing);
    host_nt_check_freed(f->image.owner);
    vf_report_leaks(f->image.owner);
    host_image_retire(&f->image);
    host_status_text(status, text, sizeof text);
    if (status == 0xC0000183u) {
        return fbed_fail(error, status, 0, "%s: DriverEntry crashed (%s)%s", f->service, text,
                         missing);
    }
    return fbed_fail(error, status, 0, "%s: DriverEntry failed with %s (0x%08X)%s", f->service,
                     text, status, missing);
}

static int
load_filter(fbed_machine *m,
            const struct host_module *module,
            const struct host_inf *inf,
            struct fbed_filter *f,
            struct fbed_error *error)
{
    struct host_error err;
    if (find_loaded(m, inf->service_name) != NULL) {
        return fbed_fail(error, 0, EEXIST, "%s: a driver of that name is loaded already",
                         inf->service_name);
    }
    if (write_service(inf->service_name, inf, error) != 0) {
        return -1;
    }
    char *path = host_path_real(module->path);
    int rc =
        host_image_load(inf->service_name, path != NULL ? path : module->path, &f->image, &err);
    free(path);
    if (rc != 0) {
        return fail_host(error, &err);
    }
    f->machine = m;
    f->service = host_strdup(inf->service_name);
    const char *altitude = default_altitude(inf);
    f->altitude = altitude != NULL ? host_strdup(altitude) : NULL;
    f->module = host_strdup(module->path);
    f->inf = inf->install_section[0] != '\0' ? host_strdup(inf->path) : NULL;
    f->state = FILTER_LOADED;
    /* Listed before DriverEntry: what it does belongs into the report even if it fails. */
    *m->filters_tail = f;
    m->filters_tail = &f->next;
    if (start_driver(f, error) != 0) {
        f->state = FILTER_UNLOADED;
        return -2;
    }
    return 0;
}

/* Loads of all others are the filter manager's turn. */
static int
check_below(fbed_machine *m,
            const struct fbed_filter_options *o,
            const struct fbed_filter *f,
            struct fbed_error *error)
{
    const bool below = o->size >= sizeof *o && o->below_filter_manager;
    if (below && !f->legacy) {
        return fbed_fail(error, 0, EINVAL,
                         "%s: a minifilter cannot be loaded before the filter manager", o->filter);
    }
    if (below && m->filter_manager) {
        return fbed_fail(error, 0, EBUSY, "%s: the filter manager is loaded already", o->filter);
    }
    if (!below) {
        start_filter_manager(m);
    }
    return 0;
}

int
fbed_filter_load(fbed_machine *m,
                 const struct fbed_filter_options *o,
                 fbed_filter **filter,
                 struct fbed_error *error)
{
    struct host_module module;
    struct host_inf inf;
    struct host_error err;
    struct host_build_options build = {
        .filter = o->filter, .sanitize = o->sanitize, .cc = o->cc, .debug = o->debug};
    *filter = NULL;
    if (host_build_project(&build, &module, &err) != 0) {
        return fail_host(error, &err);
    }
    int rc = -1;
    bool legacy;
    if (host_service_load(o->filter, module.path, module.name,
                          o->inf != NULL ? o->inf : module.inf, &inf, &legacy, &err) != 0) {
        fail_host(error, &err);
    } else {
        struct fbed_filter *f = host_xalloc(sizeof *f);
        memset(f, 0, sizeof *f);
        f->legacy = legacy;
        f->file_system = o->file_system;
        pthread_mutex_lock(&m->lock);
        rc = check_below(m, o, f, error);
        if (rc == 0) {
            rc = load_filter(m, &module, &inf, f, error);
        }
        pthread_mutex_unlock(&m->lock);
        if (rc == 0) {
            *filter = f;
        } else if (rc == -1) {
            free(f);
        }
        host_inf_free(&inf);
    }
    host_module_free(&module);
    return rc == 0 ? 0 : -1;
}

int
fbed_filter_attach(fbed_filter *f,
                   fbed_volume *volume,
                   const char *altitude,
                   const char *instance,
                   struct fbed_error *error)
{
    if (f->state != FILTER_LOADED) {
        return fbed_fail(error, 0, EINVAL, "%s: it is not loaded", f->service);
    }
    uint32_t status = host_nt_attach(f->driver, volume->number, altitude, instance);
    return HOST_STATUS_OK(status)
               ? 0
               : fail_status(error, status, f->service, "it cannot be attached by hand");
}

const char *
fbed_filter_name(const fbed_filter *filter)
{
    return filter->service;
}

static void
remember_counts(const struct host_nt_filter *filter, void *ctx)
{
    struct fbed_filter *f = ctx;
    if (filter->owner == f->image.owner && !filter->retired) {
        f->last = *filter;
        f->instances = filter->instances;
    }
}

void
fbed_filter_counts(struct fbed_filter *f)
{
    if (!f->legacy) {
        host_nt_filters(remember_counts, f);
    } else if (f->driver != NULL) {
        host_nt_legacy(f->driver, &f->last, &f->completions);
        f->instances = f->last.instances;
    }
}

int
fbed_filter_unload(fbed_filter *f, struct fbed_error *error)
{
    if (f->state != FILTER_LOADED) {
        return fbed_fail(error, 0, EINVAL, "%s: it is not loaded", f->service);
    }
    fbed_filter_counts(f);
    struct unload_result result;
    unload_run(f, atomic_load(&watchdog_seconds), &result);
    if (!result.returned) {
        f->state = FILTER_ABANDONED;
        vf_report_leaks(f->image.owner);
        return fbed_fail(error, 0, ETIMEDOUT, "%s: its unload routine does not return", f->service);
    }
    f->unloaded = result.how;
    if (result.how.stays) {
        f->state = FILTER_REFUSED; /* its code and threads stay; what it holds of the machine is a leak like any other's */
        if (!result.how.no_unload && !result.how.is_below) { /* but a driver that is made to stay has its own for ever */
            host_nt_check_freed(f->image.owner);
            vf_report_leaks(f->image.owner);
        }
        port_debug_output_flush();
        return 0;
    }
    if (!HOST_STATUS_OK(result.status) && !result.how.driver_gone) {
        f->state = FILTER_REFUSED;
        return fail_status(error, result.status, f->service, "its driver cannot be unloaded");
    }
    f->state = FILTER_UNLOADED;
    unload_check(f);
    host_nt_check_freed(f->image.owner);
    vf_report_leaks(f->image.owner);
    host_image_retire(&f->image);
    port_debug_output_flush();
    return 0;
}

unsigned
fbed_finding_count(const fbed_machine *machine)
{
    (void)machine;
    return vf_finding_count();
}
