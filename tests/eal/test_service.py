# SPDX-License-Identifier: BSD-3-Clause
"""The systemd unit: systemd takes it, finds little exposed, and the privileges that it leaves are
enough. There is no systemd to start it where tests run, so rousepmd runs as nobody (or, where nobody
else may read the build, as a root without root's capabilities) with the unit's capabilities, and
each system call that it makes is held against the unit's filter."""

import os
import pathlib
import re
import subprocess

import rig

UNIT = rig.TOP / "config/systemd/rousepmd@.service"
MAX_EXPOSURE = 25  # in tenths
NOBODY = 65534
LIMIT_S = 60
# strace's own start of the program; what the kernel does for a thread or a signal by itself
NOT_CALLED = {"execve", "rt_sigreturn", "restart_syscall", "rseq", "set_robust_list", "exit",
              "exit_group"}


def output_of(*argv, **kwargs):
    return subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=LIMIT_S,
                          encoding="utf-8", check=True, **kwargs).stdout


def settings(name):
    """What the unit gives, in the order of its lines."""
    return re.findall(rf"^{name}=(.*)$", UNIT.read_text(encoding="utf-8"), re.M)


def group(name):
    """The system calls of a group as systemd has it."""
    found = set()
    for word in output_of("systemd-analyze", "--no-pager", "syscall-filter", name).split("\n")[1:]:
        word = word.strip()
        if word.startswith("@"):
            found |= group(word)
        elif word and not word.startswith("#"):
            found.add(word)
    return found


def user():
    """Whom the program runs as."""
    tried = subprocess.run(["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups",
                            rig.ROUSEPMD, "--no-pci", "--", "--help"], check=False,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=LIMIT_S)
    return NOBODY if tried.returncode == 0 else 0


def allowed():
    calls = set()
    for line in settings("SystemCallFilter"):
        names = set()
        for word in line.lstrip("~").split():
            names |= group(word) if word.startswith("@") else {word}
        calls = calls - names if line.startswith("~") else calls | names
    return calls


class ServiceTest(rig.Test):
    def unit(self):
        """With a program that is there, whether Rouse is installed or not."""
        path = self.folder / UNIT.name
        path.write_text(UNIT.read_text(encoding="utf-8").replace(
            "ExecStart=rousepmd", f"ExecStart={rig.ROUSEPMD}"), encoding="utf-8")
        return path

    def test_systemd_takes_it(self):
        self.assertEqual(output_of("systemd-analyze", "verify", self.unit()), "")

    def test_little_is_exposed(self):
        done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager",
                               f"--threshold={MAX_EXPOSURE}", self.unit()], timeout=LIMIT_S,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                              encoding="utf-8")
        self.assertEqual(done.returncode, 0, rig.tail(done.stdout))

    def test_what_it_leaves_is_enough(self):
        os.chmod(self.folder, 0o755)
        path = rig.write_capture(self.folder / "in.pcap", rig.udp_frames(100))
        runtime = self.folder / "run"
        runtime.mkdir()
        uid = user()
        os.chown(runtime, uid, uid)
        calls = runtime / "calls"
        caps = ",".join(f"+{name[4:].lower()}" for name in settings("AmbientCapabilities")[0].split())
        command = settings("ExecStart")[0].split()
        self.assertEqual(command[-2:], ["--", "$OPTIONS"])
        argv = ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", "--no-new-privs",
                f"--bounding-set=-all,{caps}", f"--inh-caps=-all,{caps}",
                f"--ambient-caps=-all,{caps}", "strace", "-f", "-qq", "-o", calls, rig.ROUSEPMD,
                *command[1:-3], *rig.eal(), rig.device(rx_pcap=path), "--", "--nb-cores=1"]
        argv = [word for word in argv if word not in ("--no-shconf", "--no-huge")]
        env = dict(rig.environment(), RUNTIME_DIRECTORY=str(runtime))
        self.assertIn("RX-packets: 100 ", output_of(*argv, env=env, cwd=runtime))
        self.assertEqual(settings("SystemCallErrorNumber"), ["EPERM"])
        # without those that it goes on without
        made = set(re.findall(r"^\d+ +(\w+)\((?!.* = -1 E(?:PERM|NOSYS) )",
                              calls.read_text(encoding="utf-8"), re.M))
        self.assertIn("epoll_wait", made)
        self.assertEqual(made - NOT_CALLED - allowed(), set())


if __name__ == "__main__":
    rig.main()
