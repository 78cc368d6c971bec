/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include <rte_errno.h>
#include <rte_launch.h>
#include <rte_lcore.h>

#include "station.h"

int
crew_create(struct station *st)
{
	unsigned int lcore;
	int ret = 0;

	RTE_LCORE_FOREACH_WORKER (lcore) {
		struct rouse_worker_conf conf = { .socket_id = SOCKET_ID_ANY, .mode = st->mode };
		char name[16];

		if (st->nb_workers == MAX_WORKERS)
			break;
		snprintf(name, sizeof(name), "station%u", lcore);
		conf.name = name;
		st->crew[st->nb_workers].lcore = lcore;
		st->crew[st->nb_workers].worker = rouse_worker_create(&conf);
		if (st->crew[st->nb_workers++].worker == NULL)
			return -rte_errno;
	}
	if (st->nb_workers == 0)
		return -EINVAL; /* the main lcore alone */
	for (uint16_t q = 0; q < st->nb_queues && ret == 0; q++)
		ret = crew_add_queue(st, q, q % st->nb_workers);
	return ret;
}

int
crew_add_queue(struct station *st, uint16_t queue, unsigned int worker)
{
	st->owner[queue] = worker;
	return rouse_worker_ethdev_add(st->crew[worker].worker, st->port, queue, flows_receive, st);
}

int
crew_move_queue(struct station *st, uint16_t queue, unsigned int worker)
{
	int ret = rouse_worker_ethdev_remove(st->crew[st->owner[queue]].worker, st->port, queue);

	return ret == 0 ? crew_add_queue(st, queue, worker) : ret;
}

int
crew_run(const struct station *st)
{
	int ret = 0;

	for (unsigned int i = 0; i < st->nb_workers && ret == 0; i++)
		ret = rte_eal_remote_launch(rouse_worker_run, st->crew[i].worker,
					    st->crew[i].lcore);
	return ret;
}

void
crew_print(const struct station *st)
{
	for (unsigned int i = 0; i < st->nb_workers; i++) {
		struct rouse_worker_stats s;

		rouse_worker_stats_get(st->crew[i].worker, &s);
		printf("worker %u:", st->crew[i].lcore);
#define X(member, help) printf(" " #member " %" PRIu64, s.member);
		ROUSE_WORKER_STATS(X)
#undef X
		printf(" cpu_ns %" PRIu64 "\n", s.cpu_ns);
	}
}

void
crew_end(struct station *st)
{
	for (unsigned int i = 0; i < st->nb_workers; i++)
		rouse_worker_stop(st->crew[i].worker);
	rte_eal_mp_wait_lcore();
	for (unsigned int i = 0; i < st->nb_workers; i++)
		rouse_worker_destroy(st->crew[i].worker);
}
