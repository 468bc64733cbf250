/* SPDX-License-Identifier: MIT */
/* The table of checks: codes.def. */
#include <string.h>

#include "vf/vf.h"

static const struct vf_code codes[] = {
#define VF_CODE(code, rules, level, title, windows, fix) {code, rules, level, title, windows, fix},
#include "vf/codes.def"
#undef VF_CODE
};

const struct vf_code *
vf_code_find(const char *code)
{
    for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++) {
        if (strcmp(codes[i].code, code) == 0) {
            return &codes[i];
        }
    }
    return NULL;
}

const struct vf_code *
vf_code_at(unsigned index)
{
    return index < sizeof(codes) / sizeof(*codes) ? &codes[index] : NULL;
}
