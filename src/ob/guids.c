/* SPDX-License-Identifier: MIT */
/* The one unit that defines the GUIDs the public headers declare. */
#include <initguid.h>
#include <ntifs.h>
