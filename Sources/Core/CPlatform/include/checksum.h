#pragma once
// CRC-32C by the processor's own instruction, where it has one.
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>

/// Whether the processor has SSE4.2 (CPUID leaf 1, ECX bit 20).
static inline int squilla_has_crc32c(void) {
    unsigned int a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d)) return 0;
    return (c >> 20) & 1;
}

/// Only where squilla_has_crc32c() says so. crc is the inner state (inverted).
static inline __attribute__((target("sse4.2"))) uint32_t squilla_crc32c(uint32_t crc, const uint8_t *p, size_t n) {
    uint64_t state = crc;
    while (n >= 8) {
        uint64_t word;
        memcpy(&word, p, 8);
        state = __builtin_ia32_crc32di(state, word);
        p += 8;
        n -= 8;
    }
    uint32_t rest = (uint32_t)state;
    while (n > 0) {
        rest = __builtin_ia32_crc32qi(rest, *p);
        p++;
        n--;
    }
    return rest;
}

#else

static inline int squilla_has_crc32c(void) { return 0; }
static inline uint32_t squilla_crc32c(uint32_t crc, const uint8_t *p, size_t n) {
    (void)p;
    (void)n;
    return crc;
}

#endif
