/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#ifndef NO_EAL_H
#define NO_EAL_H

/*
 * What a driver takes from EAL to live: memory, and mbufs of a pool. For programs without EAL; a
 * test sees what was not given back.
 */

#include <rte_mbuf.h>

extern int no_eal_allocations; /* of rte_malloc's functions, that are not freed */
extern unsigned int no_eal_mbufs_out;

/* A pool of mbufs with room for so many bytes behind the headroom, all of them in it. The one
 * before is gone. */
struct rte_mempool *no_eal_pool(unsigned int nb_mbufs, uint16_t room);

/* Free the pool; fails if an mbuf is missing. */
void no_eal_pool_free(void);

/* An mbuf of the pool, as long as this. */
struct rte_mbuf *no_eal_mbuf(uint16_t len);

#endif /* NO_EAL_H */
