/* SPDX-License-Identifier: MIT */
/* ctest-labels: unit */
/* Internet addresses as text: the forms that the documentation names. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <ip2string.h>
#include <ntifs.h>

#include <string.h>

#define SWAP16(n) ((USHORT)((n) << 8 | (n) >> 8))

static struct in6_addr
Ipv6(USHORT A, USHORT B, USHORT C, USHORT D, USHORT E, USHORT F, USHORT G, USHORT H)
{
    const USHORT Words[8] = {A, B, C, D, E, F, G, H};
    struct in6_addr Address;

    for (int i = 0; i < 8; i++) {
        Address.u.Byte[2 * i] = (UCHAR)(Words[i] >> 8);
        Address.u.Byte[2 * i + 1] = (UCHAR)Words[i];
    }
    return Address;
}

static void
test_rtl_ipaddr__ipv4(void **state)
{
    struct in_addr Address = {.S_un.S_un_b = {192, 0, 2, 255}};
    CHAR Text[16];
    WCHAR Wide[16];

    (void)state;
    assert_ptr_equal(RtlIpv4AddressToStringA(&Address, Text), Text + 11);
    assert_string_equal(Text, "192.0.2.255");
    assert_ptr_equal(RtlIpv4AddressToStringW(&Address, Wide), Wide + 11);
    assert_memory_equal(Wide, L"192.0.2.255", 12 * sizeof(WCHAR));
}

static void
test_rtl_ipaddr__room_is_checked_and_need_is_told(void **state)
{
    struct in_addr Address = {.S_un.S_un_b = {10, 1, 2, 3}};
    CHAR Text[16] = "unchanged";
    WCHAR Wide[16];
    ULONG Length = 8;

    (void)state;
    assert_int_equal(RtlIpv4AddressToStringExA(&Address, SWAP16(80), Text, &Length), STATUS_INVALID_PARAMETER);
    assert_int_equal(Length, 12);
    assert_string_equal(Text, "unchanged");
    assert_int_equal(RtlIpv4AddressToStringExA(&Address, SWAP16(80), Text, &Length), STATUS_SUCCESS);
    assert_string_equal(Text, "10.1.2.3:80");
    assert_int_equal(RtlIpv4AddressToStringExA(&Address, 0, NULL, &Length), STATUS_INVALID_PARAMETER);
    Length = 16;
    assert_int_equal(RtlIpv4AddressToStringExW(&Address, 0, Wide, &Length), STATUS_SUCCESS);
    assert_int_equal(Length, 9);
    assert_memory_equal(Wide, L"10.1.2.3", 18);
}

static void
Ipv6Is(struct in6_addr Address, const char *Expected)
{
    CHAR Text[46];

    PSTR End = RtlIpv6AddressToStringA(&Address, Text);
    assert_string_equal(Text, Expected);
    assert_ptr_equal(End, Text + strlen(Expected));
}

static void
test_rtl_ipaddr__ipv6(void **state)
{
    (void)state;
    Ipv6Is(Ipv6(0, 0, 0, 0, 0, 0, 0, 0), "::");
    Ipv6Is(Ipv6(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1), "2001:db8::1");
    Ipv6Is(Ipv6(0x2001, 0xdb8, 0, 0, 1, 0, 0, 0), "2001:db8:0:0:1::");
    Ipv6Is(Ipv6(0x2001, 0xdb8, 0, 1, 2, 3, 4, 5), "2001:db8:0:1:2:3:4:5");
    Ipv6Is(Ipv6(0xfe80, 0, 0, 0, 0, 0, 0, 0xabcd), "fe80::abcd");
    Ipv6Is(Ipv6(0, 0, 0, 0, 0, 0xffff, 0xc000, 0x0201), "::ffff:192.0.2.1");
    Ipv6Is(Ipv6(0, 0, 0, 0, 0xffff, 0, 0xc000, 0x0201), "::ffff:0:192.0.2.1");
    Ipv6Is(Ipv6(0, 0, 0, 0, 0, 0, 0xc000, 0x0201), "::192.0.2.1");
    Ipv6Is(Ipv6(0xfe80, 0, 0, 0, 0, 0x5efe, 0xc000, 0x0201), "fe80::5efe:192.0.2.1");
    Ipv6Is(Ipv6(0, 0, 0, 0, 0, 0, 0, 1), "::1");
}

static void
test_rtl_ipaddr__ipv6_scope_and_port(void **state)
{
    const struct in6_addr Address = Ipv6(0xfe80, 0, 0, 0, 0, 0, 0, 1);
    CHAR Text[66];
    WCHAR Wide[66];
    ULONG Length = sizeof(Text);

    (void)state;
    assert_int_equal(RtlIpv6AddressToStringExA(&Address, 7, SWAP16(443), Text, &Length), STATUS_SUCCESS);
    assert_string_equal(Text, "[fe80::1%7]:443");
    assert_int_equal(Length, 16);
    Length = 66;
    assert_int_equal(RtlIpv6AddressToStringExW(&Address, 0, 0, Wide, &Length), STATUS_SUCCESS);
    assert_memory_equal(Wide, L"fe80::1", 16);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rtl_ipaddr__ipv4),
        cmocka_unit_test(test_rtl_ipaddr__room_is_checked_and_need_is_told),
        cmocka_unit_test(test_rtl_ipaddr__ipv6),
        cmocka_unit_test(test_rtl_ipaddr__ipv6_scope_and_port),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
