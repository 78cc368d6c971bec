/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* Commands about RSS: the redirection table and the key; testpmd's wording. */

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "prompt.h"

#define MAX_GROUPS  (RTE_ETH_RSS_RETA_SIZE_512 / RTE_ETH_RETA_GROUP_SIZE)
#define MAX_KEY	    64
#define LINE_LENGTH 64

/* One list: testpmd's name, what is hashed; groups first. */
static const struct type {
	const char *name;
	uint64_t types;
} types[] = {
	{ "ip", RTE_ETH_RSS_IP },
	{ "udp", RTE_ETH_RSS_UDP },
	{ "tcp", RTE_ETH_RSS_TCP },
	{ "sctp", RTE_ETH_RSS_SCTP },
	{ "ipv4", RTE_ETH_RSS_IPV4 },
	{ "ipv4-frag", RTE_ETH_RSS_FRAG_IPV4 },
	{ "ipv4-tcp", RTE_ETH_RSS_NONFRAG_IPV4_TCP },
	{ "ipv4-udp", RTE_ETH_RSS_NONFRAG_IPV4_UDP },
	{ "ipv4-sctp", RTE_ETH_RSS_NONFRAG_IPV4_SCTP },
	{ "ipv4-other", RTE_ETH_RSS_NONFRAG_IPV4_OTHER },
	{ "ipv6", RTE_ETH_RSS_IPV6 },
	{ "ipv6-frag", RTE_ETH_RSS_FRAG_IPV6 },
	{ "ipv6-tcp", RTE_ETH_RSS_NONFRAG_IPV6_TCP },
	{ "ipv6-udp", RTE_ETH_RSS_NONFRAG_IPV6_UDP },
	{ "ipv6-sctp", RTE_ETH_RSS_NONFRAG_IPV6_SCTP },
	{ "ipv6-other", RTE_ETH_RSS_NONFRAG_IPV6_OTHER },
	{ "ipv6-ex", RTE_ETH_RSS_IPV6_EX },
	{ "ipv6-tcp-ex", RTE_ETH_RSS_IPV6_TCP_EX },
	{ "ipv6-udp-ex", RTE_ETH_RSS_IPV6_UDP_EX },
};

/* ---- the redirection table ---- */

/* A mask for each 64 entries, "(0xff,0x1)". */
static bool
parse_masks(const char *text, uint16_t nb_groups, struct rte_eth_rss_reta_entry64 *conf)
{
	const char *at = text;
	char *end;

	for (uint16_t i = 0; i < nb_groups; i++) {
		if (*at != (i == 0 ? '(' : ',') || !isdigit((unsigned char)at[1]))
			return false;
		conf[i].mask = strtoull(at + 1, &end, 0);
		at = end;
	}
	return strcmp(at, ")") == 0;
}

void
cmd_show_reta(struct control *c __rte_unused, const struct command_line *line)
{
	struct rte_eth_rss_reta_entry64 conf[MAX_GROUPS] = { 0 };
	uint16_t port = (uint16_t)line->words[2].n;
	uint32_t size = line->words[5].n;
	struct rte_eth_dev_info info;
	uint16_t nb_groups;
	int ret;

	if (rte_eth_dev_info_get(port, &info) != 0 || size == 0 || size > info.reta_size ||
	    size > RTE_ETH_RSS_RETA_SIZE_512) {
		REFUSE("Invalid redirection table size: %u (1-%u)", size, info.reta_size);
		return;
	}
	nb_groups = (uint16_t)((size + RTE_ETH_RETA_GROUP_SIZE - 1) / RTE_ETH_RETA_GROUP_SIZE);
	if (!parse_masks(line->words[6].word, nb_groups, conf)) {
		REFUSE("\"%s\": expected %u masks, such as (0xff)", line->words[6].word, nb_groups);
		return;
	}
	ret = rte_eth_dev_rss_reta_query(port, conf, (uint16_t)size);
	if (ret != 0) {
		REFUSE("Failed to get RSS RETA info, return code = %d", ret);
		return;
	}
	for (uint32_t i = 0; i < size; i++)
		if ((conf[i / RTE_ETH_RETA_GROUP_SIZE].mask >> i % RTE_ETH_RETA_GROUP_SIZE & 1) !=
		    0)
			printf("RSS RETA configuration: hash index=%u, queue=%u\n", i,
			       conf[i / RTE_ETH_RETA_GROUP_SIZE].reta[i % RTE_ETH_RETA_GROUP_SIZE]);
}

/* A number up to max behind `before`; where it ends, NULL: it is none. */
static const char *
parse_number(const char *at, char before, unsigned long max, unsigned int *n)
{
	unsigned long value;
	char *end;

	if (*at != before || !isdigit((unsigned char)at[1]))
		return NULL;
	value = strtoul(at + 1, &end, 10); /* ULONG_MAX: it is too large */
	*n = (unsigned int)value;
	return value <= max ? end : NULL;
}

/* "(hash,queue)[,(hash,queue)]..." */
static bool
parse_entries(const char *text, uint32_t size, struct rte_eth_rss_reta_entry64 *conf)
{
	unsigned int hash, queue;

	for (const char *at = text;; at++) {
		at = parse_number(at, '(', size - 1, &hash);
		if (at != NULL)
			at = parse_number(at, ',', UINT16_MAX, &queue);
		if (at == NULL || *at++ != ')')
			return false;
		conf[hash / RTE_ETH_RETA_GROUP_SIZE].mask |= UINT64_C(1)
							     << hash % RTE_ETH_RETA_GROUP_SIZE;
		conf[hash / RTE_ETH_RETA_GROUP_SIZE].reta[hash % RTE_ETH_RETA_GROUP_SIZE] =
			(uint16_t)queue;
		if (*at == '\0')
			return true;
		if (*at != ',')
			return false;
	}
}

void
cmd_set_reta(struct control *c __rte_unused, const struct command_line *line)
{
	struct rte_eth_rss_reta_entry64 conf[MAX_GROUPS] = { 0 };
	uint16_t port = (uint16_t)line->words[2].n;
	struct rte_eth_dev_info info = { 0 };
	int ret;

	if (rte_eth_dev_info_get(port, &info) != 0 || info.reta_size == 0 ||
	    info.reta_size > RTE_ETH_RSS_RETA_SIZE_512) {
		REFUSE("port %u has no redirection table", port);
		return;
	}
	if (!parse_entries(line->words[5].word, info.reta_size, conf)) {
		REFUSE("\"%s\": expected (hash,queue)[,(hash,queue)], hash below %u",
		       line->words[5].word, info.reta_size);
		return;
	}
	log_mark();
	ret = rouse_worker_reta_update(port, conf, info.reta_size);
	if (ret != 0)
		log_complain("port %u: the table cannot be set: %s; its queues are below %u", port,
			     strerror(-ret), info.nb_rx_queues);
}

/* ---- what is hashed, by which key ---- */

static void
show_types(uint64_t what)
{
	size_t len = 0;

	printf("RSS functions:\n");
	for (size_t i = 0; i < RTE_DIM(types); i++) {
		size_t n = strlen(types[i].name) + 2;

		if ((what & types[i].types) != types[i].types)
			continue;
		if (len + n > LINE_LENGTH) {
			printf("\n");
			len = 0;
		}
		printf("  %s", types[i].name);
		len += n;
	}
	printf("\n");
}

/* One by one, in the order of their bits. */
void
rss_show_offloads(uint64_t what)
{
	size_t len = 0;

	printf("Supported RSS offload flow types:\n");
	for (uint64_t rest = what; rest != 0; rest &= rest - 1) {
		unsigned int bit = (unsigned int)__builtin_ctzll(rest);
		char name[24];

		snprintf(name, sizeof(name), "user-defined-%u", bit);
		for (size_t i = 0; i < RTE_DIM(types); i++)
			if (types[i].types == UINT64_C(1) << bit)
				snprintf(name, sizeof(name), "%s", types[i].name);
		if (len + strlen(name) + 2 >= LINE_LENGTH) {
			printf("\n");
			len = 0;
		}
		len += (size_t)printf("  %s", name);
	}
	printf("\n");
}

void
cmd_show_rss(struct control *c __rte_unused, const struct command_line *line)
{
	uint16_t port = (uint16_t)line->words[2].n;
	uint8_t key[MAX_KEY];
	struct rte_eth_rss_conf conf = { .rss_key = key };
	struct rte_eth_dev_info info;
	int ret;

	if (rte_eth_dev_info_get(port, &info) != 0 || info.hash_key_size == 0 ||
	    info.hash_key_size > MAX_KEY) {
		REFUSE("port %u has no RSS key", port);
		return;
	}
	conf.rss_key_len = info.hash_key_size;
	ret = rte_eth_dev_rss_hash_conf_get(port, &conf);
	if (ret != 0) {
		REFUSE("port %u: RSS cannot be read: %s", port, strerror(-ret));
		return;
	}
	if (conf.rss_hf == 0) {
		printf("RSS disabled\n");
		return;
	}
	show_types(conf.rss_hf);
	if (line->nb < 5)
		return;
	printf("RSS key:\n");
	for (unsigned int i = 0; i < info.hash_key_size; i++)
		printf("%02X", key[i]);
	printf("\n");
}

static bool
parse_key(const char *text, uint8_t size, uint8_t *key)
{
	unsigned int byte;

	if (strlen(text) != 2u * size || strspn(text, "0123456789abcdefABCDEF") != 2u * size)
		return false;
	for (unsigned int i = 0; i < size; i++) {
		if (sscanf(text + (size_t)2 * i, "%2x", &byte) != 1)
			return false;
		key[i] = (uint8_t)byte;
	}
	return true;
}

void
cmd_set_key(struct control *c __rte_unused, const struct command_line *line)
{
	uint16_t port = (uint16_t)line->words[2].n;
	uint8_t key[MAX_KEY];
	struct rte_eth_rss_conf conf = { .rss_key = key };
	struct rte_eth_dev_info info = { 0 };
	int ret;

	for (size_t i = 0; i < RTE_DIM(types); i++)
		if (strcmp(types[i].name, line->words[4].word) == 0)
			conf.rss_hf = types[i].types;
	if (conf.rss_hf == 0) {
		REFUSE("\"%s\": expected what is hashed, such as ip or ipv4-udp",
		       line->words[4].word);
		return;
	}
	if (rte_eth_dev_info_get(port, &info) != 0 || info.hash_key_size == 0 ||
	    info.hash_key_size > MAX_KEY) {
		REFUSE("port %u has no RSS key", port);
		return;
	}
	if (!parse_key(line->words[5].word, info.hash_key_size, key)) {
		REFUSE("\"%s\": expected %u hex digits", line->words[5].word,
		       2 * info.hash_key_size);
		return;
	}
	conf.rss_key_len = info.hash_key_size;
	ret = rte_eth_dev_rss_hash_update(port, &conf);
	if (ret != 0)
		log_complain("port %u: the key cannot be set: %s", port, strerror(-ret));
}
