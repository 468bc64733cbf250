/* SPDX-License-Identifier: MIT */
/* One operation in both world_both, compared; between the files of cases. */
#ifndef FB_TESTS_LIB_WORLD_BOTH_H
#define FB_TESTS_LIB_WORLD_BOTH_H

#include <stdio.h>

#include "world_cases.h"

extern struct world *world_both[2];
extern bool world_one_host;                    /* both on one host file system */
extern char world_step[256];                         /* what is being done, for messages */

struct both_file { struct world_file *f[2]; };

void world_same(long long a, long long b, const char *what);
void world_same_stat(const struct stat *a, const struct stat *b);
int world_check_stat(const char *path);
void world_check_times(const char *path);
int world_check_list(const char *path);
int world_both_open(const char *path, int flags, unsigned mode, struct both_file *file);
void world_both_close(struct both_file *file);
void world_both_fstat(struct both_file *file);
void world_both_read(struct both_file *file, size_t size, off_t offset);
int world_check_contents(const char *path);

#define STEP(...) snprintf(world_step, sizeof world_step, __VA_ARGS__)
/* name(op, path, …) runs an operation on both and compares the results. */
#define BOTH(op, ...)                                                                             \
    (__extension__({                                                                              \
        long long r0_ = world_both[0]->ops->op(world_both[0], __VA_ARGS__);                               \
        long long r1_ = world_both[1]->ops->op(world_both[1], __VA_ARGS__);                               \
        world_same(r0_, r1_, #op);                                                                      \
        r0_;                                                                                      \
    }))
#define FBOTH(op, file, ...)                                                                      \
    (__extension__({                                                                              \
        long long r0_ = world_both[0]->ops->op(world_both[0], (file)->f[0], ##__VA_ARGS__);               \
        long long r1_ = world_both[1]->ops->op(world_both[1], (file)->f[1], ##__VA_ARGS__);               \
        world_same(r0_, r1_, #op);                                                                      \
        r0_;                                                                                      \
    }))

#endif
