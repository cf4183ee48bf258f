#!/usr/bin/env python3
"""man_pages.py --program PROGRAM --version VERSION --date SECONDS --out FOLDER: writes a man page per command.

The text is that of the commands' --help: equal help gives equal pages. SECONDS since 1970 are the pages' date.
"""
import argparse
import datetime
import pathlib
import re

import help_text
from help_text import Block, Paragraph

HEADINGS = {'Flags': 'OPTIONS', 'Options': 'OPTIONS', 'Positionals': 'ARGUMENTS', 'Subcommands': 'COMMANDS', 'Example': 'EXAMPLES'}


def escaped(text):
    """Text of one line, for groff."""
    text = text.replace('\\', '\\e').replace("'", '\\(aq').replace('`', '\\(ga').replace('^', '\\(ha').replace('~', '\\(ti')
    return f'\\&{text}' if text.startswith('.') else text


def literal(text):
    """What a user types: groff would replace a - by a hyphen."""
    return escaped(text).replace('-', '\\-')


def prose(text):
    """Running text. Flags in it can be copied."""
    return re.sub(r'(?<![\w\\])-[\w-]*', lambda match: match[0].replace('-', '\\-'), escaped(text))


def term(entry):
    """The term of an entry: bold, with italic placeholders if it is a flag."""
    if not entry.flags:
        return f'\\fB{literal(entry.term)}\\fR'
    return re.sub(r'(--?[A-Za-z][\w-]*)|([^-]+|-)',
                  lambda match: f'\\fB{literal(match[1])}\\fR' if match[1] else
                  re.sub(r'\b[A-Z][A-Z]*\b', r'\\fI\g<0>\\fR', literal(match[2])), entry.term)


def listed(entries):
    lines = []
    for entry in entries:
        lines += ['.TP', term(entry)]
        if entry.text:
            lines.append(prose(entry.text))
    return lines


def synopsis(usage, words):
    """Lines of a usage text. CLI11 names the program; users type farebench and its words."""
    lines = usage.removeprefix('Usage:').strip().splitlines()
    command = ' '.join(['farebench', *words])
    return ['.nf', *(literal(line if line.startswith('farebench') else re.sub(r'^[a-z_]+( [a-z-]+)*', command, line))
                     for line in lines), '.fi']


class Page:
    """Sections of a man page in their order. Parts of the help that belong to a section are added to it."""
    ORDER = ['NAME', 'SYNOPSIS', 'DESCRIPTION', 'COMMANDS', 'ARGUMENTS', 'OPTIONS']
    LAST = ['EXIT STATUS', 'EXAMPLES', 'SEE ALSO']

    def __init__(self):
        self.sections = {}

    def add(self, section, lines):
        self.sections.setdefault(section, []).extend(lines)

    def text(self):
        others = [section for section in self.sections if section not in self.ORDER + self.LAST]
        lines = []
        for section in self.ORDER + others + self.LAST:
            if section in self.sections:
                lines += [f'.SH {section if " " not in section else chr(34) + section + chr(34)}', *self.sections[section]]
        return lines


def add_parts(page, command):
    # Text after the flags is about details.
    section = 'DESCRIPTION'
    for part in command.parts:
        if isinstance(part, Paragraph):
            if part.text.startswith('Usage:'):
                page.add('SYNOPSIS', synopsis(part.text, command.words))
            elif part.text.startswith('Exit codes: '):
                page.add('EXIT STATUS', exit_status(part.text.removeprefix('Exit codes: ')))
            elif part.text.startswith('See also: '):
                continue
            else:
                label = re.match(r'([A-Z][\w-]*): ', part.text)
                text = prose(part.text)
                page.add(section, ['.PP', text if not label else f'\\fB{literal(label[1])}:\\fR {prose(part.text[label.end():])}'])
        else:
            heading = HEADINGS.get(part.heading, part.heading)
            if heading and (heading.upper() == heading or len(heading) <= 30):
                page.add(heading.upper(), listed(part.entries))
                section = 'NOTES' if heading.upper() == 'OPTIONS' else section
            elif heading:
                page.add(section, ['.PP', prose(heading) + ':', *listed(part.entries)])
            else:
                page.add('OPTIONS', listed(part.entries))


def exit_status(text):
    """A list of "0 all rows are valid; 1 a row failed", or a paragraph."""
    codes = re.split(r'; (?=\d+ )', text.rstrip('.'))
    if not all(re.match(r'\d+ ', code) for code in codes):
        return [prose(text)]
    lines = []
    for code in codes:
        number, _, meaning = code.partition(' ')
        lines += ['.TP', f'\\fB{number}\\fR', prose(meaning)]
    return lines


def man_page(command, others, version, date):
    page = Page()
    page.add('NAME', [f'{literal(command.name)} \\- {prose(command.meaning[:1].lower() + command.meaning[1:])}'])
    add_parts(page, command)
    for verb in command.verbs:
        section = Page()
        add_parts(section, verb)
        page.add('VERBS', [f'.SS {literal(" ".join(verb.words))}', prose(verb.meaning)])
        page.add('VERBS', ['.PP', *section.sections.get('SYNOPSIS', [])])
        for name in 'ARGUMENTS', 'OPTIONS':
            page.add('VERBS', section.sections.get(name, []))
    if 'SYNOPSIS' not in page.sections:
        page.add('SYNOPSIS', ['.nf', literal(' '.join(['farebench', *command.words, '[FLAG...]'])), '.fi'])
    page.add('SEE ALSO', [',\n'.join(f'.BR {literal(name)} (1)' for name in others if name != command.name).replace('),', ') ,')])
    title = f'.TH {literal(command.name.upper())} 1 {date} "farebench {version}" "User Commands"'
    return '\n'.join(['.\\" Generated from --help by packaging/man_pages.py.', title,
                      # Flags and file names are not hyphenated.
                      '.ad l', '.nh', *page.text()]) + '\n'


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--program', required=True)
    parser.add_argument('--version', required=True)
    parser.add_argument('--date', required=True, type=int)
    parser.add_argument('--out', required=True, type=pathlib.Path)
    flags = parser.parse_args()
    date = datetime.datetime.fromtimestamp(flags.date, datetime.timezone.utc).strftime('%Y-%m-%d')
    commands = help_text.commands(flags.program)
    names = [command.name for command in commands]
    flags.out.mkdir(parents=True, exist_ok=True)
    for command in commands:
        (flags.out / f'{command.name}.1').write_text(man_page(command, names, flags.version, date))


main()
