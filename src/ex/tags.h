/* SPDX-License-Identifier: MIT */
/* Pool tags of the runtime, as they stand in memory when read backwards. */
#ifndef FB_EX_TAGS_H
#define FB_EX_TAGS_H

#define EX_TAG_RESOURCE 'seRE'
#define EX_TAG_RUNDOWN 'nuRE'
#define EX_TAG_LOOKASIDE 'koLE'

#endif
