# SPDX-License-Identifier: BSD-3-Clause
"""What net_igb's filters and offloads do to frames, by stock testpmd. Scapy makes the frames and judges
what comes back; testpmd says what it sees of each that it receives.
"""

import re

import frames
import guest
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Dot1Q, Ether
from scapy.layers.sctp import SCTP, SCTPChunkData
from scapy.packet import Raw

BROADCAST = "ff:ff:ff:ff:ff:ff"
OURS = "52:54:00:12:34:5a"  # of the port
OTHERS = "02:00:00:00:00:aa"
GROUP = "01:00:5e:00:00:05"
TAG = 100
TAG_OUT = 200
PRIORITY = 3
NB_ADDRESSES = 20  # more than the device has in one place
PAYLOAD = Raw(bytes(range(40)))
V4 = IP(src="198.18.0.1", dst="198.19.0.1")
V6 = IPv6(src="2001:db8::1", dst="2001:db8:1::1")
IP_GOOD, IP_BAD, L4_GOOD, L4_BAD = (f"RTE_MBUF_F_RX_{name}_CKSUM_{is_good}" for name in ("IP", "L4")
                                    for is_good in ("GOOD", "BAD"))


def ether(dst=BROADCAST):
    return Ether(src="02:00:00:00:00:01", dst=dst)


class Offloads(guest.Test):
    """One port that sends back what it receives."""

    NICS = [("igb", f"mac={OURS}")]
    OPTIONS = {"nb_cpus": 2}

    def start(self, *options, forward="io"):
        """Without promiscuous mode; the link is up and nothing is on the way."""
        self.testpmd = self.enterContext(self.vm.start(
            [guest.STOCK / "dpdk-testpmd", "-l", "0-1", "--no-telemetry", "-d", guest.IGB, "-a",
             self.vm.nics[0].address, "--", "-i", "--port-topology=loop", "--total-num-mbufs=8192",
             *options]))
        self.testpmd.expect("testpmd>")
        self.nb_seen = 0
        self.do(f"set fwd {forward}")
        self.do("set promisc 0 off")
        self.do("set verbose 1")
        self.go()

    def do(self, *commands):
        for command in commands:
            self.testpmd.say(command)
            self.testpmd.expect("testpmd>")

    def go(self):
        self.do("start")
        told = None
        while told != "up":
            self.testpmd.say("show port info 0")
            told = self.testpmd.expect(r"Link status: (\w+)")[1]
            self.testpmd.expect("testpmd>")
        self.vm.nics[0].wire.take()

    def stopped(self, *commands):
        """What the port must be stopped for."""
        self.do("stop", "port stop 0", *commands, "port start 0")
        self.go()

    def end(self):
        self.do("stop")
        self.testpmd.say("quit")
        done = self.testpmd.end()
        self.assertEqual(done.status, 0, done.output)
        self.assertNotRegex(done.output, "(?i)fail|error:|invalid|bad argument")

    def exchange(self, *packets):
        """What comes back of these, as bytes; a frame to all behind them says that no more does."""
        wire = self.vm.nics[0].wire
        last = bytes(ether() / Raw(b"\x88\xb5".ljust(46, b"\xee")))
        wire.send([bytes(packet) for packet in packets] + [last])
        came = []
        while not came or not came[-1].endswith(last[14:]):
            came += wire.expect(1)
        return came[:-1]

    def sees(self, packet):
        """What testpmd says of a frame that it receives."""
        self.nb_seen += 1
        packet.src = f"02:00:00:00:02:{self.nb_seen:02x}"
        self.exchange(packet)
        return self.testpmd.expect(rf"(?i:src={packet.src}) [^\n]*\n[^\n]*ol_flags: [^\n]*")[0]

    def passes(self, *packets):
        """Which of the frames come back, with what is in them as it was."""
        came = self.exchange(*packets)
        return [any(frame[:len(packet)] == bytes(packet) for frame in came) for packet in packets]

    # which frames are received

    def to(self, address):
        return ether(address) / V4 / UDP(sport=1, dport=2) / PAYLOAD

    def test_unicast_is_received_for_the_addresses_that_were_added_and_no_other(self):
        self.start()
        added = [f"02:00:00:00:01:{i:02x}" for i in range(NB_ADDRESSES)]
        self.assertEqual(self.passes(self.to(OURS), self.to(OTHERS), self.to(added[0])),
                         [True, False, False])
        self.do(*(f"mac_addr add 0 {address}" for address in added))
        self.assertEqual(self.passes(*map(self.to, [OURS, OTHERS, *added])),
                         [True, False] + [True] * NB_ADDRESSES)
        self.do(f"mac_addr remove 0 {added[1]}", f"mac_addr remove 0 {added[-1]}")
        self.assertEqual(self.passes(*map(self.to, [OURS, *added])),
                         [True, True, False] + [True] * (NB_ADDRESSES - 3) + [False])
        self.do(f"mac_addr set 0 {OTHERS}")
        self.assertEqual(self.passes(self.to(OURS), self.to(OTHERS)), [False, True])
        self.end()

    def test_promiscuous_mode_receives_what_is_for_others(self):
        self.start()
        for is_on in True, False:
            self.do(f"set promisc 0 {'on' if is_on else 'off'}")
            self.assertEqual(self.passes(self.to(OTHERS), self.to(GROUP), self.to(OURS)),
                             [is_on, is_on, True])
        self.end()

    def test_groups_are_received_that_were_joined_and_all_of_them_in_allmulticast_mode(self):
        self.start()
        other = "01:00:5e:7f:2f:a5"  # of another hash
        for commands, seen in (([], [False, False]),
                               ([f"mcast_addr add 0 {GROUP}"], [True, False]),
                               (["set allmulti 0 on"], [True, True]),
                               (["set allmulti 0 off"], [True, False]),
                               ([f"mcast_addr remove 0 {GROUP}"], [False, False])):
            with self.subTest(commands):
                self.do(*commands)
                self.assertEqual(self.passes(self.to(GROUP), self.to(other), self.to(OTHERS)),
                                 [*seen, False])
        self.end()

    # VLAN tags

    def tagged(self, tag):
        return ether() / Dot1Q(vlan=tag, prio=PRIORITY) / V4 / UDP(sport=1, dport=2) / PAYLOAD

    def untagged(self):
        return ether() / V4 / UDP(sport=1, dport=2) / PAYLOAD

    def test_tags_are_stripped_and_told_when_that_is_wanted(self):
        self.start()
        self.assertNotIn("VLAN tci", self.sees(self.tagged(TAG)))
        self.assertEqual(self.passes(self.tagged(TAG), self.untagged()), [True, True])
        self.do("vlan set strip on 0")
        seen = self.sees(self.tagged(TAG))
        self.assertIn(f"VLAN tci=0x{PRIORITY << 13 | TAG:x}", seen)
        self.assertIn("RTE_MBUF_F_RX_VLAN_STRIPPED", seen)
        self.assertEqual(self.exchange(self.tagged(TAG)), [bytes(self.untagged())])
        self.assertNotIn("VLAN", self.sees(self.untagged()))
        self.do("vlan set strip off 0")
        self.assertEqual(self.passes(self.tagged(TAG)), [True])
        self.end()

    def test_tags_that_are_not_in_the_filter_are_not_received(self):
        self.start()
        packets = self.tagged(TAG), self.tagged(TAG + 1), self.untagged()
        self.assertEqual(self.passes(*packets), [True, True, True])
        self.do("vlan set filter on 0", f"rx_vlan add {TAG} 0")
        self.assertEqual(self.passes(*packets), [True, False, True])
        self.do(f"rx_vlan rm {TAG} 0")
        self.assertEqual(self.passes(*packets), [False, False, True])
        self.do("vlan set filter off 0")
        self.assertEqual(self.passes(*packets), [True, True, True])
        self.end()

    def test_tags_are_inserted(self):
        self.start(forward="mac")
        self.stopped(f"tx_vlan set 0 {TAG_OUT}")
        came, = self.exchange(self.untagged())
        packet = Ether(came)
        self.assertEqual((packet[Dot1Q].vlan, packet[Dot1Q].prio), (TAG_OUT, 0))
        self.assertEqual(came[16:], bytes(self.untagged())[12:])
        self.stopped("tx_vlan reset 0")
        came, = self.exchange(self.untagged())
        self.assertEqual(came[12:], bytes(self.untagged())[12:])
        self.end()

    # checksums

    def test_checksums_of_frames_that_are_received_are_judged(self):
        self.start("--enable-rx-cksum")
        ip_bad = IP(src="198.18.0.1", dst="198.19.0.1", chksum=1)
        for packet, told in ((V4 / UDP(), {IP_GOOD, L4_GOOD}), (V4 / UDP(chksum=1), {IP_GOOD, L4_BAD}),
                             (ip_bad / UDP(), {IP_BAD, L4_GOOD}), (V4 / TCP(), {IP_GOOD, L4_GOOD}),
                             (V4 / TCP(chksum=1), {IP_GOOD, L4_BAD}), (ip_bad / TCP(), {IP_BAD, L4_GOOD}),
                             (V6 / UDP(), {L4_GOOD}), (V6 / UDP(chksum=1), {L4_BAD}),
                             (V6 / TCP(), {L4_GOOD}), (V6 / TCP(chksum=1), {L4_BAD})):
            with self.subTest(packet.summary()):
                seen = self.sees(ether() / packet / PAYLOAD)
                flags = set(re.findall(r"\w+_(?:IP|L4)_CKSUM_\w+", seen))
                self.assertLessEqual(told, flags, seen)
                self.assertFalse({IP_GOOD, IP_BAD, L4_GOOD, L4_BAD} & flags - told, seen)
        self.end()

    def test_checksums_of_frames_that_are_sent_are_filled_in(self):
        """Which testpmd's checksum engine has left to the port. What it receives has none that is right."""
        self.start(forward="csum")
        self.stopped(*(f"csum set {layer} hw 0" for layer in ("ip", "udp", "tcp", "sctp")),
                     "csum mac-swap off 0")
        wrong = {"ip": IP(src="198.18.0.1", dst="198.19.0.1", chksum=1), "ipv6": V6}
        right = {"ip": V4, "ipv6": V6}
        for version, ip in wrong.items():
            for bad, good in ((UDP(chksum=1), UDP()), (TCP(chksum=1), TCP()),
                              (SCTP(chksum=1) / SCTPChunkData(data=bytes(40)),
                               SCTP() / SCTPChunkData(data=bytes(40)))):
                with self.subTest(f"{version} {good.name}"):
                    payload = Raw() if SCTP in good else PAYLOAD
                    expected = bytes(ether() / right[version] / good / payload)
                    came, = self.exchange(ether() / ip / bad / payload)
                    self.assertEqual(came[14:len(expected)].hex(), expected[14:].hex())
        self.end()


if __name__ == "__main__":
    guest.main()
