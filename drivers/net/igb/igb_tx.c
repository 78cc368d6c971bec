/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * The transmit path, 7.2. A frame is a data descriptor a segment, and before these a context
 * descriptor if it wants an offload whose context the device does not have yet (7.2.2.2). The
 * device is asked to report (RS) on the last descriptor of each burst, and of each REPORT_EVERY
 * descriptors: what is before a report that has come is done, too. TDT is written once a burst.
 */

#include <errno.h>

#include <rte_errno.h>
#include <rte_net.h>

#include "igb.h"

#define REPORT_EVERY 32 /* descriptors */
#define FREE_AT_ONCE 64 /* mbufs */

static inline uint16_t
wrap(const struct igb_txq *q, uint32_t at)
{
	return (uint16_t)(at < q->nb_desc ? at : at - q->nb_desc);
}

/* Has the device reported? Pairs with its write. */
static inline bool
is_done(const union igb_tx_desc *d)
{
	uint32_t status = __atomic_load_n(&d->data.status, __ATOMIC_ACQUIRE);

	return (rte_le_to_cpu_32(status) & IGB_TX_DD) != 0;
}

/* ---- what was sent ---- */

/* The mbufs of descriptors that follow each other, back to their pools. */
static inline void
free_run(const struct igb_txq *q, struct rte_mbuf **from, struct rte_mbuf **end)
{
	struct rte_mbuf *free[FREE_AT_ONCE];
	struct rte_mempool *pool = NULL;
	unsigned int n = 0;

	for (; from != end; from++) {
		struct rte_mbuf *m = *from;

		if (unlikely(m == NULL))
			continue; /* a context */
		*from = NULL;
		if (!q->fast_free) {
			m = rte_pktmbuf_prefree_seg(m);
			if (unlikely(m == NULL))
				continue;
		}
		if (unlikely(n == FREE_AT_ONCE || (n != 0 && m->pool != pool))) {
			rte_mempool_put_bulk(pool, (void **)free, n);
			n = 0;
		}
		pool = m->pool;
		free[n++] = m;
	}
	if (n != 0)
		rte_mempool_put_bulk(pool, (void **)free, n);
}

/* How many descriptors from `clean` to this report. */
static inline uint16_t
covered_by(const struct igb_txq *q, uint16_t report)
{
	return wrap(q, (uint32_t)report + 1 + q->nb_desc - q->clean);
}

/* Take out the reports that have come, until at least `max` descriptors are done; how many are. */
static uint16_t
take_reports(struct igb_txq *q, uint32_t max)
{
	uint16_t nb = 0;

	if (q->first_report == q->next_report)
		return 0;
	/* they come in order: with the last one all have */
	if (max >= q->nb_desc && is_done(&q->ring[q->last])) {
		q->first_report = q->next_report;
		return covered_by(q, q->last);
	}
	while (q->first_report != q->next_report && nb < max) {
		uint16_t report = q->reports[q->first_report];

		if (!is_done(&q->ring[report]))
			break;
		nb = covered_by(q, report);
		q->first_report = wrap(q, q->first_report + 1u);
	}
	return nb;
}

/* Free so many descriptors from `clean` on; the reports that cover them have been taken out. */
static void
free_done(struct igb_txq *q, uint16_t nb)
{
	struct rte_mbuf **from = &q->mbufs[q->clean];
	uint16_t to_end = RTE_MIN(nb, (uint16_t)(q->nb_desc - q->clean));

	free_run(q, from, from + to_end);
	free_run(q, q->mbufs, q->mbufs + nb - to_end);
	q->clean = wrap(q, (uint32_t)q->clean + nb);
	q->nb_free += nb;
}

/* Free what reports say is done, until at least `max` descriptors are. */
void
igb_txq_reclaim(struct igb_txq *q, uint32_t max)
{
	free_done(q, take_reports(q, max));
}

/* ---- sending ---- */

/* Which of the device's contexts says this; IGB_TX_CONTEXTS: none. */
static inline unsigned int
find_context(const struct igb_txq *q, struct igb_tx_context c)
{
	unsigned int slot;

	for (slot = 0; slot < IGB_TX_CONTEXTS; slot++)
		if (q->contexts[slot].lens == c.lens && q->contexts[slot].type == c.type)
			break;
	return slot;
}

/* 7.2.2.2: tell the device a context, in place of the one that was told first; where it is. */
static unsigned int
write_context(struct igb_txq *q, struct igb_tx_context c)
{
	unsigned int slot = q->slot;
	union igb_tx_desc *d = &q->ring[q->next];

	q->slot = (slot + 1) % IGB_TX_CONTEXTS;
	q->contexts[slot] = c;
	d->ctx.lens = rte_cpu_to_le_64(c.lens);
	d->ctx.type = rte_cpu_to_le_32(c.type);
	d->ctx.slot = rte_cpu_to_le_32(IGB_TX_SLOT(slot));
	q->next = wrap(q, q->next + 1u);
	q->nb_free--;
	return slot;
}

/* 7.2.2.3: the segments of a frame. */
static inline void
write_frame(struct igb_txq *q, struct rte_mbuf *m, uint32_t cmd, uint32_t status)
{
	uint32_t len = m->pkt_len;
	uint16_t at;

	cmd |= IGB_TX_DATA | IGB_TX_DEXT | IGB_TX_IFCS;
	status |= IGB_TX_PAYLEN(len);
	do {
		union igb_tx_desc *d;

		at = q->next;
		d = &q->ring[at];
		q->mbufs[at] = m;
		d->data.addr = rte_cpu_to_le_64(rte_mbuf_data_iova(m));
		d->data.cmd = rte_cpu_to_le_32(cmd | m->data_len);
		d->data.status = rte_cpu_to_le_32(status);
		q->next = wrap(q, at + 1u);
		q->nb_free--;
		m = m->next;
	} while (unlikely(m != NULL));
	q->ring[at].data.cmd |= rte_cpu_to_le_32(IGB_TX_EOP);
	q->last = at;
}

/* Room for so many descriptors? What is done is reclaimed for it. */
static inline bool
has_room(struct igb_txq *q, uint16_t nb)
{
	if (likely(nb <= q->nb_free))
		return true;
	igb_txq_reclaim(q, nb - q->nb_free);
	return nb <= q->nb_free;
}

/* A frame, if there is room; how many descriptors it took. */
static inline uint16_t
send_one(struct igb_txq *q, struct rte_mbuf *m)
{
	uint64_t offloads = m->ol_flags & IGB_TX_OFFLOADS;
	uint16_t nb = m->nb_segs;
	uint32_t status;
	unsigned int slot;

	if (likely(offloads == 0)) {
		if (unlikely(!has_room(q, nb)))
			return 0;
		write_frame(q, m, 0, 0);
		return nb;
	}
	if (unlikely(!has_room(q, nb + 1)))
		return 0;
	slot = find_context(q, igb_tx_context_of(m));
	if (slot == IGB_TX_CONTEXTS) {
		slot = write_context(q, igb_tx_context_of(m));
		nb++;
	}
	status = igb_tx_offload_status(offloads) | IGB_TX_SLOT(slot);
	write_frame(q, m, igb_tx_offload_cmd(offloads), status);
	return nb;
}

/* Ask for a report on the descriptor that was written last, which ends a frame. */
static inline void
ask_report(struct igb_txq *q)
{
	q->ring[q->last].data.cmd |= rte_cpu_to_le_32(IGB_TX_RS);
	q->reports[q->next_report] = q->last;
	q->next_report = wrap(q, q->next_report + 1u);
}

uint16_t
igb_tx_burst(void *txq, struct rte_mbuf **pkts, uint16_t nb_pkts)
{
	struct igb_txq *q = txq;
	uint16_t n, unreported = 0; /* descriptors */
	uint64_t bytes = 0;

	if (unlikely(!igb_txq_is_started(q)))
		return 0;
	if (q->nb_free < q->enough)
		igb_txq_reclaim(q, UINT32_MAX);
	for (n = 0; n < nb_pkts; n++) {
		uint32_t len = pkts[n]->pkt_len;
		uint16_t nb;

		if (unlikely(unreported >= REPORT_EVERY)) {
			ask_report(q);
			unreported = 0;
		}
		nb = send_one(q, pkts[n]);
		if (unlikely(nb == 0))
			break;
		unreported += nb;
		bytes += len;
	}
	if (unlikely(n == 0))
		return 0;
	/* twice for one descriptor would be once for whatever is there next */
	if (likely(unreported != 0))
		ask_report(q);
	/* the write is behind those of the descriptors */
	igb_write(q->hw, q->tail, q->next);
	rouse_counter_add(&q->opackets, n);
	rouse_counter_add(&q->obytes, bytes);
	return n;
}

/* ---- before sending, for who asks ---- */

/* 0, or why the device cannot send it. */
static int
check_frame(const struct rte_mbuf *m)
{
	uint64_t known = IGB_TX_OFFLOADS | IGB_TX_NOTES;

	if ((m->ol_flags & RTE_MBUF_F_TX_OFFLOAD_MASK & ~known) != 0)
		return ENOTSUP;
	if (m->nb_segs > IGB_MAX_SEGS || m->pkt_len > IGB_MAX_FRAME || m->pkt_len == 0)
		return EINVAL;
	return 0;
}

/* 7.2.4: the device wants the sum of the pseudo header where the L4 checksum goes. */
uint16_t
igb_tx_prepare(void *txq __rte_unused, struct rte_mbuf **pkts, uint16_t nb_pkts)
{
	for (uint16_t i = 0; i < nb_pkts; i++) {
		int error = check_frame(pkts[i]);

		if (error == 0)
			error = -rte_net_intel_cksum_prepare(pkts[i]);
		if (error != 0) {
			rte_errno = error;
			return i;
		}
	}
	return nb_pkts;
}

/* ---- looking ---- */

/* Done is what is reclaimed, and what a report that has come covers. */
int
igb_tx_descriptor_status(void *txq, uint16_t offset)
{
	struct igb_txq *q = txq;
	uint16_t used = q->nb_desc - 1 - q->nb_free, ahead;

	if (offset >= q->nb_desc)
		return -EINVAL;
	/* from the oldest one on: the descriptor that is written in `offset` from now */
	if (offset < q->nb_free + 1u)
		return RTE_ETH_TX_DESC_DONE;
	ahead = offset - q->nb_free - 1;
	for (uint16_t r = q->first_report; r != q->next_report && ahead < used;
	     r = wrap(q, r + 1u)) {
		uint16_t report = q->reports[r];

		if (covered_by(q, report) > ahead)
			return is_done(&q->ring[report]) ? RTE_ETH_TX_DESC_DONE
							 : RTE_ETH_TX_DESC_FULL;
	}
	return RTE_ETH_TX_DESC_FULL;
}

/* How many descriptors are done; the reports stay. */
static uint16_t
nb_done(const struct igb_txq *q)
{
	uint16_t nb = 0;

	for (uint16_t r = q->first_report; r != q->next_report && is_done(&q->ring[q->reports[r]]);
	     r = wrap(q, r + 1u))
		nb = covered_by(q, q->reports[r]);
	return nb;
}

/* ethdev counts frames, and wants no more of them freed than it says; 0: all that are sent. How
 * many were. A report may cover more, and stays for the others. */
int
igb_tx_done_cleanup(void *txq, uint32_t nb)
{
	struct igb_txq *q = txq;
	uint16_t done = nb_done(q), n = 0;
	int nb_frames = 0;

	while (n < done && (nb == 0 || (uint32_t)nb_frames < nb)) {
		const struct rte_mbuf *m = q->mbufs[wrap(q, (uint32_t)q->clean + n++)];

		/* its last segment; a context has none */
		nb_frames += m != NULL && m->next == NULL;
	}
	while (q->first_report != q->next_report && covered_by(q, q->reports[q->first_report]) <= n)
		q->first_report = wrap(q, q->first_report + 1u);
	free_done(q, n);
	return nb_frames;
}
