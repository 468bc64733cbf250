/* SPDX-License-Identifier: MIT */
/* Before a run: everything that can be wrong is found before a process is started or anything
 * mounted. */
#include "host/prepare.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/inf.h"
#include "host/order.h"
#include "host/script.h"
#include "host/service.h"

#define SLOW_SECONDS 2

/* ---- "building x …" when it takes long, on a terminal only ---- */

static char progress[256];

static void
progress_due(int signo)
{
    (void)signo;
    ssize_t n = write(2, progress, strlen(progress));
    (void)n;
}

static void
progress_start(const char *filter)
{
    if (isatty(2)) {
        struct sigaction action = {.sa_handler = progress_due, .sa_flags = SA_RESTART};
        snprintf(progress, sizeof progress, "filterbed: building %.200s ...\n", filter);
        sigaction(SIGALRM, &action, NULL);
        alarm(SLOW_SECONDS);
    }
}

static void
progress_end(void)
{
    alarm(0);
    signal(SIGALRM, SIG_DFL);
}

/* ---- filters ---- */

int
altitude_compare(const char *a, const char *b)
{
    a += strspn(a, "0");
    b += strspn(b, "0");
    size_t n = strspn(a, "0123456789"), m = strspn(b, "0123456789");
    if (n != m) {
        return n < m ? -1 : 1;
    }
    int order = strncmp(a, b, n);
    if (order != 0) {
        return order < 0 ? -1 : 1;
    }
    const char *fa = a[n] == '.' ? a + n + 1 : "", *fb = b[n] == '.' ? b + n + 1 : "";
    while (*fa != '\0' || *fb != '\0') {
        char ca = *fa != '\0' ? *fa++ : '0', cb = *fb != '\0' ? *fb++ : '0';
        if (ca != cb) {
            return ca < cb ? -1 : 1;
        }
    }
    return 0;
}

static int
read_inf(const char *filter, struct prepared_filter *f, struct host_error *err)
{
    struct host_inf inf;
    if (host_service_load(filter, f->module.path, f->module.name, f->module.inf, &inf, &f->legacy,
                          err) != 0) {
        return -1;
    }
    f->service = host_strdup(inf.service_name);
    for (size_t i = 0; inf.default_instance != NULL && i < inf.instance_count; i++) {
        if (strcasecmp(inf.instances[i].name, inf.default_instance) == 0) {
            free(f->altitude);
            f->altitude = host_strdup(inf.instances[i].altitude);
        }
    }
    host_inf_free(&inf);
    return 0;
}

static int
check_against(const struct prepared *p, const struct prepared_filter *f, struct host_error *err)
{
    for (size_t i = 0; i < p->count; i++) {
        const struct prepared_filter *other = &p->filters[i];
        if (strcasecmp(other->service, f->service) == 0) {
            return host_fail(err, "%s is given twice (%s and %s); one service can be loaded once",
                             f->service, other->module.path, f->module.path);
        }
        if (other->altitude != NULL && f->altitude != NULL &&
            altitude_compare(other->altitude, f->altitude) == 0) {
            return host_fail(err,
                             "%s and %s are both at altitude %s; every filter needs an altitude of "
                             "its own (%s, %s)",
                             other->service, f->service, f->altitude, other->module.inf,
                             f->module.inf);
        }
    }
    return 0;
}

/* The run-time libraries of two compilers' sanitizers do not go into one process. */
static int
check_runtimes(const char *filter,
               const struct host_module *module,
               const struct prepared *p,
               struct host_error *err)
{
    if (module->sanitize == NULL) {
        return 0;
    }
    bool clang = strstr(module->compiler != NULL ? module->compiler : "", "clang") != NULL;
#ifdef FILTERBED_SANITIZE
#ifdef __clang__
    const bool ours = true;
#else
    const bool ours = false;
#endif
    if (clang != ours) {
        return host_fail(err,
                         "%s: it has the sanitizers of %s, and this filterbed has those of %s in "
                         "it; build the driver with --cc=%s",
                         filter, clang ? "clang" : "gcc", ours ? "clang" : "gcc",
                         ours ? "clang" : "gcc");
    }
#endif
    for (size_t i = 0; i < p->count; i++) {
        const struct host_module *other = &p->filters[i].module;
        if (other->sanitize != NULL &&
            (strstr(other->compiler != NULL ? other->compiler : "", "clang") != NULL) != clang) {
            return host_fail(err,
                             "%s and %s have the sanitizers of different compilers; build both "
                             "with the same --cc",
                             p->filters[i].service, filter);
        }
    }
    return 0;
}

/* The runtimes of the others are loaded into the server; this one must have been there from the
 * start. */
static int
check_sanitizer(const char *filter,
                const struct host_module *module,
                const struct prepared *p,
                struct host_error *err)
{
#ifdef FILTERBED_SANITIZE
    const char *ours = FILTERBED_SANITIZE;
#else
    const char *ours = "";
#endif
    if (module->sanitize != NULL && strstr(module->sanitize, "thread") != NULL &&
        strstr(ours, "thread") == NULL) {
        return host_fail(err,
                         "%s: a driver with the thread sanitizer needs a filterbed that is built "
                         "with it (scripts/build tsan)",
                         filter);
    }
    return check_runtimes(filter, module, p, err);
}

static int
prepare_filter(const struct run_options *o,
               const char *filter,
               struct prepared *p,
               struct host_error *err)
{
    struct prepared_filter f = {0};
    struct host_build_options build = {.filter = filter,
                                       .sanitize = o->sanitize,
                                       .cc = o->cc,
                                       .debug = o->debug,
                                       .verbose = o->verbose};
    progress_start(filter);
    int rc = host_build_project(&build, &f.module, err);
    progress_end();
    if (rc != 0) {
        return -1;
    }
    for (size_t i = 0; !o->quiet && f.module.rebuilt && i < f.module.notes.count; i++) {
        fprintf(stderr, "filterbed: note: %s\n", f.module.notes.items[i]);
    }
    rc = check_sanitizer(filter, &f.module, p, err);
    if (rc == 0) {
        rc = read_inf(filter, &f, err);
    }
    if (rc == 0) {
        rc = check_against(p, &f, err);
    }
    p->filters = host_xrealloc(p->filters, (p->count + 1) * sizeof *p->filters);
    p->filters[p->count++] = f;
    if (f.module.sanitizer_runtime != NULL && p->sanitizer_runtime == NULL) {
        p->sanitizer_runtime = p->filters[p->count - 1].module.sanitizer_runtime;
    }
    return rc;
}

/* The file system comes first of all. */
static int
prepare_file_system(const struct run_options *o, struct prepared *p, struct host_error *err)
{
    if (o->file_system == NULL) {
        return 0;
    }
    if (prepare_filter(o, o->file_system, p, err) != 0) {
        return -1;
    }
    struct prepared_filter f = p->filters[p->count - 1];
    if (!f.legacy) {
        return host_fail(err, "--fs %s: it is a minifilter, not a file system", o->file_system);
    }
    f.file_system = f.below = true;
    memmove(&p->filters[1], &p->filters[0], (p->count - 1) * sizeof f);
    p->filters[0] = f;
    p->mount_after++;
    p->sanitizer_runtime = NULL;
    for (size_t i = 0; i < p->count && p->sanitizer_runtime == NULL; i++) {
        p->sanitizer_runtime = p->filters[i].module.sanitizer_runtime;
    }
    return 0;
}

/* ---- files ---- */

static int
open_directory(const struct run_options *o, struct prepared *p, struct host_error *err)
{
    struct stat st;
    if (o->directory == NULL) {
        return 0;
    }
    if (stat(o->directory, &st) != 0) {
        return errno == ENOTCONN
                   ? host_fail(err,
                               "%s: it is the mount point of a server that has died (fusermount3 "
                               "-uz %s helps)",
                               o->directory, o->directory)
                   : host_fail(err, "directory %s: %s", o->directory, strerror(errno));
    }
    if (!S_ISDIR(st.st_mode)) {
        return host_fail(err, "%s is not a directory", o->directory);
    }
    p->directory_fd = open(o->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (p->directory_fd < 0 || access(o->directory, R_OK | X_OK) != 0) {
        return host_fail(err, "directory %s cannot be read: %s", o->directory, strerror(errno));
    }
    p->directory = host_path_real(o->directory);
    return p->directory != NULL ? 0
                                : host_fail(err, "directory %s: %s", o->directory, strerror(errno));
}

static char *
read_stdin(void)
{
    struct host_buf b = {0};
    char chunk[4096];
    ssize_t n;
    while ((n = read(0, chunk, sizeof chunk)) > 0 || (n < 0 && errno == EINTR)) {
        host_buf_add(&b, chunk, n > 0 ? (size_t)n : 0);
    }
    return host_buf_take(&b);
}

static int
read_script(const struct run_options *o, struct prepared *p, struct host_error *err)
{
    struct script script;
    if (o->script == NULL) {
        return 0;
    }
    if (strcmp(o->script, "-") == 0) {
        p->script_text = read_stdin();
    } else if (host_read_text(o->script, &p->script_text, err) != 0) {
        return -1;
    }
    if (script_parse(o->script, p->script_text, &script, err) != 0) {
        return -1;
    }
    script_free(&script);
    return 0;
}

/* Known before anything runs: a report that cannot be written would be lost in the end. */
static int
check_report(const char *path, struct host_error *err)
{
    struct stat st;
    int rc = stat(path, &st) == 0 ? 0 : errno;
    if (rc == 0) {
        rc = S_ISDIR(st.st_mode) ? EISDIR : access(path, W_OK) == 0 ? 0 : errno;
    } else if (rc == ENOENT) {
        char *directory = host_path_dir(path);
        rc = access(directory, W_OK | X_OK) == 0 ? 0 : errno;
        free(directory);
    }
    return rc == 0 ? 0 : host_fail(err, "cannot write the report to %s: %s", path, strerror(rc));
}

int
prepare(const struct run_options *o, struct prepared *p, struct host_error *err)
{
    *p = (struct prepared){.directory_fd = -1, .log_fd = -1};
    if (open_directory(o, p, err) != 0 || read_script(o, p, err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < o->reports.count; i++) {
        if (check_report(strchr(o->reports.items[i], ':') + 1, err) != 0) {
            return -1;
        }
    }
    for (size_t i = 0; i < o->filters.count; i++) {
        if (prepare_filter(o, o->filters.items[i], p, err) != 0) {
            return -1;
        }
    }
    if (order_filters(o->load_order, p, err) != 0 || prepare_file_system(o, p, err) != 0) {
        return -1;
    }
    if (o->log != NULL) {
        p->log_fd = open(o->log, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0666);
        if (p->log_fd < 0) {
            return host_fail(err, "cannot write driver output to %s: %s", o->log, strerror(errno));
        }
    }
    return 0;
}

void
prepare_free(struct prepared *p)
{
    for (size_t i = 0; i < p->count; i++) {
        host_module_free(&p->filters[i].module);
        free(p->filters[i].service);
        free(p->filters[i].altitude);
    }
    free(p->filters);
    free(p->directory);
    free(p->script_text);
    if (p->directory_fd >= 0) {
        close(p->directory_fd);
    }
    if (p->log_fd >= 0) {
        close(p->log_fd);
    }
}
