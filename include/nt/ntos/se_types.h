/* SPDX-License-Identifier: MIT */
/* Access rights, SIDs, ACLs, security descriptors, tokens. */
#ifndef _NTOS_SE_TYPES_H_
#define _NTOS_SE_TYPES_H_

#include <ntdef.h>

EXTERN_C_START

/* ---- access masks ------------------------------------------------------------------------------ */

#define DELETE (0x00010000U)
#define READ_CONTROL (0x00020000U)
#define WRITE_DAC (0x00040000U)
#define WRITE_OWNER (0x00080000U)
#define SYNCHRONIZE (0x00100000U)
#define STANDARD_RIGHTS_REQUIRED (0x000F0000U)
#define STANDARD_RIGHTS_READ (READ_CONTROL)
#define STANDARD_RIGHTS_WRITE (READ_CONTROL)
#define STANDARD_RIGHTS_EXECUTE (READ_CONTROL)
#define STANDARD_RIGHTS_ALL (0x001F0000U)
#define SPECIFIC_RIGHTS_ALL (0x0000FFFFU)
#define ACCESS_SYSTEM_SECURITY (0x01000000U)
#define MAXIMUM_ALLOWED (0x02000000U)
#define GENERIC_READ (0x80000000U)
#define GENERIC_WRITE (0x40000000U)
#define GENERIC_EXECUTE (0x20000000U)
#define GENERIC_ALL (0x10000000U)

typedef struct _GENERIC_MAPPING {
    ACCESS_MASK GenericRead;
    ACCESS_MASK GenericWrite;
    ACCESS_MASK GenericExecute;
    ACCESS_MASK GenericAll;
} GENERIC_MAPPING, *PGENERIC_MAPPING;

#define OWNER_SECURITY_INFORMATION (0x00000001U)
#define GROUP_SECURITY_INFORMATION (0x00000002U)
#define DACL_SECURITY_INFORMATION (0x00000004U)
#define SACL_SECURITY_INFORMATION (0x00000008U)
#define LABEL_SECURITY_INFORMATION (0x00000010U)
#define ATTRIBUTE_SECURITY_INFORMATION (0x00000020U)
#define SCOPE_SECURITY_INFORMATION (0x00000040U)
#define PROCESS_TRUST_LABEL_SECURITY_INFORMATION (0x00000080U)
#define BACKUP_SECURITY_INFORMATION (0x00010000U)
#define PROTECTED_DACL_SECURITY_INFORMATION (0x80000000U)
#define PROTECTED_SACL_SECURITY_INFORMATION (0x40000000U)
#define UNPROTECTED_DACL_SECURITY_INFORMATION (0x20000000U)
#define UNPROTECTED_SACL_SECURITY_INFORMATION (0x10000000U)

/* ---- SIDs -------------------------------------------------------------------------------------- */

typedef struct _SID_IDENTIFIER_AUTHORITY {
    UCHAR Value[6];
} SID_IDENTIFIER_AUTHORITY, *PSID_IDENTIFIER_AUTHORITY;

typedef struct _SID {
    UCHAR Revision;
    UCHAR SubAuthorityCount;
    SID_IDENTIFIER_AUTHORITY IdentifierAuthority;
    ULONG SubAuthority[ANYSIZE_ARRAY];
} SID, *PISID;

#define SID_REVISION (1)
#define SID_MAX_SUB_AUTHORITIES (15)
#define SID_RECOMMENDED_SUB_AUTHORITIES (1)
#define SECURITY_MAX_SID_SIZE (sizeof(SID) - sizeof(ULONG) + (SID_MAX_SUB_AUTHORITIES * sizeof(ULONG)))
#define SECURITY_MAX_SID_STRING_CHARACTERS (2 + 4 + 15 + (11 * SID_MAX_SUB_AUTHORITIES) + 1)

typedef union _SE_SID {
    SID Sid;
    UCHAR Buffer[SECURITY_MAX_SID_SIZE];
} SE_SID, *PSE_SID;

typedef enum _SID_NAME_USE {
    SidTypeUser = 1,
    SidTypeGroup,
    SidTypeDomain,
    SidTypeAlias,
    SidTypeWellKnownGroup,
    SidTypeDeletedAccount,
    SidTypeInvalid,
    SidTypeUnknown,
    SidTypeComputer,
    SidTypeLabel,
    SidTypeLogonSession
} SID_NAME_USE, *PSID_NAME_USE;

typedef struct _SID_AND_ATTRIBUTES {
    PSID Sid;
    ULONG Attributes;
} SID_AND_ATTRIBUTES, *PSID_AND_ATTRIBUTES;
typedef SID_AND_ATTRIBUTES SID_AND_ATTRIBUTES_ARRAY[ANYSIZE_ARRAY];

#define SECURITY_NULL_SID_AUTHORITY {0, 0, 0, 0, 0, 0}
#define SECURITY_WORLD_SID_AUTHORITY {0, 0, 0, 0, 0, 1}
#define SECURITY_LOCAL_SID_AUTHORITY {0, 0, 0, 0, 0, 2}
#define SECURITY_CREATOR_SID_AUTHORITY {0, 0, 0, 0, 0, 3}
#define SECURITY_NON_UNIQUE_AUTHORITY {0, 0, 0, 0, 0, 4}
#define SECURITY_NT_AUTHORITY {0, 0, 0, 0, 0, 5}
#define SECURITY_RESOURCE_MANAGER_AUTHORITY {0, 0, 0, 0, 0, 9}
#define SECURITY_APP_PACKAGE_AUTHORITY {0, 0, 0, 0, 0, 15}
#define SECURITY_MANDATORY_LABEL_AUTHORITY {0, 0, 0, 0, 0, 16}
#define SECURITY_NULL_RID (0x00000000)
#define SECURITY_WORLD_RID (0x00000000)
#define SECURITY_LOCAL_RID (0x00000000)
#define SECURITY_CREATOR_OWNER_RID (0x00000000)
#define SECURITY_CREATOR_GROUP_RID (0x00000001)
#define SECURITY_DIALUP_RID (0x00000001)
#define SECURITY_NETWORK_RID (0x00000002)
#define SECURITY_BATCH_RID (0x00000003)
#define SECURITY_INTERACTIVE_RID (0x00000004)
#define SECURITY_LOGON_IDS_RID (0x00000005)
#define SECURITY_SERVICE_RID (0x00000006)
#define SECURITY_ANONYMOUS_LOGON_RID (0x00000007)
#define SECURITY_PRINCIPAL_SELF_RID (0x0000000A)
#define SECURITY_AUTHENTICATED_USER_RID (0x0000000B)
#define SECURITY_RESTRICTED_CODE_RID (0x0000000C)
#define SECURITY_LOCAL_SYSTEM_RID (0x00000012)
#define SECURITY_LOCAL_SERVICE_RID (0x00000013)
#define SECURITY_NETWORK_SERVICE_RID (0x00000014)
#define SECURITY_NT_NON_UNIQUE (0x00000015)
#define SECURITY_BUILTIN_DOMAIN_RID (0x00000020)
#define DOMAIN_USER_RID_ADMIN (0x000001F4)
#define DOMAIN_USER_RID_GUEST (0x000001F5)
#define DOMAIN_ALIAS_RID_ADMINS (0x00000220)
#define DOMAIN_ALIAS_RID_USERS (0x00000221)
#define DOMAIN_ALIAS_RID_GUESTS (0x00000222)
#define SECURITY_MANDATORY_UNTRUSTED_RID (0x00000000)
#define SECURITY_MANDATORY_LOW_RID (0x00001000)
#define SECURITY_MANDATORY_MEDIUM_RID (0x00002000)
#define SECURITY_MANDATORY_HIGH_RID (0x00003000)
#define SECURITY_MANDATORY_SYSTEM_RID (0x00004000)

/* ---- ACLs -------------------------------------------------------------------------------------- */

typedef struct _ACL {
    UCHAR AclRevision;
    UCHAR Sbz1;
    USHORT AclSize;
    USHORT AceCount;
    USHORT Sbz2;
} ACL, *PACL;

#define ACL_REVISION (2)
#define ACL_REVISION_DS (4)
#define ACL_REVISION1 (1)
#define ACL_REVISION2 (2)
#define ACL_REVISION3 (3)
#define ACL_REVISION4 (4)
#define MIN_ACL_REVISION ACL_REVISION2
#define MAX_ACL_REVISION ACL_REVISION4

typedef struct _ACE_HEADER {
    UCHAR AceType;
    UCHAR AceFlags;
    USHORT AceSize;
} ACE_HEADER, *PACE_HEADER;

typedef struct _ACCESS_ALLOWED_ACE {
    ACE_HEADER Header;
    ACCESS_MASK Mask;
    ULONG SidStart;
} ACCESS_ALLOWED_ACE, *PACCESS_ALLOWED_ACE;

typedef struct _ACCESS_DENIED_ACE {
    ACE_HEADER Header;
    ACCESS_MASK Mask;
    ULONG SidStart;
} ACCESS_DENIED_ACE, *PACCESS_DENIED_ACE;

typedef struct _SYSTEM_AUDIT_ACE {
    ACE_HEADER Header;
    ACCESS_MASK Mask;
    ULONG SidStart;
} SYSTEM_AUDIT_ACE, *PSYSTEM_AUDIT_ACE;

typedef struct _SYSTEM_MANDATORY_LABEL_ACE {
    ACE_HEADER Header;
    ACCESS_MASK Mask;
    ULONG SidStart;
} SYSTEM_MANDATORY_LABEL_ACE, *PSYSTEM_MANDATORY_LABEL_ACE;

#define ACCESS_ALLOWED_ACE_TYPE (0x0)
#define ACCESS_DENIED_ACE_TYPE (0x1)
#define SYSTEM_AUDIT_ACE_TYPE (0x2)
#define SYSTEM_ALARM_ACE_TYPE (0x3)
#define ACCESS_ALLOWED_OBJECT_ACE_TYPE (0x5)
#define ACCESS_DENIED_OBJECT_ACE_TYPE (0x6)
#define SYSTEM_MANDATORY_LABEL_ACE_TYPE (0x11)
#define OBJECT_INHERIT_ACE (0x1)
#define CONTAINER_INHERIT_ACE (0x2)
#define NO_PROPAGATE_INHERIT_ACE (0x4)
#define INHERIT_ONLY_ACE (0x8)
#define INHERITED_ACE (0x10)
#define VALID_INHERIT_FLAGS (0x1F)
#define SUCCESSFUL_ACCESS_ACE_FLAG (0x40)
#define FAILED_ACCESS_ACE_FLAG (0x80)

typedef enum _ACL_INFORMATION_CLASS {
    AclRevisionInformation = 1,
    AclSizeInformation
} ACL_INFORMATION_CLASS;
typedef struct _ACL_SIZE_INFORMATION {
    ULONG AceCount;
    ULONG AclBytesInUse;
    ULONG AclBytesFree;
} ACL_SIZE_INFORMATION, *PACL_SIZE_INFORMATION;

/* ---- security descriptors ----------------------------------------------------------------------- */

typedef USHORT SECURITY_DESCRIPTOR_CONTROL, *PSECURITY_DESCRIPTOR_CONTROL;

typedef struct _SECURITY_DESCRIPTOR_RELATIVE {
    UCHAR Revision;
    UCHAR Sbz1;
    SECURITY_DESCRIPTOR_CONTROL Control;
    ULONG Owner;
    ULONG Group;
    ULONG Sacl;
    ULONG Dacl;
} SECURITY_DESCRIPTOR_RELATIVE, *PISECURITY_DESCRIPTOR_RELATIVE;

typedef struct _SECURITY_DESCRIPTOR {
    UCHAR Revision;
    UCHAR Sbz1;
    SECURITY_DESCRIPTOR_CONTROL Control;
    PSID Owner;
    PSID Group;
    PACL Sacl;
    PACL Dacl;
} SECURITY_DESCRIPTOR, *PISECURITY_DESCRIPTOR;

#define SECURITY_DESCRIPTOR_REVISION (1)
#define SECURITY_DESCRIPTOR_REVISION1 (1)
#define SECURITY_DESCRIPTOR_MIN_LENGTH (sizeof(SECURITY_DESCRIPTOR))
#define SE_OWNER_DEFAULTED (0x0001)
#define SE_GROUP_DEFAULTED (0x0002)
#define SE_DACL_PRESENT (0x0004)
#define SE_DACL_DEFAULTED (0x0008)
#define SE_SACL_PRESENT (0x0010)
#define SE_SACL_DEFAULTED (0x0020)
#define SE_DACL_AUTO_INHERIT_REQ (0x0100)
#define SE_SACL_AUTO_INHERIT_REQ (0x0200)
#define SE_DACL_AUTO_INHERITED (0x0400)
#define SE_SACL_AUTO_INHERITED (0x0800)
#define SE_DACL_PROTECTED (0x1000)
#define SE_SACL_PROTECTED (0x2000)
#define SE_RM_CONTROL_VALID (0x4000)
#define SE_SELF_RELATIVE (0x8000)

/* ---- privileges --------------------------------------------------------------------------------- */

typedef struct _LUID_AND_ATTRIBUTES {
    LUID Luid;
    ULONG Attributes;
} LUID_AND_ATTRIBUTES, *PLUID_AND_ATTRIBUTES;

typedef struct _PRIVILEGE_SET {
    ULONG PrivilegeCount;
    ULONG Control;
    LUID_AND_ATTRIBUTES Privilege[ANYSIZE_ARRAY];
} PRIVILEGE_SET, *PPRIVILEGE_SET;

#define INITIAL_PRIVILEGE_COUNT 3
typedef struct _INITIAL_PRIVILEGE_SET {
    ULONG PrivilegeCount;
    ULONG Control;
    LUID_AND_ATTRIBUTES Privilege[INITIAL_PRIVILEGE_COUNT];
} INITIAL_PRIVILEGE_SET, *PINITIAL_PRIVILEGE_SET;

#define PRIVILEGE_SET_ALL_NECESSARY (1)
#define SE_PRIVILEGE_ENABLED_BY_DEFAULT (0x00000001U)
#define SE_PRIVILEGE_ENABLED (0x00000002U)
#define SE_PRIVILEGE_REMOVED (0x00000004U)
#define SE_PRIVILEGE_USED_FOR_ACCESS (0x80000000U)

#define SE_MIN_WELL_KNOWN_PRIVILEGE (2)
#define SE_CREATE_TOKEN_PRIVILEGE (2)
#define SE_ASSIGNPRIMARYTOKEN_PRIVILEGE (3)
#define SE_LOCK_MEMORY_PRIVILEGE (4)
#define SE_INCREASE_QUOTA_PRIVILEGE (5)
#define SE_MACHINE_ACCOUNT_PRIVILEGE (6)
#define SE_TCB_PRIVILEGE (7)
#define SE_SECURITY_PRIVILEGE (8)
#define SE_TAKE_OWNERSHIP_PRIVILEGE (9)
#define SE_LOAD_DRIVER_PRIVILEGE (10)
#define SE_SYSTEM_PROFILE_PRIVILEGE (11)
#define SE_SYSTEMTIME_PRIVILEGE (12)
#define SE_PROF_SINGLE_PROCESS_PRIVILEGE (13)
#define SE_INC_BASE_PRIORITY_PRIVILEGE (14)
#define SE_CREATE_PAGEFILE_PRIVILEGE (15)
#define SE_CREATE_PERMANENT_PRIVILEGE (16)
#define SE_BACKUP_PRIVILEGE (17)
#define SE_RESTORE_PRIVILEGE (18)
#define SE_SHUTDOWN_PRIVILEGE (19)
#define SE_DEBUG_PRIVILEGE (20)
#define SE_AUDIT_PRIVILEGE (21)
#define SE_SYSTEM_ENVIRONMENT_PRIVILEGE (22)
#define SE_CHANGE_NOTIFY_PRIVILEGE (23)
#define SE_REMOTE_SHUTDOWN_PRIVILEGE (24)
#define SE_UNDOCK_PRIVILEGE (25)
#define SE_SYNC_AGENT_PRIVILEGE (26)
#define SE_ENABLE_DELEGATION_PRIVILEGE (27)
#define SE_MANAGE_VOLUME_PRIVILEGE (28)
#define SE_IMPERSONATE_PRIVILEGE (29)
#define SE_CREATE_GLOBAL_PRIVILEGE (30)
#define SE_TRUSTED_CREDMAN_ACCESS_PRIVILEGE (31)
#define SE_RELABEL_PRIVILEGE (32)
#define SE_INC_WORKING_SET_PRIVILEGE (33)
#define SE_TIME_ZONE_PRIVILEGE (34)
#define SE_CREATE_SYMBOLIC_LINK_PRIVILEGE (35)
#define SE_MAX_WELL_KNOWN_PRIVILEGE (36)

/* ---- impersonation and tokens -------------------------------------------------------------------- */

typedef enum _SECURITY_IMPERSONATION_LEVEL {
    SecurityAnonymous,
    SecurityIdentification,
    SecurityImpersonation,
    SecurityDelegation
} SECURITY_IMPERSONATION_LEVEL, *PSECURITY_IMPERSONATION_LEVEL;

typedef BOOLEAN SECURITY_CONTEXT_TRACKING_MODE, *PSECURITY_CONTEXT_TRACKING_MODE;
#define SECURITY_DYNAMIC_TRACKING (TRUE)
#define SECURITY_STATIC_TRACKING (FALSE)

typedef struct _SECURITY_QUALITY_OF_SERVICE {
    ULONG Length;
    SECURITY_IMPERSONATION_LEVEL ImpersonationLevel;
    SECURITY_CONTEXT_TRACKING_MODE ContextTrackingMode;
    BOOLEAN EffectiveOnly;
} SECURITY_QUALITY_OF_SERVICE, *PSECURITY_QUALITY_OF_SERVICE;

typedef enum _TOKEN_TYPE { TokenPrimary = 1, TokenImpersonation } TOKEN_TYPE, *PTOKEN_TYPE;

typedef enum _TOKEN_INFORMATION_CLASS {
    TokenUser = 1,
    TokenGroups,
    TokenPrivileges,
    TokenOwner,
    TokenPrimaryGroup,
    TokenDefaultDacl,
    TokenSource,
    TokenType,
    TokenImpersonationLevel,
    TokenStatistics,
    TokenRestrictedSids,
    TokenSessionId,
    TokenGroupsAndPrivileges,
    TokenSessionReference,
    TokenSandBoxInert,
    TokenAuditPolicy,
    TokenOrigin,
    TokenElevationType,
    TokenLinkedToken,
    TokenElevation,
    TokenHasRestrictions,
    TokenAccessInformation,
    TokenVirtualizationAllowed,
    TokenVirtualizationEnabled,
    TokenIntegrityLevel,
    TokenUIAccess,
    TokenMandatoryPolicy,
    TokenLogonSid,
    TokenIsAppContainer,
    TokenCapabilities,
    TokenAppContainerSid,
    TokenAppContainerNumber,
    TokenUserClaimAttributes,
    TokenDeviceClaimAttributes,
    TokenRestrictedUserClaimAttributes,
    TokenRestrictedDeviceClaimAttributes,
    TokenDeviceGroups,
    TokenRestrictedDeviceGroups,
    TokenSecurityAttributes,
    TokenIsRestricted,
    TokenProcessTrustLevel,
    MaxTokenInfoClass
} TOKEN_INFORMATION_CLASS, *PTOKEN_INFORMATION_CLASS;

typedef struct _TOKEN_USER {
    SID_AND_ATTRIBUTES User;
} TOKEN_USER, *PTOKEN_USER;
typedef struct _TOKEN_GROUPS {
    ULONG GroupCount;
    SID_AND_ATTRIBUTES Groups[ANYSIZE_ARRAY];
} TOKEN_GROUPS, *PTOKEN_GROUPS;
typedef struct _TOKEN_PRIVILEGES {
    ULONG PrivilegeCount;
    LUID_AND_ATTRIBUTES Privileges[ANYSIZE_ARRAY];
} TOKEN_PRIVILEGES, *PTOKEN_PRIVILEGES;
typedef struct _TOKEN_OWNER {
    PSID Owner;
} TOKEN_OWNER, *PTOKEN_OWNER;
typedef struct _TOKEN_PRIMARY_GROUP {
    PSID PrimaryGroup;
} TOKEN_PRIMARY_GROUP, *PTOKEN_PRIMARY_GROUP;
typedef struct _TOKEN_DEFAULT_DACL {
    PACL DefaultDacl;
} TOKEN_DEFAULT_DACL, *PTOKEN_DEFAULT_DACL;
typedef struct _TOKEN_MANDATORY_LABEL {
    SID_AND_ATTRIBUTES Label;
} TOKEN_MANDATORY_LABEL, *PTOKEN_MANDATORY_LABEL;
typedef struct _TOKEN_ELEVATION {
    ULONG TokenIsElevated;
} TOKEN_ELEVATION, *PTOKEN_ELEVATION;
typedef enum _TOKEN_ELEVATION_TYPE {
    TokenElevationTypeDefault = 1,
    TokenElevationTypeFull,
    TokenElevationTypeLimited
} TOKEN_ELEVATION_TYPE, *PTOKEN_ELEVATION_TYPE;

#define TOKEN_SOURCE_LENGTH 8
typedef struct _TOKEN_SOURCE {
    CHAR SourceName[TOKEN_SOURCE_LENGTH];
    LUID SourceIdentifier;
} TOKEN_SOURCE, *PTOKEN_SOURCE;

typedef struct _TOKEN_CONTROL {
    LUID TokenId;
    LUID AuthenticationId;
    LUID ModifiedId;
    TOKEN_SOURCE TokenSource;
} TOKEN_CONTROL, *PTOKEN_CONTROL;

typedef struct _TOKEN_STATISTICS {
    LUID TokenId;
    LUID AuthenticationId;
    LARGE_INTEGER ExpirationTime;
    TOKEN_TYPE TokenType;
    SECURITY_IMPERSONATION_LEVEL ImpersonationLevel;
    ULONG DynamicCharged;
    ULONG DynamicAvailable;
    ULONG GroupCount;
    ULONG PrivilegeCount;
    LUID ModifiedId;
} TOKEN_STATISTICS, *PTOKEN_STATISTICS;

#define TOKEN_ASSIGN_PRIMARY (0x0001)
#define TOKEN_DUPLICATE (0x0002)
#define TOKEN_IMPERSONATE (0x0004)
#define TOKEN_QUERY (0x0008)
#define TOKEN_QUERY_SOURCE (0x0010)
#define TOKEN_ADJUST_PRIVILEGES (0x0020)
#define TOKEN_ADJUST_GROUPS (0x0040)
#define TOKEN_ADJUST_DEFAULT (0x0080)
#define TOKEN_ADJUST_SESSIONID (0x0100)
#define TOKEN_READ (STANDARD_RIGHTS_READ | TOKEN_QUERY)
#define TOKEN_ALL_ACCESS (STANDARD_RIGHTS_REQUIRED | 0x01FF)

#define SYSTEM_LUID {0x3e7, 0x0}
#define ANONYMOUS_LOGON_LUID {0x3e6, 0x0}
#define LOCALSERVICE_LUID {0x3e5, 0x0}
#define NETWORKSERVICE_LUID {0x3e4, 0x0}

/* ---- subject context, access state, client context ------------------------------------------------ */

typedef struct _SECURITY_SUBJECT_CONTEXT {
    PACCESS_TOKEN ClientToken;
    SECURITY_IMPERSONATION_LEVEL ImpersonationLevel;
    PACCESS_TOKEN PrimaryToken;
    PVOID ProcessAuditId;
} SECURITY_SUBJECT_CONTEXT, *PSECURITY_SUBJECT_CONTEXT;

typedef struct _ACCESS_STATE {
    LUID OperationID;
    BOOLEAN SecurityEvaluated;
    BOOLEAN GenerateAudit;
    BOOLEAN GenerateOnClose;
    BOOLEAN PrivilegesAllocated;
    ULONG Flags;
    ACCESS_MASK RemainingDesiredAccess;
    ACCESS_MASK PreviouslyGrantedAccess;
    ACCESS_MASK OriginalDesiredAccess;
    SECURITY_SUBJECT_CONTEXT SubjectSecurityContext;
    PSECURITY_DESCRIPTOR SecurityDescriptor;
    PVOID AuxData;
    union {
        INITIAL_PRIVILEGE_SET InitialPrivilegeSet;
        PRIVILEGE_SET PrivilegeSet;
    } Privileges;
    BOOLEAN AuditPrivileges;
    UNICODE_STRING ObjectName;
    UNICODE_STRING ObjectTypeName;
} ACCESS_STATE, *PACCESS_STATE;

typedef struct _SECURITY_CLIENT_CONTEXT {
    SECURITY_QUALITY_OF_SERVICE SecurityQos;
    PACCESS_TOKEN ClientToken;
    BOOLEAN DirectlyAccessClientToken;
    BOOLEAN DirectAccessEffectiveOnly;
    BOOLEAN ServerIsRemote;
    TOKEN_CONTROL ClientTokenControl;
} SECURITY_CLIENT_CONTEXT, *PSECURITY_CLIENT_CONTEXT;

typedef enum _SECURITY_OPERATION_CODE {
    SetSecurityDescriptor,
    QuerySecurityDescriptor,
    DeleteSecurityDescriptor,
    AssignSecurityDescriptor
} SECURITY_OPERATION_CODE, *PSECURITY_OPERATION_CODE;

EXTERN_C_END

#endif /* _NTOS_SE_TYPES_H_ */
