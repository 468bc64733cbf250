/* SPDX-License-Identifier: MIT */
/* ctest-labels: e2e */
/* A real mount of a host directory through the volume stack, against a bare directory.  77: no FUSE here. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cmocka.h>

#include "fuse/fuse.h"
#include "host/host.h"
#include "world_cases.h"

static char base_path[64], host_path[64], mount_path[64];
static struct world bare = { .ops = &world_bare }, mounted = { .ops = &world_bare };

static struct {
    fuse_session *session;
    view *view;
    port_thread *thread;
    int result;
} server;

static void
serve(void *arg)
{
    (void)arg;
    server.result = fuse_session_run(server.session, server.view);
}

static int
mount_volume(bool passthrough)
{
    char message[512];
    int fd = -1;
    struct fuse_mount_options options = { .mountpoint = mount_path, .allow_dev_suid = true };
    int status = fuse_mount(&options, &fd, message, sizeof message);
    if (status < 0) {
        print_error("%s\n", message);
        return status;
    }
    struct fuse_session_options session = { .no_passthrough = !passthrough };
    struct view_options options_view = { .metadata = VIEW_METADATA_EXACT, .no_passthrough = !passthrough };
    status = fuse_session_create(&server.session, fd, &session);
    status = status < 0 ? status : view_create(&server.view, 1, &options_view, fuse_session_callbacks(server.session));
    status = status < 0 ? status : port_thread_start(&server.thread, serve, NULL, "server");
    mounted.root = open(mount_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return status < 0 ? status : mounted.root < 0 ? -errno : 0;
}

static void
unmount_volume(void)
{
    close(mounted.root);
    assert_int_equal(fuse_unmount(mount_path, false), 0);
    port_thread_join(server.thread);
    view_destroy(server.view);
    fuse_session_destroy(server.session);
}

static int
setup_case(void **state)
{
    (void)state;
    world_wipe(base_path);
    world_empty(&mounted, "");
    world_pair(&bare, &mounted, true);
    return 0;
}

static void
test_fuse_mount__statfs(void **state)
{
    (void)state;
    struct statvfs a, b;
    assert_int_equal(fstatvfs(bare.root, &a), 0);
    assert_int_equal(fstatvfs(mounted.root, &b), 0);
    assert_int_equal(a.f_blocks * a.f_frsize, b.f_blocks * b.f_frsize);
    assert_int_equal(a.f_files, b.f_files);
    assert_int_equal(a.f_namemax, b.f_namemax);
}

static void
test_fuse_mount__shared_mapping(void **state)
{
    (void)state;
    int fd = openat(mounted.root, "mapped", O_RDWR | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, 3 * 4096 + 100), 0);
    char *at = mmap(NULL, 3 * 4096 + 100, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    assert_ptr_not_equal(at, MAP_FAILED);
    memcpy(at + 5000, "through the mapping", 19);
    memcpy(at + 3 * 4096 + 90, "end", 3);
    assert_int_equal(msync(at, 3 * 4096 + 100, MS_SYNC), 0);
    char text[32] = "";
    assert_int_equal(pread(fd, text, 19, 5000), 19);
    assert_string_equal(text, "through the mapping");
    assert_int_equal(munmap(at, 3 * 4096 + 100), 0);
    struct stat st;
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(st.st_size, 3 * 4096 + 100);
    close(fd);
    char below[128];
    snprintf(below, sizeof below, "%s/mapped", host_path);
    fd = open(below, O_RDONLY);
    memset(text, 0, sizeof text);
    assert_int_equal(pread(fd, text, 19, 5000), 19);
    assert_string_equal(text, "through the mapping");
    close(fd);
}

static void
test_fuse_mount__large_and_direct(void **state)
{
    (void)state;
    enum { SIZE = 5 << 20 };
    char *out = aligned_alloc(4096, SIZE), *in = aligned_alloc(4096, SIZE);
    for (size_t i = 0; i < SIZE; i++) {
        out[i] = (char)(i * 7 + (i >> 12));
    }
    int fd = openat(mounted.root, "large", O_RDWR | O_CREAT | O_TRUNC, 0600);
    assert_int_equal(write(fd, out, SIZE), SIZE);
    assert_int_equal(pread(fd, in, SIZE, 0), SIZE);
    assert_memory_equal(in, out, SIZE);
    close(fd);
    fd = openat(mounted.root, "large", O_RDWR | O_DIRECT);
    if (fd >= 0) {
        memset(in, 0, SIZE);
        assert_int_equal(pread(fd, in, SIZE, 0), SIZE);
        assert_memory_equal(in, out, SIZE);
        assert_int_equal(pwrite(fd, out + 4096, 8192, 0), 8192);
        assert_int_equal(pread(fd, in, 8192, 0), 8192);
        assert_memory_equal(in, out + 4096, 8192);
        close(fd);
    }
    free(out);
    free(in);
}

static void
test_fuse_mount__programs_run(void **state)
{
    (void)state;
    char command[512];
    snprintf(command, sizeof command,
             "cd %s && cp /bin/true prog && ./prog && mkdir -p tree/a/b && tar cf tree/t.tar -C /usr/include/linux fuse.h fs.h && "
             "tar xf tree/t.tar -C tree/a && cmp tree/a/fuse.h /usr/include/linux/fuse.h && find . | sort > list && test -s list && "
             "mv tree/a tree/c && test -f tree/c/fs.h && rm -r tree",
             mount_path);
    assert_int_equal(system(command), 0);
}

static void
test_fuse_mount__busy_point(void **state)
{
    (void)state;
    char message[512] = "";
    int fd = -1;
    struct fuse_mount_options options = { .mountpoint = mount_path };
    assert_int_equal(fuse_mount(&options, &fd, message, sizeof message), -EBUSY);
    assert_non_null(strstr(message, "in use"));
}

static void
test_fuse_mount__open_handles_at_the_end(void **state)
{
    (void)state;
    int fd = openat(mounted.root, "left open", O_RDWR | O_CREAT, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "x", 1), 1);
    /* Detached with a user inside: the session ends by stop, the view closes what is open. */
    close(mounted.root);
    assert_int_equal(fuse_unmount(mount_path, true), 0);
    fuse_session_stop(server.session);
    port_thread_join(server.thread);
    view_destroy(server.view);
    fuse_session_destroy(server.session);
    close(fd);
    assert_int_equal(mount_volume(true), 0);
    struct stat st;
    assert_int_equal(fstatat(mounted.root, "left open", &st, 0), 0);
    assert_int_equal(st.st_size, 1);
}

static void
test_fuse_mount__without_passthrough(void **state)
{
    (void)state;
    unmount_volume();
    assert_int_equal(mount_volume(false), 0);
}

static int
group_setup(void **state)
{
    (void)state;
    umask(0);
    strcpy(base_path, "/tmp/filterbed-bare-XXXXXX");
    strcpy(host_path, "/tmp/filterbed-host-XXXXXX");
    strcpy(mount_path, "/tmp/filterbed-mount-XXXXXX");
    if (mkdtemp(base_path) == NULL || mkdtemp(host_path) == NULL || mkdtemp(mount_path) == NULL) {
        return -1;
    }
    bare.root = open(base_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct host_nt_volume volume = { .number = 1, .fd = open(host_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) };
    if (!HOST_STATUS_OK(host_nt_start(NULL)) || !HOST_STATUS_OK(host_nt_volume_add(&volume))) {
        return -1;
    }
    close(volume.fd);
    return mount_volume(true);
}

static int
group_teardown(void **state)
{
    (void)state;
    unmount_volume();
    host_nt_volume_remove(1);
    host_nt_stop();
    world_wipe(base_path);
    world_wipe(host_path);
    rmdir(base_path);
    rmdir(host_path);
    rmdir(mount_path);
    return 0;
}

int
main(void)
{
    char message[512];
    if (fuse_available(message, sizeof message) < 0) {
        printf("skipped: %s\n", message);
        return 77;
    }
    const struct CMUnitTest tests[] = {
        WORLD_CASES("passthrough", setup_case),
        cmocka_unit_test(test_fuse_mount__statfs),
        cmocka_unit_test(test_fuse_mount__shared_mapping),
        cmocka_unit_test(test_fuse_mount__large_and_direct),
        cmocka_unit_test(test_fuse_mount__programs_run),
        cmocka_unit_test(test_fuse_mount__busy_point),
        cmocka_unit_test(test_fuse_mount__open_handles_at_the_end),
        cmocka_unit_test(test_fuse_mount__without_passthrough),
        WORLD_CASES("requests", setup_case),
        { "test_fuse_mount__shared_mapping (requests)", test_fuse_mount__shared_mapping, NULL, NULL, NULL },
        { "test_fuse_mount__large_and_direct (requests)", test_fuse_mount__large_and_direct, NULL, NULL, NULL },
        { "test_fuse_mount__programs_run (requests)", test_fuse_mount__programs_run, NULL, NULL, NULL },
    };
    return cmocka_run_group_tests_name("fuse_mount", tests, group_setup, group_teardown);
}
