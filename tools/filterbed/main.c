/* SPDX-License-Identifier: MIT */
/* filterbed VERB …: finds the verb and hands over. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "host/run.h"

#ifndef FILTERBED_VERSION
#define FILTERBED_VERSION "unknown"
#endif

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *summary;
} verbs[] = {
    {"run", cmd_run, "run a command in a directory, with filter drivers between them"},
    {"filters", cmd_filters, "who is where in a run: filters, altitudes, frames"},
    {"instances", cmd_instances, "their instances on each volume"},
    {"volumes", cmd_volumes, "the volumes"},
    {"top", cmd_top, "what the filters of a run hold now"},
    {"ioctl", cmd_ioctl, "send a device of a run's driver a control code"},
    {"build", cmd_build, "compile a filter driver"},
};

static void
usage(FILE *to)
{
    fputs("usage: filterbed VERB [options]\n"
          "       filterbed --version\n"
          "\n"
          "Runs Windows file-system filter drivers on Linux.\n"
          "\n"
          "verbs:\n",
          to);
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        fprintf(to, "  %-9s %s\n", verbs[i].name, verbs[i].summary);
    }
    fputs("\nfilterbed VERB --help tells more.\n", to);
}

bool
command_number(const char *text, long low, long high, long *n)
{
    char *end;
    errno = 0;
    *n = strtol(text, &end, 10);
    return errno == 0 && end != text && *end == '\0' && *n >= low && *n <= high;
}

bool
command_run(int argc, char **argv, const char *verb, const char *socket, long *pid)
{
    if (argc - optind <= 1 &&
        (optind == argc || (socket == NULL && command_number(argv[optind], 1, 1L << 30, pid)))) {
        return true;
    }
    fprintf(stderr, "filterbed %s: one PID, or --socket; see filterbed %s --help\n", verb, verb);
    return false;
}

/* A standard descriptor that is closed would be the next file's. A command finds it closed as before. */
static void
keep_standard_descriptors(void)
{
    for (int fd = 0; fd <= 2; fd++) {
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR | O_CLOEXEC) != fd) {
            abort();
        }
    }
}

int
main(int argc, char **argv)
{
    keep_standard_descriptors();
    if (argc < 2) {
        usage(stderr);
        return EXIT_STATUS_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        usage(stdout);
        return EXIT_STATUS_OK;
    }
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "version") == 0) {
        printf("filterbed %s\n", FILTERBED_VERSION);
        return EXIT_STATUS_OK;
    }
    if (strcmp(argv[1], "--server") == 0 && argc == 2) {
        return fbed_server(); /* how filterbed run starts the process with the drivers in it */
    }
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        if (strcmp(argv[1], verbs[i].name) == 0) {
            return verbs[i].run(argc - 1, argv + 1);
        }
    }
    fprintf(stderr, "filterbed: no verb \"%s\"; see filterbed --help\n", argv[1]);
    return EXIT_STATUS_USAGE;
}
