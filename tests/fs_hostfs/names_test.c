/* SPDX-License-Identifier: MIT */
/* Names: a bijection between host names and the NT names it accepts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <ntdef.h>
#include <ntstatus.h>

#include "io/ntname.h"

static uint64_t Seed = 0x243F6A8885A308D3ull;

static uint32_t
Random(uint32_t Limit)
{
    Seed ^= Seed << 13;
    Seed ^= Seed >> 7;
    Seed ^= Seed << 17;
    return (uint32_t)(Seed >> 32) % Limit;
}

/* There and back: the same bytes, and nothing that NT forbids in between. */
static void
RoundTrip(const CHAR *Bytes, ULONG Length)
{
    WCHAR Name[255];
    CHAR Back[255];
    ULONG Characters, Returned;
    assert_int_equal(IopNameFromHost(Bytes, Length, Name, 255, &Characters), STATUS_SUCCESS);
    for (ULONG i = 0; i < Characters; i++) {
        assert_true(Name[i] >= 0x20);
        assert_true(Name[i] > 0x7f || strchr("\"*:<>?|\\/", Name[i]) == NULL);
    }
    assert_int_equal(IopNameToHost(Name, Characters, Back, 255, &Returned), STATUS_SUCCESS);
    assert_int_equal(Returned, Length);
    assert_memory_equal(Back, Bytes, Length);
}

static void
test_ntname__every_byte_value(void **State)
{
    (void)State;
    for (uint32_t a = 1; a < 256; a++) {
        CHAR Bytes[5] = {'x', (CHAR)a, 'y', 0, 0};
        if (a == '/') {
            continue;
        }
        RoundTrip(Bytes, 3);
        RoundTrip(Bytes + 1, a == '.' ? 2 : 1);
        for (uint32_t b = 1; b < 256; b++) {
            Bytes[2] = (CHAR)b;
            if (b != '/' && !(a == '.' && b == '.')) {
                RoundTrip(Bytes + 1, 2);
                RoundTrip(Bytes, 3);
            }
        }
    }
}

static void
test_ntname__random_bytes(void **State)
{
    (void)State;
    for (uint32_t n = 0; n < 200000; n++) {
        CHAR Bytes[255];
        const ULONG Length = 1 + Random(n % 16 == 0 ? 255 : 12);
        for (ULONG i = 0; i < Length; i++) {
            /* mostly lead and continuation bytes, so that well-formed, truncated and overlong sequences all come up */
            const uint32_t Kind = Random(4);
            const uint32_t Byte = Kind == 0 ? 1 + Random(255) : Kind == 1 ? 0x80 + Random(64) : Kind == 2 ? 0xC0 + Random(64) : 0x20 + Random(95);
            Bytes[i] = (CHAR)(Byte == '/' ? 'x' : Byte);
        }
        if (!(Length <= 2 && Bytes[0] == '.' && Bytes[Length - 1] == '.')) {
            RoundTrip(Bytes, Length);
        }
    }
}

/* The other way: what is accepted comes back as it was, so no two NT names mean one host name. */
static void
test_ntname__accepted_nt_names_come_back(void **State)
{
    (void)State;
    uint32_t Accepted = 0;
    for (uint32_t n = 0; n < 300000; n++) {
        WCHAR Name[12], Back[24];
        CHAR Bytes[48];
        ULONG Length, Returned;
        const ULONG Characters = 1 + Random(12);
        for (ULONG i = 0; i < Characters; i++) {
            const uint32_t Kind = Random(6);
            Name[i] = (WCHAR)(Kind < 2 ? 0x20 + Random(95) : Kind < 4 ? 0xF000 + Random(256) : Kind == 4 ? 0xD800 + Random(0x800) : Random(0x10000));
        }
        if (!NT_SUCCESS(IopNameToHost(Name, Characters, Bytes, sizeof(Bytes), &Length))) {
            continue;
        }
        Accepted++;
        assert_null(memchr(Bytes, 0, Length));
        assert_null(memchr(Bytes, '/', Length));
        assert_int_equal(IopNameFromHost(Bytes, Length, Back, 24, &Returned), STATUS_SUCCESS);
        assert_int_equal(Returned, Characters);
        assert_memory_equal(Back, Name, Characters * sizeof(WCHAR));
    }
    assert_true(Accepted > 1000);
}

static NTSTATUS
ToHost(const WCHAR *Name, ULONG Characters)
{
    CHAR Bytes[64];
    ULONG Length;
    return IopNameToHost(Name, Characters, Bytes, sizeof(Bytes), &Length);
}

static void
test_ntname__refused(void **State)
{
    (void)State;
    assert_int_equal(ToHost(L"", 0), STATUS_OBJECT_NAME_INVALID);
    assert_int_equal(ToHost(L".", 1), STATUS_OBJECT_NAME_INVALID);
    assert_int_equal(ToHost(L"..", 2), STATUS_OBJECT_NAME_INVALID);
    assert_int_equal(ToHost(L"...", 3), STATUS_SUCCESS);
    assert_int_equal(ToHost(L".a", 2), STATUS_SUCCESS);
    assert_int_equal(ToHost(L"a/b", 3), STATUS_OBJECT_NAME_INVALID);
    assert_int_equal(ToHost(L"a\\b", 3), STATUS_OBJECT_NAME_INVALID);
    assert_int_equal(ToHost(L"a:b", 3), STATUS_OBJECT_NAME_INVALID);
    assert_int_equal(ToHost(L"a*", 2), STATUS_OBJECT_NAME_INVALID);
    assert_int_equal(ToHost(L"a\0b", 3), STATUS_OBJECT_NAME_INVALID);
    assert_int_equal(ToHost((const WCHAR[]){0xD800}, 1), STATUS_OBJECT_NAME_INVALID);
    assert_int_equal(ToHost((const WCHAR[]){0xDC00, 'a'}, 2), STATUS_OBJECT_NAME_INVALID);
    assert_int_equal(ToHost((const WCHAR[]){0xD800, 0xD800}, 2), STATUS_OBJECT_NAME_INVALID);
    assert_int_equal(ToHost((const WCHAR[]){0xD83D, 0xDE00}, 2), STATUS_SUCCESS);
    assert_int_equal(ToHost((const WCHAR[]){0xF041}, 1), STATUS_OBJECT_NAME_INVALID);            /* "A" needs no escape */
    assert_int_equal(ToHost((const WCHAR[]){0xF02F}, 1), STATUS_OBJECT_NAME_INVALID);
    assert_int_equal(ToHost((const WCHAR[]){0xF000}, 1), STATUS_OBJECT_NAME_INVALID);
    assert_int_equal(ToHost((const WCHAR[]){0xF02E, 0xF02E}, 2), STATUS_OBJECT_NAME_INVALID);
    assert_int_equal(ToHost((const WCHAR[]){0xF0C3, 0xF0A9}, 2), STATUS_OBJECT_NAME_INVALID);    /* an escaped e acute */
    assert_int_equal(ToHost((const WCHAR[]){0xF03A}, 1), STATUS_SUCCESS);                        /* ":" does */
    assert_int_equal(ToHost((const WCHAR[]){0xF0EF, 0xF080, 0xF081}, 3), STATUS_SUCCESS);        /* U+F001 itself */
}

static void
test_ntname__known_names(void **State)
{
    (void)State;
    WCHAR Name[64];
    CHAR Bytes[64];
    ULONG Characters, Length;
    assert_int_equal(IopNameFromHost("a:b\xC3\xA9\xF0\x9F\x98\x80\xFF", 10, Name, 64, &Characters), STATUS_SUCCESS);
    const WCHAR Expected[] = {'a', 0xF03A, 'b', 0xE9, 0xD83D, 0xDE00, 0xF0FF};
    assert_int_equal(Characters, 7);
    assert_memory_equal(Name, Expected, sizeof(Expected));
    assert_int_equal(IopPathFromHost("a/b\\c/d", 7, Name, 64, &Characters), STATUS_SUCCESS);
    const WCHAR Path[] = {'a', '\\', 'b', 0xF05C, 'c', '\\', 'd'};
    assert_int_equal(Characters, 7);
    assert_memory_equal(Name, Path, sizeof(Path));
    assert_int_equal(IopPathToHost(Path, 7, Bytes, 64, &Length), STATUS_SUCCESS);
    assert_int_equal(Length, 7);
    assert_memory_equal(Bytes, "a/b\\c/d", 7);
    assert_int_equal(IopPathToHost(L"a\\..\\b", 6, Bytes, 64, &Length), STATUS_OBJECT_NAME_INVALID);
    assert_int_equal(IopPathToHost(L"a\\\\b", 4, Bytes, 64, &Length), STATUS_OBJECT_NAME_INVALID);
    assert_int_equal(IopPathToHost(L"a\\", 2, Bytes, 64, &Length), STATUS_OBJECT_NAME_INVALID);
    assert_int_equal(IopPathToHost(L"ab", 2, Bytes, 1, &Length), STATUS_BUFFER_TOO_SMALL);
    assert_int_equal(IopNameFromHost("abc", 3, Name, 2, &Characters), STATUS_BUFFER_TOO_SMALL);
}

int
main(void)
{
    const struct CMUnitTest Tests[] = {
        cmocka_unit_test(test_ntname__every_byte_value),
        cmocka_unit_test(test_ntname__random_bytes),
        cmocka_unit_test(test_ntname__accepted_nt_names_come_back),
        cmocka_unit_test(test_ntname__refused),
        cmocka_unit_test(test_ntname__known_names),
    };
    return cmocka_run_group_tests(Tests, NULL, NULL);
}
