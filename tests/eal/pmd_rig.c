/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <rte_alarm.h>
#include <rte_bus_vdev.h>
#include <rte_dev.h>
#include <rte_eal.h>
#include <rte_eth_ring.h>
#include <rte_ether.h>
#include <rte_log.h>
#include <rte_ring.h>

#include "pmd_rig.h"

#define NB_DESC 256
#define MAX_LOG (1 << 20) /* of many changes */
#define NAP_US	20
#define RINGS	"rings" /* two ports of net_ring, cross-connected: they are no devices */
/* where the addresses of NICs are */
#define NEAR_NIC "ROUSE_NEAR_NIC"
#define FAR_NIC	 "ROUSE_FAR_NIC"
#define NIC_PMD	 "ROUSE_NIC_PMD" /* a plugin with their driver, if DPDK's is not to be theirs */

/* "%s" is the folder of the test. */
static const struct pmd_kind kinds[] = {
	{ .name = "evnic",
	  .rx = "net_evnic0,cable=net_evnic1",
	  .tx = "net_evnic1,cable=net_evnic0",
	  .wake = PMD_HANDSHAKE },
	{ .name = "vhost",
	  .rx = "net_vhost0,iface=%s/socket",
	  .tx = "net_virtio_user0,path=%s/socket",
	  .wake = PMD_INTERRUPT,
	  .is_deaf = true },
	{ .name = "virtio_user",
	  .rx = "net_virtio_user0,path=%s/socket",
	  .tx = "net_vhost0,iface=%s/socket",
	  .wake = PMD_INTERRUPT,
	  .tx_first = true },
	{ .name = "tap",
	  .rx = "net_tap0,iface=dtap0",
	  .socket = "dtap0",
	  .wake = PMD_READABLE,
	  .needs_netns = true },
	{ .name = "af_packet",
	  .rx = "net_af_packet0,iface=near",
	  .tx = "net_af_packet1,iface=far",
	  .wake = PMD_TIMED,
	  .needs_netns = true },
	{ .name = "pcap",
	  .rx = "net_pcap0,iface=near",
	  .tx = "net_pcap1,iface=far",
	  .wake = PMD_TIMED,
	  .needs_netns = true },
	{ .name = "null", .rx = "net_null0,size=64", .wake = PMD_TIMED, .never_idle = true },
	{ .name = "ring", .rx = RINGS, .tx = RINGS, .wake = PMD_TIMED, .has_no_pool = true },
	{ .name = "memif",
	  .rx = "net_memif0,role=server,id=0,socket-abstract=no,socket=%s/socket",
	  .tx = "net_memif1,role=client,id=0,socket-abstract=no,socket=%s/socket",
	  .wake = PMD_TIMED,
	  .ends_as_peer = true },
	/* whichever driver is for it */
	{ .name = "nic",
	  .rx = NEAR_NIC,
	  .tx = FAR_NIC,
	  .wake = PMD_INTERRUPT,
	  .is_nic = true,
	  .mode = "--vfio-intr=msix" },
	{ .name = "nic_msi",
	  .rx = NEAR_NIC,
	  .tx = FAR_NIC,
	  .wake = PMD_INTERRUPT,
	  .is_nic = true,
	  .mode = "--vfio-intr=msi" },
	/* one whose interrupts do not come */
	{ .name = "nic_timed",
	  .rx = NEAR_NIC,
	  .tx = FAR_NIC,
	  .wake = PMD_TIMED,
	  .is_nic = true,
	  .mode = "--vfio-intr=msix",
	  .remedy = "--vfio-intr=msi" },
};

static char folder[] = "/tmp/rouse.XXXXXX";

const struct pmd_kind *
pmd_find(const char *name)
{
	for (unsigned int i = 0; i < UNIT_DIM(kinds); i++)
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	return NULL;
}

/* ---- the namespace ---- */

static void
run(const char *command)
{
	if (system(command) != 0) {
		printf("Bail out! it failed: %s\n", command);
		exit(1);
	}
}

const char *
pmd_missing(const struct pmd_kind *kind)
{
	if (kind->is_nic && (getenv(NEAR_NIC) == NULL || getenv(FAR_NIC) == NULL))
		return NEAR_NIC " and " FAR_NIC " have to name two NICs";
	if (!kind->needs_netns)
		return NULL;
	if (unshare(CLONE_NEWNET) != 0)
		return "a network namespace needs privileges";
	if (strcmp(kind->name, "tap") == 0 && access("/dev/net/tun", R_OK | W_OK) != 0)
		return "/dev/net/tun is not there, or not ours";
	if (system("PATH=$PATH:/usr/sbin:/sbin ip link set dev lo up") != 0)
		return "iproute2's ip is not there";
	run("for f in all default; do echo 1 > /proc/sys/net/ipv6/conf/$f/disable_ipv6; done "
	    "2>/dev/null || true");
	if (strcmp(kind->name, "tap") != 0)
		run("PATH=$PATH:/usr/sbin:/sbin; ip link add dev near type veth peer name far && "
		    "ip link set dev near up && ip link set dev far up");
	return NULL;
}

/* ---- what is logged ---- */

static struct {
	pthread_mutex_t lock;
	char text[MAX_LOG];
	size_t len;
} log_seen = { .lock = PTHREAD_MUTEX_INITIALIZER };

static ssize_t
write_log(void *cookie, const char *text, size_t size)
{
	size_t room;

	pthread_mutex_lock(&log_seen.lock);
	/* net_vhost says so much that there is no room for all of it */
	room = memmem(text, size, "worker: ", 8) == NULL ? 0 : MAX_LOG - 1 - log_seen.len;
	memcpy(log_seen.text + log_seen.len, text, size < room ? size : room);
	log_seen.len += size < room ? size : room;
	pthread_mutex_unlock(&log_seen.lock);
	return (ssize_t)fwrite(text, 1, size, stderr);
}

static void
open_log(void)
{
	static const cookie_io_functions_t functions = { .write = write_log };
	FILE *stream = fopencookie(NULL, "w", functions);

	assert_non_null(stream);
	setvbuf(stream, NULL, _IOLBF, 0);
	rte_openlog_stream(stream);
}

unsigned int
pmd_nb_lines(const char *words)
{
	unsigned int nb = 0;

	pthread_mutex_lock(&log_seen.lock);
	for (const char *at = log_seen.text; (at = strstr(at, words)) != NULL; nb++) {
		at = strchr(at, '\n');
		if (at == NULL)
			break;
	}
	pthread_mutex_unlock(&log_seen.lock);
	return nb;
}

/* ---- ports ---- */

static int
init_eal(const struct pmd_kind *kind, const char *program)
{
	char name[64], lcores[64] = "0@(";
	char *argv[] = { name,	     "--no-telemetry", "--no-shconf", "-m",	 "192",
			 "--lcores", lcores,	       "--no-huge",   "--no-pci" };
	char *nic_argv[] = { name,
			     "--no-telemetry",
			     "--no-shconf",
			     "-m",
			     "192",
			     "--lcores",
			     lcores,
			     "-a",
			     getenv(NEAR_NIC),
			     "-a",
			     getenv(FAR_NIC),
			     (char *)(uintptr_t)kind->mode,
			     "-d",
			     getenv(NIC_PMD) };
	int nb_nic_args = (int)UNIT_DIM(nic_argv) - (getenv(NIC_PMD) == NULL ? 2 : 0);
	cpu_set_t cpus;
	size_t len = strlen(lcores);

	/* this thread is not kept on one processor, nor are those that it makes */
	sched_getaffinity(0, sizeof(cpus), &cpus);
	for (int cpu = 0, nb = 0; cpu < CPU_SETSIZE && nb < 4; cpu++)
		if (CPU_ISSET(cpu, &cpus))
			len += (size_t)snprintf(lcores + len, sizeof(lcores) - len, "%s%d",
						nb++ == 0 ? "" : ",", cpu);
	snprintf(lcores + len, sizeof(lcores) - len, ")");
	snprintf(name, sizeof(name), "%s", program);
	if (kind->is_nic)
		return rte_eal_init(nb_nic_args, nic_argv);
	return rte_eal_init((int)UNIT_DIM(argv), argv);
}

/* The other end of the ring port that was made before. */
static uint16_t
make_ring_port(void)
{
	static struct rte_ring *rings[2];
	static unsigned int nb;
	int port;

	if (nb == 0) {
		rings[0] = rte_ring_create("a", NB_DESC, SOCKET_ID_ANY, 0);
		rings[1] = rte_ring_create("b", NB_DESC, SOCKET_ID_ANY, 0);
		assert_true(rings[0] != NULL && rings[1] != NULL);
	}
	port = rte_eth_from_rings(nb == 0 ? "one" : "other", &rings[nb], 1, &rings[!nb], 1, 0);
	assert_true(port >= 0);
	nb++;
	return (uint16_t)port;
}

/* A NIC is there from the start, unless it was removed. */
static uint16_t
make_nic_port(const char *address)
{
	uint16_t port;

	if (rte_eth_dev_get_port_by_name(address, &port) != 0)
		assert_int_equal(rte_dev_probe(address), 0);
	assert_int_equal(rte_eth_dev_get_port_by_name(address, &port), 0);
	return port;
}

uint16_t
pmd_make_port(const char *device)
{
	char text[256], *args;
	uint16_t port;

	if (strcmp(device, RINGS) == 0)
		return make_ring_port();
	if (getenv(device) != NULL)
		return make_nic_port(getenv(device));
	snprintf(text, sizeof(text), device, folder);
	args = strchr(text, ',');
	if (args != NULL)
		*args++ = '\0';
	assert_int_equal(rte_vdev_init(text, args), 0);
	assert_int_equal(rte_eth_dev_get_port_by_name(text, &port), 0);
	return port;
}

/* Who only sends asks for no interrupt: net_virtio_user, when it goes, closes the fds of its
 * interrupts twice, and the second time they may be somebody else's. */
void
pmd_set_up(uint16_t port, struct rte_mempool *pool, bool receives)
{
	struct rte_eth_conf conf = { .intr_conf.rxq = receives };
	uint16_t nb_rxd = NB_DESC, nb_txd = NB_DESC;
	int ret = rte_eth_dev_configure(port, 1, 1, &conf);

	if (ret == -ENOTSUP) {
		conf.intr_conf.rxq = 0;
		ret = rte_eth_dev_configure(port, 1, 1, &conf);
	}
	assert_int_equal(ret, 0);
	assert_int_equal(rte_eth_dev_adjust_nb_rx_tx_desc(port, &nb_rxd, &nb_txd), 0);
	assert_int_equal(rte_eth_rx_queue_setup(port, 0, nb_rxd, 0, NULL, pool), 0);
	assert_int_equal(rte_eth_tx_queue_setup(port, 0, nb_txd, 0, NULL), 0);
}

void
pmd_start_port(uint16_t port)
{
	assert_int_equal(rte_eth_dev_start(port), 0);
	rte_eth_promiscuous_enable(port); /* not every driver has it */
}

void
pmd_open_socket(struct pmd_rig *r)
{
	const struct sockaddr_ll to = {
		.sll_family = AF_PACKET,
		.sll_ifindex = (int)if_nametoindex(r->kind->socket),
	};

	if (r->sock >= 0)
		close(r->sock);
	r->sock = socket(AF_PACKET, SOCK_RAW, 0);
	assert_true(r->sock >= 0 && to.sll_ifindex != 0);
	assert_int_equal(bind(r->sock, (const struct sockaddr *)&to, sizeof(to)), 0);
}

static bool
is_up(uint16_t port)
{
	struct rte_eth_link link;

	return rte_eth_link_get_nowait(port, &link) == 0 && link.link_status == RTE_ETH_LINK_UP;
}

void
pmd_yield(const struct pmd_rig *r)
{
	if (r->kind->is_nic)
		usleep(NAP_US);
	else
		sched_yield();
}

void
pmd_wait_up(const struct pmd_rig *r)
{
	while (r->kind->tx != NULL && !(is_up(r->rx) && is_up(r->tx)))
		pmd_yield(r);
}

static uint16_t
make_end(const char *device, struct rte_mempool *pool, bool receives)
{
	uint16_t port = pmd_make_port(device);

	pmd_set_up(port, pool, receives);
	pmd_start_port(port);
	return port;
}

static void
make_ports(struct pmd_rig *r)
{
	const struct pmd_kind *k = r->kind;

	if (k->tx_first)
		r->tx = make_end(k->tx, r->tx_pool, false);
	r->rx = make_end(k->rx, r->pool, true);
	if (k->tx != NULL && !k->tx_first)
		r->tx = make_end(k->tx, r->tx_pool, false);
	if (k->socket != NULL)
		pmd_open_socket(r);
	pmd_wait_up(r);
}

void
pmd_open(struct pmd_rig *r, const struct pmd_kind *kind, const char *program)
{
	const struct rouse_worker_conf conf = {
		.name = kind->name,
		.socket_id = SOCKET_ID_ANY,
		.timed_us = PMD_TIMED_US,
	};

	memset(r, 0, sizeof(*r));
	r->kind = kind;
	r->sock = -1;
	r->tx = r->rx = RTE_MAX_ETHPORTS;
	signal(SIGPIPE, SIG_IGN); /* net_virtio_user writes to a peer that is gone */
	assert_non_null(mkdtemp(folder));
	assert_true(init_eal(kind, program) >= 0);
	open_log();
	/* without a cache: what is free is free for everybody */
	r->pool = rte_pktmbuf_pool_create("rx", PMD_MBUFS, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE,
					  SOCKET_ID_ANY);
	r->tx_pool = rte_pktmbuf_pool_create("tx", PMD_MBUFS, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE,
					     SOCKET_ID_ANY);
	assert_true(r->pool != NULL && r->tx_pool != NULL);
	make_ports(r);
	r->worker = rouse_worker_create(&conf);
	assert_non_null(r->worker);
}

static void
say_done(void *arg)
{
	atomic_store((atomic_bool *)arg, true);
}

/* The peer has gone. Net_memif frees what it shares with it on EAL's interrupt thread, and to stop
 * the port meanwhile frees that twice. */
static void
await_end_as_peer(uint16_t port)
{
	struct rte_eth_link link;
	atomic_bool is_done = false;

	do {
		usleep(NAP_US);
		assert_int_equal(rte_eth_link_get_nowait(port, &link), 0);
	} while (link.link_status == RTE_ETH_LINK_UP);
	/* the thread does one thing after the other */
	assert_int_equal(rte_eal_alarm_set(1, say_done, &is_done), 0);
	while (!atomic_load(&is_done))
		usleep(NAP_US);
}

void
pmd_close(struct pmd_rig *r)
{
	char command[64];

	rouse_worker_destroy(r->worker);
	/* who came last goes first */
	for (uint16_t port = RTE_MAX_ETHPORTS; port-- > 0;) {
		if (!rte_eth_dev_is_valid_port(port))
			continue;
		rte_eth_dev_stop(port);
		rte_eth_dev_close(port);
		if (r->kind->ends_as_peer && port == r->tx)
			await_end_as_peer(r->rx);
	}
	if (r->sock >= 0)
		close(r->sock);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	run(command);
}
