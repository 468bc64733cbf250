/* SPDX-License-Identifier: MIT */
/* Security routines that ntifs.h adds: access states, tokens, client contexts, auditing, exports. */
#ifndef _NTOS_SE_IFS_H_
#define _NTOS_SE_IFS_H_

#include <ntos/se.h>

EXTERN_C_START

NTKERNELAPI NTSTATUS
SeCreateAccessState(
    PACCESS_STATE AccessState,
    PVOID AuxData,
    ACCESS_MASK DesiredAccess,
    PGENERIC_MAPPING GenericMapping);
NTKERNELAPI VOID SeDeleteAccessState(PACCESS_STATE AccessState);
NTKERNELAPI NTSTATUS
SeAccessCheckFromState(
    PSECURITY_DESCRIPTOR SecurityDescriptor,
    PTOKEN_CONTROL PrimaryTokenInformation,
    PTOKEN_CONTROL ClientTokenInformation,
    ACCESS_MASK DesiredAccess,
    ACCESS_MASK PreviouslyGrantedAccess,
    PPRIVILEGE_SET *Privileges,
    PGENERIC_MAPPING GenericMapping,
    KPROCESSOR_MODE AccessMode,
    PACCESS_MASK GrantedAccess,
    PNTSTATUS AccessStatus);
NTKERNELAPI BOOLEAN
SePrivilegeCheck(
    PPRIVILEGE_SET RequiredPrivileges,
    PSECURITY_SUBJECT_CONTEXT SubjectSecurityContext,
    KPROCESSOR_MODE AccessMode);
NTKERNELAPI VOID SeFreePrivileges(PPRIVILEGE_SET Privileges);
NTKERNELAPI NTSTATUS SeAppendPrivileges(PACCESS_STATE AccessState, PPRIVILEGE_SET Privileges);
NTKERNELAPI VOID
SeOpenObjectAuditAlarm(
    PUNICODE_STRING ObjectTypeName,
    PVOID Object,
    PUNICODE_STRING AbsoluteObjectName,
    PSECURITY_DESCRIPTOR SecurityDescriptor,
    PACCESS_STATE AccessState,
    BOOLEAN ObjectCreated,
    BOOLEAN AccessGranted,
    KPROCESSOR_MODE AccessMode,
    PBOOLEAN GenerateOnClose);
NTKERNELAPI BOOLEAN SeAuditingFileEvents(BOOLEAN AccessGranted, PSECURITY_DESCRIPTOR SecurityDescriptor);

NTKERNELAPI NTSTATUS
SeQueryInformationToken(
    PACCESS_TOKEN Token,
    TOKEN_INFORMATION_CLASS TokenInformationClass,
    PVOID *TokenInformation);
NTKERNELAPI NTSTATUS SeQueryAuthenticationIdToken(PACCESS_TOKEN Token, PLUID AuthenticationId);
NTKERNELAPI NTSTATUS SeQuerySessionIdToken(PACCESS_TOKEN Token, PULONG SessionId);
NTKERNELAPI TOKEN_TYPE SeTokenType(PACCESS_TOKEN Token);
NTKERNELAPI BOOLEAN SeTokenIsAdmin(PACCESS_TOKEN Token);
NTKERNELAPI BOOLEAN SeTokenIsRestricted(PACCESS_TOKEN Token);
NTKERNELAPI SECURITY_IMPERSONATION_LEVEL SeTokenImpersonationLevel(PACCESS_TOKEN Token);
NTKERNELAPI NTSTATUS
SeFilterToken(
    PACCESS_TOKEN ExistingToken,
    ULONG Flags,
    PTOKEN_GROUPS SidsToDisable,
    PTOKEN_PRIVILEGES PrivilegesToDelete,
    PTOKEN_GROUPS RestrictedSids,
    PACCESS_TOKEN *FilteredToken);
NTKERNELAPI NTSTATUS SeMarkLogonSessionForTerminationNotification(PLUID LogonId);
typedef NTSTATUS (*PSE_LOGON_SESSION_TERMINATED_ROUTINE)(PLUID LogonId);
NTKERNELAPI NTSTATUS
SeRegisterLogonSessionTerminatedRoutine(PSE_LOGON_SESSION_TERMINATED_ROUTINE CallbackRoutine);
NTKERNELAPI NTSTATUS
SeUnregisterLogonSessionTerminatedRoutine(PSE_LOGON_SESSION_TERMINATED_ROUTINE CallbackRoutine);

NTKERNELAPI NTSTATUS
SeCreateClientSecurity(
    PETHREAD ClientThread,
    PSECURITY_QUALITY_OF_SERVICE ClientSecurityQos,
    BOOLEAN RemoteSession,
    PSECURITY_CLIENT_CONTEXT ClientContext);
NTKERNELAPI NTSTATUS
SeCreateClientSecurityFromSubjectContext(
    PSECURITY_SUBJECT_CONTEXT SubjectContext,
    PSECURITY_QUALITY_OF_SERVICE ClientSecurityQos,
    BOOLEAN ServerIsRemote,
    PSECURITY_CLIENT_CONTEXT ClientContext);
NTKERNELAPI VOID SeImpersonateClient(PSECURITY_CLIENT_CONTEXT ClientContext, PETHREAD ServerThread);
NTKERNELAPI NTSTATUS SeImpersonateClientEx(PSECURITY_CLIENT_CONTEXT ClientContext, PETHREAD ServerThread);

#define SeLengthSid(Sid) (8 + (4 * ((SID *)(Sid))->SubAuthorityCount))
#define SeDeleteClientSecurity(Context) \
    do { \
        if (SeTokenType((Context)->ClientToken) == TokenPrimary) { \
            PsDereferencePrimaryToken((Context)->ClientToken); \
        } else { \
            PsDereferenceImpersonationToken((Context)->ClientToken); \
        } \
    } while (0)
#define SeStopImpersonatingClient() PsRevertToSelf()

NTKERNELAPI NTSTATUS
SeQuerySecurityDescriptorInfo(
    PSECURITY_INFORMATION SecurityInformation,
    PSECURITY_DESCRIPTOR SecurityDescriptor,
    PULONG Length,
    PSECURITY_DESCRIPTOR *ObjectsSecurityDescriptor);
NTKERNELAPI NTSTATUS
SeSetSecurityDescriptorInfo(
    PVOID Object,
    PSECURITY_INFORMATION SecurityInformation,
    PSECURITY_DESCRIPTOR ModificationDescriptor,
    PSECURITY_DESCRIPTOR *ObjectsSecurityDescriptor,
    POOL_TYPE PoolType,
    PGENERIC_MAPPING GenericMapping);

/* Privileges and well-known SIDs, exported as data. */
typedef struct _SE_EXPORTS {
    LUID SeCreateTokenPrivilege;
    LUID SeAssignPrimaryTokenPrivilege;
    LUID SeLockMemoryPrivilege;
    LUID SeIncreaseQuotaPrivilege;
    LUID SeUnsolicitedInputPrivilege;
    LUID SeTcbPrivilege;
    LUID SeSecurityPrivilege;
    LUID SeTakeOwnershipPrivilege;
    LUID SeLoadDriverPrivilege;
    LUID SeCreatePagefilePrivilege;
    LUID SeIncreaseBasePriorityPrivilege;
    LUID SeSystemProfilePrivilege;
    LUID SeSystemtimePrivilege;
    LUID SeProfileSingleProcessPrivilege;
    LUID SeCreatePermanentPrivilege;
    LUID SeBackupPrivilege;
    LUID SeRestorePrivilege;
    LUID SeShutdownPrivilege;
    LUID SeDebugPrivilege;
    LUID SeAuditPrivilege;
    LUID SeSystemEnvironmentPrivilege;
    LUID SeChangeNotifyPrivilege;
    LUID SeRemoteShutdownPrivilege;
    PSID SeNullSid;
    PSID SeWorldSid;
    PSID SeLocalSid;
    PSID SeCreatorOwnerSid;
    PSID SeCreatorGroupSid;
    PSID SeNtAuthoritySid;
    PSID SeDialupSid;
    PSID SeNetworkSid;
    PSID SeBatchSid;
    PSID SeInteractiveSid;
    PSID SeLocalSystemSid;
    PSID SeAliasAdminsSid;
    PSID SeAliasUsersSid;
    PSID SeAliasGuestsSid;
    PSID SeAliasPowerUsersSid;
    PSID SeAliasAccountOpsSid;
    PSID SeAliasSystemOpsSid;
    PSID SeAliasPrintOpsSid;
    PSID SeAliasBackupOpsSid;
    PSID SeAuthenticatedUsersSid;
    PSID SeRestrictedSid;
    PSID SeAnonymousLogonSid;
    LUID SeUndockPrivilege;
    LUID SeSyncAgentPrivilege;
    LUID SeEnableDelegationPrivilege;
    PSID SeLocalServiceSid;
    PSID SeNetworkServiceSid;
    LUID SeManageVolumePrivilege;
    LUID SeImpersonatePrivilege;
    LUID SeCreateGlobalPrivilege;
    LUID SeTrustedCredManAccessPrivilege;
    LUID SeRelabelPrivilege;
    LUID SeIncreaseWorkingSetPrivilege;
    LUID SeTimeZonePrivilege;
    LUID SeCreateSymbolicLinkPrivilege;
    PSID SeIUserSid;
    PSID SeUntrustedMandatorySid;
    PSID SeLowMandatorySid;
    PSID SeMediumMandatorySid;
    PSID SeHighMandatorySid;
    PSID SeSystemMandatorySid;
    PSID SeOwnerRightsSid;
} SE_EXPORTS, *PSE_EXPORTS;
NTKERNELAPI extern PSE_EXPORTS SeExports;
NTKERNELAPI extern POBJECT_TYPE *SeTokenObjectType;

EXTERN_C_END

#endif /* _NTOS_SE_IFS_H_ */
