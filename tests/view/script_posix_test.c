/* SPDX-License-Identifier: MIT */
/*
 * A view with nothing mounted against a bare directory: over a host directory, and over an in-memory volume.  FILTERBED_SEED repeats a
 * random run, FILTERBED_FULL makes it long.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/fsuid.h>

#include <cmocka.h>

#include "host/host.h"
#include "world_both.h"
#include "world_cases.h"

static char base_path[64], host_path[64];
static struct world bare = { .ops = &world_bare }, over_host = { .ops = &world_view }, over_memory = { .ops = &world_view };

static int
start(struct world *w)
{
    world_wipe(base_path);
    world_empty(w, "");
    world_pair(&bare, w, w == &over_host);
    return 0;
}

static int
setup_host(void **state)
{
    (void)state;
    return start(&over_host);
}

static int
setup_memory(void **state)
{
    (void)state;
    return start(&over_memory);
}

static int
make_view(unsigned number, int fd, struct world *w)
{
    struct host_nt_volume volume = { .number = number, .fd = fd };
    uint32_t status = host_nt_volume_add(&volume);
    if (!HOST_STATUS_OK(status)) {
        char text[64];
        print_error("volume %u: %s\n", number, host_status_text(status, text, sizeof text));
        return -1;
    }
    struct view_options options = { .metadata = VIEW_METADATA_EXACT };
    w->who = (struct view_who){ .uid = geteuid(), .gid = getegid(), .pid = (uint32_t)gettid() };
    int error = view_create(&w->view, number, &options, NULL);
    if (error != 0) {
        print_error("view %u: %s\n", number, strerror(-error));
    }
    return error;
}

static int
group_setup(void **state)
{
    (void)state;
    umask(0);
    strcpy(base_path, "/tmp/filterbed-bare-XXXXXX");
    strcpy(host_path, "/tmp/filterbed-host-XXXXXX");
    if (mkdtemp(base_path) == NULL || mkdtemp(host_path) == NULL || chmod(base_path, 0755) != 0 || chmod(host_path, 0755) != 0) {
        return -1;
    }
    bare.root = open(base_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int host = open(host_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    uint32_t status = host_nt_start(NULL);
    if (!HOST_STATUS_OK(status)) {
        return -1;
    }
    int error = make_view(1, host, &over_host);
    close(host);
    return error != 0 ? error : make_view(2, -1, &over_memory);
}

static int
group_teardown(void **state)
{
    (void)state;
    view_destroy(over_host.view);
    view_destroy(over_memory.view);
    host_nt_volume_remove(1);
    host_nt_volume_remove(2);
    host_nt_stop();
    world_wipe(base_path);
    world_wipe(host_path);
    rmdir(base_path);
    rmdir(host_path);
    return 0;
}

static void
both_permitted(const char *path, unsigned mode)
{
    assert_int_equal(bare.ops->chmod(&bare, path, mode), 0);
    assert_int_equal(over_host.ops->chmod(&over_host, path, mode), 0);
}

/* A directory that may be read but not searched, and one the other way round, as somebody whom modes bind. */
static void
test_view__half_permitted_directories(void **state)
{
    (void)state;
    const uid_t me = geteuid();
    STEP("directories with half the permissions");
    BOTH(mkdir, "mine", 0777);
    BOTH(chown, "mine", me == 0 ? 65534 : me, (gid_t)-1);
    setfsuid(me == 0 ? 65534 : me);
    BOTH(mkdir, "mine/full", 0700);
    BOTH(mkdir, "mine/empty", 0700);
    BOTH(mkdir, "mine/full/d", 0700);
    BOTH(symlink, "d", "mine/full/s");
    both_permitted("mine/full", 0600);
    both_permitted("mine/empty", 0600);
    assert_int_equal(world_check_list("mine/full"), 0);
    world_check_list("mine/empty");
    assert_int_equal(BOTH(rmdir, "mine/full"), -ENOTEMPTY);
    assert_int_equal(BOTH(rmdir, "mine/empty"), 0);
    assert_int_equal(BOTH(rmdir, "mine/full/d"), -EACCES);
    both_permitted("mine/full", 0300);
    assert_int_equal(world_check_list("mine/full"), -EACCES);
    assert_int_equal(BOTH(rmdir, "mine/full"), -ENOTEMPTY);
    assert_int_equal(BOTH(rmdir, "mine/full/d"), 0);
    assert_int_equal(BOTH(unlink, "mine/full/s"), 0);
    assert_int_equal(BOTH(rmdir, "mine/full"), 0);
    setfsuid(me);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_CASES("host", setup_host),
        cmocka_unit_test_setup(test_view__half_permitted_directories, setup_host),
        WORLD_CASES("memory", setup_memory),
    };
    return cmocka_run_group_tests_name("view_script", tests, group_setup, group_teardown);
}
