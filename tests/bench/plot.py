# SPDX-License-Identifier: BSD-3-Clause
"""Plots by gnuplot, from the figures of a benchmark.

    plot.lines(folder / "latency", "Latency", ("packets/s", "ns"), {"hybrid": [(10, 5.0), ...]})

leaves latency.gnuplot, with the figures in it, and latency.png where there is a gnuplot.
"""

import shutil
import subprocess

HEADER = """# SPDX-License-Identifier: BSD-3-Clause
set terminal pngcairo size 800,480 font "sans,10" background "white"
set output "{output}"
set title "{title}" noenhanced
set xlabel "{xlabel}" noenhanced
set ylabel "{ylabel}" noenhanced
set grid
set key outside right top
{scales}
"""


def script(output, title, labels, series, log=""):
    """The text of a gnuplot script; log names the axes that are logarithmic, such as "xy"."""
    scales = "\n".join([*(f"set logscale {axis}" for axis in log),
                        *([] if "y" in log else ["set yrange [0:*]"])])
    lines = [HEADER.format(output=output, title=title, xlabel=labels[0], ylabel=labels[1],
                           scales=scales)]
    for i, points in enumerate(series.values()):
        lines += [f"$data{i} << EOD", *(f"{x} {y}" for x, y in points), "EOD"]
    drawn = [f'$data{i} using 1:2 with linespoints lw 2 title "{name}" noenhanced'
             for i, name in enumerate(series)]
    return "\n".join([*lines, "plot " + ", \\\n     ".join(drawn), ""])


def lines(path, title, labels, series, log=""):
    """Draw {name: points}; points that a logarithm has no place for, and empty series, are left
    out."""
    kept = {name: [(x, y) for x, y in points
                   if ("x" not in log or x > 0) and ("y" not in log or y > 0)]
            for name, points in series.items()}
    kept = {name: points for name, points in kept.items() if points}
    if not kept:
        return
    text = script(f"{path.name}.png", title, labels, kept, log)
    source = path.with_name(path.name + ".gnuplot")
    source.write_text(text, encoding="utf-8")
    if shutil.which("gnuplot") is None:
        print(f"no {path.name}.png: there is no gnuplot", flush=True)
        return
    subprocess.run(["gnuplot", source.name], cwd=path.parent, check=True, timeout=60,
                   stderr=subprocess.DEVNULL)
