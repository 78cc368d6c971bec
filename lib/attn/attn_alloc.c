/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* The allocator's life; processors and their types. */

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "attn_alloc.h"

#define DEFAULT_PROCESSORS 1024
#define DEFAULT_DETAILS	   256

static const char *const mode_names[] = {
	[ROUSE_ATTN_PER_PROCESSOR] = "per-processor",
	[ROUSE_ATTN_UNIFORM] = "uniform",
	[ROUSE_ATTN_SHARED] = "shared",
};

_Static_assert(sizeof(mode_names) / sizeof(mode_names[0]) == ROUSE_NB_ATTN_MODES,
	       "every mode has a name");

const char *
rouse_attn_mode_name(enum rouse_attn_mode mode)
{
	return (unsigned int)mode < ROUSE_NB_ATTN_MODES ? mode_names[mode] : NULL;
}

int
rouse_attn_mode_parse(const char *name, enum rouse_attn_mode *mode)
{
	for (unsigned int i = 0; i < ROUSE_NB_ATTN_MODES; i++) {
		if (strcmp(name, mode_names[i]) != 0)
			continue;
		*mode = (enum rouse_attn_mode)i;
		return 0;
	}
	return -EINVAL;
}

/* ---- what all files use ---- */

static void
say(const struct rouse_attn_alloc_conf *conf, const char *format, va_list args)
{
	char line[256];

	if (conf->log == NULL)
		return;
	vsnprintf(line, sizeof(line), format, args);
	conf->log(conf->log_arg, line);
}

/* One line; returns the error. */
int
attn_refuse(struct rouse_attn_alloc *a, int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(&a->conf, format, args);
	va_end(args);
	return error;
}

int
attn_find_processor(struct rouse_attn_alloc *a, uint32_t number, struct processor **p)
{
	if (number >= a->conf.max_processors)
		return attn_refuse(a, -ERANGE, "processor %u: numbers are below %u", number,
				   a->conf.max_processors);
	*p = a->processors[number];
	if (*p == NULL)
		return attn_refuse(a, -ENODEV, "processor %u: there is none of that number; add it",
				   number);
	return 0;
}

void
attn_set_name(char *to, const char *name)
{
	snprintf(to, ROUSE_ATTN_NAME_LEN, "%s", name == NULL ? "" : name);
}

static struct move *
next_move(struct rouse_attn_alloc *a)
{
	struct move *m = &a->moves[a->nb_moves++ % ROUSE_ATTN_MAX_MOVES];

	memset(m, 0, sizeof(*m));
	clock_gettime(CLOCK_REALTIME, &m->when);
	return m;
}

void
attn_remember(struct rouse_attn_alloc *a, const char *name, const struct place *from,
	      const struct place *to)
{
	struct move *m = next_move(a);

	attn_set_name(m->name, name);
	m->from = from->processor->number;
	m->from_device = from->device;
	m->to = to->processor->number;
	m->to_device = to->device;
}

void
attn_remember_presence(struct rouse_attn_alloc *a, const struct processor *p, bool is_online)
{
	struct move *m = next_move(a);

	attn_set_name(m->name, p->name);
	m->from = is_online ? ROUSE_ATTN_NONE : p->number;
	m->to = is_online ? p->number : ROUSE_ATTN_NONE;
}

/* ---- life ---- */

static int
check_conf(const struct rouse_attn_alloc_conf *conf)
{
	char line[128];

	if ((unsigned int)conf->mode >= ROUSE_NB_ATTN_MODES)
		snprintf(line, sizeof(line), "mode %d: give one of enum rouse_attn_mode",
			 (int)conf->mode);
	else if (conf->max_processors > ROUSE_ATTN_MAX_PROCESSORS)
		snprintf(line, sizeof(line), "%u processors: give 1 to %d", conf->max_processors,
			 ROUSE_ATTN_MAX_PROCESSORS);
	else if (conf->max_details % ROUSE_ATTN_BITS != 0 ||
		 conf->max_details > ROUSE_ATTN_MAX_DETAILS)
		snprintf(line, sizeof(line), "%u detail words: give a multiple of %d up to %d",
			 conf->max_details, ROUSE_ATTN_BITS, ROUSE_ATTN_MAX_DETAILS);
	else
		return 0;
	if (conf->log != NULL)
		conf->log(conf->log_arg, line);
	return EINVAL;
}

struct rouse_attn_alloc *
rouse_attn_alloc_create(const struct rouse_attn_alloc_conf *conf)
{
	struct rouse_attn_alloc *a;

	errno = check_conf(conf);
	if (errno != 0)
		return NULL;
	a = calloc(1, sizeof(*a));
	if (a == NULL)
		return NULL;
	a->conf = *conf;
	if (a->conf.max_processors == 0)
		a->conf.max_processors = DEFAULT_PROCESSORS;
	if (a->conf.max_details == 0)
		a->conf.max_details = DEFAULT_DETAILS;
	a->default_processor = ROUSE_ATTN_NONE;
	a->processors = calloc(a->conf.max_processors, sizeof(struct processor *));
	if (a->processors == NULL || attn_places_init(a) != 0) {
		free(a->processors);
		free(a);
		return NULL;
	}
	pthread_mutex_init(&a->lock, NULL);
	return a;
}

static void
free_processor(struct processor *p)
{
	for (uint32_t i = 0; i < p->nb_places; i++)
		free(p->places[i]);
	free(p->places);
	free(p);
}

void
rouse_attn_alloc_destroy(struct rouse_attn_alloc *a)
{
	if (a == NULL)
		return;
	for (uint32_t i = 0; i < a->conf.max_processors; i++)
		if (a->processors[i] != NULL)
			free_processor(a->processors[i]);
	for (uint32_t i = 0; i < a->nb_sources; i++) {
		if (a->sources[i] == NULL)
			continue;
		free(a->sources[i]->mask);
		free(a->sources[i]);
	}
	for (unsigned int i = 0; i < ROUSE_ATTN_MAX_TYPES; i++)
		free(a->types[i].entries);
	free(a->sources);
	free(a->buckets);
	free(a->processors);
	pthread_mutex_destroy(&a->lock);
	free(a);
}

/* ---- bits that no source gets ---- */

static int
check_type(struct rouse_attn_alloc *a, unsigned int type)
{
	if (type < ROUSE_ATTN_MAX_TYPES)
		return 0;
	return attn_refuse(a, -ERANGE, "processor type %u: give 0 to %d", type,
			   ROUSE_ATTN_MAX_TYPES - 1);
}

static int
check_bit(struct rouse_attn_alloc *a, unsigned int type, unsigned int bit)
{
	int ret = check_type(a, type);

	if (ret == 0 && bit >= ROUSE_ATTN_BITS)
		ret = attn_refuse(a, -ERANGE, "bit %u: an attention word has bits 0 to %d", bit,
				  ROUSE_ATTN_BITS - 1);
	return ret;
}

/* Of all processors of the type: what its sources have of the bit, and what is pending there. */
static bool
is_bit_used(const struct rouse_attn_alloc *a, unsigned int type, unsigned int bit)
{
	for (uint32_t i = 0; i < a->conf.max_processors; i++) {
		const struct processor *p = a->processors[i];

		if (p != NULL && p->type == type && (attn_layout_used(a, p) >> bit & 1) != 0)
			return true;
	}
	return false;
}

static bool
is_bit_pending(const struct rouse_attn_alloc *a, unsigned int type, unsigned int bit)
{
	for (uint32_t i = 0; i < a->conf.max_processors; i++)
		if (a->processors[i] != NULL && a->processors[i]->type == type &&
		    attn_marked(a->processors[i], bit) != 0)
			return true;
	return false;
}

static int
reserve(struct rouse_attn_alloc *a, unsigned int type, unsigned int bit, const char *name)
{
	struct type *t = &a->types[type];

	if ((t->reserved >> bit & 1) != 0)
		return attn_refuse(a, -EEXIST, "bit %u of type %u: it is reserved for %s", bit,
				   type, t->reserved_for[bit]);
	if (is_bit_used(a, type, bit))
		return attn_refuse(a, -EBUSY,
				   "bit %u of type %u: sources have it; reserve it first", bit,
				   type);
	t->reserved |= UINT64_C(1) << bit;
	attn_set_name(t->reserved_for[bit], name);
	return 0;
}

int
rouse_attn_alloc_reserve(struct rouse_attn_alloc *a, unsigned int type, unsigned int bit,
			 const char *name)
{
	int ret;

	pthread_mutex_lock(&a->lock);
	ret = check_bit(a, type, bit);
	if (ret == 0)
		ret = reserve(a, type, bit, name);
	pthread_mutex_unlock(&a->lock);
	return ret;
}

int
rouse_attn_alloc_unreserve(struct rouse_attn_alloc *a, unsigned int type, unsigned int bit)
{
	int ret;

	pthread_mutex_lock(&a->lock);
	ret = check_bit(a, type, bit);
	if (ret == 0 && (a->types[type].reserved >> bit & 1) == 0)
		ret = attn_refuse(a, -ENOENT, "bit %u of type %u: it is not reserved", bit, type);
	else if (ret == 0 && is_bit_pending(a, type, bit))
		ret = attn_refuse(a, -EBUSY,
				  "bit %u of type %u: an event is pending; let it be taken first",
				  bit, type);
	if (ret == 0) {
		a->types[type].reserved &= ~(UINT64_C(1) << bit);
		a->types[type].first_free = 0;
	}
	pthread_mutex_unlock(&a->lock);
	return ret;
}

/* ---- processors ---- */

/* One that was not. Where none was online, it is the default one. */
void
attn_come_online(struct rouse_attn_alloc *a, struct processor *p)
{
	p->presence = ROUSE_ATTN_ONLINE;
	if (a->nb_online++ == 0)
		a->default_processor = p->number;
}

static int
add_processor(struct rouse_attn_alloc *a, uint32_t number, unsigned int type,
	      struct rouse_attn *attn, const char *name)
{
	struct processor *p;

	if (number >= a->conf.max_processors)
		return attn_refuse(a, -ERANGE, "processor %u: numbers are below %u", number,
				   a->conf.max_processors);
	if (a->processors[number] != NULL)
		return attn_refuse(a, -EEXIST, "processor %u: there is one of that number: %s",
				   number, a->processors[number]->name);
	p = calloc(1, sizeof(*p));
	if (p == NULL)
		return -ENOMEM;
	p->number = number;
	p->type = type;
	p->attn = attn;
	attn_set_name(p->name, name);
	a->processors[number] = p;
	attn_come_online(a, p);
	attn_layout_tell(a, p);
	attn_remember_presence(a, p, true);
	return 0;
}

int
rouse_attn_alloc_processor_add(struct rouse_attn_alloc *a, uint32_t processor, unsigned int type,
			       struct rouse_attn *attn, const char *name)
{
	int ret;

	pthread_mutex_lock(&a->lock);
	ret = check_type(a, type);
	if (ret == 0)
		ret = add_processor(a, processor, type, attn, name);
	pthread_mutex_unlock(&a->lock);
	return ret;
}

static uint32_t
first_online(const struct rouse_attn_alloc *a)
{
	for (uint32_t i = 0; i < a->conf.max_processors; i++)
		if (a->processors[i] != NULL && a->processors[i]->presence == ROUSE_ATTN_ONLINE)
			return i;
	return ROUSE_ATTN_NONE;
}

static int
remove_processor(struct rouse_attn_alloc *a, struct processor *p)
{
	if (p->nb_places != 0)
		return attn_refuse(a, -EBUSY,
				   "processor %u (%s) has %u sources, and %u that stay; remove "
				   "these first",
				   p->number, p->name, p->nb_sources, p->nb_staying);
	a->processors[p->number] = NULL;
	if (p->presence != ROUSE_ATTN_OFFLINE) {
		a->nb_online -= p->presence == ROUSE_ATTN_ONLINE;
		attn_remember_presence(a, p, false);
	}
	if (a->default_processor == p->number)
		a->default_processor = first_online(a);
	free_processor(p);
	return 0;
}

int
rouse_attn_alloc_processor_remove(struct rouse_attn_alloc *a, uint32_t processor)
{
	struct processor *p;
	int ret;

	pthread_mutex_lock(&a->lock);
	ret = attn_find_processor(a, processor, &p);
	if (ret == 0)
		ret = remove_processor(a, p);
	pthread_mutex_unlock(&a->lock);
	return ret;
}

int
rouse_attn_alloc_detach(struct rouse_attn_alloc *a, uint32_t processor)
{
	struct processor *p;
	int ret;

	pthread_mutex_lock(&a->lock);
	ret = attn_find_processor(a, processor, &p);
	if (ret == 0)
		p->attn = NULL;
	pthread_mutex_unlock(&a->lock);
	return ret;
}

int
rouse_attn_alloc_default_set(struct rouse_attn_alloc *a, uint32_t processor)
{
	struct processor *p;
	int ret;

	pthread_mutex_lock(&a->lock);
	ret = attn_find_processor(a, processor, &p);
	if (ret == 0 && p->presence != ROUSE_ATTN_ONLINE)
		ret = attn_refuse(a, -ENETDOWN,
				  "processor %u (%s) cannot be the default one: it is not online; "
				  "bring it online first",
				  p->number, p->name);
	if (ret == 0)
		a->default_processor = processor;
	pthread_mutex_unlock(&a->lock);
	return ret;
}

uint32_t
rouse_attn_alloc_default(struct rouse_attn_alloc *a)
{
	uint32_t processor;

	pthread_mutex_lock(&a->lock);
	processor = a->default_processor;
	pthread_mutex_unlock(&a->lock);
	return processor;
}
