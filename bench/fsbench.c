/* SPDX-License-Identifier: MIT */
/*
 * fsbench DIR [SCALE]: file operations in DIR, one line each: name, ns per operation.  scripts/bench runs it on a bare directory, on a
 * mount of ours and on libfuse's passthrough_hp in turn and compares.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define BIG (1u << 20)
#define SMALL 4096u

static char block[BIG];
static unsigned files;

static uint64_t
now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void
check(int ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "fsbench: %s: %s\n", what, strerror(errno));
        exit(1);
    }
}

static void
report(const char *name, uint64_t start, unsigned count)
{
    printf("%s %.1f\n", name, (double)(now() - start) / count);
    fflush(stdout);
}

static void
name_of(char *text, size_t size, const char *stem, unsigned i)
{
    snprintf(text, size, "%s%05u", stem, i);
}

static void
write_new(const char *name)
{
    int fd = open(name, O_CREAT | O_EXCL | O_WRONLY, 0644);

    check(fd >= 0, name);
    check(write(fd, block, SMALL) == (ssize_t)SMALL, "write");
    check(close(fd) == 0, "close");
}

static void
cycle(void)
{
    uint64_t start = now();

    for (unsigned i = 0; i < files; i++) {
        struct stat st;
        write_new("cycle");
        check(stat("cycle", &st) == 0 && st.st_size == (off_t)SMALL, "stat");
        check(unlink("cycle") == 0, "unlink");
    }
    report("create+write+close+stat+unlink", start, files);
}

static void
tree(void)
{
    char name[32];
    char other[32];
    struct stat st;
    uint64_t start = now();

    for (unsigned i = 0; i < files; i++) {
        name_of(name, sizeof name, "f", i);
        write_new(name);
    }
    report("create+write+close", start, files);
    start = now();
    for (unsigned i = 0; i < files; i++) {
        name_of(name, sizeof name, "f", i);
        check(stat(name, &st) == 0, "stat");
    }
    report("stat", start, files);
    for (unsigned round = 0; round < 2; round++) {
        start = now();
        for (unsigned i = 0; i < files; i++) {
            name_of(name, sizeof name, "f", i);
            int fd = open(name, O_RDONLY);
            check(fd >= 0 && read(fd, block, SMALL) == (ssize_t)SMALL && close(fd) == 0, "open+read+close");
        }
        report(round == 0 ? "open+read+close/cold" : "open+read+close/warm", start, files);
    }
    start = now();
    for (unsigned i = 0; i < files; i++) {
        name_of(name, sizeof name, "f", i);
        name_of(other, sizeof other, "g", i);
        check(rename(name, other) == 0, "rename");
    }
    report("rename", start, files);
    start = now();
    for (unsigned i = 0; i < files; i++) {
        name_of(other, sizeof other, "g", i);
        check(unlink(other) == 0, "unlink");
    }
    report("unlink", start, files);
}

/* Reads every page of a new mapping; the file is in memory. */
static void
mapped(int fd)
{
    const unsigned rounds = 8;
    const size_t length = 32 * (size_t)BIG;
    volatile unsigned sum = 0;
    uint64_t start = now();

    for (unsigned round = 0; round < rounds; round++) {
        const unsigned char *map = mmap(NULL, length, PROT_READ, MAP_SHARED, fd, 0);
        check(map != MAP_FAILED, "mmap");
        for (size_t at = 0; at < length; at += SMALL) {
            sum += map[at];
        }
        check(munmap((void *)map, length) == 0, "munmap");
    }
    report("mmap/4K", start, rounds * (unsigned)(length / SMALL));
}

static void
data(void)
{
    unsigned bigs = files / 20 + 1;
    uint64_t start;
    unsigned seed = 1;
    int fd = open("data", O_CREAT | O_TRUNC | O_RDWR, 0644);

    check(fd >= 0, "data");
    for (unsigned i = 0; i < 32; i++) {
        check(pwrite(fd, block, BIG, (off_t)i * BIG) == (ssize_t)BIG, "fill");
    }
    start = now();
    for (unsigned i = 0; i < bigs; i++) {
        check(pwrite(fd, block, BIG, (off_t)(i % 32) * BIG) == (ssize_t)BIG, "write 1M");
    }
    report("write/1M", start, bigs);
    start = now();
    for (unsigned i = 0; i < bigs; i++) {
        check(pread(fd, block, BIG, (off_t)(i % 32) * BIG) == (ssize_t)BIG, "read 1M");
    }
    report("read/1M", start, bigs);
    start = now();
    for (unsigned i = 0; i < files * 64; i++) {
        seed = seed * 1664525u + 1013904223u;
        check(pwrite(fd, block, SMALL, (off_t)(seed >> 8) % (32 * 256) * SMALL) == (ssize_t)SMALL, "write 4K");
    }
    report("write/4K", start, files * 64);
    start = now();
    for (unsigned i = 0; i < files * 64; i++) {
        seed = seed * 1664525u + 1013904223u;
        check(pread(fd, block, SMALL, (off_t)(seed >> 8) % (32 * 256) * SMALL) == (ssize_t)SMALL, "read 4K");
    }
    report("read/4K", start, files * 64);
    mapped(fd);
    check(close(fd) == 0 && unlink("data") == 0, "data");
}

int
main(int argc, char **argv)
{
    if (argc < 2 || strcmp(argv[1], "--help") == 0) {
        fprintf(argc < 2 ? stderr : stdout, "usage: fsbench DIR [FILES]\n");
        return argc < 2 ? 2 : 0;
    }
    files = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 1000;
    if (files == 0 || files > 99999) {
        fprintf(stderr, "fsbench: FILES must be 1 to 99999\n");
        return 2;
    }
    if (chdir(argv[1]) != 0) {
        fprintf(stderr, "fsbench: %s: %s\n", argv[1], strerror(errno));
        return 1;
    }
    memset(block, 'x', sizeof block);
    cycle();
    tree();
    data();
    return 0;
}
