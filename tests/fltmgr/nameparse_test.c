/* SPDX-License-Identifier: MIT */
/* FltParseFileName, FltParseFileNameInformation: tables, the examples of the documentation first. */
#include "membed.h"

typedef struct NAME_CASE {
    const char *Name;
    const char *Volume;                        /* as the name information has it: "" to be found */
    const char *Share, *ParentDir, *Final, *Extension, *Stream;
    ULONG Format;
} NAME_CASE;

#define V "\\Device\\HarddiskVolume1"
#define L "\\Device\\LanManRedirector"
static const NAME_CASE Cases[] = {
    { V "\\Documents and Settings\\MyUser\\My Documents\\Test Results.txt:stream1", V, "", "\\Documents and Settings\\MyUser\\My Documents\\",
      "Test Results.txt:stream1", "txt", ":stream1", FLT_FILE_NAME_NORMALIZED },
    { V "\\Docume~1\\MyUser\\My Documents\\TestRe~1.txt:stream1:$DATA", V, "", "\\Docume~1\\MyUser\\My Documents\\",
      "TestRe~1.txt:stream1:$DATA", "txt", ":stream1:$DATA", FLT_FILE_NAME_OPENED },
    { L "\\MyServer\\MyShare\\Documents and Settings\\Test Results.txt:stream1", L, "\\MyServer\\MyShare", "\\Documents and Settings\\",
      "Test Results.txt:stream1", "txt", ":stream1", FLT_FILE_NAME_NORMALIZED },
    { "TestRe~1.txt", "", "", "", "TestRe~1.txt", "txt", "", FLT_FILE_NAME_SHORT },
    { "SHORT", "", "", "", "SHORT", "", "", FLT_FILE_NAME_SHORT },
    { V, V, "", "", "", "", "", FLT_FILE_NAME_OPENED },
    { V "\\", V, "", "\\", "", "", "", FLT_FILE_NAME_NORMALIZED },
    { V "\\file", V, "", "\\", "file", "", "", FLT_FILE_NAME_NORMALIZED },
    { V "\\dir\\", V, "", "\\dir\\", "", "", "", FLT_FILE_NAME_OPENED },
    { V "\\a.b\\c", V, "", "\\a.b\\", "c", "", "", FLT_FILE_NAME_NORMALIZED },
    { V "\\dir\\x.tar.gz", V, "", "\\dir\\", "x.tar.gz", "gz", "", FLT_FILE_NAME_NORMALIZED },
    { V "\\dir\\.profile", V, "", "\\dir\\", ".profile", "profile", "", FLT_FILE_NAME_NORMALIZED },
    { V "\\dir\\dot.", V, "", "\\dir\\", "dot.", "", "", FLT_FILE_NAME_NORMALIZED },
    { V "\\dir\\f:s.ext", V, "", "\\dir\\", "f:s.ext", "", ":s.ext", FLT_FILE_NAME_NORMALIZED },
    { V "\\dir\\f.x::$DATA", V, "", "\\dir\\", "f.x::$DATA", "x", "::$DATA", FLT_FILE_NAME_OPENED },
    { V ":stream", V, "", "", ":stream", "", ":stream", FLT_FILE_NAME_OPENED },
};

static void
test_fltmgr_nameparse__information(void **State)
{
    (void)State;
    for (ULONG i = 0; i < RTL_NUMBER_OF(Cases); i++) {
        const NAME_CASE *Case = &Cases[i];
        for (int Known = 0; Known < 2; Known++) {
            FLT_FILE_NAME_INFORMATION Information = { .Size = sizeof(Information), .Format = Case->Format, .Name = TinyString(Case->Name) };
            if (Known && Case->Format != FLT_FILE_NAME_SHORT) {
                Information.Volume = (UNICODE_STRING){ (USHORT)(strlen(Case->Volume) * 2), (USHORT)(strlen(Case->Volume) * 2), Information.Name.Buffer };
            } else if (Case->Name[strlen(Case->Volume)] == ':') {
                continue;                      /* without help the volume's name would go on */
            }
            assert_status(FltParseFileNameInformation(&Information), STATUS_SUCCESS);
            assert_int_equal(Information.NamesParsed, 0xF);
            assert_text(&Information.Volume, Case->Volume);
            assert_text(&Information.Share, Case->Share);
            assert_text(&Information.ParentDir, Case->ParentDir);
            assert_text(&Information.FinalComponent, Case->Final);
            assert_text(&Information.Extension, Case->Extension);
            assert_text(&Information.Stream, Case->Stream);
            /* Every part points into the name. */
            if (Information.Extension.Length != 0) {
                assert_true(Information.Extension.Buffer > Information.Name.Buffer);
                assert_true(Information.Extension.Buffer < Information.Name.Buffer + Information.Name.Length / 2);
            } else {
                assert_null(Information.Extension.Buffer);
            }
        }
    }
}

static void
test_fltmgr_nameparse__string(void **State)
{
    UNICODE_STRING Name, Extension, Stream, Final;

    (void)State;
    for (ULONG i = 0; i < RTL_NUMBER_OF(Cases); i++) {
        if (Cases[i].Final[0] == 0 || Cases[i].Final[0] == ':') {
            continue;                          /* the routine knows nothing of volumes */
        }
        Name = TinyString(Cases[i].Name);
        assert_status(FltParseFileName(&Name, &Extension, &Stream, &Final), STATUS_SUCCESS);
        assert_text(&Extension, Cases[i].Extension);
        assert_text(&Stream, Cases[i].Stream);
        assert_text(&Final, Cases[i].Final);
        assert_status(FltParseFileName(&Name, NULL, NULL, NULL), STATUS_SUCCESS);
    }
    Name = TinyString("");
    assert_status(FltParseFileName(&Name, &Extension, &Stream, &Final), STATUS_SUCCESS);
    assert_null(Final.Buffer);
    assert_int_equal(Final.Length, 0);
    Name = TinyString("dir\\");
    assert_status(FltParseFileName(&Name, &Extension, &Stream, &Final), STATUS_SUCCESS);
    assert_null(Final.Buffer);
}

int
main(void)
{
    const struct CMUnitTest Tests[] = { T(nameparse__information), T(nameparse__string) };

    return cmocka_run_group_tests(Tests, NULL, NULL);
}
