/* SPDX-License-Identifier: MIT */
/* Members of JSON objects of our own making, where one that is missing means nothing said. */
#ifndef FILTERBED_HOST_JSONTEXT_H
#define FILTERBED_HOST_JSONTEXT_H

#include <jansson.h>

/* The text of a member, borrowed from the object; "" if there is none. */
static inline const char *
str(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));
    return s != NULL ? s : "";
}

/* The number of a member; 0 if there is none. */
static inline json_int_t
num(const json_t *o, const char *key)
{
    return json_integer_value(json_object_get(o, key));
}

/* The innermost frame of the driver in a stack of a report, borrowed; NULL if there is none of the driver's. */
static inline const json_t *
driver_frame(const json_t *stack)
{
    const json_t *frame;
    size_t i;
    json_array_foreach(stack, i, frame)
    {
        if (json_is_true(json_object_get(frame, "driver"))) {
            return frame;
        }
    }
    return NULL;
}

#endif
