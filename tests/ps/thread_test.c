/* SPDX-License-Identifier: MIT */
/* ctest-labels: unit;concurrent */
/* System threads as drivers end them before they unload. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <ntifs.h>

#include "ke/ki.h"
#include "ob/obp.h"
#include "ps/psp.h"

static VOID
Routine(PVOID Context)
{
    UNREFERENCED_PARAMETER(Context);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

/* Who waited for the thread may unload its code at once: it must not count as running there. */
static void
test_ps_thread__one_that_was_waited_for_is_gone(void **state)
{
    const ULONG_PTR Code = (ULONG_PTR)(PVOID)Routine;
    KI_MODULE_USE Use;

    (void)state;
    for (int i = 0; i < 2000; i++) {
        HANDLE Handle;
        PVOID Thread;
        assert_int_equal(PsCreateSystemThread(&Handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, Routine, NULL), STATUS_SUCCESS);
        assert_int_equal(ObReferenceObjectByHandle(Handle, SYNCHRONIZE, *PsThreadType, KernelMode, &Thread, NULL), STATUS_SUCCESS);
        ZwClose(Handle);
        assert_int_equal(KeWaitForSingleObject(Thread, Executive, KernelMode, FALSE, NULL), STATUS_SUCCESS);
        KiModuleUse(Code, Code + 1, &Use);
        ObDereferenceObject(Thread);
        assert_int_equal(Use.Threads, 0);
    }
}

static int
setup(void **state)
{
    (void)state;
    KeInitialize();
    ObpInitialize();
    PspInitialize();
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ps_thread__one_that_was_waited_for_is_gone),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
