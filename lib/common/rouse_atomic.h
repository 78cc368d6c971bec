/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#ifndef ROUSE_ATOMIC_H
#define ROUSE_ATOMIC_H

/**
 * @file
 * C11's atomics for headers that C++ includes, too: there they are std::atomic, which has the same
 * size, alignment and representation for the integers that are used here. What this declares for
 * C++ is what its own <stdatomic.h> does from C++23 on. It is not a portability layer for C.
 */

#ifdef __cplusplus
#include <atomic>
#include <cstdint>

/** An atomic integer of the type named. */
#define ROUSE_ATOMIC(type) std::atomic<type>

using std::memory_order_acquire;
using std::memory_order_relaxed;
using std::memory_order_release;
using std::memory_order_seq_cst;

using std::atomic_compare_exchange_strong_explicit;
using std::atomic_exchange_explicit;
using std::atomic_fetch_and_explicit;
using std::atomic_fetch_or_explicit;
using std::atomic_load_explicit;
using std::atomic_store_explicit;

static_assert(sizeof(std::atomic<std::uint64_t>) == 8 && sizeof(std::atomic<std::uint32_t>) == 4 &&
		      sizeof(std::atomic<std::uint16_t>) == 2,
	      "std::atomic is laid out as C's _Atomic");
#else
#include <stdatomic.h>

/** An atomic integer of the type named. */
#define ROUSE_ATOMIC(type) _Atomic(type)
#endif

#endif /* ROUSE_ATOMIC_H */
