/* SPDX-License-Identifier: MIT */
/* fltmgr: its devices above file systems' control devices, and its fast I/O table. */
#ifndef FB_FLTMGR_CONTROL_H
#define FB_FLTMGR_CONTROL_H

#include "fltmgr/fltp.h"

NTSTATUS FltpDispatchControl(PDEVICE_OBJECT Device, PIRP Irp);  /* of a device that is no volume's */
VOID FltpForgetFileSystems(VOID);
extern FAST_IO_DISPATCH FltpFastIoDispatch;

#endif
