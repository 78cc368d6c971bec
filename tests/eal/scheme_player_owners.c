/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * The player's operations on owners: fakes, whose attention words are read only where an operation
 * says so.
 */

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/eventfd.h>

#include "scheme_player.h"

static struct {
	const char *name;
	uint8_t device; /* the bit of its attention word that it gives to the port */
	struct rouse_attn attn;
} owners[] = { { .name = "one", .device = 5 }, { .name = "two", .device = 38 } };

int
player_owners_init(void)
{
	int ret = 0;

	for (unsigned int i = 0; i < RTE_DIM(owners) && ret == 0; i++)
		ret = rouse_attn_init(&owners[i].attn);
	return ret;
}

static unsigned int
owner_of(const char *name)
{
	for (unsigned int i = 0; i < RTE_DIM(owners); i++)
		if (strcmp(owners[i].name, name) == 0)
			return i;
	player_die("there is no owner %s", name);
	return 0;
}

/* bind OWNER QUEUE: log what the driver says. */
void
player_bind(char **words)
{
	unsigned int i = owner_of(words[0]);
	const struct rouse_attn_owner to = { .attn = &owners[i].attn, .device = owners[i].device };
	uint64_t rings = 0;
	int ret = player_port.registered.ops->bind(player_port.registered.ctx,
						   player_number(words[1]), &to, &rings);

	fprintf(player_log, "%d %" PRIx64 "\n", ret, ret == 0 ? rings : 0);
}

void
player_unbind(char **words __rte_unused)
{
	for (uint16_t q = 0; q < player_port.nb_queues; q++) {
		int ret = player_port.registered.ops->unbind(player_port.registered.ctx, q);

		if (ret != -ENOENT)
			player_must(ret);
	}
}

/* owner OWNER STATE: the wire is still. */
void
player_owner(char **words)
{
	struct rouse_attn *attn = &owners[owner_of(words[0])].attn;

	if (strcmp(words[1], "poll") == 0)
		rouse_attn_poll(attn);
	else if (strcmp(words[1], "attend") == 0)
		rouse_attn_attend(attn);
	else
		rouse_attn_park(attn);
}

/* take OWNER: the messages as they arrived. Log how often its doorbell was rung, then for each bit
 * of its attention word that bit and the detail word. The wire is still. */
void
player_take(char **words)
{
	struct rouse_attn *attn = &owners[owner_of(words[0])].attn;
	uint64_t bits = rouse_attn_take(attn);
	eventfd_t rung = 0;

	if (eventfd_read(attn->doorbell, &rung) != 0)
		rung = 0;
	fprintf(player_log, "%" PRIu64, rung);
	for (unsigned int device = 0; device < ROUSE_ATTN_BITS; device++) {
		uint64_t detail = rouse_attn_take_detail(attn, device);

		if ((bits >> device & 1) != 0)
			fprintf(player_log, " %u:%" PRIx64, device, detail);
		else if (detail != 0)
			player_die("detail bits of device %u without its bit", device);
	}
	fputc('\n', player_log);
}

/* moderate VECTOR: by an interval that does not end. rouse_evnic.h has none that is so long that
 * the clock had no say. */
void
player_moderate(char **words)
{
	struct evnic_port *p = rte_eth_devices[player_port.id].data->dev_private;

	atomic_store(&p->vectors[player_number(words[0])].interval_tsc, UINT64_C(1) << 60);
	player_settle();
}

/* release VECTOR: it has no interval. */
void
player_release(char **words)
{
	player_must(rouse_evnic_vector_interval_set(player_port.id, player_number(words[0]), 0));
}

void
player_mask(char **words)
{
	player_must(rouse_evnic_vector_mask(player_port.id, player_number(words[0]), true));
}

void
player_unmask(char **words)
{
	player_must(rouse_evnic_vector_mask(player_port.id, player_number(words[0]), false));
}
