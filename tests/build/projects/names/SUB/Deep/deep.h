/* SPDX-License-Identifier: MIT */
#pragma once
#define NAMES_DEEP 2
#include "..\Shared.h"
