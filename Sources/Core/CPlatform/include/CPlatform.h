#pragma once
// C headers only: kernel interfaces that Swift's Glibc module does not export, and SIMD byte masks. No logic.
#include "bpf.h"
#include "datagrams.h"
#include "sockets.h"
#include "handover.h"
#include "threads.h"
#include "checksum.h"
#include "masks.h"
#include "memory.h"
