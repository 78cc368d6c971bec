/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * The workers: one a worker lcore. The Rx queues of all ports are dealt out in turn, but for those
 * that --config gives to one. A queue's packets leave by the Tx queue of its own number (modulo the
 * number of Tx queues) of the port that --port-topology names.
 */

#include <errno.h>
#include <stdlib.h>

#include <rte_errno.h>
#include <rte_lcore.h>

#include <rouse_worker_signal.h>

#include "app.h"

unsigned int
crew_size(const struct options *o)
{
	unsigned int nb = rte_lcore_count() - 1;

	return o->nb_cores != 0 && o->nb_cores < nb ? o->nb_cores : nb;
}

int
crew_check(const struct options *o)
{
	unsigned int nb = crew_size(o);

	if (nb == 0) {
		COMPLAIN("a worker needs an lcore beside the main one; give two, such as -l 0-1 or "
			 "--lcores=0@0,1@0");
		return -EINVAL;
	}
	if (o->nb_cores > nb) {
		COMPLAIN(
			"--nb-cores=%u: there are %u lcores beside the main one; give EAL more (-l, "
			"--lcores)",
			o->nb_cores, nb);
		return -EINVAL;
	}
	/* a Tx queue has one writer: no two workers may come to use it */
	if (o->fwd->sends && o->nb_txq < o->nb_rxq && nb > 1) {
		COMPLAIN("--txq=%u: Tx queues would be shared by workers; give --txq=%u, as many "
			 "as Rx queues, or --nb-cores=1",
			 o->nb_txq, o->nb_rxq);
		return -EINVAL;
	}
	return 0;
}

static int
create_member(struct crew_member *m, unsigned int lcore, const struct options *o)
{
	char name[RTE_ETH_NAME_MAX_LEN];
	struct rouse_worker_conf conf = {
		.name = name,
		.socket_id = (int)rte_lcore_to_socket_id(lcore),
		.mode = o->rx_mode,
		.burst = o->burst,
		.spin = o->spin,
		.settings = o->settings,
	};

	snprintf(name, sizeof(name), "lcore%u", lcore);
	m->lcore = lcore;
	m->burst = o->burst;
	perf_init(&m->perf);
	m->streams = calloc((size_t)rte_eth_dev_count_avail() * o->nb_rxq, sizeof(*m->streams));
	m->worker = m->streams == NULL ? NULL : rouse_worker_create(&conf);
	if (m->worker == NULL)
		COMPLAIN("no worker for lcore %u: %s", lcore, rte_strerror(rte_errno));
	return m->worker == NULL ? -ENOMEM : 0;
}

/* ---- where packets go ---- */

/* The one of nb ports that packets of the i-th leave by. */
static uint32_t
peer_of(uint32_t i, uint32_t nb, enum topology topology)
{
	switch (topology) {
	case TOPOLOGY_CHAINED:
		return (i + 1) % nb;
	case TOPOLOGY_LOOP:
		return i;
	case TOPOLOGY_PAIRED:
		break;
	}
	return (i ^ 1) < nb ? i ^ 1 : i;
}

static uint16_t
tx_port_of(uint16_t rx_port, enum topology topology)
{
	uint16_t ports[RTE_MAX_ETHPORTS], port;
	uint32_t nb = 0, own = 0;

	RTE_ETH_FOREACH_DEV (port) {
		if (port == rx_port)
			own = nb;
		ports[nb++] = port;
	}
	return nb != 0 ? ports[peer_of(own, nb, topology)] : rx_port;
}

/* Of all streams, by the ports that there are now. */
void
crew_wire(struct crew *crew, const struct options *o)
{
	for (uint32_t i = 0; i < crew->nb; i++) {
		for (uint32_t k = 0; k < crew->members[i].nb_streams; k++) {
			struct fwd_stream *s = &crew->members[i].streams[k];

			s->tx_port = tx_port_of(s->rx_port, o->topology);
			s->tx_queue = s->rx_queue % o->nb_txq;
			s->has_tx_queue = s->rx_queue < o->nb_txq &&
					  rte_eth_dev_is_valid_port(s->rx_port);
			if (rte_eth_dev_is_valid_port(s->tx_port))
				rte_eth_macaddr_get(s->tx_port, &s->tx_mac);
		}
	}
}

/* ---- packets of their own ---- */

/* A message that posts itself again: so the worker looks after all else in between. */
static void
generate(struct rouse_worker *w, void *arg)
{
	struct crew_member *m = arg;

	if (!atomic_load_explicit(&m->generates, memory_order_relaxed) ||
	    m->fwd->generate == NULL) {
		atomic_store_explicit(&m->has_generator, false, memory_order_relaxed);
		return;
	}
	for (uint32_t k = 0; k < m->nb_streams; k++)
		if (m->streams[k].has_tx_queue)
			m->fwd->generate(&m->streams[k], m->burst);
	if (rouse_worker_post(w, generate, m) != 0) /* it cannot be: nobody posts as much */
		atomic_store_explicit(&m->has_generator, false, memory_order_relaxed);
}

/* No worker runs. 0, -errno after a complaint */
static int
begin_to_generate(struct crew_member *m, const struct fwd_mode *fwd)
{
	int ret = 0;

	m->fwd = fwd;
	atomic_store_explicit(&m->generates, fwd->generate != NULL, memory_order_relaxed);
	/* one that was on its way at the last stop goes on */
	if (fwd->generate != NULL &&
	    !atomic_exchange_explicit(&m->has_generator, true, memory_order_relaxed))
		ret = rouse_worker_post(m->worker, generate, m);
	if (ret != 0)
		COMPLAIN("lcore %u cannot be told to send: %s", m->lcore, rte_strerror(-ret));
	return ret;
}

/* ---- making ---- */

/* Of a worker whose thread is to be counted. */
static int
run_counted(void *member)
{
	struct crew_member *m = member;
	int ret;

	perf_open(&m->perf);
	ret = rouse_worker_run(m->worker);
	perf_stop(&m->perf);
	return ret;
}

static int
launch(struct crew_member *m, const struct options *o)
{
	if (o->perf)
		return rte_eal_remote_launch(run_counted, m, m->lcore);
	return rte_eal_remote_launch(rouse_worker_run, m->worker, m->lcore);
}

static int
deal_queues(struct crew *crew, const struct options *o)
{
	uint32_t next = 0;
	uint16_t port;
	int ret;

	RTE_ETH_FOREACH_DEV (port) {
		for (uint16_t q = 0; q < o->nb_rxq; q++) {
			const struct assigned *place = places_find(o, port, q);
			struct crew_member *m = place != NULL ? crew_member(crew, place->lcore)
							      : &crew->members[next++ % crew->nb];
			struct fwd_stream *s = &m->streams[m->nb_streams];

			s->rx_port = port;
			s->rx_queue = q;
			ret = rouse_worker_ethdev_add(m->worker, port, q, o->fwd->rx, s);
			if (ret != 0)
				return ret;
			m->nb_streams++;
		}
	}
	crew_wire(crew, o);
	return 0;
}

/* The workers and their queues; none runs. */
int
crew_create(struct crew *crew, const struct options *o)
{
	unsigned int lcore;
	int ret;

	crew->fwd = o->fwd;
	RTE_LCORE_FOREACH_WORKER (lcore) {
		if (crew->nb == crew_size(o))
			break;
		ret = create_member(&crew->members[crew->nb++], lcore, o);
		if (ret != 0)
			return ret;
	}
	return deal_queues(crew, o);
}

int
crew_launch(struct crew_member *m, const struct options *o)
{
	int ret = launch(m, o);

	if (ret != 0)
		COMPLAIN("lcore %u cannot be started: %s", m->lcore, rte_strerror(-ret));
	return ret;
}

/* Those that are online. */
int
crew_start(struct crew *crew, const struct options *o)
{
	int ret = 0;

	for (uint32_t i = 0; i < crew->nb && ret == 0; i++)
		ret = begin_to_generate(&crew->members[i], crew->fwd);
	for (uint32_t i = 0; i < crew->nb && ret == 0; i++)
		if (rouse_worker_is_online(crew->members[i].worker))
			ret = crew_launch(&crew->members[i], o);
	return ret;
}

/* They may be started again. */
void
crew_stop(struct crew *crew)
{
	for (uint32_t i = 0; i < crew->nb; i++)
		atomic_store_explicit(&crew->members[i].generates, false, memory_order_relaxed);
	for (uint32_t i = 0; i < crew->nb; i++)
		if (crew->members[i].worker != NULL &&
		    rte_eal_get_lcore_state(crew->members[i].lcore) == RUNNING)
			rouse_worker_stop(crew->members[i].worker);
	for (uint32_t i = 0; i < crew->nb; i++)
		rte_eal_wait_lcore(crew->members[i].lcore);
}

/* Who has the queue now; NULL: nobody. */
struct crew_member *
crew_owner(struct crew *crew, uint16_t port, uint16_t queue)
{
	struct rouse_worker_source_stats s;

	for (uint32_t i = 0; i < crew->nb; i++)
		for (unsigned int k = 0;
		     rouse_worker_source_stats_get(crew->members[i].worker, k, &s); k++)
			if (s.type == ROUSE_SOURCE_TYPE_RXQ && s.port == port && s.queue == queue &&
			    s.state != ROUSE_SOURCE_REMOVED)
				return &crew->members[i];
	return NULL;
}

/* The worker of an lcore; NULL: it has none. */
struct crew_member *
crew_member(struct crew *crew, unsigned int lcore)
{
	for (uint32_t i = 0; i < crew->nb; i++)
		if (crew->members[i].lcore == lcore)
			return &crew->members[i];
	return NULL;
}

/* ---- queues that have stopped for a while, or for good ---- */

/* NULL: it is nobody's. */
struct fwd_stream *
crew_stream(struct crew *crew, uint16_t port, uint16_t queue)
{
	for (uint32_t i = 0; i < crew->nb; i++) {
		struct crew_member *m = &crew->members[i];

		for (uint32_t k = 0; k < m->nb_streams; k++)
			if (m->streams[k].rx_port == port && m->streams[k].rx_queue == queue)
				return &m->streams[k];
	}
	return NULL;
}

/* 0, or -errno (logged) */
static int
give(struct crew_member *m, struct fwd_stream *s, const struct fwd_mode *fwd)
{
	int ret = rouse_worker_ethdev_add(m->worker, s->rx_port, s->rx_queue, fwd->rx, s);

	if (ret == 0 && s->is_unsignalled)
		ret = rouse_worker_ethdev_signal_set(m->worker, s->rx_port, s->rx_queue, false);
	return ret;
}

/* Who may have it: the one to whom it was dealt out, or, while that is offline, another. */
static struct crew_member *
find_adopter(struct crew *crew, struct crew_member *first)
{
	if (rouse_worker_is_online(first->worker))
		return first;
	for (uint32_t i = 0; i < crew->nb; i++)
		if (rouse_worker_is_online(crew->members[i].worker))
			return &crew->members[i];
	return first;
}

static bool
is_stopped(uint16_t port, uint16_t queue)
{
	struct rte_eth_rxq_info info;

	/* a driver that does not say has no queues that stop */
	return rte_eth_rx_queue_info_get(port, queue, &info) == 0 &&
	       info.queue_state == RTE_ETH_QUEUE_STATE_STOPPED;
}

/* Queues of the port that run, and that nobody has, are somebody's again. 0, or -errno (logged) */
int
crew_adopt(struct crew *crew, uint16_t port)
{
	int ret = 0;

	for (uint32_t i = 0; i < crew->nb && ret == 0; i++) {
		struct crew_member *m = &crew->members[i];

		for (uint32_t k = 0; k < m->nb_streams && ret == 0; k++) {
			struct fwd_stream *s = &m->streams[k];

			if (s->rx_port == port && !is_stopped(port, s->rx_queue) &&
			    crew_owner(crew, port, s->rx_queue) == NULL)
				ret = give(find_adopter(crew, m), s, crew->fwd);
		}
	}
	return ret;
}

/* Its worker has it no more. 0, or -errno (logged) */
int
crew_abandon(struct crew *crew, uint16_t port, uint16_t queue)
{
	struct crew_member *owner = crew_owner(crew, port, queue);

	return owner != NULL ? rouse_worker_ethdev_remove(owner->worker, port, queue) : 0;
}

/* What is done with packets from here on; no worker runs. 0, -errno after a complaint */
int
crew_set_fwd(struct crew *crew, const struct fwd_mode *fwd)
{
	for (uint32_t i = 0; i < crew->nb; i++) {
		struct crew_member *m = &crew->members[i];

		for (uint32_t k = 0; k < m->nb_streams; k++) {
			struct fwd_stream *s = &m->streams[k];
			struct crew_member *owner = crew_owner(crew, s->rx_port, s->rx_queue);
			int ret;

			if (owner == NULL)
				continue;
			rouse_worker_ethdev_remove(owner->worker, s->rx_port, s->rx_queue);
			ret = give(owner, s, fwd);
			if (ret != 0) {
				COMPLAIN("port %u queue %u: lost its worker: %s", s->rx_port,
					 s->rx_queue, rte_strerror(-ret));
				return ret;
			}
		}
	}
	crew->fwd = fwd;
	return 0;
}

void
crew_destroy(struct crew *crew)
{
	for (uint32_t i = 0; i < crew->nb; i++) {
		rouse_worker_destroy(crew->members[i].worker);
		perf_close(&crew->members[i].perf);
		free(crew->members[i].streams);
	}
	crew->nb = 0;
}
