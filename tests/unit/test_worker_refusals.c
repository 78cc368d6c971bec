/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * What is refused when queues move, and when workers go and come: an errno, one line that says what
 * to do, and all is as it was. So it is when a step that nothing should refuse is refused, as
 * somebody signals a bit that is not his, or has no memory.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_malloc.h>

#include "unit.h"
#include "worker_mock.h"

/* ---- somebody signals who should not ---- */

/* Whenever what is marked for nobody was cleared, it is marked again. */
static struct rouse_attn_target stray; /* without an attention: nobody does */

int __real_rouse_attn_alloc_discard(struct rouse_attn_alloc *a, int source, uint32_t processor);
int __wrap_rouse_attn_alloc_discard(struct rouse_attn_alloc *a, int source, uint32_t processor);

int
__wrap_rouse_attn_alloc_discard(struct rouse_attn_alloc *a, int source, uint32_t processor)
{
	int ret = __real_rouse_attn_alloc_discard(a, source, processor);

	if (stray.attn != NULL)
		rouse_attn_mark(&stray);
	return ret;
}

static int left_error; /* of the next one that has left; 0: it has */

int __real_rouse_attn_alloc_left(struct rouse_attn_alloc *a, uint32_t processor);
int __wrap_rouse_attn_alloc_left(struct rouse_attn_alloc *a, uint32_t processor);

int
__wrap_rouse_attn_alloc_left(struct rouse_attn_alloc *a, uint32_t processor)
{
	int error = left_error;

	left_error = 0;
	return error != 0 ? error : __real_rouse_attn_alloc_left(a, processor);
}

/* ---- workers ---- */

/* The first that was made is the default worker. */
static struct rouse_worker *first, *w, *other;
static unsigned int nb_messages;

static FILE *log_file;
static char *log_text;
static size_t log_len;

static int
make(void **state)
{
	mock_init();
	memset(&stray, 0, sizeof(stray));
	left_error = 0;
	nb_messages = 0;
	log_file = open_memstream(&log_text, &log_len);
	assert_non_null(log_file);
	rte_openlog_stream(log_file);
	first = mock_make_worker("first");
	w = mock_make_worker("w");
	other = mock_make_worker("other");
	return 0;
}

static int
destroy(void **state)
{
	memset(&stray, 0, sizeof(stray));
	rouse_worker_destroy(w);
	rouse_worker_destroy(first);
	rouse_worker_destroy(other);
	mock_fini();
	rte_openlog_stream(NULL);
	fclose(log_file);
	free(log_text);
	return 0;
}

/* One line was logged since the last call, with these words; NULL: none was. */
static void
assert_line(const char *words)
{
	const char *end;

	fflush(log_file);
	end = strchr(log_text, '\n');
	if (words == NULL) {
		assert_string_equal(log_text, "");
		return;
	}
	if (strstr(log_text, words) == NULL || end == NULL || end[1] != '\0')
		fail_msg("\"%s\" is not the one line of \"%s\"", words, log_text);
	rewind(log_file);
	memset(log_text, 0, log_len);
}

static void
forget_lines(void)
{
	fflush(log_file);
	rewind(log_file);
	memset(log_text, 0, log_len);
}

static char *
dump(void)
{
	char *text = NULL;
	size_t size = 0;
	FILE *file = open_memstream(&text, &size);

	assert_int_equal(rouse_worker_attention_dump(file), 0);
	fclose(file);
	return text;
}

static void
assert_as_before(char *before, const char *words)
{
	char *after = dump();

	assert_string_equal(after, before);
	free(before);
	free(after);
	assert_line(words);
}

#define refused(call, error, words)                                                                \
	do {                                                                                       \
		char *before_ = dump();                                                            \
		assert_int_equal(call, error);                                                     \
		assert_as_before(before_, words);                                                  \
	} while (0)

static unsigned int
nb_queues_of(const struct rouse_worker *of)
{
	unsigned int nb = 0;

	for (uint32_t i = 0; i < of->sources.nb; i++)
		nb += source_is_ethdev(of->sources.at[i]);
	return nb;
}

static unsigned int
nb_bits_of(const struct rouse_worker *of)
{
	struct rouse_worker_attention_state state;

	rouse_worker_attention_get(of, &state);
	return state.nb_used;
}

/* A frame comes to whoever has the queue. */
static void
assert_received(struct rouse_worker *by, uint16_t port)
{
	unsigned int before = mock_ports[port].queues[0].taken;

	worker_attend(by);
	mock_deliver(port, 0, 0);
	mock_signal(port, 0);
	worker_attend(by);
	assert_int_equal(mock_ports[port].queues[0].taken, before + 1);
}

static void
take_message(struct rouse_worker *of, void *arg)
{
	nb_messages++;
}

/* A message to a worker that is offline runs where that one looks, and nowhere else. */
static void
assert_hosted(struct rouse_worker *of, struct rouse_worker *host)
{
	nb_messages = 0;
	assert_int_equal(rouse_worker_post(of, take_message, NULL), 0);
	for (unsigned int i = 0; i < 3; i++) {
		struct rouse_worker *const all[] = { first, w, other };

		if (all[i] != NULL && all[i] != host && all[i]->host == NULL)
			worker_look_at_fds(all[i], 0);
	}
	assert_int_equal(nb_messages, 0);
	worker_look_at_fds(host, 0);
	assert_int_equal(nb_messages, 1);
}

/* ---- signals of nobody's ---- */

static void
a_bit_that_stayed_taken_does_not_keep_its_worker_from_leaving(void **state)
{
	assert_int_equal(mock_add(w, 0, 0), 0);
	forget_lines();
	stray = (struct rouse_attn_target){ .attn = &w->attn,
					    .device = mock_ports[0].queues[0].owner.device };
	assert_int_equal(rouse_worker_ethdev_remove(w, 0, 0), 0);
	assert_line("stays taken: somebody signals a source that was removed; stop it before");
	refused(rouse_worker_offline(w), -EBUSY,
		"w: it cannot go offline: bit 1 stays taken: somebody signals a source that was "
		"removed");
	assert_true(rouse_worker_is_online(w));
	stray.attn = NULL;
	assert_int_equal(rouse_worker_offline(w), 0);
	assert_int_equal(nb_bits_of(w), 1); /* messages */
	assert_int_equal(rouse_worker_online(w), 0);
	assert_line(NULL);
}

static void
a_source_moves_again_though_somebody_signals_where_it_was(void **state)
{
	assert_int_equal(mock_add(w, 0, 0), 0);
	forget_lines();
	stray = (struct rouse_attn_target){ .attn = &w->attn,
					    .device = mock_ports[0].queues[0].owner.device };
	assert_int_equal(rouse_worker_ethdev_move(w, other, 0, 0), 0);
	assert_line("w: bit 1 stays taken: somebody signals a source that has moved; stop it");
	assert_received(other, 0);
	assert_int_equal(rouse_worker_ethdev_move(other, first, 0, 0), 0);
	assert_received(first, 0);
	assert_int_equal(rouse_worker_ethdev_move(first, w, 0, 0), 0);
	assert_received(w, 0);
	assert_int_equal(nb_bits_of(w), 2); /* the place that is kept has room for it */
	stray.attn = NULL;
	assert_int_equal(rouse_worker_offline(w), 0);
	assert_int_equal(nb_bits_of(w), 1);
	assert_line(NULL);
}

static void
a_source_moves_again_though_somebody_signals_where_it_did_not_go(void **state)
{
	assert_int_equal(mock_add(w, 0, 0), 0);
	forget_lines();
	stray = (struct rouse_attn_target){ .attn = &other->attn, .device = 1 };
	mock_ports[0].bind_error = -EIO;
	assert_int_equal(rouse_worker_ethdev_move(w, other, 0, 0), -EIO);
	fflush(log_file);
	assert_non_null(strstr(log_text, "w: bit 1 of another worker stays taken: somebody signals "
					 "port 0 queue 0 there"));
	assert_non_null(strstr(log_text, "queue 0 of port 0 cannot be moved to other"));
	forget_lines();
	assert_received(w, 0);
	refused(rouse_worker_ethdev_move(w, first, 0, 0), -EBUSY, "being moved to processor 2");
	stray.attn = NULL;
	assert_int_equal(rouse_worker_ethdev_move(w, first, 0, 0), 0);
	assert_int_equal(nb_bits_of(other), 1);
	assert_received(first, 0);
	assert_int_equal(rouse_worker_offline(other), 0);
	assert_line(NULL);
}

static void
a_worker_that_cannot_stay_comes_back_when_it_is_asked_to(void **state)
{
	assert_int_equal(mock_add(w, 1, 0), 0);
	forget_lines();
	/* where its bits are reserved */
	stray = (struct rouse_attn_target){ .attn = &first->attn, .device = 1 };
	mock_ports[1].bind_error = -EIO;
	assert_int_equal(rouse_worker_offline(w), -EIO);
	fflush(log_file);
	assert_non_null(strstr(log_text, "w cannot go offline: queue 0 of port 1 cannot be moved"));
	assert_non_null(strstr(log_text, "w gets no queues: port 1 queue 0: an event is pending at "
					 "bit 1 of processor 0 (mock); let it be taken first; stop "
					 "whoever signals it, then call rouse_worker_online()"));
	forget_lines();
	assert_false(rouse_worker_is_online(w));
	assert_received(w, 1);
	refused(rouse_worker_offline(w), -EALREADY, "is going offline already");
	refused(rouse_worker_online(w), -EBUSY,
		"w cannot come online: port 1 queue 0: an event is");
	stray.attn = NULL;
	assert_int_equal(rouse_worker_online(w), 0);
	assert_true(rouse_worker_is_online(w));
	assert_received(w, 1);
	assert_int_equal(rouse_worker_offline(w), 0);
	assert_line(NULL);
}

static void
a_worker_that_counts_as_not_empty_stays_with_all_its_queues(void **state)
{
	assert_int_equal(mock_add(w, 0, 0), 0);
	assert_int_equal(mock_add(w, 1, 0), 0);
	forget_lines();
	left_error = -EBUSY;
	assert_int_equal(rouse_worker_offline(w), -EBUSY);
	assert_line("w cannot go offline: ");
	assert_true(rouse_worker_is_online(w));
	assert_int_equal(nb_queues_of(w), 2);
	assert_received(w, 0);
	assert_received(w, 1);
	assert_int_equal(rouse_worker_offline(w), 0);
	assert_int_equal(nb_queues_of(w), 0);
}

static void
one_queue_that_cannot_move_leaves_all_where_they_were(void **state)
{
	assert_int_equal(mock_add(w, 1, 0), 0);
	assert_int_equal(mock_add(w, 0, 0), 0);
	forget_lines();
	/* the last one moves, the first one is refused */
	mock_ports[1].bind_error = -EIO;
	assert_int_equal(rouse_worker_offline(w), -EIO);
	assert_line("w cannot go offline: queue 0 of port 1 cannot be moved to ");
	assert_true(rouse_worker_is_online(w));
	assert_int_equal(nb_queues_of(w), 2);
	assert_received(w, 0);
	assert_received(w, 1);
}

static void
the_attention_of_a_worker_that_somebody_signals_outlives_it(void **state)
{
	struct rouse_worker *destroyed = first;
	int before;
	char *text;

	assert_int_equal(mock_add(first, 0, 0), 0);
	assert_int_equal(rouse_worker_offline(other), 0);
	forget_lines();
	before = mock_allocations;
	stray = (struct rouse_attn_target){ .attn = &first->attn,
					    .device = mock_ports[0].queues[0].owner.device };
	rouse_worker_destroy(first);
	first = NULL;
	fflush(log_file);
	assert_non_null(strstr(log_text, "first: its attention stays, with its memory: somebody "
					 "signals a source that it had; stop it before"));
	forget_lines();
	assert_true(mock_allocations < before);
	/* the signals go to where they may, and nobody else learns of them */
	rouse_attn_mark(&stray);
	text = dump();
	assert_null(strstr(text, "port 0 queue 0"));
	free(text);
	assert_ptr_equal(rouse_worker_default(), w);
	assert_hosted(other, w);
	first = mock_make_worker("again");
	assert_int_equal(mock_add(first, 0, 0), 0);
	assert_received(first, 0);
	assert_int_equal(rouse_worker_offline(first), 0);
	assert_received(w, 0);
	rte_free(destroyed); /* nobody signals it any more */
}

/* ---- who looks after those that are offline ---- */

static void
whoever_cannot_look_after_all_leaves_them_to_who_does(void **state)
{
	int n = 0, ret;

	assert_int_equal(mock_add(first, 0, 0), 0);
	assert_int_equal(rouse_worker_offline(w), 0);
	assert_int_equal(rouse_worker_offline(other), 0);
	assert_int_equal(rouse_worker_default_set(w), -ENETDOWN);
	forget_lines();
	struct rouse_worker *fourth = mock_make_worker("fourth");

	do {
		char *before = dump();

		mock_fail_allocation = ++n;
		ret = rouse_worker_default_set(fourth);
		if (ret != 0) {
			assert_int_equal(ret, -ENOMEM);
			assert_as_before(before, "fourth cannot look after those that are offline");
			assert_ptr_equal(rouse_worker_default(), first);
			assert_hosted(w, first);
			assert_hosted(other, first);
		} else {
			free(before);
		}
	} while (ret != 0);
	assert_true(n > 2);
	mock_fail_allocation = 0;
	assert_ptr_equal(rouse_worker_default(), fourth);
	assert_hosted(w, fourth);
	assert_hosted(other, fourth);
	rouse_worker_destroy(fourth);
	assert_hosted(w, first);
}

static void
one_whom_nobody_could_look_after_is_found_by_the_next_default_worker(void **state)
{
	int n = 0;

	/* the first allocations are for the moves; then the one that fails is the host's */
	do {
		forget_lines();
		mock_fail_allocation = ++n;
	} while (rouse_worker_offline(w) != 0 && n < 10);
	assert_true(n < 10);
	assert_null(w->host);
	assert_line("w: what it has but queues waits until another default worker is chosen, or "
		    "it is online");
	assert_int_equal(rouse_worker_default_set(other), 0);
	assert_hosted(w, other);
}

static void
when_none_was_online_who_comes_first_is_the_host_of_the_others(void **state)
{
	assert_int_equal(rouse_worker_offline(w), 0);
	assert_int_equal(rouse_worker_offline(other), 0);
	rouse_worker_destroy(first);
	first = NULL;
	assert_null(rouse_worker_default());
	assert_null(w->host);
	assert_int_equal(rouse_worker_online(w), 0);
	assert_ptr_equal(rouse_worker_default(), w);
	assert_hosted(other, w);
	first = mock_make_worker("first");
	assert_int_equal(rouse_worker_online(other), 0);
	assert_int_equal(rouse_worker_offline(other), 0);
	assert_hosted(other, w);
	assert_int_equal(rouse_worker_offline(first), 0);
	refused(rouse_worker_offline(w), -EBUSY, "it is the last one online");
}

/* ---- lines ---- */

static void
a_move_that_is_refused_says_why(void **state)
{
	assert_int_equal(mock_add(w, 0, 0), 0);
	assert_int_equal(rouse_worker_ethdev_watch(other, 1, 0, NULL), 0);
	forget_lines();
	refused(rouse_worker_ethdev_move(w, other, 0, 1), -ENOENT,
		"w: queue 1 of port 0 cannot be moved: it is not this worker's; ask the one that "
		"has it");
	refused(rouse_worker_ethdev_move(w, w, 0, 0), -EEXIST,
		"w: queue 0 of port 0 cannot be moved: it is this worker's already; name another");
	refused(rouse_worker_ethdev_move(other, w, 1, 0), -EPERM,
		"other: queue 0 of port 1 cannot be moved: the application polls it; remove it, "
		"and let another watch it");
	assert_int_equal(rouse_worker_ethdev_remove(other, 1, 0), 0);
	assert_int_equal(rouse_worker_offline(other), 0);
	refused(rouse_worker_ethdev_move(w, other, 0, 0), -ENETDOWN,
		"w: queue 0 of port 0 cannot be moved to other: that is offline; bring it online "
		"first");
}

static void
a_worker_that_stays_where_it_is_says_why(void **state)
{
	refused(rouse_worker_offline(first), -EBUSY,
		"first: processor 0 (mock) cannot go offline: it is the default "
		"one; make another one that first");
	refused(rouse_worker_online(w), -EALREADY,
		"w cannot come online: processor 1 (mock) is online already");
	assert_int_equal(rouse_worker_offline(w), 0);
	refused(rouse_worker_offline(w), -EALREADY, "w: processor 1 (mock) is offline already");
	refused(rouse_worker_default_set(w), -ENETDOWN,
		"w: processor 1 (mock) cannot be the default one: it is not online; bring it online "
		"first");
}

static void
what_is_asked_for_while_queues_move_is_to_be_tried_again(void **state)
{
	assert_int_equal(mock_add(w, 0, 0), 0);
	forget_lines();
	assert_int_equal(workers_lock(false), 0);
#define TRY_AGAIN "right now; try again"
	refused(rouse_worker_ethdev_move(w, other, 0, 0), -EBUSY, "w: queues move, or a port");
	refused(rouse_worker_offline(w), -EBUSY, "w: queues move, or a port");
	refused(rouse_worker_online(w), -EBUSY, "w: queues move, or a port");
	refused(rouse_worker_default_set(w), -EBUSY, TRY_AGAIN);
	refused(rouse_worker_rebalance(), -EBUSY, "rebalancing: queues move, or a port");
	workers_unlock();
	assert_int_equal(rouse_worker_ethdev_move(w, other, 0, 0), 0);
}

static void
a_queue_that_cannot_be_given_to_who_has_least_is_named(void **state)
{
	assert_int_equal(mock_add(w, 0, 0), 0);
	assert_int_equal(mock_add(w, 1, 0), 0);
	forget_lines();
	mock_ports[1].bind_error = -EIO;
	assert_int_equal(rouse_worker_rebalance(), -EIO);
	assert_line("w: queue 0 of port 1 cannot be moved to ");
	assert_int_equal(nb_queues_of(w), 2);
	assert_int_equal(rouse_worker_rebalance(), 1);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, make, destroy)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_bit_that_stayed_taken_does_not_keep_its_worker_from_leaving),
		TEST(a_source_moves_again_though_somebody_signals_where_it_was),
		TEST(a_source_moves_again_though_somebody_signals_where_it_did_not_go),
		TEST(a_worker_that_cannot_stay_comes_back_when_it_is_asked_to),
		TEST(a_worker_that_counts_as_not_empty_stays_with_all_its_queues),
		TEST(one_queue_that_cannot_move_leaves_all_where_they_were),
		TEST(whoever_cannot_look_after_all_leaves_them_to_who_does),
		TEST(one_whom_nobody_could_look_after_is_found_by_the_next_default_worker),
		TEST(when_none_was_online_who_comes_first_is_the_host_of_the_others),
		TEST(a_move_that_is_refused_says_why),
		TEST(a_worker_that_stays_where_it_is_says_why),
		TEST(what_is_asked_for_while_queues_move_is_to_be_tried_again),
		TEST(a_queue_that_cannot_be_given_to_who_has_least_is_named),
		TEST(the_attention_of_a_worker_that_somebody_signals_outlives_it),
	};

	return UNIT_RUN(tests);
}
