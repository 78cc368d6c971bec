/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* rouse_igb.h: what ethdev has no word for. */

#include <errno.h>

#include "igb.h"

/* The port behind a number. 0; -ENODEV: it is another driver's, or none; -ENOTSUP: no vectors */
static int
find(uint16_t number, struct igb_port **p)
{
	if (!rte_eth_dev_is_valid_port(number) || rte_eth_devices[number].dev_ops != &igb_ops)
		return -ENODEV;
	*p = rte_eth_devices[number].data->dev_private;
	return (*p)->intr.is_on ? 0 : -ENOTSUP;
}

int
rouse_igb_vector_get(uint16_t port, uint16_t queue)
{
	struct igb_port *p;
	int ret = find(port, &p);

	if (ret != 0)
		return ret;
	return queue < p->intr.plan.nb_queues ? p->intr.plan.vector[queue] : -ERANGE;
}

int
rouse_igb_moderation_set(uint16_t port, uint16_t vector, uint32_t us)
{
	struct igb_port *p;
	int ret = find(port, &p);

	return ret != 0 ? ret : igb_vector_moderate(p, vector, us);
}

int
rouse_igb_moderation_get(uint16_t port, uint16_t vector)
{
	struct igb_port *p;
	int ret = find(port, &p);

	if (ret != 0)
		return ret;
	if (vector > p->intr.plan.nb_vectors)
		return -ERANGE;
	return (int)igb_us_of_eitr(igb_read(&p->hw, IGB_EITR(vector)));
}
