/* SPDX-License-Identifier: MIT */
/*
 * Changes in a directory that no request made: found by fanotify, told to a view.  Needs a mark on the whole file system, which the kernel
 * allows to the administrator, and files that have handles.
 */
#ifndef FB_HOST_WATCH_H
#define FB_HOST_WATCH_H

#include <stdint.h>

#include "view/view.h"

struct host_watch;
/* told: of those, handed to the view; silenced: times that a file was written too often to be watched */
struct host_watch_stats { uint64_t events, told, overflows, silenced; };

/* From now on no change is missed; they wait until start.  0, or a negative errno: changes cannot be seen here. */
int host_watch_open(struct host_watch **watch, int directory);
int host_watch_start(struct host_watch *watch, view *v);
void host_watch_stats(struct host_watch *watch, struct host_watch_stats *out);
/* Ends it; v is not used any more afterwards.  NULL: nothing. */
void host_watch_close(struct host_watch *watch);

#endif
