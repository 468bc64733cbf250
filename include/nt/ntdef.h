/* SPDX-License-Identifier: MIT */
/* Basic types of Windows NT.  LONG and ULONG are 32 bits everywhere, pointers 64. */
#ifndef _NTDEF_
#define _NTDEF_

#include <stdarg.h>
#include <stddef.h>

#include <ntos/compiler.h>
#include <sal.h>
#include <specstrings.h>
#include <driverspecs.h>
#include <sdkddkver.h>

EXTERN_C_START

#ifndef IN
#define IN
#endif
#ifndef OUT
#define OUT
#endif
#ifndef OPTIONAL
#define OPTIONAL
#endif
#ifndef CONST
#define CONST const
#endif
#ifndef CRITICAL
#define CRITICAL
#endif
#ifndef NOTHING
#define NOTHING
#endif

#ifndef NULL
#ifdef __cplusplus
#define NULL 0
#else
#define NULL ((void *)0)
#endif
#endif
#ifndef NULL64
#define NULL64 ((void *)0)
#endif

/* ---- scalars ------------------------------------------------------------------------------- */

#ifndef VOID
#define VOID void
#endif
typedef char CHAR;
typedef short SHORT;
typedef int INT;
typedef signed char SCHAR, *PSCHAR;
typedef unsigned char UCHAR;
typedef unsigned short USHORT;
typedef unsigned int UINT;
#if defined(_MSC_VER)
typedef long LONG;
typedef unsigned long ULONG;
#else
typedef int LONG;
typedef unsigned int ULONG;
#endif
typedef __int64 LONGLONG;
typedef unsigned __int64 ULONGLONG;
typedef unsigned __int64 DWORDLONG;
typedef double DOUBLE;
typedef float FLOAT;

typedef signed char INT8;
typedef signed short INT16;
typedef signed int INT32;
typedef __int64 INT64;
typedef unsigned char UINT8;
typedef unsigned short UINT16;
typedef unsigned int UINT32;
typedef unsigned __int64 UINT64;
typedef signed int LONG32;
typedef unsigned int ULONG32;
typedef unsigned int DWORD32;
typedef __int64 LONG64;
typedef unsigned __int64 ULONG64;
typedef unsigned __int64 DWORD64;

/* The compiler's own size types, so that SIZE_T is size_t as on Windows. */
typedef __PTRDIFF_TYPE__ INT_PTR;
typedef __PTRDIFF_TYPE__ LONG_PTR;
typedef __SIZE_TYPE__ UINT_PTR;
typedef __SIZE_TYPE__ ULONG_PTR;
typedef ULONG_PTR SIZE_T;
typedef LONG_PTR SSIZE_T;
typedef unsigned int UHALF_PTR;
typedef int HALF_PTR;
typedef ULONG_PTR KAFFINITY;
typedef LONG_PTR SPFN_NUMBER;
typedef ULONG_PTR PFN_NUMBER;

typedef wchar_t WCHAR;
typedef char CCHAR;
typedef short CSHORT;
typedef ULONG CLONG;
typedef UCHAR BOOLEAN;
typedef UCHAR FCHAR;
typedef USHORT FSHORT;
typedef ULONG FLONG;
typedef LONG HRESULT;
typedef LONG NTSTATUS;
typedef ULONG LCID;
typedef USHORT LANGID;
typedef ULONG LOGICAL;
typedef LONG KPRIORITY;
typedef CCHAR KPROCESSOR_MODE;
typedef UCHAR KIRQL;
typedef ULONG_PTR KSPIN_LOCK;
typedef ULONG ACCESS_MASK;
typedef ULONG SECURITY_INFORMATION;
typedef ULONG EXECUTION_STATE;
typedef LONGLONG USN;
typedef ULONG NODE_REQUIREMENT;
typedef UCHAR KPROCESSOR_NUMBER_TYPE;

/* Windows' Win32 spellings, which a good half of all drivers mix in. */
typedef int BOOL;
typedef unsigned char BYTE;
typedef unsigned short WORD;
typedef ULONG DWORD;

typedef void *PVOID;
typedef void *PVOID64;
typedef void *HANDLE;
typedef HANDLE *PHANDLE;
typedef CHAR *PCHAR, *LPCH, *PCH, *PSZ, *NPSTR, *LPSTR, *PSTR;
typedef CONST CHAR *LPCCH, *PCCH, *LPCSTR, *PCSTR, *PCSZ, *PCNZCH;
typedef PSTR *PZPSTR;
typedef CONST PSTR *PCZPSTR;
typedef PCSTR *PZPCSTR;
typedef WCHAR *PWCHAR, *LPWCH, *PWCH, *NWPSTR, *LPWSTR, *PWSTR;
typedef CONST WCHAR *LPCWCH, *PCWCH, *PCWCHAR, *LPCWSTR, *PCWSTR, *PCNZWCH, *LPCUWSTR, *PCUWSTR;
typedef PWSTR *PZPWSTR;
typedef PCWSTR *PZPCWSTR;
typedef WCHAR *PZZWSTR;
typedef CONST WCHAR *PCZZWSTR;
typedef CHAR *PZZSTR;
typedef CONST CHAR *PCZZSTR;
typedef SHORT *PSHORT;
typedef LONG *PLONG;
typedef INT *PINT;
typedef UCHAR *PUCHAR;
typedef USHORT *PUSHORT;
typedef UINT *PUINT;
typedef ULONG *PULONG;
typedef LONGLONG *PLONGLONG;
typedef ULONGLONG *PULONGLONG;
typedef DWORDLONG *PDWORDLONG;
typedef INT8 *PINT8;
typedef INT16 *PINT16;
typedef INT32 *PINT32;
typedef INT64 *PINT64;
typedef UINT8 *PUINT8;
typedef UINT16 *PUINT16;
typedef UINT32 *PUINT32;
typedef UINT64 *PUINT64;
typedef LONG32 *PLONG32;
typedef ULONG32 *PULONG32;
typedef LONG64 *PLONG64;
typedef ULONG64 *PULONG64;
typedef DWORD64 *PDWORD64;
typedef DWORD32 *PDWORD32;
typedef INT_PTR *PINT_PTR;
typedef UINT_PTR *PUINT_PTR;
typedef LONG_PTR *PLONG_PTR;
typedef ULONG_PTR *PULONG_PTR;
typedef ULONG_PTR DWORD_PTR, *PDWORD_PTR;
typedef SIZE_T *PSIZE_T;
typedef SSIZE_T *PSSIZE_T;
typedef KAFFINITY *PKAFFINITY;
typedef PFN_NUMBER *PPFN_NUMBER;
typedef CCHAR *PCCHAR;
typedef CSHORT *PCSHORT;
typedef CLONG *PCLONG;
typedef BOOLEAN *PBOOLEAN;
typedef BOOL *PBOOL, *LPBOOL;
typedef BYTE *PBYTE, *LPBYTE;
typedef WORD *PWORD, *LPWORD;
typedef DWORD *PDWORD, *LPDWORD;
typedef INT *LPINT;
typedef LONG *LPLONG;
typedef void *LPVOID;
typedef CONST void *LPCVOID;
typedef FLOAT *PFLOAT;
typedef DOUBLE *PDOUBLE;
typedef LCID *PLCID;
typedef LOGICAL *PLOGICAL;
typedef NTSTATUS *PNTSTATUS;
typedef KIRQL *PKIRQL;
typedef KSPIN_LOCK *PKSPIN_LOCK;
typedef ACCESS_MASK *PACCESS_MASK;
typedef SECURITY_INFORMATION *PSECURITY_INFORMATION;
typedef PVOID PSECURITY_DESCRIPTOR;
typedef PVOID PSID;
typedef PVOID PACCESS_TOKEN;
typedef CONST UCHAR *PCUCHAR;
typedef CONST USHORT *PCUSHORT;
typedef CONST ULONG *PCULONG;

#ifdef __cplusplus
static_assert(sizeof(WCHAR) == 2, "compile with 16-bit wide characters (-fshort-wchar)");
static_assert(sizeof(LONG) == 4 && sizeof(PVOID) == 8, "LONG has 32 bits, pointers have 64");
#else
_Static_assert(sizeof(L'x') == 2, "compile with 16-bit wide characters (-fshort-wchar)");
_Static_assert(sizeof(LONG) == 4 && sizeof(PVOID) == 8, "LONG has 32 bits, pointers have 64");
#endif

#ifndef TRUE
#define TRUE 1
#endif
#ifndef FALSE
#define FALSE 0
#endif

#define ANYSIZE_ARRAY 1
#define MAXCHAR 0x7f
#define MAXSHORT 0x7fff
#define MAXLONG 0x7fffffff
#define MAXUCHAR 0xff
#define MAXUSHORT 0xffff
#define MAXULONG 0xffffffffU
#define MAXLONGLONG (0x7fffffffffffffffLL)
#define MAXULONGLONG (~((ULONGLONG)0))
#define MAXULONG_PTR (~((ULONG_PTR)0))
#define MAXLONG_PTR ((LONG_PTR)(MAXULONG_PTR >> 1))
#define MAXSIZE_T MAXULONG_PTR
#define MINCHAR 0x80
#define MINSHORT 0x8000
#define MINLONG 0x80000000U
#define MAXUINT8 ((UINT8)~((UINT8)0))
#define MAXUINT16 ((UINT16)~((UINT16)0))
#define MAXUINT32 ((UINT32)~((UINT32)0))
#define MAXUINT64 ((UINT64)~((UINT64)0))
#define MAXDWORD 0xffffffffU
#define MAXWORD 0xffff
#define MAXBYTE 0xff
#define UNICODE_NULL ((WCHAR)0)
#define UNICODE_STRING_MAX_BYTES ((USHORT)65534)
#define UNICODE_STRING_MAX_CHARS (32767)
#define ANSI_NULL ((CHAR)0)
#ifndef MAX_PATH
#define MAX_PATH 260
#endif
#define MAXIMUM_LEADBYTES 12
#define MEMORY_ALLOCATION_ALIGNMENT 16

#define NT_SUCCESS(Status) (((NTSTATUS)(Status)) >= 0)
#define NT_INFORMATION(Status) ((((ULONG)(Status)) >> 30) == 1)
#define NT_WARNING(Status) ((((ULONG)(Status)) >> 30) == 2)
#define NT_ERROR(Status) ((((ULONG)(Status)) >> 30) == 3)
#define NT_FACILITY_MASK 0xfff
#define NT_FACILITY_SHIFT 16
#define NT_FACILITY(Status) ((((ULONG)(Status)) >> NT_FACILITY_SHIFT) & NT_FACILITY_MASK)
#define NT_CUSTOMER_SHIFT 29
#define NT_CUSTOMER(Status) ((((ULONG)(Status)) >> NT_CUSTOMER_SHIFT) & 1)
#define APPLICATION_ERROR_MASK 0x20000000
#define ERROR_SEVERITY_SUCCESS 0x00000000
#define ERROR_SEVERITY_INFORMATIONAL 0x40000000
#define ERROR_SEVERITY_WARNING 0x80000000
#define ERROR_SEVERITY_ERROR 0xC0000000

/* ---- macros -------------------------------------------------------------------------------- */

#define UNREFERENCED_PARAMETER(P) ((void)(P))
#define DBG_UNREFERENCED_PARAMETER(P) ((void)(P))
#define DBG_UNREFERENCED_LOCAL_VARIABLE(V) ((void)(V))
#define DEFAULT_UNREACHABLE \
    default: \
        __builtin_unreachable()

#define FIELD_OFFSET(Type, Field) ((LONG)__builtin_offsetof(Type, Field))
#define UFIELD_OFFSET(Type, Field) ((ULONG)__builtin_offsetof(Type, Field))
#define CONTAINING_RECORD(Address, Type, Field) \
    ((Type *)((PCHAR)(Address) - (ULONG_PTR)__builtin_offsetof(Type, Field)))
#define RTL_FIELD_TYPE(Type, Field) (((Type *)0)->Field)
#define RTL_FIELD_SIZE(Type, Field) (sizeof(((Type *)0)->Field))
#define FIELD_SIZE(Type, Field) RTL_FIELD_SIZE(Type, Field)
#define RTL_SIZEOF_THROUGH_FIELD(Type, Field) (FIELD_OFFSET(Type, Field) + RTL_FIELD_SIZE(Type, Field))
#define RTL_CONTAINS_FIELD(Struct, Size, Field) \
    ((((PCHAR)(&(Struct)->Field)) + sizeof((Struct)->Field)) <= (((PCHAR)(Struct)) + (Size)))
#define RTL_NUMBER_OF_V1(A) (sizeof(A) / sizeof((A)[0]))
#define RTL_NUMBER_OF_V2(A) RTL_NUMBER_OF_V1(A)
#define RTL_NUMBER_OF(A) RTL_NUMBER_OF_V1(A)
#define RTL_NUMBER_OF_FIELD(Type, Field) (RTL_NUMBER_OF(RTL_FIELD_TYPE(Type, Field)))
#ifndef ARRAYSIZE
#define ARRAYSIZE(A) RTL_NUMBER_OF_V2(A)
#endif
#ifndef _ARRAYSIZE
#define _ARRAYSIZE(A) RTL_NUMBER_OF_V1(A)
#endif
#ifndef _countof
#define _countof(A) RTL_NUMBER_OF_V1(A)
#endif
#define RTL_BITS_OF(SizeOfArg) (sizeof(SizeOfArg) * 8)
#define RTL_BITS_OF_FIELD(Type, Field) (RTL_BITS_OF(RTL_FIELD_TYPE(Type, Field)))
#define RTL_CONST_CAST(Type) (Type)

#define ARGUMENT_PRESENT(ArgumentPointer) ((CHAR *)((ULONG_PTR)(ArgumentPointer)) != (CHAR *)(NULL))
#define FlagOn(F, SF) ((F) & (SF))
#define BooleanFlagOn(F, SF) ((BOOLEAN)(((F) & (SF)) != 0))
#define SetFlag(F, SF) ((F) |= (SF))
#define ClearFlag(F, SF) ((F) &= ~(SF))

#ifdef __cplusplus
#define C_ASSERT(Expression) static_assert(Expression, #Expression)
#else
#define C_ASSERT(Expression) _Static_assert(Expression, #Expression)
#endif

/* The Microsoft C library's macros, which drivers use without including stdlib.h. */
#if !defined(NOMINMAX) && !defined(__cplusplus)
#ifndef min
#define min(A, B) (((A) < (B)) ? (A) : (B))
#endif
#ifndef max
#define max(A, B) (((A) > (B)) ? (A) : (B))
#endif
#endif

#define MAKEWORD(Low, High) \
    ((WORD)(((BYTE)((DWORD_PTR)(Low) & 0xff)) | ((WORD)((BYTE)((DWORD_PTR)(High) & 0xff))) << 8))
#define MAKELONG(Low, High) \
    ((LONG)(((WORD)((DWORD_PTR)(Low) & 0xffff)) | ((DWORD)((WORD)((DWORD_PTR)(High) & 0xffff))) << 16))
#define LOWORD(Value) ((WORD)(((DWORD_PTR)(Value)) & 0xffff))
#define HIWORD(Value) ((WORD)((((DWORD_PTR)(Value)) >> 16) & 0xffff))
#define LOBYTE(Value) ((BYTE)(((DWORD_PTR)(Value)) & 0xff))
#define HIBYTE(Value) ((BYTE)((((DWORD_PTR)(Value)) >> 8) & 0xff))

#define HandleToULong(Handle) ((ULONG)(ULONG_PTR)(Handle))
#define HandleToLong(Handle) ((LONG)(LONG_PTR)(Handle))
#define HandleToUlong(Handle) HandleToULong(Handle)
#define ULongToHandle(Value) ((HANDLE)(ULONG_PTR)(ULONG)(Value))
#define UlongToHandle(Value) ULongToHandle(Value)
#define LongToHandle(Value) ((HANDLE)(LONG_PTR)(LONG)(Value))
#define PtrToUlong(Pointer) ((ULONG)(ULONG_PTR)(Pointer))
#define PtrToULong(Pointer) PtrToUlong(Pointer)
#define PtrToLong(Pointer) ((LONG)(LONG_PTR)(Pointer))
#define PtrToUint(Pointer) ((UINT)(UINT_PTR)(Pointer))
#define PtrToInt(Pointer) ((INT)(INT_PTR)(Pointer))
#define PtrToUshort(Pointer) ((USHORT)(ULONG_PTR)(Pointer))
#define PtrToShort(Pointer) ((SHORT)(LONG_PTR)(Pointer))
#define UlongToPtr(Value) ((VOID *)(ULONG_PTR)((ULONG)(Value)))
#define ULongToPtr(Value) UlongToPtr(Value)
#define LongToPtr(Value) ((VOID *)(LONG_PTR)((LONG)(Value)))
#define UintToPtr(Value) ((VOID *)(UINT_PTR)((UINT)(Value)))
#define IntToPtr(Value) ((VOID *)(INT_PTR)((INT)(Value)))
#define Ptr32ToPtr(Value) ((VOID *)(ULONG_PTR)(ULONG)(Value))
#define PtrToPtr32(Pointer) ((ULONG)(ULONG_PTR)(Pointer))
#define Int32x32To64(A, B) (((LONGLONG)((LONG)(A))) * ((LONGLONG)((LONG)(B))))
#define UInt32x32To64(A, B) (((ULONGLONG)((ULONG)(A))) * ((ULONGLONG)((ULONG)(B))))
#define Int64ShllMod32(A, B) (((ULONGLONG)(A)) << (B))
#define Int64ShraMod32(A, B) (((LONGLONG)(A)) >> (B))
#define Int64ShrlMod32(A, B) (((ULONGLONG)(A)) >> (B))

#define ALIGN_DOWN_BY(Length, Alignment) ((ULONG_PTR)(Length) & ~((ULONG_PTR)(Alignment) - 1))
#define ALIGN_UP_BY(Length, Alignment) (ALIGN_DOWN_BY(((ULONG_PTR)(Length) + (Alignment) - 1), Alignment))
#define ALIGN_DOWN_POINTER_BY(Address, Alignment) ((PVOID)ALIGN_DOWN_BY(Address, Alignment))
#define ALIGN_UP_POINTER_BY(Address, Alignment) ((PVOID)ALIGN_UP_BY(Address, Alignment))
#define ALIGN_DOWN(Length, Type) ALIGN_DOWN_BY(Length, sizeof(Type))
#define ALIGN_UP(Length, Type) ALIGN_UP_BY(Length, sizeof(Type))
#define ALIGN_DOWN_POINTER(Address, Type) ALIGN_DOWN_POINTER_BY(Address, sizeof(Type))
#define ALIGN_UP_POINTER(Address, Type) ALIGN_UP_POINTER_BY(Address, sizeof(Type))
#ifndef TYPE_ALIGNMENT
#define TYPE_ALIGNMENT(Type) __alignof__(Type)
#endif

#define DECLARE_HANDLE(Name) \
    struct Name##__ { \
        int unused; \
    }; \
    typedef struct Name##__ *Name

#define DEFINE_ENUM_FLAG_OPERATORS(Type)

#ifndef _TCHAR_DEFINED
#define _TCHAR_DEFINED
#ifdef UNICODE
typedef WCHAR TCHAR, *PTCHAR;
typedef PWSTR PTSTR, LPTSTR;
typedef PCWSTR PCTSTR, LPCTSTR;
#else
typedef CHAR TCHAR, *PTCHAR;
typedef PSTR PTSTR, LPTSTR;
typedef PCSTR PCTSTR, LPCTSTR;
#endif
#endif

#ifndef TEXT
#ifdef UNICODE
#define __TEXT(Quote) L##Quote
#else
#define __TEXT(Quote) Quote
#endif
#define TEXT(Quote) __TEXT(Quote)
#endif

#include <ntos/basetypes.h>

EXTERN_C_END

#endif /* _NTDEF_ */
