/* SPDX-License-Identifier: MIT */
/*
 * A machine with one volume of memfs or hostfs, and short forms of what tests do with it (NT side).
 *
 * FSCASES lists the tests that both file systems must pass.
 */
#ifndef FB_TESTS_LIB_FSBOX_H
#define FB_TESTS_LIB_FSBOX_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "fs/base/fsb.h"
#include "fsbox_host.h"

typedef struct FSBOX {
    PDEVICE_OBJECT Device;
    FSB_VOLUME *Volume;
    BOOLEAN Memory;
    char HostPath[64];
    int HostFd;
} FSBOX;

FSBOX *FsboxCreate(BOOLEAN Memory, const FSB_OPTIONS *Options);
VOID FsboxDelete(FSBOX *Box);                  /* asserts that nothing is open */

#define FSBOX_ALL (FILE_GENERIC_READ | FILE_GENERIC_WRITE | DELETE)
#define FSBOX_SHARE (FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE)
/* IoStatus.Information of the last create of this thread. */
ULONG_PTR FsboxInformation(VOID);
NTSTATUS FsboxOpenFull(FSBOX *Box, IOP_CREATE *Create, PFILE_OBJECT *File);
NTSTATUS FsboxOpen(FSBOX *Box, const WCHAR *Name, ACCESS_MASK Access, ULONG Disposition, ULONG Options, ULONG Share, PFILE_OBJECT *File);
/* Must succeed. */
PFILE_OBJECT FsboxFile(FSBOX *Box, const WCHAR *Name);                 /* OPEN_IF, everything allowed, shared */
PFILE_OBJECT FsboxDirectory(FSBOX *Box, const WCHAR *Name);
VOID FsboxClose(PFILE_OBJECT File);
NTSTATUS FsboxTry(FSBOX *Box, const WCHAR *Name);                      /* FILE_OPEN for attributes, closed again */
VOID FsboxPut(FSBOX *Box, const WCHAR *Name, const char *Text);        /* creates or overwrites */
VOID FsboxExpect(FSBOX *Box, const WCHAR *Name, const char *Text);
NTSTATUS FsboxDelete1(FSBOX *Box, const WCHAR *Name, ULONG Flags);     /* open, FileDispositionInformationEx, close */
NTSTATUS FsboxRename(PFILE_OBJECT File, const WCHAR *Name, ULONG Flags, BOOLEAN Link);     /* Name: "\path" */
NTSTATUS FsboxQuery(PFILE_OBJECT File, FILE_INFORMATION_CLASS Class, PVOID Buffer, ULONG Length);
NTSTATUS FsboxSet(PFILE_OBJECT File, FILE_INFORMATION_CLASS Class, const VOID *Buffer, ULONG Length, struct iop_attachment *Attachment);
VOID FsboxNameIs(PFILE_OBJECT File, const WCHAR *Name);
NTSTATUS FsboxRequest(PFILE_OBJECT File, UCHAR Major, UCHAR Minor, IOP_REQUEST *Request, PIO_STATUS_BLOCK IoStatus);
NTSTATUS FsboxControl(PFILE_OBJECT File, ULONG Code, PVOID In, ULONG InLength, PVOID Out, ULONG OutLength, PULONG Returned);
NTSTATUS FsboxList(PFILE_OBJECT File, const WCHAR *Pattern, UCHAR Flags, ULONG Index, FILE_INFORMATION_CLASS Class, PVOID Buffer, ULONG Length, PULONG Returned);
VOID FsboxString(PUNICODE_STRING String, const WCHAR *Text);

void test_fs__dispositions(void **State);
void test_fs__wrong_names(void **State);
void test_fs__directory_and_file_options(void **State);
void test_fs__read_write_append(void **State);
void test_fs__sizes_and_holes(void **State);
void test_fs__paging_writes_never_extend(void **State);
void test_fs__share_access(void **State);
void test_fs__delete_on_close_and_disposition(void **State);
void test_fs__posix_delete(void **State);
void test_fs__delete_directory(void **State);
void test_fs__rename_file(void **State);
void test_fs__rename_directory_with_open_files(void **State);
void test_fs__rename_replaces(void **State);
void test_fs__rename_by_target_directory(void **State);
void test_fs__hard_links(void **State);
void test_fs__listing(void **State);
void test_fs__listing_goes_on_under_changes(void **State);
void test_fs__listing_small_buffers(void **State);
void test_fs__query_classes(void **State);
void test_fs__basic_information(void **State);
void test_fs__extended_attributes(void **State);
void test_fs__linux_metadata(void **State);
void test_fs__symbolic_links(void **State);
void test_fs__set_reparse_point(void **State);
void test_fs__query_open(void **State);
void test_fs__open_by_id(void **State);
void test_fs__relative_and_case(void **State);
void test_fs__case_of_new_names(void **State);
void test_fs__volume_information(void **State);
void test_fs__security(void **State);
void test_fs__contexts_torn_down_once(void **State);
void test_fs__byte_range_locks(void **State);
void test_fs__duplicate_extents(void **State);
void test_fs__storm(void **State);

#define FSCASES(Setup, Teardown) \
    cmocka_unit_test_setup_teardown(test_fs__dispositions, Setup, Teardown), \
    cmocka_unit_test_setup_teardown(test_fs__wrong_names, Setup, Teardown), \
    cmocka_unit_test_setup_teardown(test_fs__directory_and_file_options, Setup, Teardown), \
    cmocka_unit_test_setup_teardown(test_fs__read_write_append, Setup, Teardown), \
    cmocka_unit_test_setup_teardown(test_fs__sizes_and_holes, Setup, Teardown), \
    cmocka_unit_test_setup_teardown(test_fs__paging_writes_never_extend, Setup, Teardown), \
    cmocka_unit_test_setup_teardown(test_fs__share_access, Setup, Teardown), \
    cmocka_unit_test_setup_teardown(test_fs__delete_on_close_and_disposition, Setup, Teardown), \
    cmocka_unit_test_setup_teardown(test_fs__posix_delete, Setup, Teardown), \
    cmocka_unit_test_setup_teardown(test_fs__delete_directory, Setup, Teardown), \
    cmocka_unit_test_setup_teardown(test_fs__rename_file, Setup, Teardown), \
    cmocka_unit_test_setup_teardown(test_fs__rename_directory_with_open_files, Setup, Teardown), \
    cmocka_unit_test_setup_teardown(test_fs__rename_replaces, Setup, Teardown), \
    cmocka_unit_test_setup_teardown(test_fs__rename_by_target_directory, Setup, Teardown), \
    cmocka_unit_test_setup_teardown(test_fs__hard_links, Setup, Teardown), \
    cmocka_unit_test_setup_teardown(test_fs__listing, Setup, Teardown), \
    cmocka_unit_test_setup_teardown(test_fs__listing_goes_on_under_changes, Setup, Teardown), \
    cmocka_unit_test_setup_teardown(test_fs__listing_small_buffers, Setup, Teardown), \
    cmocka_unit_test_setup_teardown(test_fs__query_classes, Setup, Teardown), \
    cmocka_unit_test_setup_teardown(test_fs__basic_information, Setup, Teardown), \
    cmocka_unit_test_setup_teardown(test_fs__extended_attributes, Setup, Teardown), \
    cmocka_unit_test_setup_teardown(test_fs__linux_metadata, Setup, Teardown), \
    cmocka_unit_test_setup_teardown(test_fs__symbolic_links, Setup, Teardown), \
    cmocka_unit_test_setup_teardown(test_fs__set_reparse_point, Setup, Teardown), \
    cmocka_unit_test_setup_teardown(test_fs__query_open, Setup, Teardown), \
    cmocka_unit_test_setup_teardown(test_fs__open_by_id, Setup, Teardown), \
    cmocka_unit_test_setup_teardown(test_fs__relative_and_case, Setup, Teardown), \
    cmocka_unit_test_setup_teardown(test_fs__case_of_new_names, Setup, Teardown),    \
    cmocka_unit_test_setup_teardown(test_fs__volume_information, Setup, Teardown), \
    cmocka_unit_test_setup_teardown(test_fs__security, Setup, Teardown), \
    cmocka_unit_test_setup_teardown(test_fs__contexts_torn_down_once, Setup, Teardown), \
    cmocka_unit_test_setup_teardown(test_fs__byte_range_locks, Setup, Teardown), \
    cmocka_unit_test_setup_teardown(test_fs__duplicate_extents, Setup, Teardown), \
    cmocka_unit_test_setup_teardown(test_fs__storm, Setup, Teardown)

#endif
