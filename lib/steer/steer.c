/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#include <errno.h>
#include <string.h>

#include "rouse_steer.h"

static uint32_t
reta_entry(uint16_t queue, uint16_t ring)
{
	return (uint32_t)ring << 16 | queue;
}

int
rouse_steer_init(struct rouse_steer *s, uint16_t reta_size, uint16_t nb_queues)
{
	if (reta_size == 0 || reta_size > ROUSE_STEER_MAX_RETA ||
	    (reta_size & (reta_size - 1)) != 0)
		return -EINVAL;
	if (nb_queues == 0 || nb_queues > ROUSE_STEER_MAX_QUEUES)
		return -EINVAL;

	memset(s, 0, sizeof(*s));
	s->reta_size = reta_size;
	s->nb_queues = nb_queues;
	s->nb_vectors = nb_queues;
	for (uint16_t q = 0; q < nb_queues; q++) {
		atomic_store_explicit(&s->ring_of_queue[q], q, memory_order_relaxed);
		atomic_store_explicit(&s->vector_of_ring[q], q, memory_order_relaxed);
	}
	for (uint16_t i = 0; i < reta_size; i++)
		rouse_steer_reta_set(s, i, i % nb_queues);
	return 0;
}

int
rouse_steer_reta_set(struct rouse_steer *s, uint16_t index, uint16_t queue)
{
	if (index >= s->reta_size || queue >= s->nb_queues)
		return -ERANGE;
	atomic_store_explicit(&s->reta[index], reta_entry(queue, rouse_steer_ring(s, queue)),
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
	if (queue >= s->nb_queues || ring >= s->nb_queues)
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
	if (ring >= s->nb_queues || vector >= s->nb_vectors)
		return -ERANGE;
	atomic_store_explicit(&s->vector_of_ring[ring], vector, memory_order_relaxed);
	return 0;
}

int
rouse_steer_default_queue_set(struct rouse_steer *s, uint16_t queue)
{
	if (queue >= s->nb_queues)
		return -ERANGE;
	atomic_store_explicit(&s->default_queue, queue, memory_order_relaxed);
	return 0;
}
