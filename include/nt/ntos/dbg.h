/* SPDX-License-Identifier: MIT */
/* Debug output, breakpoints and assertions. */
#ifndef _NTOS_DBG_H_
#define _NTOS_DBG_H_

#include <ntdef.h>

EXTERN_C_START

#define DPFLTR_ERROR_LEVEL 0
#define DPFLTR_WARNING_LEVEL 1
#define DPFLTR_TRACE_LEVEL 2
#define DPFLTR_INFO_LEVEL 3
#define DPFLTR_MASK 0x80000000U

typedef enum _DPFLTR_TYPE {
    DPFLTR_SYSTEM_ID = 0,
    DPFLTR_SMSS_ID = 1,
    DPFLTR_SETUP_ID = 2,
    DPFLTR_NTFS_ID = 3,
    DPFLTR_FSTUB_ID = 4,
    DPFLTR_CRASHDUMP_ID = 5,
    DPFLTR_CDAUDIO_ID = 6,
    DPFLTR_CDROM_ID = 7,
    DPFLTR_CLASSPNP_ID = 8,
    DPFLTR_DISK_ID = 9,
    DPFLTR_REDBOOK_ID = 10,
    DPFLTR_STORPROP_ID = 11,
    DPFLTR_SCSIPORT_ID = 12,
    DPFLTR_SCSIMINIPORT_ID = 13,
    DPFLTR_CONFIG_ID = 14,
    DPFLTR_IHVDRIVER_ID = 77,
    DPFLTR_IHVVIDEO_ID = 78,
    DPFLTR_IHVAUDIO_ID = 79,
    DPFLTR_IHVNETWORK_ID = 80,
    DPFLTR_IHVSTREAMING_ID = 81,
    DPFLTR_IHVBUS_ID = 82,
    DPFLTR_FLTMGR_ID = 92,
    DPFLTR_FSFILTER_ID = 93,
    DPFLTR_FASTFAT_ID = 105,
    DPFLTR_CDFS_ID = 110,
    DPFLTR_DEFAULT_ID = 101,
    DPFLTR_ENDOFTABLE_ID = 164
} DPFLTR_TYPE;

NTSYSAPI ULONG DbgPrint(PCSTR Format, ...);
NTSYSAPI ULONG DbgPrintEx(ULONG ComponentId, ULONG Level, PCSTR Format, ...);
NTSYSAPI ULONG vDbgPrintEx(ULONG ComponentId, ULONG Level, PCCH Format, va_list arglist);
NTSYSAPI ULONG
vDbgPrintExWithPrefix(PCCH Prefix, ULONG ComponentId, ULONG Level, PCCH Format, va_list arglist);
NTSYSAPI ULONG DbgPrintReturnControlC(PCSTR Format, ...);
NTSYSAPI ULONG DbgPrompt(PCCH Prompt, PCH Response, ULONG Length);
NTSYSAPI NTSTATUS DbgQueryDebugFilterState(ULONG ComponentId, ULONG Level);
NTSYSAPI NTSTATUS DbgSetDebugFilterState(ULONG ComponentId, ULONG Level, BOOLEAN State);
NTSYSAPI VOID DbgBreakPoint(VOID);
NTSYSAPI VOID DbgBreakPointWithStatus(ULONG Status);
NTSYSAPI VOID RtlAssert(PVOID VoidFailedAssertion, PVOID VoidFileName, ULONG LineNumber, PSTR MutableMessage);

#ifndef _NT_KD_VARIABLES_
#define _NT_KD_VARIABLES_
/* Data exports of the kernel; a driver reads them through these names. */
NTKERNELAPI extern BOOLEAN KdDebuggerEnabled;
NTKERNELAPI extern BOOLEAN KdDebuggerNotPresent;
#define KD_DEBUGGER_ENABLED KdDebuggerEnabled
#define KD_DEBUGGER_NOT_PRESENT KdDebuggerNotPresent
#endif
NTKERNELAPI BOOLEAN KdRefreshDebuggerNotPresent(VOID);
NTKERNELAPI NTSTATUS KdDisableDebugger(VOID);
NTKERNELAPI NTSTATUS KdEnableDebugger(VOID);

#define DbgRaiseAssertionFailure() __debugbreak()

#if defined(DBG) && DBG
#define KdPrint(Arguments) DbgPrint Arguments
#define KdPrintEx(Arguments) DbgPrintEx Arguments
#define vKdPrintEx(Arguments) vDbgPrintEx Arguments
#define KdBreakPoint() DbgBreakPoint()
#define KdBreakPointWithStatus(Status) DbgBreakPointWithStatus(Status)
#define ASSERT(Expression) \
    ((!(Expression)) ? (RtlAssert((PVOID) #Expression, (PVOID)__FILE__, __LINE__, NULL), FALSE) : TRUE)
#define ASSERTMSG(Message, Expression) \
    ((!(Expression)) \
         ? (RtlAssert((PVOID) #Expression, (PVOID)__FILE__, __LINE__, (PSTR)(Message)), FALSE) \
         : TRUE)
#define RTL_SOFT_ASSERT(Expression) \
    ((!(Expression)) ? (DbgPrint("%s(%d): Soft assertion failed\n   Expression: %s\n", \
                                 __FILE__, \
                                 __LINE__, \
                                 #Expression), \
                        FALSE) \
                     : TRUE)
#define RTL_SOFT_ASSERTMSG(Message, Expression) RTL_SOFT_ASSERT(Expression)
#define RTL_VERIFY(Expression) ASSERT(Expression)
#define RTL_VERIFYMSG(Message, Expression) ASSERTMSG(Message, Expression)
#define RTL_SOFT_VERIFY(Expression) RTL_SOFT_ASSERT(Expression)
#define NT_ASSERT(Expression) ASSERT(Expression)
#define NT_ASSERTMSG(Message, Expression) ASSERTMSG(Message, Expression)
#define NT_ASSERTMSGW(Message, Expression) ASSERT(Expression)
#define NT_VERIFY(Expression) ASSERT(Expression)
#define NT_VERIFYMSG(Message, Expression) ASSERTMSG(Message, Expression)
#else
#define KdPrint(Arguments)
#define KdPrintEx(Arguments)
#define vKdPrintEx(Arguments)
#define KdBreakPoint()
#define KdBreakPointWithStatus(Status)
#define ASSERT(Expression) ((void)0)
#define ASSERTMSG(Message, Expression) ((void)0)
#define RTL_SOFT_ASSERT(Expression) ((void)0)
#define RTL_SOFT_ASSERTMSG(Message, Expression) ((void)0)
#define RTL_VERIFY(Expression) ((Expression) ? TRUE : FALSE)
#define RTL_VERIFYMSG(Message, Expression) ((Expression) ? TRUE : FALSE)
#define RTL_SOFT_VERIFY(Expression) ((Expression) ? TRUE : FALSE)
#define NT_ASSERT(Expression) ((void)0)
#define NT_ASSERTMSG(Message, Expression) ((void)0)
#define NT_ASSERTMSGW(Message, Expression) ((void)0)
#define NT_VERIFY(Expression) ((Expression) ? TRUE : FALSE)
#define NT_VERIFYMSG(Message, Expression) ((Expression) ? TRUE : FALSE)
#endif
#define NT_ASSERT_ASSUME(Expression) NT_ASSERT(Expression)
#define NT_ANALYSIS_ASSUME(Expression) ((void)0)
#define NT_FRE_ASSERT(Expression) ((Expression) ? TRUE : (__debugbreak(), FALSE))

EXTERN_C_END

#endif /* _NTOS_DBG_H_ */
