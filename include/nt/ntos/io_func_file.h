/* SPDX-License-Identifier: MIT */
/* Io* routines for files, share access, request checks, file systems and volumes. */
#ifndef _NTOS_IO_FUNC_FILE_
#define _NTOS_IO_FUNC_FILE_

#include "ntos/io_func.h"
#include "ntos/ob.h"

#ifdef __cplusplus
extern "C" {
#endif

struct _OPLOCK_KEY_ECP_CONTEXT;

/* Opening. */

NTKERNELAPI NTSTATUS NTAPI
IoCreateFile(
    _Out_ PHANDLE FileHandle,
    _In_ ACCESS_MASK DesiredAccess,
    _In_ POBJECT_ATTRIBUTES ObjectAttributes,
    _Out_ PIO_STATUS_BLOCK IoStatusBlock,
    _In_opt_ PLARGE_INTEGER AllocationSize,
    _In_ ULONG FileAttributes,
    _In_ ULONG ShareAccess,
    _In_ ULONG Disposition,
    _In_ ULONG CreateOptions,
    _In_opt_ PVOID EaBuffer,
    _In_ ULONG EaLength,
    _In_ CREATE_FILE_TYPE CreateFileType,
    _In_opt_ PVOID InternalParameters,
    _In_ ULONG Options);
NTKERNELAPI NTSTATUS NTAPI
IoCreateFileEx(
    _Out_ PHANDLE FileHandle,
    _In_ ACCESS_MASK DesiredAccess,
    _In_ POBJECT_ATTRIBUTES ObjectAttributes,
    _Out_ PIO_STATUS_BLOCK IoStatusBlock,
    _In_opt_ PLARGE_INTEGER AllocationSize,
    _In_ ULONG FileAttributes,
    _In_ ULONG ShareAccess,
    _In_ ULONG Disposition,
    _In_ ULONG CreateOptions,
    _In_opt_ PVOID EaBuffer,
    _In_ ULONG EaLength,
    _In_ CREATE_FILE_TYPE CreateFileType,
    _In_opt_ PVOID InternalParameters,
    _In_ ULONG Options,
    _In_opt_ PIO_DRIVER_CREATE_CONTEXT DriverContext);
NTKERNELAPI NTSTATUS NTAPI
IoCreateFileSpecifyDeviceObjectHint(
    _Out_ PHANDLE FileHandle,
    _In_ ACCESS_MASK DesiredAccess,
    _In_ POBJECT_ATTRIBUTES ObjectAttributes,
    _Out_ PIO_STATUS_BLOCK IoStatusBlock,
    _In_opt_ PLARGE_INTEGER AllocationSize,
    _In_ ULONG FileAttributes,
    _In_ ULONG ShareAccess,
    _In_ ULONG Disposition,
    _In_ ULONG CreateOptions,
    _In_opt_ PVOID EaBuffer,
    _In_ ULONG EaLength,
    _In_ CREATE_FILE_TYPE CreateFileType,
    _In_opt_ PVOID InternalParameters,
    _In_ ULONG Options,
    _In_opt_ PVOID DeviceObject);
NTKERNELAPI VOID NTAPI
IoCancelFileOpen(_In_ PDEVICE_OBJECT DeviceObject, _In_ PFILE_OBJECT FileObject);
NTKERNELAPI PFILE_OBJECT NTAPI
IoCreateStreamFileObject(_In_opt_ PFILE_OBJECT FileObject, _In_opt_ PDEVICE_OBJECT DeviceObject);
NTKERNELAPI PFILE_OBJECT NTAPI
IoCreateStreamFileObjectEx(
    _In_opt_ PFILE_OBJECT FileObject,
    _In_opt_ PDEVICE_OBJECT DeviceObject,
    _Out_opt_ PHANDLE FileHandle);
NTKERNELAPI NTSTATUS NTAPI
IoCreateStreamFileObjectEx2(
    _In_ PIO_CREATE_STREAM_FILE_OPTIONS CreateOptions,
    _In_opt_ PFILE_OBJECT FileObject,
    _In_opt_ PDEVICE_OBJECT DeviceObject,
    _Out_ PFILE_OBJECT *StreamFileObject,
    _Out_opt_ PHANDLE FileHandle);
NTKERNELAPI PFILE_OBJECT NTAPI
IoCreateStreamFileObjectLite(
    _In_opt_ PFILE_OBJECT FileObject,
    _In_opt_ PDEVICE_OBJECT DeviceObject);

/* File objects. */

NTKERNELAPI NTSTATUS NTAPI
IoReplaceFileObjectName(
    _In_ PFILE_OBJECT FileObject,
    _In_ PWSTR NewFileName,
    _In_ USHORT FileNameLength);
NTKERNELAPI PGENERIC_MAPPING NTAPI IoGetFileObjectGenericMapping(VOID);
NTKERNELAPI BOOLEAN NTAPI IoIsFileObjectIgnoringSharing(PFILE_OBJECT FileObject);
NTKERNELAPI NTSTATUS NTAPI IoSetFileObjectIgnoreSharing(PFILE_OBJECT FileObject);
NTKERNELAPI BOOLEAN NTAPI IoIsFileOriginRemote(_In_ PFILE_OBJECT FileObject);
NTKERNELAPI NTSTATUS NTAPI IoSetFileOrigin(_In_ PFILE_OBJECT FileObject, _In_ BOOLEAN Remote);
NTKERNELAPI struct _OPLOCK_KEY_ECP_CONTEXT *NTAPI IoGetOplockKeyContext(PFILE_OBJECT FileObject);
NTKERNELAPI POPLOCK_KEY_CONTEXT NTAPI IoGetOplockKeyContextEx(PFILE_OBJECT FileObject);
NTKERNELAPI PIO_FOEXT_SILO_PARAMETERS NTAPI IoGetSiloParameters(_In_ PFILE_OBJECT FileObject);
NTKERNELAPI PIO_FOEXT_SHADOW_FILE NTAPI IoGetShadowFileInformation(_In_ PFILE_OBJECT FileObject);
NTKERNELAPI NTSTATUS NTAPI
IoSetShadowFileInformation(
    _In_ PFILE_OBJECT FileObject,
    _In_ PFILE_OBJECT BackingFileObject,
    _In_ PVOID BackingFltInstance);
NTKERNELAPI NTSTATUS NTAPI
IoQueryFileDosDeviceName(
    _In_ PFILE_OBJECT FileObject,
    _Out_ POBJECT_NAME_INFORMATION *ObjectNameInformation);
NTKERNELAPI NTSTATUS NTAPI
IoQueryFileInformation(
    PFILE_OBJECT FileObject,
    FILE_INFORMATION_CLASS FileInformationClass,
    ULONG Length,
    PVOID FileInformation,
    PULONG ReturnedLength);
NTKERNELAPI NTSTATUS NTAPI
IoQueryVolumeInformation(
    PFILE_OBJECT FileObject,
    FS_INFORMATION_CLASS FsInformationClass,
    ULONG Length,
    PVOID FsInformation,
    PULONG ReturnedLength);
NTKERNELAPI NTSTATUS NTAPI
IoSetInformation(
    PFILE_OBJECT FileObject,
    FILE_INFORMATION_CLASS FileInformationClass,
    ULONG Length,
    PVOID FileInformation);
NTKERNELAPI BOOLEAN NTAPI
IoFastQueryNetworkAttributes(
    POBJECT_ATTRIBUTES ObjectAttributes,
    ACCESS_MASK DesiredAccess,
    ULONG OpenOptions,
    PIO_STATUS_BLOCK IoStatus,
    PFILE_NETWORK_OPEN_INFORMATION Buffer);

/* Share access. */

NTKERNELAPI NTSTATUS NTAPI
IoCheckShareAccess(
    _In_ ACCESS_MASK DesiredAccess,
    _In_ ULONG DesiredShareAccess,
    _Inout_ PFILE_OBJECT FileObject,
    _Inout_ PSHARE_ACCESS ShareAccess,
    _In_ BOOLEAN Update);
NTKERNELAPI NTSTATUS NTAPI
IoCheckShareAccessEx(
    _In_ ACCESS_MASK DesiredAccess,
    _In_ ULONG DesiredShareAccess,
    _Inout_ PFILE_OBJECT FileObject,
    _Inout_ PSHARE_ACCESS ShareAccess,
    _In_ BOOLEAN Update,
    _In_ PBOOLEAN WritePermission);
NTKERNELAPI NTSTATUS NTAPI
IoCheckLinkShareAccess(
    _In_ ACCESS_MASK DesiredAccess,
    _In_ ULONG DesiredShareAccess,
    _Inout_opt_ PFILE_OBJECT FileObject,
    _Inout_opt_ PSHARE_ACCESS ShareAccess,
    _Inout_opt_ PLINK_SHARE_ACCESS LinkShareAccess,
    _In_ ULONG IoShareAccessFlags);
NTKERNELAPI VOID NTAPI
IoSetShareAccess(
    _In_ ACCESS_MASK DesiredAccess,
    _In_ ULONG DesiredShareAccess,
    _Inout_ PFILE_OBJECT FileObject,
    _Out_ PSHARE_ACCESS ShareAccess);
NTKERNELAPI VOID NTAPI
IoSetShareAccessEx(
    _In_ ACCESS_MASK DesiredAccess,
    _In_ ULONG DesiredShareAccess,
    _Inout_ PFILE_OBJECT FileObject,
    _Out_ PSHARE_ACCESS ShareAccess,
    _In_opt_ PBOOLEAN WritePermission);
NTKERNELAPI VOID NTAPI
IoSetLinkShareAccess(
    _In_ ACCESS_MASK DesiredAccess,
    _In_ ULONG DesiredShareAccess,
    _Inout_ PFILE_OBJECT FileObject,
    _Inout_ PSHARE_ACCESS ShareAccess,
    _Inout_opt_ PLINK_SHARE_ACCESS LinkShareAccess,
    _In_ ULONG IoShareAccessFlags);
NTKERNELAPI VOID NTAPI
IoUpdateShareAccess(_In_ PFILE_OBJECT FileObject, _Inout_ PSHARE_ACCESS ShareAccess);
NTKERNELAPI VOID NTAPI
IoUpdateLinkShareAccess(
    _In_ PFILE_OBJECT FileObject,
    _Inout_ PSHARE_ACCESS ShareAccess,
    _Inout_opt_ PLINK_SHARE_ACCESS LinkShareAccess);
NTKERNELAPI VOID NTAPI
IoUpdateLinkShareAccessEx(
    PFILE_OBJECT FileObject,
    PSHARE_ACCESS ShareAccess,
    PLINK_SHARE_ACCESS LinkShareAccess,
    ULONG IoShareAccessFlags);
NTKERNELAPI VOID NTAPI
IoRemoveShareAccess(_In_ PFILE_OBJECT FileObject, _Inout_ PSHARE_ACCESS ShareAccess);
NTKERNELAPI VOID NTAPI
IoRemoveLinkShareAccess(
    _In_ PFILE_OBJECT FileObject,
    _Inout_ PSHARE_ACCESS ShareAccess,
    _Inout_opt_ PLINK_SHARE_ACCESS LinkShareAccess);
NTKERNELAPI VOID NTAPI
IoRemoveLinkShareAccessEx(
    _In_ PFILE_OBJECT FileObject,
    _Inout_ PSHARE_ACCESS ShareAccess,
    _Inout_opt_ PLINK_SHARE_ACCESS LinkShareAccess,
    ULONG IoShareAccessFlags);

/* Checks of requests. */

NTKERNELAPI NTSTATUS NTAPI
IoCheckDesiredAccess(PACCESS_MASK DesiredAccess, ACCESS_MASK GrantedAccess);
NTKERNELAPI NTSTATUS NTAPI
IoCheckFunctionAccess(
    ACCESS_MASK GrantedAccess,
    UCHAR MajorFunction,
    UCHAR MinorFunction,
    ULONG IoControlCode,
    PVOID Arg1,
    PVOID Arg2);
NTKERNELAPI NTSTATUS NTAPI
IoCheckEaBufferValidity(
    _In_ PFILE_FULL_EA_INFORMATION EaBuffer,
    _In_ ULONG EaLength,
    _Out_ PULONG ErrorOffset);
NTKERNELAPI NTSTATUS NTAPI
IoCheckQuotaBufferValidity(
    _In_ PFILE_QUOTA_INFORMATION QuotaBuffer,
    _In_ ULONG QuotaLength,
    _Out_ PULONG ErrorOffset);
NTKERNELAPI NTSTATUS NTAPI
IoCheckQuerySetFileInformation(
    FILE_INFORMATION_CLASS FileInformationClass,
    ULONG Length,
    BOOLEAN SetOperation);
NTKERNELAPI NTSTATUS NTAPI
IoCheckQuerySetVolumeInformation(
    FS_INFORMATION_CLASS FsInformationClass,
    ULONG Length,
    BOOLEAN SetOperation);
NTKERNELAPI BOOLEAN NTAPI IoCheckFileObjectOpenedAsCopySource(_In_ PFILE_OBJECT FileObject);
NTKERNELAPI BOOLEAN NTAPI IoCheckFileObjectOpenedAsCopyDestination(_In_ PFILE_OBJECT FileObject);

/* File systems and volumes. */

NTKERNELAPI VOID NTAPI IoRegisterFileSystem(_In_ PDEVICE_OBJECT DeviceObject);
NTKERNELAPI VOID NTAPI IoUnregisterFileSystem(_In_ PDEVICE_OBJECT DeviceObject);
NTKERNELAPI NTSTATUS NTAPI
IoRegisterFsRegistrationChange(
    _In_ PDRIVER_OBJECT DriverObject,
    _In_ PDRIVER_FS_NOTIFICATION DriverNotificationRoutine);
NTKERNELAPI NTSTATUS NTAPI
IoRegisterFsRegistrationChangeEx(
    _In_ PDRIVER_OBJECT DriverObject,
    _In_ PDRIVER_FS_NOTIFICATION DriverNotificationRoutine);
NTKERNELAPI NTSTATUS NTAPI
IoRegisterFsRegistrationChangeMountAware(
    _In_ PDRIVER_OBJECT DriverObject,
    _In_ PDRIVER_FS_NOTIFICATION DriverNotificationRoutine,
    _In_ BOOLEAN SynchronizeWithMounts);
NTKERNELAPI VOID NTAPI
IoUnregisterFsRegistrationChange(
    _In_ PDRIVER_OBJECT DriverObject,
    _In_ PDRIVER_FS_NOTIFICATION DriverNotificationRoutine);
NTKERNELAPI NTSTATUS NTAPI
IoEnumerateRegisteredFiltersList(
    _Out_ PDRIVER_OBJECT *DriverObjectList,
    _In_ ULONG DriverObjectListSize,
    _Out_ PULONG ActualNumberDriverObjects);
NTKERNELAPI NTSTATUS NTAPI
IoVerifyVolume(_In_ PDEVICE_OBJECT DeviceObject, _In_ BOOLEAN AllowRawMount);
NTKERNELAPI VOID NTAPI IoAcquireVpbSpinLock(_Out_ PKIRQL Irql);
NTKERNELAPI VOID NTAPI IoReleaseVpbSpinLock(_In_ KIRQL Irql);
NTKERNELAPI PDEVICE_OBJECT NTAPI IoGetDeviceToVerify(_In_ PETHREAD Thread);
NTKERNELAPI VOID NTAPI
IoSetDeviceToVerify(_In_ PETHREAD Thread, _In_opt_ PDEVICE_OBJECT DeviceObject);

#define IO_SHARE_ACCESS_NO_WRITE_PERMISSION                0x80000000
#define IO_SHARE_ACCESS_NON_PRIMARY_STREAM                 0x00000080
#define IO_CHECK_SHARE_ACCESS_UPDATE_SHARE_ACCESS          0x00000001
#define IO_CHECK_SHARE_ACCESS_DONT_UPDATE_FILE_OBJECT      0x00000002
#define IO_CHECK_SHARE_ACCESS_DONT_CHECK_READ              0x00000004
#define IO_CHECK_SHARE_ACCESS_DONT_CHECK_WRITE             0x00000008
#define IO_CHECK_SHARE_ACCESS_DONT_CHECK_DELETE            0x00000010
#define IO_CHECK_SHARE_ACCESS_FORCE_CHECK                  0x00000020
#define IO_CHECK_SHARE_ACCESS_FORCE_USING_SCB              0x00000040

#define IoIsFileOpenedExclusively(FileObject)                                                      \
    (!((FileObject)->SharedRead || (FileObject)->SharedWrite || (FileObject)->SharedDelete))

FORCEINLINE VOID
IoInitializeDriverCreateContext(_Out_ PIO_DRIVER_CREATE_CONTEXT DriverContext)
{
    DriverContext->ExtraCreateParameter = NULL;
    DriverContext->DeviceObjectHint = NULL;
    DriverContext->TxnParameters = NULL;
    DriverContext->SiloContext = NULL;
    DriverContext->Size = (CSHORT)sizeof(IO_DRIVER_CREATE_CONTEXT);
}

#ifdef __cplusplus
}
#endif

#endif
