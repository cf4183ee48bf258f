import assert from 'node:assert/strict';
import { test } from 'node:test';

import { readDatasets } from '../build/read_datasets.js';
import { typicalRepetition } from '../build/typical_repetition.js';
import { folderFor, nameOf, result, timelineOf } from './made_up.js';

const timed = (times) => times.map((time_s, index) => ({ name: '', index, time_s, columns: {} }));
const curves = (...repetitions) => repetitions.map((repetition) => ({ repetition }));

test('of several curves that of the repetition of median time is shown', () => {
  assert.equal(typicalRepetition(curves(0, 1, 2), timed([3, 1, 2])).repetition, 2);
  assert.equal(
    typicalRepetition(curves(0, 1, 2, 3), timed([4, 1, 2, 3])).repetition,
    2,
    'of an even number the lower in the middle',
  );
});

test('where the median has no curve, the nearest in time has its place', () => {
  assert.equal(typicalRepetition(curves(0, 1), timed([9, 5, 4.9, 1, 8])).repetition, 1);
  assert.equal(typicalRepetition(curves(7), timed([1, 2, 3])).repetition, 7);
  assert.equal(typicalRepetition(curves(3), []).repetition, 3);
});

test('a dataset is named by its workload; two of one workload by their files', (t) => {
  const folder = folderFor(t);
  const [a, b, c] = [
    folder.write('a.json', result(['fibers'])),
    folder.write('b.json', result(['fibers'])),
    folder.write('c.json', result(['fibers'], { workload: 'light' })),
  ];
  assert.deepEqual(
    readDatasets([a, b, c]).map(({ id, title, file }) => [id, title, file]),
    [
      ['a', 'article (a)', 'a.json'],
      ['b', 'article (b)', 'b.json'],
      ['light', 'light', 'c.json'],
    ],
  );
  assert.deepEqual(
    readDatasets([a, a]).map(({ id }) => id),
    ['a', 'a-2'],
  );
});

test('aggregates are no repetitions, and failed rows stay with their reason', (t) => {
  const folder = folderFor(t);
  const made = result(['fibers', 'coroutines']);
  for (const row of made.benchmarks)
    if (row.name.includes('fibers/workers:20/'))
      Object.assign(row, { error_occurred: true, error_message: 'server was late' });
  const [{ cases }] = readDatasets([folder.write('run.json', made)]);
  assert.deepEqual(
    cases.map((one) => [one.label, one.workers, one.repetitions, one.failed?.reason]),
    [
      ['fibers', 20, 5, 'server was late'],
      ['fibers', 100, 5, undefined],
      ['coroutines', 20, 5, undefined],
      ['coroutines', 100, 5, undefined],
    ],
  );
});

test('of a failed row the figures may be absent', (t) => {
  const folder = folderFor(t);
  const bare = {
    name: nameOf('fibers', 100),
    run_type: 'iteration',
    error_occurred: true,
    error_message: 'no',
    time_unit: 'ms',
  };
  const [{ cases }] = readDatasets([folder.write('run.json', { context: {}, benchmarks: [bare] })]);
  assert.deepEqual(cases[0].failed, { count: 1, reason: 'no' });
});

test('each case has its one curve', (t) => {
  const folder = folderFor(t);
  const made = result(['fibers', 'python_gevent']);
  const file = folder.write('run.json', made);
  folder.write('run.timeline.json', timelineOf(made));
  const [{ timeline, cases }] = readDatasets([file]);
  assert.equal(timeline?.sample_every_ms, 2);
  assert.deepEqual(Object.keys(timeline?.curves ?? {}).sort(), cases.map((one) => one.name).sort());
  assert.ok(
    Object.values(timeline?.curves ?? {}).every((curve) => curve.repetition === 4),
    'the wobble’s median is the fifth',
  );
});

test('times are seconds, whatever unit they were told in', (t) => {
  const folder = folderFor(t);
  for (const [unit, factor] of [
    ['s', 1],
    ['ms', 1e3],
    ['us', 1e6],
    ['ns', 1e9],
  ]) {
    const made = result(['fibers']);
    for (const row of made.benchmarks) Object.assign(row, { real_time: 2 * factor, time_unit: unit });
    const [{ cases }] = readDatasets([folder.write(`${unit}.json`, made)]);
    assert.ok(Math.abs(cases[0].figures.time_s[1] - 2) < 1e-9);
  }
});
