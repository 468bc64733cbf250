/* SPDX-License-Identifier: MIT */
/* Names of devices, for people: which there are, and which somebody may have meant. */
#ifndef FILTERBED_HOST_NEARNAME_H
#define FILTERBED_HOST_NEARNAME_H

#include <jansson.h>

#include "host/text.h"

/* Adds "; near names: \Device\X, …" for a name that was not found, or which names loaded drivers' devices have. */
void
near_names(const char *name, struct host_buf *text);
/* All names that can be opened: [{"name", "driver" or null for a link}]. */
json_t *
near_list(void);

#endif
