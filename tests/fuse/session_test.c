/* SPDX-License-Identifier: MIT */
/* ctest-labels: unit;concurrent */
/* The protocol and the threads, over a transport of this test's: no kernel, no volume. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "fuse/session.h"

/* ---- a transport: a queue of requests in, a log of replies out ---- */

enum { MESSAGES = 64, ROOM = 8192 };

static struct {
    port_lock lock;
    struct { uint8_t bytes[ROOM]; size_t length; } in[MESSAGES];
    unsigned in_head, in_tail;
    struct { uint8_t bytes[ROOM]; size_t length; uint32_t thread; } out[MESSAGES];
    _Atomic(unsigned) outs;
    _Atomic(uint32_t) signal, out_signal;
    _Atomic(bool) hung_up;
    _Atomic(uint64_t) hold;                    /* answering this request waits … */
    _Atomic(uint32_t) gate;                    /* … until this is 1 */
    int backing_result;
    _Atomic(int) backing_opens, backing_closes;
} wire;

static ssize_t
wire_receive(int fd, void *buffer, size_t size)
{
    (void)fd;
    for (;;) {
        uint32_t seen = atomic_load(&wire.signal);
        port_lock_acquire(&wire.lock);
        ssize_t length = -EAGAIN;
        if (wire.in_head != wire.in_tail) {
            unsigned at = wire.in_head++ % MESSAGES;
            length = (ssize_t)wire.in[at].length;
            if ((size_t)length > size) {
                abort();
            }
            memcpy(buffer, wire.in[at].bytes, (size_t)length);
        }
        port_lock_release(&wire.lock);
        if (length != -EAGAIN) {
            return length;
        }
        if (atomic_load(&wire.hung_up)) {
            return -ENODEV;
        }
        /* Not port_wait: a reader that waits for requests is not held in a callback.  EINTR: the session looks at its stop. */
        usleep(1000);
        if (atomic_load(&wire.signal) == seen) {
            return -EINTR;
        }
    }
}

static int
wire_reply(int fd, const struct iovec *parts, int count)
{
    (void)fd;
    uint8_t bytes[ROOM];
    size_t length = 0;
    for (int i = 0; i < count; i++) {
        if (length + parts[i].iov_len > ROOM) {
            abort();
        }
        memcpy(bytes + length, parts[i].iov_base, parts[i].iov_len);
        length += parts[i].iov_len;
    }
    const struct fuse_out_header *head = (const void *)bytes;
    if (head->len != length) {
        abort();
    }
    if (head->unique != 0 && head->unique == atomic_load(&wire.hold)) {
        while (atomic_load(&wire.gate) == 0) {
            port_wait(&wire.gate, 0, PORT_FOREVER);
        }
    }
    port_lock_acquire(&wire.lock);
    unsigned at = atomic_load(&wire.outs);
    if (at >= MESSAGES) {
        abort();
    }
    memcpy(wire.out[at].bytes, bytes, length);
    wire.out[at].length = length;
    wire.out[at].thread = port_thread_id();
    atomic_store(&wire.outs, at + 1);
    port_lock_release(&wire.lock);
    atomic_fetch_add(&wire.out_signal, 1);
    port_wake(&wire.out_signal, UINT32_MAX);
    return 0;
}

static int
wire_backing_open(int fd, int file)
{
    (void)fd;
    (void)file;
    return wire.backing_result > 0 ? wire.backing_result + atomic_fetch_add(&wire.backing_opens, 1) : wire.backing_result;
}

static void
wire_backing_close(int fd, int id)
{
    (void)fd;
    (void)id;
    atomic_fetch_add(&wire.backing_closes, 1);
}

static const struct fuse_transport wire_transport = { wire_receive, wire_reply, wire_backing_open, wire_backing_close };

static void
wire_send(uint32_t opcode, uint64_t unique, uint64_t node, const void *body, size_t size)
{
    struct fuse_in_header head = {
        .len = (uint32_t)(sizeof head + size), .opcode = opcode, .unique = unique, .nodeid = node, .pid = (uint32_t)getpid()
    };
    port_lock_acquire(&wire.lock);
    unsigned at = wire.in_tail++ % MESSAGES;
    memcpy(wire.in[at].bytes, &head, sizeof head);
    if (size != 0) {
        memcpy(wire.in[at].bytes + sizeof head, body, size);
    }
    wire.in[at].length = sizeof head + size;
    port_lock_release(&wire.lock);
    atomic_fetch_add(&wire.signal, 1);
    port_wake(&wire.signal, UINT32_MAX);
}

/* The reply to a request; waits up to five seconds. */
static const struct fuse_out_header *
wire_answer(uint64_t unique)
{
    uint64_t deadline = port_clock_monotonic() + 5000000000u;
    for (;;) {
        uint32_t seen = atomic_load(&wire.out_signal);
        for (unsigned i = 0; i < atomic_load(&wire.outs); i++) {
            const struct fuse_out_header *head = (const void *)wire.out[i].bytes;
            if (head->unique == unique) {
                return head;
            }
        }
        if (!port_wait(&wire.out_signal, seen, deadline)) {
            return NULL;
        }
    }
}

/* ---- a session on it ---- */

static struct {
    fuse_session *session;
    port_thread *thread;
    int result;
} run;

static void
run_main(void *arg)
{
    (void)arg;
    run.result = fuse_session_run(run.session, NULL);
}

static void
send_init(uint32_t major, uint32_t minor, uint64_t flags)
{
    struct fuse_init_in in = {
        .major = major, .minor = minor, .max_readahead = 131072, .flags = (uint32_t)flags, .flags2 = (uint32_t)(flags >> 32)
    };
    wire_send(FUSE_INIT, 2, 0, &in, sizeof in);
}

static void
start(const struct fuse_session_options *options)
{
    assert_int_equal(fuse_session_create(&run.session, -1, options), 0);
    run.session->transport = &wire_transport;
    assert_int_equal(port_thread_start(&run.thread, run_main, NULL, "run"), 0);
}

static void
finish(void)
{
    fuse_session_stop(run.session);
    port_thread_join(run.thread);
    fuse_session_destroy(run.session);
}

static int
setup(void **state)
{
    (void)state;
    memset(&wire, 0, sizeof wire);
    return 0;
}

static const struct wire_init_out *
init_reply(void)
{
    const struct fuse_out_header *head = wire_answer(2);
    assert_non_null(head);
    assert_int_equal(head->error, 0);
    assert_int_equal(head->len, sizeof *head + sizeof(struct wire_init_out));
    return (const struct wire_init_out *)(head + 1);
}

#define MODERN                                                                                                             \
    (FUSE_ASYNC_READ | FUSE_BIG_WRITES | FUSE_PARALLEL_DIROPS | FUSE_HANDLE_KILLPRIV_V2 | FUSE_MAX_PAGES | FUSE_INIT_EXT |  \
     FUSE_POSIX_LOCKS | FUSE_WRITEBACK_CACHE | FUSE_DO_READDIRPLUS | FUSE_READDIRPLUS_AUTO | FUSE_ATOMIC_O_TRUNC |          \
     FUSE_PASSTHROUGH | FUSE_DIRECT_IO_ALLOW_MMAP | FUSE_POSIX_ACL)

static void
test_fuse_init__takes_what_is_offered(void **state)
{
    (void)state;
    start(NULL);
    send_init(7, 45, MODERN);
    const struct wire_init_out *out = init_reply();
    assert_int_equal(out->major, 7);
    assert_int_equal(out->minor, WIRE_MINOR);
    uint64_t flags = out->flags | (uint64_t)out->flags2 << 32;
    assert_true(flags & FUSE_PASSTHROUGH);
    assert_true(flags & FUSE_DIRECT_IO_ALLOW_MMAP);
    assert_true(flags & FUSE_HANDLE_KILLPRIV_V2);
    assert_true(flags & FUSE_PARALLEL_DIROPS);
    assert_false(flags & (FUSE_POSIX_LOCKS | FUSE_WRITEBACK_CACHE | FUSE_POSIX_ACL));
    assert_int_equal(out->max_stack_depth, 2);
    assert_int_equal(out->max_write, FUSE_MAX_WRITE);
    assert_int_equal(out->max_pages, FUSE_MAX_WRITE / FUSE_PAGE);
    finish();
    assert_int_equal(run.result, 0);
}

static void
test_fuse_init__old_kernel_loses_features_only(void **state)
{
    (void)state;
    start(NULL);
    send_init(7, 31, FUSE_ASYNC_READ | FUSE_BIG_WRITES);
    const struct wire_init_out *out = init_reply();
    assert_int_equal(out->minor, 31);
    assert_int_equal(out->flags, FUSE_ASYNC_READ | FUSE_BIG_WRITES);
    assert_int_equal(out->flags2, 0);
    assert_int_equal(out->max_write, 32 * FUSE_PAGE);
    assert_int_equal(out->max_stack_depth, 0);
    finish();
}

static void
test_fuse_init__too_old_is_refused(void **state)
{
    (void)state;
    start(NULL);
    send_init(7, 19, FUSE_ASYNC_READ);
    port_thread_join(run.thread);
    assert_int_equal(run.result, -EPROTO);
    assert_int_equal(wire_answer(2)->error, -EPROTO);
    fuse_session_destroy(run.session);
}

static void
test_fuse_init__newer_major_is_asked_again(void **state)
{
    (void)state;
    start(NULL);
    send_init(8, 1, 0);
    const struct fuse_out_header *head = wire_answer(2);
    assert_non_null(head);
    assert_int_equal(((const struct wire_init_out *)(head + 1))->major, 7);
    struct fuse_init_in in = { .major = 7, .minor = 40, .flags = FUSE_ASYNC_READ };
    wire_send(FUSE_INIT, 4, 0, &in, sizeof in);
    head = wire_answer(4);
    assert_non_null(head);
    assert_int_equal(((const struct wire_init_out *)(head + 1))->minor, 40);
    finish();
}

static void
test_fuse_init__options_withhold_features(void **state)
{
    (void)state;
    struct fuse_session_options options = { .no_passthrough = true, .no_readdirplus = true };
    start(&options);
    send_init(7, 45, MODERN);
    const struct wire_init_out *out = init_reply();
    uint64_t flags = out->flags | (uint64_t)out->flags2 << 32;
    assert_false(flags & (FUSE_PASSTHROUGH | FUSE_DO_READDIRPLUS | FUSE_READDIRPLUS_AUTO));
    finish();
}

static int
answer_to(uint32_t opcode, uint64_t unique, const void *body, size_t size)
{
    wire_send(opcode, unique, 1, body, size);
    const struct fuse_out_header *head = wire_answer(unique);
    assert_non_null(head);
    return head->error;
}

static void
test_fuse_front__bad_and_unknown_requests(void **state)
{
    (void)state;
    start(NULL);
    send_init(7, 45, MODERN);
    init_reply();
    assert_int_equal(answer_to(FUSE_IOCTL, 10, NULL, 0), -ENOTTY);
    assert_int_equal(answer_to(FUSE_POLL, 12, NULL, 0), -ENOSYS);
    assert_int_equal(answer_to(FUSE_GETLK, 14, NULL, 0), -ENOSYS);
    assert_int_equal(answer_to(63, 16, NULL, 0), -ENOSYS);
    assert_int_equal(answer_to(4000000000u, 18, NULL, 0), -ENOSYS);
    assert_int_equal(answer_to(FUSE_DESTROY, 20, NULL, 0), 0);
    /* arguments cut short, and names that do not end */
    assert_int_equal(answer_to(FUSE_GETATTR, 22, "xx", 2), -EINVAL);
    assert_int_equal(answer_to(FUSE_LOOKUP, 24, NULL, 0), -EINVAL);
    assert_int_equal(answer_to(FUSE_LOOKUP, 26, "name", 4), -EINVAL);
    assert_int_equal(answer_to(FUSE_LOOKUP, 28, "", 1), -EINVAL);
    assert_int_equal(answer_to(FUSE_SYMLINK, 30, "link\0target", 11), -EINVAL);
    assert_int_equal(answer_to(FUSE_RENAME2, 32, (char[sizeof(struct fuse_rename2_in) + 4]){ 0 }, sizeof(struct fuse_rename2_in) + 4), -EINVAL);
    struct fuse_write_in write = { .size = 100 };
    assert_int_equal(answer_to(FUSE_WRITE, 34, &write, sizeof write), -EINVAL);
    struct { struct fuse_setxattr_in in; char name[8]; } set = { .in = { .size = 5000 }, .name = "user.x" };
    assert_int_equal(answer_to(FUSE_SETXATTR, 36, &set, sizeof set), -EINVAL);
    struct fuse_read_in read = { .size = UINT32_MAX };
    assert_int_equal(answer_to(FUSE_READ, 38, &read, sizeof read), -EINVAL);
    finish();
}

static void
test_fuse_front__lying_length(void **state)
{
    (void)state;
    start(NULL);
    send_init(7, 45, MODERN);
    init_reply();
    struct fuse_in_header head = { .len = 4096, .opcode = FUSE_STATFS, .unique = 40, .nodeid = 1 };
    port_lock_acquire(&wire.lock);
    unsigned at = wire.in_tail++ % MESSAGES;
    memcpy(wire.in[at].bytes, &head, sizeof head);
    wire.in[at].length = sizeof head;
    port_lock_release(&wire.lock);
    atomic_fetch_add(&wire.signal, 1);
    const struct fuse_out_header *answer = wire_answer(40);
    assert_non_null(answer);
    assert_int_equal(answer->error, -EINVAL);
    finish();
}

static void
test_fuse_interrupt__unknown_request_is_asked_again(void **state)
{
    (void)state;
    start(NULL);
    send_init(7, 45, MODERN);
    init_reply();
    struct fuse_interrupt_in in = { .unique = 1234 };
    assert_int_equal(answer_to(FUSE_INTERRUPT, 1235, &in, sizeof in), -EAGAIN);
    finish();
}

/* A thread that meets a taken lock counts as held for a moment: nobody may stay so. */
static void
assert_nobody_held(void)
{
    struct fuse_session_stats stats;
    uint64_t deadline = port_clock_monotonic() + 5000000000u;
    do {
        fuse_session_stats(run.session, &stats);
    } while (stats.held != 0 && port_clock_monotonic() < deadline && usleep(1000) == 0);
    assert_int_equal(stats.held, 0);
}

static void
test_fuse_worker__held_threads_are_replaced(void **state)
{
    (void)state;
    struct fuse_session_options options = { .threads = 1, .max_threads = 3 };
    start(&options);
    send_init(7, 45, MODERN);
    init_reply();
    /* One reader, and its answer waits like a callback that waits: a spare has to serve the next request. */
    atomic_store(&wire.hold, 50);
    wire_send(FUSE_DESTROY, 50, 1, NULL, 0);
    assert_int_equal(answer_to(FUSE_DESTROY, 52, NULL, 0), 0);
    struct fuse_session_stats stats;
    fuse_session_stats(run.session, &stats);
    assert_int_equal(stats.held, 1);
    assert_int_equal(stats.threads, 2);
    atomic_store(&wire.gate, 1);
    port_wake(&wire.gate, UINT32_MAX);
    assert_non_null(wire_answer(50));
    assert_int_equal(answer_to(FUSE_DESTROY, 54, NULL, 0), 0);
    assert_nobody_held();
    /* The next held request wakes the spare instead of starting a third thread. */
    atomic_store(&wire.gate, 0);
    atomic_store(&wire.hold, 56);
    wire_send(FUSE_DESTROY, 56, 1, NULL, 0);
    assert_int_equal(answer_to(FUSE_DESTROY, 58, NULL, 0), 0);
    fuse_session_stats(run.session, &stats);
    assert_true(stats.threads <= 3);
    atomic_store(&wire.gate, 1);
    port_wake(&wire.gate, UINT32_MAX);
    assert_non_null(wire_answer(56));
    finish();
    assert_int_equal(run.result, 0);
}

static void
test_fuse_session__hang_up_ends_it(void **state)
{
    (void)state;
    start(NULL);
    send_init(7, 45, MODERN);
    init_reply();
    atomic_store(&wire.hung_up, true);
    port_thread_join(run.thread);
    assert_int_equal(run.result, 0);
    fuse_session_destroy(run.session);
}

static void
test_fuse_notify__from_its_own_thread_and_merged(void **state)
{
    (void)state;
    start(NULL);
    send_init(7, 45, MODERN);
    init_reply();
    const struct view_callbacks *callbacks = fuse_session_callbacks(run.session);
    callbacks->invalidate_entry(callbacks->ctx, 77, "name", 4);
    const struct fuse_out_header *head = wire_answer(0);
    assert_non_null(head);
    assert_int_equal(head->error, FUSE_NOTIFY_INVAL_ENTRY);
    const struct fuse_notify_inval_entry_out *out = (const void *)(head + 1);
    assert_int_equal(out->parent, 77);
    assert_int_equal(out->namelen, 4);
    assert_int_equal(head->len, sizeof *head + sizeof *out + 5);
    assert_string_equal((const char *)(out + 1), "name");
    for (unsigned i = 0; i < atomic_load(&wire.outs); i++) {
        if (((const struct fuse_out_header *)(const void *)wire.out[i].bytes)->unique == 0) {
            assert_int_not_equal(wire.out[i].thread, port_thread_id());
        }
    }
    for (int i = 0; i < 10; i++) {
        callbacks->invalidate_node(callbacks->ctx, 78, -1, 0);
    }
    finish();
    assert_true(atomic_load(&wire.outs) <= 2 + 10);
}

static void
test_fuse_notify__names_expire_and_come_again(void **state)
{
    (void)state;
    start(NULL);
    send_init(7, 45, MODERN | FUSE_HAS_EXPIRE_ONLY);
    init_reply();
    const struct view_callbacks *callbacks = fuse_session_callbacks(run.session);
    callbacks->invalidate_entry(callbacks->ctx, 77, "name", 4);
    unsigned told = 0;
    for (uint64_t deadline = port_clock_monotonic() + 5000000000u; told < 2 && port_clock_monotonic() < deadline;) {
        told = 0;
        for (unsigned i = 0; i < atomic_load(&wire.outs); i++) {
            const struct fuse_out_header *head = (const void *)wire.out[i].bytes;
            if (head->unique == 0) {
                const uint32_t *body = (const void *)(head + 1);   /* parent, namelen, flags */
                assert_int_equal(head->error, FUSE_NOTIFY_INVAL_ENTRY);
                assert_int_equal(body[3], WIRE_EXPIRE_ONLY);
                told++;
            }
        }
        usleep(1000);
    }
    assert_int_equal(told, 2);                 /* the second time for a reply that was on its way */
    finish();
}

/* A queue that is too long is given up for "everything"; what is no invalidation stays. */
static void
test_fuse_notify__overflow(void **state)
{
    (void)state;
    fuse_session *s;
    assert_int_equal(fuse_session_create(&s, -1, NULL), 0);
    const struct view_callbacks *callbacks = fuse_session_callbacks(s);
    fuse_notify_cancel(s, 4711);
    for (uint64_t i = 0; i < FUSE_NOTES_MAX - 1; i++) {
        callbacks->invalidate_node(callbacks->ctx, 100 + i, -1, 0);
    }
    struct fuse_session_stats stats;
    assert_int_equal(s->notifier.count, FUSE_NOTES_MAX);
    assert_false(s->notifier.all);
    callbacks->invalidate_entry(callbacks->ctx, 1, "x", 1);
    assert_true(s->notifier.all);
    assert_int_equal(s->notifier.count, 0);
    assert_non_null(s->notifier.notes.head);
    assert_ptr_equal((void *)s->notifier.notes.tail, (void *)s->notifier.notes.head);     /* one note, whose first member is `next` */
    callbacks->invalidate_node(callbacks->ctx, 5, 0, 0);
    assert_int_equal(s->notifier.count, 1);
    callbacks->invalidate_all(callbacks->ctx);
    assert_int_equal(s->notifier.count, 0);
    fuse_session_stats(s, &stats);
    assert_int_equal(stats.overflows, 2);
    fuse_session_destroy(s);
}

/* ---- regimes ---- */

static uint32_t
regime_open(fuse_session *s, uint64_t node, enum view_regime regime, int32_t *id)
{
    struct view_open open = { .regime = regime, .backing_fd = 0, .no_flush = true };
    uint32_t flags = 0;
    assert_int_equal(fuse_backing_open(s, node, &open, &flags, id), 0);
    assert_true(flags & FOPEN_NOFLUSH);
    return flags & ~(uint32_t)(FOPEN_NOFLUSH | FOPEN_PARALLEL_DIRECT_WRITES);
}

static fuse_session *
regime_session(int backing_result)
{
    fuse_session *s;
    assert_int_equal(fuse_session_create(&s, -1, NULL), 0);
    s->transport = &wire_transport;
    atomic_store(&s->passthrough, true);
    wire.backing_result = backing_result;
    return s;
}

static void
test_fuse_backing__id_is_shared_and_latched(void **state)
{
    (void)state;
    fuse_session *s = regime_session(5);
    int32_t id = 0;
    assert_int_equal(regime_open(s, 9, VIEW_REGIME_PASSTHROUGH, &id), FOPEN_PASSTHROUGH);
    assert_int_equal(id, 5);
    assert_int_equal(regime_open(s, 9, VIEW_REGIME_PASSTHROUGH, &id), FOPEN_PASSTHROUGH);
    assert_int_equal(id, 5);
    assert_int_equal(regime_open(s, 9, VIEW_REGIME_DIRECT, &id), FOPEN_DIRECT_IO | FOPEN_PASSTHROUGH);
    assert_int_equal(id, 5);
    assert_int_equal(regime_open(s, 9, VIEW_REGIME_CACHED, &id), FOPEN_DIRECT_IO | FOPEN_PASSTHROUGH);
    assert_int_equal(atomic_load(&wire.backing_opens), 1);
    for (int i = 0; i < 3; i++) {
        fuse_backing_release(s, 9);
    }
    assert_int_equal(atomic_load(&wire.backing_closes), 0);
    fuse_backing_release(s, 9);
    assert_int_equal(atomic_load(&wire.backing_closes), 1);
    struct fuse_session_stats stats;
    fuse_session_stats(s, &stats);
    assert_int_equal(stats.passthrough_opens, 2);
    assert_int_equal(stats.late_direct_opens, 2);
    /* not latched any more */
    assert_int_equal(regime_open(s, 9, VIEW_REGIME_DIRECT, &id), FOPEN_DIRECT_IO);
    assert_int_equal(id, 0);
    assert_int_equal(regime_open(s, 9, VIEW_REGIME_PASSTHROUGH, &id), FOPEN_DIRECT_IO);
    fuse_session_destroy(s);
}

static void
test_fuse_backing__never_passthrough_beside_cached(void **state)
{
    (void)state;
    fuse_session *s = regime_session(5);
    int32_t id = 0;
    assert_int_equal(regime_open(s, 3, VIEW_REGIME_CACHED, &id), 0);
    assert_int_equal(regime_open(s, 3, VIEW_REGIME_PASSTHROUGH, &id), 0);
    assert_int_equal(id, 0);
    assert_int_equal(regime_open(s, 3, VIEW_REGIME_DIRECT, &id), FOPEN_DIRECT_IO);
    fuse_session_destroy(s);
}

static void
test_fuse_backing__refusal(void **state)
{
    (void)state;
    fuse_session *s = regime_session(-ELOOP);
    int32_t id = 0;
    assert_int_equal(regime_open(s, 3, VIEW_REGIME_PASSTHROUGH, &id), 0);
    assert_true(atomic_load(&s->passthrough));     /* that file only */
    wire.backing_result = -EPERM;
    assert_int_equal(regime_open(s, 4, VIEW_REGIME_PASSTHROUGH, &id), 0);
    assert_false(atomic_load(&s->passthrough));    /* the whole session */
    fuse_session_destroy(s);
}

static void
test_fuse_mount__messages(void **state)
{
    (void)state;
    char message[512] = "", path[] = "/tmp/filterbed-test-XXXXXX";
    int fd = -1;
    struct fuse_mount_options options = { .mountpoint = "/nonexistent/directory" };
    assert_int_equal(fuse_mount(&options, &fd, message, sizeof message), -ENOENT);
    assert_non_null(strstr(message, "does not exist"));
    int file = mkstemp(path);
    assert_true(file >= 0);
    close(file);
    options.mountpoint = path;
    assert_int_equal(fuse_mount(&options, &fd, message, sizeof message), -ENOTDIR);
    assert_non_null(strstr(message, "is not a directory"));
    unlink(path);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_fuse_init__takes_what_is_offered, setup),
        cmocka_unit_test_setup(test_fuse_init__old_kernel_loses_features_only, setup),
        cmocka_unit_test_setup(test_fuse_init__too_old_is_refused, setup),
        cmocka_unit_test_setup(test_fuse_init__newer_major_is_asked_again, setup),
        cmocka_unit_test_setup(test_fuse_init__options_withhold_features, setup),
        cmocka_unit_test_setup(test_fuse_front__bad_and_unknown_requests, setup),
        cmocka_unit_test_setup(test_fuse_front__lying_length, setup),
        cmocka_unit_test_setup(test_fuse_interrupt__unknown_request_is_asked_again, setup),
        cmocka_unit_test_setup(test_fuse_worker__held_threads_are_replaced, setup),
        cmocka_unit_test_setup(test_fuse_session__hang_up_ends_it, setup),
        cmocka_unit_test_setup(test_fuse_notify__from_its_own_thread_and_merged, setup),
        cmocka_unit_test_setup(test_fuse_notify__names_expire_and_come_again, setup),
        cmocka_unit_test_setup(test_fuse_notify__overflow, setup),
        cmocka_unit_test_setup(test_fuse_backing__id_is_shared_and_latched, setup),
        cmocka_unit_test_setup(test_fuse_backing__never_passthrough_beside_cached, setup),
        cmocka_unit_test_setup(test_fuse_backing__refusal, setup),
        cmocka_unit_test_setup(test_fuse_mount__messages, setup),
    };
    return cmocka_run_group_tests_name("fuse_session", tests, NULL, NULL);
}
