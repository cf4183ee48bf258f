import * as Plot from '@observablehq/plot';

import { figure } from '../../model/cases.js';
import { fitPower, fitStraightLine } from '../../model/fits.js';
import { bytes, significant } from '../../model/units.js';
import { colour } from '../palette.js';
import { byteAxis, microsAxis, workersAxis } from './axes.js';
import { dodged } from './dodge.js';
import { caseMark, colourOfCase, figureStyle, identityScales } from './look.js';
import { svgElement } from './svg.js';

/** @typedef {import('../../model/types.js').Case} Case */

/**
 * What is drawn against workers.
 * @type {Record<string, {column: string, title: string, unit: (value: number) => string}>}
 */
export const scalingFigures = {
  bytes: { column: 'rss_growth_bytes', title: 'growth of resident memory', unit: bytes },
  cpu: { column: 'cpu_us_per_request', title: 'CPU a request', unit: (value) => `${significant(value)} µs` },
};

/**
 * The strategies measured at two worker counts or more, each with its cases, its fitted power and line.
 * @param {Case[]} cases of one point
 * @param {string} column
 */
export function scalings(cases, column) {
  const labels = [...new Set(cases.map((one) => one.label))];
  return labels.map((label) => {
    const on = cases.filter((one) => one.label === label && Number(figure(one, column)) > 0).sort((a, b) => a.workers - b.workers);
    const points = on.map((one) => /** @type {[number, number]} */ ([one.workers, Number(figure(one, column))]));
    return { label, cases: on, power: fitPower(points), line: points.length ? fitStraightLine(points) : null };
  }).filter((one) => one.power !== null);
}

/** A slope with a minus that is one, and no minus before nothing. */
const slopeText = (/** @type {number} */ exponent) => exponent.toFixed(2).replace(/^-(?=0\.00$)/, '').replace('-', '−');

/**
 * Names and slopes at the lines' right ends, kept apart.
 * @param {ReturnType<typeof scalings>} all
 * @param {string} column
 */
function endLabels(all, column, narrow = false) {
  const last = (/** @type {typeof all[number]} */ one) => one.cases[one.cases.length - 1];
  return Plot.text(all, {
    x: (one) => last(one).workers, y: (one) => figure(last(one), column), text: 'label',
    render(index, _scales, { x: xs = [], y: ys = [] }, dimensions, context) {
      const group = svgElement(/** @type {any} */ (context).document, 'g', { class: 'labels', 'font-size': narrow ? 10 : 11 });
      const heights = dodged([...index].map((i) => ys[i]), 13, dimensions.marginTop, dimensions.height - dimensions.marginBottom);
      [...index].forEach((i, nth) => {
        const one = all[i];
        const x = dimensions.width - dimensions.marginRight + 14;
        const stroke = colourOfCase(last(one));
        group.append(svgElement(group.ownerDocument, 'line', { x1: xs[i] + 7, y1: ys[i], x2: x - 2, y2: heights[nth], stroke, 'stroke-opacity': 0.4, 'stroke-width': 0.75 }));
        const text = svgElement(group.ownerDocument, 'text', { x, y: heights[nth], dy: '0.35em', 'text-anchor': 'start', fill: stroke });
        text.append(svgElement(group.ownerDocument, 'tspan', { 'font-weight': 600 }, one.label));
        if (one.power) text.append(svgElement(group.ownerDocument, 'tspan', {}, `${narrow ? '' : ' slope'} ${slopeText(one.power.exponent)}`));
        group.append(text);
      });
      return group;
    },
  });
}

/**
 * One figure against workers, both axes logarithmic: medians, min to max as whiskers, the fitted power as a line.
 * @param {Case[]} cases of one point
 * @param {keyof typeof scalingFigures} which
 * @param {{document?: Document, width: number}} options
 */
export function scalingFigure(cases, which, { document, width }) {
  const { column, title, unit } = scalingFigures[which];
  const all = scalings(cases, column);
  if (!all.length) return null;
  const shown = all.flatMap((one) => one.cases);
  const counts = [...new Set(shown.map((one) => one.workers))].sort((a, b) => a - b);
  const narrow = width < 420;
  const height = narrow ? 320 : 360;
  const textLength = Math.max(...all.map(({ label }) => label.length)) + (narrow ? 5 : 11);
  const heights = shown.flatMap((one) => one.figures[column].filter((value) => value > 0));
  const y = [Math.min(...heights) / 1.3, Math.max(...heights) * 1.3];
  const x = [counts[0] / 1.1, counts[counts.length - 1] * 1.1];
  const fitted = all.flatMap(({ label, cases: on, power }) => [on[0], on[on.length - 1]].map((one) =>
    ({ label, stroke: colourOfCase(one), workers: one.workers, value: Number(power?.factor) * one.workers ** Number(power?.exponent) })));
  const valueOf = (/** @type {Case} */ one) => one.figures[column][1];
  return /** @type {SVGSVGElement} */ (Plot.plot({
    ...(document ? { document } : {}), width, height, marginLeft: 58, marginRight: Math.min(width * 0.4, 18 + textLength * (narrow ? 5.7 : 6.3)), marginTop: 30, marginBottom: 40,
    style: figureStyle, ...identityScales, x: { type: 'log', domain: x }, y: { type: 'log', domain: y },
    marks: [
      ...workersAxis(counts),
      ...(which === 'bytes' ? byteAxis(y, height - 70, `↑ ${title}, log scale`) : microsAxis(y, height - 70, `↑ ${title}, log scale`)),
      Plot.line(fitted, { x: 'workers', y: 'value', z: 'label', stroke: 'stroke', strokeWidth: 1.25, strokeOpacity: 0.8, className: 'fitted' }),
      Plot.ruleX(shown, { x: 'workers', y1: (one) => Math.max(one.figures[column][0], y[0]), y2: (one) => one.figures[column][2], stroke: colourOfCase, className: 'whiskers' }),
      endLabels(all, column, narrow),
      Plot.dot(shown, { x: 'workers', y: valueOf, r: 4, ...caseMark((one) => `${one.label}, ${one.workers.toLocaleString('en')} workers: ${title} ${unit(valueOf(one))} (${unit(one.figures[column][0])} to ${unit(one.figures[column][2])})`) }),
    ],
  }));
}
