/* SPDX-License-Identifier: MIT */
/* The INF reader: encodings, syntax, choice of the install section, both instance layouts, every
 * error. */
#include "host/inf.h"
#include "scratch.h"

/* An INF from its variable parts: what the service section's registry section holds, and what
 * [Strings] adds. */
#define INF(registry, strings)                                                                     \
    "[Version]\n"                                                                                  \
    "Signature = \"$Windows NT$\"\n"                                                               \
    "[DefaultInstall.NTamd64]\n"                                                                   \
    "OptionDesc = %Desc%\n"                                                                        \
    "[DefaultInstall.NTamd64.Services]\n"                                                          \
    "AddService = %Svc%,,Tap.Service\n"                                                            \
    "[Tap.Service]\n"                                                                              \
    "DisplayName = %Svc%\n"                                                                        \
    "Description = %Desc%\n"                                                                       \
    "ServiceBinary = %12%\\tap.sys\n"                                                              \
    "Dependencies = FltMgr, RpcSs\n"                                                               \
    "ServiceType = 2\n"                                                                            \
    "StartType = 0x3\n"                                                                            \
    "ErrorControl = 1\n"                                                                           \
    "LoadOrderGroup = \"FSFilter Tap\"\n"                                                          \
    "AddReg = Tap.Reg\n"                                                                           \
    "[Tap.Reg]\n" registry "[Strings]\n"                                                           \
    "Svc = \"tap\"\n"                                                                              \
    "Desc = \"Counts drops; slowly\"\n" strings

#define INSTANCES                                                                                  \
    "HKR,\"Instances\",\"DefaultInstance\",0x00000000,%Inst%\n"                                    \
    "HKR,\"Instances\\\"%Inst%,\"Altitude\",0x00000000,%Alt%\n"                                    \
    "HKR,\"Instances\\\"%Inst%,\"Flags\",0x00010001,0x1\n"
#define INSTANCE_STRINGS "Inst = \"Tap Instance\"\nAlt = \"370030.25\"\n"

static struct host_inf inf;
static struct host_error err;

static void
must_load(const char *path)
{
    if (host_inf_load(path, 0, &inf, &err) != 0) {
        fail_msg("%s", err.text);
    }
}

/* Loading fails, at that line, with those words. */
static void
must_fail(const char *path, int line, const char *words)
{
    char *start = line > 0 ? host_printf("%s:%d: ", path, line) : host_printf("%s: ", path);
    assert_int_equal(host_inf_load(path, 0, &inf, &err), -1);
    if (strncmp(err.text, start, strlen(start)) != 0 || strstr(err.text, words) == NULL) {
        fail_msg("\"%s\" does not say \"%s…%s\"", err.text, start, words);
    }
    assert_null(inf.service_name);
    free(start);
}

static void
check_tap(void)
{
    assert_string_equal(inf.service_name, "tap");
    assert_string_equal(inf.display_name, "tap");
    assert_string_equal(inf.description, "Counts drops; slowly");
    assert_string_equal(inf.load_order_group, "FSFilter Tap");
    assert_string_equal(inf.binary, "tap.sys");
    assert_int_equal(inf.start_type, 3);
    assert_int_equal(inf.service_type, 2);
    assert_int_equal(inf.dependencies.count, 2);
    assert_string_equal(inf.dependencies.items[1], "RpcSs");
    assert_string_equal(inf.default_instance, "Tap Instance");
    assert_int_equal(inf.instance_count, 1);
    assert_string_equal(inf.instances[0].name, "Tap Instance");
    assert_string_equal(inf.instances[0].altitude, "370030.25");
    assert_int_equal(inf.instances[0].flags, 1);
}

static void
test_host_inf__encodings(void **state)
{
    (void)state;
    static const char text[] = INF(INSTANCES, INSTANCE_STRINGS);
    struct host_buf bom = {0};
    host_buf_adds(&bom, "\xEF\xBB\xBF");
    host_buf_adds(&bom, text);
    const char *const paths[] = {scratch_file("a.inf", text), scratch_crlf("b.inf", text),
                                 scratch_utf16("c.inf", text),
                                 scratch_bytes("d.inf", bom.data, bom.len)};
    host_buf_free(&bom);
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        must_load(paths[i]);
        check_tap();
        host_inf_free(&inf);
    }
}

static void
test_host_inf__text_beyond_ascii(void **state)
{
    (void)state;
    must_load(scratch_file("a.inf", INF(INSTANCES, "Inst = \"F\xC3\xBCllstand\"\nAlt = \"1\"\n")));
    assert_string_equal(inf.default_instance, "F\xC3\xBCllstand");
    host_inf_free(&inf);
    must_load(scratch_file("b.inf", INF(INSTANCES, "Inst = \"F\xFCllstand\"\nAlt = \"1\"\n")));
    assert_string_equal(inf.default_instance, "F\xC3\xBCllstand");
    host_inf_free(&inf);
}

static void
test_host_inf__parameters_layout(void **state)
{
    (void)state;
    must_load(scratch_file("a.inf",
                           INF("HKR,\"Parameters\\Instances\",\"DefaultInstance\",,%Inst%\n"
                               "HKR,\"Parameters\\Instances\\Tap Instance\",\"Altitude\",,%Alt%\n"
                               "HKR,\"Parameters\\Instances\\Tap Instance\",\"Flags\",0x10001,1\n",
                               INSTANCE_STRINGS)));
    check_tap();
    host_inf_free(&inf);
}

static void
test_host_inf__parameters_layout_wins_in_one_section(void **state)
{
    (void)state;
    must_load(
        scratch_file("a.inf", INF("HKR,\"Instances\",\"DefaultInstance\",,\"old\"\n"
                                  "HKR,\"Instances\\old\",\"Altitude\",,\"1\"\n"
                                  "HKR,\"Parameters\\Instances\",\"DefaultInstance\",,\"new\"\n"
                                  "HKR,\"Parameters\\Instances\\new\",\"Altitude\",,\"2\"\n",
                                  "")));
    assert_string_equal(inf.default_instance, "new");
    assert_int_equal(inf.instance_count, 1);
    host_inf_free(&inf);
}

#define TWO_SYSTEMS(first, second)                                                                 \
    "[version]\nsignature=\"$WINDOWS NT$\"\n"                                                      \
    "[" first "]\n[" first ".Services]\nAddService=tap,,One\n"                                     \
    "[" second "]\n[" second ".Services]\nAddService=tap,,Two\n"                                   \
    "[One]\nServiceType=2\nAddReg=One.Reg\n[Two]\nServiceType=2\nAddReg=Two.Reg\n"                 \
    "[One.Reg]\nHKR,Instances,DefaultInstance,,one\nHKR,Instances\\one,Altitude,,1\n"              \
    "[Two.Reg]\nHKR,Parameters\\Instances,DefaultInstance,,two\nHKR,Parameters\\Instances\\two,"   \
    "Altitude,,2\n"

static void
test_host_inf__newest_system_is_chosen(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *instance;
    } cases[] = {
        {TWO_SYSTEMS("DefaultInstall.NTamd64", "DefaultInstall.NTamd64.10.0...25952"), "two"},
        {TWO_SYSTEMS("DefaultInstall.NT$ARCH$.10.0...25952", "DefaultInstall.NT$ARCH$"), "one"},
        {TWO_SYSTEMS("DefaultInstall.NTamd64.10.0...16299", "defaultinstall.ntAMD64.10.0...25952"),
         "two"},
        {TWO_SYSTEMS("DefaultInstall.NTamd64.6.1", "DefaultInstall.NTamd64.10.0"), "two"},
        {TWO_SYSTEMS("DefaultInstall.NTamd64", "DefaultInstall.NTarm64.10.0...25952"), "one"},
        {TWO_SYSTEMS("DefaultInstall.NTx86", "DefaultInstall"), "two"},
        {TWO_SYSTEMS("DefaultInstall", "DefaultInstall.NT"), "two"},
        {TWO_SYSTEMS("DefaultInstall.NTamd64", "DefaultInstall.NTamd64.11.0"), "one"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        must_load(scratch_file("a.inf", cases[i].text));
        assert_string_equal(inf.default_instance, cases[i].instance);
        host_inf_free(&inf);
    }
}

static void
test_host_inf__device_install_section(void **state)
{
    (void)state;
    must_load(scratch_file(
        "a.inf", "[Version]\n[Manufacturer]\n%M% = Models,NTamd64\n"
                 "[Models.NTamd64]\ndev = Tap_Install,Root\\tap\n[Tap_Install.NT]\nCopyFiles=x\n"
                 "[Tap_Install.NT.Services]\nAddService = tap,2,Svc\n"
                 "[Svc]\nServiceType=2\nAddReg=Reg\n[Reg]\nHKR,Instances,DefaultInstance,,a\n"
                 "HKR,Instances\\a,Altitude,,320000\n"));
    assert_string_equal(inf.service_name, "tap");
    assert_string_equal(inf.install_section, "Tap_Install.NT");
    host_inf_free(&inf);
}

static void
test_host_inf__driver_service_among_several(void **state)
{
    (void)state;
    must_load(scratch_file(
        "a.inf", "[Version]\n[DefaultInstall]\n[DefaultInstall.Services]\n"
                 "AddService = helper,,Helper\nAddService = tap,,Svc\n"
                 "[Helper]\nServiceType=0x10\nServiceBinary=%11%\\helper.exe\n"
                 "[Svc]\nServiceType=2\nAddReg=Reg\n[Reg]\nHKR,Instances,DefaultInstance,,a\n"
                 "HKR,Instances\\a,Altitude,,1\n"));
    assert_string_equal(inf.service_name, "tap");
    host_inf_free(&inf);
}

static void
test_host_inf__registry_values(void **state)
{
    (void)state;
    must_load(scratch_file(
        "a.inf", INF(INSTANCES "HKR,Parameters,Number,0x10001,0xFFFFFFFF\n"
                               "HKR,Parameters,Bytes4,0x10001,78,56,34,12\n"
                               "HKR,Parameters,Minus,0x10001,-1\n"
                               "HKR,Parameters,Wide,0xB0001,0x1122334455667788\n"
                               "HKR,Parameters,List,0x10000,\"a,b\",c\n"
                               "HKR,Parameters,List,0x10008,\"d e\"\n"
                               "HKR,Parameters,Expand,0x20000,\"%SystemRoot%\\x%%y\"\n"
                               "HKR,Parameters,Blob,1,01,fF, \\\n   7\n"
                               "HKR,,,,\"say \"\"hi\"\"  \"\n"
                               "HKR,Parameters,Keep,,first\nHKR,Parameters,Keep,2,second\n"
                               "HKR,Parameters,Over,,first\nHKR,parameters,OVER,,second\n"
                               "HKR,Parameters\\Empty,,0x10\n"
                               "HKLM,System\\CurrentControlSet\\Services\\tap\\Parameters,Far,,x\n"
                               "HKLM,System\\CurrentControlSet\\Services\\tapestry,Not,,x\n"
                               "HKLM,Software\\Tap,Not,,x\n",
                     INSTANCE_STRINGS)));
    static const struct {
        const char *key, *name;
        enum host_reg_type type;
        const char *data;
        size_t size;
    } want[] = {
        {"Parameters", "Number", HOST_REG_DWORD, "\xFF\xFF\xFF\xFF", 4},
        {"Parameters", "Bytes4", HOST_REG_DWORD, "\x78\x56\x34\x12", 4},
        {"Parameters", "Minus", HOST_REG_DWORD, "\xFF\xFF\xFF\xFF", 4},
        {"Parameters", "Wide", HOST_REG_QWORD, "\x88\x77\x66\x55\x44\x33\x22\x11", 8},
        {"Parameters", "List", HOST_REG_MULTI_SZ, "a,b\0c\0d e\0", 11},
        {"Parameters", "Expand", HOST_REG_EXPAND_SZ, "%SystemRoot%\\x%y", 17},
        {"Parameters", "Blob", HOST_REG_BINARY, "\x01\xFF\x07", 3},
        {"", "", HOST_REG_SZ, "say \"hi\"  ", 11},
        {"Parameters", "Keep", HOST_REG_SZ, "first", 6},
        {"Parameters", "Over", HOST_REG_SZ, "second", 7},
        {"Parameters", "Far", HOST_REG_SZ, "x", 2},
    };
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        const struct host_inf_value *v = host_inf_find(&inf, want[i].key, want[i].name);
        if (v == NULL) {
            fail_msg("no value %s", want[i].name);
            return;
        }
        assert_int_equal(v->type, want[i].type);
        assert_int_equal(v->size, want[i].size);
        assert_memory_equal(v->data, want[i].data, v->size);
    }
    assert_null(host_inf_find(&inf, "Parameters", "Not"));
    assert_null(host_inf_find(&inf, "", "Not"));
    assert_null(host_inf_find(&inf, "Parameters\\Empty", ""));
    host_inf_free(&inf);
}

static void
test_host_inf__syntax_corners(void **state)
{
    (void)state;
    must_load(scratch_file(
        "a.inf", "; a comment first\n  [ Version ]  ; and one here\n"
                 "[DEFAULTINSTALL]\n[defaultinstall.services]\naddservice = tap , , svc ; x\n"
                 "[Svc]\nservicetype = 2\nADDREG = Reg , \\\n  More ; joined\n"
                 "[Reg]\nHKR , \"Instances\" , \"DefaultInstance\" ,, \"semi;colon\"\n"
                 "[More]\n"
                 "HKR,\"Instances\\semi;colon\",Altitude,, \"140000\"%Tail%  \n"
                 "[Strings.0409]\nTAIL = \".5\"\n"
                 "[svc]\nStartType = 0\n"));
    assert_string_equal(inf.default_instance, "semi;colon");
    assert_string_equal(inf.instances[0].altitude, "140000.5");
    assert_int_equal(inf.start_type, 0);
    host_inf_free(&inf);
}

static void
test_host_inf__several_instances(void **state)
{
    (void)state;
    must_load(scratch_file(
        "a.inf", INF("HKR,Instances,DefaultInstance,,Top\nHKR,Instances\\Low,Altitude,,100\n"
                     "HKR,Instances\\Low,Flags,0x10001,2\nHKR,Instances\\Top,Altitude,,"
                     "99999999999999999999\n",
                     "")));
    assert_int_equal(inf.instance_count, 2);
    assert_string_equal(inf.instances[0].name, "Low");
    assert_int_equal(inf.instances[0].flags, 2);
    assert_string_equal(inf.instances[1].altitude, "99999999999999999999");
    assert_int_equal(inf.instances[1].flags, 0);
    host_inf_free(&inf);
}

static void
test_host_inf__legacy_filter_without_instances(void **state)
{
    (void)state;
    const char *path = scratch_file("a.inf", INF("HKR,Parameters,Debug,0x10001,1\n", ""));
    assert_int_equal(host_inf_load(path, HOST_INF_LEGACY, &inf, &err), 0);
    assert_null(inf.default_instance);
    assert_int_equal(inf.instance_count, 0);
    host_inf_free(&inf);
    must_fail(path, 7, "no DefaultInstance");
}

static void
test_host_inf__errors(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int line;
        const char *words;
    } cases[] = {
        {"[DefaultInstall]\n[DefaultInstall.Services]\nAddService=a,,b\n[b]\n", 1, "no [Version]"},
        {"", 1, "no [Version]"},
        {"x = 1\n[Version]\n", 1, "in no section"},
        {"[Version]\n[Broken\n", 2, "without ']'"},
        {"[Version]\nProvider = \"Us\nMore = 1\n", 2, "not terminated"},
        {"[Version]\n", 1, "no [DefaultInstall]"},
        {"[Version]\n\n[DefaultInstall]\n", 3, "no section [DefaultInstall.Services]"},
        {"[Version]\n[DefaultInstall]\n[DefaultInstall.Services]\nDelService=a\n", 3,
         "no AddService"},
        {"[Version]\n[DefaultInstall]\n[DefaultInstall.Services]\nAddService=a,,Gone\n", 4,
         "no section [Gone]"},
        {"[Version]\n[DefaultInstall]\n[DefaultInstall.Services]\nAddService=,,S\n[S]\n", 4,
         "without a service name"},
        {INF("HKR,Instances,DefaultInstance,,%Nope%\n", ""), 18, "%Nope%"},
        {INF("", ""), 7, "no DefaultInstance"},
        {INF("HKR,Instances,DefaultInstance,,a\n", ""), 18, "no Altitude"},
        {INF("HKR,Instances,DefaultInstance,,a\nHKR,Instances\\a,Flags,0x10001,0\n", ""), 19,
         "no Altitude"},
        {INF("HKR,Instances,DefaultInstance,,a\nHKR,Instances\\b,Altitude,,1\n", ""), 18,
         "\"a\" has no Altitude"},
        {INF("HKR,Instances,DefaultInstance,,a\nHKR,Instances\\a,Altitude,,high\n", ""), 19,
         "\"high\""},
        {INF("HKR,Instances,DefaultInstance,,a\nHKR,Instances\\a,Altitude,,-1\n", ""), 19,
         "not a decimal"},
        {INF("HKR,Instances,DefaultInstance,,a\nHKR,Instances\\a,Altitude,,1.\n", ""), 19,
         "not a decimal"},
        {INF("HKR,Instances,DefaultInstance,,a\nHKR,Instances\\a,Altitude,,1.2.3\n", ""), 19,
         "not a decimal"},
        {INF("HKR,Instances,DefaultInstance,,a\nHKR,Instances\\a,Altitude,,1\nHKR,Instances\\a,"
             "Flags,,x\n",
             ""),
         20, "not a DWORD"},
        {INF("HKR,P,N,0x10001,twelve\n", ""), 18, "not a number"},
        {INF("HKR,P,N,0x1,zz\n", ""), 18, "not a byte"},
        {INF("HKR,P,N,what,1\n", ""), 18, "no flags value"},
        {INF("HKR,P,N,0x70000,1\n", ""), 18, "unknown registry type"},
        {"[Version]\n[DefaultInstall]\n[DefaultInstall.Services]\nAddService=a,,S\n[S]\nStartType="
         "soon\n",
         6, "StartType"},
        {"[Version]\n[DefaultInstall]\n[DefaultInstall.Services]\nAddService=a,,S\n[S]\nAddReg=R\n",
         6, "no section [R]"},
    };
    must_fail(scratch_path("absent.inf"), 0, "No such file");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        must_fail(scratch_file("a.inf", cases[i].text), cases[i].line, cases[i].words);
        must_fail(scratch_utf16("b.inf", cases[i].text), cases[i].line, cases[i].words);
    }
}

static void
test_host_inf__altitude_forms(void **state)
{
    (void)state;
    assert_true(host_altitude_valid("0"));
    assert_true(host_altitude_valid("429999.99999999999999999999999999"));
    assert_false(host_altitude_valid(""));
    assert_false(host_altitude_valid("."));
    assert_false(host_altitude_valid(".5"));
    assert_false(host_altitude_valid("5."));
    assert_false(host_altitude_valid("0x10"));
    assert_false(host_altitude_valid("1 "));
}

#define TEST(name)                                                                                 \
    cmocka_unit_test_setup_teardown(test_host_inf__##name, scratch_setup, scratch_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(encodings),
        TEST(text_beyond_ascii),
        TEST(parameters_layout),
        TEST(parameters_layout_wins_in_one_section),
        TEST(newest_system_is_chosen),
        TEST(device_install_section),
        TEST(driver_service_among_several),
        TEST(registry_values),
        TEST(syntax_corners),
        TEST(several_instances),
        TEST(legacy_filter_without_instances),
        TEST(errors),
        TEST(altitude_forms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
