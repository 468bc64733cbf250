/* SPDX-License-Identifier: MIT */
/* ctest-labels: unit;concurrent */
/* hostdir: nothing leads outside, with openat2 and without; metadata by descriptor; files that change under the hand. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cmocka.h>

#include "fs/hostfs/hostdir.h"

struct fixture {
    char base[64];                             /* holds "in" (exported) and "out" */
    int base_fd, in_fd;
    struct hostdir *h;
};

static void
put_file(int dir, const char *name, const char *text)
{
    int fd = openat(dir, name, O_CREAT | O_EXCL | O_WRONLY, 0644);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

static int
set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    strcpy(f->base, "/tmp/hostdir-test-XXXXXX");
    assert_non_null(mkdtemp(f->base));
    f->base_fd = open(f->base, O_RDONLY | O_DIRECTORY);
    assert_int_equal(mkdirat(f->base_fd, "in", 0755), 0);
    assert_int_equal(mkdirat(f->base_fd, "out", 0755), 0);
    put_file(f->base_fd, "out/secret", "secret");
    f->in_fd = openat(f->base_fd, "in", O_RDONLY | O_DIRECTORY);
    assert_int_equal(hostdir_create(&f->h, f->in_fd), 0);
    *state = f;
    return 0;
}

static int
tear_down(void **state)
{
    struct fixture *f = *state;
    char command[128];
    hostdir_destroy(f->h);
    close(f->in_fd);
    close(f->base_fd);
    snprintf(command, sizeof command, "rm -rf %s", f->base);
    assert_int_equal(system(command), 0);
    free(f);
    return 0;
}

static int
try_open(struct fixture *f, const char *path)
{
    int fd;
    int rc = hostdir_open(f->h, hostdir_root(f->h), path, &fd);
    if (rc == 0) {
        struct hostdir_stat st;
        assert_int_equal(hostdir_stat_fd(fd, &st), 0);
        rc = (int)(st.mode & S_IFMT);
        hostdir_close(fd);
    }
    return rc;
}

static void
check_escapes(struct fixture *f)
{
    assert_int_equal(try_open(f, "absolute/secret"), -ELOOP);
    assert_int_equal(try_open(f, "relative/secret"), -ELOOP);
    assert_int_equal(try_open(f, "d/up"), S_IFLNK);          /* the link itself may be looked at */
    assert_int_equal(try_open(f, "d/up/secret"), -ELOOP);
    assert_int_equal(try_open(f, "loop/x"), -ELOOP);
    assert_int_equal(try_open(f, "magic/secret"), -ELOOP);
    assert_int_equal(try_open(f, "inside/f"), -ELOOP);       /* also a link that stays inside is not followed */
    assert_true(try_open(f, "..") < 0);
    assert_true(try_open(f, "../out/secret") < 0);
    assert_true(try_open(f, "d/../../out/secret") < 0);
    assert_true(try_open(f, "/etc/passwd") < 0);
    assert_int_equal(try_open(f, "d/f/x"), -ENOTDIR);
    assert_int_equal(try_open(f, "d/none"), -ENOENT);
    assert_int_equal(try_open(f, "none/f"), -ENOENT);
    assert_int_equal(try_open(f, "d/f"), S_IFREG);
    assert_int_equal(try_open(f, ""), S_IFDIR);
}

static void
test_hostdir__no_link_and_no_dots_lead_outside(void **state)
{
    struct fixture *f = *state;
    char target[128];
    snprintf(target, sizeof target, "%s/out", f->base);
    assert_int_equal(symlinkat(target, f->in_fd, "absolute"), 0);
    assert_int_equal(symlinkat("../out", f->in_fd, "relative"), 0);
    assert_int_equal(symlinkat("loop", f->in_fd, "loop"), 0);
    snprintf(target, sizeof target, "/proc/self/fd/%d", f->base_fd);
    assert_int_equal(symlinkat(target, f->in_fd, "magic"), 0);
    assert_int_equal(mkdirat(f->in_fd, "d", 0755), 0);
    assert_int_equal(symlinkat("d", f->in_fd, "inside"), 0);
    assert_int_equal(symlinkat("../../out", f->in_fd, "d/up"), 0);
    put_file(f->in_fd, "d/f", "x");
    check_escapes(f);
    hostdir_force_walk(f->h, true);
    check_escapes(f);

    int parent;
    const char *name;
    bool owned;
    assert_int_equal(hostdir_parent(f->h, hostdir_root(f->h), "absolute/new", &parent, &name, &owned), -ELOOP);
    assert_true(hostdir_parent(f->h, hostdir_root(f->h), "d/..", &parent, &name, &owned) < 0);
    assert_true(hostdir_parent(f->h, hostdir_root(f->h), "..", &parent, &name, &owned) < 0);

    struct hostdir_make make = { .mode = S_IFREG | 0644 };
    struct hostdir_stat st;
    int fd;
    assert_int_equal(hostdir_make(f->h, hostdir_root(f->h), "relative/new", &make, &fd, &st), -ELOOP);
    assert_int_equal(hostdir_make(f->h, hostdir_root(f->h), "relative", &make, &fd, &st), -EEXIST);
    assert_int_equal(faccessat(f->base_fd, "out/new", F_OK, 0), -1);
}

/* ---- a directory on the path turns into a link and back while somebody opens through it ---- */

struct race {
    struct fixture *f;
    atomic_bool stop;
};

static void *
swap_forever(void *arg)
{
    struct race *race = arg;
    int dir = race->f->in_fd;
    while (!atomic_load(&race->stop)) {
        renameat(dir, "d", dir, "parked");
        symlinkat("../out", dir, "d");
        unlinkat(dir, "d", 0);
        renameat(dir, "parked", dir, "d");
    }
    return NULL;
}

static void
race_once(struct fixture *f, bool walk, unsigned rounds)
{
    struct race race = { .f = f };
    pthread_t thread;
    hostdir_force_walk(f->h, walk);
    assert_int_equal(pthread_create(&thread, NULL, swap_forever, &race), 0);
    for (unsigned i = 0; i < rounds; i++) {
        int fd;
        int rc = hostdir_open(f->h, hostdir_root(f->h), "d/secret", &fd);
        if (rc == 0) {
            struct hostdir_stat st;
            assert_int_equal(hostdir_stat_fd(fd, &st), 0);
            assert_int_equal(st.size, 6 + 1);  /* the one inside is longer */
            hostdir_close(fd);
        }
        struct hostdir_make make = { .mode = S_IFREG | 0644 };
        struct hostdir_stat st;
        rc = hostdir_make(f->h, hostdir_root(f->h), "d/new", &make, &fd, &st);
        if (rc == 0) {
            hostdir_close(fd);
            unlinkat(f->in_fd, "d/new", 0);
            unlinkat(f->in_fd, "parked/new", 0);
        }
    }
    atomic_store(&race.stop, true);
    pthread_join(thread, NULL);
    assert_int_equal(faccessat(f->base_fd, "out/new", F_OK, 0), -1);
}

static void
test_hostdir__race_of_directory_and_link_stays_inside(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(mkdirat(f->in_fd, "d", 0755), 0);
    put_file(f->in_fd, "d/secret", "inside!");
    race_once(f, false, 4000);
    race_once(f, true, 4000);
}

/* ---- descriptors for data ---- */

static void
test_hostdir__data_only_of_the_same_object(void **state)
{
    struct fixture *f = *state;
    struct hostdir_stat st, was;
    int location, fd;
    char buffer[16] = "";
    put_file(f->in_fd, "a", "first");
    assert_int_equal(hostdir_open(f->h, hostdir_root(f->h), "a", &location), 0);
    assert_int_equal(hostdir_stat_fd(location, &st), 0);
    assert_int_equal(hostdir_open_data(f->h, hostdir_root(f->h), "a", -1, &st, HOSTDIR_READ, &fd), HOSTDIR_READ);
    assert_int_equal(hostdir_read(fd, buffer, sizeof buffer, 0), 5);
    hostdir_close(fd);

    /* The name means something else now: by name it is refused, through the location it is the first still. */
    assert_int_equal(renameat(f->in_fd, "a", f->in_fd, "b"), 0);
    assert_int_equal(mkfifoat(f->in_fd, "a", 0644), 0);
    assert_int_equal(hostdir_open_data(f->h, hostdir_root(f->h), "a", -1, &st, HOSTDIR_READ, &fd), -ESTALE);
    assert_int_equal(hostdir_open_data(f->h, hostdir_root(f->h), "a", location, &st, HOSTDIR_READ | HOSTDIR_WRITE, &fd), HOSTDIR_READ | HOSTDIR_WRITE);
    assert_int_equal(hostdir_stat_fd(fd, &was), 0);
    assert_int_equal(was.ino, st.ino);
    assert_int_equal(hostdir_write(fd, "FIRST", 5, 0, 0), 5);
    hostdir_close(fd);
    hostdir_close(location);

    /* A fifo is never opened for data. */
    assert_int_equal(hostdir_stat_at(hostdir_root(f->h), "a", &st), 0);
    assert_int_equal(hostdir_open_data(f->h, hostdir_root(f->h), "a", -1, &st, HOSTDIR_READ, &fd), -ENXIO);
}

static void
test_hostdir__path_follows_renames(void **state)
{
    struct fixture *f = *state;
    int fd;
    char path[PATH_MAX];
    assert_int_equal(mkdirat(f->in_fd, "d", 0755), 0);
    assert_int_equal(mkdirat(f->in_fd, "d/e", 0755), 0);
    put_file(f->in_fd, "d/e/f", "x");
    assert_int_equal(hostdir_open(f->h, hostdir_root(f->h), "d/e/f", &fd), 0);
    assert_int_equal(hostdir_path_of(f->h, fd, path, sizeof path), 0);
    assert_string_equal(path, "d/e/f");
    assert_int_equal(renameat(f->in_fd, "d", f->in_fd, "D"), 0);
    assert_int_equal(hostdir_path_of(f->h, fd, path, sizeof path), 0);
    assert_string_equal(path, "D/e/f");
    /* out of the exported directory: it has no name there any more */
    assert_int_equal(renameat(f->in_fd, "D/e/f", f->base_fd, "out/f"), 0);
    assert_int_equal(hostdir_path_of(f->h, fd, path, sizeof path), -ENOENT);
    assert_int_equal(renameat(f->base_fd, "out/f", f->in_fd, "f"), 0);
    assert_int_equal(unlinkat(f->in_fd, "f", 0), 0);
    put_file(f->in_fd, "f (deleted)", "another");
    assert_int_equal(hostdir_path_of(f->h, fd, path, sizeof path), -ENOENT);
    hostdir_close(fd);
    assert_int_equal(hostdir_open(f->h, hostdir_root(f->h), "", &fd), 0);
    assert_int_equal(hostdir_path_of(f->h, fd, path, sizeof path), 0);
    assert_string_equal(path, "");
    hostdir_close(fd);
}

/* ---- making, metadata ---- */

static void
make_one(struct fixture *f, const char *name, struct hostdir_make make, struct hostdir_stat *st)
{
    int fd;
    assert_int_equal(hostdir_make(f->h, hostdir_root(f->h), name, &make, &fd, st), 0);
    assert_int_equal(st->mode & S_IFMT, make.mode & S_IFMT);
    hostdir_close(fd);
}

static void
test_hostdir__makes_every_type(void **state)
{
    struct fixture *f = *state;
    struct hostdir_stat st;
    char target[32];
    int fd;
    mode_t mask = umask(0);
    hostdir_destroy(f->h);
    assert_int_equal(hostdir_create(&f->h, f->in_fd), 0);
    make_one(f, "dir", (struct hostdir_make){ .mode = S_IFDIR | 01777 }, &st);
    assert_int_equal(st.mode & 07777, 01777);
    make_one(f, "dir/reg", (struct hostdir_make){ .mode = S_IFREG | 0640 }, &st);
    assert_int_equal(st.mode & 07777, 0640);
    make_one(f, "fifo", (struct hostdir_make){ .mode = S_IFIFO | 0622 }, &st);
    make_one(f, "sock", (struct hostdir_make){ .mode = S_IFSOCK | 0600 }, &st);
    make_one(f, "link", (struct hostdir_make){ .mode = S_IFLNK | 0777, .symlink = "dir/../nowhere" }, &st);
    assert_int_equal(hostdir_open(f->h, hostdir_root(f->h), "link", &fd), 0);
    assert_int_equal(hostdir_readlink(fd, target, sizeof target), 14);
    assert_memory_equal(target, "dir/../nowhere", 14);
    hostdir_close(fd);
    if (geteuid() == 0) {
        make_one(f, "suid", (struct hostdir_make){ .mode = S_IFREG | 04755, .set_owner = true, .uid = 1234, .gid = 4321 }, &st);
        assert_int_equal(st.mode & 07777, 04755);
        assert_int_equal(st.uid, 1234);
        assert_int_equal(st.gid, 4321);
        /* a set-group-id directory hands on its group */
        make_one(f, "sgid", (struct hostdir_make){ .mode = S_IFDIR | 02775, .set_owner = true, .uid = 1, .gid = 77 }, &st);
        assert_int_equal(fchmodat(f->in_fd, "sgid", 02775, 0), 0);         /* mkdir(2) drops the bit */
        make_one(f, "sgid/f", (struct hostdir_make){ .mode = S_IFREG | 0644, .set_owner = true, .uid = 1234, .gid = 4321 }, &st);
        assert_int_equal(st.uid, 1234);
        assert_int_equal(st.gid, 77);
        make_one(f, "sgid/d", (struct hostdir_make){ .mode = S_IFDIR | 0755, .set_owner = true, .uid = 1234, .gid = 4321 }, &st);
        assert_int_equal(st.mode & 07777, 02755);
        assert_int_equal(st.gid, 77);
    }
    umask(mask);
}

static void
test_hostdir__umask_does_not_show(void **state)
{
    struct fixture *f = *state;
    struct hostdir_stat st;
    mode_t mask = umask(077);
    hostdir_destroy(f->h);
    assert_int_equal(hostdir_create(&f->h, f->in_fd), 0);
    make_one(f, "f", (struct hostdir_make){ .mode = S_IFREG | 0666 }, &st);
    assert_int_equal(st.mode & 07777, 0666);
    make_one(f, "d", (struct hostdir_make){ .mode = S_IFDIR | 0777 }, &st);
    assert_int_equal(st.mode & 07777, 0777);
    umask(mask);
}

static void
test_hostdir__metadata_of_a_location(void **state)
{
    struct fixture *f = *state;
    struct hostdir_stat st;
    struct hostdir_times times = {
        .atime_how = HOSTDIR_TIME_OMIT, .mtime_how = HOSTDIR_TIME_SET, .mtime = { 1234567890, 987654321 } };
    int fd;
    put_file(f->in_fd, "f", "x");
    assert_int_equal(symlinkat("f", f->in_fd, "l"), 0);
    assert_int_equal(hostdir_open(f->h, hostdir_root(f->h), "f", &fd), 0);
    assert_int_equal(hostdir_chmod(f->h, fd, 02711), 0);
    assert_int_equal(hostdir_utimens(f->h, fd, &times), 0);
    assert_int_equal(hostdir_stat_fd(fd, &st), 0);
    assert_int_equal(st.mode & 07777, 02711);
    assert_int_equal(st.mtime.sec, 1234567890);
    assert_int_equal(st.mtime.nsec, 987654321);
    assert_int_equal(hostdir_link(f->h, fd, hostdir_root(f->h), "g"), 0);
    assert_int_equal(hostdir_stat_fd(fd, &st), 0);
    assert_int_equal(st.nlink, 2);
    hostdir_close(fd);
    /* of the link, not of what it points to */
    assert_int_equal(hostdir_open(f->h, hostdir_root(f->h), "l", &fd), 0);
    assert_int_equal(hostdir_utimens(f->h, fd, &times), 0);
    if (geteuid() == 0) {
        assert_int_equal(hostdir_chown(fd, 42, UINT32_MAX), 0);
        assert_int_equal(hostdir_stat_at(hostdir_root(f->h), "f", &st), 0);
        assert_int_equal(st.uid, 0);
    }
    assert_int_equal(hostdir_stat_fd(fd, &st), 0);
    assert_int_equal(st.mtime.nsec, 987654321);
    hostdir_close(fd);
}

static void
test_hostdir__extended_attributes(void **state)
{
    struct fixture *f = *state;
    char value[64], list[256];
    int fd;
    put_file(f->in_fd, "f", "x");
    assert_int_equal(hostdir_open(f->h, hostdir_root(f->h), "f", &fd), 0);
    int rc = hostdir_setxattr(f->h, fd, "user.one", "value", 5, 0);
    if (rc == -EOPNOTSUPP) {
        hostdir_close(fd);
        skip();
    }
    assert_int_equal(rc, 0);
    assert_int_equal(hostdir_setxattr(f->h, fd, "user.one", "other", 5, HOSTDIR_XATTR_CREATE), -EEXIST);
    assert_int_equal(hostdir_setxattr(f->h, fd, "user.two", "x", 1, HOSTDIR_XATTR_REPLACE), -ENODATA);
    assert_int_equal(hostdir_setxattr(f->h, fd, "user.empty", "", 0, 0), 0);
    assert_int_equal(hostdir_getxattr(f->h, fd, "user.one", value, sizeof value), 5);
    assert_memory_equal(value, "value", 5);
    assert_int_equal(hostdir_getxattr(f->h, fd, "user.one", value, 2), -ERANGE);
    assert_true(hostdir_listxattr(f->h, fd, list, sizeof list) >= 20);
    assert_int_equal(hostdir_removexattr(f->h, fd, "user.one"), 0);
    assert_int_equal(hostdir_removexattr(f->h, fd, "user.one"), -ENODATA);
    hostdir_close(fd);
}

/* ---- data ---- */

static void
test_hostdir__holes_append_and_copy(void **state)
{
    struct fixture *f = *state;
    struct hostdir_make make = { .mode = S_IFREG | 0600 };
    struct hostdir_stat st;
    uint64_t offset = 0, length;
    char buffer[8];
    int a, b;
    assert_int_equal(hostdir_make(f->h, hostdir_root(f->h), "a", &make, &a, &st), 0);
    assert_int_equal(hostdir_make(f->h, hostdir_root(f->h), "b", &make, &b, &st), 0);
    assert_int_equal(hostdir_write(a, "end", 3, 1 << 20, 0), 3);
    assert_int_equal(hostdir_write(a, "+more", 5, 0, HOSTDIR_APPEND), 5);
    assert_int_equal(hostdir_stat_fd(a, &st), 0);
    assert_int_equal(st.size, (1 << 20) + 8);
    assert_int_equal(hostdir_next_data(a, &offset, &length), 1);
    assert_true(offset <= 1 << 20 && offset + length >= (1 << 20) + 8);
    assert_int_equal(hostdir_read(a, buffer, sizeof buffer, 1 << 20), 8);
    assert_memory_equal(buffer, "end+more", 8);
    assert_int_equal(hostdir_copy(a, 1 << 20, b, 4, 8), 8);
    assert_int_equal(hostdir_read(b, buffer, sizeof buffer, 4), 8);
    assert_memory_equal(buffer, "end+more", 8);
    assert_int_equal(hostdir_zero(b, 4, 3), 0);
    assert_int_equal(hostdir_read(b, buffer, sizeof buffer, 4), 8);
    assert_memory_equal(buffer, "\0\0\0+more", 8);
    assert_int_equal(hostdir_stat_fd(b, &st), 0);
    assert_int_equal(st.size, 12);
    assert_int_equal(hostdir_truncate(b, 5), 0);
    assert_int_equal(hostdir_read(b, buffer, sizeof buffer, 0), 5);
    hostdir_close(a);
    hostdir_close(b);
}

static void
test_hostdir__path_longer_than_the_kernel_takes(void **state)
{
    struct fixture *f = *state;
    char component[201], path[30 * 201 + 8] = "";
    memset(component, 'x', 200);
    component[200] = 0;
    int at = dup(f->in_fd);
    for (int i = 0; i < 25; i++) {
        assert_int_equal(mkdirat(at, component, 0755), 0);
        int next = openat(at, component, O_RDONLY | O_DIRECTORY);
        close(at);
        at = next;
        strcat(path, component);
        strcat(path, "/");
    }
    put_file(at, "f", "deep");
    close(at);
    strcat(path, "f");
    assert_true(strlen(path) > PATH_MAX);
    assert_int_equal(try_open(f, path), S_IFREG);
    struct hostdir_make make = { .mode = S_IFREG | 0600 };
    struct hostdir_stat st;
    int fd;
    path[strlen(path) - 1] = 'g';
    assert_int_equal(hostdir_make(f->h, hostdir_root(f->h), path, &make, &fd, &st), 0);
    hostdir_close(fd);
    hostdir_force_walk(f->h, true);
    assert_int_equal(try_open(f, path), S_IFREG);
}

static void
test_hostdir__by_number_only_inside(void **state)
{
    struct fixture *f = *state;
    struct hostdir_stat st;
    char path[PATH_MAX];
    int fd;
    assert_int_equal(mkdirat(f->in_fd, "d", 0755), 0);
    put_file(f->in_fd, "d/f", "x");
    assert_int_equal(hostdir_stat_at(hostdir_root(f->h), "d/f", &st), 0);
    int rc = hostdir_open_by_id(f->h, st.ino, &fd, path, sizeof path);
    if (rc == -EOPNOTSUPP || rc == -EPERM) {
        skip();
    }
    assert_int_equal(rc, 0);
    assert_string_equal(path, "d/f");
    hostdir_close(fd);
    assert_int_equal(hostdir_stat_at(f->base_fd, "out/secret", &st), 0);
    assert_true(hostdir_open_by_id(f->h, st.ino, &fd, path, sizeof path) < 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_hostdir__no_link_and_no_dots_lead_outside, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_hostdir__race_of_directory_and_link_stays_inside, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_hostdir__data_only_of_the_same_object, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_hostdir__path_follows_renames, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_hostdir__makes_every_type, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_hostdir__umask_does_not_show, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_hostdir__metadata_of_a_location, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_hostdir__extended_attributes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_hostdir__holes_append_and_copy, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_hostdir__path_longer_than_the_kernel_takes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_hostdir__by_number_only_inside, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
