/* SPDX-License-Identifier: MIT */
/*
 * Micro benchmarks: contexts and dispatch, beside their floor (an atomic increment and decrement) in the same run.
 *
 * bench-micro prints Google Benchmark's table, then the ratios that DESIGN's targets are about, computed from medians of the same run.
 */
#include <benchmark/benchmark.h>

#include <atomic>
#include <cstdio>
#include <map>
#include <string>

#include "bench_nt.h"

namespace
{

alignas(64) std::atomic<long> shared_count{1};
struct alignas(64) own_count {
    std::atomic<long> value{1};
};
own_count own_counts[BENCH_OBJECTS];

void
atomic_pair(benchmark::State &state)
{
    std::atomic<long> &count = state.range(0) ? own_counts[state.thread_index()].value : shared_count;
    for (auto _ : state) {
        count.fetch_add(1);
        count.fetch_sub(1);
    }
}

unsigned
object_of(const benchmark::State &state)
{
    return state.range(0) ? static_cast<unsigned>(state.thread_index()) : 0;
}

void
context_stream(benchmark::State &state)
{
    for (auto _ : state) {
        bench_get_release_stream(object_of(state));
    }
}

void
context_handle(benchmark::State &state)
{
    for (auto _ : state) {
        bench_get_release_handle(object_of(state));
    }
}

void
context_set_delete(benchmark::State &state)
{
    for (auto _ : state) {
        bench_set_delete_stream(0);
    }
}

void
operation(benchmark::State &state)
{
    if (state.thread_index() == 0) {
        bench_set_filters(static_cast<unsigned>(state.range(0)));
    }
    for (auto _ : state) {
        bench_operation(static_cast<unsigned>(state.thread_index()));
    }
}

/* range(0): 0 = all threads on one object, 1 = each on its own */
BENCHMARK(atomic_pair)->Arg(0)->Threads(1)->Threads(2)->UseRealTime();
BENCHMARK(atomic_pair)->Arg(1)->Threads(2)->UseRealTime();
BENCHMARK(context_stream)->Arg(0)->Threads(1)->Threads(2)->UseRealTime();
BENCHMARK(context_stream)->Arg(1)->Threads(2)->UseRealTime();
BENCHMARK(context_handle)->Arg(0)->Threads(1)->Threads(2)->UseRealTime();
BENCHMARK(context_handle)->Arg(1)->Threads(2)->UseRealTime();
BENCHMARK(context_set_delete);
/* range(0): no-op filters above each other */
BENCHMARK(operation)->Arg(0)->Arg(1)->Arg(4)->Arg(16)->Threads(1)->UseRealTime();
BENCHMARK(operation)->Arg(1)->Threads(2)->UseRealTime();

class ratio_reporter : public benchmark::ConsoleReporter
{
  public:
    std::map<std::string, double> median;

    void
    ReportRuns(const std::vector<Run> &runs) override
    {
        ConsoleReporter::ReportRuns(runs);
        for (const Run &run : runs) {
            bool is_median = run.run_type == Run::RT_Aggregate && run.aggregate_name == "median";
            if (is_median || (run.run_type == Run::RT_Iteration && run.repetitions <= 1)) {
                median[run.run_name.function_name + "/" + run.run_name.args + "/" + run.run_name.threads] = run.GetAdjustedRealTime();
            }
        }
    }
};

struct target {
    const char *what, *numerator, *denominator;
    double limit;
};

const target targets[] = {
    {"stream context get+release / atomic pair", "context_stream/0/threads:1", "atomic_pair/0/threads:1", 1.10},
    {"stream handle context get+release / atomic pair", "context_handle/0/threads:1", "atomic_pair/0/threads:1", 1.10},
    {"stream context, two threads, one object / contended pair", "context_stream/0/threads:2", "atomic_pair/0/threads:2", 1.25},
    {"stream context, two threads, own objects / pair", "context_stream/1/threads:2", "atomic_pair/1/threads:2", 1.10},
};

void
print_targets(const std::map<std::string, double> &median)
{
    std::printf("\n%-62s %8s %8s\n", "ratio (same run)", "value", "target");
    for (const target &t : targets) {
        auto a = median.find(t.numerator);
        auto b = median.find(t.denominator);
        if (a != median.end() && b != median.end()) {
            double value = a->second / b->second;
            std::printf("%-62s %8.2f %8.2f %s\n", t.what, value, t.limit, value <= t.limit ? "met" : "MISSED");
        }
    }
    auto none = median.find("operation/0/threads:1");
    auto one = median.find("operation/1/threads:1");
    auto four = median.find("operation/4/threads:1");
    auto sixteen = median.find("operation/16/threads:1");
    if (none != median.end() && one != median.end() && sixteen != median.end() && four != median.end()) {
        double manager = one->second - none->second;
        double each = (sixteen->second - four->second) / 12;
        std::printf("%-62s %8.2f %8.2f %s\n", "FltMgr with one no-op filter, ns over no filter", manager, 60.0,
                    manager <= 60 ? "met" : "MISSED");
        std::printf("%-62s %8.2f %8.2f %s\n", "each further no-op filter (pre+post), ns", each, 5.0, each <= 5 ? "met" : "MISSED");
    }
    auto two = median.find("operation/1/threads:2");
    if (one != median.end() && two != median.end()) {
        double scale = one->second / two->second;
        std::printf("%-62s %8.2f %8.2f %s\n", "two threads through one stack / one thread (throughput)", scale, 1.9,
                    scale >= 1.9 ? "met" : "MISSED");
    }
}

} // namespace

int
main(int argc, char **argv)
{
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) {
        return 2;
    }
    bench_start();
    ratio_reporter reporter;
    benchmark::RunSpecifiedBenchmarks(&reporter);
    print_targets(reporter.median);
    bench_stop();
    return 0;
}
