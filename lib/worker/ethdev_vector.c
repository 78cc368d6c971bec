/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * Interrupts of Rx queues that are no handshake producers. Where a device has fewer vectors than
 * queues, some share one, and with it an eventfd; their workers may be different ones. Each of
 * these has the eventfd in its epoll set, so an interrupt wakes all that sleep. Three things would
 * make a packet wait, though:
 *
 *   - Drivers mask the vector, not the queue: a worker that is awake again would stop the interrupt
 *     of one that sleeps. So the vector counts who armed it, and the last that disarms it masks it.
 *     An arming that came in between is seen after that, and its worker is woken, as what came
 *     while the vector was masked may be forgotten.
 *   - Some devices interrupt no more until the vector is masked (that of net_e1000_em with MSI:
 *     its driver reads the cause as it masks). Of two workers that sleep and wake by turns the last
 *     never comes. So who arms beside one that sleeps masks the vector and unmasks it, and then
 *     looks into the queues of that one, as what came meanwhile may be forgotten.
 *   - Drivers find the vector's mask bit by the queue's number (igb, ixgbe), which is right for the
 *     first queue of a vector only. So that one is armed, too.
 *
 * None of them concerns a driver that is told whose a queue's interrupt is (rouse_attn.h): it knows
 * which queues are armed, and names the vector itself.
 *
 * And the kernel delivers the interrupt where it likes, which is not the processor of the worker
 * that it wakes, unless it is told. Of workers that share a vector, the first has it there.
 */

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_malloc.h>
#include <rte_pci.h>

#include "irq.h"
#include "vfio.h"
#include "worker.h"

const char *ethdev_irq_root = "";

/* Written under the lock, but for nb_armed: workers count there. They read is_common, too. */
struct ethdev_vector {
	_Atomic uint32_t nb_armed; /* sources that are armed, on whatever worker */
	_Atomic bool is_common;	   /* several workers have sources of it */
	uint16_t port;
	uint16_t first; /* its lowest queue */
	int fd;
	bool is_assigned;	     /* by the driver, */
	uint16_t msix;		     /* which has told its number */
	int irq;		     /* the kernel's number; negative: none, or not known */
	struct source *sources;	     /* in the order in which they came */
	const struct source *leader; /* whose processors the interrupt has; NULL: nobody's */
	struct ethdev_vector *next;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct ethdev_vector *vectors;	  /* guarded by lock */
static bool was_not_found, was_not_moved; /* which was said; guarded by lock */

/* ---- where the interrupt is delivered; all of it under the lock ---- */

/* The PCI address of a port whose device VFIO has; false: it is another one's. */
static bool
find_pci(uint16_t port, char *name, size_t size)
{
	char path[PATH_MAX], driver[PATH_MAX];
	struct rte_eth_dev_info info;
	struct rte_pci_addr addr;
	ssize_t len;

	if (rte_eth_dev_info_get(port, &info) != 0 || info.device == NULL ||
	    rte_pci_addr_parse(rte_dev_name(info.device), &addr) != 0)
		return false;
	rte_pci_device_name(&addr, name, size);
	snprintf(path, sizeof(path), "%s/sys/bus/pci/devices/%s/driver", ethdev_irq_root, name);
	len = readlink(path, driver, sizeof(driver) - 1);
	driver[RTE_MAX(len, 0)] = '\0';
	return strstr(driver, "vfio") != NULL;
}

static void
say_not_found(const struct ethdev_vector *v, const char *pci, int error)
{
	if (!was_not_found)
		WORKER_LOG(WARNING,
			   "port %u (%s): which interrupt is that of queue %u is not known: %s; "
			   "interrupts stay on the processors where they are; root may write "
			   "/proc/irq/*/smp_affinity",
			   v->port, pci, v->first, rte_strerror(-error));
	was_not_found = true;
}

/* Find its number. 0, also if that is not known; -ENXIO: it has none, and will not be signalled */
static int
find_irq(struct ethdev_vector *v, bool is_shared)
{
	char pci[PCI_PRI_STR_SIZE];
	uint64_t nb_signals;
	struct vfio_irq irq;
	int ret;

	v->irq = -1;
	if (!find_pci(v->port, pci, sizeof(pci)))
		return 0;
	if (v->is_assigned) {
		snprintf(irq.name, sizeof(irq.name), "vfio-msix[%u](%s)", v->msix, pci);
		ret = v->irq = irq_find(ethdev_irq_root, irq.name);
		if (ret < 0)
			say_not_found(v, pci, ret);
		return 0;
	}
	ret = vfio_find_irq(pci, v->fd, v->first + 1u, &irq);
	if (ret == -ENOENT) {
		ethdev_say_deaf(v->port, v->first, irq.nb_vectors);
		return -ENXIO;
	}
	if (ret == 0 && ethdev_is_deaf_by(v->port, irq.is_msix))
		return -ENXIO;
	/* It was signalled for that. Nobody waits for it yet, unless it is shared. */
	if (ret == 0 && !is_shared && read(v->fd, &nb_signals, sizeof(nb_signals)) < 0 &&
	    errno != EAGAIN)
		ret = -errno;
	if (ret == 0)
		ret = v->irq = irq_find(ethdev_irq_root, irq.name);
	if (ret < 0)
		say_not_found(v, pci, ret);
	return 0;
}

static const char *
remedy_of(int error)
{
	switch (error) {
	case -EACCES:
	case -EPERM:
	case -EROFS:
		return "only root may do that; run as root, or let root write them there";
	case -EIO:
		return "the kernel manages this one itself";
	case -ENOSPC:
		return "these have no vector left; give the worker another lcore";
	default:
		return "let root write them there";
	}
}

static void
say_not_moved(const struct ethdev_vector *v, const cpu_set_t *cpus, int error)
{
	char path[PATH_MAX], text[IRQ_CPUS_LEN] = "?";

	if (was_not_moved)
		return;
	was_not_moved = true;
	irq_format_cpus(cpus, text, sizeof(text));
	irq_path(ethdev_irq_root, (unsigned int)v->irq, path, sizeof(path));
	WORKER_LOG(WARNING,
		   "port %u queue %u: its interrupt does not follow the worker to processor %s: "
		   "%s: %s; %s",
		   v->port, v->first, text, path, rte_strerror(-error), remedy_of(error));
}

/* Who has the interrupt on its processors: who has it already, or else the first whose worker runs.
 * NULL: none does */
static const struct source *
choose_leader(const struct ethdev_vector *v)
{
	const struct source *s = v->leader;

	if (s != NULL && s->ethdev.worker->has_cpus)
		return s;
	for (s = v->sources; s != NULL && !s->ethdev.worker->has_cpus;)
		s = s->ethdev.sharer;
	return s;
}

static void
steer(struct ethdev_vector *v)
{
	int ret;

	v->leader = choose_leader(v);
	if (v->leader == NULL || v->irq < 0)
		return;
	ret = irq_move(ethdev_irq_root, (unsigned int)v->irq, &v->leader->ethdev.worker->cpus);
	if (ret != 0)
		say_not_moved(v, &v->leader->ethdev.worker->cpus, ret);
}

/* ---- control threads ---- */

/* The queues of the port that have the source's eventfd: the lowest and the highest. */
static void
find_sharers(const struct source *s, uint16_t *first, uint16_t *last)
{
	struct rte_eth_dev_info info;

	*first = *last = s->ethdev.queue;
	if (rte_eth_dev_info_get(s->ethdev.port_id, &info) != 0)
		return;
	for (uint16_t q = 0; q < info.nb_rx_queues; q++) {
		if (rte_eth_dev_rx_intr_ctl_q_get_fd(s->ethdev.port_id, q) != s->ethdev.fd)
			continue;
		*first = RTE_MIN(*first, q);
		*last = RTE_MAX(*last, q);
	}
}

static struct ethdev_vector *
find_vector(const struct source *s)
{
	for (struct ethdev_vector *v = vectors; v != NULL; v = v->next)
		if (v->port == s->ethdev.port_id && v->fd == s->ethdev.fd &&
		    v->is_assigned == s->ethdev.is_assigned &&
		    (!v->is_assigned || v->msix == s->ethdev.msix))
			return v;
	return NULL;
}

/* NULL with *ret: -ENOMEM, -ENXIO */
static struct ethdev_vector *
create_vector(const struct source *s, int *ret)
{
	struct ethdev_vector *v = rte_zmalloc_socket(
		"worker_vector", sizeof(*v), RTE_CACHE_LINE_SIZE, s->ethdev.worker->conf.socket_id);
	uint16_t last;

	*ret = v == NULL ? -ENOMEM : 0;
	if (v == NULL)
		return NULL;
	v->port = s->ethdev.port_id;
	v->fd = s->ethdev.fd;
	v->is_assigned = s->ethdev.is_assigned;
	v->msix = s->ethdev.msix;
	v->first = last = s->ethdev.queue;
	if (!v->is_assigned)
		find_sharers(s, &v->first, &last);
	*ret = find_irq(v, v->first != last);
	if (*ret != 0) {
		rte_free(v);
		return NULL;
	}
	if (v->first != last)
		ethdev_say_shared(v->port, v->first, last);
	v->next = vectors;
	vectors = v;
	return v;
}

/* Its interrupt was enabled, to see whether that can be done. Others may have armed theirs. */
static void
take_back(struct source *s, bool is_alone)
{
	if (is_alone) {
		rte_eth_dev_rx_intr_disable(s->ethdev.port_id, s->ethdev.queue);
		return;
	}
	atomic_fetch_add_explicit(&s->ethdev.vector->nb_armed, 1, memory_order_seq_cst);
	ethdev_vector_disarm(s);
}

static void
append(struct ethdev_vector *v, struct source *s)
{
	struct source **end = &v->sources;

	while (*end != NULL)
		end = &(*end)->ethdev.sharer;
	*end = s;
	s->ethdev.sharer = NULL;
}

static bool
has_another_worker(const struct ethdev_vector *v, const struct rouse_worker *w)
{
	const struct source *s = v->sources;

	while (s != NULL && s->ethdev.worker == w)
		s = s->ethdev.sharer;
	return s != NULL;
}

/* Workers that share look into each other's queues. True, or after one line: it cannot. */
static bool
may_share(const struct ethdev_vector *v, const struct source *s)
{
	if (!has_another_worker(v, s->ethdev.worker) ||
	    rte_eth_rx_queue_count(v->port, s->ethdev.queue) != -ENOTSUP)
		return true;
	ethdev_say_opaque(v->port, s->ethdev.queue);
	return false;
}

/* The source, whose eventfd is known and whose interrupt is enabled (but not if it was assigned),
 * has a part in the vector from here on, and is not armed. 0; -ENXIO: nothing will signal the
 * eventfd, -ENOMEM */
int
ethdev_vector_join(struct source *s)
{
	struct ethdev_vector *v;
	int ret = 0;

	pthread_mutex_lock(&lock);
	v = s->ethdev.vector = find_vector(s);
	if (!s->ethdev.is_assigned)
		take_back(s, v == NULL);
	if (v != NULL && !v->is_assigned && !may_share(v, s)) {
		v = s->ethdev.vector = NULL;
		ret = -ENXIO;
	} else if (v == NULL)
		v = s->ethdev.vector = create_vector(s, &ret);
	if (v != NULL) {
		if (has_another_worker(v, s->ethdev.worker))
			atomic_store(&v->is_common, true);
		append(v, s);
		if (choose_leader(v) == s)
			steer(v);
	}
	pthread_mutex_unlock(&lock);
	return ret;
}

static void
destroy_vector(struct ethdev_vector *v)
{
	struct ethdev_vector **at = &vectors;

	while (*at != v)
		at = &(*at)->next;
	*at = v->next;
	rte_free(v);
}

/* The source is not armed, and its worker has let go of it. */
void
ethdev_vector_leave(struct source *s)
{
	struct ethdev_vector *v = s->ethdev.vector;
	struct source **at = &v->sources;

	pthread_mutex_lock(&lock);
	while (*at != s)
		at = &(*at)->ethdev.sharer;
	*at = s->ethdev.sharer;
	if (v->leader == s) {
		v->leader = NULL;
		steer(v);
	}
	if (v->sources == NULL)
		destroy_vector(v);
	else if (!has_another_worker(v, v->sources->ethdev.worker))
		atomic_store(&v->is_common, false);
	s->ethdev.vector = NULL;
	pthread_mutex_unlock(&lock);
}

/* ---- a worker begins and ends; its own thread ---- */

/* The interrupts of its queues go where it runs. The caller holds w->control. */
void
ethdev_vectors_follow(struct rouse_worker *w)
{
	pthread_mutex_lock(&lock);
	w->has_cpus = pthread_getaffinity_np(pthread_self(), sizeof(w->cpus), &w->cpus) == 0;
	for (uint32_t i = 0; i < w->sources.nb; i++) {
		const struct source *s = w->sources.at[i];
		struct ethdev_vector *v = s->ops == &ethdev_interrupt_ops ? s->ethdev.vector : NULL;

		if (v != NULL && choose_leader(v) == s)
			steer(v);
	}
	pthread_mutex_unlock(&lock);
}

void
ethdev_vectors_stay(struct rouse_worker *w)
{
	pthread_mutex_lock(&lock);
	w->has_cpus = false;
	pthread_mutex_unlock(&lock);
}

/* ---- workers ---- */

enum { AWAKE, ARMED, RUNG };

/* Does it sleep, or will it, on another worker? */
static bool
is_anothers(const struct source *s, const struct source *other)
{
	return other->ethdev.worker != s->ethdev.worker &&
	       atomic_load_explicit(&other->ethdev.waits, memory_order_seq_cst) != AWAKE;
}

/* Ring for one that sleeps beside packets, once: it is on its way then. Its queue is at rest. */
static void
wake_beside(const struct ethdev_vector *v, const struct source *s)
{
	bool is_one = false;

	pthread_mutex_lock(&lock);
	for (struct source *other = v->sources; other != NULL; other = other->ethdev.sharer) {
		uint8_t armed = ARMED;

		/* pairs with the store in ethdev_vector_arm(): who arms after this looks itself */
		if (is_anothers(s, other) &&
		    rte_eth_rx_queue_count(v->port, other->ethdev.queue) > 0)
			is_one |=
				atomic_compare_exchange_strong(&other->ethdev.waits, &armed, RUNG);
	}
	pthread_mutex_unlock(&lock);
	if (is_one)
		rouse_attn_ring_doorbell(v->fd);
}

static int
unmask(const struct ethdev_vector *v, uint16_t queue)
{
	int ret = rte_eth_dev_rx_intr_enable(v->port, queue);

	if (ret == 0 && v->first != queue)
		ret = rte_eth_dev_rx_intr_enable(v->port, v->first);
	return ret;
}

static int
mask(const struct ethdev_vector *v, uint16_t queue)
{
	int ret = rte_eth_dev_rx_intr_disable(v->port, queue);

	if (v->first != queue)
		rte_eth_dev_rx_intr_disable(v->port, v->first);
	return ret;
}

/* Ask for an interrupt. 0 or -errno */
int
ethdev_vector_arm(struct source *s)
{
	struct ethdev_vector *v = s->ethdev.vector;
	uint16_t queue = s->ethdev.queue;
	uint32_t nb_before;
	int ret;

	if (v->is_assigned)
		return rte_eth_dev_rx_intr_enable(v->port, queue);
	/* pairs with the look in wake_beside(): who masks after this looks into the queue */
	atomic_store_explicit(&s->ethdev.waits, ARMED, memory_order_seq_cst);
	/* pairs with the load in ethdev_vector_disarm(): who masks the vector after this sees it */
	nb_before = atomic_fetch_add_explicit(&v->nb_armed, 1, memory_order_seq_cst);
	ret = unmask(v, queue);
	if (ret == 0 && nb_before != 0 && atomic_load(&v->is_common)) {
		mask(v, queue);
		ret = unmask(v, queue);
		wake_beside(v, s);
	}
	if (ret != 0)
		ethdev_vector_disarm(s);
	return ret;
}

/* Stop asking for it, unless another source does. 0 or -errno */
int
ethdev_vector_disarm(struct source *s)
{
	struct ethdev_vector *v = s->ethdev.vector;
	int ret;

	if (v->is_assigned)
		return rte_eth_dev_rx_intr_disable(v->port, s->ethdev.queue);
	atomic_store_explicit(&s->ethdev.waits, AWAKE, memory_order_seq_cst);
	if (atomic_fetch_sub_explicit(&v->nb_armed, 1, memory_order_seq_cst) != 1)
		return 0;
	if (!ethdev_is_started(v->port))
		return -ENETDOWN; /* nobody is interrupted, and a port that has gone is not asked */
	ret = mask(v, s->ethdev.queue);
	/* pairs with the addition in ethdev_vector_arm(): the last one's, or it comes after this */
	if (atomic_load_explicit(&v->nb_armed, memory_order_seq_cst) != 0) {
		rte_eth_dev_rx_intr_enable(v->port, v->first);
		rouse_attn_ring_doorbell(v->fd);
	}
	return ret;
}
