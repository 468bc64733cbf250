/* SPDX-License-Identifier: MIT */
/* The GUIDs of the system's own extra create parameters, for drivers that do not define them themselves. */
#include <initguid.h>
#include <ntifs.h>
