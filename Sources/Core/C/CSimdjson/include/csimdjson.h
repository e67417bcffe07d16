#pragma once
// The first stage of simdjson: where in a text the JSON tokens begin. No exception and no C++ type crosses this border.
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    SQUILLA_JSON_OK = 0,
    /// Not even memory for the index.
    SQUILLA_JSON_MEMORY = 1,
    /// A string that does not end, or a control character within one.
    SQUILLA_JSON_STRING = 2,
    SQUILLA_JSON_UTF8 = 3,
    /// Nothing but blanks.
    SQUILLA_JSON_EMPTY = 4,
    SQUILLA_JSON_OTHER = 5,
};

typedef struct squilla_json_index squilla_json_index;

/// NULL when memory is short. One index serves one thread at a time.
squilla_json_index *squilla_json_index_create(void);
void squilla_json_index_destroy(squilla_json_index *index);

/// Finds the tokens of `count` bytes (at most 4 GiB; no padding needed), which may hold many documents one after the
/// other. On success `positions` holds the offset of each token in order ({ } [ ] : , the opening quote of a string, the
/// first byte of any other scalar), and one entry more, equal to `count`. They stay until the next call.
int squilla_json_index_scan(
    squilla_json_index *index, const uint8_t *bytes, size_t count, const uint32_t **positions, size_t *position_count);

#ifdef __cplusplus
}
#endif
