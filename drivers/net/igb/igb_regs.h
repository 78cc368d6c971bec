/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#ifndef IGB_REGS_H
#define IGB_REGS_H

/*
 * Registers of the Intel 82576 family: offsets into BAR 0, and the bits that the driver uses.
 * Names and section numbers are those of the 82576EB Gigabit Ethernet Controller Datasheet,
 * revision 2.6; the other devices have the same registers at the same places unless a family's
 * description (igb_family.c) says otherwise.
 *
 * Nothing here but numbers and arithmetic.
 */

#include <stdint.h>

/* ---- 8.2 general ---- */

#define IGB_CTRL	    0x00000 /* 8.2.1 */
#define IGB_CTRL_FD	    (UINT32_C(1) << 0)
#define IGB_CTRL_NO_MASTER  (UINT32_C(1) << 2) /* GIO Master Disable */
#define IGB_CTRL_SLU	    (UINT32_C(1) << 6) /* set link up */
#define IGB_CTRL_SPEED	    (UINT32_C(3) << 8)
#define IGB_CTRL_SPEED_1G   (UINT32_C(2) << 8)
#define IGB_CTRL_FRCSPD	    (UINT32_C(1) << 11)
#define IGB_CTRL_FRCDPX	    (UINT32_C(1) << 12)
#define IGB_CTRL_RST	    (UINT32_C(1) << 26)
#define IGB_CTRL_VME	    (UINT32_C(1) << 30) /* strip VLAN tags */
#define IGB_STATUS	    0x00008		/* 8.2.2 */
#define IGB_STATUS_FD	    (UINT32_C(1) << 0)
#define IGB_STATUS_LU	    (UINT32_C(1) << 1)
#define IGB_STATUS_FUNC(s)  ((s) >> 2 & 3) /* which of the device's functions */
#define IGB_STATUS_SPEED(s) ((s) >> 6 & 3)
#define IGB_STATUS_MASTER   (UINT32_C(1) << 19) /* requests are still under way */
#define IGB_CTRL_EXT	    0x00018		/* 8.2.3 */
#define IGB_CTRL_EXT_LINK   (UINT32_C(3) << 22) /* 0: the internal copper PHY */
#define IGB_CTRL_EXT_LOADED (UINT32_C(1) << 28) /* DRV_LOAD: a driver has the device */
#define IGB_MDIC	    0x00020		/* 8.2.4: registers of the PHY */
#define IGB_MDIC_DATA	    UINT32_C(0xffff)
#define IGB_MDIC_REG(r)	    ((uint32_t)(r) << 16)
#define IGB_MDIC_PHY(a)	    ((uint32_t)(a) << 21)
#define IGB_MDIC_WRITE	    (UINT32_C(1) << 26)
#define IGB_MDIC_READ	    (UINT32_C(2) << 26)
#define IGB_MDIC_READY	    (UINT32_C(1) << 28)
#define IGB_MDIC_ERROR	    (UINT32_C(1) << 30)
#define IGB_VET		    0x00038 /* 8.2.7: EtherType of VLAN tags */
/* Not of the 82576 (I210 datasheet, 3.7.8.5): power management of the PHY. */
#define IGB_PHPM	  0x00e14
#define IGB_PHPM_GO_LINKD (UINT32_C(1) << 5)

/* IEEE 802.3 clause 22, 3.5 of the datasheet: register 0 of the PHY */
#define IGB_PHY_BMCR	    0
#define IGB_BMCR_RESTART_AN (1u << 9)
#define IGB_BMCR_POWER_DOWN (1u << 11)
#define IGB_BMCR_AN_ENABLE  (1u << 12)

/* ---- 8.3, 8.4 NVM, and 4.7 who may use what ---- */

#define IGB_EECD	    0x00010		/* 8.4.1 */
#define IGB_EECD_AUTO_RD    (UINT32_C(1) << 9)	/* the device has read what it needs */
#define IGB_EECD_FLASH_I210 (UINT32_C(1) << 19) /* of the I210: there is a flash */
#define IGB_EERD	    0x00014		/* 8.4.2: the address goes into bits 15:2 */
#define IGB_EERD_START	    (UINT32_C(1) << 0)
#define IGB_EERD_DONE	    (UINT32_C(1) << 1)
#define IGB_EERD_ADDR(a)    ((uint32_t)(a) << 2)
#define IGB_EERD_DATA(v)    ((uint16_t)((v) >> 16))
#define IGB_SWSM	    0x05b50
#define IGB_SWSM_SMBI	    (UINT32_C(1) << 0) /* drivers among each other; set by reading it */
#define IGB_SWSM_SWESMBI    (UINT32_C(1) << 1) /* drivers and firmware */
#define IGB_SW_FW_SYNC	    0x05b5c
#define IGB_SYNC_PHY(func)  (UINT32_C(1) << ((func) < 2 ? 1 + (func) : 3 + (func)))

#define IGB_NVM_VERSION	    0x05 /* 6.2 */
#define IGB_NVM_CHECKSUM    0x3f
#define IGB_NVM_ETRACK_LOW  0x42
#define IGB_NVM_ETRACK_HIGH 0x43
#define IGB_NVM_SUM	    0xbaba /* of all words up to the checksum, 6.2 */

/* ---- 8.5 flow control ---- */

#define IGB_FCAL  0x00028
#define IGB_FCAH  0x0002c
#define IGB_FCT	  0x00030
#define IGB_FCTTV 0x00170
#define IGB_FCRTL 0x02160
#define IGB_FCRTH 0x02168

/* ---- 8.8 interrupts ---- */

#define IGB_EICS 0x01520 /* 8.8.2 */
#define IGB_EIMS 0x01524 /* 8.8.3 */
#define IGB_EIMC 0x01528 /* 8.8.4 */
#define IGB_EIAC 0x0152c /* 8.8.5 */
#define IGB_EIAM 0x01530 /* 8.8.6 */
#define IGB_EICR 0x01580 /* 8.8.1 */
/* 8.8.7 to 8.8.10, at the addresses that older devices have, too */
#define IGB_ICR		0x000c0
#define IGB_IMS		0x000d0
#define IGB_IMC		0x000d8
#define IGB_ICR_LSC	(UINT32_C(1) << 2)  /* link status change */
#define IGB_EITR(v)	(0x01680 + 4 * (v)) /* 8.8.12 */
#define IGB_IVAR(i)	(0x01700 + 4 * (i)) /* 8.8.13 */
#define IGB_IVAR_MISC	0x01740		    /* 8.8.14 */
#define IGB_GPIE	0x01514		    /* 8.8.15; 7.3.2.11 says how to set it */
#define IGB_GPIE_NSICR	(UINT32_C(1) << 0)  /* reading ICR clears it, always */
#define IGB_GPIE_MULTI	(UINT32_C(1) << 4)  /* vectors by IVAR */
#define IGB_GPIE_EIAME	(UINT32_C(1) << 30) /* a message masks its vector, by EIAM */
#define IGB_GPIE_PBA	(UINT32_C(1) << 31) /* MSI-X pending bits are the device's to clear */
#define IGB_ALL_VECTORS UINT32_C(0x01ffffff)

/* An entry of IVAR, a byte: which vector a cause is signalled by. */
#define IGB_IVAR_VALID 0x80u

/* ---- 8.10 receive ---- */

#define IGB_RCTL	 0x00100 /* 8.10.1 */
#define IGB_RCTL_EN	 (UINT32_C(1) << 1)
#define IGB_RCTL_UPE	 (UINT32_C(1) << 3) /* unicast promiscuous */
#define IGB_RCTL_MPE	 (UINT32_C(1) << 4) /* multicast promiscuous */
#define IGB_RCTL_LPE	 (UINT32_C(1) << 5) /* the limit of a frame's length is RLPML's */
#define IGB_RCTL_LBM	 (UINT32_C(1) << 6) /* MAC loopback, of two bits */
#define IGB_RCTL_BAM	 (UINT32_C(1) << 15)
#define IGB_RCTL_VFE	 (UINT32_C(1) << 18) /* VLAN filter */
#define IGB_RCTL_SECRC	 (UINT32_C(1) << 26) /* strip the FCS */
#define IGB_SRRCTL_SIZE	 UINT32_C(0x7f)	     /* of a buffer, KB */
#define IGB_SRRCTL_ONE	 (UINT32_C(1) << 25) /* advanced descriptors, one buffer */
#define IGB_SRRCTL_DROP	 (UINT32_C(1) << 31) /* drop when there is no descriptor */
#define IGB_RXDCTL_EN	 (UINT32_C(1) << 25)
#define IGB_RXCSUM	 0x05000 /* 8.10.12 */
#define IGB_RXCSUM_IP	 (UINT32_C(1) << 8)
#define IGB_RXCSUM_L4	 (UINT32_C(1) << 9)
#define IGB_RXCSUM_SCTP	 (UINT32_C(1) << 11)
#define IGB_RXCSUM_PCSD	 (UINT32_C(1) << 13) /* the RSS hash in place of a checksum */
#define IGB_RLPML	 0x05004	     /* 8.10.13 */
#define IGB_RFCTL	 0x05008	     /* 8.10.14 */
#define IGB_MTA(i)	 (0x05200 + 4 * (i))
#define IGB_MTA_WORDS	 128
#define IGB_VFTA(i)	 (0x05600 + 4 * (i))
#define IGB_VFTA_WORDS	 128
#define IGB_RAH_VALID	 (UINT32_C(1) << 31)
#define IGB_MRQC	 0x05818
#define IGB_MRQC_RSS	 UINT32_C(2) /* queues by the hash alone */
#define IGB_MRQC_TCP4	 (UINT32_C(1) << 16)
#define IGB_MRQC_IP4	 (UINT32_C(1) << 17)
#define IGB_MRQC_TCP6_EX (UINT32_C(1) << 18)
#define IGB_MRQC_IP6_EX	 (UINT32_C(1) << 19)
#define IGB_MRQC_IP6	 (UINT32_C(1) << 20)
#define IGB_MRQC_TCP6	 (UINT32_C(1) << 21)
#define IGB_MRQC_UDP4	 (UINT32_C(1) << 22)
#define IGB_MRQC_UDP6	 (UINT32_C(1) << 23)
#define IGB_MRQC_UDP6_EX (UINT32_C(1) << 24)
#define IGB_RETA(i)	 (0x05c00 + 4 * (i))
#define IGB_RSSRK(i)	 (0x05c80 + 4 * (i))

/* ---- 8.12 transmit ---- */

#define IGB_TCTL	0x00400 /* 8.12.1 */
#define IGB_TCTL_EN	(UINT32_C(1) << 1)
#define IGB_TCTL_PSP	(UINT32_C(1) << 3) /* pad short frames */
#define IGB_TCTL_CT(n)	((uint32_t)(n) << 4)
#define IGB_TCTL_CT_ALL IGB_TCTL_CT(0xff)
#define IGB_TCTL_RTLC	(UINT32_C(1) << 24) /* retransmit on late collision */
#define IGB_TXDCTL_EN	(UINT32_C(1) << 25)

/* Thresholds of RXDCTL (8.10.10) and TXDCTL (8.12.13): when descriptors are fetched ahead, and how
 * many done ones are written back at once. One at a time: a packet must not wait for the next. */
#define IGB_DCTL_THRESHOLDS(prefetch, host, write_back)                                            \
	((uint32_t)(prefetch) | (uint32_t)(host) << 8 | (uint32_t)(write_back) << 16)

/* ---- places that depend on a number ---- */

/* 8.10.5 to 8.10.11, of a receive queue; the first four have aliases that other devices lack. */
enum igb_rx_reg {
	IGB_RDBAL = 0x00,
	IGB_RDBAH = 0x04,
	IGB_RDLEN = 0x08,
	IGB_SRRCTL = 0x0c, /* 8.10.2 */
	IGB_RDH = 0x10,
	IGB_RDT = 0x18,
	IGB_RXDCTL = 0x28,
	IGB_RQDPC = 0x30,  /* dropped for want of descriptors */
	IGB_DVMOLR = 0x38, /* I350, I210, I211: I210 datasheet, 8.10.23 */
};
#define IGB_DVMOLR_STRCRC (UINT32_C(1) << 31)

static inline uint32_t
igb_rx_reg(uint16_t queue, enum igb_rx_reg reg)
{
	return UINT32_C(0x0c000) + queue * UINT32_C(0x40) + (uint32_t)reg;
}

/* 8.12.8 to 8.12.15, of a transmit queue. */
enum igb_tx_reg {
	IGB_TDBAL = 0x00,
	IGB_TDBAH = 0x04,
	IGB_TDLEN = 0x08,
	IGB_TDH = 0x10,
	IGB_TDT = 0x18,
	IGB_TXDCTL = 0x28,
};

static inline uint32_t
igb_tx_reg(uint16_t queue, enum igb_tx_reg reg)
{
	return UINT32_C(0x0e000) + queue * UINT32_C(0x40) + (uint32_t)reg;
}

/* Receive addresses: 16 in one place, the others in another. */
static inline uint32_t
igb_ral(uint32_t index)
{
	return index < 16 ? 0x05400 + 8 * index : 0x054e0 + 8 * (index - 16);
}

static inline uint32_t
igb_rah(uint32_t index)
{
	return igb_ral(index) + 4;
}

/* ---- 8.8.12 EITR: the least time between two messages of a vector ---- */

#define IGB_EITR_MAX_US	 8191
#define IGB_EITR_NO_LOAD (UINT32_C(1) << 31) /* the interval that runs is not begun anew */

static inline uint32_t
igb_eitr_of_us(uint32_t us)
{
	return us << 2 | IGB_EITR_NO_LOAD;
}

static inline uint32_t
igb_us_of_eitr(uint32_t eitr)
{
	return (eitr & 0x7fff) >> 2;
}

/* ---- multicast filter ---- */

/* 7.1.2: bits 47:36 of the address, as RCTL.MO 0 says, index a table of 4,096 bits. */
static inline uint32_t
igb_mta_bit(const uint8_t addr[6])
{
	return ((uint32_t)addr[5] << 4 | addr[4] >> 4) & 0xfff;
}

#endif /* IGB_REGS_H */
