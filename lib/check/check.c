/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* One port, or one device: what is asked of whom. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_string_fns.h>

#include "check.h"

static void
drop(void *arg __rte_unused, uint16_t port __rte_unused, uint16_t queue __rte_unused,
     struct rte_mbuf **pkts, uint16_t nb_pkts)
{
	rte_pktmbuf_free_bulk(pkts, nb_pkts);
}

static bool
find_kind(const struct rouse_worker *w, enum rouse_source_kind *kind)
{
	struct rouse_worker_source_stats s;

	for (unsigned int i = 0; rouse_worker_source_stats_get(w, i, &s); i++) {
		if (s.type != ROUSE_SOURCE_TYPE_RXQ)
			continue;
		*kind = s.kind;
		return true;
	}
	return false;
}

/* How a worker learns of its packets: one is asked. */
static int
ask_worker(uint16_t port, struct rouse_check *c)
{
	const struct rouse_worker_conf conf = { .name = "check", .socket_id = SOCKET_ID_ANY };
	struct rouse_worker *w = rouse_worker_create(&conf);
	int ret = w == NULL ? -rte_errno : rouse_worker_ethdev_add(w, port, 0, drop, NULL);

	if (ret == 0)
		c->has_kind = find_kind(w, &c->kind);
	rouse_worker_destroy(w);
	return ret;
}

/* Who it is. 0; -ENODEV */
static int
ask_port(uint16_t port, struct rouse_check *check)
{
	struct rte_eth_dev_info info;

	memset(check, 0, sizeof(*check));
	if (!rte_eth_dev_is_valid_port(port) || rte_eth_dev_info_get(port, &info) != 0)
		return -ENODEV;
	if (info.driver_name != NULL)
		strlcpy(check->driver, info.driver_name, sizeof(check->driver));
	if (info.device != NULL)
		strlcpy(check->device, rte_dev_name(info.device), sizeof(check->device));
	check->nb_queues = info.nb_rx_queues;
	return 0;
}

static void
judge_port(struct rouse_check *check)
{
	struct check_machine machine;
	struct check_device device;
	char address[ROUSE_CHECK_ADDRESS_LEN];

	check_machine("", &machine);
	if (check_parse_address(check->device, address, sizeof(address)) != 0) {
		check_judge_software(&machine, check);
		return;
	}
	check_device("", address, &device);
	check_judge(&machine, &device, check);
}

int
rouse_check_port(uint16_t port, struct rouse_check *check)
{
	int ret = ask_port(port, check);

	if (ret != 0)
		return ret;
	ret = ask_worker(port, check);
	check->is_usable = ret == 0;
	judge_port(check);
	return ret;
}

int
rouse_check_stopped_port(uint16_t port, struct rouse_check *check)
{
	int ret = ask_port(port, check);

	if (ret == 0)
		judge_port(check);
	return ret;
}

int
rouse_check_device(const char *pci, struct rouse_check *check)
{
	struct check_machine machine;
	struct check_device device;
	char address[ROUSE_CHECK_ADDRESS_LEN];

	memset(check, 0, sizeof(*check));
	if (check_parse_address(pci, address, sizeof(address)) != 0)
		return -EINVAL;
	check_machine("", &machine);
	check_device("", address, &device);
	check_judge(&machine, &device, check);
	return 0;
}

unsigned int
rouse_check_nics(char addresses[][ROUSE_CHECK_ADDRESS_LEN], unsigned int max)
{
	return check_nics("", addresses, max);
}
