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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <sys/socket.h>
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
	memset(stats, 0, sizeof(*stats));
	stats->rx_nombuf = pmd.nb_without;
	return 0;
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
	const unsigned int most = 1000;
	unsigned int nb = 0;
	uint64_t count;

	pmd.enable_error = -ENOTSUP;
	assert_int_equal(mock_add(w, PLAIN, 0), 0);
	assert_int_equal(lines_with("port 3 (?): readable file descriptor"), 1);
	assert_woken_by_interrupt();
	/* it has not been read, and the queue is empty */
	for (; rouse_counter_get(&w->stats.timer_wakes) == 0 && nb < most; nb++)
		worker_park(w);
	assert_in_range(nb, 2, 100);
	for (unsigned int i = 0; i < 3; i++)
		sleep_while(nothing, BY_TIMER);
	assert_other_goes_on();
	assert_int_equal(read(pmd.fd, &count, sizeof(count)), sizeof(count));
	assert_woken_by_interrupt();
	assert_int_equal(lines_with("nothing more"), 0);
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
	assert_int_equal(lines_with("queue 0 of port 3 cannot be added: Device or resource busy"),
			 2);
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

/* A socket at its end is readable for ever. */
static void
a_socket_whose_peer_has_gone_is_read_and_then_watched_no_longer(void **state)
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
	assert_int_equal(lines_with("the other side is gone"), 1);
	assert_int_equal(rouse_worker_fd_remove(w, ends[0]), 0);
	close(ends[0]);
}

static void
what_has_no_function_to_call_is_refused(void **state)
{
	uint32_t nb = w->sources.nb;
	struct rouse_attn_target target;

	assert_int_equal(rouse_worker_ethdev_add(w, 0, 0, NULL, NULL), -EINVAL);
	assert_int_equal(rouse_worker_evring_add(w, NULL, NULL, NULL, &target), -EINVAL);
	assert_int_equal(rouse_worker_fd_add(w, 0, NULL, NULL), -EINVAL);
	assert_int_equal(rouse_worker_timer_add(w, 0, 0, NULL, NULL), -EINVAL);
	assert_int_equal(rouse_worker_post(w, NULL, NULL), -EINVAL);
	assert_int_equal(lines_with("give a function to call"), 5);
	assert_int_equal(w->sources.nb, nb);
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
	sleep_while(write_one, BY_OTHER);
	assert_int_equal(nb_calls, 1);
	assert_int_equal(lines_with("was closed while it was watched; remove it"), 1);
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
ignore(void *arg, const struct rouse_event *event)
{
}

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

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, destroy)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_interrupt_that_cannot_be_armed_makes_the_sleep_timed_and_is_said_once),
		TEST(a_pmd_whose_interrupt_ops_all_fail_is_looked_at_by_the_timer),
		TEST(an_interrupt_that_cannot_be_disarmed_is_no_error),
		TEST(a_queue_that_stays_readable_and_gives_nothing_is_looked_at_by_the_timer),
		TEST(a_queue_of_a_stopped_port_is_not_added),
		TEST(a_port_is_resumed_after_it_has_started_and_not_before),
		TEST(a_port_that_was_stopped_without_a_pause_is_taken_up_when_it_has_started),
		TEST(a_queue_that_cannot_be_renewed_is_looked_at_by_the_timer_until_it_can),
		TEST(a_port_that_is_resumed_without_a_pause_is_waited_for_by_its_new_interrupt),
		TEST(a_driver_that_goes_without_mbufs_is_looked_at_until_it_has_some),
		TEST(a_queue_is_added_once),
		TEST(a_socket_whose_peer_has_gone_is_read_and_then_watched_no_longer),
		TEST(what_has_no_function_to_call_is_refused),
		TEST(an_fd_that_was_closed_while_it_was_watched_is_forgotten),
		TEST(a_closed_fd_of_which_there_is_a_duplicate_does_not_spin),
		TEST(the_number_of_a_closed_fd_can_be_watched_again),
		TEST(the_65th_device_is_refused_in_one_line),
	};

	return UNIT_RUN(tests);
}
