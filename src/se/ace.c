/* SPDX-License-Identifier: MIT */
/* Entries of ACLs moved and counted; SIDs made at once. */
#include <ntifs.h>

#include <stdarg.h>
#include <string.h>

static PUCHAR
SepAceAt(PACL Acl, ULONG Index)
{
    PUCHAR At = (PUCHAR)(Acl + 1);

    while (Index-- > 0) {
        At += ((PACE_HEADER)At)->AceSize;
    }
    return At;
}

/* Number of entries in List; FALSE: it is broken. */
static BOOLEAN
SepCountAces(const UCHAR *List, ULONG Length, PULONG Count)
{
    *Count = 0;
    while (Length != 0) {
        const ACE_HEADER *Ace = (const ACE_HEADER *)List;
        if (Length < sizeof(*Ace) || Ace->AceSize < sizeof(*Ace) || Ace->AceSize > Length) {
            return FALSE;
        }
        List += Ace->AceSize;
        Length -= Ace->AceSize;
        ++*Count;
    }
    return TRUE;
}

/* Windows: ntifs.h, RtlAddAce.  Differences: none. */
NTSTATUS
RtlAddAce(PACL Acl, ULONG AceRevision, ULONG StartingAceIndex, PVOID AceList, ULONG AceListLength)
{
    ULONG Count;

    if (!RtlValidAcl(Acl) || !SepCountAces(AceList, AceListLength, &Count) || AceRevision > MAX_ACL_REVISION) {
        return STATUS_INVALID_PARAMETER;
    }
    const PUCHAR End = SepAceAt(Acl, Acl->AceCount);
    if ((ULONG)((PUCHAR)Acl + Acl->AclSize - End) < AceListLength) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    const PUCHAR At = StartingAceIndex < Acl->AceCount ? SepAceAt(Acl, StartingAceIndex) : End;
    memmove(At + AceListLength, At, (SIZE_T)(End - At));
    memcpy(At, AceList, AceListLength);
    Acl->AceCount = (USHORT)(Acl->AceCount + Count);
    Acl->AclRevision = AceRevision > Acl->AclRevision ? (UCHAR)AceRevision : Acl->AclRevision;
    return STATUS_SUCCESS;
}

/* Windows: ntifs.h, RtlDeleteAce.  Differences: none. */
NTSTATUS
RtlDeleteAce(PACL Acl, ULONG AceIndex)
{
    if (!RtlValidAcl(Acl) || AceIndex >= Acl->AceCount) {
        return STATUS_INVALID_PARAMETER;
    }
    const PUCHAR At = SepAceAt(Acl, AceIndex), End = SepAceAt(Acl, Acl->AceCount);
    const USHORT Size = ((PACE_HEADER)At)->AceSize;
    memmove(At, At + Size, (SIZE_T)(End - At) - Size);
    memset(End - Size, 0, Size);
    Acl->AceCount--;
    return STATUS_SUCCESS;
}

/* Windows: ntifs.h, RtlQueryInformationAcl.  Differences: none. */
NTSTATUS
RtlQueryInformationAcl(PACL Acl, PVOID AclInformation, ULONG AclInformationLength, ACL_INFORMATION_CLASS AclInformationClass)
{
    if (!RtlValidAcl(Acl)) {
        return STATUS_INVALID_PARAMETER;
    }
    if (AclInformationClass == AclRevisionInformation) {
        if (AclInformationLength < sizeof(ULONG)) {
            return STATUS_BUFFER_TOO_SMALL;
        }
        *(PULONG)AclInformation = Acl->AclRevision;
        return STATUS_SUCCESS;
    }
    if (AclInformationClass != AclSizeInformation) {
        return STATUS_INVALID_INFO_CLASS;
    }
    if (AclInformationLength < sizeof(ACL_SIZE_INFORMATION)) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    const ULONG Used = (ULONG)(SepAceAt(Acl, Acl->AceCount) - (PUCHAR)Acl);
    *(PACL_SIZE_INFORMATION)AclInformation = (ACL_SIZE_INFORMATION){Acl->AceCount, Used, Acl->AclSize - Used};
    return STATUS_SUCCESS;
}

/* Windows: ntifs.h, RtlEqualPrefixSid.  Differences: none. */
BOOLEAN
RtlEqualPrefixSid(PSID Sid1, PSID Sid2)
{
    const ULONG Count = ((PISID)Sid1)->SubAuthorityCount;

    return Count == ((PISID)Sid2)->SubAuthorityCount && memcmp(Sid1, Sid2, RtlLengthRequiredSid(Count == 0 ? 0 : Count - 1)) == 0;
}

#ifdef __clang__
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wvarargs"   /* Windows' prototype ends in a UCHAR; x86-64 passes it as an int */
#endif

/* Windows: ntifs.h, RtlInitializeSidEx.  Differences: none. */
NTSTATUS
RtlInitializeSidEx(PSID Sid, PSID_IDENTIFIER_AUTHORITY IdentifierAuthority, UCHAR SubAuthorityCount, ...)
{
    va_list Arguments;
    const NTSTATUS Status = RtlInitializeSid(Sid, IdentifierAuthority, SubAuthorityCount);

    va_start(Arguments, SubAuthorityCount);
    for (ULONG i = 0; NT_SUCCESS(Status) && i < SubAuthorityCount; i++) {
        ((PISID)Sid)->SubAuthority[i] = va_arg(Arguments, ULONG);
    }
    va_end(Arguments);
    return Status;
}

#ifdef __clang__
#pragma clang diagnostic pop
#endif

/* Windows: ntifs.h, RtlAllocateAndInitializeSid.  Differences: none. */
NTSTATUS
RtlAllocateAndInitializeSid(PSID_IDENTIFIER_AUTHORITY IdentifierAuthority,
                            UCHAR SubAuthorityCount,
                            ULONG SubAuthority0,
                            ULONG SubAuthority1,
                            ULONG SubAuthority2,
                            ULONG SubAuthority3,
                            ULONG SubAuthority4,
                            ULONG SubAuthority5,
                            ULONG SubAuthority6,
                            ULONG SubAuthority7,
                            PSID *Sid)
{
    const ULONG Values[8] = {SubAuthority0, SubAuthority1, SubAuthority2, SubAuthority3, SubAuthority4, SubAuthority5, SubAuthority6, SubAuthority7};

    if (SubAuthorityCount > 8) {
        return STATUS_INVALID_SID;
    }
    PISID New = ExAllocatePoolWithTag(PagedPool, RtlLengthRequiredSid(SubAuthorityCount), 'iSeS');
    if (New == NULL) {
        return STATUS_NO_MEMORY;
    }
    (VOID)RtlInitializeSid(New, IdentifierAuthority, SubAuthorityCount);
    memcpy(New->SubAuthority, Values, SubAuthorityCount * sizeof(ULONG));
    *Sid = New;
    return STATUS_SUCCESS;
}

/* Windows: ntifs.h, RtlFreeSid.  Differences: none. */
PVOID
RtlFreeSid(PSID Sid)
{
    ExFreePoolWithTag(Sid, 'iSeS');
    return NULL;
}

/* Windows: ntifs.h, RtlCopyLuid.  Differences: none. */
VOID
RtlCopyLuid(PLUID DestinationLuid, PLUID SourceLuid)
{
    *DestinationLuid = *SourceLuid;
}
