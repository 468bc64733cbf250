/* SPDX-License-Identifier: MIT */
/*
 * Per-thread caches of equal blocks (IRPs, file objects), linked through their first word.  A block may be freed by another
 * thread than the one that allocated it; it then enlarges that thread's cache, up to the limit.
 */
#include "io/iopp.h"

static IOP_THREAD_LOCAL struct {
    IOP_CACHE Lists[IOP_CACHE_COUNT];
    BOOLEAN Registered;
    BOOLEAN Ended;
} IopCaches;

/* What a block owns beyond itself; NULL: nothing.  Set by IopInitialize. */
static VOID (*IopCacheRelease[IOP_CACHE_COUNT])(PVOID Block);

VOID
IopCacheSetRelease(unsigned Which, VOID (*Release)(PVOID Block))
{
    IopCacheRelease[Which] = Release;
}

VOID
IopCacheFlushThread(VOID)
{
    for (unsigned i = 0; i < IOP_CACHE_COUNT; i++) {
        PVOID Block;
        while ((Block = IopCachePop(i)) != NULL) {
            if (IopCacheRelease[i] != NULL) {
                IopCacheRelease[i](Block);
            }
            port_free(Block);
        }
    }
}

static void
IopCacheThreadExit(void *Context)
{
    UNREFERENCED_PARAMETER(Context);
    IopCaches.Ended = TRUE;
    IopCacheFlushThread();
}

PVOID
IopCachePop(unsigned Which)
{
    IOP_CACHE *Cache = &IopCaches.Lists[Which];
    PVOID Block = Cache->Head;

    if (Block != NULL) {
        Cache->Head = *(PVOID *)Block;
        Cache->Count--;
    }
    return Block;
}

BOOLEAN
IopCachePush(unsigned Which, PVOID Block)
{
    IOP_CACHE *Cache = &IopCaches.Lists[Which];

    if ((LONG)Cache->Count >= IOP_CACHE_LIMIT || IopCaches.Ended) {
        return FALSE;
    }
    if (!IopCaches.Registered) {
        IopCaches.Registered = TRUE;
        port_thread_at_exit(IopCacheThreadExit, NULL);
    }
    *(PVOID *)Block = Cache->Head;
    Cache->Head = Block;
    Cache->Count++;
    return TRUE;
}
