/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "rouse_attn.h"

void
rouse_attn_init_with(struct rouse_attn *a, int doorbell)
{
	memset(a, 0, sizeof(*a));
	a->doorbell = doorbell;
	atomic_store_explicit(&a->nb_details, ROUSE_ATTN_BITS, memory_order_relaxed);
	atomic_store_explicit(&a->state, ROUSE_ATTN_ATTEND, memory_order_release);
}

int
rouse_attn_init(struct rouse_attn *a)
{
	int doorbell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	int error = errno;

	/* in any case: whoever cleans up after a failure closes what is not negative */
	rouse_attn_init_with(a, doorbell);
	return doorbell < 0 ? -error : 0;
}

void
rouse_attn_fini(struct rouse_attn *a)
{
	close(a->doorbell);
	a->doorbell = -1;
}

void
rouse_attn_ring_doorbell(int doorbell)
{
	const uint64_t one = 1;
	ssize_t written;

	/* A signal handler may interrupt the write. Nothing else can go wrong that still needs a
	 * wake: EAGAIN means that the counter, and with it the readiness, is there already. */
	do {
		written = write(doorbell, &one, sizeof(one));
	} while (written < 0 && errno == EINTR);
}
