import * as Plot from '@observablehq/plot';

import { figureStyle } from './axes.js';
import { element, section } from './dom.js';
import { colour } from './look.js';
import { figureElement } from './marks.js';
import { median, rowName } from './payload.js';
import { duration, percent } from './units.js';

/** "Waiting, or working?": the client's CPU time as a share of the batch's time. */

/** @typedef {import('./payload.js').Row} Row */

const cpuShare = (/** @type {Row} */ row) => median(row, 'cpu_share');
const idealShare = (/** @type {Row} */ row) => 1 / median(row, 'ideal_ratio');

/** "15.9 s of 16.2 s, 98 %" */
const summary = (/** @type {Row} */ row) =>
  `${duration(median(row, 'cpu_s') * 1000)} of ${duration(median(row, 'real_time'))}, ${percent(cpuShare(row))}`;

/**
 * One bar per row, the busiest first. The grey rest of a bar, up to the time of one core, is waiting.
 * @param {Row[]} rows of one point
 * @param {{document?: Document, width: number}} options
 */
export function waitingFigure(rows, { document, width }) {
  const visible = rows.filter((row) => cpuShare(row) >= 0).sort((a, b) => cpuShare(b) - cpuShare(a));
  if (!visible.length) return null;
  const narrow = width < 560;
  const maximum = Math.max(1, ...visible.map(cpuShare));
  const names = new Map(visible.map((row) => [row.name, rowName(row)]));
  const quiet = { fill: colour('quiet') };
  return /** @type {SVGSVGElement} */ (
    Plot.plot({
      ...(document ? { document } : {}),
      width,
      height: visible.length * 19 + 52,
      marginLeft: Math.min(190, Math.max(...[...names.values()].map((name) => name.length)) * 6.3 + 14),
      marginRight: narrow ? 48 : 160,
      marginTop: 26,
      marginBottom: 26,
      style: figureStyle,
      color: { type: 'identity' },
      x: { domain: [0, maximum] },
      y: { type: 'band', domain: [...names.keys()], padding: 0.28 },
      marks: [
        Plot.axisX(maximum > 1.5 ? undefined : [0, 0.25, 0.5, 0.75, 1], {
          anchor: 'top',
          tickSize: 0,
          tickFormat: percent,
          label: null,
          ...quiet,
        }),
        Plot.barX(visible, { x1: 0, x2: 1, y: 'name', fill: colour('line'), fillOpacity: 0.55, className: 'waits' }),
        Plot.barX(visible, {
          x1: 0,
          x2: cpuShare,
          y: 'name',
          fill: (row) => row.look.stroke,
          ariaLabel: (row) => `${rowName(row)}: CPU time ${summary(row)} of one core`,
          className: 'marks works',
        }),
        Plot.ruleX([1], { stroke: colour('quiet'), strokeDasharray: '2,2' }),
        Plot.tickX(
          visible.filter((row) => idealShare(row) > 0),
          {
            x: (row) => Math.min(idealShare(row), maximum),
            y: 'name',
            stroke: colour('ink'),
            strokeWidth: 1.5,
            className: 'ideal',
          },
        ),
        Plot.axisY({
          tickSize: 0,
          tickFormat: (/** @type {string} */ name) => names.get(name) ?? '',
          label: null,
        }),
        Plot.text(visible, {
          x: maximum,
          y: 'name',
          text: (row) => (narrow ? percent(cpuShare(row)) : summary(row)),
          textAnchor: 'start',
          dx: 8,
          fontVariant: 'tabular-nums',
          ...quiet,
        }),
        Plot.text(['coloured: CPU; grey: waiting; tick: the latency alone'], {
          frameAnchor: 'bottom-left',
          dy: 16,
          ...quiet,
        }),
      ],
    })
  );
}

export function waitingSection(/** @type {import('./main.js').View} */ { rows, width }) {
  const svg = waitingFigure(rows, { width });
  return section(
    'waiting',
    'Waiting, or working?',
    svg
      ? figureElement(
          'CPU time as a share of the time, a bar per row',
          svg,
          'CPU time is the client’s, user and system. The tick is the share of the time that the latency alone takes. ' +
            'Strategies with several threads can exceed 100 %.',
        )
      : element('p', {}, 'No visible row has CPU figures.'),
  );
}
