/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* A kernel interface, opened by libpcap: one handle to receive from, one to send to. */

#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <string.h>
#include <sys/socket.h>

#include <pcap/pcap.h>

#include "evnic.h"

#define SNAPLEN	    65535	/* bytes */
#define RX_BUF_SIZE (32 << 20)	/* bytes: 512 slots of the longest frame */
#define TX_BUF_SIZE (256 << 10) /* bytes: nothing is received by it */

static int
refuse(const struct evnic_iface *i, int status, const char *why)
{
	const char *remedy = "";
	int ret = -EIO;

	switch (status) {
	case PCAP_ERROR_NO_SUCH_DEVICE:
		why = "there is no such interface";
		remedy = "; give one of this machine's, see ip link";
		ret = -ENODEV;
		break;
	case PCAP_ERROR_IFACE_NOT_UP:
		why = "it is down";
		remedy = "; bring it up first: ip link set dev NAME up";
		ret = -ENETDOWN;
		break;
	case PCAP_ERROR_PERM_DENIED:
	case PCAP_ERROR_PROMISC_PERM_DENIED:
		why = "not permitted";
		remedy = "; run it as root, or with CAP_NET_RAW";
		ret = -EPERM;
		break;
	}
	EVNIC_LOG(ERR, "%s: %s=%s: %s%s", i->port, i->key, i->name, why, remedy);
	return ret;
}

/* A handle that receives nothing: the kernel would copy every frame for it. */
static int
receive_nothing(pcap_t *pcap)
{
	struct bpf_insn none = { .code = BPF_RET | BPF_K, .k = 0 };
	struct bpf_program program = { .bf_len = 1, .bf_insns = &none };

	return pcap_setfilter(pcap, &program);
}

static int
receive_incoming(pcap_t *pcap)
{
#ifdef PACKET_IGNORE_OUTGOING
	const int on = 1;

	/* what is sent does not even wake us; where the kernel cannot, libpcap leaves it out */
	setsockopt(pcap_fileno(pcap), SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on));
#endif
	return pcap_setdirection(pcap, PCAP_D_IN);
}

static int
set_up(pcap_t *pcap, const struct evnic_iface *i)
{
	char error[PCAP_ERRBUF_SIZE];
	int linktype = pcap_datalink(pcap);

	if (linktype != DLT_EN10MB) {
		const char *type = pcap_datalink_val_to_name(linktype);

		EVNIC_LOG(ERR,
			  "%s: %s=%s: its link type is %s (%d), not Ethernet; give one that is",
			  i->port, i->key, i->name, type == NULL ? "unknown" : type, linktype);
		return -EINVAL;
	}
	if (pcap_setnonblock(pcap, 1, error) != 0)
		return refuse(i, PCAP_ERROR, error);
	/* frames are sent by it too; libpcap does not promise this for every version */
	if (fcntl(pcap_fileno(pcap), F_SETFL, O_NONBLOCK) != 0)
		return refuse(i, PCAP_ERROR, strerror(errno));
	if ((i->is_rx ? receive_incoming(pcap) : receive_nothing(pcap)) != 0)
		return refuse(i, PCAP_ERROR, pcap_geterr(pcap));
	return 0;
}

/* 0 or -errno, logged. */
int
evnic_iface_open(const struct evnic_iface *i, pcap_t **out)
{
	char error[PCAP_ERRBUF_SIZE];
	pcap_t *pcap = pcap_create(i->name, error);
	int ret;

	if (pcap == NULL)
		return refuse(i, PCAP_ERROR, error);
	pcap_set_snaplen(pcap, i->is_rx ? SNAPLEN : RTE_ETHER_MIN_LEN);
	pcap_set_promisc(pcap, i->is_rx);
	pcap_set_immediate_mode(pcap, 1);
	pcap_set_buffer_size(pcap, i->is_rx ? RX_BUF_SIZE : TX_BUF_SIZE);
	ret = pcap_activate(pcap);
	/* above 0: a warning, such as that it cannot be promiscuous */
	ret = ret < 0 ? refuse(i, ret, pcap_geterr(pcap)) : set_up(pcap, i);
	if (ret != 0) {
		pcap_close(pcap);
		return ret;
	}
	*out = pcap;
	return 0;
}

/* Could it be opened? 0 or -errno, logged. */
int
evnic_iface_check(const struct evnic_iface *i)
{
	pcap_t *pcap;
	int ret = evnic_iface_open(i, &pcap);

	if (ret == 0)
		pcap_close(pcap);
	return ret;
}
