/* SPDX-License-Identifier: MIT */
/* ACLs and security descriptors: made and taken apart, not yet enforced (files are guarded by their POSIX modes). */
#include <ntifs.h>

#include <string.h>

/* Windows: ntifs.h, RtlCreateAcl.  Differences: none. */
NTSTATUS
RtlCreateAcl(PACL Acl, ULONG AclLength, ULONG AclRevision)
{
    if (AclLength < sizeof(ACL)) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    if (AclRevision < MIN_ACL_REVISION || AclRevision > MAX_ACL_REVISION || AclLength > 0xFFFF) {
        return STATUS_INVALID_PARAMETER;
    }
    memset(Acl, 0, sizeof(*Acl));
    Acl->AclRevision = (UCHAR)AclRevision;
    Acl->AclSize = (USHORT)(AclLength & ~3u);
    return STATUS_SUCCESS;
}

/* First byte behind the last ACE; NULL: the ACL is broken. */
static PUCHAR
SepAclEnd(PACL Acl)
{
    PUCHAR At = (PUCHAR)(Acl + 1);
    PUCHAR Limit = (PUCHAR)Acl + Acl->AclSize;

    for (USHORT i = 0; i < Acl->AceCount; i++) {
        if (At + sizeof(ACE_HEADER) > Limit || At + ((PACE_HEADER)At)->AceSize > Limit ||
            ((PACE_HEADER)At)->AceSize < sizeof(ACE_HEADER)) {
            return NULL;
        }
        At += ((PACE_HEADER)At)->AceSize;
    }
    return At;
}

/* Windows: ntifs.h, RtlValidAcl.  Differences: none. */
BOOLEAN
RtlValidAcl(PACL Acl)
{
    return Acl != NULL && Acl->AclRevision >= MIN_ACL_REVISION && Acl->AclRevision <= MAX_ACL_REVISION &&
           Acl->AclSize >= sizeof(ACL) && SepAclEnd(Acl) != NULL;
}

/* Windows: ntifs.h, RtlGetAce.  Differences: none. */
NTSTATUS
RtlGetAce(PACL Acl, ULONG AceIndex, PVOID *Ace)
{
    PUCHAR At = (PUCHAR)(Acl + 1);

    if (!RtlValidAcl(Acl) || AceIndex >= Acl->AceCount) {
        return STATUS_INVALID_PARAMETER;
    }
    while (AceIndex-- > 0) {
        At += ((PACE_HEADER)At)->AceSize;
    }
    *Ace = At;
    return STATUS_SUCCESS;
}

static NTSTATUS
SepAddAce(PACL Acl, ULONG Revision, ULONG Flags, ACCESS_MASK Mask, PSID Sid, UCHAR Type)
{
    ULONG Size = FIELD_OFFSET(ACCESS_ALLOWED_ACE, SidStart) + RtlLengthSid(Sid);
    PUCHAR At;

    if (!RtlValidSid(Sid)) {
        return STATUS_INVALID_SID;
    }
    if (Revision > MAX_ACL_REVISION || Acl->AclRevision > MAX_ACL_REVISION) {
        return STATUS_REVISION_MISMATCH;
    }
    At = RtlValidAcl(Acl) ? SepAclEnd(Acl) : NULL;
    if (At == NULL) {
        return STATUS_INVALID_ACL;
    }
    if (At + Size > (PUCHAR)Acl + Acl->AclSize) {
        return STATUS_ALLOTTED_SPACE_EXCEEDED;
    }
    PACCESS_ALLOWED_ACE Ace = (PACCESS_ALLOWED_ACE)At;
    Ace->Header.AceType = Type;
    Ace->Header.AceFlags = (UCHAR)Flags;
    Ace->Header.AceSize = (USHORT)Size;
    Ace->Mask = Mask;
    memcpy(&Ace->SidStart, Sid, RtlLengthSid(Sid));
    Acl->AceCount++;
    return STATUS_SUCCESS;
}

/* Windows: ntifs.h, RtlAddAccessAllowedAce.  Differences: none. */
NTSTATUS
RtlAddAccessAllowedAce(PACL Acl, ULONG AceRevision, ACCESS_MASK AccessMask, PSID Sid)
{
    return SepAddAce(Acl, AceRevision, 0, AccessMask, Sid, ACCESS_ALLOWED_ACE_TYPE);
}

/* Windows: ntifs.h, RtlAddAccessAllowedAceEx.  Differences: none. */
NTSTATUS
RtlAddAccessAllowedAceEx(PACL Acl, ULONG AceRevision, ULONG AceFlags, ACCESS_MASK AccessMask, PSID Sid)
{
    return SepAddAce(Acl, AceRevision, AceFlags, AccessMask, Sid, ACCESS_ALLOWED_ACE_TYPE);
}

/* Windows: ntifs.h, RtlAddAccessDeniedAce.  Differences: none. */
NTSTATUS
RtlAddAccessDeniedAce(PACL Acl, ULONG AceRevision, ACCESS_MASK AccessMask, PSID Sid)
{
    return SepAddAce(Acl, AceRevision, 0, AccessMask, Sid, ACCESS_DENIED_ACE_TYPE);
}

/* Windows: ntifs.h, RtlAddAccessDeniedAceEx.  Differences: none. */
NTSTATUS
RtlAddAccessDeniedAceEx(PACL Acl, ULONG AceRevision, ULONG AceFlags, ACCESS_MASK AccessMask, PSID Sid)
{
    return SepAddAce(Acl, AceRevision, AceFlags, AccessMask, Sid, ACCESS_DENIED_ACE_TYPE);
}

/* Windows: ntifs.h, RtlCreateSecurityDescriptor.  Differences: none. */
NTSTATUS
RtlCreateSecurityDescriptor(PSECURITY_DESCRIPTOR SecurityDescriptor, ULONG Revision)
{
    if (Revision != SECURITY_DESCRIPTOR_REVISION) {
        return STATUS_UNKNOWN_REVISION;
    }
    memset(SecurityDescriptor, 0, sizeof(SECURITY_DESCRIPTOR));
    ((PISECURITY_DESCRIPTOR)SecurityDescriptor)->Revision = (UCHAR)Revision;
    return STATUS_SUCCESS;
}

static BOOLEAN
SepIsRelative(PSECURITY_DESCRIPTOR Descriptor)
{
    return (((PISECURITY_DESCRIPTOR)Descriptor)->Control & SE_SELF_RELATIVE) != 0;
}

/* Windows: ntifs.h, RtlValidSecurityDescriptor.  Differences: none. */
BOOLEAN
RtlValidSecurityDescriptor(PSECURITY_DESCRIPTOR SecurityDescriptor)
{
    PISECURITY_DESCRIPTOR D = SecurityDescriptor;

    return D != NULL && D->Revision == SECURITY_DESCRIPTOR_REVISION;
}

/* Windows: ntifs.h, RtlSetDaclSecurityDescriptor.  Differences: none. */
NTSTATUS
RtlSetDaclSecurityDescriptor(PSECURITY_DESCRIPTOR SecurityDescriptor, BOOLEAN DaclPresent, PACL Dacl, BOOLEAN DaclDefaulted)
{
    PISECURITY_DESCRIPTOR D = SecurityDescriptor;

    if (D->Revision != SECURITY_DESCRIPTOR_REVISION) {
        return STATUS_UNKNOWN_REVISION;
    }
    if (SepIsRelative(D)) {
        return STATUS_INVALID_SECURITY_DESCR;
    }
    D->Control &= (USHORT)~(SE_DACL_PRESENT | SE_DACL_DEFAULTED);
    if (DaclPresent) {
        D->Control |= SE_DACL_PRESENT | (DaclDefaulted ? SE_DACL_DEFAULTED : 0);
        D->Dacl = Dacl;
    }
    return STATUS_SUCCESS;
}

/* Windows: ntifs.h, RtlSetSaclSecurityDescriptor.  Differences: none. */
NTSTATUS
RtlSetSaclSecurityDescriptor(PSECURITY_DESCRIPTOR SecurityDescriptor, BOOLEAN SaclPresent, PACL Sacl, BOOLEAN SaclDefaulted)
{
    PISECURITY_DESCRIPTOR D = SecurityDescriptor;

    if (D->Revision != SECURITY_DESCRIPTOR_REVISION || SepIsRelative(D)) {
        return D->Revision != SECURITY_DESCRIPTOR_REVISION ? STATUS_UNKNOWN_REVISION : STATUS_INVALID_SECURITY_DESCR;
    }
    D->Control &= (USHORT)~(SE_SACL_PRESENT | SE_SACL_DEFAULTED);
    if (SaclPresent) {
        D->Control |= SE_SACL_PRESENT | (SaclDefaulted ? SE_SACL_DEFAULTED : 0);
        D->Sacl = Sacl;
    }
    return STATUS_SUCCESS;
}

/* Windows: ntifs.h, RtlSetOwnerSecurityDescriptor.  Differences: none. */
NTSTATUS
RtlSetOwnerSecurityDescriptor(PSECURITY_DESCRIPTOR SecurityDescriptor, PSID Owner, BOOLEAN OwnerDefaulted)
{
    PISECURITY_DESCRIPTOR D = SecurityDescriptor;

    if (D->Revision != SECURITY_DESCRIPTOR_REVISION || SepIsRelative(D)) {
        return D->Revision != SECURITY_DESCRIPTOR_REVISION ? STATUS_UNKNOWN_REVISION : STATUS_INVALID_SECURITY_DESCR;
    }
    D->Owner = Owner;
    D->Control = (USHORT)((D->Control & ~SE_OWNER_DEFAULTED) | (OwnerDefaulted ? SE_OWNER_DEFAULTED : 0));
    return STATUS_SUCCESS;
}

/* Windows: ntifs.h, RtlSetGroupSecurityDescriptor.  Differences: none. */
NTSTATUS
RtlSetGroupSecurityDescriptor(PSECURITY_DESCRIPTOR SecurityDescriptor, PSID Group, BOOLEAN GroupDefaulted)
{
    PISECURITY_DESCRIPTOR D = SecurityDescriptor;

    if (D->Revision != SECURITY_DESCRIPTOR_REVISION || SepIsRelative(D)) {
        return D->Revision != SECURITY_DESCRIPTOR_REVISION ? STATUS_UNKNOWN_REVISION : STATUS_INVALID_SECURITY_DESCR;
    }
    D->Group = Group;
    D->Control = (USHORT)((D->Control & ~SE_GROUP_DEFAULTED) | (GroupDefaulted ? SE_GROUP_DEFAULTED : 0));
    return STATUS_SUCCESS;
}
