/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * first_packet EAL-ARGUMENTS -- NB-SAMPLES GAP-MS: how long the first event after an idle time
 * takes to whom it is for, through the worker and through the least that the machine can do, in
 * turn:
 *
 *   worker  an entry in an event ring, rouse_attn_signal() -> the worker's handler
 *   floor   write() of an eventfd -> the return of epoll_wait()
 *
 * The producer is the main lcore in both, who waits on the other lcore in both, and the idle time
 * begins when that one is about to block. A line a sample: "worker NS" or "floor NS". Before the
 * first ones come two that do not count.
 */

#include <inttypes.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_launch.h>
#include <rte_lcore.h>

#include <rouse_worker.h>

#define CAPACITY   64
#define NB_WARM_UP 2

static struct rouse_worker *worker;
static struct rouse_evring *ring;
static struct rouse_attn_target target;
static int doorbell, epoll; /* the floor's */

static _Atomic bool is_blocking;     /* lcore -> main: the floor is about to block */
static _Atomic uint64_t arrived_tsc; /* lcore -> main, read when the lcore is done */

/* ---- the lcore: one sample each ---- */

static void
handle(void *arg __rte_unused, const struct rouse_event *event __rte_unused)
{
	atomic_store(&arrived_tsc, rte_rdtsc());
	rouse_worker_stop(worker);
}

static int
wait_floor(void *arg __rte_unused)
{
	struct epoll_event event;

	atomic_store(&is_blocking, true);
	epoll_wait(epoll, &event, 1, -1);
	atomic_store(&arrived_tsc, rte_rdtsc());
	return 0;
}

/* ---- main: the producer ---- */

static void
idle(unsigned int ms)
{
	const struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 };

	clock_nanosleep(CLOCK_MONOTONIC, 0, &t, NULL);
}

static uint64_t
sample_worker(unsigned int lcore, unsigned int ms)
{
	const struct rouse_event event = { .code = ROUSE_EVENT_RX };
	uint64_t start;

	rte_eal_remote_launch(rouse_worker_run, worker, lcore);
	while (atomic_load(&target.attn->state) != ROUSE_ATTN_PARK)
		sched_yield();
	idle(ms);
	start = rte_rdtsc();
	rouse_evring_post(ring, &event);
	rouse_attn_signal(&target, start);
	rouse_evring_settle(ring);
	rte_eal_wait_lcore(lcore);
	return atomic_load(&arrived_tsc) - start;
}

static uint64_t
sample_floor(unsigned int lcore, unsigned int ms)
{
	uint64_t start;

	atomic_store(&is_blocking, false);
	rte_eal_remote_launch(wait_floor, NULL, lcore);
	while (!atomic_load(&is_blocking))
		sched_yield();
	idle(ms);
	start = rte_rdtsc();
	eventfd_write(doorbell, 1);
	rte_eal_wait_lcore(lcore);
	return atomic_load(&arrived_tsc) - start;
}

static void
tell(const char *what, uint64_t tsc)
{
	printf("%s %.0f\n", what, (double)tsc * 1e9 / (double)rte_get_tsc_hz());
	fflush(stdout);
}

static void
measure(unsigned int nb, unsigned int ms)
{
	unsigned int lcore = rte_get_next_lcore(-1, 1, 0);

	for (unsigned int i = 0; i < nb + NB_WARM_UP; i++) {
		/* now the one first, now the other */
		uint64_t first = i % 2 == 0 ? sample_worker(lcore, ms) : sample_floor(lcore, ms);
		uint64_t second = i % 2 == 0 ? sample_floor(lcore, ms) : sample_worker(lcore, ms);

		if (i < NB_WARM_UP)
			continue;
		tell("worker", i % 2 == 0 ? first : second);
		tell("floor", i % 2 == 0 ? second : first);
	}
}

/* ---- before and after ---- */

static int
make_floor(void)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };

	doorbell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	epoll = epoll_create1(EPOLL_CLOEXEC);
	return doorbell < 0 || epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, doorbell, &event) < 0
		       ? -1
		       : 0;
}

static int
make_worker(void)
{
	const struct rouse_worker_conf conf = {
		.name = "first_packet",
		.socket_id = SOCKET_ID_ANY,
		.spin = ROUSE_WORKER_SPIN_MEASURED,
	};

	ring = rouse_evring_init(aligned_alloc(ROUSE_CACHE_LINE, rouse_evring_memsize(CAPACITY)),
				 CAPACITY);
	worker = rouse_worker_create(&conf);
	if (ring == NULL || worker == NULL)
		return -1;
	return rouse_worker_evring_add(worker, ring, handle, NULL, &target);
}

static int
fail(const char *why)
{
	printf("first_packet: %s\n", why);
	return EXIT_FAILURE;
}

int
main(int argc, char **argv)
{
	int used = rte_eal_init(argc, argv);
	struct rouse_worker_stats stats;
	unsigned int nb, ms;

	if (used < 0 || argc != used + 3 || rte_lcore_count() != 2)
		return fail("give EAL arguments with two lcores, --, samples, and milliseconds");
	nb = (unsigned int)strtoul(argv[used + 1], NULL, 10);
	ms = (unsigned int)strtoul(argv[used + 2], NULL, 10);
	if (make_floor() != 0 || make_worker() != 0)
		return fail("no file descriptors or no memory");
	measure(nb, ms);
	rouse_worker_stats_get(worker, &stats);
	if (stats.rescues != 0)
		return fail("lost wake-ups");
	rouse_worker_destroy(worker);
	free(ring);
	close(epoll);
	close(doorbell);
	rte_eal_cleanup();
	return EXIT_SUCCESS;
}
