#pragma once
#include <sys/prctl.h>

/// Names the calling thread; the kernel keeps 15 bytes.
static inline void squilla_set_thread_name(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }
