"""Parsing of pages."""

import importlib.util
import unittest

if importlib.util.find_spec("bs4") is None:
    raise unittest.SkipTest("needs python3-bs4")

from fares import Fare, digest_of_item, parse_fares, read_fares
from tasks import FetchError, Result

RELAX = Fare("07:05", "10:40", "Relax", 12, 24950, "CZK")
PARSERS = ["html.parser", *(["lxml"] if importlib.util.find_spec("lxml") else [])]


class ParseFares(unittest.TestCase):
    def test_markup_of_a_row_is_ignored(self) -> None:
        for row in (
            '<div class="select-line">07:05 10:40 Relax 12 249.50 CZK</div>',
            '<DIV CLASS="\n line\tselect-line "><b>7:05</b> <b>10:40</b>\nRelax 12&nbsp;249,5 CZK</DIV>',
            "<section class=select-line> 07:05<br>\n10:40<!-- > --> Relax\t12 <br/>249,50 <b>CZK</b></section>",
            "<div title='od > do' class='bus select-line'>07:05 10:40 R&#101;lax 12&#160;249.50 CZK</div>",
        ):
            for parser in PARSERS:
                with self.subTest(row=row, parser=parser):
                    self.assertEqual(parse_fares(f"<html><body>{row}</body></html>", parser), [RELAX])

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


class ReadFares(unittest.TestCase):
    def test_digest_equals_that_of_fetch_probe(self) -> None:
        self.assertEqual(digest_of_item(0, [RELAX]), 3906192260)  # as in probe_test.cpp

    def test_page_is_utf_8(self) -> None:
        page = '<div class="select-line">07:05 10:40 Relax 12 249.50 Kč</div>'
        digest = digest_of_item(0, [RELAX._replace(currency="Kč")])
        self.assertEqual(read_fares(0, page.encode(), "html.parser"), Result(digest, fares=1))
        with self.assertRaisesRegex(FetchError, "malformed_page: "):
            read_fares(0, page.encode("iso8859_2"), "html.parser")


if __name__ == "__main__":
    unittest.main()
