# SPDX-License-Identifier: BSD-3-Clause
"""What a benchmark leaves behind: raw data for programs next to a table for people."""

import csv
import json
from pathlib import Path


def write_csv(path, header, rows):
    with open(path, "w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(header)
        writer.writerows(rows)


def write_json(path, data):
    with open(path, "w", encoding="utf-8") as out:
        json.dump(data, out, indent=1)
        out.write("\n")


def columns(rows):
    """Rows of texts as lines; the first column is flush left, all others right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) if i == 0 else cell.rjust(width)
                      for i, (cell, width) in enumerate(zip(row, widths))).rstrip() for row in rows]


def make_folder(path):
    folder = Path(path)
    folder.mkdir(parents=True, exist_ok=True)
    # of an earlier run: one that is interrupted shall not pass for it
    (folder / "summary.json").unlink(missing_ok=True)
    return folder
