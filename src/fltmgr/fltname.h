/* SPDX-License-Identifier: MIT */
/*
 * fltmgr, inward header of the name files: name information, its texts and caches.
 *
 *      FLTP_NAME (one per successful get, belongs to the asking filter) ──> FLTP_TEXT (shared, immutable)
 *                                                                              ^
 *      FLTP_FILE.Name, FLTP_OPERATION.Name ──> FLTP_NAMES ── Entries[format] ──┘
 *      FLT_VOLUME.NameCache ──> FLTP_VOLUME_NAMES.Generation
 *
 * A cached text counts only while the generation it was stored with is the volume's: every rename and link on a volume forgets all its
 * names at once.  The generation is read before the file system is asked, so an answer that a rename overtook is never found again.
 * Renames are watched from the first name query on a volume (FLT_VOLUME.Forced); those that were under way unwatched at that moment are given
 * FLTP_NAME_SETTLE to end before anything is kept.
 * Every get makes a block of its own, so that parsing (which writes into the block) needs no lock and a leak has one owner.
 */
#ifndef FB_FLTMGR_FLTNAME_H
#define FB_FLTMGR_FLTNAME_H

#include "fltmgr/fltp.h"

typedef struct FLTP_TEXT {
    _Atomic(ULONG) References;
    USHORT Length, VolumeLength;               /* bytes */
    WCHAR Buffer[];
} FLTP_TEXT;

#define FLTP_NAME_MAGIC 0x6D6E464Eu
#define FLTP_NAME_MAGIC_DEAD 0x646E464Eu
typedef struct FLTP_NAME {
    _Atomic(ULONG) Magic;
    _Atomic(LONG) References;
    FLTP_TEXT *Text;
    vf_owner *Owner;
    vf_object *Ledger;
    FLT_FILE_NAME_INFORMATION Information;     /* what the filter sees */
} FLTP_NAME;

#define FLTP_NAME_FORMATS 3                    /* index: format - 1 */
typedef struct FLTP_NAMES {
    port_lock Lock;
    struct { ULONGLONG Generation; FLTP_TEXT *Text; FLTP_TEXT *Opened; } Entries[FLTP_NAME_FORMATS];   /* Lock */
} FLTP_NAMES;

typedef struct FLTP_VOLUME_NAMES {
    _Atomic(ULONGLONG) Generation;
    _Atomic(uint64_t) Ready;                   /* monotonic time from which names are kept; 0: passed */
} FLTP_VOLUME_NAMES;

/* ---- namecache.c ---- */
FLTP_TEXT *FltpTextCreate(PCUNICODE_STRING Name, USHORT VolumeLength);
VOID FltpTextRelease(FLTP_TEXT *Text);
BOOLEAN FltpTextIs(const FLTP_TEXT *Text, PCUNICODE_STRING Name);
/* Names of a file object or of an operation; NULL: none there, or no memory. */
FLTP_NAMES *FltpNamesOf(_Atomic(void *) *Slot, BOOLEAN Create);
#define FLTP_NAME_SETTLE 1000000000ull
ULONGLONG FltpNameGeneration(PFLT_VOLUME Volume);                      /* 0: nothing can be cached */
/* +1 text or NULL.  Opened: the entry must have been made from this opened name (NULL: any). */
FLTP_TEXT *FltpNamesLookup(FLTP_NAMES *Names, ULONG Format, ULONGLONG Generation, PCUNICODE_STRING Opened);
VOID FltpNamesStore(FLTP_NAMES *Names, ULONG Format, ULONGLONG Generation, FLTP_TEXT *Text, PCUNICODE_STRING Opened);
/* The block for a filter; takes over the caller's reference on Text. */
NTSTATUS FltpNameCreate(FLTP_TEXT *Text, ULONG Format, vf_owner *Owner, const char *Routine, PFLT_FILE_NAME_INFORMATION *Information);

/* ---- name building: a FLT_NAME_CONTROL owns a block of port_alloc ---- */
NTSTATUS FltpControlInitialize(PFLT_NAME_CONTROL Control);
VOID FltpControlFree(PFLT_NAME_CONTROL Control);
NTSTATUS FltpControlAppend(PFLT_NAME_CONTROL Control, PCUNICODE_STRING Part);
NTSTATUS FltpControlAppendCharacter(PFLT_NAME_CONTROL Control, WCHAR Character);

/* ---- namequery.c: names of open files, asked for below an instance ---- */
typedef struct FLTP_NAME_QUERY {
    PFLT_INSTANCE Instance;                    /* asks; NULL: nobody's, from the top */
    PFLT_VOLUME Volume;
    FLTP_OPERATION *Operation;                 /* or NULL */
    ULONG Options;                             /* FLT_FILE_NAME_OPTIONS of the caller */
    ULONG Format;                              /* FLT_FILE_NAME_NORMALIZED … */
    BOOLEAN UseCache, Store;
    BOOLEAN CaseSensitive;                     /* how the name at hand is to be looked up */
} FLTP_NAME_QUERY;
/* Volume and name of an open file object, in Query->Format; Control is emptied first. */
NTSTATUS FltpQueryOpenName(const FLTP_NAME_QUERY *Query, PFILE_OBJECT FileObject, PFLT_NAME_CONTROL Control);
/* The same as a text, by way of the cache. */
NTSTATUS FltpQueryOpenText(const FLTP_NAME_QUERY *Query, PFILE_OBJECT FileObject, FLTP_TEXT **Text);
/* Makes a normalized name of an opened name whose last component need not exist. */
NTSTATUS FltpNormalizePath(const FLTP_NAME_QUERY *Query, PCUNICODE_STRING Opened, PFLT_NAME_CONTROL Control);
/* The name of the file with the identifier in FileObject->FileName. */
NTSTATUS FltpQueryNameById(const FLTP_NAME_QUERY *Query, PFILE_OBJECT FileObject, PFLT_NAME_CONTROL Control);
VOID FltpStripStreamType(PUNICODE_STRING Name);
/* Splits behind the last backslash that is not part of the volume's name; FALSE: there is no last component. */
BOOLEAN FltpSplitPath(PCUNICODE_STRING Name, USHORT VolumeLength, PUNICODE_STRING Parent, PUNICODE_STRING Last);

/* ---- nameprov.c ---- */
/* The provider below (or, if the options say so, at) the asking instance; its Outstanding is held.  NULL: none. */
PFLT_INSTANCE FltpNameProvider(const FLTP_NAME_QUERY *Query);
NTSTATUS FltpProviderName(const FLTP_NAME_QUERY *Query, PFLT_INSTANCE Provider, PFILE_OBJECT FileObject, PFLT_NAME_CONTROL Control, PBOOLEAN Cache);

/* ---- fltcreate.c ---- */
/* Opens a file of a volume below Instance for ourselves; undone by IopCloseFile. */
typedef struct FLTP_OPEN {
    PFLT_INSTANCE Instance;
    PFLT_VOLUME Volume;
    PFILE_OBJECT Related;
    UNICODE_STRING Name;                       /* behind the volume's name */
    ACCESS_MASK Access;
    ULONG Options;                             /* FILE_DIRECTORY_FILE … */
    BOOLEAN CaseSensitive;
} FLTP_OPEN;
NTSTATUS FltpOpenBelow(const FLTP_OPEN *Open, PFILE_OBJECT *FileObject);

#endif
