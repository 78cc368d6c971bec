/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * Devices, registers by number, and where a queue stands in IVAR: against what the datasheets'
 * tables say, written here as they have it.
 */

#include <errno.h>

#include <igb_family.h>
#include <igb_regs.h>

#include "unit.h"

static const struct igb_family *const families[] = { &igb_82576, &igb_82580, &igb_i350, &igb_i210,
						     &igb_i211 };

static void
copper_ports_are_driven_and_the_others_named(void **state)
{
	static const struct {
		uint16_t id;
		const struct igb_family *family;
		int ret;
	} cases[] = {
		{ 0x10c9, &igb_82576, 0 },	  { 0x10e8, &igb_82576, 0 },
		{ 0x150a, &igb_82576, 0 },	  { 0x1526, &igb_82576, 0 },
		{ 0x10e6, &igb_82576, -ENOTSUP }, { 0x10ca, &igb_82576, -ENOTSUP },
		{ 0x150e, &igb_82580, 0 },	  { 0x1510, &igb_82580, -ENOTSUP },
		{ 0x1521, &igb_i350, 0 },	  { 0x1520, &igb_i350, -ENOTSUP },
		{ 0x1533, &igb_i210, 0 },	  { 0x157b, &igb_i210, 0 },
		{ 0x1536, &igb_i210, -ENOTSUP },  { 0x1539, &igb_i211, 0 },
	};

	for (size_t i = 0; i < UNIT_DIM(cases); i++) {
		const struct igb_family *family = NULL;
		const char *medium = "";

		assert_int_equal(igb_family_find(cases[i].id, &family, &medium), cases[i].ret);
		assert_ptr_equal(family, cases[i].family);
		assert_true((medium == NULL) == (cases[i].ret == 0));
	}
}

static void
devices_of_other_families_are_refused(void **state)
{
	/* e1000e, ixgbe, a virtual function of ixgbe, none */
	static const uint16_t ids[] = { 0x10d3, 0x10fb, 0x10ed, 0x0000, 0xffff };
	const struct igb_family *family;
	const char *medium;

	for (size_t i = 0; i < UNIT_DIM(ids); i++)
		assert_int_equal(igb_family_find(ids[i], &family, &medium), -ENODEV);
}

static void
no_device_is_listed_twice(void **state)
{
	static const uint16_t ids[] = {
#define X(device, family, medium) device,
		IGB_DEVICES(X)
#undef X
	};

	for (size_t i = 0; i < UNIT_DIM(ids); i++)
		for (size_t k = 0; k < i; k++)
			assert_int_not_equal(ids[i], ids[k]);
}

static void
families_fit_into_what_the_driver_has(void **state)
{
	for (size_t i = 0; i < UNIT_DIM(families); i++) {
		assert_in_range(families[i]->max_queues, 1, IGB_MAX_QUEUES);
		assert_in_range(families[i]->max_vectors, 2, IGB_MAX_VECTORS);
	}
}

/* 82576, 8.8.13: IVAR[n] has, from bit 0 on, receive n, transmit n, receive n + 8, transmit n + 8.
 */
static void
ivar_of_the_82576_is_as_its_table_says(void **state)
{
	for (uint16_t n = 0; n < 8; n++) {
		const struct {
			uint16_t queue;
			bool is_tx;
		} bytes[4] = { { n, false }, { n, true }, { n + 8, false }, { n + 8, true } };

		for (uint16_t byte = 0; byte < 4; byte++) {
			struct igb_ivar_slot slot =
				igb_ivar_slot(&igb_82576, bytes[byte].queue, bytes[byte].is_tx);

			assert_int_equal(slot.index, n);
			assert_int_equal(slot.shift, 8 * byte);
		}
	}
}

/* 82580, I350, I210, I211: receive 2n, transmit 2n, receive 2n + 1, transmit 2n + 1. */
static void
ivar_of_the_others_is_as_their_table_says(void **state)
{
	for (size_t i = 1; i < UNIT_DIM(families); i++) {
		for (uint16_t n = 0; n < families[i]->max_queues / 2; n++) {
			const struct {
				uint16_t queue;
				bool is_tx;
			} bytes[4] = { { 2 * n, false },
				       { 2 * n, true },
				       { 2 * n + 1, false },
				       { 2 * n + 1, true } };

			for (uint16_t byte = 0; byte < 4; byte++) {
				struct igb_ivar_slot slot = igb_ivar_slot(
					families[i], bytes[byte].queue, bytes[byte].is_tx);

				assert_int_equal(slot.index, n);
				assert_int_equal(slot.shift, 8 * byte);
			}
		}
	}
}

static void
no_two_causes_share_an_entry(void **state)
{
	for (size_t i = 0; i < UNIT_DIM(families); i++) {
		bool taken[8][4] = { { false } };

		for (uint16_t n = 0; n < 2 * families[i]->max_queues; n++) {
			struct igb_ivar_slot slot = igb_ivar_slot(families[i], n / 2, n % 2 == 1);

			assert_in_range(slot.index, 0, 7);
			assert_in_range(slot.shift, 0, 24);
			assert_false(taken[slot.index][slot.shift / 8]);
			taken[slot.index][slot.shift / 8] = true;
		}
	}
}

/* As listed for a few queues in 8.10 and 8.12. */
static void
registers_of_queues_are_where_the_datasheet_has_them(void **state)
{
	assert_int_equal(igb_rx_reg(0, IGB_RDBAL), 0xc000);
	assert_int_equal(igb_rx_reg(0, IGB_RDT), 0xc018);
	assert_int_equal(igb_rx_reg(1, IGB_RXDCTL), 0xc068);
	assert_int_equal(igb_rx_reg(3, IGB_SRRCTL), 0xc0cc);
	assert_int_equal(igb_rx_reg(15, IGB_RDH), 0xc3d0);
	assert_int_equal(igb_rx_reg(15, IGB_RQDPC), 0xc3f0);
	assert_int_equal(igb_tx_reg(0, IGB_TDBAH), 0xe004);
	assert_int_equal(igb_tx_reg(4, IGB_TDT), 0xe118);
	assert_int_equal(igb_tx_reg(15, IGB_TXDCTL), 0xe3e8);
}

static void
addresses_beyond_sixteen_stand_elsewhere(void **state)
{
	assert_int_equal(igb_ral(0), 0x5400);
	assert_int_equal(igb_rah(15), 0x547c);
	assert_int_equal(igb_ral(16), 0x54e0);
	assert_int_equal(igb_rah(23), 0x551c);
}

/* 8.8.12: the interval is bits 14:2, in microseconds; bit 31 leaves the one that runs alone. */
static void
moderation_is_encoded_as_the_datasheet_has_it(void **state)
{
	assert_int_equal(igb_eitr_of_us(0), 0x80000000);
	assert_int_equal(igb_eitr_of_us(1), 0x80000004);
	assert_int_equal(igb_eitr_of_us(IGB_EITR_MAX_US), 0x80007ffc);
	for (uint32_t us = 0; us <= IGB_EITR_MAX_US; us++)
		assert_int_equal(igb_us_of_eitr(igb_eitr_of_us(us)), us);
}

/* Bits 47:36 of the address as it stands on the wire, the last octet being the highest. */
static void
multicast_addresses_hash_by_their_highest_bits(void **state)
{
	static const uint8_t all_hosts[6] = { 0x01, 0x00, 0x5e, 0x00, 0x00, 0x01 };
	static const uint8_t highest[6] = { 0x01, 0x00, 0x5e, 0x00, 0xf0, 0xff };
	static const uint8_t middle[6] = { 0x01, 0x00, 0x5e, 0x7f, 0x2f, 0xa5 };

	assert_int_equal(igb_mta_bit(all_hosts), 0x010);
	assert_int_equal(igb_mta_bit(highest), 0xfff);
	assert_int_equal(igb_mta_bit(middle), 0xa52);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(copper_ports_are_driven_and_the_others_named),
		cmocka_unit_test(devices_of_other_families_are_refused),
		cmocka_unit_test(no_device_is_listed_twice),
		cmocka_unit_test(families_fit_into_what_the_driver_has),
		cmocka_unit_test(ivar_of_the_82576_is_as_its_table_says),
		cmocka_unit_test(ivar_of_the_others_is_as_their_table_says),
		cmocka_unit_test(no_two_causes_share_an_entry),
		cmocka_unit_test(registers_of_queues_are_where_the_datasheet_has_them),
		cmocka_unit_test(addresses_beyond_sixteen_stand_elsewhere),
		cmocka_unit_test(moderation_is_encoded_as_the_datasheet_has_it),
		cmocka_unit_test(multicast_addresses_hash_by_their_highest_bits),
	};

	return UNIT_RUN(tests);
}
