#pragma once
#include <maxminddb.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>

/// Looks an address up (network order, IPv4 as ::ffff:a.b.c.d) and finds the value at a path; 1 where there is one.
static inline int squilla_geo_find(const MMDB_s *database, const uint8_t address[16], const char *const *path,
                                   MMDB_entry_data_s *out) {
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    const struct sockaddr *socket_address;
    if (memcmp(address, mapped, sizeof mapped) == 0) {
        memset(&v4, 0, sizeof v4);
        v4.sin_family = AF_INET;
        memcpy(&v4.sin_addr, address + 12, 4);
        socket_address = (const struct sockaddr *)&v4;
    } else {
        memset(&v6, 0, sizeof v6);
        v6.sin6_family = AF_INET6;
        memcpy(&v6.sin6_addr, address, 16);
        socket_address = (const struct sockaddr *)&v6;
    }
    int error = MMDB_SUCCESS;
    MMDB_lookup_result_s result = MMDB_lookup_sockaddr(database, socket_address, &error);
    if (error != MMDB_SUCCESS || !result.found_entry) return 0;
    return MMDB_aget_value(&result.entry, out, path) == MMDB_SUCCESS && out->has_data;
}

// The value is a union, which is read here by its type.
static inline const char *squilla_geo_text(const MMDB_entry_data_s *data) { return data->utf8_string; }
static inline double squilla_geo_double(const MMDB_entry_data_s *data) {
    return data->type == MMDB_DATA_TYPE_FLOAT ? (double)data->float_value : data->double_value;
}
static inline uint64_t squilla_geo_integer(const MMDB_entry_data_s *data) {
    switch (data->type) {
    case MMDB_DATA_TYPE_UINT16: return data->uint16;
    case MMDB_DATA_TYPE_UINT32: return data->uint32;
    case MMDB_DATA_TYPE_INT32: return data->int32 < 0 ? 0 : (uint64_t)data->int32;
    default: return data->uint64;
    }
}
