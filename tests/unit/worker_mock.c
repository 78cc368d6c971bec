/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <rte_ethdev.h>
#include <rte_malloc.h>
#include <rte_mempool.h>
#include <rte_ring_elem.h>

#include "unit.h"
#include "vfio.h"
#include "worker_mock.h"

struct mock_port mock_ports[MOCK_PORTS];

/* ---- memory, in the place of EAL's ---- */

bool mock_has_all_ports;
int mock_allocations;
int mock_fail_allocation;
uint8_t mock_type;

static bool
fails(void)
{
	return mock_fail_allocation != 0 && --mock_fail_allocation == 0;
}

void *
rte_zmalloc_socket(const char *type, size_t size, unsigned int align, int socket)
{
	size_t unit = align == 0 ? ROUSE_CACHE_LINE : align;
	void *mem;

	if (fails())
		return NULL;
	mem = aligned_alloc(unit, (size + unit - 1) / unit * unit);
	assert_non_null(mem);
	mock_allocations++;
	return memset(mem, 0, size);
}

void *
rte_malloc_socket(const char *type, size_t size, unsigned int align, int socket)
{
	void *mem = rte_zmalloc_socket(type, size, align, socket);

	return mem == NULL ? NULL : memset(mem, 0xa5, size);
}

void *
rte_malloc(const char *type, size_t size, unsigned int align)
{
	return rte_malloc_socket(type, size, align, SOCKET_ID_ANY);
}

void
rte_free(void *mem)
{
	if (mem != NULL)
		mock_allocations--;
	free(mem);
}

/* ---- rings, without memory zones ---- */

struct rte_ring *
rte_ring_create_elem(const char *name, unsigned int esize, unsigned int count, int socket,
		     unsigned int flags)
{
	ssize_t size = rte_ring_get_memsize_elem(esize, count);
	struct rte_ring *r = rte_zmalloc_socket(name, (size_t)size, ROUSE_CACHE_LINE, socket);

	assert_true(size > 0 && r != NULL);
	assert_int_equal(rte_ring_init(r, name, count, flags), 0);
	return r;
}

void
rte_ring_free(struct rte_ring *r)
{
	rte_free(r);
}

/* ---- ethdev ---- */

int
rte_eth_dev_is_valid_port(uint16_t port)
{
	return port < (mock_has_all_ports ? RTE_MAX_ETHPORTS : MOCK_PORTS);
}

int
rte_eth_dev_info_get(uint16_t port, struct rte_eth_dev_info *info)
{
	memset(info, 0, sizeof(*info));
	info->nb_rx_queues = MOCK_QUEUES;
	info->device = (void *)(uintptr_t)mock_ports[port].device;
	return 0;
}

const char *
rte_dev_name(const struct rte_device *device)
{
	return (const char *)device;
}

int
rte_eth_rx_queue_info_get(uint16_t port, uint16_t queue, struct rte_eth_rxq_info *info)
{
	return -ENOTSUP;
}

void (*mock_disabling)(uint16_t port, uint16_t queue);
void (*mock_disabled)(uint16_t port, uint16_t queue);
void (*mock_enabled)(uint16_t port, uint16_t queue);

/* A test may have a mock of its own of what follows. */
__rte_weak int
rte_eth_stats_get(uint16_t port, struct rte_eth_stats *stats)
{
	return -ENOTSUP;
}

__rte_weak int
rte_eth_dev_callback_register(uint16_t port, enum rte_eth_event_type event, rte_eth_dev_cb_fn fn,
			      void *arg)
{
	return 0;
}

__rte_weak int
rte_eth_dev_rx_intr_enable(uint16_t port, uint16_t queue)
{
	struct mock_port *p = &mock_ports[port];

	if (!p->has_interrupts)
		return -ENOTSUP;
	p->queues[queue].armed = p->intr_error == 0;
	if (mock_enabled != NULL)
		mock_enabled(port, queue);
	return p->intr_error;
}

__rte_weak int
rte_eth_dev_rx_intr_disable(uint16_t port, uint16_t queue)
{
	if (mock_disabling != NULL)
		mock_disabling(port, queue);
	mock_ports[port].queues[queue].armed = false;
	mock_ports[port].queues[queue].is_latched = false;
	if (mock_disabled != NULL)
		mock_disabled(port, queue);
	return mock_ports[port].intr_error;
}

__rte_weak int
rte_eth_dev_rx_intr_ctl_q_get_fd(uint16_t port, uint16_t queue)
{
	return mock_ports[port].has_interrupts ? mock_ports[port].queues[queue].fd : -1;
}

/* ---- vfio.c ---- */

int mock_vfio_error;
unsigned int mock_wrong_guesses;

int
vfio_find_irq(const char *pci, int eventfd, unsigned int guess, struct vfio_irq *irq)
{
	const uint64_t one = 1;

	irq->nb_vectors = 0;
	if (mock_vfio_error != 0)
		return mock_vfio_error;
	for (uint16_t port = 0; port < MOCK_PORTS; port++) {
		const struct mock_port *p = &mock_ports[port];

		if (p->device == NULL || strcmp(p->device, pci) != 0)
			continue;
		irq->nb_vectors = p->nb_vectors + 1;
		for (uint16_t v = 0; v < p->nb_vectors; v++) {
			if (p->queues[v].fd != eventfd || p->has_no_vectors)
				continue;
			mock_wrong_guesses += guess != v + 1u;
			assert_int_equal(write(eventfd, &one, sizeof(one)), sizeof(one));
			snprintf(irq->name, sizeof(irq->name), "vfio-msix[%u](%s)", v + 1u, pci);
			return 0;
		}
	}
	return -ENOENT;
}

/* ---- an mbuf pool, of which only the number counts ---- */

struct rte_mempool *mock_pool;
unsigned int mock_nb_mbufs;

static int
put_mbufs(struct rte_mempool *pool, void *const *mbufs, unsigned int nb)
{
	mock_nb_mbufs += nb;
	return 0;
}

static int
get_mbufs(struct rte_mempool *pool, void **mbufs, unsigned int nb)
{
	if (nb > mock_nb_mbufs)
		return -ENOBUFS;
	mock_nb_mbufs -= nb;
	memset(mbufs, 0, nb * sizeof(*mbufs));
	return 0;
}

static int
alloc_pool(struct rte_mempool *pool)
{
	return 0;
}

static unsigned int
count_mbufs(const struct rte_mempool *pool)
{
	return mock_nb_mbufs;
}

void
mock_make_pool(unsigned int nb_mbufs)
{
	static const struct rte_mempool_ops ops = {
		.name = "mock",
		.alloc = alloc_pool,
		.enqueue = put_mbufs,
		.dequeue = get_mbufs,
		.get_count = count_mbufs,
	};
	static struct rte_mempool pool;
	static int index = -1;

	if (index < 0)
		index = rte_mempool_register_ops(&ops);
	assert_true(index >= 0);
	pool.ops_index = index;
	mock_pool = &pool;
	mock_nb_mbufs = nb_mbufs;
}

/* ---- packets ---- */

/* Take what the ring has for the queue, up to a limit; keep what it has for others. */
static unsigned int
take(struct mock_port *p, struct mock_ring *r, uint16_t queue, unsigned int limit)
{
	unsigned int taken = 0, i;

	for (i = 0; i < r->nb && (r->queue[i] != queue || taken < limit); i++) {
		if (r->queue[i] == queue)
			taken++;
		else
			p->queues[r->queue[i]].kept++;
	}
	r->nb -= i;
	memmove(r->queue, &r->queue[i], r->nb * sizeof(r->queue[0]));
	return taken;
}

static uint16_t
rx_burst(void *rxq, struct rte_mbuf **pkts, uint16_t nb)
{
	static struct rte_mbuf mbuf;
	struct mock_queue *q = rxq;
	unsigned int n = RTE_MIN(q->kept, nb);

	q->visits++;
	mbuf.pool = q->port->has_interrupts ? mock_pool : NULL;
	q->kept -= n;
	for (uint64_t bits = q->rings; bits != 0 && n < nb; bits &= bits - 1)
		n += take(q->port, &q->port->rings[__builtin_ctzll(bits)],
			  (uint16_t)(q - q->port->queues), nb - n);
	for (unsigned int i = 0; i < n; i++)
		pkts[i] = &mbuf;
	return (uint16_t)n;
}

static uint32_t
count_packets(void *rxq)
{
	const struct mock_queue *q = rxq;
	uint32_t nb = q->kept;

	for (uint64_t bits = q->rings; bits != 0; bits &= bits - 1) {
		const struct mock_ring *r = &q->port->rings[__builtin_ctzll(bits)];

		for (unsigned int i = 0; i < r->nb; i++)
			nb += r->queue[i] == q - q->port->queues;
	}
	return nb;
}

/* ---- the registry's ops ---- */

static int
bind_queue(void *ctx, uint16_t queue, const struct rouse_attn_owner *owner, uint64_t *rings)
{
	struct mock_port *p = ctx;
	int error = p->bind_error;

	p->bind_error = 0;
	if (error != 0)
		return error;
	if (p->queues[queue].owner.attn != NULL)
		return -EBUSY;
	for (unsigned int i = 0; i < MOCK_QUEUES; i++) {
		const struct mock_queue *other = &p->queues[i];

		if (other->owner.attn != NULL && other->owner.attn != owner->attn &&
		    (other->rings & p->queues[queue].rings) != 0)
			return -EBUSY;
	}
	p->queues[queue].owner = *owner;
	*rings = p->queues[queue].rings;
	return 0;
}

static int
unbind_queue(void *ctx, uint16_t queue)
{
	struct mock_port *p = ctx;

	assert_non_null(p->queues[queue].owner.attn);
	p->queues[queue].owner.attn = NULL;
	return 0;
}

static uint64_t
queue_owed(void *ctx, uint16_t queue)
{
	const struct mock_port *p = ctx;
	uint64_t owed = 0;

	for (uint64_t bits = p->queues[queue].rings; bits != 0; bits &= bits - 1)
		if (p->rings[__builtin_ctzll(bits)].nb != 0)
			owed |= bits & -bits;
	return owed;
}

static bool
queue_has_buffers(void *ctx, uint16_t queue)
{
	const struct mock_port *port = ctx;

	return !port->queues[queue].is_dry;
}

const struct rouse_attn_port_ops mock_ops = {
	.bind = bind_queue,
	.unbind = unbind_queue,
	.owed = queue_owed,
	.has_buffers = queue_has_buffers,
};

/* ---- what tests call ---- */

static struct mock_queue *rxqs[MOCK_PORTS][MOCK_QUEUES];
static void *no_callbacks[MOCK_QUEUES];

void
mock_init(void)
{
	memset(mock_ports, 0, sizeof(mock_ports));
	mock_fail_allocation = mock_vfio_error = 0;
	mock_type = 0;
	mock_wrong_guesses = 0;
	mock_has_all_ports = false;
	mock_pool = NULL;
	mock_disabling = mock_disabled = mock_enabled = NULL;
	for (uint16_t port = 0; port < MOCK_PORTS; port++) {
		for (uint16_t q = 0; q < MOCK_QUEUES; q++) {
			mock_ports[port].queues[q].port = &mock_ports[port];
			mock_ports[port].queues[q].rings = UINT64_C(1) << q;
			rxqs[port][q] = &mock_ports[port].queues[q];
		}
		rte_eth_fp_ops[port].rx_pkt_burst = rx_burst;
		rte_eth_fp_ops[port].rx_queue_count = NULL;
		rte_eth_fp_ops[port].rxq.data = (void **)rxqs[port];
		rte_eth_fp_ops[port].rxq.clbk = no_callbacks;
		assert_int_equal(rouse_attn_registry_add(port, &mock_ops, &mock_ports[port]), 0);
	}
}

void
mock_fini(void)
{
	for (uint16_t port = 0; port < MOCK_PORTS; port++) {
		rouse_attn_registry_remove(port);
		for (uint16_t q = 0; q < mock_ports[port].nb_vectors; q++)
			close(mock_ports[port].queues[q].fd);
	}
	assert_int_equal(mock_allocations, 0);
}

struct rouse_evring *
mock_event_ring(unsigned int i)
{
	static struct {
		alignas(ROUSE_CACHE_LINE) uint8_t memory[512];
	} rings[MOCK_EVENT_RINGS];

	assert_true(i < MOCK_EVENT_RINGS);
	assert_true(rouse_evring_memsize(4) <= sizeof(rings[i]));
	return rouse_evring_init(rings[i].memory, 4);
}

void
mock_worker_init(struct rouse_worker *w)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET, .data.u64 = EPOLL_DOORBELL };

	memset(w, 0, sizeof(*w));
	pthread_mutex_init(&w->control, NULL);
	w->next_timer_tsc = UINT64_MAX;
	w->conf.type = mock_type;
	w->burst = 32;
	w->ns_per_tsc = 1;
	w->state = ROUSE_ATTN_ATTEND;
	w->nb_rounds = 1;
	strcpy(w->name, "mock");
	assert_int_equal(rouse_attn_init(&w->attn), 0);
	assert_int_equal(worker_bits_join(w), 0);
	w->epoll = epoll_create1(EPOLL_CLOEXEC);
	w->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	assert_true(w->epoll >= 0 && w->timer >= 0);
	assert_int_equal(epoll_ctl(w->epoll, EPOLL_CTL_ADD, w->attn.doorbell, &event), 0);
}

void
mock_give_inbox(struct rouse_worker *w)
{
	assert_int_equal(worker_inbox_create(w), 0);
}

struct rouse_worker *
mock_make_worker(const char *name)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET, .data.u64 = EPOLL_TIMER };
	struct rouse_worker *made =
		rte_zmalloc_socket("worker", sizeof(*made), WORKER_ALIGN, SOCKET_ID_ANY);

	assert_non_null(made);
	mock_worker_init(made);
	strcpy(made->name, name);
	mock_give_inbox(made);
	assert_int_equal(worker_timers_create(made), 0);
	assert_int_equal(epoll_ctl(made->epoll, EPOLL_CTL_ADD, made->timer, &event), 0);
	worker_attend(made); /* its first look at its messages */
	worker_enlist(made);
	return made;
}

void
mock_worker_fini(struct rouse_worker *w)
{
	source_remove_all(w);
	worker_bits_leave(w);
	worker_inbox_destroy(w);
	close(w->epoll);
	close(w->timer);
	rouse_attn_fini(&w->attn);
}

static void
count(void *arg, uint16_t port, uint16_t queue, struct rte_mbuf **pkts, uint16_t nb)
{
	assert_ptr_equal(arg, &mock_ports[port].queues[queue]);
	mock_ports[port].queues[queue].taken += nb;
}

int
mock_add(struct rouse_worker *w, uint16_t port, uint16_t queue)
{
	return rouse_worker_ethdev_add(w, port, queue, count, &mock_ports[port].queues[queue]);
}

void
mock_remove(struct rouse_worker *w, uint16_t port, uint16_t queue)
{
	for (uint32_t i = 0; i < w->sources.nb; i++) {
		struct source *s = w->sources.at[i];

		if (s->arg != &mock_ports[port].queues[queue])
			continue;
		source_remove(w, s);
		return;
	}
	fail();
}

void
mock_deliver(uint16_t port, unsigned int ring, uint16_t queue)
{
	struct mock_ring *r = &mock_ports[port].rings[ring];

	assert_true(r->nb < MOCK_ROOM);
	assert_true((mock_ports[port].queues[queue].rings >> ring & 1) != 0);
	r->queue[r->nb++] = queue;
}

void
mock_signal(uint16_t port, unsigned int ring)
{
	for (unsigned int i = 0; i < MOCK_QUEUES; i++) {
		const struct mock_queue *q = &mock_ports[port].queues[i];
		const struct rouse_attn_target t = {
			.attn = q->owner.attn,
			.device = q->owner.device,
			.ring = (uint8_t)ring,
		};

		if (t.attn == NULL || (q->rings >> ring & 1) == 0)
			continue;
		rouse_attn_signal(&t, 1);
		return;
	}
}

void
mock_make_plain(uint16_t port)
{
	mock_make_shared(port, MOCK_QUEUES);
}

void
mock_make_shared(uint16_t port, uint16_t nb_vectors)
{
	struct mock_port *p = &mock_ports[port];

	rouse_attn_registry_remove(port);
	p->has_interrupts = true;
	p->nb_vectors = nb_vectors;
	rte_eth_fp_ops[port].rx_queue_count = nb_vectors < MOCK_QUEUES ? count_packets : NULL;
	for (uint16_t q = 0; q < MOCK_QUEUES; q++) {
		p->queues[q].fd = q < nb_vectors ? eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)
						 : p->queues[nb_vectors - 1].fd;
		assert_true(p->queues[q].fd >= 0);
	}
}

void
mock_restart(uint16_t port)
{
	struct mock_port *p = &mock_ports[port];

	for (uint16_t q = 0; q < MOCK_QUEUES; q++) {
		struct mock_queue *queue = &p->queues[q];
		int fd = queue->fd;

		queue->armed = false;
		if (q >= p->nb_vectors) {
			queue->fd = p->queues[p->nb_vectors - 1].fd;
			continue;
		}
		/* the number is another one, too */
		queue->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
		assert_true(queue->fd >= 0);
		close(fd);
	}
}

void
mock_interrupt(uint16_t port, uint16_t queue)
{
	struct mock_port *p = &mock_ports[port];
	struct mock_queue *vector = &p->queues[MOCK_VECTOR(p, queue)];

	if (!vector->armed || vector->is_latched)
		return;
	vector->armed = !p->masks_itself;
	vector->is_latched = p->latches;
	rouse_attn_ring_doorbell(vector->fd);
}
