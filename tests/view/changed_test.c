/* SPDX-License-Identifier: MIT */
/*
 * Changes that no request of the kernel asked for: what the view tells, of which nodes and names, and what it keeps quiet about.  Drivers are
 * played by the file system's box, which sends requests without a view's attachment.
 */
#include "fsbox.h"

#include "view/viewp.h"

static FSBOX *Box;
static view *View;
static const struct view_who Who = { .uid = 0, .gid = 0 };

/* ---- what was told ---- */

enum { TOLD_MAX = 64 };
typedef struct TOLD {
    BOOLEAN Entry;
    view_node Node;
    int64_t Offset;
    CHAR Name[VIEW_NAME_BYTES + 1];
} TOLD;
static TOLD Told[TOLD_MAX];
static ULONG ToldCount, ToldAll;

static void
tell_entry(void *ctx, view_node parent, const char *name, size_t length)
{
    assert_ptr_equal(ctx, &ToldCount);
    assert_true(ToldCount < TOLD_MAX && length <= VIEW_NAME_BYTES);
    TOLD *One = &Told[ToldCount++];
    memset(One, 0, sizeof *One);
    One->Entry = TRUE;
    One->Node = parent;
    memcpy(One->Name, name, length);
}

static void
tell_node(void *ctx, view_node node, int64_t offset, int64_t length)
{
    assert_ptr_equal(ctx, &ToldCount);
    assert_int_equal(length, 0);
    assert_true(ToldCount < TOLD_MAX);
    Told[ToldCount++] = (TOLD){ .Node = node, .Offset = offset };
}

static void
tell_all(void *ctx)
{
    assert_ptr_equal(ctx, &ToldCount);
    ToldAll++;
}

static const struct view_callbacks Callbacks = {
    .ctx = &ToldCount, .invalidate_entry = tell_entry, .invalidate_node = tell_node, .invalidate_all = tell_all
};

static BOOLEAN
told_entry(view_node Parent, const char *Name)
{
    for (ULONG i = 0; i < ToldCount; i++) {
        if (Told[i].Entry && Told[i].Node == Parent && strcmp(Told[i].Name, Name) == 0) {
            return TRUE;
        }
    }
    return FALSE;
}

/* Attributes at least; Data: contents too. */
static BOOLEAN
told_node(view_node Node, BOOLEAN Data)
{
    for (ULONG i = 0; i < ToldCount; i++) {
        if (!Told[i].Entry && Told[i].Node == Node && (!Data || Told[i].Offset == 0)) {
            return TRUE;
        }
    }
    return FALSE;
}

static void
nothing_told(void)
{
    assert_int_equal(ToldCount, 0);
    assert_int_equal(ToldAll, 0);
}

/* ---- the volume and its view ---- */

static const struct view_options Options = { .ttl_ns = 60 * VIEW_DEFAULT_TTL };

static void
begin(BOOLEAN Memory)
{
    Box = FsboxCreate(Memory, NULL);
    assert_int_equal(view_create(&View, Box->Volume->Number, &Options, &Callbacks), 0);
    ToldCount = ToldAll = 0;
}

static void
end(void)
{
    view_destroy(View);
    FsboxDelete(Box);
}

static struct view_entry
look(view_node Parent, const char *Name)
{
    struct view_entry Entry;
    assert_int_equal(view_lookup(View, Parent, Name, strlen(Name), &Who, &Entry), 0);
    return Entry;
}

static void
close_all(PFILE_OBJECT File)
{
    FsboxClose(File);
}

/* ---- requests of the kernel's ---- */

static void
own_requests(void)
{
    struct view_entry Entry, Dir, Linked;
    struct view_open Open;
    struct view_attr Attr;
    uint64_t Ttl;
    size_t Done;
    assert_int_equal(view_mkdir(View, VIEW_ROOT, "d", 1, 0755, &Who, &Dir), 0);
    assert_int_equal(view_create_file(View, VIEW_ROOT, "f", 1, VIEW_O_RDWR, 0644, &Who, &Entry, &Open), 0);
    assert_int_equal(Entry.attr_ttl_ns, Options.ttl_ns);
    assert_int_equal(Entry.entry_ttl_ns, Options.ttl_ns);
    assert_int_equal(view_write(View, Open.handle, "abc", 3, 0, false, false, &Who, &Done), 0);
    assert_int_equal(view_write(View, Open.handle, "xyz", 3, 0, false, true, &Who, &Done), 0);
    struct view_setattr Set = { .valid = VIEW_SET_SIZE | VIEW_SET_MODE | VIEW_SET_MTIME_NOW, .size = 2, .mode = 0600 };
    assert_int_equal(view_setattr(View, Entry.node, NULL, &Set, &Who, &Attr, &Ttl), 0);
    assert_int_equal(view_fallocate(View, Open.handle, 3, 0, 1, &Who), 0);
    assert_int_equal(view_link(View, Entry.node, Dir.node, "g", 1, &Who, &Linked), 0);
    assert_int_equal(view_rename(View, VIEW_ROOT, "f", 1, Dir.node, "h", 1, 0, &Who), 0);
    assert_int_equal(view_rename(View, Dir.node, "h", 1, Dir.node, "g2", 2, 0, &Who), 0);
    assert_int_equal(view_unlink(View, Dir.node, "g", 1, &Who), 0);
    view_release(View, Open.handle);
    assert_int_equal(view_unlink(View, Dir.node, "g2", 2, &Who), 0);
    assert_int_equal(view_rmdir(View, VIEW_ROOT, "d", 1, &Who), 0);
    nothing_told();
    assert_int_equal(atomic_load(&View->Changes), 0);
    view_forget(View, Entry.node, 2);
    view_forget(View, Dir.node, 1);
}

/* ---- requests of a driver's ---- */

static void
driver_changes_a_file(void)
{
    static const LONGLONG Size = 1;
    FILE_BASIC_INFORMATION Basic;
    FsboxPut(Box, L"\\f", "contents");
    struct view_entry Entry = look(VIEW_ROOT, "f");
    ToldCount = 0;
    PFILE_OBJECT File = FsboxFile(Box, L"\\f");
    nothing_told();                            /* opened, not made */
    IO_STATUS_BLOCK Io;
    assert_int_equal(IopWrite(File, "other", 5, 0, 0, KernelMode, &Io), STATUS_SUCCESS);
    assert_true(told_node(Entry.node, TRUE));
    assert_int_equal(ToldCount, 1);
    ToldCount = 0;
    assert_int_equal(FsboxSet(File, FileEndOfFileInformation, &Size, sizeof Size, NULL), STATUS_SUCCESS);
    assert_true(told_node(Entry.node, TRUE));
    ToldCount = 0;
    memset(&Basic, 0, sizeof Basic);
    Basic.LastWriteTime.QuadPart = 131000000000000000;
    assert_int_equal(FsboxSet(File, FileBasicInformation, &Basic, sizeof Basic, NULL), STATUS_SUCCESS);
    assert_true(told_node(Entry.node, FALSE));
    assert_false(told_node(Entry.node, TRUE));
    ToldCount = 0;
    FILE_POSITION_INFORMATION Position = { .CurrentByteOffset.QuadPart = 0 };
    assert_int_equal(FsboxSet(File, FilePositionInformation, &Position, sizeof Position, NULL), STATUS_SUCCESS);
    CHAR Text[8];
    assert_int_equal(IopRead(File, Text, 1, 0, 0, KernelMode, &Io), STATUS_SUCCESS);
    nothing_told();
    close_all(File);
    nothing_told();
    FsboxPut(Box, L"\\f", "");                 /* overwritten */
    assert_true(told_node(Entry.node, TRUE));
    view_forget(View, Entry.node, 1);
}

static void
driver_changes_names(void)
{
    FsboxClose(FsboxDirectory(Box, L"\\d"));
    FsboxPut(Box, L"\\d\\a", "a");
    FsboxPut(Box, L"\\d\\b", "b");
    struct view_entry Dir = look(VIEW_ROOT, "d"), A = look(Dir.node, "a"), B = look(Dir.node, "b");
    ToldCount = 0;
    FsboxPut(Box, L"\\d\\new", "");            /* a name that the kernel does not know; its directory is another one now */
    assert_true(told_node(Dir.node, FALSE));
    assert_true(told_entry(Dir.node, "new"));  /* it may know that there was none */
    ToldCount = 0;
    PFILE_OBJECT File = FsboxFile(Box, L"\\d\\a");
    assert_int_equal(FsboxRename(File, L"\\d\\c", 0, TRUE), STATUS_SUCCESS);
    assert_true(told_node(A.node, FALSE));     /* one link more */
    assert_true(told_node(Dir.node, FALSE));
    ToldCount = 0;
    assert_int_equal(FsboxRename(File, L"\\d\\b", FILE_RENAME_REPLACE_IF_EXISTS | FILE_RENAME_POSIX_SEMANTICS, FALSE), STATUS_SUCCESS);
    assert_true(told_entry(Dir.node, "a"));
    assert_true(told_entry(Dir.node, "b"));
    assert_true(told_node(A.node, FALSE));
    assert_true(told_node(B.node, FALSE));
    ToldCount = 0;
    close_all(File);
    nothing_told();
    view_forget(View, B.node, 1);
    B = look(Dir.node, "b");
    assert_int_equal(B.node, A.node);
    assert_int_equal(FsboxDelete1(Box, L"\\d\\b", FILE_DISPOSITION_DELETE), STATUS_SUCCESS);
    assert_true(told_entry(Dir.node, "b"));
    assert_true(told_node(A.node, FALSE));
    view_forget(View, A.node, 2);
    view_forget(View, Dir.node, 1);
}

/* A driver's disposition that the kernel's own handle carries out, and a driver's handle that is deleted on close. */
static void
driver_deletes_late(void)
{
    FsboxPut(Box, L"\\f", "");
    struct view_entry Entry = look(VIEW_ROOT, "f");
    struct view_open Open;
    PFILE_OBJECT File;
    assert_int_equal(view_open(View, Entry.node, 0, &Who, &Open), 0);
    ToldCount = 0;
    assert_int_equal(FsboxDelete1(Box, L"\\f", FILE_DISPOSITION_DELETE), STATUS_SUCCESS);
    nothing_told();                            /* still there */
    view_release(View, Open.handle);
    assert_true(told_entry(VIEW_ROOT, "f"));
    view_forget(View, Entry.node, 1);
    FsboxPut(Box, L"\\g", "");
    Entry = look(VIEW_ROOT, "g");
    assert_int_equal(FsboxOpen(Box, L"\\g", DELETE, FILE_OPEN, FILE_DELETE_ON_CLOSE, FSBOX_SHARE, &File), STATUS_SUCCESS);
    ToldCount = 0;
    close_all(File);
    assert_true(told_entry(VIEW_ROOT, "g"));
    view_forget(View, Entry.node, 1);
}

/* ---- behind the mount ---- */

static void
told_from_outside(void)
{
    FsboxClose(FsboxDirectory(Box, L"\\d"));
    FsboxPut(Box, L"\\d\\a", "a");
    struct view_entry Dir = look(VIEW_ROOT, "d"), A = look(Dir.node, "a");
    ToldCount = 0;
    view_changed(View, A.attr.ino, 0, NULL, 0, VIEW_CHANGED_DATA);
    assert_int_equal(ToldCount, 1);
    assert_true(told_node(A.node, TRUE));
    ToldCount = 0;
    view_changed(View, A.attr.ino + 100000, Dir.attr.ino + 100000, "a", 1, VIEW_CHANGED_DATA | VIEW_CHANGED_NAMES);
    nothing_told();
    view_changed(View, 0, Dir.attr.ino, "a", 1, VIEW_CHANGED_NAMES);
    assert_true(told_entry(Dir.node, "a"));
    assert_true(told_node(A.node, FALSE));
    assert_true(told_node(Dir.node, FALSE));
    ToldCount = 0;
    struct view_entry None = { 0 };
    assert_int_equal(view_lookup(View, Dir.node, "unknown", 7, &Who, &None), -VIEW_ENOENT);
    assert_int_equal(None.entry_ttl_ns, VIEW_DEFAULT_TTL);   /* kept, but not for long */
    view_changed(View, 0, Dir.attr.ino, "unknown", 7, VIEW_CHANGED_NAMES);
    assert_int_equal(ToldCount, 2);
    assert_true(told_entry(Dir.node, "unknown"));
    assert_true(told_node(Dir.node, FALSE));
    ToldCount = 0;
    view_changed_all(View);
    assert_int_equal(ToldAll, 1);
    view_known(View, &Callbacks);
    assert_true(told_entry(VIEW_ROOT, "d") && told_entry(Dir.node, "a"));
    assert_true(told_node(VIEW_ROOT, TRUE) && told_node(Dir.node, TRUE) && told_node(A.node, TRUE));
    assert_int_equal(ToldCount, 5);
    view_forget(View, A.node, 1);
    view_forget(View, Dir.node, 1);
}

/* A reply that was under way during a change may not be kept. */
static void
overtaken_replies(void)
{
    VIEW_CALL Call;
    uint64_t Ttl;
    assert_int_equal(ViewEnter(&Call, View, &Who), 0);
    Call.Attach.device = View->RootDevice;
    Ttl = Options.ttl_ns;
    ViewTtlLimit(&Call, 5, 6, &Ttl);
    assert_int_equal(Ttl, Options.ttl_ns);
    view_changed(View, 7, 0, NULL, 0, VIEW_CHANGED_DATA);
    ViewTtlLimit(&Call, 5, 6, &Ttl);
    assert_int_equal(Ttl, Options.ttl_ns);
    view_changed(View, 0, 6, "x", 1, VIEW_CHANGED_NAMES);
    ViewTtlLimit(&Call, 5, 0, &Ttl);
    assert_int_equal(Ttl, Options.ttl_ns);
    ViewTtlLimit(&Call, 5, 6, &Ttl);
    assert_int_equal(Ttl, 0);
    Ttl = Options.ttl_ns;
    ViewTtlLimit(&Call, 7, 0, &Ttl);
    assert_int_equal(Ttl, 0);
    ViewLeave(&Call, STATUS_SUCCESS);
    assert_int_equal(ViewEnter(&Call, View, &Who), 0);
    Call.Attach.device = View->RootDevice;
    Ttl = Options.ttl_ns;
    ViewTtlLimit(&Call, 7, 6, &Ttl);
    assert_int_equal(Ttl, Options.ttl_ns);
    Call.Attach.device++;                      /* another file system */
    ViewTtlLimit(&Call, 7, 6, &Ttl);
    assert_int_equal(Ttl, VIEW_DEFAULT_TTL);
    view_changed_all(View);
    ViewTtlLimit(&Call, 7, 6, &Ttl);
    assert_int_equal(Ttl, 0);
    ViewLeave(&Call, STATUS_SUCCESS);
}

static uint64_t
ttl_now(ULONGLONG FileId)
{
    VIEW_CALL Call;
    uint64_t Ttl = Options.ttl_ns;
    assert_int_equal(ViewEnter(&Call, View, &Who), 0);
    Call.Attach.device = View->RootDevice;
    ViewTtlLimit(&Call, FileId, 0, &Ttl);
    ViewLeave(&Call, STATUS_SUCCESS);
    return Ttl;
}

/* A file, then the whole directory, that nobody looks at. */
static void
nobody_looks(void)
{
    struct view_entry Entry;
    FsboxPut(Box, L"\\f", "");
    Entry = look(VIEW_ROOT, "f");
    ToldCount = 0;
    view_unwatched(View, Entry.attr.ino, true);
    assert_true(told_node(Entry.node, TRUE));  /* what the kernel has may be old already */
    view_unwatched(View, Entry.attr.ino, true);
    assert_int_equal(ttl_now(Entry.attr.ino), 0);
    assert_int_equal(ttl_now(Entry.attr.ino + 1), Options.ttl_ns);
    view_unwatched(View, Entry.attr.ino, false);
    assert_int_equal(ttl_now(Entry.attr.ino), 0);
    view_unwatched(View, Entry.attr.ino, false);
    assert_int_equal(ttl_now(Entry.attr.ino), Options.ttl_ns);
    view_untold(View);
    assert_int_equal(ToldAll, 1);
    assert_int_equal(ttl_now(Entry.attr.ino), VIEW_DEFAULT_TTL);
    view_forget(View, Entry.node, 1);
}

#define BOTH(Case)                                                                                                         \
    static void test_view_changed__##Case##_memfs(void **state)                                                            \
    {                                                                                                                      \
        (void)state;                                                                                                       \
        begin(TRUE);                                                                                                       \
        Case();                                                                                                            \
        end();                                                                                                             \
    }                                                                                                                      \
    static void test_view_changed__##Case##_hostfs(void **state)                                                           \
    {                                                                                                                      \
        (void)state;                                                                                                       \
        begin(FALSE);                                                                                                      \
        Case();                                                                                                            \
        end();                                                                                                             \
    }
#define TESTS(Case) cmocka_unit_test(test_view_changed__##Case##_memfs), cmocka_unit_test(test_view_changed__##Case##_hostfs)
BOTH(own_requests)
BOTH(driver_changes_a_file)
BOTH(driver_changes_names)
BOTH(driver_deletes_late)
BOTH(told_from_outside)
BOTH(overtaken_replies)
BOTH(nobody_looks)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TESTS(own_requests), TESTS(driver_changes_a_file), TESTS(driver_changes_names), TESTS(driver_deletes_late),
        TESTS(told_from_outside), TESTS(overtaken_replies), TESTS(nobody_looks),
    };
    return cmocka_run_group_tests_name("view_changed", tests, NULL, NULL);
}
