/* SPDX-License-Identifier: MIT */
/* Compiler, headers and libraries of a build; see toolchain.h. */
#include "host/toolchain.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/spawn.h"

#ifndef FILTERBED_SOURCE_DIR
#define FILTERBED_SOURCE_DIR ""
#endif
#ifndef FILTERBED_BUILD_DIR
#define FILTERBED_BUILD_DIR ""
#endif

static char *
program_dir(void)
{
    char path[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    if (n <= 0) {
        return host_strdup("/");
    }
    path[n] = '\0';
    return host_path_dir(path);
}

/* The first of the candidates that holds the file; the rest and the given strings are freed. */
static char *
first_with(char **candidates, size_t count, const char *file)
{
    char *found = NULL;
    for (size_t i = 0; i < count; i++) {
        char *path = host_path_join(candidates[i], file);
        if (found == NULL && host_is_file(path)) {
            found = host_path_absolute(candidates[i]);
        }
        free(path);
        free(candidates[i]);
    }
    return found;
}

/*
 * Headers and library: below FILTERBED_ROOT if that is set; else in an installed tree around the
 * program; else in the source and build directories that this program was built from.
 */
static int
find_root(struct toolchain *tc, struct host_error *err)
{
    const char *root = getenv("FILTERBED_ROOT");
    if (root != NULL && *root != '\0') {
        char *include[] = {host_printf("%s/include/filterbed/nt", root),
                           host_printf("%s/include/nt", root)};
        char *lib[] = {host_printf("%s/lib", root), host_printf("%s/lib/filterbed", root)};
        tc->include = first_with(include, 2, "fltKernel.h");
        tc->libdir = first_with(lib, 2, "libfilterbed.so");
    } else {
        char *dir = program_dir();
        char *include[] = {host_printf("%s/../include/filterbed/nt", dir),
                           host_printf("%s/../include/nt", dir),
                           host_strdup(FILTERBED_SOURCE_DIR "/include/nt")};
        char *lib[] = {host_printf("%s/../lib", dir), host_printf("%s/../lib/filterbed", dir),
                       host_strdup(FILTERBED_BUILD_DIR "/lib")};
        tc->include = first_with(include, 3, "fltKernel.h");
        tc->libdir = first_with(lib, 3, "libfilterbed.so");
        free(dir);
    }
    if (tc->include == NULL) {
        return host_fail(err, "the driver headers (include/nt/fltKernel.h) are not where they "
                              "should be; set FILTERBED_ROOT");
    }
    if (tc->libdir == NULL) {
        return host_fail(err, "libfilterbed.so is not where it should be; set FILTERBED_ROOT");
    }
    char *crt = host_path_join(tc->libdir, "libfilterbed-crt.a");
    if (host_is_file(crt)) {
        tc->crt = crt;
    } else {
        free(crt);
    }
    return 0;
}

static char *
first_line(char *text)
{
    char *end = strchr(text, '\n');
    if (end != NULL) {
        *end = '\0';
    }
    return text;
}

static bool
try_compiler(struct toolchain *tc, const char *cc)
{
    char *version = spawn_capture((const char *const[]){cc, "--version", NULL});
    if (version == NULL) {
        return false;
    }
    tc->clang = strstr(version, "clang") != NULL;
    tc->version = first_line(version);
    tc->cc = host_strdup(cc);
    return true;
}

/* clang -> clang++, gcc-12 -> g++-12, cc -> c++; with the directory and suffix kept. */
static char *
cxx_sibling(const char *cc)
{
    static const char *const pairs[][2] = {{"clang", "clang++"}, {"gcc", "g++"}, {"cc", "c++"}};
    const char *base = host_path_base(cc);
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        const char *at = strstr(base, pairs[i][0]);
        if (at != NULL) {
            return host_printf("%.*s%s%s", (int)(at - cc), cc, pairs[i][1],
                               at + strlen(pairs[i][0]));
        }
    }
    return host_strdup(cc);
}

/* clang first; but a filterbed with sanitizers in it takes sanitized drivers of its own compiler only. */
static bool
try_usual_compilers(struct toolchain *tc, bool sanitize)
{
#if defined FILTERBED_SANITIZE && !defined __clang__
    if (sanitize && try_compiler(tc, "gcc")) {
        return true;
    }
#endif
    (void)sanitize;
    return try_compiler(tc, "clang") || try_compiler(tc, "gcc");
}

static int
find_compiler(const char *asked, bool sanitize, struct toolchain *tc, struct host_error *err)
{
    const char *env = getenv("FILTERBED_CC");
    if (asked == NULL && env != NULL && *env != '\0') {
        asked = env;
    }
    if (asked != NULL) {
        if (!try_compiler(tc, asked)) {
            return host_fail(err, "compiler \"%s\" cannot be run", asked);
        }
    } else if (!try_usual_compilers(tc, sanitize)) {
        return host_fail(
            err, "neither clang nor gcc is installed; name a compiler with --cc or FILTERBED_CC");
    }
    tc->cxx = cxx_sibling(tc->cc);
    return 0;
}

/* The shared runtime of a sanitizer, so that whoever loads the module can put it first. */
static char *
find_runtime(const struct toolchain *tc, const char *sanitize)
{
    bool thread = strstr(sanitize, "thread") != NULL, address = strstr(sanitize, "address") != NULL;
    const char *name = tc->clang ? (thread    ? "libclang_rt.tsan-x86_64.so"
                                    : address ? "libclang_rt.asan-x86_64.so"
                                              : "libclang_rt.ubsan_standalone-x86_64.so")
                                 : (thread    ? "libtsan.so"
                                    : address ? "libasan.so"
                                              : "libubsan.so");
    char *option = host_printf("-print-file-name=%s", name);
    char *out = spawn_capture((const char *const[]){tc->cc, option, NULL});
    free(option);
    if (out == NULL) {
        return NULL;
    }
    char *path = host_path_real(first_line(out));
    free(out);
    return path;
}

int
toolchain_find(const struct host_build_options *options,
               struct toolchain *tc,
               struct host_error *err)
{
    *tc = (struct toolchain){0};
    if (find_compiler(options->cc, options->sanitize != NULL, tc, err) != 0 || find_root(tc, err) != 0) {
        toolchain_free(tc);
        return -1;
    }
    if (options->sanitize != NULL) {
        tc->sanitizer_runtime = find_runtime(tc, options->sanitize);
    }
    return 0;
}

void
toolchain_free(struct toolchain *tc)
{
    free(tc->cc);
    free(tc->cxx);
    free(tc->version);
    free(tc->include);
    free(tc->libdir);
    free(tc->crt);
    free(tc->sanitizer_runtime);
    *tc = (struct toolchain){0};
}

static void
add_all(struct host_strv *argv, const char *const *args)
{
    for (; *args != NULL; args++) {
        host_strv_add(argv, *args);
    }
}

/* What the Windows compiler and driver kit define for x64, Windows 10. */
static const char *const kit_defines[] = {
    "-D_WIN32=1",
    "-D_AMD64_=1",
    "-DAMD64=1",
    "-D_WIN64=1",
    "-D_M_AMD64=100",
    "-D_M_X64=100",
    "-D_KERNEL_MODE=1",
    "-DWINNT=1",
    "-D_WIN32_WINNT=0x0A00",
    "-DWINVER=0x0A00",
    "-DNTDDI_VERSION=0x0A00000C",
    "-DDEPRECATE_DDK_FUNCTIONS=1",
    NULL,
};

static const char *const common_flags[] = {
    "-c",
    "-g",
    "-fPIC",
    "-fno-omit-frame-pointer",
    "-fno-optimize-sibling-calls",
    "-fno-strict-aliasing",
    "-fwrapv",
    "-fno-delete-null-pointer-checks",
    "-fshort-wchar",
    "-fms-extensions",
    "-fvisibility=default",
    NULL,
};

/* Messages that MSVC would not give, or gives only as warnings. What it refuses in drivers stays an
 * error. */
static const char *const common_warnings[] = {
    "-Wno-multichar",
    "-Wno-unknown-pragmas",
    "-Wno-attributes",
    "-Wno-int-to-pointer-cast",
    "-Wno-switch",
    "-Wno-format",
    "-Wno-unused-value",
    "-Wno-comment",
    "-Wno-trigraphs",
    "-Wno-endif-labels",
    NULL,
};
static const char *const c_warnings[] = {
    "-Werror=implicit-function-declaration",
    "-Wno-pointer-sign",
    "-Wno-incompatible-pointer-types",
    "-Wno-error=int-conversion",
    "-Wno-pointer-to-int-cast",
    NULL,
};
/* Calls that look alike are not made one: the stack of each finding has its own line. */
static const char *const gcc_flags[] = {"-fno-crossjumping", "-fno-tree-tail-merge", NULL};
static const char *const clang_flags[] = {
    "-mllvm",
    "-enable-tail-merge=0",
    "-gdwarf-aranges",
    "-Wno-microsoft",
    "-Wno-unknown-warning-option",
    "-Wno-pragma-pack",
    "-Wno-ignored-attributes",
    "-Wno-ignored-pragmas",
    "-Wno-ignored-pragma-intrinsic",
    "-Wno-ignored-pragma-optimize",
    "-Wno-nonportable-include-path",
    "-Wno-unused-command-line-argument",
    "-Wno-parentheses",
    "-Wno-extern-initializer",
    "-Wno-tautological-compare",
    "-Wno-unused-local-typedef",
    "-Wno-extra-tokens",
    "-Wno-macro-redefined",
    "-Wno-c++11-narrowing",
    "-Wno-incompatible-function-pointer-types",
    NULL,
};
static const char *const cxx_flags[] = {
    "-std=gnu++17", "-fno-exceptions", "-fno-rtti", "-Wno-write-strings", "-Wno-narrowing", NULL,
};

static void
source_args(const struct host_project *project, const struct host_source *s, struct host_strv *argv)
{
    char *dir = host_path_dir(s->path);
    host_strv_addf(argv, "-iquote%s", dir);
    if (strcmp(dir, project->dir) != 0) {
        host_strv_addf(argv, "-iquote%s", project->dir);
    }
    free(dir);
    for (size_t i = 0; i < s->includes.count; i++) {
        host_strv_addf(argv, "-I%s", s->includes.items[i]);
    }
    for (size_t i = 0; i < s->defines.count; i++) {
        host_strv_addf(argv, "-D%s", s->defines.items[i]);
    }
    for (size_t i = 0; i < s->undefines.count; i++) {
        host_strv_addf(argv, "-U%s", s->undefines.items[i]);
    }
    for (size_t i = 0; i < s->forced.count; i++) {
        host_strv_add(argv, "-include");
        host_strv_add(argv, s->forced.items[i]);
    }
}

void
toolchain_compile_args(const struct toolchain *tc,
                       const struct host_build_options *options,
                       const struct host_project *project,
                       const struct host_source *source,
                       const char *farm,
                       struct host_strv *argv)
{
    host_strv_add(argv, source->cxx ? tc->cxx : tc->cc);
    add_all(argv, common_flags);
    if (toolchain_uses_seh(project, source)) {
        host_strv_add(argv, "-O0");
        if (tc->clang) {
            host_strv_add(argv, "-Xclang");
            host_strv_add(argv, "-disable-lifetime-markers");   /* see include/nt/seh.h */
        }
    } else {
        host_strv_add(argv, options->debug ? "-O0" : "-O2");
        host_strv_add(argv, "-DNT_SEH_OPTIMIZED=1");
    }
    add_all(argv, common_warnings);
    if (source->cxx) {
        add_all(argv, cxx_flags);
    } else {
        host_strv_add(argv, "-std=gnu17");
        host_strv_add(argv, "-fcommon");   /* variables that a header of the driver defines, as MSVC merges them */
        add_all(argv, c_warnings);
    }
    if (!tc->clang) {
        add_all(argv, gcc_flags);
    }
    if (tc->clang) {
        add_all(argv, clang_flags);
        if (!source->cxx) {
            host_strv_add(argv, "-fms-compatibility");
        }
    }
    if (options->sanitize != NULL) {
        host_strv_addf(argv, "-fsanitize=%s", options->sanitize);
        /* Pool gives 16 bytes of alignment, also to structures that are declared with 64, and x64 reads at any address. */
        host_strv_add(argv, "-fno-sanitize=alignment");
    }
    add_all(argv, kit_defines);
    host_strv_add(argv, options->debug ? "-DDBG=1" : "-DDBG=0");
    if (!options->debug) {
        host_strv_add(argv, "-DNDEBUG");
    }
    source_args(project, source, argv);
    host_strv_addf(argv, "-I%s", farm);
    host_strv_add(argv, "-isystem");
    host_strv_add(argv, tc->include);
    if (source->cxx) {
        host_strv_add(argv, "-xc++");
    } else {
        host_strv_add(argv, "-xc");
    }
}

void
toolchain_link_args(const struct toolchain *tc,
                    const struct host_build_options *options,
                    bool cxx,
                    const char *map,
                    struct host_strv *argv)
{
    host_strv_add(argv, cxx ? tc->cxx : tc->cc);
    host_strv_add(argv, "-shared");
    host_strv_add(argv, "-g");
    host_strv_add(argv, "-Wl,--build-id");
    host_strv_add(argv, "-Wl,--as-needed");
    host_strv_addf(argv, "-Wl,--version-script=%s", map);
    if (options->sanitize != NULL) {
        /* clang names no runtime in a shared object: the one that the process has is used, whether preloaded or linked into it. */
        host_strv_addf(argv, "-fsanitize=%s", options->sanitize);
    } else {
        host_strv_add(argv, "-Wl,-z,defs");
    }
    if (cxx) {
        host_strv_add(argv, "-static-libstdc++");
    }
}
