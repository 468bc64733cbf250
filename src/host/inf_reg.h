/* SPDX-License-Identifier: MIT */
/* Registry values of an INF. Internal to the INF reader. */
#ifndef FILTERBED_HOST_INF_REG_H
#define FILTERBED_HOST_INF_REG_H

#include "host/inf.h"
#include "host/inf_text.h"

/* Decimal, or hexadecimal with 0x, possibly negative. 0, or -1 if s is no number. */
int
inf_parse_number(const char *s, uint64_t *value);
struct host_inf_value *
inf_value_find(const struct host_inf *inf, const char *subkey, const char *name);
void
inf_value_free(struct host_inf_value *v);
/*
 * Adds the values of every section that an AddReg line names, as far as they lie below the service
 * key of *inf. service_section: HKR is the service key there.
 */
int
inf_add_registry(const struct inf_text *text,
                 const struct inf_entry *list,
                 bool service_section,
                 struct host_inf *inf,
                 struct host_error *err);

#endif
