/* SPDX-License-Identifier: MIT */
/* NT time counts 100 ns from 1601-01-01 UTC; 11644473600 s lie between that and the Unix epoch. */
#include <stdatomic.h>
#include <sys/random.h>
#include <time.h>

#include "port/portp.h"

#define UNIX_EPOCH_IN_NT INT64_C(11644473600)
#define NT_PER_SECOND INT64_C(10000000)

uint64_t
port_clock_monotonic(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

int64_t
port_unix_to_nt(int64_t sec, uint32_t nsec)
{
    return (sec + UNIX_EPOCH_IN_NT) * NT_PER_SECOND + nsec / 100;
}

void
port_nt_to_unix(int64_t nt, int64_t *sec, uint32_t *nsec)
{
    int64_t seconds = nt / NT_PER_SECOND;
    int64_t rest = nt % NT_PER_SECOND;
    if (rest < 0) {
        rest += NT_PER_SECOND;
        seconds--;
    }
    *sec = seconds - UNIX_EPOCH_IN_NT;
    *nsec = (uint32_t)rest * 100;
}

int64_t
port_clock_nt(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return port_unix_to_nt(now.tv_sec, (uint32_t)now.tv_nsec);
}

int64_t
port_clock_tick_nt(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    return port_unix_to_nt(now.tv_sec, (uint32_t)now.tv_nsec);
}

int64_t
port_timezone_bias(void)
{
    time_t now = time(NULL);
    struct tm local;
    if (localtime_r(&now, &local) == NULL) {
        return 0;
    }
    return -(int64_t)local.tm_gmtoff * NT_PER_SECOND;
}

uint64_t
port_random(void)
{
    if (port_tls.random_left == 0) {
        if (getrandom(port_tls.random, sizeof(port_tls.random), 0) != (ssize_t)sizeof(port_tls.random)) {
            port_fatal("the kernel gives no random numbers");
        }
        port_tls.random_left = sizeof(port_tls.random) / sizeof(port_tls.random[0]);
    }
    return port_tls.random[--port_tls.random_left];
}
