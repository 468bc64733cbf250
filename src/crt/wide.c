/* SPDX-License-Identifier: MIT */
/* C run-time routines on 16-bit characters.  Linked hidden into every driver, so that nothing binds to libc's 32-bit ones. */
#include "crt.h"

static wchar_t
lower(wchar_t c)
{
    return c < 0x80 ? (wchar_t)(c >= L'A' && c <= L'Z' ? c + 32 : c) : fbed_case_table(0)[c];
}

static wchar_t
upper(wchar_t c)
{
    return c < 0x80 ? (wchar_t)(c >= L'a' && c <= L'z' ? c - 32 : c) : fbed_case_table(1)[c];
}

size_t
wcsnlen(const wchar_t *text, size_t limit)
{
    size_t n = 0;

    while (n < limit && text[n] != 0) {
        n++;
    }
    return n;
}

size_t
wcslen(const wchar_t *text)
{
    return wcsnlen(text, (size_t)-1);
}

size_t
wcsnlen_s(const wchar_t *text, size_t limit)
{
    return text == NULL ? 0 : wcsnlen(text, limit);
}

wchar_t *
wmemcpy(wchar_t *to, const wchar_t *from, size_t count)
{
    return memcpy(to, from, count * sizeof(wchar_t));
}

wchar_t *
wmemmove(wchar_t *to, const wchar_t *from, size_t count)
{
    return memmove(to, from, count * sizeof(wchar_t));
}

wchar_t *
wmemset(wchar_t *to, wchar_t value, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        to[i] = value;
    }
    return to;
}

int
wmemcmp(const wchar_t *a, const wchar_t *b, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (a[i] != b[i]) {
            return a[i] < b[i] ? -1 : 1;
        }
    }
    return 0;
}

wchar_t *
wcscpy(wchar_t *to, const wchar_t *from)
{
    return wmemmove(to, from, wcslen(from) + 1);
}

wchar_t *
wcsncpy(wchar_t *to, const wchar_t *from, size_t count)
{
    size_t n = wcsnlen(from, count);

    wmemcpy(to, from, n);
    wmemset(to + n, 0, count - n);
    return to;
}

wchar_t *
wcscat(wchar_t *to, const wchar_t *from)
{
    wcscpy(to + wcslen(to), from);
    return to;
}

wchar_t *
wcsncat(wchar_t *to, const wchar_t *from, size_t count)
{
    wchar_t *end = to + wcslen(to);
    size_t n = wcsnlen(from, count);

    wmemcpy(end, from, n);
    end[n] = 0;
    return to;
}

static int
compare(const wchar_t *a, const wchar_t *b, size_t count, int fold)
{
    for (size_t i = 0; i < count; i++) {
        wchar_t x = fold ? lower(a[i]) : a[i];
        wchar_t y = fold ? lower(b[i]) : b[i];
        if (x != y) {
            return (int)x - (int)y;
        }
        if (x == 0) {
            break;
        }
    }
    return 0;
}

int
wcscmp(const wchar_t *a, const wchar_t *b)
{
    return compare(a, b, (size_t)-1, 0);
}

int
wcsncmp(const wchar_t *a, const wchar_t *b, size_t count)
{
    return compare(a, b, count, 0);
}

int
_wcsicmp(const wchar_t *a, const wchar_t *b)
{
    return compare(a, b, (size_t)-1, 1);
}

int
wcsicmp(const wchar_t *a, const wchar_t *b)
{
    return compare(a, b, (size_t)-1, 1);
}

int
_wcsnicmp(const wchar_t *a, const wchar_t *b, size_t count)
{
    return compare(a, b, count, 1);
}

int
wcsnicmp(const wchar_t *a, const wchar_t *b, size_t count)
{
    return compare(a, b, count, 1);
}

wchar_t *
wcschr(const wchar_t *text, wchar_t c)
{
    for (;; text++) {
        if (*text == c) {
            return (wchar_t *)text;
        }
        if (*text == 0) {
            return NULL;
        }
    }
}

wchar_t *
wcsrchr(const wchar_t *text, wchar_t c)
{
    const wchar_t *found = NULL;

    for (;; text++) {
        if (*text == c) {
            found = text;
        }
        if (*text == 0) {
            return (wchar_t *)found;
        }
    }
}

wchar_t *
wcsstr(const wchar_t *text, const wchar_t *part)
{
    size_t length = wcslen(part);

    for (;; text++) {
        if (wcsncmp(text, part, length) == 0) {
            return (wchar_t *)text;
        }
        if (*text == 0) {
            return NULL;
        }
    }
}

size_t
wcscspn(const wchar_t *text, const wchar_t *set)
{
    size_t n = 0;

    while (text[n] != 0 && wcschr(set, text[n]) == NULL) {
        n++;
    }
    return n;
}

size_t
wcsspn(const wchar_t *text, const wchar_t *set)
{
    size_t n = 0;

    while (text[n] != 0 && wcschr(set, text[n]) != NULL) {
        n++;
    }
    return n;
}

wchar_t *
wcspbrk(const wchar_t *text, const wchar_t *set)
{
    size_t n = wcscspn(text, set);

    return text[n] != 0 ? (wchar_t *)text + n : NULL;
}

wchar_t *
_wcslwr(wchar_t *text)
{
    for (wchar_t *c = text; *c != 0; c++) {
        *c = lower(*c);
    }
    return text;
}

wchar_t *
_wcsupr(wchar_t *text)
{
    for (wchar_t *c = text; *c != 0; c++) {
        *c = upper(*c);
    }
    return text;
}

wchar_t *
_wcsrev(wchar_t *text)
{
    size_t n = wcslen(text);

    for (size_t i = 0; i < n / 2; i++) {
        wchar_t c = text[i];
        text[i] = text[n - 1 - i];
        text[n - 1 - i] = c;
    }
    return text;
}

wchar_t *
_wcsset(wchar_t *text, wchar_t value)
{
    return wmemset(text, value, wcslen(text));
}

errno_t
_wcslwr_s(wchar_t *text, size_t size)
{
    if (text == NULL || wcsnlen(text, size) == size) {
        return CRT_EINVAL;
    }
    _wcslwr(text);
    return 0;
}

errno_t
_wcsupr_s(wchar_t *text, size_t size)
{
    if (text == NULL || wcsnlen(text, size) == size) {
        return CRT_EINVAL;
    }
    _wcsupr(text);
    return 0;
}

static errno_t
put(wchar_t *to, size_t size, size_t used, const wchar_t *from, size_t count)
{
    const CRT_TEXT text = {to, size, used, sizeof *to};

    return fbed_crt_put(text, from, from == NULL ? 0 : wcsnlen(from, count), count == _TRUNCATE);
}

errno_t
wcscpy_s(wchar_t *to, size_t size, const wchar_t *from)
{
    return put(to, size, 0, from, (size_t)-2);
}

errno_t
wcsncpy_s(wchar_t *to, size_t size, const wchar_t *from, size_t count)
{
    return put(to, size, 0, from, count);
}

errno_t
wcscat_s(wchar_t *to, size_t size, const wchar_t *from)
{
    return put(to, size, to == NULL ? 0 : wcsnlen(to, size), from, (size_t)-2);
}

errno_t
wcsncat_s(wchar_t *to, size_t size, const wchar_t *from, size_t count)
{
    return put(to, size, to == NULL ? 0 : wcsnlen(to, size), from, count);
}

__WINT_TYPE__
towlower(__WINT_TYPE__ c)
{
    return lower((wchar_t)c);
}

__WINT_TYPE__
towupper(__WINT_TYPE__ c)
{
    return upper((wchar_t)c);
}

__int64
_wtoi64(const wchar_t *text)
{
    __int64 value = 0;
    int negative;

    while (*text == L' ' || (*text >= L'\t' && *text <= L'\r')) {
        text++;
    }
    negative = *text == L'-';
    if (*text == L'-' || *text == L'+') {
        text++;
    }
    while (*text >= L'0' && *text <= L'9') {
        value = (__int64)((unsigned __int64)value * 10 + (unsigned)(*text++ - L'0'));
    }
    return negative ? -value : value;
}

int
_wtoi(const wchar_t *text)
{
    return (int)_wtoi64(text);
}
