/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * Queues of other people's drivers that may be silent because there is no mbuf for them: no packet
 * comes then, and so no interrupt, or one waits that was told already. A handshake queue tells by
 * itself (has_buffers).
 */

#include <errno.h>

#include <rte_ethdev.h>
#include <rte_mempool.h>

#include "worker.h"

#define MOST_AT_ONCE 64 /* mbufs that a driver takes from a pool at once, or none */

/* The only sure way to know is to take some and put them back, which is this lcore's cache unless
 * that is empty. */
static enum pool_level
look_into(struct rte_mempool *pool)
{
	void *mbufs[MOST_AT_ONCE];

	if (rte_mempool_get_bulk(pool, mbufs, MOST_AT_ONCE) == 0) {
		rte_mempool_put_bulk(pool, mbufs, MOST_AT_ONCE);
		return POOL_AMPLE;
	}
	if (rte_mempool_get(pool, mbufs) != 0)
		return POOL_EMPTY;
	rte_mempool_put(pool, mbufs[0]);
	return POOL_LOW;
}

static enum pool_level
level_of(const struct source *s, struct pool_seen *seen)
{
	struct rte_mempool *pool = s->ethdev.pool;

	if (pool == NULL)
		return POOL_LOW; /* it is not known yet, until a packet comes */
	/* packets of one that only hands them on: others alone may take from their pool */
	if (s->ops == &ethdev_timed_ops &&
	    (pool->flags & (RTE_MEMPOOL_F_SC_GET | RTE_MEMPOOL_F_SP_PUT)) != 0)
		return POOL_AMPLE;
	if (pool != seen->pool)
		*seen = (struct pool_seen){ .pool = pool, .level = look_into(pool) };
	return seen->level;
}

/* Did the driver want mbufs since the last call, and got none? -ENOTSUP: it does not say */
static int
went_without(struct source *s)
{
	struct rte_eth_stats stats;
	uint64_t before = s->ethdev.nb_without;

	if (rte_eth_stats_get(s->ethdev.port_id, &stats) != 0)
		return -ENOTSUP;
	s->ethdev.nb_without = stats.rx_nombuf;
	return stats.rx_nombuf != before;
}

/* Armed, and before the second look: packets that this look does not get are kept by want of mbufs,
 * and those that come after it are told of. Asked is who had a pool that was low. */
void
source_note_waiting(struct source *s)
{
	s->ethdev.had_waiting = s->ethdev.was_low &&
				rte_eth_rx_queue_count(s->ethdev.port_id, s->ethdev.queue) > 0;
}

/*
 * May the queue, which rx_burst() has just found empty, be silent for want of mbufs? Drivers take
 * one, several or none at once, or what their whole ring lacks. Of a pool that has some it is not
 * known whether they are enough, so the driver says: either it counts what it did not get, or it
 * tells how many packets wait that it did not give (source_note_waiting()); of those with
 * interrupts each does one of these, or both. Where the pool has plenty only the count says more,
 * that of drivers which do not tell the pool: NICs do, and theirs would cost reads of registers. A
 * sleep over a queue without an interrupt is timed anyhow.
 */
bool
source_lacks_mbufs(struct source *s, struct pool_seen *seen)
{
	enum pool_level level;
	int without = 0, waiting;
	bool was_low;

	if (!source_is_ethdev(s) || s->kind == ROUSE_SOURCE_HANDSHAKE ||
	    !ethdev_is_started(s->ethdev.port_id))
		return false;
	level = level_of(s, seen);
	was_low = s->ethdev.was_low;
	s->ethdev.was_low = level != POOL_AMPLE;
	if (level == POOL_EMPTY || s->ops == &ethdev_timed_ops)
		return level == POOL_EMPTY;
	if (level == POOL_LOW || !s->ethdev.is_pool_told)
		without = went_without(s);
	if (without > 0 || level == POOL_AMPLE)
		return without > 0;
	waiting = rte_eth_rx_queue_count(s->ethdev.port_id, s->ethdev.queue);
	if (waiting == -ENOTSUP && s->ethdev.pool != NULL)
		return without == -ENOTSUP;
	return waiting > 0 && (s->ethdev.had_waiting || !was_low);
}
