/* SPDX-License-Identifier: MIT */
/* From an INF's sections to the service that Windows would create; see inf.h. */
#include "host/inf.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "host/inf_reg.h"

#define NEWEST_MAJOR 10
#define NEWEST_MINOR 0

/* How well an install section fits; compared member by member. */
struct rank {
    int fits; /* x64, and not newer than Windows 10 */
    int services;
    long major, minor, build;
    int arch;
    int nt;
};

static long
part_number(const struct host_strv *parts, size_t i)
{
    return i < parts->count ? strtol(parts->items[i], NULL, 10) : 0;
}

/* Splits at every dot and keeps empty parts: 10.0...25952 has five. */
static void
split_dots(const char *s, struct host_strv *out)
{
    while (s != NULL) {
        const char *dot = strchr(s, '.');
        host_strv_own(out, dot != NULL ? host_strndup(s, (size_t)(dot - s)) : host_strdup(s));
        s = dot != NULL ? dot + 1 : NULL;
    }
}

/* Ranks what stands after the section's plain name: "", ".NT", ".NTamd64.10.0...25952". False if it
 * is none of these. */
static bool
decoration_rank(const char *decoration, struct rank *rank)
{
    *rank = (struct rank){.fits = 1};
    if (*decoration == '\0') {
        return true;
    }
    if (strncasecmp(decoration, ".NT", 3) != 0) {
        return false;
    }
    struct host_strv parts = {0};
    split_dots(decoration + 3, &parts);
    const char *arch = parts.items[0];
    bool x64 = strcasecmp(arch, "amd64") == 0;
    bool known = *arch == '\0' || x64 || strcasecmp(arch, "x86") == 0 ||
                 strncasecmp(arch, "arm", 3) == 0 || strcasecmp(arch, "ia64") == 0;
    rank->nt = 1;
    rank->arch = x64;
    rank->major = part_number(&parts, 1);
    rank->minor = part_number(&parts, 2);
    rank->build = part_number(&parts, 5);
    rank->fits =
        (*arch == '\0' || x64) && (rank->major < NEWEST_MAJOR ||
                                   (rank->major == NEWEST_MAJOR && rank->minor <= NEWEST_MINOR));
    host_strv_free(&parts);
    return known;
}

static bool
rank_better(const struct rank *a, const struct rank *b)
{
    const long left[] = {a->fits, a->services, a->major, a->minor, a->build, a->arch, a->nt};
    const long right[] = {b->fits, b->services, b->major, b->minor, b->build, b->arch, b->nt};
    for (size_t i = 0; i < sizeof left / sizeof *left; i++) {
        if (left[i] != right[i]) {
            return left[i] > right[i];
        }
    }
    return false;
}

static const struct inf_section *
services_of(const struct inf_text *text, const char *install)
{
    char *name = host_printf("%s.Services", install);
    const struct inf_section *s = inf_text_section(text, name);
    free(name);
    return s;
}

/* Ranks name as an install section: [DefaultInstall…], or with any_name every section that has a
 * .Services part. */
static bool
install_rank(const struct inf_text *text, const char *name, bool any_name, struct rank *rank)
{
    if (host_ends_with(name, ".Services")) {
        return false;
    }
    const char *decoration = strcasestr(name, ".NT");
    size_t plain = decoration != NULL ? (size_t)(decoration - name) : strlen(name);
    bool named =
        plain == strlen("DefaultInstall") && strncasecmp(name, "DefaultInstall", plain) == 0;
    bool services = services_of(text, name) != NULL;
    if (!(named || (any_name && services)) || !decoration_rank(name + plain, rank)) {
        return false;
    }
    rank->services = services;
    return true;
}

static const char *
choose_install(const struct inf_text *text)
{
    const char *best = NULL;
    struct rank best_rank = {0}, rank;
    for (int any = 0; any < 2 && (best == NULL || !best_rank.services); any++) {
        for (size_t i = 0; i < text->count; i++) {
            const char *name = text->sections[i].name;
            if (install_rank(text, name, any, &rank) &&
                (best == NULL || rank_better(&rank, &best_rank))) {
                best = name;
                best_rank = rank;
            }
        }
    }
    return best;
}

static void
set_string(char **slot, const char *s)
{
    free(*slot);
    *slot = host_strdup(s);
}

static int
set_number(const struct inf_text *text,
           const struct inf_entry *e,
           uint32_t *slot,
           struct host_error *err)
{
    uint64_t n;
    if (inf_parse_number(inf_entry_field(e, 0), &n) != 0) {
        return host_fail(err, "%s:%d: %s is not a number: \"%s\"", text->path, e->line, e->key,
                         inf_entry_field(e, 0));
    }
    *slot = (uint32_t)n;
    return 0;
}

static int
service_entry(const struct inf_text *text,
              const struct inf_entry *e,
              struct host_inf *inf,
              struct host_error *err)
{
    const char *first = inf_entry_field(e, 0);
    if (strcasecmp(e->key, "DisplayName") == 0) {
        set_string(&inf->display_name, first);
    } else if (strcasecmp(e->key, "Description") == 0) {
        set_string(&inf->description, first);
    } else if (strcasecmp(e->key, "LoadOrderGroup") == 0) {
        set_string(&inf->load_order_group, first);
    } else if (strcasecmp(e->key, "ServiceBinary") == 0) {
        const char *slash = strrchr(first, '\\');
        set_string(&inf->binary, slash != NULL ? slash + 1 : first);
    } else if (strcasecmp(e->key, "ServiceType") == 0) {
        return set_number(text, e, &inf->service_type, err);
    } else if (strcasecmp(e->key, "StartType") == 0) {
        return set_number(text, e, &inf->start_type, err);
    } else if (strcasecmp(e->key, "ErrorControl") == 0) {
        return set_number(text, e, &inf->error_control, err);
    } else if (strcasecmp(e->key, "Dependencies") == 0) {
        for (size_t i = 0; i < e->fields.count; i++) {
            if (*e->fields.items[i] != '\0') {
                host_strv_add(&inf->dependencies, e->fields.items[i]);
            }
        }
    } else if (strcasecmp(e->key, "AddReg") == 0) {
        return inf_add_registry(text, e, true, inf, err);
    }
    return 0;
}

/* Runs fn over the key = value lines of a section. */
static int
for_each_entry(const struct inf_text *text,
               const struct inf_section *s,
               struct host_inf *inf,
               struct host_error *err,
               int (*fn)(const struct inf_text *,
                         const struct inf_entry *,
                         struct host_inf *,
                         struct host_error *))
{
    for (size_t i = 0; i < s->count; i++) {
        struct inf_entry e;
        if (inf_text_entry(text, s, i, &e, err) != 0) {
            return -1;
        }
        int rc = e.key != NULL ? fn(text, &e, inf, err) : 0;
        inf_entry_free(&e);
        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}

/* AddReg of the install section itself: only lines that write under our service key matter. */
static int
install_entry(const struct inf_text *text,
              const struct inf_entry *e,
              struct host_inf *inf,
              struct host_error *err)
{
    return strcasecmp(e->key, "AddReg") == 0 ? inf_add_registry(text, e, false, inf, err) : 0;
}

/* Whether a service section describes a driver: ServiceType 1, 2 or 8. */
static bool
is_driver_service(const struct inf_text *text, const struct inf_section *s)
{
    for (size_t i = 0; i < s->count; i++) {
        struct inf_entry e;
        uint64_t n = 0;
        if (inf_text_entry(text, s, i, &e, NULL) != 0) {
            continue;
        }
        bool driver = e.key != NULL && strcasecmp(e.key, "ServiceType") == 0 &&
                      inf_parse_number(inf_entry_field(&e, 0), &n) == 0 && (n & 0xB) != 0;
        inf_entry_free(&e);
        if (driver) {
            return true;
        }
    }
    return false;
}

/* Finds the AddService line that installs the driver: its name goes to *inf, its section is
 * returned. */
static const struct inf_section *
find_service(const struct inf_text *text,
             const struct inf_section *services,
             struct host_inf *inf,
             struct host_error *err)
{
    const struct inf_section *chosen = NULL;
    int last = services->line;
    host_fail(err, "%s:%d: [%s] has no AddService", text->path, services->line, services->name);
    for (size_t i = 0; i < services->count; i++) {
        struct inf_entry e;
        if (inf_text_entry(text, services, i, &e, err) != 0) {
            return NULL;
        }
        if (e.key != NULL && strcasecmp(e.key, "AddService") == 0) {
            last = e.line;
            const struct inf_section *s = inf_text_section(text, inf_entry_field(&e, 2));
            if (s == NULL) {
                host_fail(err, "%s:%d: no section [%s] for service \"%s\"", text->path, last,
                          inf_entry_field(&e, 2), inf_entry_field(&e, 0));
            } else if (chosen == NULL ||
                       (!is_driver_service(text, chosen) && is_driver_service(text, s))) {
                chosen = s;
                set_string(&inf->service_name, inf_entry_field(&e, 0));
            }
        }
        inf_entry_free(&e);
    }
    if (chosen != NULL && *inf->service_name == '\0') {
        host_fail(err, "%s:%d: AddService without a service name", text->path, last);
        return NULL;
    }
    return chosen;
}

bool
host_altitude_valid(const char *s)
{
    size_t digits = strspn(s, "0123456789");
    if (digits == 0) {
        return false;
    }
    s += digits;
    if (*s == '.') {
        digits = strspn(++s, "0123456789");
        s += digits;
    }
    return *s == '\0' && digits > 0;
}

static void
add_instance(struct host_inf *inf, const char *name, const char *altitude, uint32_t flags)
{
    inf->instances =
        host_xrealloc(inf->instances, (inf->instance_count + 1) * sizeof *inf->instances);
    inf->instances[inf->instance_count++] = (struct host_inf_instance){
        .name = host_strdup(name), .altitude = host_strdup(altitude), .flags = flags};
}

static bool
is_string(const struct host_inf_value *v)
{
    return v != NULL && (v->type == HOST_REG_SZ || v->type == HOST_REG_EXPAND_SZ);
}

/* Checks one instance key and adds it, unless it was added already. */
static int
read_instance(
    struct host_inf *inf, const char *key, const char *name, int line, struct host_error *err)
{
    for (size_t i = 0; i < inf->instance_count; i++) {
        if (strcasecmp(inf->instances[i].name, name) == 0) {
            return 0;
        }
    }
    const struct host_inf_value *altitude = inf_value_find(inf, key, "Altitude");
    const struct host_inf_value *flags = inf_value_find(inf, key, "Flags");
    uint32_t n = 0;
    if (!is_string(altitude)) {
        return host_fail(err, "%s:%d: instance \"%s\" has no Altitude", inf->path, line, name);
    }
    if (!host_altitude_valid((const char *)altitude->data)) {
        return host_fail(err, "%s:%d: altitude \"%s\" of instance \"%s\" is not a decimal number",
                         inf->path, altitude->line, (const char *)altitude->data, name);
    }
    if (flags != NULL && (flags->type != HOST_REG_DWORD || flags->size != sizeof n)) {
        return host_fail(err, "%s:%d: Flags of instance \"%s\" is not a DWORD", inf->path,
                         flags->line, name);
    }
    if (flags != NULL) {
        memcpy(&n, flags->data, sizeof n);
    }
    add_instance(inf, name, (const char *)altitude->data, n);
    return 0;
}

/* Reads the instances below `layout`, which has a DefaultInstance. */
static int
read_instances(struct host_inf *inf,
               const char *layout,
               const struct host_inf_value *def,
               struct host_error *err)
{
    size_t n = strlen(layout);
    set_string(&inf->default_instance, (const char *)def->data);
    for (size_t i = 0; i < inf->value_count; i++) {
        const struct host_inf_value *v = &inf->values[i];
        if (strncasecmp(v->subkey, layout, n) != 0 || v->subkey[n] != '\\' ||
            strchr(v->subkey + n + 1, '\\') != NULL) {
            continue;
        }
        char *key =
            host_strdup(v->subkey); /* the array may not move, but be safe against a later change */
        int rc = read_instance(inf, key, key + n + 1, v->line, err);
        free(key);
        if (rc != 0) {
            return rc;
        }
    }
    for (size_t i = 0; i < inf->instance_count; i++) {
        if (strcasecmp(inf->instances[i].name, inf->default_instance) == 0) {
            return 0;
        }
    }
    return host_fail(err, "%s:%d: DefaultInstance \"%s\" has no Altitude", inf->path, def->line,
                     inf->default_instance);
}

static int
resolve_instances(const struct inf_section *service,
                  unsigned flags,
                  struct host_inf *inf,
                  struct host_error *err)
{
    static const char *const layouts[] = {"Parameters\\Instances", "Instances"};
    for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++) {
        const struct host_inf_value *def = inf_value_find(inf, layouts[i], "DefaultInstance");
        if (is_string(def)) {
            return read_instances(inf, layouts[i], def, err);
        }
    }
    if ((flags & HOST_INF_LEGACY) != 0) {
        return 0;
    }
    return host_fail(
        err,
        "%s:%d: service \"%s\" has no DefaultInstance under Instances or Parameters\\Instances",
        inf->path, service->line, inf->service_name);
}

static int
resolve(const struct inf_text *text, unsigned flags, struct host_inf *inf, struct host_error *err)
{
    if (inf_text_section(text, "Version") == NULL) {
        return host_fail(err, "%s:1: no [Version] section: this is not an INF", text->path);
    }
    const char *install = choose_install(text);
    if (install == NULL) {
        return host_fail(err, "%s:1: no [DefaultInstall] section and no section with .Services",
                         text->path);
    }
    const struct inf_section *installs = inf_text_section(text, install),
                             *services = services_of(text, install);
    if (services == NULL) {
        return host_fail(err, "%s:%d: no section [%s.Services]: no service to install", text->path,
                         installs->line, install);
    }
    set_string(&inf->install_section, install);
    const struct inf_section *service = find_service(text, services, inf, err);
    if (service == NULL || for_each_entry(text, service, inf, err, service_entry) != 0 ||
        for_each_entry(text, installs, inf, err, install_entry) != 0) {
        return -1;
    }
    return resolve_instances(service, flags, inf, err);
}

int
host_inf_load(const char *path, unsigned flags, struct host_inf *inf, struct host_error *err)
{
    struct inf_text text;
    *inf = (struct host_inf){.start_type = 3, .error_control = 1, .service_type = 2};
    if (inf_text_load(path, &text, err) != 0) {
        *inf = (struct host_inf){0};
        return -1;
    }
    inf->path = host_strdup(path);
    int rc = resolve(&text, flags, inf, err);
    inf_text_free(&text);
    if (rc != 0) {
        host_inf_free(inf);
    }
    return rc;
}

void
host_inf_free(struct host_inf *inf)
{
    for (size_t i = 0; i < inf->value_count; i++) {
        inf_value_free(&inf->values[i]);
    }
    for (size_t i = 0; i < inf->instance_count; i++) {
        free(inf->instances[i].name);
        free(inf->instances[i].altitude);
    }
    free(inf->values);
    free(inf->instances);
    host_strv_free(&inf->dependencies);
    free(inf->path);
    free(inf->install_section);
    free(inf->service_name);
    free(inf->display_name);
    free(inf->description);
    free(inf->load_order_group);
    free(inf->binary);
    free(inf->default_instance);
    *inf = (struct host_inf){0};
}
