/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * Workers on DPDK's telemetry socket. Each client has a thread of its own, and none is told when
 * workers go: a lock keeps them here while one looks. What is counted is read as any thread may;
 * the data path knows nothing of it.
 */

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <rte_telemetry.h>
#include <rte_version.h>

#include "app.h"

#if RTE_VERSION >= RTE_VERSION_NUM(23, 3, 0, 0)
#define add_uint       rte_tel_data_add_dict_uint
#define add_array_uint rte_tel_data_add_array_uint
#define UINT_VAL       RTE_TEL_UINT_VAL
#else
#define add_uint       rte_tel_data_add_dict_u64
#define add_array_uint rte_tel_data_add_array_u64
#define UINT_VAL       RTE_TEL_U64_VAL
#endif

#define NB_POWERS 64 /* of two: a histogram's values for others' programs */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const struct crew *crew; /* NULL: there are no workers; by the lock */
static bool is_registered;

typedef int (*answer_t)(const struct crew_member *m, struct rte_tel_data *d);

/* A number and nothing else. */
static bool
parse_number(const char *text, unsigned int *n)
{
	unsigned long value;
	char *end;

	if (text == NULL || !isdigit((unsigned char)text[0]))
		return false;
	errno = 0;
	value = strtoul(text, &end, 10);
	*n = (unsigned int)value;
	return *end == '\0' && errno == 0 && value <= UINT16_MAX;
}

/* Of the worker on the lcore that the client named; -EINVAL: there is none, and the client is
 * answered null. */
static int
answer_of_worker(const char *params, struct rte_tel_data *d, answer_t answer)
{
	unsigned int lcore;
	int ret = -EINVAL;

	if (!parse_number(params, &lcore))
		return ret;
	pthread_mutex_lock(&lock);
	for (uint32_t i = 0; crew != NULL && i < crew->nb; i++)
		if (crew->members[i].lcore == lcore)
			ret = answer(&crew->members[i], d);
	pthread_mutex_unlock(&lock);
	return ret;
}

/* ---- a worker's counters ---- */

/* By the names of l3fwd-power, of Rx queues: `full_poll` counts bursts of at least the largest
 * power of two that a burst can have. */
static void
add_polls(const struct crew_member *m, struct rte_tel_data *d)
{
	unsigned int full = 31 - (unsigned int)__builtin_clz(m->burst);
	struct rouse_worker_source_stats s;
	uint64_t nb_empty = 0, nb_full = 0;

	for (unsigned int i = 0; rouse_worker_source_stats_get(m->worker, i, &s); i++) {
		if (s.type != ROUSE_SOURCE_TYPE_RXQ)
			continue;
		nb_empty += s.empty_polls;
		nb_full += s.burst_sizes[full];
	}
	add_uint(d, "empty_poll", nb_empty);
	add_uint(d, "full_poll", nb_full);
}

static int
answer_stats(const struct crew_member *m, struct rte_tel_data *d)
{
	struct rouse_worker_stats s;

	rouse_worker_stats_get(m->worker, &s);
	rte_tel_data_start_dict(d);
	add_uint(d, "lcore", m->lcore);
	add_polls(m, d);
	add_uint(d, "busy_percent", s.wall_tsc != 0 ? 100 * s.busy_tsc / s.wall_tsc : 0);
#define X(member, help) add_uint(d, #member, s.member);
	ROUSE_WORKER_STATS(X)
#undef X
	add_uint(d, "asleep_tsc", s.asleep_tsc);
	add_uint(d, "wall_tsc", s.wall_tsc);
	add_uint(d, "cpu_ns", s.cpu_ns);
	return 0;
}

static int
worker_stats(const char *cmd __rte_unused, const char *params, struct rte_tel_data *d)
{
	return answer_of_worker(params, d, answer_stats);
}

static int
worker_list(const char *cmd __rte_unused, const char *params __rte_unused, struct rte_tel_data *d)
{
	rte_tel_data_start_array(d, UINT_VAL);
	pthread_mutex_lock(&lock);
	for (uint32_t i = 0; crew != NULL && i < crew->nb; i++)
		add_array_uint(d, crew->members[i].lcore);
	pthread_mutex_unlock(&lock);
	return 0;
}

/* ---- wake latencies ---- */

/* How many are below each power of two and not below the one before it. */
static void
add_powers(const struct rouse_histogram *h, struct rte_tel_data *d)
{
	struct rte_tel_data *below = rte_tel_data_alloc(), *counts = rte_tel_data_alloc();
	uint64_t powers[NB_POWERS] = { 0 };

	if (below == NULL || counts == NULL) {
		rte_tel_data_free(below);
		rte_tel_data_free(counts);
		return;
	}
	for (unsigned int i = 0; i < ROUSE_HISTOGRAM_BUCKETS; i++) {
		uint64_t max = rouse_histogram_bucket_max(i);

		powers[max == 0 ? 0 : 63 - __builtin_clzll(max)] +=
			rouse_counter_get(&h->buckets[i]);
	}
	rte_tel_data_start_array(below, UINT_VAL);
	rte_tel_data_start_array(counts, UINT_VAL);
	for (unsigned int i = 0; i < NB_POWERS; i++) {
		if (powers[i] == 0)
			continue;
		add_array_uint(below, i < NB_POWERS - 1 ? UINT64_C(2) << i : UINT64_MAX);
		add_array_uint(counts, powers[i]);
	}
	rte_tel_data_add_dict_container(d, "below_ns", below, 0);
	rte_tel_data_add_dict_container(d, "counts", counts, 0);
}

static int
answer_wake(const struct crew_member *m, struct rte_tel_data *d)
{
	const struct rouse_histogram *h = rouse_worker_wake_ns(m->worker);

	rte_tel_data_start_dict(d);
	add_uint(d, "count", rouse_histogram_count(h));
	add_uint(d, "p50_ns", rouse_histogram_percentile(h, 0.5));
	add_uint(d, "p99_ns", rouse_histogram_percentile(h, 0.99));
	add_uint(d, "p999_ns", rouse_histogram_percentile(h, 0.999));
	add_uint(d, "max_ns", rouse_histogram_percentile(h, 1.0));
	add_powers(h, d);
	return 0;
}

static int
wake(const char *cmd __rte_unused, const char *params, struct rte_tel_data *d)
{
	return answer_of_worker(params, d, answer_wake);
}

/* ---- attention ---- */

static const char *
state_name(enum rouse_attn_state state)
{
	switch (state) {
	case ROUSE_ATTN_POLL:
		return "poll";
	case ROUSE_ATTN_ATTEND:
		return "attend";
	case ROUSE_ATTN_PARK:
		return "park";
	}
	return "?";
}

static void
add_hex(struct rte_tel_data *d, const char *name, uint64_t value)
{
	char text[32];

	snprintf(text, sizeof(text), "0x%016" PRIx64, value);
	rte_tel_data_add_dict_string(d, name, text);
}

static void
add_bit(const struct rouse_worker_attention_bit *b, unsigned int bit, struct rte_tel_data *d)
{
	struct rte_tel_data *of_bit = rte_tel_data_alloc();
	char name[16];

	if (of_bit == NULL)
		return;
	snprintf(name, sizeof(name), "bit_%u", bit);
	rte_tel_data_start_dict(of_bit);
	rte_tel_data_add_dict_string(of_bit, "means", b->name);
	add_hex(of_bit, "detail", b->detail);
	rte_tel_data_add_dict_container(d, name, of_bit, 0);
}

static int
answer_attn(const struct crew_member *m, struct rte_tel_data *d)
{
	struct rouse_worker_attention_state a;
	struct rouse_worker_attention_bit b;

	rouse_worker_attention_get(m->worker, &a);
	rte_tel_data_start_dict(d);
	rte_tel_data_add_dict_string(d, "state", state_name(a.state));
	add_hex(d, "word", a.word);
	rte_tel_data_add_dict_int(d, "doorbell", a.doorbell);
	add_uint(d, "sources", a.nb_sources);
	add_uint(d, "bits_used", a.nb_used);
	add_uint(d, "bits_reserved", a.nb_reserved);
	add_uint(d, "bits_free", a.nb_free);
	for (unsigned int bit = 0; bit < ROUSE_ATTN_BITS; bit++)
		if (rouse_worker_attention_bit_get(m->worker, bit, &b) > 0)
			add_bit(&b, bit, d);
	return 0;
}

static int
attn(const char *cmd __rte_unused, const char *params, struct rte_tel_data *d)
{
	return answer_of_worker(params, d, answer_attn);
}

/* ---- vectors ---- */

static void
add_row(const struct vector_row *row, struct rte_tel_data *d)
{
	struct rte_tel_data *of_queue = rte_tel_data_alloc();
	char name[16];

	if (of_queue == NULL)
		return;
	snprintf(name, sizeof(name), "queue_%u", row->queue);
	rte_tel_data_start_dict(of_queue);
	if (row->vector >= 0) {
		rte_tel_data_add_dict_int(of_queue, "vector", row->vector);
		add_uint(of_queue, "messages", row->messages);
		add_uint(of_queue, "doorbells", row->doorbells);
	}
	rte_tel_data_add_dict_string(of_queue, "kind", collect_kind_name(row->kind));
	add_uint(of_queue, "lcore", row->lcore);
	rte_tel_data_add_dict_int(of_queue, "fd", row->fd);
	add_uint(of_queue, "arms", row->arms);
	add_uint(of_queue, "wakes", row->wakes);
	rte_tel_data_add_dict_container(d, name, of_queue, 0);
}

static int
vector(const char *cmd __rte_unused, const char *params, struct rte_tel_data *d)
{
	struct vector_row rows[APP_MAX_QUEUES];
	unsigned int port;
	uint32_t nb = 0;

	if (!parse_number(params, &port) || !rte_eth_dev_is_valid_port((uint16_t)port))
		return -EINVAL;
	pthread_mutex_lock(&lock);
	if (crew != NULL)
		nb = vectors_collect(crew, (uint16_t)port, rows);
	pthread_mutex_unlock(&lock);
	rte_tel_data_start_dict(d);
	for (uint32_t i = 0; i < nb; i++)
		add_row(&rows[i], d);
	return 0;
}

/* One list: command, function, help. */
#define COMMANDS(X)                                                                                \
	X("/rouse/worker/list", worker_list, "Lcores that have a worker. Takes no parameters")     \
	X("/rouse/worker/stats", worker_stats, "A worker's counters. Parameter: lcore")            \
	X("/rouse/wake", wake, "A worker's wake latencies. Parameter: lcore")                      \
	X("/rouse/vector", vector, "Who is woken by which vector. Parameter: port")                \
	X("/rouse/attn", attn, "A worker's attention word. Parameter: lcore")

/* The workers may be asked after from here on. 0, or -errno after a complaint */
int
telemetry_open(const struct crew *workers)
{
	int ret = 0;

	if (!is_registered) {
#define X(command, fn, help)                                                                       \
	if (ret == 0)                                                                              \
		ret = rte_telemetry_register_cmd(command, fn, help);
		COMMANDS(X)
#undef X
		if (ret != 0)
			COMPLAIN("telemetry: commands cannot be added: %s", strerror(-ret));
		is_registered = ret == 0;
	}
	pthread_mutex_lock(&lock);
	crew = workers;
	pthread_mutex_unlock(&lock);
	return ret;
}

/* Before they are destroyed: when it returns, nobody looks at them. */
void
telemetry_close(void)
{
	pthread_mutex_lock(&lock);
	crew = NULL;
	pthread_mutex_unlock(&lock);
}
