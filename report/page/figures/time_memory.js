import * as Plot from '@observablehq/plot';

import { figure } from '../../model/cases.js';
import { memoryMeasures } from '../../model/memory_measures.js';
import { frontier } from '../../model/pareto.js';
import { strategyOf } from '../../model/strategies.js';
import { bytes, seconds, times } from '../../model/units.js';
import { colour } from '../palette.js';
import { placeLabels } from './label_blocks.js';
import { caseMark, colourOfCase, figureStyle, identityScales } from './look.js';
import { byteAxis, timeAxis } from './axes.js';
import { svgElement } from './svg.js';

/** @typedef {import('../../model/types.js').Case} Case */

const time = (/** @type {Case} */ one) => Number(figure(one, 'time_s'));
const isOffered = (/** @type {Case} */ one) => strategyOf(one.strategy).family !== 'floor';

/** The cases that have both figures, and both above zero, where a log axis has room for them. */
export function drawable(/** @type {Case[]} */ cases, /** @type {string} */ column) {
  return cases.filter((one) => time(one) > 0 && Number(figure(one, column)) > 0);
}

/** A frontier for each job: what was asked to do ten times as much is not to be compared. */
function frontiers(/** @type {Case[]} */ cases, /** @type {string} */ column) {
  const jobs = [...new Set(cases.map((one) => one.days))];
  return jobs.map((days) => frontier(cases.filter((one) => one.days === days && isOffered(one)), time, (one) => Number(figure(one, column))));
}

/** The frontier as steps, from the top of the frame to its right edge: what lies above and right of it is beaten. */
function steps(/** @type {Case[]} */ on, /** @type {string} */ column, /** @type {number} */ top, /** @type {number} */ right) {
  const corners = on.map((one) => ({ x: time(one), y: Number(figure(one, column)) }));
  return [{ x: corners[0].x, y: top }, ...corners, { x: right, y: corners[corners.length - 1].y }];
}

/**
 * Where a frontier is named: over the right end of its longest level step, if that is long enough for the words and
 * the labels of the marks at its ends.
 */
function nameOf(/** @type {{x: number, y: number}[]} */ corners, /** @type {number[]} */ x, /** @type {number} */ width, /** @type {string} */ text) {
  const levels = corners.slice(1).map((corner, index) => ({ x: corner.x, y: corners[index].y, length: (Math.log(corner.x / corners[index].x) / Math.log(x[1] / x[0])) * width }));
  const longest = levels.slice(1).reduce((most, one) => (one.length > most.length ? one : most));
  return longest.length > text.length * 5.5 + 150 ? [{ ...longest, text }] : [];
}

const frontierWords = (/** @type {Case[]} */ on, /** @type {number} */ count) =>
  `nothing on offer is both faster and leaner${count > 1 ? `, ${on[0].days.toLocaleString('en')} days` : ''}`;

/** A log axis's ends: room around the marks, in parts of the way from the least to the most, and something even for one. */
function room(/** @type {number[]} */ values, /** @type {number} */ before, /** @type {number} */ after) {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const span = Math.max(high / low, 1.3);
  return [low / span ** before, high * span ** after];
}

const wordsOf = (/** @type {string} */ column, /** @type {string} */ memory) => (/** @type {Case} */ one) => {
  const [low, mid, high] = one.figures.time_s;
  const [small, size, large] = one.figures[column];
  const ideal = figure(one, 'ideal_ratio');
  return `${one.label}, ${one.workers.toLocaleString('en')} ${one.workers === 1 ? 'worker' : 'workers'}: ${seconds(mid)} (${seconds(low)} to ${seconds(high)})` +
    `${ideal === undefined ? '' : `, ${times(ideal)} the ideal`}; ${memory} ${bytes(size)} (${bytes(small)} to ${bytes(large)})`;
};

/**
 * Names beside the marks: a render transform of Plot's, for it knows where the marks came to lie.
 * @param {Case[]} cases
 * @param {(one: Case) => number} memoryOf
 * @param {Set<Case>} wanted those on a frontier, named first where there is no room for all
 * @param {boolean} narrow
 */
function labelled(cases, memoryOf, wanted, narrow) {
  const size = narrow ? 10 : 11;
  const textOf = (/** @type {Case} */ one) => `${one.label} ${one.workers.toLocaleString('en')}`;
  return Plot.text(cases, {
    x: time, y: memoryOf, text: textOf,
    render(index, _scales, { x: xs = [], y: ys = [] }, dimensions, context) {
      const group = svgElement(/** @type {any} */ (context).document, 'g', { class: 'labels', 'font-size': size });
      const points = [...index].map((i) => ({
        x: xs[i], y: ys[i], width: textOf(cases[i]).length * size * 0.56, rank: wanted.has(cases[i]) ? 0 : 1,
      }));
      const frame = { left: dimensions.marginLeft + 2, right: dimensions.width - 2, top: dimensions.marginTop, bottom: dimensions.height - dimensions.marginBottom - 2 };
      for (const label of placeLabels(points, frame, size + 3, narrow)) {
        const one = cases[index[label.index]];
        const point = points[label.index];
        const inward = label.anchor === 'start' ? -2 : 2;
        if (label.leader) {
          group.append(svgElement(group.ownerDocument, 'line', { x1: point.x, y1: point.y, x2: label.x + inward, y2: label.y, stroke: colourOfCase(one), 'stroke-opacity': 0.45, 'stroke-width': 0.75 }));
        }
        const text = svgElement(group.ownerDocument, 'text', { x: label.x, y: label.y, dy: '0.35em', 'text-anchor': label.anchor, fill: colourOfCase(one), stroke: colour('paper'), 'stroke-width': 4, 'stroke-linejoin': 'round', 'paint-order': 'stroke' });
        text.append(svgElement(group.ownerDocument, 'tspan', { 'font-weight': 600 }, one.label), svgElement(group.ownerDocument, 'tspan', {}, ` ${one.workers.toLocaleString('en')}`));
        group.append(text);
      }
      return group;
    },
  });
}

/**
 * Time against memory: one mark a case, both axes logarithmic, min to max as whiskers, the frontier as steps.
 * @param {Case[]} cases
 * @param {{document?: Document, width: number, memory?: string}} options
 */
export function timeMemoryFigure(cases, { document, width, memory = 'peak' }) {
  const { column, words } = memoryMeasures[memory];
  const shown = drawable(cases, column);
  if (!shown.length) return null;
  const narrow = width < 560;
  const height = narrow ? 420 : 500;
  const x = room(shown.flatMap((one) => one.figures.time_s), 0.06, narrow ? 0.12 : 0.16);
  const y = room(shown.flatMap((one) => one.figures[column].filter((value) => value > 0)), 0.08, 0.1);
  const lines = frontiers(shown, column).filter((on) => on.length);
  const wanted = new Set(lines.flat());
  const memoryOf = (/** @type {Case} */ one) => one.figures[column][1];
  const least = (/** @type {Case} */ one) => Math.max(one.figures[column][0], y[0]);
  return /** @type {SVGSVGElement} */ (Plot.plot({
    ...(document ? { document } : {}), width, height, marginLeft: 62, marginRight: narrow ? 8 : 16, marginTop: 30, marginBottom: 44,
    style: figureStyle, ...identityScales,
    x: { type: 'log', domain: x }, y: { type: 'log', domain: y },
    marks: [
      ...timeAxis(x, width - 80, 'time for the whole job, log scale →'),
      ...byteAxis(y, height - 74, `↑ ${words}, log scale`),
      ...lines.map((on) => Plot.line(steps(on, column, y[1], x[1]), { x: 'x', y: 'y', curve: 'step-after', stroke: colour('quiet'), strokeWidth: 1.25, strokeDasharray: '5,3', className: 'frontier' })),
      Plot.text(lines.flatMap((on) => nameOf(steps(on, column, y[1], x[1]), x, width - 78, frontierWords(on, lines.length))), { x: 'x', y: 'y', text: 'text', textAnchor: 'end', dx: -6, dy: -7, fill: colour('quiet'), fontStyle: 'italic' }),
      Plot.ruleY(shown, { y: memoryOf, x1: (one) => one.figures.time_s[0], x2: (one) => one.figures.time_s[2], stroke: colourOfCase, strokeOpacity: 0.8, className: 'whiskers' }),
      Plot.ruleX(shown, { x: time, y1: least, y2: (one) => one.figures[column][2], stroke: colourOfCase, strokeOpacity: 0.8, className: 'whiskers' }),
      labelled(shown, memoryOf, wanted, narrow),
      Plot.dot(shown, { x: time, y: memoryOf, r: narrow ? 4 : 4.5, ...caseMark(wordsOf(column, words)) }),
    ],
  }));
}
