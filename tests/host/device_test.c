/* SPDX-License-Identifier: MIT */
/* ctest-labels: unit;concurrent */
/* Programs at a driver's devices: the client library and the server's end of it, in one process. */
#include "machine.h"

#include <errno.h>
#include <fcntl.h>
#include <filterbed/client.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>

#include "../e2e/drivers/control/codes.h"
#include "client/wire.h"
#include "host/devices.h"
#include "host/live.h"
#include "port/port.h"

#define INVALID_REQUEST 0xC0000010u
#define INVALID_HANDLE 0xC0000008u
#define ACCESS_DENIED 0xC0000022u
#define NOT_FOUND 0xC0000034u
#define TOO_SMALL 0xC0000023u
#define CANCELLED 0xC0000120u
#define OVERFLOW 0x80000005u
#define END_OF_FILE 0xC0000011u

static fbed_filter *filter;
static struct fbed_error failed;
static struct fbc_error error;
static struct fbc_options options;
static struct sigaction faults; /* the machine's; cmocka puts its own in front of each test */

#define FAILS(call, status_)                                                                       \
    do {                                                                                           \
        assert_int_equal(call, -1);                                                                \
        assert_int_equal(error.status, status_);                                                   \
        assert_true(error.posix != 0);                                                             \
    } while (0)

static int
setup(void **state)
{
    if (machine_setup(state, FBED_VERIFY_STANDARD, 5) != 0) {
        return -1;
    }
    char *path = host_printf("%s/tests/e2e/drivers/control", FILTERBED_SOURCE_DIR);
    struct fbed_filter_options load = {.size = sizeof load, .filter = path};
    if (fbed_filter_load(machine, &load, &filter, &failed) != 0) {
        fail_msg("%s", failed.text);
    }
    sigaction(SIGSEGV, NULL, &faults);
    free(path);
    live_start(scratch_path("socket"), NULL);
    fbc_options_init(&options);
    options.socket = host_strdup(scratch_path("socket"));
    return 0;
}

static int
teardown(void **state)
{
    free((char *)options.socket);
    fbed_machine_destroy(machine);
    return scratch_teardown(state);
}

static fbc_device *
opened(const char *name)
{
    fbc_device *device;
    SUCCEEDS(fbc_open(&options, name, &device, &error));
    return device;
}

static struct control_counts
counts(fbc_device *device)
{
    struct control_counts c;
    size_t returned;
    SUCCEEDS(fbc_ioctl(device, CONTROL_COUNTS, NULL, 0, &c, sizeof c, &returned, &error));
    assert_int_equal(returned, sizeof c);
    return c;
}

static void
milliseconds(long n)
{
    const struct timespec t = {.tv_sec = n / 1000, .tv_nsec = n % 1000 * 1000000};
    nanosleep(&t, NULL);
}

/* Until so many requests have been pended since `from`. */
static void
await_pended(fbc_device *device, unsigned from, unsigned n)
{
    for (int i = 0; i < 500 && counts(device).pended - from < n; i++) {
        milliseconds(10);
    }
    assert_true(counts(device).pended - from >= n);
}

/* ---- what one program does ---- */

static void
test_host_device__methods(void **state)
{
    (void)state;
    fbc_device *d = opened("\\\\.\\FbControl");
    static const uint32_t codes[] = {CONTROL_REVERSE, CONTROL_REVERSE_DIRECT, CONTROL_REVERSE_NEITHER, CONTROL_LATER};
    for (unsigned i = 0; i < 4; i++) {
        char out[8] = "-------";
        size_t returned = 99;
        SUCCEEDS(fbc_ioctl(d, codes[i], "hello", 5, out, 7, &returned, &error));
        assert_int_equal(returned, 5);
        assert_string_equal(out, "olleh--");
    }
    unsigned char more[4] = {1, 2, 3, 4};
    size_t sum;
    SUCCEEDS(fbc_ioctl(d, CONTROL_SUM, "\x10\x20", 2, more, 4, &sum, &error));
    assert_int_equal(sum, 0x30 + 10); /* the direct buffer is input */
    SUCCEEDS(fbc_ioctl(d, CONTROL_SUM, NULL, 0, NULL, 0, &sum, &error));
    assert_int_equal(sum, 0);
    char small[4] = "abc";
    FAILS(fbc_ioctl(d, CONTROL_REVERSE, "hello", 5, small, 3, NULL, &error), TOO_SMALL);
    assert_string_equal(small, "abc");
    FAILS(fbc_ioctl(d, CONTROL_PART, NULL, 0, small, 3, &sum, &error), OVERFLOW);
    assert_string_equal(small, "ppp");
    assert_int_equal(sum, 3);
    FAILS(fbc_ioctl(d, 0x12345678u & ~3u, NULL, 0, NULL, 0, NULL, NULL), error.status);
    FAILS(fbc_ioctl(d, CONTROL_CODE(0xfff, 0, 0), NULL, 0, NULL, 0, NULL, &error), INVALID_REQUEST);
    assert_int_equal(errno, ENOTTY);
    assert_non_null(strstr(error.text, "STATUS_INVALID_DEVICE_REQUEST"));
    fbc_close(d);
}

static void
test_host_device__large_and_too_large(void **state)
{
    (void)state;
    const size_t size = 5 << 20;
    unsigned char *in = malloc(FBC_MAX_DATA + 1), *out = malloc(size);
    fbc_device *d = opened("FbControl");
    size_t returned;
    for (size_t i = 0; i < size; i++) {
        in[i] = (unsigned char)(i * 7 >> 3);
    }
    for (unsigned method = 0; method < 2; method++) {
        SUCCEEDS(fbc_ioctl(d, method == 0 ? CONTROL_REVERSE : CONTROL_REVERSE_DIRECT, in, size, out, size, &returned, &error));
        assert_int_equal(returned, size);
        for (size_t i = 0; i < size; i += 4099) {
            assert_int_equal(out[i], in[size - 1 - i]);
        }
    }
    assert_int_equal(fbc_ioctl(d, CONTROL_REVERSE, in, FBC_MAX_DATA + 1, NULL, 0, NULL, &error), -1);
    assert_int_equal(error.posix, EMSGSIZE);
    SUCCEEDS(fbc_ioctl(d, CONTROL_REVERSE, NULL, 0, NULL, 0, NULL, &error));
    fbc_close(d);
    free(in);
    free(out);
}

static void
test_host_device__names(void **state)
{
    static const char *const good[] = {"\\\\.\\FbControl", "\\\\.\\fbcontrol", "\\\\?\\FbControl", "//./FbControl", "\\??\\FbControl",
                                       "\\DosDevices\\FbControl", "\\Device\\FbControl", "FbControl", "\\Device\\FbControl\\more"};
    static const char *const bad[] = {"\\\\.\\FbContrl", "\\Device\\", "\\\\.\\", "", "\\Device", "nowhere\\at\\all", "\\??"};
    fbc_device *d;
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        d = opened(good[i]);
        assert_int_equal(fbc_ioctl(d, CONTROL_REVERSE, NULL, 0, NULL, 0, NULL, &error), 0);
        fbc_close(d);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(fbc_open(&options, bad[i], &d, &error), -1);
        assert_null(d);
        assert_true(error.status >> 30 == 3);
    }
    FAILS(fbc_open(&options, "\\\\.\\FbContrl", &d, &error), NOT_FOUND);
    assert_int_equal(error.posix, ENOENT);
    assert_non_null(strstr(error.text, "near names: \\Device\\FbControl"));
}

static void
test_host_device__access_is_checked(void **state)
{
    (void)state;
    struct fbc_options some = options;
    static const struct {
        unsigned access;
        bool read, write;
    } cases[] = {{0, false, false}, {FBC_READ, true, false}, {FBC_WRITE, false, true}, {FBC_READ | FBC_WRITE, true, true}};
    for (size_t i = 0; i < 4; i++) {
        char byte = 0;
        fbc_device *d;
        some.access = cases[i].access;
        SUCCEEDS(fbc_open(&some, "FbControl", &d, &error));
        assert_int_equal(fbc_ioctl(d, CONTROL_READER, NULL, 0, NULL, 0, NULL, &error), cases[i].read ? 0 : -1);
        assert_int_equal(error.status, cases[i].read ? 0 : ACCESS_DENIED);
        assert_int_equal(fbc_ioctl(d, CONTROL_WRITER, NULL, 0, NULL, 0, NULL, &error), cases[i].write ? 0 : -1);
        assert_int_equal(fbc_ioctl(d, CONTROL_REVERSE, NULL, 0, NULL, 0, NULL, &error), 0);
        assert_int_equal(fbc_read(d, 0, &byte, 1, NULL, &error), cases[i].read ? 0 : -1);
        assert_int_equal(fbc_write(d, 0, &byte, 1, NULL, &error), cases[i].write ? 0 : -1);
        assert_int_equal(error.status, cases[i].write ? 0 : ACCESS_DENIED);
        fbc_close(d);
    }
    some.access = 8;
    fbc_device *none;
    assert_int_equal(fbc_open(&some, "FbControl", &none, &error), -1);
    some = options;
    some.size = 3;
    assert_int_equal(fbc_open(&some, "FbControl", &none, &error), -1);
}

static void
read_and_write(const char *name)
{
    struct fbc_options one = options;
    fbc_device *d;
    char text[8] = "";
    size_t done;
    one.synchronous = true;
    SUCCEEDS(fbc_open(&one, name, &d, &error));
    SUCCEEDS(fbc_write(d, 100, "abcdef", 6, &done, &error));
    assert_int_equal(done, 6);
    SUCCEEDS(fbc_read(d, 102, text, 3, &done, &error));
    assert_string_equal(text, "cde");
    SUCCEEDS(fbc_read(d, FBC_CURRENT, text, 1, &done, &error)); /* goes on */
    assert_string_equal(text, "fde");
    SUCCEEDS(fbc_read(d, 4094, text, 7, &done, &error));
    assert_int_equal(done, 2);
    FAILS(fbc_read(d, 4096, text, 7, &done, &error), END_OF_FILE);
    fbc_close(d);
}

static void
test_host_device__reads_and_writes(void **state)
{
    (void)state;
    read_and_write("FbControl"); /* DO_BUFFERED_IO */
    read_and_write("FbDirect");  /* DO_DIRECT_IO */
    fbc_device *d = opened("FbControl");
    char byte;
    assert_int_equal(fbc_read(d, FBC_CURRENT, &byte, 1, NULL, &error), -1); /* no file pointer */
    fbc_close(d);
}

static void
test_host_device__identity(void **state)
{
    (void)state;
    struct control_who who;
    fbc_device *d = opened("FbControl");
    SUCCEEDS(fbc_ioctl(d, CONTROL_WHO, NULL, 0, &who, sizeof who, NULL, &error));
    assert_int_equal(who.current, getpid());
    assert_int_equal(who.requestor, getpid());
    assert_int_equal(who.mode, 1); /* UserMode */
    fbc_close(d);
}

static void
test_host_device__exclusive(void **state)
{
    (void)state;
    fbc_device *other, *d = opened("FbExclusive");
    FAILS(fbc_open(&options, "\\Device\\FbExclusive", &other, &error), ACCESS_DENIED);
    fbc_close(d);
    for (int i = 0; i < 20; i++) { /* a failed open leaves nothing behind, a closed one neither */
        d = opened("FbExclusive");
        fbc_close(d);
        for (int k = 0; k < 200 && fbc_open(&options, "FbExclusive", &d, &error) != 0; k++) {
            milliseconds(5);
        }
        assert_non_null(d);
        fbc_close(d);
        milliseconds(20);
    }
}

static void
test_host_device__create_cleanup_close(void **state)
{
    (void)state;
    fbc_device *watch = opened("FbControl");
    const struct control_counts before = counts(watch);
    fbc_device *d = opened("FbDirect");
    assert_int_equal(counts(watch).creates, before.creates + 1);
    fbc_close(d);
    assert_int_equal(counts(watch).cleanups, before.cleanups + 1);
    assert_int_equal(counts(watch).closes, before.closes + 1);
    fbc_close(watch);
}

/* ---- several at once ---- */

struct one {
    pthread_t thread;
    fbc_device *device;
    uint32_t code;
    int rc;
    struct fbc_error error;
    char out[4];
    size_t returned;
};

static void *
one_call(void *arg)
{
    struct one *o = arg;
    o->rc = fbc_ioctl(o->device, o->code, NULL, 0, o->out, sizeof o->out, &o->returned, &o->error);
    return NULL;
}

static void
test_host_device__pended_and_woken(void **state)
{
    (void)state;
    enum { N = 40 };
    static struct one calls[N];
    fbc_device *d = opened("FbControl"), *waker = opened("FbControl");
    const unsigned from = counts(waker).pended;
    unsigned woken, all = 0;
    for (unsigned i = 0; i < N; i++) { /* on one handle, and it is still of use */
        calls[i] = (struct one){.device = d, .code = CONTROL_PEND};
        assert_int_equal(pthread_create(&calls[i].thread, NULL, one_call, &calls[i]), 0);
    }
    await_pended(waker, from, N);
    char out[3];
    SUCCEEDS(fbc_ioctl(d, CONTROL_REVERSE, "abc", 3, out, 3, NULL, &error));
    while (all < N) {
        SUCCEEDS(fbc_ioctl(waker, CONTROL_WAKE, NULL, 0, &woken, sizeof woken, NULL, &error));
        all += woken;
    }
    for (unsigned i = 0; i < N; i++) {
        pthread_join(calls[i].thread, NULL);
        assert_int_equal(calls[i].rc, 0);
        assert_int_equal(calls[i].returned, 4);
        assert_memory_equal(calls[i].out, "woke", 4);
    }
    fbc_close(d);
    fbc_close(waker);
}

static void
test_host_device__timeout_cancels(void **state)
{
    (void)state;
    fbc_device *d = opened("FbControl"), *watch = opened("FbControl");
    const struct control_counts before = counts(watch);
    fbc_set_timeout(d, 100);
    FAILS(fbc_ioctl(d, CONTROL_PEND, NULL, 0, NULL, 0, NULL, &error), CANCELLED);
    assert_int_equal(error.posix, ETIMEDOUT);
    assert_int_equal(counts(watch).cancels, before.cancels + 1);
    FAILS(fbc_ioctl(d, CONTROL_BLOCK, NULL, 0, NULL, 0, NULL, &error), CANCELLED); /* cancelled before it is pended */
    fbc_set_timeout(d, 0);
    FAILS(fbc_ioctl(d, CONTROL_CODE(0xffe, 0, 0), NULL, 0, NULL, 0, NULL, &error), INVALID_REQUEST); /* the handle is as good as before */
    fbc_set_timeout(d, 100);
    assert_int_equal(fbc_ioctl(d, CONTROL_UNTIL_CLEANUP, NULL, 0, NULL, 0, NULL, &error), -1); /* cannot be cancelled: given up */
    assert_int_equal(error.posix, ETIMEDOUT);
    assert_int_equal(error.status, 0x102);
    fbc_close(d);
    fbc_close(watch);
}

static void
test_host_device__close_while_a_call_is_under_way(void **state)
{
    (void)state;
    fbc_device *watch = opened("FbControl");
    static const uint32_t codes[] = {CONTROL_PEND, CONTROL_UNTIL_CLEANUP};
    for (unsigned i = 0; i < 2; i++) {
        struct one call = {.device = opened("FbControl"), .code = codes[i]};
        const struct control_counts before = counts(watch);
        assert_int_equal(pthread_create(&call.thread, NULL, one_call, &call), 0);
        await_pended(watch, before.pended, 1);
        fbc_close(call.device); /* IRP_MJ_CLEANUP completes it */
        pthread_join(call.thread, NULL);
        assert_int_equal(call.rc, -1);
        assert_int_equal(call.error.status, CANCELLED);
        assert_int_equal(counts(watch).cleanups, before.cleanups + 1);
        for (int k = 0; k < 200 && counts(watch).closes == before.closes; k++) {
            milliseconds(5);
        }
        assert_int_equal(counts(watch).closes, before.closes + 1);
    }
    fbc_close(watch);
}

static void *
mixed_calls(void *arg)
{
    fbc_device *shared = arg;
    for (unsigned i = 0; i < 150; i++) {
        fbc_device *own = NULL;
        char in[16], out[16];
        struct fbc_error e;
        snprintf(in, sizeof in, "%08x%07x", i, (unsigned)(uintptr_t)&own & 0xfffffff);
        if (i % 10 == 0) {
            assert_int_equal(fbc_open(&options, i % 20 == 0 ? "FbControl" : "FbDirect", &own, &e), 0);
        }
        assert_int_equal(fbc_ioctl(own != NULL ? own : shared, i % 3 == 0 ? CONTROL_LATER : i % 3 == 1 ? CONTROL_REVERSE : CONTROL_REVERSE_NEITHER,
                                   in, 15, out, 15, NULL, &e), 0);
        for (unsigned k = 0; k < 15; k++) {
            assert_int_equal(out[k], in[14 - k]);
        }
        fbc_close(own);
    }
    return NULL;
}

static void
test_host_device__many_threads_and_clients(void **state)
{
    (void)state;
    pthread_t threads[6];
    fbc_device *shared = opened("FbControl");
    for (unsigned i = 0; i < 6; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, mixed_calls, shared), 0);
    }
    for (unsigned i = 0; i < 6; i++) {
        pthread_join(threads[i], NULL);
    }
    fbc_close(shared);
}

/* ---- programs that misbehave or die ---- */

static int
raw_connection(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct wire_reply hello;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    strcpy(address.sun_path, options.socket);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(send(fd, WIRE_HELLO, strlen(WIRE_HELLO), MSG_NOSIGNAL), strlen(WIRE_HELLO));
    assert_int_equal(recv(fd, &hello, sizeof hello, MSG_WAITALL), sizeof hello);
    assert_int_equal(hello.information, WIRE_VERSION);
    return fd;
}

static void
raw_send(int fd, struct wire_request request, const char *data)
{
    assert_int_equal(send(fd, &request, sizeof request, MSG_NOSIGNAL), sizeof request);
    assert_int_equal(send(fd, data, request.bytes, MSG_NOSIGNAL), request.bytes);
}

static uint32_t
raw_status(int fd)
{
    struct wire_reply reply;
    char rest[4096];
    assert_int_equal(recv(fd, &reply, sizeof reply, MSG_WAITALL), sizeof reply);
    assert_true(reply.bytes <= sizeof rest);
    assert_true(reply.bytes == 0 || recv(fd, rest, reply.bytes, MSG_WAITALL) == (ssize_t)reply.bytes);
    return reply.status;
}

static void
test_host_device__dead_programs_requests_are_cancelled(void **state)
{
    (void)state;
    fbc_device *watch = opened("FbControl");
    static const uint32_t codes[] = {CONTROL_PEND, CONTROL_UNTIL_CLEANUP, CONTROL_BLOCK};
    for (unsigned i = 0; i < 3; i++) {
        const struct control_counts before = counts(watch);
        int fd = raw_connection();
        raw_send(fd, (struct wire_request){.bytes = 9, .id = 1, .verb = WIRE_OPEN, .code = 3}, "FbControl");
        assert_int_equal(raw_status(fd), 0);
        raw_send(fd, (struct wire_request){.id = 2, .verb = WIRE_CONTROL, .code = codes[i]}, "");
        milliseconds(100);
        close(fd);
        for (int k = 0; k < 1000 && counts(watch).closes == before.closes; k++) {
            milliseconds(10);
        }
        assert_int_equal(counts(watch).closes, before.closes + 1);
        assert_int_equal(counts(watch).cancels, before.cancels + (codes[i] != CONTROL_UNTIL_CLEANUP));
    }
    fbc_close(watch);
}

static void
test_host_device__nonsense_is_refused(void **state)
{
    (void)state;
    static const struct wire_request bad[] = {
        {.id = 1, .verb = 77}, {.id = 0, .verb = WIRE_READ}, {.bytes = UINT32_MAX, .id = 1, .verb = WIRE_OPEN},
        {.bytes = 4, .id = 1, .verb = WIRE_WRITE, .in_size = 5}, {.id = 1, .verb = WIRE_CONTROL, .code = 3, .out_size = 10},
        {.id = 1, .verb = WIRE_READ, .out_size = WIRE_MAX_DATA + 1}};
    char byte;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int fd = raw_connection();
        assert_int_equal(send(fd, &bad[i], sizeof bad[i], MSG_NOSIGNAL), sizeof bad[i]);
        assert_true(recv(fd, &byte, 1, 0) <= 0); /* hung up on */
        close(fd);
    }
    int fd = raw_connection();
    raw_send(fd, (struct wire_request){.id = 5, .verb = WIRE_CONTROL, .code = CONTROL_REVERSE}, "");
    assert_int_equal(raw_status(fd), INVALID_HANDLE); /* nothing is open */
    raw_send(fd, (struct wire_request){.id = 6, .verb = WIRE_PORT_GET, .out_size = 10}, "");
    assert_int_equal(raw_status(fd), INVALID_HANDLE);
    raw_send(fd, (struct wire_request){.id = 7, .verb = WIRE_CLOSE}, "");
    assert_int_equal(raw_status(fd), 0);
    raw_send(fd, (struct wire_request){.bytes = 9, .id = 8, .verb = WIRE_OPEN, .code = 3}, "FbControl");
    assert_int_equal(raw_status(fd), INVALID_HANDLE); /* closed is closed */
    close(fd);
    fd = raw_connection();
    raw_send(fd, (struct wire_request){.bytes = 9, .id = 1, .verb = WIRE_OPEN, .code = 3}, "FbControl");
    assert_int_equal(raw_status(fd), 0);
    raw_send(fd, (struct wire_request){.bytes = 8, .id = 2, .verb = WIRE_OPEN, .code = 3}, "FbDirect");
    assert_int_equal(raw_status(fd), 0xC000000D); /* one handle a connection */
    raw_send(fd, (struct wire_request){.id = 3, .verb = WIRE_CLOSE}, "");
    assert_int_equal(raw_status(fd), 0);
    raw_send(fd, (struct wire_request){.id = 4, .verb = WIRE_CONTROL, .code = CONTROL_REVERSE}, "");
    assert_int_equal(raw_status(fd), INVALID_HANDLE);
    close(fd);
}

static void
test_host_device__only_its_user(void **state)
{
    struct stat st;
    struct fbc_options elsewhere = options;
    fbc_device *d;
    (void)state;
    assert_int_equal(stat(options.socket, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    elsewhere.socket = "/nonexistent/socket";
    assert_int_equal(fbc_open(&elsewhere, "FbControl", &d, &error), -1);
    assert_int_equal(error.status, 0);
    assert_int_equal(error.posix, ENOENT);
}

/* ---- a driver that crashes, the end of the run ---- */

static fbc_device *last;

static void
test_host_device__crash_is_the_callers_error(void **state)
{
    (void)state;
    struct sigaction cmockas;
    fbc_device *d = opened("FbControl");
    last = opened("FbDirect");
    sigaction(SIGSEGV, &faults, &cmockas);
    assert_int_equal(fbc_ioctl(d, CONTROL_CRASH, NULL, 0, NULL, 0, NULL, &error), -1);
    sigaction(SIGSEGV, &cmockas, NULL);
    assert_true(error.status >> 30 == 3);
    if (fbed_finding_count(machine) != 1) {
        char *text = NULL;
        fbed_report(machine, FBED_REPORT_TEXT, &text);
        fail_msg("%s", text);
    }
    assert_int_equal(fbc_ioctl(d, CONTROL_REVERSE, NULL, 0, NULL, 0, NULL, &error), -1); /* it is dead */
    fbc_close(d);
}

static void
test_host_device__the_run_ends(void **state)
{
    (void)state;
    fbc_device *again;
    struct one call = {.device = last, .code = CONTROL_REVERSE};
    devices_stop();
    for (int i = 0; i < 500 && atomic_load(devices_ended()) == 0; i++) {
        milliseconds(10);
    }
    assert_int_equal(atomic_load(devices_ended()), 1);
    one_call(&call);
    assert_int_equal(call.rc, -1);
    assert_int_equal(call.error.posix, ENODEV);
    fbc_close(last);
    assert_int_equal(fbc_open(&options, "FbControl", &again, &error), -1);
    assert_int_equal(error.posix, EACCES);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_host_device__methods),
        cmocka_unit_test(test_host_device__large_and_too_large),
        cmocka_unit_test(test_host_device__names),
        cmocka_unit_test(test_host_device__access_is_checked),
        cmocka_unit_test(test_host_device__reads_and_writes),
        cmocka_unit_test(test_host_device__identity),
        cmocka_unit_test(test_host_device__exclusive),
        cmocka_unit_test(test_host_device__create_cleanup_close),
        cmocka_unit_test(test_host_device__pended_and_woken),
        cmocka_unit_test(test_host_device__timeout_cancels),
        cmocka_unit_test(test_host_device__close_while_a_call_is_under_way),
        cmocka_unit_test(test_host_device__many_threads_and_clients),
        cmocka_unit_test(test_host_device__dead_programs_requests_are_cancelled),
        cmocka_unit_test(test_host_device__nonsense_is_refused),
        cmocka_unit_test(test_host_device__only_its_user),
        cmocka_unit_test(test_host_device__crash_is_the_callers_error),
        cmocka_unit_test(test_host_device__the_run_ends),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
