/* SPDX-License-Identifier: MIT */
/* The bare directory.  Everything returns a negative errno. */
#include "world.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#define R(call) ((call) < 0 ? -errno : 0)

struct world_file { int fd; };

static const char *
relative(const char *path)
{
    return *path == 0 ? "." : path;
}

static void
proc_path(struct world *w, const char *path, char *out, size_t size)
{
    snprintf(out, size, "/proc/self/fd/%d/%s", w->root, relative(path));
}

static int
bare_stat(struct world *w, const char *path, struct stat *st)
{
    return R(fstatat(w->root, relative(path), st, AT_SYMLINK_NOFOLLOW));
}

static int
bare_opened(int fd, struct world_file **file)
{
    if (fd < 0) {
        return -errno;
    }
    *file = malloc(sizeof **file);
    (*file)->fd = fd;
    return 0;
}

static int
bare_open(struct world *w, const char *path, int flags, unsigned mode, struct world_file **file)
{
    struct stat st;
    int fd = openat(w->root, relative(path), flags | O_NOFOLLOW | O_CLOEXEC, mode);
    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
        close(fd);                             /* directories are for list */
        return -EISDIR;
    }
    return bare_opened(fd, file);
}

static int
bare_tmpfile(struct world *w, const char *path, int flags, unsigned mode, struct world_file **file)
{
    return bare_opened(openat(w->root, relative(path), flags | O_TMPFILE | O_CLOEXEC, mode), file);
}

static int
bare_fstat(struct world *w, struct world_file *file, struct stat *st)
{
    (void)w;
    return R(fstat(file->fd, st));
}

static void
bare_close(struct world *w, struct world_file *file)
{
    (void)w;
    close(file->fd);
    free(file);
}

static ssize_t
bare_pread(struct world *w, struct world_file *file, void *buffer, size_t size, off_t offset)
{
    (void)w;
    ssize_t got = pread(file->fd, buffer, size, offset);
    return got < 0 ? -errno : got;
}

static ssize_t
bare_pwrite(struct world *w, struct world_file *file, const void *buffer, size_t size, off_t offset, bool append)
{
    (void)w;
    if (append) {
        fcntl(file->fd, F_SETFL, O_APPEND);
    }
    ssize_t put = pwrite(file->fd, buffer, size, offset);
    int error = errno;
    if (append) {
        fcntl(file->fd, F_SETFL, 0);
    }
    return put < 0 ? -error : put;
}

static int
bare_ftruncate(struct world *w, struct world_file *file, off_t size)
{
    (void)w;
    return R(ftruncate(file->fd, size));
}

static int
bare_fallocate(struct world *w, struct world_file *file, int mode, off_t offset, off_t length)
{
    (void)w;
    return R(fallocate(file->fd, mode, offset, length));
}

static off_t
bare_seek(struct world *w, struct world_file *file, off_t offset, int whence)
{
    (void)w;
    off_t at = lseek(file->fd, offset, whence);
    return at < 0 ? -errno : at;
}

static int
bare_sync(struct world *w, struct world_file *file)
{
    (void)w;
    return R(fsync(file->fd));
}

static int
bare_flink(struct world *w, struct world_file *file, const char *path)
{
    char from[64];
    snprintf(from, sizeof from, "/proc/self/fd/%d", file->fd);
    return R(linkat(AT_FDCWD, from, w->root, path, AT_SYMLINK_FOLLOW));
}

static int
bare_truncate(struct world *w, const char *path, off_t size)
{
    char full[4200];
    proc_path(w, path, full, sizeof full);
    return R(truncate(full, size));
}

static int
bare_mkdir(struct world *w, const char *path, unsigned mode)
{
    return R(mkdirat(w->root, path, mode));
}

static int
bare_mknod(struct world *w, const char *path, unsigned mode, dev_t rdev)
{
    return R(mknodat(w->root, path, mode, rdev));
}

static int
bare_symlink(struct world *w, const char *target, const char *path)
{
    return R(symlinkat(target, w->root, path));
}

static ssize_t
bare_readlink(struct world *w, const char *path, char *buffer, size_t size)
{
    ssize_t got = readlinkat(w->root, path, buffer, size);
    return got < 0 ? -errno : got;
}

static int
bare_link(struct world *w, const char *from, const char *to)
{
    return R(linkat(w->root, from, w->root, to, 0));
}

static int
bare_unlink(struct world *w, const char *path)
{
    return R(unlinkat(w->root, path, 0));
}

static int
bare_rmdir(struct world *w, const char *path)
{
    return R(unlinkat(w->root, path, AT_REMOVEDIR));
}

static int
bare_rename(struct world *w, const char *from, const char *to, unsigned flags)
{
    return R(renameat2(w->root, from, w->root, to, flags));
}

static int
bare_chmod(struct world *w, const char *path, unsigned mode)
{
    return R(fchmodat(w->root, relative(path), mode, 0));
}

static int
bare_chown(struct world *w, const char *path, uid_t uid, gid_t gid)
{
    return R(fchownat(w->root, relative(path), uid, gid, AT_SYMLINK_NOFOLLOW));
}

static int
bare_utimens(struct world *w, const char *path, const struct timespec times[2])
{
    return R(utimensat(w->root, relative(path), times, AT_SYMLINK_NOFOLLOW));
}

static int
compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void
world_sort(char *text)
{
    char *lines[4096], *copy = strdup(text), *save = NULL;
    size_t count = 0;
    for (char *line = strtok_r(copy, "\n", &save); line != NULL && count < 4096; line = strtok_r(NULL, "\n", &save)) {
        lines[count++] = line;
    }
    qsort(lines, count, sizeof *lines, compare);
    for (size_t i = 0; i < count; i++) {
        text = stpcpy(stpcpy(text, lines[i]), "\n");
    }
    free(copy);
}

static int
bare_list(struct world *w, const char *path, char *text, size_t size)
{
    int fd = openat(w->root, relative(path), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (dir == NULL) {
        return -errno;
    }
    size_t used = 0;
    text[0] = 0;
    for (struct dirent *e; (e = readdir(dir)) != NULL;) {
        used += (size_t)snprintf(text + used, size - used, "%d %s\n", e->d_type, e->d_name);
    }
    closedir(dir);
    world_sort(text);
    return 0;
}

static int
bare_setxattr(struct world *w, const char *path, const char *name, const void *value, size_t size, int flags)
{
    char full[4200];
    proc_path(w, path, full, sizeof full);
    return R(lsetxattr(full, name, value, size, flags));
}

static ssize_t
bare_getxattr(struct world *w, const char *path, const char *name, void *value, size_t size)
{
    char full[4200];
    proc_path(w, path, full, sizeof full);
    ssize_t got = lgetxattr(full, name, value, size);
    return got < 0 ? -errno : got;
}

static ssize_t
bare_listxattr(struct world *w, const char *path, char *list, size_t size)
{
    char full[4200];
    proc_path(w, path, full, sizeof full);
    ssize_t got = llistxattr(full, list, size);
    return got < 0 ? -errno : got;
}

static int
bare_removexattr(struct world *w, const char *path, const char *name)
{
    char full[4200];
    proc_path(w, path, full, sizeof full);
    return R(lremovexattr(full, name));
}

const struct world_ops world_bare = {
    bare_stat, bare_open, bare_tmpfile, bare_fstat, bare_close, bare_pread, bare_pwrite, bare_ftruncate, bare_fallocate, bare_seek,
    bare_sync, bare_flink, bare_truncate, bare_mkdir, bare_mknod, bare_symlink, bare_readlink, bare_link, bare_unlink, bare_rmdir,
    bare_rename, bare_chmod, bare_chown, bare_utimens, bare_list, bare_setxattr, bare_getxattr, bare_listxattr, bare_removexattr,
};
