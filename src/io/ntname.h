/* SPDX-License-Identifier: MIT */
/*
 * Host names (bytes) and NT names (UTF-16), a bijection on all names (NT side, pure functions).
 *
 * UTF-8 becomes UTF-16.  A byte that is no UTF-8, and every byte of a character that NT forbids in names (control characters,
 * " * : < > ? | \) or that is itself in U+F000-U+F0FF, becomes U+F000 + byte.  The other way only names that could have come from
 * there are taken: lone surrogates, forbidden characters, needless escapes, "." and ".." are refused.
 */
#ifndef FB_IO_NTNAME_H
#define FB_IO_NTNAME_H

#include <ntdef.h>

/* Lengths and capacities in characters and bytes; no terminator is written or expected.
 * Fails: STATUS_BUFFER_TOO_SMALL; to the host also STATUS_OBJECT_NAME_INVALID. */
NTSTATUS IopNameFromHost(const CHAR *Bytes, ULONG Length, WCHAR *Name, ULONG Capacity, ULONG *Characters);
NTSTATUS IopNameToHost(const WCHAR *Name, ULONG Characters, CHAR *Bytes, ULONG Capacity, ULONG *Length);

/* The same for paths: components between '/' here and '\' there.  No component may be empty. */
NTSTATUS IopPathFromHost(const CHAR *Bytes, ULONG Length, WCHAR *Path, ULONG Capacity, ULONG *Characters);
NTSTATUS IopPathToHost(const WCHAR *Path, ULONG Characters, CHAR *Bytes, ULONG Capacity, ULONG *Length);

#endif
