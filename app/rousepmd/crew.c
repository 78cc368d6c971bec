/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * The workers: one a worker lcore. The Rx queues of all ports are dealt out in turn. A queue's
 * packets leave by the Tx queue of its own number (modulo the number of Tx queues) of the paired
 * port: 0 with 1, 2 with 3, the last of an odd number with itself.
 */

#include <errno.h>
#include <stdlib.h>

#include <rte_errno.h>
#include <rte_lcore.h>

#include "app.h"

unsigned int
crew_size(const struct options *o)
{
	unsigned int nb = rte_lcore_count() - 1;

	return o->nb_cores != 0 && o->nb_cores < nb ? o->nb_cores : nb;
}

static uint16_t
paired_port(uint16_t port)
{
	uint16_t peer = port ^ 1;

	return rte_eth_dev_is_valid_port(peer) ? peer : port;
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
			struct crew_member *m = &crew->members[next++ % crew->nb];
			struct fwd_stream *s = &m->streams[m->nb_streams];

			s->rx_port = port;
			s->rx_queue = q;
			s->tx_port = paired_port(port);
			s->tx_queue = q % o->nb_txq;
			rte_eth_macaddr_get(s->tx_port, &s->tx_mac);
			ret = rouse_worker_ethdev_add(m->worker, port, q, o->fwd->rx, s);
			if (ret != 0)
				return ret;
			m->nb_streams++;
		}
	}
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
		if (rouse_worker_is_online(crew->members[i].worker))
			ret = crew_launch(&crew->members[i], o);
	return ret;
}

/* They may be started again. */
void
crew_stop(struct crew *crew)
{
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
			ret = rouse_worker_ethdev_add(owner->worker, s->rx_port, s->rx_queue,
						      fwd->rx, s);
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
