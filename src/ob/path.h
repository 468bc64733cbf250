/* SPDX-License-Identifier: MIT */
/* Names of the form \a\b\c: what the object namespace and the registry take apart alike. */
#ifndef FB_OB_PATH_H
#define FB_OB_PATH_H

#include <ntdef.h>

/* A terminated copy in port memory (port_free).  Fails: STATUS_INSUFFICIENT_RESOURCES. */
NTSTATUS ObpCopyName(PUNICODE_STRING Target, PCUNICODE_STRING Source);
/* Splits the first component off Rest ("\a\b" -> "a", "\b").  FALSE: there is none. */
BOOLEAN ObpFirstComponent(PUNICODE_STRING Rest, PUNICODE_STRING Component);

#endif
