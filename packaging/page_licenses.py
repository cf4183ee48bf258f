#!/usr/bin/env python3
"""page_licenses.py REPORT FILE: writes the licenses of the npm packages that the report page contains, as paragraphs of a
Debian copyright file. REPORT is the folder report/, with its packages installed.
"""
import json
import pathlib
import re
import sys


def bundled_packages(report):
    """Folders of the packages that the page's sources import, and of those that these depend on."""
    lock = json.loads((report / 'package-lock.json').read_text())['packages']
    names = set()
    for source in (report / 'page').rglob('*.js'):
        names.update(re.findall(r"from '(@[\w-]+/[\w-]+|[\w-]+)[/']", source.read_text()))
    waiting, folders = [f'node_modules/{name}' for name in sorted(names)], []
    while waiting:
        folder = waiting.pop(0)
        if folder in folders:
            continue
        folders.append(folder)
        for name in lock[folder].get('dependencies', {}):
            nested = f'{folder}/node_modules/{name}'
            waiting.append(nested if nested in lock else f'node_modules/{name}')
    return sorted(folders)


def paragraph(report, folder):
    files = sorted(path for path in (report / folder).iterdir() if re.match('licen[cs]e', path.name, re.IGNORECASE))
    name = folder.rpartition('node_modules/')[2]
    if not files:
        sys.exit(f'page_licenses: {report / folder} has no license file')
    lines = files[0].read_text().strip().splitlines()
    holders = [line.strip() for line in lines if re.match(r'\s*copyright\b', line, re.IGNORECASE)]
    text = '\n'.join(f' {line}' if line.strip() else ' .' for line in lines)
    short = f'npm-{name.strip("@").replace("/", "-")}'
    copyright = '\n '.join(holders) or 'see the license'
    return f'\nFiles: */report_page.html\nComment: contains {name}\nCopyright: {copyright}\nLicense: {short}\n{text}\n'


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    report = pathlib.Path(sys.argv[1])
    text = ''.join(paragraph(report, folder) for folder in bundled_packages(report))
    pathlib.Path(sys.argv[2]).write_text(text)


main()
