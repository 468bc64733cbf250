/* SPDX-License-Identifier: MIT */
/* Run-time library routines that ntifs.h adds: SIDs, ACLs, descriptors, names, compression. */
#ifndef _NTOS_RTL_IFS_H_
#define _NTOS_RTL_IFS_H_

#include <ntos/rtl.h>

EXTERN_C_START

/* ---- SIDs -------------------------------------------------------------------------------------- */

NTSYSAPI BOOLEAN RtlValidSid(PSID Sid);
NTSYSAPI BOOLEAN RtlEqualSid(PSID Sid1, PSID Sid2);
NTSYSAPI BOOLEAN RtlEqualPrefixSid(PSID Sid1, PSID Sid2);
NTSYSAPI ULONG RtlLengthRequiredSid(ULONG SubAuthorityCount);
NTSYSAPI ULONG RtlLengthSid(PSID Sid);
NTSYSAPI NTSTATUS
RtlInitializeSid(PSID Sid, PSID_IDENTIFIER_AUTHORITY IdentifierAuthority, UCHAR SubAuthorityCount);
NTSYSAPI NTSTATUS
RtlInitializeSidEx(
    PSID Sid,
    PSID_IDENTIFIER_AUTHORITY IdentifierAuthority,
    UCHAR SubAuthorityCount,
    ...);
NTSYSAPI PSID_IDENTIFIER_AUTHORITY RtlIdentifierAuthoritySid(PSID Sid);
NTSYSAPI PULONG RtlSubAuthoritySid(PSID Sid, ULONG SubAuthority);
NTSYSAPI PUCHAR RtlSubAuthorityCountSid(PSID Sid);
NTSYSAPI NTSTATUS
RtlAllocateAndInitializeSid(
    PSID_IDENTIFIER_AUTHORITY IdentifierAuthority,
    UCHAR SubAuthorityCount,
    ULONG SubAuthority0,
    ULONG SubAuthority1,
    ULONG SubAuthority2,
    ULONG SubAuthority3,
    ULONG SubAuthority4,
    ULONG SubAuthority5,
    ULONG SubAuthority6,
    ULONG SubAuthority7,
    PSID *Sid);
NTSYSAPI PVOID RtlFreeSid(PSID Sid);
NTSYSAPI NTSTATUS RtlCopySid(ULONG DestinationSidLength, PSID DestinationSid, PSID SourceSid);
NTSYSAPI NTSTATUS
RtlConvertSidToUnicodeString(
    PUNICODE_STRING UnicodeString,
    PSID Sid,
    BOOLEAN AllocateDestinationString);
NTSYSAPI VOID RtlCopyLuid(PLUID DestinationLuid, PLUID SourceLuid);

/* ---- ACLs and descriptors ------------------------------------------------------------------------ */

NTSYSAPI NTSTATUS RtlCreateAcl(PACL Acl, ULONG AclLength, ULONG AclRevision);
NTSYSAPI BOOLEAN RtlValidAcl(PACL Acl);
NTSYSAPI NTSTATUS
RtlQueryInformationAcl(
    PACL Acl,
    PVOID AclInformation,
    ULONG AclInformationLength,
    ACL_INFORMATION_CLASS AclInformationClass);
NTSYSAPI NTSTATUS
RtlAddAce(PACL Acl, ULONG AceRevision, ULONG StartingAceIndex, PVOID AceList, ULONG AceListLength);
NTSYSAPI NTSTATUS RtlDeleteAce(PACL Acl, ULONG AceIndex);
NTSYSAPI NTSTATUS RtlGetAce(PACL Acl, ULONG AceIndex, PVOID *Ace);
NTSYSAPI NTSTATUS
RtlAddAccessAllowedAce(PACL Acl, ULONG AceRevision, ACCESS_MASK AccessMask, PSID Sid);
NTSYSAPI NTSTATUS
RtlAddAccessAllowedAceEx(
    PACL Acl,
    ULONG AceRevision,
    ULONG AceFlags,
    ACCESS_MASK AccessMask,
    PSID Sid);
NTSYSAPI NTSTATUS
RtlAddAccessDeniedAce(PACL Acl, ULONG AceRevision, ACCESS_MASK AccessMask, PSID Sid);
NTSYSAPI NTSTATUS
RtlAddAccessDeniedAceEx(
    PACL Acl,
    ULONG AceRevision,
    ULONG AceFlags,
    ACCESS_MASK AccessMask,
    PSID Sid);
NTSYSAPI NTSTATUS
RtlGetDaclSecurityDescriptor(
    PSECURITY_DESCRIPTOR SecurityDescriptor,
    PBOOLEAN DaclPresent,
    PACL *Dacl,
    PBOOLEAN DaclDefaulted);
NTSYSAPI NTSTATUS
RtlGetSaclSecurityDescriptor(
    PSECURITY_DESCRIPTOR SecurityDescriptor,
    PBOOLEAN SaclPresent,
    PACL *Sacl,
    PBOOLEAN SaclDefaulted);
NTSYSAPI NTSTATUS
RtlSetSaclSecurityDescriptor(
    PSECURITY_DESCRIPTOR SecurityDescriptor,
    BOOLEAN SaclPresent,
    PACL Sacl,
    BOOLEAN SaclDefaulted);
NTSYSAPI NTSTATUS
RtlGetOwnerSecurityDescriptor(
    PSECURITY_DESCRIPTOR SecurityDescriptor,
    PSID *Owner,
    PBOOLEAN OwnerDefaulted);
NTSYSAPI NTSTATUS
RtlSetOwnerSecurityDescriptor(
    PSECURITY_DESCRIPTOR SecurityDescriptor,
    PSID Owner,
    BOOLEAN OwnerDefaulted);
NTSYSAPI NTSTATUS
RtlGetGroupSecurityDescriptor(
    PSECURITY_DESCRIPTOR SecurityDescriptor,
    PSID *Group,
    PBOOLEAN GroupDefaulted);
NTSYSAPI NTSTATUS
RtlSetGroupSecurityDescriptor(
    PSECURITY_DESCRIPTOR SecurityDescriptor,
    PSID Group,
    BOOLEAN GroupDefaulted);
NTSYSAPI NTSTATUS
RtlGetControlSecurityDescriptor(
    PSECURITY_DESCRIPTOR SecurityDescriptor,
    PSECURITY_DESCRIPTOR_CONTROL Control,
    PULONG Revision);
NTSYSAPI NTSTATUS
RtlAbsoluteToSelfRelativeSD(
    PSECURITY_DESCRIPTOR AbsoluteSecurityDescriptor,
    PSECURITY_DESCRIPTOR SelfRelativeSecurityDescriptor,
    PULONG BufferLength);
NTSYSAPI NTSTATUS
RtlSelfRelativeToAbsoluteSD(
    PSECURITY_DESCRIPTOR SelfRelativeSecurityDescriptor,
    PSECURITY_DESCRIPTOR AbsoluteSecurityDescriptor,
    PULONG AbsoluteSecurityDescriptorSize,
    PACL Dacl,
    PULONG DaclSize,
    PACL Sacl,
    PULONG SaclSize,
    PSID Owner,
    PULONG OwnerSize,
    PSID PrimaryGroup,
    PULONG PrimaryGroupSize);

/* ---- names ------------------------------------------------------------------------------------- */

typedef struct _GENERATE_NAME_CONTEXT {
    USHORT Checksum;
    BOOLEAN ChecksumInserted;
    UCHAR NameLength;
    WCHAR NameBuffer[8];
    ULONG ExtensionLength;
    WCHAR ExtensionBuffer[4];
    ULONG LastIndexValue;
} GENERATE_NAME_CONTEXT, *PGENERATE_NAME_CONTEXT;

NTSYSAPI NTSTATUS
RtlGenerate8dot3Name(
    PCUNICODE_STRING Name,
    BOOLEAN AllowExtendedCharacters,
    PGENERATE_NAME_CONTEXT Context,
    PUNICODE_STRING Name8dot3);
NTSYSAPI BOOLEAN
RtlIsNameLegalDOS8Dot3(PCUNICODE_STRING Name, POEM_STRING OemName, PBOOLEAN NameContainsSpaces);
NTSYSAPI BOOLEAN RtlIsValidOemCharacter(PWCHAR Char);
#define NORMALIZATION_C 1
NTSYSAPI NTSTATUS
RtlNormalizeString(
    ULONG NormForm,
    PCWSTR SourceString,
    LONG SourceStringLength,
    PWSTR DestinationString,
    PLONG DestinationStringLength);
NTSYSAPI NTSTATUS
RtlUpcaseUnicodeToOemN(
    PCHAR OemString,
    ULONG MaxBytesInOemString,
    PULONG BytesInOemString,
    PCWCH UnicodeString,
    ULONG BytesInUnicodeString);
NTSYSAPI NTSTATUS
RtlOemToUnicodeN(
    PWCH UnicodeString,
    ULONG MaxBytesInUnicodeString,
    PULONG BytesInUnicodeString,
    PCCH OemString,
    ULONG BytesInOemString);
NTSYSAPI NTSTATUS
RtlUnicodeToOemN(
    PCHAR OemString,
    ULONG MaxBytesInOemString,
    PULONG BytesInOemString,
    PCWCH UnicodeString,
    ULONG BytesInUnicodeString);

/* ---- compression, heap, errors -------------------------------------------------------------------- */

#define COMPRESSION_ENGINE_STANDARD (0x0000)
#define COMPRESSION_ENGINE_MAXIMUM (0x0100)
NTSYSAPI NTSTATUS
RtlGetCompressionWorkSpaceSize(
    USHORT CompressionFormatAndEngine,
    PULONG CompressBufferWorkSpaceSize,
    PULONG CompressFragmentWorkSpaceSize);
NTSYSAPI NTSTATUS
RtlCompressBuffer(
    USHORT CompressionFormatAndEngine,
    PUCHAR UncompressedBuffer,
    ULONG UncompressedBufferSize,
    PUCHAR CompressedBuffer,
    ULONG CompressedBufferSize,
    ULONG UncompressedChunkSize,
    PULONG FinalCompressedSize,
    PVOID WorkSpace);
NTSYSAPI NTSTATUS
RtlDecompressBuffer(
    USHORT CompressionFormat,
    PUCHAR UncompressedBuffer,
    ULONG UncompressedBufferSize,
    PUCHAR CompressedBuffer,
    ULONG CompressedBufferSize,
    PULONG FinalUncompressedSize);
NTSYSAPI ULONG RtlNtStatusToDosError(NTSTATUS Status);
NTSYSAPI ULONG RtlNtStatusToDosErrorNoTeb(NTSTATUS Status);
NTSYSAPI PVOID RtlAllocateHeap(PVOID HeapHandle, ULONG Flags, SIZE_T Size);
NTSYSAPI LOGICAL RtlFreeHeap(PVOID HeapHandle, ULONG Flags, PVOID BaseAddress);

/* Offsets and pointers inside variable-length buffers. */
#define RtlOffsetToPointer(Base, Offset) ((PCHAR)(((PCHAR)(Base)) + ((ULONG_PTR)(Offset))))
#define RtlPointerToOffset(Base, Pointer) ((ULONG)(((PCHAR)(Pointer)) - ((PCHAR)(Base))))

EXTERN_C_END

#endif /* _NTOS_RTL_IFS_H_ */
