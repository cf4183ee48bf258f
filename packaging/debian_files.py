#!/usr/bin/env python3
"""debian_files.py [FLAG...] PACKAGE=FOLDER...: adds what Debian's policy requires to the folders of packages.

Writes the changelog from CHANGELOG.md, the copyright from LICENSE, and lintian's overrides; compresses man pages; sets modes.
"""
import argparse
import datetime
import gzip
import pathlib
import re
import textwrap

MAINTAINER = 'The farebench authors <maintainers@farebench.invalid>'
OVERRIDES = pathlib.Path(__file__).parent / 'lintian_overrides'


def compressed(text):
    """Equal text gives equal bytes: no name and no time."""
    return gzip.compress(text.encode(), 9, mtime=0)


def newest_changes(changelog):
    """Bullets of the newest version in CHANGELOG.md, each as one line of plain text."""
    section = re.split(r'^## ', changelog, flags=re.MULTILINE)[1]
    bullets = re.findall(r'^- (.*(?:\n  .*)*)', section, flags=re.MULTILINE)
    return [re.sub(r'\[([^]]*)\]\([^)]*\)', r'\1', ' '.join(bullet.split())).replace('`', '') for bullet in bullets]


def debian_changelog(changelog, version, distribution, date):
    changes = newest_changes(changelog) or ['New version.']
    lines = [f'farebench ({version}) {distribution}; urgency=medium', '']
    for change in changes:
        lines += textwrap.wrap(change, 78, initial_indent='  * ', subsequent_indent='    ', break_long_words=False)
    time = datetime.datetime.fromtimestamp(date, datetime.timezone.utc).strftime('%a, %d %b %Y %H:%M:%S +0000')
    return '\n'.join([*lines, '', f' -- {MAINTAINER}  {time}', ''])


def debian_copyright(license_text, other_licenses):
    holder = re.search(r'^Copyright \(c\) (.*)$', license_text, flags=re.MULTILINE)[1]
    body = license_text.split('\n\n', 2)[2]
    indented = '\n'.join(f' {line}' if line else ' .' for line in body.strip().splitlines())
    return f'''Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: farebench
Upstream-Contact: {MAINTAINER}

Files: *
Copyright: {holder}
License: Expat
{indented}
{other_licenses}'''


def finish(package, folder, flags, files):
    documents = folder / 'usr/share/doc' / package
    documents.mkdir(parents=True, exist_ok=True)
    for name in 'LICENSE', 'CHANGELOG.md':
        (documents / name).unlink(missing_ok=True)
    has_page = any(folder.rglob('report_page.html'))
    licenses = flags.licenses.read_text() if has_page and flags.licenses.exists() else ''
    (documents / 'copyright').write_text(debian_copyright(files['LICENSE'], licenses))
    (documents / 'changelog.gz').write_bytes(compressed(files['CHANGELOG.md']))
    (documents / 'changelog.Debian.gz').write_bytes(
        compressed(debian_changelog(files['CHANGELOG.md'], flags.version, flags.distribution, flags.date)))
    overrides = OVERRIDES / package
    if overrides.exists():
        target = folder / 'usr/share/lintian/overrides' / package
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(overrides.read_text())
    for page in folder.glob('usr/share/man/man1/*.1'):
        page.with_name(f'{page.name}.gz').write_bytes(compressed(page.read_text()))
        page.unlink()
    # The checkout's modes depend on its owner's umask.
    for path in [folder, *folder.rglob('*')]:
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or (path.stat().st_mode & 0o100 and path.suffix not in ('.a', '.so')
                                                  and '.so.' not in path.name) else 0o644)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--source', required=True, type=pathlib.Path)
    parser.add_argument('--version', required=True)
    parser.add_argument('--distribution', required=True)
    parser.add_argument('--date', required=True, type=int)
    parser.add_argument('--licenses', required=True, type=pathlib.Path)
    parser.add_argument('packages', nargs='+', metavar='PACKAGE=FOLDER')
    flags = parser.parse_args()
    files = {name: (flags.source / name).read_text() for name in ('LICENSE', 'CHANGELOG.md')}
    for argument in flags.packages:
        package, _, folder = argument.partition('=')
        if pathlib.Path(folder).is_dir():
            finish(package, pathlib.Path(folder), flags, files)


main()
