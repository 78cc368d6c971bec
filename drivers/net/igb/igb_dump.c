/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * What can be seen of a port: its registers, the version of its NVM, and for people the plan of
 * vectors.
 *
 * The registers dump is 32-bit words in the order of `general`, then those of `rx_regs` for each
 * receive queue, those of `tx_regs` for each transmit queue, EITR of vector 0 and of each queue
 * vector, IVAR. Registers that reading would clear (ICR, EICR, statistics) are not in it.
 */

#include <errno.h>

#include <rte_dev_info.h>

#include "igb.h"

static const uint32_t general[] = {
	IGB_CTRL,  IGB_STATUS, IGB_CTRL_EXT, IGB_VET,	IGB_EECD, IGB_FCTTV, IGB_FCRTL,
	IGB_FCRTH, IGB_GPIE,   IGB_EIMS,     IGB_EIAC,	IGB_EIAM, IGB_IMS,   IGB_IVAR_MISC,
	IGB_RCTL,  IGB_RXCSUM, IGB_RLPML,    IGB_RFCTL, IGB_MRQC, IGB_TCTL,
};
static const enum igb_rx_reg rx_regs[] = { IGB_RDBAL, IGB_RDBAH, IGB_RDLEN, IGB_SRRCTL,
					   IGB_RDH,   IGB_RDT,	 IGB_RXDCTL };
static const enum igb_tx_reg tx_regs[] = { IGB_TDBAL, IGB_TDBAH, IGB_TDLEN,
					   IGB_TDH,   IGB_TDT,	 IGB_TXDCTL };

static uint32_t
length_of(const struct igb_port *p)
{
	return (uint32_t)(RTE_DIM(general) + p->data->nb_rx_queues * RTE_DIM(rx_regs) +
			  p->data->nb_tx_queues * RTE_DIM(tx_regs) + 1 + p->intr.plan.nb_vectors +
			  RTE_DIM(p->intr.ivar));
}

/* Without data: how much there is. In part it is not to be had. */
int
igb_get_reg(struct rte_eth_dev *dev, struct rte_dev_reg_info *info)
{
	const struct igb_port *p = dev->data->dev_private;
	uint32_t length = length_of(p), *at = info->data;

	info->width = sizeof(uint32_t);
	if (at == NULL) {
		info->length = length;
		return 0;
	}
	if (info->length != 0 && info->length != length) {
		IGB_LOG(ERR, "%s: a dump of %u registers; give room for %u, or 0 for all",
			p->hw.name, info->length, length);
		return -ENOTSUP;
	}
	info->length = length;
	info->version = RTE_ETH_DEV_TO_PCI(dev)->id.device_id;
	for (size_t i = 0; i < RTE_DIM(general); i++)
		*at++ = igb_read(&p->hw, general[i]);
	for (uint16_t q = 0; q < p->data->nb_rx_queues; q++)
		for (size_t i = 0; i < RTE_DIM(rx_regs); i++)
			*at++ = igb_read(&p->hw, igb_rx_reg(q, rx_regs[i]));
	for (uint16_t q = 0; q < p->data->nb_tx_queues; q++)
		for (size_t i = 0; i < RTE_DIM(tx_regs); i++)
			*at++ = igb_read(&p->hw, igb_tx_reg(q, tx_regs[i]));
	for (uint16_t v = 0; v <= p->intr.plan.nb_vectors; v++)
		*at++ = igb_read(&p->hw, IGB_EITR(v));
	for (size_t i = 0; i < RTE_DIM(p->intr.ivar); i++)
		*at++ = igb_read(&p->hw, IGB_IVAR(i));
	return 0;
}

/* 6.2: version of the NVM's image, and the number that its maker tracks it by. */
int
igb_fw_version_get(struct rte_eth_dev *dev, char *text, size_t size)
{
	const struct igb_port *p = dev->data->dev_private;
	uint16_t version, low, high;
	int ret = igb_hw_read_nvm(&p->hw, IGB_NVM_VERSION, &version);

	if (ret == 0)
		ret = igb_hw_read_nvm(&p->hw, IGB_NVM_ETRACK_LOW, &low);
	if (ret == 0)
		ret = igb_hw_read_nvm(&p->hw, IGB_NVM_ETRACK_HIGH, &high);
	if (ret != 0)
		return ret;
	ret = snprintf(text, size, "%u.%02x, 0x%08x", version >> 12, version >> 4 & 0xff,
		       low | (uint32_t)high << 16);
	/* what it takes, if that is more than there is */
	return ret >= 0 && (size_t)ret < size ? 0 : ret + 1;
}

int
igb_priv_dump(struct rte_eth_dev *dev, FILE *file)
{
	struct igb_port *p = dev->data->dev_private;
	const struct igb_plan *plan = &p->intr.plan;

	fprintf(file, "%s: %s, queue vectors %u, one doorbell a worker: %s\n", p->hw.name,
		p->hw.family->name, plan->nb_vectors, p->args.doorbell ? "yes" : "no");
	if (!p->intr.is_on)
		return 0;
	for (uint16_t q = 0; q < plan->nb_queues; q++)
		fprintf(file, "  queue %u: vector %u%s\n", q, plan->vector[q],
			plan->owner[q] == NULL ? "" : ", waited for");
	for (uint16_t i = 1; i <= plan->nb_vectors; i++) {
		struct igb_vector *v = &p->intr.vectors[i];
		uint32_t moderation_us;
		bool is_shared;

		rte_spinlock_lock(&v->lock);
		moderation_us = v->moderation_us;
		is_shared = v->is_shared;
		rte_spinlock_unlock(&v->lock);
		fprintf(file,
			"  vector %u: moderation %u us, arms %" PRIu64 ", joins %" PRIu64
			", disarms %" PRIu64 ", fires %" PRIu64 "%s\n",
			i, moderation_us, rouse_counter_get(&v->arms), rouse_counter_get(&v->joins),
			rouse_counter_get(&v->disarms), rouse_counter_get(&v->fires),
			is_shared ? ", shared" : "");
	}
	return 0;
}
