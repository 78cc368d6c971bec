/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#include <string.h>

#include "rouse_evring.h"

#define MAX_CAPACITY (1u << 20)

size_t
rouse_evring_memsize(uint32_t capacity)
{
	if (capacity == 0 || capacity > MAX_CAPACITY || (capacity & (capacity - 1)) != 0)
		return 0;
	return sizeof(struct rouse_evring) + (size_t)capacity * sizeof(struct rouse_event);
}

struct rouse_evring *
rouse_evring_init(void *mem, uint32_t capacity)
{
	struct rouse_evring *r = mem;

	if (rouse_evring_memsize(capacity) == 0 || mem == NULL ||
	    (uintptr_t)mem % ROUSE_CACHE_LINE != 0)
		return NULL;
	memset(r, 0, rouse_evring_memsize(capacity));
	r->capacity = capacity;
	r->mask = capacity - 1;
	return r;
}
