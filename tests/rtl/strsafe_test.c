/* SPDX-License-Identifier: MIT */
/* ctest-labels: unit */
/* The safe string routines: sizes in bytes and characters, cutting, flags. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <ntifs.h>
#include <ntstrsafe.h>

#include <string.h>

static void
test_rtl_strsafe__copy_cuts_and_terminates(void **state)
{
    WCHAR Wide[4];
    char Narrow[4];

    (void)state;
    assert_int_equal(RtlStringCbCopyW(Wide, sizeof(Wide), L"abc"), STATUS_SUCCESS);
    assert_memory_equal(Wide, L"abc", 8);
    assert_int_equal(RtlStringCbCopyW(Wide, sizeof(Wide), L"wxyz"), STATUS_BUFFER_OVERFLOW);
    assert_memory_equal(Wide, L"wxy", 8);
    assert_int_equal(RtlStringCchCopyA(Narrow, 4, "abcd"), STATUS_BUFFER_OVERFLOW);
    assert_string_equal(Narrow, "abc");
    assert_int_equal(RtlStringCchCopyNA(Narrow, 4, "xyz", 2), STATUS_SUCCESS);
    assert_string_equal(Narrow, "xy");
    assert_int_equal(RtlStringCchCatA(Narrow, 4, "z"), STATUS_SUCCESS);
    assert_int_equal(RtlStringCchCatA(Narrow, 4, "!"), STATUS_BUFFER_OVERFLOW);
    assert_string_equal(Narrow, "xyz");
    assert_int_equal(RtlStringCbCopyW(Wide, 0, L"a"), STATUS_INVALID_PARAMETER);
    assert_int_equal(RtlStringCbCopyW(Wide, 1, L"a"), STATUS_INVALID_PARAMETER);
}

static void
test_rtl_strsafe__printf_and_ex(void **state)
{
    WCHAR Wide[8];
    PWSTR End;
    size_t Left;
    size_t Length;

    (void)state;
    assert_int_equal(RtlStringCbPrintfExW(Wide, sizeof(Wide), &End, &Left, 0, L"%d-%s", 42, L"x"), STATUS_SUCCESS);
    assert_memory_equal(Wide, L"42-x", 10);
    assert_ptr_equal(End, Wide + 4);
    assert_int_equal(Left, 8);
    assert_int_equal(RtlStringCchPrintfW(Wide, 8, L"%s", L"123456789"), STATUS_BUFFER_OVERFLOW);
    assert_memory_equal(Wide, L"1234567", 16);
    assert_int_equal(RtlStringCchPrintfExW(Wide, 8, NULL, NULL, STRSAFE_NO_TRUNCATION, L"%s", L"123456789"), STATUS_BUFFER_OVERFLOW);
    assert_int_equal(Wide[0], 0);
    assert_int_equal(RtlStringCbLengthW(L"abc", 8, &Length), STATUS_SUCCESS);
    assert_int_equal(Length, 6);
    assert_int_equal(RtlStringCbLengthW(L"abc", 6, &Length), STATUS_INVALID_PARAMETER);
}

static void
test_rtl_strsafe__unicode_strings(void **state)
{
    WCHAR Buffer[6];
    UNICODE_STRING Target = {0, sizeof(Buffer), Buffer};
    UNICODE_STRING Source = RTL_CONSTANT_STRING(L"abcdef");
    UNICODE_STRING Rest;

    (void)state;
    assert_int_equal(RtlUnicodeStringCopyString(&Target, L"ab"), STATUS_SUCCESS);
    assert_int_equal(Target.Length, 4);
    assert_int_equal(RtlUnicodeStringCatEx(&Target, &Source, &Rest, 0), STATUS_BUFFER_OVERFLOW);
    assert_int_equal(Target.Length, 12);
    assert_int_equal(Rest.MaximumLength, 0);
    assert_memory_equal(Buffer, L"ababcd", 12);
    assert_int_equal(RtlUnicodeStringCchCopyN(&Target, &Source, 3), STATUS_SUCCESS);
    assert_int_equal(Target.Length, 6);
    assert_int_equal(RtlUnicodeStringPrintf(&Target, L"%wZ!", &Source), STATUS_BUFFER_OVERFLOW);
    assert_int_equal(RtlUnicodeStringPrintf(&Target, L"%04u", 7), STATUS_SUCCESS);
    assert_memory_equal(Buffer, L"0007", 8);
    Target.Length = 13;
    assert_int_equal(RtlUnicodeStringValidate(&Target), STATUS_INVALID_PARAMETER);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rtl_strsafe__copy_cuts_and_terminates),
        cmocka_unit_test(test_rtl_strsafe__printf_and_ex),
        cmocka_unit_test(test_rtl_strsafe__unicode_strings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
