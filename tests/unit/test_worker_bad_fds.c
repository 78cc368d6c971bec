/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* A worker that watches file descriptors which are at their end, have an error, or were closed:
 * each ends at most one sleep. */

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "worker_bad_rig.h"

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, destroy)

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

/* Of ten sleeps without a limit, how many another than the test's timer ended. Both may have fired
 * when a thread that was preempted comes to sleep. */
static unsigned int
count_sleeps_cut_short(void)
{
	const struct itimerspec soon = { .it_value.tv_nsec = 20000000 };
	unsigned int nb_cut_short = 0;
	uint64_t wakes;

	worker_attend(w);
	wakes = rouse_counter_get(&w->stats.wakes);
	for (unsigned int i = 0; i < 10; i++) {
		uint64_t by_timer = rouse_counter_get(&w->stats.timer_wakes);
		uint64_t by_fd = rouse_counter_get(&w->stats.fd_wakes);

		timerfd_settime(w->timer, 0, &soon, NULL);
		worker_park(w);
		nb_cut_short += rouse_counter_get(&w->stats.timer_wakes) == by_timer ||
				rouse_counter_get(&w->stats.fd_wakes) != by_fd;
	}
	assert_int_equal(rouse_counter_get(&w->stats.wakes), wakes + 10);
	return nb_cut_short;
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

static int udp_near, udp_far;

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
	udp_far = open_udp(&far);
	/* to others, nobody is there; and nobody else can take its port */
	assert_int_equal(connect(udp_far, (struct sockaddr *)&far, sizeof(far)), 0);
	assert_int_equal(connect(udp_near, (struct sockaddr *)&far, sizeof(far)), 0);
	nb_read = 0;
	assert_int_equal(rouse_worker_fd_add(w, udp_near, read_a_byte, &nb_calls), 0);
	sleep_while(send_near, BY_OTHER);
	assert_int_equal(nb_calls, 1);
	assert_int_equal(nb_read, 0);
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
	int folder = open("/", O_RDONLY | O_DIRECTORY);

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
	assert_int_equal(lines_with("cannot be watched: File exists; remove it first"), 1);
	assert_int_equal(rouse_worker_fd_add(w, folder, read_all, NULL), -EPERM);
	close(folder);
	assert_int_equal(lines_with("not permitted; give a socket, a pipe or an eventfd"), 1);
	sleep_while(write_one, BY_OTHER);
	assert_int_equal(nb_calls, 3);
	assert_int_equal(rouse_worker_fd_remove(w, ends[0]), 0);
	assert_int_equal(rouse_worker_fd_remove(w, ends[0]), -ENOENT);
	assert_int_equal(w->nb_fds, 0);
	close(ends[0]);
	close(ends[1]);
	close(first[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_socket_whose_peer_has_gone_is_read_and_ends_no_further_sleep),
		TEST(an_error_that_stays_ends_no_further_sleep),
		TEST(a_pipe_that_another_writer_opens_is_read_again),
		TEST(a_socket_that_had_an_error_is_read_as_before),
		TEST(an_fd_that_was_closed_while_it_was_watched_is_forgotten),
		TEST(a_closed_fd_of_which_there_is_a_duplicate_does_not_spin),
		TEST(the_number_of_a_closed_fd_can_be_watched_again),
	};

	return UNIT_RUN(tests);
}
