import * as Plot from '@observablehq/plot';

import { parseCaseName } from '../../model/case_name.js';
import { shiftText } from '../../model/history_words.js';
import { colourOf, strategyOf } from '../../model/strategies.js';
import { colour } from '../palette.js';

/** @typedef {import('../../model/history.js').Series} Series */

/** The colour, symbol and fill of a series' strategy. */
export function lookOf(/** @type {Series} */ series) {
  const { strategy } = /** @type {import('../../model/types.js').NamedCase} */ (parseCaseName(series.name));
  const { symbol, family } = strategyOf(strategy);
  const stroke = colour(colourOf(strategy));
  return { stroke, symbol, fill: family === 'python' ? colour('paper') : stroke };
}

/** The level of each stretch between changes, with the band about it. */
export function levelMarks(/** @type {Series} */ series) {
  const { stroke } = lookOf(series);
  const { band, points, levels } = series;
  const x1 = (/** @type {{from: number}} */ one) => points[one.from].place - 0.45;
  const x2 = (/** @type {{to: number}} */ one) => points[one.to].place + 0.45;
  return [
    Plot.rect(levels, {
      x1,
      x2,
      y1: (one) => one.level / (1 + band.size),
      y2: (one) => one.level * (1 + band.size),
      fill: stroke,
      fillOpacity: 0.13,
      className: 'band',
    }),
    Plot.ruleY(levels, { y: 'level', x1, x2, stroke, strokeOpacity: 0.55, className: 'level' }),
  ];
}

/** Worse has the colour of failure and points up, better the accent's and points down. */
const changeColour = (/** @type {{worse: boolean}} */ one) => colour(one.worse ? 'failed' : 'accent');
export const changeText = (/** @type {import('../../model/history_changes.js').Change} */ one) =>
  `${one.worse ? '▲' : '▼'} ${shiftText(one.factor)}${one.confirmed ? '' : '?'}`;

/** A line where a new level begins, and by how much. */
export function changeMarks(/** @type {Series} */ series, /** @type {{size: number}} */ { size }) {
  const { changes, points } = series;
  const x = (/** @type {{at: number}} */ one) => (points[one.at].place + points[one.at - 1].place) / 2;
  const fitting = changes.filter(
    (one, at) => at === 0 || points[one.at].place - points[changes[at - 1].at].place >= size,
  );
  return [
    Plot.ruleX(changes, { x, stroke: changeColour, strokeWidth: 1.25, strokeDasharray: '3 3', className: 'changes' }),
    Plot.text(fitting, {
      x,
      frameAnchor: 'top',
      dy: -12,
      text: changeText,
      fill: changeColour,
      fontWeight: 600,
      className: 'labels',
    }),
  ];
}

/** The word beside what was accepted, to its right; to its left near the end, so that it stays in the figure. */
export function acceptedMarks(/** @type {Series} */ series, /** @type {number} */ count) {
  const { accepted, points } = series;
  const place = (/** @type {{at: number}} */ one) => points[one.at].place;
  const marked = accepted.filter((one) => one.at >= 0);
  return /** @type {const} */ (['start', 'end']).map((textAnchor) =>
    Plot.text(
      marked.filter((one) => place(one) < count * 0.8 === (textAnchor === 'start')),
      {
        x: place,
        y: (one) => points[one.at].high,
        dx: textAnchor === 'start' ? -4 : 4,
        dy: -10,
        text: () => '✓ accepted',
        textAnchor,
        fill: colour('ink'),
        stroke: colour('paper'),
        strokeWidth: 4,
        className: 'labels',
      },
    ),
  );
}
