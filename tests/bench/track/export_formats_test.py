"""Exports of track, read back by a checker of each format."""

import csv
import io
import json
import math
import os
import random
import re
import shutil
import statistics
import subprocess
import tempfile
import unittest
from pathlib import Path
from xml.etree import ElementTree

try:
    import jsonschema
except ImportError:
    jsonschema = None

TRACK = Path(os.environ["FAREBENCH_BIN_DIR"]) / "track"
FORMATS = ("github-action-benchmark", "csv", "markdown")
MAIN_COLUMNS = ("real_time", "cpu_us_per_request", "rss_peak_bytes", "heap_peak_bytes")

# The type BenchmarkResult of github-action-benchmark 1.22.0 (src/extract.ts), without its conversions of other types. Its
# tools customSmallerIsBetter and customBiggerIsBetter read an array of these, which must not be empty.
ENTRIES_SCHEMA = {
    "type": "array",
    "minItems": 1,
    "items": {
        "type": "object",
        "required": ["name", "value", "unit"],
        "properties": {
            "name": {"type": "string"},
            "value": {"type": "number"},
            "range": {"type": "string"},
            "unit": {"type": "string"},
            "extra": {"type": "string"},
        },
        "additionalProperties": False,
    },
}

SCHEMA = {
    "version": 1,
    "columns": [
        {"name": "real_time", "unit": "ms", "better": "lower", "meaning": "wall time"},
        {"name": "requests_per_second", "unit": "per_second", "better": "higher", "meaning": "requests / time"},
        {"name": "cpu_us_per_request", "unit": "us", "better": "lower", "meaning": "CPU time / requests"},
        {"name": "rss_peak_bytes", "unit": "bytes", "better": "lower", "meaning": "peak memory"},
        {"name": "heap_peak_bytes", "unit": "bytes", "better": "lower", "meaning": "peak of the heap"},
        {"name": "fares", "unit": "count", "better": "none", "meaning": "fares found"},
    ],
    "strategies": [],
}

# Characters that end or begin something in one of the formats, and such that a terminal or an editor obeys.
NASTY = list(",;\"'|`\\=+-@*_~#<>&$![](){}:.% \t\r\n\x1b\x7f\u0085\u202e\u200b\ufeff\u2028é漢😀") + [
    "<b>", "&amp;", "\r\n", "\\|", "``", "=HYPERLINK(1)", "-->", "![a](b)", "\\x0a", "**", "~~", "$x$"]


def printable(text):
    """The escapes that docs/tracking.md promises for text from files."""
    def escape(match):
        code = ord(match.group())
        return f"\\x{code:02x}" if code < 0xA0 else f"\\u{{{code:04x}}}"

    return re.sub("[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff]", escape, text)


def case_name(strategy, workers=2):
    return f"fetch/strategy:{strategy}/workers:{workers}/latency_ms:20/page_kb:3/days:100/engine:beast"


def row(strategy, repetition, time_ms, failure=None, workers=2, **columns):
    name = case_name(strategy, workers) + "/iterations:1/manual_time"
    figures = {"requests_per_second": 2e5 / time_ms, "cpu_us_per_request": time_ms / 8, "rss_peak_bytes": 3e6,
               "heap_peak_bytes": 1e5, "fares": 1004.0} | columns
    failed = {"error_occurred": True, "error_message": failure} if failure else {}
    return {"name": name, "run_name": name, "run_type": "iteration", "repetitions": 5, "repetition_index": repetition,
            "threads": 1, "iterations": 1, "real_time": time_ms, "cpu_time": 99.0, "time_unit": "ms",
            "strategy": strategy, "workers": workers, "loops": 1, "days": 100, "page_kb": 3, "latency": "20ms",
            "latency_ms": 20.0, "engine": "beast", "client_version": "some|client"} | figures | failed


def result(rows):
    context = {"date": "2026-11-27T14:23:47+00:00", "commit": "a" * 40, "dirty": "false", "workload": "light",
               "cpu_model": "Some <CPU> | 2"}
    return {"schema": SCHEMA, "context": context, "benchmarks": rows}


def nasty_texts(count, seed):
    generator = random.Random(seed)
    texts = set()
    while len(texts) < count:
        texts.add("".join(generator.choices(NASTY, k=generator.randint(1, 6))))
    return sorted(texts)


def sample_times(count):
    generator = random.Random(count)
    return [generator.uniform(40, 60) for _ in range(count)]


def interval_of_median(values):
    """The narrowest symmetric order-statistics interval of at least 95 %, or the range, with its confidence."""
    ordered = sorted(values)
    count = len(ordered)

    def confidence(rank):
        return 1 - 2 * sum(math.comb(count, heads) for heads in range(rank)) / 2**count

    ranks = [rank for rank in range(1, count // 2 + 1) if confidence(rank) >= 0.95]
    if not ranks:
        return ordered[0], ordered[-1], None
    return ordered[ranks[-1] - 1], ordered[-ranks[-1]], confidence(ranks[-1])


def extract_custom_result(text):
    """Does what extractCustomBenchmarkResult and extractResult of the action do."""
    entries = json.loads(text)
    assert isinstance(entries, list) and entries
    for entry in entries:
        assert math.isfinite(float(entry["value"])) and str(entry["name"]) and str(entry["unit"])
    return entries


def alerts(current, previous, threshold=2.0):
    """Does what findAlerts and getRatio of the action (src/write.ts) do for customSmallerIsBetter."""
    found = []
    for entry in current:
        earlier = next((other for other in previous if other["name"] == entry["name"]), None)
        if earlier is None or (earlier["value"] == 0 and entry["value"] == 0):
            continue
        if earlier["value"] == 0 or entry["value"] / earlier["value"] > threshold:
            found.append(entry["name"])
    return found


class ExportTest(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="farebench-export-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def put(self, rows, name="run.json"):
        path = os.path.join(os.fsencode(self.folder), os.fsencode(name))
        with open(path, "w", encoding="utf-8") as file:
            json.dump(result(rows), file)
        return path

    def run_export(self, *arguments):
        return subprocess.run([TRACK, "export", *arguments], capture_output=True, cwd=self.folder, check=False)

    def export(self, form, *arguments):
        done = self.run_export("--format", form, *arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.decode("utf-8")

    def entries(self, *arguments):
        return extract_custom_result(self.export("github-action-benchmark", *arguments))

    def csv_rows(self, *arguments):
        text = self.export("csv", *arguments)
        lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))
        for line in lines:
            self.assertEqual(len(line), len(lines[0]), line)
        # Every record is one line that ends as RFC 4180 asks.
        self.assertEqual(text.count("\r\n"), len(lines))
        self.assertEqual(text.replace("\r\n", "").count("\n") + text.replace("\r\n", "").count("\r"), 0)
        return [dict(zip(lines[0], line)) for line in lines[1:]]

    def markdown(self, *arguments):
        """The export as cmark-gfm, GitHub's parser, reads it."""
        if not shutil.which("cmark-gfm"):
            self.skipTest("needs the package cmark-gfm")
        tree = self.parse_markdown(self.export("markdown", *arguments))
        for kind in ("html_block", "html_inline", "image", "strikethrough"):
            self.assertEqual(list(tree.iter(kind)), [])
        return tree

    @staticmethod
    def parse_markdown(text):
        command = ["cmark-gfm", "-e", "table", "-e", "strikethrough", "-e", "autolink", "--to", "xml"]
        parsed = subprocess.run(command, input=text.encode(), capture_output=True, check=True).stdout.decode()
        return ElementTree.fromstring(re.sub(r' xmlns="[^"]*"', "", parsed))

    @staticmethod
    def text_of(node):
        return "".join(part.text or "" for part in node.iter() if part.tag in ("text", "code"))

    def table_of(self, tree):
        rows = [[self.text_of(cell) for cell in line.iter("table_cell")]
                for table in tree.iter("table") for line in table if line.tag in ("table_header", "table_row")]
        for line in rows:
            self.assertEqual(len(line), len(rows[0]), line)
        return rows

    # The action

    @unittest.skipUnless(jsonschema, "needs the package python3-jsonschema")
    def test_entries_match_the_published_type(self):
        rows = [row(text, 0, 50, "broken" if at % 7 == 0 else None) for at, text in enumerate(nasty_texts(60, 1))]
        jsonschema.validate(json.loads(self.export("github-action-benchmark", self.put(rows))), ENTRIES_SCHEMA)

    def test_entries_have_time_cpu_and_memory_of_the_client(self):
        entries = {entry["name"]: entry for entry in self.entries(self.put([row("a", 0, 50.0)]))}
        found = {name.split()[-1]: (entry["value"], entry["unit"]) for name, entry in entries.items()}
        self.assertEqual(found, {"real_time": (50, "ms"), "cpu_us_per_request": (6.25, "us"),
                                 "rss_peak_bytes": (3e6, "bytes"), "heap_peak_bytes": (1e5, "bytes"),
                                 "failed_repetitions": (0, "count")})

    def test_names_are_unique_and_keep_the_case(self):
        texts = nasty_texts(40, 2)
        names = [entry["name"] for entry in self.entries(self.put([row(text, 0, 50) for text in texts]))]
        self.assertEqual(len(set(names)), len(names))
        self.assertEqual({name.rpartition(" ")[0] for name in names},
                         {printable(case_name(text)) for text in texts})

    def test_range_is_the_interval_of_the_median(self):
        times = sample_times(12)
        entry = self.entries(self.put([row("a", at, time) for at, time in enumerate(times)]))[0]
        low, high, confidence = interval_of_median(times)
        self.assertEqual([float(end) for end in entry["range"].split(" to ")],
                         [float(f"{low:.10g}"), float(f"{high:.10g}")])
        self.assertIn(f"median of 12 repetitions; range: {100 * confidence:.1f} % interval", entry["extra"])

    def test_action_alerts_about_slower_and_failing_cases_only(self):
        before = self.entries(self.put([row("a", 0, 50), row("b", 0, 50), row("c", 0, 50)]))
        after = self.entries(self.put([row("a", 0, 150), row("b", 0, 50), row("c", 0, 50, "no answer")]))
        self.assertEqual(alerts(before, before), [])
        self.assertEqual(set(alerts(after, before)),
                         {f"{case_name('a')} real_time", f"{case_name('a')} cpu_us_per_request",
                          f"{case_name('c')} failed_repetitions"})
        failed = [entry for entry in after if entry["name"].startswith(case_name("c"))]
        self.assertEqual([(entry["value"], entry["extra"].splitlines()[:2]) for entry in failed],
                         [(1, ["of 1 repetition", "no answer"])])

    # CSV

    def test_csv_has_every_column_of_every_case(self):
        lines = self.csv_rows(self.put([row("a", 0, 50), row("b", 0, 60)]))
        self.assertEqual([(line["strategy"], line["column"]) for line in lines],
                         [(name, column["name"]) for name in "ab" for column in SCHEMA["columns"]])
        self.assertEqual({(line["column"], line["unit"], line["better"]) for line in lines},
                         {(column["name"], column["unit"], column["better"]) for column in SCHEMA["columns"]})

    def test_csv_figures_are_medians_with_intervals(self):
        for count in (1, 2, 5, 6, 12, 25):
            times = sample_times(count)
            line = self.csv_rows(self.put([row("a", at, time) for at, time in enumerate(times)]))[0]
            low, high, confidence = interval_of_median(times)
            self.assertAlmostEqual(float(line["median"]), statistics.median(times))
            self.assertEqual((float(line["low"]), float(line["high"])), (low, high))
            self.assertEqual(line["confidence"], f"{confidence:.4f}" if confidence else "")
            self.assertEqual((line["repetitions"], line["failed"]), (str(count), "0"))

    def test_csv_keeps_any_text_in_its_field(self):
        texts = nasty_texts(80, 4)
        lines = self.csv_rows(self.put([row(text, 0, 50, text) for text in texts]))
        self.assertEqual(len(lines), len(texts))

        def field(text):
            escaped = printable(text)
            return "'" + escaped if escaped[:1] in tuple("=+-@") else escaped

        by_case = {line["case"]: line for line in lines}
        for text in texts:
            line = by_case[printable(case_name(text))]
            self.assertEqual((line["strategy"], line["reason"]), (field(text), field(text)))

    def test_csv_has_a_line_for_a_failed_case(self):
        lines = self.csv_rows(self.put([row("a", 0, 50), row("a", 1, 50, "no answer"), row("b", 0, 50)]))
        failed = [line for line in lines if line["strategy"] == "a"]
        self.assertEqual([(line["column"], line["median"], line["repetitions"], line["failed"], line["reason"])
                          for line in failed], [("real_time", "", "2", "1", "no answer")])

    # Markdown

    def test_tables_have_a_row_for_each_case(self):
        rows = self.table_of(self.markdown(self.put([row("a", 0, 50), row("b", 0, 60.04, workers=10)])))
        self.assertEqual(rows[0], ["strategy", "workers", "items", "time", "CPU per request", "RSS peak", "heap peak"])
        self.assertEqual(rows[1:], [["a", "2", "100", "50.0 ms", "6.2 µs", "2.86 MiB", "97.7 KiB"],
                                    ["b", "10", "100", "60.0 ms", "7.5 µs", "2.86 MiB", "97.7 KiB"]])

    def test_tables_keep_any_text_in_its_cell(self):
        texts = nasty_texts(80, 5)
        tree = self.markdown(self.put([row(text, 0, 50) for text in texts]))
        self.assertEqual(sorted(line[0] for line in self.table_of(tree)[1:]),
                         sorted(printable(text).strip() for text in texts))

    def test_failed_cases_are_in_table_and_list(self):
        texts = nasty_texts(40, 6)
        tree = self.markdown(self.put([row("a", at, 50, text, workers=at + 1) for at, text in enumerate(texts)]))
        self.assertEqual([line[3:] for line in self.table_of(tree)[1:]], [["failed", "–", "–", "–"]] * len(texts))
        items = [self.text_of(item) for item in tree.iter("item")]
        self.assertEqual(items, [f"failed: a, {at + 1} worker{'s' if at else ''} (1 of 1): {printable(text).strip()}"
                                 .rstrip() for at, text in enumerate(texts)])

    def test_intervals_are_in_the_unit_of_the_median(self):
        rows = [row("a", at, 50 + at, rss_peak_bytes=(1 + at) * 2.0**20) for at in range(3)]
        cells = self.table_of(self.markdown(self.put(rows)))[1]
        self.assertEqual((cells[3], cells[5]), ("51.0 ms [50.0, 52.0]", "2.00 MiB [1.00, 3.00]"))

    def test_summary_of_a_comparison_is_tables_and_details(self):
        if not shutil.which("cmark-gfm"):
            self.skipTest("needs the package cmark-gfm")
        recordings = sorted((Path(os.environ["FAREBENCH_SOURCE_DIR"]) / "results").glob("runs/*/*.json"))[:2]
        done = subprocess.run([TRACK, "compare", *recordings, "--summary", self.folder / "summary.md"],
                              capture_output=True, check=False)
        self.assertIn(done.returncode, (0, 1), done.stderr)
        tree = self.parse_markdown((self.folder / "summary.md").read_text(encoding="utf-8"))
        self.assertEqual(next(iter(tree)).tag, "heading")
        rows = self.table_of(tree)
        self.assertGreater(len(rows), 40)
        html = "".join(block.text for block in tree.iter("html_block"))
        self.assertEqual(set(re.findall("<[^>]*>", html)), {"<details>", "</details>", "<summary>", "</summary>"})
        self.assertEqual(html.count("<details>"), html.count("</details>"))

    # All formats

    def test_path_of_any_bytes_is_escaped(self):
        path = self.put([row("a", 0, 50)], name=b"=a|`b,\"\n\xff.json")
        escaped = '=a|`b,"\\x0a\\xff.json'
        self.assertEqual(self.csv_rows(os.path.basename(path))[0]["file"], "'" + escaped)
        heading = next(self.markdown(os.path.basename(path)).iter("heading"))
        self.assertEqual(self.text_of(heading), escaped)

    def test_columns_choose_columns_in_their_order(self):
        path = self.put([row("a", 0, 50)])
        chosen = ("--columns", "heap_peak_bytes, real_time,heap_peak_bytes")
        self.assertEqual([line["column"] for line in self.csv_rows(path, *chosen)], ["heap_peak_bytes", "real_time"])
        self.assertEqual([entry["name"].split()[-1] for entry in self.entries(path, *chosen)],
                         ["heap_peak_bytes", "real_time", "failed_repetitions"])
        self.assertEqual(self.table_of(self.markdown(path, *chosen))[0][3:], ["heap peak", "time"])

    def test_several_files_follow_each_other(self):
        paths = [self.put([row("a", 0, 50)], "one.json"), self.put([row("a", 0, 60)], "two.json")]
        files = [line["file"] for line in self.csv_rows(*paths, paths[0], "--columns", "real_time")]
        self.assertEqual(files, [os.fsdecode(path) for path in paths])
        self.assertEqual(len(list(self.markdown(*paths).iter("table"))), 2)

    def test_failed_cases_are_named_on_standard_error(self):
        done = self.run_export("--format", "csv", self.put([row("a", 0, 50, "no\nanswer"), row("b", 0, 50)]))
        self.assertEqual(done.returncode, 0)
        self.assertEqual(done.stderr.decode(), f"track: 1 of 2 cases failed and has no figures; the first: "
                         f"{case_name('a')}: no\\x0aanswer\n")

    def test_out_replaces_a_file_only_by_a_whole_export(self):
        path = self.put([row("a", 0, 50)])
        out = self.folder / "new" / "run.csv"
        text = self.export("csv", path)
        self.assertEqual(self.export("csv", path, "--out", "-"), text)
        self.assertEqual(self.export("csv", path, "--out", out), "")
        self.assertEqual(out.read_bytes().decode(), text)
        self.assertEqual(self.run_export("--format", "csv", "missing.json", "--out", out).returncode, 2)
        self.assertEqual([file.name for file in out.parent.iterdir()], [out.name])
        self.assertEqual(out.read_bytes().decode(), text)

    def test_invalid_input_gives_one_line_and_exit_code_2(self):
        good = os.fsdecode(self.put([row("a", 0, 50)], "good.json"))
        self.put([row("a", 0, 50)], "again.json")
        self.put([], "empty.json")
        (self.folder / "broken.json").write_text("{")
        (self.folder / "folder").mkdir()
        for arguments, words in (
                ([], "FILES"),
                ([good], "--format"),
                ([good, "--format"], "--format"),
                ([good, "--format", "cvs"], "did you mean csv?"),
                ([good, "--format", "csv", "--format", "markdown"], "--format"),
                ([good, "--format", "csv", "--columns"], "--columns"),
                ([good, "--format", "csv", "--columns", ""], "''"),
                ([good, "--format", "csv", "--columns", "reel_time"], "did you mean real_time?"),
                ([good, "--format", "github-action-benchmark", "--columns", "requests_per_second"], "more is better"),
                ([good, "--format", "github-action-benchmark", "--columns", "fares"], "neither more nor less"),
                ([good, "again.json", "--format", "github-action-benchmark"], "one file at a time"),
                ([good, "--format", "csv", "--out", good], "input of the export"),
                ([good, "--format", "csv", "--out", "folder"], "folder"),
                ([good, "--format", "csv", "--out"], "--out"),
                ([good, "--format", "csv", "--", "--workers", "3"], "--workers: export runs no bench"),
                (["missing.json", "--format", "csv"], "missing.json"),
                (["empty.json", "--format", "csv"], "has no rows"),
                (["broken.json", "--format", "csv"], "broken.json"),
                (["folder", "--format", "csv"], "holds no result file")):
            done = self.run_export(*arguments)
            with self.subTest(arguments=arguments, errors=done.stderr):
                self.assertEqual((done.returncode, done.stdout, done.stderr.count(b"\n")), (2, b"", 1))
                self.assertIn(words, done.stderr.decode())

    def test_files_of_the_repository_can_be_exported(self):
        results = Path(os.environ["FAREBENCH_SOURCE_DIR"]) / "results"
        recordings = sorted(results.glob("runs/*/*.json"))
        self.assertTrue(recordings)
        for path in [results / "light.json", results / "scale.json", results / "clients.json", recordings[0]]:
            with self.subTest(path=path):
                cases = {entry["run_name"] for entry in json.loads(path.read_text())["benchmarks"]}
                lines = self.csv_rows(path)
                self.assertEqual(len({line["case"] for line in lines}), len(cases))
                names = [entry["name"] for entry in self.entries(path)]
                self.assertEqual(len(set(names)), len(names))
                self.assertEqual(len([name for name in names if name.endswith("failed_repetitions")]), len(cases))
        folder = self.csv_rows(recordings[0].parent, "--columns", "real_time")
        self.assertEqual(len({line["commit"] for line in folder}), len({path.stem.split("-")[1] for path in recordings}))


if __name__ == "__main__":
    unittest.main()
