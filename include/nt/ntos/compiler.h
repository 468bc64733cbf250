/* SPDX-License-Identifier: MIT */
/*
 * Compiler glue: what the Microsoft compiler has built in and gcc or clang for ELF lack.
 * With clang's x86_64-pc-windows-msvc target nearly everything here is left to the compiler.
 */
#ifndef _NTOS_COMPILER_H_
#define _NTOS_COMPILER_H_

#if defined(_MSC_VER)
#define _NT_NATIVE_KEYWORDS_ 1
#elif defined(__clang__)
#if !__is_identifier(__int64)
#define _NT_NATIVE_KEYWORDS_ 1
#endif
#endif

/* Architecture names that the Microsoft compiler or the WDK's build predefine. */
#ifndef _WIN64
#define _WIN64 1
#endif
#ifndef _AMD64_
#define _AMD64_ 1
#endif
#ifndef AMD64
#define AMD64 1
#endif
#if !defined(_MSC_VER)
#ifndef _M_AMD64
#define _M_AMD64 100
#endif
#ifndef _M_X64
#define _M_X64 100
#endif
#endif

#ifdef __cplusplus
#define EXTERN_C extern "C"
#define EXTERN_C_START extern "C" {
#define EXTERN_C_END }
#else
#define EXTERN_C extern
#define EXTERN_C_START
#define EXTERN_C_END
#endif

#if !defined(_MSC_VER)

/* One calling convention for all: the platform's. */
#undef __cdecl
#undef __stdcall
#undef __fastcall
#undef __vectorcall
#undef __thiscall
#undef _cdecl
#undef _stdcall
#undef _fastcall
#define __cdecl
#define __stdcall
#define __fastcall
#define __vectorcall
#define __thiscall
#define _cdecl
#define _stdcall
#define _fastcall

#ifndef _NT_NATIVE_KEYWORDS_
#define __int8 char
#define __int16 short
#define __int32 int
#define __int64 long long
#define __forceinline __inline __attribute__((__always_inline__))
#define __pragma(Tokens)
#define __unaligned
#define __ptr32
#define __ptr64
#define __w64
#define __uptr
#define __sptr
#define __assume(Expression) \
    do { \
        if (!(Expression)) { \
            __builtin_unreachable(); \
        } \
    } while (0)
#define __noop(...) ((void)0)
#define __debugbreak() __asm__ __volatile__("int3")

/* One attribute per __declspec; the spellings of the Microsoft compiler. */
#define __declspec(Attribute) __declspec_##Attribute
#define __declspec_align(Bytes) __attribute__((__aligned__(Bytes)))
#define __declspec_noinline __attribute__((__noinline__))
#define __declspec_noreturn __attribute__((__noreturn__))
#define __declspec_nothrow __attribute__((__nothrow__))
#define __declspec_selectany __attribute__((__weak__))
#define __declspec_thread __thread
#define __declspec_deprecated __attribute__((__deprecated__))
#define __declspec_dllimport
#define __declspec_dllexport __attribute__((__visibility__("default")))
#define __declspec_novtable
#define __declspec_noalias
#define __declspec_restrict
#define __declspec_safebuffers
#define __declspec_guard(Mode)
#define __declspec_allocate(Section)
#define __declspec_code_seg(Section)
#define __declspec_uuid(Text)
#define __declspec_property(...)
#define __declspec_no_sanitize_address __attribute__((__no_sanitize_address__))
#endif /* !_NT_NATIVE_KEYWORDS_ */

#ifndef FORCEINLINE
#define FORCEINLINE __inline __attribute__((__always_inline__))
#endif
#define CFORCEINLINE FORCEINLINE
#define DECLSPEC_ALIGN(Bytes) __attribute__((__aligned__(Bytes)))
#define DECLSPEC_NOINLINE __attribute__((__noinline__))
#define DECLSPEC_NORETURN __attribute__((__noreturn__))
#define DECLSPEC_NOTHROW __attribute__((__nothrow__))
#define DECLSPEC_SELECTANY __attribute__((__weak__))
#define DECLSPEC_DEPRECATED __attribute__((__deprecated__))
#define DECLSPEC_IMPORT
#define DECLSPEC_EXPORT __attribute__((__visibility__("default")))
#define DECLSPEC_ADDRSAFE
#define DECLSPEC_NOVTABLE
#define DECLSPEC_RESTRICT
#define DECLSPEC_NOALIAS
#define DECLSPEC_UUID(Text)
#define DECLSPEC_SAFEBUFFERS
#define DECLSPEC_GUARDNOCF
#define DECLSPEC_GUARD_SUPPRESS

#else /* _MSC_VER */

#ifndef FORCEINLINE
#define FORCEINLINE __forceinline
#endif
#define CFORCEINLINE FORCEINLINE
#define DECLSPEC_ALIGN(Bytes) __declspec(align(Bytes))
#define DECLSPEC_NOINLINE __declspec(noinline)
#define DECLSPEC_NORETURN __declspec(noreturn)
#define DECLSPEC_NOTHROW __declspec(nothrow)
#define DECLSPEC_SELECTANY __declspec(selectany)
#define DECLSPEC_DEPRECATED __declspec(deprecated)
#define DECLSPEC_IMPORT __declspec(dllimport)
#define DECLSPEC_EXPORT __declspec(dllexport)
#define DECLSPEC_ADDRSAFE
#define DECLSPEC_NOVTABLE __declspec(novtable)
#define DECLSPEC_RESTRICT __declspec(restrict)
#define DECLSPEC_NOALIAS __declspec(noalias)
#define DECLSPEC_UUID(Text) __declspec(uuid(Text))
#define DECLSPEC_SAFEBUFFERS __declspec(safebuffers)
#define DECLSPEC_GUARDNOCF
#define DECLSPEC_GUARD_SUPPRESS

#endif /* _MSC_VER */

#ifndef DECLSPEC_CACHEALIGN
#define DECLSPEC_CACHEALIGN DECLSPEC_ALIGN(64)
#endif
#define SYSTEM_CACHE_ALIGNMENT_SIZE 64
#define DECLSPEC_DEPRECATED_DDK
#define DECLSPEC_DEPRECATED_DDK_WINXP
#define PRAGMA_DEPRECATED_DDK 0
#define DEPRECATE_DDK_FUNCTION(Name)
#define POST_RETURN

/* Linkage names of the WDK.  All empty: one convention, one image. A build may predefine the API ones. */
#ifndef NTSYSAPI
#define NTSYSAPI
#endif
#ifndef NTSYSCALLAPI
#define NTSYSCALLAPI
#endif
#ifndef NTKERNELAPI
#define NTKERNELAPI
#endif
#ifndef NTHALAPI
#define NTHALAPI
#endif
#ifndef NTAPI
#define NTAPI
#endif
#ifndef FASTCALL
#define FASTCALL
#endif
#ifndef CDECL
#define CDECL
#endif
#ifndef STDAPIVCALLTYPE
#define STDAPIVCALLTYPE
#endif
#define NTAPI_INLINE NTAPI
#define DDKAPI
#define DDKCDECLAPI
#define DDKFASTAPI
#define DECLSPEC_DEPRECATED_DDKFUNC

#ifndef UNALIGNED
#define UNALIGNED
#endif
#ifndef UNALIGNED64
#define UNALIGNED64
#endif
#define RESTRICTED_POINTER
#define POINTER_32
#define POINTER_64
#define FIRMWARE_PTR

#endif /* _NTOS_COMPILER_H_ */
