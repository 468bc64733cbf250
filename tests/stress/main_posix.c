/* SPDX-License-Identifier: MIT */
/* tests/stress: everything at once, for as long as one likes.  docs/testing.md says how to run it. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stress.h"
#include "vf/vf.h"

static volatile sig_atomic_t interrupted;
static _Atomic(uint32_t) watching = 1;
static unsigned seconds;

static void
on_signal(int number)
{
    (void)number;
    if (interrupted) {
        _exit(130);
    }
    interrupted = 1;
}

static void
print_finding(const struct vf_finding *finding, void *context)
{
    unsigned *printed = context;

    if ((*printed)++ < 5) {
        printf("finding %s of %s: %s (%s)\n", finding->code, finding->owner != NULL ? finding->owner : "-", finding->text, finding->operation);
    }
}

static void
print_counts(const char *what)
{
    struct stress_counts n;

    stress_counts(&n);
    printf("%s %5.0f s: %llu requests (%llu compared), %llu pre, %llu post, %llu drained, %llu pended, %llu contexts, %llu attaches, "
           "%llu loads, %llu mounts (%llu by surprise), %llu transactions; %u wrong, %u findings\n",
           what, (double)(port_clock_monotonic() - Stress.began) / 1e9, (unsigned long long)n.requests, (unsigned long long)n.compared,
           (unsigned long long)n.pre, (unsigned long long)n.post, (unsigned long long)n.drained, (unsigned long long)n.pended,
           (unsigned long long)n.contexts, (unsigned long long)n.attaches, (unsigned long long)n.loads, (unsigned long long)n.mounts,
           (unsigned long long)n.surprises, (unsigned long long)n.transactions, atomic_load(&Stress.wrong), vf_finding_count());
    fflush(stdout);
}

/* Ends the storm when its time is over, at a signal, at the first finding, and when it stands still. */
static void
watch(void *argument)
{
    const uint64_t end = seconds != 0 ? Stress.began + seconds * 1000000000ull : UINT64_MAX;
    uint64_t next = Stress.began + 2000000000ull, last = 0, moved = Stress.began;

    (void)argument;
    while (atomic_load(&watching) != 0) {
        const uint64_t now = port_clock_monotonic(), done = atomic_load(&Stress.done);
        if (now >= end || interrupted || atomic_load(&Stress.wrong) != 0 || vf_finding_count() != 0) {
            storm_stop(&Stress);
        }
        if (now >= next) {
            print_counts("stress");
            next += 2000000000ull;
        }
        if (done != last) {
            last = done;
            moved = now;
        } else if (now - moved > 120000000000ull) {
            fprintf(stderr, "stress: FILTERBED_SEED=%llu: nothing moves for two minutes\n", (unsigned long long)Stress.seed);
            abort();
        }
        usleep(50000);
    }
}

static int
usage(int status)
{
    fprintf(status == 0 ? stdout : stderr,
            "usage: stress [--seconds=N] [--operations=N] [--seed=S] [--threads=T] [--changes=LIST]\n"
            "  --seconds=N     runs so long (2; 60 with FILTERBED_FULL=1); 0: until --operations or Ctrl-C\n"
            "  --operations=N  runs until so many requests were made; without --seconds there is no other end\n"
            "  --seed=S        as printed by an earlier run (FILTERBED_SEED)\n"
            "  --threads=T     that work with files (6)\n"
            "  --changes=LIST  of attach, load, mount, transact, look (all of them)\n");
    return status;
}

static int
parse_changes(char *list, unsigned *changes)
{
    static const struct { const char *name; unsigned bit; } names[] = { { "attach", STRESS_ATTACH }, { "load", STRESS_LOAD },
        { "mount", STRESS_MOUNT }, { "transact", STRESS_TRANSACT }, { "look", STRESS_LOOK } };

    *changes = 0;
    for (char *word = strtok(list, ","); word != NULL; word = strtok(NULL, ",")) {
        unsigned bit = 0;
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
            bit |= strcmp(word, names[i].name) == 0 ? names[i].bit : 0;
        }
        if (bit == 0) {
            fprintf(stderr, "stress: unknown change %s\n", word);
            return -1;
        }
        *changes |= bit;
    }
    return 0;
}

static int
run(const struct stress_options *options, uint64_t operations)
{
    port_thread *watcher;

    unsigned printed = 0;

    storm_begin(&Stress, "stress", stress_threads(options), operations);
    if (!stress_open()) {
        fprintf(stderr, "stress: the machine does not start\n");
        return 1;
    }
    if (port_thread_start(&watcher, watch, NULL, "watch") != 0) {
        return 1;
    }
    storm_run(&Stress, stress_body);
    atomic_store(&watching, 0);
    port_thread_join(watcher);
    stress_close();
    print_counts(interrupted ? "interrupted" : "end");
    if (atomic_load(&Stress.wrong) != 0 || vf_finding_count() != 0) {
        vf_findings(print_finding, &printed);
        printf("FAILED: FILTERBED_SEED=%llu: %s\n", (unsigned long long)Stress.seed, Stress.what[0] != 0 ? Stress.what : "findings");
        return 1;
    }
    return 0;
}

int
main(int argc, char **argv)
{
    static const struct option options[] = { { "seconds", required_argument, NULL, 's' }, { "operations", required_argument, NULL, 'n' },
        { "seed", required_argument, NULL, 'r' }, { "threads", required_argument, NULL, 't' }, { "changes", required_argument, NULL, 'c' },
        { "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 } };
    struct stress_options stress = { .workers = 6, .changes = STRESS_ALL };
    uint64_t operations = UINT64_MAX;
    int timed = 0;

    for (int c; (c = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
        switch (c) {
        case 's': seconds = (unsigned)strtoul(optarg, NULL, 0); timed = 1; break;
        case 'n': operations = strcmp(optarg, "storm") == 0 ? storm_operations() : strtoull(optarg, NULL, 0); break;
        case 'r': setenv("FILTERBED_SEED", optarg, 1); break;
        case 't': stress.workers = (unsigned)strtoul(optarg, NULL, 0); break;
        case 'c':
            if (parse_changes(optarg, &stress.changes) != 0) {
                return 2;
            }
            break;
        case 'h': return usage(0);
        default: return usage(2);
        }
    }
    if (stress.workers == 0 || stress.workers > 99 || optind != argc) {
        return usage(2);
    }
    seconds = timed || operations != UINT64_MAX ? seconds : storm_full() ? 60 : 2;
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    return run(&stress, operations);
}
