/* SPDX-License-Identifier: MIT */
/* ctest-labels: unit */
/* ObRegisterCallbacks: who is asked when a handle to a process is made, in what order, and what may be changed. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <ntifs.h>

#include <string.h>

#include "ke/ki.h"
#include "ob/obp.h"
#include "ps/psp.h"

static char Log[128];
static ACCESS_MASK Remove, Granted;

static OB_PREOP_CALLBACK_STATUS
OnPre(PVOID Context, POB_PRE_OPERATION_INFORMATION Information)
{
    strcat(Log, Information->Operation == OB_OPERATION_HANDLE_CREATE ? "pre-" : "duplicate-");
    strcat(Log, Context);
    strcat(Log, Information->KernelHandle ? "k " : " ");
    assert_ptr_equal(Information->ObjectType, *PsProcessType);
    assert_null(Information->CallContext);
    Information->CallContext = Context;
    Information->Parameters->CreateHandleInformation.DesiredAccess &= ~Remove;
    Information->Parameters->CreateHandleInformation.DesiredAccess |= PROCESS_TERMINATE;   /* cannot be given */
    return OB_PREOP_SUCCESS;
}

static VOID
OnPost(PVOID Context, POB_POST_OPERATION_INFORMATION Information)
{
    assert_ptr_equal(Information->CallContext, Context);
    assert_int_equal(Information->ReturnStatus, STATUS_SUCCESS);
    Granted = Information->Parameters->CreateHandleInformation.GrantedAccess;
    strcat(Log, "post-");
    strcat(Log, Context);
    strcat(Log, " ");
}

static NTSTATUS
Register(const WCHAR *Altitude, char *Context, POBJECT_TYPE *Type, PVOID *Handle)
{
    OB_OPERATION_REGISTRATION Operation = {Type, OB_OPERATION_HANDLE_CREATE | OB_OPERATION_HANDLE_DUPLICATE, OnPre, OnPost};
    OB_CALLBACK_REGISTRATION Registration = {.Version = ObGetFilterVersion(), .OperationRegistrationCount = 1,
        .RegistrationContext = Context, .OperationRegistration = &Operation};

    RtlInitUnicodeString(&Registration.Altitude, Altitude);
    return ObRegisterCallbacks(&Registration, Handle);
}

static ACCESS_MASK
AccessOf(HANDLE Handle)
{
    OBJECT_HANDLE_INFORMATION Information;
    PVOID Object;

    assert_int_equal(ObReferenceObjectByHandle(Handle, 0, *PsProcessType, KernelMode, &Object, &Information), STATUS_SUCCESS);
    ObfDereferenceObject(Object);
    return Information.GrantedAccess;
}

static HANDLE
Open(ULONG Attributes)
{
    HANDLE Handle;

    Log[0] = 0;
    assert_int_equal(ObOpenObjectByPointer(PsInitialSystemProcess, Attributes, NULL, PROCESS_VM_READ | PROCESS_DUP_HANDLE, *PsProcessType,
                                           KernelMode, &Handle), STATUS_SUCCESS);
    return Handle;
}

static void
test_ob_watch__registration_is_checked(void **state)
{
    PVOID One, Two;

    (void)state;
    assert_int_equal(Register(L"x", "a", PsProcessType, &One), STATUS_INVALID_PARAMETER);
    assert_int_equal(Register(L"1", "a", IoFileObjectType, &One), STATUS_INVALID_PARAMETER);
    assert_int_equal(Register(L"300.50", "a", PsProcessType, &One), STATUS_SUCCESS);
    assert_int_equal(Register(L"0300.5", "b", PsThreadType, &Two), STATUS_FLT_INSTANCE_ALTITUDE_COLLISION);
    assert_null(Two);
    ObUnRegisterCallbacks(One);
}

static void
test_ob_watch__order_and_access(void **state)
{
    PVOID Low, High;
    HANDLE Handle, Copy;

    (void)state;
    assert_int_equal(Register(L"99", "low", PsProcessType, &Low), STATUS_SUCCESS);
    assert_int_equal(Register(L"100", "high", PsProcessType, &High), STATUS_SUCCESS);
    Remove = PROCESS_VM_READ;
    Handle = Open(0);
    assert_string_equal(Log, "pre-high pre-low post-low post-high ");
    assert_int_equal(AccessOf(Handle), PROCESS_DUP_HANDLE);
    assert_int_equal(Granted, PROCESS_DUP_HANDLE);
    Log[0] = 0;
    assert_int_equal(ZwDuplicateObject(NtCurrentProcess(), Handle, NtCurrentProcess(), &Copy, 0, OBJ_KERNEL_HANDLE, DUPLICATE_SAME_ACCESS), STATUS_SUCCESS);
    assert_string_equal(Log, "duplicate-highk duplicate-lowk post-low post-high ");
    ZwClose(Copy);
    ZwClose(Handle);
    Handle = Open(OBJ_KERNEL_HANDLE);          /* a kernel handle keeps what it asked for */
    assert_int_equal(AccessOf(Handle), PROCESS_VM_READ | PROCESS_DUP_HANDLE);
    ZwClose(Handle);
    ObUnRegisterCallbacks(High);
    ZwClose(Open(0));
    assert_string_equal(Log, "pre-low post-low ");
    ObUnRegisterCallbacks(Low);
    ZwClose(Open(0));
    assert_string_equal(Log, "");
}

static int
setup(void **state)
{
    (void)state;
    KeInitialize();
    ObpInitialize();
    PspInitialize();
    vf_set_level(VF_STANDARD);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ob_watch__registration_is_checked),
        cmocka_unit_test(test_ob_watch__order_and_access),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
