/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* The doorbell when write(2) does not go smoothly. This program's write() stands in for libc's. */

#include <errno.h>
#include <poll.h>
#include <sys/syscall.h>

#include <rouse_attn.h>

#include "unit.h"

static struct rouse_attn attn;
static int interruptions; /* EINTR that are still to come */
static int nb_writes;
static uint64_t tsc_at_write; /* event_tsc when the doorbell is written */

ssize_t
write(int fd, const void *buf, size_t count)
{
	if (fd == attn.doorbell) {
		nb_writes++;
		tsc_at_write = atomic_load(&attn.event_tsc);
		if (interruptions > 0) {
			interruptions--;
			errno = EINTR;
			return -1;
		}
	}
	return syscall(SYS_write, fd, buf, count);
}

static int
make(void **state)
{
	interruptions = nb_writes = 0;
	return rouse_attn_init(&attn);
}

static int
destroy(void **state)
{
	rouse_attn_fini(&attn);
	return 0;
}

static bool
is_readable(void)
{
	struct pollfd fd = { .fd = attn.doorbell, .events = POLLIN };

	return poll(&fd, 1, 0) == 1;
}

static void
an_interrupted_ring_is_rung_again(void **state)
{
	interruptions = 3;
	rouse_attn_ring_doorbell(attn.doorbell);
	assert_int_equal(nb_writes, 4);
	assert_true(is_readable());
}

static void
a_doorbell_that_is_full_does_not_block_and_stays_readable(void **state)
{
	const uint64_t most = UINT64_MAX - 1;

	assert_int_equal(write(attn.doorbell, &most, sizeof(most)), sizeof(most));
	rouse_attn_ring_doorbell(attn.doorbell);
	assert_int_equal(nb_writes, 2);
	assert_true(is_readable());
}

static void
the_event_time_is_there_before_the_doorbell_rings(void **state)
{
	const struct rouse_attn_target t = { .attn = &attn, .device = 1, .ring = 1 };

	rouse_attn_park(&attn);
	assert_true(rouse_attn_signal(&t, 4711));
	assert_int_equal(nb_writes, 1);
	assert_true(tsc_at_write == 4711);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, make, destroy)
	const struct CMUnitTest tests[] = {
		TEST(an_interrupted_ring_is_rung_again),
		TEST(a_doorbell_that_is_full_does_not_block_and_stays_readable),
		TEST(the_event_time_is_there_before_the_doorbell_rings),
	};

	return UNIT_RUN(tests);
}
