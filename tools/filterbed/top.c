/* SPDX-License-Identifier: MIT */
/* filterbed top: options, then host/top.c does it. */
#include <getopt.h>
#include <stdio.h>

#include "commands.h"
#include "host/live.h"

static const char help[] =
    "usage: filterbed top [--once] [--json] [PID | --socket PATH]\n"
    "       filterbed top --who PATH [--json] [PID | --socket PATH]\n"
    "\n"
    "Shows where the objects that the filters of a running filterbed hold come from: per filter, "
    "kind, pool\n"
    "tag and way to the allocation, live ones first. PID is that of filterbed run; it need not be "
    "said if there\n"
    "is only one.\n"
    "\n"
    "      --once           print once and end, all lines\n"
    "      --who PATH       what the filters hold that they took for this file: contexts, their "
    "references\n"
    "      --json           the same as JSON\n"
    "      --socket PATH    that of filterbed run --socket\n"
    "  -h, --help           show this\n";

int
cmd_top(int argc, char **argv)
{
    static const struct option options[] = {
        {"once", no_argument, NULL, 'o'},     {"json", no_argument, NULL, 'j'},
        {"who", required_argument, NULL, 'w'}, {"socket", required_argument, NULL, 's'},
        {"help", no_argument, NULL, 'h'},     {NULL, 0, NULL, 0}};
    struct live_options o = {0};
    int opt;
    optind = 0;
    while ((opt = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        switch (opt) {
        case 'o':
            o.once = true;
            break;
        case 'j':
            o.json = true;
            break;
        case 'w':
            o.who = optarg;
            break;
        case 's':
            o.socket = optarg;
            break;
        case 'h':
            fputs(help, stdout);
            return EXIT_STATUS_OK;
        default:
            return EXIT_STATUS_USAGE;
        }
    }
    if (!command_run(argc, argv, "top", o.socket, &o.pid)) {
        return EXIT_STATUS_USAGE;
    }
    return fbed_top(&o);
}
