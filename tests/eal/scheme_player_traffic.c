/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* The player's operations that frames and events come by. */

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "scheme_player.h"

#define BURST	   32
#define DEADLINE_S 60

static struct rte_mbuf *kept[PLAYER_NB_MBUFS]; /* out of the pool */
static unsigned int nb_kept;

void
player_on_event(uint16_t id __rte_unused, const struct rouse_event *event, void *arg __rte_unused)
{
	if (event->code == ROUSE_EVENT_TX)
		player_port.nb_tx++;
	else if (event->code == ROUSE_EVENT_ERROR)
		player_port.errors[event->len]++;
}

/* One burst of each queue. */
static uint32_t
poll_all(void)
{
	struct rte_mbuf *pkts[BURST];
	uint32_t sum = 0;

	for (uint16_t q = 0; q < player_port.nb_queues; q++) {
		uint16_t n = rte_eth_rx_burst(player_port.id, q, pkts, BURST);

		rte_pktmbuf_free_bulk(pkts, n);
		sum += n;
	}
	player_port.nb_frames += sum;
	return sum;
}

static void
drain(void)
{
	while (poll_all() != 0)
		;
}

static void
check_time(time_t end)
{
	if (time(NULL) > end)
		player_die("it does not come, after %" PRIu64 " frames", player_port.nb_frames);
}

void
player_settle(void)
{
	struct rouse_evnic_vector v;

	/* like all that changes a running port, it returns when the wire has begun a new round */
	player_must(rouse_evnic_vector_get(player_port.id, 0, &v));
	player_must(rouse_evnic_vector_mask(player_port.id, 0, v.masked));
}

/* Wait until the device has posted so many ERROR events since the start. */
static void
wait_for_errors(uint64_t nb)
{
	time_t end = time(NULL) + DEADLINE_S;

	while (player_xstat("wire_events_error") < player_port.told + nb)
		check_time(end);
}

static void
wait_for_missed(uint64_t nb_more)
{
	time_t end = time(NULL) + DEADLINE_S;
	struct rte_eth_stats stats;
	uint64_t before;

	player_must(rte_eth_stats_get(player_port.id, &stats));
	before = stats.imissed;
	while (stats.imissed < before + nb_more) {
		player_must(rte_eth_stats_get(player_port.id, &stats));
		check_time(end);
	}
}

/* run N: receive until so many frames have come since the start. */
void
player_run(char **words)
{
	uint64_t nb = strtoull(words[0], NULL, 10);
	time_t end = time(NULL) + DEADLINE_S;

	while (player_port.nb_frames < nb) {
		poll_all();
		check_time(end);
	}
}

/* down: take the link away, and log how many frames came before. */
void
player_down(char **words __rte_unused)
{
	player_must(rte_eth_dev_set_link_down(player_port.id));
	drain();
	fprintf(player_log, "%" PRIu64 "\n", player_port.nb_frames);
}

void
player_up(char **words __rte_unused)
{
	player_must(rte_eth_dev_set_link_up(player_port.id));
}

/* finish: receive until the source has ended, or failed, and has said so; log how many frames came.
 */
void
player_finish(char **words __rte_unused)
{
	time_t end = time(NULL) + DEADLINE_S;

	while (player_xstat("wire_rx_ended") == 0 ||
	       player_port.errors[ROUSE_EVNIC_SOURCE_ENDED] +
			       player_port.errors[ROUSE_EVNIC_SOURCE_FAILED] ==
		       0) {
		poll_all();
		check_time(end);
	}
	drain();
	player_settle();
	fprintf(player_log, "%" PRIu64 "\n", player_port.nb_frames);
}

/* starve NB: receive nothing until so many ERROR events were posted, of which the end of the source
 * is the last; then everything and, as more was missed since the first overrun, another one; log
 * how many frames came. */
void
player_starve(char **words)
{
	time_t end = time(NULL) + DEADLINE_S;

	wait_for_errors(player_number(words[0]));
	while (player_port.errors[ROUSE_EVNIC_OVERRUN] < 2) {
		poll_all();
		check_time(end);
	}
	drain();
	player_settle();
	fprintf(player_log, "%" PRIu64 "\n", player_port.nb_frames);
}

/* dry QUEUE NB FRAMES: receive nothing until so many ERROR events were posted, of which the overrun
 * is the last, and FRAMES more were missed; then one burst of the queue, while its pool is empty,
 * and wait until that is told and as many more were missed. Then the link goes; everything is
 * received and, as more was missed of either kind, told again. Log how many frames came. */
void
player_dry(char **words)
{
	time_t end = time(NULL) + DEADLINE_S;
	uint16_t queue = player_number(words[0]), nb_errors = player_number(words[1]);
	uint64_t nb_more = player_number(words[2]);
	uint16_t n;

	wait_for_errors(nb_errors);
	wait_for_missed(nb_more);
	while (rte_mempool_get(player_port.pool, (void **)&kept[nb_kept]) == 0)
		nb_kept++;
	n = rte_eth_rx_burst(player_port.id, queue, &kept[nb_kept], BURST);
	nb_kept += n;
	player_port.nb_frames += n;
	wait_for_errors(nb_errors + 1u);
	wait_for_missed(nb_more);
	player_must(rte_eth_dev_set_link_down(player_port.id));
	while (nb_kept != 0)
		rte_mempool_put(player_port.pool, kept[--nb_kept]);
	while (player_port.errors[ROUSE_EVNIC_OVERRUN] < 2 ||
	       player_port.errors[ROUSE_EVNIC_NO_BUFFER] < 2) {
		poll_all();
		check_time(end);
	}
	drain();
	player_settle();
	fprintf(player_log, "%" PRIu64 "\n", player_port.nb_frames);
}

/* tx QUEUE: send a frame, and receive until its TX event has come. */
void
player_tx(char **words)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(player_port.pool);
	time_t end = time(NULL) + DEADLINE_S;
	uint64_t nb_tx = player_port.nb_tx;

	if (m == NULL)
		player_die("no mbuf");
	m->data_len = 60;
	m->pkt_len = 60;
	if (rte_eth_tx_burst(player_port.id, player_number(words[0]), &m, 1) != 1)
		player_die("not sent");
	while (player_port.nb_tx == nb_tx) {
		poll_all();
		check_time(end);
	}
	player_settle();
}
