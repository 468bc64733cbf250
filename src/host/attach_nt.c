/* SPDX-License-Identifier: MIT */
/* Attaching by hand, for the POSIX side; see host.h. */
#include "host/host.h"

#include <fltKernel.h>
#include <string.h>

#include "fltmgr/fltmgr.h"
#include "rtl/rtlp.h"

#define HOST_TEXT_CHARS 256

/* UTF-8 into Buffer of HOST_TEXT_CHARS; NULL when Text is NULL. */
static PUNICODE_STRING
HostpSmallString(PUNICODE_STRING String, PWCHAR Buffer, const char *Text)
{
    if (Text == NULL) {
        return NULL;
    }
    const SIZE_T Units = RtlpUtf8ToUtf16(Buffer, HOST_TEXT_CHARS, Text, strlen(Text));
    String->Buffer = Buffer;
    String->Length = (USHORT)((Units < HOST_TEXT_CHARS ? Units : HOST_TEXT_CHARS) * sizeof(WCHAR));
    String->MaximumLength = String->Length;
    return String;
}

static NTSTATUS
HostpVolumeByNumber(PFLT_FILTER Filter, unsigned Number, PFLT_VOLUME *Volume)
{
    WCHAR Buffer[64];
    WCHAR Digits[12];
    UNICODE_STRING Name = {0, sizeof(Buffer), Buffer}, Text = {0, sizeof(Digits), Digits};

    NTSTATUS Status = RtlIntegerToUnicodeString(Number, 10, &Text);
    if (NT_SUCCESS(Status)) {
        Status = RtlAppendUnicodeToString(&Name, L"\\Device\\HarddiskVolume");
    }
    if (NT_SUCCESS(Status)) {
        Status = RtlAppendUnicodeStringToString(&Name, &Text);
    }
    return NT_SUCCESS(Status) ? FltGetVolumeFromName(Filter, &Name, Volume) : Status;
}

uint32_t
host_nt_attach(void *driver, unsigned volume, const char *altitude, const char *instance)
{
    WCHAR AltitudeBuffer[HOST_TEXT_CHARS], NameBuffer[HOST_TEXT_CHARS];
    UNICODE_STRING Altitude, Name;
    PFLT_VOLUME Volume = NULL;
    PFLT_FILTER Filter = FltpFilterOfDriver(driver);

    if (Filter == NULL) {
        return (uint32_t)STATUS_FLT_FILTER_NOT_FOUND;
    }
    PUNICODE_STRING InstanceName = HostpSmallString(&Name, NameBuffer, instance);
    PUNICODE_STRING Where = HostpSmallString(&Altitude, AltitudeBuffer, altitude);
    NTSTATUS Status = HostpVolumeByNumber(Filter, volume, &Volume);
    if (NT_SUCCESS(Status)) {
        Status = Where != NULL ? FltAttachVolumeAtAltitude(Filter, Volume, Where, InstanceName, NULL)
                               : FltAttachVolume(Filter, Volume, InstanceName, NULL);
        FltObjectDereference(Volume);
    }
    FltObjectDereference(Filter);
    return (uint32_t)Status;
}
