import * as Plot from '@observablehq/plot';

import { bytes, seconds, workersInWords } from '../../model/units.js';
import { colour } from '../palette.js';
import { byteAxis, linearByteAxis, secondsTick, timeAxis } from './axes.js';
import { colourOfCase, figureStyle } from './look.js';

/**
 * @typedef {import('../../model/types.js').Case} Case
 * @typedef {import('../../model/types.js').Curve} Curve
 * @typedef {{time: number, bytes: number}} Sample
 * @typedef {{x: number[], y: number[], log: boolean}} Frame  the axes that all of the small multiples share
 */

const KiB = 2 ** 10;

/** A curve's samples in seconds and bytes. @returns {Sample[]} */
const samplesOf = (/** @type {Curve} */ curve) =>
  curve.points.map(([ms, kib]) => ({ time: ms / 1000, bytes: kib * KiB }));

export const peakOf = (/** @type {Curve} */ curve) =>
  samplesOf(curve).reduce((most, one) => (one.bytes > most.bytes ? one : most));
const endOf = (/** @type {Curve} */ curve) => Math.max(0.001, ...samplesOf(curve).map((one) => one.time));

/** What the client held before it began: its last sample up to `go`, or its first. */
export const restOf = (/** @type {Curve} */ curve) => {
  const samples = samplesOf(curve);
  return (samples.filter((one) => one.time <= 0).pop() ?? samples[0]).bytes;
};

/**
 * The axes that fit all curves.
 * @param {Curve[]} curves
 * @param {boolean} log
 * @returns {Frame}
 */
export function sharedFrame(curves, log) {
  const ends = curves.map(endOf);
  const peaks = curves.map((curve) => peakOf(curve).bytes);
  if (!log) return { log, x: [-0.01 * Math.max(...ends), Math.max(...ends) * 1.12], y: [0, Math.max(...peaks) * 1.15] };
  // The first instants of a job that takes a second say nothing: a tenth of the shortest is early enough.
  const least = Math.min(
    ...curves.flatMap((curve) => samplesOf(curve).map((one) => one.bytes)).filter((value) => value > 0),
  );
  return { log, x: [Math.min(...ends) / 20, Math.max(...ends) * 1.7], y: [least / 1.15, Math.max(...peaks) * 1.7] };
}

/** The phases that are marked: what they are called in a panel. @type {[string, string][]} */
const phases = [
  ['go', ''],
  ['half_done', '½'],
  ['last_outcome', 'all'],
];

/** The curve within the axes: on a log axis it begins at their left end, with what was held then. */
function within(/** @type {Sample[]} */ samples, /** @type {Frame} */ { x, log }) {
  if (!log) return samples;
  const before = samples.filter((one) => one.time <= x[0]).pop() ?? samples[0];
  return [{ time: x[0], bytes: before.bytes }, ...samples.filter((one) => one.time > x[0])];
}

/** Axes without a grid's weight: a few ticks, words only where the panel stands at the edge. */
function axes(/** @type {Frame} */ frame, /** @type {number} */ width, /** @type {number} */ height) {
  if (frame.log) return [...timeAxis(frame.x, width, ''), ...byteAxis(frame.y, height, '')];
  const end = frame.x[1];
  return [
    Plot.axisX({
      ticks: Math.max(2, Math.round(width / 90)),
      tickSize: 0,
      fill: colour('quiet'),
      tickFormat: (/** @type {number} */ value) =>
        value === 0 ? '0' : end < 2 ? `${Math.round(value * 1000)} ms` : secondsTick(value),
      label: null,
    }),
    ...linearByteAxis(frame.y[1]),
  ];
}

/**
 * One of the small multiples: memory over time of a case's typical repetition, its peak and its phases marked.
 * @param {Case} one
 * @param {Curve} curve
 * @param {Frame} frame
 * @param {{document?: Document, width: number, height?: number, ariaLabel?: string}} options
 */
export function memoryPanel(one, curve, frame, { document, width, height = width < 200 ? 132 : 168 }) {
  const peak = peakOf(curve);
  const samples = within(samplesOf(curve), frame);
  const marks = phases
    .filter(([phase]) => curve.phases_ms[phase] !== undefined)
    .map(([phase, text]) => ({ time: curve.phases_ms[phase] / 1000, text }))
    .filter(({ time }) => (frame.log ? time > frame.x[0] : true));
  const peakTime = frame.log ? Math.max(peak.time, frame.x[0]) : peak.time;
  const isLate = frame.log
    ? Math.log(peakTime / frame.x[0]) / Math.log(frame.x[1] / frame.x[0]) > 0.6
    : peakTime / frame.x[1] > 0.6;
  return /** @type {SVGSVGElement} */ (
    Plot.plot({
      ...(document ? { document } : {}),
      width,
      height,
      marginLeft: width < 200 ? 44 : 52,
      marginRight: 14,
      marginTop: 14,
      marginBottom: 22,
      style: { ...figureStyle, fontSize: '10px' },
      x: { type: frame.log ? 'log' : 'linear', domain: frame.x, clamp: true },
      y: { type: frame.log ? 'log' : 'linear', domain: frame.y, clamp: true },
      color: { type: 'identity' },
      marks: [
        ...axes(frame, width - 58, height - 36),
        Plot.areaY(samples, { x: 'time', y1: frame.y[0], y2: 'bytes', fill: colourOfCase(one), fillOpacity: 0.13 }),
        Plot.ruleY([restOf(curve)], { stroke: colour('quiet'), strokeDasharray: '1,3', className: 'rest' }),
        Plot.ruleX(marks, { x: 'time', stroke: colour('quiet'), strokeOpacity: 0.45, className: 'phases' }),
        ...marks.map(({ time, text }) =>
          Plot.text([text], {
            x: time,
            y: frame.y[1],
            dy: -6,
            dx: text === 'all' ? 2 : -2,
            textAnchor: text === 'all' ? 'start' : 'end',
            fill: colour('quiet'),
          }),
        ),
        Plot.lineY(samples, { x: 'time', y: 'bytes', stroke: colourOfCase(one), strokeWidth: 1.6, className: 'curve' }),
        Plot.dot([peak], { x: peakTime, y: 'bytes', r: 3, fill: colourOfCase(one), className: 'peak' }),
        Plot.text([peak], {
          x: peakTime,
          y: 'bytes',
          text: (/** @type {Sample} */ at) => bytes(at.bytes),
          dy: -9,
          dx: isLate ? 3 : -3,
          textAnchor: isLate ? 'end' : 'start',
          fill: colourOfCase(one),
          fontWeight: 600,
          stroke: colour('paper'),
          strokeWidth: 3,
        }),
      ],
    })
  );
}

/** What a panel shows, to be read out. */
export function panelInWords(/** @type {Case} */ one, /** @type {Curve} */ curve) {
  const peak = peakOf(curve);
  const last = curve.phases_ms.last_outcome;
  return (
    `${one.label}, ${workersInWords(one.workers)}: from ${bytes(restOf(curve))} at rest to ` +
    `${bytes(peak.bytes)} at ${seconds(Math.max(0, peak.time))}${last === undefined ? '' : `; all outcomes home at ${seconds(last / 1000)}`}`
  );
}
