/* SPDX-License-Identifier: MIT */
/*
 * Random stacks of legacy filters and minifilters, in frames, over a random workload: every answer and all contents are compared with a bare
 * directory, over a volume in memory and over a host directory.  FILTERBED_SEED repeats a run, FILTERBED_FULL makes it long.
 */
/* ctest-labels: unit;concurrent */
/* ctest-timeout: 600 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "host/host.h"
#include "stack.h"
#include "world_both.h"
#include "world_cases.h"

static char bare_path[64], host_path[64];
static struct world bare = {.ops = &world_bare}, seen[2] = {{.ops = &world_view}, {.ops = &world_view}};
static uint64_t seed;
static unsigned stacks;

static int
add_volume(unsigned number, int fd, struct world *w)
{
    struct host_nt_volume volume = {.number = number, .fd = fd, .uid = geteuid(), .gid = getegid()};
    struct view_options options = {.metadata = VIEW_METADATA_EXACT};
    w->who = (struct view_who){.uid = geteuid(), .gid = getegid(), .pid = (uint32_t)gettid()};
    return HOST_STATUS_OK(host_nt_volume_add(&volume)) ? view_create(&w->view, number, &options, NULL) : -1;
}

static int
group_setup(void **state)
{
    (void)state;
    const char *given = getenv("FILTERBED_SEED"), *full = getenv("FILTERBED_FULL");
    seed = given != NULL ? strtoull(given, NULL, 0) : port_random() >> 16;
    stacks = full != NULL && strcmp(full, "1") == 0 ? 400 : 16;
    print_message("FILTERBED_SEED=%llu\n", (unsigned long long)seed);
    umask(0);
    strcpy(bare_path, "/tmp/filterbed-bare-XXXXXX");
    strcpy(host_path, "/tmp/filterbed-host-XXXXXX");
    if (mkdtemp(bare_path) == NULL || mkdtemp(host_path) == NULL || chmod(bare_path, 0755) != 0 || chmod(host_path, 0755) != 0 ||
        !HOST_STATUS_OK(host_nt_start(NULL))) {
        return -1;
    }
    vf_set_level(VF_STANDARD);
    bare.root = open(bare_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int host = open(host_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    stack_below(seed);
    host_nt_filter_manager();
    int error = add_volume(1, host, &seen[0]);
    close(host);
    return error != 0 ? error : add_volume(2, -1, &seen[1]);
}

static int
group_teardown(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        view_destroy(seen[i].view);
        host_nt_volume_remove(i + 1);
    }
    world_wipe(bare_path);
    world_wipe(host_path);
    rmdir(bare_path);
    rmdir(host_path);
    return 0;
}

static void
run_one(uint64_t own)
{
    char text[512];
    stack_build(own, text, sizeof text);
    print_message("stack of seed %llu:%s\n", (unsigned long long)own, text);
    for (unsigned i = 0; i < 2; i++) {
        world_wipe(bare_path);
        world_empty(&seen[i], "");
        world_pair(&bare, &seen[i], i == 0);
        for (unsigned part = 0; part < 3; part++) {
            world_random(own + part, 150);
            stack_change(own + part);
        }
    }
    assert_int_equal(stack_calls() != 0, strstr(text, " a=") != NULL); /* the first minifilter */
    stack_empty();
}

static void
test_view__random_stacks_change_nothing(void **state)
{
    (void)state;
    const unsigned before = stack_findings();
    for (unsigned i = 0; i < stacks; i++) {
        run_one(seed + i);
    }
    assert_int_equal(stack_findings(), before);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_view__random_stacks_change_nothing)};
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
