/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * docs/nics/features/evnic.ini claims nothing that is not so: each row with a Y (or a P: in part)
 * has an entry here, each entry a row; the ops of an entry are set, and its function uses them on a
 * port, after every stop of which the mempool is whole.
 */

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ethdev_driver.h>
#include <rte_bus_vdev.h>
#include <rte_eal.h>

#include "exercises.h"
#include "port_rig.h"

#define MAX_ROWS 128
#define MAX_NAME 64
#define MAX_OPS	 6
#define NB_TESTS 3 /* beside one a row */

/* ---- rows without ops ---- */

static void
exercise_linux(void)
{
#ifndef RTE_EXEC_ENV_LINUX
	fail_msg("this is not Linux");
#endif
}

static void
exercise_x86_64(void)
{
#ifndef RTE_ARCH_X86_64
	skip();
#endif
}

static char *
read_file(const char *name)
{
	char path[512], *text = NULL;
	size_t room = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", getenv("ROUSE_DOCS"), name);
	f = fopen(path, "r");
	if (f == NULL)
		fail_msg("%s cannot be read", path);
	assert_true(getdelim(&text, &room, '\0', f) > 0);
	fclose(f);
	return text;
}

/* The arguments that the driver knows, as it says itself when it is given another: each is there,
 * and in that order. */
static void
exercise_usage_doc(void)
{
	char *text = read_file("nics/evnic.rst"), *said, *rest, *word;
	const char *at = strstr(text, "Runtime Config Options");
	unsigned int nb = 0;

	assert_non_null(at);
	assert_non_null(strstr(text, "dpdk-testpmd"));
	rig_log_begin();
	assert_int_not_equal(rte_vdev_init("net_evnic_doc", "nonsense=1"), 0);
	said = rig_log_take();
	rest = strstr(said, "there are ");
	assert_non_null(rest);
	rest += strlen("there are ");
	rest[strcspn(rest, "\n")] = '\0';
	while ((word = strsep(&rest, ", ")) != NULL) {
		char option[MAX_NAME];

		if (word[0] == '\0')
			continue;
		snprintf(option, sizeof(option), "``%s``", word);
		at = strstr(at, option);
		if (at == NULL)
			fail_msg("evnic.rst does not say in its place what %s is", word);
		nb++;
	}
	assert_true(nb > 10);
	free(said);
	free(text);
}

/* ---- the table ---- */

#define OP(name) (offsetof(struct eth_dev_ops, name) + 1) /* 0: no more */

static const struct row {
	const char *name;
	void (*exercise)(void);
	size_t ops[MAX_OPS];
} rows[] = {
	{ "Speed capabilities", exercise_speed_capabilities, { OP(dev_infos_get) } },
	{ "Link status",
	  exercise_link_status,
	  { OP(link_update), OP(dev_set_link_up), OP(dev_set_link_down) } },
	{ "Link status event", exercise_link_status_event, { OP(link_update) } },
	{ "Rx interrupt",
	  exercise_rx_interrupt,
	  { OP(rx_queue_intr_enable), OP(rx_queue_intr_disable) } },
	{ "Fast mbuf free", exercise_fast_mbuf_free, { OP(tx_queue_setup) } },
	{ "Free Tx mbuf on demand", exercise_free_tx_mbuf_on_demand, { OP(tx_done_cleanup) } },
	{ "Queue start/stop",
	  exercise_queue_start_stop,
	  { OP(rx_queue_start), OP(rx_queue_stop), OP(tx_queue_start), OP(tx_queue_stop) } },
	{ "Burst mode info",
	  exercise_burst_mode_info,
	  { OP(rx_burst_mode_get), OP(tx_burst_mode_get) } },
	{ "MTU update", exercise_mtu_update, { OP(mtu_set) } },
	{ "Scattered Rx", exercise_scattered_rx, { OP(rx_queue_setup), OP(rxq_info_get) } },
	{ "Promiscuous mode",
	  exercise_promiscuous_mode,
	  { OP(promiscuous_enable), OP(promiscuous_disable) } },
	{ "Allmulticast mode",
	  exercise_allmulticast_mode,
	  { OP(allmulticast_enable), OP(allmulticast_disable) } },
	{ "Unicast MAC filter",
	  exercise_unicast_mac_filter,
	  { OP(mac_addr_add), OP(mac_addr_remove), OP(mac_addr_set) } },
	{ "Multicast MAC filter", exercise_multicast_mac_filter, { OP(set_mc_addr_list) } },
	{ "RSS hash", exercise_rss_hash, { OP(rss_hash_update), OP(rss_hash_conf_get) } },
	{ "RSS key update",
	  exercise_rss_key_update,
	  { OP(rss_hash_update), OP(rss_hash_conf_get) } },
	{ "RSS reta update", exercise_rss_reta_update, { OP(reta_update), OP(reta_query) } },
	{ "L3 checksum offload", exercise_l3_checksum, { OP(dev_infos_get) } },
	{ "L4 checksum offload", exercise_l4_checksum, { OP(dev_infos_get) } },
	{ "Packet type parsing", exercise_packet_type_parsing, { OP(dev_supported_ptypes_get) } },
	{ "Rx descriptor status", exercise_rx_descriptor_status, { 0 } }, /* not in the table */
	{ "Tx descriptor status", exercise_tx_descriptor_status, { 0 } },
	{ "Basic stats", exercise_basic_stats, { OP(stats_get), OP(stats_reset) } },
	{ "Extended stats",
	  exercise_extended_stats,
	  { OP(xstats_get), OP(xstats_get_names), OP(xstats_reset) } },
	{ "Stats per queue", exercise_stats_per_queue, { OP(stats_get) } },
	{ "Registers dump", exercise_registers_dump, { OP(get_reg) } },
	{ "Linux", exercise_linux, { 0 } },
	{ "x86-64", exercise_x86_64, { 0 } },
	{ "Usage doc", exercise_usage_doc, { 0 } },
};

/* ---- the file against the table ---- */

struct claims {
	char names[MAX_ROWS][MAX_NAME];
	unsigned int nb;
};

/* Of a line "NAME = VALUE", with blanks or without; a value is Y, or P: in part. */
static void
parse_claims(struct claims *c, char *text)
{
	char *line;

	c->nb = 0;
	while ((line = strsep(&text, "\n")) != NULL) {
		char *value = strchr(line, '=');
		size_t len;

		if (value == NULL || line[0] == ';')
			continue;
		for (len = (size_t)(value - line); len > 0 && isspace(line[len - 1]); len--)
			;
		value += 1 + strspn(value + 1, " \t");
		value[strcspn(value, " \t")] = '\0';
		if (strcmp(value, "Y") != 0 && strcmp(value, "P") != 0)
			fail_msg("evnic.ini says \"%s\" of a feature, which is neither Y nor P",
				 value);
		assert_true(c->nb < MAX_ROWS && len < MAX_NAME);
		memcpy(c->names[c->nb], line, len);
		c->names[c->nb++][len] = '\0';
	}
}

static void
read_claims(struct claims *c)
{
	char *text = read_file("nics/features/evnic.ini");

	parse_claims(c, text);
	free(text);
}

static void
a_claim_is_one_however_it_is_written(void **state __rte_unused)
{
	char text[] = "; No = Y\n[Features]\nOne = Y\nTwo=Y\nThree words\t=  P \n\nFour   =Y";
	static const char *const names[] = { "One", "Two", "Three words", "Four" };
	struct claims claims;

	parse_claims(&claims, text);
	assert_int_equal(claims.nb, UNIT_DIM(names));
	for (unsigned int i = 0; i < claims.nb; i++)
		assert_string_equal(claims.names[i], names[i]);
}

static const struct row *
row_of(const char *name)
{
	for (size_t i = 0; i < UNIT_DIM(rows); i++)
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	return NULL;
}

static void
every_claim_has_an_entry_and_every_entry_a_claim(void **state __rte_unused)
{
	struct claims claims;
	unsigned int nb_found = 0;

	read_claims(&claims);
	for (unsigned int i = 0; i < claims.nb; i++) {
		if (row_of(claims.names[i]) == NULL)
			fail_msg("evnic.ini claims \"%s\", and nothing exercises it",
				 claims.names[i]);
		nb_found++;
	}
	/* names are unique in both: as many claims as entries means that each entry has one */
	for (unsigned int i = 0; i < claims.nb; i++)
		for (unsigned int k = 0; k < i; k++)
			assert_string_not_equal(claims.names[i], claims.names[k]);
	for (size_t i = 0; i < UNIT_DIM(rows); i++) {
		bool is_claimed = false;

		for (unsigned int k = 0; k < claims.nb; k++)
			is_claimed |= strcmp(rows[i].name, claims.names[k]) == 0;
		if (!is_claimed)
			fail_msg("\"%s\" is exercised, and evnic.ini does not claim it",
				 rows[i].name);
	}
	assert_int_equal(nb_found, UNIT_DIM(rows));
}

static void
the_ops_of_every_row_are_set(void **state __rte_unused)
{
	const struct rte_eth_dev *dev;
	struct rig r;

	rig_begin(&r);
	rig_add_flow(&r, 1);
	rig_open(&r, &(struct rig_setup){ .args = "", .nb_rxq = 1, .nb_txq = 1 });
	dev = &rte_eth_devices[r.port];
	for (size_t i = 0; i < UNIT_DIM(rows); i++)
		for (size_t k = 0; k < MAX_OPS && rows[i].ops[k] != 0; k++) {
			const char *at = (const char *)dev->dev_ops + rows[i].ops[k] - 1;

			if (*(void *const *)(const void *)at == NULL)
				fail_msg("%s: op %zu is not set", rows[i].name, k);
		}
	assert_non_null(dev->rx_descriptor_status);
	assert_non_null(dev->tx_descriptor_status);
	assert_non_null(dev->rx_queue_count);
	assert_true(dev->data->dev_flags & RTE_ETH_DEV_INTR_LSC);
	rig_close(&r);
}

static void
exercise_row(void **state)
{
	const struct row *row = *state;

	row->exercise();
}

int
main(int argc __rte_unused, char **argv)
{
	struct CMUnitTest tests[UNIT_DIM(rows) + NB_TESTS] = {
		cmocka_unit_test(a_claim_is_one_however_it_is_written),
		cmocka_unit_test(every_claim_has_an_entry_and_every_entry_a_claim),
		cmocka_unit_test(the_ops_of_every_row_are_set),
	};
	int ret;

	for (size_t i = 0; i < UNIT_DIM(rows); i++)
		tests[i + NB_TESTS] = (struct CMUnitTest){
			.name = rows[i].name,
			.test_func = exercise_row,
			.initial_state = (void *)(uintptr_t)&rows[i],
		};
	if (rig_init(argv[0]) < 0)
		return 1;
	ret = UNIT_RUN(tests);
	rte_eal_cleanup();
	return ret;
}
