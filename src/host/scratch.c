/* SPDX-License-Identifier: MIT */
/* Copies of a directory: each run of a campaign has one, so that all begin with the same files and the user's stay as they are. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/campaign.h"
#include "host/spawn.h"

#define MAX_OPEN 64

static int
open_up(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)at;
    if (type == FTW_D || type == FTW_DNR) {
        (void)!chmod(path, 0700);
    }
    return 0;
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    (void)!remove(path);
    return 0;
}

static void
remove_tree(const char *path)
{
    if (geteuid() != 0) {
        nftw(path, open_up, MAX_OPEN, FTW_PHYS | FTW_MOUNT);
    }
    nftw(path, remove_one, MAX_OPEN, FTW_PHYS | FTW_MOUNT | FTW_DEPTH);
}

void
scratch_remove(char *path, int fd)
{
    if (fd >= 0) {
        close(fd);
    }
    remove_tree(path);
    free(path);
}

int
scratch_make(const char *directory, char **path, int *fd, struct host_error *err)
{
    const char *tmp = getenv("TMPDIR");
    *path = host_printf("%s/filterbed-copy-XXXXXX", tmp != NULL && *tmp == '/' ? tmp : "/tmp");
    if (mkdtemp(*path) == NULL) {
        const int error = errno;
        free(*path);
        *path = NULL;
        return host_fail(err, "cannot make a place for a copy of %s in %s: %s", directory, tmp != NULL ? tmp : "/tmp",
                         strerror(error));
    }
    struct spawn_job job = {0};
    const char *const words[] = {"cp", "-a", "--reflink=auto", "-x", "--"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        host_strv_add(&job.argv, words[i]);
    }
    host_strv_addf(&job.argv, "%s/.", directory);
    host_strv_addf(&job.argv, "%s/.", *path);
    int rc = 0;
    if (spawn_all(&job, 1, 1) != 0) {
        rc = host_fail(err, "cannot copy %s for a run: %s", directory, job.output != NULL ? job.output : "cp failed");
    } else if ((*fd = open(*path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0) {
        rc = host_fail(err, "%s: %s", *path, strerror(errno));
    }
    if (rc != 0) {
        remove_tree(*path);
        free(*path);
        *path = NULL;
    }
    spawn_job_free(&job);
    return rc;
}
