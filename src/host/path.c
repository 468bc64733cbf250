/* SPDX-License-Identifier: MIT */
/* Files and paths; see text.h. */
#include "host/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

int
host_read_file(const char *path, char **data, size_t *len, struct host_error *err)
{
    FILE *f = fopen(path, "rbe");
    if (f == NULL) {
        return host_fail(err, "%s: %s", path, strerror(errno));
    }
    struct host_buf b = {0};
    char chunk[65536];
    size_t n;
    while ((n = fread(chunk, 1, sizeof chunk, f)) > 0) {
        host_buf_add(&b, chunk, n);
    }
    int saved = ferror(f) ? errno : 0;
    fclose(f);
    if (saved != 0) {
        host_buf_free(&b);
        return host_fail(err, "%s: %s", path, strerror(saved));
    }
    *len = b.len;
    *data = host_buf_take(&b);
    return 0;
}

int
host_write_if_changed(const char *path, const char *data, size_t len, struct host_error *err)
{
    char *old;
    size_t oldlen;
    if (host_read_file(path, &old, &oldlen, NULL) == 0) {
        bool same = oldlen == len && memcmp(old, data, len) == 0;
        free(old);
        if (same) {
            return 0;
        }
    }
    char *temp = host_printf("%s.%ld.tmp", path, (long)getpid());
    FILE *f = fopen(temp, "wbe");
    int rc = 0;
    if (f == NULL) {
        rc = host_fail(err, "%s: %s", temp, strerror(errno));
    } else {
        bool bad = fwrite(data, 1, len, f) != len;
        bad |= fclose(f) != 0;
        if (bad || rename(temp, path) != 0) {
            rc = host_fail(err, "%s: %s", path, strerror(errno));
            unlink(temp);
        }
    }
    free(temp);
    return rc;
}

int
host_mkdirs(const char *path, struct host_error *err)
{
    char *copy = host_strdup(path);
    int rc = 0;
    for (char *p = copy + 1; rc == 0; p++) {
        if (*p != '/' && *p != '\0') {
            continue;
        }
        char c = *p;
        *p = '\0';
        if (mkdir(copy, 0777) != 0 && errno != EEXIST) {
            rc = host_fail(err, "%s: %s", copy, strerror(errno));
        }
        *p = c;
        if (c == '\0') {
            break;
        }
    }
    free(copy);
    return rc;
}

char *
host_path_join(const char *dir, const char *name)
{
    if (*name == '/' || *dir == '\0') {
        return host_strdup(name);
    }
    size_t n = strlen(dir);
    return host_printf("%s%s%s", dir, dir[n - 1] == '/' ? "" : "/", name);
}

char *
host_path_dir(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL) {
        return host_strdup(".");
    }
    return slash == path ? host_strdup("/") : host_strndup(path, (size_t)(slash - path));
}

const char *
host_path_base(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

char *
host_path_stem(const char *path)
{
    const char *base = host_path_base(path);
    const char *dot = strrchr(base, '.');
    return dot != NULL && dot != base ? host_strndup(base, (size_t)(dot - base))
                                      : host_strdup(base);
}

char *
host_path_real(const char *path)
{
    return realpath(path, NULL);
}

char *
host_path_absolute(const char *path)
{
    char cwd[PATH_MAX];
    char *full;
    if (*path == '/') {
        full = host_strdup(path);
    } else if (getcwd(cwd, sizeof cwd) != NULL) {
        full = host_path_join(cwd, path);
    } else {
        full = host_path_join("/", path);
    }
    struct host_strv parts = {0}, kept = {0};
    host_strv_split(&parts, full, '/');
    for (size_t i = 0; i < parts.count; i++) {
        if (strcmp(parts.items[i], "..") == 0) {
            if (kept.count > 0) {
                free(kept.items[--kept.count]);
            }
        } else if (strcmp(parts.items[i], ".") != 0) {
            host_strv_add(&kept, parts.items[i]);
        }
    }
    struct host_buf b = {0};
    for (size_t i = 0; i < kept.count; i++) {
        host_buf_addf(&b, "/%s", kept.items[i]);
    }
    if (b.len == 0) {
        host_buf_addc(&b, '/');
    }
    host_strv_free(&parts);
    host_strv_free(&kept);
    free(full);
    return host_buf_take(&b);
}

bool
host_is_dir(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

bool
host_is_file(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/* The entry of dir that is called name, in any case; NULL if there is none. */
static char *
find_entry(const char *dir, const char *name)
{
    char *path = host_path_join(dir, name);
    if (access(path, F_OK) == 0) {
        return path;
    }
    free(path);
    DIR *d = opendir(dir);
    if (d == NULL) {
        return NULL;
    }
    char *found = NULL;
    for (struct dirent *e; found == NULL && (e = readdir(d)) != NULL;) {
        if (strcasecmp(e->d_name, name) == 0) {
            found = host_path_join(dir, e->d_name);
        }
    }
    closedir(d);
    return found;
}

char *
host_path_find(const char *dir, const char *winpath)
{
    char *copy = host_strdup(winpath);
    for (char *p = copy; *p != '\0'; p++) {
        if (*p == '\\') {
            *p = '/';
        }
    }
    char *at = host_strdup(*copy == '/' ? "/" : dir);
    char *save = NULL;
    for (char *part = strtok_r(copy, "/", &save); part != NULL && at != NULL;
         part = strtok_r(NULL, "/", &save)) {
        if (strcmp(part, ".") == 0) {
            continue;
        }
        char *next = find_entry(at, part);
        free(at);
        at = next;
    }
    free(copy);
    if (at != NULL) {
        char *clean = host_path_absolute(at);
        if (access(clean, F_OK) ==
            0) { /* ".." of a symbolic link is the one case where it does not */
            free(at);
            return clean;
        }
        free(clean);
    }
    return at;
}

static void
list_entries(const char *dir,
             const char *suffix,
             bool (*wanted)(const char *),
             struct host_strv *out)
{
    DIR *d = opendir(dir);
    if (d == NULL) {
        return;
    }
    struct host_strv found = {0};
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        if (e->d_name[0] == '.' || !host_ends_with(e->d_name, suffix)) {
            continue;
        }
        char *path = host_path_join(dir, e->d_name);
        if (wanted(path)) {
            host_strv_own(&found, path);
        } else {
            free(path);
        }
    }
    closedir(d);
    host_strv_sort(&found);
    host_strv_copy(out, &found);
    host_strv_free(&found);
}

void
host_list_files(const char *dir, const char *suffix, struct host_strv *out)
{
    list_entries(dir, suffix, host_is_file, out);
}

void
host_list_dirs(const char *dir, struct host_strv *out)
{
    list_entries(dir, "", host_is_dir, out);
}
