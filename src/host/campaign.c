/* SPDX-License-Identifier: MIT */
/* A campaign from beginning to end. */
#include "host/campaign.h"

#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "host/inject.h"
#include "host/jsontext.h"
#include "host/report.h"

#define SPARE 30 /* seconds that a run may take beside ten times the first one */

bool
campaign_wanted(const struct run_options *options)
{
    for (size_t i = 0; i < options->faults.count; i++) {
        if (inject_is_campaign(options->faults.items[i])) {
            return true;
        }
    }
    return false;
}

static bool
number(const char *text, uint64_t *value, char end)
{
    char *stop;
    *value = strtoull(text, &stop, 10);
    return *text >= '0' && *text <= '9' && stop - text <= 18 && *stop == end;
}

static bool
shard_of(const char *text, unsigned *shard, unsigned *shards)
{
    uint64_t i, n;
    const char *slash = strchr(text, '/');
    if (slash == NULL || !number(text, &i, '/') || !number(slash + 1, &n, '\0') || i < 1 || i > n || n > 10000) {
        return false;
    }
    *shard = (unsigned)i;
    *shards = (unsigned)n;
    return true;
}

int
campaign_check(const struct run_options *o, struct host_error *err)
{
    uint64_t seed;
    unsigned shard, shards;
    if (!campaign_wanted(o)) {
        const char *only = o->seed != NULL         ? "seed"
                           : o->shard != NULL      ? "shard"
                           : o->resume != NULL     ? "resume"
                           : o->time_limit != 0    ? "time-limit"
                                                   : NULL;
        return only == NULL ? 0 : host_fail(err, "--%s is for --fault=alloc:all and --fault=status:all", only);
    }
    if (o->seed != NULL && !number(o->seed, &seed, '\0')) {
        return host_fail(err, "--seed takes a number, not \"%.80s\"", o->seed);
    }
    if (o->shard != NULL && !shard_of(o->shard, &shard, &shards)) {
        return host_fail(err, "--shard takes I/N, the I-th of N parts (1/4 to 4/4), not \"%.80s\"", o->shard);
    }
    return 0;
}

bool
campaign_ours(const struct campaign *c, const json_t *point)
{
    return c->shards <= 1 || host_hash(str(point, "fault")) % c->shards == c->shard - 1;
}

/* ---- points ---- */

static uint64_t
next_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

/* Of drivers only: where it is, and how it came there. */
static json_t *
driver_frames(const json_t *stack)
{
    json_t *list = json_array(), *frame;
    size_t i;
    json_array_foreach(stack, i, frame)
    {
        if (json_is_true(json_object_get(frame, "driver"))) {
            json_array_append(list, frame);
        }
    }
    return list;
}

static void
add_point(struct campaign *c, const json_t *site, const char *status, size_t length)
{
    const char *routine = str(site, "routine"), *key = str(site, "key");
    char *fault = status == NULL ? host_printf("alloc:site=%s", key)
                                 : host_printf("status:%s=STATUS_%.*s@site=%s", routine, (int)length, status, key);
    char *name = status != NULL ? host_printf("STATUS_%.*s", (int)length, status) : NULL;
    json_array_append_new(c->points, json_pack("{s:s, s:s, s:s?, s:I, s:o}", "fault", fault, "routine", routine, "status",
                                               name, "calls", num(site, "calls"), "stack",
                                               driver_frames(json_object_get(site, "stack"))));
    free(fault);
    free(name);
}

static int
compare_points(const void *a, const void *b)
{
    return strcmp(str(*(json_t *const *)a, "fault"), str(*(json_t *const *)b, "fault"));
}

/* The same order for the same points and seed, in whatever order they were noted. */
static void
order_points(struct campaign *c)
{
    const size_t count = json_array_size(c->points);
    json_t **list = host_xalloc((count + 1) * sizeof *list);
    uint64_t state = c->seed;
    for (size_t i = 0; i < count; i++) {
        list[i] = json_incref(json_array_get(c->points, i));
    }
    qsort(list, count, sizeof *list, compare_points);
    for (size_t i = count; i > 1; i--) {
        const size_t k = next_random(&state) % i;
        json_t *other = list[i - 1];
        list[i - 1] = list[k];
        list[k] = other;
    }
    json_array_clear(c->points);
    for (size_t i = 0; i < count; i++) {
        json_array_append_new(c->points, list[i]);
    }
    free(list);
}

static void
make_points(struct campaign *c)
{
    const json_t *site;
    size_t i;
    json_array_foreach(json_object_get(c->base, "sites"), i, site)
    {
        if (num(site, "lost") != 0) {
            fprintf(stderr, "filterbed: there are more places than can be noted; %" JSON_INTEGER_FORMAT
                            " calls at others are not part of the campaign\n", num(site, "lost"));
            continue;
        }
        const char *status = json_string_value(json_object_get(site, "statuses"));
        if (status == NULL) {
            add_point(c, site, NULL, 0);
        }
        while (status != NULL && *status != '\0') {
            const size_t n = strcspn(status, " ");
            add_point(c, site, status, n);
            status += n + (status[n] == ' ');
        }
    }
    json_object_del(c->base, "sites");
    json_object_del(c->base, "faults");
    order_points(c);
}

/* ---- runs ---- */

/* The options of a run: point NULL is the first one, which notes places. */
static void
run_faults(const struct campaign *c, const json_t *point, struct host_strv *faults)
{
    for (size_t i = 0; i < c->options->faults.count; i++) {
        const char *given = c->options->faults.items[i];
        if (!inject_is_campaign(given)) {
            host_strv_add(faults, given);
        } else if (point == NULL) {
            host_strv_addf(faults, "%.*s:note", (int)strcspn(given, ":"), given);
        }
    }
    if (point != NULL) {
        host_strv_add(faults, str(point, "fault"));
    }
}

static int
run_point(struct campaign *c, const json_t *point, unsigned limit, struct campaign_run *run, struct host_error *err)
{
    struct host_strv faults = {0};
    run_faults(c, point, &faults);
    const int rc = campaign_child(c, &faults, limit, run, err);
    host_strv_free(&faults);
    return rc;
}

/* Nothing fails: what would come of it anyway is known then. */
static int
first_run(struct campaign *c, struct host_error *err)
{
    struct campaign_run run;
    if (!c->options->quiet) {
        fprintf(stderr, "filterbed: a first run, in which nothing is made to fail%s%s%s ...\n",
                c->prepared->directory != NULL ? "; each run has a copy of " : "",
                c->prepared->directory != NULL ? c->prepared->directory : "",
                c->prepared->directory != NULL ? ", which stays as it is" : "");
    }
    if (run_point(c, NULL, c->options->time_limit, &run, err) != 0) {
        return -1;
    }
    int rc = 0;
    if (run.signalled || c->signo != 0) {
        rc = host_fail(err, "interrupted in the first run");
    } else if (run.timed_out) {
        rc = host_fail(err, "the first run, in which nothing is made to fail, does not end within --time-limit");
    } else if (run.report == NULL || !run.started || json_is_object(json_object_get(run.report, "crash"))) {
        const bool said = *run.error != '\0' && strstr(run.output, run.error) != NULL;
        fputs(run.output, stderr);
        rc = host_fail(err, "the first run, in which nothing is made to fail, failed%s%s", said ? "" : ": ",
                       said ? "" : *run.error != '\0' ? run.error : "the server died");
    } else if (c->options->script != NULL && *run.error != '\0') {
        rc = host_fail(err, "the script fails when nothing is made to fail: %s", run.error);
    } else {
        c->base = json_incref(run.report);
        c->base_seconds = run.seconds;
        make_points(c);
    }
    campaign_run_free(&run);
    return rc;
}

static unsigned
time_limit(const struct campaign *c)
{
    return c->options->time_limit != 0
               ? c->options->time_limit
               : SPARE + (unsigned)(10 * c->base_seconds) + 3 * c->options->watchdog * (unsigned)c->prepared->count;
}

static int
run_points(struct campaign *c, struct host_error *err)
{
    json_t *point;
    size_t i, done = 0, count = 0;
    json_array_foreach(c->points, i, point)
    {
        count += campaign_ours(c, point);
        c->done_before += campaign_ours(c, point) && campaign_outcome_of(point) != OUTCOME_NOT_RUN;
    }
    done = c->done_before;
    c->started_at = campaign_now();
    json_array_foreach(c->points, i, point)
    {
        struct campaign_run run;
        if (!campaign_ours(c, point) || campaign_outcome_of(point) != OUTCOME_NOT_RUN) {
            continue;
        }
        campaign_progress(c, done, count, point);
        if (run_point(c, point, time_limit(c), &run, err) != 0) {
            return -1;
        }
        if (c->signo == 0) {
            campaign_judge(c, point, &run);
            done++;
        }
        campaign_run_free(&run);
        if (c->signo != 0) {
            return 0;
        }
        if (campaign_state_add(c, point, err) != 0) {
            return -1;
        }
    }
    return 0;
}

/* ---- all of it ---- */

static void
begin_signals(struct campaign *c)
{
    sigset_t mask;
    sigemptyset(&mask);
    sigaddset(&mask, SIGINT);
    sigaddset(&mask, SIGTERM);
    sigaddset(&mask, SIGHUP);
    sigaddset(&mask, SIGQUIT);
    sigprocmask(SIG_BLOCK, &mask, &c->mask_before);
    c->signal_fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
    prctl(PR_SET_CHILD_SUBREAPER, 1); /* what a killed run leaves behind can be ended */
}

static void
begin(struct campaign *c)
{
    uint64_t chosen = 0;
    if (getcwd(c->cwd, sizeof c->cwd) == NULL) {
        c->cwd[0] = '\0';
    }
    if (c->options->shard != NULL) {
        shard_of(c->options->shard, &c->shard, &c->shards);
    }
    if (c->options->seed != NULL) {
        number(c->options->seed, &c->seed, '\0');
    } else if (getrandom(&chosen, sizeof chosen, 0) == (ssize_t)sizeof chosen) {
        c->seed = chosen % 1000000000;
    }
    begin_signals(c);
}

static int
exit_status(const struct campaign *c, bool failed)
{
    const json_t *point;
    size_t i;
    if (c->signo != 0) {
        return 128 + c->signo;
    }
    if (failed) {
        return RUN_EXIT_FAILED;
    }
    json_array_foreach(c->points, i, point)
    {
        if (campaign_ours(c, point) && campaign_bad(campaign_outcome_of(point))) {
            return c->options->error_exitcode >= 0 ? c->options->error_exitcode : 1;
        }
    }
    return 0;
}

int
campaign_run(const struct run_options *options, struct prepared *prepared)
{
    struct host_error err;
    struct campaign c = {.options = options, .prepared = prepared, .shard = 1, .shards = 1, .points = json_array(),
                         .findings = json_array(), .state = {.fd = -1}, .signal_fd = -1};
    begin(&c);
    bool failed = campaign_state_open(&c, &err) != 0;
    if (!failed && c.base == NULL) {
        failed = first_run(&c, &err) != 0 || campaign_state_begin(&c, &err) != 0;
    }
    if (c.base != NULL && !options->quiet) {
        fprintf(stderr, "filterbed: campaign with --seed=%llu: %zu points%s\n", (unsigned long long)c.seed,
                json_array_size(c.points), c.state.resumed ? ", going on" : "");
    }
    if (!failed) {
        failed = run_points(&c, &err) != 0;
    }
    campaign_progress_end(&c);
    if (failed) {
        fprintf(stderr, "filterbed: %s\n", err.text);
    }
    if (c.base != NULL && campaign_tell(&c) != 0) {
        failed = true;
    }
    const int status = exit_status(&c, failed);
    campaign_state_close(&c);
    close(c.signal_fd);
    sigprocmask(SIG_SETMASK, &c.mask_before, NULL);
    json_decref(c.base);
    json_decref(c.points);
    json_decref(c.findings);
    return status;
}
