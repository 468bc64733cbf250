/* SPDX-License-Identifier: MIT */
/*
 * Tags files: an extended attribute and a reparse point on each file that is closed after writing, a look at its security descriptor and its
 * streams.  Old style: K&R indentation, everything checked, WPP tracing, goto.
 */
#include <fltKernel.h>
#include "trace.h"
#include "tagger.tmh"

#define TAGGER_TAG 'ggaT'
#define TAGGER_REPARSE_TAG 0x00001234L          /* not Microsoft's, not a name surrogate */

// {6C7D7F0B-6A0A-4F55-9A6A-2F1E53E4A8C1}
static const GUID TaggerGuid = { 0x6c7d7f0b, 0x6a0a, 0x4f55, { 0x9a, 0x6a, 0x2f, 0x1e, 0x53, 0xe4, 0xa8, 0xc1 } };

typedef struct _TAGGER_HANDLE {
	LONG		Writes;
	BOOLEAN		Tagged;
} TAGGER_HANDLE, *PTAGGER_HANDLE;

static PFLT_FILTER gFilter;
static LONG gTagged, gEas, gDescriptors, gStreams, gFailures;

static VOID
Complain(
	PCSTR What,
	NTSTATUS Status
	)
{
	InterlockedIncrement(&gFailures);
	DbgPrint("tagger: %s: %08x\n", What, Status);
	TaggerError(TAGGER_ALL, "%s: %!STATUS!", What, Status);
}

static NTSTATUS
WriteEa(
	PFLT_INSTANCE Instance,
	PFILE_OBJECT FileObject,
	ULONG Value
	)
{
	static const CHAR Name[] = "TAGGER";
	ULONGLONG Space[8];
	PFILE_FULL_EA_INFORMATION Ea = (PFILE_FULL_EA_INFORMATION)Space;
	ULONG Length = FIELD_OFFSET(FILE_FULL_EA_INFORMATION, EaName) + sizeof(Name) + sizeof(Value);

	RtlZeroMemory(Space, sizeof(Space));
	Ea->EaNameLength = sizeof(Name) - 1;
	Ea->EaValueLength = sizeof(Value);
	RtlCopyMemory(Ea->EaName, Name, sizeof(Name));
	RtlCopyMemory(Ea->EaName + sizeof(Name), &Value, sizeof(Value));
	return FltSetEaFile(Instance, FileObject, Ea, Length);
}

static NTSTATUS
ReadEa(
	PFLT_INSTANCE Instance,
	PFILE_OBJECT FileObject,
	PULONG Value
	)
{
	ULONGLONG Space[8], Ask[4];
	PFILE_FULL_EA_INFORMATION Ea = (PFILE_FULL_EA_INFORMATION)Space;
	PFILE_GET_EA_INFORMATION Get = (PFILE_GET_EA_INFORMATION)Ask;
	ULONG Returned = 0;
	NTSTATUS Status;

	RtlZeroMemory(Ask, sizeof(Ask));
	Get->EaNameLength = 6;
	RtlCopyMemory(Get->EaName, "TAGGER", 7);
	Status = FltQueryEaFile(Instance, FileObject, Ea, sizeof(Space), TRUE, Get,
				FIELD_OFFSET(FILE_GET_EA_INFORMATION, EaName) + 7, NULL, TRUE, &Returned);
	if (!NT_SUCCESS(Status))
		return Status;
	if (Ea->EaValueLength != sizeof(ULONG))
		return STATUS_NOT_FOUND;
	RtlCopyMemory(Value, Ea->EaName + Ea->EaNameLength + 1, sizeof(ULONG));
	return STATUS_SUCCESS;
}

static VOID
LookAtSecurity(
	PFLT_INSTANCE Instance,
	PFILE_OBJECT FileObject
	)
{
	PSECURITY_DESCRIPTOR Descriptor = NULL;
	ULONG Length = 0;
	PSID Owner;
	BOOLEAN Defaulted;
	NTSTATUS Status;

	Status = FltQuerySecurityObject(Instance, FileObject, OWNER_SECURITY_INFORMATION, NULL, 0, &Length);
	if (Status != STATUS_BUFFER_TOO_SMALL) {
		Complain("size of the security descriptor", Status);
		goto out;
	}
	Descriptor = ExAllocatePoolWithTag(PagedPool, Length, TAGGER_TAG);
	if (Descriptor == NULL)
		goto out;
	Status = FltQuerySecurityObject(Instance, FileObject, OWNER_SECURITY_INFORMATION, Descriptor, Length, &Length);
	if (!NT_SUCCESS(Status)) {
		Complain("security descriptor", Status);
		goto out;
	}
	Status = RtlGetOwnerSecurityDescriptor(Descriptor, &Owner, &Defaulted);
	if (!NT_SUCCESS(Status) || Owner == NULL || !RtlValidSid(Owner))
		Complain("owner", Status);
	else
		InterlockedIncrement(&gDescriptors);
out:
	if (Descriptor != NULL)
		ExFreePool(Descriptor);
}

static VOID
CountStreams(
	PFLT_INSTANCE Instance,
	PFILE_OBJECT FileObject
	)
{
	PFILE_STREAM_INFORMATION Buffer, Stream;
	NTSTATUS Status;
	ULONG Returned;

	Buffer = ExAllocatePoolWithTag(PagedPool, 4096, TAGGER_TAG);
	if (Buffer == NULL)
		return;
	Status = FltQueryInformationFile(Instance, FileObject, Buffer, 4096, FileStreamInformation, &Returned);
	if (NT_SUCCESS(Status) && Returned != 0) {
		for (Stream = Buffer; ; Stream = (PFILE_STREAM_INFORMATION)((PUCHAR)Stream + Stream->NextEntryOffset)) {
			UNICODE_STRING Name;

			Name.Buffer = Stream->StreamName;
			Name.Length = Name.MaximumLength = (USHORT)Stream->StreamNameLength;
			TaggerPrint(TAGGER_ALL, "stream %wZ %I64d", &Name, Stream->StreamSize.QuadPart);
			InterlockedIncrement(&gStreams);
			if (Stream->NextEntryOffset == 0)
				break;
		}
	} else if (!NT_SUCCESS(Status))
		Complain("streams", Status);
	ExFreePool(Buffer);
}

static NTSTATUS
TagIt(
	PFLT_INSTANCE Instance,
	PFILE_OBJECT FileObject
	)
{
	ULONG Data = 42;
	NTSTATUS Status;

	Status = FltTagFile(Instance, FileObject, TAGGER_REPARSE_TAG, (GUID *)&TaggerGuid, &Data, sizeof(Data));
	if (!NT_SUCCESS(Status))
		return Status;
	InterlockedIncrement(&gTagged);
	return FltUntagFile(Instance, FileObject, TAGGER_REPARSE_TAG, (GUID *)&TaggerGuid);
}

static VOID
Finish(
	PCFLT_RELATED_OBJECTS FltObjects,
	PFLT_FILE_NAME_INFORMATION Name,
	ULONG Writes
	)
{
	OBJECT_ATTRIBUTES Attributes;
	IO_STATUS_BLOCK IoStatus;
	HANDLE Handle;
	PFILE_OBJECT Mine;
	ULONG Read = 0;
	NTSTATUS Status;

	InitializeObjectAttributes(&Attributes, &Name->Name, OBJ_KERNEL_HANDLE, NULL, NULL);
	Status = FltCreateFile(gFilter, FltObjects->Instance, &Handle,
			       FILE_READ_EA | FILE_WRITE_EA | FILE_WRITE_ATTRIBUTES | FILE_READ_ATTRIBUTES | READ_CONTROL | SYNCHRONIZE,
			       &Attributes, &IoStatus, NULL, 0, FILE_SHARE_VALID_FLAGS, FILE_OPEN,
			       FILE_SYNCHRONOUS_IO_NONALERT | FILE_OPEN_REPARSE_POINT, NULL, 0, IO_IGNORE_SHARE_ACCESS_CHECK);
	if (!NT_SUCCESS(Status)) {
		if (Status != STATUS_DELETE_PENDING && Status != STATUS_OBJECT_NAME_NOT_FOUND)
			Complain("open", Status);
		return;
	}
	Status = ObReferenceObjectByHandle(Handle, 0, *IoFileObjectType, KernelMode, (PVOID *)&Mine, NULL);
	if (NT_SUCCESS(Status)) {
		Status = WriteEa(FltObjects->Instance, Mine, Writes);
		if (Status == STATUS_EAS_NOT_SUPPORTED || Status == STATUS_NOT_SUPPORTED)
			;
		else if (!NT_SUCCESS(Status))
			Complain("FltSetEaFile", Status);
		else if (!NT_SUCCESS(Status = ReadEa(FltObjects->Instance, Mine, &Read)) || Read != Writes)
			Complain("FltQueryEaFile", Status);
		else
			InterlockedIncrement(&gEas);
		LookAtSecurity(FltObjects->Instance, Mine);
		CountStreams(FltObjects->Instance, Mine);
		Status = TagIt(FltObjects->Instance, Mine);
		if (!NT_SUCCESS(Status) && Status != STATUS_NOT_SUPPORTED)
			Complain("tag", Status);
		ObDereferenceObject(Mine);
	}
	FltClose(Handle);
}

static FLT_POSTOP_CALLBACK_STATUS FLTAPI
PostCreate(
	PFLT_CALLBACK_DATA Data,
	PCFLT_RELATED_OBJECTS FltObjects,
	PVOID CompletionContext,
	FLT_POST_OPERATION_FLAGS Flags
	)
{
	PTAGGER_HANDLE Context;
	BOOLEAN Directory = FALSE;

	UNREFERENCED_PARAMETER(CompletionContext);
	if (FlagOn(Flags, FLTFL_POST_OPERATION_DRAINING) || !NT_SUCCESS(Data->IoStatus.Status) || Data->IoStatus.Status == STATUS_REPARSE)
		return FLT_POSTOP_FINISHED_PROCESSING;
	if (!NT_SUCCESS(FltIsDirectory(FltObjects->FileObject, FltObjects->Instance, &Directory)) || Directory)
		return FLT_POSTOP_FINISHED_PROCESSING;
	if (!FltSupportsStreamHandleContexts(FltObjects->FileObject))
		return FLT_POSTOP_FINISHED_PROCESSING;
	if (NT_SUCCESS(FltAllocateContext(gFilter, FLT_STREAMHANDLE_CONTEXT, sizeof(*Context), NonPagedPool, (PFLT_CONTEXT *)&Context))) {
		RtlZeroMemory(Context, sizeof(*Context));
		(VOID)FltSetStreamHandleContext(FltObjects->Instance, FltObjects->FileObject, FLT_SET_CONTEXT_KEEP_IF_EXISTS, Context, NULL);
		FltReleaseContext(Context);
	}
	return FLT_POSTOP_FINISHED_PROCESSING;
}

static FLT_PREOP_CALLBACK_STATUS FLTAPI
PreWrite(
	PFLT_CALLBACK_DATA Data,
	PCFLT_RELATED_OBJECTS FltObjects,
	PVOID *CompletionContext
	)
{
	PTAGGER_HANDLE Context;

	UNREFERENCED_PARAMETER(Data);
	UNREFERENCED_PARAMETER(CompletionContext);
	if (NT_SUCCESS(FltGetStreamHandleContext(FltObjects->Instance, FltObjects->FileObject, (PFLT_CONTEXT *)&Context))) {
		InterlockedIncrement(&Context->Writes);
		FltReleaseContext(Context);
	}
	return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

static FLT_PREOP_CALLBACK_STATUS FLTAPI
PreCleanup(
	PFLT_CALLBACK_DATA Data,
	PCFLT_RELATED_OBJECTS FltObjects,
	PVOID *CompletionContext
	)
{
	PFLT_FILE_NAME_INFORMATION Name;
	PTAGGER_HANDLE Context;
	LONG Writes = 0;
	NTSTATUS Status;

	UNREFERENCED_PARAMETER(Data);
	if (NT_SUCCESS(FltGetStreamHandleContext(FltObjects->Instance, FltObjects->FileObject, (PFLT_CONTEXT *)&Context))) {
		Writes = Context->Writes;
		FltReleaseContext(Context);
	}
	if (Writes == 0)
		return FLT_PREOP_SUCCESS_NO_CALLBACK;
	/* Afterwards nobody can ask for it any more. */
	Status = FltGetFileNameInformationUnsafe(FltObjects->FileObject, FltObjects->Instance,
						 FLT_FILE_NAME_OPENED | FLT_FILE_NAME_QUERY_DEFAULT, &Name);
	if (!NT_SUCCESS(Status)) {
		if (Status != STATUS_FILE_DELETED && Status != STATUS_OBJECT_NAME_NOT_FOUND)
			Complain("name", Status);
		return FLT_PREOP_SUCCESS_NO_CALLBACK;
	}
	*CompletionContext = Name;
	return FLT_PREOP_SYNCHRONIZE;
}

static FLT_POSTOP_CALLBACK_STATUS FLTAPI
PostCleanup(
	PFLT_CALLBACK_DATA Data,
	PCFLT_RELATED_OBJECTS FltObjects,
	PVOID CompletionContext,
	FLT_POST_OPERATION_FLAGS Flags
	)
{
	PTAGGER_HANDLE Context;
	LONG Writes = 0;

	UNREFERENCED_PARAMETER(Data);
	if (FlagOn(Flags, FLTFL_POST_OPERATION_DRAINING)) {
		FltReleaseFileNameInformation(CompletionContext);
		return FLT_POSTOP_FINISHED_PROCESSING;
	}
	if (NT_SUCCESS(FltGetStreamHandleContext(FltObjects->Instance, FltObjects->FileObject, (PFLT_CONTEXT *)&Context))) {
		Writes = Context->Writes;
		FltReleaseContext(Context);
	}
	Finish(FltObjects, CompletionContext, Writes);
	FltReleaseFileNameInformation(CompletionContext);
	return FLT_POSTOP_FINISHED_PROCESSING;
}

static NTSTATUS FLTAPI
TaggerUnload(
	FLT_FILTER_UNLOAD_FLAGS Flags
	)
{
	UNREFERENCED_PARAMETER(Flags);
	FltUnregisterFilter(gFilter);
	DbgPrint("tagger: %d tagged, %d attributes, %d descriptors, %d streams, %d failures\n", gTagged, gEas, gDescriptors, gStreams, gFailures);
	WPP_CLEANUP(NULL);
	return STATUS_SUCCESS;
}

static const FLT_CONTEXT_REGISTRATION Contexts[] = {
	{ FLT_STREAMHANDLE_CONTEXT, 0, NULL, sizeof(TAGGER_HANDLE), TAGGER_TAG },
	{ FLT_CONTEXT_END }
};

static const FLT_OPERATION_REGISTRATION Operations[] = {
	{ IRP_MJ_CREATE, 0, NULL, PostCreate },
	{ IRP_MJ_WRITE, 0, PreWrite, NULL },
	{ IRP_MJ_CLEANUP, 0, PreCleanup, PostCleanup },
	{ IRP_MJ_OPERATION_END }
};

NTSTATUS
DriverEntry(
	PDRIVER_OBJECT DriverObject,
	PUNICODE_STRING RegistryPath
	)
{
	FLT_REGISTRATION Registration;
	NTSTATUS Status;

	WPP_INIT_TRACING(DriverObject, RegistryPath);
	RtlZeroMemory(&Registration, sizeof(Registration));
	Registration.Size = sizeof(Registration);
	Registration.Version = FLT_REGISTRATION_VERSION;
	Registration.ContextRegistration = Contexts;
	Registration.OperationRegistration = Operations;
	Registration.FilterUnloadCallback = TaggerUnload;
	Status = FltRegisterFilter(DriverObject, &Registration, &gFilter);
	if (!NT_SUCCESS(Status)) {
		WPP_CLEANUP(DriverObject);
		return Status;
	}
	Status = FltStartFiltering(gFilter);
	if (!NT_SUCCESS(Status)) {
		FltUnregisterFilter(gFilter);
		WPP_CLEANUP(DriverObject);
	}
	return Status;
}
