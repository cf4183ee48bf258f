import assert from 'node:assert/strict';
import { test } from 'node:test';

import { casesOf, figure } from '../model/cases.js';
import { frontier } from '../model/pareto.js';
import { fitPower, fitStraightLine } from '../model/fits.js';
import { median, spreadOf } from '../model/spread.js';
import { nameOf } from './made_up.js';

const repetition = (strategy, index, time_s, columns = {}, more = {}) => ({
  name: nameOf(strategy, 100),
  index,
  time_s,
  columns,
  ...more,
});

test('a median is the middle one, or the mean of the two in the middle', () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 2, 3]), 2.5);
  assert.deepEqual(spreadOf([5, 1, 3]), [1, 3, 5]);
});

test('repetitions become one case with least, median and most of every column', () => {
  const [one] = casesOf([
    repetition('fibers', 0, 2, { rss_peak_bytes: 30 }),
    repetition('fibers', 1, 1, { rss_peak_bytes: 10 }),
    repetition('fibers', 2, 9, { rss_peak_bytes: 20 }),
  ]);
  assert.equal(one.repetitions, 3);
  assert.deepEqual(one.figures.time_s, [1, 2, 9]);
  assert.deepEqual(one.figures.rss_peak_bytes, [10, 20, 30]);
});

test('CPU seconds are CPU a request times requests, and their share is of the time', () => {
  const [one] = casesOf([
    repetition('fibers', 0, 2, { cpu_us_per_request: 500, requests_per_second: 100, ideal_ratio: 4 }),
  ]);
  assert.equal(figure(one, 'cpu_s'), 0.1);
  assert.equal(figure(one, 'cpu_share'), 0.05);
  assert.equal(figure(one, 'ideal_s'), 0.5);
});

test('one repetition that failed fails the case: its reason is kept, its figures are not', () => {
  const [one] = casesOf([
    repetition('fibers', 0, 2),
    repetition('fibers', 1, 1, {}, { failure: 'too late' }),
    repetition('fibers', 2, 1, {}, { failure: 'other' }),
  ]);
  assert.deepEqual(one.failed, { count: 2, reason: 'too late' });
  assert.deepEqual(one.figures, {});
});

test('cases stand in the README’s order, unknown strategies last', () => {
  const names = casesOf(
    ['zebra', 'python_sync', 'raw_epoll', 'coroutines', 'sequential', 'aardvark'].map((name) => repetition(name, 0, 1)),
  ).map((one) => one.strategy);
  assert.deepEqual(names, ['sequential', 'coroutines', 'raw_epoll', 'python_sync', 'aardvark', 'zebra']);
});

test('the frontier is what nothing beats in one without losing in the other', () => {
  const points = [
    [3, 3],
    [1, 9],
    [2, 5],
    [2, 6],
    [4, 3],
    [9, 1],
    [9, 2],
  ];
  assert.deepEqual(
    frontier(
      points,
      ([x]) => x,
      ([, y]) => y,
    ),
    [
      [1, 9],
      [2, 5],
      [3, 3],
      [9, 1],
    ],
  );
  assert.deepEqual(frontier([], Number, Number), []);
});

test('no point of a frontier is beaten, and each other one is', () => {
  const points = Array.from({ length: 200 }, (_, index) => [(index * 7919) % 101, (index * 104729) % 97]);
  const on = frontier(
    points,
    ([x]) => x,
    ([, y]) => y,
  );
  const beats = (a, b) => a[0] <= b[0] && a[1] <= b[1] && (a[0] < b[0] || a[1] < b[1]);
  assert.ok(on.every((one) => !points.some((other) => beats(other, one))));
  assert.ok(
    points.every((one) => on.some((other) => beats(other, one) || (other[0] === one[0] && other[1] === one[1]))),
  );
});

test('a power law is found again from its points, and a line from its', () => {
  const power = fitPower([10, 100, 1000].map((x) => [x, 3 * x ** 0.9]));
  assert.ok(Math.abs(power.exponent - 0.9) < 1e-9 && Math.abs(power.factor - 3) < 1e-9);
  const line = fitStraightLine([1, 2, 5].map((x) => [x, 7 - 2 * x]));
  assert.ok(Math.abs(line.slope + 2) < 1e-9 && Math.abs(line.intercept - 7) < 1e-9);
});

test('nothing is fitted through one worker count, nor through what has no logarithm', () => {
  assert.equal(
    fitPower([
      [10, 1],
      [10, 2],
    ]),
    null,
  );
  assert.equal(
    fitPower([
      [10, 1],
      [100, 0],
      [1000, -4],
    ]),
    null,
  );
  assert.equal(fitPower([]), null);
});
