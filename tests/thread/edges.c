/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * What ThreadSanitizer cannot see of DPDK, which is not instrumented: where one thread hands
 * something to another by an atomic or a spinlock within DPDK's libraries. Each such place that
 * matters to our programs is told here, in DPDK's stead and no wider than it is. Linked into every
 * program of a threaded build, whose symbols come first.
 */

#include <dlfcn.h>
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

#include <rte_common.h>
#include <rte_interrupts.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_mempool.h>

#define OPS	  "rouse_edges"
#define INNER_OPS "ring_mp_mc"

void __tsan_acquire(void *at);
void __tsan_release(void *at);

/* ---- what is put into a mempool is taken out by another thread: by way of its ring ---- */

static struct rte_mempool_ops *inner;

static int
alloc(struct rte_mempool *mp)
{
	for (unsigned int i = 0; i < rte_mempool_ops_table.num_ops; i++)
		if (strcmp(rte_mempool_ops_table.ops[i].name, INNER_OPS) == 0)
			inner = &rte_mempool_ops_table.ops[i];
	return inner == NULL ? -ENOENT : inner->alloc(mp);
}

static void
release(struct rte_mempool *mp)
{
	inner->free(mp);
}

static int
enqueue(struct rte_mempool *mp, void *const *objects, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		__tsan_release(objects[i]);
	return inner->enqueue(mp, objects, n);
}

static int
dequeue(struct rte_mempool *mp, void **objects, unsigned int n)
{
	int ret = inner->dequeue(mp, objects, n);

	for (unsigned int i = 0; ret == 0 && i < n; i++)
		__tsan_acquire(objects[i]);
	return ret;
}

static unsigned int
count(const struct rte_mempool *mp)
{
	return inner->get_count(mp);
}

static const struct rte_mempool_ops ops = {
	.name = OPS,
	.alloc = alloc,
	.free = release,
	.enqueue = enqueue,
	.dequeue = dequeue,
	.get_count = count,
};

RTE_MEMPOOL_REGISTER_OPS(ops);

/* EAL's own: what --mbuf-pool-ops-name says, for every mbuf pool. */
const char *
rte_eal_mbuf_user_pool_ops(void)
{
	return OPS;
}

/* ---- EAL's interrupt thread takes a descriptor up after it was opened, and has let go of it
 * before it is closed: by a spinlock ---- */

static char register_edge, epoll_edge;

int
epoll_ctl(int epoll, int op, int fd, struct epoll_event *event)
{
	int (*next)(int, int, int, struct epoll_event *) = dlsym(RTLD_NEXT, "epoll_ctl");
	int ret;

	__tsan_acquire(&register_edge);
	ret = next(epoll, op, fd, event);
	__tsan_release(&epoll_edge);
	return ret;
}

int
rte_intr_callback_register(const struct rte_intr_handle *handle, rte_intr_callback_fn fn, void *arg)
{
	int (*next)(const struct rte_intr_handle *, rte_intr_callback_fn, void *) =
		dlsym(RTLD_NEXT, "rte_intr_callback_register");

	__tsan_release(&register_edge);
	return next(handle, fn, arg);
}

int
rte_intr_callback_unregister_sync(const struct rte_intr_handle *handle, rte_intr_callback_fn fn,
				  void *arg)
{
	int (*next)(const struct rte_intr_handle *, rte_intr_callback_fn, void *) =
		dlsym(RTLD_NEXT, "rte_intr_callback_unregister_sync");
	int ret = next(handle, fn, arg);

	__tsan_acquire(&epoll_edge);
	return ret;
}

/* ---- what an lcore did is seen by who waited for it: by the lcore's state ---- */

static struct {
	lcore_function_t *fn;
	void *arg;
	char end;
} lcores[RTE_MAX_LCORE];

static int
run_on_lcore(void *arg __rte_unused)
{
	unsigned int lcore = rte_lcore_id();
	int ret = lcores[lcore].fn(lcores[lcore].arg);

	__tsan_release(&lcores[lcore].end);
	return ret;
}

int
rte_eal_remote_launch(lcore_function_t *fn, void *arg, unsigned int lcore)
{
	int (*next)(lcore_function_t *, void *, unsigned int) =
		dlsym(RTLD_NEXT, "rte_eal_remote_launch");

	if (rte_eal_get_lcore_state(lcore) != WAIT)
		return -EBUSY;
	__tsan_acquire(&lcores[lcore].end);
	lcores[lcore].fn = fn;
	lcores[lcore].arg = arg;
	return next(run_on_lcore, NULL, lcore);
}

int
rte_eal_wait_lcore(unsigned int lcore)
{
	int (*next)(unsigned int) = dlsym(RTLD_NEXT, "rte_eal_wait_lcore");
	int ret = next(lcore);

	__tsan_acquire(&lcores[lcore].end);
	return ret;
}
