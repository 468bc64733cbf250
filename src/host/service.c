/* SPDX-License-Identifier: MIT */
/* Services of minifilters and of legacy drivers; see service.h. */
#include "host/service.h"

#include "host/modinfo.h"

/* As an administrator would make it: sc create NAME type= filesys start= demand. */
static void
without_inf(const char *name, const char *module, struct host_inf *inf)
{
    *inf = (struct host_inf){.service_type = 2, .start_type = 3, .error_control = 1};
    inf->path = host_strdup(module);
    inf->install_section = host_strdup("");
    inf->service_name = host_strdup(name);
    inf->binary = host_printf("%s.sys", name);
}

int
host_service_load(const char *filter,
                  const char *module_path,
                  const char *module_name,
                  const char *inf_path,
                  struct host_inf *inf,
                  bool *legacy,
                  struct host_error *err)
{
    struct host_modinfo info;
    *inf = (struct host_inf){0};
    if (host_modinfo_read(module_path, &info, err) != 0) {
        return -1;
    }
    *legacy = !info.registers_filter;
    host_modinfo_free(&info);
    if (inf_path != NULL) {
        return host_inf_load(inf_path, *legacy ? HOST_INF_LEGACY : 0, inf, err);
    }
    if (!*legacy) {
        return host_fail(err,
                         "%s: no INF belongs to it, so its altitude is unknown; give the .inf, or "
                         "put it beside the module",
                         filter);
    }
    without_inf(module_name, module_path, inf);
    return 0;
}
