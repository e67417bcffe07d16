#ifndef SQUILLA_ALLOCATION_COUNT_H
#define SQUILLA_ALLOCATION_COUNT_H

#include <stdint.h>

/// Calls of malloc, calloc and realloc by this thread so far; -1 where a sanitizer has them.
int64_t squilla_allocation_count(void);

#endif
