import * as Plot from '@observablehq/plot';

import { colour } from './look.js';
import { byteUnits, integer } from './units.js';

/**
 * Axes of all figures: ticks at round numbers with enough room, and their texts. Texts are passed as channel `text`:
 * with `tickFormat` Plot omits some of a log axis's.
 */

/** Options shared by all figures. */
export const figureStyle = {
  background: 'none',
  color: colour('ink'),
  fontFamily: 'inherit',
  fontSize: '11px',
  overflow: 'visible',
};

/** Colours and symbols are given literally. */
export const identityScales = {
  color: { type: /** @type {const} */ ('identity') },
  symbol: { type: /** @type {const} */ ('identity') },
};

/** Tick positions within a decade, from sparse to dense. */
const decadeSteps = [[1], [1, 3], [1, 2, 5], [1, 1.5, 2, 3, 5, 7], [1, 2, 3, 4, 5, 6, 7, 8, 9]];

const round = (/** @type {number} */ value) => Number(value.toPrecision(12));

/** Multiples of a round step between low and high, about `target` of them. */
export function evenTicks(/** @type {number} */ low, /** @type {number} */ high, /** @type {number} */ target) {
  const rough = (high - low) / target;
  const decade = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * decade).find((size) => size >= rough) ?? decade;
  const first = Math.ceil(low / step - 1e-9);
  const length = Math.max(0, Math.floor(high / step + 1e-9) - first + 1);
  return Array.from({ length }, (_, index) => round((first + index) * step));
}

/**
 * Ticks for a log axis: the densest round numbers that leave enough room. A short range, without enough round numbers,
 * gets even distances instead.
 * @param {number[]} domain both above zero
 * @param {number} length of the axis in pixels
 * @param {number} room   that a tick needs, in pixels
 */
export function logTicks([low, high], length, room) {
  const lowest = Math.floor(Math.log10(low));
  const decades = Array.from(
    { length: Math.ceil(Math.log10(high)) - lowest + 1 },
    (_, index) => 10 ** (lowest + index),
  );
  const place = (/** @type {number} */ value) => (Math.log(value / low) / Math.log(high / low)) * length;
  const sparse = [3, 2].map((every) => decades.filter((decade) => Math.round(Math.log10(decade)) % every === 0));
  const dense = decadeSteps.map((steps) => decades.flatMap((decade) => steps.map((step) => round(step * decade))));
  const fitting = [...sparse, ...dense]
    .map((ticks) => ticks.filter((value) => value >= low * 0.999 && value <= high * 1.001))
    .filter((ticks) => ticks.every((tick, index) => index === 0 || place(tick) - place(ticks[index - 1]) >= room));
  const densest = fitting[fitting.length - 1] ?? [];
  if (densest.length >= 3 || high / low > 10) return densest;
  return evenTicks(low, high, Math.max(2, Math.floor(length / room / 1.3)));
}

/** "0.2", "1,000". */
const short = (/** @type {number} */ value) => (value >= 1000 ? integer(value) : String(Number(value.toPrecision(3))));

/** "200 ms", "1 s". */
export const durationTick = (/** @type {number} */ ms) => (ms < 99.5 ? `${short(ms)} ms` : `${short(ms / 1000)} s`);

const gridStyle = { stroke: colour('line'), strokeOpacity: 1 };
const textStyle = { fill: colour('quiet'), tickSize: 0 };

/**
 * @typedef {(ticks: number[], text: (value: number, index: number) => string, label: string | null) => any[]} Axis
 * @typedef {(domain: number[], length: number, label: string | null) => any[]} LogAxis  `length` in pixels
 */

/** An axis at the bottom with its grid. @type {Axis} */
export const bottomAxis = (ticks, text, label) => [
  Plot.gridX(ticks, gridStyle),
  Plot.axisX(ticks, { ...textStyle, text, label, labelAnchor: 'right', labelArrow: 'none' }),
];

/** An axis at the left with its grid. @type {Axis} */
export const leftAxis = (ticks, text, label) => [
  Plot.gridY(ticks, gridStyle),
  Plot.axisY(ticks, { ...textStyle, text, label, labelAnchor: 'top', labelArrow: 'none' }),
];

/** Time in ms. @type {LogAxis} */
export const timeAxis = (domain, length, label) =>
  bottomAxis(logTicks(domain, length, length < 200 ? 34 : 46), durationTick, label);

/** Bytes, in one unit for the whole axis: "0.5 MiB" below "1 MiB". @type {LogAxis} */
export function byteAxis(domain, length, label) {
  const [unit, size] = Object.entries(byteUnits).find(([, unitSize]) => domain[1] >= unitSize * 2) ?? ['B', 1];
  const scaled = domain.map((end) => end / size);
  const ticks = logTicks(scaled, length, 24).map((tick) => tick * size);
  return leftAxis(ticks, (value) => `${short(value / size)} ${unit}`, label);
}

/** Bytes on a linear axis from zero. */
export function linearByteAxis(/** @type {number} */ high) {
  const { MiB } = byteUnits;
  const ticks = evenTicks(0, high / MiB, 4).map((tick) => tick * MiB);
  return leftAxis(ticks, (value) => (value === 0 ? '0' : `${short(value / MiB)} MiB`), null);
}

/** "20 µs", "1 ms". */
const microsecondTick = (/** @type {number} */ us) => (us < 1000 ? `${short(us)} µs` : durationTick(us / 1000));

/** Microseconds. @type {LogAxis} */
export const microsecondAxis = (domain, length, label) =>
  leftAxis(logTicks(domain, length, 24), microsecondTick, label);

/** Microseconds, at the bottom. @type {LogAxis} */
export const bottomMicrosecondAxis = (domain, length, label) =>
  bottomAxis(logTicks(domain, length, 46), microsecondTick, label);

/** A log axis's domain: the values with some room at both ends, in parts of their range. */
export function paddedDomain(
  /** @type {number[]} */ values,
  /** @type {number} */ before,
  /** @type {number} */ after,
) {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const range = Math.max(high / low, 1.3);
  return [low / range ** before, high * range ** after];
}
