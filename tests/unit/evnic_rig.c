/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_lcore.h>
#include <rte_mempool.h>

#include "evnic_rig.h"
#include "no_eal.h"
#include "unit.h"

#define NB_MBUFS   8192
#define ROOM	   512
#define FRAME_LEN  60
#define MAX_FRAMES 1024
#define TSC_HZ	   1000000000

int evnic_logtype = RTE_LOGTYPE_USER1;

struct evnic_port *rig;
struct rte_eth_dev rig_dev;
static struct rte_eth_dev_data data;

/* ---- windows ---- */

void (*rig_window)(enum rouse_window window);

void rouse_window(enum rouse_window window);

void
rouse_window(enum rouse_window window)
{
	if (rig_window != NULL)
		rig_window(window);
}

/* ---- in the place of EAL ---- */

uint64_t
rte_get_tsc_hz(void)
{
	return TSC_HZ;
}

static void *(*wire_main)(void *);
static void *wire_arg;

/* The thread is the caller's: rig_run(). */
int
rte_ctrl_thread_create(pthread_t *thread, const char *name, const pthread_attr_t *attr,
		       void *(*start)(void *), void *arg)
{
	wire_main = start;
	wire_arg = arg;
	*thread = pthread_self();
	return 0;
}

int
evnic_numa_pin(pthread_t thread, int node, int cpu)
{
	return 0;
}

/* ---- mbufs ---- */

struct rte_mempool *rig_pool;

struct rte_mbuf *
rig_mbuf(void)
{
	return no_eal_mbuf(FRAME_LEN);
}

/* ---- in the place of the trace ---- */

struct rig_event rig_events[RIG_MAX_EVENTS];
struct rig_message rig_messages[RIG_MAX_EVENTS];
unsigned int rig_nb_events, rig_nb_messages;

void
rig_forget(void)
{
	rig_nb_events = rig_nb_messages = 0;
}

void
evnic_trace_event(struct evnic_trace *t, const struct rouse_event *event,
		  struct rouse_steer_path path)
{
	const struct rouse_evring *r = rig->rings[path.ring].entries;

	assert_true(rig_nb_events < RIG_MAX_EVENTS);
	rig_events[rig_nb_events++] = (struct rig_event){
		.event = *event,
		.path = path,
		.write = atomic_load(&r->write),
	};
}

void
evnic_trace_message(struct evnic_trace *t, uint16_t vector, const struct rouse_attn_target *target,
		    const char *fate)
{
	struct rig_message *m = &rig_messages[rig_nb_messages++];

	assert_true(rig_nb_messages < RIG_MAX_EVENTS);
	m->vector = vector;
	m->ring = target->ring;
	snprintf(m->fate, sizeof(m->fate), "%s", fate);
}

/* ---- the ends ---- */

static struct {
	bool (*round)(unsigned int nth);
	unsigned int nth;
	struct evnic_frame frames[MAX_FRAMES];
	uint32_t first, end;
} script;
static const uint8_t frame_bytes[FRAME_LEN];

uint32_t rig_sink_room;
enum evnic_next rig_source_next;

static void
peek_script(struct evnic_source *s, uint32_t max, struct evnic_batch *out)
{
	/* with what was given the wire shall finish first: once it is told that there is no more */
	if (script.first == script.end && script.end != 0)
		script.first = script.end = 0;
	else if (script.end == 0 && !script.round(script.nth++))
		atomic_store(&rig->wire.stop, true);
	*out = (struct evnic_batch){
		.frames = &script.frames[script.first],
		.nb_frames = RTE_MIN(script.end - script.first, max),
		.next = rig_source_next,
		.due_ns = 1,
	};
}

static void
advance_script(struct evnic_source *s, uint32_t n)
{
	script.first += n;
}

static const struct evnic_source_ops source_ops = {
	.peek = peek_script,
	.advance = advance_script,
};
static struct evnic_source source = { .ops = &source_ops, .fd = -1 };
struct evnic_source *const rig_source = &source;

static uint32_t
write_sink(struct evnic_sink *s, struct rte_mbuf *const *pkts, uint32_t nb_pkts, uint64_t *refused)
{
	uint32_t n = RTE_MIN(nb_pkts, rig_sink_room);

	if (rig_sink_room != UINT32_MAX)
		rig_sink_room -= n;
	return n;
}

static bool
has_room(const struct evnic_sink *s)
{
	return true; /* look again: never block for it */
}

static const struct evnic_sink_ops sink_ops = { .write = write_sink, .has_room = has_room };
static struct evnic_sink sink = { .ops = &sink_ops };

struct evnic_source *
evnic_ends_source(const struct evnic_port *p)
{
	return &source;
}

struct evnic_sink *
evnic_ends_sink(const struct evnic_port *p)
{
	return &sink;
}

uint32_t
evnic_ends_longest(const struct evnic_port *p)
{
	return FRAME_LEN;
}

void
evnic_ends_name(const struct evnic_port *p, char *text, size_t size)
{
	snprintf(text, size, "rig");
}

/* ---- in the place of rouse_evnic.h: no test of the rig moderates by the registry ---- */

int
rouse_evnic_vector_interval_set(uint16_t port, uint16_t vector, uint32_t interval_us)
{
	return -ENOTSUP;
}

/* ---- the port ---- */

void
rig_make(const struct rig_conf *conf)
{
	static void *rx_queues[EVNIC_MAX_QUEUES], *tx_queues[EVNIC_MAX_QUEUES];
	const struct rouse_steer_conf steer = {
		.reta_size = EVNIC_RETA_SIZE,
		.nb_queues = conf->nb_queues,
		.nb_rings = conf->nb_rings,
		.nb_vectors = conf->nb_vectors,
	};
	const struct rte_eth_rxconf rx = { .offloads = 0 };
	const struct rte_eth_txconf tx = { .offloads = 0 };

	rig_pool = no_eal_pool(NB_MBUFS, ROOM);
	rig_forget();
	rig_window = NULL;
	rig_sink_room = UINT32_MAX;
	rig_source_next = EVNIC_WAIT_TIME; /* never blocks: it is due since long */
	source.nb_bad = 0;
	rig = aligned_alloc(ROUSE_CACHE_LINE, RTE_ALIGN_CEIL(sizeof(*rig), ROUSE_CACHE_LINE));
	assert_non_null(rig);
	memset(rig, 0, sizeof(*rig));
	memset(&data, 0, sizeof(data));
	data.dev_private = rig;
	data.nb_rx_queues = data.nb_tx_queues = conf->nb_queues;
	data.rx_queues = rx_queues;
	data.tx_queues = tx_queues;
	data.numa_node = -1;
	rig_dev.data = &data;
	rig->data = &data;
	rig->trace = (struct evnic_trace *)rig; /* only not NULL */
	rig->args.overrun = EVNIC_OVERRUN_DROP;
	/* as if it were started */
	rte_eth_fp_ops[data.port_id].rxq.data = rx_queues;
	rig->rules.version = 1;
	pthread_mutex_init(&rig->lock, NULL);
	rte_spinlock_init(&rig->sort_lock);
	rte_spinlock_init(&rig->rings_lock);
	evnic_vectors_init(rig);
	assert_int_equal(evnic_wire_init(rig), 0);
	rouse_attn_poll(&rig->wire.attn);
	rig->wire.trace = rig->trace;

	assert_int_equal(rouse_steer_init(&rig->steer, &steer), 0);
	assert_int_equal(rouse_steer_map_set(&rig->steer, conf->map), 0);
	rig->is_planned = conf->is_planned;
	evnic_plan(rig);
	for (uint16_t i = 0; i < conf->nb_queues; i++) {
		uint16_t nb_desc = conf->nb_desc == 0 ? EVNIC_MIN_DESC : conf->nb_desc;

		assert_int_equal(evnic_rxq_setup(&rig_dev, i, nb_desc, 0, &rx, rig_pool), 0);
		assert_int_equal(evnic_txq_setup(&rig_dev, i, nb_desc, 0, &tx), 0);
	}
	assert_int_equal(evnic_rings_start(&rig_dev), 0);
	evnic_events_reset(rig);
	assert_int_equal(evnic_vectors_start(rig), 0);
	for (uint16_t i = 0; i < conf->nb_queues; i++) {
		struct evnic_rxq *q = rig->rxq[i];

		assert_int_equal(evnic_rxq_start(q), 0);
		/* as evnic_intr_init() does */
		q->own_attn.doorbell =
			rig->vectors[rouse_steer_event(&rig->steer, i, ROUSE_EVENT_RX).vector]
				.doorbell;
	}
}

void
rig_destroy(void)
{
	rig_window = NULL;
	/* a test that fails leaves the wire in the middle of its work: nobody shall wait for it */
	atomic_store(&rig->wire.alive, false);
	/* a test may have released some */
	for (uint16_t i = 0; i < EVNIC_MAX_QUEUES; i++) {
		if (rig->rxq[i] != NULL) {
			evnic_rxq_reset(rig->rxq[i]);
			evnic_rxq_stop(rig->rxq[i]);
		}
		if (rig->txq[i] != NULL)
			evnic_txq_stop(rig->txq[i]);
	}
	for (uint16_t i = 0; i < EVNIC_MAX_QUEUES; i++) {
		evnic_unbind(rig, i);
		evnic_rxq_release(&rig_dev, i);
		evnic_txq_release(&rig_dev, i);
	}
	evnic_rings_free(rig);
	evnic_vectors_fini(rig);
	evnic_wire_fini(rig);
	pthread_mutex_destroy(&rig->lock);
	free(rig);
	no_eal_pool_free();
	assert_int_equal(no_eal_allocations, 0);
}

void
rig_frame(uint16_t queue, uint64_t tsc)
{
	struct rouse_steer_path path = rouse_steer_event(&rig->steer, queue, ROUSE_EVENT_RX);
	struct evnic_ring *r = &rig->rings[path.ring];
	struct evnic_rxq *q = rig->rxq[queue];

	assert_true(q->taken != atomic_load(&q->posted));
	*rouse_evring_slot(r->entries, r->pending++) = (struct rouse_event){
		.data = q->taken++,
		.time_tsc = tsc,
		.len = FRAME_LEN,
		.queue = queue,
		.code = ROUSE_EVENT_RX,
	};
	r->vectors |= UINT64_C(1) << path.vector;
	r->addressed |= UINT64_C(1) << queue;
	rig->wire.touched |= UINT64_C(1) << path.ring;
}

void
rig_publish(uint64_t tsc)
{
	uint64_t touched = rig->wire.touched;

	for (uint64_t rings = touched; rings != 0; rings &= rings - 1) {
		struct evnic_ring *r = &rig->rings[__builtin_ctzll(rings)];

		/* an entry for every buffer, and for the events without a frame: it never overflows
		 */
		assert_true(rouse_evring_room(r->entries, r->pending) >= r->pending);
		rouse_evring_publish(r->entries, r->pending);
		r->pending = 0;
	}
	for (uint16_t i = 0; i < data.nb_rx_queues; i++)
		atomic_store(&rig->rxq[i]->filled, rig->rxq[i]->taken);
	rouse_attn_fence();
	for (uint64_t rings = touched; rings != 0; rings &= rings - 1)
		evnic_vector_signal(rig, (uint16_t)__builtin_ctzll(rings), tsc);
	rig->wire.touched = 0;
}

unsigned int
rig_receive(uint16_t queue)
{
	struct rte_mbuf *pkts[32];
	uint16_t n = evnic_rx_burst(rig->rxq[queue], pkts, UNIT_DIM(pkts));

	for (uint16_t i = 0; i < n; i++)
		rte_mempool_put(rig_pool, pkts[i]);
	return n;
}

unsigned int
rig_receive_all(uint16_t queue)
{
	unsigned int n, sum = 0;

	do {
		n = rig_receive(queue);
		sum += n;
	} while (n != 0);
	return sum;
}

void
rig_arrive(uint32_t hash, uint8_t fate)
{
	assert_true(script.end < MAX_FRAMES);
	script.frames[script.end++] = (struct evnic_frame){
		.data = frame_bytes,
		.len = FRAME_LEN,
		.hash = hash,
		.flags = (fate & EVNIC_FATE_UNHASHED) != 0 ? 0 : ROUSE_EVENT_F_HASH,
		.fate = fate,
		.rules_version = rig->rules.version,
	};
}

void
rig_run(bool (*round)(unsigned int nth))
{
	unit_deadline();
	memset(&script, 0, sizeof(script));
	script.round = round;
	atomic_store(&rig->link.up, true);
	assert_int_equal(evnic_wire_start(rig), 0);
	wire_main(wire_arg);
	rig->wire.running = false;
	rouse_attn_poll(&rig->wire.attn);
}
