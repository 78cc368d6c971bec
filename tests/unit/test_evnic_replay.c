/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * A capture file in memory: what of it is kept, what is refused, and that nothing is leaked. This
 * program's memory stands in for that of a NUMA node, and can run out.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "capture.h"
#include "evnic_mock.h"
#include "frame.h"
#include "unit.h"

#define NODE   3
#define SECOND UINT64_C(1000000000)

/* ---- memory ---- */

static int nb_blocks;		  /* allocated and not yet freed */
static int allocations_left = -1; /* until there is no memory; -1: always */

void *
evnic_numa_alloc(size_t size, int node)
{
	void *mem;

	assert_int_equal(node, NODE);
	if (allocations_left == 0)
		return NULL;
	if (allocations_left > 0)
		allocations_left--;
	mem = aligned_alloc(4096, (size + 4095) / 4096 * 4096);
	assert_non_null(mem);
	memset(mem, 0, size);
	nb_blocks++;
	return mem;
}

void
evnic_numa_free(void *mem, size_t size)
{
	if (mem == NULL)
		return;
	/* to touch it all shows whether the size is the one that was allocated */
	memset(mem, 0xdd, size);
	free(mem);
	nb_blocks--;
}

/* ---- helpers ---- */

static struct capture capture;
static struct evnic_replay replay;
static unsigned int nb_lines; /* logged by the last load */

static int
destroy(void **state)
{
	evnic_replay_free(&replay);
	capture_end(&capture);
	allocations_left = -1;
	return nb_blocks;
}

/* Load the first `len` bytes of the capture. */
static int
load_part(size_t len, const char *word)
{
	const char *path = capture_file(&capture, len);
	int ret;

	evnic_replay_free(&replay);
	assert_int_equal(nb_blocks, 0);
	mock_log_begin();
	ret = evnic_replay_load(&replay, "net_evnic7", path, NODE);
	nb_lines = mock_log_end(word);
	return ret;
}

static int
load(const char *word)
{
	return load_part(capture.len, word);
}

/* Refused with one line that has `word` in it, and nothing kept. */
static void
assert_refused(int want, const char *word)
{
	static const struct evnic_replay empty;

	assert_int_equal(load(word), want);
	assert_int_equal(nb_lines, 1);
	assert_int_equal(nb_blocks, 0);
	assert_memory_equal(&replay, &empty, sizeof(empty));
}

static void
assert_offsets(const uint64_t *want, size_t nb)
{
	assert_int_equal(replay.nb_frames, nb);
	for (size_t i = 0; i < nb; i++)
		assert_true(replay.frames[i].offset_ns == want[i]);
}

/* Data of so many bytes, different for each number. */
static const uint8_t *
pattern(uint32_t number, uint32_t len)
{
	static uint8_t bytes[1 << 17];
	uint64_t random = number;

	assert_true(len <= sizeof(bytes));
	for (uint32_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)unit_random(&random);
	return bytes;
}

static void
assert_frame(uint64_t i, uint32_t number, uint32_t len)
{
	const struct evnic_frame *f = &replay.frames[i];

	assert_int_equal(f->len, len);
	assert_memory_equal(f->data, pattern(number, len), len);
	assert_int_equal((uintptr_t)f->data % ROUSE_CACHE_LINE, 0);
}

/* ---- formats ---- */

static const uint32_t magics[] = { CAPTURE_MICROS, CAPTURE_NANOS };

static void
classic_captures_of_both_byte_orders_and_precisions_are_read(void **state)
{
	for (int big = 0; big <= 1; big++) {
		for (size_t m = 0; m < UNIT_DIM(magics); m++) {
			uint64_t unit = magics[m] == CAPTURE_NANOS ? 1 : 1000;
			const uint64_t want[] = { 0, 123456 * unit, 2 * SECOND - 999 * unit };

			capture_begin(&capture, big);
			capture_header(&capture, magics[m], 65535, CAPTURE_ETHERNET);
			capture_record(&capture, 1700000000, 999, pattern(0, 60), 60);
			capture_record(&capture, 1700000000, 124455, pattern(1, 1514), 1514);
			capture_record(&capture, 1700000002, 0, pattern(2, 61), 61);
			assert_int_equal(load(NULL), 0);
			assert_int_equal(nb_lines, 0);
			assert_offsets(want, 3);
			assert_frame(0, 0, 60);
			assert_frame(1, 1, 1514);
			assert_frame(2, 2, 61);
			assert_int_equal(replay.longest, 1514);
			evnic_replay_free(&replay);
			capture_end(&capture);
		}
	}
}

static void
pcapng_captures_of_both_byte_orders_and_precisions_are_read(void **state)
{
	static const uint8_t resolutions[] = { 6, 9, 3 };

	for (int big = 0; big <= 1; big++) {
		for (size_t r = 0; r < UNIT_DIM(resolutions); r++) {
			uint64_t unit = SECOND;

			for (uint8_t i = 0; i < resolutions[r]; i++)
				unit /= 10;
			const uint64_t want[] = { 0, 7 * unit, SECOND };

			capture_begin(&capture, big);
			capture_section(&capture);
			capture_interface(&capture, CAPTURE_ETHERNET, resolutions[r]);
			capture_packet(&capture, 0, 1700000000 * (SECOND / unit), pattern(0, 61),
				       61);
			capture_unknown(&capture);
			capture_packet(&capture, 0, 1700000000 * (SECOND / unit) + 7,
				       pattern(1, 62), 62);
			capture_packet(&capture, 0, 1700000001 * (SECOND / unit), pattern(2, 63),
				       63);
			assert_int_equal(load(NULL), 0);
			assert_int_equal(nb_lines, 0);
			assert_offsets(want, 3);
			for (uint32_t i = 0; i < 3; i++)
				assert_frame(i, i, 61 + i);
			evnic_replay_free(&replay);
			capture_end(&capture);
		}
	}
}

static void
frames_are_parsed_when_they_are_loaded(void **state)
{
	const struct frame_flow flow = { "192.0.2.1", "198.51.100.2", 1, 2 };
	struct frame f;

	frame_make(&f, &flow, FRAME_UDP, 10);
	capture_begin(&capture, false);
	capture_header(&capture, CAPTURE_MICROS, 65535, CAPTURE_ETHERNET);
	capture_record(&capture, 0, 0, f.at, f.len);
	f.at[f.len - 1] ^= 1;
	capture_record(&capture, 0, 0, f.at, f.len);
	assert_int_equal(load(NULL), 0);
	assert_int_equal(replay.frames[0].ptype,
			 RTE_PTYPE_L2_ETHER | RTE_PTYPE_L3_IPV4 | RTE_PTYPE_L4_UDP);
	assert_int_equal(replay.frames[0].flags, EVNIC_F_IP_GOOD | EVNIC_F_L4_GOOD);
	assert_int_equal(replay.frames[1].flags, EVNIC_F_IP_GOOD | EVNIC_F_L4_BAD);
}

/* ---- refusals ---- */

static void
a_file_that_is_not_there_is_refused(void **state)
{
	mock_log_begin();
	assert_int_equal(evnic_replay_load(&replay, "net_evnic7", "no/such/file.pcap", NODE),
			 -EINVAL);
	assert_int_equal(mock_log_end("no/such/file.pcap"), 1);
	assert_int_equal(nb_blocks, 0);
}

static void
a_file_that_is_no_capture_is_refused(void **state)
{
	capture_begin(&capture, false);
	assert_refused(-EINVAL, "give an Ethernet capture");
	for (uint32_t i = 0; i < 16; i++)
		capture_put32(&capture, 0x6c6c6548);
	assert_refused(-EINVAL, "give an Ethernet capture");
}

static void
other_link_types_are_refused(void **state)
{
	/* null, raw IP, 802.11, Linux cooked, reserved for private use, and one that is not */
	static const struct {
		uint32_t type;
		const char *word;
	} table[] = {
		{ 0, "NULL" },	      { 101, "RAW" },	{ 105, "IEEE802_11" },
		{ 113, "LINUX_SLL" }, { 147, "(147)" }, { 65000, "unknown (65000)" },
	};

	for (size_t i = 0; i < UNIT_DIM(table); i++) {
		capture_begin(&capture, false);
		capture_header(&capture, CAPTURE_MICROS, 65535, table[i].type);
		capture_record(&capture, 0, 0, pattern(0, 60), 60);
		assert_refused(-EINVAL, table[i].word);
		capture_end(&capture);
	}
	capture_begin(&capture, false);
	capture_section(&capture);
	capture_interface(&capture, 113, 6);
	capture_packet(&capture, 0, 0, pattern(0, 60), 60);
	assert_refused(-EINVAL, "LINUX_SLL");
}

static void
a_capture_without_packets_is_refused(void **state)
{
	capture_begin(&capture, false);
	capture_header(&capture, CAPTURE_MICROS, 65535, CAPTURE_ETHERNET);
	assert_refused(-ENODATA, "give a capture with packets");
	capture_end(&capture);
	capture_begin(&capture, false);
	capture_section(&capture);
	capture_interface(&capture, CAPTURE_ETHERNET, 6);
	assert_refused(-ENODATA, "give a capture with packets");
}

static void
a_capture_of_empty_records_is_refused(void **state)
{
	capture_begin(&capture, false);
	capture_header(&capture, CAPTURE_MICROS, 65535, CAPTURE_ETHERNET);
	for (uint32_t i = 0; i < 3; i++)
		capture_record(&capture, i, 0, NULL, 0);
	assert_refused(-ENODATA, "give a capture with packets");
}

static void
a_record_longer_than_a_buffer_can_say_is_refused(void **state)
{
	capture_begin(&capture, false);
	capture_header(&capture, CAPTURE_MICROS, 262144, CAPTURE_ETHERNET);
	capture_record(&capture, 0, 0, pattern(0, 60), 60);
	capture_record(&capture, 0, 0, pattern(1, EVNIC_MAX_FRAME), EVNIC_MAX_FRAME);
	assert_int_equal(load(NULL), 0);
	assert_frame(1, 1, EVNIC_MAX_FRAME);
	assert_int_equal(replay.longest, EVNIC_MAX_FRAME);
	capture_record(&capture, 0, 0, pattern(2, 65536), 65536);
	evnic_replay_free(&replay);
	assert_refused(-EFBIG, "frame 3 has 65536 bytes");
}

/* ---- what is left out ---- */

static void
empty_records_are_left_out_with_a_line(void **state)
{
	static const uint64_t offsets[] = { 0, 2 * SECOND };

	capture_begin(&capture, false);
	capture_header(&capture, CAPTURE_MICROS, 65535, CAPTURE_ETHERNET);
	capture_record(&capture, 9, 0, NULL, 0);
	capture_record(&capture, 10, 0, pattern(0, 60), 60);
	capture_record(&capture, 11, 0, NULL, 0);
	capture_record(&capture, 12, 0, pattern(1, 1), 1);
	assert_int_equal(load("2 records without a byte"), 0);
	assert_int_equal(nb_lines, 1);
	assert_offsets(offsets, 2);
	assert_frame(0, 0, 60);
	assert_frame(1, 1, 1);
}

static void
a_classic_capture_cut_anywhere_keeps_its_whole_records(void **state)
{
	const size_t record = CAPTURE_CLASSIC_RECORD + 20;

	capture_begin(&capture, false);
	capture_header(&capture, CAPTURE_MICROS, 65535, CAPTURE_ETHERNET);
	for (uint32_t i = 0; i < 3; i++)
		capture_record(&capture, i, 0, pattern(i, 20), 20);
	for (size_t len = 0; len <= capture.len; len++) {
		uint32_t whole = len < CAPTURE_CLASSIC_HEADER
					 ? 0
					 : (uint32_t)((len - CAPTURE_CLASSIC_HEADER) / record);
		bool cut = len < CAPTURE_CLASSIC_HEADER ||
			   (len - CAPTURE_CLASSIC_HEADER) % record != 0;
		int want = len < CAPTURE_CLASSIC_HEADER ? -EINVAL : whole == 0 ? -ENODATA : 0;

		assert_int_equal(load_part(len, NULL), want);
		assert_int_equal(replay.nb_frames, whole);
		assert_int_equal(nb_lines, cut || whole == 0);
		for (uint32_t i = 0; i < whole; i++)
			assert_frame(i, i, 20);
	}
}

static void
a_pcapng_capture_cut_anywhere_keeps_its_whole_blocks(void **state)
{
	const size_t header = 28 + 20, block = 32 + 20;

	capture_begin(&capture, false);
	capture_section(&capture);
	capture_interface(&capture, CAPTURE_ETHERNET, 6);
	for (uint32_t i = 0; i < 3; i++)
		capture_packet(&capture, 0, i, pattern(i, 20), 20);
	for (size_t len = 0; len <= capture.len; len++) {
		uint32_t whole = len < header ? 0 : (uint32_t)((len - header) / block);
		int want = len < header ? -EINVAL : whole == 0 ? -ENODATA : 0;

		assert_int_equal(load_part(len, NULL), want);
		assert_int_equal(replay.nb_frames, whole);
		assert_int_equal(nb_lines,
				 len < header || (len - header) % block != 0 || whole == 0);
	}
}

static void
an_interface_of_another_kind_ends_the_capture_with_a_line(void **state)
{
	capture_begin(&capture, false);
	capture_section(&capture);
	capture_interface(&capture, CAPTURE_ETHERNET, 6);
	capture_packet(&capture, 0, 0, pattern(0, 60), 60);
	capture_interface(&capture, 101, 6);
	capture_packet(&capture, 0, 0, pattern(1, 60), 60);
	assert_int_equal(load("1 record left out"), 0);
	assert_int_equal(nb_lines, 1);
	assert_int_equal(replay.nb_frames, 1);
}

/* ---- time ---- */

/* Frames at these seconds, from the first of which the offsets are counted. */
static void
load_times(const uint32_t *seconds, size_t nb)
{
	capture_end(&capture);
	capture_begin(&capture, false);
	capture_header(&capture, CAPTURE_NANOS, 65535, CAPTURE_ETHERNET);
	for (size_t i = 0; i < nb; i++)
		capture_record(&capture, seconds[i], 5, pattern(0, 60), 60);
	assert_int_equal(load(NULL), 0);
}

static void
times_that_go_back_stand_still(void **state)
{
	static const uint32_t seconds[] = { 100, 103, 101, 99, 0, 102, 104 };
	static const uint64_t want[] = { 0,	     3 * SECOND, 3 * SECOND, 3 * SECOND,
					 3 * SECOND, 3 * SECOND, 4 * SECOND };

	load_times(seconds, UNIT_DIM(seconds));
	assert_offsets(want, UNIT_DIM(want));
}

static void
the_span_of_a_loop_is_its_length_and_the_average_gap(void **state)
{
	static const uint32_t even[] = { 10, 12, 14, 16, 18 };
	static const uint32_t uneven[] = { 10, 10, 40 };
	static const uint32_t together[] = { 7, 7, 7 };

	load_times(even, UNIT_DIM(even));
	assert_true(replay.span_ns == 10 * SECOND);
	load_times(uneven, UNIT_DIM(uneven));
	assert_true(replay.span_ns == 45 * SECOND);
	load_times(together, UNIT_DIM(together));
	assert_true(replay.span_ns == 0);
	load_times(even, 1);
	assert_true(replay.span_ns == 0);
}

/* ---- memory ---- */

static void
put_many(uint32_t nb, uint32_t len)
{
	capture_begin(&capture, false);
	capture_header(&capture, CAPTURE_MICROS, 262144, CAPTURE_ETHERNET);
	for (uint32_t i = 0; i < nb; i++)
		capture_record(&capture, i, 0, pattern(i, len), len);
}

static void
many_frames_and_large_ones_are_all_kept(void **state)
{
	put_many(5000, 33);
	assert_int_equal(load(NULL), 0);
	assert_int_equal(replay.nb_frames, 5000);
	for (uint32_t i = 0; i < 5000; i++)
		assert_frame(i, i, 33);
	capture_end(&capture);

	/* more than a chunk of memory holds */
	put_many(150, 65000);
	assert_int_equal(load(NULL), 0);
	assert_int_equal(replay.nb_frames, 150);
	for (uint32_t i = 0; i < 150; i++)
		assert_frame(i, i, 65000);
}

static void
running_out_of_memory_anywhere_is_said_and_leaks_nothing(void **state)
{
	int left = 0;

	put_many(2500, 2000); /* three tables of frames, two chunks */
	do {
		allocations_left = left++;
		if (load(NULL) == 0)
			break;
		allocations_left = left - 1;
		assert_refused(-ENOMEM, "no memory");
	} while (left < 100);
	assert_int_equal(left, 3 + 2 + 1);
}

static void
a_freed_replay_is_empty_and_can_be_freed_again(void **state)
{
	static const struct evnic_replay empty;

	put_many(3, 60);
	assert_int_equal(load(NULL), 0);
	evnic_replay_free(&replay);
	assert_memory_equal(&replay, &empty, sizeof(empty));
	assert_int_equal(nb_blocks, 0);
	evnic_replay_free(&replay);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_teardown(f, destroy)
	const struct CMUnitTest tests[] = {
		TEST(classic_captures_of_both_byte_orders_and_precisions_are_read),
		TEST(pcapng_captures_of_both_byte_orders_and_precisions_are_read),
		TEST(frames_are_parsed_when_they_are_loaded),
		TEST(a_file_that_is_not_there_is_refused),
		TEST(a_file_that_is_no_capture_is_refused),
		TEST(other_link_types_are_refused),
		TEST(a_capture_without_packets_is_refused),
		TEST(a_capture_of_empty_records_is_refused),
		TEST(a_record_longer_than_a_buffer_can_say_is_refused),
		TEST(empty_records_are_left_out_with_a_line),
		TEST(a_classic_capture_cut_anywhere_keeps_its_whole_records),
		TEST(a_pcapng_capture_cut_anywhere_keeps_its_whole_blocks),
		TEST(an_interface_of_another_kind_ends_the_capture_with_a_line),
		TEST(times_that_go_back_stand_still),
		TEST(the_span_of_a_loop_is_its_length_and_the_average_gap),
		TEST(many_frames_and_large_ones_are_all_kept),
		TEST(running_out_of_memory_anywhere_is_said_and_leaks_nothing),
		TEST(a_freed_replay_is_empty_and_can_be_freed_again),
	};

	return UNIT_RUN(tests);
}
