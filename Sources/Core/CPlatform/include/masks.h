#pragma once
// Byte masks: bit i of the result says whether byte i of the 64 bytes at p is what is asked for. Static inline, so that
// they melt into the Swift loop that calls them; SSE2 is part of every x86-64, elsewhere plain loops do it.
#include <stdint.h>

#if defined(__SSE2__)
#include <emmintrin.h>

static inline __attribute__((always_inline)) uint64_t squilla_join_masks(__m128i a, __m128i b, __m128i c, __m128i d) {
    return (uint64_t)(uint32_t)_mm_movemask_epi8(a) | (uint64_t)(uint32_t)_mm_movemask_epi8(b) << 16 |
           (uint64_t)(uint32_t)_mm_movemask_epi8(c) << 32 | (uint64_t)(uint32_t)_mm_movemask_epi8(d) << 48;
}

#define SQUILLA_LOAD(p, i) _mm_loadu_si128((const __m128i *)(const void *)((p) + 16 * (i)))

/// Bytes that equal a.
static inline __attribute__((always_inline)) uint64_t squilla_mask64_equal(const uint8_t *p, uint8_t a) {
    __m128i x = _mm_set1_epi8((char)a);
    return squilla_join_masks(_mm_cmpeq_epi8(SQUILLA_LOAD(p, 0), x), _mm_cmpeq_epi8(SQUILLA_LOAD(p, 1), x),
                              _mm_cmpeq_epi8(SQUILLA_LOAD(p, 2), x), _mm_cmpeq_epi8(SQUILLA_LOAD(p, 3), x));
}

/// Bytes that equal a or b.
static inline __attribute__((always_inline)) uint64_t squilla_mask64_either(const uint8_t *p, uint8_t a, uint8_t b) {
    return squilla_mask64_equal(p, a) | squilla_mask64_equal(p, b);
}

static inline __attribute__((always_inline)) uint32_t squilla_triple16(const uint8_t *p, __m128i a, __m128i b,
                                                                       __m128i c) {
    __m128i first = _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)(const void *)p), a);
    __m128i second = _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)(const void *)(p + 1)), b);
    __m128i third = _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)(const void *)(p + 2)), c);
    return (uint32_t)_mm_movemask_epi8(_mm_and_si128(_mm_and_si128(first, second), third));
}

/// Bytes that equal a and are followed by b and c; 66 bytes at p are read.
static inline __attribute__((always_inline)) uint64_t squilla_mask64_triple(const uint8_t *p, uint8_t a, uint8_t b,
                                                                            uint8_t c) {
    __m128i x = _mm_set1_epi8((char)a), y = _mm_set1_epi8((char)b), z = _mm_set1_epi8((char)c);
    return (uint64_t)squilla_triple16(p, x, y, z) | (uint64_t)squilla_triple16(p + 16, x, y, z) << 16 |
           (uint64_t)squilla_triple16(p + 32, x, y, z) << 32 | (uint64_t)squilla_triple16(p + 48, x, y, z) << 48;
}

static inline __attribute__((always_inline)) __m128i squilla_json_special16(__m128i v) {
    __m128i quote = _mm_cmpeq_epi8(v, _mm_set1_epi8('"'));
    __m128i slash = _mm_cmpeq_epi8(v, _mm_set1_epi8('\\'));
    __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(0x1f)), v);
    return _mm_or_si128(_mm_or_si128(quote, slash), _mm_or_si128(control, v));
}

/// Of the 16 bytes at p those that a JSON string cannot hold as they are, or that need a UTF-8 check: quotes,
/// backslashes, controls and everything from 0x80 on.
static inline __attribute__((always_inline)) uint32_t squilla_mask16_json_special(const uint8_t *p) {
    return (uint32_t)_mm_movemask_epi8(squilla_json_special16(SQUILLA_LOAD(p, 0)));
}

static inline __attribute__((always_inline)) __m128i squilla_field_end16(__m128i v) {
    __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(0x1f)), v);
    __m128i tab = _mm_cmpeq_epi8(v, _mm_set1_epi8(0x09));
    return _mm_or_si128(_mm_andnot_si128(tab, control), _mm_cmpeq_epi8(v, _mm_set1_epi8(0x7f)));
}

/// Bytes that an HTTP field value cannot hold: controls other than tab, and DEL. A line end is one of them.
static inline __attribute__((always_inline)) uint64_t squilla_mask64_field_end(const uint8_t *p) {
    return squilla_join_masks(squilla_field_end16(SQUILLA_LOAD(p, 0)), squilla_field_end16(SQUILLA_LOAD(p, 1)),
                              squilla_field_end16(SQUILLA_LOAD(p, 2)), squilla_field_end16(SQUILLA_LOAD(p, 3)));
}

/// Of the 16 bytes at p those that equal a.
static inline __attribute__((always_inline)) uint32_t squilla_mask16_equal(const uint8_t *p, uint8_t a) {
    return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(SQUILLA_LOAD(p, 0), _mm_set1_epi8((char)a)));
}

/// Of the 16 bytes at p the line ends with an empty line behind them, with or without a carriage return; 18 bytes at p are
/// read.
static inline __attribute__((always_inline)) uint32_t squilla_mask16_head_end(const uint8_t *p) {
    __m128i feed = _mm_set1_epi8('\n');
    __m128i here = _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)(const void *)p), feed);
    __m128i next = _mm_loadu_si128((const __m128i *)(const void *)(p + 1));
    __m128i last = _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)(const void *)(p + 2)), feed);
    __m128i empty = _mm_or_si128(_mm_cmpeq_epi8(next, feed),
                                 _mm_and_si128(_mm_cmpeq_epi8(next, _mm_set1_epi8('\r')), last));
    return (uint32_t)_mm_movemask_epi8(_mm_and_si128(here, empty));
}

/// Of the 16 bytes at p those that an HTTP field value cannot hold.
static inline __attribute__((always_inline)) uint32_t squilla_mask16_field_end(const uint8_t *p) {
    return (uint32_t)_mm_movemask_epi8(squilla_field_end16(SQUILLA_LOAD(p, 0)));
}

#undef SQUILLA_LOAD

#else

static inline uint64_t squilla_mask64_equal(const uint8_t *p, uint8_t a) {
    uint64_t mask = 0;
    for (int i = 0; i < 64; i++) mask |= (uint64_t)(p[i] == a) << i;
    return mask;
}

static inline uint64_t squilla_mask64_either(const uint8_t *p, uint8_t a, uint8_t b) {
    return squilla_mask64_equal(p, a) | squilla_mask64_equal(p, b);
}

static inline uint64_t squilla_mask64_triple(const uint8_t *p, uint8_t a, uint8_t b, uint8_t c) {
    uint64_t mask = 0;
    for (int i = 0; i < 64; i++) mask |= (uint64_t)(p[i] == a && p[i + 1] == b && p[i + 2] == c) << i;
    return mask;
}

static inline uint32_t squilla_mask16_json_special(const uint8_t *p) {
    uint32_t mask = 0;
    for (int i = 0; i < 16; i++) {
        mask |= (uint32_t)(p[i] < 0x20 || p[i] >= 0x80 || p[i] == '"' || p[i] == '\\') << i;
    }
    return mask;
}

static inline uint64_t squilla_mask64_field_end(const uint8_t *p) {
    uint64_t mask = 0;
    for (int i = 0; i < 64; i++) mask |= (uint64_t)((p[i] < 0x20 && p[i] != 0x09) || p[i] == 0x7f) << i;
    return mask;
}

static inline uint32_t squilla_mask16_field_end(const uint8_t *p) {
    uint32_t mask = 0;
    for (int i = 0; i < 16; i++) mask |= (uint32_t)((p[i] < 0x20 && p[i] != 0x09) || p[i] == 0x7f) << i;
    return mask;
}

static inline uint32_t squilla_mask16_equal(const uint8_t *p, uint8_t a) {
    uint32_t mask = 0;
    for (int i = 0; i < 16; i++) mask |= (uint32_t)(p[i] == a) << i;
    return mask;
}

static inline uint32_t squilla_mask16_head_end(const uint8_t *p) {
    uint32_t mask = 0;
    for (int i = 0; i < 16; i++) {
        mask |= (uint32_t)(p[i] == '\n' && (p[i + 1] == '\n' || (p[i + 1] == '\r' && p[i + 2] == '\n'))) << i;
    }
    return mask;
}

#endif
