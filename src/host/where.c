/* SPDX-License-Identifier: MIT */
/*
 * Asks a thread where it is, by a signal whose handler walks its own stack. Threads of port leave
 * SIGPROF open.
 */
#include "host/where.h"

#include <dirent.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "host/host.h"
#include "port/port.h"

#define ANSWER_NS UINT64_C(500000000)

static uintptr_t answer[WHERE_FRAMES];
static unsigned answer_count;
static char answer_operation[320];
static _Atomic(uint32_t) asked; /* thread; 0: nobody, late answers are dropped */
static _Atomic(uint32_t) answered;

static void
handler(int signo, siginfo_t *info, void *raw)
{
    const ucontext_t *context = raw;
    uint32_t me = (uint32_t)syscall(SYS_gettid);
    (void)signo;
    (void)info;
    if (!atomic_compare_exchange_strong(&asked, &me, 0)) {
        return;
    }
    answer_count = port_stack_capture_from((uintptr_t)context->uc_mcontext.gregs[REG_RIP],
                                           (uintptr_t)context->uc_mcontext.gregs[REG_RBP], answer,
                                           WHERE_FRAMES);
    vf_operation_text(answer_operation, sizeof answer_operation);
    if (strncmp(answer_operation, "dispatch IRP_", 13) == 0 && strstr(answer_operation, " of ") == NULL) {
        const size_t used = strlen(strcat(answer_operation, " of "));
        if (!host_nt_dispatched_name(answer_operation + used, sizeof answer_operation - used)) {
            answer_operation[used - 4] = '\0';
        }
    }
    atomic_store(&answered, 1);
}

unsigned
where_thread(uint32_t thread, uintptr_t *frames)
{
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_RESTART};
    if (sigaction(SIGPROF, &action, NULL) != 0) { /* stays: an answer may come late */
        return 0;
    }
    atomic_store(&answered, 0);
    atomic_store(&asked, thread);
    if (syscall(SYS_tgkill, getpid(), thread, SIGPROF) != 0) {
        return 0;
    }
    const uint64_t deadline = port_clock_monotonic() + ANSWER_NS;
    while (atomic_load(&answered) == 0 && port_clock_monotonic() < deadline) {
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    uint32_t expected = thread;
    if (atomic_compare_exchange_strong(&asked, &expected, 0)) {
        return 0;
    }
    while (atomic_load(&answered) == 0) {
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL); /* it is answering */
    }
    memcpy(frames, answer, answer_count * sizeof *frames);
    return answer_count;
}

static const struct port_module *
driver_of(const uintptr_t *frames, unsigned count)
{
    const struct port_module *module = NULL;
    for (unsigned i = 0; i < count && module == NULL; i++) {
        module = port_module_find(frames[i]);
    }
    return module;
}

static const char *
operation(void)
{
    return answer_operation[0] != '\0' ? answer_operation : "no operation";
}

bool
where_report_thread(uint32_t thread, unsigned seconds, char *text, size_t size)
{
    uintptr_t frames[WHERE_FRAMES];
    const unsigned count = where_thread(thread, frames);
    const struct port_module *module = driver_of(frames, count);
    if (module == NULL) {
        return false;
    }
    snprintf(text, size, "%s, in %s", operation(), module->name);
    vf_report_stack("H-01", NULL, NULL, module->owner, NULL, vf_stack_intern(frames, count),
                    "a call into %s has not returned for %u s: %s (thread %u)", module->name, seconds,
                    operation(), thread);
    return true;
}

static bool
report_thread(uint32_t thread, unsigned seconds)
{
    uintptr_t frames[WHERE_FRAMES];
    const unsigned count = where_thread(thread, frames);
    const struct port_module *module = driver_of(frames, count);
    if (module != NULL) {
        vf_report_stack("H-01", NULL, NULL, module->owner, NULL, vf_stack_intern(frames, count),
                        "a call into %s has not returned, %u s after the end of the command: "
                        "%s (thread %u)",
                        module->name, seconds, operation(), thread);
    }
    return module != NULL;
}

unsigned
where_report_stuck(unsigned seconds)
{
    unsigned stuck = 0;
    DIR *tasks = opendir("/proc/self/task");
    const uint32_t me = (uint32_t)syscall(SYS_gettid);
    for (struct dirent *d; tasks != NULL && (d = readdir(tasks)) != NULL;) {
        const uint32_t thread = (uint32_t)strtoul(d->d_name, NULL, 10);
        stuck += thread != 0 && thread != me && report_thread(thread, seconds);
    }
    if (tasks != NULL) {
        closedir(tasks);
    }
    return stuck;
}
