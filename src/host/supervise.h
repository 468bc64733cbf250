/* SPDX-License-Identifier: MIT */
/* The supervisor's state, shared by supervise.c (server and messages), children.c (processes),
 * noise.c and run.c. Internal to host. */
#ifndef FILTERBED_HOST_SUPERVISE_H
#define FILTERBED_HOST_SUPERVISE_H

#include <jansson.h>
#include <signal.h>
#include <stdint.h>
#include <sys/types.h>

#include "host/channel.h"
#include "host/place.h"
#include "host/prepare.h"
#include "host/run.h"
#include "host/suppress.h"

struct supervisor {
    const struct run_options *options;
    struct prepared *prepared;
    struct place place;
    sigset_t mask_before;
    int signal_fd;
    /* server */
    pid_t server;
    bool server_ended;
    int server_status;
    struct channel up;
    int noise;            /* standard error of a server that runs under a sanitizer; -1 */
    struct host_buf line; /* of it, not yet whole */
    json_t *sanitizer;    /* its findings: texts */
    int down;
    json_t *images, *report, *crash;
    bool loaded, serving, script_done, script_ok;
    char *error; /* what the server says went wrong */
    char *failure; /* why nothing could be run */
    char *script_text;
    char phase[128]; /* filter that is being unloaded */
    char *socket; /* of the live view; NULL: none */
    bool fault_stop;
    struct suppress suppress;
    char *stopped; /* --verify=stop: the finding that ended the run */
    /* command */
    pid_t command;
    bool command_ended;
    int command_status;
    bool interrupted;
    bool signalled; /* interrupted at some time */
};

/* ---- children.c ---- */
/* Blocks the signals that are forwarded. */
int
children_begin(struct supervisor *s, struct host_error *err);
void
children_end(struct supervisor *s);
int
children_start_server(struct supervisor *s, struct host_error *err);
/* Returns 0, or -1 with *status the exit status (127, 126) and *err set. */
int
children_start_command(struct supervisor *s, int *status, struct host_error *err);
/* Forwards signals, notices ends. */
/* It was killed, and has not ended: it waits in the kernel. */
bool
children_command_dying(const struct supervisor *s);
void
children_signals(struct supervisor *s);

/* ---- noise.c ---- */
/* Passes on what the server wrote, and notes a sanitizer's findings in it. */
void
noise_read(struct supervisor *s);
/* Adds them to the report. */
void
noise_report(struct supervisor *s);

/* ---- supervise.c ---- */
/* Waits up to timeout_ms (-1: for ever) for something to happen, and takes note of it. false:
 * nothing did. */
bool
supervise_step(struct supervisor *s, int timeout_ms);
void
supervise_send_config(struct supervisor *s);

#endif
