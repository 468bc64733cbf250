/* SPDX-License-Identifier: MIT */
/* Sections of files. */
#include "io/section.h"

#include <string.h>

#include "io/iopp.h"
#include "mm/section.h"

#define IOP_SECTION_READ (1u << 20)            /* bytes of one paging read */

/* ---- backing ---- */

/* What is behind the file's present end stays zero. */
static NTSTATUS
IopSectionRead(PVOID Context, LONGLONG Offset, PVOID Buffer, SIZE_T Length)
{
    PFILE_OBJECT FileObject = Context;
    PUCHAR To = Buffer;

    while (Length != 0) {
        const ULONG Part = Length < IOP_SECTION_READ ? (ULONG)Length : IOP_SECTION_READ;
        IO_STATUS_BLOCK IoStatus;
        const NTSTATUS Status = IopRead(
            FileObject, To, Part, Offset, IRP_PAGING_IO | IRP_NOCACHE | IRP_SYNCHRONOUS_PAGING_IO, KernelMode, &IoStatus);
        if (Status == STATUS_END_OF_FILE) {
            return STATUS_SUCCESS;
        }
        if (!NT_SUCCESS(Status) || IoStatus.Information == 0) {
            return Status;
        }
        const ULONG Done = IoStatus.Information < Part ? (ULONG)IoStatus.Information : Part;
        To += Done;
        Offset += Done;
        Length -= Done;
    }
    return STATUS_SUCCESS;
}

static VOID
IopSectionRelease(PVOID Context)
{
    ObpDereference(Context);
}

/* ---- create ---- */

static NTSTATUS
IopSectionQuery(const IOP_SECTION *Create, PFILE_STANDARD_INFORMATION Standard)
{
    IOP_REQUEST Request = { .FileObject = Create->FileObject, .StartDevice = Create->StartDevice, .FilterTarget = Create->FilterTarget,
        .OutputBuffer = Standard, .OutputLength = sizeof(*Standard), .RequestorMode = KernelMode };
    IO_STATUS_BLOCK IoStatus;

    Request.Stack.MajorFunction = IRP_MJ_QUERY_INFORMATION;
    Request.Stack.Parameters.QueryFile.FileInformationClass = FileStandardInformation;
    Request.Stack.Parameters.QueryFile.Length = sizeof(*Standard);
    return IopRequest(&Request, &IoStatus);
}

NTSTATUS
IopSectionCreate(const IOP_SECTION *Create, PVOID *Section, PLARGE_INTEGER FileSize)
{
    PFILE_OBJECT FileObject = Create->FileObject;
    const MMP_BACKING Backing = { .Read = IopSectionRead, .Release = IopSectionRelease, .Context = FileObject };
    FILE_STANDARD_INFORMATION Standard = { 0 };

    if ((FileObject->Flags & FO_VOLUME_OPEN) != 0 || FileObject->SectionObjectPointer == NULL) {
        return STATUS_INVALID_FILE_FOR_SECTION;
    }
    NTSTATUS Status = IopSectionQuery(Create, &Standard);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (Standard.Directory) {
        return STATUS_FILE_IS_A_DIRECTORY;
    }
    if (Standard.EndOfFile.QuadPart == 0) {
        return STATUS_MAPPED_FILE_SIZE_ZERO;
    }
    if (Create->MaximumSize < 0 || Create->MaximumSize > Standard.EndOfFile.QuadPart) {
        return STATUS_SECTION_TOO_BIG;
    }
    Status = IopFsFilterSection(FileObject, Create->Protection);   /* filters and the file system may refuse */
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    *FileSize = Standard.EndOfFile;
    ObpReference(FileObject);
    Status = MmpSectionCreate(
        Create->MaximumSize != 0 ? Create->MaximumSize : Standard.EndOfFile.QuadPart, Create->Protection, &Backing, Section);
    if (!NT_SUCCESS(Status)) {
        ObpDereference(FileObject);
    }
    return Status;
}

/* ---- for data scans ---- */

static NTSTATUS
IopScanSectionCheck(const IOP_SCAN_SECTION *Create)
{
    const ULONG Attributes = Create->AllocationAttributes;

    if (Create->Section.Protection != PAGE_READONLY && Create->Section.Protection != PAGE_READWRITE) {
        return STATUS_INVALID_PARAMETER_8;
    }
    if ((Attributes & SEC_COMMIT) == 0 || (Attributes & ~(SEC_COMMIT | SEC_FILE)) != 0) {
        return STATUS_INVALID_PARAMETER_9;
    }
    if (Create->Section.Protection == PAGE_READWRITE) {
        vf_unimplemented("PAGE_READWRITE section of a file", (uintptr_t)__builtin_return_address(0));
        return STATUS_NOT_IMPLEMENTED;
    }
    return STATUS_SUCCESS;
}

NTSTATUS
IopScanSectionCreate(const IOP_SCAN_SECTION *Create, PHANDLE Handle, PVOID *Section, PLARGE_INTEGER FileSize)
{
    LARGE_INTEGER Size;

    *Handle = NULL;
    *Section = NULL;
    NTSTATUS Status = IopScanSectionCheck(Create);
    if (NT_SUCCESS(Status)) {
        Status = IopSectionCreate(&Create->Section, Section, &Size);
    }
    if (!NT_SUCCESS(Status)) {
        return Status == STATUS_MAPPED_FILE_SIZE_ZERO ? STATUS_END_OF_FILE : Status;
    }
    Status = MmpSectionHandle(*Section, Create->DesiredAccess, Create->ObjectAttributes, Handle);
    if (!NT_SUCCESS(Status)) {
        ObpDereference(*Section);
        *Section = NULL;
        return Status;
    }
    /* The caller's reference, which ObDereferenceObject takes back. */
    ObReferenceObject(*Section);
    ObpDereference(*Section);
    if (FileSize != NULL) {
        *FileSize = Size;
    }
    return STATUS_SUCCESS;
}

/* Windows: ntifs.h, FsRtlCreateSectionForDataScan.  Differences: read-only sections only; views as MmMapViewInSystemSpace. */
NTSTATUS
FsRtlCreateSectionForDataScan(PHANDLE SectionHandle, PVOID *SectionObject, PLARGE_INTEGER SectionFileSize, PFILE_OBJECT FileObject,
    ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes, PLARGE_INTEGER MaximumSize, ULONG SectionPageProtection,
    ULONG AllocationAttributes, ULONG Flags)
{
    VF_MAX_IRQL(PASSIVE_LEVEL);

    const IOP_SCAN_SECTION Create = { .Section = { .FileObject = FileObject, .Protection = SectionPageProtection },
        .DesiredAccess = DesiredAccess, .ObjectAttributes = ObjectAttributes, .AllocationAttributes = AllocationAttributes };
    UNREFERENCED_PARAMETER(MaximumSize);
    UNREFERENCED_PARAMETER(Flags);
    return IopScanSectionCreate(&Create, SectionHandle, SectionObject, SectionFileSize);
}

/* ---- ZwCreateSection ---- */

static NTSTATUS
IopSectionCheck(ULONG Protection, ULONG Attributes, BOOLEAN OfFile)
{
    if ((Attributes & (SEC_COMMIT | SEC_RESERVE)) == 0 || (Attributes & SEC_IMAGE) != 0) {
        VF_UNIMPLEMENTED();
        return STATUS_NOT_IMPLEMENTED;
    }
    switch (Protection) {
    case PAGE_READONLY:
    case PAGE_WRITECOPY:
        return STATUS_SUCCESS;
    case PAGE_READWRITE:
        if (OfFile) {
            vf_unimplemented("PAGE_READWRITE section of a file", (uintptr_t)__builtin_return_address(0));
            return STATUS_NOT_IMPLEMENTED;
        }
        return STATUS_SUCCESS;
    default:
        return STATUS_INVALID_PAGE_PROTECTION;
    }
}

static NTSTATUS
IopSectionOfHandle(HANDLE FileHandle, LONGLONG MaximumSize, ULONG Protection, PVOID *Section)
{
    IOP_SECTION Create = { .MaximumSize = MaximumSize, .Protection = Protection };
    LARGE_INTEGER FileSize;
    PVOID FileObject;
    NTSTATUS Status = ObReferenceObjectByHandle(FileHandle, 0, &IopFileType, KernelMode, &FileObject, NULL);

    if (NT_SUCCESS(Status)) {
        Create.FileObject = FileObject;
        Status = IopSectionCreate(&Create, Section, &FileSize);
        ObDereferenceObject(FileObject);
    }
    return Status == STATUS_FILE_IS_A_DIRECTORY ? STATUS_INVALID_FILE_FOR_SECTION : Status;
}

/* Windows: wdm.h, ZwCreateSection.  Differences: no image sections, no writable sections of files; views as MmMapViewInSystemSpace. */
NTSTATUS
ZwCreateSection(PHANDLE SectionHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes, PLARGE_INTEGER MaximumSize,
    ULONG SectionPageProtection, ULONG AllocationAttributes, HANDLE FileHandle)
{
    VF_MAX_IRQL(PASSIVE_LEVEL);

    const LONGLONG Size = MaximumSize != NULL ? MaximumSize->QuadPart : 0;
    PVOID Section;
    *SectionHandle = NULL;
    NTSTATUS Status = IopSectionCheck(SectionPageProtection, AllocationAttributes, FileHandle != NULL);
    if (NT_SUCCESS(Status) && FileHandle == NULL && Size <= 0) {
        Status = STATUS_INVALID_PARAMETER_4;
    }
    if (NT_SUCCESS(Status)) {
        Status = FileHandle != NULL ? IopSectionOfHandle(FileHandle, Size, SectionPageProtection, &Section)
                                    : MmpSectionCreate(Size, SectionPageProtection, NULL, &Section);
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = MmpSectionHandle(Section, DesiredAccess, ObjectAttributes, SectionHandle);
    ObpDereference(Section);
    return Status;
}

/* Windows: ntifs.h, NtCreateSection.  Differences: as ZwCreateSection. */
NTSTATUS
NtCreateSection(PHANDLE SectionHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes, PLARGE_INTEGER MaximumSize,
    ULONG SectionPageProtection, ULONG AllocationAttributes, HANDLE FileHandle)
{
    return ZwCreateSection(
        SectionHandle, DesiredAccess, ObjectAttributes, MaximumSize, SectionPageProtection, AllocationAttributes, FileHandle);
}
