/* SPDX-License-Identifier: MIT */
/* Seam to proc_posix.c: what /proc knows of a process (neutral types). */
#ifndef FB_PS_PROC_H
#define FB_PS_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ps_proc {
    uint32_t pid;                              /* thread group */
    uint32_t parent;
    uint32_t session;
    uint64_t start;                            /* clock ticks after boot: tells a reused number from the old process */
    char name[16];                             /* comm */
};

/* tid: any thread of the process.  false: there is no such process (any more). */
bool ps_proc_query(uint32_t tid, struct ps_proc *out);
/* Path of the executable; returns its length, 0 if unknown. */
size_t ps_proc_image(uint32_t pid, char *path, size_t size);

/* Clock ticks after boot, now: comparable with ps_proc.start. */
uint64_t ps_proc_now(void);
/* The command line, NULs between its words; returns its length, 0 if unknown. */
size_t ps_proc_command(uint32_t pid, char *text, size_t size);
/* ended(context) is called once, on a thread of its own, when the process has ended.  false: it cannot be watched, or is gone already. */
bool ps_proc_watch(uint32_t pid, uint64_t start, void (*ended)(void *context), void *context);

#endif
