/* SPDX-License-Identifier: MIT */
/* Random operations on few names, in both world_both.  FILTERBED_SEED repeats a run, FILTERBED_FULL makes it long. */
#include "world_both.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "port/port.h"

#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE 1
#endif

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
    if (world_both_open(a, flags[pick(4)], 0600 + pick(64), &file) != 0) {
        return;
    }
    char data[3000];
    for (unsigned n = pick(4); n > 0; n--) {
        memset(data, 'a' + (int)pick(26), sizeof data);
        size_t size = 1 + pick(2999);
        off_t offset = pick(20000), end = pick(30000);
        bool append = pick(4) == 0;
        FBOTH(pwrite, &file, data, size, offset, append);
        world_both_read(&file, 1 + pick(9000), pick(20000));
        if (pick(4) == 0) {
            FBOTH(ftruncate, &file, end);
        }
    }
    if (pick(3) == 0) {
        BOTH(unlink, a);
        world_both_read(&file, 5000, 0);
    }
    world_both_fstat(&file);
    world_both_close(&file);
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
    case 11: world_check_list(a); break;
    case 12: world_check_contents(a); break;
    case 13:
        if (world_check_stat(a) == 0) {
            struct stat st;
            world_both[0]->ops->stat(world_both[0], a, &st);
            if (!S_ISLNK(st.st_mode)) {
                /* whom modes bind meets them in one order in the kernel and in another one behind it */
                mode |= geteuid() != 0 && S_ISDIR(st.st_mode) ? 0700 : 0;
                BOTH(chmod, a, mode);
            }
        }
        break;
    case 14: BOTH(truncate, a, size); break;
    default: world_check_stat(a); break;
    }
    world_check_stat(a);
    world_check_stat(b);
}

void
world_random(uint64_t seed, unsigned steps)
{
    random_state = seed;
    for (unsigned i = 0; i < steps; i++) {
        random_step(i);
        if (i % 250 == 0) {
            world_check_list("");
            world_check_list("d0");
            world_check_list("d1");
        }
    }
}

void
test_view__random(void **state)
{
    (void)state;
    const char *seed = getenv("FILTERBED_SEED");
    uint64_t start = seed != NULL ? strtoull(seed, NULL, 0) : port_random() >> 16;
    const char *full = getenv("FILTERBED_FULL");
    unsigned steps = full != NULL && strcmp(full, "1") == 0 ? 100000 : 4000;
    print_message("FILTERBED_SEED=%llu\n", (unsigned long long)start);
    world_random(start, steps);
}

