/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* rouse_igb.h: what ethdev has no word for. */

#include <errno.h>

#include "igb.h"

/* The port behind a number. 0; -ENODEV: it is another driver's, or none; -ENOTSUP: no vectors.
 * After one line */
static int
find(uint16_t number, struct igb_port **p)
{
	if (!rte_eth_dev_is_valid_port(number) || rte_eth_devices[number].dev_ops != &igb_ops) {
		IGB_LOG(ERR, "port %u is none of net_igb's; give one that is", number);
		return -ENODEV;
	}
	*p = rte_eth_devices[number].data->dev_private;
	if ((*p)->intr.is_on)
		return 0;
	IGB_LOG(ERR,
		"%s: its queues have no vectors; configure it with Rx interrupts "
		"(intr_conf.rxq), and start it",
		(*p)->hw.name);
	return -ENOTSUP;
}

static int
check_vector(const struct igb_port *p, uint16_t vector)
{
	if (vector <= p->intr.plan.nb_vectors)
		return 0;
	IGB_LOG(ERR, "%s: vector %u; give one from 0 to %u", p->hw.name, vector,
		p->intr.plan.nb_vectors);
	return -ERANGE;
}

int
rouse_igb_vector_get(uint16_t port, uint16_t queue)
{
	struct igb_port *p;
	int ret = find(port, &p);

	if (ret != 0)
		return ret;
	if (queue < p->intr.plan.nb_queues)
		return p->intr.plan.vector[queue];
	IGB_LOG(ERR, "%s: Rx queue %u has no vector; give one from 0 to %u", p->hw.name, queue,
		p->intr.plan.nb_queues - 1);
	return -ERANGE;
}

int
rouse_igb_moderation_set(uint16_t port, uint16_t vector, uint32_t us)
{
	struct igb_port *p;
	int ret = find(port, &p);

	if (ret == 0)
		ret = check_vector(p, vector);
	if (ret != 0)
		return ret;
	if (us > IGB_EITR_MAX_US) {
		IGB_LOG(ERR, "%s: a moderation of %u us; give 0 to %u", p->hw.name, us,
			IGB_EITR_MAX_US);
		return -ERANGE;
	}
	igb_vector_moderate(p, vector, us);
	return 0;
}

int
rouse_igb_moderation_get(uint16_t port, uint16_t vector)
{
	struct igb_port *p;
	int ret = find(port, &p);

	if (ret == 0)
		ret = check_vector(p, vector);
	if (ret != 0)
		return ret;
	return (int)igb_us_of_eitr(igb_read(&p->hw, IGB_EITR(vector)));
}
