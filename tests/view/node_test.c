/* SPDX-License-Identifier: MIT */
/* ctest-labels: unit;concurrent */
/* Nodes and links by themselves: identity, names, lifetimes, and many threads at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "view/viewp.h"

static VIEW *
make_view(void)
{
    VIEW *View = port_alloc_zeroed(sizeof *View);
    atomic_store(&View->Generation, 1);
    View->Root = ViewNodeGet(View, 2, VIEW_S_IFDIR | 0755, FALSE);
    assert_non_null(View->Root);
    return View;
}

static void
end_view(VIEW *View)
{
    ViewTablesDestroy(View);
    port_free(View);
}

static void
check_path(VIEW *View, VIEW_NODE *Node, ULONG Which, const WCHAR *Expected)
{
    WCHAR Buffer[256];
    UNICODE_STRING Path;
    NTSTATUS Status = ViewPath(View, Node, Which, NULL, 0, Buffer, sizeof Buffer, &Path);
    if (Expected == NULL) {
        assert_int_equal(Status, STATUS_OBJECT_NAME_NOT_FOUND);
        return;
    }
    ULONG Length = 0;
    while (Expected[Length] != 0) {
        Length++;
    }
    assert_int_equal(Status, STATUS_SUCCESS);
    assert_int_equal(Path.Length, Length * sizeof(WCHAR));
    assert_memory_equal(Path.Buffer, Expected, Path.Length);
}

#define ADD(Node, Parent, Name) assert_true(ViewLinkAdd(View, Node, Parent, Name, sizeof(Name) - sizeof(WCHAR)))
#define REMOVE(Parent, Name) ViewLinkRemove(View, Parent, Name, sizeof(Name) - sizeof(WCHAR))

static void
test_view_node__paths_follow_renames(void **state)
{
    (void)state;
    VIEW *View = make_view();
    VIEW_NODE *Dir = ViewNodeGet(View, 10, VIEW_S_IFDIR, FALSE), *File = ViewNodeGet(View, 11, VIEW_S_IFREG, FALSE);
    check_path(View, View->Root, 0, L"\\");
    check_path(View, File, 0, NULL);
    ADD(Dir, View->Root, L"dir");
    ADD(File, Dir, L"file");
    check_path(View, File, 0, L"\\dir\\file");
    check_path(View, File, 1, NULL);
    ADD(Dir, View->Root, L"other");
    REMOVE(View->Root, L"dir");
    check_path(View, File, 0, L"\\other\\file");
    /* the most recent link first, every live one kept */
    ADD(File, View->Root, L"second");
    check_path(View, File, 0, L"\\second");
    check_path(View, File, 1, L"\\other\\file");
    ADD(File, Dir, L"file");
    check_path(View, File, 0, L"\\other\\file");
    check_path(View, File, 1, L"\\second");
    check_path(View, File, 2, NULL);
    REMOVE(Dir, L"file");
    check_path(View, File, 0, L"\\second");
    REMOVE(View->Root, L"second");
    check_path(View, File, 0, NULL);
    REMOVE(View->Root, L"second");
    ViewNodeRelease(View, File, 1);
    ViewNodeRelease(View, Dir, 1);
    end_view(View);
}

static void
test_view_node__name_taken_over(void **state)
{
    (void)state;
    VIEW *View = make_view();
    VIEW_NODE *Old = ViewNodeGet(View, 20, VIEW_S_IFREG, FALSE), *New = ViewNodeGet(View, 21, VIEW_S_IFREG, FALSE);
    ADD(Old, View->Root, L"name");
    ADD(New, View->Root, L"name");
    check_path(View, Old, 0, NULL);
    check_path(View, New, 0, L"\\name");
    VIEW_NODE *Found = ViewLinkFind(View, View->Root, L"name", 8);
    assert_ptr_equal(Found, New);
    ViewNodeRelease(View, Found, 1);
    ViewNodeRelease(View, Old, 1);
    ViewNodeRelease(View, New, 1);
    assert_null(ViewLinkFind(View, View->Root, L"name", 8));
    end_view(View);
}

static void
test_view_node__identity(void **state)
{
    (void)state;
    VIEW *View = make_view();
    VIEW_NODE *A = ViewNodeGet(View, 30, VIEW_S_IFREG, FALSE);
    assert_ptr_equal(ViewNodeGet(View, 30, VIEW_S_IFREG, FALSE), A);
    ViewNodeRelease(View, A, 2);
    A = ViewNodeGet(View, 31, VIEW_S_IFREG, FALSE);
    /* created just now with an id that was used before: another file (inv. 1) */
    VIEW_NODE *B = ViewNodeGet(View, 31, VIEW_S_IFREG, TRUE);
    assert_ptr_not_equal(A, B);
    assert_int_not_equal(A->Generation, B->Generation);
    assert_ptr_equal(ViewNodeGet(View, 31, VIEW_S_IFREG, FALSE), B);
    /* another type: another file */
    VIEW_NODE *C = ViewNodeGet(View, 31, VIEW_S_IFDIR, FALSE);
    assert_ptr_not_equal(B, C);
    ViewNodeRelease(View, A, 1);
    ViewNodeRelease(View, B, 2);
    ViewNodeRelease(View, C, 1);
    assert_null(View->Orphans);
    end_view(View);
}

static void
test_view_node__children_keep_parents(void **state)
{
    (void)state;
    VIEW *View = make_view();
    VIEW_NODE *Parent = View->Root, *Nodes[200];
    for (ULONG i = 0; i < 200; i++) {
        Nodes[i] = ViewNodeGet(View, 100 + i, VIEW_S_IFDIR, FALSE);
        ADD(Nodes[i], Parent, L"x");
        Parent = Nodes[i];
    }
    for (ULONG i = 0; i < 199; i++) {
        ViewNodeRelease(View, Nodes[i], 1);    /* forgotten from the top: each is kept by the link below it */
    }
    WCHAR Small[100], Large[600];
    UNICODE_STRING Path;
    assert_int_equal(ViewPath(View, Nodes[199], 0, NULL, 0, Small, sizeof Small, &Path), STATUS_NAME_TOO_LONG);
    assert_int_equal(ViewPath(View, Nodes[199], 0, NULL, 0, Large, sizeof Large, &Path), STATUS_SUCCESS);
    assert_int_equal(Path.Length, 800);
    ViewNodeRelease(View, Nodes[199], 1);      /* and now all of them go */
    ULONG Left = 0;
    for (ULONG i = 0; i < VIEW_SHARDS; i++) {
        Left += View->Ids[i].Count;
        assert_int_equal(View->Names[i].Count, 0);
    }
    assert_int_equal(Left, 1);
    end_view(View);
}

/* ---- many threads ---- */

enum { THREADS = 4, FILES = 8 };
static struct { VIEW *View; VIEW_NODE *Dirs[2]; ULONG Rounds; } Storm;

static void
storm(void *Argument)
{
    VIEW *View = Storm.View;
    ULONGLONG Random = (ULONG_PTR)Argument * 0x9e3779b97f4a7c15ull + 1;
    for (ULONG i = 0; i < Storm.Rounds; i++) {
        Random = Random * 6364136223846793005ull + 1442695040888963407ull;
        ULONG Pick = (ULONG)(Random >> 33);
        WCHAR Name[2] = { (WCHAR)(L'a' + Pick % FILES), (WCHAR)(L'0' + (Pick >> 8) % 2) };
        VIEW_NODE *Dir = Storm.Dirs[(Pick >> 4) % 2];
        VIEW_NODE *Node = ViewNodeGet(View, 1000 + (Pick >> 12) % FILES, VIEW_S_IFREG, (Pick >> 20) % 16 == 0);
        assert_non_null(Node);
        assert_true(ViewLinkAdd(View, Node, Dir, Name, sizeof Name));
        WCHAR Buffer[64];
        UNICODE_STRING Path;
        for (ULONG Which = 0; Which < 3; Which++) {
            if (NT_SUCCESS(ViewPath(View, Node, Which, NULL, 0, Buffer, sizeof Buffer, &Path))) {
                assert_int_equal(Path.Buffer[0], L'\\');
                assert_int_equal(Path.Length, 12);
            }
        }
        VIEW_NODE *Found = ViewLinkFind(View, Dir, Name, sizeof Name);
        if (Found != NULL) {
            ViewNodeRelease(View, Found, 1);
        }
        if (Pick & 1) {
            ViewLinkRemove(View, Dir, Name, sizeof Name);
        }
        ViewNodeRelease(View, Node, 1);
    }
}

static void
test_view_node__storm(void **state)
{
    (void)state;
    VIEW *View = make_view();
    Storm.View = View;
    Storm.Rounds = 20000;
    for (ULONG i = 0; i < 2; i++) {
        WCHAR Name[2] = { L'd', (WCHAR)(L'0' + i) };
        Storm.Dirs[i] = ViewNodeGet(View, 50 + i, VIEW_S_IFDIR, FALSE);
        assert_true(ViewLinkAdd(View, Storm.Dirs[i], View->Root, Name, sizeof Name));
    }
    port_thread *Threads[THREADS];
    for (ULONG_PTR i = 0; i < THREADS; i++) {
        assert_int_equal(port_thread_start(&Threads[i], storm, (void *)(i + 1), "storm"), 0);
    }
    for (ULONG i = 0; i < THREADS; i++) {
        port_thread_join(Threads[i]);
    }
    ViewNodeRelease(View, Storm.Dirs[0], 1);
    ViewNodeRelease(View, Storm.Dirs[1], 1);
    ULONG Left = 0;
    for (ULONG i = 0; i < VIEW_SHARDS; i++) {
        Left += View->Ids[i].Count + View->Names[i].Count;
    }
    assert_int_equal(Left, 1);                 /* the root: every link went with its node */
    assert_null(View->Orphans);
    end_view(View);
}

static void
test_view_errno__table(void **state)
{
    (void)state;
    struct iop_attachment Attach = { .magic = IOP_ATTACH_MAGIC };
    assert_int_equal(ViewErrno(STATUS_SUCCESS), 0);
    assert_int_equal(ViewErrno(STATUS_OBJECT_NAME_NOT_FOUND), VIEW_ENOENT);
    assert_int_equal(ViewErrno(STATUS_ACCESS_DENIED), VIEW_EACCES);
    assert_int_equal(ViewErrno(STATUS_REPARSE), VIEW_ELOOP);
    assert_int_equal(ViewErrno((NTSTATUS)0xC0DEC0DE), VIEW_EIO);
    /* the base file system's errno, unless a filter decided otherwise */
    Attach.host_errno = VIEW_EPERM;
    assert_int_equal(ViewErrnoExact(STATUS_ACCESS_DENIED, &Attach), VIEW_EPERM);
    Attach.host_status = STATUS_ACCESS_DENIED;
    assert_int_equal(ViewErrnoExact(STATUS_ACCESS_DENIED, &Attach), VIEW_EPERM);
    assert_int_equal(ViewErrnoExact(STATUS_DISK_FULL, &Attach), VIEW_ENOSPC);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_view_node__paths_follow_renames), cmocka_unit_test(test_view_node__name_taken_over),
        cmocka_unit_test(test_view_node__identity),             cmocka_unit_test(test_view_node__children_keep_parents),
        cmocka_unit_test(test_view_node__storm),                cmocka_unit_test(test_view_errno__table),
    };
    return cmocka_run_group_tests_name("view_node", tests, NULL, NULL);
}
