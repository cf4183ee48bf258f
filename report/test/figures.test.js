import assert from 'node:assert/strict';
import { test } from 'node:test';

import { dodged } from '../page/figures/dodge.js';
import { placeLabels } from '../page/figures/label_blocks.js';
import { logTicks } from '../page/figures/ticks.js';
import { symbolPath } from '../page/figures/symbol_path.js';

const frame = { left: 0, top: 0, right: 900, bottom: 450 };
const boxesOf = (points, labels) =>
  labels.map(({ index, x, y, anchor }) => ({
    left: anchor === 'start' ? x : x - points[index].width,
    right: anchor === 'start' ? x + points[index].width : x,
    top: y - 7,
    bottom: y + 7,
  }));
const meet = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;

test('twenty marks in a few heaps get each a label, and no label meets another', () => {
  const heaps = [
    [100, 380],
    [300, 390],
    [650, 100],
    [660, 200],
  ];
  const points = Array.from({ length: 20 }, (_, index) => {
    const [x, y] = heaps[index % 4];
    return { x: x + (index % 3), y: y - index * 1.5, width: 110, rank: 1 };
  });
  const labels = placeLabels(points, frame, 14);
  assert.equal(new Set(labels.map((label) => label.index)).size, 20);
  const boxes = boxesOf(points, labels);
  boxes.forEach((box, index) => {
    assert.ok(
      box.left >= frame.left && box.right <= frame.right && box.top >= frame.top && box.bottom <= frame.bottom,
      'within the frame',
    );
    for (const other of boxes.slice(index + 1)) assert.ok(!meet(box, other));
  });
});

test('where there is no room what is wanted most is named', () => {
  const points = Array.from({ length: 12 }, (_, index) => ({
    x: 30 + (index % 4) * 40,
    y: 40 + Math.floor(index / 4) * 40,
    width: 90,
    rank: index === 7 ? 0 : 1,
  }));
  const labels = placeLabels(points, { left: 0, top: 0, right: 200, bottom: 160 }, 13, true);
  assert.ok(labels.length < points.length);
  assert.ok(labels.some((label) => label.index === 7));
});

test('heights that are dodged are apart, in order and within', () => {
  const heights = dodged([50, 51, 52, 10, 200], 13, 0, 120);
  const sorted = [...heights].sort((a, b) => a - b);
  assert.ok(
    sorted.every(
      (height, index) => height >= 0 && height <= 120 && (index === 0 || height - sorted[index - 1] >= 13 - 1e-9),
    ),
  );
  assert.ok(heights[3] < heights[0] && heights[0] < heights[1] && heights[1] < heights[2] && heights[2] < heights[4]);
});

test('ticks are within the ends, rising, round, and have their room', () => {
  for (const ends of [
    [0.28, 73],
    [12, 17],
    [1e-4, 5e3],
    [1, 1.05],
    [95, 10400],
  ]) {
    const ticks = logTicks(ends, 600, 46);
    assert.ok(ticks.length >= 2 || ends[1] / ends[0] < 1.1, String(ends));
    ticks.forEach((tick, index) => {
      assert.ok(tick >= ends[0] * 0.998 && tick <= ends[1] * 1.002);
      assert.ok(index === 0 || tick > ticks[index - 1]);
      assert.ok(String(tick).length <= 7, String(tick));
    });
  }
});

test('an axis too short for each decade has every other', () => {
  assert.deepEqual(logTicks([0.01, 100], 150, 60), [0.01, 1, 100]);
  assert.deepEqual(logTicks([0.01, 1000], 150, 70), [1, 1000]);
});

test('every symbol has a path, and each another', () => {
  const paths = ['circle', 'cross', 'diamond', 'square', 'star', 'triangle', 'wye', 'hexagon'].map(symbolPath);
  assert.equal(new Set(paths).size, paths.length);
  assert.ok(paths.every((path) => path.startsWith('M') && !path.includes('NaN')));
});
