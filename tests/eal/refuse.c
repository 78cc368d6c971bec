/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * Preloaded into a program, it has a driver refuse what ROUSE_REFUSE names: for the tests that a
 * program goes on, or says what to do.
 *
 *   interrupts  to be configured with Rx interrupts, as net_virtio does without vectors
 *   start       to be started, for want of mbufs, as net_vmxnet3 does
 */

#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <rte_ethdev.h>
#include <rte_log.h>

static bool
refuses(const char *what)
{
	const char *asked = getenv("ROUSE_REFUSE");
	bool is = asked != NULL && strcmp(asked, what) == 0;

	if (is)
		rte_log(RTE_LOG_ERR, RTE_LOGTYPE_PMD, "the driver refuses: %s\n", what);
	return is;
}

int
rte_eth_dev_configure(uint16_t port, uint16_t nb_rxq, uint16_t nb_txq,
		      const struct rte_eth_conf *conf)
{
	void *at = dlsym(RTLD_NEXT, "rte_eth_dev_configure");
	int (*next)(uint16_t, uint16_t, uint16_t, const struct rte_eth_conf *);

	if (conf->intr_conf.rxq != 0 && refuses("interrupts"))
		return -EINVAL;
	*(void **)&next = at;
	return next(port, nb_rxq, nb_txq, conf);
}

int
rte_eth_dev_start(uint16_t port)
{
	void *at = dlsym(RTLD_NEXT, "rte_eth_dev_start");
	int (*next)(uint16_t);

	if (refuses("start"))
		return -ENOMEM;
	*(void **)&next = at;
	return next(port);
}
