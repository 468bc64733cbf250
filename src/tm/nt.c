/* SPDX-License-Identifier: MIT */
/* The Nt names of the transaction routines: the mode of the caller makes no difference here. */
#include <ntifs.h>

/* Windows: wdm.h, NtCreateTransaction.  Differences: as ZwCreateTransaction. */
NTSTATUS
NtCreateTransaction(PHANDLE TransactionHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes, GUID *Uow, HANDLE TmHandle,
    ULONG CreateOptions, ULONG IsolationLevel, ULONG IsolationFlags, PLARGE_INTEGER Timeout, PUNICODE_STRING Description)
{
    return ZwCreateTransaction(TransactionHandle, DesiredAccess, ObjectAttributes, Uow, TmHandle, CreateOptions, IsolationLevel,
        IsolationFlags, Timeout, Description);
}

/* Windows: wdm.h, NtOpenTransaction.  Differences: as ZwOpenTransaction. */
NTSTATUS
NtOpenTransaction(PHANDLE TransactionHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes, GUID *Uow, HANDLE TmHandle)
{
    return ZwOpenTransaction(TransactionHandle, DesiredAccess, ObjectAttributes, Uow, TmHandle);
}

/* Windows: wdm.h, NtCommitTransaction.  Differences: as TmCommitTransaction. */
NTSTATUS
NtCommitTransaction(HANDLE TransactionHandle, BOOLEAN Wait)
{
    return ZwCommitTransaction(TransactionHandle, Wait);
}

/* Windows: wdm.h, NtRollbackTransaction.  Differences: as TmRollbackTransaction. */
NTSTATUS
NtRollbackTransaction(HANDLE TransactionHandle, BOOLEAN Wait)
{
    return ZwRollbackTransaction(TransactionHandle, Wait);
}

/* Windows: wdm.h, NtQueryInformationTransaction.  Differences: as ZwQueryInformationTransaction. */
NTSTATUS
NtQueryInformationTransaction(HANDLE TransactionHandle, TRANSACTION_INFORMATION_CLASS TransactionInformationClass,
    PVOID TransactionInformation, ULONG TransactionInformationLength, PULONG ReturnLength)
{
    return ZwQueryInformationTransaction(
        TransactionHandle, TransactionInformationClass, TransactionInformation, TransactionInformationLength, ReturnLength);
}
