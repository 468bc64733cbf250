/* SPDX-License-Identifier: MIT */
/* Counts that close, references on filters, instances and volumes, strings. */
#include "fltmgr/ctxcheck.h"
#include "fltmgr/fltp.h"

FLTP_GLOBALS FltpGlobals;

/* ---- counts ---- */

BOOLEAN
FltpCountTryAcquire(FLTP_COUNT *Count)
{
    uint32_t Word = atomic_load_explicit(&Count->Word, memory_order_relaxed);

    do {
        if (Word & FLTP_COUNT_CLOSED) {
            return FALSE;
        }
    } while (!atomic_compare_exchange_weak_explicit(
        &Count->Word, &Word, Word + 1, memory_order_acquire, memory_order_relaxed));
    return TRUE;
}

VOID
FltpCountAcquire(FLTP_COUNT *Count)
{
    atomic_fetch_add_explicit(&Count->Word, 1, memory_order_relaxed);
}

VOID
FltpCountRelease(FLTP_COUNT *Count)
{
    if (atomic_fetch_sub_explicit(&Count->Word, 1, memory_order_acq_rel) == (FLTP_COUNT_CLOSED | 1)) {
        port_wake(&Count->Word, UINT32_MAX);
    }
}

VOID
FltpCountClose(FLTP_COUNT *Count)
{
    atomic_fetch_or_explicit(&Count->Word, FLTP_COUNT_CLOSED, memory_order_acq_rel);
}

/*
 * Waits until a closed count is zero.  The last release may free the memory behind Count only after this returned, so the
 * waker touches nothing after its subtraction but the address.
 */
BOOLEAN
FltpCountWait(FLTP_COUNT *Count, PFLT_FILTER Filter)
{
    const uint64_t Second = 1000000000ull;
    uint64_t Next = port_clock_monotonic() + Second;
    ULONG Seconds = 0;

    for (;;) {
        uint32_t Word = atomic_load_explicit(&Count->Word, memory_order_acquire);

        if ((Word & ~FLTP_COUNT_CLOSED) == 0) {
            return TRUE;
        }
        port_wait(&Count->Word, Word, Next);
        if (port_clock_monotonic() < Next) {
            continue;
        }
        Next += Second;
        Seconds++;
        if (Filter != NULL && FltpGlobals.WaitHook != NULL &&
            FltpGlobals.WaitHook(Filter, Seconds, FltpGlobals.WaitContext)) {
            return FALSE;
        }
    }
}

/* ---- references ---- */

static FLTP_OBJECT *
FltpObjectOf(PVOID FltObject, const char *Routine)
{
    return FltObject != NULL && FltpObjectIsSlowly(FltObject, Routine) ? FltObject : NULL;
}

NTSTATUS
FltpObjectReference(PVOID FltObject, const char *Routine)
{
    FLTP_OBJECT *Object = FltpObjectOf(FltObject, Routine);

    if (Object == NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    if (!FltpCountTryAcquire(&Object->References)) {
        return STATUS_FLT_DELETING_OBJECT;
    }
    if (vf_on()) {
        vf_object_reference(Object->Ledger, VF_REASON_REFERENCE, Routine);
    }
    return STATUS_SUCCESS;
}

/* Windows: fltKernel.h, FltObjectReference.  Differences: none. */
NTSTATUS FLTAPI
FltObjectReference(PVOID FltObject)
{
    return FltpObjectReference(FltObject, __func__);
}

/* Windows: fltKernel.h, FltObjectDereference.  Differences: one too many is reported, not a bug check. */
VOID FLTAPI
FltObjectDereference(PVOID FltObject)
{
    FLTP_OBJECT *Object = FltpObjectOf(FltObject, __func__);

    if (Object == NULL) {
        return;
    }
    if (FltpCountValue(&Object->References) == 0) {
        vf_report("K-02", "F-19", NULL, KiCurrentOwner(), FltObject, "FltObjectDereference without a reference");
        return;
    }
    if (vf_on()) {
        vf_object_release(Object->Ledger, VF_REASON_REFERENCE, __func__);
    }
    FltpCountRelease(&Object->References);
}

/* Windows: fltKernel.h, FltGetVolumeFromInstance.  Differences: none. */
NTSTATUS FLTAPI
FltGetVolumeFromInstance(PFLT_INSTANCE Instance, PFLT_VOLUME *RetVolume)
{
    *RetVolume = NULL;
    if (!FltpObjectIs(Instance, __func__)) {
        return STATUS_INVALID_PARAMETER;
    }
    NTSTATUS Status = FltpObjectReference(Instance->Volume, __func__);
    if (NT_SUCCESS(Status)) {
        *RetVolume = Instance->Volume;
    }
    return Status;
}

/* Windows: fltKernel.h, FltGetFilterFromInstance.  Differences: none. */
NTSTATUS FLTAPI
FltGetFilterFromInstance(PFLT_INSTANCE Instance, PFLT_FILTER *RetFilter)
{
    *RetFilter = NULL;
    if (!FltpObjectIs(Instance, __func__)) {
        return STATUS_INVALID_PARAMETER;
    }
    NTSTATUS Status = FltpObjectReference(Instance->Filter, __func__);
    if (NT_SUCCESS(Status)) {
        *RetFilter = Instance->Filter;
    }
    return Status;
}

/* ---- strings ---- */

NTSTATUS
FltpStringCopy(PUNICODE_STRING To, PCUNICODE_STRING From)
{
    To->Length = From->Length;
    To->MaximumLength = (USHORT)(From->Length + sizeof(WCHAR));
    To->Buffer = port_alloc((size_t)From->Length + sizeof(WCHAR));
    if (To->Buffer == NULL) {
        To->Length = To->MaximumLength = 0;
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    if (From->Length != 0) {
        memcpy(To->Buffer, From->Buffer, From->Length);
    }
    To->Buffer[From->Length / sizeof(WCHAR)] = 0;
    return STATUS_SUCCESS;
}

VOID
FltpStringFree(PUNICODE_STRING String)
{
    port_free(String->Buffer);
    String->Buffer = NULL;
    String->Length = String->MaximumLength = 0;
}
