/* SPDX-License-Identifier: MIT */
/* Seam between the benchmark program and the NT side (neutral types). */
#ifndef FB_BENCH_NT_H
#define FB_BENCH_NT_H

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { BENCH_OBJECTS = 8 };                    /* open files, one for each thread that wants its own */

void bench_start(void);                        /* machine, one volume in memory, the context filter, the files */
void bench_stop(void);
/* That many filters above each other that do nothing before and after, each with a context on every stream.  look: before the operation,
 * they get and release it. */
void bench_set_filters(unsigned count, bool look);

void bench_set_legacy(unsigned count);         /* that many legacy filters on the third volume, with a completion routine each */

void bench_get_release_stream(unsigned object, unsigned times);
void bench_get_release_handle(unsigned object, unsigned times);
void bench_set_delete_stream(unsigned object);
void bench_operation(unsigned object);         /* one IRP_MJ_QUERY_INFORMATION, user mode, from the top of the stack */
void bench_operation_bare(unsigned object);    /* the same on a volume whose stack is the file system alone */
void bench_operation_legacy(unsigned object);  /* the same on the third volume */

#ifdef __cplusplus
}
#endif
#endif
