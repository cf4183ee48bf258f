import * as Plot from '@observablehq/plot';

import { evenTicks, figureStyle, identityScales, leftAxis, logTicks } from './axes.js';
import { colour } from './look.js';
import { rowName } from './payload.js';
import { count, format, preciseTimes, shift, significant, utc } from './units.js';

/**
 * Figures of one series over the recordings of a group: a large one and a small panel.
 *
 * @typedef {import('./payload.js').Group} Group
 * @typedef {import('./payload.js').HistoryPoint} HistoryPoint
 * @typedef {import('./payload.js').HistoryRow} HistoryRow
 * @typedef {import('./payload.js').Metric} Metric
 * @typedef {import('./payload.js').Recording} Recording
 * @typedef {{row: HistoryRow, metric: Metric, series: import('./payload.js').Series}} RowSeries  a series with its row and metric
 */

/** "a1b2c3d", with a plus for uncommitted changes. */
export const shortCommit = (/** @type {Recording} */ { commit, dirty }) => commit.slice(0, 7) + (dirty ? '+' : '');

/** "1.043× (1.02× to 1.06×)" */
export const ratioText = (/** @type {HistoryPoint} */ { ratio, low, high }) =>
  preciseTimes(ratio) + (low < high ? ` (${preciseTimes(low)} to ${preciseTimes(high)})` : '');

/** The text of a recording's mark. */
function describePoint(
  /** @type {RowSeries} */ { series, metric },
  /** @type {number} */ index,
  /** @type {Group} */ group,
) {
  const point = series.points[index];
  const recording = group.recordings[point.at];
  const change = series.changes.find(({ at }) => at === index);
  return [
    `${shortCommit(recording)}${recording.dirty ? ' (uncommitted changes)' : ''}, recorded ${utc(recording.recorded)}`,
    `${metric.label} ${format(point.figure, metric.unit)}, ${ratioText(point)} of ${series.reference.title}`,
    `load ${recording.load.map((load) => significant(load, 2)).join(' to ')}`,
    `canary ${recording.canary.map((ms) => significant(ms)).join(' to ')} ms`,
    ...(change ? [change.text] : []),
    ...series.accepted.filter(({ at }) => at === index).map(({ reason }) => `accepted: ${reason}`),
  ].join('; ');
}

/** The panel's content for screen readers. */
export function describeSeries(/** @type {RowSeries} */ { row, series }) {
  const { points, changes, reference } = series;
  const changeTexts = changes.map(({ factor }) => shift(factor)).join(', ');
  return (
    `${rowName(row)}: ${count(points.length, 'recording')}, the last ${preciseTimes(points[points.length - 1].ratio)} of ${reference.title}; ` +
    (changeTexts ? `changes: ${changeTexts}` : 'no change')
  );
}

/** The lowest and highest ratio of a series: its intervals, levels with their bands, and samples. */
export function rangeOf(/** @type {RowSeries} */ { series: { points, levels, band } }) {
  const values = [
    ...points.flatMap(({ low, high }) => [low, high]),
    ...levels.flatMap(({ level }) => [level / (1 + band.size), level * (1 + band.size)]),
  ].filter((value) => value > 0);
  return [Math.min(...values), Math.max(...values)];
}

/** A log domain around a range, at least `minimum` wide. */
function domainAround(/** @type {number[]} */ [low, high], /** @type {number} */ minimum) {
  const middle = Math.sqrt(low * high);
  const half = Math.max(Math.sqrt(high / low), Math.sqrt(minimum)) ** 1.12;
  return [middle / half, middle * half];
}

const ratioTick = (/** @type {number} */ value) => `${Number(value.toPrecision(4))}×`;

/** The level between changes, with its band. */
function levelMarks(/** @type {RowSeries} */ { row, series: { points, levels, band } }) {
  const { stroke } = row.look;
  const x1 = (/** @type {{from: number}} */ { from }) => points[from].at - 0.45;
  const x2 = (/** @type {{to: number}} */ { to }) => points[to].at + 0.45;
  return [
    Plot.rect(levels, {
      x1,
      x2,
      y1: ({ level }) => level / (1 + band.size),
      y2: ({ level }) => level * (1 + band.size),
      fill: stroke,
      fillOpacity: 0.13,
      className: 'band',
    }),
    Plot.ruleY(levels, { y: 'level', x1, x2, stroke, strokeOpacity: 0.55, className: 'level' }),
  ];
}

/** A line where a new level begins, and its size if there is room: `gap` is the room in recordings. */
function changeMarks(/** @type {RowSeries} */ { series: { changes, points } }, /** @type {number} */ gap) {
  const x = (/** @type {{at: number}} */ { at }) => (points[at].at + points[at - 1].at) / 2;
  const stroke = (/** @type {{worse: boolean}} */ { worse }) => colour(worse ? 'failed' : 'accent');
  const labelled = changes.filter(
    ({ at }, index) => index === 0 || points[at].at - points[changes[index - 1].at].at >= gap,
  );
  return [
    Plot.ruleX(changes, { x, stroke, strokeWidth: 1.25, strokeDasharray: '3 3', className: 'changes' }),
    Plot.text(labelled, {
      x,
      frameAnchor: 'top',
      dy: -12,
      text: ({ worse, factor, confirmed }) => `${worse ? '▲' : '▼'} ${shift(factor)}${confirmed ? '' : '?'}`,
      fill: stroke,
      fontWeight: 600,
      className: 'labels',
    }),
  ];
}

/** "✓ accepted" right of its recording, or left of it near the right edge. */
function acceptedMarks(/** @type {RowSeries} */ { series: { accepted, points } }, /** @type {number} */ length) {
  const marked = accepted.filter(({ at }) => at >= 0).map(({ at }) => points[at]);
  return /** @type {const} */ (['start', 'end']).map((textAnchor) =>
    Plot.text(
      marked.filter(({ at }) => at < length * 0.8 === (textAnchor === 'start')),
      {
        x: 'at',
        y: 'high',
        dx: textAnchor === 'start' ? -4 : 4,
        dy: -10,
        text: () => '✓ accepted',
        textAnchor,
        fill: colour('ink'),
        stroke: colour('page'),
        strokeWidth: 4,
        className: 'labels',
      },
    ),
  );
}

/**
 * Ticks of commits: one in the middle of each commit's recordings, as many as fit, preferred commits first.
 * @param {Recording[]} recordings
 * @param {number} slot  pixels per recording
 * @param {Set<number>} preferred  indices of recordings
 */
function commitTicks(recordings, slot, preferred) {
  /** @type {{from: number, to: number, text: string}[]} */
  const commits = [];
  recordings.forEach((recording, at) => {
    const last = commits[commits.length - 1];
    if (last && recordings[last.from].commit === recording.commit) last.to = at;
    else commits.push({ from: at, to: at, text: shortCommit(recording) });
  });
  const middle = (/** @type {{from: number, to: number}} */ { from, to }) => (from + to) / 2;
  const isPreferred = (/** @type {{from: number, to: number}} */ { from, to }) =>
    [...preferred].some((at) => from <= at && at <= to);
  /** @type {typeof commits} */
  const fitting = [];
  for (const commit of [...commits.filter(isPreferred), ...commits]) {
    if (fitting.every((other) => Math.abs(middle(other) - middle(commit)) * slot >= 56)) fitting.push(commit);
  }
  return {
    ticks: fitting.map((commit) => ({ at: middle(commit), text: commit.text })),
    repeated: commits.filter(({ from, to }) => to > from),
  };
}

/**
 * The large figure: ratios with intervals and samples, levels, bands, changes, accepted regressions and failures. Its
 * marks have the recording's index as `data-at`.
 * @param {RowSeries} entry
 * @param {Group} group
 * @param {{width: number, recording: string}} options  `recording`: id of the highlighted one
 */
export function historyFigure(entry, group, { width, recording }) {
  const { series, row, metric } = entry;
  const { points, failed } = series;
  if (!points.length) return null;
  const { look } = row;
  const { recordings } = group;
  const narrow = width < 560;
  const height = narrow ? 320 : 360;
  const [marginLeft, marginRight] = [54, narrow ? 10 : 18];
  const slot = (width - marginLeft - marginRight) / recordings.length;
  const samples = points.flatMap(({ at, reference, samples: figures = [] }) =>
    figures.map((figure, nth) => ({
      ratio: figure / reference,
      at,
      x: at + ((nth + 0.5) / figures.length - 0.5) * Math.min(0.7, 30 / slot),
    })),
  );
  const ratios = samples.map(({ ratio }) => ratio).filter((ratio) => ratio > 0);
  const [low, high] = rangeOf(entry);
  const y = domainAround([Math.min(low, ...ratios), Math.max(high, ...ratios)], 1.06);
  const notable = [...series.changes, ...series.accepted].flatMap(({ at }) => points[at]?.at ?? []);
  const { ticks, repeated } = commitTicks(recordings, slot, new Set(notable));
  const isHighlighted = (/** @type {{at: number}} */ { at }) => recordings[at].id === recording;
  const reference = series.reference.title;
  const label = `↑ ${metric.label} ÷ ${reference.length > 36 ? `${reference.slice(0, 35)}…` : reference}, log scale`;
  const svg = /** @type {SVGSVGElement} */ (
    Plot.plot({
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
        ...leftAxis(logTicks(y, height - 96, 28), ratioTick, label),
        Plot.axisX(
          ticks.map(({ at }) => at),
          {
            fill: colour('quiet'),
            tickSize: 0,
            text: (/** @type {unknown} */ _, /** @type {number} */ index) => ticks[index].text,
            label: 'commits, in their order →',
            labelAnchor: 'right',
            labelArrow: 'none',
          },
        ),
        Plot.ruleY(repeated, {
          y: y[0],
          x1: ({ from }) => from - 0.3,
          x2: ({ to }) => to + 0.3,
          stroke: colour('quiet'),
          strokeWidth: 2,
        }),
        ...levelMarks(entry),
        ...changeMarks(entry, 64 / slot),
        Plot.dot(samples, { x: 'x', y: 'ratio', r: 1.7, fill: look.stroke, className: 'samples' }),
        Plot.ruleX(points, {
          x: 'at',
          y1: 'low',
          y2: 'high',
          stroke: look.stroke,
          strokeWidth: (point) => (isHighlighted(point) ? 3 : 1.25),
          className: 'whiskers',
        }),
        ...acceptedMarks(entry, recordings.length),
        Plot.dot(points, {
          x: 'at',
          y: 'ratio',
          r: (point) => (isHighlighted(point) ? 6 : 4),
          symbol: () => look.symbol,
          fill: look.fill,
          stroke: look.stroke,
          strokeWidth: 1.5,
          ariaLabel: (point) => describePoint(entry, points.indexOf(point), group),
          className: 'marks',
        }),
        Plot.dot(failed, {
          x: 'at',
          y: y[0],
          dy: -8,
          r: 4,
          symbol: () => 'times',
          stroke: colour('failed'),
          strokeWidth: 2,
          ariaLabel: ({ at, reason }) => `${shortCommit(recordings[at])} failed: ${reason}`,
          className: 'marks',
        }),
      ],
    })
  );
  const number = (/** @type {string} */ selector, /** @type {{at: number}[]} */ data) =>
    svg.querySelectorAll(selector).forEach((mark, nth) => mark.setAttribute('data-at', String(data[nth].at)));
  number('.samples > *', samples);
  number('.marks > *', [...points, ...failed]);
  return svg;
}

/**
 * A small figure. All panels have the same `span`, so that a percent is equally high in each.
 * @param {RowSeries} entry
 * @param {Group} group
 * @param {{width: number, span: number}} options
 */
export function historyPanel(entry, group, { width, span }) {
  const { row, series } = entry;
  const [low, high] = rangeOf(entry);
  const middle = Math.sqrt(low * high);
  const y = [middle / Math.sqrt(span), middle * Math.sqrt(span)];
  const height = 104;
  const round = logTicks(y, height - 22, 26);
  const ticks = round.length > 1 ? round : evenTicks(y[0], y[1], 3);
  return /** @type {SVGSVGElement} */ (
    Plot.plot({
      width,
      height,
      marginLeft: Math.max(46, 10 + 6 * Math.max(...ticks.map((tick) => ratioTick(tick).length))),
      marginRight: 6,
      marginTop: 16,
      marginBottom: 6,
      style: figureStyle,
      ...identityScales,
      x: { type: 'linear', domain: [-0.5, group.recordings.length - 0.5], axis: null },
      y: { type: 'log', domain: y },
      marks: [
        ...leftAxis(ticks, ratioTick, null),
        ...levelMarks(entry),
        ...changeMarks(entry, (56 * group.recordings.length) / width),
        Plot.dot(series.points, { x: 'at', y: 'ratio', r: 1.8, fill: row.look.stroke, className: 'dots' }),
      ],
    })
  );
}
