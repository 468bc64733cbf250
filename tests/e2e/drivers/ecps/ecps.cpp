/* SPDX-License-Identifier: MIT */
/* Opens files of its own with extra create parameters; its second instance below sees and acknowledges them.  Process names, too. */
#include <initguid.h>
#include <fltKernel.h>

DEFINE_GUID(GUID_ECP_MINE, 0x2f1e4c60, 0x9a57, 0x4b3e, 0x8d, 0x21, 0x44, 0x6a, 0x7c, 0x05, 0xb1, 0x9e);
extern "C" NTKERNELAPI NTSTATUS SeLocateProcessImageName(PEPROCESS Process, PUNICODE_STRING *pImageFileName);

struct MyEcp {
    ULONG Number;
    WCHAR Text[8];
};

static PFLT_FILTER Filter;
static LONG Sent, Received, Acknowledged, Cleaned, Created, Exited;
static UNICODE_STRING LowAltitude = RTL_CONSTANT_STRING(L"45000.25"), LowName = RTL_CONSTANT_STRING(L"ecps low");
static PFLT_INSTANCE HighInstance;

extern "C" {
static VOID FLTAPI EcpCleanup(PVOID Context, LPCGUID Type)
{
    NT_ASSERT(IsEqualGUID(*Type, GUID_ECP_MINE));
    UNREFERENCED_PARAMETER(Type);
    static_cast<MyEcp *>(Context)->Number = 0;
    InterlockedIncrement(&Cleaned);
}

static bool IsLow(PFLT_INSTANCE Instance)
{
    ULONG Needed = 0;
    UCHAR Buffer[512];
    auto *Information = reinterpret_cast<PINSTANCE_FULL_INFORMATION>(Buffer);

    if (!NT_SUCCESS(FltGetInstanceInformation(Instance, InstanceFullInformation, Information, sizeof(Buffer), &Needed))) {
        return false;
    }
    UNICODE_STRING Altitude{Information->AltitudeLength, Information->AltitudeLength, reinterpret_cast<PWCH>(Buffer + Information->AltitudeBufferOffset)};
    return RtlEqualUnicodeString(&Altitude, &LowAltitude, FALSE) != FALSE;
}

static void OpenWithEcp(PCFLT_RELATED_OBJECTS Objects, PFLT_FILE_NAME_INFORMATION Name)
{
    PECP_LIST List = nullptr;
    PVOID Context = nullptr;
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK IoStatus;
    HANDLE Handle;
    PFILE_OBJECT FileObject;
    IO_DRIVER_CREATE_CONTEXT DriverContext;

    if (!NT_SUCCESS(FltAllocateExtraCreateParameterList(Filter, 0, &List))) {
        return;
    }
    if (NT_SUCCESS(FltAllocateExtraCreateParameter(Filter, &GUID_ECP_MINE, sizeof(MyEcp), 0, EcpCleanup, 'pcEM', &Context))) {
        auto *Mine = static_cast<MyEcp *>(Context);
        Mine->Number = 4711;
        RtlCopyMemory(Mine->Text, L"hello", sizeof(L"hello"));
        FltInsertExtraCreateParameter(Filter, List, Context);
    }
    IoInitializeDriverCreateContext(&DriverContext);
    DriverContext.ExtraCreateParameter = List;
    InitializeObjectAttributes(&Attributes, &Name->Name, OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE, nullptr, nullptr);
    InterlockedIncrement(&Sent);
    NTSTATUS Status = FltCreateFileEx2(Filter, Objects->Instance, &Handle, &FileObject, FILE_READ_ATTRIBUTES | SYNCHRONIZE, &Attributes, &IoStatus, nullptr, 0,
                                       FILE_SHARE_VALID_FLAGS, FILE_OPEN, FILE_SYNCHRONOUS_IO_NONALERT, nullptr, 0, IO_IGNORE_SHARE_ACCESS_CHECK, &DriverContext);
    if (NT_SUCCESS(Status)) {
        if (FltIsEcpAcknowledged(Filter, Context)) {
            InterlockedIncrement(&Acknowledged);
        }
        ObDereferenceObject(FileObject);
        FltClose(Handle);
    }
    FltFreeExtraCreateParameterList(Filter, List);
}

static FLT_PREOP_CALLBACK_STATUS FLTAPI PreCreate(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *)
{
    if (!IsLow(Objects->Instance)) {
        return FLT_PREOP_SYNCHRONIZE;
    }
    PECP_LIST List = nullptr;
    PVOID Context;
    ULONG Size;
    if (NT_SUCCESS(FltGetEcpListFromCallbackData(Filter, Data, &List)) && List != nullptr &&
        NT_SUCCESS(FltFindExtraCreateParameter(Filter, List, &GUID_ECP_MINE, &Context, &Size))) {
        auto *Mine = static_cast<MyEcp *>(Context);
        if (Size == sizeof(MyEcp) && Mine->Number == 4711 && !FltIsEcpFromUserMode(Filter, Context)) {
            InterlockedIncrement(&Received);
            FltAcknowledgeEcp(Filter, Context);
        }
    }
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

static FLT_POSTOP_CALLBACK_STATUS FLTAPI PostCreate(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID, FLT_POST_OPERATION_FLAGS Flags)
{
    PFLT_FILE_NAME_INFORMATION Name;

    if (!(Flags & FLTFL_POST_OPERATION_DRAINING) && Data->IoStatus.Status == STATUS_SUCCESS && Data->RequestorMode == UserMode &&
        NT_SUCCESS(FltGetFileNameInformation(Data, FLT_FILE_NAME_NORMALIZED | FLT_FILE_NAME_QUERY_ALWAYS_ALLOW_CACHE_LOOKUP, &Name))) {
        OpenWithEcp(Objects, Name);
        FltReleaseFileNameInformation(Name);
    }
    return FLT_POSTOP_FINISHED_PROCESSING;
}

static VOID ProcessNotify(PEPROCESS Process, HANDLE Id, PPS_CREATE_NOTIFY_INFO Info)
{
    if (Info == nullptr) {
        InterlockedIncrement(&Exited);
        return;
    }
    PUNICODE_STRING Image = nullptr;
    InterlockedIncrement(&Created);
    if (PsGetProcessId(Process) != Id || PsGetCurrentProcess() != Process) {
        DbgPrint("ecps: odd process\n");
    }
    if (NT_SUCCESS(SeLocateProcessImageName(Process, &Image))) {
        if (Image->Length == 0 || Info->ImageFileName == nullptr) {
            DbgPrint("ecps: no image name\n");
        }
        ExFreePool(Image);
    }
}

static NTSTATUS FLTAPI InstanceSetup(PCFLT_RELATED_OBJECTS Objects, FLT_INSTANCE_SETUP_FLAGS Flags, DEVICE_TYPE, FLT_FILESYSTEM_TYPE)
{
    if (Flags & FLTFL_INSTANCE_SETUP_AUTOMATIC_ATTACHMENT) {
        HighInstance = Objects->Instance;
    }
    return STATUS_SUCCESS;
}

static NTSTATUS FLTAPI Unload(FLT_FILTER_UNLOAD_FLAGS)
{
    PsSetCreateProcessNotifyRoutineEx(ProcessNotify, TRUE);
    FltUnregisterFilter(Filter);
    DbgPrint("ecps: all seen %d, acknowledged %d, cleaned %d; processes %s, ends %s\n", Sent == Received, Sent == Acknowledged, Sent == Cleaned,
             Created > 0 ? "yes" : "no", Exited > 0 ? "yes" : "no");
    return STATUS_SUCCESS;
}

static const FLT_OPERATION_REGISTRATION Operations[] = {{IRP_MJ_CREATE, 0, PreCreate, PostCreate}, {IRP_MJ_OPERATION_END}};

NTSTATUS DriverEntry(PDRIVER_OBJECT Driver, PUNICODE_STRING)
{
    FLT_REGISTRATION Registration = {sizeof(FLT_REGISTRATION), FLT_REGISTRATION_VERSION, 0, nullptr, Operations, Unload, InstanceSetup};
    NTSTATUS Status = FltRegisterFilter(Driver, &Registration, &Filter);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = PsSetCreateProcessNotifyRoutineEx(ProcessNotify, FALSE);
    if (NT_SUCCESS(Status)) {
        Status = FltStartFiltering(Filter);
        if (!NT_SUCCESS(Status)) {
            PsSetCreateProcessNotifyRoutineEx(ProcessNotify, TRUE);
        }
    }
    if (!NT_SUCCESS(Status)) {
        FltUnregisterFilter(Filter);
    }
    return Status;
}
}
