/* SPDX-License-Identifier: MIT */
/* One function per verb of filterbed. argv[0] is the verb; the result is the exit status. */
#ifndef FILTERBED_TOOL_COMMANDS_H
#define FILTERBED_TOOL_COMMANDS_H

#include <stdbool.h>

/* Exit statuses that all verbs share. */
enum { EXIT_STATUS_OK = 0, EXIT_STATUS_FAILED = 1, EXIT_STATUS_USAGE = 2 };

int cmd_build(int argc, char **argv);
int cmd_ioctl(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_filters(int argc, char **argv);
int cmd_instances(int argc, char **argv);
int cmd_volumes(int argc, char **argv);
int cmd_top(int argc, char **argv);

/* A number from low to high, and nothing else, into *n. */
bool
command_number(const char *text, long low, long high, long *n);

/* What is left of the command line says which run: nothing, or one PID if no socket was named. On failure usage is printed. */
bool
command_run(int argc, char **argv, const char *verb, const char *socket, long *pid);

#endif
