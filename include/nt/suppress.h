/* SPDX-License-Identifier: MIT */
/* Names of analyser warnings that drivers suppress by #pragma. */
#ifndef _SUPPRESS_H
#define _SUPPRESS_H

#define SUPPRESS_WARNING(Number)
#define SUPPRESS_WARNING_FULL(Number)

#endif /* _SUPPRESS_H */
