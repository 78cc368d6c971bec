# SPDX-License-Identifier: BSD-3-Clause
"""The far end of a guest's NIC: a datagram is a frame, both ways.

QEMU has the other end of a pair of sockets, which hold back a sender: no frame is lost between the
host and the NIC. What a NIC has no room for, QEMU holds back or drops as the model does.
"""

import contextlib
import fcntl
import socket
import struct
import threading

LIMIT_S = 120
BUFFER_BYTES = 1 << 22


def _pair():
    ends = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    for end in ends:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER_BYTES)
    return ends


class End:
    """What a NIC is plugged into."""

    def __init__(self, peer):
        self.peers = [peer]  # QEMU's, which are closed when it has them

    def arguments(self, name):
        """QEMU's, for its end."""
        return ["-netdev", f"dgram,id={name},local.type=fd,local.str={self.peers[0].fileno()}"]

    def close(self):
        """QEMU is gone."""


def cable():
    """Both ends of a cable between two NICs."""
    return tuple(End(end) for end in _pair())


class Wire(End):
    """Sends frames, and collects what the NIC sends."""

    def __init__(self, ends=None):
        self._socket, peer = ends or _pair()
        super().__init__(peer)
        self._changed = threading.Condition()
        self._frames, self.nb_received = [], 0
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        while True:
            try:
                frame = self._socket.recv(1 << 16)
            except OSError:
                return
            if not frame:
                return
            with self._changed:
                self._frames.append(frame)
                self.nb_received += 1
                self._changed.notify_all()

    def send(self, frames):
        """Into the NIC; blocks while it takes none."""
        for frame in frames:
            self._socket.send(frame)

    def expect(self, nb_frames, limit_s=LIMIT_S):
        """Wait until so many frames came that were not taken yet; take them. The time limit is for
        one frame."""
        with self._changed:
            while len(self._frames) < nb_frames:
                if not self._changed.wait(limit_s):
                    raise AssertionError(f"{len(self._frames)} of {nb_frames} frames came")
            taken, self._frames = self._frames[:nb_frames], self._frames[nb_frames:]
        return taken

    def take(self):
        """What came, and was not taken yet."""
        with self._changed:
            taken, self._frames = self._frames, []
        return taken

    def close(self):
        """The other end is gone by now: the reader ends by itself."""
        with contextlib.suppress(OSError):  # a tap has no connection, its reader sees that it is gone
            self._socket.shutdown(socket.SHUT_RDWR)
        self._reader.join()
        self._socket.close()


class Tap(Wire):
    """A wire of several queues, for QEMU's virtio, in a namespace that a test made. It holds nobody
    back: what is more than a few hundred frames ahead of the NIC is lost."""

    NAME = b"wire"
    TUNSETIFF, IFF_TAP, IFF_NO_PI, IFF_MULTI_QUEUE = 0x400454ca, 0x0002, 0x1000, 0x0100

    def __init__(self, namespace, nb_queues):
        with namespace.entered():
            queues = [self._queue() for _ in range(nb_queues)]
        namespace.ip("link", "set", "dev", self.NAME.decode(), "up")
        super().__init__((namespace.packet_socket(self.NAME.decode(), None), None))
        self.peers = queues

    def _queue(self):
        queue = open("/dev/net/tun", "r+b", buffering=0)  # pylint: disable=consider-using-with
        flags = self.IFF_TAP | self.IFF_NO_PI | self.IFF_MULTI_QUEUE
        fcntl.ioctl(queue, self.TUNSETIFF, struct.pack("16sH22x", self.NAME, flags))
        return queue

    def arguments(self, name):
        fds = ":".join(str(queue.fileno()) for queue in self.peers)
        return ["-netdev", f"tap,id={name},vhost=off,fds={fds}"]
