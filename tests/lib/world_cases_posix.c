/* SPDX-License-Identifier: MIT */
/* The same operations in two worlds: results, contents and metadata must be equal.  Scripted cases, then random ones. */
#include "world_cases.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "port/port.h"

#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE 1
#endif

/* ---- both at once ---- */

static struct world *worlds[2];
static bool compare_blocks;
static char step[256];

#define STEP(...) snprintf(step, sizeof step, __VA_ARGS__)
static void
same(long long a, long long b, const char *what)
{
    if (a != b) {
        fail_msg("%s: %s: bare %lld, view %lld", step, what, a, b);
    }
}

/* name(op, path, …) runs an operation on both and compares the results. */
#define BOTH(op, ...)                                                                             \
    (__extension__({                                                                              \
        long long r0_ = worlds[0]->ops->op(worlds[0], __VA_ARGS__);                               \
        long long r1_ = worlds[1]->ops->op(worlds[1], __VA_ARGS__);                               \
        same(r0_, r1_, #op);                                                                      \
        r0_;                                                                                      \
    }))

static void
same_stat(const struct stat *a, const struct stat *b)
{
    same(a->st_mode, b->st_mode, "mode");
    same(a->st_uid, b->st_uid, "uid");
    same(a->st_gid, b->st_gid, "gid");
    same((long long)a->st_rdev, (long long)b->st_rdev, "rdev");
    if (!S_ISDIR(a->st_mode)) {
        same(a->st_size, b->st_size, "size");
        same((long long)a->st_nlink, (long long)b->st_nlink, "nlink");
    }
    if (compare_blocks) {
        same((long long)a->st_nlink, (long long)b->st_nlink, "nlink");
        same(a->st_blksize, b->st_blksize, "blksize");
    }
}

static int
check_stat(const char *path)
{
    struct stat st[2];
    int r0 = worlds[0]->ops->stat(worlds[0], path, &st[0]);
    int r1 = worlds[1]->ops->stat(worlds[1], path, &st[1]);
    same(r0, r1, "stat");
    if (r0 == 0) {
        same_stat(&st[0], &st[1]);
    }
    return r0;
}

static void
check_times(const char *path)
{
    struct stat st[2];
    assert_int_equal(worlds[0]->ops->stat(worlds[0], path, &st[0]), 0);
    assert_int_equal(worlds[1]->ops->stat(worlds[1], path, &st[1]), 0);
    same(st[0].st_mtim.tv_sec, st[1].st_mtim.tv_sec, "mtime");
    same(st[0].st_mtim.tv_nsec, st[1].st_mtim.tv_nsec, "mtime ns");
    same(st[0].st_atim.tv_sec, st[1].st_atim.tv_sec, "atime");
    same(st[0].st_atim.tv_nsec, st[1].st_atim.tv_nsec, "atime ns");
}

static int
check_list(const char *path)
{
    static char text[2][1 << 16];
    int r0 = worlds[0]->ops->list(worlds[0], path, text[0], sizeof text[0]);
    int r1 = worlds[1]->ops->list(worlds[1], path, text[1], sizeof text[1]);
    same(r0, r1, "list");
    if (r0 == 0 && strcmp(text[0], text[1]) != 0) {
        fail_msg("%s: listings of '%s' differ:\n%s---\n%s", step, path, text[0], text[1]);
    }
    return r0;
}

struct both_file { struct world_file *f[2]; };

static int
both_open(const char *path, int flags, unsigned mode, struct both_file *file)
{
    int r0 = worlds[0]->ops->open(worlds[0], path, flags, mode, &file->f[0]);
    int r1 = worlds[1]->ops->open(worlds[1], path, flags, mode, &file->f[1]);
    same(r0, r1, "open");
    return r0;
}

#define FBOTH(op, file, ...)                                                                      \
    (__extension__({                                                                              \
        long long r0_ = worlds[0]->ops->op(worlds[0], (file)->f[0], ##__VA_ARGS__);               \
        long long r1_ = worlds[1]->ops->op(worlds[1], (file)->f[1], ##__VA_ARGS__);               \
        same(r0_, r1_, #op);                                                                      \
        r0_;                                                                                      \
    }))

static void
both_close(struct both_file *file)
{
    worlds[0]->ops->close(worlds[0], file->f[0]);
    worlds[1]->ops->close(worlds[1], file->f[1]);
}

static void
both_fstat(struct both_file *file)
{
    struct stat st[2];
    same(worlds[0]->ops->fstat(worlds[0], file->f[0], &st[0]), worlds[1]->ops->fstat(worlds[1], file->f[1], &st[1]), "fstat");
    same_stat(&st[0], &st[1]);
}

static void
both_read(struct both_file *file, size_t size, off_t offset)
{
    char *buffer[2] = { calloc(1, size + 1), calloc(1, size + 1) };
    ssize_t r0 = worlds[0]->ops->pread(worlds[0], file->f[0], buffer[0], size, offset);
    ssize_t r1 = worlds[1]->ops->pread(worlds[1], file->f[1], buffer[1], size, offset);
    same(r0, r1, "read");
    if (r0 > 0 && memcmp(buffer[0], buffer[1], (size_t)r0) != 0) {
        fail_msg("%s: contents differ", step);
    }
    free(buffer[0]);
    free(buffer[1]);
}

static int
check_contents(const char *path)
{
    struct both_file file;
    int status = both_open(path, O_RDONLY, 0, &file);
    if (status == 0) {
        both_read(&file, 1 << 17, 0);
        both_close(&file);
    }
    return status;
}

/* ---- scripted ---- */

void
test_view__files(void **state)
{
    (void)state;
    struct both_file file, other;
    STEP("create");
    assert_int_equal(both_open("a", O_RDWR | O_CREAT | O_EXCL, 0640, &file), 0);
    assert_int_equal(FBOTH(pwrite, &file, "hello, world", 12, 0, false), 12);
    FBOTH(pwrite, &file, "tail", 4, 0, true);
    both_read(&file, 100, 0);
    both_read(&file, 4, 8);
    both_read(&file, 4, 1000);
    both_fstat(&file);
    assert_int_equal(both_open("a", O_RDWR | O_CREAT | O_EXCL, 0640, &other), -EEXIST);
    assert_int_equal(both_open("absent", O_RDONLY, 0, &other), -ENOENT);
    assert_int_equal(both_open("absent/file", O_RDONLY, 0, &other), -ENOENT);
    assert_int_equal(both_open("a/file", O_RDONLY, 0, &other), -ENOTDIR);
    STEP("truncate");
    FBOTH(ftruncate, &file, 5);
    both_read(&file, 100, 0);
    BOTH(truncate, "a", 70000);
    check_contents("a");
    STEP("unlinked, still open");
    assert_int_equal(BOTH(unlink, "a"), 0);
    check_stat("a");
    both_fstat(&file);
    FBOTH(pwrite, &file, "more", 4, 69998, false);
    both_read(&file, 100, 69990);
    FBOTH(ftruncate, &file, 3);
    both_fstat(&file);
    assert_int_equal(both_open("a", O_RDWR | O_CREAT, 0600, &other), 0);
    FBOTH(pwrite, &other, "new", 3, 0, false);
    both_fstat(&file);
    both_fstat(&other);
    FBOTH(sync, &other);
    both_close(&other);
    both_close(&file);
    check_contents("a");
    STEP("open with O_TRUNC keeps the mode");
    assert_int_equal(both_open("a", O_WRONLY | O_TRUNC, 0, &file), 0);
    both_close(&file);
    check_stat("a");
    assert_int_equal(both_open("a", O_WRONLY | O_TRUNC | O_CREAT, 0777, &file), 0);
    both_close(&file);
    check_stat("a");
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
    check_stat("d/e");
    both_open("d/file", O_RDWR | O_CREAT, 0644, &file);
    both_close(&file);
    BOTH(rmdir, "d");
    BOTH(rmdir, "d/file");
    BOTH(unlink, "d/e");
    BOTH(unlink, "d/absent");
    BOTH(rmdir, "d/absent");
    check_list("d");
    check_list("d/file");
    check_list("");
    STEP("many names");
    for (int i = 0; i < 300; i++) {
        char name[64];
        snprintf(name, sizeof name, "d/e/a rather long name to fill the batches %d", i);
        both_open(name, O_RDWR | O_CREAT, 0644, &file);
        both_close(&file);
    }
    check_list("d/e");
    BOTH(rename, "d/e", "f", 0);
    check_list("f");
    check_list("d");
    check_stat("f/a rather long name to fill the batches 7");
    check_stat("d/e");
}

void
test_view__rename_and_link(void **state)
{
    (void)state;
    struct both_file file;
    STEP("links");
    both_open("l1", O_RDWR | O_CREAT, 0644, &file);
    FBOTH(pwrite, &file, "linked", 6, 0, false);
    BOTH(link, "l1", "l2");
    BOTH(link, "l1", "l2");
    BOTH(link, "absent", "l9");
    check_stat("l1");
    check_stat("l2");
    BOTH(unlink, "l1");
    check_stat("l2");
    both_fstat(&file);
    check_contents("l2");
    STEP("renames");
    BOTH(rename, "l2", "l3", 0);
    check_stat("l2");
    check_contents("l3");
    both_fstat(&file);
    FBOTH(pwrite, &file, "!", 1, 6, false);
    check_contents("l3");
    both_close(&file);
    both_open("target", O_RDWR | O_CREAT, 0600, &file);
    FBOTH(pwrite, &file, "to be replaced", 14, 0, false);
    BOTH(rename, "l3", "target", RENAME_NOREPLACE);
    BOTH(rename, "l3", "target", 0);
    both_read(&file, 100, 0);
    both_fstat(&file);
    both_close(&file);
    check_contents("target");
    BOTH(mkdir, "r", 0755);
    BOTH(mkdir, "r/s", 0755);
    BOTH(mkdir, "t", 0755);
    BOTH(rename, "target", "r/s/moved", 0);
    BOTH(rename, "r/s/moved", "r/s", 0);
    BOTH(rename, "t", "r/s/moved", 0);
    BOTH(rename, "t", "r", 0);
    BOTH(rename, "r", "r/s/inside", 0);
    BOTH(rename, "r", "t", 0);
    check_contents("t/s/moved");
    BOTH(link, "t/s/moved", "again");
    BOTH(rename, "again", "t/s/moved", 0);
    check_stat("again");
    check_stat("t/s/moved");
}

void
test_view__metadata(void **state)
{
    (void)state;
    struct both_file file;
    STEP("modes and owners");
    both_open("m", O_RDWR | O_CREAT, 0666, &file);
    both_close(&file);
    static const unsigned modes[] = { 0, 0400, 0444, 0555, 0600, 0755, 04755, 02755, 01777, 06711, 07777 };
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        BOTH(chmod, "m", modes[i]);
        check_stat("m");
    }
    BOTH(chmod, "absent", 0600);
    if (geteuid() == 0) {
        BOTH(chown, "m", 1234, 4321);
        check_stat("m");
        BOTH(mkdir, "sg", 0755);
        BOTH(chown, "sg", 5, 77);
        BOTH(chmod, "sg", 02775);
        both_open("sg/file", O_RDWR | O_CREAT, 0664, &file);
        both_close(&file);
        BOTH(mkdir, "sg/dir", 0775);
        check_stat("sg/file");
        check_stat("sg/dir");
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
        check_times("m");
    }
    BOTH(mkdir, "timed", 0755);
    BOTH(utimens, "timed", sets[1]);
    check_times("timed");
    const struct timespec now[2] = { { 0, UTIME_NOW }, { 0, UTIME_NOW } };
    BOTH(utimens, "m", now);
    struct stat st;
    assert_int_equal(worlds[1]->ops->stat(worlds[1], "m", &st), 0);
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
    check_stat("sl");
    same(worlds[0]->ops->readlink(worlds[0], "sl", text[0], 299), worlds[1]->ops->readlink(worlds[1], "sl", text[1], 299), "readlink");
    assert_string_equal(text[0], text[1]);
    BOTH(symlink, "..", "up");
    check_list("");
    check_list("up");
    BOTH(rename, "sl", "sl2", 0);
    check_stat("sl2");
    const struct timespec times[2] = { { 77, 7 }, { 88, 8 } };
    BOTH(utimens, "sl2", times);
    check_times("sl2");
    BOTH(unlink, "sl2");
    BOTH(unlink, "up");
    STEP("special files");
    BOTH(mknod, "fifo", S_IFIFO | 0644, 0);
    check_stat("fifo");
    BOTH(mknod, "sock", S_IFSOCK | 0600, 0);
    check_stat("sock");
    BOTH(mknod, "reg", S_IFREG | 0640, 0);
    check_stat("reg");
    if (geteuid() == 0 && BOTH(mknod, "null", S_IFCHR | 0666, 0x103) == 0) {
        check_stat("null");
    }
    check_list("");
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
        assert_int_equal(both_open(names[i], O_RDWR | O_CREAT | O_EXCL, 0644, &file), 0);
        FBOTH(pwrite, &file, names[i], strlen(names[i]), 0, false);
        both_close(&file);
        check_stat(names[i]);
    }
    check_list("");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        check_contents(names[i]);
    }
    char longest[300];
    memset(longest, 'n', sizeof longest);
    longest[255] = 0;
    struct both_file file;
    assert_int_equal(both_open(longest, O_RDWR | O_CREAT, 0644, &file), 0);
    both_close(&file);
    longest[255] = 'n';
    longest[256] = 0;
    assert_int_equal(both_open(longest, O_RDWR | O_CREAT, 0644, &file), -ENAMETOOLONG);
}

void
test_view__xattrs(void **state)
{
    (void)state;
    struct both_file file;
    STEP("extended attributes");
    both_open("x", O_RDWR | O_CREAT, 0644, &file);
    both_close(&file);
    char probe[8];
    if (worlds[0]->ops->setxattr(worlds[0], "x", "user.probe", "v", 1, 0) == -EOPNOTSUPP) {
        print_message("the directory has no extended attributes: not compared\n");
        return;
    }
    worlds[0]->ops->removexattr(worlds[0], "x", "user.probe");
    same(worlds[0]->ops->getxattr(worlds[0], "x", "user.none", probe, 8), worlds[1]->ops->getxattr(worlds[1], "x", "user.none", probe, 8), "absent");
    BOTH(setxattr, "x", "user.one", "value", 5, 0);
    BOTH(setxattr, "x", "user.one", "value", 5, 1);
    BOTH(setxattr, "x", "user.two", "value", 5, 2);
    BOTH(setxattr, "x", "user.empty", "", 0, 0);
    BOTH(setxattr, "x", "user.MixedCase", "m", 1, 0);
    static const char *const names[] = { "user.one", "user.two", "user.empty", "user.MixedCase", "user.mixedcase" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char value[2][64] = { "" };
        STEP("value of %s", names[i]);
        ssize_t r0 = worlds[0]->ops->getxattr(worlds[0], "x", names[i], value[0], 64);
        ssize_t r1 = worlds[1]->ops->getxattr(worlds[1], "x", names[i], value[1], 64);
        same(r0, r1, "getxattr");
        assert_memory_equal(value[0], value[1], 64);
    }
    same(worlds[0]->ops->getxattr(worlds[0], "x", "user.one", probe, 2), worlds[1]->ops->getxattr(worlds[1], "x", "user.one", probe, 2), "small");
    same(worlds[0]->ops->getxattr(worlds[0], "x", "user.one", probe, 0), worlds[1]->ops->getxattr(worlds[1], "x", "user.one", probe, 0), "size");
    char list[2][512];
    ssize_t r0 = worlds[0]->ops->listxattr(worlds[0], "x", list[0], 512);
    ssize_t r1 = worlds[1]->ops->listxattr(worlds[1], "x", list[1], 512);
    STEP("list");
    same(r0, r1, "listxattr");
    BOTH(removexattr, "x", "user.one");
    BOTH(removexattr, "x", "user.one");
}

void
test_view__sparse(void **state)
{
    (void)state;
    struct both_file file;
    STEP("sparse files");
    both_open("s", O_RDWR | O_CREAT, 0644, &file);
    char block[8192];
    memset(block, 'b', sizeof block);
    FBOTH(pwrite, &file, block, sizeof block, 0, false);
    FBOTH(pwrite, &file, block, sizeof block, 262144, false);
    both_fstat(&file);
    /* keep-size, punch, zero, grow */
    if (compare_blocks) {
        FBOTH(seek, &file, 0, SEEK_HOLE);
        FBOTH(seek, &file, 100000, SEEK_DATA);
        FBOTH(seek, &file, 262144, SEEK_HOLE);
        FBOTH(seek, &file, 1 << 20, SEEK_DATA);
    }
    FBOTH(fallocate, &file, 3, 4096, 4096);
    both_read(&file, 16384, 0);
    FBOTH(fallocate, &file, 0x10, 262144, 100);
    both_read(&file, 8192, 262144);
    FBOTH(fallocate, &file, 0, 0, 400000);
    both_fstat(&file);
    FBOTH(fallocate, &file, 1, 0, 800000);
    both_fstat(&file);
    both_read(&file, 1 << 17, 300000);
    both_close(&file);
}

void
test_view__tmpfile(void **state)
{
    (void)state;
    struct both_file file;
    STEP("unnamed files");
    int r0 = worlds[0]->ops->tmpfile(worlds[0], "", O_RDWR, 0640, &file.f[0]);
    if (r0 < 0) {
        print_message("the directory has no O_TMPFILE: not compared\n");
        return;
    }
    assert_int_equal(worlds[1]->ops->tmpfile(worlds[1], "", O_RDWR, 0640, &file.f[1]), 0);
    FBOTH(pwrite, &file, "unnamed", 7, 0, false);
    both_fstat(&file);
    check_list("");
    assert_int_equal(FBOTH(flink, &file, "named"), 0);
    check_list("");
    both_fstat(&file);
    both_close(&file);
    check_contents("named");
    worlds[0]->ops->tmpfile(worlds[0], "", O_RDWR, 0640, &file.f[0]);
    assert_int_equal(worlds[1]->ops->tmpfile(worlds[1], "", O_RDWR, 0640, &file.f[1]), 0);
    both_close(&file);
    check_list("");
}

/* ---- random ---- */

static uint64_t random_state;
static unsigned
pick(unsigned n)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(random_state >> 33) % n;
}

static const char *
pick_path(void)
{
    static char paths[8][64];
    static unsigned turn;
    char *path = paths[turn++ % 8];
    static const char *const dirs[] = { "", "d0/", "d1/", "d0/d2/", "d1/d3/" };
    static const char *const names[] = { "f0", "f1", "f2", "d0", "d1", "d2", "d3", "s0" };
    snprintf(path, 64, "%s%s", dirs[pick(5)], names[pick(8)]);
    return path;
}

static void
random_file(const char *a)
{
    struct both_file file;
    static const int flags[] = { O_RDWR | O_CREAT, O_RDWR, O_RDWR | O_CREAT | O_EXCL, O_RDWR | O_CREAT | O_TRUNC };
    if (both_open(a, flags[pick(4)], 0600 + pick(64), &file) != 0) {
        return;
    }
    char data[3000];
    for (unsigned n = pick(4); n > 0; n--) {
        memset(data, 'a' + (int)pick(26), sizeof data);
        size_t size = 1 + pick(2999);
        off_t offset = pick(20000), end = pick(30000);
        bool append = pick(4) == 0;
        FBOTH(pwrite, &file, data, size, offset, append);
        both_read(&file, 1 + pick(9000), pick(20000));
        if (pick(4) == 0) {
            FBOTH(ftruncate, &file, end);
        }
    }
    if (pick(3) == 0) {
        BOTH(unlink, a);
        both_read(&file, 5000, 0);
    }
    both_fstat(&file);
    both_close(&file);
}

static void
random_step(unsigned number)
{
    const char *a = pick_path(), *b = pick_path();
    /* drawn once: BOTH evaluates its arguments for each world */
    unsigned what = pick(16), mode = 0600 + pick(64), flags = pick(5) == 0 ? RENAME_NOREPLACE : 0, size = pick(10000);
    STEP("step %u, operation %u, '%s' '%s'", number, what, a, b);
    switch (what) {
    case 0: case 1: case 2: random_file(a); break;
    case 3: case 4: BOTH(mkdir, a, 0700 | mode); break;
    case 5: BOTH(unlink, a); break;
    case 6: BOTH(rmdir, a); break;
    case 7: case 8: BOTH(rename, a, b, flags); break;
    case 9: BOTH(link, a, b); break;
    case 10: BOTH(symlink, "nowhere/at all", a); break;
    case 11: check_list(a); break;
    case 12: check_contents(a); break;
    case 13:
        if (check_stat(a) == 0) {
            struct stat st;
            worlds[0]->ops->stat(worlds[0], a, &st);
            if (!S_ISLNK(st.st_mode)) {
                BOTH(chmod, a, mode);
            }
        }
        break;
    case 14: BOTH(truncate, a, size); break;
    default: check_stat(a); break;
    }
    check_stat(a);
    check_stat(b);
}

void
test_view__random(void **state)
{
    (void)state;
    const char *seed = getenv("FILTERBED_SEED");
    uint64_t start = seed != NULL ? strtoull(seed, NULL, 0) : port_random() >> 16;
    unsigned steps = getenv("FILTERBED_FULL") != NULL ? 100000 : 4000;
    print_message("FILTERBED_SEED=%llu\n", (unsigned long long)start);
    random_state = start;
    for (unsigned i = 0; i < steps; i++) {
        random_step(i);
        if (i % 250 == 0) {
            check_list("");
            check_list("d0");
            check_list("d1");
        }
    }
}

void
world_pair(struct world *bare, struct world *other, bool same_host)
{
    worlds[0] = bare;
    worlds[1] = other;
    compare_blocks = same_host;
}

static int
wipe_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    return ftw->level == 0 ? 0 : remove(path);
}

void
world_wipe(const char *path)
{
    nftw(path, wipe_entry, 16, FTW_DEPTH | FTW_PHYS);
}

void
world_empty(struct world *w, const char *path)
{
    char *text = malloc(1 << 16), *save = NULL;
    if (w->ops->list(w, path, text, 1 << 16) == 0) {
        for (char *line = strtok_r(text, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save)) {
            char *name = strchr(line, ' ') + 1, child[4096];
            if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
                continue;
            }
            snprintf(child, sizeof child, "%s%s%s", path, *path != 0 ? "/" : "", name);
            if (line[0] == '4') {
                world_empty(w, child);
                w->ops->rmdir(w, child);
            } else {
                w->ops->unlink(w, child);
            }
        }
    }
    free(text);
}
