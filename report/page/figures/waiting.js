import * as Plot from '@observablehq/plot';

import { figure } from '../../model/cases.js';
import { percent, seconds } from '../../model/units.js';
import { byBusyness } from '../../model/waiting.js';
import { colour } from '../palette.js';
import { colourOfCase, figureStyle } from './look.js';

/** @typedef {import('../../model/types.js').Case} Case */

const share = (/** @type {Case} */ one) => Number(figure(one, 'cpu_share'));
const nameOf = (/** @type {Case} */ one) => `${one.label} ${one.workers.toLocaleString('en')}`;
const wordsOf = (/** @type {Case} */ one) =>
  `${nameOf(one)}: ${seconds(Number(figure(one, 'cpu_s')))} of CPU in ${seconds(Number(figure(one, 'time_s')))}, ${percent(share(one))} of a core`;

/** What the latency alone takes of its time: of the rest the client, or the server's lateness, is the cause. */
const idealShare = (/** @type {Case} */ one) => 1 / Number(figure(one, 'ideal_ratio'));

/**
 * A bar a case: how much of its time the client's CPU was busy. The rest, up to a core's whole time, is waiting.
 * @param {Case[]} cases of one point
 * @param {{document?: Document, width: number}} options
 */
export function waitingFigure(cases, { document, width }) {
  const rows = byBusyness(cases);
  if (!rows.length) return null;
  const narrow = width < 560;
  const most = Math.max(1, ...rows.map(share));
  const labelWidth = Math.min(190, Math.max(...rows.map((one) => nameOf(one).length)) * 6.3 + 14);
  const textOf = (/** @type {Case} */ one) =>
    narrow
      ? percent(share(one))
      : `${seconds(Number(figure(one, 'cpu_s')))} of ${seconds(Number(figure(one, 'time_s')))}, ${percent(share(one))}`;
  return /** @type {SVGSVGElement} */ (
    Plot.plot({
      ...(document ? { document } : {}),
      width,
      height: rows.length * 19 + 52,
      marginLeft: labelWidth,
      marginRight: narrow ? 48 : 160,
      marginTop: 26,
      marginBottom: 26,
      style: figureStyle,
      color: { type: 'identity' },
      x: { domain: [0, most] },
      y: { type: 'band', domain: rows.map((one) => one.name), padding: 0.28 },
      marks: [
        Plot.axisX(most > 1.5 ? undefined : [0, 0.25, 0.5, 0.75, 1], {
          anchor: 'top',
          tickSize: 0,
          fill: colour('quiet'),
          tickFormat: (/** @type {number} */ value) => percent(value),
          label: null,
        }),
        Plot.barX(rows, { x1: 0, x2: 1, y: 'name', fill: colour('line'), fillOpacity: 0.55, className: 'waits' }),
        Plot.barX(rows, {
          x1: 0,
          x2: share,
          y: 'name',
          fill: colourOfCase,
          ariaLabel: wordsOf,
          className: 'marks works',
        }),
        Plot.ruleX([1], { stroke: colour('quiet'), strokeDasharray: '2,2' }),
        Plot.tickX(
          rows.filter((one) => Number.isFinite(idealShare(one))),
          {
            x: (one) => Math.min(idealShare(one), most),
            y: 'name',
            stroke: colour('ink'),
            strokeWidth: 1.5,
            className: 'ideal',
          },
        ),
        Plot.axisY({
          tickSize: 0,
          tickFormat: (/** @type {string} */ name) =>
            nameOf(/** @type {Case} */ (rows.find((one) => one.name === name))),
          label: null,
        }),
        Plot.text(rows, {
          x: most,
          y: 'name',
          text: textOf,
          textAnchor: 'start',
          dx: 8,
          fill: colour('quiet'),
          fontVariant: 'tabular-nums',
        }),
        Plot.text(['share of one core’s time that is CPU; grey: waiting; tick: latency alone'], {
          frameAnchor: 'bottom-left',
          dy: 16,
          fill: colour('quiet'),
          text: (text) => (narrow ? 'CPU; grey: waiting; tick: latency alone' : text),
        }),
      ],
    })
  );
}
