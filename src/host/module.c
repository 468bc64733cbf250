/* SPDX-License-Identifier: MIT */
/*
 * Loading of driver modules: by absolute path, RTLD_NOW | RTLD_LOCAL. dlopen gives the same module
 * for the same file, so a file that is loaded once more is copied into memory first, which makes it
 * another file.
 */
#include "host/module.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/inject.h"
#include "host/modinfo.h"
#include "port/port.h"

/* Files that were loaded, under images_lock; only ever added. */
struct image_file {
    struct image_file *next;
    dev_t dev;
    ino_t ino;
    uintptr_t bias, base, end;
    char *path;
};

static pthread_mutex_t images_lock = PTHREAD_MUTEX_INITIALIZER;
static struct image_file *images;
static uint32_t generation;

static bool
was_loaded(const struct stat *st)
{
    pthread_mutex_lock(&images_lock);
    const struct image_file *at = images;
    while (at != NULL && (at->dev != st->st_dev || at->ino != st->st_ino)) {
        at = at->next;
    }
    pthread_mutex_unlock(&images_lock);
    return at != NULL;
}

/* A descriptor of a copy, or -1. */
static int
copy_to_memory(const char *path, const struct stat *st)
{
    int from = open(path, O_RDONLY | O_CLOEXEC);
    int to = from >= 0 ? memfd_create(host_path_base(path), MFD_CLOEXEC) : -1;
    off_t done = 0;
    while (to >= 0 && done < st->st_size) {
        ssize_t n = sendfile(to, from, &done, (size_t)(st->st_size - done));
        if (n <= 0 && errno != EINTR) {
            close(to);
            to = -1;
        }
    }
    if (from >= 0) {
        close(from);
    }
    return to;
}

/* The loader's message about a missing symbol, in words about drivers. */
static void
explain(const char *name, const char *path, const char *message, struct host_error *err)
{
    static const char undefined[] = "undefined symbol: ";
    const char *at = message != NULL ? strstr(message, undefined) : NULL;
    if (at != NULL) {
        at += sizeof undefined - 1;
        host_fail(err, "%s: %s calls %.*s, a routine that filterbed does not know", name, path,
                  (int)strcspn(at, " ,("), at);
    } else {
        host_fail(err, "%s: cannot load %s: %s", name, path,
                  message != NULL ? message : "no reason given");
    }
}

static void *
open_module(const char *name, const char *path, const struct stat *st, struct host_error *err)
{
    char copy[64];
    int fd = -1;
    const char *from = path;
    if (was_loaded(st)) {
        fd = copy_to_memory(path, st);
        if (fd < 0) {
            host_fail(err, "%s: cannot copy %s: %s", name, path, strerror(errno));
            return NULL;
        }
        snprintf(copy, sizeof copy, "/proc/self/fd/%d", fd);
        from = copy;
    }
    void *handle = dlopen(from, RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL) {
        explain(name, path, dlerror(), err);
        if (fd >= 0) {
            close(fd);
        }
    }
    return handle; /* fd stays open: its number must not name another copy */
}

struct extent {
    uintptr_t bias, base, end;
    const void *dynamic;
};

static int
extent_visit(struct dl_phdr_info *info, size_t size, void *ctx)
{
    struct extent *e = ctx;
    uintptr_t low = UINTPTR_MAX, high = 0;
    bool ours = false;
    (void)size;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *p = &info->dlpi_phdr[i];
        uintptr_t at = info->dlpi_addr + p->p_vaddr;
        if (p->p_type == PT_LOAD) {
            low = at < low ? at : low;
            high = at + p->p_memsz > high ? at + p->p_memsz : high;
        } else if (p->p_type == PT_DYNAMIC && (const void *)at == e->dynamic) {
            ours = true;
        }
    }
    if (ours) {
        e->bias = info->dlpi_addr;
        e->base = low & ~(uintptr_t)4095;
        e->end = (high + 4095) & ~(uintptr_t)4095;
    }
    return ours;
}

static bool
find_extent(void *handle, struct host_image *image)
{
    struct link_map *map = NULL;
    struct extent e = {0};
    if (dlinfo(handle, RTLD_DI_LINKMAP, &map) != 0 || map == NULL) {
        return false;
    }
    e.dynamic = map->l_ld;
    if (dl_iterate_phdr(extent_visit, &e) == 0) {
        return false;
    }
    image->bias = e.bias;
    image->base = e.base;
    image->end = e.end;
    return true;
}

static void
remember(const struct host_image *image, const struct stat *st)
{
    struct image_file *file = host_xalloc(sizeof *file);
    *file = (struct image_file){.dev = st->st_dev,
                                .ino = st->st_ino,
                                .bias = image->bias,
                                .base = image->base,
                                .end = image->end,
                                .path = image->path};
    pthread_mutex_lock(&images_lock);
    file->next = images;
    images = file;
    pthread_mutex_unlock(&images_lock);
}

int
host_image_load(const char *name,
                const char *path,
                struct host_image *image,
                struct host_error *err)
{
    struct stat st;
    struct host_modinfo info;
    memset(image, 0, sizeof *image);
    if (stat(path, &st) != 0) {
        return host_fail(err, "%s: %s: %s", name, path, strerror(errno));
    }
    if (host_modinfo_read(path, &info, err) != 0) {
        return -1;
    }
    bool has_entry = info.has_driver_entry;
    host_modinfo_free(&info);
    if (!has_entry) {
        return host_fail(
            err, "%s: %s has no DriverEntry: it is no driver, or the routine is static or misspelt",
            name, path);
    }
    image->handle = open_module(name, path, &st, err);
    if (image->handle == NULL) {
        return -1;
    }
    image->entry = dlsym(image->handle, "DriverEntry");
    if (image->entry == NULL || !find_extent(image->handle, image)) {
        dlclose(image->handle);
        return host_fail(err, "%s: %s has no DriverEntry that can be called", name, path);
    }
    image->name = host_strdup(name);
    image->path = host_strdup(path);
    image->owner = vf_owner_create(name);
    remember(image, &st);
    inject_image(image);
    struct port_module module = {.base = image->base,
                                 .end = image->end,
                                 .name = image->name,
                                 .path = image->path,
                                 .generation = __atomic_add_fetch(&generation, 1, __ATOMIC_RELAXED),
                                 .owner = image->owner};
    if (port_module_register(&module) != 0) {
        return host_fail(err, "%s: too many modules were loaded in this process", name);
    }
    return 0;
}

/* ---- code that may not run any more ---- */

struct access {
    uintptr_t base, end;
    int protection;
};

static int
access_visit(struct dl_phdr_info *info, size_t size, void *ctx)
{
    const struct access *a = ctx;
    (void)size;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *p = &info->dlpi_phdr[i];
        const uintptr_t at = (info->dlpi_addr + p->p_vaddr) & ~(uintptr_t)4095;
        const uintptr_t end = (info->dlpi_addr + p->p_vaddr + p->p_memsz + 4095) & ~(uintptr_t)4095;
        if (p->p_type == PT_LOAD && (p->p_flags & PF_X) != 0 && at >= a->base && end <= a->end) {
            mprotect((void *)at, end - at, a->protection);
        }
    }
    return 0;
}

/* At the end of the process the loader runs what the modules want run then. */
static void
give_code_back(void)
{
    struct access all = {0, UINTPTR_MAX, PROT_READ | PROT_EXEC};
    pthread_mutex_lock(&images_lock);
    for (const struct image_file *at = images; at != NULL; at = at->next) {
        all.base = at->base;
        all.end = at->end;
        dl_iterate_phdr(access_visit, &all);
    }
    pthread_mutex_unlock(&images_lock);
}

static void
register_give_back(void)
{
    atexit(give_code_back);
}

void
host_image_retire(struct host_image *image)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct access none = {image->base, image->end, PROT_NONE};
    pthread_once(&once, register_give_back);
    port_module_retire(image->base);
    dl_iterate_phdr(access_visit, &none);
}

/* ---- addresses to files ---- */

struct locate {
    uintptr_t pc;
    uint64_t offset;
    char *path;
};

static int
locate_visit(struct dl_phdr_info *info, size_t size, void *ctx)
{
    struct locate *l = ctx;
    (void)size;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *p = &info->dlpi_phdr[i];
        uintptr_t at = info->dlpi_addr + p->p_vaddr;
        if (p->p_type == PT_LOAD && l->pc >= at && l->pc < at + p->p_memsz) {
            l->offset = l->pc - info->dlpi_addr;
            l->path = info->dlpi_name[0] != '\0' ? host_path_absolute(info->dlpi_name)
                                                 : host_path_real("/proc/self/exe");
            return 1;
        }
    }
    return 0;
}

/* Keeps one copy of each path, for ever: there are few. */
static const char *
intern(char *path)
{
    static struct host_strv paths;
    pthread_mutex_lock(&images_lock);
    for (size_t i = 0; i < paths.count; i++) {
        if (strcmp(paths.items[i], path) == 0) {
            free(path);
            path = paths.items[i];
            pthread_mutex_unlock(&images_lock);
            return path;
        }
    }
    host_strv_own(&paths, path);
    pthread_mutex_unlock(&images_lock);
    return path;
}

bool
host_image_locate(uintptr_t pc, const char **path, uint64_t *offset, bool *driver)
{
    pthread_mutex_lock(&images_lock);
    for (const struct image_file *at = images; at != NULL; at = at->next) {
        if (pc >= at->base && pc < at->end) {
            *path = at->path;
            *offset = pc - at->bias;
            *driver = true;
            pthread_mutex_unlock(&images_lock);
            return true;
        }
    }
    pthread_mutex_unlock(&images_lock);
    struct locate l = {.pc = pc};
    *driver = false;
    if (dl_iterate_phdr(locate_visit, &l) == 0 || l.path == NULL) {
        return false;
    }
    *path = intern(l.path);
    *offset = l.offset;
    return true;
}
