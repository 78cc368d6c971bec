/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * From a vector to the worker that it wakes, as it stands. What workers know is asked of them;
 * which vector a queue has is the driver's to say, and only net_evnic's tables can be read by
 * others.
 */

#include "app.h"

#ifdef HAS_EVNIC
#include <rouse_evnic.h>

static void
ask_driver(uint16_t port, struct vector_row *row)
{
	const struct rouse_steer *steer = rouse_evnic_steer(port);
	struct rouse_evnic_vector v;

	if (steer == NULL)
		return;
	row->vector = rouse_steer_event(steer, row->queue, ROUSE_EVENT_RX).vector;
	if (rouse_evnic_vector_get(port, (uint16_t)row->vector, &v) == 0) {
		row->messages = v.messages;
		row->doorbells = v.doorbells;
	}
}
#else
static void
ask_driver(uint16_t port __rte_unused, struct vector_row *row __rte_unused)
{
}
#endif

/* What the worker waits for. */
static int
fd_of(const struct crew_member *m, uint16_t port, const struct rouse_worker_source_stats *s)
{
	struct rouse_worker_attention_state attention;

	switch (s->kind) {
	case ROUSE_SOURCE_HANDSHAKE:
		rouse_worker_attention_get(m->worker, &attention);
		return attention.doorbell;
	case ROUSE_SOURCE_INTERRUPT:
	case ROUSE_SOURCE_FD:
		return rte_eth_dev_rx_intr_ctl_q_get_fd(port, s->queue);
	case ROUSE_SOURCE_TIMED:
		break;
	}
	return -1;
}

uint32_t
vectors_collect(const struct crew *crew, uint16_t port, struct vector_row rows[APP_MAX_QUEUES])
{
	struct rouse_worker_source_stats s;
	uint32_t nb = 0;

	for (uint32_t i = 0; i < crew->nb; i++) {
		const struct crew_member *m = &crew->members[i];

		for (unsigned int k = 0; rouse_worker_source_stats_get(m->worker, k, &s); k++) {
			if (s.type != ROUSE_SOURCE_TYPE_RXQ || s.port != port ||
			    s.state == ROUSE_SOURCE_REMOVED || nb == APP_MAX_QUEUES)
				continue;
			rows[nb] = (struct vector_row){
				.queue = s.queue,
				.lcore = m->lcore,
				.kind = s.kind,
				.vector = -1,
				.fd = fd_of(m, port, &s),
				.arms = s.arms,
				.wakes = s.wakes,
			};
			ask_driver(port, &rows[nb++]);
		}
	}
	return nb;
}
