/* SPDX-License-Identifier: MIT */
/* Microsoft's names on 8-bit strings; the standard ones (strlen, memcpy, …) are libc's. */
#include "crt.h"

static unsigned char
low(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

int
_strnicmp(const char *a, const char *b, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int order = (int)low(a[i]) - (int)low(b[i]);
        if (order != 0 || a[i] == 0) {
            return order;
        }
    }
    return 0;
}

int
_stricmp(const char *a, const char *b)
{
    return _strnicmp(a, b, (size_t)-1);
}

int
stricmp(const char *a, const char *b)
{
    return _strnicmp(a, b, (size_t)-1);
}

int
strnicmp(const char *a, const char *b, size_t count)
{
    return _strnicmp(a, b, count);
}

int
_memicmp(const void *a, const void *b, size_t count)
{
    const char *x = a;
    const char *y = b;

    for (size_t i = 0; i < count; i++) {
        if (low(x[i]) != low(y[i])) {
            return (int)low(x[i]) - (int)low(y[i]);
        }
    }
    return 0;
}

char *
_strlwr(char *text)
{
    for (char *c = text; *c != 0; c++) {
        *c = (char)low(*c);
    }
    return text;
}

char *
_strupr(char *text)
{
    for (char *c = text; *c != 0; c++) {
        *c = (char)(*c >= 'a' && *c <= 'z' ? *c - 32 : *c);
    }
    return text;
}

char *
_strrev(char *text)
{
    size_t n = strlen(text);

    for (size_t i = 0; i < n / 2; i++) {
        char c = text[i];
        text[i] = text[n - 1 - i];
        text[n - 1 - i] = c;
    }
    return text;
}

char *
_strnset(char *text, int value, size_t count)
{
    for (size_t i = 0; i < count && text[i] != 0; i++) {
        text[i] = (char)value;
    }
    return text;
}

char *
_strset(char *text, int value)
{
    return _strnset(text, value, (size_t)-1);
}

size_t
strnlen_s(const char *text, size_t limit)
{
    return text == NULL ? 0 : strnlen(text, limit);
}

static errno_t
put(char *to, size_t size, size_t used, const char *from, size_t count)
{
    const CRT_TEXT text = {to, size, used, sizeof *to};

    return fbed_crt_put(text, from, from == NULL ? 0 : strnlen(from, count), count == _TRUNCATE);
}

errno_t
strcpy_s(char *to, size_t size, const char *from)
{
    return put(to, size, 0, from, (size_t)-2);
}

errno_t
strncpy_s(char *to, size_t size, const char *from, size_t count)
{
    return put(to, size, 0, from, count);
}

errno_t
strcat_s(char *to, size_t size, const char *from)
{
    return put(to, size, to == NULL ? 0 : strnlen(to, size), from, (size_t)-2);
}

errno_t
strncat_s(char *to, size_t size, const char *from, size_t count)
{
    return put(to, size, to == NULL ? 0 : strnlen(to, size), from, count);
}

errno_t
memcpy_s(void *to, size_t size, const void *from, size_t count)
{
    if (count == 0) {
        return 0;
    }
    if (to == NULL) {
        return CRT_EINVAL;
    }
    if (from == NULL || size < count) {
        memset(to, 0, size);
        return from == NULL ? CRT_EINVAL : CRT_ERANGE;
    }
    memcpy(to, from, count);
    return 0;
}

errno_t
memmove_s(void *to, size_t size, const void *from, size_t count)
{
    if (count == 0) {
        return 0;
    }
    if (to == NULL || from == NULL) {
        return CRT_EINVAL;
    }
    if (size < count) {
        return CRT_ERANGE;
    }
    memmove(to, from, count);
    return 0;
}
