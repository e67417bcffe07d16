#pragma once
#include <sys/prctl.h>
#include <sys/resource.h>

/// Names the calling thread; the kernel keeps 15 bytes.
static inline void squilla_set_thread_name(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }

/// Makes the calling thread nicer by so many steps; Linux keeps that for each thread (setpriority(2), "C library/kernel
/// differences"), and being nicer is always allowed.
static inline void squilla_lower_thread_priority(int steps) {
    setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + steps);
}
