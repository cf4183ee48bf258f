import * as Plot from '@observablehq/plot';

import { bottomAxis, byteAxis, figureStyle, identityScales, microsecondAxis } from './axes.js';
import { element, section } from './dom.js';
import { endLabels } from './labels.js';
import { rowMark } from './look.js';
import { figureElement } from './marks.js';
import { median } from './payload.js';
import { bytes, count, format, integer } from './units.js';

/** Growth of memory and CPU with the number of workers, with the payload's fits. */

/** @typedef {import('./payload.js').Row} Row */

const figures = /** @type {const} */ ([
  { column: 'rss_growth_bytes', unit: 'bytes', axis: byteAxis, title: 'memory growth' },
  { column: 'cpu_us_per_request', unit: 'us', axis: microsecondAxis, title: 'CPU per request' },
]);

/** The column's fits with their visible rows, by workers. Fits with fewer than two visible rows are omitted. */
function visibleFits(/** @type {import('./main.js').View} */ { dataset, point, rows }, /** @type {string} */ column) {
  return dataset.fits
    .filter((fit) => fit.point === point && fit.column === column)
    .map((fit) => ({
      ...fit,
      rows: rows
        .filter((row) => fit.cases.includes(row.name) && median(row, column) > 0)
        .sort((a, b) => a.workers - b.workers),
    }))
    .filter((fit) => fit.rows.length > 1);
}

/** "slope 0.98", with a real minus and without negative zero. */
const slopeText = (/** @type {number} */ exponent) => exponent.toFixed(2).replace('-0.00', '0.00').replace('-', '−');

/**
 * One column against workers: both axes logarithmic, medians, whiskers from minimum to maximum, fitted power laws.
 * @param {ReturnType<typeof visibleFits>} fits
 * @param {typeof figures[number]} figure
 * @param {number} width
 */
function scalingFigure(fits, { column, unit, axis, title }, width) {
  const visible = fits.flatMap((fit) => fit.rows);
  const narrow = width < 420;
  const height = narrow ? 320 : 360;
  const workers = [...new Set(visible.map((row) => row.workers))].sort((a, b) => a - b);
  const x = [workers[0] / 1.1, workers[workers.length - 1] * 1.1];
  const values = visible.flatMap((row) => row.figures[column].filter((value) => value > 0));
  const y = [Math.min(...values) / 1.3, Math.max(...values) * 1.3];
  const textLength = Math.max(...fits.map(({ label }) => label.length)) + (narrow ? 5 : 11);
  const lastRow = (/** @type {typeof fits[number]} */ fit) => fit.rows[fit.rows.length - 1];
  const lines = fits.flatMap((fit) =>
    [fit.rows[0], lastRow(fit)].map((row) => ({
      label: fit.label,
      stroke: row.look.stroke,
      workers: row.workers,
      value: fit.factor * row.workers ** fit.exponent,
    })),
  );
  const stroke = (/** @type {Row} */ row) => row.look.stroke;
  const text = (/** @type {Row} */ row) => {
    const [min, middle, max] = row.figures[column].map((value) => format(value, unit));
    return `${row.label}, ${count(row.workers, 'worker')}: ${title} ${middle} (${min} to ${max})`;
  };
  return /** @type {SVGSVGElement} */ (
    Plot.plot({
      width,
      height,
      marginLeft: 58,
      marginRight: Math.min(width * 0.4, 20 + textLength * (narrow ? 5.9 : 6.6)),
      marginTop: 30,
      marginBottom: 40,
      style: figureStyle,
      ...identityScales,
      x: { type: 'log', domain: x },
      y: { type: 'log', domain: y },
      marks: [
        ...bottomAxis(workers, integer, 'workers, log scale →'),
        ...axis(y, height - 70, `↑ ${title}, log scale`),
        Plot.line(lines, {
          x: 'workers',
          y: 'value',
          z: 'label',
          stroke: 'stroke',
          strokeWidth: 1.25,
          strokeOpacity: 0.8,
          className: 'fitted',
        }),
        Plot.ruleX(visible, {
          x: 'workers',
          y1: (row) => Math.max(row.figures[column][0], y[0]),
          y2: (row) => row.figures[column][2],
          stroke,
          className: 'whiskers',
        }),
        endLabels(
          fits.map((fit) => ({
            workers: lastRow(fit).workers,
            value: median(lastRow(fit), column),
            name: fit.label,
            rest: `${narrow ? '' : 'slope '}${slopeText(fit.exponent)}`,
            fill: lastRow(fit).look.stroke,
          })),
          narrow,
        ),
        Plot.dot(visible, { x: 'workers', y: (row) => median(row, column), r: 4, ...rowMark(text) }),
      ],
    })
  );
}

export function scalingSection(/** @type {import('./main.js').View} */ view) {
  const width = view.width >= 860 ? Math.floor((view.width - 28) / 2) : view.width;
  const drawn = figures.flatMap((figure) => {
    const fits = visibleFits(view, figure.column);
    if (!fits.length) return [];
    return [figureElement(`${figure.title} against workers`, scalingFigure(fits, figure, width))];
  });
  if (!drawn.length) {
    const text = 'Scaling needs rows of one strategy with at least two worker counts; no such rows are visible.';
    return section('scaling', 'Scaling', element('p', {}, text));
  }
  const memory = visibleFits(view, 'rss_growth_bytes');
  const slopes = memory.map((fit) => `${fit.label} ${bytes(fit.slope)}${fit.cases.length === 2 ? '*' : ''}`);
  const starred = memory.some((fit) => fit.cases.length === 2) ? ' *: fitted to two rows only.' : '';
  return section(
    'scaling',
    'Scaling',
    element('div', { class: 'pair' }, ...drawn),
    element(
      'p',
      { class: 'caption' },
      'Lines are power laws fitted to the medians. Slope 1 means proportional to the workers, slope 0 independent of them. ' +
        (slopes.length ? `Memory per further worker, by straight lines: ${slopes.join('; ')}.${starred}` : ''),
    ),
  );
}
