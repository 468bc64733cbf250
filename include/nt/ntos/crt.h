/* SPDX-License-Identifier: MIT */
/*
 * C library routines of the kernel.  Wide ones work on 16-bit characters and the formatted ones know %wZ, %I64 and
 * 32-bit %l, so none of them may bind to the platform's C library: the runtime supplies them to each driver.
 */
#ifndef _NTOS_CRT_H_
#define _NTOS_CRT_H_

#include <ntdef.h>

EXTERN_C_START

#if defined(__cplusplus)
#define _NT_CRT_NOTHROW_ noexcept
#else
#define _NT_CRT_NOTHROW_
#endif

#ifndef _ERRNO_T_DEFINED
#define _ERRNO_T_DEFINED
typedef int errno_t;
#endif
#ifndef _TRUNCATE
#define _TRUNCATE ((size_t)-1)
#endif

/* ---- bytes ------------------------------------------------------------------------------------ */

void *memcpy(void *, const void *, size_t) _NT_CRT_NOTHROW_;
void *memmove(void *, const void *, size_t) _NT_CRT_NOTHROW_;
void *memset(void *, int, size_t) _NT_CRT_NOTHROW_;
int memcmp(const void *, const void *, size_t) _NT_CRT_NOTHROW_;
errno_t memcpy_s(void *, size_t, const void *, size_t);
errno_t memmove_s(void *, size_t, const void *, size_t);
int _memicmp(const void *, const void *, size_t);

/* ---- narrow strings --------------------------------------------------------------------------- */

size_t strlen(const char *) _NT_CRT_NOTHROW_;
size_t strnlen(const char *, size_t) _NT_CRT_NOTHROW_;
char *strcpy(char *, const char *) _NT_CRT_NOTHROW_;
char *strncpy(char *, const char *, size_t) _NT_CRT_NOTHROW_;
char *strcat(char *, const char *) _NT_CRT_NOTHROW_;
char *strncat(char *, const char *, size_t) _NT_CRT_NOTHROW_;
int strcmp(const char *, const char *) _NT_CRT_NOTHROW_;
int strncmp(const char *, const char *, size_t) _NT_CRT_NOTHROW_;
size_t strspn(const char *, const char *) _NT_CRT_NOTHROW_;
size_t strcspn(const char *, const char *) _NT_CRT_NOTHROW_;
int _stricmp(const char *, const char *);
int stricmp(const char *, const char *);
int _strnicmp(const char *, const char *, size_t);
int strnicmp(const char *, const char *, size_t);
char *_strupr(char *);
char *_strlwr(char *);
char *_strrev(char *);
char *_strset(char *, int);
char *_strnset(char *, int, size_t);
errno_t strcpy_s(char *, size_t, const char *);
errno_t strncpy_s(char *, size_t, const char *, size_t);
errno_t strcat_s(char *, size_t, const char *);
errno_t strncat_s(char *, size_t, const char *, size_t);
size_t strnlen_s(const char *, size_t);
int tolower(int) _NT_CRT_NOTHROW_;
int toupper(int) _NT_CRT_NOTHROW_;
int isdigit(int) _NT_CRT_NOTHROW_;
int isxdigit(int) _NT_CRT_NOTHROW_;
int isalpha(int) _NT_CRT_NOTHROW_;
int isalnum(int) _NT_CRT_NOTHROW_;
int isspace(int) _NT_CRT_NOTHROW_;
int isupper(int) _NT_CRT_NOTHROW_;
int islower(int) _NT_CRT_NOTHROW_;
int isprint(int) _NT_CRT_NOTHROW_;
int atoi(const char *) _NT_CRT_NOTHROW_;

/* ---- wide strings ----------------------------------------------------------------------------- */

size_t wcslen(const wchar_t *) _NT_CRT_NOTHROW_;
size_t wcsnlen(const wchar_t *, size_t) _NT_CRT_NOTHROW_;
wchar_t *wcscpy(wchar_t *, const wchar_t *) _NT_CRT_NOTHROW_;
wchar_t *wcsncpy(wchar_t *, const wchar_t *, size_t) _NT_CRT_NOTHROW_;
wchar_t *wcscat(wchar_t *, const wchar_t *) _NT_CRT_NOTHROW_;
wchar_t *wcsncat(wchar_t *, const wchar_t *, size_t) _NT_CRT_NOTHROW_;
int wcscmp(const wchar_t *, const wchar_t *) _NT_CRT_NOTHROW_;
int wcsncmp(const wchar_t *, const wchar_t *, size_t) _NT_CRT_NOTHROW_;
size_t wcsspn(const wchar_t *, const wchar_t *) _NT_CRT_NOTHROW_;
size_t wcscspn(const wchar_t *, const wchar_t *) _NT_CRT_NOTHROW_;
int _wcsicmp(const wchar_t *, const wchar_t *);
int wcsicmp(const wchar_t *, const wchar_t *);
int _wcsnicmp(const wchar_t *, const wchar_t *, size_t);
int wcsnicmp(const wchar_t *, const wchar_t *, size_t);
wchar_t *_wcslwr(wchar_t *);
wchar_t *_wcsupr(wchar_t *);
wchar_t *_wcsrev(wchar_t *);
wchar_t *_wcsset(wchar_t *, wchar_t);
errno_t _wcslwr_s(wchar_t *, size_t);
errno_t _wcsupr_s(wchar_t *, size_t);
errno_t wcscpy_s(wchar_t *, size_t, const wchar_t *);
errno_t wcsncpy_s(wchar_t *, size_t, const wchar_t *, size_t);
errno_t wcscat_s(wchar_t *, size_t, const wchar_t *);
errno_t wcsncat_s(wchar_t *, size_t, const wchar_t *, size_t);
size_t wcsnlen_s(const wchar_t *, size_t);
#if !defined(_MSC_VER)
__WINT_TYPE__ towlower(__WINT_TYPE__) _NT_CRT_NOTHROW_;
__WINT_TYPE__ towupper(__WINT_TYPE__) _NT_CRT_NOTHROW_;
wchar_t *wmemcpy(wchar_t *, const wchar_t *, size_t) _NT_CRT_NOTHROW_;
wchar_t *wmemmove(wchar_t *, const wchar_t *, size_t) _NT_CRT_NOTHROW_;
wchar_t *wmemset(wchar_t *, wchar_t, size_t) _NT_CRT_NOTHROW_;
int wmemcmp(const wchar_t *, const wchar_t *, size_t) _NT_CRT_NOTHROW_;
#else
unsigned short towlower(unsigned short);
unsigned short towupper(unsigned short);
#endif
int _wtoi(const wchar_t *);
__int64 _wtoi64(const wchar_t *);

/* ---- searching; C++ has one overload for each constness --------------------------------------- */

#if defined(__cplusplus) && !defined(_MSC_VER)
extern "C++" {
#define _NT_CRT_SEARCH_(Character, Name, Parameters) \
    Character *Name(Character * Parameters) noexcept __asm__(#Name) __attribute__((__pure__)); \
    const Character *Name(const Character * Parameters) noexcept __asm__(#Name) __attribute__((__pure__))
#define _NT_COMMA_ ,
_NT_CRT_SEARCH_(char, strchr, _NT_COMMA_ int);
_NT_CRT_SEARCH_(char, strrchr, _NT_COMMA_ int);
_NT_CRT_SEARCH_(char, strstr, _NT_COMMA_ const char *);
_NT_CRT_SEARCH_(char, strpbrk, _NT_COMMA_ const char *);
#if !defined(__clang__)
_NT_CRT_SEARCH_(wchar_t, wcschr, _NT_COMMA_ wchar_t);
_NT_CRT_SEARCH_(wchar_t, wcsrchr, _NT_COMMA_ wchar_t);
_NT_CRT_SEARCH_(wchar_t, wcsstr, _NT_COMMA_ const wchar_t *);
_NT_CRT_SEARCH_(wchar_t, wcspbrk, _NT_COMMA_ const wchar_t *);
#endif
_NT_CRT_SEARCH_(void, memchr, _NT_COMMA_ int _NT_COMMA_ size_t);
#undef _NT_COMMA_
#undef _NT_CRT_SEARCH_
int swprintf(wchar_t *, const wchar_t *, ...) __asm__("swprintf");
}
#if defined(__clang__)
wchar_t *wcschr(const wchar_t *, wchar_t) noexcept;
wchar_t *wcsrchr(const wchar_t *, wchar_t) noexcept;
wchar_t *wcsstr(const wchar_t *, const wchar_t *) noexcept;
wchar_t *wcspbrk(const wchar_t *, const wchar_t *) noexcept;
#endif
#else
char *strchr(const char *, int);
char *strrchr(const char *, int);
char *strstr(const char *, const char *);
char *strpbrk(const char *, const char *);
wchar_t *wcschr(const wchar_t *, wchar_t);
wchar_t *wcsrchr(const wchar_t *, wchar_t);
wchar_t *wcsstr(const wchar_t *, const wchar_t *);
wchar_t *wcspbrk(const wchar_t *, const wchar_t *);
void *memchr(const void *, int, size_t);
int swprintf(wchar_t *, const wchar_t *, ...);
#endif

/* ---- formatting ------------------------------------------------------------------------------- */

int sprintf(char *, const char *, ...) _NT_CRT_NOTHROW_;
int vsprintf(char *, const char *, va_list) _NT_CRT_NOTHROW_;
int _snprintf(char *, size_t, const char *, ...);
int _vsnprintf(char *, size_t, const char *, va_list);
int sprintf_s(char *, size_t, const char *, ...);
int vsprintf_s(char *, size_t, const char *, va_list);
int _snprintf_s(char *, size_t, size_t, const char *, ...);
int _vsnprintf_s(char *, size_t, size_t, const char *, va_list);
int _snwprintf(wchar_t *, size_t, const wchar_t *, ...);
int _vsnwprintf(wchar_t *, size_t, const wchar_t *, va_list);
int _swprintf(wchar_t *, const wchar_t *, ...);
int swprintf_s(wchar_t *, size_t, const wchar_t *, ...);
int vswprintf_s(wchar_t *, size_t, const wchar_t *, va_list);
int _snwprintf_s(wchar_t *, size_t, size_t, const wchar_t *, ...);
int _vsnwprintf_s(wchar_t *, size_t, size_t, const wchar_t *, va_list);
char *_itoa(int, char *, int);
wchar_t *_itow(int, wchar_t *, int);
char *_ui64toa(unsigned __int64, char *, int);
wchar_t *_ui64tow(unsigned __int64, wchar_t *, int);

/* ---- the rest --------------------------------------------------------------------------------- */

double ceil(double) _NT_CRT_NOTHROW_;
double floor(double) _NT_CRT_NOTHROW_;
double log(double) _NT_CRT_NOTHROW_;
double pow(double, double) _NT_CRT_NOTHROW_;
double sqrt(double) _NT_CRT_NOTHROW_;
int abs(int) _NT_CRT_NOTHROW_;
int rand(void) _NT_CRT_NOTHROW_;
void srand(unsigned int) _NT_CRT_NOTHROW_;
void qsort(void *, size_t, size_t, int (*)(const void *, const void *));
void *bsearch(const void *, const void *, size_t, size_t, int (*)(const void *, const void *));

EXTERN_C_END

#endif /* _NTOS_CRT_H_ */
