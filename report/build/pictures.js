import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { parseHTML } from 'linkedom';

import { clientsFigure, hasPrograms, languagesOf, mostCommonWorkers, rowsAt } from '../page/clients.js';
import { svgElement } from '../page/dom.js';
import { palette, symbolPath } from '../page/look.js';
import { memoryPanel, sharedFrame } from '../page/memory_over_time.js';
import { parsePayload, prepare } from '../page/payload.js';
import { timeMemoryFigure } from '../page/time_memory.js';
import { count, integer } from '../page/units.js';
import { writeOutput } from './output.js';

/**
 * Draws the documents' pictures from a payload: SVG files, light and dark. Those of strategies are of the first
 * dataset's first point; that of clients is of the last dataset with other programs, if it is another one.
 *
 * @typedef {import('../page/payload.js').Dataset} Dataset
 * @typedef {import('../page/payload.js').Row} Row
 * @typedef {import('../page/payload.js').Strategy} Strategy
 * @typedef {{body: Element, height: number}} Drawing
 */

const help = `node report/build/pictures.js PAYLOAD.json DIR: draws a payload's pictures as SVG, light and dark

PAYLOAD.json is printed by \`track report --json FILES…\`. The pictures of strategies are of its first dataset's first
point. If a later dataset has clients of other languages, they get a picture as well.
`;

const { document } = parseHTML('<!doctype html><html><body></body></html>');
const width = 880;
const padding = 8;
const fonts =
  'system-ui, -apple-system, Segoe UI, Roboto, Helvetica Neue, Noto Sans, Liberation Sans, Arial, sans-serif';

const entities = /** @type {Record<string, string>} */ ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' });

/** Text for XML, without the control characters that XML cannot contain. */
const escape = (/** @type {string} */ text) =>
  text
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '')
    .replace(/[&<>"]/g, (character) => entities[character]);

/** Numbers rounded to a tenth of a pixel, which halves the files. */
const round = (/** @type {string} */ text) =>
  text.replace(/-?\d+\.\d{2,}/g, (number) => String(Number(Number(number).toFixed(1))));

/** Attributes that only the page needs. */
const pageAttributes = new Set(['class', 'aria-label', 'aria-hidden', 'style']);

/**
 * An element as XML, with rounded numbers and without the page's attributes and empty groups.
 * @param {Element} element
 * @returns {string}
 */
function serialize(element) {
  const { localName } = element;
  if (localName === 'style') return '';
  const attributes = [...element.attributes]
    .filter(({ name }) => !pageAttributes.has(name))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, value }) => ` ${name}="${name.endsWith('opacity') ? value : round(escape(value))}"`)
    .join('');
  const children = [...element.childNodes]
    .map((child) =>
      child.nodeType === 1 ? serialize(/** @type {Element} */ (child)) : escape(child.textContent ?? ''),
    )
    .join('');
  if (!children) return ['g', 'text'].includes(localName) ? '' : `<${localName}${attributes}/>`;
  return `<${localName}${attributes}>${children}</${localName}>`;
}

/** A drawing in one scheme: literal colours in place of custom properties, and a background. */
function picture(
  /** @type {Drawing} */ { body, height },
  /** @type {string} */ title,
  /** @type {'light' | 'dark'} */ scheme,
) {
  const content = serialize(body)
    .replace(/var\(--(\w+)\)/g, (_, name) => palette[/** @type {keyof typeof palette} */ (name)][scheme])
    .replaceAll('currentColor', palette.ink[scheme]);
  const outer = height + 2 * padding;
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 ${-padding} ${width} ${outer}" width="${width}" height="${outer}" font-family="${fonts}" role="img">` +
    `<title>${escape(title)}</title><rect y="${-padding}" width="${width}" height="${outer}" rx="6" fill="${palette.page[scheme]}"/>${content}</svg>\n`
  );
}

/** @returns {Drawing | null} */
function drawTimeMemory(/** @type {Row[]} */ rows) {
  const svg = timeMemoryFigure(rows, { document, width });
  return svg && { body: svg, height: Number(svg.getAttribute('height')) };
}

/** Four panels per language: its first strategies, each with most workers. */
function panelLines(/** @type {Row[]} */ rows, /** @type {Strategy[]} */ strategies) {
  const largest = (/** @type {Strategy} */ { name }) =>
    rows
      .filter((row) => row.strategy === name && row.loops === 1)
      .sort((a, b) => b.workers - a.workers)
      .slice(0, 1);
  return [...new Set(strategies.map(({ language }) => language))]
    .map((language) =>
      strategies
        .filter((strategy) => strategy.language === language)
        .flatMap(largest)
        .slice(0, 4),
    )
    .filter((line) => line.length);
}

/** @returns {Drawing | null} */
function drawMemoryOverTime(
  /** @type {Row[]} */ rows,
  /** @type {Strategy[]} */ strategies,
  /** @type {Dataset['timeline']} */ timeline,
) {
  if (!timeline) return null;
  const drawable = rows.filter((row) => Object.hasOwn(timeline.curves, row.name) && !row.failed);
  const lines = panelLines(drawable, strategies);
  if (!lines.length) return null;
  const curveOf = (/** @type {Row} */ row) => timeline.curves[row.name];
  const frame = sharedFrame(lines.flat().map(curveOf), true);
  const [panelWidth, panelHeight, headHeight] = [width / 4, 168, 24];
  const body = svgElement(document, 'g');
  lines.forEach((line, down) =>
    line.forEach((row, across) => {
      const [x, y] = [across * panelWidth, 6 + down * (panelHeight + headHeight)];
      const { symbol, stroke, fill } = row.look;
      const panel = memoryPanel(row, curveOf(row), frame, { document, width: panelWidth, height: panelHeight });
      panel.setAttribute('overflow', 'visible');
      panel.setAttribute('x', String(x));
      panel.setAttribute('y', String(y + headHeight));
      body.append(
        svgElement(document, 'path', {
          d: symbolPath(symbol),
          transform: `translate(${x + 16},${y + 12}) scale(0.8)`,
          stroke,
          'stroke-width': 1.5,
          fill,
        }),
        svgElement(
          document,
          'text',
          { x: x + 26, y: y + 16, 'font-size': 12, fill: stroke },
          svgElement(document, 'tspan', { 'font-weight': 600 }, row.label),
          svgElement(document, 'tspan', {}, ` ${integer(row.workers)}`),
        ),
        panel,
      );
    }),
  );
  return { body, height: lines.length * (panelHeight + headHeight) + 10 };
}

/** The figure of clients below a key of their languages. @returns {Drawing | null} */
function drawClients(/** @type {Row[]} */ rows) {
  const svg = clientsFigure(rows, { document, width });
  if (!svg) return null;
  const keyHeight = 20;
  svg.setAttribute('overflow', 'visible');
  svg.setAttribute('y', String(keyHeight));
  const body = svgElement(document, 'g');
  languagesOf(rows.filter(({ failed }) => !failed)).forEach(({ language, look: { symbol, stroke, fill } }, index) => {
    const x = 68 + index * 84;
    body.append(
      svgElement(document, 'path', { d: symbolPath(symbol), transform: `translate(${x},8) scale(0.8)`, stroke, fill }),
      svgElement(document, 'text', { x: x + 10, y: 12, 'font-size': 12, fill: stroke }, language),
    );
  });
  body.append(svg);
  return { body, height: keyHeight + Number(svg.getAttribute('height')) };
}

/** Name, title and drawing of the clients' picture: of the first point with the task get, which is I/O alone. */
function clientsPicture(/** @type {Dataset[]} */ datasets) {
  const dataset = datasets.slice(1).filter(hasPrograms).pop();
  if (!dataset) return [];
  const { points, cases } = dataset;
  const point = points.find(({ task }) => task === 'get') ?? points[0];
  const all = cases.filter((row) => row.point === point.id);
  const workers = mostCommonWorkers(all);
  const title = `CPU time per request against peak memory of clients. ${point.title}, ${count(workers, 'worker')}`;
  return [/** @type {[string, string, Drawing | null]} */ (['clients', title, drawClients(rowsAt(all, workers))])];
}

/**
 * The pictures by file name. There is none of memory over time without curves.
 * @param {import('../page/payload.js').Payload} payload
 */
export function drawPictures({ datasets, strategies }) {
  const { title, points, cases, timeline } = datasets[0];
  const [point] = points;
  const rows = cases.filter((row) => row.point === point.id);
  const setting = `${title}: ${point.title}`;
  /** @type {[string, string, Drawing | null][]} */
  const drawings = [
    ['time-memory', `Time against memory. ${setting}`, drawTimeMemory(rows)],
    [
      'memory-over-time',
      `Memory over time, logarithmic axes. ${setting}`,
      drawMemoryOverTime(rows, strategies, timeline),
    ],
    ...clientsPicture(datasets),
  ];
  return Object.fromEntries(
    drawings.flatMap(([name, text, drawing]) =>
      /** @type {const} */ (['light', 'dark']).flatMap((scheme) =>
        drawing ? [[`${name}-${scheme}.svg`, picture(drawing, text, scheme)]] : [],
      ),
    ),
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [file, folder] = process.argv.slice(2);
  if (!folder) {
    process.stderr.write(help);
    process.exit(2);
  }
  const payload = prepare(parsePayload(readFileSync(file, 'utf8')));
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(drawPictures(payload))) {
    writeOutput(join(folder, name), text);
    process.stdout.write(`${join(folder, name)}\n`);
  }
}
