/* SPDX-License-Identifier: MIT */
/* SIDs, and the well-known ones that SeExports names. */
#include <ntifs.h>

#include <string.h>

/* Windows: ntifs.h, RtlLengthRequiredSid.  Differences: none. */
ULONG
RtlLengthRequiredSid(ULONG SubAuthorityCount)
{
    return FIELD_OFFSET(SID, SubAuthority) + SubAuthorityCount * (ULONG)sizeof(ULONG);
}

/* Windows: ntifs.h, RtlLengthSid.  Differences: none. */
ULONG
RtlLengthSid(PSID Sid)
{
    return RtlLengthRequiredSid(((PISID)Sid)->SubAuthorityCount);
}

/* Windows: ntifs.h, RtlValidSid.  Differences: none. */
BOOLEAN
RtlValidSid(PSID Sid)
{
    PISID S = Sid;

    return S != NULL && (S->Revision & 0x0F) == SID_REVISION && S->SubAuthorityCount <= SID_MAX_SUB_AUTHORITIES;
}

/* Windows: ntifs.h, RtlEqualSid.  Differences: none. */
BOOLEAN
RtlEqualSid(PSID Sid1, PSID Sid2)
{
    return ((PISID)Sid1)->SubAuthorityCount == ((PISID)Sid2)->SubAuthorityCount && memcmp(Sid1, Sid2, RtlLengthSid(Sid1)) == 0;
}

/* Windows: ntifs.h, RtlInitializeSid.  Differences: none. */
NTSTATUS
RtlInitializeSid(PSID Sid, PSID_IDENTIFIER_AUTHORITY IdentifierAuthority, UCHAR SubAuthorityCount)
{
    PISID S = Sid;

    if (SubAuthorityCount > SID_MAX_SUB_AUTHORITIES) {
        return STATUS_INVALID_PARAMETER;
    }
    S->Revision = SID_REVISION;
    S->SubAuthorityCount = SubAuthorityCount;
    S->IdentifierAuthority = *IdentifierAuthority;
    return STATUS_SUCCESS;
}

/* Windows: ntifs.h, RtlSubAuthoritySid.  Differences: none. */
PULONG
RtlSubAuthoritySid(PSID Sid, ULONG SubAuthority)
{
    return &((PISID)Sid)->SubAuthority[SubAuthority];
}

/* Windows: ntifs.h, RtlSubAuthorityCountSid.  Differences: none. */
PUCHAR
RtlSubAuthorityCountSid(PSID Sid)
{
    return &((PISID)Sid)->SubAuthorityCount;
}

/* Windows: ntifs.h, RtlIdentifierAuthoritySid.  Differences: none. */
PSID_IDENTIFIER_AUTHORITY
RtlIdentifierAuthoritySid(PSID Sid)
{
    return &((PISID)Sid)->IdentifierAuthority;
}

/* Windows: ntifs.h, RtlCopySid.  Differences: none. */
NTSTATUS
RtlCopySid(ULONG DestinationSidLength, PSID DestinationSid, PSID SourceSid)
{
    ULONG Length = RtlLengthSid(SourceSid);

    if (DestinationSidLength < Length) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    memmove(DestinationSid, SourceSid, Length);
    return STATUS_SUCCESS;
}

static NTSTATUS
SepAppendNumber(PUNICODE_STRING String, ULONGLONG Value, ULONG Base)
{
    WCHAR Digits[24];
    UNICODE_STRING Number = {0, sizeof(Digits), Digits};
    NTSTATUS Status = RtlInt64ToUnicodeString(Value, Base, &Number);

    return NT_SUCCESS(Status) ? RtlAppendUnicodeStringToString(String, &Number) : Status;
}

static NTSTATUS
SepFormatSid(PISID Sid, PUNICODE_STRING String)
{
    ULONGLONG Authority = 0;
    NTSTATUS Status = RtlAppendUnicodeToString(String, L"S-1-");

    for (ULONG i = 0; i < 6; i++) {
        Authority = (Authority << 8) | Sid->IdentifierAuthority.Value[i];
    }
    if (NT_SUCCESS(Status) && Authority > 0xFFFFFFFF) {
        Status = RtlAppendUnicodeToString(String, L"0x");
    }
    if (NT_SUCCESS(Status)) {
        Status = SepAppendNumber(String, Authority, Authority > 0xFFFFFFFF ? 16 : 10);
    }
    for (UCHAR i = 0; i < Sid->SubAuthorityCount && NT_SUCCESS(Status); i++) {
        Status = RtlAppendUnicodeToString(String, L"-");
        if (NT_SUCCESS(Status)) {
            Status = SepAppendNumber(String, Sid->SubAuthority[i], 10);
        }
    }
    return Status;
}

/* Windows: ntifs.h, RtlConvertSidToUnicodeString.  Differences: none. */
NTSTATUS
RtlConvertSidToUnicodeString(PUNICODE_STRING UnicodeString, PSID Sid, BOOLEAN AllocateDestinationString)
{
    WCHAR Buffer[SECURITY_MAX_SID_STRING_CHARACTERS];
    UNICODE_STRING Text = {0, sizeof(Buffer), Buffer};

    if (!RtlValidSid(Sid)) {
        return STATUS_INVALID_SID;
    }
    NTSTATUS Status = SepFormatSid(Sid, &Text);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (AllocateDestinationString) {
        return RtlDuplicateUnicodeString(1, &Text, UnicodeString);
    }
    if (UnicodeString->MaximumLength < Text.Length) {
        return STATUS_BUFFER_OVERFLOW;
    }
    RtlCopyUnicodeString(UnicodeString, &Text);
    return STATUS_SUCCESS;
}

#define WELL_KNOWN(Name, Authority, First) static SID Name = {SID_REVISION, 1, {Authority}, {First}}
WELL_KNOWN(SepNull, SECURITY_NULL_SID_AUTHORITY, SECURITY_NULL_RID);
WELL_KNOWN(SepWorld, SECURITY_WORLD_SID_AUTHORITY, SECURITY_WORLD_RID);
WELL_KNOWN(SepLocal, SECURITY_LOCAL_SID_AUTHORITY, SECURITY_LOCAL_RID);
WELL_KNOWN(SepCreatorOwner, SECURITY_CREATOR_SID_AUTHORITY, SECURITY_CREATOR_OWNER_RID);
WELL_KNOWN(SepCreatorGroup, SECURITY_CREATOR_SID_AUTHORITY, SECURITY_CREATOR_GROUP_RID);
WELL_KNOWN(SepInteractive, SECURITY_NT_AUTHORITY, SECURITY_INTERACTIVE_RID);
WELL_KNOWN(SepNetwork, SECURITY_NT_AUTHORITY, SECURITY_NETWORK_RID);
WELL_KNOWN(SepLocalSystem, SECURITY_NT_AUTHORITY, SECURITY_LOCAL_SYSTEM_RID);
WELL_KNOWN(SepAuthenticated, SECURITY_NT_AUTHORITY, SECURITY_AUTHENTICATED_USER_RID);
WELL_KNOWN(SepAnonymous, SECURITY_NT_AUTHORITY, SECURITY_ANONYMOUS_LOGON_RID);
static SE_SID SepAdmins = {.Sid = {SID_REVISION, 2, {SECURITY_NT_AUTHORITY}, {SECURITY_BUILTIN_DOMAIN_RID}}};
static SE_SID SepUsers = {.Sid = {SID_REVISION, 2, {SECURITY_NT_AUTHORITY}, {SECURITY_BUILTIN_DOMAIN_RID}}};

#define PRIVILEGE(Number) {.LowPart = (Number)}
static SE_EXPORTS SepExports = {
    .SeCreateTokenPrivilege = PRIVILEGE(SE_CREATE_TOKEN_PRIVILEGE),
    .SeAssignPrimaryTokenPrivilege = PRIVILEGE(SE_ASSIGNPRIMARYTOKEN_PRIVILEGE),
    .SeLockMemoryPrivilege = PRIVILEGE(SE_LOCK_MEMORY_PRIVILEGE),
    .SeIncreaseQuotaPrivilege = PRIVILEGE(SE_INCREASE_QUOTA_PRIVILEGE),
    .SeTcbPrivilege = PRIVILEGE(SE_TCB_PRIVILEGE),
    .SeSecurityPrivilege = PRIVILEGE(SE_SECURITY_PRIVILEGE),
    .SeTakeOwnershipPrivilege = PRIVILEGE(SE_TAKE_OWNERSHIP_PRIVILEGE),
    .SeLoadDriverPrivilege = PRIVILEGE(SE_LOAD_DRIVER_PRIVILEGE),
    .SeBackupPrivilege = PRIVILEGE(SE_BACKUP_PRIVILEGE),
    .SeRestorePrivilege = PRIVILEGE(SE_RESTORE_PRIVILEGE),
    .SeShutdownPrivilege = PRIVILEGE(SE_SHUTDOWN_PRIVILEGE),
    .SeDebugPrivilege = PRIVILEGE(SE_DEBUG_PRIVILEGE),
    .SeAuditPrivilege = PRIVILEGE(SE_AUDIT_PRIVILEGE),
    .SeChangeNotifyPrivilege = PRIVILEGE(SE_CHANGE_NOTIFY_PRIVILEGE),
    .SeNullSid = &SepNull,
    .SeWorldSid = &SepWorld,
    .SeLocalSid = &SepLocal,
    .SeCreatorOwnerSid = &SepCreatorOwner,
    .SeCreatorGroupSid = &SepCreatorGroup,
    .SeNetworkSid = &SepNetwork,
    .SeInteractiveSid = &SepInteractive,
    .SeLocalSystemSid = &SepLocalSystem,
    .SeAliasAdminsSid = &SepAdmins.Sid,
    .SeAliasUsersSid = &SepUsers.Sid,
    .SeAuthenticatedUsersSid = &SepAuthenticated,
    .SeAnonymousLogonSid = &SepAnonymous,
};
PSE_EXPORTS SeExports = &SepExports;

/* The second sub-authority lies behind the declared array of one, so it is written at start. */
__attribute__((constructor)) static VOID
SepInitializeAliases(VOID)
{
    ULONG Admins = DOMAIN_ALIAS_RID_ADMINS;
    ULONG Users = DOMAIN_ALIAS_RID_USERS;

    memcpy(SepAdmins.Buffer + FIELD_OFFSET(SID, SubAuthority) + sizeof(ULONG), &Admins, sizeof(Admins));
    memcpy(SepUsers.Buffer + FIELD_OFFSET(SID, SubAuthority) + sizeof(ULONG), &Users, sizeof(Users));
}
