/* SPDX-License-Identifier: MIT */
/*
 * The state of a campaign: a file of lines, each one JSON object.  The first says what the campaign is (seed, points, the report of the
 * first run), each further one what came of a point.  A last line that is not whole is dropped: somebody was killed while he wrote it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/campaign.h"
#include "host/compile.h"
#include "host/jsontext.h"

#define VERSION 1

/* What makes two campaigns one: drivers, workload, the kind of volume, the faults. */
static char *
identity(const struct campaign *c)
{
    const struct run_options *o = c->options;
    struct host_buf b = {0};
    for (size_t i = 0; i < c->prepared->count; i++) {
        char *data = NULL;
        size_t size = 0, sum = 0;
        if (host_read_file(c->prepared->filters[i].module.path, &data, &size, NULL) == 0) {
            for (size_t k = 0; k < size; k++) {
                sum = sum * 1099511628211u + (unsigned char)data[k];
            }
            free(data);
        }
        host_buf_addf(&b, "%s %zx|", c->prepared->filters[i].service, sum);
    }
    for (size_t i = 0; i < o->faults.count; i++) {
        host_buf_addf(&b, "%s|", o->faults.items[i]);
    }
    for (char **word = o->command; word != NULL && *word != NULL; word++) {
        host_buf_addf(&b, "%s|", *word);
    }
    host_buf_addf(&b, "%s|%s|%s|%d", c->prepared->directory != NULL ? c->prepared->directory : "",
                  c->prepared->script_text != NULL ? c->prepared->script_text : "", o->profile != NULL ? o->profile : "", o->verify);
    char *text = host_printf("%016llx", host_hash(b.data));
    host_buf_free(&b);
    return text;
}

static int
take_header(struct campaign *c, json_t *j, struct host_error *err)
{
    char *own = identity(c);
    const bool same = strcmp(own, str(j, "identity")) == 0;
    free(own);
    if (num(j, "filterbed_campaign") != VERSION || !json_is_array(json_object_get(j, "points"))) {
        return host_fail(err, "--resume %s: it is no state of a campaign", c->state.path);
    }
    if (!same) {
        return host_fail(err, "--resume %s: it belongs to another campaign: the drivers, the workload or the faults have changed; "
                              "remove it to begin again", c->state.path);
    }
    const uint64_t seed = (uint64_t)num(j, "seed");
    if (c->options->seed != NULL && c->seed != seed) {
        return host_fail(err, "--resume %s: its seed is %llu, not that of --seed", c->state.path, (unsigned long long)seed);
    }
    c->seed = seed;
    c->base = json_incref(json_object_get(j, "base"));
    c->base_seconds = json_real_value(json_object_get(j, "seconds"));
    json_decref(c->points);
    c->points = json_incref(json_object_get(j, "points"));
    c->state.resumed = true;
    return 0;
}

static void
take_result(struct campaign *c, const json_t *j)
{
    json_t *point, *finding;
    size_t i;
    json_array_foreach(c->points, i, point)
    {
        if (strcmp(str(point, "fault"), str(j, "fault")) == 0) {
            json_object_update(point, (json_t *)j);
            break;
        }
    }
    json_array_foreach(json_object_get(j, "findings"), i, finding)
    {
        campaign_collect(c, finding, str(j, "fault"));
    }
}

static int
take_lines(struct campaign *c, char *text, size_t size, struct host_error *err)
{
    size_t at = 0;
    for (char *end; at < size && (end = memchr(text + at, '\n', size - at)) != NULL; at = (size_t)(end - text) + 1) {
        json_t *j = json_loadb(text + at, (size_t)(end - text) - at, 0, NULL);
        int rc = j == NULL ? host_fail(err, "--resume %s: it is no state of a campaign", c->state.path) : 0;
        if (rc == 0 && c->base == NULL) {
            rc = take_header(c, j, err);
        } else if (rc == 0) {
            take_result(c, j);
        }
        json_decref(j);
        if (rc != 0) {
            return -1;
        }
    }
    if (at < size && at == 0 && *text != '{') {
        return host_fail(err, "--resume %s: it is no state of a campaign", c->state.path);
    }
    return ftruncate(c->state.fd, (off_t)at) == 0 ? 0 : host_fail(err, "%s: %s", c->state.path, strerror(errno));
}

/* A name of its own: an interrupted campaign leaves its file, and processes' numbers come again. */
static char *
own_path(const struct campaign *c, struct host_error *err)
{
    char *root = host_cache_root(), *directory = host_path_join(root, "campaigns");
    char *path = host_mkdirs(directory, err) == 0 ? host_printf("%s/%llu-%ld.state", directory, (unsigned long long)c->seed, (long)getpid()) : NULL;
    free(root);
    free(directory);
    return path;
}

int
campaign_state_open(struct campaign *c, struct host_error *err)
{
    struct campaign_state *s = &c->state;
    char *text = NULL;
    size_t size = 0;
    s->temporary = c->options->resume == NULL;
    s->path = s->temporary ? own_path(c, err) : host_strdup(c->options->resume);
    if (s->path == NULL) {
        return -1;
    }
    s->fd = open(s->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | (s->temporary ? O_TRUNC : 0), 0666);
    if (s->fd < 0) {
        return host_fail(err, "the state of the campaign cannot be kept in %s: %s", s->path, strerror(errno));
    }
    if (flock(s->fd, LOCK_EX | LOCK_NB) != 0) {
        return host_fail(err, "--resume %s: another campaign is using it", s->path);
    }
    if (host_read_file(s->path, &text, &size, err) != 0) {
        return -1;
    }
    const int rc = take_lines(c, text, size, err);
    free(text);
    return rc;
}

static int
write_line(struct campaign *c, const json_t *j, struct host_error *err)
{
    char *text = json_dumps(j, JSON_COMPACT);
    char *line = host_printf("%s\n", text != NULL ? text : "{}");
    const size_t size = strlen(line);
    size_t done = 0;
    while (done < size) {
        const ssize_t n = write(c->state.fd, line + done, size - done);
        if (n < 0 && errno != EINTR) {
            break;
        }
        done += n > 0 ? (size_t)n : 0;
    }
    free(text);
    free(line);
    return done == size ? 0 : host_fail(err, "the state of the campaign cannot be kept in %s: %s", c->state.path, strerror(errno));
}

int
campaign_state_begin(struct campaign *c, struct host_error *err)
{
    char *own = identity(c);
    json_t *base = json_copy(c->base);
    json_object_del(base, "modules");
    json_t *j = json_pack("{s:i, s:s, s:I, s:f, s:o, s:O}", "filterbed_campaign", VERSION, "identity", own, "seed",
                          (json_int_t)c->seed, "seconds", c->base_seconds, "base", base, "points", c->points);
    const int rc = write_line(c, j, err);
    json_decref(j);
    free(own);
    return rc;
}

int
campaign_state_add(struct campaign *c, const json_t *point, struct host_error *err)
{
    return write_line(c, point, err);
}

/* A campaign that is not done keeps its file. */
void
campaign_state_close(struct campaign *c)
{
    struct campaign_state *s = &c->state;
    const json_t *point;
    size_t i, left = 0;
    json_array_foreach(c->points, i, point)
    {
        left += campaign_ours(c, point) && campaign_outcome_of(point) == OUTCOME_NOT_RUN;
    }
    if (s->fd >= 0 && c->base == NULL && lseek(s->fd, 0, SEEK_END) == 0) {
        unlink(s->path); /* nothing was done */
    } else if (s->fd >= 0 && s->temporary && left == 0) {
        unlink(s->path);
    } else if (s->fd >= 0 && left != 0) {
        fprintf(stderr, "filterbed: %zu run%s left; the same with --resume=%s goes on\n", left, left == 1 ? "" : "s", s->path);
    }
    if (s->fd >= 0) {
        close(s->fd);
    }
    free(s->path);
}
