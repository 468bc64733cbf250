/* SPDX-License-Identifier: MIT */
/* What every test of this directory includes. */
#ifndef FB_TESTS_FLTMGR_TESTNT_H
#define FB_TESTS_FLTMGR_TESTNT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tinyfs.h"

#define POISON ((PVOID)(ULONG_PTR)0xA5A5A5A5A5A5A5A5ull)
#define T(Function) cmocka_unit_test(test_fltmgr_##Function)

static inline void
assert_status_at(NTSTATUS Got, NTSTATUS Want, const char *File, int Line)
{
    if (Got != Want) {
        print_error("%s:%d: status 0x%08X, expected 0x%08X\n", File, Line, (unsigned)Got, (unsigned)Want);
        _fail(File, Line);
    }
}
#define assert_status(Got, Want) assert_status_at((Got), (Want), __FILE__, __LINE__)

#endif
