/* SPDX-License-Identifier: MIT */
/* One operation in both world_both, compared. */
#include "world_both.h"

#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct world *world_both[2];
bool world_one_host;
char world_step[256];

void
world_same(long long a, long long b, const char *what)
{
    if (a != b) {
        fail_msg("%s: %s: bare %lld, view %lld", world_step, what, a, b);
    }
}


void
world_same_stat(const struct stat *a, const struct stat *b)
{
    world_same(a->st_mode, b->st_mode, "mode");
    world_same(a->st_uid, b->st_uid, "uid");
    world_same(a->st_gid, b->st_gid, "gid");
    world_same((long long)a->st_rdev, (long long)b->st_rdev, "rdev");
    if (!S_ISDIR(a->st_mode)) {
        world_same(a->st_size, b->st_size, "size");
        world_same((long long)a->st_nlink, (long long)b->st_nlink, "nlink");
    }
    if (world_one_host) {
        world_same((long long)a->st_nlink, (long long)b->st_nlink, "nlink");
        world_same(a->st_blksize, b->st_blksize, "blksize");
    }
}

int
world_check_stat(const char *path)
{
    struct stat st[2];
    int r0 = world_both[0]->ops->stat(world_both[0], path, &st[0]);
    int r1 = world_both[1]->ops->stat(world_both[1], path, &st[1]);
    world_same(r0, r1, "stat");
    if (r0 == 0) {
        world_same_stat(&st[0], &st[1]);
    }
    return r0;
}

void
world_check_times(const char *path)
{
    struct stat st[2];
    assert_int_equal(world_both[0]->ops->stat(world_both[0], path, &st[0]), 0);
    assert_int_equal(world_both[1]->ops->stat(world_both[1], path, &st[1]), 0);
    world_same(st[0].st_mtim.tv_sec, st[1].st_mtim.tv_sec, "mtime");
    world_same(st[0].st_mtim.tv_nsec, st[1].st_mtim.tv_nsec, "mtime ns");
    world_same(st[0].st_atim.tv_sec, st[1].st_atim.tv_sec, "atime");
    world_same(st[0].st_atim.tv_nsec, st[1].st_atim.tv_nsec, "atime ns");
}

int
world_check_list(const char *path)
{
    static char text[2][1 << 16];
    int r0 = world_both[0]->ops->list(world_both[0], path, text[0], sizeof text[0]);
    int r1 = world_both[1]->ops->list(world_both[1], path, text[1], sizeof text[1]);
    world_same(r0, r1, "list");
    if (r0 == 0 && strcmp(text[0], text[1]) != 0) {
        fail_msg("%s: listings of '%s' differ:\n%s---\n%s", world_step, path, text[0], text[1]);
    }
    return r0;
}


int
world_both_open(const char *path, int flags, unsigned mode, struct both_file *file)
{
    int r0 = world_both[0]->ops->open(world_both[0], path, flags, mode, &file->f[0]);
    int r1 = world_both[1]->ops->open(world_both[1], path, flags, mode, &file->f[1]);
    world_same(r0, r1, "open");
    return r0;
}


void
world_both_close(struct both_file *file)
{
    world_both[0]->ops->close(world_both[0], file->f[0]);
    world_both[1]->ops->close(world_both[1], file->f[1]);
}

void
world_both_fstat(struct both_file *file)
{
    struct stat st[2];
    world_same(world_both[0]->ops->fstat(world_both[0], file->f[0], &st[0]), world_both[1]->ops->fstat(world_both[1], file->f[1], &st[1]), "fstat");
    world_same_stat(&st[0], &st[1]);
}

void
world_both_read(struct both_file *file, size_t size, off_t offset)
{
    char *buffer[2] = { calloc(1, size + 1), calloc(1, size + 1) };
    ssize_t r0 = world_both[0]->ops->pread(world_both[0], file->f[0], buffer[0], size, offset);
    ssize_t r1 = world_both[1]->ops->pread(world_both[1], file->f[1], buffer[1], size, offset);
    world_same(r0, r1, "read");
    if (r0 > 0 && memcmp(buffer[0], buffer[1], (size_t)r0) != 0) {
        fail_msg("%s: contents differ", world_step);
    }
    free(buffer[0]);
    free(buffer[1]);
}

int
world_check_contents(const char *path)
{
    struct both_file file;
    int status = world_both_open(path, O_RDONLY, 0, &file);
    if (status == 0) {
        world_both_read(&file, 1 << 17, 0);
        world_both_close(&file);
    }
    return status;
}

void
world_pair(struct world *bare, struct world *other, bool one_host)
{
    world_both[0] = bare;
    world_both[1] = other;
    world_one_host = one_host;
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
