/* SPDX-License-Identifier: MIT */
/* Security: subject contexts, access checks, tokens, impersonation. */
#ifndef _NTOS_SE_H_
#define _NTOS_SE_H_

#include <ntdef.h>
#include <ntos/pool.h>
#include <ntos/se_types.h>

EXTERN_C_START

NTKERNELAPI VOID SeCaptureSubjectContext(PSECURITY_SUBJECT_CONTEXT SubjectContext);
NTKERNELAPI VOID
SeCaptureSubjectContextEx(PETHREAD Thread, PEPROCESS Process, PSECURITY_SUBJECT_CONTEXT SubjectContext);
NTKERNELAPI VOID SeLockSubjectContext(PSECURITY_SUBJECT_CONTEXT SubjectContext);
NTKERNELAPI VOID SeUnlockSubjectContext(PSECURITY_SUBJECT_CONTEXT SubjectContext);
NTKERNELAPI VOID SeReleaseSubjectContext(PSECURITY_SUBJECT_CONTEXT SubjectContext);
NTKERNELAPI BOOLEAN
SeAccessCheck(
    PSECURITY_DESCRIPTOR SecurityDescriptor,
    PSECURITY_SUBJECT_CONTEXT SubjectSecurityContext,
    BOOLEAN SubjectContextLocked,
    ACCESS_MASK DesiredAccess,
    ACCESS_MASK PreviouslyGrantedAccess,
    PPRIVILEGE_SET *Privileges,
    PGENERIC_MAPPING GenericMapping,
    KPROCESSOR_MODE AccessMode,
    PACCESS_MASK GrantedAccess,
    PNTSTATUS AccessStatus);
NTKERNELAPI BOOLEAN SeSinglePrivilegeCheck(LUID PrivilegeValue, KPROCESSOR_MODE PreviousMode);
NTKERNELAPI BOOLEAN SeValidSecurityDescriptor(ULONG Length, PSECURITY_DESCRIPTOR SecurityDescriptor);
NTKERNELAPI NTSTATUS
SeAssignSecurity(
    PSECURITY_DESCRIPTOR ParentDescriptor,
    PSECURITY_DESCRIPTOR ExplicitDescriptor,
    PSECURITY_DESCRIPTOR *NewDescriptor,
    BOOLEAN IsDirectoryObject,
    PSECURITY_SUBJECT_CONTEXT SubjectContext,
    PGENERIC_MAPPING GenericMapping,
    POOL_TYPE PoolType);
NTKERNELAPI NTSTATUS
SeAssignSecurityEx(
    PSECURITY_DESCRIPTOR ParentDescriptor,
    PSECURITY_DESCRIPTOR ExplicitDescriptor,
    PSECURITY_DESCRIPTOR *NewDescriptor,
    GUID *ObjectType,
    BOOLEAN IsDirectoryObject,
    ULONG AutoInheritFlags,
    PSECURITY_SUBJECT_CONTEXT SubjectContext,
    PGENERIC_MAPPING GenericMapping,
    POOL_TYPE PoolType);
NTKERNELAPI NTSTATUS SeDeassignSecurity(PSECURITY_DESCRIPTOR *SecurityDescriptor);
NTKERNELAPI VOID
SeSetAccessStateGenericMapping(PACCESS_STATE AccessState, PGENERIC_MAPPING GenericMapping);
NTKERNELAPI NTSTATUS SeLocateProcessImageName(PEPROCESS Process, PUNICODE_STRING *pImageFileName);

#define SeQuerySubjectContextToken(SubjectContext) \
    (ARGUMENT_PRESENT(((PSECURITY_SUBJECT_CONTEXT)(SubjectContext))->ClientToken) \
         ? ((PSECURITY_SUBJECT_CONTEXT)(SubjectContext))->ClientToken \
         : ((PSECURITY_SUBJECT_CONTEXT)(SubjectContext))->PrimaryToken)

EXTERN_C_END

#endif /* _NTOS_SE_H_ */
