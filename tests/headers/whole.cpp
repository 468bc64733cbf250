/* SPDX-License-Identifier: MIT */
/* What drivers write in C++: the __ spellings of exception handling, overloads, GUID comparison. */
#include <fltKernel.h>
#include <ntstrsafe.h>
#include <ntintsafe.h>
#include <initguid.h>

DEFINE_GUID(GUID_WHOLE, 0x01234567, 0x89ab, 0xcdef, 1, 2, 3, 4, 5, 6, 7, 8);

static_assert(sizeof(WCHAR) == 2 && sizeof(LONG) == 4, "types");

extern "C" NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath);

static NTSTATUS
WholeException(PVOID Address, SIZE_T Length)
{
    NTSTATUS Status = STATUS_SUCCESS;

    __try {
        __try {
            if (Length == 0) {
                Status = STATUS_INVALID_PARAMETER;
                __leave;
            }
            ProbeForWrite(Address, Length, sizeof(UCHAR));
        } __finally {
            if (AbnormalTermination()) {
                Status = STATUS_UNSUCCESSFUL;
            }
        }
    } __except (GetExceptionCode() == STATUS_ACCESS_VIOLATION ? EXCEPTION_EXECUTE_HANDLER : EXCEPTION_CONTINUE_SEARCH) {
        Status = GetExceptionCode();
    }
    return Status;
}

extern "C" NTSTATUS
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    LIST_ENTRY Head;
    volatile LONG Count = 0;

    UNREFERENCED_PARAMETER(DriverObject);
    InitializeListHead(&Head);
    InterlockedIncrement(&Count);
    PCWSTR Dot = wcsrchr(const_cast<PCWSTR>(RegistryPath->Buffer), L'.');
    if (Dot == nullptr || GUID_WHOLE != GUID_WHOLE) {
        return STATUS_OBJECT_NAME_INVALID;
    }
    return WholeException(RegistryPath->Buffer, RegistryPath->Length);
}
