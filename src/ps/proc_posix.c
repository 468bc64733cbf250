/* SPDX-License-Identifier: MIT */
/* Reads /proc. */
#include "ps/proc.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static ssize_t
read_file(const char *path, char *buffer, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got;

    if (fd < 0) {
        return -1;
    }
    got = read(fd, buffer, size - 1);
    close(fd);
    if (got >= 0) {
        buffer[got] = 0;
    }
    return got;
}

static uint32_t
thread_group(uint32_t tid)
{
    char path[64];
    char text[1024];
    char *line;

    snprintf(path, sizeof path, "/proc/%u/status", tid);
    if (read_file(path, text, sizeof text) <= 0) {
        return 0;
    }
    line = strstr(text, "\nTgid:");
    return line != NULL ? (uint32_t)strtoul(line + 6, NULL, 10) : 0;
}

/* The name in parentheses may hold anything, so fields are counted from the last ')'. */
static bool
parse_stat(char *text, struct ps_proc *out)
{
    char *open = strchr(text, '(');
    char *close = strrchr(text, ')');
    char *save = NULL;
    char *field;

    if (open == NULL || close == NULL || close < open) {
        return false;
    }
    size_t length = (size_t)(close - open - 1);
    length = length < sizeof out->name ? length : sizeof out->name - 1;
    memcpy(out->name, open + 1, length);
    out->name[length] = 0;
    field = strtok_r(close + 1, " ", &save);
    for (unsigned number = 3; field != NULL; number++, field = strtok_r(NULL, " ", &save)) {
        switch (number) {
        case 4:
            out->parent = (uint32_t)strtoul(field, NULL, 10);
            break;
        case 6:
            out->session = (uint32_t)strtoul(field, NULL, 10);
            break;
        case 22:
            out->start = strtoull(field, NULL, 10);
            return true;
        default:
            break;
        }
    }
    return false;
}

bool
ps_proc_query(uint32_t tid, struct ps_proc *out)
{
    char path[64];
    char text[1024];

    memset(out, 0, sizeof *out);
    out->pid = thread_group(tid);
    if (out->pid == 0) {
        return false;
    }
    snprintf(path, sizeof path, "/proc/%u/stat", out->pid);
    return read_file(path, text, sizeof text) > 0 && parse_stat(text, out);
}

uint64_t
ps_proc_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_BOOTTIME, &now);
    uint64_t hertz = (uint64_t)sysconf(_SC_CLK_TCK);
    return (uint64_t)now.tv_sec * hertz + (uint64_t)now.tv_nsec * hertz / 1000000000;
}

size_t
ps_proc_command(uint32_t pid, char *text, size_t size)
{
    char path[64];
    ssize_t length;

    snprintf(path, sizeof path, "/proc/%u/cmdline", pid);
    length = read_file(path, text, size);
    return length > 0 ? (size_t)length : 0;
}

size_t
ps_proc_image(uint32_t pid, char *path, size_t size)
{
    char link[64];
    ssize_t length;

    snprintf(link, sizeof link, "/proc/%u/exe", pid);
    length = readlink(link, path, size - 1);
    if (length <= 0) {
        return 0;
    }
    path[length] = 0;
    return (size_t)length;
}
