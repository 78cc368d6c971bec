/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#include <string.h>

#include <igb.h>

#include "igb_device.h"
#include "unit.h"

/* Offsets as the datasheet lists them; the driver's names would repeat its mistakes. */
#define CTRL	  0x0000
#define STATUS	  0x0008
#define EECD	  0x0010
#define EERD	  0x0014
#define MDIC	  0x0020
#define ICR	  0x00c0
#define ICS	  0x00c8
#define IMS	  0x00d0
#define IMC	  0x00d8
#define RCTL	  0x0100
#define TCTL	  0x0400
#define GPIE	  0x1514
#define EICS	  0x1520
#define EIMS	  0x1524
#define EIMC	  0x1528
#define EIAC	  0x152c
#define EIAM	  0x1530
#define EICR	  0x1580
#define IVAR	  0x1700
#define IVAR_MISC 0x1740
#define SWSM	  0x5b50
#define SWESMBI	  0x2u

struct device device;

static struct {
	uint32_t reg, value;
} posted[DEVICE_MAX_POSTED];
static unsigned int nb_posted;

static uint32_t *
at(uint32_t reg)
{
	assert_true(reg < sizeof(device.regs) && reg % 4 == 0);
	return &device.regs[reg / 4];
}

/* ---- interrupts, 7.3 ---- */

/* A message is sent on the edge of cause and mask. */
static void
look_for_messages(uint32_t before)
{
	uint32_t edges = *at(EICR) & *at(EIMS) & ~before;

	for (; edges != 0; edges &= edges - 1) {
		unsigned int v = (unsigned int)__builtin_ctz(edges);

		assert_true(v < DEVICE_VECTORS);
		device.messages[v]++;
		if ((*at(EIAC) >> v & 1) != 0)
			*at(EICR) &= ~(1u << v);
		if (device.heeds_eiam && (*at(GPIE) >> 30 & 1) != 0 && (*at(EIAM) >> v & 1) != 0)
			*at(EIMS) &= ~(1u << v);
		if (device.on_message != NULL)
			device.on_message(v);
	}
}

static void
set_cause(uint32_t entry)
{
	uint32_t before = *at(EICR) & *at(EIMS);

	if ((entry & 0x80) == 0)
		return;
	*at(EICR) |= 1u << (entry & 0x1f);
	look_for_messages(before);
}

static void
set_other_cause(uint32_t cause)
{
	bool was_set = (*at(ICR) & *at(IMS)) != 0;

	*at(ICR) |= cause;
	if (!was_set && (*at(ICR) & *at(IMS)) != 0)
		set_cause(*at(IVAR_MISC) >> 8 & 0xff);
}

/* ---- registers ---- */

void
device_reset(void)
{
	uint32_t low = *at(0x5400), high = *at(0x5404);

	memset(device.regs, 0, sizeof(device.regs));
	*at(0x5400) = low;
	*at(0x5404) = high;
	*at(0x4010) = device.counts_after_reset;
	*at(STATUS) = 0x00080081; /* master enabled, 1 Gb/s, full duplex */
	*at(EECD) = 0x300;
	*at(TCTL) = 0x8;
}

static void
write_mdic(uint32_t value)
{
	static uint16_t phy[32];
	uint32_t reg = value >> 16 & 31;

	if ((value >> 26 & 3) == 1)
		phy[reg] = (uint16_t)value;
	else
		value = (value & 0xffff0000) | phy[reg];
	*at(MDIC) = device.phy_is_stuck ? value : value | 1u << 28;
	/* autonegotiation, begun anew, finds a partner at once; without power it has none */
	if (reg == 0 && (phy[0] >> 9 & 1) != 0 && (phy[0] >> 11 & 1) == 0) {
		phy[0] &= (uint16_t) ~(1u << 9);
		device_set_link(true);
	} else if (reg == 0 && (phy[0] >> 11 & 1) != 0) {
		device_set_link(false);
	}
}

static void
take_write(uint32_t reg, uint32_t value)
{
	uint32_t before = *at(EICR) & *at(EIMS);

	switch (reg) {
	case CTRL:
		*at(CTRL) = value;
		if ((value >> 26 & 1) != 0 && !device.is_stuck)
			device_reset();
		if ((value >> 2 & 1) != 0)
			*at(STATUS) &= ~0x00080000u;
		break;
	case STATUS:
		break;
	case EERD:
		assert_true((value >> 2) < DEVICE_NVM_WORDS);
		*at(EERD) = 2 | value >> 2 << 2 | (uint32_t)device.nvm[value >> 2 & 0x3fff] << 16;
		break;
	case MDIC:
		write_mdic(value);
		break;
	case SWSM:
		if (*at(MDIC) != 0 && (value & SWESMBI) != 0 && device.nb_refusals > 0) {
			device.nb_refusals--;
			value &= ~SWESMBI;
		}
		*at(SWSM) = value;
		break;
	case EICR:
		*at(EICR) &= ~value;
		break;
	case EICS:
		*at(EICR) |= value;
		look_for_messages(before);
		break;
	case EIMS:
		*at(EIMS) |= value;
		look_for_messages(before);
		break;
	case EIMC:
		*at(EIMS) &= ~value;
		break;
	case ICS:
		set_other_cause(value);
		break;
	case IMS:
		*at(IMS) |= value;
		break;
	case IMC:
		*at(IMS) &= ~value;
		break;
	default:
		*at(reg) = value;
		/* RXDCTL, TXDCTL */
		if (device.drops_enable && ((reg & 0xfc3f) == 0xc028 || (reg & 0xfc3f) == 0xe028))
			*at(reg) &= ~(1u << 25);
		break;
	}
}

void
device_arrive(unsigned int nb)
{
	unsigned int n = nb < nb_posted ? nb : nb_posted;

	for (unsigned int i = 0; i < n; i++)
		take_write(posted[i].reg, posted[i].value);
	memmove(&posted[0], &posted[n], (nb_posted - n) * sizeof(posted[0]));
	nb_posted -= n;
}

unsigned int
device_nb_waiting(void)
{
	return nb_posted;
}

void
igb_write(const struct igb_hw *hw, uint32_t reg, uint32_t value)
{
	if (device.on_access != NULL)
		device.on_access();
	device.nb_writes++;
	if (!device.is_posted) {
		take_write(reg, value);
		return;
	}
	assert_true(nb_posted < DEVICE_MAX_POSTED);
	posted[nb_posted].reg = reg;
	posted[nb_posted++].value = value;
}

/* The answer comes after all that was written before. */
uint32_t
igb_read(const struct igb_hw *hw, uint32_t reg)
{
	uint32_t value;

	if (device.on_access != NULL)
		device.on_access();
	device.nb_reads++;
	device_arrive(UINT32_MAX);
	if (device.is_gone)
		return UINT32_MAX;
	value = *at(reg);
	if (reg == ICR || (reg >= 0x4000 && reg < 0x4100) ||
	    ((reg & 0xfc3f) == 0xc030 && !device.keeps_rqdpc))
		*at(reg) = 0; /* cleared by reading */
	if (reg == SWSM)
		*at(reg) |= 1;
	return value;
}

void
device_set_link(bool is_up)
{
	uint32_t status = *at(STATUS);

	*at(STATUS) = is_up ? status | 2 : status & ~2u;
	if (*at(STATUS) != status)
		set_other_cause(1 << 2);
}

void
device_init(void)
{
	static const uint8_t addr[6] = { 0x52, 0x54, 0x00, 0x12, 0x34, 0x56 };
	uint16_t sum = 0;

	memset(&device, 0, sizeof(device));
	nb_posted = 0;
	memcpy(at(0x5400), addr, 4);
	*at(0x5404) = 0x80000000u | addr[4] | (uint32_t)addr[5] << 8;
	device_reset();
	memcpy(device.nvm, addr, sizeof(addr));
	device.nvm[5] = 0x2010;
	for (int i = 0; i < 0x3f; i++)
		sum = (uint16_t)(sum + device.nvm[i]);
	device.nvm[0x3f] = (uint16_t)(0xbaba - sum);
}

/* ---- rings, 7.1 and 7.2 ---- */

static void *
ring_of(uint32_t base)
{
	return (void *)(uintptr_t)(*at(base) | (uint64_t)*at(base + 4) << 32);
}

static uint32_t
entry_of(uint16_t queue)
{
	/* 82576, 8.8.13 */
	return *at(IVAR + 4 * (queue & 7u)) >> (queue >= 8 ? 16 : 0) & 0xff;
}

bool
device_receive(uint16_t queue, const void *frame, uint16_t len, uint32_t info, uint32_t hash,
	       uint32_t status)
{
	uint32_t base = 0xc000 + 0x40u * queue, nb = *at(base + 8) / 16, head = *at(base + 0x10);
	uint32_t size = (*at(base + 0x0c) & 0x7f) * 1024;
	uint32_t need = (len + size - 1) / size, have = (*at(base + 0x18) + nb - head) % nb;
	struct {
		uint64_t low, high;
	} *ring = ring_of(base);

	if ((*at(RCTL) & 2) == 0 || (*at(base + 0x28) >> 25 & 1) == 0 || need > have) {
		(*at(base + 0x30))++;
		return false;
	}
	for (uint32_t done = 0; done < len;) {
		uint32_t part = RTE_MIN(size, (uint32_t)len - done);
		bool is_last = done + part == len;

		memcpy((void *)(uintptr_t)ring[head].low, (const uint8_t *)frame + done, part);
		ring[head].low = is_last ? info | (uint64_t)hash << 32 : 0;
		ring[head].high = (uint64_t)part << 32 | (is_last ? status | 3 : 1);
		done += part;
		head = (head + 1) % nb;
	}
	*at(base + 0x10) = head;
	set_cause(entry_of(queue));
	return true;
}

static void
read_context(uint16_t queue, uint64_t low, uint64_t high, struct device_sent contexts[2])
{
	struct device_sent *c = &contexts[high >> 36 & 1];

	c->has_context = true;
	c->lens = (uint32_t)low;
	c->type = (uint32_t)high;
}

static void
put(struct device_sent *s, uint64_t addr, uint32_t len)
{
	if (s->len < sizeof(s->data))
		memcpy(&s->data[s->len], (void *)(uintptr_t)addr,
		       RTE_MIN((size_t)len, sizeof(s->data) - s->len));
	s->len = (uint16_t)(s->len + len);
}

void
device_send(uint16_t queue, unsigned int max)
{
	static struct device_sent contexts[DEVICE_QUEUES][2], now[DEVICE_QUEUES];
	uint32_t base = 0xe000 + 0x40u * queue, nb = *at(base + 8) / 16;
	struct {
		uint64_t low, high;
	} *ring = ring_of(base);

	if ((*at(TCTL) & 2) == 0 || (*at(base + 0x28) >> 25 & 1) == 0)
		return;
	for (; max > 0 && *at(base + 0x10) != *at(base + 0x18); max--) {
		uint32_t head = *at(base + 0x10), cmd = (uint32_t)ring[head].high;
		struct device_sent *s = &now[queue];

		if ((cmd >> 20 & 3) == 2) {
			read_context(queue, ring[head].low, ring[head].high, contexts[queue]);
		} else {
			assert_int_equal(cmd >> 20 & 3, 3);
			if (s->len == 0) {
				*s = contexts[queue][ring[head].high >> 36 & 1];
				s->queue = queue;
				s->len = 0;
				s->cmd = cmd & 0xffff0000;
				s->status = (uint32_t)(ring[head].high >> 32);
			}
			put(s, ring[head].low, cmd & 0xffff);
			if ((cmd >> 24 & 1) != 0) {
				assert_true(device.nb_sent < DEVICE_MAX_SENT);
				assert_int_equal(s->status >> 14, s->len); /* PAYLEN */
				device.sent[device.nb_sent++] = *s;
				s->len = 0;
			}
		}
		/* write-back, where it was asked for */
		if ((cmd >> 27 & 1) != 0)
			ring[head].high = UINT64_C(1) << 32;
		*at(base + 0x10) = (head + 1) % nb;
	}
}
