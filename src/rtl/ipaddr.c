/* SPDX-License-Identifier: MIT */
/* Internet addresses as text.  Everything is written in ASCII first; the wide routines widen it. */
#include <ip2string.h>
#include <ntddk.h>

#include <string.h>

#define RTLP_IPV4_CHARS 16                     /* "255.255.255.255" and the terminator */
#define RTLP_IPV6_CHARS 46
#define RTLP_EX_CHARS 66                       /* "[" address "%4294967295]:65535" */

static CHAR *
RtlpAppendNumber(CHAR *To, ULONG Value, ULONG Base)
{
    CHAR Digits[12];
    ULONG Count = 0;

    do {
        Digits[Count++] = "0123456789abcdef"[Value % Base];
        Value /= Base;
    } while (Value != 0);
    while (Count != 0) {
        *To++ = Digits[--Count];
    }
    return To;
}

static CHAR *
RtlpAppendIpv4(CHAR *To, const UCHAR *Bytes)
{
    for (ULONG i = 0; i < 4; i++) {
        if (i != 0) {
            *To++ = '.';
        }
        To = RtlpAppendNumber(To, Bytes[i], 10);
    }
    return To;
}

static USHORT
RtlpIpv6Word(const struct in6_addr *Address, ULONG i)
{
    return (USHORT)(Address->u.Byte[2 * i] << 8 | Address->u.Byte[2 * i + 1]);
}

/* The last 32 bits are written as an IPv4 address: IPv4-compatible, IPv4-mapped, IPv4-translated and ISATAP addresses. */
static BOOLEAN
RtlpIpv6EndsInIpv4(const struct in6_addr *Address)
{
    const USHORT Four = RtlpIpv6Word(Address, 4), Five = RtlpIpv6Word(Address, 5);

    if ((Four & ~0x0200) == 0 && Five == 0x5efe) {
        return TRUE;
    }
    for (ULONG i = 0; i < 4; i++) {
        if (RtlpIpv6Word(Address, i) != 0) {
            return FALSE;
        }
    }
    if (Four == 0 && Five == 0) {
        return RtlpIpv6Word(Address, 6) != 0;
    }
    return (Four == 0 && Five == 0xffff) || (Four == 0xffff && Five == 0);
}

/* The longest run of two or more zero words among the first Words; the first one of equals. */
static ULONG
RtlpIpv6LongestZeros(const struct in6_addr *Address, ULONG Words, ULONG *Length)
{
    ULONG Best = Words;

    *Length = 1;
    for (ULONG i = 0; i < Words; i++) {
        ULONG End = i;
        while (End < Words && RtlpIpv6Word(Address, End) == 0) {
            End++;
        }
        if (End - i > *Length) {
            Best = i;
            *Length = End - i;
        }
    }
    return Best;
}

static CHAR *
RtlpAppendIpv6(CHAR *To, const struct in6_addr *Address)
{
    const BOOLEAN Ipv4 = RtlpIpv6EndsInIpv4(Address);
    const ULONG Words = Ipv4 ? 6 : 8;
    ULONG ZeroLength;
    const ULONG ZeroStart = RtlpIpv6LongestZeros(Address, Words, &ZeroLength);

    for (ULONG i = 0; i < Words;) {
        if (i == ZeroStart) {
            *To++ = ':';
            *To++ = ':';
            i += ZeroLength;
            continue;
        }
        if (i != 0 && To[-1] != ':') {
            *To++ = ':';
        }
        To = RtlpAppendNumber(To, RtlpIpv6Word(Address, i), 16);
        i++;
    }
    if (Ipv4) {
        if (To[-1] != ':') {
            *To++ = ':';
        }
        To = RtlpAppendIpv4(To, Address->u.Byte + 12);
    }
    return To;
}

/* Port is in network order, as everywhere in these routines. */
static CHAR *
RtlpAppendPort(CHAR *To, USHORT Port)
{
    *To++ = ':';
    return RtlpAppendNumber(To, __builtin_bswap16(Port), 10);
}

static ULONG
RtlpIpv4Ex(const struct in_addr *Address, USHORT Port, CHAR *Text)
{
    CHAR *End = RtlpAppendIpv4(Text, (const UCHAR *)Address);

    if (Port != 0) {
        End = RtlpAppendPort(End, Port);
    }
    *End++ = 0;
    return (ULONG)(End - Text);
}

static ULONG
RtlpIpv6Ex(const struct in6_addr *Address, ULONG ScopeId, USHORT Port, CHAR *Text)
{
    CHAR *End = Text;

    if (Port != 0) {
        *End++ = '[';
    }
    End = RtlpAppendIpv6(End, Address);
    if (ScopeId != 0) {
        *End++ = '%';
        End = RtlpAppendNumber(End, ScopeId, 10);
    }
    if (Port != 0) {
        *End++ = ']';
        End = RtlpAppendPort(End, Port);
    }
    *End++ = 0;
    return (ULONG)(End - Text);
}

/* Characters counts the terminator; *Length is the room, then the need.  One of Narrow and Wide. */
static NTSTATUS
RtlpHandOut(const CHAR *Text, ULONG Characters, PSTR Narrow, PWSTR Wide, PULONG Length)
{
    const ULONG Room = *Length;

    *Length = Characters;
    if (Room < Characters) {
        return STATUS_INVALID_PARAMETER;
    }
    for (ULONG i = 0; i < Characters; i++) {
        if (Narrow != NULL) {
            Narrow[i] = Text[i];
        } else {
            Wide[i] = (UCHAR)Text[i];
        }
    }
    return STATUS_SUCCESS;
}

/* Windows: ip2string.h, RtlIpv4AddressToStringA.  Differences: none. */
PSTR
RtlIpv4AddressToStringA(const struct in_addr *Addr, PSTR S)
{
    PSTR End = RtlpAppendIpv4(S, (const UCHAR *)Addr);

    *End = 0;
    return End;
}

/* Windows: ip2string.h, RtlIpv4AddressToStringW.  Differences: none. */
PWSTR
RtlIpv4AddressToStringW(const struct in_addr *Addr, PWSTR S)
{
    CHAR Text[RTLP_IPV4_CHARS];
    ULONG Length = RTLP_IPV4_CHARS;

    (VOID)RtlpHandOut(Text, RtlpIpv4Ex(Addr, 0, Text), NULL, S, &Length);
    return S + Length - 1;
}

/* Windows: ip2string.h, RtlIpv6AddressToStringA.  Differences: none. */
PSTR
RtlIpv6AddressToStringA(const struct in6_addr *Addr, PSTR S)
{
    PSTR End = RtlpAppendIpv6(S, Addr);

    *End = 0;
    return End;
}

/* Windows: ip2string.h, RtlIpv6AddressToStringW.  Differences: none. */
PWSTR
RtlIpv6AddressToStringW(const struct in6_addr *Addr, PWSTR S)
{
    CHAR Text[RTLP_IPV6_CHARS];
    ULONG Length = RTLP_IPV6_CHARS;

    (VOID)RtlpHandOut(Text, RtlpIpv6Ex(Addr, 0, 0, Text), NULL, S, &Length);
    return S + Length - 1;
}

/* Windows: ip2string.h, RtlIpv4AddressToStringExA.  Differences: none. */
NTSTATUS
RtlIpv4AddressToStringExA(const struct in_addr *Address, USHORT Port, PSTR AddressString, PULONG AddressStringLength)
{
    CHAR Text[RTLP_EX_CHARS];

    if (Address == NULL || AddressString == NULL || AddressStringLength == NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    return RtlpHandOut(Text, RtlpIpv4Ex(Address, Port, Text), AddressString, NULL, AddressStringLength);
}

/* Windows: ip2string.h, RtlIpv4AddressToStringExW.  Differences: none. */
NTSTATUS
RtlIpv4AddressToStringExW(const struct in_addr *Address, USHORT Port, PWSTR AddressString, PULONG AddressStringLength)
{
    CHAR Text[RTLP_EX_CHARS];

    if (Address == NULL || AddressString == NULL || AddressStringLength == NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    return RtlpHandOut(Text, RtlpIpv4Ex(Address, Port, Text), NULL, AddressString, AddressStringLength);
}

/* Windows: ip2string.h, RtlIpv6AddressToStringExA.  Differences: none. */
NTSTATUS
RtlIpv6AddressToStringExA(const struct in6_addr *Address, ULONG ScopeId, USHORT Port, PSTR AddressString, PULONG AddressStringLength)
{
    CHAR Text[RTLP_EX_CHARS];

    if (Address == NULL || AddressString == NULL || AddressStringLength == NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    return RtlpHandOut(Text, RtlpIpv6Ex(Address, ScopeId, Port, Text), AddressString, NULL, AddressStringLength);
}

/* Windows: ip2string.h, RtlIpv6AddressToStringExW.  Differences: none. */
NTSTATUS
RtlIpv6AddressToStringExW(const struct in6_addr *Address, ULONG ScopeId, USHORT Port, PWSTR AddressString, PULONG AddressStringLength)
{
    CHAR Text[RTLP_EX_CHARS];

    if (Address == NULL || AddressString == NULL || AddressStringLength == NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    return RtlpHandOut(Text, RtlpIpv6Ex(Address, ScopeId, Port, Text), NULL, AddressString, AddressStringLength);
}
