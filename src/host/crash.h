/* SPDX-License-Identifier: MIT */
/* What a dying process writes. Internal to host. */
#ifndef FILTERBED_HOST_CRASH_H
#define FILTERBED_HOST_CRASH_H

#include "port/port.h"

/* Where the record goes; -1: stderr, as text. */
void
crash_to(int fd);
/* The fatal callback of port_fault_install: async-signal context. */
void
crash_record(const struct port_fault_info *info);

#endif
