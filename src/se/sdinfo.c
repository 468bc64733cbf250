/* SPDX-License-Identifier: MIT */
/* Security descriptors taken apart: their length, reading and replacing parts of an object's; results are self-relative. */
#include <ntifs.h>

#include <string.h>

typedef struct SEP_PARTS {
    PSID Owner, Group;
    PACL Sacl, Dacl;
    SECURITY_DESCRIPTOR_CONTROL Control;
} SEP_PARTS;

static PVOID
SepAt(PSECURITY_DESCRIPTOR Descriptor, ULONG Offset)
{
    return Offset == 0 ? NULL : (PUCHAR)Descriptor + Offset;
}

static SEP_PARTS
SepTakeApart(PSECURITY_DESCRIPTOR Descriptor)
{
    PISECURITY_DESCRIPTOR A = Descriptor;
    PISECURITY_DESCRIPTOR_RELATIVE R = Descriptor;
    SEP_PARTS Parts = {.Control = A->Control};

    if ((A->Control & SE_SELF_RELATIVE) != 0) {
        Parts.Owner = SepAt(R, R->Owner);
        Parts.Group = SepAt(R, R->Group);
        Parts.Sacl = SepAt(R, R->Sacl);
        Parts.Dacl = SepAt(R, R->Dacl);
    } else {
        Parts.Owner = A->Owner;
        Parts.Group = A->Group;
        Parts.Sacl = A->Sacl;
        Parts.Dacl = A->Dacl;
    }
    if ((Parts.Control & SE_DACL_PRESENT) == 0) {
        Parts.Dacl = NULL;
    }
    if ((Parts.Control & SE_SACL_PRESENT) == 0) {
        Parts.Sacl = NULL;
    }
    return Parts;
}

static ULONG
SepSidSize(PSID Sid)
{
    return Sid == NULL ? 0 : (RtlLengthSid(Sid) + 3) & ~3u;
}

static ULONG
SepAclSize(PACL Acl)
{
    return Acl == NULL ? 0 : (Acl->AclSize + 3u) & ~3u;
}

static ULONG
SepPartsSize(const SEP_PARTS *Parts)
{
    return SepSidSize(Parts->Owner) + SepSidSize(Parts->Group) + SepAclSize(Parts->Sacl) + SepAclSize(Parts->Dacl);
}

/* As a self-relative descriptor. */
static ULONG
SepSize(const SEP_PARTS *Parts)
{
    return (ULONG)sizeof(SECURITY_DESCRIPTOR_RELATIVE) + SepPartsSize(Parts);
}

/* Windows: ntifs.h, RtlLengthSecurityDescriptor.  Differences: none. */
ULONG
RtlLengthSecurityDescriptor(PSECURITY_DESCRIPTOR SecurityDescriptor)
{
    const SEP_PARTS Parts = SepTakeApart(SecurityDescriptor);

    return (Parts.Control & SE_SELF_RELATIVE ? sizeof(SECURITY_DESCRIPTOR_RELATIVE) : sizeof(SECURITY_DESCRIPTOR)) + SepPartsSize(&Parts);
}

/* Windows: ntifs.h, RtlGetDaclSecurityDescriptor.  Differences: none. */
NTSTATUS
RtlGetDaclSecurityDescriptor(PSECURITY_DESCRIPTOR SecurityDescriptor, PBOOLEAN DaclPresent, PACL *Dacl, PBOOLEAN DaclDefaulted)
{
    PISECURITY_DESCRIPTOR D = SecurityDescriptor;

    if (D->Revision != SECURITY_DESCRIPTOR_REVISION) {
        return STATUS_UNKNOWN_REVISION;
    }
    *DaclPresent = (D->Control & SE_DACL_PRESENT) != 0;
    if (*DaclPresent) {
        *Dacl = SepTakeApart(D).Dacl;
        *DaclDefaulted = (D->Control & SE_DACL_DEFAULTED) != 0;
    }
    return STATUS_SUCCESS;
}

/* Copies Length bytes to *At and advances it; returns the offset, 0 for nothing. */
static ULONG
SepPut(PVOID Base, PULONG At, const VOID *Data, ULONG Length, ULONG Room)
{
    ULONG Offset = *At;

    if (Data == NULL) {
        return 0;
    }
    memset((PUCHAR)Base + Offset, 0, Room);
    memcpy((PUCHAR)Base + Offset, Data, Length);
    *At += Room;
    return Offset;
}

static VOID
SepBuild(const SEP_PARTS *Parts, PISECURITY_DESCRIPTOR_RELATIVE Target)
{
    ULONG At = sizeof(*Target);

    memset(Target, 0, sizeof(*Target));
    Target->Revision = SECURITY_DESCRIPTOR_REVISION;
    Target->Control = (SECURITY_DESCRIPTOR_CONTROL)(Parts->Control | SE_SELF_RELATIVE);
    Target->Owner = SepPut(Target, &At, Parts->Owner, Parts->Owner == NULL ? 0 : RtlLengthSid(Parts->Owner), SepSidSize(Parts->Owner));
    Target->Group = SepPut(Target, &At, Parts->Group, Parts->Group == NULL ? 0 : RtlLengthSid(Parts->Group), SepSidSize(Parts->Group));
    Target->Sacl = SepPut(Target, &At, Parts->Sacl, Parts->Sacl == NULL ? 0 : Parts->Sacl->AclSize, SepAclSize(Parts->Sacl));
    Target->Dacl = SepPut(Target, &At, Parts->Dacl, Parts->Dacl == NULL ? 0 : Parts->Dacl->AclSize, SepAclSize(Parts->Dacl));
}

#define SEP_DACL_BITS (SE_DACL_PRESENT | SE_DACL_DEFAULTED | SE_DACL_AUTO_INHERITED | SE_DACL_PROTECTED)
#define SEP_SACL_BITS (SE_SACL_PRESENT | SE_SACL_DEFAULTED | SE_SACL_AUTO_INHERITED | SE_SACL_PROTECTED)

/* Into takes the parts that Information names from From. */
static VOID
SepMerge(SEP_PARTS *Into, const SEP_PARTS *From, SECURITY_INFORMATION Information)
{
    if ((Information & OWNER_SECURITY_INFORMATION) != 0) {
        Into->Owner = From->Owner;
        Into->Control = (USHORT)((Into->Control & ~SE_OWNER_DEFAULTED) | (From->Control & SE_OWNER_DEFAULTED));
    }
    if ((Information & GROUP_SECURITY_INFORMATION) != 0) {
        Into->Group = From->Group;
        Into->Control = (USHORT)((Into->Control & ~SE_GROUP_DEFAULTED) | (From->Control & SE_GROUP_DEFAULTED));
    }
    if ((Information & DACL_SECURITY_INFORMATION) != 0) {
        Into->Dacl = From->Dacl;
        Into->Control = (USHORT)((Into->Control & ~SEP_DACL_BITS) | (From->Control & SEP_DACL_BITS));
    }
    if ((Information & SACL_SECURITY_INFORMATION) != 0) {
        Into->Sacl = From->Sacl;
        Into->Control = (USHORT)((Into->Control & ~SEP_SACL_BITS) | (From->Control & SEP_SACL_BITS));
    }
}

/* Windows: ntifs.h, SeQuerySecurityDescriptorInfo.  Differences: none. */
NTSTATUS
SeQuerySecurityDescriptorInfo(PSECURITY_INFORMATION SecurityInformation,
                              PSECURITY_DESCRIPTOR SecurityDescriptor,
                              PULONG Length,
                              PSECURITY_DESCRIPTOR *ObjectsSecurityDescriptor)
{
    SEP_PARTS Wanted = {0};
    ULONG Room = *Length;

    if (*ObjectsSecurityDescriptor != NULL) {
        SEP_PARTS Object = SepTakeApart(*ObjectsSecurityDescriptor);
        SepMerge(&Wanted, &Object, *SecurityInformation);
    }
    *Length = SepSize(&Wanted);
    if (Room < *Length) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    SepBuild(&Wanted, SecurityDescriptor);
    return STATUS_SUCCESS;
}

/* Windows: ntifs.h, SeSetSecurityDescriptorInfo.  Differences: no inheritance is computed; the caller's rights are not checked. */
NTSTATUS
SeSetSecurityDescriptorInfo(PVOID Object,
                            PSECURITY_INFORMATION SecurityInformation,
                            PSECURITY_DESCRIPTOR ModificationDescriptor,
                            PSECURITY_DESCRIPTOR *ObjectsSecurityDescriptor,
                            POOL_TYPE PoolType,
                            PGENERIC_MAPPING GenericMapping)
{
    UNREFERENCED_PARAMETER(Object);
    UNREFERENCED_PARAMETER(GenericMapping);
    if (*ObjectsSecurityDescriptor == NULL) {
        return STATUS_NO_SECURITY_ON_OBJECT;
    }
    SEP_PARTS New = SepTakeApart(*ObjectsSecurityDescriptor);
    SEP_PARTS Change = SepTakeApart(ModificationDescriptor);
    SepMerge(&New, &Change, *SecurityInformation);
    if (New.Owner == NULL || !RtlValidSid(New.Owner)) {
        return STATUS_INVALID_OWNER;
    }
    PSECURITY_DESCRIPTOR Built = ExAllocatePoolWithTag(PoolType, SepSize(&New), 'dSeS');
    if (Built == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    SepBuild(&New, Built);
    *ObjectsSecurityDescriptor = Built;
    return STATUS_SUCCESS;
}

/* ---- single parts ---- */

/* Windows: ntifs.h, RtlGetOwnerSecurityDescriptor.  Differences: none. */
NTSTATUS
RtlGetOwnerSecurityDescriptor(PSECURITY_DESCRIPTOR SecurityDescriptor, PSID *Owner, PBOOLEAN OwnerDefaulted)
{
    PISECURITY_DESCRIPTOR D = SecurityDescriptor;

    if (D->Revision != SECURITY_DESCRIPTOR_REVISION) {
        return STATUS_UNKNOWN_REVISION;
    }
    *Owner = SepTakeApart(D).Owner;
    *OwnerDefaulted = (D->Control & SE_OWNER_DEFAULTED) != 0;
    return STATUS_SUCCESS;
}

/* Windows: ntifs.h, RtlGetGroupSecurityDescriptor.  Differences: none. */
NTSTATUS
RtlGetGroupSecurityDescriptor(PSECURITY_DESCRIPTOR SecurityDescriptor, PSID *Group, PBOOLEAN GroupDefaulted)
{
    PISECURITY_DESCRIPTOR D = SecurityDescriptor;

    if (D->Revision != SECURITY_DESCRIPTOR_REVISION) {
        return STATUS_UNKNOWN_REVISION;
    }
    *Group = SepTakeApart(D).Group;
    *GroupDefaulted = (D->Control & SE_GROUP_DEFAULTED) != 0;
    return STATUS_SUCCESS;
}

/* Windows: ntifs.h, RtlGetSaclSecurityDescriptor.  Differences: none. */
NTSTATUS
RtlGetSaclSecurityDescriptor(PSECURITY_DESCRIPTOR SecurityDescriptor, PBOOLEAN SaclPresent, PACL *Sacl, PBOOLEAN SaclDefaulted)
{
    PISECURITY_DESCRIPTOR D = SecurityDescriptor;

    if (D->Revision != SECURITY_DESCRIPTOR_REVISION) {
        return STATUS_UNKNOWN_REVISION;
    }
    *SaclPresent = (D->Control & SE_SACL_PRESENT) != 0;
    if (*SaclPresent) {
        *Sacl = SepTakeApart(D).Sacl;
        *SaclDefaulted = (D->Control & SE_SACL_DEFAULTED) != 0;
    }
    return STATUS_SUCCESS;
}

/* Windows: ntifs.h, RtlGetControlSecurityDescriptor.  Differences: none. */
NTSTATUS
RtlGetControlSecurityDescriptor(PSECURITY_DESCRIPTOR SecurityDescriptor, PSECURITY_DESCRIPTOR_CONTROL Control, PULONG Revision)
{
    PISECURITY_DESCRIPTOR D = SecurityDescriptor;

    *Revision = D->Revision;
    if (D->Revision != SECURITY_DESCRIPTOR_REVISION) {
        return STATUS_UNKNOWN_REVISION;
    }
    *Control = D->Control;
    return STATUS_SUCCESS;
}

/* ---- the two forms ---- */

/* Windows: ntifs.h, RtlAbsoluteToSelfRelativeSD.  Differences: none. */
NTSTATUS
RtlAbsoluteToSelfRelativeSD(PSECURITY_DESCRIPTOR AbsoluteSecurityDescriptor, PSECURITY_DESCRIPTOR SelfRelativeSecurityDescriptor, PULONG BufferLength)
{
    const SEP_PARTS Parts = SepTakeApart(AbsoluteSecurityDescriptor);
    const ULONG Room = *BufferLength;

    if ((Parts.Control & SE_SELF_RELATIVE) != 0) {
        return STATUS_BAD_DESCRIPTOR_FORMAT;
    }
    *BufferLength = SepSize(&Parts);
    if (Room < *BufferLength) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    SepBuild(&Parts, SelfRelativeSecurityDescriptor);
    return STATUS_SUCCESS;
}

/* *Size is the room; the need when it returns FALSE. */
static BOOLEAN
SepFits(PULONG Size, ULONG Need)
{
    const BOOLEAN Fits = *Size >= Need;

    *Size = Need;
    return Fits;
}

static PVOID
SepCopy(PVOID Target, const VOID *Source, ULONG Length)
{
    return Source == NULL ? NULL : memcpy(Target, Source, Length);
}

/* Windows: ntifs.h, RtlSelfRelativeToAbsoluteSD.  Differences: none. */
NTSTATUS
RtlSelfRelativeToAbsoluteSD(PSECURITY_DESCRIPTOR SelfRelativeSecurityDescriptor,
                            PSECURITY_DESCRIPTOR AbsoluteSecurityDescriptor,
                            PULONG AbsoluteSecurityDescriptorSize,
                            PACL Dacl,
                            PULONG DaclSize,
                            PACL Sacl,
                            PULONG SaclSize,
                            PSID Owner,
                            PULONG OwnerSize,
                            PSID PrimaryGroup,
                            PULONG PrimaryGroupSize)
{
    const SEP_PARTS Parts = SepTakeApart(SelfRelativeSecurityDescriptor);
    PISECURITY_DESCRIPTOR A = AbsoluteSecurityDescriptor;

    if ((Parts.Control & SE_SELF_RELATIVE) == 0) {
        return STATUS_BAD_DESCRIPTOR_FORMAT;
    }
    BOOLEAN Fits = SepFits(AbsoluteSecurityDescriptorSize, sizeof(SECURITY_DESCRIPTOR));
    Fits &= SepFits(DaclSize, SepAclSize(Parts.Dacl));
    Fits &= SepFits(SaclSize, SepAclSize(Parts.Sacl));
    Fits &= SepFits(OwnerSize, SepSidSize(Parts.Owner));
    Fits &= SepFits(PrimaryGroupSize, SepSidSize(Parts.Group));
    if (!Fits) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    memset(A, 0, sizeof(*A));
    A->Revision = SECURITY_DESCRIPTOR_REVISION;
    A->Control = (SECURITY_DESCRIPTOR_CONTROL)(Parts.Control & ~SE_SELF_RELATIVE);
    A->Dacl = SepCopy(Dacl, Parts.Dacl, Parts.Dacl != NULL ? Parts.Dacl->AclSize : 0);
    A->Sacl = SepCopy(Sacl, Parts.Sacl, Parts.Sacl != NULL ? Parts.Sacl->AclSize : 0);
    A->Owner = SepCopy(Owner, Parts.Owner, Parts.Owner != NULL ? RtlLengthSid(Parts.Owner) : 0);
    A->Group = SepCopy(PrimaryGroup, Parts.Group, Parts.Group != NULL ? RtlLengthSid(Parts.Group) : 0);
    return STATUS_SUCCESS;
}

static BOOLEAN
SepSidLies(const UCHAR *Base, ULONG Length, ULONG Offset)
{
    if (Offset == 0) {
        return TRUE;
    }
    if (Offset > Length || Length - Offset < (ULONG)FIELD_OFFSET(SID, SubAuthority)) {
        return FALSE;
    }
    PSID Sid = (PSID)(Base + Offset);
    return RtlValidSid(Sid) && RtlLengthSid(Sid) <= Length - Offset;
}

static BOOLEAN
SepAclLies(const UCHAR *Base, ULONG Length, ULONG Offset, BOOLEAN Present)
{
    if (!Present || Offset == 0) {
        return TRUE;
    }
    if (Offset > Length || Length - Offset < sizeof(ACL)) {
        return FALSE;
    }
    PACL Acl = (PACL)(Base + Offset);
    return Acl->AclSize <= Length - Offset && RtlValidAcl(Acl);
}

/* Windows: wdm.h, RtlValidRelativeSecurityDescriptor.  Differences: none. */
BOOLEAN
RtlValidRelativeSecurityDescriptor(PSECURITY_DESCRIPTOR SecurityDescriptorInput, ULONG SecurityDescriptorLength, SECURITY_INFORMATION RequiredInformation)
{
    const SECURITY_DESCRIPTOR_RELATIVE *R = SecurityDescriptorInput;
    const UCHAR *Base = SecurityDescriptorInput;

    if (SecurityDescriptorLength < sizeof(*R) || R->Revision != SECURITY_DESCRIPTOR_REVISION || (R->Control & SE_SELF_RELATIVE) == 0) {
        return FALSE;
    }
    if (((RequiredInformation & OWNER_SECURITY_INFORMATION) != 0 && R->Owner == 0) ||
        ((RequiredInformation & GROUP_SECURITY_INFORMATION) != 0 && R->Group == 0)) {
        return FALSE;
    }
    return SepSidLies(Base, SecurityDescriptorLength, R->Owner) && SepSidLies(Base, SecurityDescriptorLength, R->Group) &&
           SepAclLies(Base, SecurityDescriptorLength, R->Dacl, (R->Control & SE_DACL_PRESENT) != 0) &&
           SepAclLies(Base, SecurityDescriptorLength, R->Sacl, (R->Control & SE_SACL_PRESENT) != 0);
}

/* Windows: ntifs.h, SeValidSecurityDescriptor.  Differences: none. */
BOOLEAN
SeValidSecurityDescriptor(ULONG Length, PSECURITY_DESCRIPTOR SecurityDescriptor)
{
    return RtlValidRelativeSecurityDescriptor(SecurityDescriptor, Length, 0);
}
