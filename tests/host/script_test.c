/* SPDX-License-Identifier: MIT */
/* The script language: what is accepted, and where mistakes are said to be. Running it:
 * tests/e2e/test_run_script.sh. */
#include "host/scriptp.h"
#include "scratch.h"

#include <errno.h>

static struct script script;
static struct host_error err;

static void
must_parse(const char *text)
{
    if (script_parse("s", text, &script, &err) != 0) {
        fail_msg("%s", err.text);
    }
}

static void
must_fail(const char *text, const char *message)
{
    assert_int_equal(script_parse("s", text, &script, &err), -1);
    assert_string_equal(err.text, message);
    assert_null(script.lines);
}

static const char *
verb(size_t i)
{
    return script_verbs[script.lines[i].verb].name;
}

static void
test_host_script__lines_and_words(void **state)
{
    (void)state;
    must_parse("# comment\n\n  mkdir \"a b\"  0750 # more\r\n\tdelete x#y\n");
    assert_int_equal(script.count, 2);
    assert_string_equal(verb(0), "mkdir");
    assert_int_equal(script.lines[0].line, 3);
    assert_string_equal(script.lines[0].args[0].text, "a b");
    assert_int_equal(script.lines[0].numbers[0], 0750);
    assert_string_equal(script.lines[1].args[0].text, "x#y");
    script_free(&script);
    must_parse("");
    assert_int_equal(script.count, 0);
    script_free(&script);
}

static void
test_host_script__data(void **state)
{
    (void)state;
    const char *file = scratch_file("data", "from a file");
    char text[512];
    snprintf(text, sizeof text,
             "write a word\nwrite a \"q\\n\\\"\\\\\\x41\\0z\"\nwrite a 30 bytes\nwrite a "
             "@%s\nwrite a 2k bytes\nwrite a 17\n",
             file);
    must_parse(text);
    assert_string_equal(script.lines[0].data.bytes, "word");
    assert_int_equal(script.lines[1].data.size, 7);
    assert_memory_equal(script.lines[1].data.bytes, "q\n\"\\A\0z", 7);
    assert_int_equal(script.lines[2].data.size, 30);
    assert_memory_equal(script.lines[2].data.bytes, "abc", 3);
    assert_int_equal(script.lines[3].data.size, 11);
    assert_memory_equal(script.lines[3].data.bytes, "from a file", 11);
    assert_int_equal(script.lines[4].data.size, 2048);
    assert_string_equal(script.lines[5].data.bytes, "17");
    script_free(&script);
}

static void
test_host_script__file_beside_the_script(void **state)
{
    (void)state;
    scratch_file("data", "near");
    char *name = host_printf("%s/s.fbs", scratch);
    assert_int_equal(script_parse(name, "write a @data\n", &script, &err), 0);
    assert_memory_equal(script.lines[0].data.bytes, "near", 4);
    script_free(&script);
    free(name);
}

static void
test_host_script__must_fail(void **state)
{
    (void)state;
    must_parse("!delete a\n! delete a\n!ENOENT delete a\n!EEXIST create a\n");
    assert_int_equal(script.count, 4);
    assert_true(script.lines[0].must_fail && script.lines[0].must_errno == 0);
    assert_true(script.lines[1].must_fail && script.lines[1].must_errno == 0);
    assert_int_equal(script.lines[2].must_errno, ENOENT);
    assert_int_equal(script.lines[3].must_errno, EEXIST);
    script_free(&script);
}

static void
test_host_script__mistakes(void **state)
{
    (void)state;
    must_fail("list\nfrobnicate x\n", "s:2: unknown operation: frobnicate");
    must_fail("rename a\n", "s:1: too few arguments; usage: rename OLD NEW");
    must_fail("delete a b\n", "s:1: too many arguments; usage: delete PATH");
    must_fail("open n a delete\n", "s:1: neither r, w, rw nor d: delete");
    must_fail("truncate a many\n", "s:1: not a number: many");
    must_fail("truncate a -1\n", "s:1: not a number: -1");
    must_fail("chmod 999 a\n", "s:1: not an octal mode: 999");
    must_fail("write a \"b\n", "s:1: the closing quote is missing");
    must_fail("write a \"\\q\"\n",
              "s:1: unknown escape; known are \\n \\r \\t \\0 \\\\ \\\" \\xHH");
    must_fail("delete \"a\\0b\"\n", "s:1: a NUL cannot stand in a name");
    must_fail("!EWHATEVER delete a\n", "s:1: unknown error name behind !");
    must_fail("!\n", "s:1: an operation must follow !");
    assert_int_equal(script_parse("s", "write a @/nonexistent/file\n", &script, &err), -1);
    assert_non_null(strstr(err.text, "s:1: "));
    assert_non_null(strstr(err.text, "/nonexistent/file"));
}

#define TEST(name)                                                                                 \
    cmocka_unit_test_setup_teardown(test_host_##name, scratch_setup, scratch_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(script__lines_and_words), TEST(script__data),     TEST(script__file_beside_the_script),
        TEST(script__must_fail),       TEST(script__mistakes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
