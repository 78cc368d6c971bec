/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#ifndef IGB_FAMILY_H
#define IGB_FAMILY_H

/* Which devices the driver knows, and in what they differ. Pure. */

#include <stdbool.h>
#include <stdint.h>

#define IGB_MAX_QUEUES	16
#define IGB_MAX_VECTORS 25 /* of MSI-X; 0 is that of other causes */

/* Where a queue's entries stand in IVAR, 8.8.13. */
enum igb_ivar_order {
	IGB_IVAR_BY_EIGHT, /* a register holds queues q and q + 8 */
	IGB_IVAR_BY_PAIRS, /* a register holds queues 2q and 2q + 1 */
};

struct igb_family {
	const char *name;
	uint16_t max_queues;  /* of each kind */
	uint16_t max_vectors; /* MSI-X; the device itself may offer fewer */
	uint16_t nb_addrs;    /* unicast addresses, the port's own included */
	enum igb_ivar_order ivar;
	bool has_nvm;	  /* words can be read by EERD; else of what they say nothing is known */
	bool has_flash;	  /* ... unless EECD says that there is none */
	bool has_phpm;	  /* power management of the PHY in the MAC */
	bool has_dvmolr;  /* the FCS is stripped by queue, too */
	bool keeps_rqdpc; /* reading RQDPC does not clear it, writing does */
	bool has_lbm;	  /* the MAC gives back what it sends, by RCTL.LBM */
};

extern const struct igb_family igb_82576, igb_82580, igb_i350, igb_i210, igb_i211;

/* One list: device id, family, what its medium is. Only copper ports with the internal PHY are
 * driven: of the others the link would have to be set up otherwise. Virtual functions have other
 * registers. */
#define IGB_DEVICES(X)                                                                             \
	X(0x10c9, &igb_82576, NULL)                                                                \
	X(0x10e8, &igb_82576, NULL)                                                                \
	X(0x1526, &igb_82576, NULL)                                                                \
	X(0x150a, &igb_82576, NULL)                                                                \
	X(0x10e6, &igb_82576, "a fiber port")                                                      \
	X(0x10e7, &igb_82576, "a SerDes port")                                                     \
	X(0x1518, &igb_82576, "a SerDes port")                                                     \
	X(0x150d, &igb_82576, "a SerDes port")                                                     \
	X(0x10ca, &igb_82576, "a virtual function")                                                \
	X(0x152d, &igb_82576, "a virtual function")                                                \
	X(0x150e, &igb_82580, NULL)                                                                \
	X(0x1516, &igb_82580, NULL)                                                                \
	X(0x150f, &igb_82580, "a fiber port")                                                      \
	X(0x1510, &igb_82580, "a SerDes port")                                                     \
	X(0x1511, &igb_82580, "an SGMII port")                                                     \
	X(0x1527, &igb_82580, "a fiber port")                                                      \
	X(0x1521, &igb_i350, NULL)                                                                 \
	X(0x1522, &igb_i350, "a fiber port")                                                       \
	X(0x1523, &igb_i350, "a SerDes port")                                                      \
	X(0x1524, &igb_i350, "an SGMII port")                                                      \
	X(0x1520, &igb_i350, "a virtual function")                                                 \
	X(0x152f, &igb_i350, "a virtual function")                                                 \
	X(0x1533, &igb_i210, NULL)                                                                 \
	X(0x1534, &igb_i210, NULL)                                                                 \
	X(0x1535, &igb_i210, NULL)                                                                 \
	X(0x157b, &igb_i210, NULL)                                                                 \
	X(0x1536, &igb_i210, "a fiber port")                                                       \
	X(0x1537, &igb_i210, "a SerDes port")                                                      \
	X(0x1538, &igb_i210, "an SGMII port")                                                      \
	X(0x157c, &igb_i210, "a SerDes port")                                                      \
	X(0x15f6, &igb_i210, "an SGMII port")                                                      \
	X(0x1539, &igb_i211, NULL)

/* The family of a device. -ENODEV: it is none of Intel's that the driver knows; -ENOTSUP: it is,
 * and not one that the driver can drive: *medium says what it is */
int igb_family_find(uint16_t device_id, const struct igb_family **family, const char **medium);

/* A queue's entry in IVAR: which register, and from which bit on. */
struct igb_ivar_slot {
	uint16_t index;
	uint16_t shift;
};

struct igb_ivar_slot igb_ivar_slot(const struct igb_family *family, uint16_t queue, bool is_tx);

#endif /* IGB_FAMILY_H */
