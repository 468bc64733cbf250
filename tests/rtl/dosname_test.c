/* SPDX-License-Identifier: MIT */
/* ctest-labels: unit */
/* Short names: what is one and what is none. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <ntifs.h>

#include <string.h>

static BOOLEAN
Legal(const WCHAR *Text)
{
    UNICODE_STRING Name;

    RtlInitUnicodeString(&Name, Text);
    return RtlIsNameLegalDOS8Dot3(&Name, NULL, NULL);
}

static void
test_rtl_dosname__form(void **state)
{
    static const WCHAR *const Good[] = {L"A", L"a.b", L"BASENAME.EXT", L"12345678", L".", L"..", L"A B.C D", L" A.B", L"X~1.TXT", L"{}-_.!#$"};
    static const WCHAR *const Bad[] = {L"", L"...", L".a", L"a.", L"123456789", L"a.long", L"a.b.c", L"BASENAME.EXT1", L"a .b", L"a.b ", L"a b ",
                                       L"a+b", L"a:b", L"a\\b", L"a\x0001", L"\x00E4", L"a*"};

    (void)state;
    for (size_t i = 0; i < sizeof(Good) / sizeof(Good[0]); i++) {
        if (!Legal(Good[i])) {
            fail_msg("good name %zu is refused", i);
        }
    }
    for (size_t i = 0; i < sizeof(Bad) / sizeof(Bad[0]); i++) {
        if (Legal(Bad[i])) {
            fail_msg("bad name %zu is accepted", i);
        }
    }
}

static void
test_rtl_dosname__outputs(void **state)
{
    UNICODE_STRING Name;
    CHAR Buffer[12];
    OEM_STRING Oem = {0, sizeof(Buffer), Buffer};
    BOOLEAN Spaces = TRUE;

    (void)state;
    RtlInitUnicodeString(&Name, L"read.me");
    assert_true(RtlIsNameLegalDOS8Dot3(&Name, &Oem, &Spaces));
    assert_false(Spaces);
    assert_int_equal(Oem.Length, 7);
    assert_memory_equal(Buffer, "READ.ME", 7);
    RtlInitUnicodeString(&Name, L"a b");
    assert_true(RtlIsNameLegalDOS8Dot3(&Name, NULL, &Spaces));
    assert_true(Spaces);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rtl_dosname__form),
        cmocka_unit_test(test_rtl_dosname__outputs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
