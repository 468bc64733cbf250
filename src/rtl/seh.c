/* SPDX-License-Identifier: MIT */
/*
 * Structured exception handling: the runtime behind include/nt/seh.h.
 *
 * An exception is dispatched in two phases, as on Windows.  First (RtlpSehDispatch) the frames are asked from the innermost
 * out: each is entered as if it were a nested function, on the stack of the exception, evaluates its filter and returns the
 * value.  When one takes the exception, the second phase (RtlpSehUnwind) pops the inner frames; those with a termination
 * handler are jumped into, run it, and call back (RtlpSehTerminate), which carries on; last, the taker is jumped into.
 *
 * A body that is left by return, goto, break or continue is seen by the cleanup attribute of its guard
 * (RtlpSehGuardExit); a termination handler then runs as a nested function too, so that the return value and the
 * caller's registers survive.
 *
 * Invariants:
 *  1. RtlpSehHead.Top is the innermost frame whose body runs; a frame is popped before its handler starts.
 *  2. While a filter of frame F is evaluated, F and all inner frames are Busy: an exception inside the filter does not
 *     ask them again, but their termination handlers run if it leaves through them.
 *  3. Frames and dispatches lie on one stack, so that a lower address means "inside": a fault is not dispatched by the
 *     signal handler but after it, by a landing on the interrupted stack.  For that reason a filter cannot continue a
 *     fault: EXCEPTION_CONTINUE_EXECUTION counts as not handled there.
 *
 * RtlpSeh* functions called by the macros must not be instrumented in a way that depends on balanced calls.
 */
#ifndef NT_SEH_OPTIMIZED
#define NT_SEH_OPTIMIZED 1
#endif
#include <ntdef.h>
#include <ntstatus.h>
#include <seh.h>

#include <ntos/ex.h>
#include <ntos/rtl.h>

#include "port/port.h"
#include "rtl/sehp.h"

#define RTLP_SEH_HANDLERS 16
#define RTLP_SEH_DISPATCHES 16
#define RTLP_SEH_STACK_GUARD 0x10000

enum { WhyBody = 0, WhyFilter = 1, WhyHandler = 2, WhyLeft = 3, WhyUnwind = 4 };

typedef struct _NT_SEH_FRAME RTLP_SEH_FRAME;

/* An exception whose filters are being evaluated; on the stack of RtlpSehDispatch. */
typedef struct RTLP_SEH_DISPATCH {
    RTLP_SEH_FRAME *Frame;
    EXCEPTION_POINTERS Pointers;
} RTLP_SEH_DISPATCH;

/* A handler that was entered in the function with that frame address: GetExceptionCode in handlers. */
typedef struct RTLP_SEH_HANDLER {
    PVOID Function;
    NTSTATUS Code;
} RTLP_SEH_HANDLER;

typedef struct RTLP_SEH_STATE {
    RTLP_SEH_DISPATCH *Dispatches[RTLP_SEH_DISPATCHES];   /* outermost first; those below the stack pointer are dead */
    LONG Taken;                         /* from the end of a frame to the test that follows it */
    struct _NT_SEH_TERMINATION Next;    /* from the end of a frame to the termination handler that follows it */
    ULONG HandlerCount;
    RTLP_SEH_HANDLER Handlers[RTLP_SEH_HANDLERS];   /* outermost first */
} RTLP_SEH_STATE;

static __thread RTLP_SEH_STATE State __attribute__((tls_model("initial-exec")));
__thread RTLP_SEH_HEAD RtlpSehHead __attribute__((tls_model("initial-exec")));

LONG RtlpSehCall(RTLP_SEH_FRAME *Frame, LONG Why) __attribute__((visibility("hidden")));
DECLSPEC_NORETURN VOID RtlpSehJump(RTLP_SEH_FRAME *Frame, LONG Why) __attribute__((visibility("hidden")));
extern void __asan_handle_no_return(void) __attribute__((weak));

/* ---- what the macros call ---- */

VOID
RtlpSehEnter(RTLP_SEH_FRAME *Frame, PVOID Function)
{
    Frame->Function = Function;
    Frame->One = 1;
    Frame->Busy = 0;
    Frame->Termination = 0;
    Frame->Previous = RtlpSehHead.Top;
    RtlpSehHead.Top = Frame;
}

VOID
RtlpSehGuardExit(struct _NT_SEH_GUARD *Guard)
{
    RtlpSehHead.Top = Guard->Frame->Previous;
    if (!Guard->Normal) {
        (void)RtlpSehCall(Guard->Frame, WhyLeft);
    }
}

VOID
RtlpSehSetTaken(LONG Taken)
{
    State.Taken = Taken;
}

LONG
RtlpSehTaken(VOID)
{
    return State.Taken;
}

VOID
RtlpSehSetTermination(RTLP_SEH_FRAME *Frame, LONG Why)
{
    State.Next.Why = Why;
    if (Why != WhyBody) {
        State.Next.Resume = Frame->Resume;
        State.Next.Target = Frame->Target;
        State.Next.Code = Frame->Code;
    }
}

static VOID
RtlpSehRememberHandler(PVOID Function, NTSTATUS Code)
{
    /* Functions further in than this one have been left, and with them their handlers. */
    while (State.HandlerCount != 0 &&
           (ULONG_PTR)State.Handlers[State.HandlerCount - 1].Function < (ULONG_PTR)Function) {
        State.HandlerCount -= 1;
    }
    if (State.HandlerCount != 0 && State.Handlers[State.HandlerCount - 1].Function == Function) {
        State.HandlerCount -= 1;
    }
    if (State.HandlerCount == RTLP_SEH_HANDLERS) {
        for (ULONG i = 1; i < RTLP_SEH_HANDLERS; i++) {
            State.Handlers[i - 1] = State.Handlers[i];
        }
        State.HandlerCount -= 1;
    }
    State.Handlers[State.HandlerCount].Function = Function;
    State.Handlers[State.HandlerCount].Code = Code;
    State.HandlerCount += 1;
}

/* Second phase.  Does not return. */
DECLSPEC_NORETURN static VOID
RtlpSehUnwind(RTLP_SEH_FRAME *Target, NTSTATUS Code)
{
    if (__asan_handle_no_return) {
        __asan_handle_no_return();
    }
    for (;;) {
        RTLP_SEH_FRAME *Frame = RtlpSehHead.Top;
        RtlpSehHead.Top = Frame->Previous;
        if (Frame == Target) {
            RtlpSehRememberHandler(Frame->Function, Code);
            RtlpSehJump(Frame, WhyHandler);
        }
        if (Frame->Termination) {
            Frame->Target = Target;
            Frame->Code = Code;
            RtlpSehJump(Frame, WhyUnwind);
        }
    }
}

/* Before a termination handler (first call) and after it. */
LONG
RtlpSehTerminate(struct _NT_SEH_TERMINATION *Termination)
{
    if (!Termination->Started) {
        *Termination = State.Next;
        Termination->Started = 1;
        return TRUE;
    }
    if (Termination->Why == WhyLeft) {
        RtlpSehReturn(Termination->Resume, 0);
    }
    if (Termination->Why == WhyUnwind) {
        RtlpSehUnwind(Termination->Target, Termination->Code);
    }
    return FALSE;
}

/* A fault in a filter that ends the driver call leaves dispatches behind, so none is looked at before this. */
static VOID
RtlpSehDropDispatches(PVOID Inside)
{
    while (RtlpSehHead.DispatchCount != 0 &&
           (ULONG_PTR)State.Dispatches[RtlpSehHead.DispatchCount - 1] < (ULONG_PTR)Inside) {
        RtlpSehHead.DispatchCount -= 1;
    }
}

static VOID
RtlpSehPushDispatch(RTLP_SEH_DISPATCH *Dispatch)
{
    RtlpSehDropDispatches(Dispatch);
    if (RtlpSehHead.DispatchCount == RTLP_SEH_DISPATCHES) {
        for (ULONG i = 1; i < RTLP_SEH_DISPATCHES; i++) {
            State.Dispatches[i - 1] = State.Dispatches[i];
        }
        RtlpSehHead.DispatchCount -= 1;
    }
    State.Dispatches[RtlpSehHead.DispatchCount++] = Dispatch;
}

/* The exception whose filter is being evaluated in that function, or NULL. */
static PEXCEPTION_POINTERS
RtlpSehCurrent(PVOID Function)
{
    RtlpSehDropDispatches(__builtin_frame_address(0));
    if (RtlpSehHead.DispatchCount != 0 && State.Dispatches[RtlpSehHead.DispatchCount - 1]->Frame->Function == Function) {
        return &State.Dispatches[RtlpSehHead.DispatchCount - 1]->Pointers;
    }
    return NULL;
}

NTSTATUS
RtlpSehExceptionCode(PVOID Function)
{
    const PEXCEPTION_POINTERS Pointers = RtlpSehCurrent(Function);

    if (Pointers != NULL) {
        return Pointers->ExceptionRecord->ExceptionCode;
    }
    for (ULONG i = State.HandlerCount; i != 0; i--) {
        if (State.Handlers[i - 1].Function == Function) {
            return State.Handlers[i - 1].Code;
        }
    }
    return STATUS_SUCCESS;
}

PEXCEPTION_POINTERS
RtlpSehExceptionInformation(PVOID Function)
{
    return RtlpSehCurrent(Function);
}

/* ---- raising ---- */

/* Frames that this dispatch marked are Busy no longer; those of an outer dispatch stay so. */
static VOID
RtlpSehClearBusy(RTLP_SEH_FRAME *First, RTLP_SEH_FRAME *End)
{
    for (RTLP_SEH_FRAME *Frame = First; Frame != End; Frame = Frame->Previous) {
        Frame->Busy -= 1;
    }
}

/*
 * First phase.  EXCEPTION_CONTINUE_EXECUTION or EXCEPTION_CONTINUE_SEARCH (nobody wants it); if a handler takes the
 * exception, *Taker is set and the value is EXCEPTION_EXECUTE_HANDLER.
 */
static LONG
RtlpSehDispatch(PEXCEPTION_RECORD Record, PCONTEXT Context, RTLP_SEH_FRAME **Taker)
{
    RTLP_SEH_DISPATCH Dispatch = {NULL, {Record, Context}};
    RTLP_SEH_FRAME *First = RtlpSehHead.Top;
    LONG Answer = EXCEPTION_CONTINUE_SEARCH;
    RTLP_SEH_FRAME *Frame;

    RtlpSehPushDispatch(&Dispatch);
    for (Frame = First; Frame != NULL && Answer == EXCEPTION_CONTINUE_SEARCH; Frame = Frame->Previous) {
        Frame->Busy += 1;
        if (Frame->Busy > 1) {
            continue;
        }
        Dispatch.Frame = Frame;
        const LONG Value = RtlpSehCall(Frame, WhyFilter);
        if (Value == _NT_SEH_NO_FILTER_) {
            Frame->Termination = 1;
        } else if (Value > 0) {
            Answer = EXCEPTION_EXECUTE_HANDLER;
            *Taker = Frame;
        } else if (Value < 0) {
            Answer = EXCEPTION_CONTINUE_EXECUTION;
        }
    }
    RtlpSehClearBusy(First, Frame);
    RtlpSehDropDispatches(&Dispatch + 1);
    return Answer;
}

/* Dispatches that lie inside the frame that goes on are abandoned. */
DECLSPEC_NORETURN static VOID
RtlpSehTake(RTLP_SEH_FRAME *Taker, NTSTATUS Code)
{
    RtlpSehDropDispatches(Taker);
    RtlpSehUnwind(Taker, Code);
}

/* Nobody handles it: the driver call that runs is abandoned, as after a fault; without one there is no way on. */
DECLSPEC_NORETURN static VOID
RtlpSehUnhandled(PEXCEPTION_RECORD Record)
{
    struct port_fault_info Info = {.signo = 0, .code = Record->ExceptionCode};

    Info.pc = (uintptr_t)Record->ExceptionAddress;
    Info.frames[0] = Info.pc;
    Info.frame_count = 1;
    Info.frame_count += port_stack_capture_from(
        0, (uintptr_t)__builtin_frame_address(0), Info.frames + 1, (unsigned)(RTL_NUMBER_OF(Info.frames) - 1));
    if (port_fault_active()) {
        port_fault_raise(&Info);
    }
    port_fatal("unhandled exception %#x", (unsigned)Record->ExceptionCode);
}

static VOID
RtlpSehRaise(PEXCEPTION_RECORD Record, PCONTEXT Context)
{
    RTLP_SEH_FRAME *Taker = NULL;
    const LONG Answer = RtlpSehDispatch(Record, Context, &Taker);

    if (Answer == EXCEPTION_EXECUTE_HANDLER) {
        RtlpSehTake(Taker, Record->ExceptionCode);
    }
    if (Answer == EXCEPTION_CONTINUE_SEARCH) {
        RtlpSehUnhandled(Record);
    }
    if ((Record->ExceptionFlags & EXCEPTION_NONCONTINUABLE) != 0) {
        if (Record->ExceptionCode == STATUS_NONCONTINUABLE_EXCEPTION) {
            RtlpSehUnhandled(Record);
        }
        EXCEPTION_RECORD Second = {.ExceptionCode = STATUS_NONCONTINUABLE_EXCEPTION,
                                   .ExceptionFlags = EXCEPTION_NONCONTINUABLE,
                                   .ExceptionRecord = Record,
                                   .ExceptionAddress = Record->ExceptionAddress};
        RtlpSehRaise(&Second, Context);
    }
}

/* Windows: winnt.h, RtlRaiseException.  Differences: the context has no vector registers. */
VOID NTAPI
RtlRaiseException(PEXCEPTION_RECORD ExceptionRecord)
{
    CONTEXT Context;

    RtlZeroMemory(&Context, sizeof(Context));
    RtlCaptureContext(&Context);
    ExceptionRecord->ExceptionAddress = __builtin_return_address(0);
    RtlpSehRaise(ExceptionRecord, &Context);
}

DECLSPEC_NORETURN static VOID
RtlpSehRaiseStatus(NTSTATUS Status, PVOID Address)
{
    CONTEXT Context;
    EXCEPTION_RECORD Record;

    RtlZeroMemory(&Context, sizeof(Context));
    RtlCaptureContext(&Context);
    Context.Rip = (ULONG64)(ULONG_PTR)Address;
    RtlZeroMemory(&Record, sizeof(Record));
    Record.ExceptionCode = Status;
    Record.ExceptionFlags = EXCEPTION_NONCONTINUABLE;
    Record.ExceptionAddress = Address;
    RtlpSehRaise(&Record, &Context);
    __builtin_unreachable();
}

/* Windows: ntifs.h, RtlRaiseStatus.  Differences: none. */
VOID NTAPI
RtlRaiseStatus(NTSTATUS Status)
{
    RtlpSehRaiseStatus(Status, __builtin_return_address(0));
}

/* Windows: ntddk.h, ExRaiseStatus.  Differences: none. */
VOID NTAPI
ExRaiseStatus(NTSTATUS Status)
{
    RtlpSehRaiseStatus(Status, __builtin_return_address(0));
}

/* Windows: wdm.h, ExRaiseAccessViolation.  Differences: none. */
VOID NTAPI
ExRaiseAccessViolation(VOID)
{
    RtlpSehRaiseStatus(STATUS_ACCESS_VIOLATION, __builtin_return_address(0));
}

/* Windows: wdm.h, ExRaiseDatatypeMisalignment.  Differences: none. */
VOID NTAPI
ExRaiseDatatypeMisalignment(VOID)
{
    RtlpSehRaiseStatus(STATUS_DATATYPE_MISALIGNMENT, __builtin_return_address(0));
}

/* ---- the fault handler's and NT_CALL's side ---- */

void
RtlpSehForgetDispatches(void *Inside)
{
    RtlpSehDropDispatches(Inside);
}

unsigned char
RtlpSehFramePresent(void)
{
    return RtlpSehHead.Top != NULL;
}

static VOID
RtlpSehDispatchFault(NTSTATUS Code, PVOID FaultAddress, PVOID Instruction, ULONG64 Stack)
{
    EXCEPTION_RECORD Record;
    CONTEXT Context;
    RTLP_SEH_FRAME *Taker = NULL;

    RtlZeroMemory(&Record, sizeof(Record));
    RtlZeroMemory(&Context, sizeof(Context));
    Record.ExceptionCode = Code;
    Record.ExceptionAddress = Instruction;
    if (Code == STATUS_ACCESS_VIOLATION || Code == STATUS_IN_PAGE_ERROR) {
        Record.NumberParameters = 2;
        Record.ExceptionInformation[1] = (ULONG_PTR)FaultAddress;
    }
    Context.ContextFlags = CONTEXT_CONTROL;
    Context.Rip = (ULONG64)(ULONG_PTR)Instruction;
    Context.Rsp = Stack;
    if (RtlpSehDispatch(&Record, &Context, &Taker) == EXCEPTION_EXECUTE_HANDLER) {
        RtlpSehTake(Taker, Code);
    }
}

unsigned char
RtlpSehRaiseFault(unsigned int Code, void *FaultAddress)
{
    RtlpSehDispatchFault(
        (NTSTATUS)Code, FaultAddress, __builtin_return_address(0), (ULONG64)(ULONG_PTR)__builtin_frame_address(0));
    return FALSE;
}

/* Signal numbers and codes of Linux on x86-64; rtl has no libc header to take them from. */
static NTSTATUS
RtlpSehSignalStatus(const struct port_fault_info *Info)
{
    enum { SignalIll = 4, SignalTrap = 5, SignalBus = 7, SignalFpe = 8, SignalSegv = 11 };
    static const NTSTATUS Fpe[] = {
        STATUS_FLOAT_INVALID_OPERATION, STATUS_INTEGER_DIVIDE_BY_ZERO, STATUS_INTEGER_OVERFLOW,
        STATUS_FLOAT_DIVIDE_BY_ZERO,    STATUS_FLOAT_OVERFLOW,         STATUS_FLOAT_UNDERFLOW,
        STATUS_FLOAT_INEXACT_RESULT,    STATUS_FLOAT_INVALID_OPERATION};

    switch (Info->signo) {
    case SignalSegv:
        return STATUS_ACCESS_VIOLATION;
    case SignalBus:
        return STATUS_IN_PAGE_ERROR;
    case SignalIll:
        return STATUS_ILLEGAL_INSTRUCTION;
    case SignalTrap:
        return STATUS_BREAKPOINT;
    case SignalFpe:
        return Fpe[Info->code > 0 && Info->code < (int)RTL_NUMBER_OF(Fpe) ? Info->code : 0];
    default:
        return STATUS_UNSUCCESSFUL;
    }
}

/* On the interrupted stack, in ordinary code. */
static void
RtlpSehFaultLanding(const struct port_fault_info *Info)
{
    RtlpSehDispatchFault(RtlpSehSignalStatus(Info), (PVOID)Info->address, (PVOID)Info->pc, Info->sp);
    port_fault_decline(Info);
}

void
RtlpSehFaultResume(const struct port_fault_info *Info)
{
    /* A stack that ran out has no room for filters: the driver call is abandoned instead. */
    if (Info->address + RTLP_SEH_STACK_GUARD > Info->sp && Info->address < Info->sp + RTLP_SEH_STACK_GUARD) {
        return;
    }
    if (RtlpSehHead.Top != NULL) {
        port_fault_continue(RtlpSehFaultLanding);
    }
}
