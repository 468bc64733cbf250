/* SPDX-License-Identifier: MIT */
/* Name expressions, dissection, wild cards, reparse buffers, extra create parameters. */
#include "tfs.h"

#include <string.h>

static int
Setup(void **State)
{
    UNREFERENCED_PARAMETER(State);
    TfsBoot();
    return 0;
}

static void
test_fsrtl_name__expressions(void **State)
{
    static const struct {
        const WCHAR *Expression, *Name;
        BOOLEAN IgnoreCase, Match;
    } Rows[] = {
        {L"", L"", FALSE, TRUE},
        {L"*", L"", FALSE, FALSE},             /* documented: "*" does not match the empty string */
        {L"", L"a", FALSE, FALSE},
        {L"*", L"a", FALSE, TRUE},
        {L"abc", L"abc", FALSE, TRUE},
        {L"abc", L"abd", FALSE, FALSE},
        {L"abc", L"ABC", FALSE, FALSE},
        {L"ABC", L"abc", TRUE, TRUE},
        {L"abc", L"ABC", TRUE, FALSE},         /* documented: the expression must be upper case */
        {L"a*c", L"ac", FALSE, TRUE},
        {L"a*c", L"abbbc", FALSE, TRUE},
        {L"a*c", L"abbb", FALSE, FALSE},
        {L"*.TXT", L"file.txt", TRUE, TRUE},
        {L"*.TXT", L"file.txt.bak", TRUE, FALSE},
        {L"*a*b*", L"xxaxxbxx", FALSE, TRUE},
        {L"*a*b*", L"xxbxxaxx", FALSE, FALSE},
        {L"a?c", L"abc", FALSE, TRUE},
        {L"a?c", L"ac", FALSE, FALSE},
        {L"a?", L"a", FALSE, FALSE},
        {L"a>", L"a", FALSE, TRUE},            /* DOS_QM: nothing at the end … */
        {L"a>>>", L"ab", FALSE, TRUE},
        {L"a>>>.txt", L"ab.txt", FALSE, TRUE}, /* … or before a dot */
        {L"a>b", L"ab", FALSE, FALSE},
        {L"a>b", L"a.b", FALSE, FALSE},        /* not a dot itself */
        {L"a\"", L"a", FALSE, TRUE},           /* DOS_DOT */
        {L"a\"", L"a.", FALSE, TRUE},
        {L"a\"b", L"a.b", FALSE, TRUE},
        {L"a\"b", L"axb", FALSE, FALSE},
        {L"<", L"name", FALSE, TRUE},          /* DOS_STAR: up to the last dot */
        {L"<", L"name.ext", FALSE, FALSE},
        {L"<.txt", L"a.b.txt", FALSE, TRUE},
        {L"<.b.txt", L"a.b.txt", FALSE, TRUE},
        {L"<b", L"a.b", FALSE, TRUE},
        {L"<\"*", L"noext", FALSE, TRUE},      /* what *.* becomes */
        {L"<\"*", L"a.b.c", FALSE, TRUE},
        {L"****************************b", L"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", FALSE, FALSE}};

    UNREFERENCED_PARAMETER(State);
    for (ULONG i = 0; i < ARRAYSIZE(Rows); i++) {
        UNICODE_STRING Expression, Name;
        TfsString(&Expression, Rows[i].Expression);
        TfsString(&Name, Rows[i].Name);
        if (FsRtlIsNameInExpression(&Expression, &Name, Rows[i].IgnoreCase, NULL) != Rows[i].Match) {
            print_message("row %u\n", i);
            fail();
        }
    }
    UNICODE_STRING Expression, Name;
    TfsString(&Expression, L"a*Z");
    TfsString(&Name, L"AbcZ");
    assert_true(FsRtlIsNameInUnUpcasedExpression(&Expression, &Name, TRUE, NULL));
}

static void
test_fsrtl_name__long_expression(void **State)
{
    static WCHAR Text[2000], Pattern[2000];
    UNICODE_STRING Expression, Name;
    UNREFERENCED_PARAMETER(State);
    for (ULONG i = 0; i < 1500; i++) {
        Text[i] = L'a';
        Pattern[i] = i % 2 != 0 ? L'*' : L'a';
    }
    TfsString(&Name, Text);
    TfsString(&Expression, Pattern);
    assert_true(FsRtlIsNameInExpression(&Expression, &Name, FALSE, NULL));
    Pattern[1499] = L'b';
    assert_false(FsRtlIsNameInExpression(&Expression, &Name, FALSE, NULL));
}

static void
test_fsrtl_name__dissect(void **State)
{
    static const struct {
        const WCHAR *Path, *First, *Rest;
    } Rows[] = {{L"", L"", L""},           {L"A", L"A", L""},      {L"A\\B\\C", L"A", L"B\\C"}, {L"\\A\\B", L"A", L"B"},
                {L"\\A", L"A", L""},       {L"\\", L"", L""},      {L"A\\", L"A", L""},         {L"*A", L"*A", L""},
                {L"\\\\A", L"", L"A"}};

    UNREFERENCED_PARAMETER(State);
    for (ULONG i = 0; i < ARRAYSIZE(Rows); i++) {
        UNICODE_STRING Path, First, Rest, Expected;
        TfsString(&Path, Rows[i].Path);
        FsRtlDissectName(Path, &First, &Rest);
        TfsString(&Expected, Rows[i].First);
        assert_true(FsRtlAreNamesEqual(&First, &Expected, FALSE, NULL));
        TfsString(&Expected, Rows[i].Rest);
        assert_true(FsRtlAreNamesEqual(&Rest, &Expected, FALSE, NULL));
    }
}

static void
test_fsrtl_name__wild_cards_and_equality(void **State)
{
    static const WCHAR *const Wild[] = {L"*", L"a?b", L"a<", L">", L"x\"", L"dir\\*.c"};
    UNICODE_STRING A, B;
    UNREFERENCED_PARAMETER(State);
    for (ULONG i = 0; i < ARRAYSIZE(Wild); i++) {
        TfsString(&A, Wild[i]);
        assert_true(FsRtlDoesNameContainWildCards(&A));
    }
    TfsString(&A, L"plain.name[1];+,=");
    assert_false(FsRtlDoesNameContainWildCards(&A));
    TfsString(&A, L"Straße");
    TfsString(&B, L"sTRAßE");
    assert_true(FsRtlAreNamesEqual(&A, &B, TRUE, NULL));
    assert_false(FsRtlAreNamesEqual(&A, &B, FALSE, NULL));
    TfsString(&B, L"Straß");
    assert_false(FsRtlAreNamesEqual(&A, &B, TRUE, NULL));
}

static void
test_fsrtl_name__status_classes(void **State)
{
    UNREFERENCED_PARAMETER(State);
    assert_false(FsRtlIsNtstatusExpected(STATUS_ACCESS_VIOLATION));
    assert_false(FsRtlIsNtstatusExpected(STATUS_DATATYPE_MISALIGNMENT));
    assert_false(FsRtlIsNtstatusExpected(STATUS_ILLEGAL_INSTRUCTION));
    assert_false(FsRtlIsNtstatusExpected(STATUS_INSTRUCTION_MISALIGNMENT));
    assert_true(FsRtlIsNtstatusExpected(STATUS_DISK_FULL));
    assert_int_equal(FsRtlNormalizeNtstatus(STATUS_ACCESS_VIOLATION, STATUS_UNSUCCESSFUL), STATUS_UNSUCCESSFUL);
}

static void
test_fsrtl_name__reparse_buffers(void **State)
{
    union {
        REPARSE_DATA_BUFFER Reparse;
        UCHAR Bytes[256];
    } Buffer;
    const ULONG Front = FIELD_OFFSET(REPARSE_DATA_BUFFER, SymbolicLinkReparseBuffer.PathBuffer) - REPARSE_DATA_BUFFER_HEADER_SIZE;
    UNREFERENCED_PARAMETER(State);
    memset(&Buffer, 0, sizeof(Buffer));
    Buffer.Reparse.ReparseTag = IO_REPARSE_TAG_SYMLINK;
    Buffer.Reparse.ReparseDataLength = (USHORT)(Front + 20);
    Buffer.Reparse.SymbolicLinkReparseBuffer.SubstituteNameLength = 10;
    Buffer.Reparse.SymbolicLinkReparseBuffer.PrintNameOffset = 10;
    Buffer.Reparse.SymbolicLinkReparseBuffer.PrintNameLength = 10;
    ULONG Length = REPARSE_DATA_BUFFER_HEADER_SIZE + Front + 20;
    assert_int_equal(FsRtlValidateReparsePointBuffer(Length, &Buffer.Reparse), STATUS_SUCCESS);
    assert_int_equal(FsRtlValidateReparsePointBuffer(Length - 1, &Buffer.Reparse), STATUS_IO_REPARSE_DATA_INVALID);
    assert_int_equal(FsRtlValidateReparsePointBuffer(4, &Buffer.Reparse), STATUS_IO_REPARSE_DATA_INVALID);
    Buffer.Reparse.SymbolicLinkReparseBuffer.PrintNameLength = 12;
    assert_int_equal(FsRtlValidateReparsePointBuffer(Length, &Buffer.Reparse), STATUS_IO_REPARSE_DATA_INVALID);
    /* a tag of no vendor carries a GUID */
    memset(&Buffer, 0, sizeof(Buffer));
    Buffer.Reparse.ReparseTag = 0x1234;
    Buffer.Reparse.ReparseDataLength = 8;
    assert_int_equal(
        FsRtlValidateReparsePointBuffer(REPARSE_GUID_DATA_BUFFER_HEADER_SIZE + 8, &Buffer.Reparse), STATUS_IO_REPARSE_DATA_INVALID);
    Buffer.Bytes[8] = 1;
    assert_int_equal(FsRtlValidateReparsePointBuffer(REPARSE_GUID_DATA_BUFFER_HEADER_SIZE + 8, &Buffer.Reparse), STATUS_SUCCESS);
}

/* ---- extra create parameters ---- */

static const GUID GuidA = {0x11111111, 1, 1, {1}}, GuidB = {0x22222222, 2, 2, {2}}, GuidC = {0x33333333, 3, 3, {3}};
static ULONG Cleanups;
static TFS_VOLUME *Volume;

static VOID
CleanupEcp(PVOID EcpContext, LPCGUID EcpType)
{
    assert_int_equal(*(PULONG)EcpContext, EcpType->Data1);
    Cleanups++;
}

static PVOID
NewEcp(const GUID *Guid)
{
    PVOID Context;

    assert_int_equal(FsRtlAllocateExtraCreateParameter(Guid, 16, 0, CleanupEcp, 'pceT', &Context), STATUS_SUCCESS);
    *(PULONG)Context = Guid->Data1;
    return Context;
}

static void
test_fsrtl_ecp__list_operations(void **State)
{
    PECP_LIST List;
    PVOID A = NewEcp(&GuidA), B = NewEcp(&GuidB), Second = NewEcp(&GuidA), Found;
    ULONG Size;
    GUID Type;
    UNREFERENCED_PARAMETER(State);
    Cleanups = 0;
    assert_int_equal(FsRtlAllocateExtraCreateParameterList(0, &List), STATUS_SUCCESS);
    assert_int_equal(FsRtlInsertExtraCreateParameter(List, A), STATUS_SUCCESS);
    assert_int_equal(FsRtlInsertExtraCreateParameter(List, B), STATUS_SUCCESS);
    assert_int_equal(FsRtlInsertExtraCreateParameter(List, Second), STATUS_INVALID_PARAMETER);
    FsRtlFreeExtraCreateParameter(Second);
    assert_int_equal(Cleanups, 1);
    assert_int_equal(FsRtlFindExtraCreateParameter(List, &GuidB, &Found, &Size), STATUS_SUCCESS);
    assert_ptr_equal(Found, B);
    assert_int_equal(Size, 16);
    assert_int_equal(FsRtlFindExtraCreateParameter(List, &GuidC, &Found, &Size), STATUS_NOT_FOUND);
    assert_null(Found);
    assert_int_equal(FsRtlGetNextExtraCreateParameter(List, NULL, &Type, &Found, &Size), STATUS_SUCCESS);
    assert_ptr_equal(Found, A);
    assert_memory_equal(&Type, &GuidA, sizeof(GUID));
    assert_int_equal(FsRtlGetNextExtraCreateParameter(List, A, NULL, &Found, NULL), STATUS_SUCCESS);
    assert_ptr_equal(Found, B);
    assert_int_equal(FsRtlGetNextExtraCreateParameter(List, B, NULL, &Found, NULL), STATUS_NOT_FOUND);
    assert_false(FsRtlIsEcpAcknowledged(A));
    FsRtlAcknowledgeEcp(A);
    assert_true(FsRtlIsEcpAcknowledged(A));
    FsRtlPrepareToReuseEcp(A);
    assert_false(FsRtlIsEcpAcknowledged(A));
    assert_false(FsRtlIsEcpFromUserMode(A));
    assert_int_equal(FsRtlRemoveExtraCreateParameter(List, &GuidA, &Found, &Size), STATUS_SUCCESS);
    assert_ptr_equal(Found, A);
    assert_int_equal(Cleanups, 1);
    FsRtlFreeExtraCreateParameter(A);
    FsRtlFreeExtraCreateParameterList(List);
    assert_int_equal(Cleanups, 3);
}

static PECP_LIST SeenList;
static BOOLEAN AddOwnList;

static BOOLEAN
EcpCreate(PDEVICE_OBJECT Device, PIRP Irp, NTSTATUS *Status)
{
    PVOID Found;
    UNREFERENCED_PARAMETER(Device);
    UNREFERENCED_PARAMETER(Status);
    if (IoGetCurrentIrpStackLocation(Irp)->MajorFunction != IRP_MJ_CREATE) {
        PECP_LIST None;
        assert_int_equal(FsRtlGetEcpListFromIrp(Irp, &None), STATUS_INVALID_PARAMETER);
        return FALSE;
    }
    assert_int_equal(FsRtlGetEcpListFromIrp(Irp, &SeenList), STATUS_SUCCESS);
    if (AddOwnList) {
        PECP_LIST Own;
        assert_null(SeenList);
        assert_int_equal(FsRtlAllocateExtraCreateParameterList(0, &Own), STATUS_SUCCESS);
        assert_int_equal(FsRtlInsertExtraCreateParameter(Own, NewEcp(&GuidC)), STATUS_SUCCESS);
        assert_int_equal(FsRtlSetEcpListIntoIrp(Irp, Own), STATUS_SUCCESS);
        assert_int_equal(FsRtlSetEcpListIntoIrp(Irp, Own), STATUS_INVALID_PARAMETER_2);
    } else {
        assert_int_equal(FsRtlFindExtraCreateParameter(SeenList, &GuidA, &Found, NULL), STATUS_SUCCESS);
        FsRtlAcknowledgeEcp(Found);
        assert_int_equal(FsRtlInsertExtraCreateParameter(SeenList, NewEcp(&GuidB)), STATUS_SUCCESS);
    }
    return FALSE;
}

static void
test_fsrtl_ecp__travels_with_the_create(void **State)
{
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Name;
    IO_STATUS_BLOCK IoStatus;
    IO_DRIVER_CREATE_CONTEXT Context;
    PECP_LIST List;
    HANDLE Handle;
    PVOID A = NewEcp(&GuidA), Found;
    UNREFERENCED_PARAMETER(State);
    Volume = TfsVolumeCreate("EcpTest");
    TfsHook = EcpCreate;
    Cleanups = 0;
    TfsString(&Name, L"\\Device\\EcpTest\\file");
    InitializeObjectAttributes(&Attributes, &Name, OBJ_KERNEL_HANDLE, NULL, NULL);
    FsRtlAllocateExtraCreateParameterList(0, &List);
    FsRtlInsertExtraCreateParameter(List, A);
    IoInitializeDriverCreateContext(&Context);
    Context.ExtraCreateParameter = List;
    for (ULONG i = 0; i < 2; i++) {
        assert_int_equal(
            IoCreateFileEx(&Handle, FILE_READ_DATA, &Attributes, &IoStatus, NULL, 0, 0, FILE_OPEN, 0, NULL, 0, CreateFileTypeNone,
                           NULL, 0, &Context),
            STATUS_SUCCESS);
        ZwClose(Handle);
        assert_ptr_equal(SeenList, List);
        assert_true(FsRtlIsEcpAcknowledged(A));
        /* what was added during the create is gone, the caller's own is there */
        assert_int_equal(Cleanups, i + 1);
        assert_int_equal(FsRtlFindExtraCreateParameter(List, &GuidB, &Found, NULL), STATUS_NOT_FOUND);
        FsRtlPrepareToReuseEcp(A);
    }
    AddOwnList = TRUE;
    assert_int_equal(ZwCreateFile(&Handle, FILE_READ_DATA, &Attributes, &IoStatus, NULL, 0, 0, FILE_OPEN, 0, NULL, 0), STATUS_SUCCESS);
    ZwClose(Handle);
    assert_int_equal(Cleanups, 3);
    FsRtlFreeExtraCreateParameterList(List);
    assert_int_equal(Cleanups, 4);
    TfsVolumeDelete(Volume);
}

int
main(void)
{
    const struct CMUnitTest Tests[] = {
        cmocka_unit_test(test_fsrtl_name__expressions),
        cmocka_unit_test(test_fsrtl_name__long_expression),
        cmocka_unit_test(test_fsrtl_name__dissect),
        cmocka_unit_test(test_fsrtl_name__wild_cards_and_equality),
        cmocka_unit_test(test_fsrtl_name__status_classes),
        cmocka_unit_test(test_fsrtl_name__reparse_buffers),
        cmocka_unit_test(test_fsrtl_ecp__list_operations),
        cmocka_unit_test(test_fsrtl_ecp__travels_with_the_create),
    };
    return cmocka_run_group_tests(Tests, Setup, NULL);
}
