/* SPDX-License-Identifier: MIT */
#define WPP_CONTROL_GUIDS \
    WPP_DEFINE_CONTROL_GUID(TracedGuid, (01234567, 89ab, cdef, 0123, 456789abcdef), WPP_DEFINE_BIT(TRACED_ALL))

// begin_wpp config
// FUNC TracedPrint{LEVEL=TRACE_LEVEL_INFORMATION}(FLAGS, MSG, ...);
// FUNC TracedError{LEVEL=TRACE_LEVEL_ERROR}(FLAGS, MSG, ...);
// end_wpp
