/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * handoff PRODUCER-CPU CONSUMER-CPU SECONDS [huge]: what is left of net_evnic's receive path when
 * all is taken out of it that is not the handoff from one processor to another. A line every so
 * many seconds says the rate since the line before; it runs until it is ended, and may be stopped
 * and continued meanwhile. With "huge" its buffers are in hugepages.
 *
 * It does what the wire and rx_burst do for each frame of 64 bytes, with the same rings:
 *
 *   producer  takes the address of a posted buffer, copies the frame there, writes an entry of 32
 *             bytes; after at most 64 frames it advances the write indicator, does the full fence,
 *             looks at the consumer's state (which is POLL, so nothing more is owed), and settles;
 *   consumer  reads up to 32 entries, advances the read indicator, posts buffers by batches of 32.
 *
 * It does not: look frames up by hash and RETA, judge them, fill mbufs in, take mbufs from a pool
 * and free them (buffer i is posted again as buffer i + 1,024; they lie as far apart as mbufs of
 * the default size do), visit other queues, count by queue. As rxonly does, it leaves the frames'
 * bytes alone.
 *
 * So it is the limit of a receive path of this layout, on these two processors, at this moment.
 * Neither thread ever sleeps. So where others want the processors, it falls behind what it is the
 * limit of: it spins away the time that it would need later.
 */

#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include <rouse_attn.h>
#include <rouse_counter.h>
#include <rouse_evring.h>

#define NB_DESC	       1024
#define MASK	       (NB_DESC - 1)
#define WIRE_BURST     64 /* of net_evnic's wire, between two publishes */
#define BURST	       32 /* of testpmd's and rousepmd's receive */
#define REFILL	       32 /* of net_evnic's driver */
#define PREFETCH_AHEAD 4  /* buffers; as the wire does */
#define FRAME	       64
#define NB_FRAMES      256
#define BUFFER_STRIDE  2368 /* a mempool's header, an mbuf, its headroom, 2,048 bytes */
#define MEMORY	       ((size_t)4 << 20)

_Static_assert((size_t)NB_DESC *BUFFER_STRIDE <= MEMORY, "the buffers have room");

/* The posted buffers; written by the consumer, read by the producer. */
static alignas(128) uint64_t bufs[NB_DESC];
static alignas(128) _Atomic uint32_t posted; /* buffers before this index; consumer -> producer */

/* Made before the threads run, and only read then. */
static struct rouse_evring *ring;
static struct rouse_attn attn; /* the consumer's, in state POLL for ever */
static uint8_t *memory;
static uint8_t frames[NB_FRAMES][FRAME];
static int cpus[2];

/* Written by the consumer, read by main(). */
static alignas(128) rouse_counter nb_received;
static rouse_counter nb_wrong; /* entries that were not the next one */

static inline void
relax(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#endif
}

static inline uint64_t
now_tsc(void)
{
#if defined(__x86_64__)
	return __builtin_ia32_rdtsc();
#else
	return 0;
#endif
}

static int
run_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
}

/* Where the address of buffer i lies in bufs: evnic_buf_place(). */
static inline uint32_t
place(uint32_t i)
{
	return ((i >> 3) * 53u << 3 | (i & 7)) & MASK;
}

static inline void *
buffer_at(uint32_t i)
{
	return (void *)(uintptr_t)bufs[place(i)];
}

/* ---- producer: the wire ---- */

/* Up to a burst of frames, from buffer `taken` on; how many. */
static uint32_t
deliver(uint32_t taken, uint32_t *posted_seen)
{
	uint64_t tsc = now_tsc();
	uint32_t n;

	for (n = 0; n < WIRE_BURST; n++, taken++) {
		struct rouse_event *event;

		if (taken == *posted_seen) {
			/* pairs with the release in post() */
			*posted_seen = atomic_load_explicit(&posted, memory_order_acquire);
			if (taken == *posted_seen)
				break;
		}
		if ((int32_t)(*posted_seen - (taken + PREFETCH_AHEAD)) > 0)
			__builtin_prefetch(buffer_at(taken + PREFETCH_AHEAD), 1);
		memcpy(buffer_at(taken), frames[taken % NB_FRAMES], FRAME);
		/* there is an entry for every buffer: there is always room */
		event = rouse_evring_slot(ring, n);
		*event = (struct rouse_event){
			.data = taken,
			.time_tsc = tsc,
			.len = FRAME,
			.code = ROUSE_EVENT_RX,
		};
	}
	return n;
}

static void *
produce(void *arg)
{
	const struct rouse_attn_target consumer = { .attn = &attn };
	uint32_t taken = 0, posted_seen = 0, n;

	run_on(cpus[0]);
	pthread_setname_np(pthread_self(), "producer");
	for (;;) {
		n = deliver(taken, &posted_seen);
		if (n == 0) {
			relax();
			continue;
		}
		taken += n;
		rouse_evring_publish(ring, n);
		rouse_attn_signal(&consumer, 0);
		rouse_evring_settle(ring);
	}
	return NULL;
}

/* ---- consumer: rx_burst ---- */

static void
post(uint32_t *next_post, uint32_t consumed)
{
	while (NB_DESC - (*next_post - consumed) >= REFILL) {
		for (uint32_t i = 0; i < REFILL; i++, (*next_post)++)
			bufs[place(*next_post)] =
				(uint64_t)(uintptr_t)(memory +
						      (size_t)(*next_post & MASK) * BUFFER_STRIDE);
		/* pairs with the acquire in deliver(): the addresses before the index */
		atomic_store_explicit(&posted, *next_post, memory_order_release);
	}
}

/* Up to a burst of entries, of which buffer `consumed` is the first; how many. */
static uint32_t
receive(uint32_t consumed)
{
	uint32_t ready = rouse_evring_peek(ring, BURST), wrong = 0;
	uint32_t n = ready < BURST ? ready : BURST;

	for (uint32_t i = 0; i < n; i++) {
		const struct rouse_event *event = rouse_evring_entry(ring, i);

		wrong += event->data != consumed + i || event->len != FRAME;
	}
	if (n == 0)
		return 0;
	rouse_evring_advance(ring, n);
	rouse_counter_add(&nb_received, n);
	if (wrong != 0)
		rouse_counter_add(&nb_wrong, wrong);
	return n;
}

static void *
consume(void *arg)
{
	uint32_t consumed = 0, next_post = 0;

	run_on(cpus[1]);
	pthread_setname_np(pthread_self(), "consumer");
	for (;;) {
		consumed += receive(consumed);
		post(&next_post, consumed);
	}
	return NULL;
}

/* ---- main: the rates ---- */

static double
now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
say_rates(double seconds)
{
	const struct timespec period = {
		.tv_sec = (time_t)seconds,
		.tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9),
	};
	uint64_t received, received_before = 0;
	double now, before = now_s();

	for (;;) {
		/* whole periods, so that a line comes a period after the one before, or later */
		clock_nanosleep(CLOCK_MONOTONIC, 0, &period, NULL);
		now = now_s();
		received = rouse_counter_get(&nb_received);
		printf("rx %10.0f pps  wrong %" PRIu64 "\n",
		       (double)(received - received_before) / (now - before),
		       rouse_counter_get(&nb_wrong));
		fflush(stdout);
		before = now;
		received_before = received;
	}
}

static int
make_memory(bool is_huge)
{
	size_t size = rouse_evring_memsize(NB_DESC);
	void *at = aligned_alloc(ROUSE_CACHE_LINE, size);

	memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE | (is_huge ? MAP_HUGETLB : 0), -1,
		      0);
	ring = at == NULL ? NULL : rouse_evring_init(at, NB_DESC);
	return memory == MAP_FAILED || ring == NULL ? -1 : 0;
}

int
main(int argc, char **argv)
{
	double seconds = argc > 3 ? strtod(argv[3], NULL) : 0;
	bool is_huge = argc == 5 && strcmp(argv[4], "huge") == 0;
	pthread_t producer, consumer;

	for (int i = 0; i < 2; i++)
		cpus[i] = argc > 3 ? atoi(argv[1 + i]) : -1;
	if (!(seconds >= 0.01 && seconds <= 1e6) || (argc != 4 && !is_huge) || cpus[0] < 0 ||
	    cpus[1] < 0 || cpus[0] == cpus[1] || run_on(cpus[1]) != 0 || run_on(cpus[0]) != 0) {
		fprintf(stderr, "give two different processors of this machine, the seconds from "
				"line to line (0.01 and up), and \"huge\" for hugepages\n");
		return EXIT_FAILURE;
	}
	if (make_memory(is_huge) != 0) {
		fprintf(stderr, "no memory%s\n", is_huge ? " in hugepages" : "");
		return EXIT_FAILURE;
	}
	rouse_attn_init_with(&attn, -1);
	rouse_attn_poll(&attn);
	for (int i = 0; i < NB_FRAMES; i++)
		memset(frames[i], i, FRAME);
	if (pthread_create(&producer, NULL, produce, NULL) != 0 ||
	    pthread_create(&consumer, NULL, consume, NULL) != 0)
		return EXIT_FAILURE;
	say_rates(seconds);
}
