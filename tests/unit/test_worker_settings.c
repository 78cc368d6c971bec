/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * What the kernel is asked for while a thread is a worker's: what it grants is set and given back,
 * what it refuses is one line and nothing else changes. The kernel is this program's.
 */

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <rte_log.h>

#include "unit.h"
#include "worker_mock.h"

#define SLACK_BEFORE 50000
#define UTIL_BEFORE  100
#define NICE_BEFORE  (-3)
#define CLAMP_FLAGS  0x38

static struct rouse_worker worker, *const w = &worker;

/* ---- the kernel ---- */

static struct {
	unsigned long slack;
	struct sched_attr_of_kernel attr;
	int latency_fd; /* the reader's end; -1: it was not opened */
	int slack_error, fifo_error, uclamp_error, open_error;
	unsigned int nb_calls;
} kernel;

static int
answer(int error)
{
	kernel.nb_calls++;
	errno = error;
	return error == 0 ? 0 : -1;
}

int __wrap_prctl(int option, ...);
long __wrap_syscall(long number, ...);
int __wrap_open64(const char *path, int flags, ...); /* what open() is with large files */

int
__wrap_prctl(int option, ...)
{
	unsigned long value;
	va_list args;

	if (option == PR_GET_TIMERSLACK)
		return (int)kernel.slack;
	assert_int_equal(option, PR_SET_TIMERSLACK);
	va_start(args, option);
	value = va_arg(args, unsigned long);
	va_end(args);
	if (answer(kernel.slack_error) != 0)
		return -1;
	kernel.slack = value;
	return 0;
}

static long
set_attr(const struct sched_attr_of_kernel *attr)
{
	assert_int_equal(attr->size, 56);
	if (attr->flags & 0x20) {
		assert_int_equal(attr->flags, CLAMP_FLAGS);
		if (answer(kernel.uclamp_error) != 0)
			return -1;
		kernel.attr.util_min = attr->util_min;
		return 0;
	}
	if (answer(kernel.fifo_error) != 0)
		return -1;
	kernel.attr.policy = attr->policy;
	kernel.attr.priority = attr->priority;
	kernel.attr.nice = attr->nice;
	return 0;
}

long
__wrap_syscall(long number, ...)
{
	struct sched_attr_of_kernel *attr;
	va_list args;
	pid_t pid;

	va_start(args, number);
	pid = va_arg(args, int);
	attr = va_arg(args, struct sched_attr_of_kernel *);
	va_end(args);
	assert_int_equal(pid, 0);
	if (number == SYS_sched_getattr) {
		*attr = kernel.attr;
		return 0;
	}
	assert_int_equal(number, SYS_sched_setattr);
	return set_attr(attr);
}

int
__wrap_open64(const char *path, int flags, ...)
{
	int fds[2];

	assert_string_equal(path, "/dev/cpu_dma_latency");
	assert_int_equal(flags & O_ACCMODE, O_WRONLY);
	if (answer(kernel.open_error) != 0)
		return -1;
	assert_int_equal(pipe(fds), 0);
	kernel.latency_fd = fds[0];
	return fds[1];
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

static int
make(void **state)
{
	memset(&kernel, 0, sizeof(kernel));
	kernel.slack = SLACK_BEFORE;
	kernel.attr.util_min = UTIL_BEFORE;
	kernel.attr.nice = NICE_BEFORE;
	kernel.latency_fd = -1;
	log_file = open_memstream(&log_text, &log_len);
	rte_openlog_stream(log_file);
	mock_init();
	mock_worker_init(w);
	return 0;
}

static int
destroy(void **state)
{
	mock_worker_fini(w);
	mock_fini();
	rte_openlog_stream(NULL);
	fclose(log_file);
	free(log_text);
	if (kernel.latency_fd >= 0)
		close(kernel.latency_fd);
	return 0;
}

static void
assert_as_before(void)
{
	assert_int_equal(kernel.slack, SLACK_BEFORE);
	assert_int_equal(kernel.attr.policy, SCHED_OTHER);
	assert_int_equal(kernel.attr.priority, 0);
	assert_int_equal(kernel.attr.nice, NICE_BEFORE);
	assert_int_equal(kernel.attr.util_min, UTIL_BEFORE);
}

/* ---- claims ---- */

static void
nothing_is_asked_for_by_default(void **state)
{
	worker_settings_begin(w);
	worker_settings_end(w);
	assert_int_equal(kernel.nb_calls, 0);
	assert_as_before();
	assert_int_equal(lines_with(""), 0);
}

static const struct rouse_worker_settings all = {
	.timer_slack_ns = 1,
	.fifo_priority = 7,
	.uclamp_min = 1024,
	.cpu_latency_us = 20,
};

static void
what_is_granted_is_set_and_given_back(void **state)
{
	int32_t us;
	char more;

	w->conf.settings = all;
	worker_settings_begin(w);
	assert_int_equal(kernel.slack, 1);
	assert_int_equal(kernel.attr.policy, SCHED_FIFO);
	assert_int_equal(kernel.attr.priority, 7);
	assert_int_equal(kernel.attr.util_min, 1024);
	assert_int_equal(read(kernel.latency_fd, &us, sizeof(us)), sizeof(us));
	assert_int_equal(us, 20);
	worker_settings_end(w);
	assert_as_before();
	/* the end of the pipe: nobody has the file open */
	assert_int_equal(read(kernel.latency_fd, &more, 1), 0);
	assert_int_equal(lines_with(""), 0);
}

static void
each_is_set_alone(void **state)
{
	const struct rouse_worker_settings alone[] = {
		{ .timer_slack_ns = 1 },
		{ .fifo_priority = 7 },
		{ .uclamp_min = 1024 },
		{ .cpu_latency_us = 20 },
	};

	for (size_t i = 0; i < UNIT_DIM(alone); i++) {
		w->conf.settings = alone[i];
		kernel.nb_calls = 0;
		worker_settings_begin(w);
		assert_int_equal(kernel.nb_calls, 1);
		assert_int_equal(kernel.slack == 1, i == 0);
		assert_int_equal(kernel.attr.policy == SCHED_FIFO, i == 1);
		assert_int_equal(kernel.attr.util_min == 1024, i == 2);
		assert_int_equal(kernel.latency_fd >= 0, i == 3);
		worker_settings_end(w);
		assert_as_before();
	}
}

static void
what_is_refused_is_one_line_and_the_rest_is_set(void **state)
{
	static const struct {
		int *error;
		int number;
		const char *words;
	} refused[] = {
		{ &kernel.slack_error, EINVAL, "timer slack" },
		{ &kernel.fifo_error, EPERM, "CAP_SYS_NICE" },
		{ &kernel.uclamp_error, EOPNOTSUPP, "CONFIG_UCLAMP_TASK" },
		{ &kernel.open_error, EACCES, "/dev/cpu_dma_latency" },
	};

	for (size_t i = 0; i < UNIT_DIM(refused); i++) {
		w->conf.settings = all;
		*refused[i].error = refused[i].number;
		worker_settings_begin(w);
		assert_int_equal(lines_with(refused[i].words), 1);
		assert_int_equal(kernel.slack == 1, i != 0);
		assert_int_equal(kernel.attr.policy == SCHED_FIFO, i != 1);
		assert_int_equal(kernel.attr.util_min == 1024, i != 2);
		*refused[i].error = 0;
		worker_settings_end(w);
		assert_as_before();
		assert_int_equal(lines_with(""), 0);
		if (kernel.latency_fd >= 0)
			close(kernel.latency_fd);
		kernel.latency_fd = -1;
	}
}

static void
what_is_out_of_range_is_one_line(void **state)
{
	const struct rouse_worker_settings wrong[] = {
		{ .timer_slack_ns = 1000000001 },
		{ .fifo_priority = 100 },
		{ .uclamp_min = 1025 },
		{ .cpu_latency_us = 1000001 },
	};
	const struct rouse_worker_settings most = {
		.timer_slack_ns = 1000000000,
		.fifo_priority = 99,
		.uclamp_min = 1024,
		.cpu_latency_us = 1000000,
	};

	for (size_t i = 0; i < UNIT_DIM(wrong); i++) {
		assert_int_equal(worker_check_settings("w", &wrong[i]), -EINVAL);
		assert_int_equal(lines_with("give 1 to"), 1);
	}
	assert_int_equal(worker_check_settings("w", &most), 0);
	assert_int_equal(lines_with(""), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, destroy)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_is_asked_for_by_default),
		TEST(what_is_granted_is_set_and_given_back),
		TEST(each_is_set_alone),
		TEST(what_is_refused_is_one_line_and_the_rest_is_set),
		TEST(what_is_out_of_range_is_one_line),
	};

	return UNIT_RUN(tests);
}
