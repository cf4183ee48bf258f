import assert from 'node:assert/strict';
import { test } from 'node:test';

import { logTicks } from '../page/axes.js';
import { placeLabels, spreadHeights } from '../page/labels.js';
import { lookOf, symbolPath } from '../page/look.js';
import { formatState, parseState } from '../page/state.js';
import { formatCsv, sortRows } from '../page/table.js';
import {
  bytes,
  columnScale,
  duration,
  format,
  percent,
  plainNumber,
  shift,
  significant,
  times,
  utc,
} from '../page/units.js';

const frame = { left: 0, top: 0, right: 900, bottom: 450 };
const boxesOf = (anchors, labels) =>
  labels.map(({ index, x, y, anchor }) => ({
    left: anchor === 'start' ? x : x - anchors[index].width,
    right: anchor === 'start' ? x + anchors[index].width : x,
    top: y - 7,
    bottom: y + 7,
  }));
const overlaps = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;

test('labels of clustered marks do not overlap', () => {
  const centres = [
    [100, 380],
    [300, 390],
    [650, 100],
    [660, 200],
  ];
  const anchors = Array.from({ length: 20 }, (_, index) => {
    const [x, y] = centres[index % 4];
    return { x: x + (index % 3), y: y - index * 1.5, width: 110, rank: 1 };
  });
  const labels = placeLabels(anchors, frame, 14);
  assert.equal(new Set(labels.map((label) => label.index)).size, 20);
  const boxes = boxesOf(anchors, labels);
  boxes.forEach((box, index) => {
    const isInside =
      box.left >= frame.left && box.right <= frame.right && box.top >= frame.top && box.bottom <= frame.bottom;
    assert.ok(isInside, 'within the frame');
    for (const other of boxes.slice(index + 1)) assert.ok(!overlaps(box, other));
  });
});

test('preferred labels remain when there is no room', () => {
  const anchors = Array.from({ length: 12 }, (_, index) => ({
    x: 30 + (index % 4) * 40,
    y: 40 + Math.floor(index / 4) * 40,
    width: 90,
    rank: index === 7 ? 0 : 1,
  }));
  const labels = placeLabels(anchors, { left: 0, top: 0, right: 200, bottom: 160 }, 13, true);
  assert.ok(labels.length < anchors.length);
  assert.ok(labels.some((label) => label.index === 7));
});

test('spread heights keep their order, gap and limits', () => {
  const heights = spreadHeights([50, 51, 52, 10, 200], 13, 0, 120);
  const sorted = [...heights].sort((a, b) => a - b);
  sorted.forEach((height, index) => {
    assert.ok(height >= 0 && height <= 120);
    assert.ok(index === 0 || height - sorted[index - 1] >= 13 - 1e-9);
  });
  assert.ok(heights[3] < heights[0] && heights[0] < heights[1] && heights[1] < heights[2] && heights[2] < heights[4]);
});

test('ticks are inside the domain, increasing and round', () => {
  for (const domain of [
    [0.28, 73],
    [12, 17],
    [1e-4, 5e3],
    [1, 1.05],
    [95, 10400],
  ]) {
    const ticks = logTicks(domain, 600, 46);
    assert.ok(ticks.length >= 2 || domain[1] / domain[0] < 1.1, String(domain));
    ticks.forEach((tick, index) => {
      assert.ok(tick >= domain[0] * 0.998 && tick <= domain[1] * 1.002);
      assert.ok(index === 0 || tick > ticks[index - 1]);
      assert.ok(String(tick).length <= 7, String(tick));
    });
  }
});

test('a short axis skips decades', () => {
  assert.deepEqual(logTicks([0.01, 100], 150, 60), [0.01, 1, 100]);
  assert.deepEqual(logTicks([0.01, 1000], 150, 70), [1, 1000]);
});

test('each symbol has its own path', () => {
  const paths = ['circle', 'cross', 'diamond', 'square', 'star', 'triangle', 'wye', 'hexagon'].map(symbolPath);
  assert.equal(new Set(paths).size, paths.length);
  assert.ok(paths.every((path) => path.startsWith('M') && !path.includes('NaN')));
});

test('unknown strategies get the symbol of their family', () => {
  const look = (/** @type {string} */ name, family = 'fibers', language = 'C++') =>
    lookOf({ name, family, language }, 1);
  assert.deepEqual(look('green_threads'), { symbol: 'diamond', stroke: 'var(--other_1)', fill: 'var(--other_1)' });
  assert.equal(look('tokio', 'coroutines', 'Rust').fill, 'var(--page)');
  assert.equal(look('x', 'unheard of').symbol, 'hexagon');
  assert.equal(look('page').stroke, 'var(--other_1)', 'no colour of the page');
});

test('a strategy on the native transport has the symbol of its family and its own colour', () => {
  const look = (/** @type {string} */ name, /** @type {string} */ family) =>
    lookOf({ name, family, language: 'C++' }, 1);
  const native = look('coroutines/native', 'coroutines');
  assert.deepEqual(native, { symbol: 'circle', stroke: 'var(--coroutines_native)', fill: 'var(--coroutines_native)' });
  assert.notEqual(native.stroke, look('coroutines', 'coroutines').stroke);
  assert.equal(look('sequential/native', 'blocking').symbol, 'square');
});

test('a hash restores its state', () => {
  const state = {
    data: 'a&b=#c',
    point: 'latency_ms:1/page_kb:3',
    workers: [1, 1000],
    hidden: ['coroutines, 2 loops', '</script>', 'x\u2028y'],
    sort: '-real_time',
    memory: 'growth',
    axes: 'linear',
    ranges: 'shown',
    client_workers: '1000',
    languages: ['C++', 'a&b'],
    client_sort: '-cpu_us_per_request',
    group: 'machine, engine y',
    metric: 'heap_peak_bytes',
    against: 'canary',
    series: 'fetch/strategy:</script>/workers:1',
    recording: '20261101T093000Z-0123456789ab',
  };
  assert.deepEqual(parseState(formatState(/** @type {any} */ (state))), state);
});

test('initial and invalid values need no hash', () => {
  for (const hash of ['', '#%', '#memory=__proto__&axes=sideways', '#without-workers=many&memory=constructor&ranges=x'])
    assert.equal(formatState(parseState(hash)), '');
});

const row = (label, figures, failed = null) =>
  /** @type {any} */ ({
    name: label,
    strategy: label,
    label,
    loops: 1,
    workers: 1,
    days: 1,
    point: 'p',
    repetitions: 1,
    failed,
    figures,
  });

test('rows without a value come last in both directions', () => {
  const rows = [row('none', {}), row('slow', { real_time: [9, 9, 9] }), row('fast', { real_time: [1, 1, 1] })];
  const columns = [{ name: 'real_time', value: (candidate) => candidate.figures.real_time?.[1] ?? NaN }];
  const labels = (sort) => sortRows(rows, columns, sort).map(({ label }) => label);
  assert.deepEqual(labels('real_time'), ['fast', 'slow', 'none']);
  assert.deepEqual(labels('-real_time'), ['slow', 'fast', 'none']);
  assert.deepEqual(labels('-strategy'), ['fast', 'slow', 'none']);
  assert.deepEqual(labels('-no such column'), ['none', 'slow', 'fast']);
});

test('CSV quotes fields and keeps formulas text', () => {
  const text = formatCsv([
    row('say "a,b"', { real_time: [1, 2, 3] }),
    row('=1+1', {}, { count: 1, reason: 'two\nlines' }),
  ]);
  assert.equal(
    text,
    'strategy,loops,workers,days,point,repetitions,failed,reason,real_time_median,real_time_min,real_time_max\r\n' +
      '"say ""a,b""",1,1,1,p,1,0,,2,1,3\r\n' +
      '\'=1+1,1,1,1,p,1,1,"two\nlines",,,\r\n',
  );
});

test('numbers have suitable units', () => {
  assert.deepEqual([316.4, 1469, 29090, 0.04].map(duration), ['316 ms', '1.47 s', '29.1 s', '40.0 µs']);
  assert.deepEqual([100, 22600, 14.4 * 2 ** 20, 3 * 2 ** 30].map(bytes), ['100 B', '22.1 KiB', '14.4 MiB', '3.00 GiB']);
  assert.deepEqual([0.87, 1.04, 2.14, 49.6].map(times), ['0.87×', '1.04×', '2.1×', '50×']);
  assert.deepEqual([0, 0.0022, 0.12, 1.7].map(percent), ['0 %', '0.22 %', '12 %', '170 %']);
  assert.deepEqual([1.12, 0.969, null].map(shift), ['+12 %', '−3.1 %', 'from zero']);
  assert.deepEqual([significant(0), significant(Infinity), significant(123456)], ['0', '–', '123456']);
  assert.equal(format(51.5, 'count'), '51.50');
  assert.equal(format(320, 'ms'), '320 ms');
  assert.equal(utc('2026-11-06T10:30:00+01:00'), '2026-11-06 09:30 UTC');
  assert.equal(utc('no date'), '');
});

test('a column has one unit, chosen by its middle value', () => {
  assert.deepEqual(columnScale('ms', [300, 1500, 38000]), { divisor: 1000, suffix: 's' });
  assert.deepEqual(columnScale('ms', [40, 60, 4200]), { divisor: 1, suffix: 'ms' });
  assert.deepEqual(columnScale('bytes', [2 ** 15, 2 ** 15, 2 ** 24]), { divisor: 1024, suffix: 'KiB' });
  assert.deepEqual(columnScale('share', [0.1]), { divisor: 0.01, suffix: '%' });
  assert.deepEqual(columnScale('ratio', []), { divisor: 1, suffix: '' });
  assert.deepEqual([0.3164, 9999, 12345.6].map(plainNumber), ['0.316', '9999', '12,346']);
});
