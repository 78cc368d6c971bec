/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * Who looks after a worker that is offline, step by step: the host's looks are the test's, so what
 * is lost shows at once. And what is refused halfway, and where queues do not go.
 */

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"
#include "worker_mock.h"

/* The first that was made is the default worker, and so the host. */
static struct rouse_worker *host, *w, *other;

static unsigned int nb_messages, nb_ticks;

static int
make(void **state)
{
	mock_init();
	host = mock_make_worker("host");
	w = mock_make_worker("w");
	other = mock_make_worker("other");
	nb_messages = nb_ticks = 0;
	return 0;
}

static int
destroy(void **state)
{
	rouse_worker_destroy(w);
	rouse_worker_destroy(host);
	rouse_worker_destroy(other);
	mock_fini();
	return 0;
}

static void
take_message(struct rouse_worker *of, void *again)
{
	assert_ptr_equal(of, w);
	nb_messages++;
	if (again != NULL)
		assert_int_equal(rouse_worker_post(w, take_message, NULL), 0);
}

static void
tick(struct rouse_worker *of, void *arg)
{
	assert_ptr_equal(of, w);
	nb_ticks++;
}

static void
post(void *again)
{
	assert_int_equal(rouse_worker_post(w, take_message, again), 0);
}

/* If it is woken for the one that is offline, how much it finds there. */
static uint32_t
look(struct rouse_worker *of)
{
	return worker_look_at_fds(of, 0);
}

static unsigned int
nb_queues_of(const struct rouse_worker *of)
{
	unsigned int nb = 0;

	for (uint32_t i = 0; i < of->sources.nb; i++)
		nb += source_is_ethdev(of->sources.at[i]);
	return nb;
}

/* ---- the host ---- */

static void
what_came_while_it_polled_is_done_by_its_host(void **state)
{
	rouse_attn_poll(&w->attn);
	post(NULL); /* without a bit, and after the worker's last round */
	rouse_attn_attend(&w->attn);
	assert_int_equal(rouse_worker_offline(w), 0);
	assert_int_equal(nb_messages, 1);
}

static void
each_message_wakes_the_host_and_none_in_vain(void **state)
{
	assert_int_equal(rouse_worker_offline(w), 0);
	for (unsigned int i = 1; i <= 3; i++) {
		assert_int_equal(look(host), 0);
		post(NULL);
		assert_int_equal(look(host), 1);
		assert_int_equal(nb_messages, i);
	}
}

static void
what_comes_while_the_host_looks_wakes_it_again(void **state)
{
	assert_int_equal(rouse_worker_offline(w), 0);
	post(w);
	assert_int_equal(look(host), 1);
	assert_int_equal(nb_messages, 1);
	assert_int_equal(look(host), 1);
	assert_int_equal(nb_messages, 2);
}

static void
one_that_is_online_again_has_no_host(void **state)
{
	assert_int_equal(rouse_worker_offline(w), 0);
	assert_int_equal(rouse_worker_online(w), 0);
	post(NULL);
	assert_int_equal(look(host), 0);
	assert_int_equal(nb_messages, 0);
	worker_enter_attend(w);
	assert_int_equal(nb_messages, 1);
}

static void
another_default_worker_is_the_host(void **state)
{
	assert_int_equal(rouse_worker_offline(w), 0);
	assert_int_equal(rouse_worker_default_set(other), 0);
	post(NULL);
	assert_int_equal(look(host), 0);
	assert_int_equal(nb_messages, 0);
	assert_int_equal(look(other), 1);
	assert_int_equal(nb_messages, 1);
}

static void
the_host_may_be_destroyed(void **state)
{
	assert_int_equal(rouse_worker_offline(w), 0);
	rouse_worker_destroy(host);
	host = NULL;
	assert_ptr_equal(rouse_worker_default(), other);
	post(NULL);
	assert_int_equal(look(other), 1);
	assert_int_equal(nb_messages, 1);
}

/* Nothing else wakes the host. */
static void
assert_timer_runs(void)
{
	struct pollfd set = { .fd = host->epoll, .events = POLLIN };

	assert_int_equal(poll(&set, 1, 2000), 1);
	assert_int_equal(look(host), 1);
	assert_int_equal(nb_ticks, 1);
}

static void
a_timer_goes_on_while_it_is_offline(void **state)
{
	assert_true(rouse_worker_timer_add(w, 0, 0, tick, NULL) >= 0);
	assert_int_equal(rouse_worker_offline(w), 0);
	assert_timer_runs();
}

static void
a_timer_may_be_added_while_it_is_offline(void **state)
{
	assert_int_equal(rouse_worker_offline(w), 0);
	assert_true(rouse_worker_timer_add(w, 0, 0, tick, NULL) >= 0);
	assert_timer_runs();
}

/* ---- queues ---- */

static void
a_worker_of_which_one_queue_cannot_move_stays_as_it_was(void **state)
{
	assert_int_equal(mock_add(w, 1, 0), 0);
	assert_int_equal(mock_add(w, 0, 0), 0);
	/* the last one moves, the first one is refused */
	mock_ports[1].bind_error = -EIO;
	assert_int_equal(rouse_worker_offline(w), -EIO);
	assert_true(rouse_worker_is_online(w));
	assert_int_equal(nb_queues_of(w), 2);
	worker_enter_attend(w);
	for (uint16_t port = 0; port < 2; port++) {
		mock_deliver(port, 0, 0);
		mock_signal(port, 0);
	}
	assert_int_equal(worker_attend(w), 2);
	/* and it can be tried again */
	assert_int_equal(rouse_worker_offline(w), 0);
	assert_int_equal(nb_queues_of(w), 0);
}

static void
a_worker_whose_queue_the_application_polls_stays(void **state)
{
	char *said = NULL;
	size_t len = 0;
	FILE *log = open_memstream(&said, &len);

	assert_int_equal(rouse_worker_ethdev_watch(w, 0, 0, NULL), 0);
	rte_openlog_stream(log);
	assert_int_equal(rouse_worker_offline(w), -EBUSY);
	rte_openlog_stream(NULL);
	fclose(log);
	assert_non_null(
		strstr(said, "the application polls 1 queues of it itself; remove them first"));
	free(said);
	assert_true(rouse_worker_is_online(w));
	assert_int_equal(nb_queues_of(w), 1);
	assert_int_equal(rouse_worker_ethdev_remove(w, 0, 0), 0);
	assert_int_equal(rouse_worker_offline(w), 0);
}

static void
queues_are_balanced_between_those_that_are_online(void **state)
{
	assert_int_equal(rouse_worker_offline(w), 0);
	for (uint16_t q = 0; q < 4; q++)
		assert_int_equal(mock_add(host, 0, q), 0);
	assert_int_equal(rouse_worker_rebalance(), 2);
	assert_int_equal(nb_queues_of(host), 2);
	assert_int_equal(nb_queues_of(w), 0);
	assert_int_equal(nb_queues_of(other), 2);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, make, destroy)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_came_while_it_polled_is_done_by_its_host),
		TEST(each_message_wakes_the_host_and_none_in_vain),
		TEST(what_comes_while_the_host_looks_wakes_it_again),
		TEST(one_that_is_online_again_has_no_host),
		TEST(another_default_worker_is_the_host),
		TEST(the_host_may_be_destroyed),
		TEST(a_timer_goes_on_while_it_is_offline),
		TEST(a_timer_may_be_added_while_it_is_offline),
		TEST(a_worker_of_which_one_queue_cannot_move_stays_as_it_was),
		TEST(a_worker_whose_queue_the_application_polls_stays),
		TEST(queues_are_balanced_between_those_that_are_online),
	};

	return UNIT_RUN(tests);
}
