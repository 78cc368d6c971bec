# SPDX-License-Identifier: BSD-3-Clause
"""Steering: packets per queue are those of the oracle, packet for packet, and none is missed.

Played are the captures of ROUSE_PCAPS, of the folder that ROUSE_CAPTURES names (if it is set), and
such as are made here: every file format, files that break off, frames of every shape.
"""

import os
import random

import rig
from rig import check_steering, hm, rss, rss_oracle

NB_SHAPES = 3000


def shapes():
    """Frames as a network should not have them: cut off, tagged too often, lying about lengths."""
    dice = random.Random(11)
    fragment6 = bytes([hm.TCP, 0, 0, 1, 0, 0, 0, 7]) + hm.L4
    walk = hm.extension(hm.ROUTING) + hm.extension(hm.DESTINATION, 4) + hm.extension(hm.UDP) + hm.L4
    seeds = [hm.eth4(protocol=p) for p in (hm.TCP, hm.UDP, hm.SCTP, 47)]
    seeds += [hm.eth6(next_header=p) for p in (hm.TCP, hm.UDP, hm.SCTP, 58)]
    seeds += [hm.eth4(options=bytes(8)), hm.eth4(fragment=0x2000), hm.eth6(fragment6, hm.FRAGMENT),
              hm.eth6(walk, hm.HOP_BY_HOP), hm.eth4(total=0), hm.eth6(length=0),
              hm.ethernet(0x0806, bytes(28)), hm.ethernet(0x88CC, bytes(100))]
    seeds += [hm.ethernet(0x0800, hm.ipv4(), *tags)
              for tags in ((0x8100,), (0x88A8, 0x8100), (0x9100, 0x8100), (0x8100,) * 3)]
    for _ in range(NB_SHAPES):
        frame = bytearray(dice.choice(seeds))
        for _ in range(dice.choice((0, 1, 1, 4))):
            frame[dice.randrange(12, len(frame))] = dice.randrange(256)
        yield bytes(frame[:dice.choice((len(frame), dice.randrange(1, len(frame) + 1)))])


def write_formats(folder):
    """Captures of every format, whole, damaged, and such as are to be refused."""
    frames = [hm.eth4(), hm.eth6(), hm.ethernet(0x0806, bytes(28))] * 3
    files = {}
    for order in "<>":
        for magic in (0xA1B2C3D4, 0xA1B23C4D):
            records = [hm.pcap_record(frame, order=order) for frame in frames]
            files[f"{magic:x}{order == '<'}"] = hm.pcap(*records, order=order, magic=magic)
        head = hm.section(order) + hm.interface(order=order)
        for kind in (hm.enhanced, hm.old_packet, hm.simple):
            files[f"{kind.__name__}{order == '<'}"] = head + b"".join(
                kind(frame, order=order) for frame in frames)
    records = [hm.pcap_record(frame) for frame in frames]
    files["cut_to_snaplen"] = hm.pcap(*records, snaplen=36)
    files["fcs_length_in_linktype"] = hm.pcap(*records, linktype=0x24000001)
    files["without_a_byte"] = hm.pcap(hm.pcap_record(b""), *records, hm.pcap_record(b""))
    files["breaks_off"] = hm.pcap(*records)[:-1]
    files["breaks_off_at_once"] = hm.pcap(*records)[:30]
    files["breaks_off_in_a_block"] = hm.section() + hm.interface() + hm.enhanced(hm.eth4()) * 2 \
        + hm.enhanced(hm.eth4())[:-8]
    files["lies_about_a_length"] = hm.pcap(*records, hm.pcap_record(b"a", length=1 << 30), *records)
    files["longer_than_snaplen"] = hm.section() + hm.interface(snaplen=60) \
        + hm.enhanced(bytes(60)) + hm.enhanced(bytes(61))
    files["no_record"] = hm.pcap()
    files["only_empty_records"] = hm.pcap(hm.pcap_record(b""), hm.pcap_record(b""))
    files["not_ethernet"] = hm.pcap(*records, linktype=101)
    files["text"] = b"# a text\n"
    files["nothing"] = b""
    for name, data in files.items():
        (folder / f"{name}.pcap").write_bytes(data)
    return len(files)


class SteeringTest(rig.Test):
    def check_all(self, *folders):
        """Every capture of the folders, by the oracle's own check, which prints what it found."""
        status = check_steering.main(["--rousepmd", rig.ROUSEPMD, *map(str, folders)])
        self.assertEqual(status, 0, "see the lines marked WRONG")

    def check_counts(self, path, nb_queues, *options, types="all", loops=1, **devargs):
        run = rig.rousepmd(
            self.folder, rig.device(rx_pcap=path, overrun="wait", loops=loops, **devargs),
            f"--rxq={nb_queues}", f"--txq={nb_queues}", "--rxd=256", "--txd=256",
            "--forward-mode=rxonly", *options, flags=rig.eal(memory_mb=256))
        self.check_played(run)
        summary = rss_oracle.summarize(path, rss.Steering(nb_queues, types=rss.parse_types(types)))
        expected = {**summary, "packets": loops * summary["packets"],
                    "bytes": loops * summary["bytes"],
                    "queues": [loops * packets for packets in summary["queues"]]}
        self.assertEqual(check_steering.compare(expected, run.report), [])
        return expected["queues"]

    def test_every_capture_is_steered_as_the_oracle_says_or_refused_with_a_line(self):
        folders = [rig.PCAPS] + [f for f in (os.environ.get("ROUSE_CAPTURES"),) if f]
        self.check_all(*folders)

    def test_every_file_format_is_read_as_the_oracle_reads_it(self):
        nb_files = write_formats(self.folder)
        self.assertGreater(nb_files, 20)
        self.check_all(self.folder)

    def test_frames_of_every_shape_are_steered_as_the_oracle_says(self):
        path = rig.write_capture(self.folder / "shapes.pcap", list(shapes()))
        queues = self.check_counts(path, 4)
        self.assertEqual(sum(queues), NB_SHAPES)
        self.assertGreater(min(queues), 0)

    def test_any_number_of_queues(self):
        for nb_queues in (1, 3, 7, 64):
            with self.subTest(nb_queues):
                self.check_counts(rig.PCAPS / "mixed.pcap", nb_queues)

    def test_rss_ip_hashes_addresses_only(self):
        path = rig.PCAPS / "mixed.pcap"
        by_address = self.check_counts(path, 4, "--rss-ip", types="ip")
        self.assertNotEqual(by_address, self.check_counts(path, 4))

    def test_rss_udp_hashes_nothing_but_udp(self):
        path = rig.PCAPS / "mixed.pcap"
        by_udp = self.check_counts(path, 4, "--rss-udp", types="udp")
        self.assertNotEqual(by_udp, self.check_counts(path, 4))

    def test_three_loops_give_three_times_the_counts(self):
        self.check_counts(rig.PCAPS / "mixed.pcap", 4, loops=3)

    def test_the_oracle_would_notice_one_packet_elsewhere(self):
        path = rig.PCAPS / "dns.pcap"
        frames, _ = rig.read_capture(path)
        steering = rss.Steering(4)
        index = next(i for i, frame in enumerate(frames) if steering.steer(frame)[1] == 3)
        frames[index] = bytes(len(frames[index]))
        other = rig.write_capture(self.folder / "other.pcap", frames)
        run = rig.rousepmd(self.folder, rig.device(rx_pcap=other), "--rxq=4", "--txq=4")
        differences = check_steering.compare(rss_oracle.summarize(path, steering), run.report)
        self.assertEqual(len(differences), 2, differences)


if __name__ == "__main__":
    rig.main()
