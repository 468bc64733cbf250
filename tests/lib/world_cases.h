/* SPDX-License-Identifier: MIT */
/* Cases that compare two worlds (world.h): a bare directory and another way to such files. */
#ifndef FB_TESTS_LIB_WORLD_CASES_H
#define FB_TESTS_LIB_WORLD_CASES_H

#include "world.h"

/* one_host: both lie on one file system, so link counts of directories, block sizes and holes are comparable too. */
void world_pair(struct world *bare, struct world *other, bool one_host);
void world_wipe(const char *path);             /* everything in a host directory */
void world_empty(struct world *w, const char *path);

void test_view__files(void **state);
void test_view__directories(void **state);
void test_view__rename_and_link(void **state);
void test_view__metadata(void **state);
void test_view__special(void **state);
void test_view__names(void **state);
void test_view__xattrs(void **state);
void test_view__sparse(void **state);
void test_view__tmpfile(void **state);
void test_view__random(void **state);
void world_random(uint64_t seed, unsigned steps);   /* a random workload on both of world_pair, compared */

#define WORLD_CASES(label, setup)                                                                     \
    { "test_view__files (" label ")", test_view__files, setup, NULL, NULL }, \
    { "test_view__directories (" label ")", test_view__directories, setup, NULL, NULL }, \
    { "test_view__rename_and_link (" label ")", test_view__rename_and_link, setup, NULL, NULL }, \
    { "test_view__metadata (" label ")", test_view__metadata, setup, NULL, NULL }, \
    { "test_view__special (" label ")", test_view__special, setup, NULL, NULL }, \
    { "test_view__names (" label ")", test_view__names, setup, NULL, NULL }, \
    { "test_view__xattrs (" label ")", test_view__xattrs, setup, NULL, NULL }, \
    { "test_view__sparse (" label ")", test_view__sparse, setup, NULL, NULL }, \
    { "test_view__tmpfile (" label ")", test_view__tmpfile, setup, NULL, NULL }, \
    { "test_view__random (" label ")", test_view__random, setup, NULL, NULL }

#endif
