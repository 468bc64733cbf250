/* SPDX-License-Identifier: MIT */
#error this source belongs to another platform
