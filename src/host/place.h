/* SPDX-License-Identifier: MIT */
/* Where `filterbed run` mounts: over the directory itself in a mount namespace of its own, or at a
 * temporary place. */
#ifndef FILTERBED_HOST_PLACE_H
#define FILTERBED_HOST_PLACE_H

#include <stdbool.h>

#include "host/text.h"

struct place {
    char *mountpoint; /* absolute */
    char *cwd;        /* for the command: inside the mount */
    bool temporary;   /* mountpoint was made for it */
    bool private;     /* in a mount namespace that only this process and its children see */
    int fuse_fd;      /* -1 once it was handed over */
    bool mounted;
    int keeper_fd;  /* of a mount that others see: the process that takes it away should this one be killed; 0 = none */
    int keeper_pid;
    char note[512]; /* what the user should know; "" */
};

/*
 * Mounts. directory: absolute, or NULL for a volume in memory. Must be called while the process has
 * one thread, and after the server was started, which stays outside. Returns 0, or -1 with *err
 * set.
 */
int
place_mount(const char *directory, struct place *p, struct host_error *err);
/* Takes it away again; waits a moment for users, then leaves them behind. false: somebody was still
 * inside. */
bool
place_unmount(struct place *p);
/* Ends the connection at once: whoever waits on it gets an error. */
void
place_abort(struct place *p);
void
place_free(struct place *p);

#endif
