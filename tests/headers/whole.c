/* SPDX-License-Identifier: MIT */
/* What drivers write in C: macros and inlines of the headers in use, and facts they rely on. */
#define POOL_NX_OPTIN 1
#include <fltKernel.h>
#include <dontuse.h>
#include <suppress.h>
#include <ntdddisk.h>
#include <ntddvol.h>
#include <mountmgr.h>
#include <ntstrsafe.h>
#include <ntintsafe.h>
#include <bcrypt.h>
#include <evntprov.h>
#include <ntimage.h>
#include <initguid.h>

DEFINE_GUID(GUID_WHOLE, 0x01234567, 0x89ab, 0xcdef, 1, 2, 3, 4, 5, 6, 7, 8);
DECLARE_GLOBAL_CONST_UNICODE_STRING(WholeName, L"\\Device\\Whole");

C_ASSERT(sizeof(WCHAR) == 2 && sizeof(LONG) == 4 && sizeof(LONGLONG) == 8 && sizeof(ULONG_PTR) == 8);
C_ASSERT(sizeof(L"ab") == 6 && sizeof(BOOLEAN) == 1 && sizeof(POOL_TYPE) == 4);
C_ASSERT(STATUS_ACCESS_DENIED < 0 && NT_ERROR(STATUS_ACCESS_DENIED) && NT_WARNING(STATUS_BUFFER_OVERFLOW));
C_ASSERT(NT_SUCCESS(STATUS_PENDING) && !NT_SUCCESS(STATUS_FLT_DO_NOT_ATTACH));
C_ASSERT(FIELD_OFFSET(UNICODE_STRING, Buffer) == 8 && RTL_SIZEOF_THROUGH_FIELD(LIST_ENTRY, Flink) == 8);

typedef struct _WHOLE_ENTRY {
    ULONG Value;
    LIST_ENTRY Links;
} WHOLE_ENTRY, *PWHOLE_ENTRY;

__declspec(noinline) static int
WholeFilter(NTSTATUS Code)
{
    return Code == STATUS_ACCESS_VIOLATION ? EXCEPTION_EXECUTE_HANDLER : EXCEPTION_CONTINUE_SEARCH;
}

static NTSTATUS
WholeException(PVOID Address, SIZE_T Length)
{
    NTSTATUS Status = STATUS_SUCCESS;

    PAGED_CODE();
    try {
        try {
            if (Length == 0) {
                Status = STATUS_INVALID_PARAMETER;
                leave;
            }
            ProbeForRead(Address, Length, sizeof(UCHAR));
        } finally {
            if (AbnormalTermination()) {
                DbgPrint("left\n");
            }
        }
    } except (WholeFilter(GetExceptionCode())) {
        Status = GetExceptionCode();
    }
    __try {
        return Status;
    } __finally {
        KdPrint(("done %wZ\n", &WholeName));
    }
    return Status;
}

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath);

NTSTATUS
DriverEntry(_In_ PDRIVER_OBJECT DriverObject, _In_ PUNICODE_STRING RegistryPath)
{
    LIST_ENTRY Head;
    WHOLE_ENTRY Entry = {1, {NULL, NULL}};
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"x");
    volatile LONG Count = 0;
    volatile LONG64 Wide = 0;
    PVOID Pointer = NULL;
    ULONG Sum;
    KIRQL Irql;
    KSPIN_LOCK Lock;

    UNREFERENCED_PARAMETER(DriverObject = NULL);
    UNREFERENCED_PARAMETER(RegistryPath);
    ExInitializeDriverRuntime(DrvRtPoolNxOptIn);
    InitializeListHead(&Head);
    InsertTailList(&Head, &Entry.Links);
    PWHOLE_ENTRY First = CONTAINING_RECORD(RemoveHeadList(&Head), WHOLE_ENTRY, Links);
    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
    InterlockedIncrement(&Count);
    InterlockedOr64(&Wide, 4);
    InterlockedCompareExchangePointer(&Pointer, &Entry, NULL);
    KeInitializeSpinLock(&Lock);
    KeAcquireSpinLock(&Lock, &Irql);
    KeReleaseSpinLock(&Lock, Irql);
    ASSERT(IsListEmpty(&Head));
    if (First->Value != 1 || !NT_SUCCESS(RtlULongAdd(1, 2, &Sum)) || IsEqualGUID(&GUID_WHOLE, &GUID_WHOLE) == 0) {
        return STATUS_UNSUCCESSFUL;
    }
    PVOID Block = ExAllocatePoolZero(NonPagedPool, max(sizeof(Entry), Sum), 'lohW');
    if (Block != NULL) {
        ExFreePoolWithTag(Block, 'lohW');
    }
    ObDereferenceObject(Pointer);
    return WholeException(Pointer, Sum);
}
