/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * Receive-side scaling, 7.1.1.7: a Toeplitz hash over addresses and ports, whose low seven bits
 * index a table of queues. Key, types and table are the port's, and written to the device when it
 * starts and whenever they change; what is hashed while they change may go to the queue that was or
 * to the one that will be. Frames that have no hash go to queue 0.
 */

#include <errno.h>
#include <string.h>

#include "igb.h"

/* 7.1.1.7.3: the key of Microsoft's verification suite. */
static const uint8_t default_key[IGB_KEY_SIZE] = {
	0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3,
	0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3,
	0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa,
};

static const struct {
	uint64_t type;
	uint32_t bit;
} types[] = {
	{ RTE_ETH_RSS_IPV4, IGB_MRQC_IP4 },
	{ RTE_ETH_RSS_NONFRAG_IPV4_TCP, IGB_MRQC_TCP4 },
	{ RTE_ETH_RSS_NONFRAG_IPV4_UDP, IGB_MRQC_UDP4 },
	{ RTE_ETH_RSS_IPV6, IGB_MRQC_IP6 },
	{ RTE_ETH_RSS_IPV6_EX, IGB_MRQC_IP6_EX },
	{ RTE_ETH_RSS_NONFRAG_IPV6_TCP, IGB_MRQC_TCP6 },
	{ RTE_ETH_RSS_IPV6_TCP_EX, IGB_MRQC_TCP6_EX },
	{ RTE_ETH_RSS_NONFRAG_IPV6_UDP, IGB_MRQC_UDP6 },
	{ RTE_ETH_RSS_IPV6_UDP_EX, IGB_MRQC_UDP6_EX },
};

/* ---- pure: how the device has it ---- */

/* MRQC, 8.10.19. */
uint32_t
igb_rss_mrqc(uint64_t wanted)
{
	uint32_t mrqc = 0;

	for (size_t i = 0; i < RTE_DIM(types); i++)
		if ((wanted & types[i].type) != 0)
			mrqc |= types[i].bit;
	return mrqc != 0 ? mrqc | IGB_MRQC_RSS : 0;
}

/* RSSRK, 8.10.20: the first byte of the key is the lowest of the first register. */
uint32_t
igb_rss_key_word(const uint8_t key[IGB_KEY_SIZE], uint32_t index)
{
	const uint8_t *b = &key[4 * index];

	return b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

/* RETA, 8.10.21: four entries a register, the first is the lowest byte. */
uint32_t
igb_rss_reta_word(const uint8_t reta[IGB_RETA_SIZE], uint32_t index)
{
	const uint8_t *e = &reta[4 * index];

	return e[0] | (uint32_t)e[1] << 8 | (uint32_t)e[2] << 16 | (uint32_t)e[3] << 24;
}

/* ---- to the device ---- */

/* 7.1.1.7: the key, and by MRQC which frames are hashed. */
static void
write_hash(struct igb_port *p)
{
	for (uint32_t i = 0; i < IGB_KEY_SIZE / 4; i++)
		igb_write(&p->hw, IGB_RSSRK(i), igb_rss_key_word(p->rss.key, i));
	igb_write(&p->hw, IGB_MRQC, igb_rss_mrqc(p->rss.types));
}

/* 7.1.1.7: the table. */
static void
write_reta(struct igb_port *p)
{
	for (uint32_t i = 0; i < IGB_RETA_SIZE / 4; i++)
		igb_write(&p->hw, IGB_RETA(i), igb_rss_reta_word(p->rss.reta, i));
}

/* Part of 4.5.9. */
void
igb_rss_start(struct igb_port *p)
{
	write_reta(p);
	write_hash(p);
}

void
igb_rss_init(struct igb_rss *rss)
{
	memset(rss, 0, sizeof(*rss));
	memcpy(rss->key, default_key, sizeof(rss->key));
}

/* ---- what users ask for ---- */

/* A key of length 0 is one of the device's length: programs that are older than the length leave it
 * out, and rte_ethdev.h has drivers read 40 bytes then, "as before". */
static int
check_conf(const struct rte_eth_dev *dev, const struct rte_eth_rss_conf *conf)
{
	if (conf->rss_key != NULL && conf->rss_key_len != 0 && conf->rss_key_len != IGB_KEY_SIZE) {
		IGB_LOG(ERR, "%s: an RSS key of %u bytes; give %u", dev->data->name,
			conf->rss_key_len, IGB_KEY_SIZE);
		return -EINVAL;
	}
	if ((conf->rss_hf & ~IGB_RSS_TYPES) != 0) {
		IGB_LOG(ERR,
			"%s: RSS types 0x%" PRIx64 " cannot be hashed; give some of 0x%" PRIx64,
			dev->data->name, conf->rss_hf & ~IGB_RSS_TYPES, (uint64_t)IGB_RSS_TYPES);
		return -ENOTSUP;
	}
	return 0;
}

static void
take_key(struct igb_rss *rss, const struct rte_eth_rss_conf *conf)
{
	if (conf->rss_key != NULL)
		memcpy(rss->key, conf->rss_key, sizeof(rss->key));
}

/* As the port is configured: queues in turn. */
int
igb_rss_configure(struct rte_eth_dev *dev)
{
	const struct rte_eth_conf *conf = &dev->data->dev_conf;
	struct igb_port *p = dev->data->dev_private;
	bool is_rss = (conf->rxmode.mq_mode & RTE_ETH_MQ_RX_RSS_FLAG) != 0;
	int ret;

	if ((conf->rxmode.mq_mode & ~RTE_ETH_MQ_RX_RSS_FLAG) != 0) {
		IGB_LOG(ERR, "%s: receive mode 0x%x; give none, or RSS", dev->data->name,
			conf->rxmode.mq_mode);
		return -ENOTSUP;
	}
	ret = is_rss ? check_conf(dev, &conf->rx_adv_conf.rss_conf) : 0;
	if (ret != 0)
		return ret;
	p->rss.types = 0;
	if (is_rss) {
		take_key(&p->rss, &conf->rx_adv_conf.rss_conf);
		p->rss.types = conf->rx_adv_conf.rss_conf.rss_hf;
	}
	for (uint16_t i = 0; i < IGB_RETA_SIZE; i++)
		p->rss.reta[i] = (uint8_t)(i % RTE_MAX(dev->data->nb_rx_queues, 1));
	return 0;
}

int
igb_rss_hash_update(struct rte_eth_dev *dev, struct rte_eth_rss_conf *conf)
{
	struct igb_port *p = dev->data->dev_private;
	int ret = check_conf(dev, conf);

	if (ret != 0)
		return ret;
	take_key(&p->rss, conf);
	p->rss.types = conf->rss_hf;
	if (dev->data->dev_started)
		write_hash(p);
	return 0;
}

int
igb_rss_hash_conf_get(struct rte_eth_dev *dev, struct rte_eth_rss_conf *conf)
{
	const struct igb_port *p = dev->data->dev_private;

	if (conf->rss_key != NULL && conf->rss_key_len >= IGB_KEY_SIZE)
		memcpy(conf->rss_key, p->rss.key, IGB_KEY_SIZE);
	conf->rss_key_len = IGB_KEY_SIZE;
	conf->rss_hf = p->rss.types;
	return 0;
}

static int
check_reta_size(const struct rte_eth_dev *dev, uint16_t size)
{
	if (size == IGB_RETA_SIZE)
		return 0;
	IGB_LOG(ERR, "%s: a redirection table of %u entries; give %u", dev->data->name, size,
		IGB_RETA_SIZE);
	return -EINVAL;
}

static bool
is_meant(const struct rte_eth_rss_reta_entry64 *conf, uint16_t i)
{
	return (conf[i / RTE_ETH_RETA_GROUP_SIZE].mask >> i % RTE_ETH_RETA_GROUP_SIZE & 1) != 0;
}

int
igb_reta_update(struct rte_eth_dev *dev, struct rte_eth_rss_reta_entry64 *conf, uint16_t size)
{
	struct igb_port *p = dev->data->dev_private;
	int ret = check_reta_size(dev, size);

	if (ret != 0)
		return ret;
	for (uint16_t i = 0; i < size; i++) {
		uint16_t queue =
			conf[i / RTE_ETH_RETA_GROUP_SIZE].reta[i % RTE_ETH_RETA_GROUP_SIZE];

		if (!is_meant(conf, i) || queue < dev->data->nb_rx_queues)
			continue;
		IGB_LOG(ERR, "%s: entry %u of the redirection table names queue %u; there are %u",
			dev->data->name, i, queue, dev->data->nb_rx_queues);
		return -EINVAL;
	}
	for (uint16_t i = 0; i < size; i++)
		if (is_meant(conf, i))
			p->rss.reta[i] = (uint8_t)conf[i / RTE_ETH_RETA_GROUP_SIZE]
						 .reta[i % RTE_ETH_RETA_GROUP_SIZE];
	if (dev->data->dev_started)
		write_reta(p);
	return 0;
}

int
igb_reta_query(struct rte_eth_dev *dev, struct rte_eth_rss_reta_entry64 *conf, uint16_t size)
{
	const struct igb_port *p = dev->data->dev_private;
	int ret = check_reta_size(dev, size);

	if (ret != 0)
		return ret;
	for (uint16_t i = 0; i < size; i++)
		if (is_meant(conf, i))
			conf[i / RTE_ETH_RETA_GROUP_SIZE].reta[i % RTE_ETH_RETA_GROUP_SIZE] =
				p->rss.reta[i];
	return 0;
}
