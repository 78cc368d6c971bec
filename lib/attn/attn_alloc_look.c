/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* What the allocator knows, for programs and for people: the reverse table, what is pending, who
 * moved when. */

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "attn_alloc.h"

/* ---- for programs ---- */

int
rouse_attn_alloc_processor_get(struct rouse_attn_alloc *a, uint32_t processor,
			       struct rouse_attn_processor_info *info)
{
	struct processor *p;
	int ret;

	pthread_mutex_lock(&a->lock);
	ret = attn_find_processor(a, processor, &p);
	if (ret == 0) {
		uint64_t used = attn_layout_used(a, p), reserved = a->types[p->type].reserved;

		attn_set_name(info->name, p->name);
		info->presence = p->presence;
		info->type = p->type;
		info->attn = p->attn;
		info->nb_sources = p->nb_sources;
		info->nb_staying = p->nb_staying;
		info->nb_used = (uint32_t)__builtin_popcountll(used);
		info->nb_reserved = (uint32_t)__builtin_popcountll(reserved);
		info->nb_free = ROUSE_ATTN_BITS - info->nb_used - info->nb_reserved;
		info->nb_details = attn_layout_nb_details(a, p);
	}
	pthread_mutex_unlock(&a->lock);
	return ret;
}

/* Those of a place, after the first `nb`; how many there are then. */
static uint32_t
list_sources(const struct place *place, int *sources, uint32_t room, uint32_t nb)
{
	for (const struct holding *h = place->holdings; h != NULL; h = h->next, nb++)
		if (nb < room)
			sources[nb] = h->source->number;
	return nb;
}

static int
find_bit(struct rouse_attn_alloc *a, uint32_t processor, unsigned int bit, struct processor **p)
{
	if (bit >= ROUSE_ATTN_BITS)
		return attn_refuse(a, -ERANGE, "bit %u: an attention word has bits 0 to %d", bit,
				   ROUSE_ATTN_BITS - 1);
	return attn_find_processor(a, processor, p);
}

int
rouse_attn_alloc_sources_of(struct rouse_attn_alloc *a, uint32_t processor, unsigned int bit,
			    int *sources, uint32_t room)
{
	struct processor *p;
	uint32_t nb = 0;
	int ret;

	pthread_mutex_lock(&a->lock);
	ret = find_bit(a, processor, bit, &p);
	for (uint32_t i = 0; ret == 0 && i < p->nb_places; i++)
		if (p->places[i]->device % ROUSE_ATTN_BITS == bit)
			nb = list_sources(p->places[i], sources, room, nb);
	pthread_mutex_unlock(&a->lock);
	return ret != 0 ? ret : (int)nb;
}

/* ---- for people ---- */

/* Text that is cut where its room ends. */
struct text {
	char *at;
	size_t room;
	size_t len;
};

static void append(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void
append(struct text *t, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(t->len < t->room ? t->at + t->len : NULL,
		      t->len < t->room ? t->room - t->len : 0, format, args);
	va_end(args);
	t->len += n > 0 ? (size_t)n : 0;
}

static void
append_sources(struct text *t, const struct place *place)
{
	for (const struct holding *h = place->holdings; h != NULL; h = h->next)
		append(t, "%s%s%s", t->len == 0 ? "" : ", ",
		       h->source->is_late ? "late signals of " : "", h->source->name);
}

int
rouse_attn_alloc_name_of(struct rouse_attn_alloc *a, uint32_t processor, unsigned int bit,
			 char *name, size_t size)
{
	struct text t = { .at = name, .room = size };
	struct processor *p;
	int ret;

	pthread_mutex_lock(&a->lock);
	ret = find_bit(a, processor, bit, &p);
	for (uint32_t i = 0; ret == 0 && i < p->nb_places; i++)
		if (p->places[i]->device % ROUSE_ATTN_BITS == bit)
			append_sources(&t, p->places[i]);
	if (ret == 0 && t.len == 0) {
		const struct type *type = &a->types[p->type];

		if ((type->reserved >> bit & 1) != 0)
			append(&t, "reserved for %s", type->reserved_for[bit]);
		else if ((attn_layout_used(a, p) >> bit & 1) != 0)
			append(&t, "sources of other processors");
		else
			append(&t, "free");
	}
	pthread_mutex_unlock(&a->lock);
	return ret;
}

static void
dump_pending(FILE *file, const struct processor *p, uint32_t device)
{
	uint64_t marked = attn_marked(p, device);

	if (marked != 0)
		fprintf(file, "; pending 0x%" PRIx64, marked);
	fprintf(file, "\n");
}

static void
dump_place(const struct rouse_attn_alloc *a, FILE *file, const struct processor *p,
	   const struct place *place)
{
	const char *before = " ";

	fprintf(file, "  bit %2u", place->device % ROUSE_ATTN_BITS);
	if (a->conf.mode == ROUSE_ATTN_SHARED)
		fprintf(file, ", detail word %u", place->device);
	fprintf(file, ":");
	for (const struct holding *h = place->holdings; h != NULL; h = h->next) {
		fprintf(file, "%s%s%s", before, h->source->is_late ? "late signals of " : "",
			h->source->name);
		if (h->rings != 0)
			fprintf(file, " 0x%" PRIx64, h->rings);
		if (h == &h->source->to)
			fprintf(file, " (arriving)");
		else if (h->source->to.place != NULL)
			fprintf(file, " (leaving)");
		before = ", ";
	}
	dump_pending(file, p, place->device);
}

static const char *
presence_name(enum rouse_attn_presence presence)
{
	static const char *const names[] = {
		[ROUSE_ATTN_ONLINE] = "online",
		[ROUSE_ATTN_LEAVING] = "going offline",
		[ROUSE_ATTN_OFFLINE] = "offline",
	};

	return names[presence];
}

static void
dump_processor(const struct rouse_attn_alloc *a, FILE *file, const struct processor *p)
{
	const struct type *t = &a->types[p->type];
	uint64_t used = attn_layout_used(a, p);
	int nb_used = __builtin_popcountll(used), nb_reserved = __builtin_popcountll(t->reserved);

	fprintf(file, "processor %u (%s), type %u, %s%s: %d bits used, %d free, %d reserved; ",
		p->number, p->name, p->type, presence_name(p->presence),
		a->default_processor == p->number ? ", default" : "", nb_used,
		ROUSE_ATTN_BITS - nb_used - nb_reserved, nb_reserved);
	fprintf(file, "%u sources, %u that stay, %u detail words\n", p->nb_sources, p->nb_staying,
		attn_layout_nb_details(a, p));
	for (unsigned int bit = 0; bit < ROUSE_ATTN_BITS; bit++) {
		if ((t->reserved >> bit & 1) != 0) {
			fprintf(file, "  bit %2u: reserved for %s", bit, t->reserved_for[bit]);
			dump_pending(file, p, bit);
		}
		for (uint32_t i = 0; i < p->nb_places; i++)
			if (p->places[i]->device % ROUSE_ATTN_BITS == bit)
				dump_place(a, file, p, p->places[i]);
	}
}

static void
dump_move(FILE *file, const struct move *m)
{
	struct tm utc;
	char when[32];

	gmtime_r(&m->when.tv_sec, &utc);
	strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &utc);
	fprintf(file, "  %s.%06ld UTC %s: ", when, m->when.tv_nsec / 1000, m->name);
	if (m->from == ROUSE_ATTN_NONE)
		fprintf(file, "processor %u is online\n", m->to);
	else if (m->to == ROUSE_ATTN_NONE)
		fprintf(file, "processor %u is offline\n", m->from);
	else
		fprintf(file, "processor %u bit %u -> processor %u bit %u\n", m->from,
			m->from_device % ROUSE_ATTN_BITS, m->to, m->to_device % ROUSE_ATTN_BITS);
}

static void
dump_moves(const struct rouse_attn_alloc *a, FILE *file)
{
	uint64_t first = a->nb_moves <= ROUSE_ATTN_MAX_MOVES ? 0
							     : a->nb_moves - ROUSE_ATTN_MAX_MOVES;

	if (a->nb_moves == 0)
		return;
	fprintf(file, "moves, the last %" PRIu64 " of %" PRIu64 ":\n", a->nb_moves - first,
		a->nb_moves);
	for (uint64_t i = first; i < a->nb_moves; i++)
		dump_move(file, &a->moves[i % ROUSE_ATTN_MAX_MOVES]);
}

int
rouse_attn_alloc_dump(struct rouse_attn_alloc *a, FILE *file)
{
	pthread_mutex_lock(&a->lock);
	fprintf(file, "attention bits, mode %s: %u processors online\n",
		rouse_attn_mode_name(a->conf.mode), a->nb_online);
	for (uint32_t i = 0; i < a->conf.max_processors; i++)
		if (a->processors[i] != NULL)
			dump_processor(a, file, a->processors[i]);
	dump_moves(a, file);
	pthread_mutex_unlock(&a->lock);
	return ferror(file) ? -EIO : 0;
}
