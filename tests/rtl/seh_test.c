/* SPDX-License-Identifier: MIT */
/* Structured exception handling: every way into, through and out of bodies, filters and handlers. */
#undef NT_SEH_OPTIMIZED   /* the bodies below change locals that handlers read */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <wdm.h>

#pragma GCC diagnostic ignored "-Wshadow"   /* nested bodies: the macros use the same names on purpose */

#include "port/port.h"
#include "rtl/sehp.h"

static char Trace[256];
static ULONG TraceLength;

static void
Note(char What)
{
    if (TraceLength < sizeof(Trace) - 1) {
        Trace[TraceLength++] = What;
        Trace[TraceLength] = 0;
    }
}

static int
Reset(void **state)
{
    (void)state;
    TraceLength = 0;
    Trace[0] = 0;
    return 0;
}

static int
Balanced(void **state)
{
    (void)state;
    return RtlpSehFramePresent() ? -1 : 0;
}

__attribute__((noinline)) static void
RaiseDeep(int Depth, NTSTATUS Status)
{
    volatile char Ballast[64] = {0};
    if (Depth > 0) {
        RaiseDeep(Depth - 1, Status);
    }
    if (Status != STATUS_SUCCESS) {
        ExRaiseStatus(Status);
    }
    Note((char)('?' + Ballast[0]));
}

/* ---- bodies ---- */

static LONG
ExceptBasic(NTSTATUS Status, int Depth)
{
    LONG Local = 1;
    __try {
        Local = 2;
        RaiseDeep(Depth, Status);
        Local = 3;
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        assert_int_equal(GetExceptionCode(), Status);
        return Local * 10;
    }
    return Local;
}

static void
test_rtl_seh__except_sees_code_and_changed_locals(void **state)
{
    (void)state;
    assert_int_equal(ExceptBasic(STATUS_ACCESS_DENIED, 0), 20);
    assert_int_equal(ExceptBasic(STATUS_NOT_FOUND, 20), 20);
}

static LONG
NothingRaised(void)
{
    LONG Local = 0;
    try {
        Local = 1;
    } except (EXCEPTION_EXECUTE_HANDLER) {
        Local = 2;
    }
    try {
        Local += 10;
    } finally {
        assert_false(AbnormalTermination());
        Local += 100;
    }
    return Local;
}

static void
test_rtl_seh__nothing_raised(void **state)
{
    (void)state;
    assert_int_equal(NothingRaised(), 111);
}

static LONG
ReturnThrough(int Value)
{
    LONG Result = 5;
    try {
        try {
            try {
                if (Value > 0) {
                    return Result + Value;
                }
                Note('n');
            } finally {
                Note(AbnormalTermination() ? 'A' : 'N');
                Result = 1000;
                RaiseDeep(0 * Value + 3, STATUS_SUCCESS + 1);
            }
        } except (EXCEPTION_EXECUTE_HANDLER) {
            Note('h');
            return 7;
        }
    } finally {
        Note('o');
    }
    return Result;
}

static LONG
ReturnThroughThree(int Value)
{
    LONG Result = 5;
    try {
        try {
            try {
                if (Value > 0) {
                    return Result + Value;
                }
            } finally {
                Note(AbnormalTermination() ? 'A' : 'N');
                Result += 20;
            }
        } finally {
            Note(AbnormalTermination() ? 'B' : 'n');
            Result += 20;
        }
    } finally {
        Note(AbnormalTermination() ? 'C' : 'm');
        Result += 20;
    }
    return Result;
}

static void
test_rtl_seh__return_runs_all_finally_blocks(void **state)
{
    (void)state;
    assert_int_equal(ReturnThroughThree(3), 8);
    assert_string_equal(Trace, "ABC");
    Reset(state);
    assert_int_equal(ReturnThroughThree(0), 65);
    assert_string_equal(Trace, "Nnm");
}

static void
test_rtl_seh__raise_in_finally_of_a_return(void **state)
{
    (void)state;
    assert_int_equal(ReturnThrough(3), 7);
    assert_string_equal(Trace, "Aho");
}

static LONG
Loops(void)
{
    LONG Sum = 0;
    for (int i = 0; i < 10; i++) {
        try {
            if (i == 2) {
                continue;
            }
            if (i == 6) {
                break;
            }
            if (i == 4) {
                RaiseDeep(1, STATUS_NO_MEMORY);
            }
            Sum += i;
        } except (GetExceptionCode() == STATUS_NO_MEMORY ? EXCEPTION_EXECUTE_HANDLER : EXCEPTION_CONTINUE_SEARCH) {
            Sum += 1000;
            continue;
        }
        try {
            while (TRUE) {
                switch (i) {
                case 3:
                    leave;
                default:
                    goto Out;
                }
            }
        } finally {
            Note(AbnormalTermination() ? 'a' : 'l');
        }
        Sum += 100;
    Out:;
    }
    return Sum;
}

static void
test_rtl_seh__loops_break_continue_goto_leave(void **state)
{
    (void)state;
    assert_int_equal(Loops(), 0 + 1 + 3 + 5 + 1000 + 100);
    assert_string_equal(Trace, "aala");
    assert_false(RtlpSehFramePresent());
}

static LONG
LeaveFromHandler(void)
{
    LONG Result = 0;
    __try {
        __try {
            RaiseDeep(2, STATUS_DATA_ERROR);
        } __except (EXCEPTION_EXECUTE_HANDLER) {
            Result = 1;
            __leave;
        }
        Result = 2;
    } __finally {
        Note(AbnormalTermination() ? 'a' : 'n');
    }
    return Result;
}

static void
test_rtl_seh__leave_in_a_handler_is_the_outer_bodys(void **state)
{
    (void)state;
    assert_int_equal(LeaveFromHandler(), 1);
    assert_string_equal(Trace, "n");
}

static LONG
FilterNote(PEXCEPTION_POINTERS Pointers, NTSTATUS Wanted, char What)
{
    Note(What);
    assert_non_null(Pointers);
    assert_int_equal(Pointers->ExceptionRecord->ExceptionFlags & EXCEPTION_NONCONTINUABLE, EXCEPTION_NONCONTINUABLE);
    assert_true(Pointers->ContextRecord->Rsp != 0);
    return Pointers->ExceptionRecord->ExceptionCode == Wanted ? EXCEPTION_EXECUTE_HANDLER : EXCEPTION_CONTINUE_SEARCH;
}

static void
InnerFinally(void)
{
    __try {
        __try {
            RaiseDeep(4, STATUS_END_OF_FILE);
        } __except (FilterNote(GetExceptionInformation(), STATUS_NOT_FOUND, '1')) {
            Note('?');
        }
    } __finally {
        Note(AbnormalTermination() ? 'F' : 'f');
    }
    Note('?');
}

static void
FiltersFirst(void)
{
    __try {
        InnerFinally();
        Note('?');
    } __except (FilterNote(GetExceptionInformation(), STATUS_END_OF_FILE, '2')) {
        Note('H');
    }
}

static void
test_rtl_seh__filters_run_before_termination_handlers(void **state)
{
    (void)state;
    FiltersFirst();
    assert_string_equal(Trace, "12FH");
}

static LONG
NestedFilterHandles(void)
{
    LONG Result = EXCEPTION_EXECUTE_HANDLER;
    __try {
        RaiseDeep(1, STATUS_DISK_FULL);
    } __except (GetExceptionCode() == STATUS_DISK_FULL) {
        Note('i');
    }
    return Result;
}

static void
test_rtl_seh__a_filter_may_handle_exceptions_of_its_own(void **state)
{
    (void)state;
    NTSTATUS Code = 0;
    __try {
        RaiseDeep(3, STATUS_RETRY);
    } __except (NestedFilterHandles()) {
        Code = GetExceptionCode();
        (void)NestedFilterHandles();
        assert_int_equal(GetExceptionCode(), STATUS_RETRY);
    }
    assert_int_equal(Code, STATUS_RETRY);
    assert_string_equal(Trace, "ii");
}

static LONG
FilterRaises(void)
{
    Note('f');
    ExRaiseStatus(STATUS_INVALID_PARAMETER);
}

static void
test_rtl_seh__exception_in_a_filter_goes_outward(void **state)
{
    (void)state;
    __try {
        __try {
            __try {
                RaiseDeep(2, STATUS_RETRY);
            } __finally {
                Note('t');
            }
        } __except (FilterRaises()) {
            Note('?');
        }
    } __except (GetExceptionCode() == STATUS_INVALID_PARAMETER) {
        Note('o');
    }
    assert_string_equal(Trace, "fto");
}

static void
test_rtl_seh__raise_in_finally_replaces_the_exception(void **state)
{
    (void)state;
    __try {
        __try {
            RaiseDeep(2, STATUS_RETRY);
        } __finally {
            Note('t');
            __try {
                RaiseDeep(2, STATUS_DISK_FULL);
            } __except (EXCEPTION_EXECUTE_HANDLER) {
                Note('i');
            }
            RaiseDeep(2, STATUS_NOT_FOUND);
        }
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        assert_int_equal(GetExceptionCode(), STATUS_NOT_FOUND);
        Note('o');
    }
    assert_string_equal(Trace, "tio");
}

static LONG
ReturnFromFinally(void)
{
    __try {
        RaiseDeep(2, STATUS_RETRY);
    } __finally {
        return 42;
    }
    return 0;
}

static void
test_rtl_seh__return_in_finally_swallows_the_exception(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++) {
        __try {
            assert_int_equal(ReturnFromFinally(), 42);
        } __except (EXCEPTION_EXECUTE_HANDLER) {
            fail();
        }
    }
}

static LONG
Recurse(int Depth)
{
    LONG Result = 0;
    __try {
        if (Depth == 0) {
            RaiseDeep(1, STATUS_STACK_OVERFLOW);
        }
        Result = Recurse(Depth - 1);
    } __except (Depth == 5 ? EXCEPTION_EXECUTE_HANDLER : EXCEPTION_CONTINUE_SEARCH) {
        Result = 100;
    }
    return Result + 1;
}

static void
test_rtl_seh__recursion_finds_the_right_frame(void **state)
{
    (void)state;
    assert_int_equal(Recurse(10), 106);
}

static LONG
ContinueOnce(PEXCEPTION_POINTERS Pointers)
{
    Note('c');
    return Pointers->ExceptionRecord->ExceptionCode == STATUS_NONCONTINUABLE_EXCEPTION ? EXCEPTION_EXECUTE_HANDLER
                                                                                      : EXCEPTION_CONTINUE_EXECUTION;
}

static void
test_rtl_seh__continue_execution(void **state)
{
    (void)state;
    EXCEPTION_RECORD Record;
    RtlZeroMemory(&Record, sizeof(Record));
    Record.ExceptionCode = STATUS_GUARD_PAGE_VIOLATION;
    __try {
        RtlRaiseException(&Record);
        Note('r');
        ExRaiseStatus(STATUS_GUARD_PAGE_VIOLATION);
    } __except (ContinueOnce(GetExceptionInformation())) {
        assert_int_equal(GetExceptionCode(), STATUS_NONCONTINUABLE_EXCEPTION);
        Note('h');
    }
    assert_string_equal(Trace, "crcch");
}

/* A function whose locals need more alignment than the stack has, and whose calls pass arguments on the stack. */
__attribute__((noinline)) static LONG
ManyArguments(LONG A, LONG B, LONG C, LONG D, LONG E, LONG F, LONG G, LONG H, LONG I, LONG J)
{
    return A + B + C + D + E + F + G + H + I + J;
}

__attribute__((noinline)) static LONG
AlignedLocals(LONG Value)
{
    DECLSPEC_ALIGN(64) volatile LONG Locals[16] = {Value};
    LONG Result = 0;
    try {
        Locals[1] = 2;
        try {
            if (Value == 1) {
                return ManyArguments(1, 2, 3, 4, 5, 6, 7, 8, 9, Locals[1]);
            }
            RaiseDeep(3, STATUS_NOT_FOUND);
        } finally {
            Locals[2] = 3;
            Result = ManyArguments(1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
            Note('f');
        }
    } except (ManyArguments(Locals[0], 0, 0, 0, 0, 0, 0, 0, 0, Locals[1]) == Value + 2) {
        assert_int_equal((ULONG_PTR)Locals & 63, 0);
        Result += Locals[0] + Locals[1] + Locals[2];
    }
    return Result;
}

static void
test_rtl_seh__aligned_locals_and_stack_arguments(void **state)
{
    (void)state;
    assert_int_equal(AlignedLocals(7), 55 + 7 + 2 + 3);
    assert_int_equal(AlignedLocals(1), 47);
    assert_string_equal(Trace, "ff");
}

/* ---- faults ---- */

static void
Fatal(const struct port_fault_info *Info)
{
    (void)Info;
}

/* cmocka puts its own handlers around each test: called from inside. */
static void
InstallFaults(void)
{
    port_fault_install(RtlpSehFaultResume, Fatal);
}

__attribute__((noinline)) static LONG
ReadAt(volatile LONG *Where)
{
    LONG Value = -1;
    __try {
        Value = *Where;
    } __except (
        GetExceptionInformation()->ExceptionRecord->ExceptionInformation[1] == (ULONG_PTR)Where
            ? EXCEPTION_EXECUTE_HANDLER
            : EXCEPTION_CONTINUE_SEARCH) {
        return GetExceptionCode();
    }
    return Value;
}

static void
test_rtl_seh__access_violation(void **state)
{
    (void)state;
    InstallFaults();
    LONG Good = 77;
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(ReadAt((volatile LONG *)(ULONG_PTR)0x18), STATUS_ACCESS_VIOLATION);
        assert_int_equal(ReadAt(&Good), 77);
    }
}

__attribute__((noinline, no_sanitize("undefined"))) static LONG
Divide(volatile LONG A, volatile LONG B)
{
    __try {
        __try {
            return A / B;
        } __finally {
            Note(AbnormalTermination() ? 'a' : 'n');
        }
    } __except (GetExceptionCode() == STATUS_INTEGER_DIVIDE_BY_ZERO) {
        return -1;
    }
    return -2;
}

static void
test_rtl_seh__divide_by_zero(void **state)
{
    (void)state;
    InstallFaults();
    assert_int_equal(Divide(8, 2), 4);
    assert_int_equal(Divide(8, 0), -1);
    assert_string_equal(Trace, "aa");
}

static void
test_rtl_seh__unhandled_abandons_the_driver_call(void **state)
{
    (void)state;
    InstallFaults();
    struct port_fault_frame Frame;
    void *Outer = RtlpSehSwapTop(NULL);
    if (port_fault_enter(&Frame) == 0) {
        __try {
            ExRaiseStatus(STATUS_NO_SUCH_FILE);
        } __except (EXCEPTION_CONTINUE_SEARCH) {
            Note('?');
        }
        port_fault_leave(&Frame);
        fail();
    }
    (void)RtlpSehSwapTop(Outer);
    assert_int_equal(Frame.info.code, STATUS_NO_SUCH_FILE);
    assert_string_equal(Trace, "");
}

#define TEST(Name) cmocka_unit_test_setup_teardown(Name, Reset, Balanced)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_rtl_seh__except_sees_code_and_changed_locals),
        TEST(test_rtl_seh__nothing_raised),
        TEST(test_rtl_seh__return_runs_all_finally_blocks),
        TEST(test_rtl_seh__raise_in_finally_of_a_return),
        TEST(test_rtl_seh__loops_break_continue_goto_leave),
        TEST(test_rtl_seh__leave_in_a_handler_is_the_outer_bodys),
        TEST(test_rtl_seh__filters_run_before_termination_handlers),
        TEST(test_rtl_seh__a_filter_may_handle_exceptions_of_its_own),
        TEST(test_rtl_seh__exception_in_a_filter_goes_outward),
        TEST(test_rtl_seh__raise_in_finally_replaces_the_exception),
        TEST(test_rtl_seh__return_in_finally_swallows_the_exception),
        TEST(test_rtl_seh__recursion_finds_the_right_frame),
        TEST(test_rtl_seh__continue_execution),
        TEST(test_rtl_seh__aligned_locals_and_stack_arguments),
        TEST(test_rtl_seh__access_violation),
        TEST(test_rtl_seh__divide_by_zero),
        TEST(test_rtl_seh__unhandled_abandons_the_driver_call),
    };
    return cmocka_run_group_tests_name("rtl/seh", tests, NULL, NULL);
}
