#pragma once

/// Has memory bring a cache line, without waiting for it. Any address will do.
static inline __attribute__((always_inline)) void squilla_prefetch(const void *address) { __builtin_prefetch(address); }
