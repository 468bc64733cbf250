/* SPDX-License-Identifier: MIT */
/*
 * The crash record: one JSON line, made without allocation in a signal handler, so that the
 * supervisor can say what the server died of.
 */
#include "host/crash.h"

#include <string.h>
#include <unistd.h>

#include "vf/vf.h"

static int crash_fd = -1;

struct line {
    char text[4000];
    size_t used;
};

static void
put(struct line *l, const char *s)
{
    while (*s != '\0' && l->used < sizeof l->text - 1) {
        l->text[l->used++] = *s++;
    }
}

static void
put_number(struct line *l, uint64_t n)
{
    char digits[24];
    int i = (int)sizeof digits - 1;
    digits[i] = '\0';
    do {
        digits[--i] = (char)('0' + n % 10);
        n /= 10;
    } while (n != 0);
    put(l, digits + i);
}

/* A JSON string. Control characters become spaces. */
static void
put_string(struct line *l, const char *s)
{
    put(l, "\"");
    for (; *s != '\0'; s++) {
        char c[3] = {*s, '\0', '\0'};
        if (*s == '"' || *s == '\\') {
            c[0] = '\\';
            c[1] = *s;
        } else if ((unsigned char)*s < 0x20) {
            c[0] = ' ';
        }
        put(l, c);
    }
    put(l, "\"");
}

static void
write_all(int fd, const char *text, size_t size)
{
    while (size > 0) {
        ssize_t n = write(fd, text, size);
        if (n <= 0) {
            return;
        }
        text += n;
        size -= (size_t)n;
    }
}

static const char *
signal_name(int signo)
{
    const char *name = sigabbrev_np(signo);
    return name != NULL ? name : "?";
}

void
crash_to(int fd)
{
    crash_fd = fd;
}

static void
record_json(struct line *l,
            const struct port_fault_info *info,
            const char *driver,
            const char *operation)
{
    put(l, "{\"type\":\"crash\",\"signal\":");
    put_number(l, (unsigned)info->signo);
    put(l, ",\"address\":");
    put_number(l, info->address & INT64_MAX);
    put(l, ",\"thread\":");
    put_number(l, port_thread_id());
    put(l, ",\"driver\":");
    put_string(l, driver);
    put(l, ",\"operation\":");
    put_string(l, operation);
    put(l, ",\"frames\":[");
    for (unsigned i = 0; i < info->frame_count; i++) {
        put(l, i != 0 ? "," : "");
        put_number(l, info->frames[i] & INT64_MAX);
    }
    put(l, "]}\n");
}

void
crash_record(const struct port_fault_info *info)
{
    static struct line l; /* one crash per process */
    char operation[320];
    const struct vf_operation *current = vf_operation_current();
    const char *driver =
        current != NULL && current->owner != NULL ? vf_owner_name(current->owner) : "";
    vf_operation_text(operation, sizeof operation);
    if (crash_fd >= 0) {
        record_json(&l, info, driver, operation);
        write_all(crash_fd, l.text, l.used);
        return;
    }
    put(&l, "filterbed: fatal SIG");
    put(&l, signal_name(info->signo));
    put(&l, operation[0] != '\0' ? " during " : "");
    put(&l, operation);
    put(&l, driver[0] != '\0' ? ", driver " : "");
    put(&l, driver);
    put(&l, "\n");
    write_all(2, l.text, l.used);
}
