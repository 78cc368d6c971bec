#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A VLAN trunk in user space: carries frames between tap devices and one tagged link.

usage: trunk.py LINK TAP=TPID:VID[,TPID:VID] ...	(TPID in hexadecimal, outer tag first)

A frame from a tap leaves by the link with the tap's tags; a frame from the link with exactly a
tap's tags goes to that tap without them. Other frames are none of its business: the kernel has
the untagged ones. Runs until it is ended. It is for recording captures where the kernel has no
VLAN devices, and is not fast.
"""
import fcntl
import os
import select
import socket
import struct
import sys

ETH_P_ALL = 3
TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454CA, 0x0002, 0x1000
SOL_PACKET, PACKET_AUXDATA = 263, 8
TP_STATUS_VLAN_VALID = 0x10
AUXDATA = struct.Struct("IIIHHHH")  # status, len, snaplen, mac, net, vlan_tci, vlan_tpid
MAX_FRAME = 65536
MACS = 12  # bytes in front of the tags


def open_tap(name):
    tap = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(tap, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI))
    return tap


def open_link(name):
    link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    link.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
    link.bind((name, ETH_P_ALL))
    return link


def parse_tags(text):
    """The bytes between the MAC addresses and the ethertype, for "88a8:100,8100:20"."""
    pairs = (tag.split(":") for tag in text.split(","))
    return b"".join(struct.pack("!HH", int(tpid, 16), int(vid)) for tpid, vid in pairs)


def receive_tagged(link):
    """One received frame with its outer tag, which the kernel hands over apart; or None."""
    frame, ancillary, _, address = link.recvmsg(MAX_FRAME, socket.CMSG_SPACE(AUXDATA.size))
    if address[2] == socket.PACKET_OUTGOING:
        return None
    for level, kind, data in ancillary:
        if (level, kind) != (SOL_PACKET, PACKET_AUXDATA):
            continue
        status, _, _, _, _, tci, tpid = AUXDATA.unpack(data[:AUXDATA.size])
        if status & TP_STATUS_VLAN_VALID:
            return frame[:MACS] + struct.pack("!HH", tpid, tci) + frame[MACS:]
    return None


def carry(link, taps):
    """taps: the tap's file descriptor -> its tags. Never returns."""
    while True:
        for ready in select.select([link, *taps], [], [])[0]:
            if ready is not link:
                frame = os.read(ready, MAX_FRAME)
                link.send(frame[:MACS] + taps[ready] + frame[MACS:])
                continue
            frame = receive_tagged(link)
            for tap, tags in taps.items():
                end = MACS + len(tags)
                if frame and frame[MACS:end] == tags:
                    os.write(tap, frame[:MACS] + frame[end:])


def main():
    link = open_link(sys.argv[1])
    pairs = (argument.split("=") for argument in sys.argv[2:])
    carry(link, {open_tap(name): parse_tags(tags) for name, tags in pairs})


main()
