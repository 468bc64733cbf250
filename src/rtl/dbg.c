/* SPDX-License-Identifier: MIT */
/* DbgPrint and its family: the driver's voice, verbatim, prefixed with its name by port. */
#include <ntifs.h>

#include <string.h>

#include "port/port.h"
#include "rtl/rtlp.h"
#include "vf/vf.h"

BOOLEAN KdDebuggerEnabled = FALSE;
BOOLEAN KdDebuggerNotPresent = TRUE;

#define RTLP_LINE 512                          /* DbgPrint's own limit */

typedef struct RTLP_DEBUG_SINK {
    RTLP_SINK Sink;
    ULONG Used;
    WCHAR High;                                /* pending high surrogate */
    CHAR Text[RTLP_LINE];
} RTLP_DEBUG_SINK;

static VOID
RtlpDebugPut(RTLP_SINK *Base, WCHAR Character)
{
    RTLP_DEBUG_SINK *Sink = (RTLP_DEBUG_SINK *)Base;
    WCHAR Pair[2] = {Sink->High, Character};
    BOOLEAN Low = Character >= 0xDC00 && Character <= 0xDFFF;

    if (Character >= 0xD800 && Character <= 0xDBFF) {
        Sink->High = Character;
        return;
    }
    BOOLEAN Paired = Low && Sink->High != 0;
    Sink->High = 0;
    SIZE_T Room = sizeof(Sink->Text) - Sink->Used;
    SIZE_T Needed = Paired ? RtlpUtf16ToUtf8(NULL, 0, Pair, 2) : RtlpUtf16ToUtf8(NULL, 0, &Character, 1);
    if (Needed <= Room) {
        RtlpUtf16ToUtf8(Sink->Text + Sink->Used, Room, Paired ? Pair : &Character, Paired ? 2 : 1);
        Sink->Used += (ULONG)Needed;
    }
}

static const char *
RtlpSpeaker(uintptr_t Caller)
{
    const struct port_module *Module = port_module_find(Caller);
    struct vf_operation *Operation = vf_operation_current();

    if (Module != NULL) {
        return Module->name;
    }
    return Operation != NULL && Operation->owner != NULL ? vf_owner_name(Operation->owner) : "kernel";
}

static ULONG
RtlpPrint(uintptr_t Caller, PCCH Prefix, PCCH Format, va_list Arguments)
{
    RTLP_DEBUG_SINK Sink = {.Sink = {RtlpDebugPut}};

    for (; *Prefix != 0; Prefix++) {
        RtlpDebugPut(&Sink.Sink, (WCHAR)(UCHAR)*Prefix);
    }
    RtlpFormatA(&Sink.Sink, Format, Arguments);
    port_debug_output(RtlpSpeaker(Caller), Sink.Text, Sink.Used);
    return STATUS_SUCCESS;
}

/* Windows: wdm.h, DbgPrint.  Differences: text goes to the driver's debug output with the driver's name in front. */
ULONG
DbgPrint(PCSTR Format, ...)
{
    va_list Arguments;

    va_start(Arguments, Format);
    RtlpPrint((uintptr_t)__builtin_return_address(0), "", Format, Arguments);
    va_end(Arguments);
    return STATUS_SUCCESS;
}

/* Windows: wdm.h, DbgPrintEx.  Differences: as DbgPrint; no component is filtered out. */
ULONG
DbgPrintEx(ULONG ComponentId, ULONG Level, PCSTR Format, ...)
{
    va_list Arguments;

    UNREFERENCED_PARAMETER(ComponentId);
    UNREFERENCED_PARAMETER(Level);
    va_start(Arguments, Format);
    RtlpPrint((uintptr_t)__builtin_return_address(0), "", Format, Arguments);
    va_end(Arguments);
    return STATUS_SUCCESS;
}

/* Windows: wdm.h, vDbgPrintEx.  Differences: as DbgPrintEx. */
ULONG
vDbgPrintEx(ULONG ComponentId, ULONG Level, PCCH Format, va_list arglist)
{
    UNREFERENCED_PARAMETER(ComponentId);
    UNREFERENCED_PARAMETER(Level);
    return RtlpPrint((uintptr_t)__builtin_return_address(0), "", Format, arglist);
}

/* Windows: wdm.h, vDbgPrintExWithPrefix.  Differences: as DbgPrintEx. */
ULONG
vDbgPrintExWithPrefix(PCCH Prefix, ULONG ComponentId, ULONG Level, PCCH Format, va_list arglist)
{
    UNREFERENCED_PARAMETER(ComponentId);
    UNREFERENCED_PARAMETER(Level);
    return RtlpPrint((uintptr_t)__builtin_return_address(0), Prefix, Format, arglist);
}

/* Windows: wdm.h, DbgBreakPoint.  Differences: a finding; there is no debugger to stop in. */
VOID
DbgBreakPoint(VOID)
{
    struct vf_operation *Operation = vf_operation_current();

    vf_report("K-00", "DbgBreakPoint", "0x7E", Operation != NULL ? Operation->owner : NULL, NULL, "the driver hit a breakpoint");
}

/* Windows: wdm.h, DbgBreakPointWithStatus.  Differences: as DbgBreakPoint. */
VOID
DbgBreakPointWithStatus(ULONG Status)
{
    UNREFERENCED_PARAMETER(Status);
    DbgBreakPoint();
}

/* Windows: ntddk.h, RtlAssert.  Differences: prints and records a finding, then goes on, as with the answer "ignore". */
VOID
RtlAssert(PVOID VoidFailedAssertion, PVOID VoidFileName, ULONG LineNumber, PSTR MutableMessage)
{
    struct vf_operation *Operation = vf_operation_current();

    DbgPrint("Assertion failed: %s%s%s (%s:%u)\n", MutableMessage != NULL ? MutableMessage : "", MutableMessage != NULL ? ": " : "",
             (const CHAR *)VoidFailedAssertion, (const CHAR *)VoidFileName, LineNumber);
    vf_report("K-00", "RtlAssert", "0x7E", Operation != NULL ? Operation->owner : NULL, NULL, "assertion failed: %s (%s:%u)",
              (const CHAR *)VoidFailedAssertion, (const CHAR *)VoidFileName, LineNumber);
}
