/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * A machine of up to 1,024 processors and 65,536 sources, in one thread: the allocator says where
 * each source is, producers signal by the handshake, processors sleep and wake by it, go offline
 * and come back while events are under way. Every event is delivered exactly once, in its source's
 * order. ROUSE_SEED=N in the environment plays another storm.
 *
 * A processor that is rung is put into a queue, and wakes later; so signals come at any time
 * between. One that is offline is woken by whoever looks after it, and forwards what was late.
 */

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rouse_attn_alloc.h>
#include <rouse_evring.h>

#include "unit.h"

#define CAPACITY  4
#define NUMBER(i) (3 * (uint32_t)(i) + 1) /* of the i-th processor: they are sparse */

struct sim_processor {
	struct rouse_attn *attn;
	uint32_t *sources; /* reverse table by device: source + 1; 0: none */
	bool is_queued;
	bool is_online;
};

struct sim_source {
	struct rouse_evring *ring;
	int number;			 /* the allocator's */
	struct rouse_attn_target target; /* what its producer knows */
	struct rouse_attn_target place;	 /* where it is */
	uint32_t at;			 /* processor, by index */
	uint32_t was_at;		 /* that its producer knows, if it is told later */
	int late; /* what keeps the place that its producer knows; -1: it is the same */
	uint32_t nb_posted, nb_delivered;
};

static struct {
	enum rouse_attn_mode mode;
	struct rouse_attn_alloc *alloc;
	uint32_t nb_processors, nb_sources, nb_details;
	struct sim_processor *processors;
	struct sim_source *sources;
	uint32_t *queue; /* of processors that were rung */
	uint32_t nb_queued;
	uint64_t nb_words, nb_bits, nb_screened, nb_forwarded, nb_late, nb_wakes, nb_doorbells;
} sim;

static uint64_t dice;

static uint32_t
below(uint32_t limit)
{
	return unit_random_below(&dice, limit);
}

/* ---- signals and wakes ---- */

static void
enqueue(uint32_t p)
{
	if (sim.processors[p].is_queued)
		return;
	sim.processors[p].is_queued = true;
	sim.queue[sim.nb_queued++] = p;
}

static void
signal_target(const struct rouse_attn_target *t, uint32_t p)
{
	if (!rouse_attn_signal(t, 1))
		return;
	sim.nb_doorbells++;
	enqueue(p);
}

/* The next event of a source, if there is room for it. */
static void
post(struct sim_source *s)
{
	const struct rouse_event event = { .data = s->nb_posted };

	if (!rouse_evring_post(s->ring, &event))
		return;
	s->nb_posted++;
	sim.nb_late += s->late >= 0;
	signal_target(&s->target, s->late >= 0 ? s->was_at : s->at);
	rouse_evring_settle(s->ring);
}

static void
deliver(struct sim_source *s)
{
	uint32_t n = rouse_evring_peek(s->ring, CAPACITY);

	for (uint32_t i = 0; i < n; i++)
		assert_true(rouse_evring_entry(s->ring, i)->data == s->nb_delivered++);
	rouse_evring_advance(s->ring, n);
}

/* What a bit names: a source that is here, or was. */
static void
visit(uint32_t p, uint32_t device)
{
	struct sim_source *s;

	assert_int_not_equal(sim.processors[p].sources[device], 0);
	s = &sim.sources[sim.processors[p].sources[device] - 1];
	if (s->at == p && s->place.device == device) {
		deliver(s);
		return;
	}
	assert_true(s->late >= 0);
	sim.nb_forwarded++;
	signal_target(&s->place, s->at);
}

static void
serve(uint32_t p)
{
	struct rouse_attn *a = sim.processors[p].attn;
	uint64_t word = rouse_attn_take(a);
	uint32_t nb = rouse_attn_nb_details(a);

	sim.nb_words++;
	for (; word != 0; word &= word - 1) {
		uint32_t device = (uint32_t)__builtin_ctzll(word);

		sim.nb_bits++;
		for (; device < nb; device += ROUSE_ATTN_BITS) {
			uint64_t bits = rouse_attn_take_detail(a, device);

			sim.nb_screened++;
			if (bits != 0)
				visit(p, device);
		}
	}
}

/* Awake, and asleep again when nothing is left. */
static void
wake(uint32_t p)
{
	struct rouse_attn *a = sim.processors[p].attn;

	sim.nb_wakes++;
	do {
		rouse_attn_unpark(a);
		serve(p);
		rouse_attn_park(a);
	} while (rouse_attn_look(a));
}

static void
run_queue(uint32_t nb)
{
	while (nb-- > 0 && sim.nb_queued > 0) {
		uint32_t i = below(sim.nb_queued), p = sim.queue[i];

		sim.queue[i] = sim.queue[--sim.nb_queued];
		sim.processors[p].is_queued = false;
		wake(p);
	}
}

/* ---- the machine ---- */

static void *
zeroed(size_t size)
{
	void *mem = aligned_alloc(ROUSE_CACHE_LINE, (size + 63) / 64 * 64);

	assert_non_null(mem);
	return memset(mem, 0, size);
}

static void
make(enum rouse_attn_mode mode, uint32_t nb_processors, uint32_t nb_sources)
{
	struct rouse_attn_alloc_conf conf = {
		.mode = mode,
		.max_processors = NUMBER(nb_processors),
	};
	char name[24];

	memset(&sim, 0, sizeof(sim));
	sim.mode = mode;
	sim.nb_details = ROUSE_ATTN_BITS;
	if (mode == ROUSE_ATTN_SHARED)
		sim.nb_details = (nb_sources + 63) / 64 * 64;
	conf.max_details = sim.nb_details;
	sim.alloc = rouse_attn_alloc_create(&conf);
	assert_non_null(sim.alloc);
	sim.nb_processors = nb_processors;
	sim.nb_sources = nb_sources;
	sim.processors = zeroed(nb_processors * sizeof(*sim.processors));
	sim.sources = zeroed(nb_sources * sizeof(*sim.sources));
	sim.queue = zeroed(nb_processors * sizeof(*sim.queue));
	for (uint32_t p = 0; p < nb_processors; p++) {
		struct sim_processor *pr = &sim.processors[p];

		pr->attn = zeroed(rouse_attn_memsize(sim.nb_details));
		pr->sources = zeroed(sim.nb_details * sizeof(*pr->sources));
		pr->is_online = true;
		rouse_attn_init_with(pr->attn, -1);
		rouse_attn_park(pr->attn);
		snprintf(name, sizeof(name), "cpu%u", p);
		assert_int_equal(
			rouse_attn_alloc_processor_add(sim.alloc, NUMBER(p), 0, pr->attn, name), 0);
	}
	for (uint32_t i = 0; i < nb_sources; i++) {
		struct rouse_evring *ring = zeroed(rouse_evring_memsize(CAPACITY));

		sim.sources[i].ring = rouse_evring_init(ring, CAPACITY);
		sim.sources[i].late = -1;
	}
}

static void
destroy(void)
{
	rouse_attn_alloc_destroy(sim.alloc);
	for (uint32_t p = 0; p < sim.nb_processors; p++) {
		free(sim.processors[p].attn);
		free(sim.processors[p].sources);
	}
	for (uint32_t i = 0; i < sim.nb_sources; i++)
		free(sim.sources[i].ring);
	free(sim.processors);
	free(sim.sources);
	free(sim.queue);
}

/* The source is there from here on. */
static void
settle_at(struct sim_source *s, const struct rouse_attn_place *place)
{
	s->at = (place->processor - 1) / 3;
	s->place = (struct rouse_attn_target){
		.attn = place->attn,
		.device = place->device,
		.ring = (uint8_t)below(64),
	};
	assert_ptr_equal(place->attn, sim.processors[s->at].attn);
	assert_int_equal(sim.processors[s->at].sources[place->device], 0);
	sim.processors[s->at].sources[place->device] = (uint32_t)(s - sim.sources) + 1;
}

static int
add(uint32_t i)
{
	const struct rouse_attn_wish wish = { .key = i, .name = "source" };
	struct sim_source *s = &sim.sources[i];
	struct rouse_attn_place place;

	s->number = rouse_attn_alloc_add(sim.alloc, &wish, &place);
	if (s->number < 0)
		return s->number;
	settle_at(s, &place);
	s->target = s->place;
	assert_int_equal(
		rouse_attn_alloc_describe(sim.alloc, s->number, UINT64_C(1) << s->place.ring, 0),
		0);
	return 0;
}

static void
drop(uint32_t i)
{
	struct sim_source *s = &sim.sources[i];

	assert_int_equal(rouse_attn_alloc_remove(sim.alloc, s->number), 0);
	sim.processors[s->at].sources[s->place.device] = 0;
	s->number = -1;
}

static void
run_to_the_end(void)
{
	while (sim.nb_queued > 0)
		run_queue(1);
	for (uint32_t i = 0; i < sim.nb_sources; i++) {
		assert_int_equal(sim.sources[i].nb_posted, sim.sources[i].nb_delivered);
		assert_int_equal(rouse_evring_count(sim.sources[i].ring), 0);
	}
}

/* ---- moves ---- */

/*
 * A source whose new place is reserved moves there. Either its producer is told first, and what it
 * signalled before is taken; or it is told later, and what it signals till then is forwarded.
 */
static void
move(uint32_t i, bool is_told_later)
{
	struct sim_source *s = &sim.sources[i];
	struct rouse_attn_target old = s->place;
	struct rouse_attn_source_info info;
	uint32_t from = s->at;

	assert_int_equal(rouse_attn_alloc_source_get(sim.alloc, s->number, &info), 0);
	if (is_told_later) {
		s->was_at = from;
		sim.nb_late += rouse_attn_marked_rings(old.attn, old.device) != 0;
		settle_at(s, &info.to);
		assert_int_equal(rouse_attn_alloc_move_end(sim.alloc, s->number, &s->late), 0);
	} else {
		wake(from); /* the old owner takes what was signalled */
		sim.processors[from].sources[old.device] = 0;
		settle_at(s, &info.to);
		s->target = s->place;
		assert_int_equal(rouse_attn_alloc_move_end(sim.alloc, s->number, NULL), 0);
	}
	assert_int_equal(
		rouse_attn_alloc_describe(sim.alloc, s->number, UINT64_C(1) << s->place.ring, 0),
		0);
	/* the new owner sets its own bit and looks once */
	rouse_attn_mark_own(&s->place);
	enqueue(s->at);
}

/* The producer of a source that moved learns of it; the old place is nobody's when what was
 * signalled there was forwarded. */
static void
follow(uint32_t i)
{
	struct sim_source *s = &sim.sources[i];

	if (s->late < 0)
		return;
	wake(s->was_at);
	sim.processors[s->was_at].sources[s->target.device] = 0;
	assert_int_equal(rouse_attn_alloc_remove(sim.alloc, s->late), 0);
	s->target = s->place;
	s->late = -1;
}

static bool
go_offline(uint32_t p)
{
	bool is_told_later = below(2) == 0;

	/* a producer is told of one move before the next */
	for (uint32_t i = 0; i < sim.nb_sources; i++)
		if (sim.sources[i].number >= 0 && sim.sources[i].at == p)
			follow(i);
	if (rouse_attn_alloc_leave(sim.alloc, NUMBER(p)) != 0)
		return false;
	for (uint32_t i = 0; i < sim.nb_sources; i++)
		if (sim.sources[i].number >= 0 && sim.sources[i].at == p)
			move(i, is_told_later);
	assert_int_equal(rouse_attn_alloc_left(sim.alloc, NUMBER(p)), 0);
	sim.processors[p].is_online = false;
	return true;
}

/* A source goes to whoever has least, as rebalancing does. */
static void
rebalance(uint32_t i)
{
	const struct rouse_attn_wish anywhere = { .policy = ROUSE_ATTN_LEAST_LOADED };
	struct rouse_attn_place place;

	if (sim.sources[i].number < 0)
		return;
	follow(i);
	if (rouse_attn_alloc_move_begin(sim.alloc, sim.sources[i].number, &anywhere, &place) == 0)
		move(i, below(2) == 0);
}

static void
storm(uint32_t nb_cycles, uint64_t usual_seed)
{
	const char *given = getenv("ROUSE_SEED");
	uint64_t seed = given == NULL ? usual_seed : strtoull(given, NULL, 0);
	uint32_t nb_offline = 0, nb_refused = 0, nb_back = 0, nb_away = 0;
	uint32_t next_to_follow = 0, *away = zeroed(sim.nb_processors * sizeof(*away));

	dice = seed;
	while (nb_back < nb_cycles) {
		uint32_t p = 1 + below(sim.nb_processors - 1); /* 0 is the default one */

		unit_deadline();
		for (unsigned int n = below(400); n > 0; n--) {
			struct sim_source *s = &sim.sources[below(sim.nb_sources)];

			if (s->number >= 0)
				post(s);
		}
		run_queue(below(150));
		rebalance(below(sim.nb_sources));
		/* sooner or later every producer learns where its source is */
		for (uint32_t n = 0; n < sim.nb_sources / 32; n++)
			follow(next_to_follow++ % sim.nb_sources);
		if (nb_away > 0 && below(2) == 0) {
			uint32_t *back = &away[below(nb_away)];

			assert_int_equal(rouse_attn_alloc_online(sim.alloc, NUMBER(*back)), 0);
			sim.processors[*back].is_online = true;
			*back = away[--nb_away];
			nb_back++;
		} else if (!sim.processors[p].is_online) {
			continue;
		} else if (go_offline(p)) {
			away[nb_away++] = p;
			nb_offline++;
		} else {
			nb_refused++;
		}
	}
	free(away);
	run_to_the_end();
	printf("# %s, %u processors, %u sources, seed %llu: offline %u times, refused %u, back %u; "
	       "%llu wakes, %llu doorbells, %llu late signals, %llu forwarded\n",
	       rouse_attn_mode_name(sim.mode), sim.nb_processors, sim.nb_sources,
	       (unsigned long long)seed, nb_offline, nb_refused, nb_back,
	       (unsigned long long)sim.nb_wakes, (unsigned long long)sim.nb_doorbells,
	       (unsigned long long)sim.nb_late, (unsigned long long)sim.nb_forwarded);
	assert_true(sim.nb_forwarded > 0 && sim.nb_forwarded <= sim.nb_late);
}

/* ---- the claims ---- */

#define MANY	 1024
#define ALL_BITS (MANY * ROUSE_ATTN_BITS)

static size_t
memory_in_use(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	return 0; /* theirs */
#else
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
#endif
}

static void
each_of_65536_sources_of_1024_processors_has_a_bit_of_its_own(void **state)
{
	size_t before, used;

	make(ROUSE_ATTN_PER_PROCESSOR, MANY, ALL_BITS);
	before = memory_in_use();
	for (uint32_t i = 0; i < ALL_BITS; i++)
		assert_int_equal(add(i), 0);
	used = memory_in_use() - before;
	printf("# %.0f bytes of the allocator for each source\n", (double)used / ALL_BITS);
	assert_true(used < (size_t)512 * ALL_BITS);
	for (uint32_t p = 0; p < MANY; p++)
		for (uint32_t device = 0; device < ROUSE_ATTN_BITS; device++)
			assert_int_not_equal(sim.processors[p].sources[device], 0);
	/* one more is refused, and so is that one of them leaves */
	sim.sources[0].number = rouse_attn_alloc_add(sim.alloc,
						     &(struct rouse_attn_wish){ .key = ALL_BITS },
						     &(struct rouse_attn_place){ .processor = 0 });
	assert_int_equal(sim.sources[0].number, -ENOSPC);
	assert_int_equal(rouse_attn_alloc_leave(sim.alloc, NUMBER(5)), -ENOSPC);
	/* all at once, and every processor looks at its own and at nothing else */
	sim.sources[0].number = 0;
	for (uint32_t i = 0; i < ALL_BITS; i++)
		post(&sim.sources[i]);
	run_to_the_end();
	assert_true(sim.nb_doorbells == MANY && sim.nb_wakes == MANY);
	assert_true(sim.nb_screened == ALL_BITS && sim.nb_bits == ALL_BITS);
	/* one by one: a wake, a word, a bit, a detail word each */
	for (uint32_t i = 0; i < ALL_BITS; i++) {
		post(&sim.sources[i]);
		run_queue(1);
		assert_int_equal(sim.nb_queued, 0);
	}
	run_to_the_end();
	assert_true(sim.nb_wakes == MANY + ALL_BITS);
	assert_true(sim.nb_screened == 2 * (uint64_t)ALL_BITS);
	destroy();
}

static void
storms_over_1024_processors_lose_nothing(void **state)
{
	make(ROUSE_ATTN_PER_PROCESSOR, MANY, ALL_BITS);
	for (uint32_t i = 0; i < ALL_BITS; i++)
		assert_int_equal(add(i), 0);
	for (uint32_t i = 0; i < ALL_BITS; i += 16) /* so that there is room for some that leave */
		drop(i);
	storm(UNIT_TIMES(1500), 1);
	assert_true(sim.nb_screened == sim.nb_bits);
	destroy();
}

static void
storms_over_a_uniform_layout_lose_nothing(void **state)
{
	make(ROUSE_ATTN_UNIFORM, MANY, ROUSE_ATTN_BITS);
	for (uint32_t i = 0; i < ROUSE_ATTN_BITS; i++)
		assert_int_equal(add(i), 0);
	storm(UNIT_TIMES(1500), 2);
	assert_true(sim.nb_screened == sim.nb_bits);
	destroy();
}

static void
storms_over_shared_bits_lose_nothing_and_look_at_more(void **state)
{
	const uint32_t nb_processors = 32, nb_sources = nb_processors * ROUSE_ATTN_BITS;

	make(ROUSE_ATTN_SHARED, nb_processors, nb_sources);
	for (uint32_t i = 0; i < nb_sources; i++)
		assert_int_equal(add(i), 0);
	storm(UNIT_TIMES(1500), 3);
	/* every bit stands for as many devices as there are processors */
	assert_true(sim.nb_screened == sim.nb_bits * nb_processors);
	destroy();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_of_65536_sources_of_1024_processors_has_a_bit_of_its_own),
		cmocka_unit_test(storms_over_1024_processors_lose_nothing),
		cmocka_unit_test(storms_over_a_uniform_layout_lose_nothing),
		cmocka_unit_test(storms_over_shared_bits_lose_nothing_and_look_at_more),
	};

	return UNIT_RUN(tests);
}
