/* SPDX-License-Identifier: MIT */
/* The .filterbed section of a module; see modinfo.h. */
#include "host/modinfo.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <jansson.h>
#include <libelf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECTION ".filterbed"

char *
host_modinfo_text(const struct host_modinfo *info)
{
    json_t *sources = json_array();
    for (size_t i = 0; i < info->sources.count; i++) {
        json_array_append_new(sources, json_string(info->sources.items[i]));
    }
    json_t *root =
        json_pack("{s:s*, s:s*, s:s*, s:s*, s:s*, s:b, s:o}", "name", info->name, "inf", info->inf,
                  "compiler", info->compiler, "sanitize", info->sanitize, "sanitizer_runtime",
                  info->sanitizer_runtime, "debug", info->debug, "sources", sources);
    char *text = root != NULL ? json_dumps(root, JSON_SORT_KEYS) : NULL;
    char *copy = host_strdup(text != NULL ? text : "{}");
    free(text);
    json_decref(root);
    return copy;
}

static char *
get_string(const json_t *root, const char *key)
{
    const char *s = json_string_value(json_object_get(root, key));
    return s != NULL ? host_strdup(s) : NULL;
}

static void
read_json(struct host_modinfo *info, const char *data, size_t size)
{
    json_t *root = json_loadb(data, strnlen(data, size), 0, NULL);
    if (!json_is_object(root)) {
        json_decref(root);
        return;
    }
    info->present = true;
    info->name = get_string(root, "name");
    info->inf = get_string(root, "inf");
    info->compiler = get_string(root, "compiler");
    info->sanitize = get_string(root, "sanitize");
    info->sanitizer_runtime = get_string(root, "sanitizer_runtime");
    info->debug = json_is_true(json_object_get(root, "debug"));
    size_t i;
    json_t *item;
    json_array_foreach(json_object_get(root, "sources"), i, item)
    {
        if (json_is_string(item)) {
            host_strv_add(&info->sources, json_string_value(item));
        }
    }
    json_decref(root);
}

static void
read_symbols(struct host_modinfo *info, Elf *elf, Elf_Scn *scn, const GElf_Shdr *shdr)
{
    Elf_Data *data = elf_getdata(scn, NULL);
    size_t count = data != NULL && shdr->sh_entsize != 0 ? shdr->sh_size / shdr->sh_entsize : 0;
    for (size_t i = 0; i < count; i++) {
        GElf_Sym sym;
        if (gelf_getsym(data, (int)i, &sym) == NULL) {
            continue;
        }
        const char *name = elf_strptr(elf, shdr->sh_link, sym.st_name);
        if (sym.st_shndx == SHN_UNDEF) {
            info->registers_filter |= name != NULL && strcmp(name, "FltRegisterFilter") == 0;
        } else if (name != NULL && strcmp(name, "DriverEntry") == 0 &&
            GELF_ST_TYPE(sym.st_info) == STT_FUNC) {
            info->has_driver_entry = true;
        }
    }
}

static int
read_elf(Elf *elf, const char *path, struct host_modinfo *info, struct host_error *err)
{
    GElf_Ehdr ehdr;
    size_t names;
    if (elf_kind(elf) != ELF_K_ELF || gelf_getehdr(elf, &ehdr) == NULL || ehdr.e_type != ET_DYN ||
        elf_getshdrstrndx(elf, &names) != 0) {
        return host_fail(err, "%s: not a shared object", path);
    }
    if (ehdr.e_machine != EM_X86_64) {
        return host_fail(err, "%s: not built for x86-64", path);
    }
    for (Elf_Scn *scn = NULL; (scn = elf_nextscn(elf, scn)) != NULL;) {
        GElf_Shdr shdr;
        if (gelf_getshdr(scn, &shdr) == NULL) {
            continue;
        }
        const char *name = elf_strptr(elf, names, shdr.sh_name);
        if (shdr.sh_type == SHT_DYNSYM) {
            read_symbols(info, elf, scn, &shdr);
        } else if (name != NULL && strcmp(name, SECTION) == 0) {
            Elf_Data *data = elf_getdata(scn, NULL);
            if (data != NULL && data->d_buf != NULL && data->d_size > 0) {
                read_json(info, data->d_buf, data->d_size);
            }
        }
    }
    return 0;
}

int
host_modinfo_read(const char *path, struct host_modinfo *info, struct host_error *err)
{
    *info = (struct host_modinfo){0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return host_fail(err, "%s: %s", path, strerror(errno));
    }
    elf_version(EV_CURRENT);
    Elf *elf = elf_begin(fd, ELF_C_READ, NULL);
    int rc =
        elf != NULL ? read_elf(elf, path, info, err) : host_fail(err, "%s: not an ELF file", path);
    elf_end(elf);
    close(fd);
    if (rc != 0) {
        host_modinfo_free(info);
    }
    return rc;
}

void
host_modinfo_free(struct host_modinfo *info)
{
    free(info->name);
    free(info->inf);
    free(info->compiler);
    free(info->sanitize);
    free(info->sanitizer_runtime);
    host_strv_free(&info->sources);
    *info = (struct host_modinfo){0};
}
