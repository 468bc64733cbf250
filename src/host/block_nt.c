/* SPDX-License-Identifier: MIT */
/* IoBlockLegacyFsFilters: the registry value, and who was refused; see host.h. */
#include "host/host.h"

#include <ntifs.h>
#include <string.h>

#include "cm/cmp.h"
#include "io/foreign.h"
#include "rtl/rtlp.h"

#define HOST_MAX_BLOCKED 64

static port_lock HostBlockedLock;
static struct { char Service[64], Driver[160]; } HostBlocked[HOST_MAX_BLOCKED];    /* HostBlockedLock */
static ULONG HostBlockedCount;

static VOID
HostpBlocked(PDRIVER_OBJECT Driver)
{
    const char *Service = IOP_DRIVER_FROM(Driver)->Name;
    ULONG i = 0;

    port_lock_acquire(&HostBlockedLock);
    while (i < HostBlockedCount && strcmp(HostBlocked[i].Service, Service) != 0) {
        i++;
    }
    if (i == HostBlockedCount && i < HOST_MAX_BLOCKED) {
        const SIZE_T Room = sizeof(HostBlocked[i].Driver) - 1;
        const SIZE_T Used = RtlpUtf16ToUtf8(HostBlocked[i].Driver, Room, Driver->DriverName.Buffer, Driver->DriverName.Length / sizeof(WCHAR));
        HostBlocked[i].Driver[Used < Room ? Used : Room] = 0;
        memcpy(HostBlocked[i].Service, IOP_DRIVER_FROM(Driver)->Name, sizeof(HostBlocked[i].Service));
        HostBlockedCount++;
    }
    port_lock_release(&HostBlockedLock);
}

uint32_t
host_nt_block_legacy(void)
{
    UNICODE_STRING Key, Name;
    const ULONG One = 1;

    RtlInitUnicodeString(&Key, L"\\Registry\\Machine\\System\\CurrentControlSet\\Control\\Session Manager\\I/O System");
    RtlInitUnicodeString(&Name, L"IoBlockLegacyFsFilters");
    NTSTATUS Status = CmpCreateKeyPath(&Key);
    if (NT_SUCCESS(Status)) {
        Status = CmpSetValuePath(&Key, &Name, REG_DWORD, &One, sizeof(One));
    }
    if (NT_SUCCESS(Status)) {
        IopBlockLegacy(HostpBlocked);
    }
    return (uint32_t)Status;
}

bool
host_nt_legacy_blocked(const char *service)
{
    bool Found = false;

    port_lock_acquire(&HostBlockedLock);
    for (ULONG i = 0; i < HostBlockedCount; i++) {
        Found = Found || strcmp(HostBlocked[i].Service, service) == 0;
    }
    port_lock_release(&HostBlockedLock);
    return Found;
}

/* For the report, when all drivers are loaded. */
void
host_nt_blocked(void (*fn)(const char *driver, void *ctx), void *ctx)
{
    for (ULONG i = 0; i < HostBlockedCount; i++) {
        fn(HostBlocked[i].Driver, ctx);
    }
}
