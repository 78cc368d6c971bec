/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "wake_cost.h"

/* Gaps that are measured before there is any traffic: a timer that is due sooner may find a thread
 * that does not sleep yet. */
#define SHORTEST_NS (UINT64_C(1) << 14)
#define LONGEST_NS  UINT64_C(4000000)
#define NB_SAMPLES  4 /* of each of them, after one whose code is cold */
#define MAX_COST_NS UINT32_MAX

/* ---- the curve ---- */

static unsigned int
bucket_of(uint64_t gap_ns)
{
	unsigned int log2 = gap_ns == 0 ? 0 : 63 - (unsigned int)__builtin_clzll(gap_ns);

	if (log2 < WAKE_COST_FIRST)
		return 0;
	log2 -= WAKE_COST_FIRST;
	return log2 < WAKE_COST_BUCKETS ? log2 : WAKE_COST_BUCKETS - 1;
}

static uint64_t
lower_bound(unsigned int bucket)
{
	return bucket == 0 ? 0 : UINT64_C(1) << (WAKE_COST_FIRST + bucket);
}

static uint64_t
upper_bound(unsigned int bucket)
{
	return bucket == WAKE_COST_BUCKETS - 1 ? UINT64_MAX : lower_bound(bucket + 1);
}

void
wake_cost_add(struct wake_cost *c, uint64_t gap_ns, uint64_t cost_ns)
{
	unsigned int b = bucket_of(gap_ns);
	int64_t cost = cost_ns < MAX_COST_NS ? (int64_t)cost_ns : MAX_COST_NS;

	if (c->seen[b] < WAKE_COST_WEIGHT)
		c->seen[b]++;
	c->ns[b] = (uint32_t)((int64_t)c->ns[b] + (cost - (int64_t)c->ns[b]) / (int)c->seen[b]);
}

/* Of a bucket, known or not; UINT64_MAX: nothing is known of any. */
static uint64_t
cost_of(const struct wake_cost *c, unsigned int bucket)
{
	for (unsigned int b = bucket + 1; b-- > 0;)
		if (c->seen[b] != 0)
			return c->ns[b];
	for (unsigned int b = bucket + 1; b < WAKE_COST_BUCKETS; b++)
		if (c->seen[b] != 0)
			return c->ns[b];
	return UINT64_MAX;
}

uint64_t
wake_cost_break_even(const struct wake_cost *c)
{
	for (unsigned int b = 0; b < WAKE_COST_BUCKETS; b++) {
		uint64_t cost = cost_of(c, b);

		if (cost == UINT64_MAX)
			break;
		if (cost < upper_bound(b))
			return cost > lower_bound(b) ? cost : lower_bound(b);
	}
	return 0;
}

/* ---- measuring it ---- */

static uint64_t
thread_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
}

/* The processor time of one sleep of that length. */
static uint64_t
sleep_once(int epoll, int timer, uint64_t gap_ns)
{
	const struct itimerspec in = { .it_value.tv_nsec = (long)gap_ns };
	struct epoll_event event;
	uint64_t before;

	timerfd_settime(timer, 0, &in, NULL);
	before = thread_ns();
	epoll_wait(epoll, &event, 1, -1);
	return thread_ns() - before;
}

static void
measure_with(struct wake_cost *c, int epoll, int timer)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, timer, &event) != 0)
		return;
	for (uint64_t gap = SHORTEST_NS; gap < LONGEST_NS; gap *= 2) {
		sleep_once(epoll, timer, gap);
		/* one and a half: in the middle of a bucket, where slack does not leave it */
		for (unsigned int i = 0; i < NB_SAMPLES; i++)
			wake_cost_add(c, gap * 3 / 2, sleep_once(epoll, timer, gap * 3 / 2));
	}
}

void
wake_cost_measure(struct wake_cost *c)
{
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);

	if (epoll >= 0 && timer >= 0)
		measure_with(c, epoll, timer);
	if (timer >= 0)
		close(timer);
	if (epoll >= 0)
		close(epoll);
}
