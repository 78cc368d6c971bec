/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * The worker on a port of one PMD: test_pmds KIND. Every frame arrives once and in order, whether
 * it finds the worker asleep or busy; while there is none the worker sleeps, and what wakes it is
 * what it said at the start. ROUSE_PMD_CYCLES is how many times it is woken from its sleep.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pmd_rig.h"

#define NB_CYCLES     300
#define SAID_EVERY    10000 /* cycles */
#define NB_FLOOD      20000
#define IDLE_MS	      200
#define MAX_TAP_WAKES 4 /* of a tap that is idle for so long */
#define NB_NULL	      100000
#define SHORT_MS      20
#define STUCK_MS      500 /* in which no frame came: there is no mbuf for one */
#define FEW	      10  /* mbufs, less than a driver takes at once */
/* Sleeps that are shorter than the limit, since what is readable may soon give something. */
#define MOST_BARREN 20

static struct pmd_rig rig;

static const char *const said[] = {
	[PMD_HANDSHAKE] = "the driver wakes the worker",
	[PMD_INTERRUPT] = "per-queue interrupt",
	[PMD_READABLE] = "readable file descriptor",
	[PMD_TIMED] = "no interrupt: looked at every 1000 us while asleep",
};

static void
one_line_says_how_the_worker_is_woken(void **state)
{
	char words[128];

	assert_int_equal(rouse_worker_ethdev_add(rig.worker, rig.rx, 0, pmd_receive, NULL), 0);
	snprintf(words, sizeof(words), "port %u (", rig.rx);
	assert_int_equal(pmd_nb_lines(words), rig.kind->remedy == NULL ? 1 : 2);
	assert_int_equal(pmd_nb_lines(rig.kind->remedy == NULL ? "start with" : rig.kind->remedy),
			 rig.kind->remedy == NULL ? 0 : 1);
	assert_int_equal(pmd_nb_lines(said[rig.kind->wake]), 1);
	/* and nothing else has to be explained */
	assert_int_equal(pmd_nb_lines("Rx Intr"), 0);
}

static void
each_frame_that_finds_the_worker_asleep_wakes_it(void **state)
{
	const char *by_command = getenv("ROUSE_PMD_CYCLES");
	unsigned long nb = by_command == NULL ? NB_CYCLES : strtoul(by_command, NULL, 10);
	struct rouse_worker_stats s;

	pmd_run_worker(&rig);
	for (unsigned long i = 0; i < nb; i++) {
		unit_deadline();
		pmd_wait_asleep(&rig);
		pmd_exchange(&rig, 1 + i % 4);
		/* who started it takes silence for a stall */
		if ((i + 1) % SAID_EVERY == 0)
			print_message("# cycle %lu\n", i + 1);
	}
	s = pmd_stats(&rig);
	print_message("# %lu cycles: %" PRIu64 " wakes, %" PRIu64 " by timer, %" PRIu64
		      " spurious, %" PRIu64 " recheck hits, %" PRIu64 " arms, %" PRIu64 " errors\n",
		      nb, s.wakes, s.timer_wakes, s.spurious_wakes, s.recheck_hits, s.arms,
		      s.arm_errors);
	assert_true(s.wakes + s.recheck_hits >= nb);
	assert_int_equal(s.starved, 0);
	if (rig.kind->wake == PMD_TIMED)
		assert_true(s.timer_wakes > 0);
	else /* net_tap, whose signal another thread may be late to take: not waited for so long */
		assert_true(s.timer_wakes <= s.arm_errors);
	assert_true(s.arm_errors == 0 || rig.kind->wake == PMD_READABLE);
	/* a tap's fd is readable before its signal was taken: once a frame */
	assert_true(s.spurious_wakes <= rig.nb_sent);
	assert_int_equal(pmd_nb_lines("cannot be waited for"), 0);
	assert_int_equal(s.arms != 0,
			 rig.kind->wake == PMD_INTERRUPT || rig.kind->wake == PMD_READABLE);
	assert_int_equal(atomic_load(&pmd_seen.nb_wrong), 0);
}

static void
a_flood_arrives_whole_and_in_order(void **state)
{
	unit_deadline();
	pmd_exchange(&rig, NB_FLOOD);
	assert_int_equal(atomic_load(&pmd_seen.nb), rig.nb_sent);
	assert_int_equal(atomic_load(&pmd_seen.nb_wrong), 0);
}

static bool
is_asleep(const struct rouse_worker_stats *s)
{
	return s->parks == s->wakes + s->recheck_hits + 1;
}

/* Read within one sleep: some counters of a wake are counted only after its first round. */
static struct rouse_worker_stats
stats_of_a_sleep(void)
{
	struct rouse_worker_stats before, s, after;

	do {
		pmd_wait_asleep(&rig);
		before = pmd_stats(&rig);
		s = pmd_stats(&rig);
		after = pmd_stats(&rig);
	} while (!is_asleep(&before) || !is_asleep(&after) || after.parks != before.parks ||
		 after.wakes != before.wakes);
	return s;
}

static void
an_idle_worker_sleeps_without_a_wake_or_as_often_as_it_said(void **state)
{
	struct rouse_worker_stats before, after;
	double start, us;

	unit_deadline();
	pmd_wait_settled(&rig);
	start = pmd_now_us();
	before = stats_of_a_sleep();
	do {
		pmd_pass_ms(IDLE_MS);
		after = stats_of_a_sleep();
	} while (rig.kind->wake == PMD_TIMED && after.wakes == before.wakes); /* late: waited for */
	us = pmd_now_us() - start;
	print_message("# idle for %.0f us: %" PRIu64 " wakes\n", us, after.wakes - before.wakes);
	if (rig.kind->wake != PMD_TIMED) {
		/* the fd of a tap is readable before it can be read, and the kernel has frames of
		 * its own for it: a few wakes, where a spin would be thousands */
		assert_true(after.wakes - before.wakes <=
			    (rig.kind->wake == PMD_READABLE ? MAX_TAP_WAKES : 0));
		if (after.wakes == before.wakes)
			assert_int_equal(after.attend_rounds, before.attend_rounds);
		return;
	}
	/* never more often than it said, and it slept: no wake without a sleep of that length */
	assert_true((double)(after.wakes - before.wakes) <= us / PMD_TIMED_US + 1);
	assert_int_equal(after.timer_wakes - before.timer_wakes, after.wakes - before.wakes);
	assert_int_equal(after.poll_rounds, before.poll_rounds);
}

/* What is under way arrives, or is lost: nothing came for a while, and the worker, which may have
 * been signalled and not run yet, has looked since. */
static void
wait_for_what_is_under_way(void)
{
	unsigned int before;

	do {
		before = atomic_load(&pmd_seen.nb_any);
		pmd_pass_ms(STUCK_MS);
		pmd_wait_settled(&rig);
	} while (atomic_load(&pmd_seen.nb_any) != before);
}

/* Frames that find no buffer are dropped, or not taken; whether one came. */
static bool
send_what_may_be_lost(void)
{
	uint32_t nb_kept = pmd_nb_kept();

	for (unsigned int i = 0; i < PMD_WINDOW; i++)
		if (!pmd_try_send(&rig))
			break;
	for (unsigned int ms = 0; pmd_nb_kept() == nb_kept; ms++) {
		if (ms == STUCK_MS)
			return false;
		pmd_pass_ms(1);
	}
	pmd_wait_asleep(&rig);
	return true;
}

/*
 * The handler keeps every mbuf until there is none, then they come back in portions: the first is
 * too small for drivers that refill all or nothing. Nothing wakes a worker whose port has no
 * buffer, so it has to look; and as it does it may not spin.
 */
static void
a_port_that_ran_out_of_mbufs_receives_again_when_they_come_back(void **state)
{
	struct rouse_worker_stats before, after;
	uint32_t nb_seen;
	double start, us;
	bool has_come;

	atomic_store(&pmd_seen.may_lose, true);
	pmd_keep(true);
	unit_deadline();
	do { /* most of them, however slowly; and until no more come */
		has_come = send_what_may_be_lost();
		if (has_come)
			unit_deadline();
	} while (pmd_nb_kept() <= rig.pool->size / 2 ||
		 (has_come && pmd_nb_kept() < rig.pool->size));
	pmd_pass_ms(SHORT_MS); /* in which what is under way arrives */

	start = pmd_now_us();
	before = pmd_stats(&rig);
	do {
		pmd_pass_ms(IDLE_MS);
		after = pmd_stats(&rig);
	} while (after.starved == before.starved); /* one that is late is waited for */
	us = pmd_now_us() - start;
	print_message(
		"# %u mbufs kept; %.0f us without: %" PRIu64 " wakes, %" PRIu64 " starved sleeps\n",
		pmd_nb_kept(), us, after.wakes - before.wakes, after.starved - before.starved);
	assert_true((double)(after.wakes - before.wakes) <= us / PMD_TIMED_US + MOST_BARREN);

	pmd_keep(false);
	pmd_return(FEW);
	pmd_pass_ms(SHORT_MS); /* it looks, and goes to sleep again */
	pmd_return(pmd_nb_kept());
	nb_seen = atomic_load(&pmd_seen.nb_any);
	while (atomic_load(&pmd_seen.nb_any) < nb_seen + PMD_WINDOW) {
		pmd_try_send(&rig);
		pmd_pass_ms(1);
	}
	wait_for_what_is_under_way(); /* from here on nothing is lost */
	atomic_store(&pmd_seen.nb, rig.nb_sent);
	atomic_store(&pmd_seen.may_lose, false);
	pmd_exchange(&rig, PMD_WINDOW);
	assert_int_equal(atomic_load(&pmd_seen.nb_wrong), 0);
	an_idle_worker_sleeps_without_a_wake_or_as_often_as_it_said(state);
}

static void
no_wake_was_lost_and_no_mbuf(void **state)
{
	pmd_end_worker(&rig);
	assert_int_equal(pmd_stats(&rig).rescues, 0);
	assert_int_equal(rouse_worker_ethdev_remove(rig.worker, rig.rx, 0), 0);
	assert_int_equal(atomic_load(&pmd_seen.nb_wrong), 0);
	pmd_close(&rig);
	assert_int_equal(rte_mempool_avail_count(rig.pool), rig.pool->size);
}

/* net_null receives without an end; it is counted, and polled as long as it has frames. */
static void
every_frame_of_a_port_without_an_end_is_counted(void **state)
{
	struct rouse_worker_stats s;
	struct rte_eth_stats port;

	pmd_run_worker(&rig);
	while (atomic_load(&pmd_seen.nb_any) < NB_NULL)
		sched_yield();
	pmd_end_worker(&rig);
	s = pmd_stats(&rig);
	assert_int_equal(rte_eth_stats_get(rig.rx, &port), 0);
	assert_int_equal(s.rx_packets, atomic_load(&pmd_seen.nb_any));
	assert_int_equal(port.ipackets, s.rx_packets);
	assert_int_equal(s.parks, 0);
	assert_true(s.poll_rounds > 0);
	assert_int_equal(s.rescues, 0);
	assert_int_equal(rouse_worker_ethdev_remove(rig.worker, rig.rx, 0), 0);
}

/* The same PMD without frames. */
static void
when_it_has_none_the_worker_sleeps(void **state)
{
	uint16_t port = pmd_make_port("net_null1,no-rx=1");

	pmd_set_up(port, rig.pool, true);
	pmd_start_port(port);
	assert_int_equal(rouse_worker_ethdev_add(rig.worker, port, 0, pmd_receive, NULL), 0);
	pmd_run_worker(&rig);
	an_idle_worker_sleeps_without_a_wake_or_as_often_as_it_said(state);
	pmd_end_worker(&rig);
	assert_int_equal(rouse_worker_ethdev_remove(rig.worker, port, 0), 0);
	pmd_close(&rig);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_line_says_how_the_worker_is_woken),
		cmocka_unit_test(each_frame_that_finds_the_worker_asleep_wakes_it),
		cmocka_unit_test(a_flood_arrives_whole_and_in_order),
		cmocka_unit_test(an_idle_worker_sleeps_without_a_wake_or_as_often_as_it_said),
		cmocka_unit_test(a_port_that_ran_out_of_mbufs_receives_again_when_they_come_back),
		cmocka_unit_test(no_wake_was_lost_and_no_mbuf),
	};
	const struct CMUnitTest poolless_tests[] = {
		cmocka_unit_test(one_line_says_how_the_worker_is_woken),
		cmocka_unit_test(each_frame_that_finds_the_worker_asleep_wakes_it),
		cmocka_unit_test(a_flood_arrives_whole_and_in_order),
		cmocka_unit_test(an_idle_worker_sleeps_without_a_wake_or_as_often_as_it_said),
		cmocka_unit_test(no_wake_was_lost_and_no_mbuf),
	};
	const struct CMUnitTest endless_tests[] = {
		cmocka_unit_test(one_line_says_how_the_worker_is_woken),
		cmocka_unit_test(every_frame_of_a_port_without_an_end_is_counted),
		cmocka_unit_test(when_it_has_none_the_worker_sleeps),
	};
	const struct pmd_kind *kind = argc == 2 ? pmd_find(argv[1]) : NULL;
	const char *missing = kind == NULL ? "give the kind of a PMD" : pmd_missing(kind);

	if (missing != NULL) {
		printf("1..0 # SKIP %s\n", missing);
		return kind == NULL;
	}
	pmd_open(&rig, kind, argv[0]);
	if (kind->never_idle)
		return UNIT_RUN(endless_tests);
	return kind->has_no_pool ? UNIT_RUN(poolless_tests) : UNIT_RUN(tests);
}
