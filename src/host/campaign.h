/* SPDX-License-Identifier: MIT */
/*
 * --fault=alloc:all and status:all.  A first run notes the places where drivers allocate and call; each place, with each status, is a
 * point.  Then the workload runs once for each point, in a process of its own and from the same state of the files, and the point
 * fails when it is reached first.  Internal to host.
 *
 *   campaign.c        from beginning to end          campaign_child.c   one run, its time limit
 *   campaign_judge.c  what came of a run             campaign_state.c   the file that a campaign goes on from
 *   campaign_print.c  progress, table, JSON          scratch.c          copies of a directory
 */
#ifndef FILTERBED_HOST_CAMPAIGN_H
#define FILTERBED_HOST_CAMPAIGN_H

#include <jansson.h>
#include <signal.h>
#include <stdint.h>

#include "host/prepare.h"
#include "host/run.h"

/* ---- run.c ---- */
struct run_outcome {
    json_t *report;  /* symbolised unless the filters did not get going; NULL: none */
    char *error;     /* why it did not start, or what went wrong in the script; "" */
    bool started;    /* the workload began */
    bool signalled;  /* by SIGINT and the like */
};
/* One run of what was prepared. outcome: NULL, or what to fill in. Returns the exit status. */
int
run_once(const struct run_options *options, struct prepared *prepared, struct run_outcome *outcome);

/* ---- campaign.c ---- */
/* Is one asked for? */
bool
campaign_wanted(const struct run_options *options);
/* Options that do not go together: -1 and *err. */
int
campaign_check(const struct run_options *options, struct host_error *err);
int
campaign_run(const struct run_options *options, struct prepared *prepared);

/* ---- inward ---- */

/*
 * A point is a JSON object: fault (the option that makes it fail alone), routine, status (or null), calls (in the first run), stack (of
 * drivers), and once it was run outcome, codes, text, seconds.
 */
enum campaign_outcome {
    OUTCOME_CRASH,
    OUTCOME_HANG,
    OUTCOME_FINDING,
    OUTCOME_LEAK,
    OUTCOME_FAILED,      /* filterbed could not do the run */
    OUTCOME_NOT_STARTED, /* the driver refused to load, and left nothing behind */
    OUTCOME_NOT_REACHED,
    OUTCOME_CLEAN,
    OUTCOME_NOT_RUN,
    OUTCOME_COUNT
};
extern const char *const campaign_outcomes[OUTCOME_COUNT];
/* Is it what a campaign looks for? */
static inline bool
campaign_bad(enum campaign_outcome outcome)
{
    return outcome <= OUTCOME_FAILED;
}
enum campaign_outcome
campaign_outcome_of(const json_t *point);

struct campaign_state {
    char *path;
    int fd;         /* -1: none */
    bool temporary; /* goes with the end of the campaign */
    bool resumed;
};

struct campaign {
    const struct run_options *options;
    struct prepared *prepared;
    uint64_t seed;
    unsigned shard, shards;
    char cwd[4096];
    json_t *base;           /* report of the first run */
    double base_seconds;
    json_t *points;         /* all, in the order in which they run */
    json_t *findings;       /* of all runs but the first; each once, with the faults that it came with */
    struct campaign_state state;
    sigset_t mask_before;
    int signal_fd;
    int signo;              /* that ended the campaign; 0: none */
    double progress_at, started_at;
    size_t done_before;     /* by an earlier session */
};

/* Is it in this shard? */
bool
campaign_ours(const struct campaign *c, const json_t *point);

/* campaign_child.c */
struct campaign_run {
    json_t *report; /* or NULL */
    char *error, *output;
    bool started, signalled, timed_out;
    double seconds;
};
/* In a process of its own. limit: seconds; 0: none. Returns 0, or -1 with *err set if it could not be done at all. */
int
campaign_child(struct campaign *c, const struct host_strv *faults, unsigned limit, struct campaign_run *run, struct host_error *err);
void
campaign_run_free(struct campaign_run *run);
double
campaign_now(void);

/* campaign_judge.c: sets the members of point that tell the result, and collects findings. */
void
campaign_judge(struct campaign *c, json_t *point, struct campaign_run *run);

/* Notes a finding that a run had with this fault. */
void
campaign_collect(struct campaign *c, json_t *finding, const char *fault);

/* campaign_state.c */
/* Opens the file, and takes from it what is there. 0, or -1 with *err set. */
int
campaign_state_open(struct campaign *c, struct host_error *err);
/* After the first run, and after each point. */
int
campaign_state_begin(struct campaign *c, struct host_error *err);
int
campaign_state_add(struct campaign *c, const json_t *point, struct host_error *err);
void
campaign_state_close(struct campaign *c);

/* campaign_print.c */
void
campaign_progress(struct campaign *c, size_t done, size_t count, const json_t *point);
void
campaign_progress_end(const struct campaign *c);
/* Findings, the table, files of --report. Returns 0, or -1 if a file cannot be written. */
int
campaign_tell(struct campaign *c);

/* ---- scratch.c: a directory as it was before the campaign ---- */
int
scratch_make(const char *directory, char **path, int *fd, struct host_error *err);
void
scratch_remove(char *path, int fd);

#endif
