/* SPDX-License-Identifier: MIT */
/* The compiler and the parts of filterbed that a driver is built against. Internal to the build. */
#ifndef FILTERBED_HOST_TOOLCHAIN_H
#define FILTERBED_HOST_TOOLCHAIN_H

#include <stdbool.h>

#include "host/compile.h"
#include "host/project.h"

struct toolchain {
    char *cc;  /* C compiler, as given or found */
    char *cxx; /* its C++ sibling */
    bool clang;
    char *version; /* first line of --version: part of what makes an object up to date */
    char *include; /* include/nt */
    char *libdir;  /* holds libfilterbed.so */
    char *crt;     /* libfilterbed-crt.a, or NULL */
    char *sanitizer_runtime;
};

int
toolchain_find(const struct host_build_options *options,
               struct toolchain *tc,
               struct host_error *err);
void
toolchain_free(struct toolchain *tc);
/* The whole command that compiles one source, without -o, -MF and the source itself. */
void
toolchain_compile_args(const struct toolchain *tc,
                       const struct host_build_options *options,
                       const struct host_project *project,
                       const struct host_source *source,
                       const char *farm,
                       struct host_strv *argv);
/* Whether the source, or a header it may include, has a __try: it is then compiled unoptimised. */
bool
toolchain_uses_seh(const struct host_project *project, const struct host_source *source);
void
toolchain_link_args(const struct toolchain *tc,
                    const struct host_build_options *options,
                    bool cxx,
                    const char *map,
                    struct host_strv *argv);

#endif
