/* SPDX-License-Identifier: MIT */
/*
 * io, inward header.
 *
 * Locks.  IopDatabaseLock guards the shape of device stacks (AttachedDevice, AttachedTo, the cached top), a driver's list of devices, VPBs
 * being mounted, and the lists of file systems, notifications and reinitialisations.  It is a leaf, never held across a call
 * into a driver.  Requests do not take it: they start at the cached top of a stack.
 *
 * Life of an IRP of ours: IopIrpAllocate -> (one or more) IofCallDriver -> IofCompleteRequest walks the locations upwards -> the
 * last stage, IopIrpCompletionEnd: the extension's Completion if there is one, else what the I/O manager does for IoBuildXxx requests.
 * Whoever allocated the IRP for itself frees it.
 *
 * Life of a file object: IopFileCreate -> IRP_MJ_CREATE -> IOP_FILE_OPENED -> last handle: IRP_MJ_CLEANUP -> last reference:
 * IRP_MJ_CLOSE, closing hooks, memory.  A create that fails goes from the first to the last step without cleanup and close.
 */
#ifndef FB_IO_IOPP_H
#define FB_IO_IOPP_H

#include "io/iop.h"
#include "ke/ki.h"
#include "ke/ntcall.h"
#include "ob/obp.h"
#include "port/port.h"

#include <stdatomic.h>

/* Thread-local variables of io: the library is always there at program start. */
#define IOP_THREAD_LOCAL __thread __attribute__((tls_model("initial-exec")))

/* ---- devices ---- */
/* What DEVICE_OBJECT.DeviceObjectExtension points to. */
typedef struct IOP_DEVICE {
    DEVOBJ_EXTENSION Public;
    /* constant after create */
    vf_owner *Owner;
    vf_object *Ledger;
    ULONG FileSystemType;                      /* of a volume device, 1 more than the type; 0: not said */
    /* DatabaseLock */
    PDEVICE_OBJECT AttachedTo;
    _Atomic(PDEVICE_OBJECT) Below;             /* the same, read without; stays after a detach, for requests that are still on their way here */
    BOOLEAN DeletePending, WasAttached;
    _Atomic(PDEVICE_OBJECT) RealDevice;        /* of a volume device: its real device, while it is mounted; written under the VPB lock */
    /* written under DatabaseLock, read without: */
    _Atomic(PDEVICE_OBJECT) Top;               /* valid in the lowest device of a stack */
    _Atomic(ULONG) Generation;                 /* of the lowest device: changes with every attach and detach */
    _Atomic(LONG) Foreign;                     /* of the lowest device: devices of drivers that are not ours above it */
    const _Atomic(ULONGLONG) *Watched;         /* DatabaseLock; IopDeviceWatch, or NULL: everything */
    /* of the lowest device: where requests start that the top one need not see (IopStackStart).  StartWatched is never NULL */
    _Atomic(const _Atomic(ULONGLONG) *) StartWatched;
    _Atomic(PDEVICE_OBJECT) StartBelow;
    struct IOP_PASSAGE *Passage;               /* of a device with a VPB, constant */
    /* Of a volume device: what IopQueryInterest found at that epoch; 0 while it is written */
    _Atomic(ULONGLONG) InterestEpoch;
    _Atomic(ULONGLONG) InterestMajors, InterestCached, InterestPaging, InterestGeneration;
} IOP_DEVICE;

static inline IOP_DEVICE *
IopDevice(PDEVICE_OBJECT Device)
{
    return (IOP_DEVICE *)Device->DeviceObjectExtension;
}

/*
 * A routine of a loaded driver's is about to be called: FALSE if it must not be.  Whoever enters counts, then looks at Dead; an unload writes
 * Dead, then waits for the counts (IopDriverWait).  One of the two sees the other.
 */
static inline VOID
IopDriverLeave(IOP_DRIVER *Driver)
{
    if (Driver->Counts != NULL) {
        atomic_fetch_sub_explicit(&Driver->Counts[port_thread_id() % IOP_COUNT_ROWS].Inside, 1, memory_order_release);
    }
}
static inline BOOLEAN
IopDriverEnter(IOP_DRIVER *Driver, LONG Allowed)
{
    if (Driver->Counts != NULL) {
        atomic_fetch_add(&Driver->Counts[port_thread_id() % IOP_COUNT_ROWS].Inside, 1);
    }
    const LONG Dead = atomic_load(&Driver->Dead);
    if (__builtin_expect(Dead == 0 || Dead == Allowed, 1)) {
        return TRUE;
    }
    IopDriverLeave(Driver);
    return FALSE;
}

static inline BOOLEAN
IopDriverIsRuntime(PDRIVER_OBJECT Driver)
{
    return IOP_DRIVER_FROM(Driver)->Runtime;
}

/* Does a driver's table have the routine?  Tables of old drivers are shorter. */
#define IOP_FAST_IO_HAS(Table, Routine)                                                                                                 \
    ((Table) != NULL && (Table)->SizeOfFastIoDispatch >= FIELD_OFFSET(FAST_IO_DISPATCH, Routine) + sizeof(PVOID) && (Table)->Routine != NULL)

extern port_lock IopDatabaseLock;
extern struct _OBJECT_TYPE IopDeviceType, IopDriverType, IopFileType;
VOID IopStackUpdateLocked(PDEVICE_OBJECT Device);
/* Lowest device first: where a request for Device enters.  No reference. */
PDEVICE_OBJECT IopStackTop(PDEVICE_OBJECT Device);
/*
 * The same for requests that the I/O manager makes: the device below the top one if the top one's driver said that it does not watch
 * Major (IopDeviceWatch).  While the stack changes the answer is that of before or after: each of the words read here belongs to a
 * device that is or was in the stack, and the top one is passed by only if its own word says so.
 */
static inline PDEVICE_OBJECT
IopStackStart(PDEVICE_OBJECT Device, UCHAR Major)
{
    IOP_DEVICE *Extension = IopDevice(Device);
    const _Atomic(ULONGLONG) *Watched = atomic_load_explicit(&Extension->StartWatched, memory_order_acquire);

    if (Major <= IRP_MJ_MAXIMUM_FUNCTION && (atomic_load_explicit(Watched, memory_order_relaxed) & (1ull << Major)) == 0) {
        PDEVICE_OBJECT Below = atomic_load_explicit(&Extension->StartBelow, memory_order_acquire);
        if (__builtin_expect(Below != NULL, 1)) {
            return Below;
        }
    }
    return IopStackTop(Device);
}
/* Where a request of Major on a file object starts. */
PDEVICE_OBJECT IopFileStart(PFILE_OBJECT FileObject, UCHAR Major);
/* A file object was opened on / closed on Device. */
VOID IopDeviceOpened(PDEVICE_OBJECT Device);
VOID IopDeviceClosed(PDEVICE_OBJECT Device);
VOID IopDeviceDelete(PVOID Object);            /* ob: last reference */
VOID IopDeviceAskDetach(PDEVICE_OBJECT Device);    /* something is attached above it */
VOID IopDevicesForget(VOID);                   /* the machine ends: deleted devices that were in stacks */
VOID IopDriverDelete(PVOID Object);
VOID IopDriverDevicesReady(PDRIVER_OBJECT Driver);
NTSTATUS IopVpbCreate(PDEVICE_OBJECT Device);
VOID IopVpbFree(PDEVICE_OBJECT Device);

/* ---- IRPs ---- */
enum {                                         /* IOP_IRP_EXTENSION.State */
    IOP_IRP_IDLE,
    IOP_IRP_SENT,                              /* somebody in IopIssueIrp, not yet waiting */
    IOP_IRP_WAITING,                           /* … waits on the event */
    IOP_IRP_DONE
};
enum {                                         /* IOP_IRP_EXTENSION.Transport */
    IOP_TRANSPORT_BOUNCE = 1,                  /* Bounce is copied to OutputBuffer, then freed */
    IOP_TRANSPORT_MDL = 2                      /* Irp->MdlAddress is ours */
};
#define IOP_IRP_EXTENSION_BYTES ((sizeof(IOP_IRP_EXTENSION) + 15) & ~(SIZE_T)15)

/* A driver call that is under way on this thread and has not passed its IRP on: after a fault the IRP is completed for it. */
typedef struct IOP_CALL_FRAME {
    PIRP Irp;
    CHAR Location;
    BOOLEAN Gone;
    struct IOP_CALL_FRAME *Outer;
} IOP_CALL_FRAME;

VOID IopIrpCompletionEnd(PIRP Irp);
VOID IopCallFrameMark(PIRP Irp, CHAR Location, BOOLEAN Gone);
NTSTATUS IopInvalidDeviceRequest(PDEVICE_OBJECT Device, PIRP Irp);
PMDL IopMdlAllocate(PVOID Address, ULONG Length);   /* as IoAllocateMdl, not in a driver's name */

/* Sets the thread's previous mode, returns the old one. */
static inline KPROCESSOR_MODE
IopPreviousModeSwap(KPROCESSOR_MODE Mode)
{
    return KiPreviousModeSwap(Mode);
}

/* ---- files ---- */
enum {                                         /* IOP_FILE.State */
    IOP_FILE_OPENED = 1,                       /* the create succeeded: cleanup and close are owed */
    IOP_FILE_COUNTED = 2,                      /* counted in Device->ReferenceCount */
    IOP_FILE_IGNORE_SHARING = 4,
    IOP_FILE_REMOTE = 8,
    IOP_FILE_OPENER = 16                       /* OpenerProcess is referenced */
};
#define IOP_NAME_BYTES 256                     /* capacity of a cached name block */
#define IOP_TAG_NAME 'mNoI'
#define IOP_TAG_GENERAL '  oI'

VOID IopFileInitialize(VOID);
NTSTATUS IopFileCreate(PDEVICE_OBJECT Device, PCUNICODE_STRING Name, IOP_FILE **File);
VOID IopFileDelete(PVOID Object);
VOID IopFileHandleClosed(PVOID Object, LONG Remaining);
NTSTATUS IopFileQueryName(PVOID Object, PUNICODE_STRING Name);
NTSTATUS IopDeviceParse(PVOID Object, OBP_PARSE *Parse, PVOID *Opened);
VOID IopFileOpened(IOP_FILE *File);            /* the create succeeded */
VOID IopFileSendSimple(IOP_FILE *File, PDEVICE_OBJECT Device, UCHAR Major);
NTSTATUS IopParameterCheckCreate(const IOP_CREATE *Create);

/* ---- hooks ---- */
VOID IopHooksFileObjectClosing(PFILE_OBJECT FileObject);
VOID IopHooksEcpBegin(PECP_LIST Callers);
VOID IopHooksEcpEnd(PECP_LIST Callers, PECP_LIST Last);
BOOLEAN IopHooksPended(PIRP Irp, IOP_PENDED *Pended);
VOID IopUnregisterHooks(VOID);
VOID IopNotificationsForget(PDRIVER_OBJECT DriverObject);
NTSTATUS IopNotificationsEnumerate(PDRIVER_OBJECT *List, ULONG Room, PULONG Actual);
/* The control device of a registered file system driver, referenced; NULL: it has none. */
BOOLEAN IopIsFileSystemLocked(PDEVICE_OBJECT Device);  /* IopDatabaseLock */
PDEVICE_OBJECT IopFileSystemLocked(ULONG Index);       /* … in the order of registration; NULL: no more */
PDRIVER_OBJECT IopNotifiedLocked(ULONG Index);         /* … who hears of them; NULL: no more */
ULONG IopFileSystemsEnumerate(PDEVICE_OBJECT *List, ULONG Room);   /* newest first, each referenced */
PDEVICE_OBJECT IopFileSystemOf(PDRIVER_OBJECT DriverObject);

/* ---- per-thread cache of equal blocks ---- */
#ifdef __SANITIZE_ADDRESS__
#define IOP_CACHE_LIMIT 0                      /* let the sanitizer see every free */
#else
#define IOP_CACHE_LIMIT 32
#endif
typedef struct IOP_CACHE {
    PVOID Head;                                /* linked through the first word */
    ULONG Count;
} IOP_CACHE;
enum { IOP_CACHE_IRP_SMALL, IOP_CACHE_IRP_LARGE, IOP_CACHE_FILE, IOP_CACHE_MDL, IOP_CACHE_COUNT };
PVOID IopCachePop(unsigned Which);             /* NULL: empty */
BOOLEAN IopCachePush(unsigned Which, PVOID Block);  /* FALSE: full */
VOID IopCacheFlushThread(VOID);                /* frees what the calling thread has cached */
VOID IopCacheSetRelease(unsigned Which, VOID (*Release)(PVOID Block));

VOID IopShutdownNotify(VOID);
VOID IopFinding(const char *Code, const char *Bugcheck, PDRIVER_OBJECT Driver, const void *Object, const char *Text);

#endif
