# SPDX-License-Identifier: BSD-3-Clause
"""What programs of the guest and its kernel have counted."""

import re


def fields(line):
    """{"wakes": 5, ...} of "wakes 5 ..."."""
    return {name: int(value) for name, value in re.findall(r"(\w+) (\d+)", line)}
