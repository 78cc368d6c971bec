/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#include <errno.h>
#include <stddef.h>

#include "igb_family.h"

const struct igb_family igb_82576 = {
	.name = "82576",
	.max_queues = 16,
	.max_vectors = 25,
	.nb_addrs = 24,
	.ivar = IGB_IVAR_BY_EIGHT,
	.has_nvm = true,
	.has_lbm = true,
};

const struct igb_family igb_82580 = {
	.name = "82580",
	.max_queues = 8,
	.max_vectors = 10,
	.nb_addrs = 24,
	.ivar = IGB_IVAR_BY_PAIRS,
	.has_nvm = true,
	.has_phpm = true,
};

const struct igb_family igb_i350 = {
	.name = "I350",
	.max_queues = 8,
	.max_vectors = 25,
	.nb_addrs = 32,
	.ivar = IGB_IVAR_BY_PAIRS,
	.has_nvm = true,
	.has_phpm = true,
	.has_dvmolr = true,
};

const struct igb_family igb_i210 = {
	.name = "I210",
	.max_queues = 4,
	.max_vectors = 5,
	.nb_addrs = 16,
	.ivar = IGB_IVAR_BY_PAIRS,
	.has_nvm = true,
	.has_flash = true,
	.has_phpm = true,
	.has_dvmolr = true,
	.keeps_rqdpc = true,
};

const struct igb_family igb_i211 = {
	.name = "I211",
	.max_queues = 2,
	.max_vectors = 5,
	.nb_addrs = 16,
	.ivar = IGB_IVAR_BY_PAIRS,
	.has_phpm = true,
	.has_dvmolr = true,
	.keeps_rqdpc = true,
};

static const struct {
	uint16_t id;
	const struct igb_family *family;
	const char *medium; /* NULL: copper */
} devices[] = {
#define X(device, of, what) { device, of, what },
	IGB_DEVICES(X)
#undef X
};

int
igb_family_find(uint16_t device_id, const struct igb_family **family, const char **medium)
{
	for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++) {
		if (devices[i].id != device_id)
			continue;
		*family = devices[i].family;
		*medium = devices[i].medium;
		return *medium == NULL ? 0 : -ENOTSUP;
	}
	return -ENODEV;
}

struct igb_ivar_slot
igb_ivar_slot(const struct igb_family *family, uint16_t queue, bool is_tx)
{
	struct igb_ivar_slot slot = { .shift = is_tx ? 8 : 0 };

	if (family->ivar == IGB_IVAR_BY_EIGHT) {
		slot.index = queue & 7;
		slot.shift += (queue & 8) != 0 ? 16 : 0;
	} else {
		slot.index = queue >> 1;
		slot.shift += (queue & 1) != 0 ? 16 : 0;
	}
	return slot;
}
