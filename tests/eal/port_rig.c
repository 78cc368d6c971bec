/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_bus_vdev.h>
#include <rte_eal.h>
#include <rte_ether.h>
#include <rte_log.h>

#include "port_rig.h"

#define BURST 32

int
rig_init_lcores(const char *program, const char *lcores)
{
	char name[64], list[RIG_LCORES_LEN];
	char *argv[] = { name,	"--no-huge", "--no-pci", "--no-telemetry", "--no-shconf", "-m",
			 "256", "--lcores",  list };

	snprintf(name, sizeof(name), "%s", program);
	snprintf(list, sizeof(list), "%s", lcores);
	return rte_eal_init((int)UNIT_DIM(argv), argv);
}

int
rig_init(const char *program)
{
	char lcores[32];

	snprintf(lcores, sizeof(lcores), "0@%d", sched_getcpu());
	return rig_init_lcores(program, lcores);
}

/* ---- frames ---- */

void
rig_begin(struct rig *r)
{
	memset(r, 0, sizeof(*r));
	capture_begin(&r->capture, false);
	capture_header(&r->capture, CAPTURE_MICROS, 65535, CAPTURE_ETHERNET);
}

void
rig_add(struct rig *r, const void *frame, uint32_t len)
{
	capture_record(&r->capture, 1, 0, frame, len);
}

void
rig_add_flow(struct rig *r, uint16_t source_port)
{
	const struct frame_flow flow = { "10.0.0.1", "10.0.0.2", source_port, 80 };
	struct frame f;

	frame_make(&f, &flow, FRAME_UDP, 40);
	rig_add(r, f.at, f.len);
}

uint8_t
rig_byte(uint32_t at)
{
	return (uint8_t)(at * 31 + (at >> 8));
}

void
rig_add_to(struct rig *r, const char *dest, uint32_t len)
{
	uint8_t *frame = calloc(1, len);
	struct rte_ether_addr addr;

	assert_non_null(frame);
	assert_int_equal(rte_ether_unformat_addr(dest, &addr), 0);
	memcpy(frame, &addr, sizeof(addr));
	frame[12] = 0x88; /* a local experimental EtherType */
	frame[13] = 0xb5;
	for (uint32_t i = RTE_ETHER_HDR_LEN; i < len; i++)
		frame[i] = rig_byte(i);
	rig_add(r, frame, len);
	free(frame);
}

/* ---- the port ---- */

void
rig_open(struct rig *r, const struct rig_setup *setup)
{
	static unsigned int nb_rigs;
	uint16_t room = setup->room == 0 ? 2048 : setup->room;
	uint16_t nb_desc = setup->nb_desc == 0 ? RIG_NB_DESC : setup->nb_desc;
	uint32_t nb_mbufs = setup->nb_mbufs == 0 ? RIG_NB_MBUFS : setup->nb_mbufs;
	struct rte_eth_rxconf rx = { 0 };
	struct rte_eth_txconf tx = { 0 };
	char args[256];

	unit_deadline();
	r->nb_rxq = setup->nb_rxq;
	r->nb_txq = setup->nb_txq;
	snprintf(r->name, sizeof(r->name), "net_evnic%u", nb_rigs);
	snprintf(args, sizeof(args), "rx_pcap=%s,%s", capture_file(&r->capture, r->capture.len),
		 setup->args[0] == '\0' ? "overrun=wait,pace=max,loops=1" : setup->args);
	assert_int_equal(rte_vdev_init(r->name, args), 0);
	assert_int_equal(rte_eth_dev_get_port_by_name(r->name, &r->port), 0);
	snprintf(args, sizeof(args), "pool%u", nb_rigs++);
	/* without a cache, so that it can be counted */
	r->pool = rte_pktmbuf_pool_create(args, nb_mbufs, 0, 0, RTE_PKTMBUF_HEADROOM + room,
					  SOCKET_ID_ANY);
	assert_non_null(r->pool);
	assert_int_equal(rte_eth_dev_configure(r->port, r->nb_rxq, r->nb_txq, &setup->conf), 0);
	for (uint16_t q = 0; q < r->nb_rxq; q++) {
		rx.rx_deferred_start = setup->deferred && q != 0;
		assert_int_equal(rte_eth_rx_queue_setup(r->port, q, nb_desc, 0, &rx, r->pool), 0);
	}
	for (uint16_t q = 0; q < r->nb_txq; q++) {
		tx.tx_deferred_start = setup->deferred && q != 0;
		assert_int_equal(rte_eth_tx_queue_setup(r->port, q, nb_desc, 0, &tx), 0);
	}
}

void
rig_start(struct rig *r)
{
	assert_int_equal(rte_eth_dev_start(r->port), 0);
}

void
rig_stop(struct rig *r)
{
	assert_int_equal(rte_eth_dev_stop(r->port), 0);
	assert_int_equal(rte_mempool_avail_count(r->pool), r->pool->size);
}

void
rig_close(struct rig *r)
{
	assert_int_equal(rte_eth_dev_close(r->port), 0);
	rte_vdev_uninit(r->name);
	rte_mempool_free(r->pool);
	capture_end(&r->capture);
}

/* ---- packets ---- */

static void
note(struct rig *r, uint16_t queue, struct rte_mbuf *m)
{
	struct rig_seen *s = &r->seen[r->nb_seen];
	uint32_t at = 0, in_segments = 0;

	if (r->nb_seen == RIG_MAX_SEEN)
		return;
	r->nb_seen++;
	*s = (struct rig_seen){
		.len = m->pkt_len,
		.ptype = m->packet_type,
		.hash = m->hash.rss,
		.queue = queue,
		.nb_segs = m->nb_segs,
		.ol_flags = m->ol_flags,
		.is_pattern = true,
	};
	for (struct rte_mbuf *seg = m; seg != NULL; seg = seg->next, in_segments++) {
		const uint8_t *bytes = rte_pktmbuf_mtod(seg, const uint8_t *);

		for (uint16_t i = 0; i < seg->data_len; i++, at++) {
			if (at < sizeof(s->head))
				s->head[at] = bytes[i];
			if (at >= RTE_ETHER_HDR_LEN && bytes[i] != rig_byte(at))
				s->is_pattern = false;
		}
	}
	assert_int_equal(at, m->pkt_len);
	assert_int_equal(in_segments, m->nb_segs);
}

uint16_t
rig_poll(struct rig *r, uint16_t queue)
{
	struct rte_mbuf *pkts[BURST];
	uint16_t n = rte_eth_rx_burst(r->port, queue, pkts, BURST);

	for (uint16_t i = 0; i < n; i++) {
		note(r, queue, pkts[i]);
		rte_pktmbuf_free(pkts[i]);
	}
	return n;
}

uint32_t
rig_drain(struct rig *r, uint16_t queue)
{
	uint32_t sum = 0;
	uint16_t n;

	do {
		n = rig_poll(r, queue);
		sum += n;
	} while (n != 0);
	return sum;
}

void
rig_receive_all(struct rig *r)
{
	bool has_ended;
	uint32_t n;

	do {
		n = 0;
		has_ended = rig_xstat(r, "wire_rx_ended") != 0;
		for (uint16_t q = 0; q < r->nb_rxq; q++)
			n += rig_poll(r, q);
	} while (n != 0 || !has_ended);
}

void
rig_replay(struct rig *r)
{
	r->nb_seen = 0;
	rig_start(r);
	rig_receive_all(r);
	rig_stop(r);
}

/* ---- figures ---- */

uint64_t
rig_xstat(struct rig *r, const char *name)
{
	uint64_t id, value = 0;

	assert_int_equal(rte_eth_xstats_get_id_by_name(r->port, name, &id), 0);
	assert_int_equal(rte_eth_xstats_get_by_id(r->port, &id, &value, 1), 1);
	return value;
}

struct rte_eth_stats
rig_stats(struct rig *r)
{
	struct rte_eth_stats stats;

	assert_int_equal(rte_eth_stats_get(r->port, &stats), 0);
	return stats;
}

static struct {
	FILE *stream;
	char *text;
	size_t size;
} logged;

void
rig_log_begin(void)
{
	logged.stream = open_memstream(&logged.text, &logged.size);
	assert_non_null(logged.stream);
	assert_int_equal(rte_openlog_stream(logged.stream), 0);
}

char *
rig_log_take(void)
{
	rte_openlog_stream(NULL);
	fclose(logged.stream);
	return logged.text;
}

unsigned int
rig_log_end(const char *words)
{
	char *text = rig_log_take();
	unsigned int nb_lines = 0;

	for (const char *at = text; *at != '\0'; at++)
		nb_lines += *at == '\n';
	if (strstr(text, words) == NULL)
		fail_msg("\"%s\" is not in the log: %s", words, text);
	free(text);
	return nb_lines;
}

void
rig_alloc(struct rig *r, struct rte_mbuf **pkts, uint16_t nb)
{
	assert_int_equal(rte_pktmbuf_alloc_bulk(r->pool, pkts, nb), 0);
	for (uint16_t i = 0; i < nb; i++) {
		pkts[i]->data_len = 60;
		pkts[i]->pkt_len = 60;
	}
}
