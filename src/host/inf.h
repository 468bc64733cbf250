/* SPDX-License-Identifier: MIT */
/*
 * Reads the parts of an INF that make a driver service: what Windows would put under
 * HKLM\SYSTEM\CurrentControlSet\Services\<name> when it installs the file on the newest system.
 *
 * Of several install sections ([DefaultInstall.NTamd64.10.0...25952], [DefaultInstall.NTamd64],
 * [DefaultInstall]) the one with the highest version that fits x64 decides, and with it the layout
 * of the instances: "Parameters\Instances" or "Instances". Where one section writes both,
 * "Parameters\Instances" counts, as it does in the Filter Manager.
 *
 * All text is UTF-8. Everything in struct host_inf belongs to it: host_inf_free releases it, and it
 * may be called on a zeroed one and after a failed load.
 */
#ifndef FILTERBED_HOST_INF_H
#define FILTERBED_HOST_INF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/text.h"

/* Registry types, with Windows' numbers. */
enum host_reg_type {
    HOST_REG_NONE = 0,
    HOST_REG_SZ = 1,
    HOST_REG_EXPAND_SZ = 2,
    HOST_REG_BINARY = 3,
    HOST_REG_DWORD = 4,
    HOST_REG_MULTI_SZ = 7,
    HOST_REG_QWORD = 11,
};

/*
 * One value below the service key. data of SZ and EXPAND_SZ is UTF-8 with its NUL counted in size;
 * of MULTI_SZ one such string after the other and a closing NUL; of DWORD and QWORD the number,
 * little endian; else the bytes.
 */
struct host_inf_value {
    char *subkey; /* relative to the service key, parts separated by backslashes; "" is the key
                     itself */
    char *name;   /* "" is the unnamed value */
    enum host_reg_type type;
    unsigned char *data;
    size_t size;
    int line; /* of the INF */
};

struct host_inf_instance {
    char *name;
    char *altitude; /* decimal digits, with at most one dot */
    uint32_t flags; /* 1: not attached automatically, 2: not attached manually */
};

struct host_inf {
    char *path;
    char *install_section; /* the section that was chosen, e.g. "DefaultInstall.NTamd64" */
    char *service_name;
    char *display_name; /* NULL if the file has none; the same for the next two */
    char *description;
    char *load_order_group;
    char *binary; /* base name of ServiceBinary, e.g. "scan.sys"; NULL if the file has none */
    uint32_t service_type;
    uint32_t start_type; /* 0 boot, 1 system, 2 automatic, 3 on demand, 4 disabled */
    uint32_t error_control;
    struct host_strv dependencies;
    struct host_inf_value *values;
    size_t value_count;
    char *default_instance; /* NULL only with HOST_INF_LEGACY */
    struct host_inf_instance *instances;
    size_t instance_count;
};

/* A legacy filter: an INF without instances is accepted. */
#define HOST_INF_LEGACY 1u

/* Returns 0, or -1 with *err set to "file:line: what is wrong" and *inf zeroed. */
int
host_inf_load(const char *path, unsigned flags, struct host_inf *inf, struct host_error *err);
void
host_inf_free(struct host_inf *inf);
/* The value, or NULL. Names are compared without regard to case. */
const struct host_inf_value *
host_inf_find(const struct host_inf *inf, const char *subkey, const char *name);
/* Whether s is an altitude: decimal digits, or digits, a dot and digits. */
bool
host_altitude_valid(const char *s);

#endif
