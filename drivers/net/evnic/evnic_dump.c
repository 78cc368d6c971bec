/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* The interrupt scheme of a port, for people: rte_eth_dev_priv_dump(). */

#include <inttypes.h>

#include "evnic.h"

static const char *const code_names[ROUSE_NB_EVENT_CODES] = { "rx", "tx", "link", "error" };

static void
dump_queue(const struct evnic_port *p, uint16_t queue, FILE *file)
{
	fprintf(file, "    queue %u:", queue);
	for (unsigned int code = 0; code < ROUSE_NB_EVENT_CODES; code++) {
		struct rouse_steer_path path =
			rouse_steer_event(&p->steer, queue, (enum rouse_event_code)code);

		fprintf(file, "  %s %u/%u", code_names[code], path.ring, path.vector);
	}
	fputc('\n', file);
}

static void
dump_vector(const struct evnic_port *p, uint16_t vector, FILE *file)
{
	struct rouse_evnic_vector v;

	if (rouse_evnic_vector_get(p->data->port_id, vector, &v) != 0)
		return;
	fprintf(file, "    vector %u:  messages %" PRIu64 "  doorbells %" PRIu64, vector,
		v.messages, v.doorbells);
	if (v.interval_us != 0)
		fprintf(file, "  interval %u us", v.interval_us);
	if (v.masked)
		fputs("  masked", file);
	if (v.pending != 0)
		fprintf(file, "  holds messages of rings %#" PRIx64, v.pending);
	fputc('\n', file);
}

int
evnic_priv_dump(struct rte_eth_dev *dev, FILE *file)
{
	const struct evnic_port *p = dev->data->dev_private;
	const struct rouse_steer *s = &p->steer;

	fprintf(file, "  map %s: queues %u, event rings %u, vectors %u\n",
		rouse_steer_map_name(rouse_steer_map_get(s)), s->nb_queues, s->nb_rings,
		s->nb_vectors);
	fprintf(file, "    default processor %u, RSS default queue %u; by code, ring/vector:\n",
		rouse_steer_default_processor_get(s), rouse_steer_rss_default_queue_get(s));
	for (uint16_t i = 0; i < s->nb_queues; i++)
		dump_queue(p, i, file);
	for (uint16_t i = 0; i < s->nb_vectors; i++)
		dump_vector(p, i, file);
	return 0;
}
