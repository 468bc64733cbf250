/* SPDX-License-Identifier: MIT */
/* ctest-labels: unit;concurrent */
/* The embedding API's end of communication ports, with a driver that asks before a file is opened. */
#include "machine.h"

#include <errno.h>
#include <fcntl.h>
#include <filterbed/client.h>
#include <pthread.h>
#include <signal.h>

#include "../e2e/drivers/messenger/protocol.h"
#include "host/live.h"

#define PORT "\\MessengerPort"
#define TIMEOUT 0x102u
#define DISCONNECTED 0xC0000037u

static fbed_volume *volume;
static fbed_filter *filter;
static struct fbed_error error;
static struct sigaction faults; /* the machine's; cmocka puts its own in front of each test */

static const char inf[] = "[Version]\nSignature = \"$Windows NT$\"\n"
                          "[DefaultInstall.NTamd64]\nOptionDesc = \"messenger\"\n"
                          "[DefaultInstall.NTamd64.Services]\nAddService = messenger,,Service\n"
                          "[Service]\nServiceType = 2\nStartType = 3\nErrorControl = 1\n"
                          "ServiceBinary = %13%\\messenger.sys\nAddReg = Registry\n"
                          "[Registry]\nHKR,\"Instances\",\"DefaultInstance\",0,\"m\"\n"
                          "HKR,\"Instances\\m\",\"Altitude\",0,\"370300\"\n"
                          "HKR,\"Instances\\m\",\"Flags\",0x00010001,0\n";

static int
setup(void **state)
{
    if (machine_setup(state, FBED_VERIFY_STANDARD, 5) != 0) {
        return -1;
    }
    sigaction(SIGSEGV, NULL, &faults);
    SUCCEEDS(fbed_volume_add_memory(machine, NULL, &volume, &error));
    scratch_file("messenger.inf", inf);
    char *path = host_printf("%s/tests/e2e/drivers/messenger", FILTERBED_SOURCE_DIR);
    char *own = host_strdup(scratch_path("messenger.inf"));
    struct fbed_filter_options load = {.size = sizeof load, .filter = path, .inf = own};
    SUCCEEDS(fbed_filter_load(machine, &load, &filter, &error));
    free(own);
    free(path);
    return 0;
}

static int
teardown(void **state)
{
    fbed_machine_destroy(machine);
    return scratch_teardown(state);
}

static fbed_port *
connect_port(void)
{
    struct messenger_hello hello = {MESSENGER_VERSION};
    fbed_port *port;
    SUCCEEDS(fbed_port_connect(machine, PORT, &hello, sizeof hello, &port, &error));
    return port;
}

static void
test_host_port__connect_is_the_drivers_decision(void **state)
{
    (void)state;
    struct messenger_hello hello = {MESSENGER_VERSION + 1};
    fbed_port *port, *second;
    assert_int_equal(fbed_port_connect(machine, PORT, &hello, sizeof hello, &port, &error), -1);
    assert_null(port);
    assert_int_equal(error.status, 0xC0000059u); /* STATUS_REVISION_MISMATCH */
    assert_non_null(strstr(error.text, "STATUS_REVISION_MISMATCH"));
    assert_int_equal(fbed_port_connect(machine, PORT, NULL, 0, &port, &error), -1);
    assert_int_equal(error.status, 0xC00000F1u); /* STATUS_INVALID_PARAMETER_3 */
    assert_int_equal(fbed_port_connect(machine, "\\Nobody", NULL, 0, &port, &error), -1);
    assert_int_equal(error.status, 0xC0000034u);
    port = connect_port();
    hello.version = MESSENGER_VERSION;
    assert_int_equal(fbed_port_connect(machine, PORT, &hello, sizeof hello, &second, &error), -1);
    assert_int_equal(error.status, 0xC0000246u); /* STATUS_CONNECTION_COUNT_LIMIT */
    fbed_port_close(port);
    fbed_port_close(NULL);
}

struct answers {
    fbed_port *port;
    unsigned questions, processes;
    unsigned char allow;
    uint32_t last;
};

static void *
answer(void *arg)
{
    struct answers *a = arg;
    struct {
        struct fbed_message_header header;
        struct messenger_question question;
    } message;
    struct {
        struct fbed_reply_header header;
        struct messenger_answer answer;
    } reply;
    struct fbed_error problem;
    size_t size;
    while (fbed_port_get_message(a->port, &message, sizeof message, -1, &size, &problem) == 0) {
        a->questions++;
        a->processes += message.question.process == (unsigned)getpid();
        memset(&reply, 0, sizeof reply);
        reply.header.message_id = message.header.message_id;
        reply.answer.allow = a->allow;
        if (message.header.reply_length != sizeof reply.header + sizeof reply.answer ||
            fbed_port_reply(a->port, &reply, sizeof reply.header + sizeof reply.answer, &problem) !=
                0) {
            break;
        }
    }
    a->last = problem.status;
    return NULL;
}

static struct messenger_counts
counts(fbed_port *port)
{
    struct messenger_request request = {MESSENGER_COUNTS};
    struct messenger_counts c = {0};
    size_t returned;
    SUCCEEDS(fbed_port_send(port, &request, sizeof request, &c, sizeof c, &returned, &error));
    assert_int_equal(returned, sizeof c);
    return c;
}

static void
test_host_port__the_user_decides(void **state)
{
    (void)state;
    pthread_t thread;
    struct answers a = {.port = connect_port(), .allow = 0};
    struct messenger_counts before = counts(a.port);
    assert_int_equal(pthread_create(&thread, NULL, answer, &a), 0);
    SUCCEEDS(fbed_volume_script(volume, "!EACCES write a.ask hello\nwrite a.txt hello\n", "t", NULL, &error));
    fbed_port_hang_up(a.port);
    pthread_join(thread, NULL);
    assert_int_equal(a.last, DISCONNECTED);
    fbed_port_close(a.port);
    assert_true(a.questions >= 1);
    assert_int_equal(a.processes, a.questions);

    struct answers b = {.port = connect_port(), .allow = 1};
    assert_int_equal(pthread_create(&thread, NULL, answer, &b), 0);
    SUCCEEDS(fbed_volume_script(volume, "write a.ask hello\nexpect a.ask hello\n", "t", NULL, &error));
    struct messenger_counts after = counts(b.port);
    assert_int_equal(after.asked - before.asked, a.questions + b.questions);
    assert_int_equal(after.denied - before.denied, a.questions);
    assert_int_equal(after.unanswered, before.unanswered);
    fbed_port_hang_up(b.port);
    pthread_join(thread, NULL);
    fbed_port_close(b.port);
}

static void
test_host_port__messages_are_checked_by_the_driver(void **state)
{
    (void)state;
    fbed_port *port = connect_port();
    struct messenger_request request = {99};
    struct messenger_counts c;
    struct {
        struct fbed_message_header header;
    } message;
    size_t returned = 7;
    assert_int_equal(fbed_port_send(port, NULL, 0, &c, sizeof c, &returned, &error), -1);
    assert_int_equal(error.status, 0xC000000Du);
    assert_int_equal(returned, 0);
    assert_int_equal(fbed_port_send(port, &request, sizeof request, &c, sizeof c, &returned, &error), -1);
    assert_int_equal(error.status, 0xC0000010u);
    request.command = MESSENGER_COUNTS;
    assert_int_equal(fbed_port_send(port, &request, sizeof request, &c, 1, &returned, &error), -1);
    assert_int_equal(error.status, 0xC0000023u);
    /* A pointer that leads nowhere is caught by the driver's own try block. */
    struct sigaction before;
    sigaction(SIGSEGV, &faults, &before);
    assert_int_equal(fbed_port_send(port, (void *)8, sizeof request, &c, sizeof c, &returned, &error), -1);
    assert_int_equal(error.status, 0xC0000005u);
    sigaction(SIGSEGV, &before, NULL);
    assert_int_equal(fbed_port_get_message(port, &message, sizeof message, 10, &returned, &error), -1);
    assert_int_equal(error.status, TIMEOUT);
    fbed_port_close(port);
}

struct outside {
    fbc_port *port;
    unsigned questions;
    uint32_t last;
};

static void *
answer_outside(void *arg)
{
    struct outside *o = arg;
    struct {
        struct fbc_message_header header;
        struct messenger_question question;
    } message;
    struct {
        struct fbc_reply_header header;
        struct messenger_answer answer;
    } reply = {.answer = {.allow = 1}};
    struct fbc_error problem;
    while (fbc_port_get(o->port, &message, sizeof message, -1, NULL, &problem) == 0) {
        o->questions++;
        reply.header.message_id = message.header.message_id;
        if (fbc_port_reply(o->port, &reply, sizeof reply.header + sizeof reply.answer, &problem) != 0) {
            break;
        }
    }
    o->last = problem.status;
    return NULL;
}

/* The same over the run's socket, as a program outside does it. */
static void
test_host_port__from_another_program(void **state)
{
    (void)state;
    struct messenger_hello hello = {MESSENGER_VERSION + 1};
    struct messenger_request request = {MESSENGER_COUNTS};
    struct messenger_counts before, after;
    struct fbc_options options;
    struct fbc_error problem;
    struct outside o;
    pthread_t thread;
    size_t returned;
    char byte;
    live_start(scratch_path("socket"), NULL);
    fbc_options_init(&options);
    options.socket = scratch_path("socket");
    assert_int_equal(fbc_port_connect(&options, PORT, &hello, sizeof hello, &o.port, &problem), -1);
    assert_int_equal(problem.status, 0xC0000059u); /* STATUS_REVISION_MISMATCH */
    assert_int_equal(fbc_port_connect(&options, "\\Nobody", NULL, 0, &o.port, &problem), -1);
    assert_int_equal(problem.status, 0xC0000034u);
    hello.version = MESSENGER_VERSION;
    assert_int_equal(fbc_port_connect(&options, PORT, &hello, sizeof hello, &o.port, &problem), 0);
    assert_int_equal(fbc_port_send(o.port, &request, sizeof request, &before, sizeof before, &returned, &problem), 0);
    assert_int_equal(returned, sizeof before);
    assert_int_equal(fbc_port_send(o.port, &request, sizeof request, &byte, 1, &returned, &problem), -1);
    assert_int_equal(problem.status, 0xC0000023u);
    assert_int_equal(fbc_port_get(o.port, &byte, 1, 20, NULL, &problem), -1);
    assert_int_equal(problem.status, TIMEOUT);
    assert_int_equal(problem.posix, ETIMEDOUT);
    o.questions = 0;
    assert_int_equal(pthread_create(&thread, NULL, answer_outside, &o), 0);
    SUCCEEDS(fbed_volume_script(volume, "write b.ask hello\nexpect b.ask hello\n", "t", NULL, &error));
    assert_int_equal(fbc_port_send(o.port, &request, sizeof request, &after, sizeof after, &returned, &problem), 0);
    fbc_port_close(o.port);
    pthread_join(thread, NULL);
    assert_int_equal(o.last, DISCONNECTED);
    assert_true(o.questions > 0);
    assert_int_equal(after.asked - before.asked, o.questions);
    assert_int_equal(after.unanswered, before.unanswered);
    for (int i = 0; i < 500; i++) { /* DisconnectNotifyCallback has run: the next one may connect */
        fbed_port *port;
        if (fbed_port_connect(machine, PORT, &hello, sizeof hello, &port, &error) == 0) {
            fbed_port_close(port);
            return;
        }
        usleep(10000);
    }
    fail_msg("still connected: %s", error.text);
}

/* Nobody answers: the open goes on when the driver's time is up. */
static void
test_host_port__unload_ends_the_connection(void **state)
{
    (void)state;
    fbed_port *port = connect_port();
    struct messenger_counts c;
    struct messenger_request request = {MESSENGER_COUNTS};
    size_t returned;
    SUCCEEDS(fbed_filter_unload(filter, &error));
    assert_int_equal(fbed_port_send(port, &request, sizeof request, &c, sizeof c, &returned, &error), -1);
    assert_int_equal(error.status, DISCONNECTED);
    fbed_port_close(port);
    if (fbed_finding_count(machine) != 0) {
        char *text = NULL;
        fbed_report(machine, FBED_REPORT_TEXT, &text);
        print_error("%s", text);
        fail();
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_host_port__connect_is_the_drivers_decision),
        cmocka_unit_test(test_host_port__the_user_decides),
        cmocka_unit_test(test_host_port__messages_are_checked_by_the_driver),
        cmocka_unit_test(test_host_port__from_another_program),
        cmocka_unit_test(test_host_port__unload_ends_the_connection),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
