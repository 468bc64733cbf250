/* SPDX-License-Identifier: MIT */
#ifndef GAUGE_H
#define GAUGE_H
typedef struct _GAUGE {
    LONG Drops;
    UNICODE_STRING Name;
} GAUGE;
#endif
