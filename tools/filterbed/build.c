/* SPDX-License-Identifier: MIT */
/* filterbed build: compiles a driver project and says where the module is. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "host/compile.h"

struct build_command {
    struct host_build_options options;
    bool json;
};

static const char help[] =
    "usage: filterbed build FILTER [options]\n"
    "\n"
    "Compiles an unmodified filter driver. FILTER is a .vcxproj, a directory with driver sources,\n"
    "an .inf with the sources beside it, or a built module (which is only checked).\n"
    "\n"
    "  -o, --output MODULE      write the module there (default: in the cache directory)\n"
    "      --sanitize=LIST      address, undefined, address,undefined or thread\n"
    "      --debug              Debug configuration: no optimisation, DBG=1\n"
    "      --cc COMPILER        compiler (default: $FILTERBED_CC, else clang, else gcc)\n"
    "  -j, --jobs N             compile N sources at a time (default: one per processor)\n"
    "  -v, --verbose            show the commands\n"
    "      --json               print the result as a JSON object\n"
    "  -h, --help               show this\n"
    "\n"
    "Prints the path of the module. Exit status: 0 built, 1 failed, 2 wrong usage.\n";

static int
usage_error(const char *message, const char *what)
{
    fprintf(stderr, "filterbed build: %s%s; see filterbed build --help\n", message, what);
    return EXIT_STATUS_USAGE;
}

static bool
sanitizer_known(const char *list)
{
    static const char *const known[] = {"address",           "undefined", "address,undefined",
                                        "undefined,address", "thread",    "thread,undefined"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strcmp(list, known[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* Returns -1 to go on, else an exit status. */
static int
parse(int argc, char **argv, struct build_command *c)
{
    static const struct option options[] = {
        {"output", required_argument, NULL, 'o'},
        {"sanitize", required_argument, NULL, 's'},
        {"debug", no_argument, NULL, 'd'},
        {"cc", required_argument, NULL, 'c'},
        {"jobs", required_argument, NULL, 'j'},
        {"verbose", no_argument, NULL, 'v'},
        {"json", no_argument, NULL, 'J'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int opt;
    long jobs;
    optind = 0;
    opterr = 0;
    while ((opt = getopt_long(argc, argv, ":o:j:vh", options, NULL)) != -1) {
        switch (opt) {
        case 'o':
            c->options.output = optarg;
            break;
        case 's':
            c->options.sanitize = optarg;
            break;
        case 'd':
            c->options.debug = true;
            break;
        case 'c':
            c->options.cc = optarg;
            break;
        case 'j':
            if (!command_number(optarg, 1, 4096, &jobs)) {
                return usage_error("--jobs takes a number from 1 to 4096, not ", optarg);
            }
            c->options.jobs = (unsigned)jobs;
            break;
        case 'v':
            c->options.verbose = true;
            break;
        case 'J':
            c->json = true;
            break;
        case 'h':
            fputs(help, stdout);
            return EXIT_STATUS_OK;
        case ':':
            return usage_error("option needs a value: ", argv[optind - 1]);
        default:
            return usage_error("unknown option: ", argv[optind - 1]);
        }
    }
    if (optind + 1 != argc) {
        return usage_error(optind >= argc ? "no FILTER given" : "more than one FILTER: ",
                           optind >= argc ? "" : argv[optind + 1]);
    }
    if (c->options.sanitize != NULL && !sanitizer_known(c->options.sanitize)) {
        return usage_error("unknown sanitizer: ", c->options.sanitize);
    }
    c->options.filter = argv[optind];
    return -1;
}

static int
print_json(char *text)
{
    int rc = puts(text);
    free(text);
    return rc >= 0 && fflush(stdout) == 0 ? EXIT_STATUS_OK : EXIT_STATUS_FAILED;
}

static int
report_module(const struct build_command *c, const struct host_module *m)
{
    for (size_t i = 0; i < m->notes.count; i++) {
        fprintf(stderr, "filterbed: note: %s\n", m->notes.items[i]);
    }
    if (c->json) {
        return print_json(fbed_module_json(m));
    }
    return puts(m->path) >= 0 && fflush(stdout) == 0 ? EXIT_STATUS_OK : EXIT_STATUS_FAILED;
}

int
cmd_build(int argc, char **argv)
{
    struct build_command c = {0};
    int status = parse(argc, argv, &c);
    if (status >= 0) {
        return status;
    }
    struct host_module module;
    struct host_error err;
    if (fbed_build_project(&c.options, &module, &err) != 0) {
        fprintf(stderr, "filterbed: %s\n", err.text);
        if (c.json) {
            print_json(fbed_build_error_json(&err));
        }
        return EXIT_STATUS_FAILED;
    }
    status = report_module(&c, &module);
    fbed_module_free(&module);
    return status;
}
