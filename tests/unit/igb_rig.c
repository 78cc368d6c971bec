/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/vfio.h>

#include <rte_alarm.h>
#include <rte_cycles.h>
#include <rte_interrupts.h>
#include <rte_malloc.h>

#include "igb_rig.h"
#include "no_eal.h"
#include "unit.h"

#define DEVICE_FD 12345
#define TSC_HZ	  1000000000

struct rte_eth_dev *rig_dev;
struct igb_port *rig;
struct rte_mempool *rig_pool;
int rig_eventfds[DEVICE_VECTORS];
bool rig_kernel_refuses;
bool rig_has_no_memory;
unsigned int rig_nb_lcores = 4;
unsigned int rig_link_events, rig_reset_events;
char rig_log[4096];

static struct rte_eth_dev_data data;
static struct rte_pci_device pci;
static struct rte_pci_driver driver = { .drv_flags = RTE_PCI_DRV_INTR_LSC };
static struct rte_devargs devargs;
static char args[256];
static uint16_t nb_msix;

/* ---- in the place of EAL ---- */

int
rte_log(uint32_t level, uint32_t type, const char *format, ...)
{
	size_t len = strlen(rig_log);
	va_list list;

	va_start(list, format);
	vsnprintf(&rig_log[len], sizeof(rig_log) - len, format, list);
	va_end(list);
	return 0;
}

unsigned int
rte_lcore_count(void)
{
	return rig_nb_lcores;
}

uint64_t
rte_get_tsc_hz(void)
{
	return TSC_HZ;
}

void
rte_delay_us_sleep(unsigned int us)
{
}

int
rte_intr_callback_register(const struct rte_intr_handle *handle, rte_intr_callback_fn fn, void *arg)
{
	return 0;
}

int
rte_intr_callback_unregister_sync(const struct rte_intr_handle *handle, rte_intr_callback_fn fn,
				  void *arg)
{
	return 0;
}

int
rte_eth_dev_callback_process(struct rte_eth_dev *dev, enum rte_eth_event_type event, void *ret)
{
	rig_link_events += event == RTE_ETH_EVENT_INTR_LSC;
	rig_reset_events += event == RTE_ETH_EVENT_INTR_RESET;
	return 0;
}

static struct {
	rte_eal_alarm_callback run; /* NULL: none is set */
	void *arg;
} alarmed;

int
rte_eal_alarm_set(uint64_t us, rte_eal_alarm_callback run, void *arg)
{
	alarmed.run = run;
	alarmed.arg = arg;
	return 0;
}

int
rte_eal_alarm_cancel(rte_eal_alarm_callback run, void *arg)
{
	if (alarmed.run != run || alarmed.arg != arg)
		return 0;
	alarmed.run = NULL;
	return 1;
}

void
rig_run_alarm(void)
{
	rte_eal_alarm_callback run = alarmed.run;

	alarmed.run = NULL;
	if (run != NULL)
		run(alarmed.arg);
}

const struct rte_memzone *
rte_eth_dma_zone_reserve(const struct rte_eth_dev *dev, const char *name, uint16_t queue,
			 size_t size, unsigned int align, int socket)
{
	struct rte_memzone *zone;

	if (rig_has_no_memory)
		return NULL;
	zone = rte_zmalloc_socket("zone", sizeof(*zone), 0, socket);
	zone->addr = rte_zmalloc_socket("zone", size, align, socket);
	zone->iova = zone->addr_64;
	return zone;
}

int
rte_memzone_free(const struct rte_memzone *zone)
{
	if (zone == NULL)
		return -EINVAL;
	rte_free(zone->addr);
	rte_free((void *)(uintptr_t)zone);
	return 0;
}

/* ---- in the place of the kernel's VFIO ---- */

static int
take_eventfds(const struct vfio_irq_set *set)
{
	assert_int_equal(set->index, VFIO_PCI_MSIX_IRQ_INDEX);
	if (set->start + set->count > nb_msix || rig_kernel_refuses) {
		errno = EINVAL;
		return -1;
	}
	if (set->count == 0)
		memset(rig_eventfds, 0xff, sizeof(rig_eventfds));
	for (uint32_t i = 0; i < set->count; i++)
		memcpy(&rig_eventfds[set->start + i], &set->data[i * sizeof(int)], sizeof(int));
	return 0;
}

int
ioctl(int fd, unsigned long request, ...)
{
	struct vfio_irq_info *info;
	va_list list;
	void *arg;

	va_start(list, request);
	arg = va_arg(list, void *);
	va_end(list);
	assert_int_equal(fd, DEVICE_FD);
	if (request == VFIO_DEVICE_SET_IRQS)
		return take_eventfds(arg);
	assert_int_equal(request, VFIO_DEVICE_GET_IRQ_INFO);
	info = arg;
	info->count = nb_msix;
	return 0;
}

static void
ring_eventfd(unsigned int vector)
{
	if (rig_eventfds[vector] >= 0)
		eventfd_write(rig_eventfds[vector], 1);
}

uint64_t
rig_rung(unsigned int vector)
{
	eventfd_t n;

	return eventfd_read(rig_eventfds[vector], &n) == 0 ? n : 0;
}

/* ---- the port ---- */

int
rig_probe(const struct rig_conf *conf)
{
	static void *rx_queues[IGB_MAX_QUEUES], *tx_queues[IGB_MAX_QUEUES];
	int ret;

	/* a test that failed may have left it */
	rouse_attn_registry_remove(0);
	no_eal_allocations = 0;
	rig_log[0] = '\0';
	rig_link_events = rig_reset_events = 0;
	rig_kernel_refuses = rig_has_no_memory = false;
	nb_msix = conf->nb_msix == 0 ? 10 : conf->nb_msix;
	memset(rig_eventfds, 0xff, sizeof(rig_eventfds));
	memset(&data, 0, sizeof(data));
	memset(&pci, 0, sizeof(pci));
	snprintf(args, sizeof(args), "%s", conf->args == NULL ? "" : conf->args);
	devargs.args = args;
	pci.device.name = "0000:01:00.0";
	pci.device.devargs = &devargs;
	pci.id.device_id = 0x10c9;
	pci.intr_handle = rte_intr_instance_alloc(RTE_INTR_INSTANCE_F_PRIVATE);
	assert_non_null(pci.intr_handle);
	rte_intr_type_set(pci.intr_handle, RTE_INTR_HANDLE_VFIO_MSIX);
	rte_intr_fd_set(pci.intr_handle, eventfd(0, EFD_NONBLOCK));
	rte_intr_dev_fd_set(pci.intr_handle, DEVICE_FD);

	rig_dev = &rte_eth_devices[0];
	memset(rig_dev, 0, sizeof(*rig_dev));
	rig = calloc(1, sizeof(*rig));
	assert_non_null(rig);
	memset(rx_queues, 0, sizeof(rx_queues));
	memset(tx_queues, 0, sizeof(tx_queues));
	snprintf(data.name, sizeof(data.name), "%s", pci.device.name);
	data.dev_private = rig;
	data.rx_queues = rx_queues;
	data.tx_queues = tx_queues;
	data.mtu = RTE_ETHER_MTU;
	rig_dev->data = &data;
	rig_dev->device = &pci.device;
	rig_dev->state = RTE_ETH_DEV_ATTACHED;
	device.on_message = ring_eventfd;
	pci.driver = &driver;
	ret = igb_port_init(rig_dev);
	if (ret != 0) {
		close(rte_intr_fd_get(pci.intr_handle));
		rte_intr_instance_free(pci.intr_handle);
		free(rig);
		rig_dev->state = RTE_ETH_DEV_UNUSED;
	}
	return ret;
}

int
rig_configure(const struct rig_conf *conf)
{
	const struct rte_eth_rxconf rx = { .offloads = 0 };
	const struct rte_eth_txconf tx = { .offloads = 0 };
	uint16_t nb_queues = conf->nb_queues == 0 ? 1 : conf->nb_queues;
	uint16_t nb_desc = conf->nb_desc == 0 ? IGB_MIN_DESC : conf->nb_desc;
	int ret;

	rig_pool =
		no_eal_pool(conf->nb_mbufs == 0 ? 2u * nb_queues * nb_desc + 512 : conf->nb_mbufs,
			    conf->room == 0 ? 2048 : conf->room);
	data.nb_rx_queues = data.nb_tx_queues = nb_queues;
	data.dev_conf.intr_conf.rxq = !conf->without_intr;
	data.dev_conf.intr_conf.lsc = conf->lsc;
	data.dev_conf.rxmode.offloads = conf->rx_offloads;
	data.dev_conf.txmode.offloads = conf->tx_offloads;
	data.dev_conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
	data.dev_conf.rx_adv_conf.rss_conf.rss_hf = RTE_ETH_RSS_IPV4;
	ret = igb_ops.dev_configure(rig_dev);
	for (uint16_t i = 0; i < nb_queues && ret == 0; i++) {
		ret = igb_rxq_setup(rig_dev, i, nb_desc, 0, &rx, rig_pool);
		if (ret == 0)
			ret = igb_txq_setup(rig_dev, i, nb_desc, 0, &tx);
	}
	return ret;
}

int
rig_start(const struct rig_conf *conf)
{
	int ret = rig_configure(conf);

	if (ret == 0)
		ret = igb_ops.dev_start(rig_dev);
	data.dev_started = ret == 0;
	return ret;
}

void
rig_make(const struct rig_conf *conf)
{
	device_init();
	assert_int_equal(rig_probe(conf), 0);
	assert_int_equal(rig_start(conf), 0);
}

void
rig_destroy(void)
{
	/* nothing may wait for a device that a test has spoilt */
	device.is_posted = false;
	igb_ops.dev_close(rig_dev);
	rig_dev->state = RTE_ETH_DEV_UNUSED;
	close(rte_intr_fd_get(pci.intr_handle));
	rte_intr_instance_free(pci.intr_handle);
	assert_null(alarmed.run);
	free(rig);
	no_eal_pool_free();
	assert_int_equal(no_eal_allocations, 0);
}

/* ---- frames ---- */

bool
rig_receive_one(uint16_t queue)
{
	static const uint8_t frame[60];

	return device_receive(queue, frame, sizeof(frame), 0x10, 0, 0);
}

unsigned int
rig_burst(uint16_t queue)
{
	struct rte_mbuf *pkts[64];
	uint16_t n = rig_dev->rx_pkt_burst(data.rx_queues[queue], pkts, 64);

	for (uint16_t i = 0; i < n; i++)
		rte_pktmbuf_free(pkts[i]);
	return n;
}
