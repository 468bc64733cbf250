/* SPDX-License-Identifier: MIT */
/*
 * Structured exception handling.
 *
 * The Microsoft targets have it in the compiler.  Elsewhere __try, __except, __finally and __leave are macros, in C also
 * their lower-case forms, over a list of frames of the thread.  A frame remembers registers as setjmp does; the
 * runtime enters it again with a reason (_SehWhy):
 *
 *   0  first time: runs the body
 *   1  an exception is looking for a handler: the filter is evaluated below the point of the exception, on its stack
 *   2  the filter took the exception: inner termination handlers have run, the stack is cut back, the handler runs
 *   3  the body was left by return, goto, break or continue: a termination handler runs before that goes on
 *   4  an exception passes through: a termination handler runs, then the unwinding goes on
 *
 * Limits: __try stands in statement position; break or continue may not leave a termination handler; and in an
 * optimised unit a handler may read locals as they were before the body.  So optimisation is off for a unit that includes
 * this file, unless it defines NT_SEH_OPTIMIZED, which is right for all units without __try.
 */
#ifndef _NT_SEH_H_
#define _NT_SEH_H_

#include <ntdef.h>
#include <ntos/context.h>

#if defined(_MSC_VER)

#define GetExceptionCode _exception_code
#define GetExceptionInformation() ((PEXCEPTION_POINTERS)_exception_info())
#define AbnormalTermination _abnormal_termination
#ifndef __cplusplus
#define try __try
#define except __except
#define finally __finally
#define leave __leave
#endif

#else /* !_MSC_VER */

#if !defined(NT_SEH_OPTIMIZED) && defined(__OPTIMIZE__)
#if defined(__clang__)
#pragma clang optimize off
#else
#pragma GCC optimize("O0")
#endif
#endif

EXTERN_C_START

struct _NT_SEH_FRAME {
    ULONG64 Registers[8]; /* rbx rbp r12 r13 r14 r15 rsp rip */
    PVOID Resume;         /* stack of the runtime while it has entered the frame */
    struct _NT_SEH_FRAME *Previous;
    struct _NT_SEH_FRAME *Target; /* reason 4: where the unwinding ends */
    PVOID Function;               /* frame address of the function */
    SIZE_T One;
    LONG Code;
    UCHAR Busy;        /* its filter, or one further out, is being evaluated */
    UCHAR Termination; /* answered that it has no filter */
};

struct _NT_SEH_GUARD {
    struct _NT_SEH_FRAME *Frame;
    LONG Normal;
};

struct _NT_SEH_TERMINATION {
    LONG Started;
    LONG Why;
    PVOID Resume;
    struct _NT_SEH_FRAME *Target;
    LONG Code;
};

VOID RtlpSehEnter(struct _NT_SEH_FRAME *Frame, PVOID Function);
LONG RtlpSehSetJump(struct _NT_SEH_FRAME *Frame) __attribute__((__returns_twice__));
VOID RtlpSehGuardExit(struct _NT_SEH_GUARD *Guard);
VOID RtlpSehReturn(PVOID Resume, LONG Value);
VOID RtlpSehSetTaken(LONG Taken);
LONG RtlpSehTaken(VOID);
VOID RtlpSehSetTermination(struct _NT_SEH_FRAME *Frame, LONG Why);
LONG RtlpSehTerminate(struct _NT_SEH_TERMINATION *Termination);
NTSTATUS RtlpSehExceptionCode(PVOID Function);
PEXCEPTION_POINTERS RtlpSehExceptionInformation(PVOID Function);

EXTERN_C_END

#define _NT_SEH_NO_FILTER_ 0x5e4
/* The allocation, which never happens, makes the compiler address locals by a frame register, whatever the stack pointer. */
#define _NT_SEH_TRY_ \
    { \
        __label__ _SehLeave, _SehFirst; \
        if (0) { \
            goto _SehFirst; \
        } \
        struct _NT_SEH_FRAME _SehFrame; \
        LONG _SehWhy; \
    _SehFirst: \
        RtlpSehEnter(&_SehFrame, __builtin_frame_address(0)); \
        if (_SehFrame.One == 0) { \
            _SehFrame.Resume = __builtin_alloca(16); \
        } \
        _SehWhy = RtlpSehSetJump(&_SehFrame); \
        if (_SehWhy == 0) { \
            struct _NT_SEH_GUARD _SehGuard __attribute__((__cleanup__(RtlpSehGuardExit))) = { \
                &_SehFrame, 0};

#define _NT_SEH_EXCEPT_(...) \
        _SehLeave: __attribute__((__unused__)); \
            _SehGuard.Normal = 1; \
        } else if (_SehWhy == 1) { \
            RtlpSehReturn(_SehFrame.Resume, (LONG)(__VA_ARGS__)); \
        } else if (_SehWhy == 3) { \
            RtlpSehReturn(_SehFrame.Resume, 0); \
        } \
        RtlpSehSetTaken(_SehWhy == 2); \
    } \
    if (RtlpSehTaken())

#define _NT_SEH_FINALLY_ \
        _SehLeave: __attribute__((__unused__)); \
            _SehGuard.Normal = 1; \
        } else if (_SehWhy == 1) { \
            RtlpSehReturn(_SehFrame.Resume, _NT_SEH_NO_FILTER_); \
        } \
        RtlpSehSetTermination(&_SehFrame, _SehWhy); \
    } \
    for (struct _NT_SEH_TERMINATION _SehTermination = {0, 0, NULL, NULL, 0}; \
         RtlpSehTerminate(&_SehTermination);)

#define _NT_SEH_LEAVE_ goto _SehLeave

#undef __try
#undef __except
#undef __finally
#undef __leave
#define __try _NT_SEH_TRY_
#define __except(...) _NT_SEH_EXCEPT_(__VA_ARGS__)
#define __finally _NT_SEH_FINALLY_
#define __leave _NT_SEH_LEAVE_
#define _try _NT_SEH_TRY_
#define _except(...) _NT_SEH_EXCEPT_(__VA_ARGS__)
#define _finally _NT_SEH_FINALLY_
#define _leave _NT_SEH_LEAVE_
#ifndef __cplusplus
#define try _NT_SEH_TRY_
#define except(...) _NT_SEH_EXCEPT_(__VA_ARGS__)
#define finally _NT_SEH_FINALLY_
#define leave _NT_SEH_LEAVE_
#endif

/* In a filter or a handler. */
#define GetExceptionCode() RtlpSehExceptionCode(__builtin_frame_address(0))
#define _exception_code() GetExceptionCode()
#define exception_code() GetExceptionCode()
/* In a filter. */
#define GetExceptionInformation() RtlpSehExceptionInformation(__builtin_frame_address(0))
#define _exception_info() GetExceptionInformation()
#define exception_info() GetExceptionInformation()
/* In a termination handler. */
#define AbnormalTermination() (_SehTermination.Why != 0)
#define _abnormal_termination() AbnormalTermination()
#define abnormal_termination() AbnormalTermination()

#endif /* !_MSC_VER */

#endif /* _NT_SEH_H_ */
