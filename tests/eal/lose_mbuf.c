/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * Preloaded into a program, it loses the first mbuf that is freed in bulk: for the tests that a
 * program notices.
 */

#include <dlfcn.h>
#include <stdatomic.h>

#include <rte_mbuf.h>

void
rte_pktmbuf_free_bulk(struct rte_mbuf **mbufs, unsigned int count)
{
	static _Atomic unsigned int nb_lost;
	void *at = dlsym(RTLD_NEXT, "rte_pktmbuf_free_bulk");
	void (*next)(struct rte_mbuf **, unsigned int);
	unsigned int skip = count != 0 && atomic_fetch_add(&nb_lost, 1) == 0;

	*(void **)&next = at;
	next(mbufs + skip, count - skip);
}
