/* SPDX-License-Identifier: MIT */
/*
 * io, outward header: the I/O manager's entry points for view, fltmgr, file systems and host (NT side).
 *
 * Volume model.  A file system makes a named real device (\Device\HarddiskVolume<n>) with a VPB and an unnamed volume
 * device object (VDO) that serves IRPs, and mounts them with IopVolumeMount.  Filters attach above the VDO.  A name
 * \Device\HarddiskVolume<n>\a\b is parsed to the real device; the request goes to the top of the stack above the VDO.
 */
#ifndef FB_IO_IOP_H
#define FB_IO_IOP_H

#include <ntifs.h>

#include "vf/vf.h"

/* ---- containers: public part first ---- */
typedef struct IOP_FILE {
    FILE_OBJECT Public;
    /* constant after create */
    ULONGLONG OperationId;
    TXN_PARAMETER_BLOCK Transaction;           /* TransactionObject: referenced, NULL outside a transaction */
    KPROCESSOR_MODE OpenMode;
    /* interlocked; handles are counted in the object header (ob/obp.h), the one of IopCreateFile included */
    _Atomic(LONG) CleanupSent;
    /* owned by the filter manager: its per-file-object block (stream pointer, handle contexts); freed by the
     * teardown hook */
    _Atomic(void *) FilterBlock;
    _Atomic(void *) FilterStream;              /* its stream's contexts, for searches; NULL: to be found through FilterBlock */
    /* FSRTL per-file-object contexts */
    LIST_ENTRY PerFileObjectContexts;
    EX_PUSH_LOCK PerFileObjectLock;
    /* who opened it: CLEANUP runs as this */
    PEPROCESS OpenerProcess;                   /* referenced */
    /* view's back pointer */
    void *ViewHandle;
    /* constant after create: further requests on this file object start here (NULL = top of the stack) and carry FilterTarget.
     * FilterTarget is only a value to io: whoever understands it must know that it is still alive. */
    PDEVICE_OBJECT HintDevice;
    void *FilterTarget;
    ULONG CreateOptions;                       /* as opened */
    ACCESS_MASK GrantedAccess;
    /* io's own */
    _Atomic(ULONG) State;                      /* IOP_FILE_* (io/iopp.h) */
    WORK_QUEUE_ITEM DeleteItem;                /* last reference dropped above PASSIVE_LEVEL */
    /* kept while the block is cached */
    PWCH OwnName;                              /* pool block */
    ULONG OwnNameBytes;
} IOP_FILE;
#define IOP_FILE_FROM(FileObject) ((IOP_FILE *)(FileObject))
/* FALSE: a bare FILE_OBJECT on somebody's stack (query-open). */
static inline BOOLEAN
IopFileIsOurs(PFILE_OBJECT FileObject)
{
    return (PVOID)FileObject == FileObject->FileObjectExtension;
}

struct IOP_QUERY_OPEN;
/* A driver of ours or a loaded one. */
typedef struct IOP_DRIVER {
    DRIVER_OBJECT Public;
    DRIVER_EXTENSION Extension;
    vf_owner *Owner;
    CHAR Name[64];                             /* UTF-8, for reports */
    BOOLEAN Runtime;                           /* ours (FltMgr, memfs, hostfs): calls are not fault-framed */
    _Atomic(LONG) Dead;                        /* IOP_DRIVER_*; not 0: skipped */
    FS_FILTER_CALLBACKS *FsFilterCallbacks;
    /* IRP_MJ_QUERY_OPEN: answers a stat-like query by name without opening.  Device is the driver's own device in the stack; lower
     * drivers are reached with IopQueryOpenLower.  IopQueryMustOpen: caller opens instead. */
    NTSTATUS (*QueryOpen)(PDEVICE_OBJECT Device, struct IOP_QUERY_OPEN *Query);
    UNICODE_STRING RegistryPath;               /* of its service key; empty if it has none */
    /* Of a loaded driver: calls of its routines, for the report.  Threads share a row by number. */
    struct IOP_DRIVER_COUNTS {
        _Atomic(ULONGLONG) Dispatch[IRP_MJ_MAXIMUM_FUNCTION + 1], Completion;
        _Atomic(LONG) Inside;                  /* routines of the driver's that run */
    } __attribute__((aligned(64))) *Counts;
} IOP_DRIVER;
#define IOP_COUNT_ROWS 8
enum { IOP_DRIVER_FAULTED = 1, IOP_DRIVER_LEAVING = 2, IOP_DRIVER_GONE = 3 };   /* leaving: only its completion routines are called */
#define IOP_DRIVER_FROM(DriverObject) ((IOP_DRIVER *)(DriverObject))

/* IRPs of our own; recognised by IRP_ALLOCATED_FIXED_SIZE-like private AllocationFlags bit. */
typedef struct IOP_IRP_EXTENSION {
    ULONGLONG OperationId;
    void *Attachment;                          /* private data of the requestor that the base file system understands (io/attach.h) */
    void *FilterTarget;                        /* enter FltMgr below this instance; NULL = top */
    PEPROCESS RequestorProcess;                /* borrowed: the requestor waits for the IRP or holds it itself */
    PECP_LIST EcpList;                         /* creates: borrowed from the create's IO_DRIVER_CREATE_CONTEXT */
    /* If set, the completion walk ends here instead of in the I/O manager's own last stage; the IRP is then the routine's. IRQL <= DISPATCH. */
    VOID (*Completion)(PIRP Irp, PVOID Context);
    PVOID CompletionContext;
    /* io's own */
    _Atomic(ULONG) State;
    UCHAR SizeClass;                           /* stack locations the block has room for, by cache class */
    UCHAR Transport;                           /* IOP_TRANSPORT_* (io/iopp.h) */
    PVOID Bounce;                              /* system buffer that the last stage copies out and frees */
    PVOID OutputBuffer;
    ULONG OutputLength;
    vf_owner *Owner;                           /* driver that called IoAllocateIrp */
    PDRIVER_OBJECT Foreign;                    /* the last loaded driver that got it; NULL: none did */
    ULONGLONG Seal;                            /* of what it was when it was completed, if a loaded driver had it; 0: not taken */
    vf_object *Ledger;
} IOP_IRP_EXTENSION;

/* The extension stands in front of an IRP of our own.  NULL for a foreign IRP (memory of a driver's own). */
#define IOP_IRP_OURS 0x80                      /* AllocationFlags */
static inline IOP_IRP_EXTENSION *
IopIrpExtension(PIRP Irp)
{
    return (Irp->AllocationFlags & IOP_IRP_OURS) ? (IOP_IRP_EXTENSION *)((PUCHAR)Irp - ((sizeof(IOP_IRP_EXTENSION) + 15) & ~(SIZE_T)15)) : NULL;
}
/* Extra create parameters of a create request. */
PECP_LIST IopIrpEcpList(PIRP Irp);
NTSTATUS IopIrpSetEcpList(PIRP Irp, PECP_LIST List);   /* STATUS_INVALID_PARAMETER for a foreign IRP */

/* ---- requests ---- */
/*
 * Opens or creates.  IRQL PASSIVE.  Refs: *FileObject +1 pointer reference and one handle count for the caller, undone by
 * IopCloseFile.  The result of a create that did not open (STATUS_REPARSE is an error here) leaves *FileObject NULL.
 */
typedef struct IOP_CREATE {
    PDEVICE_OBJECT Device;                     /* real device or VDO of the volume; NULL: Name is a full NT path */
    PDEVICE_OBJECT HintDevice;                 /* send to this device instead of the top of the stack; NULL = top */
    void *FilterTarget;                        /* PFLT_INSTANCE: enter below it; NULL = top */
    PFILE_OBJECT RelatedFileObject;
    UNICODE_STRING Name;                       /* relative to the volume ("\a\b") when Device is given */
    ACCESS_MASK DesiredAccess;
    ULONG Disposition;                         /* FILE_OPEN … */
    ULONG CreateOptions;                       /* FILE_DIRECTORY_FILE …; FILE_OPEN_BY_FILE_ID: Name is the 8-byte id */
    ULONG FileAttributes;
    ULONG ShareAccess;
    PVOID EaBuffer;
    ULONG EaLength;
    LARGE_INTEGER AllocationSize;
    ULONG ObjectAttributes;                    /* OBJ_CASE_INSENSITIVE … */
    ULONG OpenFlags;                           /* SL_* and IO_* of IoCreateFileEx */
    KPROCESSOR_MODE RequestorMode;
    PIO_DRIVER_CREATE_CONTEXT DriverContext;   /* ECPs, transaction; may be NULL */
    void *Attachment;
} IOP_CREATE;
NTSTATUS IopCreateFile(const IOP_CREATE *Create, PIO_STATUS_BLOCK IoStatus, PFILE_OBJECT *FileObject);

/* Last handle: IRP_MJ_CLEANUP now, IRP_MJ_CLOSE when the last pointer reference goes. */
VOID IopCloseFile(PFILE_OBJECT FileObject);
/* One more handle count (a handle was made for an open file object); undone by IopHandleClosed, which may send IRP_MJ_CLEANUP. */
VOID IopHandleOpened(PFILE_OBJECT FileObject);
VOID IopHandleClosed(PFILE_OBJECT FileObject);
/* A file object that was never opened, for IopCreateFile-like work elsewhere and for tests; freed by ObDereferenceObject without
 * IRP_MJ_CLOSE.  Name is copied. */
NTSTATUS IopFileAllocate(PDEVICE_OBJECT Device, PCUNICODE_STRING Name, PFILE_OBJECT *FileObject);

/*
 * Builds an IRP from Stack (MajorFunction, MinorFunction, Flags, Parameters; FileObject and DeviceObject are filled in), sends it to
 * StartDevice (NULL: top of the file object's stack), waits for completion.  Buffers: given by the members; the routine does
 * the buffered/direct/neither transport the device asks for.  IRQL: PASSIVE_LEVEL.
 */
typedef struct IOP_REQUEST {
    PFILE_OBJECT FileObject;
    PDEVICE_OBJECT StartDevice;
    IO_STACK_LOCATION Stack;
    PVOID InputBuffer;  ULONG InputLength;     /* SET_*, WRITE, FSCTL input */
    PVOID OutputBuffer; ULONG OutputLength;    /* QUERY_*, READ, directory, FSCTL output */
    ULONG IrpFlags;                            /* IRP_NOCACHE, IRP_PAGING_IO … */
    KPROCESSOR_MODE RequestorMode;
    void *Attachment;
    void *FilterTarget;
} IOP_REQUEST;
NTSTATUS IopRequest(IOP_REQUEST *Request, PIO_STATUS_BLOCK IoStatus);
/* Cancels the pended IRP that the thread (port_thread_id) waits for in IopIssueIrp.  FALSE: it waits for none now. */
BOOLEAN IopCancelThread(ULONG ThreadId);
/* Whoever waits for a pended IRP is here meanwhile (waiting.c). */
typedef struct IOP_WAITING {
    struct IOP_WAITING *Next, **Link;
    PIRP Irp;
    ULONG Thread;
    BOOLEAN Noted;                             /* IopHeldNote has told of it */
    ULONGLONG Since;                           /* port_clock_monotonic */
    _Atomic(ULONG) Users;
} IOP_WAITING;
VOID IopWaitingEnter(IOP_WAITING *Waiting, PIRP Irp);
VOID IopWaitingLeave(IOP_WAITING *Waiting);
/*
 * Up to 16 IRPs that somebody has waited for at least Seconds, and that a driver of somebody else's has; their number.
 * IopHeldNote: each is told once, no finding.  IopHeldEnd: a finding for each, and it is cancelled.  Both leave out what is meant to wait.
 * IopHeldFinish: a finding for each, whatever it is.  Text: the first one in words ("" if there is none), or NULL.
 */
typedef enum IOP_HELD_ACTION { IopHeldNote, IopHeldEnd, IopHeldFinish } IOP_HELD_ACTION;
ULONG IopReportWaiting(ULONG Seconds, IOP_HELD_ACTION Action, CHAR *Text, SIZE_T Size);
/* The file name of the request that a dispatch routine has, called on this thread and not yet passed on or completed.  Async-signal-safe. */
BOOLEAN IopDispatchedName(CHAR *Name, SIZE_T Size);

/*
 * The steps of IopRequest, for the filter manager, which starts in callback data and ends in an IRP for the device below.
 *   PIRP Irp = IopIrpAllocateForRequest(&Request, Device);     the next stack location is filled in, buffers are transported
 *   Status = IopIssueIrp(Device, Irp, &IoStatus);              sends, waits; output is in the caller's buffer afterwards
 *   IopIrpFree(Irp);
 * or IopIssueIrpAsync(Device, Irp, Completion, Context): Completion is called at the end of the completion walk (on any
 * thread, also when the request did not pend), finds the result in Irp->IoStatus, calls IopIrpFinish and IopIrpFree.
 * IRPs with IrpFlags IRP_PAGING_IO or a create (Stack.MajorFunction IRP_MJ_CREATE) are fine too.
 */
PIRP IopIrpAllocateForRequest(const IOP_REQUEST *Request, PDEVICE_OBJECT Device);
PIRP IopIrpAllocate(CCHAR StackSize);          /* as IoAllocateIrp, not in a driver's name */
VOID IopIrpFinish(PIRP Irp);                   /* copies buffered output out; idempotent; IopIssueIrp has done it */
VOID IopIrpFree(PIRP Irp);
NTSTATUS IopIssueIrp(PDEVICE_OBJECT Device, PIRP Irp, PIO_STATUS_BLOCK IoStatus);
NTSTATUS IopIssueIrpAsync(PDEVICE_OBJECT Device, PIRP Irp, VOID (*Completion)(PIRP Irp, PVOID Context), PVOID Context);
ULONGLONG IopOperationId(VOID);                /* a new operation number, unique in the process */

/* Convenience over IopRequest; the mode is UserMode for view, KernelMode for Zw callers. */
NTSTATUS IopRead(PFILE_OBJECT FileObject, PVOID Buffer, ULONG Length, LONGLONG Offset, ULONG IrpFlags, KPROCESSOR_MODE Mode, PIO_STATUS_BLOCK IoStatus);
NTSTATUS IopWrite(PFILE_OBJECT FileObject, const VOID *Buffer, ULONG Length, LONGLONG Offset, ULONG IrpFlags, KPROCESSOR_MODE Mode, PIO_STATUS_BLOCK IoStatus);
NTSTATUS IopQueryInformation(PFILE_OBJECT FileObject, FILE_INFORMATION_CLASS Class, PVOID Buffer, ULONG Length, KPROCESSOR_MODE Mode, PULONG Returned);
NTSTATUS IopSetInformation(PFILE_OBJECT FileObject, FILE_INFORMATION_CLASS Class, PVOID Buffer, ULONG Length, PFILE_OBJECT Target, void *Attachment, KPROCESSOR_MODE Mode);

/*
 * What NtReadFile, NtWriteFile, NtDeviceIoControlFile and NtFsControlFile do with the file object of a handle: a synchronous one is
 * locked, a program (UserMode) must have opened it for what it asks.  Done when they return.  Offset: as in NtReadFile.
 */
NTSTATUS IopFileTransfer(PFILE_OBJECT FileObject, UCHAR Major, KPROCESSOR_MODE Mode, PVOID Buffer, ULONG Length, LONGLONG Offset, PIO_STATUS_BLOCK IoStatus);
NTSTATUS IopFileControl(PFILE_OBJECT FileObject, UCHAR Major, KPROCESSOR_MODE Mode, ULONG Code, PVOID Input, ULONG InputLength, PVOID Output,
                        ULONG OutputLength, PIO_STATUS_BLOCK IoStatus);

/* ---- query-open (stat by name without a handle) ---- */
typedef struct IOP_QUERY_OPEN {
    PFILE_OBJECT FileObject;                   /* stack file object: FileName and DeviceObject set, never opened */
    FILE_INFORMATION_CLASS Class;              /* FileStatLxInformation, FileNetworkOpenInformation … */
    PVOID Buffer;
    ULONG Length;
    ULONG Returned;
    BOOLEAN CaseSensitive;
    KPROCESSOR_MODE RequestorMode;
    void *Attachment;                          /* struct iop_attachment or NULL: exact times, errno (io/attach.h) */
    BOOLEAN Answered;                          /* own: below a legacy filter Buffer was filled */
} IOP_QUERY_OPEN;
NTSTATUS IopQueryOpen(PDEVICE_OBJECT Device, IOP_QUERY_OPEN *Query);            /* Device: VDO or real device; enters at the top of the stack */
NTSTATUS IopQueryOpenLower(PDEVICE_OBJECT Lower, IOP_QUERY_OPEN *Query);        /* from Lower downwards */
BOOLEAN IopQueryMustOpen(NTSTATUS Status);                                       /* nobody answered: by an open, then */
/* The IRP of the open that a query stands for: filters look at it, nobody sends it. */
typedef struct IOP_QUERY_IRP { PIRP Irp; IO_SECURITY_CONTEXT Security; ACCESS_STATE Access; } IOP_QUERY_IRP;
BOOLEAN IopQueryIrpCreate(IOP_QUERY_IRP *Query, IOP_QUERY_OPEN *Open, PDEVICE_OBJECT Device);
VOID IopQueryIrpDelete(IOP_QUERY_IRP *Query);                                    /* Irp may be NULL */
/* Network information in other answers; from it: what it has of them. */
BOOLEAN IopQueryHasNetwork(const IOP_QUERY_OPEN *Open);
VOID IopQueryToNetwork(const IOP_QUERY_OPEN *Open, FILE_NETWORK_OPEN_INFORMATION *Network);
VOID IopQueryFromNetwork(const FILE_NETWORK_OPEN_INFORMATION *Network, IOP_QUERY_OPEN *Open);
/* FAST_IO_DISPATCH.FastIoQueryOpen of drivers of ours: the query of the IRP comes to the driver's QueryOpen. */
BOOLEAN IopFastQueryOpen(PIRP Irp, PFILE_NETWORK_OPEN_INFORMATION Network, PDEVICE_OBJECT Device);

/* ---- volumes ---- */
/* FLT_FILESYSTEM_TYPE of a volume device; set before the mount.  FALSE: nobody said. */
VOID IopSetFileSystemType(PDEVICE_OBJECT VolumeDevice, ULONG Type);
BOOLEAN IopFileSystemType(PDEVICE_OBJECT VolumeDevice, PULONG Type);
NTSTATUS IopVolumeMount(PDEVICE_OBJECT RealDevice, PDEVICE_OBJECT VolumeDevice);  /* sets the VPB, runs mount hooks */
/* Asks the registered file systems, newest first, until one takes the device (IRP_MN_MOUNT_VOLUME, Vpb->DeviceObject). */
NTSTATUS IopVolumeMountByAnybody(PDEVICE_OBJECT RealDevice);
NTSTATUS IopVolumeDismount(PDEVICE_OBJECT RealDevice);
PDEVICE_OBJECT IopVolumeTop(PDEVICE_OBJECT RealOrVolumeDevice);                    /* no reference; constant while nothing attaches */
/* The base file system's device for a file object (for private FSCTLs that filters must not see). */
PDEVICE_OBJECT IopBaseDevice(PFILE_OBJECT FileObject);

/* ---- hooks upward (callbacks, never includes) ---- */
#define IOP_INTEREST_BIT(Major) (1ull << ((UCHAR)(Major) <= 0x1b ? (UCHAR)(Major) : 32 + (0xFF - (UCHAR)(Major)) % 32))
typedef struct IOP_INTEREST {
    ULONGLONG Majors;                          /* observed by any filter of the stack; all ones when a legacy device is attached */
    ULONGLONG CachedMajors;                    /* of those READ/WRITE, observed by somebody without SKIP_CACHED_IO */
    ULONGLONG PagingMajors;                    /* … by somebody without SKIP_PAGING_IO */
    ULONG Generation;                          /* changes with every attach and detach */
} IOP_INTEREST;
/*
 * What a request changed that did not come from view, so that caches above can be told.  Ids are file ids, 0 = none.  Name: in Parent, as
 * the file system spells it, or NULL.
 */
enum { IOP_CHANGED_DATA = 1, IOP_CHANGED_ATTRIBUTES = 2, IOP_CHANGED_NAMES = 4 /* of File: one came, went, or leads elsewhere */ };
typedef struct IOP_CHANGE {
    ULONGLONG File, Parent;
    PCUNICODE_STRING Name;
    ULONG What;
} IOP_CHANGE;
/* Who has pended an IRP that is with the filter manager. */
typedef struct IOP_PENDED {
    vf_owner *Owner;
    uintptr_t Routine;                         /* the callback that pended it, or 0 */
} IOP_PENDED;
typedef struct IOP_HOOKS {
    VOID (*VolumeMounted)(PDEVICE_OBJECT RealDevice, PDEVICE_OBJECT VolumeDevice);
    VOID (*VolumeDismounting)(PDEVICE_OBJECT RealDevice, PDEVICE_OBJECT VolumeDevice);
    VOID (*FileObjectClosing)(PFILE_OBJECT FileObject);       /* after IRP_MJ_CLOSE was sent, before the memory goes */
    VOID (*Interest)(PDEVICE_OBJECT VolumeDevice, IOP_INTEREST *Interest);
    /* Around a create, over all its reparses.  Callers: the list of the IO_DRIVER_CREATE_CONTEXT or NULL; Last: the one the
     * last IRP had, which filters may have put there or added to: what they added goes. */
    VOID (*EcpCreateBegin)(PECP_LIST Callers);
    VOID (*EcpCreateEnd)(PECP_LIST Callers, PECP_LIST Last);
    VOID (*FileChanged)(PDEVICE_OBJECT VolumeDevice, const IOP_CHANGE *Change);   /* in the changing thread, no lock held; may not wait */
    BOOLEAN (*Pended)(PIRP Irp, IOP_PENDED *Pended);          /* Irp: only a number here, it may be gone */
} IOP_HOOKS;
/* Up to four users (fltmgr, fsrtl, view, tests); every non-NULL member is called in registration order.  The same hooks count once. */
NTSTATUS IopRegisterHooks(const IOP_HOOKS *Hooks);
VOID IopQueryInterest(PDEVICE_OBJECT VolumeDevice, IOP_INTEREST *Interest);
/* What the Interest hooks would answer is another now: after the change is visible to them.  Any IRQL, any locks held. */
VOID IopInterestChanged(VOID);
/* File systems: after the change, with no lock held. */
VOID IopReportChange(PDEVICE_OBJECT VolumeDevice, const IOP_CHANGE *Change);

/*
 * Device is on top of its stack and its driver does not want everything: Majors, one bit (1 << major) each, says what requests of the
 * I/O manager have to pass it.  The others start at the device below.  The word lives as long as the device and may change at any time; a
 * request that is on its way at that moment takes the one way or the other.  IRP_MJ_CLOSE also passes if the file object has a FilterBlock.
 */
VOID IopDeviceWatch(PDEVICE_OBJECT Device, const _Atomic(ULONGLONG) *Majors);

/* ---- drivers ---- */
/* Creates \Driver\<Name> or \FileSystem\<Name>, calls DriverEntry.  Runtime drivers pass Owner NULL. */
NTSTATUS IopLoadDriver(const CHAR *Name, PDRIVER_INITIALIZE Entry, PCUNICODE_STRING RegistryPath, vf_owner *Owner, BOOLEAN Runtime, PDRIVER_OBJECT *DriverObject);
NTSTATUS IopUnloadDriver(PDRIVER_OBJECT DriverObject);         /* DriverUnload, then checks what is left */
/* The load lock.  Both routines above hold it; one thread may claim a driver again.  Driver may be gone when the claim is had. */
typedef struct IOP_DRIVER_CLAIM { LIST_ENTRY Links; PDRIVER_OBJECT Driver; PKTHREAD Thread; } IOP_DRIVER_CLAIM;
VOID IopDriverClaim(PDRIVER_OBJECT Driver, IOP_DRIVER_CLAIM *Claim);
VOID IopDriverRelease(IOP_DRIVER_CLAIM *Claim);
/* Calls of the driver's dispatch routine for Major; devices of its that are attached to mounted volumes. */
ULONGLONG IopDriverDispatched(PDRIVER_OBJECT DriverObject, UCHAR Major);
ULONGLONG IopDriverCompletions(PDRIVER_OBJECT DriverObject);
ULONG IopDriverVolumes(PDRIVER_OBJECT DriverObject);
const char *IopMajorName(UCHAR Major);
VOID IopInitialize(VOID);                                      /* once, at machine creation */
VOID IopShutdown(VOID);

#endif
