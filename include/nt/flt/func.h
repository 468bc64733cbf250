/* SPDX-License-Identifier: MIT */
/* Every routine of the Filter Manager, one header per family. */
#ifndef _FILTERBED_FLT_FUNC_H_
#define _FILTERBED_FLT_FUNC_H_

#include <flt/func_filter.h>
#include <flt/func_context.h>
#include <flt/func_data.h>
#include <flt/func_file.h>
#include <flt/func_name.h>
#include <flt/func_ecp.h>
#include <flt/func_port.h>
#include <flt/func_sync.h>

#endif
