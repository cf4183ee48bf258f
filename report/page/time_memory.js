import * as Plot from '@observablehq/plot';

import { byteAxis, timeAxis } from './axes.js';
import { radioGroup, rowFilters } from './controls.js';
import { element, section } from './dom.js';
import { colour } from './look.js';
import { figureElement } from './marks.js';
import { itemNoun, median, rowName } from './payload.js';
import { drawable, scatterFigure } from './scatter.js';
import { memoryMeasures } from './state.js';
import { bytes, count, duration, integer, times } from './units.js';

/** Time against memory: one mark per row, the Pareto frontier, and the filters that hold for the whole page. */

/** @typedef {import('./payload.js').Row} Row */

const time = (/** @type {Row} */ row) => median(row, 'real_time');

/** "coroutines, 100 workers: 302 ms (298 ms to 310 ms), 1.04× ideal; peak resident memory 14.0 MiB (… to …)" */
function describe(/** @type {Row} */ row, /** @type {{column: string, title: string}} */ { column, title }) {
  const [fastest, , slowest] = row.figures.real_time;
  const [min, size, max] = row.figures[column];
  const ideal = median(row, 'ideal_ratio');
  return (
    `${row.label}, ${count(row.workers, 'worker')}: ${duration(time(row))} (${duration(fastest)} to ${duration(slowest)})` +
    `${ideal > 0 ? `, ${times(ideal)} ideal` : ''}; ${title} ${bytes(size)} (${bytes(min)} to ${bytes(max)})`
  );
}

/**
 * The frontiers' steps, from the top of the frame to its right edge. Batches of different sizes do not compare, so each
 * has its own.
 * @param {Row[]} rows
 * @param {string} column
 * @param {{x: number[], y: number[]}} domains
 */
function frontierSteps(rows, column, { x, y }) {
  const members = rows.filter((row) => row.frontier.includes(column));
  return [...new Set(members.map((row) => row.items))].map((items) => {
    const corners = members
      .filter((row) => row.items === items)
      .map((row) => ({ x: time(row), y: median(row, column) }))
      .sort((a, b) => a.x - b.x);
    const steps = [{ x: corners[0].x, y: y[1] }, ...corners, { x: x[1], y: corners[corners.length - 1].y }];
    return { items, steps };
  });
}

/** The longest horizontal step, as the place of the frontier's name; none if the name does not fit beside row labels. */
function frontierName(
  /** @type {{x: number, y: number}[]} */ steps,
  /** @type {number[]} */ x,
  /** @type {number} */ width,
  /** @type {string} */ text,
) {
  const levels = steps.slice(1).map((corner, index) => ({
    x: corner.x,
    y: steps[index].y,
    length: (Math.log(corner.x / steps[index].x) / Math.log(x[1] / x[0])) * width,
  }));
  const longest = levels.slice(1).reduce((best, level) => (level.length > best.length ? level : best));
  return longest.length > text.length * 5.5 + 150 ? [{ ...longest, text }] : [];
}

function frontierMarks(
  /** @type {Row[]} */ rows,
  /** @type {string} */ column,
  /** @type {{x: number[], y: number[]}} */ domains,
  /** @type {number} */ width,
) {
  const frontiers = frontierSteps(rows, column, domains);
  const names = frontiers.flatMap(({ items, steps }) => {
    const suffix = frontiers.length > 1 ? `, ${count(items, itemNoun(rows[0]))}` : '';
    return frontierName(steps, domains.x, width, `no row is both faster and leaner${suffix}`);
  });
  const dashed = { stroke: colour('quiet'), strokeWidth: 1.25, strokeDasharray: '5,3', className: 'frontier' };
  const textStyle = { textAnchor: /** @type {const} */ ('end'), fill: colour('quiet'), fontStyle: 'italic' };
  return [
    ...frontiers.map(({ steps }) => Plot.line(steps, { x: 'x', y: 'y', curve: 'step-after', ...dashed })),
    Plot.text(names, { x: 'x', y: 'y', text: 'text', dx: -6, dy: -7, ...textStyle }),
  ];
}

/**
 * The figure. Null without rows to draw.
 * @param {Row[]} rows of one point
 * @param {{document?: Document, width: number, memory?: string}} options
 */
export function timeMemoryFigure(rows, { document, width, memory = 'peak' }) {
  const measure = memoryMeasures[memory];
  const { column } = measure;
  return scatterFigure(rows, {
    document,
    width,
    x: { column: 'real_time', axis: timeAxis, label: 'time for the whole batch, log scale →' },
    y: { column, axis: byteAxis, label: `↑ ${measure.title}, log scale` },
    text: (row) => describe(row, measure),
    rest: ({ workers }) => integer(workers),
    isPreferred: (row) => row.frontier.includes(column),
    beneath: (visible, domains) => frontierMarks(visible, column, domains, width - 78),
  });
}

/** Rows that are not in the figure, with the reasons. */
function omittedRows(/** @type {import('./main.js').View} */ { rows, state }) {
  const visible = drawable(rows, ['real_time', memoryMeasures[state.memory].column]);
  const omitted = rows.filter((row) => !visible.includes(row));
  if (!omitted.length) return null;
  return element(
    'ul',
    { class: 'omitted' },
    ...omitted.map((row) =>
      element(
        'li',
        {},
        element('strong', {}, rowName(row)),
        row.failed
          ? ` failed (${integer(row.failed.count)} of ${integer(row.repetitions)}): ${row.failed.reason}`
          : ': no figure above zero',
      ),
    ),
  );
}

export function timeMemorySection(/** @type {import('./main.js').View} */ view) {
  const { memory } = view.state;
  const svg = timeMemoryFigure(view.rows, { width: view.width, memory });
  const hasBatches = new Set(view.all.map((row) => row.items)).size > 1;
  const perBatch = hasBatches ? `, one per number of ${itemNoun(view.all[0])}s` : '';
  return section(
    'time-memory',
    'Time against memory',
    rowFilters(view),
    radioGroup(
      'memory',
      'memory',
      Object.entries(memoryMeasures).map(([value, { title }]) => [value, title]),
      memory,
      (value) => view.change({ memory: value }),
    ),
    svg
      ? figureElement(
          'time against memory: a mark for each strategy and number of workers',
          svg,
          'Faster is to the left, leaner is further down. Whiskers: minimum to maximum. ' +
            `Dashed: the Pareto frontier of all rows but the floor (raw_epoll)${perBatch}. ` +
            'Shapes show the control flow; clients in other languages than C++ are hollow.',
        )
      : element('p', {}, 'No visible row has both a time and this memory figure.'),
    omittedRows(view),
  );
}
