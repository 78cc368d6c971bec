# SPDX-License-Identifier: BSD-3-Clause
"""For each rule texts that break it and texts that do not: {rule: (bad, good)}, each a list of
(file name, text). Strings are cut in two where this file would break a rule itself.
"""

LICENCE = "/* SPDX-License-Identifier: BSD-3-Clause */\n"

TREE = frozenset({
    "lib/attn/rouse_attn.h", "lib/worker/rouse_worker.h", "lib/worker/worker.h",
    "drivers/net/evnic/evnic.h", "app/rousepmd/app.h",
})

SAMPLES = {
    "licence": (
        [("lib/x.c", "int x;\n"), ("tests/x.py", "import os\n"), ("lib/meson.build", "x = 1\n"),
         ("run", "#!/bin/sh\n"), ("lib/y.c", "\n\n\n\n" + LICENCE),
         ("lib/z.c", "/* SPDX-License-Identifier: GPL-2.0 */\n")],
        [("lib/x.c", LICENCE), ("tests/x.py", "#!/usr/bin/env python3\n# " + LICENCE),
         ("README.md", "# Rouse\n")],
    ),
    "paths": (
        [("run.sh", "cd /ho" "me/somebody/rouse\n"), ("docs/x.md", "see `/ro" "ot/x`\n"),
         ("meson.build", "x = '/wo" "rk/x/lib'\n"), ("x.py", "open(\"/op" "t/dpdk/lib\")\n")],
        [("run.sh", "#!/usr/bin/env bash\ncat /etc/os-release /proc/cpuinfo\n"),
         ("x.py", "out / 'home/x'\n"), ("x.sh", "cd \"$top/work/x\" ../home/x\n"),
         ("docs/x.md", "the interval [0/1, a/work/b], doc.dpdk.org/opt/x\n")],
    ),
    "hosts": (
        [("x.sh", "echo de" "b http://mirror.example/debian bookworm main\n"),
         ("x.sh", "echo de" "b [signed-by=x] https://mirror.example/debian bookworm main\n"),
         ("x.py", "URL = 'http://deb.debi" "an.org/debian'\n"),
         ("x.py", "URL = 'https://ftp.us.debi" "an.org'\n"),
         ("x.sh", "curl fast.dp" "dk.org/rel\n"),
         ("README.md", "pip install -i https://py" "pi.org/simple\n")],
        [("README.md", "Debian 12 (www.debian.org), the dpdk.org style, a deb package\n"),
         ("x.c", "/* draft-ietf-opsawg-pcapng, https://www.rfc-editor.org/rfc/rfc2544 */\n")],
    ),
    "unfinished": (
        [("lib/x.c", "/* TO" "DO: more */\n"), ("x.sh", "# FIX" "ME\n"), ("x.py", "# XX" "X why\n"),
         ("docs/x.md", "a HA" "CK, that\n")],
        [("x.sh", "mktemp x.XXXXXX\n"), ("x.md", "hack, todo, TODOS\n")],
    ),
    "length": (
        [("lib/x.c", "x\n" * 601), ("app/x.h", "x\n" * 700)],
        [("lib/x.c", "x\n" * 600), ("tests/x.c", "x\n" * 601), ("lib/x.md", "x\n" * 601)],
    ),
    "silence": (
        [("lib/x.c", "printf(\"x\");\n"), ("drivers/x.c", "\texit (1);\n"),
         ("lib/x.h", "if (x) abort();\n"), ("lib/x.c", "rte_exit(1, \"x\");\n"),
         ("drivers/x.c", "rte_panic(\"x\\n\");\n"), ("lib/x.c", "fprintf(stderr, \"x\");\n"),
         ("lib/x.c", "fprintf(x ? f :\n\t\tstdout, \"x\");\n"), ("lib/x.c", "perror(\"x\");\n")],
        [("lib/x.c", "snprintf(a, b, \"printf(x)\");\n"),
         ("lib/x.c", "/* exit(1) */ on_exit(x);\n"),
         ("lib/x.c", "// abort()\nfprintf(f, \"x\"); // stderr\n"), ("app/x.c", "printf(\"x\");\n"),
         ("lib/x.c", "fprintf(f, \"x\");\ny = stdout;\n")],
    ),
    "without-eal": (
        [("lib/evring/x.c", "#include <rte_ring.h>\n"),
         ("lib/steer/x.h", "# include \"rte_x.h\"\n"),
         ("lib/attn/x.c", "#include <ethdev_driver.h>\n")],
        [("lib/attn/x.c", "#include <stdint.h>\n/* as rte_ring.h */\n"),
         ("lib/worker/x.c", "#include <rte_ring.h>\n")],
    ),
    "driver-includes": (
        [("drivers/net/x/x.c", "#include <rouse_worker.h>\n"),
         ("drivers/net/x/x.c", "#include \"../../../lib/worker/worker.h\"\n")],
        [("drivers/net/x/x.c", "#include <rouse_attn.h>\n"),
         ("app/x/x.c", "#include <rouse_worker.h>\n")],
    ),
    "library-includes": (
        [("lib/worker/x.c", "#include <evnic.h>\n"), ("lib/attn/x.h", "#include \"app.h\"\n"),
         ("lib/x/x.c", "#include \"drivers/net/evnic/evnic.h\"\n")],
        [("lib/worker/x.c", "#include \"worker.h\"\n#include <rte_ethdev.h>\n"),
         ("drivers/net/evnic/x.c", "#include \"evnic.h\"\n")],
    ),
    "fences": (
        [("lib/x.c", "atomic_thread_fence(memory_order_seq_cst);\n"),
         ("app/x.c", "rte_smp_mb();\n"),
         ("drivers/x.c", "__sync_synchronize();\n"), ("lib/attn/attn.c", "rte_mb();\n")],
        [("lib/attn/rouse_attn.h", "atomic_thread_fence(memory_order_seq_cst);\n"),
         ("lib/x.c", "/* pairs with the atomic_thread_fence() of rouse_attn.h */\n"),
         ("tests/x.c", "atomic_thread_fence(memory_order_seq_cst);\n")],
    ),
}
