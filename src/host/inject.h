/* SPDX-License-Identifier: MIT */
/* Failures on demand (--fault): the rules, a driver's calls, what the report says of it. */
#ifndef FILTERBED_HOST_INJECT_H
#define FILTERBED_HOST_INJECT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "host/module.h"
#include "host/text.h"

/* Checks what was given; in the server's process it is applied, before the first driver is loaded. */
int
inject_check(const struct host_strv *faults, struct host_error *err);
int
inject_apply(const json_t *faults, struct host_error *err);

/* "alloc:all", "status:all": what is no single run but a campaign (campaign.h). */
bool
inject_is_campaign(const char *fault);

/* Leads the calls of a driver that was loaded but has not run. Does nothing without --fault=status. */
void
inject_image(const struct host_image *image);

/* The member "faults" of a report; NULL without --fault. */
json_t *
inject_collect(json_t *modules);
/* The member "sites": places that were noted for a campaign; NULL if none were. */
json_t *
inject_collect_sites(json_t *modules);

/* Which calls can be made to fail, with what. */
void
inject_list(FILE *to);

#endif
