/* SPDX-License-Identifier: MIT */
/* The server's end of the live view. What is told is read without the runtime's locks (top), or a
 * part of the ledger at a time (who), into memory; only then it is written to whoever asked. */
#include "host/live.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "client/place.h"
#include "host/channel.h"
#include "host/devices.h"
#include "host/host.h"
#include "host/list.h"
#include "host/nearname.h"
#include "host/report.h"
#include "port/port.h"
#include "vf/vf.h"

struct asker {
    json_t *modules, *filters;
    json_t *list;        /* of the filter that is looked at */
    const void *address; /* of the object that is looked at */
    json_t *references;  /* its */
    const char *name;    /* of the file, for who */
    uint64_t file;       /* it, by whatever name it was opened; 0: not known */
};

/* ---- paths ---- */

char *
live_path(const char *wanted, pid_t pid)
{
    char dir[512];
    if (wanted != NULL) {
        return *wanted != '\0' ? host_path_absolute(wanted) : NULL;
    }
    return client_place(dir, sizeof dir) == 0 ? host_printf("%s/%ld", dir, (long)pid) : NULL;
}

/* A path as the filters see it: below root, backslashes. NULL: it is not below. */
static char *
volume_name(const char *path, const char *root)
{
    const size_t n = root != NULL ? strlen(root) : 0;
    if (path[0] != '\\' && n > 1) {
        if (strncmp(path, root, n) != 0 || (path[n] != '/' && path[n] != '\0')) {
            return NULL;
        }
        path += n;
    }
    char *name = host_printf("%s%s", path[0] == '/' || path[0] == '\\' ? "" : "\\", path);
    for (char *c = name; *c != '\0'; c++) {
        *c = *c == '/' ? '\\' : *c;
    }
    return name;
}

/* ---- answers ---- */

static const char *
tag_text(uint32_t tag, char text[5])
{
    for (unsigned i = 0; i < 4; i++) {
        const char c = (char)(tag >> (8 * i));
        text[i] = c >= 0x20 && c < 0x7f ? c : '.';
    }
    text[tag != 0 ? 4 : 0] = '\0';
    return text;
}

static void
add_site(const struct vf_site_view *site, void *ctx)
{
    struct asker *a = ctx;
    char tag[5];
    if (site->counts.allocated == 0) {
        return;
    }
    json_array_append_new(
        a->list,
        json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:o}", "kind", vf_kind_name(site->kind), "tag",
                  tag_text(site->tag, tag), "allocated", (json_int_t)site->counts.allocated,
                  "freed", (json_int_t)site->counts.freed, "live", (json_int_t)site->counts.live,
                  "peak", (json_int_t)site->counts.peak, "stack",
                  report_frames(a->modules, site->stack, false)));
}

static const char *
reason_text(enum vf_reason reason)
{
    static const char *const texts[] = {"allocated", "got",    "referenced", "old context",
                                        "set",       "opened", "internal"};
    return (unsigned)reason < sizeof texts / sizeof *texts ? texts[reason] : "?";
}

/* References of one object come one after the other. */
static void
add_reference(const struct vf_reference_view *r, void *ctx)
{
    struct asker *a = ctx;
    char tag[5], object[32], operation[512];
    if (r->address != a->address) {
        a->address = r->address;
        a->references = json_array();
        snprintf(object, sizeof object, "%p", r->address);
        json_array_append_new(
            a->list, json_pack("{s:s, s:s, s:s, s:I, s:o, s:o}", "kind", vf_kind_name(r->kind),
                               "object", object, "tag", tag_text(r->tag, tag), "size",
                               (json_int_t)r->size, "allocated_at",
                               report_frames(a->modules, r->allocation, false), "references",
                               a->references));
    }
    snprintf(operation, sizeof operation, "%s%s%s%s%s", r->phase != NULL ? r->phase : "",
             r->phase != NULL && r->operation != NULL ? " " : "",
             r->operation != NULL ? r->operation : "", r->name[0] != '\0' ? " of " : "", r->name);
    json_t *name = json_string(operation);
    json_array_append_new(
        a->references,
        json_pack("{s:s, s:s, s:o, s:I, s:o}", "reason", reason_text(r->reason), "routine",
                  r->routine != NULL ? r->routine : "", "operation",
                  name != NULL ? name : json_string("?"), "thread", (json_int_t)r->thread, "stack",
                  report_frames(a->modules, r->stack, false)));
}

static void
add_filter(vf_owner *owner, void *ctx)
{
    struct asker *a = ctx;
    a->list = json_array();
    a->address = NULL;
    if (a->name != NULL) {
        vf_owner_references_named(owner, a->name, a->file, add_reference, a);
    } else {
        vf_owner_sites(owner, add_site, a);
    }
    json_array_append_new(a->filters, json_pack("{s:s, s:o}", "name", vf_owner_name(owner),
                                                a->name != NULL ? "objects" : "sites", a->list));
}

static json_t *
answer(const json_t *question, const char *root)
{
    struct asker a = {.modules = json_array(), .filters = json_array()};
    const char *path = json_string_value(json_object_get(question, "path"));
    char *name = NULL;
    const json_t *listing = json_object_get(question, "list");
    if (json_is_string(listing)) {
        json_decref(a.modules);
        json_decref(a.filters);
        return list_answer(json_string_value(listing));
    }
    if (channel_is(question, "devices")) {
        json_decref(a.modules);
        json_decref(a.filters);
        return json_pack("{s:o}", "devices", near_list());
    }
    if (channel_is(question, "who")) {
        name = path != NULL ? volume_name(path, root) : NULL;
        if (name == NULL) {
            json_decref(a.modules);
            json_decref(a.filters);
            return json_pack("{s:s}", "error", "this path is not on the volume of the run");
        }
        a.name = name;
        a.file = host_nt_file_number(name);
    }
    vf_owner_each(add_filter, &a);
    json_t *j = json_pack("{s:o, s:o, s:b, s:s*, s:s*}", "filters", a.filters, "modules", a.modules,
                          "recording", vf_on(), "root", root, "name", name);
    free(name);
    return j;
}

/* ---- the socket ---- */

static struct {
    int fd;
    char *root;
} live;

static void
write_line(int fd, json_t *message)
{
    char *text = json_dumps(message, JSON_COMPACT);
    json_decref(message);
    size_t n = text != NULL ? strlen(text) : 0;
    if (text == NULL) {
        return;
    }
    text[n++] = '\n'; /* over the NUL */
    for (size_t done = 0; done < n;) {
        ssize_t sent = send(fd, text + done, n - done, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) {
            continue;
        }
        if (sent <= 0) {
            break;
        }
        done += (size_t)sent;
    }
    free(text);
}

/* One who does not ask for five seconds is let go. */
static void
serve(void *arg)
{
    const struct timeval patience = {.tv_sec = 5}, forever = {0};
    struct channel c;
    json_t *question = NULL;
    const int fd = (int)(intptr_t)arg;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    channel_init(&c, fd);
    while (c.pending.len < 65536 && (question = channel_next(&c)) == NULL && channel_fill(&c)) {
    }
    if (question != NULL && channel_is(question, "device")) {
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &forever, sizeof forever);
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &forever, sizeof forever);
        c.fd = -1;
        devices_serve(fd);
    } else if (question != NULL) {
        write_line(fd, answer(question, live.root));
    }
    json_decref(question);
    channel_close(&c);
}

static void
listen_thread(void *arg)
{
    port_thread *thread;
    (void)arg;
    for (;;) {
        int fd = accept4(live.fd, NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0 && port_thread_start(&thread, serve, (void *)(intptr_t)fd, "live") == 0) {
            port_thread_detach(thread);
        } else if (fd >= 0) {
            close(fd);
        } else if (errno == EMFILE || errno == ENFILE) {
            usleep(10000);
        } else if (errno != EINTR && errno != ECONNABORTED) {
            return;
        }
    }
}

void
live_start(const char *path, const char *root)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    port_thread *thread;
    if (strlen(path) >= sizeof address.sun_path) {
        port_log(PORT_LOG_WARNING, "live", "%s is too long for a socket: no live view", path);
        return;
    }
    strcpy(address.sun_path, path);
    live.root = root != NULL ? host_strdup(root) : NULL;
    live.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const mode_t mask = umask(077); /* no other thread makes files yet */
    unlink(path);
    const bool bound = live.fd >= 0 && bind(live.fd, (struct sockaddr *)&address, sizeof address) == 0 &&
                       listen(live.fd, 8) == 0;
    umask(mask);
    if (!bound || port_thread_start(&thread, listen_thread, NULL, "live") != 0) {
        port_log(PORT_LOG_WARNING, "live", "%s: %s: no live view", path, strerror(errno));
    }
}
