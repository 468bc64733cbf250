/* SPDX-License-Identifier: MIT */
/*
 * ObRegisterCallbacks: drivers that watch handles to processes and threads being made.
 *
 * Registrations stand in a list, highest altitude first; altitudes are unique.  A walk holds no lock while a callback runs, only the
 * registration's rundown protection, and goes on at the next lower altitude; unregister takes the registration off the list and waits.
 */
#include "ob/obp.h"

#include <stdatomic.h>
#include <string.h>

#include "ke/ki.h"
#include "ke/ntcall.h"
#include "port/port.h"

#define OBP_MOST_WATCHERS 64

typedef struct OBP_WATCHER {
    struct OBP_WATCHER *Next;                  /* ObpWatchLock */
    EX_RUNDOWN_REF Rundown;
    vf_owner *Owner;
    vf_object *Ledger;
    PVOID Context;
    UNICODE_STRING Altitude;                   /* behind Operations */
    ULONG Count;
    OB_OPERATION_REGISTRATION Operations[];
} OBP_WATCHER;

_Atomic(LONG) ObpWatchers;
static port_rwlock ObpWatchLock;
static OBP_WATCHER *ObpFirstWatcher;           /* ObpWatchLock */

/* ---- altitudes ---- */

static UNICODE_STRING
ObpDigits(PCUNICODE_STRING Altitude, BOOLEAN Fraction)
{
    const USHORT Characters = Altitude->Length / sizeof(WCHAR);
    USHORT Dot = 0, Start = 0, End;

    while (Dot < Characters && Altitude->Buffer[Dot] != L'.') {
        Dot++;
    }
    if (Fraction) {
        Start = Dot < Characters ? Dot + 1 : Dot;
        for (End = Characters; End > Start && Altitude->Buffer[End - 1] == L'0'; End--) {
        }
    } else {
        for (End = Dot; Start < End && Altitude->Buffer[Start] == L'0'; Start++) {
        }
    }
    const USHORT Bytes = (USHORT)((End - Start) * sizeof(WCHAR));
    return (UNICODE_STRING){Bytes, Bytes, Altitude->Buffer + Start};
}

/* <0, 0, >0 as decimal numbers. */
static LONG
ObpCompareAltitudes(PCUNICODE_STRING A, PCUNICODE_STRING B)
{
    const UNICODE_STRING WholeA = ObpDigits(A, FALSE), WholeB = ObpDigits(B, FALSE);
    const UNICODE_STRING RestA = ObpDigits(A, TRUE), RestB = ObpDigits(B, TRUE);

    if (WholeA.Length != WholeB.Length) {
        return WholeA.Length < WholeB.Length ? -1 : 1;
    }
    const LONG Whole = RtlCompareUnicodeString(&WholeA, &WholeB, FALSE);
    return Whole != 0 ? Whole : RtlCompareUnicodeString(&RestA, &RestB, FALSE);
}

static BOOLEAN
ObpAltitudeIsValid(PCUNICODE_STRING Altitude)
{
    BOOLEAN Dot = FALSE;

    for (USHORT i = 0; i < Altitude->Length / sizeof(WCHAR); i++) {
        const WCHAR Character = Altitude->Buffer[i];
        if (Character == L'.' ? Dot || i == 0 : Character < L'0' || Character > L'9') {
            return FALSE;
        }
        Dot |= Character == L'.';
    }
    return Altitude->Length != 0;
}

/* ---- register ---- */

static BOOLEAN
ObpOperationIsValid(const OB_OPERATION_REGISTRATION *Operation)
{
    const OB_OPERATION Known = OB_OPERATION_HANDLE_CREATE | OB_OPERATION_HANDLE_DUPLICATE;

    return Operation->ObjectType != NULL && *Operation->ObjectType != NULL && (*Operation->ObjectType)->SupportsCallbacks &&
           Operation->Operations != 0 && (Operation->Operations & ~Known) == 0 &&
           (Operation->PreOperation != NULL || Operation->PostOperation != NULL);
}

static NTSTATUS
ObpCheckRegistration(const OB_CALLBACK_REGISTRATION *Registration)
{
    if ((Registration->Version & 0xFF00) != (OB_FLT_REGISTRATION_VERSION & 0xFF00) || Registration->OperationRegistrationCount == 0 ||
        !ObpAltitudeIsValid(&Registration->Altitude)) {
        return STATUS_INVALID_PARAMETER;
    }
    for (ULONG i = 0; i < Registration->OperationRegistrationCount; i++) {
        if (!ObpOperationIsValid(&Registration->OperationRegistration[i])) {
            return STATUS_INVALID_PARAMETER;
        }
    }
    return STATUS_SUCCESS;
}

static NTSTATUS
ObpInsertWatcher(OBP_WATCHER *Watcher)
{
    NTSTATUS Status = STATUS_SUCCESS;

    port_rwlock_exclusive(&ObpWatchLock);
    OBP_WATCHER **Link = &ObpFirstWatcher;
    LONG Order = 1;
    while (*Link != NULL && (Order = ObpCompareAltitudes(&(*Link)->Altitude, &Watcher->Altitude)) > 0) {
        Link = &(*Link)->Next;
    }
    if (*Link != NULL && Order == 0) {
        Status = STATUS_FLT_INSTANCE_ALTITUDE_COLLISION;
    } else if (atomic_load(&ObpWatchers) == OBP_MOST_WATCHERS) {
        Status = STATUS_INSUFFICIENT_RESOURCES;
    } else {
        Watcher->Next = *Link;
        *Link = Watcher;
        atomic_fetch_add(&ObpWatchers, 1);
    }
    port_rwlock_release_exclusive(&ObpWatchLock);
    return Status;
}

/* Windows: wdm.h, ObRegisterCallbacks.  Differences: only handles that drivers make exist here; the image needs no signature. */
NTSTATUS
ObRegisterCallbacks(POB_CALLBACK_REGISTRATION CallbackRegistration, PVOID *RegistrationHandle)
{
    *RegistrationHandle = NULL;
    NTSTATUS Status = ObpCheckRegistration(CallbackRegistration);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    const SIZE_T Operations = CallbackRegistration->OperationRegistrationCount * sizeof(OB_OPERATION_REGISTRATION);
    const USHORT Bytes = CallbackRegistration->Altitude.Length;
    vf_owner *Owner = KiOwnerOfCall(__builtin_return_address(0));
    OBP_WATCHER *Watcher = vf_inject(__func__, Owner) ? NULL : port_alloc_zeroed(sizeof(*Watcher) + Operations + Bytes);
    if (Watcher == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Watcher->Owner = Owner;
    Watcher->Context = CallbackRegistration->RegistrationContext;
    Watcher->Count = CallbackRegistration->OperationRegistrationCount;
    memcpy(Watcher->Operations, CallbackRegistration->OperationRegistration, Operations);
    Watcher->Altitude = (UNICODE_STRING){Bytes, Bytes, (PWCH)(Watcher->Operations + Watcher->Count)};
    memcpy(Watcher->Altitude.Buffer, CallbackRegistration->Altitude.Buffer, Bytes);
    ExInitializeRundownProtection(&Watcher->Rundown);
    Watcher->Ledger = vf_object_create(Owner, VF_OTHER, Watcher, sizeof(*Watcher), 0, VF_REASON_ALLOCATE, __func__);
    Status = ObpInsertWatcher(Watcher);
    if (!NT_SUCCESS(Status)) {
        vf_object_destroy(Watcher->Ledger, Owner, VF_OTHER);
        port_free(Watcher);
        return Status;
    }
    *RegistrationHandle = Watcher;
    return STATUS_SUCCESS;
}

/* Windows: wdm.h, ObUnRegisterCallbacks.  Differences: none. */
VOID
ObUnRegisterCallbacks(PVOID RegistrationHandle)
{
    OBP_WATCHER *Watcher = NULL;

    port_rwlock_exclusive(&ObpWatchLock);
    for (OBP_WATCHER **Link = &ObpFirstWatcher; *Link != NULL; Link = &(*Link)->Next) {
        if (*Link == RegistrationHandle) {
            Watcher = *Link;
            *Link = Watcher->Next;
            atomic_fetch_sub(&ObpWatchers, 1);
            break;
        }
    }
    port_rwlock_release_exclusive(&ObpWatchLock);
    if (Watcher == NULL) {
        vf_report("K-02", "ObUnRegisterCallbacks", NULL, KiOwnerOfCall(__builtin_return_address(0)), RegistrationHandle,
                  "ObUnRegisterCallbacks: %p is not registered (any more)", RegistrationHandle);
        return;
    }
    ExWaitForRundownProtectionRelease(&Watcher->Rundown);
    vf_object_destroy(Watcher->Ledger, Watcher->Owner, VF_OTHER);
    port_free(Watcher);
}

/* Windows: wdm.h, ObGetFilterVersion.  Differences: none. */
USHORT
ObGetFilterVersion(VOID)
{
    return OB_FLT_REGISTRATION_VERSION;
}

/* ---- a handle is made ---- */

/* The registration below Previous (NULL: the highest), protected.  Previous is let go. */
static OBP_WATCHER *
ObpNextWatcher(OBP_WATCHER *Previous)
{
    port_rwlock_shared(&ObpWatchLock);
    OBP_WATCHER *Watcher = ObpFirstWatcher;
    while (Watcher != NULL && ((Previous != NULL && ObpCompareAltitudes(&Watcher->Altitude, &Previous->Altitude) >= 0) ||
                               !ExAcquireRundownProtection(&Watcher->Rundown))) {
        Watcher = Watcher->Next;
    }
    port_rwlock_release_shared(&ObpWatchLock);
    if (Previous != NULL) {
        ExReleaseRundownProtection(&Previous->Rundown);
    }
    return Watcher;
}

static const OB_OPERATION_REGISTRATION *
ObpWatches(const OBP_WATCHER *Watcher, POBJECT_TYPE Type, OB_OPERATION Operation)
{
    for (ULONG i = 0; i < Watcher->Count; i++) {
        if (*Watcher->Operations[i].ObjectType == Type && (Watcher->Operations[i].Operations & Operation) != 0) {
            return &Watcher->Operations[i];
        }
    }
    return NULL;
}

typedef struct OBP_WATCH {
    const OBP_HANDLE_OPERATION *Operation;
    ACCESS_MASK Access;                        /* what is left of it */
    ULONG Called;
    struct { OBP_WATCHER *Watcher; PVOID CallContext; } Calls[OBP_MOST_WATCHERS];
} OBP_WATCH;

static PVOID
ObpCallPre(OBP_WATCH *Watch, OBP_WATCHER *Watcher, POB_PRE_OPERATION_CALLBACK Callback)
{
    const OBP_HANDLE_OPERATION *Operation = Watch->Operation;
    OB_PRE_OPERATION_PARAMETERS Parameters = {.CreateHandleInformation = {Watch->Access, Operation->Access}};
    OB_PRE_OPERATION_INFORMATION Information = {.Operation = Operation->Operation, .Object = Operation->Object,
        .ObjectType = ObpTypeOf(Operation->Object), .Parameters = &Parameters};
    KI_DRIVER_CALL Call = {.Owner = Watcher->Owner, .Phase = "object pre-operation"};

    Information.KernelHandle = (Operation->Attributes & OBJ_KERNEL_HANDLE) != 0;
    if (Operation->Operation == OB_OPERATION_HANDLE_DUPLICATE) {
        Parameters.DuplicateHandleInformation.SourceProcess = Operation->SourceProcess;
        Parameters.DuplicateHandleInformation.TargetProcess = Operation->TargetProcess;
    }
    NT_CALL(&Call, Callback(Watcher->Context, &Information));
    if (!Call.Faulted && !Information.KernelHandle) {
        Watch->Access &= Parameters.CreateHandleInformation.DesiredAccess;   /* rights can be taken away only */
    }
    return Information.CallContext;
}

static VOID
ObpCallPost(const OBP_WATCH *Watch, OBP_WATCHER *Watcher, PVOID CallContext, NTSTATUS Status)
{
    const OBP_HANDLE_OPERATION *Operation = Watch->Operation;
    const OB_OPERATION_REGISTRATION *Registration = ObpWatches(Watcher, ObpTypeOf(Operation->Object), Operation->Operation);
    OB_POST_OPERATION_PARAMETERS Parameters = {.CreateHandleInformation = {NT_SUCCESS(Status) ? Watch->Access : 0}};
    OB_POST_OPERATION_INFORMATION Information = {.Operation = Operation->Operation, .Object = Operation->Object,
        .ObjectType = ObpTypeOf(Operation->Object), .CallContext = CallContext, .ReturnStatus = Status, .Parameters = &Parameters};
    KI_DRIVER_CALL Call = {.Owner = Watcher->Owner, .Phase = "object post-operation"};

    Information.KernelHandle = (Operation->Attributes & OBJ_KERNEL_HANDLE) != 0;
    if (Registration->PostOperation != NULL) {
        NT_CALL(&Call, Registration->PostOperation(Watcher->Context, &Information));
    }
}

NTSTATUS
ObpWatchedHandle(const OBP_HANDLE_OPERATION *Operation,
                 NTSTATUS (*Insert)(PVOID Object, ACCESS_MASK Access, ULONG Attributes, PHANDLE Handle), PHANDLE Handle)
{
    OBP_WATCH Watch;
    OBP_WATCHER *Watcher = NULL;

    Watch.Operation = Operation;
    Watch.Access = Operation->Access;
    Watch.Called = 0;
    KeEnterCriticalRegion();
    while ((Watcher = ObpNextWatcher(Watcher)) != NULL && Watch.Called < OBP_MOST_WATCHERS) {
        const OB_OPERATION_REGISTRATION *Registration = ObpWatches(Watcher, ObpTypeOf(Operation->Object), Operation->Operation);
        if (Registration != NULL && ExAcquireRundownProtection(&Watcher->Rundown)) {   /* until its post-operation call */
            Watch.Calls[Watch.Called].Watcher = Watcher;
            Watch.Calls[Watch.Called++].CallContext =
                Registration->PreOperation != NULL ? ObpCallPre(&Watch, Watcher, Registration->PreOperation) : NULL;
        }
    }
    const NTSTATUS Status = Insert(Operation->Object, Watch.Access, Operation->Attributes, Handle);
    while (Watch.Called != 0) {
        Watch.Called--;
        ObpCallPost(&Watch, Watch.Calls[Watch.Called].Watcher, Watch.Calls[Watch.Called].CallContext, Status);
        ExReleaseRundownProtection(&Watch.Calls[Watch.Called].Watcher->Rundown);
    }
    KeLeaveCriticalRegion();
    return Status;
}
