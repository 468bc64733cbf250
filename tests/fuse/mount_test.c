/* SPDX-License-Identifier: MIT */
/* ctest-labels: e2e */
/*
 * A real mount of a host directory through the volume stack, against a bare directory.  77: no FUSE here.
 *
 * The server is a process of its own, as in real use: a server that dies inside a request of its own process could never be
 * reaped.  It exits with 0 only if its session ended well (and, under a sanitizer, without findings).
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "fuse/fuse.h"
#include "host/host.h"
#include "world_cases.h"

static char base_path[64], host_path[64], mount_path[64];
static struct world bare = { .ops = &world_bare }, mounted = { .ops = &world_bare };

static pid_t server;
static fuse_session *serving;                  /* in the server */

static void
stop_on_signal(void *set)
{
    int signo;
    sigwait(set, &signo);
    fuse_session_stop(serving);
}

static int
serve(int fd, bool passthrough)
{
    struct fuse_session_options session = { .no_passthrough = !passthrough };
    struct view_options viewing = { .metadata = VIEW_METADATA_EXACT, .no_passthrough = !passthrough };
    struct host_nt_volume volume = { .number = 1, .fd = open(host_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) };
    view *v = NULL;
    if (!HOST_STATUS_OK(host_nt_start(NULL)) || !HOST_STATUS_OK(host_nt_volume_add(&volume))) {
        return 2;
    }
    close(volume.fd);
    if (fuse_session_create(&serving, fd, &session) < 0 || view_create(&v, 1, &viewing, fuse_session_callbacks(serving)) < 0) {
        return 3;
    }
    sigset_t set;
    port_thread *stopper;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    if (port_thread_start(&stopper, stop_on_signal, &set, "stop") < 0) {
        return 5;
    }
    int result = fuse_session_run(serving, v);
    kill(getpid(), SIGTERM);                   /* ends the thread that waits for it, if nothing else did */
    port_thread_join(stopper);
    view_destroy(v);
    fuse_session_destroy(serving);
    host_nt_volume_remove(1);
    host_nt_stop();
    return result == 0 ? 0 : 4;
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
    fflush(NULL);
    server = fork();
    if (server == 0) {
        exit(serve(fd, passthrough));
    }
    close(fd);
    mounted.root = server > 0 ? open(mount_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    return mounted.root < 0 ? -errno : 0;
}

static void
server_ended(void)
{
    int status = -1;
    assert_int_equal(waitpid(server, &status, 0), server);
    server = 0;
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void
unmount_volume(void)
{
    close(mounted.root);
    assert_int_equal(fuse_unmount(mount_path, false), 0);
    server_ended();
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
test_fuse_mount__unlinked_is_opened_again(void **state)
{
    (void)state;
    char text[8] = "", path[64];
    int fd = openat(mounted.root, "nameless", O_RDWR | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(unlinkat(mounted.root, "nameless", 0), 0);
    assert_int_equal(write(fd, "abc", 3), 3);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int again = open(path, O_RDONLY);
    assert_true(again >= 0);
    close(fd);
    assert_int_equal(read(again, text, 8), 3);
    assert_string_equal(text, "abc");
    struct stat st;
    assert_int_equal(fstat(again, &st), 0);
    assert_int_equal(st.st_nlink, 0);
    close(again);
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
    assert_int_equal(kill(server, SIGTERM), 0);
    server_ended();
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
    return mount_volume(true);
}

static int
group_teardown(void **state)
{
    (void)state;
    if (server > 0) {
        unmount_volume();
    }
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
    /* Out of sight of tests that run at the same time and look for mounts that stayed. */
    if (unshare(CLONE_NEWNS) == 0) {
        mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL);
    }
    char message[512];
    if (fuse_available(message, sizeof message) < 0) {
        printf("skipped: %s\n", message);
        return 77;
    }
    const struct CMUnitTest tests[] = {
        WORLD_CASES("passthrough", setup_case),
        cmocka_unit_test(test_fuse_mount__statfs),
        cmocka_unit_test(test_fuse_mount__shared_mapping),
        cmocka_unit_test(test_fuse_mount__unlinked_is_opened_again),
        cmocka_unit_test(test_fuse_mount__large_and_direct),
        cmocka_unit_test(test_fuse_mount__programs_run),
        cmocka_unit_test(test_fuse_mount__busy_point),
        cmocka_unit_test(test_fuse_mount__open_handles_at_the_end),
        cmocka_unit_test(test_fuse_mount__without_passthrough),
        WORLD_CASES("requests", setup_case),
        { "test_fuse_mount__shared_mapping (requests)", test_fuse_mount__shared_mapping, NULL, NULL, NULL },
        { "test_fuse_mount__unlinked_is_opened_again (requests)", test_fuse_mount__unlinked_is_opened_again, NULL, NULL, NULL },
        { "test_fuse_mount__large_and_direct (requests)", test_fuse_mount__large_and_direct, NULL, NULL, NULL },
        { "test_fuse_mount__programs_run (requests)", test_fuse_mount__programs_run, NULL, NULL, NULL },
    };
    return cmocka_run_group_tests_name("fuse_mount", tests, group_setup, group_teardown);
}
