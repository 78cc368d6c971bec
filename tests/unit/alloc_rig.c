/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#include "alloc_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct rig rig;

static void
keep_line(void *arg, const char *line)
{
	struct rig *r = arg;

	r->nb_lines++;
	snprintf(r->line, sizeof(r->line), "%s", line);
	assert_null(strchr(line, '\n'));
}

void
rig_init(enum rouse_attn_mode mode)
{
	const struct rouse_attn_alloc_conf conf = {
		.mode = mode,
		.max_details = RIG_DETAILS,
		.log = keep_line,
		.log_arg = &rig,
	};

	memset(&rig, 0, sizeof(rig));
	rig.alloc = rouse_attn_alloc_create(&conf);
	assert_non_null(rig.alloc);
	for (unsigned int i = 0; i < RIG_PROCESSORS; i++) {
		size_t size = rouse_attn_memsize(RIG_DETAILS);

		rig.attn[i] = aligned_alloc(ROUSE_CACHE_LINE, size);
		assert_non_null(rig.attn[i]);
		memset(rig.attn[i], 0, size);
		rouse_attn_init_with(rig.attn[i], -1);
	}
}

int
rig_per_processor(void **state)
{
	rig_init(ROUSE_ATTN_PER_PROCESSOR);
	return 0;
}

int
rig_uniform(void **state)
{
	rig_init(ROUSE_ATTN_UNIFORM);
	return 0;
}

int
rig_shared(void **state)
{
	rig_init(ROUSE_ATTN_SHARED);
	return 0;
}

int
rig_destroy(void **state)
{
	rig_fini();
	return 0;
}

void
rig_fini(void)
{
	rouse_attn_alloc_destroy(rig.alloc);
	for (unsigned int i = 0; i < RIG_PROCESSORS; i++)
		free(rig.attn[i]);
}

void
rig_add_processors(unsigned int nb)
{
	char name[16];

	for (unsigned int i = 0; i < nb; i++) {
		snprintf(name, sizeof(name), "lcore%u", i);
		assert_int_equal(rouse_attn_alloc_processor_add(rig.alloc, i, 0, rig.attn[i], name),
				 0);
	}
}

int
rig_add(enum rouse_attn_policy policy, uint32_t processor, uint64_t key)
{
	struct rouse_attn_place place;
	char name[24];
	const struct rouse_attn_wish wish = {
		.policy = policy,
		.processor = processor,
		.key = key,
		.name = name,
	};

	snprintf(name, sizeof(name), "device %u", (unsigned int)key);
	return rouse_attn_alloc_add(rig.alloc, &wish, &place);
}

int
rig_add_within(const uint64_t *mask, uint32_t words, uint64_t key)
{
	const struct rouse_attn_wish wish = {
		.policy = ROUSE_ATTN_WITHIN,
		.mask = mask,
		.mask_words = words,
		.key = key,
		.name = "masked",
	};
	struct rouse_attn_place place;

	return rouse_attn_alloc_add(rig.alloc, &wish, &place);
}

int
rig_begin_move(int source, uint32_t number)
{
	const struct rouse_attn_wish to = { .policy = ROUSE_ATTN_AT, .processor = number };
	struct rouse_attn_place place;

	return rouse_attn_alloc_move_begin(rig.alloc, source, &to, &place);
}

struct rouse_attn_processor_info
rig_processor(uint32_t number)
{
	struct rouse_attn_processor_info info;

	assert_int_equal(rouse_attn_alloc_processor_get(rig.alloc, number, &info), 0);
	return info;
}

struct rouse_attn_place
rig_place(int source)
{
	struct rouse_attn_source_info info;

	assert_int_equal(rouse_attn_alloc_source_get(rig.alloc, source, &info), 0);
	return info.at;
}

struct rouse_attn_target
rig_target(const struct rouse_attn_place *place)
{
	return (struct rouse_attn_target){
		.attn = place->attn,
		.device = place->device,
		.ring = place->rings == 0 ? 0 : (uint8_t)__builtin_ctzll(place->rings),
	};
}

void
rig_signal(int source)
{
	const struct rouse_attn_place at = rig_place(source);
	const struct rouse_attn_target target = rig_target(&at);

	rouse_attn_signal(&target, 1);
}

struct rig_wake
rig_wake(unsigned int processor)
{
	struct rouse_attn *a = rig.attn[processor];
	struct rig_wake wake = { .words = 1 };
	uint64_t word = rouse_attn_take(a);
	unsigned int nb = rouse_attn_nb_details(a);

	for (; word != 0; word &= word - 1) {
		unsigned int device = (unsigned int)__builtin_ctzll(word);

		for (; device < nb; device += ROUSE_ATTN_BITS) {
			uint64_t bits = rouse_attn_take_detail(a, device);

			wake.details++;
			for (; bits != 0; bits &= bits - 1) {
				assert_true(wake.events < RIG_DETAILS);
				wake.device[wake.events] = (uint16_t)device;
				wake.ring[wake.events++] = (uint8_t)__builtin_ctzll(bits);
			}
		}
	}
	return wake;
}

char *
rig_dump(void)
{
	char *text = NULL, *moves;
	size_t size = 0;
	FILE *file = open_memstream(&text, &size);

	assert_non_null(file);
	assert_int_equal(rouse_attn_alloc_dump(rig.alloc, file), 0);
	fclose(file);
	/* a line of moves begins with its time: "  2026-01-01 00:00:00.000000 UTC " */
	moves = strstr(text, "\nmoves, ");
	while (moves != NULL && (moves = strstr(moves, " UTC ")) != NULL) {
		char *begin = moves - strlen("2026-01-01 00:00:00.000000");

		memset(begin, '.', (size_t)(moves - begin));
		moves++;
	}
	return text;
}

void
rig_assert_refused(char *before, unsigned int nb_lines, const char *words)
{
	char *after = rig_dump();

	assert_int_equal(rig.nb_lines, nb_lines + 1);
	if (strstr(rig.line, words) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", words, rig.line);
	assert_string_equal(before, after);
	free(before);
	free(after);
}
