/* SPDX-License-Identifier: MIT */
/* ctest-labels: unit;concurrent */
/* Objects, handles, names, the registry, processes. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <ntifs.h>

#include <stdatomic.h>
#include <string.h>

#include "cm/cmp.h"
#include "ke/ki.h"
#include "ob/obp.h"
#include "port/port.h"
#include "ps/psp.h"

static _Atomic(int) Deleted;
static int Opened, Closed;

static VOID
TestDelete(PVOID Object)
{
    UNREFERENCED_PARAMETER(Object);
    atomic_fetch_add(&Deleted, 1);
}

static VOID
TestOpen(PVOID Object)
{
    UNREFERENCED_PARAMETER(Object);
    Opened++;
}

static VOID
TestClose(PVOID Object, LONG Remaining)
{
    UNREFERENCED_PARAMETER(Object);
    Closed = Remaining;
}

static struct _OBJECT_TYPE TestTypeBody = {
    .Name = L"Test", .Delete = TestDelete, .Open = TestOpen, .Close = TestClose, .WaitOffset = (ULONG)-1};
static POBJECT_TYPE TestType = &TestTypeBody;

static UNICODE_STRING
S(const WCHAR *Text)
{
    UNICODE_STRING String;

    RtlInitUnicodeString(&String, Text);
    return String;
}

static int
setup(void **state)
{
    (void)state;
    KeInitialize();
    ObpInitialize();
    CmpInitialize();
    PspInitialize();
    return 0;
}

static void
test_ob_object__last_dereference_deletes_once(void **state)
{
    PVOID Object;

    (void)state;
    Deleted = 0;
    assert_int_equal(ObpCreateObject(TestType, 32, &Object), STATUS_SUCCESS);
    ObReferenceObject(Object);
    ObDereferenceObject(Object);
    assert_int_equal(Deleted, 0);
    ObDereferenceObject(Object);
    assert_int_equal(Deleted, 1);
}

static void
test_ob_object__references_with_a_tag(void **state)
{
    PVOID Body, Same;
    HANDLE Handle;
    (void)state;
    atomic_store(&Deleted, 0);
    assert_int_equal(ObpCreateObject(TestType, 16, &Body), STATUS_SUCCESS);
    assert_int_equal(ObReferenceObjectWithTag(Body, 'gaT1'), 2);
    assert_int_equal(ObReferenceObjectByPointerWithTag(Body, 0, TestType, KernelMode, 'gaT1'), STATUS_SUCCESS);
    assert_int_equal(ObOpenObjectByPointerWithTag(Body, OBJ_KERNEL_HANDLE, NULL, 0, TestType, KernelMode, 'gaT1', &Handle), STATUS_SUCCESS);
    assert_int_equal(ObReferenceObjectByHandleWithTag(Handle, 0, TestType, KernelMode, 'gaT1', &Same, NULL), STATUS_SUCCESS);
    assert_ptr_equal(Same, Body);
    assert_int_equal(ObReferenceObjectByHandleWithTag(Handle, 0, ObpDirectoryType, KernelMode, 'gaT1', &Same, NULL), STATUS_OBJECT_TYPE_MISMATCH);
    ZwClose(Handle);
    ObDereferenceObjectDeferDeleteWithTag(Body, 'gaT1');
    ObDereferenceObjectWithTag(Body, 'gaT1');
    assert_int_equal(ObDereferenceObjectWithTag(Body, 'gaT1'), 1);
    assert_int_equal(atomic_load(&Deleted), 0);
    assert_int_equal(ObDereferenceObjectWithTag(Body, 'gaT1'), 0);
    assert_int_equal(atomic_load(&Deleted), 1);
}

static void
test_ob_handle__counts_type_and_reuse(void **state)
{
    PVOID Object;
    PVOID Same;
    HANDLE Handle;
    HANDLE Second;

    (void)state;
    Deleted = Opened = Closed = 0;
    assert_int_equal(ObpCreateObject(TestType, 32, &Object), STATUS_SUCCESS);
    assert_int_equal(ObpCreateHandle(Object, GENERIC_READ, OBJ_KERNEL_HANDLE, &Handle), STATUS_SUCCESS);
    assert_true(ObIsKernelHandle(Handle));
    assert_int_equal(ObOpenObjectByPointer(Object, 0, NULL, 0, TestType, KernelMode, &Second), STATUS_SUCCESS);
    assert_false(ObIsKernelHandle(Second));
    assert_int_equal(Opened, 2);
    assert_int_equal(ObReferenceObjectByHandle(Handle, 0, ObpDirectoryType, KernelMode, &Same, NULL), STATUS_OBJECT_TYPE_MISMATCH);
    assert_int_equal(ObReferenceObjectByHandle(Handle, 0, TestType, KernelMode, &Same, NULL), STATUS_SUCCESS);
    assert_ptr_equal(Same, Object);
    ObDereferenceObject(Same);
    assert_int_equal(ZwClose(Handle), STATUS_SUCCESS);
    assert_int_equal(Closed, 1);
    assert_int_equal(ZwClose(Handle), STATUS_INVALID_HANDLE);
    ObDereferenceObject(Object);
    assert_int_equal(Deleted, 0);
    assert_int_equal(ZwClose(Second), STATUS_SUCCESS);
    assert_int_equal(Closed, 0);
    assert_int_equal(Deleted, 1);
    assert_int_equal(ZwClose((HANDLE)0x7FFFFFF0), STATUS_INVALID_HANDLE);
    assert_int_equal(ZwClose(NULL), STATUS_INVALID_HANDLE);
}

static NTSTATUS
TestParse(PVOID Object, struct OBP_PARSE *Parse, PVOID *Result)
{
    assert_int_equal(Parse->Remaining.Length, 8);
    assert_memory_equal(Parse->Remaining.Buffer, L"\\a\\b", 8);
    ObpReference(Object);
    *Result = Object;
    return STATUS_SUCCESS;
}

static void
test_ob_name__links_collisions_and_parse(void **state)
{
    static struct _OBJECT_TYPE ParseTypeBody = {.Name = L"Parse", .Delete = TestDelete, .Parse = TestParse};
    UNICODE_STRING Path = S(L"\\Device\\TestDisk7");
    UNICODE_STRING Link = S(L"\\??\\Q:");
    UNICODE_STRING Long = S(L"\\DosDevices\\q:\\a\\b");
    UNICODE_STRING Rest;
    UNICODE_STRING Name;
    PVOID Object;
    PVOID Found;
    PWCH Buffer;
    OBP_PARSE Parse = {0};

    (void)state;
    Deleted = 0;
    assert_int_equal(ObpCreateObject(&ParseTypeBody, 8, &Object), STATUS_SUCCESS);
    assert_int_equal(ObpInsertName(Object, &Path), STATUS_SUCCESS);
    assert_int_equal(ObpCreateSymbolicLink(&Link, &Path), STATUS_SUCCESS);
    assert_int_equal(ObpCreateSymbolicLink(&Link, &Path), STATUS_OBJECT_NAME_COLLISION);
    assert_int_equal(ObpLookupName(&Long, 0, &Found, &Rest, &Buffer), STATUS_SUCCESS);
    assert_ptr_equal(Found, Object);
    assert_int_equal(Rest.Length, 8);
    ObpDereference(Found);
    ExFreePool(Buffer);
    assert_int_equal(ObpOpenByName(&Long, &Parse, NULL, &Found), STATUS_SUCCESS);
    ObpDereference(Found);
    assert_int_equal(ObpObjectName(Object, &Name), STATUS_SUCCESS);
    assert_true(RtlEqualUnicodeString(&Name, &Path, FALSE));
    ExFreePool(Name.Buffer);
    assert_int_equal(ObpFindDosName(&Path, &Name), STATUS_SUCCESS);
    assert_memory_equal(Name.Buffer, L"Q:", 4);
    ExFreePool(Name.Buffer);
    Rest = S(L"\\Device\\Nothing");
    assert_int_equal(ObpLookupName(&Rest, 0, &Found, &Name, &Buffer), STATUS_OBJECT_NAME_NOT_FOUND);
    Rest = S(L"\\Nothing\\x");
    assert_int_equal(ObpLookupName(&Rest, 0, &Found, &Name, &Buffer), STATUS_OBJECT_PATH_NOT_FOUND);
    Rest = S(L"relative");
    assert_int_equal(ObpLookupName(&Rest, 0, &Found, &Name, &Buffer), STATUS_OBJECT_PATH_SYNTAX_BAD);
    assert_int_equal(ObpDeleteSymbolicLink(&Link), STATUS_SUCCESS);
    assert_int_equal(ObpDeleteSymbolicLink(&Link), STATUS_OBJECT_NAME_NOT_FOUND);
    ObpRemoveName(Object);
    assert_int_equal(Deleted, 0);
    ObpDereference(Object);
    assert_int_equal(Deleted, 1);
}

static void
test_ob_name__links_in_a_circle_end(void **state)
{
    UNICODE_STRING A = S(L"\\??\\CircleA");
    UNICODE_STRING B = S(L"\\??\\CircleB");
    UNICODE_STRING Rest;
    PVOID Found;
    PWCH Buffer;

    (void)state;
    assert_int_equal(ObpCreateSymbolicLink(&A, &B), STATUS_SUCCESS);
    assert_int_equal(ObpCreateSymbolicLink(&B, &A), STATUS_SUCCESS);
    assert_int_equal(ObpLookupName(&A, 0, &Found, &Rest, &Buffer), STATUS_OBJECT_NAME_INVALID);
    ObpDeleteSymbolicLink(&A);
    ObpDeleteSymbolicLink(&B);
}

static void
storm(void *arg)
{
    PVOID Object = arg;

    for (int i = 0; i < 2000; i++) {
        HANDLE Handle;
        assert_int_equal(ObpCreateHandle(Object, 0, i & 1 ? OBJ_KERNEL_HANDLE : 0, &Handle), STATUS_SUCCESS);
        PVOID Same;
        assert_int_equal(ObReferenceObjectByHandle(Handle, 0, NULL, KernelMode, &Same, NULL), STATUS_SUCCESS);
        assert_ptr_equal(Same, Object);
        ObDereferenceObject(Same);
        assert_int_equal(ObpCloseHandle(Handle), STATUS_SUCCESS);
    }
}

static void
test_ob_handle__storm_of_handles_on_two_objects(void **state)
{
    static struct _OBJECT_TYPE QuietBody = {.Name = L"Quiet", .Delete = TestDelete};
    PVOID Objects[2];
    port_thread *Threads[4];

    (void)state;
    Deleted = 0;
    ObpCreateObject(&QuietBody, 8, &Objects[0]);
    ObpCreateObject(&QuietBody, 8, &Objects[1]);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(port_thread_start(&Threads[i], storm, Objects[i % 2], "storm"), 0);
    }
    for (int i = 0; i < 4; i++) {
        port_thread_join(Threads[i]);
    }
    assert_int_equal(Deleted, 0);
    ObpDereference(Objects[0]);
    ObpDereference(Objects[1]);
    assert_int_equal(Deleted, 2);
}

static HANDLE
OpenKey(const WCHAR *Path, HANDLE Root)
{
    UNICODE_STRING Name = S(Path);
    OBJECT_ATTRIBUTES Attributes;
    HANDLE Key;

    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, Root, NULL);
    return NT_SUCCESS(ZwOpenKey(&Key, KEY_READ, &Attributes)) ? Key : NULL;
}

static void
test_cm_key__values_partial_full_and_too_small(void **state)
{
    UNICODE_STRING Path = S(L"\\Registry\\Machine\\System\\CurrentControlSet\\Services\\unit\\Parameters");
    UNICODE_STRING Name = S(L"Level");
    UNICODE_STRING Text = S(L"DebugText");
    ULONG Value = 0x1234;
    UCHAR Buffer[256];
    PKEY_VALUE_PARTIAL_INFORMATION Partial = (PVOID)Buffer;
    PKEY_VALUE_FULL_INFORMATION Full = (PVOID)Buffer;
    ULONG Needed;

    (void)state;
    assert_int_equal(CmpCreateKeyPath(&Path), STATUS_SUCCESS);
    assert_int_equal(CmpSetValuePath(&Path, &Name, REG_DWORD, &Value, sizeof(Value)), STATUS_SUCCESS);
    assert_int_equal(CmpSetValuePath(&Path, &Text, REG_SZ, L"hello", 12), STATUS_SUCCESS);
    HANDLE Service = OpenKey(L"\\registry\\machine\\SYSTEM\\CurrentControlSet\\Services\\UNIT", NULL);
    assert_non_null(Service);
    HANDLE Key = OpenKey(L"Parameters", Service);
    assert_non_null(Key);
    Name = S(L"LEVEL");
    assert_int_equal(ZwQueryValueKey(Key, &Name, KeyValuePartialInformation, Buffer, sizeof(Buffer), &Needed), STATUS_SUCCESS);
    assert_int_equal(Partial->Type, REG_DWORD);
    assert_int_equal(Needed, FIELD_OFFSET(KEY_VALUE_PARTIAL_INFORMATION, Data) + 4);
    assert_int_equal(*(PULONG)Partial->Data, 0x1234);
    assert_int_equal(ZwQueryValueKey(Key, &Text, KeyValuePartialInformation, Buffer, 4, &Needed), STATUS_BUFFER_TOO_SMALL);
    assert_int_equal(ZwQueryValueKey(Key, &Text, KeyValuePartialInformation, Buffer, 16, &Needed), STATUS_BUFFER_OVERFLOW);
    assert_int_equal(ZwQueryValueKey(Key, &Text, KeyValueFullInformation, Buffer, sizeof(Buffer), &Needed), STATUS_SUCCESS);
    assert_int_equal(Full->DataLength, 12);
    assert_memory_equal(Buffer + Full->DataOffset, L"hello", 12);
    Name = S(L"Missing");
    assert_int_equal(ZwQueryValueKey(Key, &Name, KeyValuePartialInformation, Buffer, sizeof(Buffer), &Needed), STATUS_OBJECT_NAME_NOT_FOUND);
    assert_int_equal(ZwEnumerateValueKey(Key, 1, KeyValueBasicInformation, Buffer, sizeof(Buffer), &Needed), STATUS_SUCCESS);
    assert_int_equal(ZwEnumerateValueKey(Key, 2, KeyValueBasicInformation, Buffer, sizeof(Buffer), &Needed), STATUS_NO_MORE_ENTRIES);
    assert_null(OpenKey(L"Nothing", Service));
    Path = S(L"\\Registry\\Machine\\System\\CurrentControlSet\\Services\\unit");
    assert_int_equal(CmpDeleteKeyPath(&Path), STATUS_SUCCESS);
    assert_int_equal(ZwEnumerateValueKey(Key, 0, KeyValueBasicInformation, Buffer, sizeof(Buffer), &Needed), STATUS_KEY_DELETED);
    ZwClose(Key);
    ZwClose(Service);
}

static void
test_ps_process__requestor_is_stable_and_never_system(void **state)
{
    PSP_REQUESTOR Requestor;
    PEPROCESS First;
    PEPROCESS Found;

    (void)state;
    assert_ptr_equal(PsGetCurrentProcess(), PsInitialSystemProcess);
    assert_ptr_equal(PsGetCurrentProcessId(), (HANDLE)4);
    PspAttachRequestor(&Requestor, port_process_id(), 1000, 100);
    First = PsGetCurrentProcess();
    assert_ptr_not_equal(First, PsInitialSystemProcess);
    assert_int_equal((ULONG_PTR)PsGetCurrentProcessId(), port_process_id());
    assert_int_equal(PspCurrentUid(), 1000);
    ObReferenceObject(First);
    PspDetachRequestor(&Requestor);
    assert_ptr_equal(PsGetCurrentProcess(), PsInitialSystemProcess);
    assert_int_equal(PsLookupProcessByProcessId((HANDLE)(ULONG_PTR)port_process_id(), &Found), STATUS_SUCCESS);
    assert_ptr_equal(Found, First);
    ObDereferenceObject(Found);
    ObDereferenceObject(First);
    assert_int_equal(PsLookupProcessByProcessId((HANDLE)0x7FFFFFF0, &Found), STATUS_INVALID_CID);
    assert_null(Found);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ob_object__last_dereference_deletes_once),
        cmocka_unit_test(test_ob_object__references_with_a_tag),
        cmocka_unit_test(test_ob_handle__counts_type_and_reuse),
        cmocka_unit_test(test_ob_name__links_collisions_and_parse),
        cmocka_unit_test(test_ob_name__links_in_a_circle_end),
        cmocka_unit_test(test_ob_handle__storm_of_handles_on_two_objects),
        cmocka_unit_test(test_cm_key__values_partial_full_and_too_small),
        cmocka_unit_test(test_ps_process__requestor_is_stable_and_never_system),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
