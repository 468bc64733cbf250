/* SPDX-License-Identifier: MIT */
/* Case tables for single UTF-16 units, from utf8proc; mappings that leave the BMP or change the length are not used. */
#include <pthread.h>
#include <stdint.h>
#include <utf8proc.h>

const uint16_t *rtl_upcase_table(void);
const uint16_t *rtl_downcase_table(void);

static uint16_t up[65536];
static uint16_t down[65536];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void
build(void)
{
    for (uint32_t c = 0; c < 65536; c++) {
        int32_t upper = utf8proc_toupper((utf8proc_int32_t)c);
        int32_t lower = utf8proc_tolower((utf8proc_int32_t)c);
        up[c] = upper > 0 && upper < 65536 ? (uint16_t)upper : (uint16_t)c;
        down[c] = lower > 0 && lower < 65536 ? (uint16_t)lower : (uint16_t)c;
    }
}

const uint16_t *
rtl_upcase_table(void)
{
    pthread_once(&once, build);
    return up;
}

const uint16_t *
rtl_downcase_table(void)
{
    pthread_once(&once, build);
    return down;
}
