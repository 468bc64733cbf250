/* SPDX-License-Identifier: MIT */
/* What a module needs to be a service: its INF, or for a legacy driver without one what an INF
 * would say. */
#ifndef FILTERBED_HOST_SERVICE_H
#define FILTERBED_HOST_SERVICE_H

#include "host/inf.h"

/*
 * inf_path: NULL if there is none. filter stands in messages. A legacy driver is one that does not
 * call FltRegisterFilter: it needs no instances, and no INF. Returns 0, or -1 with *err set and
 * *inf zeroed. host_inf_free releases *inf.
 */
int
host_service_load(const char *filter,
                  const char *module_path,
                  const char *module_name,
                  const char *inf_path,
                  struct host_inf *inf,
                  bool *legacy,
                  struct host_error *err);

#endif
