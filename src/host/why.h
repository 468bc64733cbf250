/* SPDX-License-Identifier: MIT */
/* Reasons in words, for messages and the report. Internal to host. */
#ifndef FILTERBED_HOST_WHY_H
#define FILTERBED_HOST_WHY_H

#include "host/fbedp.h"

/* "; filterbed does not have FltX (called by DriverEntry, scan.c:12)", or "" if the driver called nothing in vain. */
void
why_missing(const struct fbed_filter *f, char *text, size_t size);
/* Why the filter was attached nowhere; "" if it was. */
void
why_not_attached(const struct fbed_filter *f,
                 const struct host_nt_filter *facts,
                 bool registered,
                 char *text,
                 size_t size);
/* What was unusual about its unload; "" if nothing was. */
void
why_legacy_not_attached(const struct fbed_filter *f, char *text, size_t size);
void
why_unloaded(const struct fbed_filter *f, char *text, size_t size);

#endif
