/* SPDX-License-Identifier: MIT */
/*
 * printf family of the kernel, over the library's formatter.  _snprintf and _snwprintf do not terminate a full buffer and return -1
 * when the text does not fit; the _s forms always terminate.
 */
#include "crt.h"

typedef struct WIDE_SINK {
    CRT_SINK Sink;
    wchar_t *Next;
    size_t Room;
    size_t Needed;
} WIDE_SINK;

typedef struct NARROW_SINK {
    CRT_SINK Sink;
    char *Next;
    size_t Room;
    size_t Needed;
} NARROW_SINK;

static VOID
PutWide(CRT_SINK *Base, WCHAR Character)
{
    WIDE_SINK *Sink = (WIDE_SINK *)Base;

    if (Sink->Needed < Sink->Room) {
        Sink->Next[Sink->Needed] = Character;
    }
    Sink->Needed++;
}

/* Characters beyond 8 bits of a wide argument become '?', as in a code page that lacks them. */
static VOID
PutNarrow(CRT_SINK *Base, WCHAR Character)
{
    NARROW_SINK *Sink = (NARROW_SINK *)Base;

    if (Sink->Needed < Sink->Room) {
        Sink->Next[Sink->Needed] = Character > 0xFF ? '?' : (char)Character;
    }
    Sink->Needed++;
}

static size_t
FormatWide(wchar_t *to, size_t room, const wchar_t *format, va_list arguments)
{
    WIDE_SINK Sink = {{PutWide}, to, room, 0};

    fbed_format_wide(&Sink.Sink, format, arguments);
    return Sink.Needed;
}

static size_t
FormatNarrow(char *to, size_t room, const char *format, va_list arguments)
{
    NARROW_SINK Sink = {{PutNarrow}, to, room, 0};

    fbed_format_narrow(&Sink.Sink, format, arguments);
    return Sink.Needed;
}

int
_vsnwprintf(wchar_t *to, size_t size, const wchar_t *format, va_list arguments)
{
    size_t needed = FormatWide(to, size, format, arguments);

    if (needed < size) {
        to[needed] = 0;
    }
    return needed > size ? -1 : (int)needed;
}

int
_vsnprintf(char *to, size_t size, const char *format, va_list arguments)
{
    size_t needed = FormatNarrow(to, size, format, arguments);

    if (needed < size) {
        to[needed] = 0;
    }
    return needed > size ? -1 : (int)needed;
}

int
_vsnwprintf_s(wchar_t *to, size_t size, size_t count, const wchar_t *format, va_list arguments)
{
    size_t room = count == _TRUNCATE || count >= size ? size : count + 1;
    size_t needed;

    if (size == 0) {
        return -1;
    }
    needed = FormatWide(to, room - 1, format, arguments);
    to[needed < room ? needed : room - 1] = 0;
    if (needed < room) {
        return (int)needed;
    }
    if (count != _TRUNCATE && count >= size) {
        to[0] = 0;
    }
    return -1;
}

int
_vsnprintf_s(char *to, size_t size, size_t count, const char *format, va_list arguments)
{
    size_t room = count == _TRUNCATE || count >= size ? size : count + 1;
    size_t needed;

    if (size == 0) {
        return -1;
    }
    needed = FormatNarrow(to, room - 1, format, arguments);
    to[needed < room ? needed : room - 1] = 0;
    if (needed < room) {
        return (int)needed;
    }
    if (count != _TRUNCATE && count >= size) {
        to[0] = 0;
    }
    return -1;
}

int
vswprintf_s(wchar_t *to, size_t size, const wchar_t *format, va_list arguments)
{
    return _vsnwprintf_s(to, size, size, format, arguments);
}

int
vsprintf_s(char *to, size_t size, const char *format, va_list arguments)
{
    return _vsnprintf_s(to, size, size, format, arguments);
}

int
vsprintf(char *to, const char *format, va_list arguments)
{
    return _vsnprintf(to, (size_t)-1 >> 1, format, arguments);
}

#define VARIADIC(call)                \
    int result;                       \
    va_list arguments;                \
    va_start(arguments, format);      \
    result = call;                    \
    va_end(arguments);                \
    return result

int
_snwprintf(wchar_t *to, size_t size, const wchar_t *format, ...)
{
    VARIADIC(_vsnwprintf(to, size, format, arguments));
}

int
_snprintf(char *to, size_t size, const char *format, ...)
{
    VARIADIC(_vsnprintf(to, size, format, arguments));
}

int
swprintf(wchar_t *to, const wchar_t *format, ...)
{
    VARIADIC(_vsnwprintf(to, (size_t)-1 >> 2, format, arguments));
}

int
_swprintf(wchar_t *to, const wchar_t *format, ...)
{
    VARIADIC(_vsnwprintf(to, (size_t)-1 >> 2, format, arguments));
}

int
sprintf(char *to, const char *format, ...)
{
    VARIADIC(_vsnprintf(to, (size_t)-1 >> 1, format, arguments));
}

int
swprintf_s(wchar_t *to, size_t size, const wchar_t *format, ...)
{
    VARIADIC(vswprintf_s(to, size, format, arguments));
}

int
sprintf_s(char *to, size_t size, const char *format, ...)
{
    VARIADIC(vsprintf_s(to, size, format, arguments));
}

int
_snwprintf_s(wchar_t *to, size_t size, size_t count, const wchar_t *format, ...)
{
    VARIADIC(_vsnwprintf_s(to, size, count, format, arguments));
}

int
_snprintf_s(char *to, size_t size, size_t count, const char *format, ...)
{
    VARIADIC(_vsnprintf_s(to, size, count, format, arguments));
}

static size_t
Digits(unsigned __int64 value, int base, char *text)
{
    size_t n = 0;

    do {
        text[n++] = "0123456789abcdefghijklmnopqrstuvwxyz"[value % (unsigned)base];
        value /= (unsigned)base;
    } while (value != 0);
    return n;
}

char *
_ui64toa(unsigned __int64 value, char *to, int base)
{
    char text[65];
    size_t n = Digits(value, base, text);

    for (size_t i = 0; i < n; i++) {
        to[i] = text[n - 1 - i];
    }
    to[n] = 0;
    return to;
}

wchar_t *
_ui64tow(unsigned __int64 value, wchar_t *to, int base)
{
    char text[65];
    size_t n = Digits(value, base, text);

    for (size_t i = 0; i < n; i++) {
        to[i] = (wchar_t)text[n - 1 - i];
    }
    to[n] = 0;
    return to;
}

char *
_itoa(int value, char *to, int base)
{
    if (value < 0 && base == 10) {
        to[0] = '-';
        _ui64toa(0 - (unsigned __int64)(__int64)value, to + 1, base);
        return to;
    }
    return _ui64toa((unsigned)value, to, base);
}

wchar_t *
_itow(int value, wchar_t *to, int base)
{
    if (value < 0 && base == 10) {
        to[0] = L'-';
        _ui64tow(0 - (unsigned __int64)(__int64)value, to + 1, base);
        return to;
    }
    return _ui64tow((unsigned)value, to, base);
}
