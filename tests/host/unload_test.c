/* SPDX-License-Identifier: MIT */
/* ctest-labels: unit;concurrent */
/* Filters' modules come and go, for real, while other threads use the volume: legacy filters and minifilters, each at its turn. */
#include "machine.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#define WORKERS 3
#define ROUNDS 3

static fbed_volume *volume;
static atomic_bool over;
static atomic_ulong scripts;
static struct fbed_error error;

static int
setup(void **state)
{
    if (machine_setup(state, FBED_VERIFY_FULL, 5) != 0) {
        return -1;
    }
    SUCCEEDS(fbed_volume_add_memory(machine, NULL, &volume, &error));
    return 0;
}

static int
teardown(void **state)
{
    fbed_machine_destroy(machine);
    return scratch_teardown(state);
}

static void *
work(void *number)
{
    struct fbed_script_result result;
    struct fbed_error mine;
    char script[200];
    const int n = (int)(intptr_t)number;

    snprintf(script, sizeof script,
             "mkdir d%d\nwrite d%d/a hello%d\nexpect d%d/a hello%d\nrename d%d/a d%d/b\n"
             "expect d%d/b hello%d\ndelete d%d/b\nrmdir d%d\n",
             n, n, n, n, n, n, n, n, n, n, n);
    while (!atomic_load(&over)) {
        if (fbed_volume_script(volume, script, "work", &result, &mine) != 0) {
            return host_printf("%s", mine.text);
        }
        atomic_fetch_add(&scripts, 1);
    }
    return NULL;
}

static void
test_host_unload__modules_go_under_load(void **state)
{
    static const char *const filters[] = {"tests/e2e/drivers/classic", "examples/legacyspy",
                                          "examples/ctxtrack", "examples/null"};
    pthread_t threads[WORKERS];
    void *wrong;

    (void)state;
    for (intptr_t i = 0; i < WORKERS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, work, (void *)i), 0);
    }
    for (unsigned i = 0; i < ROUNDS * sizeof filters / sizeof *filters; i++) {
        fbed_filter *filter;
        char *path = host_printf("%s/%s", FILTERBED_SOURCE_DIR,
                                 filters[i % (sizeof filters / sizeof *filters)]);
        struct fbed_filter_options options = {.size = sizeof options, .filter = path};
        SUCCEEDS(fbed_filter_load(machine, &options, &filter, &error));
        free(path);
        const unsigned long before = atomic_load(&scripts);
        while (atomic_load(&scripts) < before + 2 * WORKERS) {
            usleep(1000);
        }
        SUCCEEDS(fbed_filter_unload(filter, &error));
    }
    atomic_store(&over, true);
    for (unsigned i = 0; i < WORKERS; i++) {
        pthread_join(threads[i], &wrong);
        if (wrong != NULL) {
            fail_msg("%s", (char *)wrong);
        }
    }
    assert_int_equal(fbed_finding_count(machine), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_host_unload__modules_go_under_load)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
