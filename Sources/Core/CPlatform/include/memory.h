#pragma once

#include <malloc.h>

/// Has memory bring a cache line, without waiting for it. Any address will do.
static inline __attribute__((always_inline)) void squilla_prefetch(const void *address) { __builtin_prefetch(address); }

/// See `FreedMemory.keep(bytes:)`.
static inline void squilla_keep_freed_memory(int bytes) {
#ifdef __GLIBC__
    mallopt(M_TRIM_THRESHOLD, bytes);
    mallopt(M_TOP_PAD, bytes / 8);
    // Setting one of them ends the adaption of this one, which would come to as much.
    mallopt(M_MMAP_THRESHOLD, bytes / 8);
#endif
}

/// See `FreedMemory.giveBack()`.
static inline void squilla_give_back_freed_memory(void) {
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}
