#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""House rules: check_rules.py [--self-test] [RULE...]

Checks every text file of the tree against rules.py; a line for each place that breaks a rule.
With --self-test it shows instead that each rule catches what it is there for, and nothing else.
"""

import sys

import rules
import samples
import sources


def complaints(rule, source):
    return [f"{source.name}:{line}: {text} [{rule.name}]" for line, text in rule.check(source)]


def check_tree(chosen):
    tree = frozenset(sources.names())
    found, nb_files = [], 0
    for name in sorted(tree):
        text = sources.read(name)
        if text is None:
            continue
        nb_files += 1
        for rule in chosen:
            found += complaints(rule, rules.Source(name, text, tree))
    print("\n".join([*found, f"{nb_files} files, {len(chosen)} rules, {len(found)} complaints"]))
    return 1 if found or nb_files == 0 else 0


def check_rule(rule):
    """What is wrong with a rule, by its samples."""
    bad, good = samples.SAMPLES.get(rule.name, ([], []))
    found = [] if bad and good else [f"{rule.name}: has no samples"]
    for name, text in bad:
        if not complaints(rule, rules.Source(name, text, samples.TREE)):
            found.append(f"{rule.name}: lets pass in {name}: {text!r}")
    for name, text in good:
        for complaint in complaints(rule, rules.Source(name, text, samples.TREE)):
            found.append(f"{rule.name}: wrongly complains: {complaint} in {text!r}")
    return found


def self_test(chosen):
    found = [line for rule in chosen for line in check_rule(rule)]
    print("\n".join([*found, f"{len(chosen)} rules, {len(found)} faults"]))
    return 1 if found else 0


def main():
    words = sys.argv[1:]
    wanted = [word for word in words if word != "--self-test"]
    unknown = set(wanted) - {rule.name for rule in rules.RULES}
    if unknown:
        print(f"no such rule: {', '.join(sorted(unknown))}; there are "
              f"{', '.join(rule.name for rule in rules.RULES)}")
        return 2
    chosen = [rule for rule in rules.RULES if not wanted or rule.name in wanted]
    return self_test(chosen) if "--self-test" in words else check_tree(chosen)


if __name__ == "__main__":
    sys.exit(main())
