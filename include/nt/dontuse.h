/* SPDX-License-Identifier: MIT */
/* The list of routines that drivers should not use; it only tunes the analyser. */
#ifndef _DONTUSE_H
#define _DONTUSE_H
#endif /* _DONTUSE_H */
