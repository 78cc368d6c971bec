/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* The device's arguments: -a 0000:01:00.0,vectors=4,... */

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_kvargs.h>

#include "igb.h"

struct parse {
	const char *name; /* of the device, for messages */
	struct igb_args *args;
	const struct key *key; /* that is looked for */
};

/* One list: key, the least and the greatest number. */
static const struct key {
	const char *name;
	uint32_t min, max;
} keys[] = {
	{ "queues", 1, IGB_MAX_QUEUES },
	{ "vectors", 1, IGB_MAX_VECTORS - 1 },
	{ "lcore_vectors", 1, IGB_MAX_VECTORS - 1 },
	{ "doorbell", 0, 1 },
	{ "moderation_us", 0, IGB_EITR_MAX_US },
	{ "nvm_check", 0, 1 },
};

static void
take(struct igb_args *args, const char *key, uint32_t value)
{
	if (strcmp(key, "queues") == 0)
		args->nb_queues = (uint16_t)value;
	else if (strcmp(key, "vectors") == 0)
		args->nb_vectors = (uint16_t)value;
	else if (strcmp(key, "lcore_vectors") == 0)
		args->per_owner = (uint16_t)value;
	else if (strcmp(key, "doorbell") == 0)
		args->doorbell = value != 0;
	else if (strcmp(key, "moderation_us") == 0)
		args->moderation_us = value;
	else
		args->nvm_check = value != 0;
}

static int
parse_one(const char *key, const char *value, void *arg)
{
	const struct parse *p = arg;
	const char *digits = value == NULL ? "" : value; /* a key alone */
	unsigned long number;
	char *end;

	errno = 0;
	number = strtoul(digits, &end, 10);
	if (!isdigit((unsigned char)digits[0]) || *end != '\0' || errno != 0 ||
	    number < p->key->min || number > p->key->max) {
		IGB_LOG(ERR, "%s: %s=%s: give a number from %u to %u", p->name, key, digits,
			p->key->min, p->key->max);
		return -EINVAL;
	}
	take(p->args, key, (uint32_t)number);
	return 0;
}

/* 0; -EINVAL, after one line; -ENOMEM */
int
igb_args_parse(const char *name, const struct rte_devargs *devargs, struct igb_args *args)
{
	const char *known[RTE_DIM(keys) + 1] = { NULL };
	struct parse p = { .name = name, .args = args };
	struct rte_kvargs *pairs;
	int ret = 0;

	*args = (struct igb_args){ .nb_queues = IGB_MAX_QUEUES, .per_owner = 1, .nvm_check = true };
	if (devargs == NULL || devargs->args == NULL || devargs->args[0] == '\0')
		return 0;
	for (size_t i = 0; i < RTE_DIM(keys); i++)
		known[i] = keys[i].name;
	pairs = rte_kvargs_parse(devargs->args, known);
	if (pairs == NULL) {
		IGB_LOG(ERR,
			"%s: %s: give queues=N, vectors=N, lcore_vectors=N, doorbell=0|1, "
			"moderation_us=N, nvm_check=0|1",
			name, devargs->args);
		return -EINVAL;
	}
	for (size_t i = 0; i < RTE_DIM(keys) && ret == 0; i++) {
		p.key = &keys[i];
		ret = rte_kvargs_process(pairs, keys[i].name, parse_one, &p);
	}
	rte_kvargs_free(pairs);
	return ret == 0 ? 0 : -EINVAL;
}
