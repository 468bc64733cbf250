/* SPDX-License-Identifier: MIT */
/* The runtime's own log (stderr) and the verbatim output of drivers, line by line under their names. */
#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "port/portp.h"

#define LINE_MAX_BYTES 4000

struct debug_stream {
    struct debug_stream *next;
    size_t used;
    char name[64];
    char line[LINE_MAX_BYTES];
};

static _Atomic(int) log_level = PORT_LOG_WARNING;
static port_lock debug_lock;          /* protects the streams; held while a line is written */
static struct debug_stream *debug_streams;
static _Atomic(int) debug_fd = 2;

/* Once, where it can still be read. */
static void
tell_lost(int fd, int error)
{
    static atomic_flag told = ATOMIC_FLAG_INIT;

    if (fd != 2 && !atomic_flag_test_and_set(&told)) {
        dprintf(2, "filterbed: driver output cannot be written: %s; some of it is lost\n", strerror(error));
    }
}

static void
write_all(int fd, const char *text, size_t length)
{
    while (length > 0) {
        ssize_t done = write(fd, text, length);
        if (done < 0 && errno == EINTR) {
            continue;
        }
        if (done <= 0) {
            tell_lost(fd, done < 0 ? errno : EIO);
            return;
        }
        text += done;
        length -= (size_t)done;
    }
}

void
port_log_set_level(enum port_log_level level)
{
    atomic_store_explicit(&log_level, (int)level, memory_order_relaxed);
}

static void
log_line(const char *prefix, const char *component, const char *fmt, va_list args)
{
    char line[1024];
    int used = snprintf(line, sizeof(line), "filterbed: %s%s%s", prefix, component, component[0] != 0 ? ": " : "");
    if (used < 0 || (size_t)used >= sizeof(line) - 2) {
        return;
    }
    int more = vsnprintf(line + used, sizeof(line) - (size_t)used - 1, fmt, args);
    size_t length = (size_t)used + (more > 0 ? (size_t)more : 0);
    if (length > sizeof(line) - 2) {
        length = sizeof(line) - 2;
    }
    line[length++] = '\n';
    write_all(2, line, length);
}

void
port_log(enum port_log_level level, const char *component, const char *fmt, ...)
{
    static const char *const prefix[] = {"error: ", "warning: ", "", "trace: "};
    if ((int)level > atomic_load_explicit(&log_level, memory_order_relaxed)) {
        return;
    }
    int error = errno;
    va_list args;
    va_start(args, fmt);
    log_line(prefix[level], component, fmt, args);
    va_end(args);
    errno = error;
}

void
port_fatal(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    log_line("fatal: ", "", fmt, args);
    va_end(args);
    abort();
}

void
port_debug_output_fd(int fd)
{
    atomic_store_explicit(&debug_fd, fd, memory_order_relaxed);
}

static struct debug_stream *
debug_stream_find_locked(const char *driver)
{
    for (struct debug_stream *stream = debug_streams; stream != NULL; stream = stream->next) {
        if (strncmp(stream->name, driver, sizeof(stream->name) - 1) == 0) {
            return stream;
        }
    }
    struct debug_stream *stream = calloc(1, sizeof(*stream));
    if (stream != NULL) {
        strncpy(stream->name, driver, sizeof(stream->name) - 1);
        stream->next = debug_streams;
        debug_streams = stream;
    }
    return stream;
}

static void
debug_write_line_locked(struct debug_stream *stream)
{
    char out[LINE_MAX_BYTES + sizeof(stream->name) + 4];
    int used = snprintf(out, sizeof(out), "%s: %.*s\n", stream->name, (int)stream->used, stream->line);
    if (used > 0) {
        write_all(atomic_load_explicit(&debug_fd, memory_order_relaxed), out, (size_t)used);
    }
    stream->used = 0;
}

void
port_debug_output(const char *driver, const char *text, size_t length)
{
    port_lock_acquire(&debug_lock);
    struct debug_stream *stream = debug_stream_find_locked(driver != NULL ? driver : "driver");
    for (size_t i = 0; stream != NULL && i < length; i++) {
        if (text[i] == '\n') {
            debug_write_line_locked(stream);
            continue;
        }
        if (text[i] == '\r' || text[i] == 0) {
            continue;
        }
        if (stream->used == sizeof(stream->line)) {
            debug_write_line_locked(stream);
        }
        stream->line[stream->used++] = text[i];
    }
    port_lock_release(&debug_lock);
}

void
port_debug_output_flush(void)
{
    port_lock_acquire(&debug_lock);
    for (struct debug_stream *stream = debug_streams; stream != NULL; stream = stream->next) {
        if (stream->used > 0) {
            debug_write_line_locked(stream);
        }
    }
    port_lock_release(&debug_lock);
}
