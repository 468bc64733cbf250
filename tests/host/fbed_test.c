/* SPDX-License-Identifier: MIT */
/* The embedding API: a machine in this process, with the examples as filters. */
#include "machine.h"

#include <fcntl.h>
#include <jansson.h>
#include <sys/stat.h>
#include <unistd.h>

#include "port/port.h"

static fbed_volume *volume;
static struct fbed_error error;

static int
setup(void **state)
{
    if (machine_setup(state, FBED_VERIFY_STANDARD, 1) != 0) {
        return -1;
    }
    SUCCEEDS(fbed_volume_add_memory(machine, NULL, &volume, &error));
    return 0;
}

static int
teardown(void **state)
{
    fbed_machine_destroy(machine);
    fbed_machine_destroy(NULL);
    fbed_machine *other = machine;
    int rc = fbed_machine_create(NULL, &other, &error);
    return rc == -1 && other == NULL ? scratch_teardown(state) : -1;
}

static void
load(const char *name, fbed_filter **filter)
{
    char *path = host_printf("%s/examples/%s", FILTERBED_SOURCE_DIR, name);
    struct fbed_filter_options options = {.size = sizeof options, .filter = path};
    SUCCEEDS(fbed_filter_load(machine, &options, filter, &error));
    free(path);
}

static json_t *
report(void)
{
    char *text;
    assert_int_equal(fbed_report(machine, FBED_REPORT_JSON, &text), 0);
    json_t *j = json_loads(text, 0, NULL);
    assert_non_null(j);
    free(text);
    return j;
}

static void
test_host_fbed__one_machine(void **state)
{
    (void)state;
    fbed_machine *second = machine;
    assert_int_equal(fbed_machine_create(NULL, &second, &error), -1);
    assert_null(second);
    assert_non_null(strstr(error.text, "one per process"));
    assert_int_equal(fbed_volume_number(volume), 1);
}

static void
test_host_fbed__script_through_a_filter(void **state)
{
    (void)state;
    fbed_filter *filter, *twice;
    struct fbed_script_result result;
    load("null", &filter);
    assert_string_equal(fbed_filter_name(filter), "null");
    char *path = host_printf("%s/examples/null", FILTERBED_SOURCE_DIR);
    struct fbed_filter_options options = {.size = sizeof options, .filter = path};
    assert_int_equal(fbed_filter_load(machine, &options, &twice, &error), -1);
    assert_non_null(strstr(error.text, "loaded already"));
    free(path);
    SUCCEEDS(fbed_volume_script(volume,
                                "write a hello\nexpect a hello\n!ENOENT delete b\ndelete a\n", "t",
                                &result, &error));
    assert_int_equal(result.operations, 4);
    assert_int_equal(result.failed, 0);
    assert_int_equal(fbed_volume_script(volume, "delete b\n", "t", &result, &error), -1);
    assert_string_equal(result.message, "t:1: delete b: No such file or directory");
    assert_string_equal(error.text, result.message);
    assert_int_equal(fbed_volume_script(volume, "delete\n", "t", &result, &error), -1);
    assert_int_equal(result.operations, 0);
    SUCCEEDS(fbed_filter_unload(filter, &error));
    assert_int_equal(fbed_filter_unload(filter, &error), -1);
    assert_int_equal(fbed_finding_count(machine), 0);
    json_t *r = report();
    const json_t *f = json_array_get(json_object_get(r, "filters"), 0);
    assert_string_equal(json_string_value(json_object_get(f, "state")), "unloaded");
    assert_true(json_array_size(json_object_get(f, "operations")) >= 4);
    json_decref(r);
}

/* The second load is a copy of the module with fresh data: ctxtrack's counters start at zero, and
 * its static list is empty. */
static void
test_host_fbed__reload_has_fresh_data(void **state)
{
    (void)state;
    for (int round = 0; round < 3; round++) {
        fbed_filter *filter;
        load("ctxtrack", &filter);
        SUCCEEDS(fbed_volume_script(volume, "write a hello\ndelete a\n", "t", NULL, &error));
        SUCCEEDS(fbed_filter_unload(filter, &error));
    }
    assert_int_equal(fbed_finding_count(machine), 0);
}

static void
test_host_fbed__a_second_volume_of_a_directory(void **state)
{
    (void)state;
    fbed_volume *second;
    fbed_filter *filter;
    mkdir(scratch_path("shown"), 0755);
    int fd = open(scratch_path("shown"), O_RDONLY | O_DIRECTORY);
    SUCCEEDS(fbed_volume_add_directory(machine, fd, NULL, &second, &error));
    close(fd);
    assert_int_equal(fbed_volume_number(second), 2);
    load("null", &filter);
    SUCCEEDS(fbed_volume_script(second, "write a hello\n", "t", NULL, &error));
    SUCCEEDS(fbed_volume_script(volume, "absent a\n", "t", NULL, &error));
    char *data;
    size_t size;
    assert_int_equal(host_read_file(scratch_path("shown/a"), &data, &size, NULL), 0);
    assert_string_equal(data, "hello");
    free(data);
    SUCCEEDS(fbed_filter_unload(filter, &error));
    assert_int_equal(fbed_volume_add_directory(machine, -1, NULL, &second, &error), -1);
}

static void
test_host_fbed__errors_say_what(void **state)
{
    (void)state;
    fbed_filter *filter;
    struct fbed_filter_options options = {.size = sizeof options, .filter = "/nonexistent/filter"};
    assert_int_equal(fbed_filter_load(machine, &options, &filter, &error), -1);
    assert_null(filter);
    assert_non_null(strstr(error.text, "/nonexistent/filter"));
    char *path = host_printf("%s/tests/e2e/drivers/failing", FILTERBED_SOURCE_DIR);
    char *inf = host_printf("%s/examples/null/null.inf", FILTERBED_SOURCE_DIR);
    char *without = host_printf("%s/tests/e2e/drivers/holder", FILTERBED_SOURCE_DIR);
    options.filter = without; /* a minifilter */
    assert_int_equal(fbed_filter_load(machine, &options, &filter, &error), -1);
    assert_non_null(strstr(error.text, "INF"));
    options.below_filter_manager = true;
    options.inf = inf;
    assert_int_equal(fbed_filter_load(machine, &options, &filter, &error), -1);
    assert_non_null(strstr(error.text, "before the filter manager"));
    options.below_filter_manager = false;
    options.filter = path;
    assert_int_equal(fbed_filter_load(machine, &options, &filter, &error), -1);
    assert_int_equal(error.status, 0xC0000182u);
    assert_non_null(strstr(error.text, "STATUS_DEVICE_CONFIGURATION_ERROR"));
    free(without);
    free(inf);
    free(path);
}

/* A timer that the driver forgot comes when its code is gone: named, and the machine goes on.  Leaves findings behind. */
static void
test_host_fbed__late_call_is_named(void **state)
{
    (void)state;
    char *path = host_printf("%s/tests/e2e/drivers/late", FILTERBED_SOURCE_DIR);
    char *inf = host_printf("%s/examples/null/null.inf", FILTERBED_SOURCE_DIR);
    struct fbed_filter_options options = {.size = sizeof options, .filter = path, .inf = inf};
    fbed_filter *filter;
    char *text = NULL;
    port_fault_install(NULL, NULL); /* cmocka has taken the signals for itself */
    SUCCEEDS(fbed_filter_load(machine, &options, &filter, &error));
    SUCCEEDS(fbed_filter_unload(filter, &error));
    for (int i = 0; i < 200 && (text == NULL || strstr(text, "(unloaded)") == NULL); i++) {
        usleep(20000);
        free(text);
        assert_int_equal(fbed_report(machine, FBED_REPORT_TEXT, &text), 0);
    }
    assert_non_null(strstr(text, "timers"));
    assert_non_null(strstr(text, "(unloaded)"));
    free(text);
    free(inf);
    free(path);
    SUCCEEDS(fbed_volume_script(volume, "write late hello\ndelete late\n", "t", NULL, &error));
}

/* Last: leaves findings behind. */
static void
test_host_fbed__leaks_are_found(void **state)
{
    (void)state;
    fbed_filter *filter;
    char *text;
    load("leaky", &filter);
    SUCCEEDS(fbed_volume_script(volume, "write a short\n", "t", NULL, &error));
    SUCCEEDS(fbed_filter_unload(filter, &error));
    assert_true(fbed_finding_count(machine) >= 2);
    assert_int_equal(fbed_report(machine, FBED_REPORT_TEXT, &text), 0);
    assert_non_null(strstr(text, "forgotten_get.c:"));
    assert_non_null(strstr(text, "released_twice.c:"));
    free(text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_host_fbed__one_machine),
        cmocka_unit_test(test_host_fbed__script_through_a_filter),
        cmocka_unit_test(test_host_fbed__reload_has_fresh_data),
        cmocka_unit_test(test_host_fbed__a_second_volume_of_a_directory),
        cmocka_unit_test(test_host_fbed__errors_say_what),
        cmocka_unit_test(test_host_fbed__late_call_is_named),
        cmocka_unit_test(test_host_fbed__leaks_are_found),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
