/* SPDX-License-Identifier: MIT */
/* A create on its way; shared by create.c and open.c. */
#ifndef FB_FS_BASE_OPENP_H
#define FB_FS_BASE_OPENP_H

#include "fs/base/fsb.h"

typedef struct FSB_OPEN {
    FSB_VOLUME *Volume;
    PIRP Irp;
    PIO_STACK_LOCATION Stack;
    PFILE_OBJECT FileObject;
    struct iop_attachment *Attachment;
    ULONG Disposition, Options;
    ACCESS_MASK Access;
    ULONG Share;
    ULONG Information;                         /* FILE_OPENED … */
    FSB_PATH Path;
    UNICODE_STRING Stream;                     /* alternate stream; empty = none */
    BOOLEAN DefaultStream;                     /* "name::$DATA" */
    BOOLEAN TrailingBackslash;
    BOOLEAN TargetDirectory;
    FSB_RESOLVE Resolve;
    /* references to drop when NameLock is free again: the last one may call drivers */
    FSB_FCB *DeferredFcbs[4];
    FSB_SCB *DeferredScb;
    FSB_LCB *DeferredUnlink;                   /* the failed open was the last handle of a link that is to go */
} FSB_OPEN;

/* open.c.  NameLock shared. */
NTSTATUS FsbOpenFound(FSB_OPEN *Open);
NTSTATUS FsbOpenNew(FSB_OPEN *Open);
VOID FsbDeferFcb(FSB_OPEN *Open, FSB_FCB *Fcb);
VOID FsbResolveDone(FSB_OPEN *Open);           /* frees what a resolution left */

#endif
