/* SPDX-License-Identifier: MIT */
/* Where the sockets of runs are. */
#include "client/place.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int
client_place(char *path, size_t size)
{
    const char *run = getenv("XDG_RUNTIME_DIR");
    struct stat st;
    const int n = run != NULL && *run == '/' ? snprintf(path, size, "%s/filterbed", run)
                                             : snprintf(path, size, "/tmp/filterbed-%u", (unsigned)getuid());
    if (n < 0 || (size_t)n >= size) {
        return -1;
    }
    mkdir(path, 0700);
    return lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == getuid() && (st.st_mode & 022) == 0 ? 0 : -1;
}

/* The run that is alive; several: all are in text. 0: none, -1: several. */
static long
only_run(const char *dir, char *text, size_t text_size)
{
    DIR *d = opendir(dir);
    struct dirent *e;
    long found = 0;
    unsigned count = 0;
    size_t used = (size_t)snprintf(text, text_size, "several runs are under way, say which one:");
    while (d != NULL && (e = readdir(d)) != NULL) {
        char *end;
        const long pid = strtol(e->d_name, &end, 10);
        if (*end != '\0' || pid <= 0) {
            continue;
        }
        if (kill((pid_t)pid, 0) != 0 && errno == ESRCH) {
            unlinkat(dirfd(d), e->d_name, 0);
            continue;
        }
        found = pid;
        count++;
        if (used < text_size) {
            used += (size_t)snprintf(text + used, text_size - used, " %ld", pid);
        }
    }
    if (d != NULL) {
        closedir(d);
    }
    return count > 1 ? -1 : found;
}

int
client_find(const char *socket, long run, char *path, size_t size, char *text, size_t text_size)
{
    const char *given = socket != NULL ? socket : run == 0 ? getenv("FILTERBED_SOCKET") : NULL;
    char dir[512];
    int n;
    if (given != NULL && *given != '\0') {
        n = snprintf(path, size, "%s", given);
    } else if (client_place(dir, sizeof dir) != 0) {
        snprintf(text, text_size, "there is no directory for the sockets of runs");
        return -1;
    } else {
        run = run != 0 ? run : only_run(dir, text, text_size);
        if (run <= 0) {
            if (run == 0) {
                snprintf(text, text_size, "no filterbed run is under way");
            }
            return -1;
        }
        n = snprintf(path, size, "%s/%ld", dir, run);
    }
    if (n < 0 || (size_t)n >= size) {
        snprintf(text, text_size, "the socket's name is too long");
        return -1;
    }
    return 0;
}
