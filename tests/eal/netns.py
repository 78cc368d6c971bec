# SPDX-License-Identifier: BSD-3-Clause
"""A network namespace of a test's own, with a veth pair: traffic stays in it.

It needs root and iproute2. Packet sockets are made inside the namespace, and stay there.
"""

import contextlib
import ctypes
import os
import shutil
import socket
import subprocess

ETH_P_ALL = 3
CLONE_NEWNET = 0x40000000
PACKET_IGNORE_OUTGOING = 23
SOL_PACKET = 263
NAMED = "/run/netns"
IP = shutil.which("ip", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


def ip(*words):
    subprocess.run([IP, *words], check=True, stdin=subprocess.DEVNULL, capture_output=True,
                   encoding="utf-8")


def missing():
    """Why there can be no namespace here, or None."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    if IP is None:
        return "iproute2's ip is not there"
    try:
        with Namespace("probe"):
            return None
    except subprocess.CalledProcessError as error:
        return f"no namespace with a veth pair can be made: {error.stderr.strip()}"


class Namespace:
    """A namespace while the "with" lasts; its ends are the interfaces "near" and "far"."""

    def __init__(self, name):
        self.name = f"rouse.{name}.{os.getpid()}"

    def __enter__(self):
        ip("netns", "add", self.name)
        try:
            self.run("sh", "-c", "for f in all default; do "
                     "echo 1 > /proc/sys/net/ipv6/conf/$f/disable_ipv6 || true; done")
            self.ip("link", "add", "dev", "near", "type", "veth", "peer", "name", "far")
            for end in ("near", "far"):
                self.ip("link", "set", "dev", end, "up")
        except BaseException:
            ip("netns", "del", self.name)
            raise
        return self

    def __exit__(self, *_):
        ip("netns", "del", self.name)

    def ip(self, *words):
        ip("-n", self.name, *words)

    def run(self, *argv):
        ip("netns", "exec", self.name, *argv)

    def inside(self, argv):
        """The command line that runs argv in the namespace."""
        return [IP, "netns", "exec", self.name, *argv]

    @contextlib.contextmanager
    def entered(self):
        """What this thread makes meanwhile is made inside."""
        libc = ctypes.CDLL(None, use_errno=True)
        with open("/proc/self/ns/net", "rb") as home, open(f"{NAMED}/{self.name}", "rb") as there:
            if libc.setns(there.fileno(), CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "setns")
            try:
                yield
            finally:
                if libc.setns(home.fileno(), CLONE_NEWNET) != 0:
                    raise OSError(ctypes.get_errno(), "setns")

    def packet_socket(self, interface, timeout_s=30):
        """A packet socket in the namespace; it sees what comes in, not what it sends itself."""
        with self.entered():
            sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        sock.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
        sock.bind((interface, ETH_P_ALL))
        sock.settimeout(timeout_s)
        return sock
