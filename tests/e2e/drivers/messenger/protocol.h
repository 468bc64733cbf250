/* SPDX-License-Identifier: MIT */
/* What the driver and its user say to each other; types that both know. */
#pragma once

#define MESSENGER_PORT L"\\MessengerPort"
#define MESSENGER_VERSION 3

struct messenger_hello { unsigned version; };
enum messenger_command { MESSENGER_COUNTS = 1 };
struct messenger_request { unsigned command; };
struct messenger_counts { unsigned asked, denied, unanswered; };
struct messenger_question { unsigned process; unsigned length; unsigned short name[100]; };
struct messenger_answer { unsigned char allow; };
