/* SPDX-License-Identifier: MIT */
/* ctest-labels: concurrent */
/* Many threads in one view, on few names, so that they meet: no operation may fail in a way that no order of events explains, and
 * afterwards names, link counts and contents fit together. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/host.h"
#include "port/port.h"
#include "world_cases.h"

enum { THREADS = 6 };

static char host_path[64];
static struct world over_host = { .ops = &world_view }, over_memory = { .ops = &world_view };
static struct world *world;
static unsigned rounds = 1500;
static _Atomic(unsigned) wrong;
static char what_wrong[256];

/* The host's file systems may show a read half of a write that runs beside it; memfs does not. */
static bool whole_blocks;

static void
complain(const char *what, const char *path, long long result)
{
    if (atomic_fetch_add(&wrong, 1) == 0) {
        snprintf(what_wrong, sizeof what_wrong, "%s '%s': %lld", what, path, result);
    }
}

/* What a race may answer.  ESTALE: the name went between lookup and use; the kernel looks up
 * again.  EBUSY: the name is just going (the kernel would hold the directory locked). */
static bool
fair(long long result)
{
    return result >= 0 || result == -ESTALE || result == -ENOENT || result == -EEXIST || result == -ENOTEMPTY || result == -EISDIR ||
           result == -ENOTDIR || result == -EBUSY;
}

static void
use_file(uint64_t *random, const char *path)
{
    struct world_file *file;
    char data[512], back[512];
    int result = world->ops->open(world, path, O_RDWR | O_CREAT, 0644, &file);
    if (result < 0) {
        if (!fair(result)) {
            complain("open", path, result);
        }
        return;
    }
    memset(data, 'a' + (int)(*random >> 40) % 26, sizeof data);
    off_t offset = (off_t)((*random >> 20) % 8) * 512;
    if (world->ops->pwrite(world, file, data, sizeof data, offset, false) != sizeof data) {
        complain("write", path, -1);
    }
    ssize_t got = world->ops->pread(world, file, back, sizeof back, offset);
    for (ssize_t i = 1; i < got && whole_blocks; i++) {
        if (back[i] != back[0]) {              /* whole blocks are written: a block is of one letter */
            complain("torn block", path, i);
            break;
        }
    }
    struct stat st;
    result = world->ops->fstat(world, file, &st);
    if (result < 0) {
        complain("fstat", path, result);
    }
    world->ops->close(world, file);
}

static void
storm(void *argument)
{
    uint64_t random = (uintptr_t)argument * 0x9e3779b97f4a7c15u;
    char text[1 << 13];
    for (unsigned i = 0; i < rounds; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        unsigned pick = (unsigned)(random >> 33);
        char a[64], b[64];
        struct stat st;
        snprintf(a, sizeof a, "d%u/f%u", pick % 3, (pick >> 4) % 5);
        snprintf(b, sizeof b, "d%u/f%u", (pick >> 8) % 3, (pick >> 12) % 5);
        long long result = 0;
        switch ((pick >> 16) % 10) {
        case 0: case 1: case 2: use_file(&random, a); break;
        case 3: result = world->ops->unlink(world, a); break;
        case 4: result = world->ops->rename(world, a, b, 0); break;
        case 5: result = world->ops->link(world, a, b); break;
        case 6: result = world->ops->list(world, "d1", text, sizeof text); break;
        case 7: result = world->ops->chmod(world, a, 0600 + (pick >> 20) % 64); break;
        case 8:
            snprintf(a, sizeof a, "e%u", pick % 3);
            snprintf(b, sizeof b, "e%u", (pick >> 8) % 3);
            result = (pick >> 20) & 1 ? world->ops->mkdir(world, a, 0755) : world->ops->rename(world, a, b, 0);
            break;
        default: result = world->ops->stat(world, a, &st); break;
        }
        if (!fair(result)) {
            complain("operation", a, result);
        }
    }
}

/* Every listed name can be looked up, and link counts are what the names say. */
static void
check_consistent(void)
{
    ino_t inodes[64];
    unsigned names[64], count = 0;
    for (unsigned d = 0; d < 3; d++) {
        for (unsigned f = 0; f < 5; f++) {
            char path[32];
            struct stat st;
            snprintf(path, sizeof path, "d%u/f%u", d, f);
            int result = world->ops->stat(world, path, &st);
            assert_true(result == 0 || result == -ENOENT);
            if (result == 0) {
                unsigned at = 0;
                while (at < count && inodes[at] != st.st_ino) {
                    at++;
                }
                inodes[at] = st.st_ino;
                names[at] = at == count ? 1 : names[at] + 1;
                count += at == count;
            }
        }
    }
    for (unsigned d = 0; d < 3; d++) {
        for (unsigned f = 0; f < 5; f++) {
            char path[32];
            struct stat st;
            snprintf(path, sizeof path, "d%u/f%u", d, f);
            if (world->ops->stat(world, path, &st) == 0) {
                for (unsigned at = 0; at < count; at++) {
                    if (inodes[at] == st.st_ino) {
                        assert_int_equal(st.st_nlink, names[at]);
                    }
                }
            }
        }
    }
}

/* Somebody tells of changes all the while; what the view tells on is counted. */
static _Atomic(unsigned) told;
static _Atomic(bool) storm_over;

static void
tell_entry(void *ctx, view_node parent, const char *name, size_t length)
{
    atomic_fetch_add(&told, parent != 0 && name[0] != 0 && length != 0 && ctx == &told);
}

static void
tell_node(void *ctx, view_node node, int64_t offset, int64_t length)
{
    atomic_fetch_add(&told, node != 0 && offset <= 0 && length == 0 && ctx == &told);
}

static const struct view_callbacks callbacks = { .ctx = &told, .invalidate_entry = tell_entry, .invalidate_node = tell_node };

static void
outsider(void *argument)
{
    uint64_t files[16] = { 0 }, directories[3] = { 0 };
    (void)argument;
    for (unsigned i = 0; !atomic_load(&storm_over); i++) {
        char path[16];
        struct stat st;
        snprintf(path, sizeof path, "d%u/f%u", i % 3, i % 5);
        files[i % 16] = world->ops->stat(world, path, &st) == 0 ? st.st_ino : 0;
        path[2] = 0;
        directories[i % 3] = world->ops->stat(world, path, &st) == 0 ? st.st_ino : 0;
        view_changed(world->view, files[i % 7], directories[i % 2], path + 3, 2, i % 8);
        if (i % 50 == 0) {
            view_changed_all(world->view);
            view_known(world->view, &callbacks);
        }
        view_unwatched(world->view, i % 16, true);
        view_unwatched(world->view, i % 16, false);
    }
}

static void
run_storm(struct world *w)
{
    world = w;
    atomic_store(&wrong, 0);
    world_empty(w, "");
    for (unsigned d = 0; d < 3; d++) {
        char path[8];
        snprintf(path, sizeof path, "d%u", d);
        assert_int_equal(w->ops->mkdir(w, path, 0755), 0);
    }
    if (getenv("FILTERBED_FULL") != NULL && strcmp(getenv("FILTERBED_FULL"), "1") == 0) {
        rounds = 50000;
    }
    port_thread *threads[THREADS], *teller;
    atomic_store(&told, 0);
    atomic_store(&storm_over, false);
    assert_int_equal(port_thread_start(&teller, outsider, NULL, "outsider"), 0);
    for (uintptr_t i = 0; i < THREADS; i++) {
        assert_int_equal(port_thread_start(&threads[i], storm, (void *)(i + 1), "storm"), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        port_thread_join(threads[i]);
    }
    atomic_store(&storm_over, true);
    port_thread_join(teller);
    assert_true(atomic_load(&told) > 0);
    if (atomic_load(&wrong) != 0) {
        fail_msg("%u wrong answers, the first: %s", atomic_load(&wrong), what_wrong);
    }
    check_consistent();
}

static void
test_view_storm__host(void **state)
{
    (void)state;
    run_storm(&over_host);
}

static void
test_view_storm__memory(void **state)
{
    (void)state;
    whole_blocks = true;
    run_storm(&over_memory);
}

static int
make_view(unsigned number, int fd, struct world *w)
{
    struct host_nt_volume volume = { .number = number, .fd = fd };
    struct view_options options = { .metadata = VIEW_METADATA_EXACT };
    w->who = (struct view_who){ .uid = geteuid(), .gid = getegid(), .pid = (uint32_t)gettid() };
    return HOST_STATUS_OK(host_nt_volume_add(&volume)) ? view_create(&w->view, number, &options, &callbacks) : -EIO;
}

static int
group_setup(void **state)
{
    (void)state;
    umask(0);
    strcpy(host_path, "/tmp/filterbed-host-XXXXXX");
    int host = mkdtemp(host_path) != NULL ? open(host_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (host < 0 || !HOST_STATUS_OK(host_nt_start(NULL))) {
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
    world_empty(&over_host, "");
    view_destroy(over_host.view);
    view_destroy(over_memory.view);
    host_nt_volume_remove(1);
    host_nt_volume_remove(2);
    host_nt_stop();
    rmdir(host_path);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_view_storm__host), cmocka_unit_test(test_view_storm__memory) };
    return cmocka_run_group_tests_name("view_storm", tests, group_setup, group_teardown);
}
