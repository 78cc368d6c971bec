/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#include <stdlib.h>
#include <string.h>

#include <rte_malloc.h>
#include <rte_mempool.h>

#include "no_eal.h"
#include "unit.h"

/* ---- memory ---- */

int no_eal_allocations;

void *
rte_zmalloc_socket(const char *type, size_t size, unsigned int align, int socket)
{
	size_t unit = align == 0 ? RTE_CACHE_LINE_SIZE : align;
	void *mem = aligned_alloc(unit, (size + unit - 1) / unit * unit);

	assert_non_null(mem);
	no_eal_allocations++;
	return memset(mem, 0, size);
}

void *
rte_malloc_socket(const char *type, size_t size, unsigned int align, int socket)
{
	return memset(rte_zmalloc_socket(type, size, align, socket), 0xa5, size);
}

void
rte_free(void *mem)
{
	if (mem != NULL)
		no_eal_allocations--;
	free(mem);
}

/* ---- mbufs ---- */

unsigned int no_eal_mbufs_out;

static struct {
	struct rte_mempool pool;
	struct rte_pktmbuf_pool_private priv;
} pool;
static struct rte_mbuf **mbufs;
static void *all_mbufs;
static unsigned int nb_mbufs, nb_free;

static int
alloc_pool(struct rte_mempool *mp)
{
	return 0;
}

static void
free_pool(struct rte_mempool *mp)
{
}

static int
enqueue(struct rte_mempool *mp, void *const *objs, unsigned int n)
{
	assert_true(nb_free + n <= nb_mbufs);
	memcpy(&mbufs[nb_free], objs, n * sizeof(*objs));
	nb_free += n;
	no_eal_mbufs_out -= n;
	return 0;
}

static int
dequeue(struct rte_mempool *mp, void **objs, unsigned int n)
{
	if (nb_free < n)
		return -1;
	nb_free -= n;
	memcpy(objs, &mbufs[nb_free], n * sizeof(*objs));
	no_eal_mbufs_out += n;
	return 0;
}

static unsigned int
count_pool(const struct rte_mempool *mp)
{
	return nb_free;
}

static const struct rte_mempool_ops pool_ops = {
	.name = "no_eal",
	.alloc = alloc_pool,
	.free = free_pool,
	.enqueue = enqueue,
	.dequeue = dequeue,
	.get_count = count_pool,
};

struct rte_mempool *
no_eal_pool(unsigned int nb, uint16_t room)
{
	static int ops_index = -1;
	size_t size = sizeof(struct rte_mbuf) + RTE_PKTMBUF_HEADROOM + room;
	size_t stride = RTE_ALIGN_CEIL(size, RTE_CACHE_LINE_SIZE);
	uint8_t *mem = aligned_alloc(RTE_CACHE_LINE_SIZE, stride * nb);

	mbufs = calloc(nb, sizeof(*mbufs));
	assert_non_null(mem);
	assert_non_null(mbufs);
	if (ops_index < 0)
		ops_index = rte_mempool_register_ops(&pool_ops);
	assert_true(ops_index >= 0);
	memset(&pool, 0, sizeof(pool));
	strcpy(pool.pool.name, "no_eal");
	pool.pool.ops_index = ops_index;
	pool.pool.private_data_size = sizeof(pool.priv);
	pool.priv.mbuf_data_room_size = RTE_PKTMBUF_HEADROOM + room;
	memset(mem, 0, stride * nb);
	for (unsigned int i = 0; i < nb; i++) {
		struct rte_mbuf *m = (struct rte_mbuf *)(mem + i * stride);

		m->buf_addr = m + 1;
		rte_mbuf_iova_set(m, (uintptr_t)m->buf_addr); /* a device of the test's */
		m->buf_len = RTE_PKTMBUF_HEADROOM + room;
		m->data_off = RTE_PKTMBUF_HEADROOM;
		m->pool = &pool.pool;
		m->refcnt = 1;
		m->nb_segs = 1;
		mbufs[i] = m;
	}
	all_mbufs = mem;
	nb_free = nb_mbufs = nb;
	no_eal_mbufs_out = 0;
	return &pool.pool;
}

void
no_eal_pool_free(void)
{
	assert_int_equal(no_eal_mbufs_out, 0);
	free(all_mbufs);
	free(mbufs);
	all_mbufs = NULL;
	mbufs = NULL;
}

struct rte_mbuf *
no_eal_mbuf(uint16_t len)
{
	struct rte_mbuf *mbuf;
	void *m;

	assert_int_equal(rte_mempool_get(&pool.pool, &m), 0);
	mbuf = m;
	mbuf->pkt_len = mbuf->data_len = len;
	return mbuf;
}
