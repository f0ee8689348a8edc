"""Percentiles and slopes against values worked out by hand; the report's verdicts."""
import json
import unittest

from load.report import Report
from load.stats import percentile, ratio, slope


class StatsTest(unittest.TestCase):
    def test_percentile(self):
        self.assertIsNone(percentile([], 50))
        self.assertEqual(percentile([7], 99), 7)
        self.assertEqual(percentile([4, 1, 3, 2], 50), 2.5)
        self.assertEqual(percentile(list(range(101)), 99), 99)
        self.assertEqual(percentile([1, 2, 3], 100), 3)
        self.assertEqual(percentile([1, 2, 3], 0), 1)

    def test_slope(self):
        self.assertIsNone(slope([]))
        self.assertIsNone(slope([(1, 2)]))
        self.assertIsNone(slope([(1, 2), (1, 3)]))
        self.assertAlmostEqual(slope([(x, 3 * x + 5) for x in range(10)]), 3)
        self.assertAlmostEqual(slope([(0, 0), (1, 2), (2, 1)]), 0.5)

    def test_ratio(self):
        self.assertEqual(ratio(1, 2), 0.5)
        self.assertIsNone(ratio(1, 0))
        self.assertIsNone(ratio(None, 2))


class ReportTest(unittest.TestCase):
    def test_a_missed_bar_fails_only_where_bars_are_enforced(self):
        report = Report("x", {})
        report.value("slow", 3.0, "x", at_most=2)
        report.check("right", True)
        self.assertFalse(report.failed(enforce=False))
        self.assertTrue(report.failed(enforce=True))
        self.assertIn("<= 2: NOT MET", report.table())

    def test_a_bar_on_what_could_not_be_measured_is_missed(self):
        report = Report("x", {})
        report.value("unknown", None, at_least=1)
        self.assertTrue(report.failed(enforce=True))

    def test_a_failed_check_fails_always(self):
        report = Report("x", {})
        report.check("right", False, "3 differ")
        self.assertTrue(report.failed(enforce=False))
        self.assertEqual(json.loads(report.json())["checks"], [{"name": "right", "passed": False, "detail": "3 differ"}])


if __name__ == "__main__":
    unittest.main()
