/* SPDX-License-Identifier: MIT */
/* File names: wild cards, legal characters, dissection. */
#ifndef _NTOS_FSRTL_NAME_
#define _NTOS_FSRTL_NAME_

#include "ntos/fsrtl.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The three wild cards that stand for the DOS meaning of *, ? and the dot. */
#define ANSI_DOS_STAR                   ('<')
#define ANSI_DOS_QM                     ('>')
#define ANSI_DOS_DOT                    ('"')
#define DOS_STAR                        (L'<')
#define DOS_QM                          (L'>')
#define DOS_DOT                         (L'"')

#define FSRTL_FAT_LEGAL                 0x01
#define FSRTL_HPFS_LEGAL                0x02
#define FSRTL_NTFS_LEGAL                0x04
#define FSRTL_WILD_CHARACTER            0x08
#define FSRTL_OLE_LEGAL                 0x10
#define FSRTL_NTFS_STREAM_LEGAL         (FSRTL_NTFS_LEGAL | FSRTL_OLE_LEGAL)

typedef enum _FSRTL_COMPARISON_RESULT {
    LessThan = -1,
    EqualTo = 0,
    GreaterThan = 1
} FSRTL_COMPARISON_RESULT;

/* 128 flag bytes, one for each 7-bit character. */
extern CONST UCHAR *CONST FsRtlLegalAnsiCharacterArray;

#define FsRtlTestAnsiCharacter(C, DefaultRet, WildOk, Flags)                                       \
    (((signed char)(C) < 0)                                                                       \
         ? (DefaultRet)                                                                            \
         : ((FsRtlLegalAnsiCharacterArray[(C)] &                                                   \
             ((Flags) | ((WildOk) ? FSRTL_WILD_CHARACTER : 0))) != 0))
#define FsRtlIsAnsiCharacterLegal(C, Flags) FsRtlTestAnsiCharacter((C), TRUE, FALSE, (Flags))
#define FsRtlIsAnsiCharacterLegalFat(C, WildOk)                                                    \
    FsRtlTestAnsiCharacter((C), TRUE, (WildOk), FSRTL_FAT_LEGAL)
#define FsRtlIsAnsiCharacterLegalHpfs(C, WildOk)                                                   \
    FsRtlTestAnsiCharacter((C), TRUE, (WildOk), FSRTL_HPFS_LEGAL)
#define FsRtlIsAnsiCharacterLegalNtfs(C, WildOk)                                                   \
    FsRtlTestAnsiCharacter((C), TRUE, (WildOk), FSRTL_NTFS_LEGAL)
#define FsRtlIsAnsiCharacterLegalNtfsStream(C, WildOk)                                             \
    FsRtlTestAnsiCharacter((C), TRUE, (WildOk), FSRTL_NTFS_STREAM_LEGAL)
#define FsRtlIsAnsiCharacterWild(C)                                                                \
    FsRtlTestAnsiCharacter((C), FALSE, FALSE, FSRTL_WILD_CHARACTER)
#define FsRtlIsUnicodeCharacterWild(C)                                                             \
    (((C) >= 0x40) ? FALSE : ((FsRtlLegalAnsiCharacterArray[(C)] & FSRTL_WILD_CHARACTER) != 0))
#define FsRtlIsLeadDbcsCharacter(DbcsChar) ((BOOLEAN)FALSE)

NTKERNELAPI VOID NTAPI
FsRtlDissectName(
    _In_ UNICODE_STRING Path,
    _Out_ PUNICODE_STRING FirstName,
    _Out_ PUNICODE_STRING RemainingName);
NTKERNELAPI BOOLEAN NTAPI FsRtlDoesNameContainWildCards(_In_ PUNICODE_STRING Name);
NTKERNELAPI BOOLEAN NTAPI
FsRtlAreNamesEqual(
    _In_ PCUNICODE_STRING ConstantNameA,
    _In_ PCUNICODE_STRING ConstantNameB,
    _In_ BOOLEAN IgnoreCase,
    _In_opt_ PCWCH UpcaseTable);
NTKERNELAPI BOOLEAN NTAPI
FsRtlIsNameInExpression(
    _In_ PUNICODE_STRING Expression,
    _In_ PUNICODE_STRING Name,
    _In_ BOOLEAN IgnoreCase,
    _In_opt_ PWCH UpcaseTable);
NTKERNELAPI BOOLEAN NTAPI
FsRtlIsNameInUnUpcasedExpression(
    PUNICODE_STRING Expression,
    PUNICODE_STRING Name,
    BOOLEAN IgnoreCase,
    PWCH UpcaseTable);
NTKERNELAPI VOID NTAPI
FsRtlDissectDbcs(
    _In_ ANSI_STRING Path,
    _Out_ PANSI_STRING FirstName,
    _Out_ PANSI_STRING RemainingName);
NTKERNELAPI BOOLEAN NTAPI FsRtlDoesDbcsContainWildCards(_In_ PANSI_STRING Name);
NTKERNELAPI BOOLEAN NTAPI
FsRtlIsDbcsInExpression(_In_ PANSI_STRING Expression, _In_ PANSI_STRING Name);
NTKERNELAPI BOOLEAN NTAPI
FsRtlIsFatDbcsLegal(
    _In_ ANSI_STRING DbcsName,
    _In_ BOOLEAN WildCardsPermissible,
    _In_ BOOLEAN PathNamePermissible,
    _In_ BOOLEAN LeadingBackslashPermissible);
NTKERNELAPI BOOLEAN NTAPI
FsRtlIsHpfsDbcsLegal(
    _In_ ANSI_STRING DbcsName,
    _In_ BOOLEAN WildCardsPermissible,
    _In_ BOOLEAN PathNamePermissible,
    _In_ BOOLEAN LeadingBackslashPermissible);
NTKERNELAPI NTSTATUS NTAPI
FsRtlRemoveDotsFromPath(
    _Inout_ PWSTR OriginalString,
    _In_ USHORT PathLength,
    _Out_ USHORT *NewLength);
NTKERNELAPI NTSTATUS NTAPI
FsRtlValidateReparsePointBuffer(_In_ ULONG BufferLength, _In_ PREPARSE_DATA_BUFFER ReparseBuffer);

#ifdef __cplusplus
}
#endif

#endif
