/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * The device before it has queues: its reset, its NVM, its address. The steps are those of 4.5.3,
 * "Initialization Sequence"; which of them are left out, and why, stands where they would be.
 */

#include <errno.h>

#include <rte_cycles.h>

#include "igb.h"

#define RESET_MS  100
#define MASTER_MS 100
#define NVM_MS	  10

/* Wait until the bits of a register are as wanted. 0; -ETIMEDOUT */
int
igb_hw_poll(const struct igb_hw *hw, uint32_t reg, uint32_t mask, uint32_t wanted, uint32_t ms)
{
	uint64_t until = rte_get_timer_cycles() + rte_get_timer_hz() / 1000 * ms;
	bool is_late;

	do {
		is_late = rte_get_timer_cycles() > until;
		if ((igb_read(hw, reg) & mask) == wanted)
			return 0;
		rte_delay_us_sleep(10);
	} while (!is_late);
	return -ETIMEDOUT;
}

/* 4.5.4: no interrupt while the device is set up, and none from before. */
static void
mask_interrupts(const struct igb_hw *hw)
{
	igb_write(hw, IGB_EIMC, UINT32_MAX);
	igb_write(hw, IGB_IMC, UINT32_MAX);
	igb_write(hw, IGB_EICR, UINT32_MAX);
	igb_read(hw, IGB_ICR); /* clears it */
}

/* 5.2.3.3: requests to memory end before a reset, so that none is cut in two. */
static void
stop_requests(const struct igb_hw *hw)
{
	igb_write(hw, IGB_RCTL, 0);
	igb_write(hw, IGB_TCTL, IGB_TCTL_PSP);
	igb_flush(hw);
	igb_write(hw, IGB_CTRL, igb_read(hw, IGB_CTRL) | IGB_CTRL_NO_MASTER);
	/* a device that does not come to an end is reset all the same */
	if (igb_hw_poll(hw, IGB_STATUS, IGB_STATUS_MASTER, 0, MASTER_MS) != 0)
		IGB_LOG(WARNING, "%s: requests to memory are still under way; it is reset anyway",
			hw->name);
}

/* 4.2.1.6.1, software reset: the device reads its NVM anew; what the PHY negotiated stays. Some
 * emulations never say that they have read their NVM, so it is enough that the bit of the reset is
 * clear again. */
static int
reset(const struct igb_hw *hw)
{
	igb_write(hw, IGB_CTRL, igb_read(hw, IGB_CTRL) | IGB_CTRL_RST);
	rte_delay_us_sleep(1000); /* before the device may be spoken to */
	if (igb_hw_poll(hw, IGB_CTRL, IGB_CTRL_RST, 0, RESET_MS) != 0)
		return -ETIMEDOUT;
	igb_hw_poll(hw, IGB_EECD, IGB_EECD_AUTO_RD, IGB_EECD_AUTO_RD, NVM_MS);
	return 0;
}

/*
 * 4.5.3, up to the link. 0; -EIO: the device is gone, or stays in reset
 *
 *   1  disable interrupts                          4.5.4
 *   2  global reset and general configuration      4.5.5, 4.2.1.6.1
 *   3  disable interrupts again                    4.5.4
 *   -  set up flow control: by the start of the port, 4.5.6
 *   -  set up PHY and link: by the start of the port, 4.5.7
 *   -  initialise statistics: by the probe, which reads them and forgets what it read, 4.5.8
 *   -  initialise receive and transmit: by the start of the port, 4.5.9 and 4.5.10
 *   -  virtualization: not used, 4.5.11
 */
int
igb_hw_reset(const struct igb_hw *hw)
{
	uint32_t ext;

	if (igb_read(hw, IGB_STATUS) == UINT32_MAX) {
		IGB_LOG(ERR, "%s: the device does not answer; is it still plugged in?", hw->name);
		return -EIO;
	}
	mask_interrupts(hw);
	stop_requests(hw);
	if (reset(hw) != 0) {
		IGB_LOG(ERR,
			"%s: the device stays in reset; unbind and bind it again, or reset its slot",
			hw->name);
		return -EIO;
	}
	mask_interrupts(hw);
	/* 8.2.3: the firmware leaves the device to a driver; the internal PHY makes the link */
	ext = igb_read(hw, IGB_CTRL_EXT);
	igb_write(hw, IGB_CTRL_EXT, (ext & ~IGB_CTRL_EXT_LINK) | IGB_CTRL_EXT_LOADED);
	return 0;
}

/* ---- 8.4.2, the NVM by EERD ---- */

static bool
has_nvm(const struct igb_hw *hw)
{
	if (!hw->family->has_nvm)
		return false;
	return !hw->family->has_flash || (igb_read(hw, IGB_EECD) & IGB_EECD_FLASH_I210) != 0;
}

/* A word of the NVM, which the device reads by itself. Left out: the semaphore of SW_FW_SYNC (4.7),
 * which keeps drivers and firmware apart who use the NVM at the same time. The driver never writes
 * it, and reads it for the checksum of the probe and for the version of the firmware: a word that
 * came out wrong for that would have the device refused, or a version told wrongly. 0; -ENOTSUP:
 * there is none; -EIO: it does not answer */
int
igb_hw_read_nvm(const struct igb_hw *hw, uint16_t word, uint16_t *value)
{
	if (!has_nvm(hw))
		return -ENOTSUP;
	igb_write(hw, IGB_EERD, IGB_EERD_ADDR(word) | IGB_EERD_START);
	if (igb_hw_poll(hw, IGB_EERD, IGB_EERD_DONE, IGB_EERD_DONE, NVM_MS) != 0)
		return -EIO;
	*value = IGB_EERD_DATA(igb_read(hw, IGB_EERD));
	return 0;
}

/* 6.2: the words up to the checksum add up. Left out: the sections of the further ports of an 82580
 * or I350, each with a sum of its own; what the driver reads beside its checksum is in the first.
 * 0, also without an NVM; -EIO: it does not answer; -EBADMSG: they do not */
int
igb_hw_check_nvm(const struct igb_hw *hw)
{
	uint16_t sum = 0, value;

	for (uint16_t word = 0; word <= IGB_NVM_CHECKSUM; word++) {
		int ret = igb_hw_read_nvm(hw, word, &value);

		if (ret != 0)
			return ret == -ENOTSUP ? 0 : ret;
		sum = (uint16_t)(sum + value);
	}
	return sum == IGB_NVM_SUM ? 0 : -EBADMSG;
}

/* 8.10.16: after a reset the first receive address is that of the NVM. 0;
 * -EADDRNOTAVAIL: it has none */
int
igb_hw_read_addr(const struct igb_hw *hw, struct rte_ether_addr *addr)
{
	uint32_t low = igb_read(hw, igb_ral(0)), high = igb_read(hw, igb_rah(0));

	for (int i = 0; i < RTE_ETHER_ADDR_LEN; i++)
		addr->addr_bytes[i] = (uint8_t)((i < 4 ? low : high) >> 8 * (i & 3));
	return rte_is_valid_assigned_ether_addr(addr) ? 0 : -EADDRNOTAVAIL;
}
