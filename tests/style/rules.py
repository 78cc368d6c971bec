# SPDX-License-Identifier: BSD-3-Clause
"""The house rules that a machine can check.

A rule is asked about one file at a time. It gets the Source and yields (line number, complaint);
samples.py holds, for each rule, a text that breaks it and one that does not.
"""

import re
from typing import Callable, NamedTuple

MAX_LINES = 600
LICENCE = "SPDX-License-Identifier: BSD-3-Clause"
FENCES_IN = "lib/attn/rouse_attn.h"
WITHOUT_EAL = ("lib/evring/", "lib/steer/", "lib/attn/")
PRODUCT = ("lib/", "drivers/", "app/")
SILENT = ("lib/", "drivers/")

COMMENT_OR_STRING = re.compile(
    r"""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""", re.DOTALL)
INCLUDE = re.compile(r"^[ \t]*#[ \t]*include[ \t]*[<\"]([^>\"\n]+)[>\"]", re.MULTILINE)

# Where people and build machines keep things, as opposed to what every Debian has.
MACHINE_PATH = re.compile(r"(?<![\w.$}/*-])/(?:home|root|work|workspace|Users|mnt|media|srv|"
                          r"builds?|opt|nix)/[\w.]")
PACKAGE_HOST = re.compile(
    r"\b[\w.-]*(?:debian|ubuntu)\.(?:org|com)/(?:debian|ubuntu|security|archive)"
    r"|\b(?:deb|ftp|security|snapshot|archive|ports)[\w.-]*\.(?:debian|ubuntu)\.(?:org|com)\b"
    r"|\b(?:fast|static)\.dpdk\.org\b|\bpypi\.org\b|\bpythonhosted\.org\b"
    r"|\bdeb(?:-src)?[ \t]+(?:\[[^]]*\][ \t]+)?\w+://")
LOUD_CALL = re.compile(r"\b(v?printf|puts|putchar|perror|_?exit|_Exit|quick_exit|abort|rte_exit|"
                       r"rte_panic|rte_panic_)\s*\("
                       r"|\b(v?fprintf|fputs)\s*\([^;]*\bstd(?:out|err)\b")
FENCE = re.compile(r"\b(atomic_thread_fence|__atomic_thread_fence|rte_atomic_thread_fence|"
                   r"rte_(?:smp_)?mb|__sync_synchronize|_mm_mfence|mfence)\b")
# bracketed, so that this file keeps the rule
UNFINISHED = re.compile(r"\b(T[O]DO|FIX[M]E|XX[X]|HAC[K])\b")


class Source(NamedTuple):
    """A text file of the tree."""
    name: str  # path from the top of the tree
    text: str
    tree: frozenset  # names of all files

    @property
    def is_c(self):
        return self.name.endswith((".c", ".h"))


class Rule(NamedTuple):
    """What a rule is called and how it is checked."""
    name: str
    check: Callable


def line_of(text, at):
    return text.count("\n", 0, at) + 1


def code_of(text):
    """C without comments and the insides of strings; every line stays where it is."""
    return COMMENT_OR_STRING.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)


def base_names(tree, *folders):
    """Headers below the folders, as an #include could name them."""
    return {name.rsplit("/", 1)[1] for name in tree
            if name.startswith(folders) and name.endswith(".h")}


def includes(source):
    """(line number, header) of each #include."""
    return [(line_of(source.text, match.start()), match[1])
            for match in INCLUDE.finditer(source.text)]


# ---- rules for every text file ----


def needs_licence(name, text):
    return (name.endswith((".c", ".h", ".py", ".sh", ".pml", "/meson.build")) or
            name == "meson.build" or text.startswith("#!"))


def check_licence(source):
    if needs_licence(source.name, source.text) and LICENCE not in "".join(
            source.text.splitlines()[:4]):
        yield 1, f'begins without "{LICENCE}"'


def check_paths(source):
    for match in MACHINE_PATH.finditer(source.text):
        yield line_of(source.text, match.start()), f"an absolute path of one machine: {match[0]}..."


def check_hosts(source):
    for match in PACKAGE_HOST.finditer(source.text):
        yield (line_of(source.text, match.start()),
               f"a host that packages come from ({match[0]}); use the machine's own sources")


def check_unfinished(source):
    for match in UNFINISHED.finditer(source.text):
        yield line_of(source.text, match.start()), f"{match[0]}: finish it, or open an issue"


# ---- rules for C ----


def check_length(source):
    nb_lines = len(source.text.splitlines())
    if source.is_c and source.name.startswith(PRODUCT) and nb_lines > MAX_LINES:
        yield nb_lines, f"{nb_lines} lines, {MAX_LINES} at most: split it by what it does"


def check_silence(source):
    if not source.is_c or not source.name.startswith(SILENT):
        return
    # a call of fprintf shows where it goes only with what stands in its brackets
    code = code_of(source.text)
    for match in LOUD_CALL.finditer(code):
        yield (line_of(code, match.start()), f"calls {match[1] or match[2]}: libraries and drivers "
               "return an error or log, and never print or end the program")


def check_without_eal(source):
    if not source.name.startswith(WITHOUT_EAL):
        return
    for line, header in includes(source):
        if header.rsplit("/", 1)[-1].startswith(("rte_", "ethdev_")):
            yield line, f"includes {header}: this library is free of EAL"


def check_driver_includes(source):
    if not source.name.startswith("drivers/"):
        return
    forbidden = base_names(source.tree, "lib/worker/") | {"rouse_worker.h"}
    for line, header in includes(source):
        # the kernel's may have the name of one of ours
        if header.rsplit("/", 1)[-1] in forbidden and not header.startswith("linux/"):
            yield line, f"includes {header}: drivers know nothing of workers, only of lib/attn"


def check_library_includes(source):
    if not source.name.startswith("lib/"):
        return
    forbidden = base_names(source.tree, "drivers/", "app/") - base_names(source.tree, "lib/")
    for line, header in includes(source):
        if header.rsplit("/", 1)[-1] in forbidden:
            yield line, f"includes {header}: a library knows neither drivers nor applications"


def check_fences(source):
    if (not source.is_c or not source.name.startswith(PRODUCT) or source.name == FENCES_IN):
        return
    code = code_of(source.text)
    for match in FENCE.finditer(code):
        yield (line_of(code, match.start()),
               f"{match[0]}: full fences belong to the park handshake, in {FENCES_IN}")


RULES = (
    Rule("licence", check_licence),
    Rule("paths", check_paths),
    Rule("hosts", check_hosts),
    Rule("unfinished", check_unfinished),
    Rule("length", check_length),
    Rule("silence", check_silence),
    Rule("without-eal", check_without_eal),
    Rule("driver-includes", check_driver_includes),
    Rule("library-includes", check_library_includes),
    Rule("fences", check_fences),
)
