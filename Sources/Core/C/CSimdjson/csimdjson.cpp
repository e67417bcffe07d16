#include "csimdjson.h"

#include <memory>
#include <new>

#include <simdjson.h>

struct squilla_json_index {
    std::unique_ptr<simdjson::internal::dom_parser_implementation> parser;
    size_t capacity = 0;
};

namespace {

// stage 1 alone needs no tape, but simdjson sizes both by the capacity; a small depth keeps the rest small.
constexpr size_t max_depth = 16;

int grow(squilla_json_index &index, size_t count) {
    if (index.parser && count <= index.capacity) return SQUILLA_JSON_OK;
    size_t capacity = count < 65536 ? 65536 : count + count / 2;
    index.parser.reset();
    index.capacity = 0;
    auto error = simdjson::get_active_implementation()->create_dom_parser_implementation(capacity, max_depth, index.parser);
    if (error) {
        index.parser.reset();
        return SQUILLA_JSON_MEMORY;
    }
    index.capacity = capacity;
    return SQUILLA_JSON_OK;
}

}  // namespace

extern "C" squilla_json_index *squilla_json_index_create(void) { return new (std::nothrow) squilla_json_index(); }

extern "C" void squilla_json_index_destroy(squilla_json_index *index) { delete index; }

extern "C" int squilla_json_index_scan(
    squilla_json_index *index, const uint8_t *bytes, size_t count, const uint32_t **positions, size_t *position_count) {
    try {
        *positions = nullptr;
        *position_count = 0;
        if (count > 0x7fffffff) return SQUILLA_JSON_MEMORY;
        if (int error = grow(*index, count)) return error;
        auto error = index->parser->stage1(bytes, count, simdjson::stage1_mode::regular);
        switch (error) {
        case simdjson::SUCCESS: break;
        case simdjson::UNCLOSED_STRING:
        case simdjson::UNESCAPED_CHARS: return SQUILLA_JSON_STRING;
        case simdjson::UTF8_ERROR: return SQUILLA_JSON_UTF8;
        case simdjson::EMPTY: return SQUILLA_JSON_EMPTY;
        default: return SQUILLA_JSON_OTHER;
        }
        uint32_t found = index->parser->n_structural_indexes;
        // simdjson ends the list with three entries of its own; the first of them is made ours.
        index->parser->structural_indexes[found] = static_cast<uint32_t>(count);
        *positions = index->parser->structural_indexes.get();
        *position_count = found;
        return SQUILLA_JSON_OK;
    } catch (...) {
        return SQUILLA_JSON_MEMORY;
    }
}
