/* SPDX-License-Identifier: MIT */
/*
 * Micro benchmarks: contexts and dispatch, beside their floor (two locked instructions) in the same run.
 *
 * How it is timed.  Every thread runs batches of operations and times each batch by the monotonic clock; a repetition's figure is the
 * median of its batches (one that was interrupted by something else does not count), averaged over the threads.  It is always the time
 * one thread needs for one operation, also with two threads: Google Benchmark's own "real time" divides by the number of
 * threads in some versions and not in others, and is not used.  Repetitions of all benchmarks are interleaved at random.  Printed are the
 * median of the repetitions and their range, then the ratios that DESIGN's targets are about.
 *
 * What one thread does takes the same time each time, so that of its repetitions the smallest counts in the ratios: the one that
 * other work on the machine disturbed least.  Two threads meet the less the more they are disturbed: there the median counts.
 */
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "bench_nt.h"

namespace
{

struct alignas(64) counter {
    long value;
};
counter shared_count;
counter own_counts[BENCH_OBJECTS];

/* operations(n) does n of them. */
template <typename Operations>
void
measure_many(benchmark::State &state, unsigned batch, Operations operations)
{
    using clock = std::chrono::steady_clock;
    std::vector<double> batches;

    batches.reserve(1 << 16);
    while (state.KeepRunningBatch(batch)) {
        auto start = clock::now();
        operations(batch);
        std::chrono::duration<double, std::nano> time = clock::now() - start;
        batches.push_back(time.count() / batch);
    }
    std::nth_element(batches.begin(), batches.begin() + batches.size() / 2, batches.end());
    state.counters["ns"] = benchmark::Counter(batches[batches.size() / 2], benchmark::Counter::kAvgThreads);
}

template <typename Operation>
void
measure(benchmark::State &state, unsigned batch, Operation operation)
{
    measure_many(state, batch, [operation](unsigned count) {
        for (unsigned i = 0; i < count; i++) {
            operation();
        }
    });
}

enum { SHORT = 2000, LONG = 200 };            /* operations of a batch: some 20 microseconds */

unsigned
own_object(const benchmark::State &state)
{
    return static_cast<unsigned>(state.thread_index()) % BENCH_OBJECTS;
}

/* range(0): 0 = all threads on one object, 1 = each on its own */
unsigned
object_of(const benchmark::State &state)
{
    return state.range(0) ? own_object(state) : 0;
}

/* ---- what is measured ---- */

void
xadd_pair(benchmark::State &state)
{
    long *count = state.range(0) ? &own_counts[own_object(state)].value : &shared_count.value;

    measure(state, SHORT, [count] {
        long one = 1, minus = -1;
        __asm__ volatile("lock xaddq %0, %1" : "+r"(one), "+m"(*count) : : "memory", "cc");
        __asm__ volatile("lock xaddq %0, %1" : "+r"(minus), "+m"(*count) : : "memory", "cc");
    });
}

/* range(1): contexts on the object */
void
get_release_stream(benchmark::State &state)
{
    unsigned object = object_of(state);

    if (state.thread_index() == 0) {
        bench_set_filters(static_cast<unsigned>(state.range(1)) - 1, false);
    }
    measure_many(state, SHORT, [object](unsigned count) { bench_get_release_stream(object, count); });
}

void
get_release_handle(benchmark::State &state)
{
    unsigned object = object_of(state);

    measure_many(state, SHORT, [object](unsigned count) { bench_get_release_handle(object, count); });
}

void
set_delete(benchmark::State &state)
{
    measure(state, LONG, [] { bench_set_delete_stream(0); });
}

void
query_bare(benchmark::State &state)
{
    unsigned object = own_object(state);

    measure(state, LONG, [object] { bench_operation_bare(object); });
}

/* range(0): filters above each other */
void
query(benchmark::State &state)
{
    unsigned object = own_object(state);

    if (state.thread_index() == 0) {
        bench_set_filters(static_cast<unsigned>(state.range(0)), false);
    }
    measure(state, LONG, [object] { bench_operation(object); });
}

/* range(0): legacy filters above each other */
void
query_legacy(benchmark::State &state)
{
    unsigned object = own_object(state);

    bench_set_legacy(static_cast<unsigned>(state.range(0)));
    measure(state, LONG, [object] { bench_operation_legacy(object); });
}

void
query_look(benchmark::State &state)
{
    unsigned object = own_object(state);

    if (state.thread_index() == 0) {
        bench_set_filters(static_cast<unsigned>(state.range(0)), true);
    }
    measure(state, LONG, [object] { bench_operation(object); });
}

BENCHMARK(xadd_pair)->Arg(0)->Threads(1)->Threads(2)->UseRealTime();
BENCHMARK(xadd_pair)->Arg(1)->Threads(2)->UseRealTime();
BENCHMARK(get_release_stream)->Args({0, 1})->Threads(1)->Threads(2)->UseRealTime();
BENCHMARK(get_release_stream)->Args({0, 8})->Threads(1)->UseRealTime();
BENCHMARK(get_release_stream)->Args({1, 1})->Threads(2)->UseRealTime();
BENCHMARK(get_release_handle)->Arg(0)->Threads(1)->Threads(2)->UseRealTime();
BENCHMARK(get_release_handle)->Arg(1)->Threads(2)->UseRealTime();
BENCHMARK(set_delete)->UseRealTime();
BENCHMARK(query_bare)->Threads(1)->Threads(2)->UseRealTime();
BENCHMARK(query)->Arg(0)->Arg(1)->Arg(4)->Arg(16)->Threads(1)->UseRealTime();
BENCHMARK(query)->Arg(1)->Threads(2)->UseRealTime();
BENCHMARK(query_legacy)->Arg(1)->Arg(4)->Arg(16)->UseRealTime();
BENCHMARK(query_look)->Arg(1)->Threads(1)->UseRealTime();

/* ---- report ---- */

struct row {
    const char *key;                           /* function/arguments/threads */
    const char *what;
};

const row rows[] = {
    {"xadd_pair/0/1", "two lock xadd: the floor"},
    {"xadd_pair/0/2", "  two threads, one counter"},
    {"xadd_pair/1/2", "  two threads, own counters"},
    {"get_release_stream/0/1/1", "stream context, get + release"},
    {"get_release_stream/0/8/1", "  eight contexts on the stream, the last one found"},
    {"get_release_stream/0/1/2", "  two threads, one stream"},
    {"get_release_stream/1/1/2", "  two threads, own streams"},
    {"get_release_handle/0/1", "stream handle context, get + release"},
    {"get_release_handle/0/2", "  two threads, one handle"},
    {"get_release_handle/1/2", "  two threads, own handles"},
    {"set_delete/1", "stream handle context, delete + set again"},
    {"query_bare/1", "QUERY_INFORMATION, no filter manager in the stack"},
    {"query_bare/2", "  two threads"},
    {"query/0/1", "QUERY_INFORMATION, no filter registered it"},
    {"query/1/1", "  one no-op filter, pre and post"},
    {"query/4/1", "  four"},
    {"query/16/1", "  sixteen"},
    {"query/1/2", "  one, two threads"},
    {"query_legacy/1/1", "  one legacy filter, with a completion routine"},
    {"query_legacy/4/1", "  four legacy filters"},
    {"query_legacy/16/1", "  sixteen legacy filters"},
    {"query_look/1/1", "  one that gets and releases its stream context"},
};

class collector : public benchmark::BenchmarkReporter
{
  public:
    std::map<std::string, std::vector<double>> figures;

    bool
    ReportContext(const Context &) override
    {
        return true;
    }

    void
    ReportRuns(const std::vector<Run> &runs) override
    {
        for (const Run &run : runs) {
            auto counter = run.counters.find("ns");
            if (run.run_type != Run::RT_Iteration || counter == run.counters.end()) {
                continue;
            }
            std::string key = run.run_name.function_name;
            key += run.run_name.args.empty() ? "" : "/" + run.run_name.args;
            key += "/" + std::to_string(run.threads);
            figures[key].push_back(counter->second.value);
        }
    }

    /* Negative: not measured. */
    double
    median(const char *key) const
    {
        auto found = figures.find(key);
        if (found == figures.end()) {
            return -1;
        }
        std::vector<double> values = found->second;
        std::sort(values.begin(), values.end());
        size_t middle = values.size() / 2;
        return values.size() % 2 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
    }

    /* What counts in the targets.  Negative: not measured. */
    double
    figure(const char *key) const
    {
        auto found = figures.find(key);
        bool alone = std::strcmp(std::strrchr(key, '/'), "/1") == 0;
        return alone && found != figures.end() ? *std::min_element(found->second.begin(), found->second.end()) : median(key);
    }
};

void
print_figures(const collector &all)
{
    std::printf("%-56s %10s   %s\n", "nanoseconds per operation and thread", "median", "smallest … largest repetition");
    for (const row &r : rows) {
        auto found = all.figures.find(r.key);
        if (found != all.figures.end()) {
            auto range = std::minmax_element(found->second.begin(), found->second.end());
            std::printf("%-56s %10.2f   %.2f … %.2f\n", r.what, all.median(r.key), *range.first, *range.second);
        }
    }
}

void
print_target(const char *what, double value, double limit, bool at_least = false)
{
    bool met = at_least ? value >= limit : value <= limit;

    std::printf("%-66s %8.2f  %s %6.2f  %s\n", what, value, at_least ? ">=" : "<=", limit, met ? "met" : "MISSED");
}

struct target {
    const char *what, *numerator, *denominator;
    double limit;
};

const target ratios[] = {
    {"stream context get+release / two lock xadd", "get_release_stream/0/1/1", "xadd_pair/0/1", 1.10},
    {"  with eight contexts on the stream", "get_release_stream/0/8/1", "xadd_pair/0/1", 1.10},
    {"  two threads, one stream / two threads, one counter", "get_release_stream/0/1/2", "xadd_pair/0/2", 1.25},
    {"  two threads, own streams / two threads, own counters", "get_release_stream/1/1/2", "xadd_pair/1/2", 1.10},
    {"stream handle context get+release / two lock xadd", "get_release_handle/0/1", "xadd_pair/0/1", 1.10},
    {"  two threads, one handle / two threads, one counter", "get_release_handle/0/2", "xadd_pair/0/2", 1.25},
    {"  two threads, own handles / two threads, own counters", "get_release_handle/1/2", "xadd_pair/1/2", 1.10},
};

struct difference {
    const char *what, *more, *less;
    double divide, limit;
};

const difference differences[] = {
    {"operation that no filter registered, ns over the bare file system", "query/0/1", "query_bare/1", 1, 0.3},
    {"filter manager with one no-op filter, ns", "query/1/1", "query_bare/1", 1, 60},
    {"each further no-op filter, pre and post, ns (4 to 16)", "query/16/1", "query/4/1", 12, 5},
};

void
print_targets(const collector &all)
{
    std::printf("\n%-66s %8s  %9s\n", "target", "value", "limit");
    for (const target &t : ratios) {
        double a = all.figure(t.numerator), b = all.figure(t.denominator);
        if (a > 0 && b > 0) {
            print_target(t.what, a / b, t.limit);
        }
    }
    for (const difference &d : differences) {
        double more = all.figure(d.more), less = all.figure(d.less);
        if (more > 0 && less > 0) {
            print_target(d.what, (more - less) / d.divide, d.limit);
        }
    }
    double one = all.figure("query/1/1"), four = all.figure("query/4/1"), sixteen = all.figure("query/16/1");
    double look = all.figure("query_look/1/1"), two = all.figure("query/1/2");
    if (one > 0 && four > 0 && sixteen > 0 && look > 0) {
        print_target("a filter that gets and releases one context, ns", look - one + (sixteen - four) / 12, 16);
    }
    if (one > 0 && two > 0) {
        print_target("two threads through one stack / one thread, operations per second", 2 * one / two, 1.9, true);
    }
}

} // namespace

/* Repetitions are many, short and interleaved, unless the command line says otherwise (it comes last, so it wins). */
int
main(int argc, char **argv)
{
    std::vector<std::string> words = {argv[0], "--benchmark_repetitions=9", "--benchmark_min_time=0.05",
                                      "--benchmark_enable_random_interleaving=true"};
    words.insert(words.end(), argv + 1, argv + argc);
    std::vector<char *> arguments;
    for (std::string &word : words) {
        arguments.push_back(word.data());
    }
    int count = static_cast<int>(arguments.size());
    arguments.push_back(nullptr);
    benchmark::Initialize(&count, arguments.data());
    if (benchmark::ReportUnrecognizedArguments(count, arguments.data())) {
        return 2;
    }
    bench_start();
    collector all;
    benchmark::RunSpecifiedBenchmarks(&all);
    print_figures(all);
    print_targets(all);
    bench_stop();
    return 0;
}
