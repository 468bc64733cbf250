/* SPDX-License-Identifier: MIT */
/* ctest-labels: unit */
/* Strings, conversions, formats, tables, time: against values worked out by hand or a simple model. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <ntifs.h>

#include <string.h>

#include "rtl/rtlp.h"

static UNICODE_STRING
S(const WCHAR *Text)
{
    UNICODE_STRING String;

    RtlInitUnicodeString(&String, Text);
    return String;
}

static void
test_rtl_unicode__init_counts_without_terminator(void **state)
{
    UNICODE_STRING String = S(L"abc");

    (void)state;
    assert_int_equal(String.Length, 6);
    assert_int_equal(String.MaximumLength, 8);
    RtlInitUnicodeString(&String, NULL);
    assert_int_equal(String.Length, 0);
    assert_int_equal(String.MaximumLength, 0);
}

static void
test_rtl_unicode__copy_truncates_and_terminates_when_room(void **state)
{
    WCHAR Buffer[4] = {L'x', L'x', L'x', L'x'};
    UNICODE_STRING Target = {0, 3 * sizeof(WCHAR), Buffer};
    UNICODE_STRING Source = S(L"hello");

    (void)state;
    RtlCopyUnicodeString(&Target, &Source);
    assert_int_equal(Target.Length, 6);
    assert_int_equal(Buffer[2], L'l');
    assert_int_equal(Buffer[3], L'x');
    Source = S(L"a");
    RtlCopyUnicodeString(&Target, &Source);
    assert_int_equal(Buffer[1], 0);
}

static void
test_rtl_unicode__append_refuses_without_change(void **state)
{
    WCHAR Buffer[4];
    UNICODE_STRING Target = {0, sizeof(Buffer), Buffer};

    (void)state;
    assert_int_equal(RtlAppendUnicodeToString(&Target, L"abc"), STATUS_SUCCESS);
    assert_int_equal(RtlAppendUnicodeToString(&Target, L"de"), STATUS_BUFFER_TOO_SMALL);
    assert_int_equal(Target.Length, 6);
    assert_int_equal(RtlAppendUnicodeToString(&Target, L"d"), STATUS_SUCCESS);
    assert_int_equal(Target.Length, 8);
}

static void
test_rtl_unicode__compare_and_prefix(void **state)
{
    UNICODE_STRING A = S(L"Stra\u00DFe.TXT");
    UNICODE_STRING B = S(L"stra\u00DFE.txt");
    UNICODE_STRING P = S(L"STRA");

    (void)state;
    assert_true(RtlEqualUnicodeString(&A, &B, TRUE));
    assert_false(RtlEqualUnicodeString(&A, &B, FALSE));
    assert_true(RtlPrefixUnicodeString(&P, &A, TRUE));
    assert_false(RtlPrefixUnicodeString(&A, &P, TRUE));
    assert_true(RtlCompareUnicodeString(&A, &P, TRUE) > 0);
    assert_int_equal(RtlUpcaseUnicodeChar(0x00E9), 0x00C9);
    assert_int_equal(RtlUpcaseUnicodeChar(0x0430), 0x0410);
    assert_int_equal(RtlDowncaseUnicodeChar(0x0410), 0x0430);
}

static void
test_rtl_convert__utf8_round_trip_and_malformed(void **state)
{
    static const CHAR Text[] = "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80";
    WCHAR Wide[16];
    CHAR Back[32];
    SIZE_T Units = RtlpUtf8ToUtf16(Wide, 16, Text, sizeof(Text) - 1);

    (void)state;
    assert_int_equal(Units, 5);
    assert_int_equal(Wide[3], 0xD83D);
    assert_int_equal(Wide[4], 0xDE00);
    assert_int_equal(RtlpUtf16ToUtf8(Back, sizeof(Back), Wide, Units), sizeof(Text) - 1);
    assert_memory_equal(Back, Text, sizeof(Text) - 1);
    assert_int_equal(RtlpUtf8ToUtf16(Wide, 16, "\xC0\xAF\xED\xA0\x80\xFF", 6), 6);
    for (int i = 0; i < 6; i++) {
        assert_int_equal(Wide[i], 0xFFFD);
    }
    assert_int_equal(RtlpUtf16ToUtf8(NULL, 0, (const WCHAR[]){0xD800, L'a'}, 2), 4);
}

static void
test_rtl_convert__integers(void **state)
{
    UNICODE_STRING String = S(L"  -0x1F rest");
    ULONG Value;
    WCHAR Buffer[32];
    UNICODE_STRING Out = {0, sizeof(Buffer), Buffer};

    (void)state;
    assert_int_equal(RtlUnicodeStringToInteger(&String, 0, &Value), STATUS_SUCCESS);
    assert_int_equal(Value, (ULONG)-31);
    assert_int_equal(RtlUnicodeStringToInteger(&String, 7, &Value), STATUS_INVALID_PARAMETER);
    assert_int_equal(RtlIntegerToUnicodeString(0xBEEF, 16, &Out), STATUS_SUCCESS);
    assert_memory_equal(Buffer, L"BEEF", 10);
    Out.MaximumLength = 4;
    assert_int_equal(RtlIntegerToUnicodeString(1000, 10, &Out), STATUS_BUFFER_OVERFLOW);
}

static void
test_rtl_convert__guid_round_trip(void **state)
{
    GUID Guid;
    UNICODE_STRING Text = S(L"{01234567-89AB-CDEF-0123-456789ABCDEF}");
    UNICODE_STRING Back;

    (void)state;
    assert_int_equal(RtlGUIDFromString(&Text, &Guid), STATUS_SUCCESS);
    assert_int_equal(Guid.Data1, 0x01234567);
    assert_int_equal(Guid.Data4[7], 0xEF);
    assert_int_equal(RtlStringFromGUID(&Guid, &Back), STATUS_SUCCESS);
    assert_true(RtlEqualUnicodeString(&Text, &Back, FALSE));
    RtlFreeUnicodeString(&Back);
    Text = S(L"{01234567-89AB-CDEF-0123-456789ABCDEG}");
    assert_int_equal(RtlGUIDFromString(&Text, &Guid), STATUS_INVALID_PARAMETER);
}

typedef struct TEXT_SINK {
    RTLP_SINK Sink;
    CHAR Text[256];
    ULONG Length;
} TEXT_SINK;

static VOID
PutText(RTLP_SINK *Base, WCHAR Character)
{
    TEXT_SINK *Sink = (TEXT_SINK *)Base;

    assert_true(Sink->Length + 1 < sizeof(Sink->Text));
    Sink->Text[Sink->Length++] = (CHAR)Character;
    Sink->Text[Sink->Length] = 0;
}

static const CHAR *
F(const CHAR *Format, ...)
{
    static TEXT_SINK Sink;
    va_list Arguments;

    Sink = (TEXT_SINK){{PutText}, {0}, 0};
    va_start(Arguments, Format);
    RtlpFormatA(&Sink.Sink, Format, Arguments);
    va_end(Arguments);
    return Sink.Text;
}

static const CHAR *
W(const WCHAR *Format, ...)
{
    static TEXT_SINK Sink;
    va_list Arguments;

    Sink = (TEXT_SINK){{PutText}, {0}, 0};
    va_start(Arguments, Format);
    RtlpFormatW(&Sink.Sink, Format, Arguments);
    va_end(Arguments);
    return Sink.Text;
}

static void
test_rtl_format__windows_conversions(void **state)
{
    UNICODE_STRING Name = S(L"\\a\\b");
    ANSI_STRING Narrow;

    (void)state;
    RtlInitAnsiString(&Narrow, "narrow");
    assert_string_equal(F("%wZ|%Z|%ws|%S|%s|%ls", &Name, &Narrow, L"w", L"S", "s", L"ls"), "\\a\\b|narrow|w|S|s|ls");
    assert_string_equal(W(L"%s|%S|%hs|%wZ", L"w", "n", "h", &Name), "w|n|h|\\a\\b");
    assert_string_equal(F("%d %i %u %lu %ld", -5, 7, 0xFFFFFFFFu, 0xFFFFFFFFu, -1), "-5 7 4294967295 4294967295 -1");
    assert_string_equal(F("%I64d %I64u %I64x %lld %Iu %zu", -5ll, 5ull, 0x123456789ABull, 9ll, (SIZE_T)10, (size_t)11), "-5 5 123456789ab 9 10 11");
    assert_string_equal(F("%x %X %#x %08X %-6x| %o", 0xabc, 0xabc, 0xabc, 0xabc, 0xabc, 8), "abc ABC 0xabc 00000ABC abc   | 10");
    assert_string_equal(F("%p", (PVOID)0x1234), "0000000000001234");
    assert_string_equal(F("%5d|%-5d|%05d|%+d|% d|%.3d|%8.3d", 42, 42, 42, 42, 42, 42, 42), "   42|42   |00042|+42| 42|042|     042");
    assert_string_equal(F("%.3s|%8s|%-8s|%*s|%.*s", "abcdef", "ab", "ab", 4, "x", 2, "xyz"), "abc|      ab|ab      |   x|xy");
    assert_string_equal(F("%c%C%%%s%wZ", 'a', L'b', (char *)NULL, NULL), "ab%(null)(null)");
    assert_string_equal(F("%hd %hhu %hx", 0x18000, 0x1FF, 0x1ABCD), "-32768 255 abcd");
    assert_string_equal(F("%.0d|%d", 0, 0), "|0");
}

static RTL_GENERIC_COMPARE_RESULTS NTAPI
CompareAvl(PRTL_AVL_TABLE Table, PVOID First, PVOID Second)
{
    ULONG A = *(PULONG)First;
    ULONG B = *(PULONG)Second;

    UNREFERENCED_PARAMETER(Table);
    return A < B ? GenericLessThan : A > B ? GenericGreaterThan : GenericEqual;
}

static PVOID NTAPI
AllocateAvl(PRTL_AVL_TABLE Table, CLONG Size)
{
    UNREFERENCED_PARAMETER(Table);
    return RtlpAllocate(Size, 'tseT');
}

static VOID NTAPI
FreeAvl(PRTL_AVL_TABLE Table, PVOID Block)
{
    UNREFERENCED_PARAMETER(Table);
    RtlpFree(Block);
}

/* Height of a subtree; fails the test when a balance factor is wrong. */
static int
Height(const RTL_BALANCED_LINKS *Node)
{
    if (Node == NULL) {
        return 0;
    }
    int Left = Height(Node->LeftChild);
    int Right = Height(Node->RightChild);
    assert_int_equal(Node->Balance, Right - Left);
    assert_in_range(Right - Left + 1, 0, 2);
    return 1 + (Left > Right ? Left : Right);
}

static void
test_rtl_avl__random_inserts_and_deletes_against_a_model(void **state)
{
    static UCHAR Model[512];
    RTL_AVL_TABLE Table;
    ULONG Seed = 12345;
    ULONG Count = 0;

    (void)state;
    memset(Model, 0, sizeof(Model));
    RtlInitializeGenericTableAvl(&Table, CompareAvl, AllocateAvl, FreeAvl, NULL);
    for (ULONG Step = 0; Step < 20000; Step++) {
        ULONG Key = RtlRandomEx(&Seed) % 512;
        if (RtlRandomEx(&Seed) % 2 == 0) {
            BOOLEAN New;
            assert_non_null(RtlInsertElementGenericTableAvl(&Table, &Key, sizeof(Key), &New));
            assert_int_equal(New, !Model[Key]);
            Count += New;
            Model[Key] = 1;
        } else {
            assert_int_equal(RtlDeleteElementGenericTableAvl(&Table, &Key), Model[Key]);
            Count -= Model[Key];
            Model[Key] = 0;
        }
        assert_int_equal(RtlNumberGenericTableElementsAvl(&Table), Count);
        if (Step % 500 == 0) {
            Height(Table.BalancedRoot.RightChild);
        }
    }
    ULONG Seen = 0;
    LONG Last = -1;
    for (PULONG Key = RtlEnumerateGenericTableAvl(&Table, TRUE); Key != NULL; Key = RtlEnumerateGenericTableAvl(&Table, FALSE)) {
        assert_true((LONG)*Key > Last);
        assert_true(Model[*Key]);
        assert_int_equal(*(PULONG)RtlGetElementGenericTableAvl(&Table, Seen), *Key);
        Last = (LONG)*Key;
        Seen++;
    }
    assert_int_equal(Seen, Count);
    while (Count-- > 0) {
        ULONG Key = *(PULONG)RtlGetElementGenericTableAvl(&Table, 0);
        assert_true(RtlDeleteElementGenericTableAvl(&Table, &Key));
    }
    assert_true(RtlIsGenericTableEmptyAvl(&Table));
}

static RTL_GENERIC_COMPARE_RESULTS NTAPI
CompareSplay(PRTL_GENERIC_TABLE Table, PVOID First, PVOID Second)
{
    ULONG A = *(PULONG)First;
    ULONG B = *(PULONG)Second;

    UNREFERENCED_PARAMETER(Table);
    return A < B ? GenericLessThan : A > B ? GenericGreaterThan : GenericEqual;
}

static PVOID NTAPI
AllocateSplay(PRTL_GENERIC_TABLE Table, CLONG Size)
{
    UNREFERENCED_PARAMETER(Table);
    return RtlpAllocate(Size, 'tseT');
}

static VOID NTAPI
FreeSplay(PRTL_GENERIC_TABLE Table, PVOID Block)
{
    UNREFERENCED_PARAMETER(Table);
    RtlpFree(Block);
}

static void
test_rtl_splay__insertion_order_and_sorted_enumeration(void **state)
{
    static const ULONG Keys[] = {50, 20, 80, 10, 30, 70, 90, 60};
    RTL_GENERIC_TABLE Table;
    PVOID Restart = NULL;
    ULONG Last = 0;
    ULONG Seen = 0;

    (void)state;
    RtlInitializeGenericTable(&Table, CompareSplay, AllocateSplay, FreeSplay, NULL);
    for (ULONG i = 0; i < 8; i++) {
        RtlInsertElementGenericTable(&Table, (PVOID)&Keys[i], sizeof(ULONG), NULL);
    }
    for (ULONG i = 0; i < 8; i++) {
        assert_int_equal(*(PULONG)RtlGetElementGenericTable(&Table, i), Keys[i]);
    }
    for (PULONG Key; (Key = RtlEnumerateGenericTableWithoutSplaying(&Table, &Restart)) != NULL; Seen++) {
        assert_true(*Key > Last);
        Last = *Key;
    }
    assert_int_equal(Seen, 8);
    for (ULONG i = 0; i < 8; i++) {
        assert_non_null(RtlLookupElementGenericTable(&Table, (PVOID)&Keys[i]));
        assert_true(RtlDeleteElementGenericTable(&Table, (PVOID)&Keys[i]));
        assert_null(RtlLookupElementGenericTable(&Table, (PVOID)&Keys[i]));
    }
    assert_true(RtlIsGenericTableEmpty(&Table));
}

static void
test_rtl_time__fields_round_trip(void **state)
{
    TIME_FIELDS Fields = {2024, 2, 29, 23, 59, 58, 999, 0};
    TIME_FIELDS Back;
    LARGE_INTEGER Time;
    ULONG Seconds;

    (void)state;
    assert_true(RtlTimeFieldsToTime(&Fields, &Time));
    assert_true(RtlTimeToSecondsSince1970(&Time, &Seconds));
    assert_int_equal(Seconds, 1709251198);
    RtlTimeToTimeFields(&Time, &Back);
    assert_int_equal(Back.Year, 2024);
    assert_int_equal(Back.Month, 2);
    assert_int_equal(Back.Day, 29);
    assert_int_equal(Back.Milliseconds, 999);
    assert_int_equal(Back.Weekday, 4);
    Fields.Year = 2023;
    assert_false(RtlTimeFieldsToTime(&Fields, &Time));
    Time.QuadPart = 0;
    RtlTimeToTimeFields(&Time, &Back);
    assert_int_equal(Back.Year, 1601);
    assert_int_equal(Back.Weekday, 1);
    for (LONGLONG Day = 0; Day < 400000; Day += 13) {
        Time.QuadPart = Day * 864000000000ll;
        RtlTimeToTimeFields(&Time, &Back);
        LARGE_INTEGER Again;
        assert_true(RtlTimeFieldsToTime(&Back, &Again));
        assert_true(Again.QuadPart == Time.QuadPart);
    }
}

static void
test_rtl_bitmap__find_and_set(void **state)
{
    ULONG Bits[4] = {0};
    RTL_BITMAP Map;

    (void)state;
    RtlInitializeBitMap(&Map, Bits, 100);
    assert_int_equal(RtlFindClearBitsAndSet(&Map, 40, 10), 10);
    assert_int_equal(RtlNumberOfSetBits(&Map), 40);
    assert_int_equal(RtlFindClearBits(&Map, 50, 60), 50);
    assert_int_equal(RtlFindClearBits(&Map, 51, 0), 0xFFFFFFFF);
    assert_true(RtlAreBitsSet(&Map, 10, 40));
    RtlClearBits(&Map, 20, 5);
    assert_int_equal(RtlFindClearBits(&Map, 5, 15), 20);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rtl_unicode__init_counts_without_terminator),
        cmocka_unit_test(test_rtl_unicode__copy_truncates_and_terminates_when_room),
        cmocka_unit_test(test_rtl_unicode__append_refuses_without_change),
        cmocka_unit_test(test_rtl_unicode__compare_and_prefix),
        cmocka_unit_test(test_rtl_convert__utf8_round_trip_and_malformed),
        cmocka_unit_test(test_rtl_convert__integers),
        cmocka_unit_test(test_rtl_convert__guid_round_trip),
        cmocka_unit_test(test_rtl_format__windows_conversions),
        cmocka_unit_test(test_rtl_avl__random_inserts_and_deletes_against_a_model),
        cmocka_unit_test(test_rtl_splay__insertion_order_and_sorted_enumeration),
        cmocka_unit_test(test_rtl_time__fields_round_trip),
        cmocka_unit_test(test_rtl_bitmap__find_and_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
