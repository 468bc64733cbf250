/* SPDX-License-Identifier: MIT */
/* Up-to-date checks; see uptodate.h. */
#include "host/uptodate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool
later(struct timespec a, struct timespec b)
{
    return a.tv_sec != b.tv_sec ? a.tv_sec > b.tv_sec : a.tv_nsec > b.tv_nsec;
}

/* Takes the next file name of a dependency list: blanks end it, a backslash or a second dollar
 * protects. */
static bool
next_name(const char **at, struct host_buf *name)
{
    const char *p = *at;
    host_buf_free(name);
    while (*p == ' ' || *p == '\n' || (*p == '\\' && p[1] == '\n')) {
        p += 1 + (*p == '\\');
    }
    while (*p != '\0' && *p != ' ' && *p != '\n') {
        if ((*p == '\\' && (p[1] == ' ' || p[1] == '#' || p[1] == '\\')) ||
            (*p == '$' && p[1] == '$')) {
            p++;
        } else if (*p == '\\' && p[1] == '\n') {
            break;
        }
        host_buf_addc(name, *p++);
    }
    *at = p;
    return name->len > 0;
}

static bool
dependencies_older(const char *depfile, struct timespec made)
{
    char *text;
    size_t len;
    if (host_read_file(depfile, &text, &len, NULL) != 0) {
        return false;
    }
    const char *at = strstr(text, ": ");
    bool ok = at != NULL;
    struct host_buf name = {0};
    for (at = ok ? at + 2 : text; ok && next_name(&at, &name);) {
        struct stat st;
        ok = stat(name.data, &st) == 0 && !later(st.st_mtim, made);
    }
    host_buf_free(&name);
    free(text);
    return ok;
}

bool
uptodate_check(const char *file, const char *depfile, const char *command)
{
    struct stat st;
    if (stat(file, &st) != 0) {
        return false;
    }
    char *path = host_printf("%s.cmd", file);
    char *old;
    size_t len;
    int rc = host_read_file(path, &old, &len, NULL);
    free(path);
    if (rc != 0) {
        return false;
    }
    bool same = strcmp(old, command) == 0;
    free(old);
    return same && (depfile == NULL || dependencies_older(depfile, st.st_mtim));
}

int
uptodate_record(const char *file,
                const char *command,
                struct timespec start,
                struct host_error *err)
{
    struct timespec times[2] = {start, start};
    if (utimensat(AT_FDCWD, file, times, 0) != 0) {
        return host_fail(err, "%s: %s", file, strerror(errno));
    }
    char *path = host_printf("%s.cmd", file);
    int rc = host_write_if_changed(path, command, strlen(command), err);
    free(path);
    return rc;
}

bool
uptodate_newer(const char *a, const char *b)
{
    struct stat sa, sb;
    if (stat(a, &sa) != 0) {
        return false;
    }
    return stat(b, &sb) != 0 || later(sa.st_mtim, sb.st_mtim);
}
