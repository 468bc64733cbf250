/* SPDX-License-Identifier: MIT */
/* AddReg sections of an INF: from lines to registry values. */
#include "host/inf_reg.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SERVICES_KEY "System\\CurrentControlSet\\Services\\"

/* AddReg flags. */
#define FLAG_BINARY 0x1u
#define FLAG_NOCLOBBER 0x2u
#define FLAG_DELETE 0x4u
#define FLAG_APPEND 0x8u
#define FLAG_KEYONLY 0x10u
#define FLAG_TYPE_MASK 0xFFFF0001u

int
inf_parse_number(const char *s, uint64_t *value)
{
    char *end;
    errno = 0;
    if (*s == '\0') {
        return -1;
    }
    bool negative = *s == '-';
    uint64_t n = strtoull(s + negative, &end, strncasecmp(s + negative, "0x", 2) == 0 ? 16 : 10);
    *value = negative ? (uint64_t)(-(int64_t)n) : n;
    return errno == 0 && *end == '\0' && end != s + negative ? 0 : -1;
}

void
inf_value_free(struct host_inf_value *v)
{
    free(v->subkey);
    free(v->name);
    free(v->data);
}

struct host_inf_value *
inf_value_find(const struct host_inf *inf, const char *subkey, const char *name)
{
    for (size_t i = 0; i < inf->value_count; i++) {
        struct host_inf_value *v = &inf->values[i];
        if (strcasecmp(v->subkey, subkey) == 0 && strcasecmp(v->name, name) == 0) {
            return v;
        }
    }
    return NULL;
}

const struct host_inf_value *
host_inf_find(const struct host_inf *inf, const char *subkey, const char *name)
{
    return inf_value_find(inf, subkey, name);
}

/* Encodes fields 4 and up as a value of the given type. */
static int
encode_value(const struct inf_text *text,
             const struct inf_entry *e,
             struct host_inf_value *v,
             struct host_error *err)
{
    struct host_buf b = {0};
    uint64_t number;
    size_t width = v->type == HOST_REG_QWORD ? 8 : 4;
    switch (v->type) {
    case HOST_REG_DWORD:
    case HOST_REG_QWORD:
        if (e->fields.count > 5 && e->fields.count >= 4 + width) {
            goto bytes;
        }
        if (inf_parse_number(inf_entry_field(e, 4), &number) != 0) {
            return host_fail(err, "%s:%d: \"%s\" is not a number", text->path, e->line,
                             inf_entry_field(e, 4));
        }
        for (size_t i = 0; i < width; i++) {
            host_buf_addc(&b, (char)(number >> (8 * i)));
        }
        break;
    case HOST_REG_MULTI_SZ:
        for (size_t i = 4; i < e->fields.count; i++) {
            host_buf_add(&b, e->fields.items[i], strlen(e->fields.items[i]) + 1);
        }
        host_buf_addc(&b, '\0');
        break;
    case HOST_REG_SZ:
    case HOST_REG_EXPAND_SZ:
        host_buf_add(&b, inf_entry_field(e, 4), strlen(inf_entry_field(e, 4)) + 1);
        break;
    default:
    bytes:
        for (size_t i = 4; i < e->fields.count; i++) {
            char *end;
            unsigned long byte = strtoul(e->fields.items[i], &end, 16);
            if (*end != '\0' || end == e->fields.items[i] || byte > 255) {
                host_buf_free(&b);
                return host_fail(err, "%s:%d: \"%s\" is not a byte", text->path, e->line,
                                 e->fields.items[i]);
            }
            host_buf_addc(&b, (char)byte);
        }
        break;
    }
    v->size = b.len;
    v->data = (unsigned char *)host_buf_take(&b);
    return 0;
}

static int
value_type(uint64_t flags, enum host_reg_type *type)
{
    switch (flags & FLAG_TYPE_MASK) {
    case 0x00000000:
        *type = HOST_REG_SZ;
        return 0;
    case 0x00010000:
        *type = HOST_REG_MULTI_SZ;
        return 0;
    case 0x00020000:
        *type = HOST_REG_EXPAND_SZ;
        return 0;
    case 0x00000001:
        *type = HOST_REG_BINARY;
        return 0;
    case 0x00010001:
        *type = HOST_REG_DWORD;
        return 0;
    case 0x000B0001:
        *type = HOST_REG_QWORD;
        return 0;
    case 0x00020001:
        *type = HOST_REG_NONE;
        return 0;
    default:
        return -1;
    }
}

/* MULTI_SZ with FLG_ADDREG_APPEND: the new strings follow the old ones. */
static void
append_multi(struct host_inf_value *old, const struct host_inf_value *more)
{
    size_t keep = old->size - 1; /* without the closing NUL */
    old->data = host_xrealloc(old->data, keep + more->size);
    memcpy(old->data + keep, more->data, more->size);
    old->size = keep + more->size;
}

static void
value_store(struct host_inf *inf, struct host_inf_value *v, uint64_t flags)
{
    struct host_inf_value *old = inf_value_find(inf, v->subkey, v->name);
    if (old == NULL) {
        inf->values = host_xrealloc(inf->values, (inf->value_count + 1) * sizeof *inf->values);
        inf->values[inf->value_count++] = *v;
        return;
    }
    if ((flags & FLAG_APPEND) != 0 && old->type == HOST_REG_MULTI_SZ &&
        v->type == HOST_REG_MULTI_SZ) {
        append_multi(old, v);
        inf_value_free(v);
    } else if ((flags & FLAG_NOCLOBBER) != 0) {
        inf_value_free(v);
    } else {
        inf_value_free(old);
        *old = *v;
    }
}

/* The key below the service key that a line of AddReg means; NULL if it is some other key. */
static char *
service_subkey(const struct host_inf *inf, const struct inf_entry *e, bool service_section)
{
    const char *root = inf_entry_field(e, 0), *key = inf_entry_field(e, 1);
    if (strcasecmp(root, "HKR") == 0) {
        return service_section ? host_strdup(key) : NULL;
    }
    size_t prefix = strlen(SERVICES_KEY), name = strlen(inf->service_name);
    if (strcasecmp(root, "HKLM") != 0 || strncasecmp(key, SERVICES_KEY, prefix) != 0 ||
        strncasecmp(key + prefix, inf->service_name, name) != 0) {
        return NULL;
    }
    key += prefix + name;
    return *key == '\0' ? host_strdup("") : *key == '\\' ? host_strdup(key + 1) : NULL;
}

static int
add_value(const struct inf_text *text,
          const struct inf_entry *e,
          bool service_section,
          struct host_inf *inf,
          struct host_error *err)
{
    uint64_t flags = 0;
    const char *flagtext = inf_entry_field(e, 3);
    if (*flagtext != '\0' && inf_parse_number(flagtext, &flags) != 0) {
        return host_fail(err, "%s:%d: \"%s\" is no flags value", text->path, e->line, flagtext);
    }
    if ((flags & (FLAG_KEYONLY | FLAG_DELETE)) != 0) {
        return 0;
    }
    struct host_inf_value v = {.line = e->line};
    if (value_type(flags, &v.type) != 0) {
        return host_fail(err, "%s:%d: unknown registry type in flags %s", text->path, e->line,
                         flagtext);
    }
    v.subkey = service_subkey(inf, e, service_section);
    if (v.subkey == NULL) {
        return 0;
    }
    size_t n = strlen(v.subkey);
    if (n > 0 && v.subkey[n - 1] == '\\') {
        v.subkey[n - 1] = '\0';
    }
    v.name = host_strdup(inf_entry_field(e, 2));
    if (encode_value(text, e, &v, err) != 0) {
        inf_value_free(&v);
        return -1;
    }
    value_store(inf, &v, flags);
    return 0;
}

int
inf_add_registry(const struct inf_text *text,
                 const struct inf_entry *list,
                 bool service_section,
                 struct host_inf *inf,
                 struct host_error *err)
{
    for (size_t i = 0; i < list->fields.count; i++) {
        const char *name = list->fields.items[i];
        const struct inf_section *s = inf_text_section(text, name);
        if (s == NULL) {
            if (*name == '\0') {
                continue;
            }
            return host_fail(err, "%s:%d: no section [%s]", text->path, list->line, name);
        }
        for (size_t n = 0; n < s->count; n++) {
            struct inf_entry e;
            if (inf_text_entry(text, s, n, &e, err) != 0) {
                return -1;
            }
            int rc = add_value(text, &e, service_section, inf, err);
            inf_entry_free(&e);
            if (rc != 0) {
                return rc;
            }
        }
    }
    return 0;
}
