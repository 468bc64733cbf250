/* SPDX-License-Identifier: MIT */
/* What the core calls of the name cache, for programs without one. */
#include "fltmgr/fltp.h"

VOID __attribute__((weak))
FltpOperationNameFree(FLTP_OPERATION *Operation)
{
    UNREFERENCED_PARAMETER(Operation);
}

VOID __attribute__((weak))
FltpFileNameFree(FLTP_FILE *File)
{
    UNREFERENCED_PARAMETER(File);
}

VOID __attribute__((weak))
FltpVolumeNamesFree(PFLT_VOLUME Volume)
{
    UNREFERENCED_PARAMETER(Volume);
}

VOID __attribute__((weak))
FltpNamesChanged(PFLT_VOLUME Volume, const FLT_IO_PARAMETER_BLOCK *Iopb)
{
    UNREFERENCED_PARAMETER(Volume);
    UNREFERENCED_PARAMETER(Iopb);
}
