/* SPDX-License-Identifier: MIT */
/* ctest-labels: build */
/* ctest-timeout: 300 */
/* ctest-labels: build */
/* Builds the projects of tests/build/projects, each with LF and with CRLF line ends, with every
 * compiler that is there. */
#include "host/compile.h"
#include "host/modinfo.h"
#include "host/spawn.h"
#include "scratch.h"

static struct host_error err;
static struct host_module module;
static char *messages; /* of the last build */
static const char *compiler;

static int
setup(void **state)
{
    int rc = scratch_setup(state);
    char *cache = host_printf("%s/./no/..//cache", scratch);
    setenv("XDG_CACHE_HOME", cache, 1);
    free(cache);
    return rc;
}

static int
teardown(void **state)
{
    free(messages);
    messages = NULL;
    return scratch_teardown(state);
}

/* Copies a project into the scratch directory, with that line end. */
static void
copy_tree(const char *from, const char *to, bool crlf)
{
    struct host_strv files = {0}, dirs = {0};
    host_list_files(from, "", &files);
    host_list_dirs(from, &dirs);
    for (size_t i = 0; i < files.count; i++) {
        char *text, *name = host_printf("%s/%s", to, host_path_base(files.items[i]));
        assert_int_equal(host_read_text(files.items[i], &text, &err), 0);
        if (crlf) {
            scratch_crlf(name, text);
        } else {
            scratch_file(name, text);
        }
        free(name);
        free(text);
    }
    for (size_t i = 0; i < dirs.count; i++) {
        char *name = host_printf("%s/%s", to, host_path_base(dirs.items[i]));
        copy_tree(dirs.items[i], name, crlf);
        free(name);
    }
    host_strv_free(&files);
    host_strv_free(&dirs);
}

static const char *
copy_project(const char *name, bool crlf)
{
    char *from = host_printf("%s/tests/build/projects/%s", FILTERBED_SOURCE_DIR, name);
    copy_tree(from, name, crlf);
    free(from);
    return scratch_path(name);
}

static int
build_with(struct host_build_options options)
{
    size_t size;
    free(messages);
    messages = NULL;
    options.diagnostics = open_memstream(&messages, &size);
    options.cc = compiler;
    int rc = host_build_project(&options, &module, &err);
    fclose(options.diagnostics);
    return rc;
}

static void
must_build(struct host_build_options options)
{
    if (build_with(options) != 0) {
        fail_msg("%s\n%s", err.text, messages);
    }
    if (*messages != '\0') {
        fail_msg("messages of a good build:\n%s", messages);
    }
}

static void
must_not_build(struct host_build_options options, const char *words)
{
    if (build_with(options) == 0) {
        fail_msg("%s was built", module.path);
    }
    if (strstr(err.text, words) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", err.text, words);
    }
}

static void
test_host_build__good_projects(void **state)
{
    (void)state;
    static const struct {
        const char *project, *name;
    } cases[] = {
        {"names", "names"}, {"configs", "gauge"}, {"plusplus", "plusplus"}, {"traced", "traced"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (int crlf = 0; crlf < 2; crlf++) {
            must_build((struct host_build_options){.filter = copy_project(cases[i].project, crlf)});
            assert_string_equal(module.name, cases[i].name);
            assert_true(module.rebuilt);
            assert_non_null(module.inf);
            struct host_modinfo info;
            assert_int_equal(host_modinfo_read(module.path, &info, &err), 0);
            assert_true(info.has_driver_entry);
            assert_true(info.present);
            assert_string_equal(info.inf, module.inf);
            assert_string_equal(info.compiler, compiler);
            host_modinfo_free(&info);
            host_module_free(&module);
        }
    }
}

static void
test_host_build__debug_configuration(void **state)
{
    (void)state;
    must_build(
        (struct host_build_options){.filter = copy_project("configs", false), .debug = true});
    assert_true(module.debug);
    host_module_free(&module);
}

static void
test_host_build__sanitizers(void **state)
{
    (void)state;
    const char *filter = copy_project("names", false);
    static const char *const lists[] = {"address,undefined", "thread"};
    for (size_t i = 0; i < 2; i++) {
        must_build((struct host_build_options){.filter = filter, .sanitize = lists[i]});
        assert_string_equal(module.sanitize, lists[i]);
        struct host_modinfo info;
        assert_int_equal(host_modinfo_read(module.path, &info, &err), 0);
        assert_string_equal(info.sanitize, lists[i]);
        host_modinfo_free(&info);
        host_module_free(&module);
    }
}

static void
test_host_build__only_what_changed(void **state)
{
    (void)state;
    const char *filter = copy_project("names", false), *output = scratch_path("here.so");
    struct host_build_options options = {.filter = filter, .output = output};
    must_build(options);
    assert_string_equal(module.path, output);
    host_module_free(&module);
    must_build(options);
    assert_false(module.rebuilt);
    host_module_free(&module);
    usleep(20000); /* a file system's clock may tick only every 10 ms */
    scratch_file("names/SUB/Deep/deep.h", "#pragma once\n#define NAMES_DEEP 2\n/* changed */\n");
    must_build(options);
    assert_true(module.rebuilt);
    host_module_free(&module);
    must_build(options);
    assert_false(module.rebuilt);
    host_module_free(&module);
    options.debug = true;
    must_build(options);
    assert_true(module.rebuilt);
    host_module_free(&module);
    unlink(output);
    must_build(options);
    assert_true(module.rebuilt);
    host_module_free(&module);
}

static void
test_host_build__include_names_that_are_gone(void **state)
{
    (void)state;
    struct host_build_options options = {.filter = copy_project("names", false)};
    must_build(options);
    host_module_free(&module);
    unlink(scratch_path("names/SUB/shared.h"));
    must_not_build(options, "did not compile");
    assert_non_null(strstr(messages, "names.c:5:"));
}

static void
test_host_build__module_as_filter(void **state)
{
    (void)state;
    const char *output = scratch_path("copy.so");
    must_build(
        (struct host_build_options){.filter = copy_project("names", false), .output = output});
    char *inf = host_strdup(module.inf);
    host_module_free(&module);
    must_build((struct host_build_options){.filter = output});
    assert_false(module.rebuilt);
    assert_string_equal(module.name, "names");
    assert_string_equal(module.inf, inf);
    assert_int_equal(module.sources.count, 1);
    host_module_free(&module);
    must_not_build((struct host_build_options){.filter = output, .output = scratch_path("x.so")},
                   "nothing to write");
    free(inf);
}

static void
test_host_build__compiler_error_names_the_drivers_line(void **state)
{
    (void)state;
    must_not_build((struct host_build_options){.filter = copy_project("broken", true)},
                   "1 of 2 sources did not compile");
    char *place = host_printf("%s/broken/bad.c:7:", scratch);
    assert_non_null(strstr(messages, place));
    assert_non_null(strstr(messages, "NoSuchName"));
    free(place);
    assert_null(module.path);
}

static void
test_host_build__no_driver_entry(void **state)
{
    (void)state;
    const char *output = scratch_path("e.so");
    must_not_build(
        (struct host_build_options){.filter = copy_project("entryless", false), .output = output},
        "no DriverEntry");
    assert_false(host_is_file(output));
}

static void
test_host_build__missing_routine_is_named(void **state)
{
    (void)state;
    must_not_build((struct host_build_options){.filter = copy_project("unresolved", false)},
                   "NoSuchRoutineAnywhere");
}

static void
test_host_build__long_members_are_noted(void **state)
{
    (void)state;
    must_build((struct host_build_options){.filter = copy_project("longs", false)});
    assert_int_equal(module.notes.count, 1);
    assert_non_null(strstr(module.notes.items[0], "longs.c:7: "));
    host_module_free(&module);
}

static void
test_host_build__pointer_types_unlike_the_declaration(void **state)
{
    (void)state;
    struct host_build_options options = {.filter = copy_project("mismatch", true)};
    must_build(options);
    assert_int_equal(module.notes.count, 2);
    assert_non_null(strstr(module.notes.items[0], "mismatch.c:12: DropCleanup "));
    assert_non_null(strstr(module.notes.items[1], "mismatch.c:21: DropSize "));
    host_module_free(&module);
    must_build(options);
    assert_false(module.rebuilt);
    host_module_free(&module);
    scratch_file("mismatch/proc.h",
                 "typedef struct _DROP { LONG Size; } DROP, *PDROP;\n"
                 "VOID DropCleanup(PVOID Context);\nLONG DropSize(PDROP Drop);\n");
    must_not_build(options, "did not compile");
    assert_non_null(strstr(messages, "DropCleanup"));
}

static void
test_host_build__bad_arguments(void **state)
{
    (void)state;
    const char *filter = copy_project("longs", false);
    must_not_build(
        (struct host_build_options){.filter = filter, .output = scratch_path("none/x.so")},
        "no such directory");
    const char *saved = compiler;
    compiler = "no-such-compiler";
    must_not_build((struct host_build_options){.filter = filter}, "no-such-compiler");
    compiler = saved;
    must_not_build((struct host_build_options){.filter = scratch_path("absent")}, "No such file");
    setenv("FILTERBED_ROOT", scratch, 1);
    must_not_build((struct host_build_options){.filter = filter}, "FILTERBED_ROOT");
    unsetenv("FILTERBED_ROOT");
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_host_build__##name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(good_projects),
        TEST(debug_configuration),
        TEST(sanitizers),
        TEST(only_what_changed),
        TEST(include_names_that_are_gone),
        TEST(module_as_filter),
        TEST(compiler_error_names_the_drivers_line),
        TEST(no_driver_entry),
        TEST(missing_routine_is_named),
        TEST(long_members_are_noted),
        TEST(pointer_types_unlike_the_declaration),
        TEST(bad_arguments),
    };
    static const char *const compilers[] = {"clang", "gcc"};
    int rc = 0, tried = 0;
    for (size_t i = 0; i < 2; i++) {
        char *version = spawn_capture((const char *const[]){compilers[i], "--version", NULL});
        if (version == NULL) {
            fprintf(stderr, "skipped: %s is not installed\n", compilers[i]);
            continue;
        }
        free(version);
        compiler = compilers[i];
        tried++;
        rc += cmocka_run_group_tests_name(compiler, tests, NULL, NULL);
    }
    return tried == 0 ? 77 : rc;
}
