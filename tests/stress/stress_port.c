/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * No frame is lost that arrives at a whole port in any window of the park protocol.
 *
 * The worker never spins and blocks without a timeout, and the next frame is sent only when the
 * last one was handled: a single lost wake-up stops the test. The port is one of
 *
 *   evnic        net_evnic that receives what it sends: a handshake producer
 *   virtio_user  net_virtio_user, whose device is a net_vhost port of the same process: a plain
 *                source with an interrupt
 *
 * and the senders are
 *
 *   aimed    the worker's own thread, in the window aimed at. By virtio_user the frame is there
 *            when the send returns; for evnic it waits, now and then, until the wire thread
 *            has delivered and signalled it and sleeps again, and else leaves the two to race.
 *   carrier  a message, right before the worker would block with nothing under way: so that the
 *            windows are met that only a wake, or a bit, leads to.
 *   outside  another thread, by another queue, after a random while.
 *
 * evnic's wire thread goes by the windows of both halves, and in each of them waits at times for
 * the worker to reach the next state, or for a while: as one that is preempted there.
 *
 * usage: stress_port evnic|virtio_user PARK_CYCLES [SEED]
 */

#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include <rte_bus_vdev.h>
#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_ip.h>
#include <rte_lcore.h>
#include <rte_pause.h>
#include <rte_udp.h>

#include "stress.h"
#include "worker.h" /* its attention: this is a test, it may know */

#define NB_QUEUES      2
#define NB_DESC	       256
#define FIRST_C_WINDOW ROUSE_WINDOW_C_ATTEND
#define FIRST_AIM      ROUSE_WINDOW_C_NOTHING
#define MAX_HOLD       2000  /* pauses that the wire is held in a window at most */
#define MAX_AWAIT      20000 /* pauses that the worker waits for the wire in a window at most */
#define MAX_DELAY      16384 /* cycles between the frames from outside at most */
#define SPELL	       512   /* frames; in the first half of them the aimed sender is eager */
#define EAGER_US       6  /* so that a spell is longer than what the policy takes the load over */
#define MAX_WAITING    16 /* frames sent and not yet handled while it is */

enum sender_id {
	AIMED,
	OUTSIDE,
	NB_SENDERS,
};

/* Each has a Tx queue of its own. */
struct sender {
	_Atomic uint64_t sent, handled;
};

static struct {
	struct rouse_worker *_Atomic worker; /* NULL: nothing is injected */
	struct sender senders[NB_SENDERS];
	_Atomic uint64_t carriers_sent, carriers;
	_Atomic uint64_t hits[ROUSE_NB_WINDOWS]; /* of the worker */
	_Atomic uint64_t wire_hits[ROUSE_NB_WINDOWS];
	_Atomic uint64_t awaited, in_time;
	_Atomic bool inject, stop_outside;
	bool spells; /* aimed: spells of frames in every window, so that the worker comes to poll */
	unsigned int aim, rare_aim; /* as in stress_windows.c; the worker's */
	uint16_t rx_port, tx_port;
	bool has_wire;
	struct rte_mempool *pool;
	uint64_t seed;
	/* what was sent before the wire thread went to look, and before it went to sleep */
	uint64_t looked_at;
	_Atomic uint64_t delivered;
} t;

static __thread bool is_outside;
static __thread bool is_injecting;
static __thread uint64_t random_state;

/* Each thread goes through the same numbers. */
static uint64_t
next_random(void)
{
	if (random_state == 0)
		random_state = t.seed;
	return stress_random(&random_state);
}

/* ---- sending ---- */

/* The sender stands in the last byte, the flow in the source port, which RSS goes by. */
struct frame {
	struct rte_ether_hdr ether;
	struct rte_ipv4_hdr ip;
	struct rte_udp_hdr udp;
	uint8_t payload[18];
} __rte_packed __rte_aligned(2);

static struct rte_mbuf *
make_frame(enum sender_id id, uint64_t number)
{
	struct rte_mbuf *pkt = rte_pktmbuf_alloc(t.pool);
	struct frame *f;

	CHECK(pkt != NULL, "the pool is empty");
	f = (struct frame *)rte_pktmbuf_append(pkt, sizeof(*f));
	memset(f, 0, sizeof(*f));
	f->ether.ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV4);
	f->ip.version_ihl = RTE_IPV4_VHL_DEF;
	f->ip.next_proto_id = IPPROTO_UDP;
	f->ip.total_length = rte_cpu_to_be_16(sizeof(*f) - sizeof(f->ether));
	f->udp.src_port = rte_cpu_to_be_16((uint16_t)number);
	f->udp.dgram_len = rte_cpu_to_be_16(sizeof(f->udp) + sizeof(f->payload));
	f->payload[sizeof(f->payload) - 1] = (uint8_t)id;
	return pkt;
}

static void
send_frame(enum sender_id id)
{
	struct rte_mbuf *pkt = make_frame(id, atomic_fetch_add(&t.senders[id].sent, 1));

	CHECK(rte_eth_tx_burst(t.tx_port, (uint16_t)id, &pkt, 1) == 1, "no room to send");
}

static uint64_t
waiting(enum sender_id id)
{
	return atomic_load(&t.senders[id].sent) - atomic_load(&t.senders[id].handled);
}

/* Until the wire sleeps, and has slept or looked since: what was sent is delivered and signalled.
 */
static void
await_wire(uint64_t sent)
{
	atomic_fetch_add(&t.awaited, 1);
	for (unsigned int i = 0; i < MAX_AWAIT; i++) {
		if (atomic_load(&t.delivered) >= sent) {
			atomic_fetch_add(&t.in_time, 1);
			return;
		}
		rte_pause();
	}
}

static void
send_aimed(bool must_be_there)
{
	send_frame(AIMED);
	if (t.has_wire && (must_be_there || next_random() % 4 == 0))
		await_wire(atomic_load(&t.senders[AIMED].sent));
}

static void
handle_message(struct rouse_worker *w, void *arg)
{
	(void)w;
	(void)arg;
	atomic_fetch_add(&t.carriers, 1);
}

static void
send_carrier(void)
{
	atomic_fetch_add(&t.carriers_sent, 1);
	CHECK(rouse_worker_post(t.worker, handle_message, NULL) == 0, "inbox full");
}

/* ---- windows ---- */

static void
worker_window(enum rouse_window window)
{
	bool eager = t.spells && atomic_load(&t.senders[AIMED].sent) % SPELL < SPELL / 2;
	bool is_aim = window == t.aim || window == t.rare_aim;

	if (!atomic_load(&t.inject))
		return;
	is_injecting = true;
	if (is_aim && waiting(AIMED) == 0) {
		atomic_fetch_add(&t.hits[window], 1);
		if (window == t.aim && ++t.aim == ROUSE_NB_WINDOWS)
			t.aim = FIRST_AIM;
		if (window == t.rare_aim && ++t.rare_aim == FIRST_AIM)
			t.rare_aim = FIRST_C_WINDOW;
		send_aimed(false);
	} else if (eager && waiting(AIMED) < MAX_WAITING) {
		send_aimed(true); /* work in each round, or the worker never polls */
		rte_delay_us_block(EAGER_US);
	} else if (window == ROUSE_WINDOW_C_LOOKED && waiting(AIMED) == 0) {
		/* the spells are counted in frames, so these must go on */
		if (t.spells)
			send_aimed(false);
		if (atomic_load(&t.carriers) == atomic_load(&t.carriers_sent))
			send_carrier();
	}
	is_injecting = false;
}

/* The wire thread: hold it until the worker's state changes, or a while; mostly not at all, as the
 * shortest ways are windows, too. */
static void
wire_window(enum rouse_window window)
{
	struct rouse_attn *a = &t.worker->attn;
	uint64_t sent = atomic_load(&t.senders[AIMED].sent), hold;
	uint32_t before = atomic_load(&a->state);

	atomic_fetch_add(&t.wire_hits[window], 1);
	if (window == ROUSE_WINDOW_C_ARMED)
		t.looked_at = sent;
	if (window == ROUSE_WINDOW_C_LOOKED)
		atomic_store(&t.delivered, t.looked_at);
	hold = next_random();
	hold = hold % 8 == 0 ? hold / 8 % MAX_HOLD : 0;
	for (uint64_t i = 0; i < hold && atomic_load(&a->state) == before; i++)
		rte_pause();
}

void
rouse_window(enum rouse_window window)
{
	unsigned int lcore = rte_lcore_id();

	if (is_injecting || is_outside || t.worker == NULL)
		return;
	if (lcore == STRESS_WORKER_LCORE && window >= FIRST_C_WINDOW)
		worker_window(window);
	else if (lcore == LCORE_ID_ANY && t.has_wire)
		wire_window(window);
}

/* ---- the worker's handler ---- */

static void
handle_frames(void *arg, uint16_t port, uint16_t queue, struct rte_mbuf **pkts, uint16_t nb)
{
	(void)arg;
	(void)port;
	(void)queue;
	for (uint16_t i = 0; i < nb; i++) {
		const struct frame *f = rte_pktmbuf_mtod(pkts[i], const struct frame *);
		uint8_t id = f->payload[sizeof(f->payload) - 1];

		CHECK(pkts[i]->pkt_len == sizeof(*f) && id < NB_SENDERS, "not a frame of ours");
		CHECK(waiting(id) > 0, "a frame more than were sent");
		atomic_fetch_add(&t.senders[id].handled, 1);
	}
	rte_pktmbuf_free_bulk(pkts, nb);
}

/* ---- the outside sender ---- */

static void *
outside_main(void *arg)
{
	(void)arg;
	is_outside = true;
	while (!atomic_load(&t.stop_outside)) {
		uint64_t random = next_random();
		uint64_t until = rte_rdtsc() + random % MAX_DELAY;

		while (rte_rdtsc() < until)
			rte_pause();
		send_frame(OUTSIDE);
		/* a lost wake-up leaves it here for ever, and the watchdog speaks */
		while (waiting(OUTSIDE) != 0)
			sched_yield();
	}
	return NULL;
}

/* ---- ports ---- */

static void
start_port(uint16_t port, const struct rte_eth_conf *conf)
{
	CHECK(rte_eth_dev_configure(port, NB_QUEUES, NB_QUEUES, conf) == 0, "configure");
	for (uint16_t q = 0; q < NB_QUEUES; q++) {
		CHECK(rte_eth_rx_queue_setup(port, q, NB_DESC, SOCKET_ID_ANY, NULL, t.pool) == 0,
		      "Rx queue");
		CHECK(rte_eth_tx_queue_setup(port, q, NB_DESC, SOCKET_ID_ANY, NULL) == 0,
		      "Tx queue");
	}
	CHECK(rte_eth_dev_start(port) == 0, "start");
}

static uint16_t
make_port(const char *name, const char *args)
{
	uint16_t port;

	CHECK(rte_vdev_init(name, args) == 0, "%s,%s", name, args);
	CHECK(rte_eth_dev_get_port_by_name(name, &port) == 0, "%s", name);
	return port;
}

static void
start_evnic(void)
{
	const struct rte_eth_conf conf = {
		.lpbk_mode = 1,
		.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS,
		.rx_adv_conf.rss_conf.rss_hf = RTE_ETH_RSS_NONFRAG_IPV4_UDP,
	};

	t.has_wire = true;
	t.rx_port = t.tx_port = make_port("net_evnic0", "");
	start_port(t.rx_port, &conf);
}

static void
await_link(uint16_t port)
{
	struct rte_eth_link link;

	do {
		CHECK(rte_eth_link_get_nowait(port, &link) == 0, "link");
		sched_yield();
	} while (link.link_status != RTE_ETH_LINK_UP);
}

/* The device first: it listens, and the driver connects. */
static void
start_virtio_user(void)
{
	const struct rte_eth_conf of_device = { .rxmode.mq_mode = RTE_ETH_MQ_RX_NONE };
	const struct rte_eth_conf of_driver = {
		.rxmode.mq_mode = RTE_ETH_MQ_RX_NONE,
		.intr_conf.rxq = 1,
	};
	char folder[] = "/tmp/rouse-vhost-XXXXXX", path[64], args[128];

	CHECK(mkdtemp(folder) != NULL, "%s", folder);
	snprintf(path, sizeof(path), "%s/socket", folder);
	snprintf(args, sizeof(args), "iface=%s,queues=%d", path, NB_QUEUES);
	t.tx_port = make_port("net_vhost0", args);
	start_port(t.tx_port, &of_device);
	snprintf(args, sizeof(args), "path=%s,queues=%d", path, NB_QUEUES);
	t.rx_port = make_port("net_virtio_user0", args);
	start_port(t.rx_port, &of_driver);
	await_link(t.tx_port);
	unlink(path);
	rmdir(folder);
}

/* ---- phases ---- */

static void
set_up(enum rouse_worker_mode mode, bool inject)
{
	struct rouse_worker *w = stress_worker(mode, 0);

	memset(t.senders, 0, sizeof(t.senders));
	atomic_store(&t.delivered, 0);
	for (uint16_t q = 0; q < NB_QUEUES; q++)
		CHECK(rouse_worker_ethdev_add(w, t.rx_port, q, handle_frames, NULL) == 0, "add");
	t.spells = mode == ROUSE_WORKER_HYBRID;
	t.aim = FIRST_AIM;
	t.rare_aim = FIRST_C_WINDOW;
	atomic_store(&t.inject, inject);
	t.worker = w;
	stress_run(w);
}

static void
tear_down(const char *phase)
{
	struct rouse_worker_stats s;

	atomic_store(&t.inject, false);
	/* it may be in a window, about to send one more: not when it has run a message */
	send_carrier();
	stress_wait(t.worker, &t.carriers, atomic_load(&t.carriers_sent), phase);
	for (unsigned int i = 0; i < NB_SENDERS; i++)
		stress_wait(t.worker, &t.senders[i].handled, atomic_load(&t.senders[i].sent),
			    phase);
	stress_stop(t.worker);
	rouse_worker_stats_get(t.worker, &s);
	printf("%s: parks %" PRIu64 ", blocked and woken %" PRIu64 ", recheck hits %" PRIu64
	       ", spurious %" PRIu64 ", rounds polled %" PRIu64 ", arms %" PRIu64
	       ", rescues %" PRIu64 "; frames aimed %" PRIu64 ", outside %" PRIu64 "\n",
	       phase, s.parks, s.wakes, s.recheck_hits, s.spurious_wakes, s.poll_rounds, s.arms,
	       s.rescues, atomic_load(&t.senders[AIMED].handled),
	       atomic_load(&t.senders[OUTSIDE].handled));
	CHECK(s.rescues == 0, "%" PRIu64 " rescues", s.rescues);
	/* a sleep with a limit would hide what is lost */
	CHECK(s.timer_wakes == 0 && s.arm_errors == 0, "%" PRIu64 " sleeps were timed",
	      s.timer_wakes);
	CHECK(t.has_wire == (s.arms == 0), "it is the other kind of source");
	rouse_worker_destroy(t.worker);
}

static uint64_t
parks(void)
{
	struct rouse_worker_stats stats;

	rouse_worker_stats_get(t.worker, &stats);
	return stats.parks;
}

/* Of the worker's, each; of the wire's, those of the producer. */
static bool
is_window_met(unsigned int i)
{
	if (i >= FIRST_C_WINDOW)
		return atomic_load(&t.hits[i]) > 1;
	return !t.has_wire || atomic_load(&t.wire_hits[i]) > 1;
}

static bool
is_every_window_met(void)
{
	for (unsigned int i = 0; i < ROUSE_NB_WINDOWS; i++)
		if (!is_window_met(i))
			return false;
	return true;
}

/* The last phase goes on until every window was met: the way from POLL to ATTEND is rare, and
 * rarer where the threads share a processor with others. */
static void
run_phase(const char *name, enum rouse_worker_mode mode, bool inject, bool outside, uint64_t cycles)
{
	pthread_t thread;

	set_up(mode, inject);
	atomic_store(&t.stop_outside, false);
	if (outside)
		CHECK(pthread_create(&thread, NULL, outside_main, NULL) == 0, "no thread");
	for (uint64_t target = 100;
	     parks() < cycles || (mode == ROUSE_WORKER_HYBRID && !is_every_window_met());
	     target += 100) {
		if (outside)
			stress_wait(t.worker, &t.senders[OUTSIDE].handled, target, name);
		if (inject)
			stress_wait(t.worker, &t.senders[AIMED].handled, target, name);
	}
	atomic_store(&t.stop_outside, true);
	if (outside)
		pthread_join(thread, NULL);
	tear_down(name);
}

static void
check_windows(void)
{
	for (unsigned int i = 0; i < ROUSE_NB_WINDOWS; i++) {
		uint64_t hits = atomic_load(&t.hits[i]), wire_hits = atomic_load(&t.wire_hits[i]);

		printf("window %2u: %" PRIu64 " frames aimed, %" PRIu64 " times the wire's\n", i,
		       hits, wire_hits);
		CHECK(is_window_met(i), "window %u was never met", i);
	}
	if (t.has_wire)
		printf("delivered and signalled within the window: %" PRIu64 " of %" PRIu64 "\n",
		       atomic_load(&t.in_time), atomic_load(&t.awaited));
	CHECK(!t.has_wire || atomic_load(&t.in_time) > 1, "the wire was never in time");
}

/* The last one first: net_virtio_user writes to its peer as it closes. */
static void
close_ports(void)
{
	for (uint16_t port = RTE_MAX_ETHPORTS; port-- > 0;) {
		if (!rte_eth_dev_is_valid_port(port))
			continue;
		rte_eth_dev_stop(port);
		rte_eth_dev_close(port);
	}
}

int
main(int argc, char **argv)
{
	uint64_t cycles = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;
	const char *const no_vdevs[] = { NULL };

	CHECK(cycles > 0, "usage: stress_port evnic|virtio_user PARK_CYCLES [SEED]");
	t.seed = argc > 3 ? strtoull(argv[3], NULL, 10) : 88172645463325252u;
	printf("seed %" PRIu64 "\n", t.seed);
	stress_init(argv[0], no_vdevs);
	t.pool = rte_pktmbuf_pool_create("pool", 8191, 64, 0, RTE_MBUF_DEFAULT_BUF_SIZE,
					 SOCKET_ID_ANY);
	CHECK(t.pool != NULL, "no memory");
	if (strcmp(argv[1], "evnic") == 0)
		start_evnic();
	else
		start_virtio_user();
	run_phase("aimed", ROUSE_WORKER_INTERRUPT, true, false, cycles * 4 / 10);
	run_phase("outside", ROUSE_WORKER_INTERRUPT, false, true, cycles * 3 / 10);
	run_phase("both", ROUSE_WORKER_INTERRUPT, true, true, cycles * 2 / 10);
	run_phase("hybrid", ROUSE_WORKER_HYBRID, true, true, cycles / 10);
	close_ports();
	check_windows();
	return 0;
}
