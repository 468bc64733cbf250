/* SPDX-License-Identifier: MIT */
/* FILTER arguments and project files. */
#include "host/msbuild.h"
#include "host/project.h"
#include "scratch.h"

#define INF_FOR(binary)                                                                            \
    "[Version]\n[DefaultInstall]\n[DefaultInstall.Services]\nAddService=svc,,S\n"                  \
    "[S]\nServiceType=2\nServiceBinary=%12%\\" binary ".sys\nAddReg=R\n"                           \
    "[R]\nHKR,Instances,DefaultInstance,,a\nHKR,Instances\\a,Altitude,,1\n"

#define PROJECT(body) "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<Project>\n" body "</Project>\n"

static struct host_project project;
static struct host_error err;

static void
must_load(const char *filter, bool debug)
{
    if (host_project_load(filter, debug, &project, &err) != 0) {
        fail_msg("%s", err.text);
    }
}

static void
must_fail(const char *filter, const char *words)
{
    assert_int_equal(host_project_load(filter, false, &project, &err), -1);
    if (strstr(err.text, words) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", err.text, words);
    }
    assert_null(project.name);
}

static const struct host_source *
source(const char *name)
{
    for (size_t i = 0; i < project.source_count; i++) {
        if (strcmp(host_path_base(project.sources[i].path), name) == 0) {
            return &project.sources[i];
        }
    }
    fail_msg("no source %s", name);
    return NULL;
}

static void
test_host_project__directory(void **state)
{
    (void)state;
    scratch_file("a.c", "");
    scratch_file("B.CPP", "");
    scratch_file("readme.txt", "");
    scratch_file("v.rc", "");
    scratch_file("z.asm", "");
    scratch_file("tap.inf", INF_FOR("Drip"));
    must_load(scratch, false);
    assert_string_equal(project.name, "Drip");
    assert_int_equal(project.source_count, 2);
    assert_true(source("B.CPP")->cxx);
    assert_false(source("a.c")->cxx);
    assert_true(host_ends_with(project.inf, "/tap.inf"));
    assert_int_equal(project.notes.count, 1);
    host_project_free(&project);
}

static void
test_host_project__inf_beside_sources(void **state)
{
    (void)state;
    scratch_file("a.c", "");
    scratch_file("other.inf", INF_FOR("other"));
    must_load(scratch_file("tap.inf", INF_FOR("tap")), false);
    assert_string_equal(project.name, "tap");
    assert_true(host_ends_with(project.inf, "/tap.inf"));
    host_project_free(&project);
}

static void
test_host_project__inf_above_the_project(void **state)
{
    (void)state;
    scratch_file("filter/tap.c", "");
    scratch_file("filter/tap.vcxproj",
                 PROJECT("<ItemGroup><ClCompile Include=\"tap.c\"/></ItemGroup>"));
    scratch_file("user/tap.c", "");
    scratch_file(
        "user/tap.vcxproj",
        PROJECT("<PropertyGroup><ConfigurationType>Application</ConfigurationType></PropertyGroup>"
                "<ItemGroup><ClCompile Include=\"tap.c\"/></ItemGroup>"));
    const char *inf = scratch_file("tap.inf", INF_FOR("tap"));
    const char *const filters[] = {inf, scratch, scratch_path("filter"),
                                   scratch_path("filter/tap.vcxproj")};
    for (size_t i = 0; i < 4; i++) {
        must_load(filters[i], false);
        assert_int_equal(project.source_count, 1);
        assert_true(host_ends_with(project.sources[0].path, "/filter/tap.c"));
        assert_true(host_ends_with(project.inf, "/tap.inf"));
        host_project_free(&project);
    }
    must_fail(scratch_path("user"), "builds a program");
}

static void
test_host_project__vcxproj_configurations(void **state)
{
    (void)state;
    scratch_file("src/Main.c", "");
    scratch_file("src/extra.c", "");
    scratch_file("src/debug.c", "");
    scratch_file("inc/tap.h", "");
    scratch_file("tap.inf", INF_FOR("tapdrv"));
    const char *path = scratch_crlf(
        "tap.vcxproj",
        PROJECT("<PropertyGroup Label=\"Globals\"><Flavour Condition=\"'$(Flavour)' == "
                "''\">Plain</Flavour></PropertyGroup>\n"
                "<PropertyGroup "
                "Condition=\"'$(Configuration)|$(Platform)'=='Release|x64'\"><TargetName>tapdrv</"
                "TargetName></PropertyGroup>\n"
                "<PropertyGroup "
                "Condition=\"'$(Configuration)|$(Platform)'=='Debug|x64'\"><TargetName>tapdrv</"
                "TargetName></PropertyGroup>\n"
                "<Import Project=\"$(VCTargetsPath)\\Microsoft.Cpp.props\"/>\n"
                "<ItemDefinitionGroup><ClCompile><PreprocessorDefinitions>BOTH;F=$(Flavour)</"
                "PreprocessorDefinitions>"
                "<AdditionalIncludeDirectories>%(AdditionalIncludeDirectories);$(ProjectDir)INC;"
                "nowhere</AdditionalIncludeDirectories></ClCompile></ItemDefinitionGroup>\n"
                "<ItemDefinitionGroup "
                "Condition=\"'$(Configuration)'=='Debug'\"><ClCompile><PreprocessorDefinitions>%("
                "PreprocessorDefinitions);CHATTY=1</PreprocessorDefinitions></ClCompile></"
                "ItemDefinitionGroup>\n"
                "<ItemDefinitionGroup "
                "Condition=\"'$(Platform)'=='ARM64'\"><ClCompile><PreprocessorDefinitions>ARM</"
                "PreprocessorDefinitions></ClCompile></ItemDefinitionGroup>\n"
                "<ItemGroup>\n"
                "<ClCompile Include=\"SRC\\main.c\"/>\n"
                "<ClCompile "
                "Include=\"src\\extra.c\"><PreprocessorDefinitions>%(PreprocessorDefinitions);ONLY_"
                "EXTRA</PreprocessorDefinitions><CompileAs>CompileAsCpp</CompileAs></ClCompile>\n"
                "<ClCompile Include=\"src\\debug.c\"><ExcludedFromBuild "
                "Condition=\"'$(Configuration)'!='Debug'\">true</ExcludedFromBuild></ClCompile>\n"
                "<ResourceCompile Include=\"tap.rc\"/>\n"
                "<Inf Include=\"*.inf\" Exclude=\"@(Inf)\"/>\n"
                "</ItemGroup>\n"));
    must_load(path, false);
    assert_string_equal(project.name, "tapdrv");
    assert_int_equal(project.source_count, 2);
    const struct host_source *s = source("Main.c");
    assert_int_equal(s->defines.count, 2);
    assert_string_equal(s->defines.items[1], "F=Plain");
    assert_int_equal(s->includes.count, 1);
    assert_true(host_ends_with(s->includes.items[0], "/inc"));
    s = source("extra.c");
    assert_true(s->cxx);
    assert_string_equal(s->defines.items[2], "ONLY_EXTRA");
    assert_non_null(project.inf);
    host_project_free(&project);
    must_load(path, true);
    assert_int_equal(project.source_count, 3);
    assert_true(host_strv_has(&source("Main.c")->defines, "CHATTY=1"));
    assert_false(host_strv_has(&source("Main.c")->defines, "ARM"));
    host_project_free(&project);
}

static void
test_host_project__vcxproj_imports_choose_and_late_properties(void **state)
{
    (void)state;
    scratch_file("a.c", "");
    scratch_file("b.c", "");
    scratch_file("common.props",
                 PROJECT("<PropertyGroup><Extra>FROM_PROPS</Extra></PropertyGroup>"
                         "<ItemDefinitionGroup><ClCompile><PreprocessorDefinitions>$(Extra);$(Late)"
                         "</PreprocessorDefinitions></ClCompile></ItemDefinitionGroup>"));
    const char *path = scratch_file(
        "p.vcxproj",
        PROJECT("<ImportGroup><Import Project=\"Common.props\" "
                "Condition=\"Exists('COMMON.PROPS')\"/></ImportGroup>"
                "<Choose><When "
                "Condition=\"false\"><PropertyGroup><Late>no</Late></PropertyGroup></When>"
                "<When Condition=\"true\"><PropertyGroup><Late>LATE</Late></PropertyGroup></When>"
                "<Otherwise><PropertyGroup><Late>no</Late></PropertyGroup></Otherwise></Choose>"
                "<ItemGroup><ClCompile Include=\"*.c\" Exclude=\"b.c\"/></ItemGroup>"));
    must_load(path, false);
    assert_int_equal(project.source_count, 1);
    assert_string_equal(project.name, "p");
    assert_int_equal(project.sources[0].defines.count, 2);
    assert_string_equal(project.sources[0].defines.items[0], "FROM_PROPS");
    assert_string_equal(project.sources[0].defines.items[1], "LATE");
    assert_null(project.inf);
    host_project_free(&project);
}

static void
test_host_project__inf_of_several(void **state)
{
    (void)state;
    scratch_file("a.c", "");
    scratch_file("one.inf", INF_FOR("one"));
    scratch_file("two.inf", INF_FOR("two"));
    const char *path = scratch_file(
        "two.vcxproj",
        PROJECT("<ItemGroup><ClCompile Include=\"a.c\"/><Inf Include=\"*.inf\"/></ItemGroup>"));
    must_load(path, false);
    assert_true(host_ends_with(project.inf, "/two.inf"));
    host_project_free(&project);
    must_fail(scratch_file("three.vcxproj",
                           PROJECT("<ItemGroup><ClCompile Include=\"a.c\"/></ItemGroup>")),
              "2 INF files");
}

static void
test_host_project__errors(void **state)
{
    (void)state;
    scratch_file("a.c", "");
    static const struct {
        const char *text;
        const char *words;
    } cases[] = {
        {"<Project><ItemGroup>", ".vcxproj:1: no element found"},
        {"<Project>\n<ItemGroup></Project>", ".vcxproj:2: mismatched tag"},
        {PROJECT(""), "compiles no source"},
        {PROJECT("<ItemGroup>\n<ClCompile Include=\"gone.c\"/></ItemGroup>"), ".vcxproj:4: "},
        {PROJECT("<ItemGroup><ClCompile Include=\"gone.c\"/></ItemGroup>"), "gone.c: no such file"},
        {PROJECT("<ItemGroup><ClCompile Include=\"a.c;fast.asm\"/></ItemGroup>"),
         "assembly sources are not supported"},
        {PROJECT("<ItemGroup><MASM Include=\"fast.asm\"/></ItemGroup>"),
         "assembly sources are not supported"},
        {PROJECT("<PropertyGroup Condition=\"'a' ==\"/>"), "Condition \"'a' ==\""},
        {PROJECT("<PropertyGroup Condition=\"'a' == 'b' 'c'\"/>"), "cannot be understood"},
        {PROJECT("<PropertyGroup Condition=\"maybe\"/>"), "neither true nor false"},
        {PROJECT("<Import Project=\"loop.props\"/>"), "nested too deeply"},
    };
    scratch_file("loop.props", PROJECT("<Import Project=\"loop.props\"/>"));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        must_fail(scratch_file("p.vcxproj", cases[i].text), cases[i].words);
    }
    must_fail(scratch_path("absent"), "No such file");
    must_fail(scratch_file("x.txt", "hello"), "neither a .vcxproj");
    must_fail(scratch_file("empty/readme", ""), "neither a .vcxproj");
    must_fail(scratch_path("empty"), "no .c or .cpp file");
    must_fail(scratch_file("bad.inf", "[Nothing]\n"), "no [Version]");
    must_fail(scratch_file("fake.so", "\177ELF but no more"), "fake.so");
}

static void
test_host_project__excluded_assembly_is_fine(void **state)
{
    (void)state;
    scratch_file("a.c", "");
    must_load(
        scratch_file(
            "p.vcxproj",
            PROJECT(
                "<ItemGroup><ClCompile Include=\"a.c\"/><MASM Include=\"x.asm\">"
                "<ExcludedFromBuild "
                "Condition=\"'$(Platform)'=='x64'\">true</ExcludedFromBuild></MASM></ItemGroup>")),
        false);
    assert_int_equal(project.source_count, 1);
    host_project_free(&project);
}

static void
test_host_msbuild__conditions(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int result;
    } cases[] = {
        {"", 1},
        {"'$(A)'=='x'", 1},
        {"'$(A)'=='X'", 1},
        {"$(A) == x", 1},
        {"'$(A)'!='x'", 0},
        {"'$(B)'==''", 1},
        {"'$(A)'=='y' or '$(A)'=='x'", 1},
        {"'$(A)'=='y' Or '$(A)'=='z'", 0},
        {"('$(A)'=='x') And !('$(B)'!='')", 1},
        {"'a'=='a' or 'a'=='b' and 'a'=='c'", 1},
        {"!true", 0},
        {"'10' > '9'", 1},
        {"'10.0' == '10'", 1},
        {"2 <= 1", 0},
        {"Exists('/')", 1},
        {"exists('nothing-of-that-name')", 0},
        {"HasTrailingSlash('a\\')", 1},
        {"'$(Function::Call('x'))'==''", -1},
        {"(true", -1},
    };
    struct msbuild_props props = {0};
    msbuild_set(&props, "a", "x");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (msbuild_condition(&props, "/", cases[i].text, &err) != cases[i].result) {
            fail_msg("%s", cases[i].text);
        }
    }
    msbuild_free(&props);
}

static void
test_host_msbuild__expansion(void **state)
{
    (void)state;
    struct msbuild_props props = {0};
    msbuild_set(&props, "Name", "v");
    static const char *const cases[][3] = {
        {"a$(name)b", NULL, "avb"}, {"$(None)", NULL, ""},    {"%(X);y", "old", "old;y"},
        {"%(X);y", NULL, ";y"},     {"@(Items)z", NULL, "z"}, {"$", NULL, "$"},
        {"$(open", NULL, "$(open"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *s = msbuild_expand(&props, cases[i][0], cases[i][1]);
        assert_string_equal(s, cases[i][2]);
        free(s);
    }
    msbuild_free(&props);
}

static void
test_host_path__windows_names(void **state)
{
    (void)state;
    scratch_file("Dir/Sub/File.H", "");
    static const char *const found[] = {"Dir/Sub/File.H", "dir\\sub\\file.h",
                                        "DIR/../dir/./SUB\\file.h"};
    for (size_t i = 0; i < 3; i++) {
        char *path = host_path_find(scratch, found[i]);
        assert_non_null(path);
        assert_string_equal(path, scratch_path("Dir/Sub/File.H"));
        free(path);
    }
    assert_null(host_path_find(scratch, "dir\\none.h"));
    char *clean = host_path_absolute("/a/./b/../../../c//d");
    assert_string_equal(clean, "/c/d");
    free(clean);
}

#define TEST(name)                                                                                 \
    cmocka_unit_test_setup_teardown(test_host_##name, scratch_setup, scratch_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(project__directory),
        TEST(project__inf_beside_sources),
        TEST(project__inf_above_the_project),
        TEST(project__vcxproj_configurations),
        TEST(project__vcxproj_imports_choose_and_late_properties),
        TEST(project__inf_of_several),
        TEST(project__errors),
        TEST(project__excluded_assembly_is_fine),
        TEST(msbuild__conditions),
        TEST(msbuild__expansion),
        TEST(path__windows_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
