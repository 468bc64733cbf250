/* SPDX-License-Identifier: MIT */
/*
 * Legacy filters as the filter manager knows them.  Their altitudes are those that Windows gives them: almost at the top of the range of their
 * service's load order group, so that minifilters of the same group lie below them.
 */
#include "fltmgr/frame.h"

BOOLEAN
FltpLegacyAltitude(PDRIVER_OBJECT Driver, PUNICODE_STRING Altitude)
{
    static const struct { const WCHAR *Group, *Altitude; } Groups[] = {
        { L"Filter", L"429998.99" }, { L"FSFilter Top", L"409998.99" }, { L"FSFilter Activity Monitor", L"389998.99" },
        { L"FSFilter Undelete", L"349998.99" }, { L"FSFilter Anti-Virus", L"329998.99" }, { L"FSFilter Replication", L"309998.99" },
        { L"FSFilter Continuous Backup", L"289998.99" }, { L"FSFilter Content Screener", L"269998.99" },
        { L"FSFilter Quota Management", L"249998.99" }, { L"FSFilter System Recovery", L"229998.99" },
        { L"FSFilter Cluster File System", L"209998.99" }, { L"FSFilter HSM", L"189998.99" }, { L"FSFilter Imaging", L"174999.99" },
        { L"FSFilter Compression", L"169998.99" }, { L"FSFilter Encryption", L"149998.99" }, { L"FSFilter Virtualization", L"139998.99" },
        { L"FSFilter Physical Quota Management", L"129998.99" }, { L"FSFilter Open File", L"109998.99" },
        { L"FSFilter Security Enhancer", L"89998.99" }, { L"FSFilter Copy Protection", L"69998.99" }, { L"FSFilter Bottom", L"49998.99" },
        { L"FSFilter System", L"29998.99" }, { L"FSFilter Infrastructure", L"19998.99" },
    };
    WCHAR Buffer[80];
    UNICODE_STRING Group, Known;

    RtlInitUnicodeString(Altitude, L"");
    if (!NT_SUCCESS(FltpRegistryGroup(Driver, Buffer, sizeof(Buffer), &Group))) {
        return FALSE;
    }
    for (ULONG i = 0; i < RTL_NUMBER_OF(Groups); i++) {
        RtlInitUnicodeString(&Known, Groups[i].Group);
        if (RtlEqualUnicodeString(&Known, &Group, TRUE)) {
            RtlInitUnicodeString(Altitude, Groups[i].Altitude);
            return TRUE;
        }
    }
    return FALSE;
}
