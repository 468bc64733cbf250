/* SPDX-License-Identifier: MIT */
/* `filterbed top`: asks a run, names the frames, prints. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "client/place.h"
#include "host/channel.h"
#include "host/jsontext.h"
#include "host/live.h"
#include "host/report.h"

static int
complain(const char *what, const char *more)
{
    fprintf(stderr, "filterbed top: %s%s\n", what, more);
    return 1;
}

/* ---- asking ---- */

json_t *
live_ask(const char *path, json_t *question)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct channel c;
    json_t *reply = NULL;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || strlen(path) >= sizeof address.sun_path) {
        json_decref(question);
        return NULL;
    }
    strcpy(address.sun_path, path);
    channel_init(&c, fd);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0) {
        if (channel_send(fd, question, -1)) {
            while ((reply = channel_next(&c)) == NULL && channel_fill(&c)) {
            }
        }
    } else {
        json_decref(question);
    }
    channel_close(&c);
    return reply;
}

static void
name_frames(json_t *reply)
{
    const json_t *modules = json_object_get(reply, "modules");
    json_t *filter, *entry, *reference;
    size_t i, n, k;
    json_array_foreach(json_object_get(reply, "filters"), i, filter)
    {
        json_array_foreach(json_object_get(filter, "sites"), n, entry)
        {
            report_symbolize_finding(entry, modules);
        }
        json_array_foreach(json_object_get(filter, "objects"), n, entry)
        {
            report_symbolize_finding(entry, modules);
            json_array_foreach(json_object_get(entry, "references"), k, reference)
            {
                report_symbolize_finding(reference, modules);
            }
        }
    }
    json_object_del(reply, "modules");
}

/* ---- printing ---- */

static void
print_frame(const json_t *frame)
{
    printf("%s", *str(frame, "function") != '\0' ? str(frame, "function") : str(frame, "offset"));
    if (*str(frame, "file") != '\0') {
        printf(" (%s:%lld)", host_path_base(str(frame, "file")), num(frame, "line"));
    }
}

/* The driver's frames, innermost first. */
static void
print_stack(const json_t *stack)
{
    const json_t *frame;
    size_t i;
    bool first = true;
    json_array_foreach(stack, i, frame)
    {
        if (json_is_true(json_object_get(frame, "driver"))) {
            printf("%s", first ? "" : " < ");
            print_frame(frame);
            first = false;
        }
    }
    printf("%s\n", first ? "-" : "");
}

struct line {
    const char *filter;
    const json_t *site;
};

static int
by_live(const void *a, const void *b)
{
    const struct line *x = a, *y = b;
    const long long p = num(x->site, "live"), q = num(y->site, "live");
    const long long r = num(x->site, "allocated"), s = num(y->site, "allocated");
    return p != q ? (p < q) - (p > q) : (r < s) - (r > s);
}

static void
print_top(const json_t *reply, bool all)
{
    const json_t *filter, *site;
    struct line *lines = NULL;
    size_t count = 0, i, n;
    json_array_foreach(json_object_get(reply, "filters"), i, filter)
    {
        json_array_foreach(json_object_get(filter, "sites"), n, site)
        {
            lines = host_xrealloc(lines, (count + 1) * sizeof *lines);
            lines[count++] = (struct line){str(filter, "name"), site};
        }
    }
    if (count > 1) {
        qsort(lines, count, sizeof *lines, by_live);
    }
    if (!json_is_true(json_object_get(reply, "recording"))) {
        printf("nothing is recorded with --verify=off\n");
    }
    printf("%-12s %-26s %-4s %9s %9s %11s %11s  %s\n", "filter", "kind", "tag", "live", "peak",
           "allocated", "freed", "from");
    for (i = 0; i < count && (all || i < 40); i++) {
        site = lines[i].site;
        printf("%-12s %-26s %-4s %9lld %9lld %11lld %11lld  ", lines[i].filter, str(site, "kind"),
               str(site, "tag"), num(site, "live"), num(site, "peak"), num(site, "allocated"),
               num(site, "freed"));
        print_stack(json_object_get(site, "stack"));
    }
    free(lines);
}

static void
print_who(const json_t *reply)
{
    const json_t *filter, *object, *reference;
    size_t i, n, k, count = 0;
    json_array_foreach(json_object_get(reply, "filters"), i, filter)
    {
        json_array_foreach(json_object_get(filter, "objects"), n, object)
        {
            count++;
            printf("%s: %s %s, %lld bytes, tag '%s'\n  allocated  ", str(filter, "name"),
                   str(object, "kind"), str(object, "object"), num(object, "size"),
                   str(object, "tag"));
            print_stack(json_object_get(object, "allocated_at"));
            json_array_foreach(json_object_get(object, "references"), k, reference)
            {
                printf("  %s by %s in %s, thread %lld\n             ", str(reference, "reason"),
                       str(reference, "routine"), str(reference, "operation"),
                       num(reference, "thread"));
                print_stack(json_object_get(reference, "stack"));
            }
        }
    }
    if (count == 0) {
        printf("no filter holds anything that it took for %s\n", str(reply, "name"));
    }
}

static int
show(const struct live_options *o, const char *socket)
{
    char *path = o->who != NULL && o->who[0] != '\\' ? host_path_absolute(o->who) : NULL;
    json_t *reply = live_ask(socket, o->who == NULL
                                    ? json_pack("{s:s}", "type", "top")
                                    : json_pack("{s:s, s:s}", "type", "who", "path",
                                                path != NULL ? path : o->who));
    free(path);
    if (reply == NULL) {
        return complain("the run does not answer: ", socket);
    }
    if (*str(reply, "error") != '\0') {
        complain(str(reply, "error"), "");
        json_decref(reply);
        return 1;
    }
    name_frames(reply);
    if (o->json) {
        json_dumpf(reply, stdout, JSON_INDENT(2));
        putchar('\n');
    } else if (o->who != NULL) {
        print_who(reply);
    } else {
        if (!o->once) {
            printf("\033[H\033[J");
        }
        print_top(reply, o->once);
    }
    fflush(stdout);
    json_decref(reply);
    return 0;
}

int
fbed_top(const struct live_options *o)
{
    char socket[512], text[512];
    int status;
    if (client_find(o->socket, o->pid, socket, sizeof socket, text, sizeof text) != 0) {
        return complain(text, "");
    }
    while ((status = show(o, socket)) == 0 && !o->once && !o->json && o->who == NULL) {
        sleep(2);
    }
    return status;
}

/* ---- devices ---- */

static void
print_devices(const json_t *reply)
{
    const json_t *device;
    size_t i;
    json_array_foreach(json_object_get(reply, "devices"), i, device)
    {
        const char *driver = json_string_value(json_object_get(device, "driver"));
        printf("%-40s %s%s\n", str(device, "name"), driver != NULL ? driver : "(link)",
               json_is_true(json_object_get(device, "loaded")) ? ", loaded" : "");
    }
}

int
fbed_devices(const char *given, long run, bool json)
{
    char socket[512], text[512];
    if (client_find(given, run, socket, sizeof socket, text, sizeof text) != 0) {
        fprintf(stderr, "filterbed ioctl: %s\n", text);
        return -1;
    }
    json_t *reply = live_ask(socket, json_pack("{s:s}", "type", "devices"));
    if (reply == NULL) {
        fprintf(stderr, "filterbed ioctl: the run does not answer: %s\n", socket);
        return -1;
    }
    if (json) {
        json_dumpf(reply, stdout, JSON_INDENT(2));
        putchar('\n');
    } else {
        print_devices(reply);
    }
    json_decref(reply);
    return 0;
}
