/* SPDX-License-Identifier: MIT */
/*
 * Recovery from faults in driver code.
 *
 * The handler never jumps: it fills the innermost frame's info, rewrites the interrupted context to continue in
 * fault_landing on the frame's own stack, and returns, so that the kernel (signal mask, alternate stack) and a
 * sanitizer's wrapper around the handler see an ordinary return.
 *
 * What can be resumed (fault_is_drivers):
 *   1. the program counter lies in a registered module;
 *   2. it is no code at all, and the return address on the stack lies in a module (wild call);
 *   3. it lies in neither a module nor our image (libc's memcpy), and the nearest code address on the stack is a module's,
 *      not ours (a sanitizer's interceptors, which may be linked into our image, are passed over if no lock of ours is held);
 *   4. the stack ran out in our image, with no runtime lock held and no RCU section open, below driver code.
 *   5. it lies in our image, on a forbidden block (port_guard_forbid), with no runtime lock held and no RCU section open, below driver code.
 * Everything else is fatal: locks of ours or libc's may be held.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

#include "port/portp.h"

#define FAULT_SCAN_WORDS 128
#define FAULT_STACK_SLACK (64u * 1024)
#define FAULT_GUARD_REACH (1024u * 1024)

enum { FRAME_RBP = 1, FRAME_RSP = 6 };

static const int fault_signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT};
#define FAULT_SIGNAL_COUNT (sizeof(fault_signals) / sizeof(fault_signals[0]))

_Static_assert(sizeof(struct port_fault_info) % sizeof(uint64_t) == 0, "fault_call_landing copies words");
static struct sigaction fault_before[FAULT_SIGNAL_COUNT];
static void (*fault_try_resume)(const struct port_fault_info *info);
static void (*fault_fatal)(const struct port_fault_info *info);

extern void __asan_handle_no_return(void) __attribute__((weak));
extern void __asan_unpoison_memory_region(const volatile void *address, size_t size) __attribute__((weak));
extern void __asan_init(void) __attribute__((weak));
extern void __tsan_init(void) __attribute__((weak));
_Noreturn void port_fault_jump(const struct port_fault_frame *frame) __attribute__((visibility("hidden")));

_Static_assert(offsetof(struct port_fault_frame, registers) == 0 && offsetof(struct port_fault_frame, previous) == 64, "fault_amd64.S");

__thread struct port_fault_frame *port_fault_top __attribute__((tls_model("initial-exec")));

bool
port_fault_active(void)
{
    return port_fault_top != NULL;
}

/* Runs on the frame's own stack, below it.  The abandoned frames may have left poison behind. */
PORT_RAW static _Noreturn void
fault_landing(const struct port_fault_frame *frame)
{
    if (__asan_handle_no_return) {
        /* It calls an interceptor itself, whose arguments would lie in that poison. */
        const uintptr_t here = (uintptr_t)__builtin_frame_address(0), low = port_tls.stack_low;
        const uintptr_t from = here - low > FAULT_STACK_SLACK ? here - FAULT_STACK_SLACK : low;
        __asan_unpoison_memory_region((const void *)from, here - from + 256);
        __asan_handle_no_return();
    }
    port_fault_jump(frame);
}

PORT_RAW void
port_fault_raise(const struct port_fault_info *info)
{
    struct port_fault_frame *frame = port_fault_top;
    if (frame == NULL) {
        port_fatal("a driver call was to be abandoned, but none is running (code %#x)", (unsigned)info->code);
    }
    port_fault_top = frame->previous;
    frame->info = *info;
    fault_landing(frame);
}

const char *
port_signal_name(int signo)
{
    switch (signo) {
    case SIGSEGV:
        return "SIGSEGV";
    case SIGBUS:
        return "SIGBUS";
    case SIGFPE:
        return "SIGFPE";
    case SIGILL:
        return "SIGILL";
    case SIGTRAP:
        return "SIGTRAP";
    case SIGABRT:
        return "SIGABRT";
    default:
        return "no signal";
    }
}

/* ---- in the signal handler ---- */

PORT_RAW static bool
fault_stack_word(uintptr_t at, uintptr_t *word)
{
    if (at < port_tls.stack_low || port_tls.stack_high < 8 || at > port_tls.stack_high - 8 || (at & 7) != 0) {
        return false;
    }
    *word = *(const uintptr_t *)at;
    return true;
}

static bool
fault_is_overflow(const struct port_fault_info *info)
{
    const uintptr_t low = port_tls.stack_low;
    return info->signo == SIGSEGV && low != 0 && info->sp < low + FAULT_STACK_SLACK &&
           info->address < low + FAULT_STACK_SLACK && info->address + FAULT_GUARD_REACH > low;
}

static bool
fault_is_wild_call(const struct port_fault_info *info)
{
    return (info->signo == SIGSEGV || info->signo == SIGBUS) && info->address == info->pc;
}

/* Nearest code address on the stack above sp: a module's (true) or ours (false). */
static bool
fault_called_by_module(const struct port_fault_info *info, unsigned words)
{
    const bool interceptors = (__asan_init || __tsan_init) && port_tls.locks == 0 && !port_rcu_reading();
    for (unsigned i = 0; i < words * (interceptors ? 8 : 1); i++) {   /* their frames are large */
        uintptr_t word;
        if (!fault_stack_word(info->sp + 8 * i, &word)) {
            return false;
        }
        if (port_module_find(word) != NULL) {
            return true;
        }
        if (!interceptors && port_pc_in_runtime(word)) {
            return false;
        }
    }
    return false;
}

static bool
fault_is_drivers(const struct port_fault_info *info)
{
    if (info->signo == SIGABRT || port_fault_top == NULL) {
        return false;
    }
    if (port_module_find(info->pc) != NULL) {
        return true;
    }
    if (fault_is_overflow(info)) {
        if (port_tls.locks != 0 || port_rcu_reading()) {
            return false;
        }
        for (unsigned i = 0; i < info->frame_count; i++) {
            if (port_module_find(info->frames[i]) != NULL) {
                return true;
            }
        }
        return false;
    }
    /* A routine of ours was given memory that was taken away. */
    if (info->signo == SIGSEGV && port_guard_owns(info->address) && port_tls.locks == 0 && !port_rcu_reading() &&
        port_pc_in_runtime(info->pc)) {
        for (unsigned i = 0; i < info->frame_count; i++) {
            if (port_module_find(info->frames[i]) != NULL) {
                return true;
            }
        }
        return false;
    }
    if (fault_is_wild_call(info)) {
        uintptr_t caller;
        return fault_stack_word(info->sp, &caller) && port_module_find(caller) != NULL;
    }
    return !port_pc_in_runtime(info->pc) && fault_called_by_module(info, FAULT_SCAN_WORDS);
}

PORT_RAW static void
fault_collect(struct port_fault_info *info, int signo, const siginfo_t *from, const ucontext_t *context)
{
    memset(info, 0, sizeof(*info));
    info->signo = signo;
    info->code = from->si_code;
    info->pc = (uintptr_t)context->uc_mcontext.gregs[REG_RIP];
    info->fp = (uintptr_t)context->uc_mcontext.gregs[REG_RBP];
    info->sp = (uintptr_t)context->uc_mcontext.gregs[REG_RSP];
    if (signo != SIGABRT) {
        info->address = (uintptr_t)from->si_addr;
    }
    for (unsigned i = 0; i < 16; i++) {
        info->registers[i] = (uintptr_t)context->uc_mcontext.gregs[REG_R8 + (int)i];   /* R8 … R15, RDI … RSP */
    }
    uintptr_t caller;
    info->frames[0] = info->pc;
    info->frame_count = 1;
    if (fault_is_wild_call(info) && fault_stack_word(info->sp, &caller)) {
        info->frames[info->frame_count++] = caller;
    } else if (!fault_is_overflow(info) && port_module_find(info->pc) == NULL && fault_stack_word(info->sp, &caller) &&
               port_module_find(caller) != NULL) {
        info->frames[info->frame_count++] = caller;   /* a leaf without a frame of its own, such as memcpy */
    }
    const unsigned room = (unsigned)(sizeof(info->frames) / sizeof(info->frames[0])) - info->frame_count;
    info->frame_count += port_stack_capture_from(0, info->fp, info->frames + info->frame_count, room);
}

PORT_RAW static void
fault_redirect(ucontext_t *context, const struct port_fault_frame *frame)
{
    greg_t *registers = context->uc_mcontext.gregs;
    registers[REG_RIP] = (greg_t)(uintptr_t)fault_landing;
    registers[REG_RDI] = (greg_t)(uintptr_t)frame;
    registers[REG_RBP] = (greg_t)frame->registers[FRAME_RBP];
    /* As after a call: 16-aligned less 8, below the red zone. */
    registers[REG_RSP] = (greg_t)(((frame->registers[FRAME_RSP] - 256) & ~(uint64_t)15) - 8);
    registers[REG_EFL] &= ~(greg_t)(0x400 | 0x100);   /* direction and trap flags */
}

void
port_fault_continue(void (*landing)(const struct port_fault_info *info))
{
    port_tls.fault_landing = landing;
}

/* As if the interrupted instruction had called the landing with a copy of info below the red zone. */
PORT_RAW static void
fault_call_landing(ucontext_t *context, const struct port_fault_info *info)
{
    greg_t *registers = context->uc_mcontext.gregs;
    const uintptr_t copy = (info->sp - 256 - sizeof(*info)) & ~(uintptr_t)63;

    for (size_t i = 0; i < sizeof(*info) / sizeof(uint64_t); i++) {
        ((volatile uint64_t *)copy)[i] = ((const uint64_t *)info)[i];
    }
    registers[REG_RIP] = (greg_t)(uintptr_t)port_tls.fault_landing;
    registers[REG_RDI] = (greg_t)copy;
    registers[REG_RSP] = (greg_t)(copy - 8);
    registers[REG_EFL] &= ~(greg_t)(0x400 | 0x100);
    port_tls.fault_landing = NULL;
}

/* Hands the signal to whoever had it before us: default action, or a sanitizer's report. */
static void
fault_die(int signo, const siginfo_t *from)
{
    for (size_t i = 0; i < FAULT_SIGNAL_COUNT; i++) {
        if (fault_signals[i] == signo) {
            if (fault_before[i].sa_handler == SIG_IGN) {
                fault_before[i].sa_handler = SIG_DFL;
            }
            sigaction(signo, &fault_before[i], NULL);
        }
    }
    /* An instruction that faulted faults again; anything else is sent again. */
    if (from->si_code <= 0 || signo == SIGTRAP) {
        raise(signo);
    }
}

static void
fault_handler(int signo, siginfo_t *from, void *raw)
{
    ucontext_t *context = raw;
    struct port_fault_info info;
    const int error = errno;

    if (port_tls.in_handler) {
        fault_die(signo, from);
        return;
    }
    port_tls.in_handler = 1;
    fault_collect(&info, signo, from, context);
    const bool sent = from->si_code <= 0;
    if (!sent && fault_try_resume != NULL && signo != SIGABRT && port_tls.locks == 0 && !port_rcu_reading()) {
        port_tls.in_handler = 0;
        port_tls.fault_landing = NULL;
        fault_try_resume(&info);
        if (port_tls.fault_landing != NULL) {
            fault_call_landing(context, &info);
            errno = error;
            return;
        }
        port_tls.in_handler = 1;
    }
    if (!sent && fault_is_drivers(&info)) {
        struct port_fault_frame *frame = port_fault_top;
        port_fault_top = frame->previous;
        frame->info = info;
        fault_redirect(context, frame);
        port_tls.in_handler = 0;
        errno = error;
        return;
    }
    if (fault_fatal != NULL) {
        fault_fatal(&info);
    }
    fault_die(signo, from);
    port_tls.in_handler = 0;
    errno = error;
}

_Noreturn void
port_fault_decline(const struct port_fault_info *info)
{
    if (fault_is_drivers(info)) {
        port_fault_raise(info);
    }
    if (fault_fatal != NULL) {
        fault_fatal(info);
    }
    port_fatal("unhandled %s at %#zx", port_signal_name(info->signo), (size_t)info->pc);
}

void
port_fault_install(void (*try_resume)(const struct port_fault_info *), void (*fatal)(const struct port_fault_info *))
{
    fault_try_resume = try_resume;
    fault_fatal = fatal;
    (void)port_pc_in_runtime(0);
    port_thread_attach();
    for (size_t i = 0; i < FAULT_SIGNAL_COUNT; i++) {
        struct sigaction action, before;
        memset(&action, 0, sizeof(action));
        action.sa_sigaction = fault_handler;
        action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
        sigemptyset(&action.sa_mask);
        if (sigaction(fault_signals[i], &action, &before) == 0 && before.sa_sigaction != fault_handler) {
            fault_before[i] = before;
        }
    }
}
