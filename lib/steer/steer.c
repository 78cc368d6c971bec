/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "rouse_steer.h"

static const char *const map_names[] = {
	[ROUSE_STEER_MAP_B] = "B",
	[ROUSE_STEER_MAP_A] = "A",
	[ROUSE_STEER_MAP_A_RING] = "A-ring",
	[ROUSE_STEER_MAP_A_VECTOR] = "A-vector",
};

_Static_assert(sizeof(map_names) / sizeof(map_names[0]) == ROUSE_NB_STEER_MAPS,
	       "every map has a name");

static uint32_t
pair(uint16_t low, uint16_t high)
{
	return (uint32_t)high << 16 | low;
}

static bool
is_count(uint16_t n)
{
	return n >= 1 && n <= ROUSE_STEER_MAX_QUEUES;
}

static void
fill_defaults(struct rouse_steer *s)
{
	for (uint16_t ring = 0; ring < s->nb_rings; ring++)
		rouse_steer_vector_set(s, ring, ring % s->nb_vectors);
	for (uint16_t queue = 0; queue < s->nb_queues; queue++) {
		rouse_steer_ring_set(s, queue, queue % s->nb_rings);
		for (unsigned int code = 0; code < ROUSE_NB_EVENT_CODES; code++) {
			uint16_t ring = (uint16_t)((queue + code * s->nb_queues) % s->nb_rings);

			rouse_steer_event_set(s, queue, (enum rouse_event_code)code, ring,
					      rouse_steer_vector(s, ring));
		}
	}
	for (uint16_t i = 0; i < s->reta_size; i++)
		rouse_steer_reta_set(s, i, i % s->nb_queues);
}

int
rouse_steer_init(struct rouse_steer *s, const struct rouse_steer_conf *conf)
{
	if (conf->reta_size == 0 || conf->reta_size > ROUSE_STEER_MAX_RETA ||
	    (conf->reta_size & (conf->reta_size - 1)) != 0)
		return -EINVAL;
	if (!is_count(conf->nb_queues) || !is_count(conf->nb_rings) || !is_count(conf->nb_vectors))
		return -EINVAL;

	memset(s, 0, sizeof(*s));
	s->reta_size = conf->reta_size;
	s->nb_queues = conf->nb_queues;
	s->nb_rings = conf->nb_rings;
	s->nb_vectors = conf->nb_vectors;
	fill_defaults(s);
	return 0;
}

const char *
rouse_steer_map_name(enum rouse_steer_map map)
{
	return (unsigned int)map < ROUSE_NB_STEER_MAPS ? map_names[map] : NULL;
}

int
rouse_steer_map_parse(const char *name, enum rouse_steer_map *map)
{
	for (unsigned int i = 0; i < ROUSE_NB_STEER_MAPS; i++) {
		if (strcmp(name, map_names[i]) != 0)
			continue;
		*map = (enum rouse_steer_map)i;
		return 0;
	}
	return -EINVAL;
}

int
rouse_steer_map_set(struct rouse_steer *s, enum rouse_steer_map map)
{
	if ((unsigned int)map >= ROUSE_NB_STEER_MAPS)
		return -EINVAL;
	s->map = map;
	return 0;
}

enum rouse_steer_map
rouse_steer_map_get(const struct rouse_steer *s)
{
	return s->map;
}

int
rouse_steer_reta_set(struct rouse_steer *s, uint16_t index, uint16_t queue)
{
	if (index >= s->reta_size || queue >= s->nb_queues)
		return -ERANGE;
	atomic_store_explicit(&s->reta[index], pair(queue, rouse_steer_ring(s, queue)),
			      memory_order_relaxed);
	return 0;
}

int
rouse_steer_reta_get(const struct rouse_steer *s, uint16_t index)
{
	if (index >= s->reta_size)
		return -ERANGE;
	return (uint16_t)atomic_load_explicit(&s->reta[index], memory_order_relaxed);
}

int
rouse_steer_ring_set(struct rouse_steer *s, uint16_t queue, uint16_t ring)
{
	if (queue >= s->nb_queues || ring >= s->nb_rings)
		return -ERANGE;
	atomic_store_explicit(&s->ring_of_queue[queue], ring, memory_order_relaxed);
	for (uint16_t i = 0; i < s->reta_size; i++)
		if (rouse_steer_reta_get(s, i) == queue)
			rouse_steer_reta_set(s, i, queue);
	return 0;
}

int
rouse_steer_vector_set(struct rouse_steer *s, uint16_t ring, uint16_t vector)
{
	if (ring >= s->nb_rings || vector >= s->nb_vectors)
		return -ERANGE;
	atomic_store_explicit(&s->vector_of_ring[ring], vector, memory_order_relaxed);
	return 0;
}

int
rouse_steer_event_set(struct rouse_steer *s, uint16_t queue, enum rouse_event_code code,
		      uint16_t ring, uint16_t vector)
{
	if (queue >= s->nb_queues || (unsigned int)code >= ROUSE_NB_EVENT_CODES ||
	    ring >= s->nb_rings || vector >= s->nb_vectors)
		return -ERANGE;
	atomic_store_explicit(&s->event_map[queue][code], pair(ring, vector), memory_order_relaxed);
	return 0;
}

int
rouse_steer_rss_default_queue_set(struct rouse_steer *s, uint16_t queue)
{
	if (queue >= s->nb_queues)
		return -ERANGE;
	atomic_store_explicit(&s->rss_default_queue, queue, memory_order_relaxed);
	return 0;
}

uint16_t
rouse_steer_rss_default_queue_get(const struct rouse_steer *s)
{
	return atomic_load_explicit(&s->rss_default_queue, memory_order_relaxed);
}

int
rouse_steer_default_processor_set(struct rouse_steer *s, uint16_t queue)
{
	if (queue >= s->nb_queues)
		return -ERANGE;
	atomic_store_explicit(&s->default_processor, queue, memory_order_relaxed);
	return 0;
}

uint16_t
rouse_steer_default_processor_get(const struct rouse_steer *s)
{
	return atomic_load_explicit(&s->default_processor, memory_order_relaxed);
}
