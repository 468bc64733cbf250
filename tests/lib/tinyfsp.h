/* SPDX-License-Identifier: MIT */
/* Between tinyfs_nt.c and tinybed_nt.c. */
#ifndef FB_TESTS_TINYFSP_H
#define FB_TESTS_TINYFSP_H

#define TINY_NAME 64
#define TINY_BYTES 4096
typedef struct TINY_FILE {
    LIST_ENTRY Links;
    char Name[TINY_NAME];
    PVOID Contexts;                            /* per-file contexts */
    ULONG Streams;
} TINY_FILE;
typedef struct TINY_STREAM {
    FSRTL_ADVANCED_FCB_HEADER Header;          /* first: FsContext */
    FAST_MUTEX Mutex;
    LIST_ENTRY Links;
    char Name[TINY_NAME];
    TINY_FILE *File;
    ULONG Opens;
    KSPIN_LOCK Lock;                           /* Data; zero is free */
    UCHAR Data[TINY_BYTES];
} TINY_STREAM;
NTSTATUS TinyDriverEntry(PDRIVER_OBJECT Driver, PUNICODE_STRING RegistryPath);
VOID TinyStreamFree(TINY_STREAM *Stream, BOOLEAN FileToo);
BOOLEAN TinyStreamRemoveLocked(TINY_STREAM *Stream);

#endif
