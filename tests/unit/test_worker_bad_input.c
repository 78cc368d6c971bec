/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * What a worker is given that does not work: interrupts that cannot be armed, ports that are
 * stopped, file descriptors that were closed, more devices than it has bits for. An errno or one
 * line says so, other sources go on, each sleep is one sleep, and what was broken works again when
 * it is mended.
 */

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rte_ethdev.h>
#include <rte_log.h>

#include "unit.h"
#include "worker_mock.h"

#define PLAIN	 3 /* the port that is no handshake producer */
#define TIMED_US 1000
#define LATE_S	 5 /* then a sleep that should have ended is woken, and the test fails */

static struct rouse_worker worker, *const w = &worker;

/* ---- a PMD with an interrupt, each of whose ops can fail ---- */

static struct {
	int enable_error, disable_error;
	int fd; /* negative: none */
	unsigned int nb_enabled, nb_disabled;
	unsigned int nb_without; /* mbufs that it wanted */
	unsigned int nb_asked;	 /* for its statistics */
	int stats_error;	 /* what it says then */
	uint32_t nb_waiting;	 /* packets that it does not give */
	eth_rx_burst_t burst;
} pmd;

int
rte_eth_dev_rx_intr_enable(uint16_t port, uint16_t queue)
{
	pmd.nb_enabled += pmd.enable_error == 0;
	return pmd.enable_error;
}

int
rte_eth_dev_rx_intr_disable(uint16_t port, uint16_t queue)
{
	pmd.nb_disabled++;
	return pmd.disable_error;
}

int
rte_eth_dev_rx_intr_ctl_q_get_fd(uint16_t port, uint16_t queue)
{
	return queue == 0 ? pmd.fd : -1;
}

int
rte_eth_dev_callback_register(uint16_t port, enum rte_eth_event_type event, rte_eth_dev_cb_fn fn,
			      void *arg)
{
	return 0;
}

int
rte_eth_stats_get(uint16_t port, struct rte_eth_stats *stats)
{
	pmd.nb_asked++;
	if (pmd.stats_error != 0)
		return pmd.stats_error;
	memset(stats, 0, sizeof(*stats));
	stats->rx_nombuf = pmd.nb_without;
	return 0;
}

static uint32_t
count_waiting(void *rxq)
{
	return pmd.nb_waiting;
}

/* As a stop and a start do: another fd. */
static void
renew_interrupt(void)
{
	int fd = eventfd(0, EFD_NONBLOCK);

	close(pmd.fd);
	pmd.fd = fcntl(fd, F_DUPFD, pmd.fd + 100);
	assert_true(pmd.fd >= 0);
	close(fd);
}

static void
ring_interrupt(void)
{
	const uint64_t one = 1;

	assert_int_equal(write(pmd.fd, &one, sizeof(one)), sizeof(one));
}

/* As ethdev does: a function of its own stands behind rte_eth_rx_burst(). */
static void
stop_port(void)
{
	pmd.burst = rte_eth_fp_ops[PLAIN].rx_pkt_burst;
	rte_eth_fp_ops[PLAIN].rx_pkt_burst = rte_eth_fp_ops[RTE_MAX_ETHPORTS - 1].rx_pkt_burst;
}

static void
start_port(void)
{
	rte_eth_fp_ops[PLAIN].rx_pkt_burst = pmd.burst;
}

/* ---- what is logged ---- */

static FILE *log_file;
static char *log_text;
static size_t log_len;

/* Lines since the last call; each must have these words. */
static unsigned int
lines_with(const char *words)
{
	unsigned int nb = 0;

	fflush(log_file);
	for (char *line = strtok(log_text, "\n"); line != NULL; line = strtok(NULL, "\n"), nb++)
		assert_non_null(strstr(line, words));
	rewind(log_file);
	memset(log_text, 0, log_len);
	return nb;
}

/* ---- the worker ---- */

static void (*meanwhile)(void); /* between the second look and the sleep, once */

static void
before_sleep(void *arg)
{
	void (*now)(void) = meanwhile;

	meanwhile = NULL;
	if (now != NULL)
		now();
}

static int
make(void **state)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET, .data.u64 = EPOLL_TIMER };

	memset(&pmd, 0, sizeof(pmd));
	log_file = open_memstream(&log_text, &log_len);
	rte_openlog_stream(log_file);
	mock_init();
	mock_worker_init(w);
	rouse_attn_registry_remove(PLAIN);
	pmd.fd = eventfd(0, EFD_NONBLOCK);
	w->conf.timed_us = TIMED_US;
	w->conf.before_sleep = before_sleep;
	w->ns_per_tsc = 1;
	assert_int_equal(epoll_ctl(w->epoll, EPOLL_CTL_ADD, w->timer, &event), 0);
	assert_int_equal(mock_add(w, 0, 0), 0);
	lines_with("port 0 (");
	worker_enter_attend(w);
	return 0;
}

static int
destroy(void **state)
{
	mock_worker_fini(w);
	mock_fini();
	close(pmd.fd);
	rte_openlog_stream(NULL);
	fclose(log_file);
	free(log_text);
	return 0;
}

enum cause { BY_TIMER, BY_OTHER };

/* One sleep, while this happens. A sleep without a timeout ends by the test's timer, too late. */
static void
sleep_while(void (*happens)(void), enum cause cause)
{
	const struct itimerspec late = { .it_value.tv_sec = LATE_S };
	uint64_t wakes = rouse_counter_get(&w->stats.wakes);
	uint64_t by_timer = rouse_counter_get(&w->stats.timer_wakes);

	timerfd_settime(w->timer, 0, &late, NULL);
	worker_attend(w); /* what was added is looked at once */
	meanwhile = happens;
	worker_park(w);
	assert_null(meanwhile);
	assert_int_equal(rouse_counter_get(&w->stats.wakes), wakes + 1);
	assert_int_equal(rouse_counter_get(&w->stats.timer_wakes), by_timer + (cause == BY_TIMER));
	assert_int_equal(rouse_counter_get(&w->stats.rescues), 0);
}

static void
nothing(void)
{
}

static void
signal_the_other(void)
{
	mock_deliver(0, 0, 0);
	mock_signal(0, 0);
}

static void
assert_other_goes_on(void)
{
	unsigned int before = mock_ports[0].queues[0].taken;

	sleep_while(signal_the_other, BY_OTHER);
	assert_int_equal(mock_ports[0].queues[0].taken, before + 1);
}

static unsigned int
taken(void)
{
	return mock_ports[PLAIN].queues[0].taken;
}

static void
deliver(void)
{
	mock_deliver(PLAIN, 0, 0);
}

static void
deliver_and_interrupt(void)
{
	deliver();
	ring_interrupt();
}

static void
assert_woken_by_interrupt(void)
{
	unsigned int before = taken();

	sleep_while(deliver_and_interrupt, BY_OTHER);
	assert_int_equal(taken(), before + 1);
}

static void
assert_found_by_timer(void)
{
	unsigned int before = taken();

	sleep_while(deliver, BY_TIMER);
	assert_int_equal(taken(), before + 1);
}

/* ---- a file descriptor of the application ---- */

static int ends[2];
static unsigned int nb_calls;

static void
read_all(struct rouse_worker *worker_of_fd, int fd, void *arg)
{
	char bytes[16];

	nb_calls++;
	assert_true(read(fd, bytes, sizeof(bytes)) > 0);
}

static void
write_one(void)
{
	assert_int_equal(write(ends[1], "x", 1), 1);
}

/* ---- interrupts ---- */

static void
an_interrupt_that_cannot_be_armed_makes_the_sleep_timed_and_is_said_once(void **state)
{
	assert_int_equal(mock_add(w, PLAIN, 0), 0);
	assert_int_equal(lines_with("port 3 (?): per-queue interrupt"), 1);
	assert_woken_by_interrupt();
	pmd.enable_error = -EIO;
	for (unsigned int i = 1; i <= 3; i++) {
		assert_found_by_timer();
		assert_int_equal(rouse_counter_get(&w->stats.arm_errors), i);
	}
	assert_int_equal(lines_with("queue 0 of port 3 cannot be waited for: Input/output error; "
				    "it is looked at every 1000 us until it can"),
			 1);
	assert_other_goes_on();
	pmd.enable_error = 0;
	assert_woken_by_interrupt();
	assert_int_equal(lines_with("nothing more"), 0);
}

static void
a_pmd_whose_interrupt_ops_all_fail_is_looked_at_by_the_timer(void **state)
{
	close(pmd.fd);
	pmd.enable_error = pmd.disable_error = -EIO;
	pmd.fd = -1;
	assert_int_equal(mock_add(w, PLAIN, 0), 0);
	assert_int_equal(
		lines_with("port 3 (?): no interrupt: looked at every 1000 us while asleep"), 1);
	for (unsigned int i = 0; i < 3; i++)
		assert_found_by_timer();
	assert_int_equal(rouse_counter_get(&w->stats.arm_errors), 0);
	assert_int_equal(rouse_counter_get(&w->stats.arms), 0);
	assert_other_goes_on();
	assert_int_equal(lines_with("nothing more"), 0);
}

static void
an_interrupt_that_cannot_be_disarmed_is_no_error(void **state)
{
	pmd.disable_error = -EIO;
	assert_int_equal(mock_add(w, PLAIN, 0), 0);
	assert_int_equal(lines_with("port 3 (?): per-queue interrupt"), 1);
	for (unsigned int i = 0; i < 3; i++)
		assert_woken_by_interrupt();
	assert_other_goes_on();
	assert_int_equal(lines_with("nothing more"), 0);
}

/* Level-triggered: while it is readable, waiting for it returns at once. */
static void
a_queue_that_stays_readable_and_gives_nothing_is_looked_at_by_the_timer(void **state)
{
	uint64_t count;

	pmd.enable_error = -ENOTSUP;
	assert_int_equal(mock_add(w, PLAIN, 0), 0);
	assert_int_equal(lines_with("port 3 (?): readable file descriptor"), 1);
	assert_woken_by_interrupt();
	/* it has not been read, and the queue is empty; then there is something */
	for (unsigned int i = 0; i < 20; i++) {
		sleep_while(nothing, BY_TIMER);
		assert_int_equal(rouse_counter_get(&w->stats.arm_errors), i + 1);
		assert_in_range(w->arm_limit_us, 1, RTE_MIN(20u << RTE_MIN(i, 10u), TIMED_US + 0u));
	}
	assert_found_by_timer();
	assert_int_equal(rouse_counter_get(&w->stats.spurious_wakes), 0);
	assert_other_goes_on();
	assert_int_equal(read(pmd.fd, &count, sizeof(count)), sizeof(count));
	assert_woken_by_interrupt();
	assert_int_equal(lines_with("nothing more"), 0);
}

/* An error is told whether it is waited for or not, and whenever the fd is looked at. */
static void
a_queue_whose_fd_has_an_error_is_looked_at_by_the_timer_and_said_once(void **state)
{
	int ends[2];

	pmd.enable_error = -ENOTSUP;
	close(pmd.fd);
	assert_int_equal(pipe(ends), 0);
	pmd.fd = ends[1]; /* the end that writes */
	assert_int_equal(mock_add(w, PLAIN, 0), 0);
	assert_int_equal(lines_with("port 3 (?): readable file descriptor"), 1);
	sleep_while(signal_the_other, BY_OTHER);
	close(ends[0]);
	sleep_while(nothing, BY_OTHER); /* it was asked for before */
	for (unsigned int i = 0; i < 3; i++)
		assert_found_by_timer();
	assert_int_equal(lines_with("queue 0 of port 3 cannot be waited for: Input/output error; "
				    "it is looked at every 1000 us until it can"),
			 1);
	assert_other_goes_on();
}

static void
close_the_reader(void)
{
	close(ends[0]);
}

static void
an_error_that_comes_while_it_sleeps_wakes_it_once(void **state)
{
	pmd.enable_error = -ENOTSUP;
	close(pmd.fd);
	assert_int_equal(pipe(ends), 0);
	pmd.fd = ends[1];
	assert_int_equal(mock_add(w, PLAIN, 0), 0);
	sleep_while(close_the_reader, BY_OTHER);
	for (unsigned int i = 0; i < 3; i++)
		sleep_while(nothing, BY_TIMER);
	assert_other_goes_on();
}

/* ---- a stopped port ---- */

static void
a_queue_of_a_stopped_port_is_not_added(void **state)
{
	stop_port();
	assert_int_equal(mock_add(w, PLAIN, 0), -ENETDOWN);
	assert_int_equal(lines_with("port 3 is not started; start it, then add its queues"), 1);
	assert_other_goes_on();
	start_port();
	assert_int_equal(mock_add(w, PLAIN, 0), 0);
	assert_woken_by_interrupt();
}

static void
a_stopped_port_is_known_when_there_is_no_number_left(void **state)
{
	mock_has_all_ports = true;
	stop_port();
	assert_int_equal(mock_add(w, PLAIN, 0), -ENETDOWN);
	start_port();
	assert_int_equal(mock_add(w, PLAIN, 0), 0);
}

static struct source *
source_of_port(void)
{
	for (uint32_t i = 0; i < w->sources.nb; i++)
		if (source_is_of_port(w->sources.at[i], PLAIN))
			return w->sources.at[i];
	return NULL;
}

static void
a_port_is_resumed_after_it_has_started_and_not_before(void **state)
{
	assert_int_equal(mock_add(w, PLAIN, 0), 0);
	assert_int_equal(lines_with("per-queue interrupt"), 1);
	assert_int_equal(source_queue_pause(w, source_of_port()), 0);
	stop_port();
	assert_int_equal(source_queue_resume(w, source_of_port()), -ENETDOWN);
	assert_int_equal(lines_with("queue 0 of port 3 stays paused: Network is down"), 1);
	assert_other_goes_on();
	start_port();
	assert_int_equal(source_queue_resume(w, source_of_port()), 0);
	assert_woken_by_interrupt();
	assert_int_equal(lines_with("nothing more"), 0);
}

static void
a_port_that_was_stopped_without_a_pause_is_taken_up_when_it_has_started(void **state)
{
	assert_int_equal(mock_add(w, PLAIN, 0), 0);
	assert_int_equal(lines_with("per-queue interrupt"), 1);
	stop_port();
	renew_interrupt();
	for (unsigned int i = 0; i < 3; i++)
		sleep_while(nothing, BY_TIMER);
	assert_int_equal(lines_with("queue 0 of port 3 cannot be waited for: Network is down"), 1);
	assert_other_goes_on();
	start_port();
	assert_found_by_timer();
	/* between two rounds */
	assert_true(worker_is_change_due(w));
	worker_make_changes(w);
	assert_woken_by_interrupt();
	assert_int_equal(lines_with("nothing more"), 0);
}

/* A file of the application's with the number that was the queue's. */
static void
take_number(int number)
{
	nb_calls = 0;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(dup2(ends[0], number), number);
	close(ends[0]);
	ends[0] = number;
}

static void
assert_application_is_heard(void)
{
	unsigned int before = nb_calls;

	sleep_while(write_one, BY_OTHER);
	assert_int_equal(nb_calls, before + 1);
}

/* How a queue is waited for: by its interrupt, or by its fd. */
static void
check_number_of_closed_port(int enable_error)
{
	pmd.enable_error = enable_error;
	assert_int_equal(mock_add(w, PLAIN, 0), 0);
	assert_woken_by_interrupt();
	pmd.nb_disabled = pmd.nb_asked = 0;
	stop_port();
	take_number(pmd.fd); /* which closes it */
	assert_int_equal(rouse_worker_fd_add(w, ends[0], read_all, NULL), 0);
	for (unsigned int i = 0; i < 3; i++)
		assert_application_is_heard();
	/* a port that has gone is asked for nothing */
	assert_int_equal(pmd.nb_disabled + pmd.nb_asked, 0);
	mock_remove(w, PLAIN, 0);
	for (unsigned int i = 0; i < 3; i++)
		assert_application_is_heard();
	assert_int_equal(rouse_worker_fd_remove(w, ends[0]), 0);
	assert_int_equal(pmd.nb_disabled, 0);
	close(ends[1]);
	start_port();
}

static void
an_fd_that_has_the_number_of_a_closed_ports_interrupt_is_heard(void **state)
{
	check_number_of_closed_port(0);
}

static void
an_fd_that_has_the_number_of_a_closed_ports_fd_is_heard(void **state)
{
	check_number_of_closed_port(-ENOTSUP);
}

/* Nobody told the worker that its port was stopped, and started again. */
static void
a_queue_whose_number_another_file_has_is_taken_up_again(void **state)
{
	int before = pmd.fd;

	assert_int_equal(mock_add(w, PLAIN, 0), 0);
	assert_woken_by_interrupt();
	pmd.fd = fcntl(before, F_DUPFD, before + 100);
	take_number(before);
	assert_int_equal(rouse_worker_fd_add(w, ends[0], read_all, NULL), 0);
	assert_found_by_timer();
	assert_true(worker_is_change_due(w));
	worker_make_changes(w);
	assert_woken_by_interrupt();
	assert_application_is_heard();
	assert_int_equal(rouse_worker_fd_remove(w, ends[0]), 0);
	close(ends[0]);
	close(ends[1]);
}

/* So that queues keep who has their interrupt. */
static void
a_port_that_did_not_change_is_not_taken_up_again(void **state)
{
	assert_int_equal(mock_add(w, PLAIN, 0), 0);
	assert_woken_by_interrupt();
	pmd.nb_enabled = 0;
	worker_want_renewal(w, PLAIN);
	worker_make_changes(w);
	assert_int_equal(pmd.nb_enabled, 0);
	assert_woken_by_interrupt();
}

static void
a_queue_that_cannot_be_renewed_is_looked_at_by_the_timer_until_it_can(void **state)
{
	const char *said;

	assert_int_equal(mock_add(w, PLAIN, 0), 0);
	assert_int_equal(lines_with("per-queue interrupt"), 1);
	mock_fail_allocation = 1;
	renew_interrupt();
	worker_want_renewal(w, PLAIN);
	worker_make_changes(w);
	for (unsigned int i = 0; i < 3; i++)
		assert_found_by_timer();
	assert_other_goes_on();
	worker_want_renewal(w, PLAIN);
	worker_make_changes(w);
	assert_woken_by_interrupt();
	fflush(log_file);
	assert_non_null(strstr(log_text, "queue 0 of port 3 cannot be waited for: Cannot allocate "
					 "memory; it is looked at every 1000 us\n"));
	/* the last word is true */
	said = strstr(log_text, "no interrupt: looked at every 1000 us while asleep\n");
	assert_non_null(said);
	assert_non_null(strstr(said, "per-queue interrupt\n"));
}

static void
a_port_that_is_resumed_without_a_pause_is_waited_for_by_its_new_interrupt(void **state)
{
	assert_int_equal(mock_add(w, PLAIN, 0), 0);
	renew_interrupt();
	assert_int_equal(source_queue_resume(w, source_of_port()), 0);
	assert_woken_by_interrupt();
	assert_int_equal(lines_with("per-queue interrupt"), 1);
}

/* ---- no mbufs ---- */

static void
go_without(void)
{
	pmd.nb_without++;
}

/* It refills its ring at once or not at all, so that no pool is empty. */
static void
a_driver_that_goes_without_mbufs_is_looked_at_until_it_has_some(void **state)
{
	assert_int_equal(mock_add(w, PLAIN, 0), 0);
	assert_woken_by_interrupt();
	go_without();
	for (unsigned int i = 1; i <= 3; i++) {
		sleep_while(go_without, BY_TIMER);
		assert_int_equal(rouse_counter_get(&w->stats.starved), i);
	}
	assert_found_by_timer();
	/* it got them */
	assert_woken_by_interrupt();
	assert_int_equal(rouse_counter_get(&w->stats.starved), 4);
	assert_other_goes_on();
}

/* A packet of the port tells that its pool has so many. */
static void
learn_pool(unsigned int nb_mbufs)
{
	assert_int_equal(mock_add(w, PLAIN, 0), 0);
	mock_make_pool(nb_mbufs);
	mock_ports[PLAIN].has_interrupts = true; /* its packets have a pool */
	assert_woken_by_interrupt();
}

static uint64_t
nb_starved(void)
{
	return rouse_counter_get(&w->stats.starved);
}

/* Drivers take several at once, or none; but this one needs none. */
static void
a_pool_that_has_few_mbufs_limits_no_sleep_if_the_driver_lacks_none(void **state)
{
	rte_eth_fp_ops[PLAIN].rx_queue_count = count_waiting;
	learn_pool(63);
	for (unsigned int nb = 63; nb > 0; nb /= 2) {
		mock_nb_mbufs = nb;
		assert_woken_by_interrupt();
		assert_int_equal(mock_nb_mbufs, nb);
	}
	/* nor if it only counts */
	rte_eth_fp_ops[PLAIN].rx_queue_count = NULL;
	assert_woken_by_interrupt();
	assert_int_equal(nb_starved(), 0);
}

static void
a_pool_that_has_too_few_mbufs_limits_the_sleep(void **state)
{
	rte_eth_fp_ops[PLAIN].rx_queue_count = count_waiting;
	learn_pool(64);
	/* none, whatever the driver says */
	mock_nb_mbufs = 0;
	sleep_while(nothing, BY_TIMER);
	assert_int_equal(nb_starved(), 1);
	/* packets wait: it gives none */
	mock_nb_mbufs = 31;
	pmd.nb_waiting = 40;
	sleep_while(nothing, BY_TIMER);
	assert_int_equal(nb_starved(), 2);
	pmd.nb_waiting = 0;
	assert_woken_by_interrupt();
	/* it went without */
	go_without();
	sleep_while(nothing, BY_TIMER);
	assert_int_equal(nb_starved(), 3);
	assert_woken_by_interrupt();
	rte_eth_fp_ops[PLAIN].rx_queue_count = NULL;
}

static void
a_pool_of_which_the_driver_says_nothing_must_have_enough(void **state)
{
	learn_pool(64);
	pmd.stats_error = -ENOTSUP;
	assert_woken_by_interrupt();
	assert_int_equal(nb_starved(), 0);
	mock_nb_mbufs = 63;
	sleep_while(nothing, BY_TIMER);
	assert_int_equal(nb_starved(), 1);
}

/* Before the first packet nobody knows the pool. */
static void
a_driver_that_keeps_its_first_packets_is_looked_at(void **state)
{
	rte_eth_fp_ops[PLAIN].rx_queue_count = count_waiting;
	assert_int_equal(mock_add(w, PLAIN, 0), 0);
	pmd.nb_waiting = 1;
	sleep_while(nothing, BY_TIMER);
	assert_int_equal(nb_starved(), 1);
	pmd.nb_waiting = 0;
	assert_woken_by_interrupt();
	assert_int_equal(nb_starved(), 1);
	rte_eth_fp_ops[PLAIN].rx_queue_count = NULL;
}

static unsigned int nb_asked;

/* One has come since the question before. */
static uint32_t
count_late(void *rxq)
{
	return nb_asked++ % 2;
}

static void
a_packet_that_came_after_the_second_look_is_no_want_of_mbufs(void **state)
{
	rte_eth_fp_ops[PLAIN].rx_queue_count = count_late;
	learn_pool(63);
	nb_asked = 0;
	for (unsigned int i = 1; i <= 3; i++) {
		assert_woken_by_interrupt();
		assert_int_equal(nb_asked, 2 * i);
		assert_int_equal(nb_starved(), 0);
	}
	rte_eth_fp_ops[PLAIN].rx_queue_count = NULL;
}

/* ---- a queue that is taken ---- */

static void
a_queue_is_added_once(void **state)
{
	static struct rouse_worker second;

	mock_worker_init(&second);
	assert_int_equal(mock_add(w, PLAIN, 0), 0);
	assert_int_equal(lines_with("per-queue interrupt"), 1);
	pmd.nb_disabled = 0;
	assert_int_equal(mock_add(w, PLAIN, 0), -EBUSY);
	assert_int_equal(mock_add(&second, PLAIN, 0), -EBUSY);
	assert_int_equal(lines_with("queue 0 of port 3 cannot be added: a worker has it"), 2);
	/* and nobody disarmed what it is waiting for */
	assert_int_equal(pmd.nb_disabled, 0);
	assert_woken_by_interrupt();
	mock_remove(w, PLAIN, 0);
	assert_int_equal(mock_add(&second, PLAIN, 0), 0);
	mock_worker_fini(&second);
	assert_int_equal(mock_add(w, PLAIN, 0), 0);
	assert_woken_by_interrupt();
}

/* ---- file descriptors ---- */

static void
make_pipe(void)
{
	nb_calls = 0;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(rouse_worker_fd_add(w, ends[0], read_all, NULL), 0);
	sleep_while(write_one, BY_OTHER);
	assert_int_equal(nb_calls, 1);
}

static unsigned int nb_read;

static void
read_a_byte(struct rouse_worker *worker, int fd, void *arg)
{
	char byte;

	(*(unsigned int *)arg)++;
	if (read(fd, &byte, 1) == 1)
		nb_read++;
}

/* Of ten sleeps without a limit, how many another than the test's timer ended. */
static unsigned int
count_sleeps_cut_short(void)
{
	const struct itimerspec soon = { .it_value.tv_nsec = 20000000 };
	uint64_t wakes, by_timer = rouse_counter_get(&w->stats.timer_wakes);

	worker_attend(w);
	wakes = rouse_counter_get(&w->stats.wakes);
	for (unsigned int i = 0; i < 10; i++) {
		timerfd_settime(w->timer, 0, &soon, NULL);
		worker_park(w);
	}
	assert_int_equal(rouse_counter_get(&w->stats.wakes), wakes + 10);
	return 10 - (unsigned int)(rouse_counter_get(&w->stats.timer_wakes) - by_timer);
}

/* A socket at its end is readable for ever. */
static void
a_socket_whose_peer_has_gone_is_read_and_ends_no_further_sleep(void **state)
{
	unsigned int nb_calls = 0;
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	assert_int_equal(write(ends[1], "two", 2), 2);
	close(ends[1]);
	nb_read = 0;
	assert_int_equal(rouse_worker_fd_add(w, ends[0], read_a_byte, &nb_calls), 0);
	for (unsigned int i = 0; i < 10; i++)
		worker_look_at_fds(w, 0);
	assert_int_equal(nb_read, 2);
	assert_in_range(nb_calls, 2, 3);
	assert_int_equal(count_sleeps_cut_short(), 0);
	assert_int_equal(lines_with("the other side is gone"), 1);
	assert_int_equal(rouse_worker_fd_remove(w, ends[0]), 0);
	close(ends[0]);
}

static void
ignore(void *arg, const struct rouse_event *event)
{
}

static void
an_error_that_stays_ends_no_further_sleep(void **state)
{
	unsigned int nb_calls = 0;
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(rouse_worker_fd_add(w, ends[1], read_a_byte, &nb_calls), 0);
	close(ends[0]);
	assert_in_range(count_sleeps_cut_short(), 1, 2);
	assert_int_equal(count_sleeps_cut_short(), 0);
	assert_int_equal(nb_calls, 1);
	assert_int_equal(lines_with("or it has an error that stays"), 1);
	assert_int_equal(rouse_worker_fd_remove(w, ends[1]), 0);
	close(ends[1]);
}

static int fifo_writer;

static void
write_to_fifo(void)
{
	assert_int_equal(write(fifo_writer, "x", 1), 1);
}

static void
a_pipe_that_another_writer_opens_is_read_again(void **state)
{
	char folder[] = "/tmp/rouse.XXXXXX", path[64];
	unsigned int nb_calls = 0;
	int fd;

	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/fifo", folder);
	assert_int_equal(mkfifo(path, 0600), 0);
	fd = open(path, O_RDONLY | O_NONBLOCK);
	assert_true(fd >= 0);
	nb_read = 0;
	assert_int_equal(rouse_worker_fd_add(w, fd, read_a_byte, &nb_calls), 0);
	for (unsigned int i = 1; i <= 3; i++) {
		fifo_writer = open(path, O_WRONLY | O_NONBLOCK);
		assert_true(fifo_writer >= 0);
		sleep_while(write_to_fifo, BY_OTHER);
		sleep_while(write_to_fifo, BY_OTHER);
		assert_int_equal(nb_read, 2 * i);
		close(fifo_writer);
		assert_in_range(count_sleeps_cut_short(), 1, 2);
		assert_int_equal(count_sleeps_cut_short(), 0);
	}
	/* what was written before the end is read, too */
	fifo_writer = open(path, O_WRONLY | O_NONBLOCK);
	write_to_fifo();
	write_to_fifo();
	close(fifo_writer);
	count_sleeps_cut_short();
	assert_int_equal(nb_read, 8);
	assert_int_equal(count_sleeps_cut_short(), 0);
	assert_int_equal(lines_with("the other side is gone"), 1);
	assert_int_equal(rouse_worker_fd_remove(w, fd), 0);
	close(fd);
	unlink(path);
	rmdir(folder);
}

static int udp_near, udp_far = -1;

static void
send_near(void)
{
	assert_int_equal(send(udp_near, "x", 1, 0), 1);
}

static void
send_far(void)
{
	assert_int_equal(send(udp_far, "x", 1, 0), 1);
}

/* On the loopback interface; its own address is filled in. */
static int
open_udp(struct sockaddr_in *own)
{
	socklen_t len = sizeof(*own);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	own->sin_family = AF_INET;
	own->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)own, len) != 0 ||
	    getsockname(fd, (struct sockaddr *)own, &len) != 0)
		skip();
	return fd;
}

/* Its error is told once, and taken by the read. */
static void
a_socket_that_had_an_error_is_read_as_before(void **state)
{
	struct sockaddr_in near = { 0 }, far = { 0 };
	unsigned int nb_calls = 0;

	udp_near = open_udp(&near);
	close(open_udp(&far)); /* nobody is there */
	assert_int_equal(connect(udp_near, (struct sockaddr *)&far, sizeof(far)), 0);
	nb_read = 0;
	assert_int_equal(rouse_worker_fd_add(w, udp_near, read_a_byte, &nb_calls), 0);
	sleep_while(send_near, BY_OTHER);
	assert_int_equal(nb_calls, 1);
	assert_int_equal(nb_read, 0);
	udp_far = open_udp(&far);
	assert_int_equal(connect(udp_far, (struct sockaddr *)&near, sizeof(near)), 0);
	for (unsigned int i = 1; i <= 3; i++) {
		sleep_while(send_far, BY_OTHER);
		assert_int_equal(nb_read, i);
	}
	assert_int_equal(count_sleeps_cut_short(), 0);
	assert_int_equal(lines_with("nothing more"), 0);
	assert_int_equal(rouse_worker_fd_remove(w, udp_near), 0);
	close(udp_near);
	close(udp_far);
}

static void
what_has_no_function_to_call_is_refused(void **state)
{
	static alignas(ROUSE_CACHE_LINE) uint8_t memory[1024];
	struct rouse_evring *ring = rouse_evring_init(memory, 4);
	uint32_t nb = w->sources.nb;
	struct rouse_attn_target target;

	assert_int_equal(rouse_worker_ethdev_add(w, 0, 0, NULL, NULL), -EINVAL);
	assert_int_equal(rouse_worker_evring_add(w, NULL, NULL, NULL, &target), -EINVAL);
	assert_int_equal(rouse_worker_fd_add(w, 0, NULL, NULL), -EINVAL);
	assert_int_equal(rouse_worker_timer_add(w, 0, 0, NULL, NULL), -EINVAL);
	assert_int_equal(rouse_worker_post(w, NULL, NULL), -EINVAL);
	assert_int_equal(lines_with("give a function to call"), 5);
	assert_int_equal(rouse_worker_evring_add(w, NULL, ignore, NULL, &target), -EINVAL);
	assert_int_equal(rouse_worker_evring_add(w, ring, ignore, NULL, NULL), -EINVAL);
	assert_int_equal(lines_with("give a ring and a target"), 2);
	assert_null(rouse_worker_create(NULL));
	assert_int_equal(rte_errno, EINVAL);
	assert_int_equal(lines_with("needs a struct rouse_worker_conf"), 1);
	assert_int_equal(w->sources.nb, nb);
}

static enum rouse_source_state
state_of_fd(int fd)
{
	struct rouse_worker_source_stats stats;

	for (unsigned int i = 0; rouse_worker_source_stats_get(w, i, &stats); i++)
		if (stats.type == ROUSE_SOURCE_TYPE_FD && stats.fd == fd)
			return stats.state;
	fail();
	return ROUSE_SOURCE_REMOVED;
}

static void
an_fd_that_was_closed_while_it_was_watched_is_forgotten(void **state)
{
	make_pipe();
	close(ends[0]);
	assert_other_goes_on();
	assert_int_equal(nb_calls, 1);
	assert_int_equal(rouse_worker_fd_remove(w, ends[0]), 0);
	assert_int_equal(lines_with("was closed while it was watched; remove it"), 1);
	assert_int_equal(rouse_worker_fd_remove(w, ends[0]), -ENOENT);
	assert_other_goes_on();
	close(ends[1]);
}

/* The set still has the file, and nobody can read it under that number. */
static void
a_closed_fd_of_which_there_is_a_duplicate_does_not_spin(void **state)
{
	int copy;

	make_pipe();
	copy = dup(ends[0]);
	close(ends[0]);
	assert_int_equal(state_of_fd(ends[0]), ROUSE_SOURCE_ACTIVE);
	sleep_while(write_one, BY_OTHER);
	assert_int_equal(nb_calls, 1);
	assert_int_equal(lines_with("was closed while it was watched; remove it"), 1);
	assert_int_equal(state_of_fd(ends[0]), ROUSE_SOURCE_REMOVED);
	assert_other_goes_on();
	assert_int_equal(w->nb_fds, 0);
	assert_int_equal(rouse_worker_fd_remove(w, ends[0]), 0);
	assert_int_equal(lines_with("nothing more"), 0);
	close(copy);
	close(ends[1]);
}

static void
the_number_of_a_closed_fd_can_be_watched_again(void **state)
{
	int first[2];

	make_pipe();
	memcpy(first, ends, sizeof(first));
	close(first[0]);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(dup2(ends[0], first[0]), first[0]);
	if (ends[0] != first[0])
		close(ends[0]);
	ends[0] = first[0];
	assert_int_equal(rouse_worker_fd_add(w, ends[0], read_all, NULL), 0);
	assert_int_equal(lines_with("was closed while it was watched; remove it"), 1);
	assert_int_equal(state_of_fd(ends[0]), ROUSE_SOURCE_ACTIVE);
	sleep_while(write_one, BY_OTHER);
	assert_int_equal(nb_calls, 2);
	assert_int_equal(rouse_worker_fd_add(w, ends[0], read_all, NULL), -EEXIST);
	assert_int_equal(lines_with("cannot be watched: File exists"), 1);
	sleep_while(write_one, BY_OTHER);
	assert_int_equal(nb_calls, 3);
	assert_int_equal(rouse_worker_fd_remove(w, ends[0]), 0);
	assert_int_equal(rouse_worker_fd_remove(w, ends[0]), -ENOENT);
	assert_int_equal(w->nb_fds, 0);
	close(ends[0]);
	close(ends[1]);
	close(first[1]);
}

/* ---- more devices than bits ---- */

static void
the_65th_device_is_refused_in_one_line(void **state)
{
	static alignas(ROUSE_CACHE_LINE) uint8_t memory[1024];
	struct rouse_evring *ring = rouse_evring_init(memory, 4);
	struct rouse_attn_target target;

	for (unsigned int i = 0; i < (ROUSE_ATTN_BITS - 1) * ROUSE_ATTN_BITS; i++)
		assert_int_equal(rouse_worker_evring_add(w, ring, ignore, NULL, &target), 0);
	assert_int_equal(rouse_worker_evring_add(w, ring, ignore, NULL, &target), -ENOSPC);
	assert_int_equal(
		lines_with("event ring cannot be added: the worker's 64 device bits are taken"), 1);
	assert_int_equal(mock_add(w, 1, 0), -ENOSPC);
	assert_int_equal(lines_with("queue 0 of port 1 cannot be added: the worker's 64 device "
				    "bits are taken"),
			 1);
	/* a plain queue needs none, and a port that is there can have more queues */
	assert_int_equal(mock_add(w, PLAIN, 0), 0);
	assert_int_equal(mock_add(w, 0, 1), 0);
	assert_woken_by_interrupt();
	assert_other_goes_on();
}

static void
the_bit_of_a_device_that_has_gone_is_another_ones(void **state)
{
	static alignas(ROUSE_CACHE_LINE) uint8_t memory[1024];
	struct rouse_evring *ring = rouse_evring_init(memory, 4);
	struct rouse_attn_target target;

	for (unsigned int i = 0; i < (ROUSE_ATTN_BITS - 1) * ROUSE_ATTN_BITS; i++)
		assert_int_equal(rouse_worker_evring_add(w, ring, ignore, NULL, &target), 0);
	assert_int_equal(mock_add(w, 1, 0), -ENOSPC);
	for (unsigned int i = 0; i < (ROUSE_ATTN_BITS - 1) * ROUSE_ATTN_BITS; i++)
		assert_int_equal(rouse_worker_evring_remove(w, ring), 0);
	assert_int_equal(rouse_worker_evring_remove(w, ring), -ENOENT);
	assert_int_equal(mock_add(w, 1, 0), 0);
	assert_int_equal(mock_add(w, 2, 0), 0);
	assert_int_not_equal(mock_ports[1].queues[0].owner.device,
			     mock_ports[2].queues[0].owner.device);
	mock_deliver(2, 0, 0);
	mock_signal(2, 0);
	worker_attend(w);
	assert_int_equal(mock_ports[2].queues[0].taken, 1);
	assert_other_goes_on();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, destroy)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_interrupt_that_cannot_be_armed_makes_the_sleep_timed_and_is_said_once),
		TEST(a_pmd_whose_interrupt_ops_all_fail_is_looked_at_by_the_timer),
		TEST(an_interrupt_that_cannot_be_disarmed_is_no_error),
		TEST(a_queue_that_stays_readable_and_gives_nothing_is_looked_at_by_the_timer),
		TEST(a_queue_whose_fd_has_an_error_is_looked_at_by_the_timer_and_said_once),
		TEST(an_error_that_comes_while_it_sleeps_wakes_it_once),
		TEST(a_queue_of_a_stopped_port_is_not_added),
		TEST(a_stopped_port_is_known_when_there_is_no_number_left),
		TEST(a_port_is_resumed_after_it_has_started_and_not_before),
		TEST(a_port_that_was_stopped_without_a_pause_is_taken_up_when_it_has_started),
		TEST(an_fd_that_has_the_number_of_a_closed_ports_interrupt_is_heard),
		TEST(an_fd_that_has_the_number_of_a_closed_ports_fd_is_heard),
		TEST(a_queue_whose_number_another_file_has_is_taken_up_again),
		TEST(a_port_that_did_not_change_is_not_taken_up_again),
		TEST(a_queue_that_cannot_be_renewed_is_looked_at_by_the_timer_until_it_can),
		TEST(a_port_that_is_resumed_without_a_pause_is_waited_for_by_its_new_interrupt),
		TEST(a_driver_that_goes_without_mbufs_is_looked_at_until_it_has_some),
		TEST(a_pool_that_has_few_mbufs_limits_no_sleep_if_the_driver_lacks_none),
		TEST(a_pool_that_has_too_few_mbufs_limits_the_sleep),
		TEST(a_pool_of_which_the_driver_says_nothing_must_have_enough),
		TEST(a_driver_that_keeps_its_first_packets_is_looked_at),
		TEST(a_packet_that_came_after_the_second_look_is_no_want_of_mbufs),
		TEST(a_queue_is_added_once),
		TEST(a_socket_whose_peer_has_gone_is_read_and_ends_no_further_sleep),
		TEST(an_error_that_stays_ends_no_further_sleep),
		TEST(a_pipe_that_another_writer_opens_is_read_again),
		TEST(a_socket_that_had_an_error_is_read_as_before),
		TEST(what_has_no_function_to_call_is_refused),
		TEST(an_fd_that_was_closed_while_it_was_watched_is_forgotten),
		TEST(a_closed_fd_of_which_there_is_a_duplicate_does_not_spin),
		TEST(the_number_of_a_closed_fd_can_be_watched_again),
		TEST(the_65th_device_is_refused_in_one_line),
		TEST(the_bit_of_a_device_that_has_gone_is_another_ones),
	};

	return UNIT_RUN(tests);
}
