"""Requests, and checks of responses."""

import errno
import unittest

import tasks
from tasks import FetchError


class Tasks(unittest.TestCase):
    def test_form_has_consecutive_days(self) -> None:
        self.assertEqual(tasks.search_form(0)["departure"], "01.03.26")
        self.assertEqual(tasks.search_form(306)["departure"], "01.01.27")

    def test_missing_session_or_bad_status_is_error(self) -> None:
        tasks.check_session(["other", "JSESSIONID"])
        tasks.check_status(200, "the search")
        with self.assertRaisesRegex(FetchError, "no_session: "):
            tasks.check_session(["other"])
        with self.assertRaisesRegex(FetchError, "unexpected_status: the search returned status 403"):
            tasks.check_status(403, "the search")

    def test_digest_of_page_is_crc_32(self) -> None:
        self.assertEqual(tasks.read_bytes(0, b"123456789"), tasks.Result(0xCBF43926))

    def test_cause_of_error_may_be_resources(self) -> None:
        error = RuntimeError("wrapper")
        self.assertFalse(tasks.is_out_of_resources(error))
        error.__context__ = OSError(errno.EMFILE, "too many open files")
        self.assertTrue(tasks.is_out_of_resources(error))


if __name__ == "__main__":
    unittest.main()
