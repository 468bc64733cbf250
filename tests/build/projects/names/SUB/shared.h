/* SPDX-License-Identifier: MIT */
#pragma once
#define NAMES_SHARED 1
#include "deep\DEEP.h"
