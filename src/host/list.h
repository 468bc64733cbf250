/* SPDX-License-Identifier: MIT */
/* `filterbed filters`, `instances`, `volumes`: who is where in a running run, as fltmc shows it. */
#ifndef FILTERBED_HOST_LIST_H
#define FILTERBED_HOST_LIST_H

#include <jansson.h>
#include <stdbool.h>

/* In the server: the answer to {"type": "list", "list": what}; a new object. */
json_t *
list_answer(const char *what);
/* Asks a run and prints. what: "filters", "instances", "volumes". Returns the exit status. */
int
fbed_list(const char *what, const char *socket, long pid, bool json);

#endif
