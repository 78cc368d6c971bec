#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The oracle's own tests, all of them."""

import unittest

import test_against_libpcap
import test_capture
import test_check_steering
import test_rss
import test_rss_oracle

MODULES = (test_rss, test_capture, test_against_libpcap, test_rss_oracle, test_check_steering)


def load_tests(loader, _tests, _pattern):
    return unittest.TestSuite(loader.loadTestsFromModule(module) for module in MODULES)


if __name__ == "__main__":
    unittest.main()
