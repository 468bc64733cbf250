/* SPDX-License-Identifier: MIT */
/* The same operations in two world_both: results, contents and metadata must be equal. */
#include "world_both.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE 1
#endif

void
test_view__files(void **state)
{
    (void)state;
    struct both_file file, other;
    STEP("create");
    assert_int_equal(world_both_open("a", O_RDWR | O_CREAT | O_EXCL, 0640, &file), 0);
    assert_int_equal(FBOTH(pwrite, &file, "hello, world", 12, 0, false), 12);
    FBOTH(pwrite, &file, "tail", 4, 0, true);
    world_both_read(&file, 100, 0);
    world_both_read(&file, 4, 8);
    world_both_read(&file, 4, 1000);
    world_both_fstat(&file);
    assert_int_equal(world_both_open("a", O_RDWR | O_CREAT | O_EXCL, 0640, &other), -EEXIST);
    assert_int_equal(world_both_open("absent", O_RDONLY, 0, &other), -ENOENT);
    assert_int_equal(world_both_open("absent/file", O_RDONLY, 0, &other), -ENOENT);
    assert_int_equal(world_both_open("a/file", O_RDONLY, 0, &other), -ENOTDIR);
    STEP("truncate");
    FBOTH(ftruncate, &file, 5);
    world_both_read(&file, 100, 0);
    BOTH(truncate, "a", 70000);
    world_check_contents("a");
    STEP("unlinked, still open");
    assert_int_equal(BOTH(unlink, "a"), 0);
    world_check_stat("a");
    world_both_fstat(&file);
    FBOTH(pwrite, &file, "more", 4, 69998, false);
    world_both_read(&file, 100, 69990);
    FBOTH(ftruncate, &file, 3);
    world_both_fstat(&file);
    assert_int_equal(world_both_open("a", O_RDWR | O_CREAT, 0600, &other), 0);
    FBOTH(pwrite, &other, "new", 3, 0, false);
    world_both_fstat(&file);
    world_both_fstat(&other);
    FBOTH(sync, &other);
    world_both_close(&other);
    world_both_close(&file);
    world_check_contents("a");
    STEP("open with O_TRUNC keeps the mode");
    assert_int_equal(world_both_open("a", O_WRONLY | O_TRUNC, 0, &file), 0);
    world_both_close(&file);
    world_check_stat("a");
    assert_int_equal(world_both_open("a", O_WRONLY | O_TRUNC | O_CREAT, 0777, &file), 0);
    world_both_close(&file);
    world_check_stat("a");
}

void
test_view__directories(void **state)
{
    (void)state;
    struct both_file file;
    STEP("directories");
    BOTH(mkdir, "d", 0755);
    BOTH(mkdir, "d", 0755);
    BOTH(mkdir, "d/e", 0700);
    BOTH(mkdir, "x/y", 0700);
    world_check_stat("d/e");
    world_both_open("d/file", O_RDWR | O_CREAT, 0644, &file);
    world_both_close(&file);
    BOTH(rmdir, "d");
    BOTH(rmdir, "d/file");
    BOTH(unlink, "d/e");
    BOTH(unlink, "d/absent");
    BOTH(rmdir, "d/absent");
    world_check_list("d");
    world_check_list("d/file");
    world_check_list("");
    STEP("many names");
    for (int i = 0; i < 300; i++) {
        char name[64];
        snprintf(name, sizeof name, "d/e/a rather long name to fill the batches %d", i);
        world_both_open(name, O_RDWR | O_CREAT, 0644, &file);
        world_both_close(&file);
    }
    world_check_list("d/e");
    BOTH(rename, "d/e", "f", 0);
    world_check_list("f");
    world_check_list("d");
    world_check_stat("f/a rather long name to fill the batches 7");
    world_check_stat("d/e");
}

void
test_view__rename_and_link(void **state)
{
    (void)state;
    struct both_file file;
    STEP("links");
    world_both_open("l1", O_RDWR | O_CREAT, 0644, &file);
    FBOTH(pwrite, &file, "linked", 6, 0, false);
    BOTH(link, "l1", "l2");
    BOTH(link, "l1", "l2");
    BOTH(link, "absent", "l9");
    world_check_stat("l1");
    world_check_stat("l2");
    BOTH(unlink, "l1");
    world_check_stat("l2");
    world_both_fstat(&file);
    world_check_contents("l2");
    STEP("renames");
    BOTH(rename, "l2", "l3", 0);
    world_check_stat("l2");
    world_check_contents("l3");
    world_both_fstat(&file);
    FBOTH(pwrite, &file, "!", 1, 6, false);
    world_check_contents("l3");
    world_both_close(&file);
    world_both_open("target", O_RDWR | O_CREAT, 0600, &file);
    FBOTH(pwrite, &file, "to be replaced", 14, 0, false);
    BOTH(rename, "l3", "target", RENAME_NOREPLACE);
    BOTH(rename, "l3", "target", 0);
    world_both_read(&file, 100, 0);
    world_both_fstat(&file);
    world_both_close(&file);
    world_check_contents("target");
    BOTH(mkdir, "r", 0755);
    BOTH(mkdir, "r/s", 0755);
    BOTH(mkdir, "t", 0755);
    BOTH(rename, "target", "r/s/moved", 0);
    BOTH(rename, "r/s/moved", "r/s", 0);
    BOTH(rename, "t", "r/s/moved", 0);
    BOTH(rename, "t", "r", 0);
    BOTH(rename, "r", "r/s/inside", 0);
    BOTH(rename, "r", "t", 0);
    world_check_contents("t/s/moved");
    BOTH(link, "t/s/moved", "again");
    BOTH(rename, "again", "t/s/moved", 0);
    world_check_stat("again");
    world_check_stat("t/s/moved");
}

void
test_view__metadata(void **state)
{
    (void)state;
    struct both_file file;
    STEP("modes and owners");
    world_both_open("m", O_RDWR | O_CREAT, 0666, &file);
    world_both_close(&file);
    static const unsigned modes[] = { 0, 0400, 0444, 0555, 0600, 0755, 04755, 02755, 01777, 06711, 07777 };
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        BOTH(chmod, "m", modes[i]);
        world_check_stat("m");
    }
    BOTH(chmod, "absent", 0600);
    if (geteuid() == 0) {
        BOTH(chown, "m", 1234, 4321);
        world_check_stat("m");
        BOTH(mkdir, "sg", 0755);
        BOTH(chown, "sg", 5, 77);
        BOTH(chmod, "sg", 02775);
        world_both_open("sg/file", O_RDWR | O_CREAT, 0664, &file);
        world_both_close(&file);
        BOTH(mkdir, "sg/dir", 0775);
        world_check_stat("sg/file");
        world_check_stat("sg/dir");
    }
    STEP("times");
    static const struct timespec sets[][2] = {
        { { 1, 1 }, { 2, 2 } },
        { { 1600000000, 123456789 }, { 1700000000, 987654321 } },
        { { 0, UTIME_OMIT }, { 1234567890, 5 } },
        { { 1234567891, 99 }, { 0, UTIME_OMIT } },
        { { -5, 7 }, { 4000000000, 999999999 } },
    };
    for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++) {
        BOTH(utimens, "m", sets[i]);
        world_check_times("m");
    }
    BOTH(mkdir, "timed", 0755);
    BOTH(utimens, "timed", sets[1]);
    world_check_times("timed");
    const struct timespec now[2] = { { 0, UTIME_NOW }, { 0, UTIME_NOW } };
    BOTH(utimens, "m", now);
    struct stat st;
    assert_int_equal(world_both[1]->ops->stat(world_both[1], "m", &st), 0);
    assert_true(labs(st.st_mtim.tv_sec - time(NULL)) < 100);
}

void
test_view__special(void **state)
{
    (void)state;
    char text[2][300] = { "" };
    STEP("symbolic links");
    BOTH(symlink, "some/where else", "sl");
    BOTH(symlink, "x", "sl");
    world_check_stat("sl");
    world_same(world_both[0]->ops->readlink(world_both[0], "sl", text[0], 299), world_both[1]->ops->readlink(world_both[1], "sl", text[1], 299), "readlink");
    assert_string_equal(text[0], text[1]);
    BOTH(symlink, "..", "up");
    world_check_list("");
    world_check_list("up");
    BOTH(rename, "sl", "sl2", 0);
    world_check_stat("sl2");
    const struct timespec times[2] = { { 77, 7 }, { 88, 8 } };
    BOTH(utimens, "sl2", times);
    world_check_times("sl2");
    BOTH(unlink, "sl2");
    BOTH(unlink, "up");
    STEP("special files");
    BOTH(mknod, "fifo", S_IFIFO | 0644, 0);
    world_check_stat("fifo");
    if (geteuid() == 0) {
        BOTH(chown, "fifo", 9, 9);
        BOTH(chmod, "fifo", 06755);
        BOTH(chown, "fifo", 10, 10);
        world_check_stat("fifo");
    }
    BOTH(mknod, "sock", S_IFSOCK | 0600, 0);
    world_check_stat("sock");
    BOTH(mknod, "reg", S_IFREG | 0640, 0);
    world_check_stat("reg");
    if (geteuid() == 0 && BOTH(mknod, "null", S_IFCHR | 0666, 0x103) == 0) {
        world_check_stat("null");
    }
    world_check_list("");
}

void
test_view__names(void **state)
{
    (void)state;
    static const char *const names[] = {
        "plain", "UPPER", "upper", "with space", "trailing.", "trailing ", "a:b", "a*b?c", "quote\"d", "back\\slash", "pipe|<>", "con", "nul.txt",
        "tab\there", "\x01\x02", "caf\xc3\xa9", "\xff\xfe not utf-8", "half \xc3", "\xf0\x9f\x98\x80", "\xef\x80\xa0 private", "\xed\xa0\x80 surrogate",
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct both_file file;
        STEP("name %zu", i);
        assert_int_equal(world_both_open(names[i], O_RDWR | O_CREAT | O_EXCL, 0644, &file), 0);
        FBOTH(pwrite, &file, names[i], strlen(names[i]), 0, false);
        world_both_close(&file);
        world_check_stat(names[i]);
    }
    world_check_list("");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        world_check_contents(names[i]);
    }
    char longest[300];
    memset(longest, 'n', sizeof longest);
    longest[255] = 0;
    struct both_file file;
    assert_int_equal(world_both_open(longest, O_RDWR | O_CREAT, 0644, &file), 0);
    world_both_close(&file);
    longest[255] = 'n';
    longest[256] = 0;
    assert_int_equal(world_both_open(longest, O_RDWR | O_CREAT, 0644, &file), -ENAMETOOLONG);
}

void
test_view__xattrs(void **state)
{
    (void)state;
    struct both_file file;
    STEP("extended attributes");
    world_both_open("x", O_RDWR | O_CREAT, 0644, &file);
    world_both_close(&file);
    char probe[8];
    if (world_both[0]->ops->setxattr(world_both[0], "x", "user.probe", "v", 1, 0) == -EOPNOTSUPP) {
        print_message("the directory has no extended attributes: not compared\n");
        return;
    }
    world_both[0]->ops->removexattr(world_both[0], "x", "user.probe");
    world_same(world_both[0]->ops->getxattr(world_both[0], "x", "user.none", probe, 8), world_both[1]->ops->getxattr(world_both[1], "x", "user.none", probe, 8), "absent");
    BOTH(setxattr, "x", "user.one", "value", 5, 0);
    BOTH(setxattr, "x", "user.one", "value", 5, 1);
    BOTH(setxattr, "x", "user.two", "value", 5, 2);
    BOTH(setxattr, "x", "user.empty", "", 0, 0);
    BOTH(setxattr, "x", "user.MixedCase", "m", 1, 0);
    static const char *const names[] = { "user.one", "user.two", "user.empty", "user.MixedCase", "user.mixedcase" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char value[2][64] = { "" };
        STEP("value of %s", names[i]);
        ssize_t r0 = world_both[0]->ops->getxattr(world_both[0], "x", names[i], value[0], 64);
        ssize_t r1 = world_both[1]->ops->getxattr(world_both[1], "x", names[i], value[1], 64);
        world_same(r0, r1, "getxattr");
        assert_memory_equal(value[0], value[1], 64);
    }
    world_same(world_both[0]->ops->getxattr(world_both[0], "x", "user.one", probe, 2), world_both[1]->ops->getxattr(world_both[1], "x", "user.one", probe, 2), "small");
    world_same(world_both[0]->ops->getxattr(world_both[0], "x", "user.one", probe, 0), world_both[1]->ops->getxattr(world_both[1], "x", "user.one", probe, 0), "size");
    char list[2][512];
    ssize_t r0 = world_both[0]->ops->listxattr(world_both[0], "x", list[0], 512);
    ssize_t r1 = world_both[1]->ops->listxattr(world_both[1], "x", list[1], 512);
    STEP("list");
    world_same(r0, r1, "listxattr");
    BOTH(removexattr, "x", "user.one");
    BOTH(removexattr, "x", "user.one");
}

void
test_view__sparse(void **state)
{
    (void)state;
    struct both_file file;
    STEP("sparse files");
    world_both_open("s", O_RDWR | O_CREAT, 0644, &file);
    char block[8192];
    memset(block, 'b', sizeof block);
    FBOTH(pwrite, &file, block, sizeof block, 0, false);
    FBOTH(pwrite, &file, block, sizeof block, 262144, false);
    world_both_fstat(&file);
    /* keep-size, punch, zero, grow */
    if (world_one_host) {
        FBOTH(seek, &file, 0, SEEK_HOLE);
        FBOTH(seek, &file, 100000, SEEK_DATA);
        FBOTH(seek, &file, 262144, SEEK_HOLE);
        FBOTH(seek, &file, 1 << 20, SEEK_DATA);
    }
    FBOTH(fallocate, &file, 3, 4096, 4096);
    world_both_read(&file, 16384, 0);
    /* tmpfs cannot zero a range; the volume writes zeros there */
    if (world_both[0]->ops->fallocate(world_both[0], file.f[0], 0x10, 262144, 100) != -EOPNOTSUPP) {
        FBOTH(fallocate, &file, 0x10, 262144, 100);
    }
    world_both_read(&file, 8192, 262144);
    FBOTH(fallocate, &file, 0, 0, 400000);
    world_both_fstat(&file);
    FBOTH(fallocate, &file, 1, 0, 800000);
    world_both_fstat(&file);
    world_both_read(&file, 1 << 17, 300000);
    world_both_close(&file);
}

void
test_view__tmpfile(void **state)
{
    (void)state;
    struct both_file file;
    STEP("unnamed files");
    int r0 = world_both[0]->ops->tmpfile(world_both[0], "", O_RDWR, 0640, &file.f[0]);
    if (r0 < 0) {
        print_message("the directory has no O_TMPFILE: not compared\n");
        return;
    }
    assert_int_equal(world_both[1]->ops->tmpfile(world_both[1], "", O_RDWR, 0640, &file.f[1]), 0);
    FBOTH(pwrite, &file, "unnamed", 7, 0, false);
    world_both_fstat(&file);
    world_check_list("");
    assert_int_equal(FBOTH(flink, &file, "named"), 0);
    world_check_list("");
    world_both_fstat(&file);
    world_both_close(&file);
    world_check_contents("named");
    world_both[0]->ops->tmpfile(world_both[0], "", O_RDWR, 0640, &file.f[0]);
    assert_int_equal(world_both[1]->ops->tmpfile(world_both[1], "", O_RDWR, 0640, &file.f[1]), 0);
    world_both_close(&file);
    world_check_list("");
}

