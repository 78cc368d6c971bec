/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* RSS as it is configured: what is refused, what an update replaces, and the RETA in groups. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "evnic_mock.h"
#include "unit.h"

#define QUEUES 8

static struct rte_eth_dev_data data;
static struct rte_eth_dev dev;
static struct evnic_port *port;

static int
make(void **state)
{
	const struct rouse_steer_conf conf = {
		.reta_size = EVNIC_RETA_SIZE,
		.nb_queues = QUEUES,
		.nb_rings = QUEUES,
		.nb_vectors = QUEUES,
	};

	port = aligned_alloc(ROUSE_CACHE_LINE, RTE_ALIGN_CEIL(sizeof(*port), ROUSE_CACHE_LINE));
	assert_non_null(port);
	memset(port, 0, sizeof(*port));
	port->data = &data;
	data.dev_private = port;
	dev.data = &data;
	mock_syncs = 0;
	pthread_mutex_init(&port->lock, NULL);
	evnic_rss_init(&port->rules.rss);
	return rouse_steer_init(&port->steer, &conf);
}

static int
destroy(void **state)
{
	pthread_mutex_destroy(&port->lock);
	free(port);
	return 0;
}

static void
at_first_nothing_is_hashed_and_the_key_is_microsofts(void **state)
{
	static const uint8_t begins[] = { 0x6d, 0x5a, 0x56, 0xda };
	static const uint8_t ends[] = { 0xbe, 0xac, 0x01, 0xfa };

	assert_true(port->rules.rss.types == 0);
	assert_memory_equal(port->rules.rss.key, begins, sizeof(begins));
	assert_memory_equal(port->rules.rss.key + EVNIC_KEY_SIZE - 4, ends, sizeof(ends));
}

static void
types_that_the_device_has_not_are_refused_with_a_line(void **state)
{
	struct rte_eth_rss_conf conf = { .rss_hf = RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_GTPU };
	struct evnic_rss before = port->rules.rss;

	mock_log_begin();
	assert_int_equal(evnic_rss_check(port, &conf), -ENOTSUP);
	assert_int_equal(evnic_rss_hash_update(&dev, &conf), -ENOTSUP);
	assert_int_equal(mock_log_end("not supported"), 2);
	assert_memory_equal(&port->rules.rss, &before, sizeof(before));
	assert_int_equal(port->rules.version, 0);
	assert_int_equal(mock_syncs, 0);
}

static void
every_type_that_the_device_reports_is_accepted(void **state)
{
	for (int bit = 0; bit < 64; bit++) {
		struct rte_eth_rss_conf conf = { .rss_hf = UINT64_C(1) << bit & EVNIC_RSS_TYPES };

		assert_int_equal(evnic_rss_check(port, &conf), 0);
	}
}

static void
a_key_of_another_length_is_refused_with_a_line(void **state)
{
	static const uint8_t lengths[] = { 0, 1, EVNIC_KEY_SIZE - 1, EVNIC_KEY_SIZE + 1, 52 };
	uint8_t key[64] = { 0 };

	for (size_t i = 0; i < UNIT_DIM(lengths); i++) {
		struct rte_eth_rss_conf conf = { .rss_key = key, .rss_key_len = lengths[i] };

		mock_log_begin();
		assert_int_equal(evnic_rss_hash_update(&dev, &conf), -EINVAL);
		assert_int_equal(mock_log_end("it has 40"), 1);
	}
	assert_int_equal(port->rules.rss.key[0], 0x6d);
	assert_int_equal(port->rules.version, 0);
}

static void
an_update_replaces_types_and_key_and_tells_the_wire(void **state)
{
	uint8_t key[EVNIC_KEY_SIZE], got[EVNIC_KEY_SIZE];
	struct rte_eth_rss_conf conf = { key, sizeof(key), RTE_ETH_RSS_IPV6 };
	struct rte_eth_rss_conf read = { got, sizeof(got), 0 };

	for (size_t i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)(i * 5);
	assert_int_equal(evnic_rss_hash_update(&dev, &conf), 0);
	assert_memory_equal(port->rules.rss.key, key, sizeof(key));
	assert_true(port->rules.rss.types == RTE_ETH_RSS_IPV6);
	/* the wire is asked to look only when there is something new to see */
	assert_int_equal(mock_syncs, 1);
	assert_int_equal(mock_version_at_sync, 1);

	assert_int_equal(evnic_rss_hash_conf_get(&dev, &read), 0);
	assert_memory_equal(got, key, sizeof(key));
	assert_int_equal(read.rss_key_len, EVNIC_KEY_SIZE);
	assert_true(read.rss_hf == RTE_ETH_RSS_IPV6);
}

static void
an_update_without_a_key_keeps_the_key(void **state)
{
	struct rte_eth_rss_conf conf = { .rss_hf = RTE_ETH_RSS_IPV4 };
	struct evnic_rss before = port->rules.rss;

	assert_int_equal(evnic_rss_hash_update(&dev, &conf), 0);
	assert_memory_equal(port->rules.rss.key, before.key, sizeof(before.key));
	assert_true(port->rules.rss.types == RTE_ETH_RSS_IPV4);
}

static void
a_key_is_never_read_into_too_little_room(void **state)
{
	uint8_t got[EVNIC_KEY_SIZE] = { 0 };
	struct rte_eth_rss_conf read = { .rss_key = got, .rss_key_len = EVNIC_KEY_SIZE - 1 };

	assert_int_equal(evnic_rss_hash_conf_get(&dev, &read), 0);
	assert_int_equal(got[0], 0);
	assert_int_equal(read.rss_key_len, EVNIC_KEY_SIZE);
	read.rss_key = NULL;
	assert_int_equal(evnic_rss_hash_conf_get(&dev, &read), 0);
}

static void
the_reta_is_updated_and_read_where_the_masks_say(void **state)
{
	struct rte_eth_rss_reta_entry64 write[2] = { { .mask = 0 }, { .mask = 0 } };
	struct rte_eth_rss_reta_entry64 read[2];

	write[0].mask = UINT64_C(1) << 3 | UINT64_C(1) << 63;
	write[1].mask = UINT64_C(1) << 0;
	for (int i = 0; i < 64; i++)
		write[0].reta[i] = write[1].reta[i] = 7;
	assert_int_equal(evnic_reta_update(&dev, write, EVNIC_RETA_SIZE), 0);
	/* when it returns the wire goes by all of it */
	assert_int_equal(mock_syncs, 1);
	assert_int_equal(mock_queue_at_sync, 7);
	for (uint16_t i = 0; i < EVNIC_RETA_SIZE; i++) {
		bool written = i == 3 || i == 63 || i == 64;

		assert_int_equal(rouse_steer_reta_get(&port->steer, i), written ? 7 : i % QUEUES);
	}

	memset(read, 0xff, sizeof(read));
	read[0].mask = UINT64_C(1) << 3 | UINT64_C(1) << 4;
	read[1].mask = UINT64_C(1) << 63;
	assert_int_equal(evnic_reta_query(&dev, read, EVNIC_RETA_SIZE), 0);
	for (int i = 0; i < 64; i++) {
		assert_int_equal(read[0].reta[i], i == 3 ? 7 : i == 4 ? 4 : 0xffff);
		assert_int_equal(read[1].reta[i], i == 63 ? 127 % QUEUES : 0xffff);
	}
}

static void
a_queue_that_is_not_there_is_refused_in_the_reta(void **state)
{
	struct rte_eth_rss_reta_entry64 write[2] = { { .mask = 1 }, { .mask = 0 } };

	write[0].reta[0] = QUEUES;
	assert_int_equal(evnic_reta_update(&dev, write, EVNIC_RETA_SIZE), -EINVAL);
	assert_int_equal(mock_syncs, 0);
	assert_int_equal(rouse_steer_reta_get(&port->steer, 0), 0);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, make, destroy)
	const struct CMUnitTest tests[] = {
		TEST(at_first_nothing_is_hashed_and_the_key_is_microsofts),
		TEST(types_that_the_device_has_not_are_refused_with_a_line),
		TEST(every_type_that_the_device_reports_is_accepted),
		TEST(a_key_of_another_length_is_refused_with_a_line),
		TEST(an_update_replaces_types_and_key_and_tells_the_wire),
		TEST(an_update_without_a_key_keeps_the_key),
		TEST(a_key_is_never_read_into_too_little_room),
		TEST(the_reta_is_updated_and_read_where_the_masks_say),
		TEST(a_queue_that_is_not_there_is_refused_in_the_reta),
	};

	return UNIT_RUN(tests);
}
