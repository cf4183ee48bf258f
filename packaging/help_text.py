"""Reads the help of farebench's commands, from which man pages and completions are generated."""
import dataclasses
import os
import re
import subprocess
import sys

FLAG = r'(?:(?<=^)|(?<=[ ,]))--?[A-Za-z][\w-]*'


@dataclasses.dataclass
class Entry:
    """An indented line such as "--days N   number of days": a term and its text, either of which can be several words."""
    term: str
    text: str

    @property
    def flags(self):
        """Names of a flag: -h and --help. Empty for other entries."""
        return re.findall(FLAG, self._own_term) if self.term.startswith('-') else []

    @property
    def value(self):
        """Placeholder of a flag's value, e.g. N, FILE or {true|false}. Empty for a flag without a value."""
        return re.sub(FLAG, '', self._own_term).replace('REQUIRED', '').strip(' ,=')

    @property
    def _own_term(self):
        # CLI11 appends the flags that exclude this one, or that it needs.
        return re.split(r' (?:Excludes|Needs):', self.term)[0]


@dataclasses.dataclass
class Paragraph:
    text: str


@dataclasses.dataclass
class Block:
    """Entries below a heading. The heading is empty for entries without one."""
    heading: str
    entries: list


def parse(text):
    """Returns the paragraphs and blocks of a help text."""
    parts = []
    lines = text.splitlines()
    while lines:
        line = lines.pop(0)
        if not line.strip():
            continue
        if re.match(r'benchmark \[--', line):
            # Google Benchmark's usage: a flag in brackets per line.
            flags = [line.removeprefix('benchmark ')]
            while lines and lines[0].lstrip().startswith('['):
                flags.append(lines.pop(0))
            parts.append(Block('', [Entry(flag.strip().removeprefix('[').removesuffix(']'), '') for flag in flags]))
        elif line.startswith(' '):
            parts.append(Block('', _entries([line] + _take(lines, lambda line: line.startswith(' ')))))
        elif line.endswith(':') and lines and lines[0].startswith(' '):
            parts.append(Block(line[:-1], _entries(_take(lines, lambda line: line.startswith(' ')))))
        else:
            more = _take(lines, lambda line: line and not re.match(r' |Usage:|Exit codes:|See also:|benchmark \[--', line))
            if line.startswith('Usage:'):
                lines[:0] = more
                more = _take(lines, lambda line: line.startswith('   '))
                parts.append(Paragraph('\n'.join(text.strip() for text in [line] + more)))
            elif more or not line.endswith(':'):
                if more and more[-1].endswith(':') and lines and lines[0].startswith(' '):
                    # Its last line introduces entries.
                    parts.append(Block(' '.join([line] + more)[:-1], _entries(_take(lines, lambda line: line.startswith(' ')))))
                else:
                    parts.append(Paragraph(' '.join([line] + more)))
            else:
                parts.append(Paragraph(line))
    return parts


def _take(lines, condition):
    taken = []
    while lines and condition(lines[0]):
        taken.append(lines.pop(0))
    return taken


def _entries(lines):
    """Splits indented lines into entries. A line that is indented further than the first continues its entry."""
    indent = min(_indent(line) for line in lines)
    columns = [match.end() for line in lines if _indent(line) == indent and (match := re.match(r' *\S.*? {2,}', line))]
    column = max(set(columns), key=columns.count) if columns else 0
    entries = []
    for line in lines:
        if _indent(line) > indent and entries:
            entries[-1].text = f'{entries[-1].text} {line.strip()}'.strip()
            continue
        term, _, text = re.sub(r' {2,}', '\0', line.strip(), count=1).partition('\0')
        if not text and term.startswith('-') and column and line[column - 1:column] == ' ':
            # A flag as long as its column, so that one space follows it.
            term, text = line[:column].strip(), line[column:].strip()
        entries.append(Entry(term, text))
    return entries


def _indent(line):
    return len(line) - len(line.lstrip())


def entries(parts):
    return [entry for part in parts if isinstance(part, Block) for entry in part.entries]


class Command:
    """A command of farebench with its help, and its verbs, which are commands with a help of their own."""

    def __init__(self, program, words, meaning):
        self.words = words
        self.meaning = meaning
        self.parts = parse(run(program, [*words, '--help']))
        self.verbs = []

    @property
    def name(self):
        return '-'.join(['farebench', *self.words])


def commands(program):
    """Returns farebench itself, and then its commands."""
    main = Command(program, [], '')
    main.meaning = next((part.text for part in main.parts if isinstance(part, Paragraph)), '').rstrip('.')
    found = [main]
    for entry in _block(main, 'Commands', program):
        command = Command(program, [entry.term], entry.text)
        if any(isinstance(part, Block) and part.heading == 'Subcommands' for part in command.parts):
            command.verbs = [Command(program, [entry.term, verb.term], verb.text)
                             for verb in _block(command, 'Subcommands', program)]
        found.append(command)
    return found


def _block(command, heading, program):
    for part in command.parts:
        if isinstance(part, Block) and part.heading == heading:
            return part.entries
    sys.exit(f"packaging: {' '.join([program, *command.words])} --help has no '{heading}:'")


def run(program, arguments):
    """Returns the output of a program. Exits with one line if it fails."""
    command = ' '.join([program, *arguments])
    try:
        result = subprocess.run([program, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, timeout=60, env={**os.environ, 'LC_ALL': 'C.UTF-8', 'COLUMNS': '100'})
    except (OSError, subprocess.TimeoutExpired) as error:
        sys.exit(f'packaging: cannot run {command}: {error}')
    if result.returncode:
        sys.exit(f'packaging: {command}: exit code {result.returncode}: {result.stderr.decode(errors="replace").strip()}')
    return result.stdout.decode()
