/* SPDX-License-Identifier: MIT */
/*
 * Mounting: by mount(2) where that is permitted (root, or a user namespace that owns its mount namespace), else through
 * fusermount3, which passes the descriptor back over _FUSE_COMMFD.  Every failure says what was wrong and what to do.
 */
#include "fuse/fuse.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuse/mountp.h"

static int __attribute__((format(printf, 4, 5)))
mount_say(char *message, size_t size, int error, const char *fmt, ...)
{
    if (message != NULL && size != 0) {
        va_list args;
        va_start(args, fmt);
        vsnprintf(message, size, fmt, args);
        va_end(args);
    }
    return -error;
}

/* The device, or a negative errno with a message. */
static int
mount_open_device(char *message, size_t size)
{
    int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    if (fd >= 0) {
        return fd;
    }
    int error = errno;
    switch (error) {
    case ENOENT:
        return mount_say(message, size, error,
                         "FUSE is not available: there is no /dev/fuse. Load the module (as root: modprobe fuse); in a container "
                         "pass the device in (--device /dev/fuse). --memory with --script works without FUSE");
    case ENODEV:
    case ENXIO:
        return mount_say(message, size, error,
                         "FUSE is not available: /dev/fuse exists, but the kernel has no FUSE (as root: modprobe fuse)");
    case EACCES:
    case EPERM:
        return mount_say(message, size, error,
                         "FUSE is not permitted: /dev/fuse cannot be opened (%s). Run as root, ask for access to the device, or in "
                         "a container allow it (--device /dev/fuse --cap-add SYS_ADMIN)", strerror(error));
    default:
        return mount_say(message, size, error, "/dev/fuse cannot be opened: %s", strerror(error));
    }
}

int
fuse_available(char *message, size_t size)
{
    int fd = mount_open_device(message, size);
    if (fd < 0) {
        return (fd == -EACCES || fd == -EPERM) && fuse_helper_present() ? 0 : fd;
    }
    close(fd);
    if (geteuid() != 0 && !fuse_helper_present()) {
        return mount_say(message, size, EPERM,
                         "FUSE is there, but mounting needs root or the program fusermount3 (package fuse3)");
    }
    return 0;
}

/* Decodes \ooo of /proc/self/mountinfo in place. */
static void
mount_unescape(char *text)
{
    char *out = text;
    for (const char *in = text; *in != 0;) {
        if (in[0] == '\\' && in[1] >= '0' && in[1] <= '3' && in[2] >= '0' && in[2] <= '7' && in[3] >= '0' && in[3] <= '7') {
            *out++ = (char)((in[1] - '0') * 64 + (in[2] - '0') * 8 + (in[3] - '0'));
            in += 4;
        } else {
            *out++ = *in++;
        }
    }
    *out = 0;
}

/* The topmost mount at path (absolute): its device number's minor and type.  false: path is no mount point. */
bool
fuse_mount_find(const char *path, unsigned *device_minor, char *type, size_t type_size)
{
    FILE *file = fopen("/proc/self/mountinfo", "re");
    if (file == NULL) {
        return false;
    }
    char *line = NULL;
    size_t capacity = 0;
    bool found = false;
    while (getline(&line, &capacity, file) > 0) {
        unsigned minor_number = 0;
        int at = 0;
        if (sscanf(line, "%*s %*s %*u:%u %*s %n", &minor_number, &at) != 1 || at == 0) {
            continue;
        }
        char *where = line + at;
        char *end = strchr(where, ' ');
        char *dash = end != NULL ? strstr(end, " - ") : NULL;
        if (dash == NULL) {
            continue;
        }
        *end = 0;
        mount_unescape(where);
        if (strcmp(where, path) == 0) {
            found = true;
            *device_minor = minor_number;
            snprintf(type, type_size, "%.*s", (int)strcspn(dash + 3, " \n"), dash + 3);
        }
    }
    free(line);
    fclose(file);
    return found;
}

static int
mount_check_point(const char *mountpoint, const char *type, char *message, size_t size)
{
    struct stat st;
    if (stat(mountpoint, &st) != 0) {
        int error = errno;
        switch (error) {
        case ENOENT:
            return mount_say(message, size, error, "the mount point %s does not exist", mountpoint);
        case EACCES:
            return mount_say(message, size, error, "the mount point %s cannot be reached: permission denied", mountpoint);
        case ENOTCONN:
            return mount_say(message, size, EBUSY,
                             "the mount point %s is in use by a mount whose server has died (fusermount3 -uz %s, then try again)",
                             mountpoint, mountpoint);
        default:
            return mount_say(message, size, error, "the mount point %s: %s", mountpoint, strerror(error));
        }
    }
    if (!S_ISDIR(st.st_mode)) {
        return mount_say(message, size, ENOTDIR, "the mount point %s is not a directory", mountpoint);
    }
    char path[PATH_MAX], present[64];
    unsigned device_minor;
    if (realpath(mountpoint, path) != NULL && fuse_mount_find(path, &device_minor, present, sizeof present) &&
        strcmp(present, type) == 0) {
        return mount_say(message, size, EBUSY, "the mount point %s is in use: %s is already mounted there", mountpoint, type);
    }
    return 0;
}

static int
mount_direct(const struct fuse_mount_options *o, const char *type, int device)
{
    char data[256];
    snprintf(data, sizeof data, "fd=%d,rootmode=40000,user_id=%u,group_id=%u%s%s", device, getuid(), getgid(),
             o->no_default_permissions ? "" : ",default_permissions", o->no_allow_other ? "" : ",allow_other");
    unsigned long flags = (o->allow_dev_suid ? 0 : MS_NOSUID | MS_NODEV) | (o->read_only ? MS_RDONLY : 0);
    const char *source = o->source != NULL ? o->source : "filterbed";
    return mount(source, o->mountpoint, type, flags, data) == 0 ? 0 : -errno;
}

int
fuse_mount(const struct fuse_mount_options *options, int *fd, char *message, size_t size)
{
    char type[64];
    snprintf(type, sizeof type, "fuse.%s", options->subtype != NULL ? options->subtype : "filterbed");
    int status = mount_check_point(options->mountpoint, type, message, size);
    if (status < 0) {
        return status;
    }
    int device = mount_open_device(message, size);
    if (device < 0 && device != -EACCES && device != -EPERM) {
        return device;
    }
    if (device >= 0) {
        status = mount_direct(options, type, device);
        if (status == 0) {
            *fd = device;
            return 0;
        }
        close(device);
        if (status != -EPERM) {
            return mount_say(message, size, -status, "mounting on %s failed: %s", options->mountpoint, strerror(-status));
        }
    }
    if (!fuse_helper_present()) {
        return mount_say(message, size, EPERM,
                         "mounting on %s is not permitted here. Run as root, install fusermount3 (package fuse3), or in a container "
                         "allow it (--device /dev/fuse --cap-add SYS_ADMIN)", options->mountpoint);
    }
    return fuse_helper_mount(options, fd, message, size);
}

int
fuse_unmount(const char *mountpoint, bool lazy)
{
    if (umount2(mountpoint, (lazy ? MNT_DETACH : 0) | UMOUNT_NOFOLLOW) == 0) {
        return 0;
    }
    int error = errno;
    return error == EPERM && fuse_helper_present() ? fuse_helper_unmount(mountpoint, lazy) : -error;
}

int
fuse_abort(const char *mountpoint)
{
    char path[PATH_MAX], type[64], control[96];
    unsigned device_minor;
    /* No stat of the mount itself: its server may be the one that hangs. */
    snprintf(path, sizeof path, "%s", mountpoint);
    if (!fuse_mount_find(path, &device_minor, type, sizeof type)) {
        return -EINVAL;
    }
    snprintf(control, sizeof control, "/sys/fs/fuse/connections/%u/abort", device_minor);
    int file = open(control, O_WRONLY | O_CLOEXEC);
    if (file >= 0) {
        ssize_t put = write(file, "1", 1);
        int error = errno;
        close(file);
        return put == 1 ? 0 : -error;
    }
    return umount2(mountpoint, MNT_FORCE | UMOUNT_NOFOLLOW) == 0 ? 0 : -errno;
}
