import * as Plot from '@observablehq/plot';

import { bottomAxis, byteAxis, durationTick, evenTicks, figureStyle, linearByteAxis, timeAxis } from './axes.js';
import { radioGroup, symbolFor } from './controls.js';
import { element, section } from './dom.js';
import { colour } from './look.js';
import { nameFigure } from './marks.js';
import { bytes, count, duration, integer } from './units.js';

/**
 * Memory over time: a panel per row, all with the same axes.
 *
 * @typedef {import('./payload.js').Row} Row
 * @typedef {import('./payload.js').Curve} Curve
 * @typedef {{ms: number, bytes: number}} Sample
 * @typedef {{x: number[], y: number[], log: boolean}} Frame  the shared axes
 */

/** @returns {Sample[]} */
const samplesOf = (/** @type {Curve} */ curve) => curve.points.map(([ms, kib]) => ({ ms, bytes: kib * 1024 }));

const peakOf = (/** @type {Curve} */ curve) =>
  samplesOf(curve).reduce((peak, sample) => (sample.bytes > peak.bytes ? sample : peak));

const endOf = (/** @type {Curve} */ curve) => Math.max(1, ...curve.points.map(([ms]) => ms));

/** Memory before the start: the last sample until then, or the first. */
function restOf(/** @type {Curve} */ curve) {
  const samples = samplesOf(curve);
  return (samples.filter(({ ms }) => ms <= 0).pop() ?? samples[0]).bytes;
}

/**
 * Axes that fit all curves.
 * @param {Curve[]} curves
 * @param {boolean} log
 * @returns {Frame}
 */
export function sharedFrame(curves, log) {
  const ends = curves.map(endOf);
  const peak = Math.max(...curves.map((curve) => peakOf(curve).bytes));
  const end = Math.max(...ends);
  if (!log) return { log, x: [-0.01 * end, end * 1.12], y: [0, peak * 1.15] };
  const sizes = curves.flatMap((curve) => samplesOf(curve).map((sample) => sample.bytes));
  const lowest = Math.min(...sizes.filter((size) => size > 0));
  // A log axis has no zero. A twentieth of the shortest run is early enough.
  return { log, x: [Math.min(...ends) / 20, end * 1.7], y: [lowest / 1.15, peak * 1.7] };
}

/** Marked phases with their short names. @type {[phase: string, text: string][]} */
const phases = [
  ['go', ''],
  ['half_done', '½'],
  ['last_outcome', 'all'],
];

/** Samples within the frame; a log axis starts with the memory at its left end. */
function clip(/** @type {Sample[]} */ samples, /** @type {Frame} */ { x, log }) {
  if (!log) return samples;
  const before = samples.filter(({ ms }) => ms <= x[0]).pop() ?? samples[0];
  return [{ ms: x[0], bytes: before.bytes }, ...samples.filter(({ ms }) => ms > x[0])];
}

function panelAxes(/** @type {Frame} */ frame, /** @type {number} */ width, /** @type {number} */ height) {
  if (frame.log) return [...timeAxis(frame.x, width, null), ...byteAxis(frame.y, height, null)];
  const ticks = evenTicks(0, frame.x[1], Math.max(2, Math.round(width / 80)));
  const text = (/** @type {number} */ ms) => (ms === 0 ? '0' : durationTick(ms));
  return [...bottomAxis(ticks, text, null), ...linearByteAxis(frame.y[1])];
}

/**
 * One panel: the curve of a row with its memory at rest, peak and phases.
 * @param {Row} row
 * @param {Curve} curve
 * @param {Frame} frame
 * @param {{document?: Document, width: number, height?: number}} options
 */
export function memoryPanel(row, curve, frame, { document, width, height = width < 200 ? 132 : 168 }) {
  const { stroke } = row.look;
  const samples = clip(samplesOf(curve), frame);
  const peak = peakOf(curve);
  const peakX = frame.log ? Math.max(peak.ms, frame.x[0]) : peak.ms;
  const place = frame.log ? Math.log(peakX / frame.x[0]) / Math.log(frame.x[1] / frame.x[0]) : peakX / frame.x[1];
  const marks = phases
    .map(([phase, text]) => ({ ms: curve.phases_ms[phase], text }))
    .filter(({ ms }) => ms !== undefined && (!frame.log || ms > frame.x[0]));
  return /** @type {SVGSVGElement} */ (
    Plot.plot({
      ...(document ? { document } : {}),
      width,
      height,
      marginLeft: width < 200 ? 50 : 52,
      marginRight: 14,
      marginTop: 14,
      marginBottom: 22,
      style: { ...figureStyle, fontSize: '10px' },
      x: { type: frame.log ? 'log' : 'linear', domain: frame.x, clamp: true },
      y: { type: frame.log ? 'log' : 'linear', domain: frame.y, clamp: true },
      color: { type: 'identity' },
      marks: [
        ...panelAxes(frame, width - 58, height - 36),
        Plot.areaY(samples, { x: 'ms', y1: frame.y[0], y2: 'bytes', fill: stroke, fillOpacity: 0.13 }),
        Plot.ruleY([restOf(curve)], { stroke: colour('quiet'), strokeDasharray: '1,3', className: 'rest' }),
        Plot.ruleX(marks, { x: 'ms', stroke: colour('quiet'), strokeOpacity: 0.45, className: 'phases' }),
        ...marks.map(({ ms, text }) =>
          Plot.text([text], {
            x: ms,
            y: frame.y[1],
            dy: -6,
            dx: text === 'all' ? 2 : -2,
            textAnchor: text === 'all' ? 'start' : 'end',
            fill: colour('quiet'),
          }),
        ),
        Plot.lineY(samples, { x: 'ms', y: 'bytes', stroke, strokeWidth: 1.6, className: 'curve' }),
        Plot.dot([peak], { x: peakX, y: 'bytes', r: 3, fill: stroke, className: 'peak' }),
        Plot.text([peak], {
          x: peakX,
          y: 'bytes',
          text: (sample) => bytes(sample.bytes),
          dy: -9,
          dx: place > 0.6 ? 3 : -3,
          textAnchor: place > 0.6 ? 'end' : 'start',
          fill: stroke,
          fontWeight: 600,
          stroke: colour('page'),
          strokeWidth: 3,
        }),
      ],
    })
  );
}

/** The panel's content for screen readers. */
function describe(/** @type {Row} */ row, /** @type {Curve} */ curve) {
  const peak = peakOf(curve);
  const last = curve.phases_ms.last_outcome;
  return (
    `${row.label}, ${count(row.workers, 'worker')}: from ${bytes(restOf(curve))} at rest to ` +
    `${bytes(peak.bytes)} at ${duration(Math.max(0, peak.ms))}` +
    (last === undefined ? '' : `; last outcome at ${duration(last)}`)
  );
}

const title = 'Memory over time';

export function memoryOverTimeSection(/** @type {import('./main.js').View} */ { dataset, rows, state, width, change }) {
  const { timeline, file } = dataset;
  if (!timeline) {
    return section(
      'memory-over-time',
      title,
      element(
        'p',
        {},
        'This result has no curves. With ',
        element('code', {}, `--benchmark_out=${file}`),
        ' the bench writes them to ',
        element('code', {}, file.replace(/\.json$/, '.timeline.json')),
        ' beside the result.',
      ),
    );
  }
  const visible = rows.filter((row) => Object.hasOwn(timeline.curves, row.name));
  if (!visible.length) return section('memory-over-time', title, element('p', {}, 'No visible row has a curve.'));
  const frame = sharedFrame(
    visible.map((row) => timeline.curves[row.name]),
    state.axes === 'log',
  );
  const columns = Math.max(2, Math.floor(width / 250));
  const panelWidth = Math.floor((width - 16 * (columns - 1)) / columns);
  return section(
    'memory-over-time',
    title,
    radioGroup(
      'axes',
      'axes',
      [
        ['log', 'logarithmic'],
        ['linear', 'linear'],
      ],
      state.axes,
      (value) => change({ axes: value === 'linear' ? 'linear' : 'log' }),
    ),
    element(
      'ul',
      { class: 'panels', style: `--columns:${columns}` },
      ...visible.map((row) => {
        const curve = timeline.curves[row.name];
        return element(
          'li',
          {},
          element(
            'h3',
            {},
            symbolFor(row.look),
            ` ${row.label} `,
            element('span', {}, integer(row.workers)),
            row.failed && element('em', {}, ' failed'),
          ),
          nameFigure(memoryPanel(row, curve, frame, { width: panelWidth }), 'img', describe(row, curve)),
        );
      }),
    ),
    element(
      'p',
      { class: 'caption' },
      `Resident memory of the client, sampled from outside every ${timeline.sample_every_ms} ms, in the repetition of median time. ` +
        'Dotted: memory at rest, before the first request. ½: half of the outcomes exist; all: the last one does. The dot is the highest sample.',
    ),
  );
}
