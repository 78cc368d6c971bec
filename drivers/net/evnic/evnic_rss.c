/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * RSS: the Toeplitz hash (rte_thash), its key and types, and the RETA.
 *
 * The RETA is read by the wire thread entry by entry and takes effect at once: when its setter
 * returns, what was steered by an old entry is in its ring. Key and types are copied by the wire
 * thread when their version moves on; the setter waits until that was done.
 */

#include <errno.h>
#include <string.h>

#include <rte_thash.h>

#include "evnic.h"

/* The key of Microsoft's RSS verification suite. */
static const uint8_t default_key[EVNIC_KEY_SIZE] = {
	0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3,
	0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3,
	0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa,
};

void
evnic_rss_init(struct evnic_rss *rss)
{
	rss->types = 0;
	memcpy(rss->key, default_key, sizeof(rss->key));
}

bool
evnic_rss_hash(const struct evnic_rss *rss, const struct evnic_parsed *parsed, uint32_t *hash)
{
	uint32_t tuple[EVNIC_TUPLE_WORDS];
	uint32_t words = parsed->addr_words;
	uint64_t by_addresses = parsed->rss_ip;

	if (words == 0)
		return false;
	if (parsed->has_ports && (rss->types & parsed->rss_l4) != 0)
		words++;
	else if ((rss->types & by_addresses) == 0)
		return false;
	memcpy(tuple, parsed->tuple, sizeof(tuple));
	*hash = rte_softrss(tuple, words, rss->key);
	return true;
}

int
evnic_rss_check(const struct evnic_port *p, const struct rte_eth_rss_conf *conf)
{
	if ((conf->rss_hf & ~EVNIC_RSS_TYPES) != 0) {
		EVNIC_LOG(ERR, "port %u: RSS types %#" PRIx64 " are not supported, of %#" PRIx64,
			  p->data->port_id, conf->rss_hf & ~EVNIC_RSS_TYPES,
			  (uint64_t)EVNIC_RSS_TYPES);
		return -ENOTSUP;
	}
	if (conf->rss_key != NULL && conf->rss_key_len != EVNIC_KEY_SIZE) {
		EVNIC_LOG(ERR, "port %u: RSS key of %u bytes, it has %d", p->data->port_id,
			  conf->rss_key_len, EVNIC_KEY_SIZE);
		return -EINVAL;
	}
	return 0;
}

void
evnic_rss_apply(struct evnic_rss *rss, const struct rte_eth_rss_conf *conf)
{
	rss->types = conf->rss_hf;
	if (conf->rss_key != NULL)
		memcpy(rss->key, conf->rss_key, EVNIC_KEY_SIZE);
}

int
evnic_rss_hash_update(struct rte_eth_dev *dev, struct rte_eth_rss_conf *conf)
{
	struct evnic_port *p = dev->data->dev_private;
	struct evnic_rss to = p->rules.rss;
	int ret = evnic_rss_check(p, conf);

	if (ret != 0)
		return ret;
	evnic_rss_apply(&to, conf);
	evnic_rules_change(p, &to, NULL);
	return 0;
}

int
evnic_rss_hash_conf_get(struct rte_eth_dev *dev, struct rte_eth_rss_conf *conf)
{
	struct evnic_port *p = dev->data->dev_private;

	conf->rss_hf = p->rules.rss.types;
	if (conf->rss_key != NULL && conf->rss_key_len >= EVNIC_KEY_SIZE)
		memcpy(conf->rss_key, p->rules.rss.key, EVNIC_KEY_SIZE);
	conf->rss_key_len = EVNIC_KEY_SIZE;
	return 0;
}

int
evnic_reta_update(struct rte_eth_dev *dev, struct rte_eth_rss_reta_entry64 *conf, uint16_t size)
{
	struct evnic_port *p = dev->data->dev_private;

	/* ethdev has held the size and the queues against what the port reported */
	for (uint16_t i = 0; i < size; i++) {
		const struct rte_eth_rss_reta_entry64 *group = &conf[i / RTE_ETH_RETA_GROUP_SIZE];
		uint16_t shift = i % RTE_ETH_RETA_GROUP_SIZE;

		if ((group->mask >> shift & 1) == 0)
			continue;
		if (rouse_steer_reta_set(&p->steer, i, group->reta[shift]) != 0)
			return -EINVAL;
	}
	evnic_wire_sync(p);
	return 0;
}

int
evnic_reta_query(struct rte_eth_dev *dev, struct rte_eth_rss_reta_entry64 *conf, uint16_t size)
{
	struct evnic_port *p = dev->data->dev_private;

	for (uint16_t i = 0; i < size; i++) {
		struct rte_eth_rss_reta_entry64 *group = &conf[i / RTE_ETH_RETA_GROUP_SIZE];
		uint16_t shift = i % RTE_ETH_RETA_GROUP_SIZE;

		if ((group->mask >> shift & 1) != 0)
			group->reta[shift] = (uint16_t)rouse_steer_reta_get(&p->steer, i);
	}
	return 0;
}
