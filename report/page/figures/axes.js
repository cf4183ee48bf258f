// Plot leaves out the text of some of a log axis's ticks when it is given as a tickFormat, not when it is given as text.
import * as Plot from '@observablehq/plot';

import { colour } from '../palette.js';
import { evenTicks, logTicks } from './ticks.js';

const MiB = 2 ** 20;
const units = /** @type {[number, string][]} */ ([
  [2 ** 30, 'GiB'],
  [MiB, 'MiB'],
  [2 ** 10, 'KiB'],
  [1, 'B'],
]);

/** A number as short as it can be said: "0.2", "1,000". */
const plain = (/** @type {number} */ value) =>
  value >= 1000 ? value.toLocaleString('en') : String(Number(value.toPrecision(3)));

/** "200 ms", "1 s". */
export const secondsTick = (/** @type {number} */ value) =>
  value < 0.0995 ? `${plain(value * 1000)} ms` : `${plain(value)} s`;

/** Ticks round in the unit that the axis is read in, and told in it: "0.5 MiB" below "1 MiB". */
function byteTicks(/** @type {number[]} */ ends, /** @type {number} */ length) {
  const [size, name] = units.find(([unit]) => ends[1] >= unit * 2) ?? [1, 'B'];
  return {
    ticks: logTicks(
      ends.map((end) => end / size),
      length,
      24,
    ).map((tick) => tick * size),
    text: (/** @type {number} */ value) => `${plain(value / size)} ${name}`,
  };
}

const grid = { stroke: colour('line'), strokeOpacity: 1 };
const words = { fill: colour('quiet'), tickSize: 0 };

/** A time axis below, with its grid. */
export function timeAxis(/** @type {number[]} */ ends, /** @type {number} */ length, /** @type {string} */ label) {
  const ticks = logTicks(ends, length, length < 200 ? 34 : 46);
  return [
    Plot.gridX(ticks, grid),
    Plot.axisX(ticks, { ...words, text: secondsTick, label, labelAnchor: 'right', labelArrow: 'none' }),
  ];
}

/** An axis of bytes at the left, with its grid. */
export function byteAxis(/** @type {number[]} */ ends, /** @type {number} */ length, /** @type {string} */ label) {
  const { ticks, text } = byteTicks(ends, length);
  return [
    Plot.gridY(ticks, grid),
    Plot.axisY(ticks, { ...words, text, label, labelAnchor: 'top', labelArrow: 'none' }),
  ];
}

/** A linear axis of bytes at the left, with its grid: from nothing, round in MiB. */
export function linearByteAxis(/** @type {number} */ most) {
  const ticks = evenTicks(0, most / MiB, 4).map((tick) => tick * MiB);
  const text = (/** @type {number} */ value) => (value === 0 ? '0' : `${plain(value / MiB)} MiB`);
  return [Plot.gridY(ticks, grid), Plot.axisY(ticks, { ...words, text, label: null })];
}

/** An axis of microseconds at the left, with its grid. */
export function microsAxis(/** @type {number[]} */ ends, /** @type {number} */ length, /** @type {string} */ label) {
  const ticks = logTicks(ends, length, 24);
  const text = (/** @type {number} */ value) => (value < 1000 ? `${plain(value)} µs` : secondsTick(value / 1e6));
  return [
    Plot.gridY(ticks, grid),
    Plot.axisY(ticks, { ...words, text, label, labelAnchor: 'top', labelArrow: 'none' }),
  ];
}

/** Workers below: the counts that were measured, and no others. */
export function workersAxis(/** @type {number[]} */ counts, label = 'workers, log scale →') {
  return [
    Plot.gridX(counts, grid),
    Plot.axisX(counts, {
      ...words,
      text: (/** @type {number} */ value) => value.toLocaleString('en'),
      label,
      labelAnchor: 'right',
      labelArrow: 'none',
    }),
  ];
}
