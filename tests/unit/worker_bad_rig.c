/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "worker_bad_rig.h"

#define LATE_S 20 /* then a sleep that should have ended is woken, and the test fails */

static struct rouse_worker worker;
struct rouse_worker *const w = &worker;

/* ---- a PMD with an interrupt, each of whose ops can fail ---- */

struct bad_pmd pmd;

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

uint32_t
count_waiting(void *rxq)
{
	return pmd.nb_waiting;
}

/* As a stop and a start do: another fd. */
void
renew_interrupt(void)
{
	int fd = eventfd(0, EFD_NONBLOCK);

	close(pmd.fd);
	pmd.fd = fcntl(fd, F_DUPFD, pmd.fd + 100);
	assert_true(pmd.fd >= 0);
	close(fd);
}

void
ring_interrupt(void)
{
	const uint64_t one = 1;

	assert_int_equal(write(pmd.fd, &one, sizeof(one)), sizeof(one));
}

/* As ethdev does: a function of its own stands behind rte_eth_rx_burst(). */
void
stop_port(void)
{
	pmd.burst = rte_eth_fp_ops[PLAIN].rx_pkt_burst;
	rte_eth_fp_ops[PLAIN].rx_pkt_burst = rte_eth_fp_ops[RTE_MAX_ETHPORTS - 1].rx_pkt_burst;
}

void
start_port(void)
{
	rte_eth_fp_ops[PLAIN].rx_pkt_burst = pmd.burst;
}

/* ---- what is logged ---- */

static FILE *log_file;
static char *log_text;
static size_t log_len;

/* Lines since the last call; each must have these words. */
unsigned int
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

/* All of it since then; it stays, and is what lines_with() counts next. */
const char *
what_is_logged(void)
{
	fflush(log_file);
	return log_text;
}

/* ---- the worker ---- */

static void (*meanwhile)(void); /* between the second look and the sleep, once */
static enum cause cause_meant;
static const struct itimerspec late = { .it_value.tv_sec = LATE_S };

/* A sleep that something else shall end has no other limit: who is preempted here for longer than
 * it would find both. */
static void
before_sleep(void *arg)
{
	void (*now)(void) = meanwhile;

	meanwhile = NULL;
	if (now == NULL)
		return;
	now();
	if (cause_meant == BY_OTHER)
		timerfd_settime(w->timer, 0, &late, NULL);
}

int
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

int
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

/* One sleep, while this happens. A sleep without a timeout ends by the test's timer, too late. */
void
sleep_while(void (*happens)(void), enum cause cause)
{
	uint64_t wakes = rouse_counter_get(&w->stats.wakes);
	uint64_t by_timer = rouse_counter_get(&w->stats.timer_wakes);

	timerfd_settime(w->timer, 0, &late, NULL);
	worker_attend(w); /* what was added is looked at once */
	meanwhile = happens;
	cause_meant = cause;
	worker_park(w);
	assert_null(meanwhile);
	assert_int_equal(rouse_counter_get(&w->stats.wakes), wakes + 1);
	assert_int_equal(rouse_counter_get(&w->stats.timer_wakes), by_timer + (cause == BY_TIMER));
	assert_int_equal(rouse_counter_get(&w->stats.rescues), 0);
}

void
nothing(void)
{
}

void
signal_the_other(void)
{
	mock_deliver(0, 0, 0);
	mock_signal(0, 0);
}

void
assert_other_goes_on(void)
{
	unsigned int before = mock_ports[0].queues[0].taken;

	sleep_while(signal_the_other, BY_OTHER);
	assert_int_equal(mock_ports[0].queues[0].taken, before + 1);
}

unsigned int
taken(void)
{
	return mock_ports[PLAIN].queues[0].taken;
}

void
deliver(void)
{
	mock_deliver(PLAIN, 0, 0);
}

void
deliver_and_interrupt(void)
{
	deliver();
	ring_interrupt();
}

void
assert_woken_by_interrupt(void)
{
	unsigned int before = taken();

	sleep_while(deliver_and_interrupt, BY_OTHER);
	assert_int_equal(taken(), before + 1);
}

void
assert_found_by_timer(void)
{
	unsigned int before = taken();

	sleep_while(deliver, BY_TIMER);
	assert_int_equal(taken(), before + 1);
}

/* ---- a file descriptor of the application ---- */

int ends[2];
unsigned int nb_calls;

void
read_all(struct rouse_worker *worker_of_fd, int fd, void *arg)
{
	char bytes[16];

	nb_calls++;
	assert_true(read(fd, bytes, sizeof(bytes)) > 0);
}

void
write_one(void)
{
	assert_int_equal(write(ends[1], "x", 1), 1);
}
