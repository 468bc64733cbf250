/* SPDX-License-Identifier: MIT */
/* Symbols, the report, altitudes, messages. */
#include "scratch.h"

#include <fcntl.h>
#include <sys/socket.h>

#include "host/channel.h"
#include "host/module.h"
#include "host/prepare.h"
#include "host/report.h"
#include "host/symbol.h"

/* ---- symbols ---- */

static uintptr_t here;
static int here_line;

static inline __attribute__((always_inline)) void
report_test_inlined(void)
{
    here_line = __LINE__ + 1;
    __asm__ volatile("lea 1f(%%rip), %0\n1: nop" : "=r"(here));
}

static __attribute__((noinline)) void
report_test_outer(void)
{
    report_test_inlined();
    __asm__ volatile("");
}

struct seen {
    unsigned count;
    struct symbol_frame frames[8];
};

static void
take(const struct symbol_frame *frame, void *ctx)
{
    struct seen *s = ctx;
    s->frames[s->count++] = *frame;
}

static void
test_host_symbol__function_file_line_and_inlined(void **state)
{
    (void)state;
    const char *path;
    uint64_t offset;
    bool driver;
    struct seen seen = {0};
    report_test_outer();
    assert_true(host_image_locate(here, &path, &offset, &driver));
    assert_false(driver);
    struct symbols *s = symbols_create();
    symbols_resolve(s, path, offset, false, take, &seen);
    assert_int_equal(seen.count, 2);
    assert_string_equal(seen.frames[0].function, "report_test_inlined");
    assert_true(seen.frames[0].inlined);
    assert_int_equal(seen.frames[0].line, here_line);
    assert_string_equal(host_path_base(seen.frames[0].file), "report_test.c");
    assert_int_equal(seen.frames[0].file[0], '/');
    assert_string_equal(seen.frames[1].function, "report_test_outer");
    assert_false(seen.frames[1].inlined);
    assert_true(seen.frames[1].line > here_line);
    symbols_free(s);
}

static void
test_host_symbol__unknown_is_said(void **state)
{
    (void)state;
    struct seen seen = {0};
    struct symbols *s = symbols_create();
    symbols_resolve(s, "/nonexistent/module.so", 0x123, true, take, &seen);
    symbols_resolve(s, scratch_file("text.so", "no ELF"), 0x123, true, take, &seen);
    symbols_resolve(s, "/proc/self/exe", UINT64_C(0x7fffffff), true, take, &seen);
    assert_int_equal(seen.count, 3);
    for (unsigned i = 0; i < 3; i++) {
        assert_null(seen.frames[i].function);
        assert_null(seen.frames[i].file);
    }
    symbols_free(s);
}

/* ---- the report ---- */

static json_t *
make_report(void)
{
    json_error_t error;
    json_t *report = json_loads(
        "{\"schema\":1,\"filterbed\":\"x\","
        "\"modules\":[{\"path\":\"/nonexistent/a.so\",\"driver\":true},{\"path\":\"/nonexistent/"
        "rt.so\",\"driver\":false}],"
        "\"filters\":[{\"name\":\"a\",\"altitude\":\"42.5\",\"instances\":1,\"state\":\"unloaded\","
        "  \"operations\":[{\"operation\":\"IRP_MJ_CREATE\",\"pre\":3,\"post\":2}],"
        "  \"contexts\":[{\"kind\":\"stream "
        "context\",\"allocated\":5,\"freed\":4,\"live\":1,\"peak\":2}],\"objects\":[]}],"
        "\"findings\":["
        " {\"code\":\"K-01\",\"rule\":\"D-01\",\"filter\":\"a\",\"text\":\"one\",\"count\":1,"
        "\"thread\":1,"
        "  \"stack\":[[1,16,true],[0,32,true],[1,48,true]],\"allocated_at\":[]},"
        " {\"code\":\"K-01\",\"rule\":\"D-01\",\"filter\":\"a\",\"text\":\"two\",\"count\":2,"
        "\"thread\":1,"
        "  \"stack\":[[1,16,true],[0,32,true],[1,64,true]],\"allocated_at\":[]},"
        " {\"code\":\"K-01\",\"rule\":\"D-01\",\"filter\":\"a\",\"text\":\"three\",\"count\":1,"
        "\"thread\":1,"
        "  \"stack\":[[1,16,true],[0,33,true],[1,64,true]],\"allocated_at\":[]},"
        " {\"code\":\"K-02\",\"rule\":\"D-15\",\"bugcheck\":\"0xF5/"
        "0x6D\",\"filter\":\"a\",\"text\":\"four\",\"count\":1,\"thread\":7,"
        "  \"operation\":\"pre IRP_MJ_READ\",\"stack\":[[-1,4096,true]],\"allocated_at\":[]}],"
        "\"unimplemented\":[{\"routine\":\"FltNothing\",\"filter\":\"a\",\"count\":2,\"caller\":[0,"
        "32,true]}]}",
        0, &error);
    if (report == NULL) {
        fail_msg("%s", error.text);
    }
    return report;
}

static void
test_host_report__one_place_is_one_finding(void **state)
{
    (void)state;
    json_t *report = make_report();
    report_symbolize(report);
    const json_t *findings = json_object_get(report, "findings");
    assert_int_equal(json_array_size(findings), 3);
    assert_int_equal(report_findings(report), 3);
    const json_t *first = json_array_get(findings, 0);
    assert_int_equal(json_integer_value(json_object_get(first, "count")), 3);
    assert_string_equal(json_string_value(json_object_get(first, "text")), "one");
    const json_t *frame = json_array_get(json_object_get(first, "stack"), 1);
    assert_true(json_is_true(json_object_get(frame, "driver")));
    assert_string_equal(json_string_value(json_object_get(frame, "offset")), "0x20");
    assert_string_equal(json_string_value(json_object_get(frame, "module")), "/nonexistent/a.so");
    json_decref(report);
}

static void
test_host_report__text(void **state)
{
    (void)state;
    static const char wanted[] =
        "filterbed: report\n"
        "\n"
        "  a, altitude 42.5, 1 instance, unloaded\n"
        "    operation                                         pre         post\n"
        "    IRP_MJ_CREATE                                       3            2\n"
        "    contexts                       allocated        freed         live         peak\n"
        "    stream context                         5            4            1            2\n"
        "\n"
        "  [1] a: K-01, rule D-01\n"
        "    one\n"
        "      at ? (a.so+0x20)\n"
        "    3 times in this place; the first one is shown\n"
        "\n"
        "  [2] a: K-01, rule D-01\n"
        "    three\n"
        "      at ? (a.so+0x21)\n"
        "\n"
        "  [3] a: K-02, rule D-15\n"
        "    four\n"
        "      at ? (no module+0x1000)\n"
        "    during pre IRP_MJ_READ, thread 7\n"
        "    on Windows: bug check 0xF5/0x6D\n"
        "\n"
        "  routines that filterbed declares but does not have; they failed with "
        "STATUS_NOT_IMPLEMENTED\n"
        "    FltNothing, called 2 times by a\n"
        "\n"
        "filterbed: 3 findings, 5 occurrences\n";
    json_t *report = make_report();
    char *text = NULL;
    size_t size;
    report_symbolize(report);
    FILE *to = open_memstream(&text, &size);
    report_print(report, &(struct report_style){0}, to);
    fclose(to);
    assert_string_equal(text, wanted);
    free(text);
    json_decref(report);
}

static void
test_host_report__saved_json_has_no_internals(void **state)
{
    (void)state;
    struct host_error err;
    json_t *report = make_report();
    report_symbolize(report);
    const char *path = scratch_path("r.json");
    assert_int_equal(report_save(report, "json", path, &err), 0);
    json_t *back = json_load_file(path, 0, NULL);
    assert_non_null(back);
    assert_null(json_object_get(back, "modules"));
    assert_true(json_is_object(
        json_object_get(json_array_get(json_object_get(back, "unimplemented"), 0), "caller")));
    json_decref(back);
    assert_int_equal(report_save(report, "json", "/nonexistent/r.json", &err), -1);
    assert_non_null(strstr(err.text, "/nonexistent/r.json"));
    json_decref(report);
}

static void
test_host_report__crash_frames(void **state)
{
    (void)state;
    json_t *report = json_object(), *frames = json_pack("[i, i]", 0x5010, 0x9000);
    json_t *images = json_pack("[{s:s, s:b, s:i, s:i, s:i}]", "path", "/x.so", "driver", 1, "bias",
                               0x5000, "base", 0x5000, "end", 0x6000);
    json_t *result = report_crash_frames(frames, images, report);
    assert_int_equal(json_array_size(result), 2);
    assert_int_equal(json_integer_value(json_array_get(json_array_get(result, 0), 0)), 0);
    assert_int_equal(json_integer_value(json_array_get(json_array_get(result, 0), 1)), 0x10);
    assert_int_equal(json_integer_value(json_array_get(json_array_get(result, 1), 0)), -1);
    json_decref(result);
    json_decref(images);
    json_decref(frames);
    json_decref(report);
}

/* ---- altitudes ---- */

static void
test_host_prepare__altitudes_compare_as_numbers(void **state)
{
    (void)state;
    assert_int_equal(altitude_compare("370030", "370030"), 0);
    assert_int_equal(altitude_compare("0370030.50", "370030.5"), 0);
    assert_int_equal(altitude_compare("370030.0", "370030"), 0);
    assert_int_equal(altitude_compare("99999", "370030"), -1);
    assert_int_equal(altitude_compare("370030.51", "370030.5"), 1);
    assert_int_equal(altitude_compare("370030.4999", "370030.5"), -1);
    assert_int_equal(
        altitude_compare("123456789012345678901234567890", "123456789012345678901234567891"), -1);
    assert_int_equal(altitude_compare("0", "000.000"), 0);
}

/* ---- messages ---- */

static void
test_host_channel__messages_and_descriptors(void **state)
{
    (void)state;
    int pair[2];
    struct channel c;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    channel_init(&c, pair[1]);
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    assert_true(channel_send(pair[0], json_pack("{s:s}", "type", "one"), -1));
    assert_true(
        channel_send(pair[0], json_pack("{s:s, s:s}", "type", "two", "text", "a\nb"), null));
    json_t *first = NULL, *second = NULL;
    while ((first = channel_next(&c)) == NULL && channel_fill(&c)) {
    }
    assert_true(channel_is(first, "one"));
    while ((second = channel_next(&c)) == NULL && channel_fill(&c)) {
    }
    assert_true(channel_is(second, "two"));
    assert_string_equal(json_string_value(json_object_get(second, "text")), "a\nb");
    assert_true(c.passed >= 0);
    close(c.passed);
    close(null);
    close(pair[0]);
    assert_false(channel_fill(&c));
    assert_true(c.ended);
    assert_null(channel_next(&c));
    json_decref(first);
    json_decref(second);
    channel_close(&c);
}

#define TEST(name)                                                                                 \
    cmocka_unit_test_setup_teardown(test_host_##name, scratch_setup, scratch_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(symbol__function_file_line_and_inlined), TEST(symbol__unknown_is_said),
        TEST(report__one_place_is_one_finding),       TEST(report__text),
        TEST(report__saved_json_has_no_internals),    TEST(report__crash_frames),
        TEST(prepare__altitudes_compare_as_numbers),  TEST(channel__messages_and_descriptors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
