/* SPDX-License-Identifier: MIT */
#define WPP_CONTROL_GUIDS \
    WPP_DEFINE_CONTROL_GUID(TaggerTraceGuid, (8d3f6e2a, 1b7c, 4a90, b5d4, 6f2e9c0a1b3d), WPP_DEFINE_BIT(TAGGER_ALL))

// begin_wpp config
// FUNC TaggerPrint{LEVEL=TRACE_LEVEL_INFORMATION}(FLAGS, MSG, ...);
// FUNC TaggerError{LEVEL=TRACE_LEVEL_ERROR}(FLAGS, MSG, ...);
// end_wpp
