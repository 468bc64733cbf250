/* SPDX-License-Identifier: MIT */
/*
 * What goes down the stack for each kind of operation, seen by a legacy filter on top of an in-memory volume: majors in order, always
 * in the caller's name (UserMode) but for CLEANUP and CLOSE, and nothing beside them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host/host.h"
#include "view/viewp.h"

/* ---- the filter ---- */

typedef struct SEEN {
    UCHAR Major, Minor, Mode;
    ULONG Options, Access, Class, Process;
    BOOLEAN Target;
} SEEN;
static SEEN Seen[256];
static _Atomic(ULONG) SeenCount;
static PDEVICE_OBJECT Lower, Watcher;
static WCHAR Instead;                          /* renames get this name, if it is not 0 */

static NTSTATUS
Watch(PDEVICE_OBJECT Device, PIRP Irp)
{
    UNREFERENCED_PARAMETER(Device);
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    ULONG At = atomic_fetch_add(&SeenCount, 1);
    if (At < RTL_NUMBER_OF(Seen)) {
        SEEN *One = &Seen[At];
        memset(One, 0, sizeof *One);
        One->Major = Stack->MajorFunction;
        One->Minor = Stack->MinorFunction;
        One->Mode = (UCHAR)Irp->RequestorMode;
        One->Process = (ULONG)(ULONG_PTR)PsGetProcessId(IoGetRequestorProcess(Irp));
        if (One->Major == IRP_MJ_CREATE) {
            One->Options = Stack->Parameters.Create.Options;
            One->Access = Stack->Parameters.Create.SecurityContext->DesiredAccess;
        } else if (One->Major == IRP_MJ_SET_INFORMATION) {
            One->Class = Stack->Parameters.SetFile.FileInformationClass;
            One->Target = Stack->Parameters.SetFile.FileObject != NULL;
            if (Instead != 0 && One->Class == FileRenameInformationEx) {
                ((PFILE_RENAME_INFORMATION)Irp->AssociatedIrp.SystemBuffer)->FileName[0] = Instead;
            }
        } else if (One->Major == IRP_MJ_QUERY_INFORMATION) {
            One->Class = Stack->Parameters.QueryFile.FileInformationClass;
        } else if (One->Major == IRP_MJ_FILE_SYSTEM_CONTROL) {
            One->Class = Stack->Parameters.FileSystemControl.FsControlCode;
        }
    }
    IoSkipCurrentIrpStackLocation(Irp);
    return IoCallDriver(Lower, Irp);
}

static NTSTATUS
WatchEntry(PDRIVER_OBJECT Driver, PUNICODE_STRING RegistryPath)
{
    UNREFERENCED_PARAMETER(RegistryPath);
    for (ULONG i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++) {
        Driver->MajorFunction[i] = Watch;
    }
    return IoCreateDevice(Driver, 0, NULL, FILE_DEVICE_DISK_FILE_SYSTEM, 0, FALSE, &Watcher);
}

/* ---- the view ---- */

static view *View;
static struct view_who Who = { .uid = 0, .gid = 0 };

/* Names of the root that the kernel was told to forget, one letter each. */
static CHAR Forgotten[16];

static void
forget_entry(void *ctx, view_node parent, const char *name, size_t length)
{
    (void)ctx;
    if (parent == VIEW_ROOT && length == 1 && strlen(Forgotten) + 1 < sizeof Forgotten) {
        strncat(Forgotten, name, 1);
    }
}

static void
forget_node(void *ctx, view_node node, int64_t offset, int64_t length)
{
    (void)ctx;
    (void)node;
    (void)offset;
    (void)length;
}

static const CHAR *
name_of(UCHAR Major)
{
    static const CHAR *const Names[] = {
        [IRP_MJ_CREATE] = "CREATE", [IRP_MJ_CLOSE] = "CLOSE", [IRP_MJ_READ] = "READ", [IRP_MJ_WRITE] = "WRITE",
        [IRP_MJ_QUERY_INFORMATION] = "QUERY", [IRP_MJ_SET_INFORMATION] = "SET", [IRP_MJ_QUERY_EA] = "QUERY_EA",
        [IRP_MJ_SET_EA] = "SET_EA", [IRP_MJ_FLUSH_BUFFERS] = "FLUSH", [IRP_MJ_QUERY_VOLUME_INFORMATION] = "VOLUME",
        [IRP_MJ_DIRECTORY_CONTROL] = "DIRECTORY", [IRP_MJ_FILE_SYSTEM_CONTROL] = "FSCTL", [IRP_MJ_CLEANUP] = "CLEANUP",
    };
    return Major < RTL_NUMBER_OF(Names) && Names[Major] != NULL ? Names[Major] : "?";
}

/* Compares what was seen since the last call. */
static void
expect(const CHAR *Expected)
{
    CHAR Text[1024] = "";
    ULONG Count = atomic_exchange(&SeenCount, 0);
    for (ULONG i = 0; i < Count; i++) {
        if (i != 0) {
            strcat(Text, " ");
        }
        strcat(Text, name_of(Seen[i].Major));
        if (Seen[i].Major != IRP_MJ_CLEANUP && Seen[i].Major != IRP_MJ_CLOSE) {
            assert_int_equal(Seen[i].Mode, UserMode);
        }
        if (Seen[i].Major != IRP_MJ_CLOSE) {
            assert_int_equal(Seen[i].Process, port_process_id());
        }
    }
    assert_string_equal(Text, Expected);
}

static view_node
lookup(view_node Parent, const char *Name)
{
    struct view_entry Entry;
    assert_int_equal(view_lookup(View, Parent, Name, strlen(Name), &Who, &Entry), 0);
    assert_int_equal(Entry.attr_ttl_ns, 0);    /* the next stat asks the filters */
    assert_int_equal(Entry.entry_ttl_ns, 0);
    return Entry.node;
}

static void
test_view_rows__files(void **state)
{
    (void)state;
    struct view_entry Entry;
    struct view_open Open;
    struct view_attr Attr;
    uint64_t Ttl;
    char Data[16] = "data";
    size_t Done;
    assert_int_equal(view_create_file(View, VIEW_ROOT, "f", 1, VIEW_O_RDWR | VIEW_O_EXCL, 0644, &Who, &Entry, &Open), 0);
    assert_int_equal(Seen[0].Options >> 24, FILE_CREATE);
    assert_true(Seen[0].Options & FILE_NON_DIRECTORY_FILE);
    expect("CREATE");
    assert_int_equal(Open.regime, VIEW_REGIME_DIRECT);   /* somebody watches */
    assert_int_equal(view_write(View, Open.handle, Data, 4, 0, false, false, &Who, &Done), 0);
    assert_int_equal(view_read(View, Open.handle, Data, 16, 0, &Who, &Done), 0);
    assert_int_equal(view_read(View, Open.handle, Data, 16, 100, &Who, &Done), 0);
    assert_int_equal(Done, 0);
    expect("WRITE READ READ");
    assert_int_equal(view_getattr(View, Entry.node, Open.handle, &Who, &Attr, &Ttl), 0);
    expect("QUERY");
    assert_int_equal(view_fsync(View, Open.handle, false, &Who), 0);
    expect("FLUSH");
    struct view_setattr Set = { .valid = VIEW_SET_SIZE, .size = 2 };
    assert_int_equal(view_setattr(View, Entry.node, Open.handle, &Set, &Who, &Attr, &Ttl), 0);
    assert_int_equal(Seen[0].Class, FileEndOfFileInformation);
    expect("SET");
    view_release(View, Open.handle);
    expect("CLEANUP CLOSE");
    view_forget(View, Entry.node, 1);
}

static void
test_view_rows__stat_and_lookup(void **state)
{
    (void)state;
    struct view_attr Attr;
    uint64_t Ttl;
    view_node Node = lookup(VIEW_ROOT, "f");
    expect("");                                /* resolved below the stack */
    assert_int_equal(view_getattr(View, Node, NULL, &Who, &Attr, &Ttl), 0);
    assert_int_equal(Seen[0].Access & ~(ULONG)SYNCHRONIZE, FILE_READ_ATTRIBUTES);
    assert_int_equal(Seen[1].Class, FileStatLxInformation);
    expect("CREATE QUERY CLEANUP CLOSE");
    assert_int_equal(Ttl, 0);
    struct view_entry Entry;
    assert_int_equal(view_lookup(View, VIEW_ROOT, "absent", 6, &Who, &Entry), -VIEW_ENOENT);
    assert_int_equal(Entry.entry_ttl_ns, 0);
    assert_int_equal(Seen[0].Options >> 24, FILE_OPEN);
    expect("CREATE");                          /* a filter may know where it leads */
    view_forget(View, Node, 1);
}

static void
test_view_rows__metadata(void **state)
{
    (void)state;
    struct view_attr Attr;
    uint64_t Ttl;
    view_node Node = lookup(VIEW_ROOT, "f");
    struct view_setattr Mode = { .valid = VIEW_SET_MODE, .mode = 0600 };
    assert_int_equal(view_setattr(View, Node, NULL, &Mode, &Who, &Attr, &Ttl), 0);
    expect("CREATE SET_EA CLEANUP CLOSE");
    struct view_setattr Times = { .valid = VIEW_SET_MTIME, .mtime = 1000 };
    assert_int_equal(view_setattr(View, Node, NULL, &Times, &Who, &Attr, &Ttl), 0);
    assert_int_equal(Seen[1].Class, FileBasicInformation);
    expect("CREATE SET CLEANUP CLOSE");
    struct view_setattr Kill = { .valid = VIEW_SET_KILL_SUIDGID };
    assert_int_equal(view_setattr(View, Node, NULL, &Kill, &Who, &Attr, &Ttl), 0);
    expect("");                                /* the bits are known to be clear */
    size_t Length;
    char Value[16];
    assert_int_equal(view_setxattr(View, Node, "user.a", "v", 1, 0, &Who), 0);
    expect("CREATE SET_EA CLEANUP CLOSE");
    assert_int_equal(view_getxattr(View, Node, "user.a", Value, sizeof Value, &Length, &Who), 0);
    expect("CREATE QUERY_EA CLEANUP CLOSE");
    struct view_statfs Sizes;
    assert_int_equal(view_statfs(View, &Sizes, &Who), 0);
    expect("CREATE VOLUME CLEANUP CLOSE");
    view_forget(View, Node, 1);
}

static bool
ignore_entry(void *ctx, const char *name, size_t length, uint64_t cookie, const struct view_entry *entry)
{
    (void)name;
    (void)length;
    (void)cookie;
    (void)entry;
    ++*(unsigned *)ctx;
    return true;
}

/* A rename that a filter made another one of, and one that it left alone. */
static void
test_view_rows__renamed_otherwise(void **state)
{
    (void)state;
    Forgotten[0] = 0;
    assert_int_equal(view_rename(View, VIEW_ROOT, "f", 1, VIEW_ROOT, "g", 1, 0, &Who), 0);
    assert_string_equal(Forgotten, "");
    Instead = L'h';
    assert_int_equal(view_rename(View, VIEW_ROOT, "g", 1, VIEW_ROOT, "x", 1, 0, &Who), 0);
    Instead = 0;
    assert_string_equal(Forgotten, "gx");
    Forgotten[0] = 0;
    assert_int_equal(view_rename(View, VIEW_ROOT, "h", 1, VIEW_ROOT, "f", 1, 0, &Who), 0);
    assert_string_equal(Forgotten, "");
    atomic_store(&SeenCount, 0);
}

static void
test_view_rows__names(void **state)
{
    (void)state;
    struct view_entry Entry;
    assert_int_equal(view_mkdir(View, VIEW_ROOT, "d", 1, 0755, &Who, &Entry), 0);
    view_node Dir = Entry.node;
    assert_true(Seen[0].Options & FILE_DIRECTORY_FILE);
    expect("CREATE CLEANUP CLOSE");
    assert_int_equal(view_rename(View, VIEW_ROOT, "f", 1, VIEW_ROOT, "g", 1, 0, &Who), 0);
    assert_true(Seen[0].Access & DELETE);
    assert_int_equal(Seen[1].Class, FileRenameInformationEx);
    assert_false(Seen[1].Target);
    expect("CREATE SET CLEANUP CLOSE");
    assert_int_equal(view_rename(View, VIEW_ROOT, "g", 1, Dir, "g", 1, 0, &Who), 0);
    /* the target's directory is opened beside, as the I/O manager does it */
    assert_int_equal(Seen[2].Class, FileRenameInformationEx);
    assert_true(Seen[2].Target);
    expect("CREATE CREATE SET CLEANUP CLOSE CLEANUP CLOSE");
    view_node File = lookup(Dir, "g");
    assert_int_equal(view_link(View, File, VIEW_ROOT, "h", 1, &Who, &Entry), 0);
    assert_int_equal(Seen[2].Class, FileLinkInformationEx);
    expect("CREATE CREATE SET CLEANUP CLOSE CLEANUP CLOSE");
    view_forget(View, File, 2);
    assert_int_equal(view_unlink(View, VIEW_ROOT, "h", 1, &Who), 0);
    assert_int_equal(Seen[1].Class, FileDispositionInformationEx);
    expect("CREATE SET CLEANUP CLOSE");
    assert_int_equal(view_rmdir(View, VIEW_ROOT, "d", 1, &Who), -VIEW_ENOTEMPTY);
    expect("CREATE SET CLEANUP CLOSE");
    view_handle *List;
    unsigned Count = 0;
    assert_int_equal(view_opendir(View, Dir, 0, &Who, &List), 0);
    assert_int_equal(view_readdir(View, List, 0, false, &Who, ignore_entry, &Count), 0);
    assert_int_equal(Count, 3);
    view_release(View, List);
    expect("CREATE DIRECTORY DIRECTORY CLEANUP CLOSE");
    assert_int_equal(view_unlink(View, Dir, "g", 1, &Who), 0);
    assert_int_equal(view_rmdir(View, VIEW_ROOT, "d", 1, &Who), 0);
    expect("CREATE SET CLEANUP CLOSE CREATE SET CLEANUP CLOSE");
    view_forget(View, Dir, 1);
}

static void
test_view_rows__end_closes_handles(void **state)
{
    (void)state;
    struct view_entry Entry;
    struct view_open Open;
    view_handle *List;
    assert_int_equal(view_create_file(View, VIEW_ROOT, "left", 4, VIEW_O_RDWR, 0644, &Who, &Entry, &Open), 0);
    assert_int_equal(view_opendir(View, VIEW_ROOT, 0, &Who, &List), 0);
    atomic_store(&SeenCount, 0);
    view_destroy(View);
    View = NULL;
    expect("CLEANUP CLOSE CLEANUP CLOSE");
}

static const struct view_callbacks Callbacks = { .invalidate_entry = forget_entry, .invalidate_node = forget_node };

static int
group_setup(void **state)
{
    (void)state;
    struct host_nt_volume Volume = { .number = 1, .fd = -1 };
    PDRIVER_OBJECT Driver;
    if (!HOST_STATUS_OK(host_nt_start(NULL)) || !HOST_STATUS_OK(host_nt_volume_add(&Volume))) {
        return -1;
    }
    if (view_create(&View, 1, NULL, &Callbacks) != 0) {
        return -1;
    }
    UNICODE_STRING Path = { 0 };
    if (!NT_SUCCESS(IopLoadDriver("watch", WatchEntry, &Path, vf_owner_create("watch"), FALSE, &Driver))) {
        return -1;
    }
    Who.pid = port_thread_id();
    NTSTATUS Status = IoAttachDeviceToDeviceStackSafe(Watcher, View->VolumeDevice, &Lower);
    Watcher->Flags &= ~(ULONG)DO_DEVICE_INITIALIZING;
    return NT_SUCCESS(Status) ? 0 : -1;
}

static int
group_teardown(void **state)
{
    (void)state;
    IoDetachDevice(Lower);
    IoDeleteDevice(Watcher);
    host_nt_volume_remove(1);
    host_nt_stop();
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_view_rows__files), cmocka_unit_test(test_view_rows__stat_and_lookup),
        cmocka_unit_test(test_view_rows__metadata), cmocka_unit_test(test_view_rows__renamed_otherwise),
        cmocka_unit_test(test_view_rows__names),
        cmocka_unit_test(test_view_rows__end_closes_handles),
    };
    return cmocka_run_group_tests_name("view_rows", tests, group_setup, group_teardown);
}
