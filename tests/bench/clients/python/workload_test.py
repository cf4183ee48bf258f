"""Parsing of pages, and requests."""

import unittest

try:
    import bs4  # noqa: F401
except ImportError:
    raise unittest.SkipTest("needs python3-bs4")

import workload
from workload import Fare, FetchError, parse_fares

RELAX = Fare("07:05", "10:40", "Relax", 12, 24950, "CZK")


class ParseFares(unittest.TestCase):
    def test_markup_of_a_row_is_ignored(self) -> None:
        for row in (
            '<div class="select-line">07:05 10:40 Relax 12 249.50 CZK</div>',
            '<DIV CLASS="\n line\tselect-line "><b>7:05</b> <b>10:40</b>\nRelax 12&nbsp;249,5 CZK</DIV>',
            "<section class=select-line> 07:05<br>\n10:40<!-- > --> Relax\t12 <br/>249,50 <b>CZK</b></section>",
            "<div title='od > do' class='bus select-line'>07:05 10:40 R&#101;lax 12&#160;249.50 CZK</div>",
        ):
            self.assertEqual(parse_fares(f"<html><body>{row}</body></html>"), [RELAX], row)

    def test_rows_of_other_classes_are_ignored(self) -> None:
        page = (
            '<div class="select-line-train">07:05 10:40 IC 12 249 CZK</div>'
            '<div data-class="select-line">07:05 10:40 IC 12 249 CZK</div>'
            '<div class="select_line" title="class=\'select-line\'">07:05 10:40 IC 12 249 CZK</div>'
        )
        self.assertEqual(parse_fares(page), [])

    def test_fares_keep_the_order_of_the_page(self) -> None:
        row = '<p class="select-line">{} 20:00 Élan 0 99 €</p>'
        fares = parse_fares(row.format("17:00") + row.format("06:30"))
        self.assertEqual([fare.departure for fare in fares], ["17:00", "06:30"])
        self.assertEqual(fares[0], Fare("17:00", "20:00", "Élan", 0, 9900, "€"))

    def test_invalid_row_is_malformed_page(self) -> None:
        for words in (
            "24:00 10:40 Relax 12 249 CZK",
            "07:5 10:40 Relax 12 249 CZK",
            "07:05 10:40 Relax -1 249 CZK",
            "07:05 10:40 Relax 12 249.505 CZK",
            "07:05 10:40 Relax 12 249. CZK",
            "07:05 10:40 Relax ١٢ 249 CZK",
            "07:05 10:40 Relax 12 249",
            "07:05 10:40 Relax 12 249 CZK each",
        ):
            with self.assertRaises(FetchError, msg=words) as raised:
                parse_fares(f'<div class="select-line">{words}</div>')
            self.assertEqual(raised.exception.kind, "malformed_page")


class Requests(unittest.TestCase):
    def test_form_has_consecutive_days(self) -> None:
        self.assertEqual(workload.search_form(0)["departure"], "01.03.26")
        self.assertEqual(workload.search_form(306)["departure"], "01.01.27")

    def test_missing_session_or_bad_status_is_error(self) -> None:
        workload.check_session(["other", "JSESSIONID"])
        workload.check_status(200, "the search")
        with self.assertRaisesRegex(FetchError, "no_session: "):
            workload.check_session(["other"])
        with self.assertRaisesRegex(FetchError, "unexpected_status: the search returned status 403"):
            workload.check_status(403, "the search")


if __name__ == "__main__":
    unittest.main()
