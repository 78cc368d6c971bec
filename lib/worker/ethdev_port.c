/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * What a worker must know of a port and ethdev does not say: whether it is started, how its packets
 * can be waited for, and when that may have changed. It is found out when a queue is added, and
 * said in one line a port.
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <rte_alarm.h>
#include <rte_ethdev.h>

#include "worker.h"

#define QUEUES_OF_WORD 64
#define SAID_SHARED    (UINT32_C(1) << 31)
#define SAID_DEAF      (UINT32_C(1) << 30)

static struct {
	uint64_t queues[RTE_MAX_QUEUES_PER_PORT /
			QUEUES_OF_WORD]; /* that workers have, a bit each */
	uint32_t nb_queues;		 /* bits that are set */
	uint32_t said;			 /* a bit for each enum ethdev_wake, and SAID_* */
} ports[RTE_MAX_ETHPORTS];

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of these */

/* ---- producers of the handshake ---- */

/* Ports have one control thread at a time, whichever worker it is about. */
static pthread_mutex_t binding = PTHREAD_MUTEX_INITIALIZER;

int
ethdev_bind(struct source *s, const struct rouse_attn_owner *owner, uint64_t *rings)
{
	const struct rouse_attn_port *port = &s->ethdev.port;
	int ret;

	pthread_mutex_lock(&binding);
	ret = port->ops->bind(port->ctx, s->ethdev.queue, owner, rings);
	pthread_mutex_unlock(&binding);
	return ret;
}

void
ethdev_unbind(struct source *s)
{
	pthread_mutex_lock(&binding);
	s->ethdev.port.ops->unbind(s->ethdev.port.ctx, s->ethdev.queue);
	pthread_mutex_unlock(&binding);
}

/* ---- drivers that choose a queue's vector ---- */

/* Let the driver know whose the queue's interrupt is, and learn how it comes. 0; -ENOTSUP: it has
 * none, which is no error; or the driver's -errno */
int
ethdev_assign(struct source *s, const struct rouse_attn_owner *owner)
{
	const struct rouse_attn_port *port = &s->ethdev.port;
	struct rouse_attn_intr intr;
	int ret;

	pthread_mutex_lock(&binding);
	ret = port->ops->assign(port->ctx, s->ethdev.queue, owner, &intr);
	pthread_mutex_unlock(&binding);
	if (ret != 0)
		return ret;
	s->ethdev.is_assigned = true;
	s->ethdev.fd = intr.fd;
	s->ethdev.msix = intr.vector;
	return 0;
}

void
ethdev_unassign(struct source *s)
{
	if (!s->ethdev.is_assigned)
		return;
	s->ethdev.is_assigned = false;
	pthread_mutex_lock(&binding);
	s->ethdev.port.ops->release(s->ethdev.port.ctx, s->ethdev.queue);
	pthread_mutex_unlock(&binding);
}

/* ---- what ethdev does not say ---- */

/*
 * The function behind rte_eth_rx_burst() of a port that is not started is one of ethdev's own. It
 * cannot be named, but before there is a port it is that of all.
 */
static eth_rx_burst_t burst_of_none;

RTE_INIT(remember_burst_of_none)
{
	burst_of_none = rte_eth_fp_ops[0].rx_pkt_burst;
}

bool
ethdev_is_started(uint16_t port)
{
	return rte_eth_fp_ops[port].rx_pkt_burst != burst_of_none;
}

/* Can a queue be added? 0; -ENODEV, -EINVAL, -ENETDOWN, after one line */
int
ethdev_check_queue(const struct rouse_worker *w, uint16_t port, uint16_t queue)
{
	struct rte_eth_dev_info info;

	if (!rte_eth_dev_is_valid_port(port) || rte_eth_dev_info_get(port, &info) != 0) {
		WORKER_LOG(ERR, "%s: there is no port %u", w->name, port);
		return -ENODEV;
	}
	if (queue >= info.nb_rx_queues) {
		WORKER_LOG(ERR, "%s: port %u has no Rx queue %u, it has %u", w->name, port, queue,
			   info.nb_rx_queues);
		return -EINVAL;
	}
	if (!ethdev_is_started(port)) {
		WORKER_LOG(ERR, "%s: port %u is not started; start it, then add its queues",
			   w->name, port);
		return -ENETDOWN;
	}
	return 0;
}

/*
 * The fd of a queue whose interrupt cannot be enabled, as net_tap's, or -1. That there is none
 * ethdev says as an error, and nothing else tells it: so its log is held back meanwhile. What
 * another thread has ethdev say in this moment is lost.
 */
static int
quiet_fd(uint16_t port, uint16_t queue)
{
	int type = rte_log_register("lib.ethdev"), level, fd;

	if (type < 0)
		return rte_eth_dev_rx_intr_ctl_q_get_fd(port, queue);
	level = rte_log_get_level((uint32_t)type);
	rte_log_set_level((uint32_t)type, RTE_LOG_CRIT);
	fd = rte_eth_dev_rx_intr_ctl_q_get_fd(port, queue);
	rte_log_set_level((uint32_t)type, (uint32_t)level);
	return fd;
}

/* Does the kernel say of the fd: an epoll set, and there is nothing in it? */
static bool
is_empty_epoll_set(int fd)
{
	char path[64], text[64];
	bool is_empty = true;
	ssize_t len;
	FILE *info;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	len = readlink(path, text, sizeof(text) - 1);
	text[RTE_MAX(len, 0)] = '\0';
	if (strcmp(text, "anon_inode:[eventpoll]") != 0)
		return false;
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	info = fopen(path, "r");
	if (info == NULL)
		return false;
	while (fgets(text, sizeof(text), info) != NULL)
		is_empty &= strncmp(text, "tfd:", 4) != 0;
	fclose(info);
	return is_empty;
}

/*
 * net_vhost's fd is an epoll set with the guest's eventfd in it. When the port is stopped and
 * started it makes a new set and, believing that the eventfd is in it, puts nothing in (22.11). No
 * packet would ever wake. While there is no guest the set is rightly empty: one that comes brings
 * the link up.
 */
static bool
is_deaf(uint16_t port, int fd)
{
	struct rte_eth_link link;

	return is_empty_epoll_set(fd) && rte_eth_link_get_nowait(port, &link) == 0 &&
	       link.link_status == RTE_ETH_LINK_UP;
}

/* The fd of a queue that can be waited for; negative: there is none. */
int
ethdev_find_fd(uint16_t port, uint16_t queue, bool has_interrupt)
{
	int fd = has_interrupt ? rte_eth_dev_rx_intr_ctl_q_get_fd(port, queue)
			       : quiet_fd(port, queue);

	return fd >= 0 && is_deaf(port, fd) ? -1 : fd;
}

/* How packets of a queue that is no handshake producer can be waited for, and by which fd. An
 * interrupt is enabled then. */
enum ethdev_wake
ethdev_probe(uint16_t port, uint16_t queue, int *fd)
{
	int ret;

	/* net_vmxnet3 writes where no vector is (22.11), unless it is asked for the fd before */
	*fd = quiet_fd(port, queue);
	if (*fd < 0)
		return ETHDEV_WAKE_TIMED;
	ret = rte_eth_dev_rx_intr_enable(port, queue);
	*fd = ret == 0 || ret == -ENOTSUP ? ethdev_find_fd(port, queue, ret == 0) : -1;
	if (*fd >= 0)
		return ret == 0 ? ETHDEV_WAKE_INTERRUPT : ETHDEV_WAKE_READABLE;
	if (ret == 0)
		rte_eth_dev_rx_intr_disable(port, queue);
	return ETHDEV_WAKE_TIMED;
}

/*
 * net_tap reads after a signal, which comes with each packet that its kernel queue has room for.
 * Once that is full, as there was no mbuf for a while, none will come, ever. So the process is sent
 * the one that the fd asks for, if there is a handler.
 */
void
ethdev_send_missed_signal(int fd)
{
	int sig = fcntl(fd, F_GETSIG), flags = fcntl(fd, F_GETFL);
	struct sigaction now;

	if (sig < 0 || flags < 0 || (flags & O_ASYNC) == 0)
		return;
	if (sig == 0)
		sig = SIGIO;
	if (sigaction(sig, NULL, &now) == 0 && now.sa_handler != SIG_DFL &&
	    now.sa_handler != SIG_IGN)
		kill(getpid(), sig);
}

/* A worker has the queue from here on. 0; -EBUSY: one has it already */
int
ethdev_hold(uint16_t port, uint16_t queue)
{
	uint64_t *word = &ports[port].queues[queue / QUEUES_OF_WORD];
	uint64_t bit = UINT64_C(1) << queue % QUEUES_OF_WORD;
	int ret = 0;

	pthread_mutex_lock(&lock);
	if ((*word & bit) != 0) {
		ret = -EBUSY;
	} else {
		*word |= bit;
		ports[port].nb_queues++;
	}
	pthread_mutex_unlock(&lock);
	return ret;
}

void
ethdev_release(uint16_t port, uint16_t queue)
{
	pthread_mutex_lock(&lock);
	ports[port].queues[queue / QUEUES_OF_WORD] &= ~(UINT64_C(1) << queue % QUEUES_OF_WORD);
	if (--ports[port].nb_queues == 0)
		ports[port].said = 0;
	pthread_mutex_unlock(&lock);
}

static bool
is_new(uint16_t port, uint32_t bit)
{
	bool is_new;

	pthread_mutex_lock(&lock);
	is_new = (ports[port].said & bit) == 0;
	ports[port].said |= bit;
	pthread_mutex_unlock(&lock);
	return is_new;
}

/* It holds no longer for a queue of the port: say it when it does again. */
void
ethdev_unsay(uint16_t port, enum ethdev_wake wake)
{
	pthread_mutex_lock(&lock);
	ports[port].said &= ~(UINT32_C(1) << wake);
	pthread_mutex_unlock(&lock);
}

/* Say how a worker is woken for a queue of the port, unless it was said. */
void
ethdev_say(uint16_t port, enum ethdev_wake wake, uint32_t timed_us)
{
	struct rte_eth_dev_info info;
	const char *driver = "?";

	if (!is_new(port, UINT32_C(1) << wake))
		return;
	if (rte_eth_dev_info_get(port, &info) == 0 && info.driver_name != NULL)
		driver = info.driver_name;
	switch (wake) {
	case ETHDEV_WAKE_HANDSHAKE:
		WORKER_LOG(NOTICE, "port %u (%s): the driver wakes the worker", port, driver);
		return;
	case ETHDEV_WAKE_INTERRUPT:
		WORKER_LOG(NOTICE, "port %u (%s): per-queue interrupt", port, driver);
		return;
	case ETHDEV_WAKE_READABLE:
		WORKER_LOG(NOTICE, "port %u (%s): readable file descriptor", port, driver);
		return;
	case ETHDEV_WAKE_TIMED:
		WORKER_LOG(NOTICE, "port %u (%s): no interrupt: looked at every %u us while asleep",
			   port, driver, timed_us);
		return;
	}
}

/* How many eventfds the queues of a port have. */
static uint16_t
count_interrupts(uint16_t port, uint16_t nb_queues)
{
	uint16_t nb = 0;

	for (uint16_t q = 0; q < nb_queues; q++) {
		int fd = rte_eth_dev_rx_intr_ctl_q_get_fd(port, q);
		uint16_t before = 0;

		while (before < q && rte_eth_dev_rx_intr_ctl_q_get_fd(port, before) != fd)
			before++;
		nb += before == q;
	}
	return nb;
}

/* Say that these queues of the port have one interrupt, unless it was said of others. */
void
ethdev_say_shared(uint16_t port, uint16_t first, uint16_t last)
{
	struct rte_eth_dev_info info;
	uint16_t nb;

	if (rte_eth_dev_info_get(port, &info) != 0 || !is_new(port, SAID_SHARED))
		return;
	nb = count_interrupts(port, info.nb_rx_queues);
	WORKER_LOG(NOTICE,
		   "port %u (%s): %u queues share %u interrupts: a packet for one of queues %u to "
		   "%u wakes every worker that has another; give these to one worker, or configure "
		   "%u queues",
		   port, info.driver_name != NULL ? info.driver_name : "?", info.nb_rx_queues, nb,
		   first, last, nb);
}

/* Say that none of the device's vectors signals the queue, unless it was said of another. The
 * driver asked for more of them than there are, and EAL went on without any (22.11). */
void
ethdev_say_deaf(uint16_t port, uint16_t queue, unsigned int nb_vectors)
{
	struct rte_eth_dev_info info;

	if (rte_eth_dev_info_get(port, &info) != 0 || !is_new(port, SAID_DEAF))
		return;
	WORKER_LOG(
		WARNING,
		"port %u (%s): queue %u has no interrupt: the device has %u vectors, one of them "
		"for other causes; configure at most %u Rx queues",
		port, info.driver_name != NULL ? info.driver_name : "?", queue, nb_vectors,
		nb_vectors > 2 ? nb_vectors - 1 : 1);
}

/* Say that a queue which shares its interrupt with another worker's is looked at by a timer. */
void
ethdev_say_opaque(uint16_t port, uint16_t queue)
{
	struct rte_eth_dev_info info;

	if (rte_eth_dev_info_get(port, &info) == 0)
		WORKER_LOG(
			WARNING,
			"port %u (%s): queue %u shares its interrupt with another worker's, and "
			"the driver does not count a queue's packets: it is looked at by a timer; "
			"give these queues to one worker",
			port, info.driver_name != NULL ? info.driver_name : "?", queue);
}

/*
 * These say that they have Rx interrupts, whichever the interrupts of the device are, and have them
 * with one kind only (22.11). net_e1000_em never tells the NIC which MSI-X vector of an 82574 is
 * for what (IVAR stays 0: none is); net_e1000_igb tells it which of the causes have vectors, and
 * none of them interrupts where there are none. No packet would ever wake.
 */
static const struct {
	const char *driver;
	bool has_msix;
	const char *what, *remedy;
} only[] = {
	{ "net_e1000_em", false, "leaves the MSI-X vectors of this NIC unused", "msi" },
	{ "net_e1000_igb", true, "has Rx interrupts with MSI-X only", "msix" },
};

/* True, after one line: the port is such a one. */
bool
ethdev_is_deaf_by(uint16_t port, bool is_msix)
{
	struct rte_eth_dev_info info;

	if (rte_eth_dev_info_get(port, &info) != 0 || info.driver_name == NULL)
		return false;
	for (unsigned int i = 0; i < RTE_DIM(only); i++) {
		if (strcmp(info.driver_name, only[i].driver) != 0 || only[i].has_msix == is_msix)
			continue;
		if (is_new(port, SAID_DEAF))
			WORKER_LOG(WARNING,
				   "port %u (%s): its driver %s, and no packet would interrupt; "
				   "start with --vfio-intr=%s, which is for all NICs",
				   port, info.driver_name, only[i].what, only[i].remedy);
		return true;
	}
	return false;
}

/* ---- when it may have changed ---- */

static void
pause_port(void *arg)
{
	rouse_worker_port_pause((uint16_t)(uintptr_t)arg);
}

static int
on_event(uint16_t port, enum rte_eth_event_type event, void *arg __rte_unused,
	 void *ret __rte_unused)
{
	switch (event) {
	case RTE_ETH_EVENT_DESTROY:
		worker_port_forget(port);
		break;
	case RTE_ETH_EVENT_INTR_RMV:
		/* not here: workers are waited for */
		rte_eal_alarm_set(1, pause_port, (void *)(uintptr_t)port);
		break;
	default:
		worker_port_renew(port);
	}
	return 0;
}

/* A link that comes up may have other eventfds behind it, and forgets what was armed: net_vhost's
 * is a guest that has come. Registered once for each port, however often it is asked for. */
void
ethdev_watch_link(uint16_t port)
{
	rte_eth_dev_callback_register(port, RTE_ETH_EVENT_INTR_LSC, on_event, NULL);
	rte_eth_dev_callback_register(port, RTE_ETH_EVENT_QUEUE_STATE, on_event, NULL);
}

/*
 * A device that is pulled out is still there for its driver: workers let go of it, and whoever
 * closes it finds it so. A port that goes takes its queues along. That is told when its driver has
 * closed it, so who closes it has stopped it, as rte_eth_dev_close() demands: only rte_dev_remove()
 * closes a port that is started, and then it is too late.
 */
void
ethdev_watch_end(uint16_t port)
{
	rte_eth_dev_callback_register(port, RTE_ETH_EVENT_INTR_RMV, on_event, NULL);
	rte_eth_dev_callback_register(port, RTE_ETH_EVENT_DESTROY, on_event, NULL);
}
