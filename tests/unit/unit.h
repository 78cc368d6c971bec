/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#ifndef UNIT_H
#define UNIT_H

/*
 * What every unit test starts from: cmocka with TAP output, a random sequence that is the same in
 * every run, and a deadline for tests that would otherwise wait for ever.
 */

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#define UNIT_DEADLINE_S 60 /* without a sign of life */

#define UNIT_RUN(tests)                                                                            \
	(unit_deadline(), cmocka_set_message_output(CM_OUTPUT_TAP),                                \
	 cmocka_run_group_tests(tests, NULL, NULL))

/* Repetitions of what needs luck to go wrong. ThreadSanitizer, by which everything is slow, needs
 * none: it is enough that two threads meet. */
#ifdef __SANITIZE_THREAD__
#define UNIT_TIMES(n) ((n) / 20)
#else
#define UNIT_TIMES(n) (n)
#endif

#define UNIT_DIM(array) (sizeof(array) / sizeof((array)[0]))

/* splitmix64 (Steele, Lea and Flood, 2014). */
static inline uint64_t
unit_random(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* From 0 to `limit` - 1. */
static inline uint32_t
unit_random_below(uint64_t *state, uint32_t limit)
{
	return (uint32_t)(unit_random(state) % limit);
}

static inline void
unit_too_late(int sig)
{
	static const char text[] = "\nBail out! the deadline has passed: somebody waits for ever\n";

	if (write(STDOUT_FILENO, text, sizeof(text) - 1) < 0)
		_exit(3);
	_exit(2);
}

/* A sign of life: fail unless the program ends, or calls this again, in time. */
static inline void
unit_deadline(void)
{
	signal(SIGALRM, unit_too_late);
	alarm(UNIT_DEADLINE_S);
}

#endif /* UNIT_H */
