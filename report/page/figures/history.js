import * as Plot from '@observablehq/plot';

import { historyMetrics } from '../../model/history_metrics.js';
import { rowInWords } from '../../model/history_reference.js';
import { pointInWords, shortCommit } from '../../model/history_words.js';
import { colour } from '../palette.js';
import { acceptedMarks, changeMarks, levelMarks, lookOf } from './history_marks.js';
import { figureStyle, identityScales } from './look.js';
import { evenTicks, logTicks } from './ticks.js';

/**
 * @typedef {import('../../model/history.js').Series} Series
 * @typedef {import('../../model/history_types.js').Recording} Recording
 */

/** The heights that a series takes: its points' intervals and its levels' bands. */
export function endsOf(/** @type {Series} */ { points, levels, band }) {
  const all = [
    ...points.flatMap((one) => [one.low, one.high]),
    ...levels.flatMap(({ level }) => [level / (1 + band.size), level * (1 + band.size)]),
  ];
  return [Math.min(...all), Math.max(...all)];
}

/** The ends with room about them, and never so near that nothing looks like much. */
function room(/** @type {number[]} */ [low, high], /** @type {number} */ least) {
  const middle = Math.sqrt(low * high);
  const half = Math.max(Math.sqrt(high / low), Math.sqrt(least)) ** 1.12;
  return [middle / half, middle * half];
}

/** As much of a name as an axis has room for. */
const cut = (/** @type {string} */ text) => (text.length > 36 ? `${text.slice(0, 35)}…` : text);

const ratioTick = (/** @type {number} */ value) => `${Number(value.toPrecision(4))}×`;

/**
 * Where a commit's name stands: at the middle of its recordings, as many as have room, those that are told of first.
 * @param {Recording[]} recordings
 * @param {number} slot  pixels of each
 * @param {Set<string>} told  commits
 */
function commitTicks(recordings, slot, told) {
  /** @type {{place: number, from: number, to: number, text: string}[]} */
  const groups = [];
  recordings.forEach((one, place) => {
    const last = groups[groups.length - 1];
    if (last && recordings[last.from].commit === one.commit) last.to = place;
    else groups.push({ place, from: place, to: place, text: shortCommit(one) });
  });
  for (const group of groups) group.place = (group.from + group.to) / 2;
  const isTold = (/** @type {{from: number}} */ one) => told.has(recordings[one.from].commit);
  /** @type {typeof groups} */
  const named = [];
  for (const one of [...groups.filter(isTold), ...groups]) {
    if (named.every((other) => Math.abs(other.place - one.place) * slot >= 56)) named.push(one);
  }
  return { named, shared: groups.filter((one) => one.to > one.from) };
}

/**
 * One series over the recordings: the ratio, its interval and its samples, the level and the band, what changed, what
 * was accepted, and what failed.
 * @param {Series} series
 * @param {Recording[]} recordings
 * @param {{document?: Document, width: number, chosen?: string}} options
 */
export function historyFigure(series, recordings, { document, width, chosen = '' }) {
  const { points, failed, accepted, metric, reference } = series;
  if (!points.length) return null;
  const look = lookOf(series);
  const narrow = width < 560;
  const height = narrow ? 320 : 360;
  const [marginLeft, marginRight] = [54, narrow ? 10 : 18];
  const slot = (width - marginLeft - marginRight) / recordings.length;
  const samples = points.flatMap((point, at) =>
    point.samples.length > 1
      ? point.samples.map((value, nth) => ({
          value,
          at,
          place: point.place + ((nth + 0.5) / point.samples.length - 0.5) * Math.min(0.7, 30 / slot),
        }))
      : [],
  );
  const y = room(
    [
      Math.min(endsOf(series)[0], ...samples.map((one) => one.value)),
      Math.max(endsOf(series)[1], ...samples.map((one) => one.value)),
    ],
    1.06,
  );
  const { named, shared } = commitTicks(
    recordings,
    slot,
    new Set([...series.changes, ...accepted].flatMap((one) => points[one.at]?.recording.commit ?? [])),
  );
  const ticks = logTicks(y, height - 96, 28);
  const svg = /** @type {SVGSVGElement} */ (
    Plot.plot({
      ...(document ? { document } : {}),
      width,
      height,
      marginLeft,
      marginRight,
      marginTop: 50,
      marginBottom: 46,
      style: figureStyle,
      ...identityScales,
      x: { type: 'linear', domain: [-0.5, recordings.length - 0.5] },
      y: { type: 'log', domain: y },
      marks: [
        Plot.gridY(ticks, { stroke: colour('line'), strokeOpacity: 1 }),
        Plot.axisY(ticks, {
          fill: colour('quiet'),
          tickSize: 0,
          text: ratioTick,
          label: `↑ ${historyMetrics[metric].words} ÷ ${cut(rowInWords(String(reference)))}’s, log scale`,
          labelAnchor: 'top',
          labelOffset: 44,
          labelArrow: 'none',
        }),
        Plot.axisX(
          named.map((one) => one.place),
          {
            fill: colour('quiet'),
            tickSize: 0,
            text: (/** @type {unknown} */ _, /** @type {number} */ at) => named[at].text,
            label: 'commits, in their order →',
            labelAnchor: 'right',
            labelArrow: 'none',
          },
        ),
        Plot.ruleY(shared, {
          y: y[0],
          x1: (one) => one.from - 0.3,
          x2: (one) => one.to + 0.3,
          stroke: colour('quiet'),
          strokeWidth: 2,
        }),
        ...levelMarks(series),
        ...changeMarks(series, { size: 64 / slot }),
        Plot.dot(samples, {
          x: 'place',
          y: 'value',
          r: 1.7,
          fill: look.stroke,
          className: 'samples',
        }),
        Plot.ruleX(points, {
          x: 'place',
          y1: 'low',
          y2: 'high',
          stroke: look.stroke,
          strokeWidth: (one) => (one.recording.id === chosen ? 3 : 1.25),
          className: 'whiskers',
        }),
        ...acceptedMarks(series, recordings.length),
        Plot.dot(points, {
          x: 'place',
          y: 'ratio',
          r: (one) => (one.recording.id === chosen ? 6 : 4),
          symbol: () => look.symbol,
          fill: look.fill,
          stroke: look.stroke,
          strokeWidth: 1.5,
          ariaLabel: (one) => pointInWords(series, one),
          className: 'marks',
        }),
        Plot.dot(failed, {
          x: 'place',
          y: y[0],
          dy: -8,
          r: 4,
          symbol: () => 'times',
          stroke: colour('failed'),
          strokeWidth: 2,
          ariaLabel: (one) => `${shortCommit(one.recording)} failed: ${one.reason}`,
          className: 'marks',
        }),
      ],
    })
  );
  [...svg.querySelectorAll('.samples > *')].forEach((mark, nth) =>
    mark.setAttribute('data-point', String(samples[nth].at)),
  );
  const places = [...points, ...failed];
  [...svg.querySelectorAll('.marks > *')].forEach((mark, nth) =>
    mark.setAttribute('data-recording', places[nth].recording.id),
  );
  return svg;
}

/**
 * The same small, among others: all of the same span, so that a percent is as high in each.
 * @param {Series} series
 * @param {Recording[]} recordings
 * @param {{document?: Document, width: number, span: number}} options
 */
export function historyPanel(series, recordings, { document, width, span }) {
  const look = lookOf(series);
  const [low, high] = endsOf(series);
  const middle = Math.sqrt(low * high);
  const y = [middle / Math.sqrt(span), middle * Math.sqrt(span)];
  const height = 104;
  const round = logTicks(y, height - 22, 26);
  const ticks = round.length > 1 ? round : evenTicks(y[0], y[1], 3);
  return /** @type {SVGSVGElement} */ (
    Plot.plot({
      ...(document ? { document } : {}),
      width,
      height,
      marginLeft: Math.max(46, 10 + 6 * Math.max(...ticks.map((tick) => ratioTick(tick).length))),
      marginRight: 6,
      marginTop: 16,
      marginBottom: 6,
      style: figureStyle,
      ...identityScales,
      x: { type: 'linear', domain: [-0.5, recordings.length - 0.5], axis: null },
      y: { type: 'log', domain: y },
      marks: [
        Plot.gridY(ticks, { stroke: colour('line'), strokeOpacity: 1 }),
        Plot.axisY(ticks, { fill: colour('quiet'), tickSize: 0, text: ratioTick, label: null }),
        ...levelMarks(series),
        ...changeMarks(series, { size: (56 * recordings.length) / width }),
        Plot.dot(series.points, { x: 'place', y: 'ratio', r: 1.8, fill: look.stroke, className: 'dots' }),
      ],
    })
  );
}
