/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * Who has which bit: the allocator of lib/attn, with the workers of the process for its processors.
 * A port is a device, or each of its queues is, as the application says; event rings and messages
 * are those of a device of the software's, of which there is another when 64 ring bits are taken.
 * All of it is for control threads, which hold the w->control of the worker that it is about.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bits.h"

#define MAX_WORKERS 1024

/* The device of a source, for the allocator. */
#define KEY_SOFTWARE	       UINT64_C(0)
#define KEY_PORT(port)	       (UINT64_C(1) << 32 | (port))
#define KEY_QUEUE(port, queue) (UINT64_C(2) << 32 | (uint64_t)(port) << 16 | (queue))

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of these */
static struct rouse_worker_attention conf;
struct rouse_attn_alloc *bits_alloc; /* while there are workers */
static uint32_t nb_workers;
static uint64_t numbers[MAX_WORKERS / 64]; /* that workers have */

__thread char bits_refusal[BITS_REFUSAL_LEN]; /* what the thread was refused last */

/* ---- the process ---- */

static void
keep_refusal(void *arg __rte_unused, const char *line)
{
	snprintf(bits_refusal, sizeof(bits_refusal), "%s", line);
	rte_log(RTE_LOG_DEBUG, (uint32_t)worker_logtype, "worker: bits: %s\n", line);
}

static uint64_t
reserved_of(const struct rouse_worker_attention *attention, unsigned int type)
{
	return attention->reserved | attention->reserved_of_type[type];
}

static int
create_alloc(void)
{
	const struct rouse_attn_alloc_conf alloc_conf = {
		.mode = conf.mode,
		.max_processors = MAX_WORKERS,
		.max_details = WORKER_MAX_DETAILS,
		.log = keep_refusal,
	};

	bits_alloc = rouse_attn_alloc_create(&alloc_conf);
	if (bits_alloc == NULL)
		return -ENOMEM;
	/* nobody has a bit yet, and the types are all that there are: none is refused */
	for (unsigned int type = 0; type < ROUSE_ATTN_MAX_TYPES; type++)
		for (uint64_t bits = reserved_of(&conf, type); bits != 0; bits &= bits - 1)
			rouse_attn_alloc_reserve(bits_alloc, type,
						 (unsigned int)__builtin_ctzll(bits),
						 "the application");
	return 0;
}

static void
destroy_alloc_if_unused(void)
{
	if (nb_workers != 0)
		return;
	rouse_attn_alloc_destroy(bits_alloc);
	bits_alloc = NULL;
}

/* The lowest that is free; MAX_WORKERS: none is. */
static uint32_t
free_number(void)
{
	for (uint32_t i = 0; i < MAX_WORKERS / 64; i++)
		if (numbers[i] != UINT64_MAX)
			return i * 64 + (uint32_t)__builtin_ctzll(~numbers[i]);
	return MAX_WORKERS;
}

static int
join(struct rouse_worker *w)
{
	uint32_t n = free_number();
	int ret = bits_alloc == NULL ? create_alloc() : 0;

	if (ret != 0)
		return ret;
	if (n == MAX_WORKERS)
		return -ENOSPC;
	ret = rouse_attn_alloc_processor_add(bits_alloc, n, w->conf.type, &w->attn, w->name);
	if (ret != 0)
		return ret;
	numbers[n / 64] |= UINT64_C(1) << n % 64;
	nb_workers++;
	w->processor = n;
	w->has_joined = true;
	return 0;
}

/* The worker, whose attention is made, may have bits from here on. 0; -ENOSPC: there are too many
 * workers, -ENOMEM */
int
worker_bits_join(struct rouse_worker *w)
{
	int ret;

	pthread_mutex_lock(&lock);
	ret = join(w);
	destroy_alloc_if_unused();
	pthread_mutex_unlock(&lock);
	return ret;
}

/* It has no sources any more. 0: its attention is the caller's; -EBUSY: that must stay, as somebody
 * signals it still */
int
worker_bits_leave(struct rouse_worker *w)
{
	bool is_gone;
	int ret;

	if (!w->has_joined)
		return 0;
	pthread_mutex_lock(&lock);
	ret = bits_remove_worker(w, &is_gone);
	if (is_gone) {
		numbers[w->processor / 64] &= ~(UINT64_C(1) << w->processor % 64);
		nb_workers--;
		destroy_alloc_if_unused();
	}
	pthread_mutex_unlock(&lock);
	w->has_joined = false;
	return ret;
}

/* ---- what programs choose, and look at ---- */

int
rouse_worker_attention_set(const struct rouse_worker_attention *wanted)
{
	int ret = 0;

	if ((unsigned int)wanted->mode >= ROUSE_NB_ATTN_MODES) {
		WORKER_LOG(ERR, "attention mode %d: give one of enum rouse_attn_mode",
			   (int)wanted->mode);
		return -EINVAL;
	}
	for (unsigned int type = 0; type < ROUSE_ATTN_MAX_TYPES; type++) {
		if (reserved_of(wanted, type) != UINT64_MAX)
			continue;
		WORKER_LOG(ERR,
			   "all bits of the attention word are reserved, of workers of type %u; "
			   "leave them some",
			   type);
		return -EINVAL;
	}
	pthread_mutex_lock(&lock);
	if (nb_workers != 0) {
		WORKER_LOG(ERR,
			   "how bits are given cannot be changed: there are %u workers; "
			   "choose before the first is made",
			   nb_workers);
		ret = -EBUSY;
	} else {
		conf = *wanted;
	}
	pthread_mutex_unlock(&lock);
	return ret;
}

int
rouse_worker_attention_dump(FILE *file)
{
	int ret = 0;

	pthread_mutex_lock(&lock);
	if (bits_alloc != NULL)
		ret = rouse_attn_alloc_dump(bits_alloc, file);
	pthread_mutex_unlock(&lock);
	return ret;
}

void
rouse_worker_attention_get(const struct rouse_worker *w, struct rouse_worker_attention_state *state)
{
	struct rouse_attn_processor_info info = { 0 };

	pthread_mutex_lock(&lock);
	if (w->has_joined)
		rouse_attn_alloc_processor_get(bits_alloc, w->processor, &info);
	pthread_mutex_unlock(&lock);
	*state = (struct rouse_worker_attention_state){
		/* a look for people: they order nothing */
		.state = (enum rouse_attn_state)atomic_load_explicit(&w->attn.state,
								     memory_order_relaxed),
		.word = atomic_load_explicit(&w->attn.word, memory_order_relaxed),
		.doorbell = w->attn.doorbell,
		.nb_sources = info.nb_sources + info.nb_staying,
		.nb_used = info.nb_used,
		.nb_reserved = info.nb_reserved,
		.nb_free = info.nb_free,
	};
}

int
rouse_worker_attention_bit_get(const struct rouse_worker *w, unsigned int bit,
			       struct rouse_worker_attention_bit *out)
{
	int nb = -ERANGE;

	memset(out, 0, sizeof(*out));
	if (bit >= ROUSE_ATTN_BITS)
		return nb;
	pthread_mutex_lock(&lock);
	if (w->has_joined) {
		nb = rouse_attn_alloc_sources_of(bits_alloc, w->processor, bit, NULL, 0);
		rouse_attn_alloc_name_of(bits_alloc, w->processor, bit, out->name,
					 sizeof(out->name));
	}
	pthread_mutex_unlock(&lock);
	for (unsigned int d = bit; d < rouse_attn_nb_details(&w->attn); d += ROUSE_ATTN_BITS)
		out->detail |= atomic_load_explicit(&w->attn.detail[d], memory_order_relaxed);
	return nb;
}

/* ---- sources ---- */

static uint64_t
key_of(const struct source *s)
{
	if (!source_is_ethdev(s))
		return KEY_SOFTWARE;
	return conf.bit_per_queue ? KEY_QUEUE(s->ethdev.port_id, s->ethdev.queue)
				  : KEY_PORT(s->ethdev.port_id);
}

static void
name_source(const struct source *s, char *name, size_t size)
{
	if (source_is_ethdev(s))
		snprintf(name, size, "port %u queue %u", s->ethdev.port_id, s->ethdev.queue);
	else
		snprintf(name, size,
			 s->ops->type == ROUSE_SOURCE_TYPE_INBOX ? "messages" : "event ring");
}

/* Give the source the bit of its device on the worker and, if `ring` is not NULL, a ring bit of its
 * own. 0; -ENOSPC, -ENOMEM */
int
source_add_bits(struct rouse_worker *w, struct source *s, uint64_t *ring)
{
	char name[ROUSE_ATTN_NAME_LEN];
	const struct rouse_attn_wish wish = {
		/* who signals messages and event rings has a copy of the target, and keeps it */
		.policy = source_is_ethdev(s) ? ROUSE_ATTN_AT : ROUSE_ATTN_OWN,
		.processor = w->processor,
		.key = key_of(s),
		.wants_ring = ring != NULL,
		.name = name,
	};
	struct rouse_attn_place place;
	int ret;

	name_source(s, name, sizeof(name));
	ret = rouse_attn_alloc_add(bits_alloc, &wish, &place);
	if (ret < 0)
		return ret;
	s->bits = ret;
	s->target = (struct rouse_attn_target){ .attn = &w->attn, .device = place.device };
	if (ring != NULL)
		*ring = place.rings;
	return 0;
}

/* Queues of the worker that share event rings, by way of others, too: a ring has one consumer. */
static uint64_t
rings_of_group(const struct rouse_worker *w, const struct source *s)
{
	uint64_t rings = s->rings, before;

	do {
		before = rings;
		for (uint32_t i = 0; i < w->sources.nb; i++) {
			const struct source *other = w->sources.at[i];

			if (source_is_of_port(other, s->ethdev.port_id) &&
			    (other->rings & rings) != 0)
				rings |= other->rings;
		}
	} while (rings != before);
	return rings;
}

/* Tell which rings name a queue, and which other queues go where it goes. */
void
source_describe_bits(struct rouse_worker *w, struct source *s)
{
	uint64_t rings = rings_of_group(w, s), group;

	group = rings == 0
			? 0
			: (uint64_t)s->ethdev.port_id << 8 | (uint64_t)(__builtin_ctzll(rings) + 1);
	rouse_attn_alloc_describe(bits_alloc, s->bits, s->rings, group);
	for (uint32_t i = 0; i < w->sources.nb; i++) {
		const struct source *other = w->sources.at[i];

		if (source_is_of_port(other, s->ethdev.port_id) && (other->rings & rings) != 0)
			rouse_attn_alloc_describe(bits_alloc, other->bits, other->rings, group);
	}
}

/* No producer knows of its bits any more, and the worker has let go of it. */
void
source_remove_bits(struct rouse_worker *w, struct source *s)
{
	int ret;

	source_forget_rings(w, s);
	/* if the worker is about to leave, the place elsewhere is not needed */
	ret = bits_remove_left(w->processor, s->bits);
	if (ret != 0)
		WORKER_LOG(ERR,
			   "%s: bit %u stays taken: somebody signals a source that was removed; "
			   "stop it before",
			   w->name, s->target.device % ROUSE_ATTN_BITS);
	s->bits = -1;
}

/* What to do when no bit is left. NULL: there is one. */
const char *
worker_bits_remedy(const struct rouse_worker *w)
{
	static const char *const remedies[] = {
		[ROUSE_ATTN_PER_PROCESSOR] =
			"the worker's 64 device bits are taken; give it to another worker",
		[ROUSE_ATTN_UNIFORM] = "all device bits of the uniform layout are taken; remove "
				       "a device, or let each worker have a layout of its own",
		[ROUSE_ATTN_SHARED] = "all detail words of the shared layout are taken; remove a "
				      "device, or let each worker have a layout of its own",
	};
	struct rouse_attn_processor_info info;

	if (rouse_attn_alloc_processor_get(bits_alloc, w->processor, &info) != 0)
		return NULL;
	if (conf.mode == ROUSE_ATTN_SHARED
		    ? info.nb_details + 4 * info.nb_reserved < WORKER_MAX_DETAILS
		    : info.nb_free != 0)
		return NULL;
	return remedies[conf.mode];
}

/* What the calling thread was refused last, and what to do about it. */
const char *
worker_bits_refusal(void)
{
	return bits_refusal;
}
