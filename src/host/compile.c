/* SPDX-License-Identifier: MIT */
/*
 * From a project to a module; see compile.h.
 *
 * Everything that a build makes lies in one directory of the cache, named after the project and
 * whatever changes the objects (compiler, sanitizer, debug). A lock on it keeps two builds of one
 * project apart.
 */
#include "host/compile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "host/farm.h"
#include "host/mismatch.h"
#include "host/modinfo.h"
#include "host/project.h"
#include "host/spawn.h"
#include "host/toolchain.h"
#include "host/uptodate.h"

struct build {
    const struct host_build_options *options;
    struct host_project project;
    struct toolchain tc;
    char *dir; /* in the cache */
    char *farm;
    char *output;
    int lock;
    bool changed; /* an object was made */
    struct host_strv objects;
    struct host_strv notes;
    FILE *diag;
    struct host_error *err;
};

/* One object to make. */
struct unit {
    char *object;
    char *depfile;
    char *command;
    struct timespec start;
};

static char *
cache_root_given(void)
{
    const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    if (xdg != NULL && *xdg == '/') {
        return host_printf("%s/filterbed", xdg);
    }
    if (home != NULL && *home == '/') {
        return host_printf("%s/.cache/filterbed", home);
    }
    return host_printf("/tmp/filterbed-%ld", (long)getuid());
}

/* Without "." and "..": paths below it are compared by text. */
char *
host_cache_root(void)
{
    char *given = cache_root_given();
    char *clean = host_path_absolute(given);
    free(given);
    return clean;
}

static int
open_cache(struct build *b)
{
    const struct host_build_options *o = b->options;
    char *key = host_printf(
        "%s|%s|%s|%s|%d|%s", b->project.file != NULL ? b->project.file : b->project.dir, b->tc.cc,
        b->tc.version, o->sanitize != NULL ? o->sanitize : "", o->debug, b->tc.include);
    char *root = host_cache_root();
    b->dir = host_printf("%s/%s-%016llx", root, b->project.name, host_hash(key));
    free(root);
    free(key);
    if (host_mkdirs(b->dir, b->err) != 0) {
        return -1;
    }
    char *path = host_printf("%s/lock", b->dir);
    b->lock = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0666);
    int rc = b->lock < 0 || flock(b->lock, LOCK_EX) != 0
                 ? host_fail(b->err, "%s: %s", path, strerror(errno))
                 : 0;
    free(path);
    return rc;
}

static char *
join_args(const struct host_strv *argv)
{
    struct host_buf b = {0};
    for (size_t i = 0; i < argv->count; i++) {
        host_buf_addf(&b, "%s%s", i > 0 ? " " : "", argv->items[i]);
    }
    return host_buf_take(&b);
}

static void
show_command(const struct build *b, const struct host_strv *argv)
{
    if (b->options->verbose) {
        char *line = join_args(argv);
        fprintf(b->diag, "%s\n", line);
        free(line);
    }
}

/* Prepares the command for one source. Returns whether it must run. */
static bool
prepare_unit(struct build *b, const struct host_source *s, struct unit *u, struct spawn_job *job)
{
    char *stem = host_path_stem(s->path);
    u->object = host_printf("%s/%s-%08llx.o", b->dir, stem, host_hash(s->path) & 0xFFFFFFFFu);
    u->depfile = host_printf("%s.d", u->object);
    free(stem);
    toolchain_compile_args(&b->tc, b->options, &b->project, s, b->farm, &job->argv);
    if (isatty(fileno(b->diag))) {
        host_strv_add(&job->argv, "-fdiagnostics-color=always");
    }
    char *line = join_args(&job->argv);
    u->command = host_printf("%s\n%s\n", b->tc.version, line);
    free(line);
    host_strv_add(&job->argv, "-MD");
    host_strv_add(&job->argv, "-MF");
    host_strv_add(&job->argv, u->depfile);
    host_strv_add(&job->argv, "-o");
    host_strv_add(&job->argv, u->object);
    host_strv_add(&job->argv, s->path);
    host_strv_add(&b->objects, u->object);
    return !uptodate_check(u->object, u->depfile, u->command);
}

static unsigned
job_count(const struct host_build_options *o)
{
    long n = o->jobs != 0 ? (long)o->jobs : sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 ? (unsigned)n : 1;
}

/* The original belongs to the dependencies of an object that was made from a copy of it. */
static void
add_dependency(const char *depfile, const char *path)
{
    FILE *f = fopen(depfile, "ae");
    if (f != NULL) {
        for (fputs("\\\n ", f); *path != '\0'; path++) {
            fprintf(f, *path == ' ' || *path == '#' ? "\\%c" : "%c", *path);
        }
        fputc('\n', f);
        fclose(f);
    }
}

/*
 * A source that failed because of functions defined otherwise than declared is tried once more with
 * those repaired. If that succeeds, the job counts as done and its first messages are forgotten; if
 * not, nothing changes.
 */
static void
retry_repaired(struct build *b, struct unit *u, struct spawn_job *job)
{
    const char *source = job->argv.items[job->argv.count - 1];
    char *copy = host_printf("%s.c", u->object);
    struct host_strv notes = {0};
    if (job->status != 0 && job->output != NULL &&
        mismatch_repair(source, job->output, copy, &notes)) {
        struct spawn_job again = {0};
        host_strv_copy(&again.argv, &job->argv);
        free(again.argv.items[again.argv.count - 1]);
        again.argv.items[again.argv.count - 1] = host_strdup(copy);
        show_command(b, &again.argv);
        clock_gettime(CLOCK_REALTIME, &u->start);
        if (spawn_all(&again, 1, 1) == 0) {
            add_dependency(u->depfile, source);
            host_strv_copy(&b->notes, &notes);
            free(job->output);
            job->output = again.output;
            again.output = NULL;
            job->status = 0;
        }
        spawn_job_free(&again);
    }
    host_strv_free(&notes);
    free(copy);
}

/* Makes an object count only if its command succeeded. */
static int
finish_unit(struct build *b, const struct unit *u, const struct spawn_job *job)
{
    if (job->output != NULL && *job->output != '\0') {
        fputs(job->output, b->diag);
    }
    if (job->status != 0) {
        unlink(u->object);
        return 0;
    }
    b->changed = true;
    return uptodate_record(u->object, u->command, u->start, b->err);
}

static void
free_units(struct unit *units, struct spawn_job *jobs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(units[i].object);
        free(units[i].depfile);
        free(units[i].command);
        spawn_job_free(&jobs[i]);
    }
    free(units);
    free(jobs);
}

static int
compile_sources(struct build *b)
{
    size_t total = b->project.source_count, count = 0;
    struct unit *units = host_xalloc(total * sizeof *units);
    struct spawn_job *jobs = host_xalloc(total * sizeof *jobs);
    for (size_t i = 0; i < total; i++) {
        struct unit *u = &units[count];
        if (prepare_unit(b, &b->project.sources[i], u, &jobs[count])) {
            clock_gettime(CLOCK_REALTIME, &u->start);
            show_command(b, &jobs[count].argv);
            count++;
        } else {
            free(u->object);
            free(u->depfile);
            free(u->command);
            *u = (struct unit){0};
            spawn_job_free(&jobs[count]);
        }
    }
    size_t failed = spawn_all(jobs, count, job_count(b->options));
    for (size_t i = 0; i < count && failed > 0; i++) {
        bool bad = jobs[i].status != 0;
        retry_repaired(b, &units[i], &jobs[i]);
        failed -= bad && jobs[i].status == 0;
    }
    int rc = 0;
    for (size_t i = 0; i < count && rc == 0; i++) {
        rc = finish_unit(b, &units[i], &jobs[i]);
    }
    free_units(units, jobs, count);
    if (rc == 0 && failed > 0) {
        rc = host_fail(b->err, "%s: %zu of %zu sources did not compile", b->project.name, failed,
                       total);
    }
    return rc;
}

/* Runs one command of ours and shows what it says. */
static int
run_one(struct build *b, struct spawn_job *job, const char *what)
{
    show_command(b, &job->argv);
    if (spawn_all(job, 1, 1) == 0) {
        return 0;
    }
    fputs(job->output != NULL ? job->output : "", b->diag);
    return host_fail(b->err, "%s: %s failed", b->project.name, what);
}

/* The object that carries the .filterbed section. */
static int
make_info(struct build *b)
{
    struct host_modinfo info = {.name = b->project.name,
                                .inf = b->project.inf,
                                .compiler = b->tc.cc,
                                .sanitize = (char *)b->options->sanitize,
                                .sanitizer_runtime = b->tc.sanitizer_runtime,
                                .debug = b->options->debug};
    for (size_t i = 0; i < b->project.source_count; i++) {
        host_strv_add(&info.sources, b->project.sources[i].path);
    }
    char *json = host_modinfo_text(&info);
    host_strv_free(&info.sources);
    struct host_buf text = {0};
    host_buf_adds(&text,
                  "__attribute__((section(\".filterbed\"), used)) static const char info[] = {");
    for (const char *p = json; *p != '\0'; p++) {
        host_buf_addf(&text, "%d,", (signed char)*p);
    }
    host_buf_adds(&text, "0};\n");
    free(json);
    char *source = host_printf("%s/modinfo.c", b->dir),
         *object = host_printf("%s/modinfo.o", b->dir);
    int rc = host_write_if_changed(source, text.data, text.len, b->err);
    if (rc == 0 && (uptodate_newer(source, object))) {
        struct spawn_job job = {0};
        const char *const argv[] = {b->tc.cc, "-c", "-fPIC", "-o", object, source};
        for (size_t i = 0; i < sizeof argv / sizeof *argv; i++) {
            host_strv_add(&job.argv, argv[i]);
        }
        rc = run_one(b, &job, "writing the module's description");
        spawn_job_free(&job);
        b->changed = true;
    }
    host_strv_add(&b->objects, object);
    host_buf_free(&text);
    free(source);
    free(object);
    return rc;
}

/* The names after "undefined reference to" in a linker's output, each once. */
static void
missing_routines(const char *output, struct host_strv *names)
{
    static const char *const marks[] = {"undefined reference to `", "undefined symbol: "};
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
        for (const char *at = output; (at = strstr(at, marks[i])) != NULL;) {
            at += strlen(marks[i]);
            char *name = host_strndup(at, strcspn(at, "'\n "));
            if (host_strv_has(names, name)) {
                free(name);
            } else {
                host_strv_own(names, name);
            }
        }
    }
}

static int
link_failed(struct build *b, const struct spawn_job *job)
{
    struct host_strv names = {0};
    struct host_buf list = {0};
    missing_routines(job->output, &names);
    if (names.count == 0) {
        return host_fail(b->err, "%s: linking failed", b->project.name);
    }
    for (size_t i = 0; i < names.count; i++) {
        host_buf_addf(&list, "%s%s", i > 0 ? ", " : "", names.items[i]);
    }
    host_fail(b->err, "%s: neither the driver nor filterbed defines: %s", b->project.name,
              list.data);
    host_buf_free(&list);
    host_strv_free(&names);
    return -1;
}

static bool
any_cxx(const struct host_project *p)
{
    for (size_t i = 0; i < p->source_count; i++) {
        if (p->sources[i].cxx) {
            return true;
        }
    }
    return false;
}

static int
link_args(struct build *b, const char *temp, struct host_strv *argv)
{
    static const char script[] = "{ global: DriverEntry; local: *; };\n";
    char *map = host_printf("%s/driver.map", b->dir);
    int rc = host_write_if_changed(map, script, sizeof script - 1, b->err);
    toolchain_link_args(&b->tc, b->options, any_cxx(&b->project), map, argv);
    free(map);
    host_strv_add(argv, "-o");
    host_strv_add(argv, temp);
    host_strv_copy(argv, &b->objects);
    if (b->tc.crt != NULL) {
        host_strv_add(argv, b->tc.crt);
    }
    host_strv_addf(argv, "-L%s", b->tc.libdir);
    host_strv_add(argv, "-lfilterbed");
    host_strv_addf(argv, "-Wl,-rpath,%s", b->tc.libdir);
    if (b->tc.sanitizer_runtime != NULL) {
        char *dir = host_path_dir(b->tc.sanitizer_runtime);
        host_strv_addf(argv, "-Wl,-rpath,%s", dir);
        free(dir);
    }
    return rc;
}

/* Links beside the output and moves the result there, so that a module in use is never written to.
 */
static int
link_module(struct build *b)
{
    char *lib = host_path_join(b->tc.libdir, "libfilterbed.so");
    char *record = host_printf("%s/link.cmd", b->dir),
         *temp = host_printf("%s.%ld.tmp", b->output, (long)getpid());
    struct spawn_job job = {0};
    int rc = link_args(b, temp, &job.argv);
    struct host_strv plain = {0};
    for (size_t i = 0; i < job.argv.count; i++) {
        host_strv_add(&plain, strcmp(job.argv.items[i], temp) == 0 ? b->output : job.argv.items[i]);
    }
    char *command = join_args(&plain), *old = NULL;
    size_t len;
    bool same = host_read_file(record, &old, &len, NULL) == 0 && strcmp(old, command) == 0;
    bool stale = b->tc.crt != NULL && uptodate_newer(b->tc.crt, b->output);
    if (rc == 0 && (b->changed || !same || stale || !host_is_file(b->output))) {
        b->changed = true;
        show_command(b, &plain);
        if (spawn_all(&job, 1, 1) != 0) {
            fputs(job.output, b->diag);
            rc = link_failed(b, &job);
        } else if (rename(temp, b->output) != 0) {
            rc = host_fail(b->err, "%s: %s", b->output, strerror(errno));
        } else {
            rc = host_write_if_changed(record, command, strlen(command), b->err);
        }
        unlink(temp);
    }
    free(old);
    free(command);
    host_strv_free(&plain);
    spawn_job_free(&job);
    free(temp);
    free(record);
    free(lib);
    return rc;
}

static int
check_entry(struct build *b)
{
    struct host_modinfo info;
    if (host_modinfo_read(b->output, &info, b->err) != 0) {
        return -1;
    }
    bool there = info.has_driver_entry;
    host_modinfo_free(&info);
    if (there) {
        return 0;
    }
    unlink(b->output);
    return host_fail(b->err, "%s: no DriverEntry: none of the %zu source%s defines it%s",
                     b->project.name, b->project.source_count,
                     b->project.source_count == 1 ? "" : "s",
                     any_cxx(&b->project) ? " with C linkage" : "");
}

static char *
dup_or_null(const char *s)
{
    return s != NULL ? host_strdup(s) : NULL;
}

static void
fill_module(const struct build *b, struct host_module *out)
{
    *out = (struct host_module){.name = host_strdup(b->project.name),
                                .path = host_strdup(b->output),
                                .inf = dup_or_null(b->project.inf),
                                .compiler = host_strdup(b->tc.cc),
                                .sanitize = dup_or_null(b->options->sanitize),
                                .sanitizer_runtime = dup_or_null(b->tc.sanitizer_runtime),
                                .debug = b->options->debug,
                                .rebuilt = b->changed};
    for (size_t i = 0; i < b->project.source_count; i++) {
        host_strv_add(&out->sources, b->project.sources[i].path);
    }
    host_strv_copy(&out->notes, &b->project.notes);
    host_strv_copy(&out->notes, &b->notes);
}

/* FILTER is a module already. */
static int
use_module(const struct host_project *p, struct host_module *out, struct host_error *err)
{
    struct host_modinfo info;
    if (host_modinfo_read(p->module, &info, err) != 0) {
        return -1;
    }
    if (!info.has_driver_entry) {
        host_modinfo_free(&info);
        return host_fail(err, "%s: no DriverEntry in this module", p->module);
    }
    *out = (struct host_module){.name = host_strdup(p->name),
                                .path = host_strdup(p->module),
                                .inf = dup_or_null(p->inf),
                                .compiler = info.compiler,
                                .sanitize = info.sanitize,
                                .sanitizer_runtime = info.sanitizer_runtime,
                                .debug = info.debug,
                                .sources = info.sources};
    info.compiler = info.sanitize = info.sanitizer_runtime = NULL;
    info.sources = (struct host_strv){0};
    host_modinfo_free(&info);
    return 0;
}

static int
build_sources(struct build *b)
{
    if (toolchain_find(b->options, &b->tc, b->err) != 0 || open_cache(b) != 0) {
        return -1;
    }
    b->output = b->options->output != NULL ? host_path_absolute(b->options->output)
                                           : host_printf("%s/%s.so", b->dir, b->project.name);
    char *dir = host_path_dir(b->output);
    bool there = host_is_dir(dir);
    int rc = there ? 0 : host_fail(b->err, "%s: no such directory", dir);
    free(dir);
    char *root = host_printf("%s/include", b->dir);
    if (rc == 0) {
        rc = farm_build(&b->project, b->tc.include, root, &b->farm, &b->notes, b->err);
    }
    free(root);
    if (rc != 0 || compile_sources(b) != 0 || make_info(b) != 0 || link_module(b) != 0) {
        return -1;
    }
    return check_entry(b);
}

int
host_build_project(const struct host_build_options *options,
                   struct host_module *out,
                   struct host_error *err)
{
    struct build b = {.options = options, .lock = -1, .err = err};
    *out = (struct host_module){0};
    b.diag = options->diagnostics != NULL ? options->diagnostics : stderr;
    if (host_project_load(options->filter, options->debug, &b.project, err) != 0) {
        return -1;
    }
    int rc;
    if (b.project.module != NULL && options->output != NULL) {
        rc = host_fail(err, "%s: this is a built module; there is nothing to write to %s",
                       options->filter, options->output);
    } else if (b.project.module != NULL) {
        rc = use_module(&b.project, out, err);
    } else {
        rc = build_sources(&b);
        if (rc == 0) {
            fill_module(&b, out);
        }
    }
    if (b.lock >= 0) {
        close(b.lock);
    }
    host_strv_free(&b.objects);
    host_strv_free(&b.notes);
    free(b.output);
    free(b.farm);
    free(b.dir);
    toolchain_free(&b.tc);
    host_project_free(&b.project);
    return rc;
}

void
host_module_free(struct host_module *module)
{
    free(module->name);
    free(module->path);
    free(module->inf);
    free(module->compiler);
    free(module->sanitize);
    free(module->sanitizer_runtime);
    host_strv_free(&module->sources);
    host_strv_free(&module->notes);
    *module = (struct host_module){0};
}
