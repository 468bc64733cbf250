/* SPDX-License-Identifier: MIT */
/*
 * A test driver that changes other files when one named "do.<verb>" is opened: what it does through the filter manager no program asked for,
 * so the kernel's caches of the mount have to be told.  It works on \target, \other, \dir.
 */
#include <fltKernel.h>

DRIVER_INITIALIZE DriverEntry;

static PFLT_FILTER Filter;

typedef struct MEDDLER_FILE {
    HANDLE Handle;
    PFILE_OBJECT FileObject;
} MEDDLER_FILE;

static NTSTATUS
MeddlerOpen(PCFLT_RELATED_OBJECTS Objects, PCUNICODE_STRING Volume, PCWSTR Name, ACCESS_MASK Access, ULONG Disposition, ULONG Options,
            MEDDLER_FILE *File)
{
    WCHAR Buffer[128];
    UNICODE_STRING Path = { .Buffer = Buffer, .MaximumLength = sizeof(Buffer) };
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK Io;

    RtlCopyUnicodeString(&Path, Volume);
    RtlAppendUnicodeToString(&Path, Name);
    InitializeObjectAttributes(&Attributes, &Path, OBJ_KERNEL_HANDLE, NULL, NULL);
    return FltCreateFileEx(Filter, Objects->Instance, &File->Handle, &File->FileObject, Access | SYNCHRONIZE, &Attributes, &Io, NULL,
                           FILE_ATTRIBUTE_NORMAL, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, Disposition,
                           Options | FILE_SYNCHRONOUS_IO_NONALERT, NULL, 0, IO_IGNORE_SHARE_ACCESS_CHECK);
}

static VOID
MeddlerClose(MEDDLER_FILE *File)
{
    FltClose(File->Handle);
    ObDereferenceObject(File->FileObject);
}

static NTSTATUS
MeddlerSetName(PCFLT_RELATED_OBJECTS Objects, PCUNICODE_STRING Volume, MEDDLER_FILE *File, PCWSTR Name, FILE_INFORMATION_CLASS Class)
{
    union {
        FILE_RENAME_INFORMATION Rename;
        UCHAR Room[sizeof(FILE_RENAME_INFORMATION) + 256];
    } U;
    UNICODE_STRING Path = { .Buffer = U.Rename.FileName, .MaximumLength = 256 };

    RtlZeroMemory(&U, sizeof(U));
    RtlCopyUnicodeString(&Path, Volume);
    RtlAppendUnicodeToString(&Path, Name);
    U.Rename.ReplaceIfExists = TRUE;
    U.Rename.FileNameLength = Path.Length;
    return FltSetInformationFile(Objects->Instance, File->FileObject, &U, sizeof(U), Class);
}

static NTSTATUS
MeddlerWrite(PCFLT_RELATED_OBJECTS Objects, MEDDLER_FILE *File)
{
    static CHAR Text[] = "what the driver wrote";
    LARGE_INTEGER Offset = { .QuadPart = 0 };
    ULONG Written;

    return FltWriteFile(Objects->Instance, File->FileObject, &Offset, sizeof(Text) - 1, Text, 0, &Written, NULL, NULL);
}

static NTSTATUS
MeddlerTruncate(PCFLT_RELATED_OBJECTS Objects, MEDDLER_FILE *File)
{
    FILE_END_OF_FILE_INFORMATION End = { .EndOfFile = { .QuadPart = 4 } };

    return FltSetInformationFile(Objects->Instance, File->FileObject, &End, sizeof(End), FileEndOfFileInformation);
}

static NTSTATUS
MeddlerAge(PCFLT_RELATED_OBJECTS Objects, MEDDLER_FILE *File)
{
    FILE_BASIC_INFORMATION Basic;

    RtlZeroMemory(&Basic, sizeof(Basic));
    Basic.LastWriteTime.QuadPart = 126227808000000000;     /* 1 January 2001 */
    return FltSetInformationFile(Objects->Instance, File->FileObject, &Basic, sizeof(Basic), FileBasicInformation);
}

static NTSTATUS
MeddlerDelete(PCFLT_RELATED_OBJECTS Objects, MEDDLER_FILE *File)
{
    FILE_DISPOSITION_INFORMATION Disposition = { .DeleteFile = TRUE };

    return FltSetInformationFile(Objects->Instance, File->FileObject, &Disposition, sizeof(Disposition), FileDispositionInformation);
}

static NTSTATUS
MeddlerDo(PCFLT_RELATED_OBJECTS Objects, PCUNICODE_STRING Volume, WCHAR Verb)
{
    const BOOLEAN Create = Verb == L'c' || Verb == L'd';
    MEDDLER_FILE File;
    PCWSTR Name = Verb == L'c' ? L"\\dir\\made" : Verb == L'd' ? L"\\dir\\sub" : Verb == L'u' ? L"\\other" : L"\\target";
    NTSTATUS Status = MeddlerOpen(Objects, Volume, Name, FILE_GENERIC_READ | FILE_GENERIC_WRITE | DELETE, Create ? FILE_CREATE : FILE_OPEN,
                                  Verb == L'd' ? FILE_DIRECTORY_FILE : 0, &File);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    switch (Verb) {
    case L'w': Status = MeddlerWrite(Objects, &File); break;
    case L't': Status = MeddlerTruncate(Objects, &File); break;
    case L'a': Status = MeddlerAge(Objects, &File); break;
    case L'r': Status = MeddlerSetName(Objects, Volume, &File, L"\\dir\\moved", FileRenameInformation); break;
    case L'o': Status = MeddlerSetName(Objects, Volume, &File, L"\\other", FileRenameInformation); break;
    case L'l': Status = MeddlerSetName(Objects, Volume, &File, L"\\dir\\linked", FileLinkInformation); break;
    case L'u': Status = MeddlerDelete(Objects, &File); break;
    default: break;                            /* the create was it */
    }
    MeddlerClose(&File);
    return Status;
}

static FLT_PREOP_CALLBACK_STATUS
MeddlerPreCreate(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *Context)
{
    static const WCHAR Prefix[] = L"\\do.";
    PFLT_FILE_NAME_INFORMATION Name;

    UNREFERENCED_PARAMETER(Context);
    if ((Data->Iopb->Parameters.Create.SecurityContext->DesiredAccess & FILE_READ_DATA) == 0) {
        return FLT_PREOP_SUCCESS_NO_CALLBACK;  /* a stat */
    }
    if (!NT_SUCCESS(FltGetFileNameInformation(Data, FLT_FILE_NAME_OPENED | FLT_FILE_NAME_QUERY_DEFAULT, &Name))) {
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
    FltParseFileNameInformation(Name);
    PWCH Path = Name->Name.Buffer + Name->Volume.Length / sizeof(WCHAR);
    NTSTATUS Status = STATUS_SUCCESS;
    if (Name->Name.Length == Name->Volume.Length + sizeof(Prefix) && RtlCompareMemory(Path, Prefix, 8) == 8) {
        Status = MeddlerDo(Objects, &Name->Volume, Path[4]);
    }
    FltReleaseFileNameInformation(Name);
    if (!NT_SUCCESS(Status)) {
        Data->IoStatus.Status = Status;
        Data->IoStatus.Information = 0;
        return FLT_PREOP_COMPLETE;
    }
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

static NTSTATUS
MeddlerUnload(FLT_FILTER_UNLOAD_FLAGS Flags)
{
    UNREFERENCED_PARAMETER(Flags);
    FltUnregisterFilter(Filter);
    return STATUS_SUCCESS;
}

NTSTATUS
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    static const FLT_OPERATION_REGISTRATION Operations[] = {
        { IRP_MJ_CREATE, 0, MeddlerPreCreate, NULL, NULL },
        { IRP_MJ_OPERATION_END, 0, NULL, NULL, NULL },
    };
    static const FLT_REGISTRATION Registration = {
        .Size = sizeof(FLT_REGISTRATION), .Version = FLT_REGISTRATION_VERSION, .OperationRegistration = Operations,
        .FilterUnloadCallback = MeddlerUnload,
    };
    NTSTATUS Status = FltRegisterFilter(DriverObject, &Registration, &Filter);

    UNREFERENCED_PARAMETER(RegistryPath);
    if (NT_SUCCESS(Status)) {
        Status = FltStartFiltering(Filter);
        if (!NT_SUCCESS(Status)) {
            FltUnregisterFilter(Filter);
        }
    }
    return Status;
}
