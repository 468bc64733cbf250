/* SPDX-License-Identifier: MIT */
#include "storm.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STORM_MAX_THREADS 256

uint64_t
storm_seed(void)
{
    static uint64_t seed;
    const char *given = getenv("FILTERBED_SEED");

    if (seed == 0) {
        seed = given != NULL ? strtoull(given, NULL, 0) : port_random() >> 16;
        seed += seed == 0;
    }
    return seed;
}

bool
storm_full(void)
{
    const char *full = getenv("FILTERBED_FULL");

    return full != NULL && strcmp(full, "1") == 0;
}

uint64_t
storm_operations(void)
{
    const char *given = getenv("FILTERBED_OPERATIONS");

    return given != NULL ? strtoull(given, NULL, 0) : storm_full() ? 1000000 : 100000;
}

void
storm_meet(struct storm_gate *gate)
{
    const uint32_t phase = atomic_load(&gate->phase);

    if (atomic_fetch_add(&gate->arrived, 1) + 1 == gate->threads) {
        atomic_store(&gate->arrived, 0);
        atomic_fetch_add(&gate->phase, 1);
        port_wake(&gate->phase, UINT32_MAX);
        return;
    }
    while (atomic_load(&gate->phase) == phase) {
        port_wait(&gate->phase, phase, PORT_FOREVER);
    }
}

void
storm_begin(struct storm *storm, const char *name, unsigned threads, uint64_t wanted)
{
    memset(storm, 0, sizeof(*storm));
    storm->name = name;
    storm->seed = storm_seed();
    storm->wanted = wanted != 0 ? wanted : storm_operations();
    storm->threads = threads;
    storm->gate.threads = threads;
    storm->began = port_clock_monotonic();
    printf("%s: FILTERBED_SEED=%llu, ", name, (unsigned long long)storm->seed);
    if (storm->wanted != UINT64_MAX) {
        printf("%llu operations, ", (unsigned long long)storm->wanted);
    }
    printf("%u threads\n", threads);
    fflush(stdout);
}

struct storm_start { struct storm_thread thread; void (*body)(struct storm_thread *thread); };

static void
storm_thread_main(void *argument)
{
    struct storm_start *start = argument;

    storm_meet(&start->thread.storm->gate);
    start->body(&start->thread);
}

void
storm_run(struct storm *storm, void (*body)(struct storm_thread *thread))
{
    static _Thread_local port_thread *threads[STORM_MAX_THREADS];
    struct storm_start *starts = calloc(storm->threads, sizeof(*starts));

    if (starts == NULL || storm->threads > STORM_MAX_THREADS) {
        port_fatal("a storm of %u threads", storm->threads);
    }
    for (unsigned i = 0; i < storm->threads; i++) {
        const uint64_t mixed = (storm->seed + i + 1) * 0x9E3779B97F4A7C15ull;
        starts[i] = (struct storm_start){{.storm = storm, .index = i, .random = mixed ^ (mixed >> 31)}, body};
        starts[i].thread.random += starts[i].thread.random == 0;
        if (port_thread_start(&threads[i], storm_thread_main, &starts[i], "storm") != 0) {
            port_fatal("no thread");
        }
    }
    for (unsigned i = 0; i < storm->threads; i++) {
        port_thread_join(threads[i]);
    }
    free(starts);
}

void
storm_wrong(struct storm *storm, const char *format, ...)
{
    va_list arguments;

    if (atomic_fetch_add(&storm->wrong, 1) != 0) {
        return;
    }
    va_start(arguments, format);
    port_lock_acquire(&storm->lock);
    vsnprintf(storm->what, sizeof(storm->what), format, arguments);
    fprintf(stderr, "%s: FILTERBED_SEED=%llu: wrong: %s\n", storm->name, (unsigned long long)storm->seed, storm->what);
    port_lock_release(&storm->lock);
    va_end(arguments);
}

bool
storm_end(struct storm *storm)
{
    const uint64_t done = atomic_load(&storm->done);
    const double seconds = (double)(port_clock_monotonic() - storm->began) / 1e9;

    printf("%s: %llu operations in %.1f s, %u wrong\n", storm->name, (unsigned long long)done, seconds, atomic_load(&storm->wrong));
    fflush(stdout);
    return done >= storm->wanted && atomic_load(&storm->wrong) == 0;
}
