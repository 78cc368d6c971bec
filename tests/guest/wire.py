# SPDX-License-Identifier: BSD-3-Clause
"""The far end of a guest's NIC: a datagram is a frame, both ways.

QEMU has the other end of a pair of sockets, which hold back a sender: no frame is lost between the
host and the NIC. What a NIC has no room for, QEMU holds back or drops as the model does.
"""

import socket
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
        self.peer = peer  # QEMU's

    def arguments(self, name):
        """QEMU's, for its end."""
        return ["-netdev", f"dgram,id={name},local.type=fd,local.str={self.peer.fileno()}"]

    def close(self):
        """QEMU is gone."""


def cable():
    """Both ends of a cable between two NICs."""
    return tuple(End(end) for end in _pair())


class Wire(End):
    """Sends frames, and collects what the NIC sends."""

    def __init__(self):
        self._socket, peer = _pair()
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
        self._socket.shutdown(socket.SHUT_RDWR)
        self._reader.join()
        self._socket.close()
