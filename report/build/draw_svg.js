import { parseHTML } from 'linkedom';
import { join } from 'node:path';

import { pointInWords, pointsOf } from '../model/points.js';
import { memoryPanel, sharedFrame } from '../page/figures/memory_over_time.js';
import { svgElement } from '../page/figures/svg.js';
import { symbolPath } from '../page/figures/symbol_path.js';
import { timeMemoryFigure } from '../page/figures/time_memory.js';
import { colour, palette } from '../page/palette.js';
import { colourOf, strategyOf } from '../model/strategies.js';
import { svgText } from './svg_text.js';

/** @typedef {import('../model/types.js').Dataset} Dataset */
/** @typedef {import('../model/types.js').Case} Case */

const { document } = parseHTML('<!doctype html><html><body></body></html>');
const width = 880;
const edge = 8; // of paper around a picture
const fonts =
  'system-ui, -apple-system, Segoe UI, Roboto, Helvetica Neue, Noto Sans, Liberation Sans, Arial, sans-serif';

/** A picture in one scheme: its colours in place of the page's custom properties, its paper behind it. */
function picture(
  /** @type {Element} */ svg,
  /** @type {number} */ height,
  /** @type {string} */ title,
  /** @type {'light' | 'dark'} */ scheme,
) {
  const text = svgText(svg)
    .replace(/var\(--([\w]+)\)/g, (_, name) => palette[name][scheme])
    .replaceAll('currentColor', palette.ink[scheme]);
  const heading = svgText(svgElement(document, 'title', {}, title));
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 ${-edge} ${width} ${height + 2 * edge}" width="${width}" height="${height + 2 * edge}" font-family="${fonts}" role="img">` +
    `${heading}<rect y="${-edge}" width="${width}" height="${height + 2 * edge}" rx="6" fill="${palette.paper[scheme]}"/>${text}</svg>\n`
  );
}

/** The cases of the dataset's first point. */
const firstPoint = (/** @type {Dataset} */ dataset) =>
  dataset.cases.filter((one) => one.point === pointsOf(dataset.cases)[0]);

function timeMemory(/** @type {Case[]} */ cases) {
  const svg = timeMemoryFigure(cases, { document, width });
  return svg && { svg, height: Number(svg.getAttribute('height')) };
}

/** One row a language: the library's ways above, Python's same ways below them, at the most workers of each. */
function panelsOf(/** @type {Dataset} */ dataset) {
  const curves = dataset.timeline?.curves ?? {};
  const shown = firstPoint(dataset).filter((one) => Object.hasOwn(curves, one.name) && !one.failed);
  const rows = [
    ['sequential', 'thread_pool', 'fibers', 'coroutines'],
    ['python_sync', 'python_threads', 'python_gevent', 'python_asyncio'],
  ].map((names) =>
    names
      .map((name) => shown.filter((one) => one.label === name).sort((a, b) => b.workers - a.workers)[0])
      .filter(Boolean),
  );
  return rows.filter((row) => row.length);
}

function memoryOverTime(/** @type {Dataset} */ dataset) {
  const rows = panelsOf(dataset);
  if (!rows.length) return null;
  const curveOf = (/** @type {Case} */ one) =>
    /** @type {NonNullable<Dataset['timeline']>} */ (dataset.timeline).curves[one.name];
  const frame = sharedFrame(rows.flat().map(curveOf), true);
  const [panelWidth, panelHeight, head] = [width / 4, 168, 24];
  const svg = svgElement(document, 'g');
  rows.forEach((row, line) =>
    row.forEach((one, at) => {
      const [x, y] = [at * panelWidth, 6 + line * (panelHeight + head)];
      const { symbol, family } = strategyOf(one.strategy);
      const stroke = colour(colourOf(one.strategy));
      const title = svgElement(document, 'text', { x: x + 26, y: y + 16, 'font-size': 12, fill: stroke });
      title.append(
        svgElement(document, 'tspan', { 'font-weight': 600 }, one.label),
        svgElement(document, 'tspan', {}, ` ${one.workers}`),
      );
      svg.append(
        svgElement(document, 'path', {
          d: symbolPath(symbol),
          transform: `translate(${x + 16},${y + 12}) scale(0.8)`,
          stroke,
          'stroke-width': 1.5,
          fill: family === 'python' ? 'none' : stroke,
        }),
        title,
      );
      const panel = memoryPanel(one, curveOf(one), frame, { document, width: panelWidth, height: panelHeight });
      panel.setAttribute('overflow', 'visible');
      panel.setAttribute('x', String(x));
      panel.setAttribute('y', String(y + head));
      svg.append(panel);
    }),
  );
  return { svg, height: rows.length * (panelHeight + head) + 10 };
}

/**
 * The two pictures that matter, of a dataset's first point, each light and dark.
 * @param {Dataset} dataset
 * @param {string} folder
 */
export function drawPictures(dataset, folder) {
  const setting = `${dataset.title}: ${pointInWords(pointsOf(dataset.cases)[0], dataset.context.workload)}`;
  const drawn = [
    { name: 'time-memory', title: `Time against memory. ${setting}`, made: timeMemory(firstPoint(dataset)) },
    {
      name: 'memory-over-time',
      title: `Memory over time, logarithmic axes. ${setting}`,
      made: memoryOverTime(dataset),
    },
  ];
  return drawn.flatMap(({ name, title, made }) =>
    made
      ? /** @type {const} */ (['light', 'dark']).map((scheme) => ({
          file: join(folder, `${name}-${scheme}.svg`),
          text: picture(made.svg, made.height, title, scheme),
        }))
      : [],
  );
}
