/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <rte_ether.h>

#include "pmd_rig.h"

#define FRAME_LEN 60
#define ETHERTYPE 0x88b5 /* local, experimental */
#define NUMBER_AT RTE_ETHER_HDR_LEN
#define BURST	  32
#define MAX_AHEAD 512

struct pmd_seen pmd_seen;

/* ---- the worker ---- */

static struct rte_mbuf *kept[PMD_MBUFS]; /* the worker's, while it keeps; then the test's */
static atomic_uint nb_kept;
static atomic_bool keeps;

void
pmd_keep(bool keep)
{
	atomic_store(&keeps, keep);
}

unsigned int
pmd_nb_kept(void)
{
	return atomic_load(&nb_kept);
}

void
pmd_return(unsigned int nb)
{
	while (nb-- > 0)
		rte_pktmbuf_free(kept[atomic_fetch_sub(&nb_kept, 1) - 1]);
}

static void
keep_or_free(struct rte_mbuf **pkts, uint16_t nb_pkts)
{
	if (!atomic_load(&keeps)) {
		rte_pktmbuf_free_bulk(pkts, nb_pkts);
		return;
	}
	memcpy(&kept[atomic_load(&nb_kept)], pkts, nb_pkts * sizeof(*pkts));
	atomic_fetch_add(&nb_kept, nb_pkts);
}

void
pmd_receive(void *arg, uint16_t port, uint16_t queue, struct rte_mbuf **pkts, uint16_t nb_pkts)
{
	unsigned int next = atomic_load(&pmd_seen.nb);

	for (uint16_t i = 0; i < nb_pkts; i++) {
		const uint8_t *at = rte_pktmbuf_mtod(pkts[i], const uint8_t *);
		uint32_t number;

		if (at[12] != ETHERTYPE >> 8 || at[13] != (ETHERTYPE & 0xff))
			continue;
		memcpy(&number, at + NUMBER_AT, sizeof(number));
		/* a port without buffers loses frames, and no others */
		if (atomic_load(&pmd_seen.may_lose) && number > next)
			next = number;
		if (number != next++)
			atomic_fetch_add(&pmd_seen.nb_wrong, 1);
	}
	keep_or_free(pkts, nb_pkts);
	atomic_fetch_add(&pmd_seen.nb_any, nb_pkts);
	atomic_store(&pmd_seen.nb, next);
}

static void *
run_worker(void *arg)
{
	rte_thread_register();
	rouse_worker_run(arg);
	rte_thread_unregister();
	return NULL;
}

void
pmd_run_worker(struct pmd_rig *r)
{
	assert_int_equal(pthread_create(&r->thread, NULL, run_worker, r->worker), 0);
}

static void *
run_application(void *arg)
{
	struct rte_mbuf *pkts[BURST];
	struct pmd_rig *r = arg;
	uint16_t n;

	rte_thread_register();
	do {
		n = rte_eth_rx_burst(r->rx, 0, pkts, BURST);
		if (n != 0)
			pmd_receive(NULL, r->rx, 0, pkts, n);
	} while (rouse_worker_idle(r->worker, n));
	rouse_worker_leave(r->worker);
	rte_thread_unregister();
	return NULL;
}

void
pmd_run_application(struct pmd_rig *r)
{
	assert_int_equal(pthread_create(&r->thread, NULL, run_application, r), 0);
}

void
pmd_end_worker(struct pmd_rig *r)
{
	rouse_worker_stop(r->worker);
	pthread_join(r->thread, NULL);
}

struct rouse_worker_stats
pmd_stats(const struct pmd_rig *r)
{
	struct rouse_worker_stats stats;

	rouse_worker_stats_get(r->worker, &stats);
	return stats;
}

void
pmd_wait_asleep(const struct pmd_rig *r)
{
	struct rouse_worker_stats s;

	do {
		pmd_yield(r);
		s = pmd_stats(r);
	} while (s.parks != s.wakes + s.recheck_hits + 1);
}

static void
count_message(struct rouse_worker *w, void *arg)
{
	atomic_store((atomic_bool *)arg, true);
}

/* An interrupt for what was polled already ends one more sleep. Two wakes by a message take it
 * along: the first may have been under way before it, and a message that the second look finds
 * wakes nobody. */
void
pmd_wait_settled(const struct pmd_rig *r)
{
	uint64_t nb_wakes;

	pmd_wait_asleep(r);
	nb_wakes = pmd_stats(r).wakes;
	while (pmd_stats(r).wakes < nb_wakes + 2) {
		atomic_bool is_done = false;

		assert_int_equal(rouse_worker_post(r->worker, count_message, &is_done), 0);
		while (!atomic_load(&is_done))
			pmd_yield(r);
		pmd_wait_asleep(r);
	}
}

void
pmd_pass_ms(unsigned int ms)
{
	struct timespec left = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };

	while (nanosleep(&left, &left) != 0) /* net_tap has signals */
		;
}

double
pmd_now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* ---- sending ---- */

static void
fill(uint8_t *frame, uint32_t number)
{
	memset(frame, 0, FRAME_LEN);
	memset(frame, 0xff, RTE_ETHER_ADDR_LEN);
	frame[6] = 2; /* a local address */
	frame[12] = ETHERTYPE >> 8;
	frame[13] = ETHERTYPE & 0xff;
	memcpy(frame + NUMBER_AT, &number, sizeof(number));
}

bool
pmd_try_send(struct pmd_rig *r)
{
	uint8_t frame[FRAME_LEN];
	struct rte_mbuf *m;

	fill(frame, r->nb_sent);
	if (r->sock >= 0) {
		/* an interface that is down takes none */
		if (send(r->sock, frame, sizeof(frame), 0) != sizeof(frame))
			return false;
		r->nb_sent++;
		return true;
	}
	m = rte_pktmbuf_alloc(r->tx_pool);
	if (m == NULL)
		return false;
	memcpy(rte_pktmbuf_append(m, FRAME_LEN), frame, FRAME_LEN);
	if (rte_eth_tx_burst(r->tx, 0, &m, 1) == 0) {
		rte_pktmbuf_free(m);
		return false;
	}
	r->nb_sent++;
	return true;
}

static void
send_one(struct pmd_rig *r)
{
	while (!pmd_try_send(r))
		pmd_yield(r);
}

static pthread_t sender;
static atomic_bool is_sending;
static atomic_uint nb_awaited; /* how often somebody waited for frames */

/* A guest's wire keeps what another would lose, and so is given no more than it carries meanwhile.
 */
static void *
send_on(void *arg)
{
	const struct pmd_rig *r = arg;
	unsigned int nb_told = 0, nb = 0;

	while (atomic_load(&is_sending)) {
		if (atomic_load(&nb_awaited) != nb_told) {
			nb_told = atomic_load(&nb_awaited);
			nb = 0;
		}
		if (!r->kind->is_nic || nb < MAX_AHEAD)
			nb += pmd_try_send(arg);
		pmd_yield(r);
	}
	return NULL;
}

void
pmd_begin_sending(struct pmd_rig *r)
{
	atomic_store(&pmd_seen.may_lose, true);
	atomic_store(&is_sending, true);
	assert_int_equal(pthread_create(&sender, NULL, send_on, r), 0);
}

void
pmd_end_sending(struct pmd_rig *r)
{
	atomic_store(&is_sending, false);
	pthread_join(sender, NULL);
	/* whatever else is to come has come, and so has this one */
	pmd_wait_asleep(r);
	pmd_exchange(r, 1);
	atomic_store(&pmd_seen.may_lose, false);
}

void
pmd_await_frames(const struct pmd_rig *r, uint32_t nb)
{
	uint32_t before = atomic_load(&pmd_seen.nb_any);

	atomic_fetch_add(&nb_awaited, 1);
	unit_deadline();
	while (atomic_load(&pmd_seen.nb_any) - before < nb)
		pmd_yield(r);
}

/* Let others run; another window of frames that came is a sign of life. */
static void
await_more(const struct pmd_rig *r, uint32_t *told)
{
	uint32_t nb = atomic_load(&pmd_seen.nb);

	if (nb - *told >= PMD_WINDOW) {
		unit_deadline();
		*told = nb;
	}
	pmd_yield(r);
}

void
pmd_exchange(struct pmd_rig *r, uint32_t nb)
{
	uint32_t told = atomic_load(&pmd_seen.nb);

	while (nb-- > 0) {
		while (r->nb_sent - atomic_load(&pmd_seen.nb) >= PMD_WINDOW)
			await_more(r, &told);
		send_one(r);
	}
	while (atomic_load(&pmd_seen.nb) != r->nb_sent)
		await_more(r, &told);
}
