/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * net_evnic's arguments, on a machine that has the processors 0 and 2 and the NUMA nodes 0 and 1:
 * what this program says in place of libc and libnuma.
 */

#include <errno.h>
#include <sched.h>
#include <string.h>

#include "evnic_mock.h"
#include "unit.h"

static bool affinity_fails;

/* DPDK asks, too, before main(). */
int
sched_getaffinity(pid_t pid, size_t size, cpu_set_t *set)
{
	if (affinity_fails)
		return -1;
	CPU_ZERO_S(size, set);
	CPU_SET_S(0, size, set);
	CPU_SET_S(2, size, set);
	return 0;
}

bool
evnic_numa_node_exists(int node)
{
	return node == 0 || node == 1;
}

static struct evnic_args args;

static void
assert_accepted(const char *params)
{
	memset(&args, 0xff, sizeof(args));
	mock_log_begin();
	if (evnic_args_parse("net_evnic7", params, &args) != 0)
		fail_msg("refused: %s", params);
	assert_int_equal(mock_log_end(NULL), 0);
}

/* Refused, with one line that names the device and has `word` in it. */
static void
assert_refused(const char *params, const char *word)
{
	int ret;

	mock_log_begin();
	ret = evnic_args_parse("net_evnic7", params, &args);
	if (ret != -EINVAL)
		fail_msg("%d, not -EINVAL: %s", ret, params);
	assert_int_equal(mock_log_end(word), 1);
	mock_log_begin();
	evnic_args_parse("net_evnic7", params, &args);
	mock_log_end("net_evnic7");
}

static void
without_arguments_everything_has_its_default(void **state)
{
	static const char *const nothing[] = { NULL, "" };

	for (size_t i = 0; i < UNIT_DIM(nothing); i++) {
		assert_accepted(nothing[i]);
		assert_string_equal(args.rx_pcap, "");
		assert_string_equal(args.tx_pcap, "");
		assert_int_equal(args.pace, EVNIC_PACE_MAX);
		assert_int_equal(args.overrun, EVNIC_OVERRUN_WAIT);
		assert_true(args.speed == 1);
		assert_int_equal(args.loops, 1);
		assert_int_equal(args.numa_node, -1);
		assert_int_equal(args.wire_cpu, -1);
	}
}

static void
all_keys_together_are_understood(void **state)
{
	assert_accepted(
		"rx_pcap=in.pcap,tx_pcap=out dir/o.pcap,pace=orig,speed=2.5,loops=7,overrun=wait,"
		"numa=1,wire_cpu=2");
	assert_string_equal(args.rx_pcap, "in.pcap");
	assert_string_equal(args.tx_pcap, "out dir/o.pcap");
	assert_int_equal(args.pace, EVNIC_PACE_ORIG);
	assert_true(args.speed == 2.5);
	assert_int_equal(args.loops, 7);
	assert_int_equal(args.overrun, EVNIC_OVERRUN_WAIT);
	assert_int_equal(args.numa_node, 1);
	assert_int_equal(args.wire_cpu, 2);
}

/* ---- key by key ---- */

static void
paths_have_1_to_1023_bytes(void **state)
{
	static const char *const keys[] = { "rx_pcap", "tx_pcap" };
	char params[2048];

	for (size_t i = 0; i < UNIT_DIM(keys); i++) {
		char *end = params + sprintf(params, "%s=", keys[i]);

		assert_refused(params, keys[i]);
		assert_refused(keys[i], "name a file");
		memset(end, 'x', EVNIC_PATH_MAX);
		end[EVNIC_PATH_MAX] = '\0';
		assert_refused(params, "1023");
		end[EVNIC_PATH_MAX - 1] = '\0';
		assert_accepted(params);
		assert_string_equal(i == 0 ? args.rx_pcap : args.tx_pcap, end);
		assert_string_equal(i == 0 ? args.tx_pcap : args.rx_pcap, "");
	}
}

static void
pace_is_max_orig_or_packets_per_second(void **state)
{
	static const char *const wrong[] = {
		"pace=0",   "pace=1000000001", "pace=-1",   "pace=+1",
		"pace=1e6", "pace=0x10",       "pace=10k",  "pace=1 ",
		"pace=",    "pace=Max",	       "pace=maxx", "pace=99999999999999999999",
	};

	assert_accepted("pace=max");
	assert_int_equal(args.pace, EVNIC_PACE_MAX);
	assert_accepted("pace=orig");
	assert_int_equal(args.pace, EVNIC_PACE_ORIG);
	assert_accepted("pace=1");
	assert_int_equal(args.pace, EVNIC_PACE_PPS);
	assert_int_equal(args.pps, 1);
	assert_accepted("pace=1000000000");
	assert_int_equal(args.pps, 1000000000);
	for (size_t i = 0; i < UNIT_DIM(wrong); i++)
		assert_refused(wrong[i], wrong[i]);
}

static void
speed_is_a_factor_from_a_thousandth_to_a_thousand(void **state)
{
	static const char *const wrong[] = {
		"0", "0.0009", "1000.1", "-1", "", "x", "2x", "1,5", "nan", "inf", "1e9",
	};
	char params[64];

	assert_accepted("pace=orig,speed=0.001");
	assert_true(args.speed == 0.001);
	assert_accepted("pace=orig,speed=1000");
	assert_true(args.speed == 1000);
	assert_accepted("pace=orig,speed=1.5e1");
	assert_true(args.speed == 15);
	for (size_t i = 0; i < UNIT_DIM(wrong); i++) {
		snprintf(params, sizeof(params), "pace=orig,speed=%s", wrong[i]);
		assert_refused(params, NULL);
	}
}

static void
loops_is_a_number_and_0_is_for_ever(void **state)
{
	static const char *const wrong[] = { "loops=-1", "loops=4294967296", "loops=", "loops=two",
					     "loops=1.5" };

	assert_accepted("loops=0");
	assert_true(args.loops == 0);
	assert_accepted("loops=4294967295");
	assert_true(args.loops == UINT32_MAX);
	for (size_t i = 0; i < UNIT_DIM(wrong); i++)
		assert_refused(wrong[i], wrong[i]);
}

static void
infinite_rx_is_loops_by_another_name(void **state)
{
	static const char *const wrong[] = { "infinite_rx=2", "infinite_rx=yes",
					     "infinite_rx=", "infinite_rx=-1" };

	assert_accepted("infinite_rx=1");
	assert_true(args.loops == 0);
	assert_accepted("infinite_rx=0");
	assert_true(args.loops == 1);
	for (size_t i = 0; i < UNIT_DIM(wrong); i++)
		assert_refused(wrong[i], wrong[i]);
}

static void
overrun_is_wait_or_drop(void **state)
{
	static const char *const wrong[] = { "overrun=", "overrun=Wait", "overrun=1",
					     "overrun=dropp" };

	assert_accepted("overrun=wait");
	assert_int_equal(args.overrun, EVNIC_OVERRUN_WAIT);
	assert_accepted("overrun=drop");
	assert_int_equal(args.overrun, EVNIC_OVERRUN_DROP);
	for (size_t i = 0; i < UNIT_DIM(wrong); i++)
		assert_refused(wrong[i], wrong[i]);
}

static void
numa_is_a_node_that_exists(void **state)
{
	static const char *const wrong[] = { "numa=2", "numa=-1", "numa=", "numa=all",
					     "numa=4294967296" };

	assert_accepted("numa=0");
	assert_int_equal(args.numa_node, 0);
	for (size_t i = 0; i < UNIT_DIM(wrong); i++)
		assert_refused(wrong[i], wrong[i]);
}

static void
wire_cpu_is_a_processor_that_exists(void **state)
{
	static const char *const wrong[] = { "wire_cpu=1",    "wire_cpu=3", "wire_cpu=-1",
					     "wire_cpu=1024", "wire_cpu=",  "wire_cpu=0-2" };

	assert_accepted("wire_cpu=0");
	assert_int_equal(args.wire_cpu, 0);
	for (size_t i = 0; i < UNIT_DIM(wrong); i++)
		assert_refused(wrong[i], wrong[i]);
	/* where nobody can say which there are, it is left to the pinning */
	affinity_fails = true;
	assert_accepted("wire_cpu=3");
	affinity_fails = false;
	assert_int_equal(args.wire_cpu, 3);
}

static void
interfaces_have_1_to_15_bytes_and_are_named_once(void **state)
{
	static const char *const wrong[] = {
		"iface=",
		"rx_iface=",
		"tx_iface=",
		"iface=0123456789abcdef",
		"iface=a,iface=b",
		"iface=a,rx_iface=a",
		"tx_iface=a,iface=a",
		"rx_iface=a,rx_iface=a",
	};

	assert_accepted("iface=0123456789abcde");
	assert_string_equal(args.rx_iface, "0123456789abcde");
	assert_string_equal(args.tx_iface, "0123456789abcde");
	assert_string_equal(args.rx_iface_key, "iface");
	assert_string_equal(args.tx_iface_key, "iface");
	assert_accepted("rx_iface=a,tx_iface=b");
	assert_string_equal(args.rx_iface, "a");
	assert_string_equal(args.tx_iface, "b");
	assert_string_equal(args.rx_iface_key, "rx_iface");
	assert_string_equal(args.tx_iface_key, "tx_iface");
	for (size_t i = 0; i < UNIT_DIM(wrong); i++)
		assert_refused(wrong[i], "iface");
}

static void
a_cable_names_another_port_of_the_driver(void **state)
{
	static const char *const wrong[] = { "cable=", "cable=eth0", "cable=net_evni",
					     "cable=net_evnic7" };

	assert_accepted("cable=net_evnic8");
	assert_string_equal(args.cable, "net_evnic8");
	assert_string_equal(args.rx_pcap, "");
	for (size_t i = 0; i < UNIT_DIM(wrong); i++)
		assert_refused(wrong[i], wrong[i]);
}

/* ---- together ---- */

static void
there_is_one_source_and_one_sink_in_any_order(void **state)
{
	static const struct {
		const char *params, *word;
	} wrong[] = {
		{ "rx_pcap=a,iface=b", "rx_pcap" },
		{ "iface=b,rx_pcap=a", "rx_pcap" },
		{ "rx_pcap=a,rx_iface=b", "rx_iface=b" },
		{ "tx_pcap=a,iface=b", "tx_pcap" },
		{ "tx_iface=b,tx_pcap=a", "tx_iface=b" },
		{ "cable=net_evnic8,rx_pcap=a", "cable" },
		{ "tx_pcap=a,cable=net_evnic8", "cable" },
		{ "cable=net_evnic8,iface=b", "cable" },
		{ "rx_iface=b,cable=net_evnic8", "cable" },
	};

	for (size_t i = 0; i < UNIT_DIM(wrong); i++)
		assert_refused(wrong[i].params, wrong[i].word);
	assert_accepted("rx_pcap=a,tx_iface=b");
	assert_accepted("rx_iface=a,tx_pcap=b");
	assert_accepted("rx_pcap=a,tx_pcap=b");
}

static void
what_only_a_replay_has_is_refused_without_one(void **state)
{
	static const char *const of_replay[] = { "pace=max", "pace=10", "loops=2",
						 "infinite_rx=1" };
	static const char *const others[] = { "iface=a", "rx_iface=a", "cable=net_evnic8" };
	char params[64];

	for (size_t i = 0; i < UNIT_DIM(of_replay); i++) {
		for (size_t j = 0; j < UNIT_DIM(others); j++) {
			snprintf(params, sizeof(params), "%s,%s", of_replay[i], others[j]);
			assert_refused(params, "rx_pcap");
			snprintf(params, sizeof(params), "%s,%s", others[j], of_replay[i]);
			assert_refused(params, "rx_pcap");
		}
		snprintf(params, sizeof(params), "tx_iface=a,%s", of_replay[i]);
		assert_accepted(params);
	}
}

static void
the_default_of_overrun_depends_on_source_and_pace(void **state)
{
	static const struct {
		const char *params;
		enum evnic_overrun want;
	} table[] = {
		{ "pace=max", EVNIC_OVERRUN_WAIT },
		{ "pace=orig", EVNIC_OVERRUN_DROP },
		{ "pace=5", EVNIC_OVERRUN_DROP },
		{ "pace=max,overrun=drop", EVNIC_OVERRUN_DROP },
		{ "overrun=wait,pace=orig", EVNIC_OVERRUN_WAIT },
		{ "overrun=wait,pace=5", EVNIC_OVERRUN_WAIT },
		{ "iface=a", EVNIC_OVERRUN_DROP },
		{ "rx_iface=a", EVNIC_OVERRUN_DROP },
		{ "tx_iface=a", EVNIC_OVERRUN_WAIT },
		{ "rx_iface=a,overrun=wait", EVNIC_OVERRUN_WAIT },
		{ "cable=net_evnic8", EVNIC_OVERRUN_WAIT },
		{ "overrun=drop,cable=net_evnic8", EVNIC_OVERRUN_DROP },
	};

	for (size_t i = 0; i < UNIT_DIM(table); i++) {
		assert_accepted(table[i].params);
		assert_int_equal(args.overrun, table[i].want);
	}
}

static void
speed_needs_the_recorded_pace_in_any_order(void **state)
{
	assert_accepted("speed=2,pace=orig");
	assert_true(args.speed == 2);
	assert_refused("speed=2", "pace=orig");
	assert_refused("speed=2,pace=max", "pace=orig");
	assert_refused("pace=1000,speed=2", "pace=orig");
	/* even when it would change nothing */
	assert_refused("speed=1", "pace=orig");
}

static void
loops_and_infinite_rx_exclude_each_other(void **state)
{
	assert_refused("loops=2,infinite_rx=1", "not both");
	assert_refused("infinite_rx=0,loops=1", "not both");
	assert_refused("loops=1,loops=1", "loops=1: give it once");
	assert_refused("infinite_rx=1,infinite_rx=1", "infinite_rx=1: give it once");
}

static void
what_is_no_list_of_known_keys_is_refused(void **state)
{
	static const char *const wrong[] = { "rxpcap=a", "Pace=max", "ifaces=lo", "rx_pcap=a,x=1",
					     "pace",	 "x",	     "=max" };
	char many[1024] = "";

	for (size_t i = 0; i < UNIT_DIM(wrong); i++)
		assert_refused(wrong[i], NULL);
	/* and the message names what there is */
	assert_refused("ifaces=lo",
		       "rx_pcap, tx_pcap, iface, rx_iface, tx_iface, cable, pace, speed, loops, "
		       "infinite_rx, overrun, numa, wire_cpu");
	for (int i = 0; i < 40; i++)
		strcat(many, "pace=max,");
	assert_refused(many, "key=value");
}

static void
stamp_is_0_or_1(void **state)
{
	assert_accepted("rx_pcap=x");
	assert_false(args.stamps);
	assert_accepted("rx_pcap=x,stamp=1");
	assert_true(args.stamps);
	assert_accepted("rx_pcap=x,stamp=0");
	assert_false(args.stamps);
	assert_refused("stamp=2", "give 0 or 1");
	assert_refused("stamp=", "stamp");
}

static void
the_first_refusal_ends_the_parse(void **state)
{
	assert_refused("pace=nonsense,loops=nonsense,x=1", "pace=nonsense");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_arguments_everything_has_its_default),
		cmocka_unit_test(all_keys_together_are_understood),
		cmocka_unit_test(paths_have_1_to_1023_bytes),
		cmocka_unit_test(pace_is_max_orig_or_packets_per_second),
		cmocka_unit_test(speed_is_a_factor_from_a_thousandth_to_a_thousand),
		cmocka_unit_test(loops_is_a_number_and_0_is_for_ever),
		cmocka_unit_test(infinite_rx_is_loops_by_another_name),
		cmocka_unit_test(overrun_is_wait_or_drop),
		cmocka_unit_test(numa_is_a_node_that_exists),
		cmocka_unit_test(wire_cpu_is_a_processor_that_exists),
		cmocka_unit_test(interfaces_have_1_to_15_bytes_and_are_named_once),
		cmocka_unit_test(a_cable_names_another_port_of_the_driver),
		cmocka_unit_test(there_is_one_source_and_one_sink_in_any_order),
		cmocka_unit_test(what_only_a_replay_has_is_refused_without_one),
		cmocka_unit_test(the_default_of_overrun_depends_on_source_and_pace),
		cmocka_unit_test(speed_needs_the_recorded_pace_in_any_order),
		cmocka_unit_test(loops_and_infinite_rx_exclude_each_other),
		cmocka_unit_test(what_is_no_list_of_known_keys_is_refused),
		cmocka_unit_test(stamp_is_0_or_1),
		cmocka_unit_test(the_first_refusal_ends_the_parse),
	};

	return UNIT_RUN(tests);
}
