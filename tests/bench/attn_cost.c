/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * attn_cost MODE PROCESSORS: so many processors, all bits of which are given to sources (in mode
 * "uniform" there are 64 sources in all), sleep; sources signal, one after the other, and the
 * processor of each wakes, finds it and sleeps again. It prints how many wakes there were and how
 * many detail words were looked at; what a signal and a wake cost is for callgrind to say, which
 * counts between the functions below (attn_cost.py).
 */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rouse_attn_alloc.h>
#include <rouse_evring.h>

#define NB_WAKES 16
#define CAPACITY 4
#define MAX	 1024

struct processor {
	struct rouse_attn *attn; /* NULL: none of those that signal is on it */
	uint32_t *sources;	 /* reverse table by device: source + 1 */
};

struct source {
	struct rouse_evring *ring; /* NULL: it does not signal */
	struct rouse_attn_target target;
	uint32_t processor;
};

static struct processor processors[MAX];
static struct source *sources;
static uint64_t nb_details, nb_delivered;

/* Where counts begin and end: callgrind knows them by their names. */
void signal_begins(void);
void signal_is_over(void);
void wake_is_over(void);

__attribute__((noinline)) void
signal_begins(void)
{
	__asm__ volatile("");
}

__attribute__((noinline)) void
signal_is_over(void)
{
	__asm__ volatile("");
}

__attribute__((noinline)) void
wake_is_over(void)
{
	__asm__ volatile("");
}

static void *
zeroed(size_t size)
{
	void *mem = aligned_alloc(ROUSE_CACHE_LINE, (size + 63) / 64 * 64);

	if (mem == NULL) {
		fprintf(stderr, "no memory\n");
		exit(EXIT_FAILURE);
	}
	return memset(mem, 0, size);
}

/* ---- what is measured ---- */

static void
take_events(struct source *s)
{
	uint32_t n = rouse_evring_peek(s->ring, CAPACITY);

	nb_delivered += n;
	rouse_evring_advance(s->ring, n);
}

static void
take_bits(const struct processor *p, unsigned int device)
{
	if (rouse_attn_take_detail(p->attn, device) != 0)
		take_events(&sources[p->sources[device] - 1]);
}

static __attribute__((noinline)) void
wake(const struct processor *p)
{
	struct rouse_attn *a = p->attn;
	unsigned int nb;

	rouse_attn_unpark(a);
	for (uint64_t word = rouse_attn_take(a); word != 0; word &= word - 1) {
		unsigned int device = (unsigned int)__builtin_ctzll(word);

		nb = rouse_attn_nb_details(a);
		do {
			nb_details++;
			take_bits(p, device);
			device += ROUSE_ATTN_BITS;
		} while (device < nb);
	}
	rouse_attn_park(a);
	rouse_attn_look(a);
}

static void
signal_and_wake(struct source *s)
{
	const struct rouse_event event = { .data = 1 };

	rouse_evring_post(s->ring, &event);
	signal_begins();
	rouse_attn_signal(&s->target, 1);
	signal_is_over();
	wake(&processors[s->processor]);
	wake_is_over();
}

/* ---- the machine ---- */

static uint32_t
chosen(uint32_t i, uint32_t nb_sources)
{
	return (uint32_t)((uint64_t)i * (nb_sources - 1) / (NB_WAKES - 1));
}

static int
place_source(struct rouse_attn_alloc *alloc, uint32_t i, uint32_t nb_processors)
{
	const struct rouse_attn_wish wish = {
		.policy = ROUSE_ATTN_PINNED,
		.processor = i % nb_processors,
		.key = i,
		.name = "source",
	};
	struct rouse_attn_place at;
	int number = rouse_attn_alloc_add(alloc, &wish, &at);

	if (number < 0)
		return number;
	sources[i].processor = at.processor;
	sources[i].target.attn = at.attn;
	sources[i].target.device = at.device;
	sources[i].target.ring = (uint8_t)(i % ROUSE_ATTN_BITS);
	if (processors[at.processor].sources != NULL)
		processors[at.processor].sources[at.device] = i + 1;
	return 0;
}

/* Those that signal, with rings, and their processors with attentions. */
static void
make_chosen(uint32_t nb_sources, uint32_t nb_processors, uint32_t nb_words)
{
	for (uint32_t i = 0; i < NB_WAKES; i++) {
		struct source *s = &sources[chosen(i, nb_sources)];
		struct processor *p = &processors[chosen(i, nb_sources) % nb_processors];

		if (s->ring == NULL)
			s->ring =
				rouse_evring_init(zeroed(rouse_evring_memsize(CAPACITY)), CAPACITY);
		if (p->attn != NULL)
			continue;
		p->attn = zeroed(rouse_attn_memsize(nb_words));
		p->sources = zeroed(nb_words * sizeof(*p->sources));
		if (rouse_attn_init(p->attn) != 0)
			exit(EXIT_FAILURE);
		rouse_attn_park(p->attn);
	}
}

static int
make(enum rouse_attn_mode mode, uint32_t nb_processors, uint32_t nb_sources)
{
	const struct rouse_attn_alloc_conf conf = {
		.mode = mode,
		.max_processors = nb_processors,
		.max_details = nb_sources,
	};
	struct rouse_attn_alloc *alloc = rouse_attn_alloc_create(&conf);
	int ret = alloc == NULL ? -errno : 0;

	make_chosen(nb_sources, nb_processors,
		    mode == ROUSE_ATTN_SHARED ? nb_sources : ROUSE_ATTN_BITS);
	for (uint32_t p = 0; p < nb_processors && ret == 0; p++)
		ret = rouse_attn_alloc_processor_add(alloc, p, 0, processors[p].attn, "processor");
	for (uint32_t i = 0; i < nb_sources && ret == 0; i++)
		ret = place_source(alloc, i, nb_processors);
	return ret;
}

int
main(int argc, char **argv)
{
	uint32_t nb_processors = argc == 3 ? (uint32_t)strtoul(argv[2], NULL, 10) : 0, nb_sources;
	enum rouse_attn_mode mode;
	int ret;

	if (argc != 3 || rouse_attn_mode_parse(argv[1], &mode) != 0 || nb_processors < 1 ||
	    nb_processors > MAX) {
		fprintf(stderr, "give per-processor, uniform or shared, and 1 to %d processors\n",
			MAX);
		return EXIT_FAILURE;
	}
	nb_sources = mode == ROUSE_ATTN_UNIFORM ? ROUSE_ATTN_BITS : nb_processors * ROUSE_ATTN_BITS;
	sources = zeroed(nb_sources * sizeof(*sources));
	ret = make(mode, nb_processors, nb_sources);
	if (ret != 0) {
		fprintf(stderr, "%s\n", strerror(-ret));
		return EXIT_FAILURE;
	}
	for (uint32_t i = 0; i < NB_WAKES; i++)
		signal_and_wake(&sources[chosen(i, nb_sources)]);
	printf("wakes %d delivered %" PRIu64 " sources %u details %" PRIu64 "\n", NB_WAKES,
	       nb_delivered, nb_sources, nb_details);
	return EXIT_SUCCESS;
}
