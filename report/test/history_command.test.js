import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { parseHTML } from 'linkedom';

import { readAccepted } from '../build/read_accepted.js';
import { readRecording, readRecordings, recordingsIn } from '../build/read_recordings.js';
import { folderFor, result } from './made_up.js';
import { commitOf, recording, seriesName } from './made_up_history.js';

const program = fileURLToPath(new URL('../build/main.js', import.meta.url));
const run = (...words) => spawnSync(process.execPath, [program, ...words], { encoding: 'utf8' });
const small = (change = {}) =>
  recording({ commit: 'a', day: 0, strategies: ['coroutines', 'raw_epoll'], repetitions: 3, ...change });
const good = small();
/** The history that a page holds, and its datasets’ files. */
function pageParts(out) {
  const { document } = parseHTML(readFileSync(out, 'utf8'));
  const [datasets, history] = ['datasets', 'history-data'].map((id) =>
    JSON.parse(document.getElementById(id)?.textContent ?? ''),
  );
  return { history, files: datasets.map((one) => one.file) };
}

for (const [what, text, expected] of [
  ['edited by hand', good.replace('"errors":0', '"errors":1'), 'was changed after it was recorded: its checksum'],
  ['without its checksum', good.replace(/,\s*"sha256": "[0-9a-f]*"/, ''), 'was changed after it was recorded'],
  ['of a later format', small({ context: { format: 'farebench-run 2' } }), 'context.format is "farebench-run 2"'],
  ['of no format', JSON.stringify(result()), 'is not of track record: its context has no format'],
  ['cut short', good.slice(0, 900), 'is cut short'],
  ['without a machine', small({ context: { machine: undefined } }), 'context.machine is not text'],
  [
    'with a short commit',
    small({ context: { commit: 'a1b2c3' } }),
    'context.commit is "a1b2c3", not 40 hexadecimal digits',
  ],
  [
    'with a parent that is none',
    small({ context: { parents: ['</script>'] } }),
    'context.parents[0] is "</script>", not 40',
  ],
  ['without parents', small({ context: { parents: undefined } }), 'context.parents is not a list'],
  [
    'of no program',
    small({ context: { program_sha256: 'x' } }),
    'context.program_sha256 is "x", not 64 hexadecimal digits',
  ],
  ['of no date', small({ context: { date: 'yesterday' } }), 'context.date is "yesterday", no date'],
  ['perhaps dirty', small({ context: { dirty: 'perhaps' } }), 'context.dirty is "perhaps", neither "true" nor "false"'],
  ['with a canary of nothing', small({ context: { canary: 0 } }), 'context.canary is not above zero'],
  ['with a load in words', small({ context: { load_after: 'low' } }), 'context.load_after is not a number'],
  ['with a subject that is none', small({ context: { subject: 7 } }), 'context.subject is not text'],
  [
    'with a time in words',
    small({ change: (one) => ({ ...one, real_time: '7' }) }),
    'benchmarks[0].real_time is not a number',
  ],
]) {
  test(`a recording that is ${what} is refused in one line that names it`, (t) => {
    const folder = folderFor(t);
    folder.write('run.json', text);
    assert.throws(
      () => recordingsIn(folder.path('.')).map(readRecording),
      ({ message }) => message.includes('run.json: ') && message.includes(expected) && !message.includes('\n'),
    );
  });
}

const entry = { series: seriesName('coroutines'), metric: 'real_time', commit: commitOf('a'), reason: 'on purpose' };
for (const [what, content, expected] of [
  ['a list', [], 'the file is not an object'],
  ['of another kind', { accepted: [], more: 1 }, 'is not {"accepted": [...]}'],
  [
    'with a member that means nothing',
    { accepted: [{ ...entry, why: '' }] },
    'accepted[0] has "why", which means nothing',
  ],
  [
    'without a reason',
    { accepted: [entry, { ...entry, metric: 'heap_peak_bytes', reason: '' }] },
    'accepted[1].reason is not one line',
  ],
  ['with a reason of two lines', { accepted: [{ ...entry, reason: 'a\nb' }] }, 'accepted[0].reason is not one line'],
  ['of no row', { accepted: [{ ...entry, series: 'x' }] }, 'accepted[0].series is "x", no row’s name'],
  [
    'of no metric',
    { accepted: [{ ...entry, metric: 'constructor' }] },
    'accepted[0].metric is "constructor": there is no such',
  ],
  ['of no commit', { accepted: [{ ...entry, commit: 'HEAD' }] }, 'accepted[0].commit is "HEAD", not 40'],
  ['said twice', { accepted: [entry, { ...entry, reason: 'other' }] }, 'accepted[1] accepts what an earlier one does'],
]) {
  test(`an accepted.json that is ${what} is refused`, (t) => {
    const file = folderFor(t).write('accepted.json', content);
    assert.throws(
      () => readAccepted(file),
      ({ message }) => message.startsWith(`${file}: `) && message.includes(expected),
    );
  });
}

test('the project’s own accepted.json is read', () => {
  assert.ok(Array.isArray(readAccepted(fileURLToPath(new URL('../../results/accepted.json', import.meta.url)))));
});

test('a recording’s times are each repetition’s, its counts the one; a failed row has its reason and none', (t) => {
  const folder = folderFor(t);
  const late = (one) =>
    one.name.includes('raw_epoll/workers:20/') && one.repetition_index === 1
      ? { ...one, error_occurred: true, error_message: 'server was late' }
      : one;
  const { rows, parents } = readRecording(folder.write('r.json', small({ parent: 'z', change: late })));
  assert.deepEqual(parents, [commitOf('z')]);
  const of = (name) => rows.find((row) => row.name === name);
  assert.equal(of(seriesName('coroutines')).values.real_time.length, 3);
  assert.equal(of(seriesName('coroutines')).values.heap_peak_bytes.length, 1);
  assert.deepEqual(
    [of(seriesName('raw_epoll', 20)).failed, of(seriesName('raw_epoll', 20)).values],
    ['server was late', {}],
  );
});

test('two recordings of one name have two in links', (t) => {
  const folder = folderFor(t);
  mkdirSync(folder.path('other'));
  const files = [folder.write('r.json', good), folder.write('other/r.json', good)];
  assert.deepEqual(recordingsIn(folder.path('.')).length, 2);
  assert.deepEqual(
    readRecordings(files).map((one) => one.id),
    ['r', 'r-2'],
  );
});

test('recordings are told from results by their context, and --runs adds a folder’s, each once', (t) => {
  const folder = folderFor(t);
  mkdirSync(folder.path('runs/machine'), { recursive: true });
  const plain = folder.write('plain.json', result(['fibers']));
  const one = folder.write('runs/machine/one.json', good);
  folder.write('runs/machine/two.json', small({ commit: 'b', day: 1 }));
  const accepted = folder.write('accepted.json', { accepted: [entry] });
  const out = folder.path('r.html');
  const made = run(plain, one, '--runs', folder.path('runs'), '--accepted', accepted, '--out', out);
  assert.deepEqual([made.status, made.stderr], [0, '']);
  const { history, files } = pageParts(out);
  assert.deepEqual(files, ['plain.json']);
  assert.deepEqual(history.recordings.map((recorded) => recorded.id).sort(), ['one', 'two']);
  assert.deepEqual(history.accepted, [entry]);
});

test('of recordings alone the latest is the page’s result', (t) => {
  const folder = folderFor(t);
  const files = [
    folder.write('late.json', small({ day: 5 })),
    folder.write('early.json', small({ commit: 'b', day: 1 })),
  ];
  assert.equal(run(...files, '--out', folder.path('r.html')).status, 0);
  assert.deepEqual(pageParts(folder.path('r.html')).files, ['late.json']);
});

test('a folder of recordings that is none, or has none, is refused and nothing written', (t) => {
  const folder = folderFor(t);
  mkdirSync(folder.path('empty'));
  const plain = folder.write('plain.json', result(['fibers']));
  for (const [words, expected] of [
    [['--runs', folder.path('nowhere')], 'there is no such folder'],
    [['--runs', plain], 'is no folder'],
    [['--runs', folder.path('empty')], 'holds no recording (*.json, */*.json)'],
    [['--accepted', folder.path('nothing.json')], 'there is no such file'],
    [['--runs'], '--runs needs a folder: --runs results/runs'],
    [['--accepted='], '--accepted needs a file: --accepted results/accepted.json'],
  ]) {
    const { status, stderr } = run(plain, '--out', folder.path('r.html'), ...words);
    assert.equal(status, 2);
    assert.ok(stderr.includes(expected) && stderr.split('\n').length === 2, stderr);
    assert.ok(!existsSync(folder.path('r.html')));
  }
});
