# SPDX-License-Identifier: BSD-3-Clause
"""What is installed is enough: a program is built against it, out of tree, with the flags that
pkg-config gives and no others, and runs with the installed libraries and driver.

ROUSE_BUILD is the build folder, ROUSE_DPDK_PC the folder of libdpdk.pc, ROUSE_HEADERS the public
headers by name, with ":" between.
"""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import rig

SOURCE = pathlib.Path(__file__).resolve().parent / "installed.c"
LANGUAGES = {"C": ("cc", "c", ("gnu11",)),
             "C++": ("c++", "c++", ("gnu++11", "gnu++20"))}
STRICT = ("-Wall", "-Wextra", "-Werror")  # what a program may be compiled with
NB_PACKETS = 500


def run(*argv, **options):
    """Its output; a failure shows it."""
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace", timeout=rig.LIMIT_S, check=False, **options)
    if done.returncode != 0:
        raise AssertionError(f"status {done.returncode}: {' '.join(map(str, argv))}\n"
                             f"{rig.tail(done.stdout)}")
    return done.stdout


class InstallTest(rig.Test):
    @classmethod
    def setUpClass(cls):
        for tool in ("meson", "pkg-config", "cc"):
            if shutil.which(tool) is None:
                raise unittest.SkipTest(f"there is no {tool} here")
        folder = tempfile.TemporaryDirectory(prefix="rouse.")
        cls.addClassCleanup(folder.cleanup)
        run("meson", "install", "-C", os.environ["ROUSE_BUILD"], "--no-rebuild", "--quiet",
            "--destdir", folder.name)
        # an installed tree can be moved: it is used where the installation put it for a packager
        pc, = pathlib.Path(folder.name).rglob("rouse.pc")
        cls.pkgconfig = {**os.environ,
                         "PKG_CONFIG_PATH": f"{pc.parent}:{os.environ['ROUSE_DPDK_PC']}"}
        cls.libdir = pathlib.Path(cls.ask("rouse", "--variable=libdir")[0]).resolve()
        cls.pmddir = pathlib.Path(cls.ask("rouse", "--variable=pmddir")[0]).resolve()

    @classmethod
    def ask(cls, package, *what):
        return run("pkg-config", *what, package, env=cls.pkgconfig).split()

    def compiler(self, language):
        name, flag, standards = LANGUAGES[language]
        if shutil.which(name) is None:
            self.skipTest(f"there is no {language} compiler here")
        return [name, "-x", flag], standards

    def environment(self, *folders):
        """Nothing of the build folder is found by the linker."""
        path = [str(folder) for folder in (*folders, self.libdir,
                                           self.ask("libdpdk", "--variable=libdir")[0])]
        return {**rig.environment(), "LD_LIBRARY_PATH": ":".join(path)}

    def build(self, language, standard, package="rouse", *flags, source=SOURCE):
        program = self.folder / f"program-{standard}"
        run(*self.compiler(language)[0], f"-std={standard}", *flags,
            *self.ask(package, "--cflags"), source, "-o", program, "-x", "none",
            *self.ask(package, "--libs"))
        return program

    def check_run(self, program, env, *flags):
        frames = rig.udp_frames(NB_PACKETS)
        path = rig.write_capture(self.folder / "in.pcap", frames)
        output = run(program, *rig.eal(nb_workers=0), *flags,
                     rig.device(rx_pcap=path, overrun="wait"), "--", str(NB_PACKETS), env=env,
                     cwd=self.folder)
        self.assertIn(f"packets {NB_PACKETS} events 1 rescues 0\n", output)
        self.assertIn("registry shared\n", output)
        self.assertIn("sleeps seen yes\n", output)
        return output

    def check_language(self, language):
        _, standards = self.compiler(language)
        plugin = self.pmddir / "librte_net_evnic.so"
        self.assertTrue(plugin.is_file())
        # by its name where EAL would not have the path
        flag = plugin.name if rig.is_refused_by_eal(plugin) else str(plugin)
        env = self.environment(self.pmddir)
        for standard in standards:
            with self.subTest(standard):
                program = self.build(language, standard)
                self.assertIn(str(self.libdir / "librouse_worker.so.0"),
                              run("ldd", program, env=env))
                self.check_run(program, env, "-d", flag)

    def test_a_program_in_c_is_built_and_gets_its_packets(self):
        self.check_language("C")

    def test_a_program_in_cxx_is_built_and_gets_its_packets(self):
        self.check_language("C++")

    def test_a_program_that_links_the_driver_needs_no_plugin(self):
        program = self.build("C", "gnu11", "rouse-evnic", "-DWITH_EVNIC")
        output = self.check_run(program, self.environment())
        self.assertIn("default processor 0\n", output)

    def test_the_installed_example_is_built(self):
        prefix = pathlib.Path(self.ask("rouse", "--variable=prefix")[0]).resolve()
        sources = list(prefix.rglob("*.c"))
        self.assertEqual([source.name for source in sources], ["l2fwd_sleep.c"])
        program = self.build("C", "gnu11", source=sources[0])
        self.assertIn(str(self.libdir / "librouse_worker.so.0"),
                      run("ldd", program, env=self.environment()))

    def test_each_header_compiles_alone_in_c_and_cxx(self):
        installed = pathlib.Path(self.ask("rouse", "--variable=includedir")[0], "rouse")
        headers = sorted(path.name for path in installed.iterdir())
        self.assertEqual(headers, sorted(os.environ["ROUSE_HEADERS"].split(":")))
        # DPDK's own headers are not ours to keep free of warnings
        flags = [flag.replace("-I", "-isystem") if "rouse" not in flag else flag
                 for flag in self.ask("rouse", "--cflags")]
        for language in LANGUAGES:
            compiler, standards = self.compiler(language)
            for standard in standards:
                for header in headers:
                    with self.subTest(f"{header}, {standard}"):
                        # twice: its guard is its own
                        run(*compiler, f"-std={standard}", *STRICT, *flags, "-fsyntax-only", "-",
                            input=f"#include <{header}>\n" * 2)

    def test_the_libraries_show_nothing_but_their_own_names(self):
        """Another name would take the place of the program's own function of that name."""
        if shutil.which("nm") is None:
            self.skipTest("there is no nm here")
        for library in [*self.libdir.glob("librouse_*.so"), *self.pmddir.glob("*.so")]:
            names = [line.split()[-1] for line in
                     run("nm", "--dynamic", "--defined-only", library).splitlines()]
            self.assertGreater(len(names), 0, library)
            self.assertEqual([name for name in names if not name.startswith("rouse_")], [], library)


if __name__ == "__main__":
    rig.main()
