import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { parseHTML } from 'linkedom';

import { folderFor, nameOf, result, row, timelineOf } from './made_up.js';

const program = fileURLToPath(new URL('../build/main.js', import.meta.url));
const run = (...words) => spawnSync(process.execPath, [program, ...words], { encoding: 'utf8' });

/** Runs it on a file that is wrong, and expects one line that says so, code 2 and nothing written. */
function refused(test, content, expected, { name = 'run.json', beside = undefined } = {}) {
  const folder = folderFor(test);
  const file = content === undefined ? folder.path(name) : folder.write(name, content);
  if (beside !== undefined) folder.write('run.timeline.json', beside);
  const out = folder.path('report.html');
  const { status, stdout, stderr } = run(file, '--out', out);
  assert.equal(status, 2, stderr);
  assert.equal(stdout, '');
  assert.match(stderr, /^report: [^\n]*\n$/);
  assert.ok(stderr.includes(expected), `${stderr} has no ${expected}`);
  assert.ok(stderr.includes(beside === undefined ? name : 'run.timeline.json'), 'the file is named');
  assert.ok(!existsSync(out));
}

/** A result with one row otherwise. */
const with_row = (change) => ({
  context: {},
  benchmarks: [row('fibers', 100, 0), row('fibers', 100, 1), row('fibers', 100, 2), row('fibers', 100, 3, change)],
});

for (const [what, content, expected] of [
  ['missing', undefined, 'there is no such file'],
  ['empty', '', 'is empty'],
  ['cut short', JSON.stringify(result(), null, 1).slice(0, 5000), 'is cut short: its JSON does not end by line'],
  ['no JSON', '# Results', 'is not JSON'],
  ['broken within', '{"context": {}, "benchmarks": [}, 1]}', 'is not JSON'],
  ['a list', [1, 2], 'is no result of farebench'],
  [
    'another program’s JSON',
    { name: 'x', version: 1 },
    'is no result of farebench: it has no "context" with "benchmarks"',
  ],
  [
    'another benchmark’s result',
    { context: {}, benchmarks: [{ ...row('x'), name: 'BM_copy/8' }] },
    'benchmarks[0].name is "BM_copy/8", no case of farebench\'s',
  ],
  ['a context that is none', { context: [], benchmarks: [] }, 'context is not an object'],
  ['a workload that is a number', { context: { workload: 5 }, benchmarks: [row('x')] }, 'context.workload is not text'],
  ['benchmarks that are none', { context: {}, benchmarks: {} }, 'benchmarks is not a list'],
  ['no rows', { context: {}, benchmarks: [] }, 'benchmarks is empty'],
  [
    'aggregates alone',
    { context: {}, benchmarks: [{ run_type: 'aggregate', name: nameOf('x', 1) }] },
    'benchmarks holds aggregates alone',
  ],
  ['a row that is none', { context: {}, benchmarks: [5] }, 'benchmarks[0] is not an object'],
  ['a time in words', with_row({ real_time: '12' }), 'benchmarks[3].real_time is not a number'],
  ['no time', with_row({ real_time: undefined }), 'benchmarks[3].real_time is not a number'],
  ['a time below zero', with_row({ real_time: -1 }), 'benchmarks[3].real_time is -1, less than none'],
  [
    'a time beyond numbers',
    JSON.stringify(with_row({})).replace(/"real_time":[\d.]+/, '"real_time":1e999'),
    'benchmarks[0].real_time is not a number',
  ],
  [
    'an odd unit',
    with_row({ time_unit: '</script>\u2028\nfortnights' }),
    'benchmarks[3].time_unit is "</script>\\u2028\\nfortnights", not one of s, ms, us, ns',
  ],
  ['a column in words', with_row({ rss_peak_bytes: null }), 'benchmarks[3].rss_peak_bytes is not a number'],
  [
    'half a repetition',
    with_row({ repetition_index: 1.5 }),
    'benchmarks[3].repetition_index is 1.5, not a whole number',
  ],
  ['a type of row that is none', with_row({ run_type: 'guess' }), 'benchmarks[3].run_type is "guess"'],
  [
    'an error neither true nor false',
    with_row({ error_occurred: 'yes' }),
    'benchmarks[3].error_occurred is neither true nor false',
  ],
  [
    'a reason that is none',
    with_row({ error_occurred: true, error_message: 5 }),
    'benchmarks[3].error_message is not text',
  ],
]) {
  test(`a file that is ${what} is refused in one line`, (t) => refused(t, content, expected));
}

test('a folder is refused', (t) => {
  const folder = folderFor(t);
  mkdirSync(folder.path('results'));
  const { status, stderr } = run(folder.path('results'), '--out', folder.path('x.html'));
  assert.equal(status, 2);
  assert.match(stderr, /is a folder, not a result file\n$/);
});

const good = result(['fibers']);
const curves = timelineOf(good);
const with_curve = (change) => ({ ...curves, curves: [curves.curves[0], { ...curves.curves[1], ...change }] });
for (const [what, beside, expected] of [
  ['cut short', JSON.stringify(curves).slice(0, 999), 'is cut short'],
  ['of another kind', { a: 1 }, 'is no timeline of farebench'],
  ['of a later version', { ...curves, timeline: 2 }, '"timeline" is 2, not 1'],
  ['without an interval', { ...curves, sample_every_ms: undefined }, 'sample_every_ms is not a number'],
  ['another run’s', with_curve({ name: nameOf('coroutines', 7) }), 'curves[1].name is "fetch/strategy:coroutines'],
  ['without phases', with_curve({ phases_ms: null }), 'curves[1].phases_ms is not an object'],
  ['with a phase in words', with_curve({ phases_ms: { go: 'now' } }), 'curves[1].phases_ms.go is not a number'],
  ['with half a point', with_curve({ points: [[0, 1], [2]] }), 'curves[1].points[1] is not a pair [ms, KiB]'],
  [
    'with memory in words',
    with_curve({
      points: [
        [0, 1],
        [2, '3'],
      ],
    }),
    'curves[1].points[1][1] is not a number',
  ],
  [
    'running backwards',
    with_curve({
      points: [
        [5, 1],
        [2, 3],
      ],
    }),
    'curves[1].points[1] is earlier than the one before',
  ],
]) {
  test(`curves that are ${what} are refused in one line`, (t) => refused(t, good, expected, { beside }));
}

test('usage that is not understood is refused and told what is', (t) => {
  const folder = folderFor(t);
  const file = folder.write('run.json', good);
  for (const [words, expected] of [
    [['--colour'], 'there is no flag --colour: see ./dev report --help'],
    [[file, '--out'], '--out needs a file'],
    [[file, '--svg='], '--svg needs a folder'],
  ]) {
    const { status, stderr } = run(...words);
    assert.equal(status, 2);
    assert.ok(stderr.includes(expected) && stderr.split('\n').length === 2, stderr);
  }
  const { status, stdout } = run('--help');
  assert.equal(status, 0);
  assert.match(stdout, /--svg DIR/);
});

test('a page that cannot be written is a failure, not bad input', (t) => {
  const folder = folderFor(t);
  const file = folder.write('run.json', good);
  const { status, stderr } = run(file, '--out', `${file}/report.html`);
  assert.equal(status, 1);
  assert.match(stderr, /^report: [^\n]*\n$/);
});

test('the page’s path is printed, folders are made, and nothing else is left there', (t) => {
  const folder = folderFor(t);
  const file = folder.write('run.json', good);
  const out = folder.path('new/folder/report.html');
  const { status, stdout, stderr } = run(file, `--out=${out}`);
  assert.deepEqual([status, stdout, stderr], [0, `${out}\n`, '']);
  assert.deepEqual(readdirSync(folder.path('new/folder')), ['report.html']);
});

test('two builds of one input are the same bytes, page and pictures, from whatever folder', (t) => {
  const folder = folderFor(t);
  const file = folder.write('run.json', result());
  folder.write('run.timeline.json', timelineOf(result()));
  const built = ['a', 'b'].map((name) => {
    const { status } = spawnSync(
      process.execPath,
      [program, file, '--out', folder.path(`${name}/report.html`), '--svg', folder.path(name)],
      { cwd: name === 'a' ? '/' : folder.path('.') },
    );
    assert.equal(status, 0);
    return Object.fromEntries(
      readdirSync(folder.path(name)).map((one) => [one, readFileSync(folder.path(`${name}/${one}`), 'utf8')]),
    );
  });
  assert.deepEqual(Object.keys(built[0]).sort(), [
    'memory-over-time-dark.svg',
    'memory-over-time-light.svg',
    'report.html',
    'time-memory-dark.svg',
    'time-memory-light.svg',
  ]);
  assert.deepEqual(built[0], built[1]);
});

test('the page is one file that names no other', (t) => {
  const folder = folderFor(t);
  const file = folder.write('run.json', good);
  run(file, '--out', folder.path('report.html'));
  const text = readFileSync(folder.path('report.html'), 'utf8');
  const { document } = parseHTML(text);
  assert.equal(document.querySelectorAll('[src], link, iframe, img, object, embed').length, 0);
  assert.match(document.querySelector('meta[http-equiv]')?.getAttribute('content') ?? '', /default-src 'none'/);
  assert.doesNotMatch(text, /@import|url\((?!#|"#)|sourceMappingURL/);
  assert.ok(!text.includes(folder.path('')), 'no path of this machine');
});

test('pictures are XML whose every colour is said, light and dark, and tell their title', (t) => {
  const folder = folderFor(t);
  const hostile = nameOf('<&"\u2028', 100);
  const run_file = result();
  run_file.benchmarks.push({ ...row('x'), name: `${hostile}/iterations:1/manual_time` });
  const file = folder.write('run.json', run_file);
  folder.write('run.timeline.json', timelineOf(run_file));
  assert.equal(run(file, '--out', folder.path('r.html'), '--svg', folder.path('pictures')).status, 0);
  for (const picture of readdirSync(folder.path('pictures'))) {
    const text = readFileSync(folder.path(`pictures/${picture}`), 'utf8');
    assert.match(text, /^<svg xmlns="http:\/\/www.w3.org\/2000\/svg"/);
    assert.doesNotMatch(text, /var\(|currentColor|NaN|undefined|class=|<script/, picture);
    assert.doesNotMatch(text, /[<&](?![a-z/]|amp;|lt;|gt;|quot;)/, picture);
    assert.match(text, /<title>(Time against memory|Memory over time)/);
  }
  const [light, dark] = ['light', 'dark'].map((scheme) =>
    readFileSync(folder.path(`pictures/time-memory-${scheme}.svg`), 'utf8'),
  );
  assert.notEqual(light, dark);
  assert.equal(light.replace(/#[0-9a-f]{6}/g, '#'), dark.replace(/#[0-9a-f]{6}/g, '#'));
});

test('without curves there is no picture of them, and it is said', (t) => {
  const folder = folderFor(t);
  const { status, stderr } = run(
    folder.write('run.json', good),
    '--out',
    folder.path('r.html'),
    '--svg',
    folder.path('p'),
  );
  assert.equal(status, 0);
  assert.match(stderr, /no curves beside it/);
  assert.deepEqual(readdirSync(folder.path('p')), ['time-memory-dark.svg', 'time-memory-light.svg']);
});

test('the lockfile names no registry', () => {
  const lock = readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8');
  assert.doesNotMatch(lock, /"resolved"/);
});
