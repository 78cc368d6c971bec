/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * What becomes of a port while a worker sleeps over it: test_pmd_changes KIND [idle]. It is stopped
 * and started, its queues are set up anew, its link flaps, it is removed: the worker's other source
 * goes on meanwhile, and afterwards each frame wakes the worker as before. With "idle" an
 * application polls the queue, and did not say where it looks whether it may: what of this nobody
 * announces is the same for it.
 */

#include <errno.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <rte_dev.h>

#include "pmd_rig.h"

#define NB_TIMES   10 /* each change, or as often as ROUSE_PMD_TIMES says */
#define NB_FRAMES  20 /* after each change, one by one */
#define SILENCE_MS 50

static struct pmd_rig rig;
static unsigned long nb_times = NB_TIMES;
static bool is_deaf; /* the port has lost its interrupts, and the worker says so */

/* ---- the other source ---- */

static int other;
static atomic_uint nb_other;

static void
take_other(struct rouse_worker *w, int fd, void *arg)
{
	uint64_t count;

	if (read(fd, &count, sizeof(count)) == sizeof(count))
		atomic_fetch_add(&nb_other, 1);
}

static void
check_other_goes_on(void)
{
	const uint64_t one = 1;
	unsigned int before = atomic_load(&nb_other);

	assert_int_equal(write(other, &one, sizeof(one)), sizeof(one));
	while (atomic_load(&nb_other) == before)
		pmd_yield(&rig);
}

/* ---- what holds after each change ---- */

/* Each frame finds the worker asleep, and wakes it; no timer does, unless it has to. */
static void
check_wakes(void)
{
	struct rouse_worker_stats before, after;

	unit_deadline();
	pmd_wait_up(&rig);
	before = pmd_stats(&rig);
	for (unsigned int i = 0; i < NB_FRAMES; i++) {
		pmd_wait_asleep(&rig);
		pmd_exchange(&rig, 1);
	}
	after = pmd_stats(&rig);
	assert_true(is_deaf ||
		    after.timer_wakes - before.timer_wakes <= after.arm_errors - before.arm_errors);
	assert_true(after.arm_errors == before.arm_errors || rig.kind->wake == PMD_READABLE);
	assert_int_equal(after.rescues, 0);
	assert_int_equal(atomic_load(&pmd_seen.nb_wrong), 0);
	check_other_goes_on();
}

/* While there is nothing to do, nothing is done. */
static void
check_silence(void)
{
	struct rouse_worker_stats before;

	pmd_wait_settled(&rig);
	before = pmd_stats(&rig);
	pmd_pass_ms(SILENCE_MS);
	assert_int_equal(pmd_stats(&rig).wakes, before.wakes);
}

/* ---- changes ---- */

static void
pause_port(void)
{
	pmd_wait_asleep(&rig);
	assert_int_equal(rouse_worker_port_pause(rig.rx), 0);
	check_other_goes_on();
	check_silence();
}

static void
resume_port(void)
{
	assert_int_equal(rouse_worker_port_resume(rig.rx), 0);
	check_wakes();
}

static void
a_port_stops_and_starts(void **state)
{
	for (unsigned int i = 0; i < nb_times; i++) {
		pause_port();
		assert_int_equal(rte_eth_dev_stop(rig.rx), 0);
		check_other_goes_on();
		pmd_start_port(rig.rx);
		is_deaf = rig.kind->is_deaf;
		resume_port();
	}
	assert_int_equal(pmd_nb_lines("no interrupt: looked at every 1000 us"), is_deaf);
}

/* What comes while it is paused or stopped is lost, or comes later. */
static void
a_port_stops_and_starts_while_frames_come(void **state)
{
	pmd_begin_sending(&rig);
	pmd_await_frames(&rig, NB_FRAMES);
	for (unsigned int i = 0; i < nb_times; i++) {
		assert_int_equal(rouse_worker_port_pause(rig.rx), 0);
		assert_int_equal(rte_eth_dev_stop(rig.rx), 0);
		check_other_goes_on();
		pmd_start_port(rig.rx);
		is_deaf = rig.kind->is_deaf;
		assert_int_equal(rouse_worker_port_resume(rig.rx), 0);
		pmd_await_frames(&rig, NB_FRAMES);
	}
	pmd_end_sending(&rig);
	check_wakes();
}

/* As a reset leaves it; ethdev's own is for drivers that have one. */
static void
a_port_is_reset_and_set_up_anew(void **state)
{
	for (unsigned int i = 0; i < nb_times; i++) {
		int ret;

		pause_port();
		ret = rte_eth_dev_reset(rig.rx);
		if (ret == -ENOTSUP)
			ret = rte_eth_dev_stop(rig.rx);
		assert_int_equal(ret, 0);
		check_other_goes_on();
		pmd_set_up(rig.rx, rig.pool, true);
		pmd_start_port(rig.rx);
		is_deaf = false;
		resume_port();
	}
}

/* Some drivers interrupt as they stop, and then the worker says what it finds. */
static unsigned int nb_unpaused;

static void
a_port_that_nobody_paused_is_taken_up_by_the_resume(void **state)
{
	for (unsigned int i = 0; i < nb_times; i++) {
		nb_unpaused++;
		pmd_wait_asleep(&rig);
		assert_int_equal(rte_eth_dev_stop(rig.rx), 0);
		pmd_start_port(rig.rx);
		is_deaf = rig.kind->is_deaf;
		resume_port();
	}
}

static void
a_port_that_is_stopped_is_not_resumed(void **state)
{
	pause_port();
	assert_int_equal(rte_eth_dev_stop(rig.rx), 0);
	assert_int_equal(rouse_worker_port_resume(rig.rx), -ENETDOWN);
	assert_int_equal(pmd_nb_lines("stays paused: Network is down"), 1);
	check_other_goes_on();
	check_silence();
	if (rig.kind->is_deaf)
		pmd_set_up(rig.rx, rig.pool, true);
	pmd_start_port(rig.rx);
	is_deaf = false;
	resume_port();
}

/* Nobody tells the worker. */
static void
the_link_flaps(void **state)
{
	for (unsigned int i = 0; i < nb_times; i++) {
		pmd_wait_asleep(&rig);
		assert_int_equal(rte_eth_dev_set_link_down(rig.rx), 0);
		check_other_goes_on();
		assert_int_equal(rte_eth_dev_set_link_up(rig.rx), 0);
		check_wakes();
	}
}

/* Of net_tap it is the kernel's interface. */
static void
set_other_end(bool is_up)
{
	char command[128];

	if (rig.tx != RTE_MAX_ETHPORTS) {
		assert_int_equal(is_up ? rte_eth_dev_start(rig.tx) : rte_eth_dev_stop(rig.tx), 0);
		return;
	}
	snprintf(command, sizeof(command), "PATH=$PATH:/usr/sbin:/sbin ip link set dev %s %s",
		 rig.kind->socket, is_up ? "up" : "down");
	assert_int_equal(system(command), 0);
}

static void
the_other_end_stops_and_starts(void **state)
{
	for (unsigned int i = 0; i < nb_times; i++) {
		pmd_wait_asleep(&rig);
		set_other_end(false);
		check_other_goes_on();
		set_other_end(true);
		check_wakes();
	}
}

static void
a_queue_stops_and_starts(void **state)
{
	for (unsigned int i = 0; i < nb_times; i++) {
		pmd_wait_asleep(&rig);
		assert_int_equal(rte_eth_dev_rx_queue_stop(rig.rx, 0), 0);
		check_other_goes_on();
		assert_int_equal(rte_eth_dev_rx_queue_start(rig.rx, 0), 0);
		check_wakes();
	}
}

static void
remove_started_port(uint16_t port)
{
	struct rte_eth_dev_info info;

	assert_int_equal(rte_eth_dev_info_get(port, &info), 0);
	assert_int_equal(rte_dev_remove(info.device), 0);
	assert_false(rte_eth_dev_is_valid_port(port));
}

static void
remove_port(uint16_t port)
{
	assert_int_equal(rte_eth_dev_stop(port), 0);
	remove_started_port(port);
}

/* Of net_vhost that is a guest: nobody tells the worker, and what was armed is forgotten. */
static void
the_other_end_goes_and_another_comes(void **state)
{
	for (unsigned int i = 0; i < nb_times; i++) {
		pmd_wait_asleep(&rig);
		remove_port(rig.tx);
		check_other_goes_on();
		rig.tx = pmd_make_port(rig.kind->tx);
		pmd_set_up(rig.tx, rig.tx_pool, false);
		pmd_start_port(rig.tx);
		check_wakes();
	}
}

static void
add_port(void)
{
	rig.rx = pmd_make_port(rig.kind->rx);
	pmd_set_up(rig.rx, rig.pool, true);
	pmd_start_port(rig.rx);
	if (rig.kind->socket != NULL)
		pmd_open_socket(&rig);
	assert_int_equal(rouse_worker_ethdev_add(rig.worker, rig.rx, 0, pmd_receive, NULL), 0);
}

/* Of net_tap, whose fd has an error from then on, for ever. */
static unsigned int nb_deleted;

static void
an_interface_is_deleted_and_the_worker_does_not_spin(void **state)
{
	struct rouse_worker_stats before, after;
	double start, us;

	unit_deadline();
	pmd_wait_asleep(&rig);
	nb_deleted++;
	assert_int_equal(system("PATH=$PATH:/usr/sbin:/sbin ip link del dev dtap0"), 0);
	check_other_goes_on();
	while (pmd_nb_lines("cannot be waited for: Input/output error") < nb_deleted)
		pmd_yield(&rig);
	start = pmd_now_us();
	before = pmd_stats(&rig);
	pmd_pass_ms(SILENCE_MS);
	after = pmd_stats(&rig);
	us = pmd_now_us() - start;
	assert_true((double)(after.wakes - before.wakes) <= 2 * us / PMD_TIMED_US);
	assert_int_equal(pmd_nb_lines("cannot be waited for: Input/output error"), nb_deleted);
	check_other_goes_on();
}

/* net_virtio_user connects once. */
static bool
comes_back(const struct pmd_kind *kind)
{
	return kind->wake != PMD_INTERRUPT || kind->is_nic;
}

static void
a_port_is_removed_and_another_comes(void **state)
{
	for (unsigned int i = 0; i < nb_times; i++) {
		pmd_wait_asleep(&rig);
		assert_int_equal(rouse_worker_ethdev_remove(rig.worker, rig.rx, 0), 0);
		remove_port(rig.rx);
		check_other_goes_on();
		check_silence();
		assert_int_equal(rouse_worker_ethdev_remove(rig.worker, rig.rx, 0), -ENOENT);
		assert_int_equal(rouse_worker_ethdev_add(rig.worker, rig.rx, 0, pmd_receive, NULL),
				 -ENODEV);
		add_port();
		check_wakes();
	}
}

/* Nobody paused it, and its queue was not removed. Other people's drivers want it stopped. */
static void
a_port_is_removed_with_its_queue_and_another_comes(void **state)
{
	unsigned long nb = comes_back(rig.kind) ? nb_times : 1;

	for (unsigned int i = 0; i < nb; i++) {
		pmd_wait_asleep(&rig);
		if (rig.kind->wake == PMD_HANDSHAKE) {
			remove_started_port(rig.rx);
		} else {
			nb_unpaused++;
			remove_port(rig.rx);
		}
		assert_int_equal(pmd_nb_lines("was removed with its port"), i + 1);
		check_other_goes_on();
		check_silence();
		assert_int_equal(rouse_worker_ethdev_remove(rig.worker, rig.rx, 0), -ENOENT);
		if (!comes_back(rig.kind))
			break;
		add_port();
		check_wakes();
	}
}

/* ---- begin and end ---- */

static bool is_idle_form;

static void
each_frame_wakes_the_worker_before_anything_changes(void **state)
{
	if (is_idle_form)
		assert_int_equal(rouse_worker_ethdev_watch(rig.worker, rig.rx, 0, NULL), 0);
	else
		assert_int_equal(rouse_worker_ethdev_add(rig.worker, rig.rx, 0, pmd_receive, NULL),
				 0);
	other = eventfd(0, EFD_NONBLOCK);
	assert_int_equal(rouse_worker_fd_add(rig.worker, other, take_other, NULL), 0);
	if (is_idle_form)
		pmd_run_application(&rig);
	else
		pmd_run_worker(&rig);
	check_wakes();
}

static void
nothing_was_lost_and_each_kind_was_said_once(void **state)
{
	unsigned int nb_down;

	pmd_end_worker(&rig);
	assert_int_equal(pmd_stats(&rig).rescues, 0);
	assert_int_equal(pmd_stats(&rig).starved, 0);
	nb_down = pmd_nb_lines("cannot be waited for: Network is down");
	assert_true(nb_down <= nb_unpaused);
	assert_int_equal(pmd_nb_lines("cannot be waited for"), nb_deleted + nb_down);
	pmd_close(&rig);
	close(other);
	assert_int_equal(rte_mempool_avail_count(rig.pool), rig.pool->size);
}

/* Of a queue that an application polls unasked, the port is not stopped. */
static bool
is_for_idle_form(CMUnitTestFunction change)
{
	static const CMUnitTestFunction unannounced[] = {
		each_frame_wakes_the_worker_before_anything_changes,
		the_link_flaps,
		the_other_end_stops_and_starts,
		the_other_end_goes_and_another_comes,
		nothing_was_lost_and_each_kind_was_said_once,
	};

	for (unsigned int i = 0; i < UNIT_DIM(unannounced); i++)
		if (change == unannounced[i])
			return true;
	return false;
}

/* Not every driver has each of them. */
static bool
can(const struct pmd_kind *kind, CMUnitTestFunction change)
{
	if (is_idle_form && !is_for_idle_form(change))
		return false;
	if (change == an_interface_is_deleted_and_the_worker_does_not_spin)
		return kind->wake == PMD_READABLE;
	if (change == the_link_flaps || change == a_queue_stops_and_starts)
		return kind->wake != PMD_INTERRUPT;
	/* which goes once only: with its queue */
	if (change == a_port_is_removed_and_another_comes)
		return comes_back(kind);
	/* net_virtio_user connects once, and a kernel's interface is its port's */
	if (change == the_other_end_goes_and_another_comes)
		return kind->tx != NULL && !kind->tx_first;
	return true;
}

/* By ROUSE_PMD_CHANGE; the first and the last are made in any case. */
static bool
is_chosen(const char *name)
{
	const char *pattern = getenv("ROUSE_PMD_CHANGE");

	return pattern == NULL || fnmatch(pattern, name, 0) == 0;
}

int
main(int argc, char **argv)
{
	static const struct CMUnitTest all[] = {
		cmocka_unit_test(each_frame_wakes_the_worker_before_anything_changes),
		cmocka_unit_test(a_port_stops_and_starts),
		cmocka_unit_test(a_port_stops_and_starts_while_frames_come),
		cmocka_unit_test(a_port_is_reset_and_set_up_anew),
		cmocka_unit_test(a_port_that_nobody_paused_is_taken_up_by_the_resume),
		cmocka_unit_test(a_port_that_is_stopped_is_not_resumed),
		cmocka_unit_test(the_link_flaps),
		cmocka_unit_test(a_queue_stops_and_starts),
		cmocka_unit_test(the_other_end_stops_and_starts),
		cmocka_unit_test(the_other_end_goes_and_another_comes),
		cmocka_unit_test(an_interface_is_deleted_and_the_worker_does_not_spin),
		cmocka_unit_test(a_port_is_removed_and_another_comes),
		cmocka_unit_test(a_port_is_removed_with_its_queue_and_another_comes),
		cmocka_unit_test(nothing_was_lost_and_each_kind_was_said_once),
	};
	struct CMUnitTest tests[UNIT_DIM(all)];
	const struct pmd_kind *kind = argc >= 2 ? pmd_find(argv[1]) : NULL;
	const char *missing = kind == NULL ? "give the kind of a PMD" : pmd_missing(kind);
	size_t nb = 0;

	is_idle_form = argc == 3 && strcmp(argv[2], "idle") == 0;
	if (missing != NULL) {
		printf("1..0 # SKIP %s\n", missing);
		return kind == NULL;
	}
	for (unsigned int i = 0; i < UNIT_DIM(all); i++)
		if (can(kind, all[i].test_func) &&
		    (i == 0 || i == UNIT_DIM(all) - 1 || is_chosen(all[i].name)))
			tests[nb++] = all[i];
	if (getenv("ROUSE_PMD_TIMES") != NULL)
		nb_times = strtoul(getenv("ROUSE_PMD_TIMES"), NULL, 10);
	pmd_open(&rig, kind, argv[0]);
	unit_deadline();
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return _cmocka_run_group_tests("changes", tests, nb, NULL, NULL);
}
