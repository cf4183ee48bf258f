import assert from 'node:assert/strict';
import { test } from 'node:test';

import { historyOf } from '../model/history.js';
import { inOrderOfCommits } from '../model/history_order.js';
import { referenceOf } from '../model/history_reference.js';
import { bandInWords } from '../model/history_words.js';
import { intervalOfMedian } from '../model/order_interval.js';
import { seriesName } from './made_up_history.js';

const coroutines = seriesName('coroutines');
const floor = seriesName('raw_epoll');
const spread = [0.99, 0.995, 1, 1, 1, 1, 1.005, 1.01];
let made = 0;

/** A recording whose times are the given ones, each with the same spread of repetitions. */
function recorded(times, change = {}) {
  const id = String(++made).padStart(4, '0');
  return {
    id,
    recorded: `2026-01-01T00:00:00.${id}Z`,
    commit: id,
    parents: [],
    commitDate: '',
    subject: '',
    dirty: false,
    machine: 'm',
    workload: 'w',
    setting: 's',
    program: `program ${id}`,
    compiler: 'c',
    canary: [10, 10],
    load: [0, 0],
    steal: 0,
    rows: Object.entries(times).map(([name, time]) => ({
      name,
      failed: '',
      values: typeof time === 'number' ? { real_time: spread.map((one) => one * time) } : time,
    })),
    ...change,
  };
}
const timesOf = (values, change) => values.map((value) => recorded({ [coroutines]: value, [floor]: 100 }, change));
const changesIn = (recordings, metric = 'real_time') =>
  historyOf(recordings, coroutines, metric).changes.map(({ at, worse, confirmed }) => [at, worse, confirmed]);

test('a median’s interval leaves out as many values at each end as a fair coin lets it', () => {
  const values = Array.from({ length: 12 }, (_, index) => index + 1);
  // Of 12 tosses 2 heads or fewer have a chance of 79/4096, 1 or fewer of 13/4096.
  assert.deepEqual(intervalOfMedian(values, 0.95), { low: 3, median: 6.5, high: 10, enough: true });
  assert.deepEqual(intervalOfMedian(values, 0.975), { low: 2, median: 6.5, high: 11, enough: true });
  assert.deepEqual(intervalOfMedian([3, 1, 2], 0.95), { low: 1, median: 2, high: 3, enough: false });
  assert.equal(intervalOfMedian(Array(7).fill(1), 0.975).enough, true);
  assert.equal(intervalOfMedian(Array(6).fill(1), 0.975).enough, false);
  const many = intervalOfMedian(
    Array.from({ length: 5000 }, (_, index) => index),
    0.95,
  );
  assert.ok(many.low > 2400 && many.high < 2600, 'beyond what 0.5^n of a double can tell');
});

test('recordings stand after their parents’, those of one commit side by side, clean before dirty', () => {
  const [c, a, b, other, again] = [
    recorded({}, { commit: 'c', parents: ['b'] }),
    recorded({}, { commit: 'a' }),
    recorded({}, { commit: 'b', parents: ['a'], dirty: true }),
    recorded({}, { commit: 'd', parents: ['elsewhere'] }),
    recorded({}, { commit: 'b', parents: ['a'] }),
  ];
  assert.deepEqual(inOrderOfCommits([c, a, b, other, again]), [a, again, b, c, other]);
});

test('without links the commits’ dates say the order, and without these when they were recorded', () => {
  const [late, early] = [
    recorded({}, { commit: 'x', commitDate: '2026-02-01' }),
    recorded({}, { commit: 'y', commitDate: '2025-02-01' }),
  ];
  assert.deepEqual(inOrderOfCommits([late, early]), [early, late]);
  const [first, second] = [recorded({}), recorded({})];
  assert.deepEqual(inOrderOfCommits([second, first]), [first, second]);
});

test('parents that go round in a ring lose nothing', () => {
  const ring = [recorded({}, { commit: 'a', parents: ['b'] }), recorded({}, { commit: 'b', parents: ['a'] })];
  assert.equal(inOrderOfCommits(ring).length, 2);
});

test('a row is held against raw_epoll of as many workers, else of the nearest number, else the first row', () => {
  const [few, many] = [seriesName('raw_epoll', 20), floor];
  const sequential = seriesName('sequential', 1);
  const all = recorded({ [coroutines]: 1, [few]: 1, [many]: 1, [sequential]: 1 });
  const refer = (recording, name, chosen) => referenceOf([recording], name, 'real_time', chosen);
  assert.equal(refer(all, coroutines), many);
  assert.equal(refer(all, sequential), few);
  assert.equal(refer(all, coroutines, sequential), sequential);
  assert.equal(refer(all, coroutines, 'no such row'), many);
  assert.equal(refer(recorded({ [coroutines]: 1, [sequential]: 1 }), coroutines), sequential);
  assert.equal(refer(recorded({ [coroutines]: 1 }), coroutines), null);
});

test('the floor itself is held against the canary, in time; and what is none is no reference', () => {
  const one = recorded({
    [coroutines]: { heap_peak_bytes: [5], real_time: [30] },
    [floor]: { heap_peak_bytes: [0], real_time: [20] },
  });
  assert.equal(referenceOf([one], floor, 'real_time'), 'canary');
  assert.equal(historyOf([one], floor, 'real_time').points[0].ratio, 2);
  assert.equal(referenceOf([one], floor, 'heap_peak_bytes'), coroutines);
  assert.equal(referenceOf([one], coroutines, 'heap_peak_bytes'), null, 'a floor of nothing');
  assert.equal(referenceOf([one], coroutines, 'heap_peak_bytes', 'canary'), null, 'bytes are no milliseconds');
});

test('the time of the floor, which waits for the latency, is held against the ideal', () => {
  const one = recorded({ [floor]: 44 }, { canary: [10, 30] });
  one.rows[0].idealMs = 40;
  const { reference, points } = historyOf([one], floor, 'real_time');
  assert.equal(reference, 'ideal');
  assert.equal(points[0].ratio, 1.1);
  assert.equal(referenceOf([one], floor, 'real_time', 'canary'), 'canary');
  one.rows[0].values.cpu_us_per_request = [35];
  assert.equal(referenceOf([one], floor, 'cpu_us_per_request'), 'canary', 'no latency is in it');
});

test('a machine that is slower moves no ratio', () => {
  const recordings = [1, 1.5, 0.7].map((speed) => recorded({ [coroutines]: 120 * speed, [floor]: 100 * speed }));
  const { points, changes } = historyOf(recordings, coroutines, 'real_time');
  assert.deepEqual(
    points.map((one) => Number(one.ratio.toFixed(9))),
    [1.2, 1.2, 1.2],
  );
  assert.deepEqual(changes, []);
});

test('the interval holds the ratio, and both rows’ spread', () => {
  const [{ low, ratio, high, samples }] = historyOf(timesOf([120]), coroutines, 'real_time').points;
  assert.ok(Math.abs(low - (1.2 * 0.99) / 1.01) < 1e-9 && Math.abs(high - (1.2 * 1.01) / 0.99) < 1e-9);
  assert.ok(low < ratio && ratio < high && samples.length === spread.length);
});

test('a level that rises is a change where it begins, one that falls too', () => {
  assert.deepEqual(changesIn(timesOf([100, 101, 100, 115, 114, 115, 99, 100])), [
    [3, true, true],
    [6, false, true],
  ]);
});

test('one stray recording is no change; the last one may be, unconfirmed', () => {
  assert.deepEqual(changesIn(timesOf([100, 100, 130, 100, 100])), []);
  assert.deepEqual(changesIn(timesOf([100, 100, 100, 130])), [[3, true, false]]);
});

test('what creeps is a change in the end, though no step is', () => {
  const creeping = Array.from({ length: 20 }, (_, index) => 100 * 1.01 ** index);
  assert.ok(changesIn(timesOf(creeping)).length >= 1);
});

test('fewer and noisier repetitions see less, never more', () => {
  const noisy = [100, 100, 106, 106].map((time) =>
    recorded({ [coroutines]: { real_time: [0.9, 1, 1.1].map((one) => one * time) }, [floor]: 100 }),
  );
  assert.deepEqual(changesIn(noisy), []);
});

test('the band is what one program’s recordings moved by; else what repetitions leave open; and it is said which', () => {
  const alike = timesOf([100, 108, 100, 109, 100], { program: 'same' });
  const ofRecordings = historyOf(alike, coroutines, 'real_time');
  assert.equal(ofRecordings.band.source, 'recordings');
  assert.equal(ofRecordings.band.count, 4);
  assert.ok(Math.abs(ofRecordings.band.size - 0.09) < 1e-9);
  assert.match(bandInWords(ofRecordings), /^Band: ±9.0 %, what the 4 repeated recordings of one program moved by/);
  const ofRepetitions = historyOf(timesOf([100, 100]), coroutines, 'real_time');
  assert.equal(ofRepetitions.band.source, 'repetitions');
  assert.match(bandInWords(ofRepetitions), /no program was recorded twice/);
  assert.equal(historyOf(timesOf([100, 100], { program: 'same' }), coroutines, 'real_time').band.size, 0.02);
});

test('a change beyond noise hides in a band that is as wide', () => {
  const calm = timesOf([100, 100, 108, 108]);
  assert.deepEqual(changesIn(calm), [[2, true, true]]);
  const restless = [...timesOf([100, 110, 100], { program: 'restless' }), ...timesOf([108, 108])];
  assert.deepEqual(changesIn(restless), []);
});

test('a change between recordings of one program is not called the client’s', () => {
  const recordings = timesOf([100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 130, 130], {
    program: 'same',
  });
  const { changes } = historyOf(recordings, coroutines, 'real_time');
  assert.deepEqual(
    changes.map(({ at, sameProgram }) => [at, sameProgram]),
    [[12, true]],
  );
});

const counted = (metric, counts, change) =>
  counts.map((count) => recorded({ [coroutines]: { [metric]: [count] }, [floor]: { [metric]: [1000] } }, change));

test('a count is a change above one percent and 64 bytes, or half an allocation, at once', () => {
  for (const [metric, counts, expected] of [
    ['heap_peak_bytes', [100_000, 101_000, 101_001], [[2, true, true]]],
    ['heap_peak_bytes', [1000, 1064, 1065], [[2, true, true]]],
    ['heap_peak_bytes', [100_000, 90_000], [[1, false, true]]],
    ['heap_peak_bytes', [100_000, 100_600, 101_200], [[2, true, true]]], // creeps from the level's first
    ['allocations_per_request', [50, 50.5, 50.51], [[2, true, true]]],
  ])
    assert.deepEqual(changesIn(counted(metric, counts), metric), expected, `${metric} ${counts}`);
});

test('a count that moves by itself must move by more', () => {
  const same = counted('heap_peak_bytes', [100_000, 103_000], { program: 'same' });
  assert.deepEqual(changesIn([...same, ...counted('heap_peak_bytes', [102_000])], 'heap_peak_bytes'), []);
  assert.deepEqual(changesIn([...same, ...counted('heap_peak_bytes', [104_000])], 'heap_peak_bytes'), [
    [2, true, true],
  ]);
});

test('counts are judged themselves: a reference that changes is not the row’s change', () => {
  const recordings = [1000, 2000].map((below) =>
    recorded({ [coroutines]: { heap_peak_bytes: [5000] }, [floor]: { heap_peak_bytes: [below] } }),
  );
  const { points, changes } = historyOf(recordings, coroutines, 'heap_peak_bytes');
  assert.deepEqual([points.map((one) => one.ratio), changes], [[5, 2.5], []]);
});

test('levels lie end to end, each the median of its ratios', () => {
  const { levels, points } = historyOf(timesOf([100, 100, 120, 121, 122]), coroutines, 'real_time');
  assert.deepEqual(
    levels.map(({ from, to, level }) => [from, to, Number(level.toFixed(6))]),
    [
      [0, 1, 1],
      [2, 4, 1.21],
    ],
  );
  assert.equal(points.length, 5);
});

test('a failed or absent row, or a failed reference, is a gap, and failures keep their reason', () => {
  const [a, b, c, d] = timesOf([100, 100, 100, 100]);
  b.rows[0] = { name: coroutines, failed: 'late', values: {} };
  c.rows = c.rows.filter((row) => row.name !== coroutines);
  d.rows[1] = { name: floor, failed: 'late', values: {} };
  const { points, failed } = historyOf([a, b, c, d], coroutines, 'real_time');
  assert.deepEqual(
    points.map((one) => one.place),
    [0],
  );
  assert.deepEqual(
    failed.map(({ place, reason }) => [place, reason]),
    [[1, 'late']],
  );
});

test('what is accepted is marked at its commit’s first recording, of that row and figure alone', () => {
  const recordings = timesOf([100, 120, 120]);
  const entry = { series: coroutines, metric: 'real_time', commit: recordings[1].commit, reason: 'why' };
  const others = [
    { ...entry, series: floor },
    { ...entry, metric: 'heap_peak_bytes' },
  ];
  const { accepted } = historyOf(recordings, coroutines, 'real_time', {
    accepted: [entry, ...others, { ...entry, commit: 'unknown' }],
  });
  assert.deepEqual(
    accepted.map(({ at, reason }) => [at, reason]),
    [
      [1, 'why'],
      [-1, 'why'],
    ],
  );
});

test('no recordings, or none with the figure, is a history of nothing', () => {
  for (const recordings of [[], [recorded({ [floor]: 1 })]]) {
    const { points, levels, changes } = historyOf(recordings, coroutines, 'cpu_us_per_request');
    assert.deepEqual([points, levels, changes], [[], [], []]);
  }
});
