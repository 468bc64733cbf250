/* SPDX-License-Identifier: MIT */
/*
 * Does a source use structured exception handling?  Bodies must see the locals that handlers changed and the other way
 * round, so such a unit is compiled unoptimised (include/nt/seh.h); all others say that they need not be.  A wrong
 * yes costs speed only, so comments and strings are not told from code, and headers beside the source count.
 */
#include <ctype.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "host/toolchain.h"

static bool
is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* "try", "_try" or "__try" with a brace (or a comment before one) after it. */
static bool
text_uses_seh(const char *text)
{
    for (const char *at = text; (at = strstr(at, "try")) != NULL; at += 3) {
        const char *start = at;
        while (start > text && start[-1] == '_' && at - start < 2) {
            start--;
        }
        if ((start > text && is_word(start[-1])) || is_word(at[3])) {
            continue;
        }
        const char *next = at + 3;
        while (isspace((unsigned char)*next)) {
            next++;
        }
        if (*next == '{' || *next == '/') {
            return true;
        }
    }
    return false;
}

static bool
file_uses_seh(const char *path)
{
    struct host_error error = {0};
    char *text = NULL;
    if (host_read_text(path, &text, &error) != 0) {
        return false;
    }
    const bool found = text_uses_seh(text);
    free(text);
    return found;
}

static bool
headers_use_seh(const char *dir)
{
    DIR *d = opendir(dir);
    bool found = false;
    if (d == NULL) {
        return false;
    }
    for (struct dirent *e; !found && (e = readdir(d)) != NULL;) {
        if (host_ends_with(e->d_name, ".h") || host_ends_with(e->d_name, ".H") || host_ends_with(e->d_name, ".hpp")) {
            char *path = host_path_join(dir, e->d_name);
            found = file_uses_seh(path);
            free(path);
        }
    }
    closedir(d);
    return found;
}

bool
toolchain_uses_seh(const struct host_project *project, const struct host_source *source)
{
    char *dir = host_path_dir(source->path);
    bool found = file_uses_seh(source->path) || headers_use_seh(dir) ||
                 (strcmp(dir, project->dir) != 0 && headers_use_seh(project->dir));
    free(dir);
    for (size_t i = 0; !found && i < source->includes.count; i++) {
        found = headers_use_seh(source->includes.items[i]);
    }
    return found;
}
