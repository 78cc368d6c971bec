/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * The PHY, behind MDIC (8.2.4). Its register 0 (IEEE 802.3 clause 22) is all that is needed: power,
 * and autonegotiation of everything that it can do. Left out: forced speed and duplex, crossover
 * and downshift settings (the NVM's hold), SerDes and SGMII, which have no PHY here.
 */

#include <errno.h>

#include <rte_cycles.h>

#include "igb.h"

#define MDIC_MS	      100
#define SEMAPHORE_MS  100
#define RELEASE_TRIES 10
#define PHY_ADDR      1 /* of the 82576; the others look it up in MDICNFG (0x0e04) */

/* ---- 4.7: drivers of other functions, and the firmware, use the PHY as well ---- */

static void
release_swsm(const struct igb_hw *hw)
{
	uint32_t swsm = igb_read(hw, IGB_SWSM);

	igb_write(hw, IGB_SWSM, swsm & ~(IGB_SWSM_SMBI | IGB_SWSM_SWESMBI));
}

/* The semaphore of SW_FW_SYNC: first among drivers, then against the firmware. */
static int
take_swsm(const struct igb_hw *hw)
{
	/* reading sets the bit: who finds it clear has it */
	if (igb_hw_poll(hw, IGB_SWSM, IGB_SWSM_SMBI, 0, SEMAPHORE_MS) != 0) {
		/* a driver that died with it holds it for ever */
		release_swsm(hw);
		if (igb_hw_poll(hw, IGB_SWSM, IGB_SWSM_SMBI, 0, SEMAPHORE_MS) != 0)
			return -EBUSY;
	}
	for (int i = 0; i < SEMAPHORE_MS * 20; i++) {
		igb_write(hw, IGB_SWSM, igb_read(hw, IGB_SWSM) | IGB_SWSM_SWESMBI);
		if ((igb_read(hw, IGB_SWSM) & IGB_SWSM_SWESMBI) != 0)
			return 0;
		rte_delay_us_sleep(50);
	}
	release_swsm(hw);
	return -EBUSY;
}

static uint32_t
phy_bit(const struct igb_hw *hw)
{
	return IGB_SYNC_PHY(IGB_STATUS_FUNC(igb_read(hw, IGB_STATUS)));
}

static int
take_phy(const struct igb_hw *hw)
{
	uint32_t mine = phy_bit(hw), sync;

	for (int i = 0; i < SEMAPHORE_MS / 5; i++) {
		if (take_swsm(hw) != 0)
			return -EBUSY;
		sync = igb_read(hw, IGB_SW_FW_SYNC);
		if ((sync & (mine | mine << 16)) == 0)
			igb_write(hw, IGB_SW_FW_SYNC, sync | mine);
		release_swsm(hw);
		if ((sync & (mine | mine << 16)) == 0)
			return 0;
		rte_delay_us_sleep(5000);
	}
	return -EBUSY;
}

/* It is others' only when the bit is clear, so the semaphore is asked for again and again: who
 * holds it gives it back soon. */
static void
release_phy(const struct igb_hw *hw)
{
	int tries = RELEASE_TRIES;

	while (take_swsm(hw) != 0)
		if (--tries == 0) {
			IGB_LOG(ERR,
				"%s: the firmware holds the semaphore: the PHY cannot be given back, "
				"and nobody changes the link any more; cycle the machine's power",
				hw->name);
			return;
		}
	igb_write(hw, IGB_SW_FW_SYNC, igb_read(hw, IGB_SW_FW_SYNC) & ~phy_bit(hw));
	release_swsm(hw);
}

/* ---- 8.2.4 ---- */

static int
mdic(const struct igb_hw *hw, uint32_t command, uint16_t *value)
{
	uint32_t result;

	igb_write(hw, IGB_MDIC, command | IGB_MDIC_PHY(PHY_ADDR));
	if (igb_hw_poll(hw, IGB_MDIC, IGB_MDIC_READY, IGB_MDIC_READY, MDIC_MS) != 0)
		return -EIO;
	result = igb_read(hw, IGB_MDIC);
	if ((result & IGB_MDIC_ERROR) != 0)
		return -EIO;
	if (value != NULL)
		*value = (uint16_t)(result & IGB_MDIC_DATA);
	return 0;
}

/* Set and clear bits of register 0. 0; -EIO: the PHY does not answer; -EBUSY: the firmware or
 * another driver does not let go of it */
static int
change_bmcr(const struct igb_hw *hw, uint16_t clear, uint16_t set)
{
	uint16_t bmcr;
	int ret = take_phy(hw);

	if (ret == 0) {
		ret = mdic(hw, IGB_MDIC_READ | IGB_MDIC_REG(IGB_PHY_BMCR), &bmcr);
		if (ret == 0)
			ret = mdic(hw,
				   IGB_MDIC_WRITE | IGB_MDIC_REG(IGB_PHY_BMCR) |
					   (uint32_t)((bmcr & ~clear) | set),
				   NULL);
		release_phy(hw);
	}
	if (ret != 0)
		IGB_LOG(ERR, "%s: the PHY %s; the link stays as it is", hw->name,
			ret == -EBUSY ? "is held by the firmware or another driver"
				      : "does not answer");
	return ret;
}

/* 4.5.7: MAC and PHY agree by themselves (SLU, nothing forced), the PHY negotiates with the other
 * side. */
int
igb_phy_start(const struct igb_hw *hw)
{
	uint32_t ctrl = igb_read(hw, IGB_CTRL);

	igb_write(hw, IGB_CTRL,
		  (ctrl & ~(IGB_CTRL_FRCSPD | IGB_CTRL_FRCDPX | IGB_CTRL_NO_MASTER)) |
			  IGB_CTRL_SLU | IGB_CTRL_FD);
	if (hw->family->has_phpm)
		igb_write(hw, IGB_PHPM, igb_read(hw, IGB_PHPM) & ~IGB_PHPM_GO_LINKD);
	return change_bmcr(hw, IGB_BMCR_POWER_DOWN, IGB_BMCR_AN_ENABLE | IGB_BMCR_RESTART_AN);
}

/* Without power there is no link, and the other side knows. */
int
igb_phy_stop(const struct igb_hw *hw)
{
	return change_bmcr(hw, 0, IGB_BMCR_POWER_DOWN);
}
