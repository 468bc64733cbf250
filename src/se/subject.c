/* SPDX-License-Identifier: MIT */
/*
 * Subject contexts.  A token is the requestor's process seen through another type: it identifies whom an operation is for, holds no
 * reference (the process outlives the operation) and costs nothing.  Routines that look into a token are not there yet.
 */
#include <ntifs.h>

#include <string.h>

/* Windows: wdm.h, SeCaptureSubjectContextEx.  Differences: no impersonation. */
VOID
SeCaptureSubjectContextEx(PETHREAD Thread, PEPROCESS Process, PSECURITY_SUBJECT_CONTEXT SubjectContext)
{
    UNREFERENCED_PARAMETER(Thread);
    memset(SubjectContext, 0, sizeof(*SubjectContext));
    SubjectContext->PrimaryToken = (PACCESS_TOKEN)Process;
    SubjectContext->ProcessAuditId = PsGetProcessId(Process);
}

/* Windows: wdm.h, SeCaptureSubjectContext.  Differences: no impersonation. */
VOID
SeCaptureSubjectContext(PSECURITY_SUBJECT_CONTEXT SubjectContext)
{
    SeCaptureSubjectContextEx(NULL, IoGetCurrentProcess(), SubjectContext);
}

/* Windows: wdm.h, SeLockSubjectContext.  Differences: a token never changes here. */
VOID
SeLockSubjectContext(PSECURITY_SUBJECT_CONTEXT SubjectContext)
{
    UNREFERENCED_PARAMETER(SubjectContext);
}

/* Windows: wdm.h, SeUnlockSubjectContext.  Differences: as SeLockSubjectContext. */
VOID
SeUnlockSubjectContext(PSECURITY_SUBJECT_CONTEXT SubjectContext)
{
    UNREFERENCED_PARAMETER(SubjectContext);
}

/* Windows: wdm.h, SeReleaseSubjectContext.  Differences: none. */
VOID
SeReleaseSubjectContext(PSECURITY_SUBJECT_CONTEXT SubjectContext)
{
    memset(SubjectContext, 0, sizeof(*SubjectContext));
}
