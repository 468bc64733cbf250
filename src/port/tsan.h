/* SPDX-License-Identifier: MIT */
/* Annotations that tell ThreadSanitizer about futex locks and RCU; nothing in other builds. */
#ifndef FB_PORT_TSAN_H
#define FB_PORT_TSAN_H

#if defined(__SANITIZE_THREAD__)
#define FB_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define FB_TSAN 1
#endif
#endif

extern void __tsan_acquire(void *addr) __attribute__((weak));
extern void __tsan_release(void *addr) __attribute__((weak));

static inline void
port_tsan_acquire(const volatile void *addr)
{
    if (__tsan_acquire) {
        __tsan_acquire((void *)addr);
    }
}

static inline void
port_tsan_release(const volatile void *addr)
{
    if (__tsan_release) {
        __tsan_release((void *)addr);
    }
}

#endif
