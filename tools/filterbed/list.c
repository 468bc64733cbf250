/* SPDX-License-Identifier: MIT */
/* filterbed filters, instances, volumes: options, then host/list.c does it. */
#include <getopt.h>
#include <stdio.h>

#include "commands.h"
#include "host/list.h"

static const char help[] =
    "usage: filterbed filters   [--json] [PID | --socket PATH]\n"
    "       filterbed instances [--json] [PID | --socket PATH]\n"
    "       filterbed volumes   [--json] [PID | --socket PATH]\n"
    "\n"
    "Shows who is where while filterbed run lasts, as fltmc does: the filters from the top down with\n"
    "their altitudes and frames (<Legacy>: a legacy filter, which is in none), their instances on each\n"
    "volume, the volumes. Instances are there from the first request on. PID is that of filterbed run;\n"
    "it need not be said if there is only one.\n"
    "\n"
    "      --json           the same as JSON\n"
    "      --socket PATH    that of filterbed run --socket\n"
    "  -h, --help           show this\n";

static int
list(const char *what, int argc, char **argv)
{
    static const struct option options[] = {{"json", no_argument, NULL, 'j'},
                                            {"socket", required_argument, NULL, 's'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    const char *socket = NULL;
    bool json = false;
    long pid = 0;
    int opt;
    optind = 0;
    while ((opt = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        switch (opt) {
        case 'j':
            json = true;
            break;
        case 's':
            socket = optarg;
            break;
        case 'h':
            fputs(help, stdout);
            return EXIT_STATUS_OK;
        default:
            return EXIT_STATUS_USAGE;
        }
    }
    if (!command_run(argc, argv, what, socket, &pid)) {
        return EXIT_STATUS_USAGE;
    }
    return fbed_list(what, socket, pid, json);
}

int
cmd_filters(int argc, char **argv)
{
    return list("filters", argc, argv);
}

int
cmd_instances(int argc, char **argv)
{
    return list("instances", argc, argv);
}

int
cmd_volumes(int argc, char **argv)
{
    return list("volumes", argc, argv);
}
