/* SPDX-License-Identifier: MIT */
/* Both ends of the listings: the server's answer, and the tables that fltmc prints. */
#include "host/list.h"

#include <stdio.h>
#include <string.h>

#include "client/place.h"
#include "host/host.h"
#include "host/jsontext.h"
#include "host/live.h"

/* ---- the server's end ---- */

static json_t *
text(const char *s)
{
    json_t *j = json_string(s);
    return j != NULL ? j : json_string("?");
}

static void
add_filter(const struct host_nt_listed *l, void *list)
{
    json_t *j = json_pack("{s:o, s:o, s:b}", "name", text(l->filter), "altitude", text(l->altitude),
                          "legacy", l->legacy);
    if (!l->legacy) {
        json_object_set_new(j, "frame", json_integer(l->frame));
        json_object_set_new(j, "instances", json_integer(l->instances));
    }
    json_array_append_new(list, j);
}

static void
add_instance(const struct host_nt_listed *l, void *list)
{
    json_t *j = json_pack("{s:o, s:o, s:o, s:b, s:b}", "filter", text(l->filter), "volume",
                          text(l->volume), "altitude", text(l->altitude), "legacy", l->legacy,
                          "detached", l->detached);
    if (!l->legacy) {
        json_object_set_new(j, "instance", text(l->instance));
        json_object_set_new(j, "frame", json_integer(l->frame));
        json_object_set_new(j, "features", json_integer(l->features));
    }
    json_array_append_new(list, j);
}

static void
add_volume(const struct host_nt_listed *l, void *list)
{
    json_array_append_new(list, json_pack("{s:o, s:o, s:s, s:b}", "dos_name", text(l->dos), "name",
                                          text(l->volume), "file_system", l->file_system,
                                          "detached", l->detached));
}

static const struct {
    const char *name;
    enum host_nt_listing what;
    void (*add)(const struct host_nt_listed *l, void *list);
} kinds[] = {{"filters", HOST_LIST_FILTERS, add_filter},
             {"instances", HOST_LIST_INSTANCES, add_instance},
             {"volumes", HOST_LIST_VOLUMES, add_volume}};

json_t *
list_answer(const char *what)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (strcmp(what, kinds[i].name) == 0) {
            json_t *list = json_array();
            host_nt_list(kinds[i].what, kinds[i].add, list);
            return json_pack("{s:o}", what, list);
        }
    }
    return json_pack("{s:s}", "error", "there is no such listing");
}

/* ---- tables ---- */

static void
frame_text(const json_t *j, char *to, size_t size)
{
    if (json_is_true(json_object_get(j, "legacy"))) {
        snprintf(to, size, "<Legacy>");
    } else {
        snprintf(to, size, "   %lld", (long long)num(j, "frame"));
    }
}

static void
print_filters(const json_t *list)
{
    const json_t *j;
    size_t i;
    char frame[32], count[32];
    printf("\n%-30s  %-13s  %-12s  %s\n", "Filter Name", "Num Instances", "  Altitude", "Frame");
    printf("%.30s  %.13s  %.12s  %.5s\n", "------------------------------", "-------------",
           "------------", "-----");
    json_array_foreach(list, i, j)
    {
        frame_text(j, frame, sizeof frame);
        count[0] = '\0';
        if (!json_is_true(json_object_get(j, "legacy"))) {
            snprintf(count, sizeof count, "%lld", (long long)num(j, "instances"));
        }
        printf("%-30s  %8s        %-12s%s\n", str(j, "name"), count, str(j, "altitude"), frame);
    }
}

static void
print_instances(const json_t *list)
{
    const json_t *j;
    size_t i;
    char frame[32];
    printf("\n%-20s  %-37s  %-12s  %-22s  %-8s  %s\n", "Filter", "Volume Name", "  Altitude",
           "Instance Name", " Frame", "VlStatus");
    printf("%.20s  %.37s  %.12s  %.22s  %.8s  %.8s\n", "--------------------",
           "-------------------------------------", "------------", "----------------------",
           "--------", "--------");
    json_array_foreach(list, i, j)
    {
        frame_text(j, frame, sizeof frame);
        printf("%-20s  %-37s   %-11s  %-22s  %-8s  %s\n", str(j, "filter"), str(j, "volume"),
               str(j, "altitude"), str(j, "instance"), frame,
               json_is_true(json_object_get(j, "detached")) ? "Detached" : "");
    }
}

static void
print_volumes(const json_t *list)
{
    const json_t *j;
    size_t i;
    printf("\n%-30s  %-39s  %-10s  %s\n", "Dos Name", "Volume Name", "FileSystem", "Status");
    printf("%.30s  %.39s  %.10s  %.8s\n", "------------------------------",
           "---------------------------------------", "----------", "--------");
    json_array_foreach(list, i, j)
    {
        printf("%-30s  %-39s  %-10s  %s\n", str(j, "dos_name"), str(j, "name"),
               str(j, "file_system"),
               json_is_true(json_object_get(j, "detached")) ? "Detached" : "");
    }
}

int
fbed_list(const char *what, const char *given, long pid, bool json)
{
    char socket[512], reason[512];
    if (client_find(given, pid, socket, sizeof socket, reason, sizeof reason) != 0) {
        fprintf(stderr, "filterbed %s: %s\n", what, reason);
        return 1;
    }
    json_t *reply = live_ask(socket, json_pack("{s:s, s:s}", "type", "list", "list", what));
    const json_t *list = json_object_get(reply, what);
    if (!json_is_array(list)) {
        fprintf(stderr, "filterbed %s: the run does not answer: %s\n", what, socket);
        json_decref(reply);
        return 1;
    }
    if (json) {
        json_dumpf(list, stdout, JSON_INDENT(2));
        putchar('\n');
    } else if (what[0] == 'f') {
        print_filters(list);
    } else if (what[0] == 'i') {
        print_instances(list);
    } else {
        print_volumes(list);
    }
    json_decref(reply);
    return 0;
}
