import assert from 'node:assert/strict';
import { test } from 'node:test';

import { columns, sortedCases } from '../model/columns.js';
import { csvOf } from '../model/csv.js';
import { pointInWords } from '../model/points.js';
import { bytes, listed, percent, seconds, significant, times } from '../model/units.js';
import { formatState, parseState } from '../page/state.js';

test('a state’s hash restores it', () => {
  const state = {
    data: 'a&b=#c',
    point: 'latency_ms:1/page_kb:3',
    workers: [1, 1000],
    hidden: ['coroutines, 2 loops', '</script>', 'x\u2028y'],
    sort: '-time_s',
    memory: 'growth',
    axes: 'linear',
    ranges: 'shown',
    machine: 'a-2-cores',
    setting: 'workload x, engine y',
    metric: 'heap_peak_bytes',
    against: 'canary',
    series: 'fetch/strategy:</script>/workers:1',
    recording: '20261101T093000Z-0123456789ab',
  };
  assert.deepEqual(parseState(formatState(state)), state);
});

test('what is as at first needs no hash', () => {
  assert.equal(formatState(parseState('')), '');
});

test('a hash that nobody wrote is as at first', () => {
  for (const hash of [
    '#%',
    '#memory=__proto__&axes=sideways',
    '#without-workers=many&memory=constructor&metric=toString',
  ])
    assert.equal(formatState(parseState(hash)), '');
});

const one = (label, figures, failed = null) => ({
  name: label,
  strategy: label,
  label,
  loops: 1,
  workers: 1,
  days: 1,
  latency: '1',
  point: 'p',
  repetitions: 1,
  notes: [],
  failed,
  figures,
});

test('rows sort by a column either way; what has no value is last both ways', () => {
  const all = [one('none', {}), one('slow', { time_s: [9, 9, 9] }), one('fast', { time_s: [1, 1, 1] })];
  assert.deepEqual(
    sortedCases(all, all, 'time_s', false).map((row) => row.label),
    ['fast', 'slow', 'none'],
  );
  assert.deepEqual(
    sortedCases(all, all, 'time_s', true).map((row) => row.label),
    ['slow', 'fast', 'none'],
  );
  assert.deepEqual(sortedCases(all, all, 'no such column', true), all);
});

test('every column has a key of its own', () => {
  assert.equal(new Set(columns.map((column) => column.key)).size, columns.length);
});

test('the CSV quotes what needs it, keeps formulas text, and has a line a row', () => {
  const text = csvOf([one('say "a,b"', { time_s: [1, 2, 3] }), one('=1+1', {}, { count: 1, reason: 'two\nlines' })]);
  assert.equal(
    text,
    'strategy,loops,workers,days,point,repetitions,failed,reason,time_s_median,time_s_min,time_s_max\r\n' +
      '"say ""a,b""",1,1,1,p,1,0,,2,1,3\r\n' +
      '\'=1+1,1,1,1,p,1,1,"two\nlines",,,\r\n',
  );
});

test('numbers are said in the unit that suits them', () => {
  assert.deepEqual([0.3164, 1.469, 29.09, 0.00004].map(seconds), ['316 ms', '1.47 s', '29.1 s', '40.0 µs']);
  assert.deepEqual([100, 22600, 14.4 * 2 ** 20, 3 * 2 ** 30].map(bytes), ['100 B', '22.1 KiB', '14.4 MiB', '3.00 GiB']);
  assert.deepEqual([0.87, 1.04, 2.14, 49.6].map(times), ['0.87×', '1.04×', '2.1×', '50×']);
  assert.deepEqual([0, 0.0022, 0.12, 1.7].map(percent), ['0 %', '0.22 %', '12 %', '170 %']);
  assert.deepEqual(
    [0, Infinity, 123456].map((value) => significant(value)),
    ['0', '–', '123456'],
  );
  assert.deepEqual([[], ['a'], ['a', 'b'], ['a', 'b', 'c']].map(listed), ['', 'a', 'a and b', 'a, b and c']);
});

test('points are told in words', () => {
  assert.equal(
    pointInWords('latency_ms:1000/page_kb:3/engine:beast', 'scale'),
    'hold: 1 s a response, 3 KiB pages, engine beast',
  );
  assert.equal(pointInWords('latency_ms:50/page_kb:3', 'custom'), '50 ms a response, 3 KiB pages');
  assert.equal(
    pointInWords('latency_ms:lognormal_20_p99_80/seed:7/page_kb:3', ''),
    '20 ms a response, lognormal, 99th percentile 80 ms, seed 7, 3 KiB pages',
  );
  assert.equal(pointInWords('latency_ms:0/page_kb:3', ''), 'no latency, 3 KiB pages');
});
