/* SPDX-License-Identifier: MIT */
#pragma once
#define NAMES_STRING 3
