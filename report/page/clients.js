import { bottomMicrosecondAxis, byteAxis } from './axes.js';
import { checkboxGroup, radioGroup, symbolFor, toggled } from './controls.js';
import { element, scrollingTable, section } from './dom.js';
import { languageLook } from './look.js';
import { figureElement } from './marks.js';
import { itemNoun, median } from './payload.js';
import { scatterFigure } from './scatter.js';
import { cell, failureText, heading, measuredColumns, sortRows, workersColumn } from './table.js';
import { bytes, count, duration, format, integer } from './units.js';

/** Clients across languages at one number of workers: a figure of their CPU time and memory, and a table. */

/**
 * @typedef {import('./main.js').View} View
 * @typedef {import('./payload.js').Dataset} Dataset
 * @typedef {import('./payload.js').Row} Row
 * @typedef {import('./payload.js').Point} Point
 */

const languageOf = (/** @type {Row} */ { facts: { language } }) => language || 'unknown';

/** Whether a dataset has clients other than the library's strategies and the floor. */
export const hasPrograms = (/** @type {Dataset} */ { cases }) => cases.some(({ facts }) => facts.kind === 'program');

/** Worker counts to choose from: all but that of clients that always have one. */
export function workerChoices(/** @type {Row[]} */ rows) {
  const counts = [...new Set(rows.map(({ workers }) => workers))].sort((a, b) => a - b);
  return counts.length > 1 ? counts.filter((workers) => workers > 1) : counts;
}

/** The worker count at which most clients passed; of several, the highest. */
export function mostCommonWorkers(/** @type {Row[]} */ rows) {
  const passed = (/** @type {number} */ workers) => rows.filter((row) => row.workers === workers && !row.failed).length;
  return workerChoices(rows).reduce((best, workers) => (passed(workers) >= passed(best) ? workers : best), 0);
}

/** Rows of a worker count, and of clients with one worker that ran as many items, in their languages' colours. */
export function rowsAt(/** @type {Row[]} */ rows, /** @type {number} */ workers) {
  const chosen = rows.filter((row) => row.workers === workers);
  const items = new Set(chosen.map((row) => row.items));
  const hasOneWorker = (/** @type {Row} */ { strategy }) =>
    rows.every((row) => row.strategy !== strategy || row.workers === 1);
  return rows
    .filter((row) => chosen.includes(row) || (items.has(row.items) && hasOneWorker(row)))
    .map((row) => ({ ...row, look: languageLook(row.facts) }));
}

/** "rust_hyper, Rust, 100 workers: 21.0 µs (… to …) of CPU per request; peak resident memory 4.50 MiB (… to …); 41 ms" */
function describe(/** @type {Row} */ row) {
  const [least, cpu, most] = row.figures.cpu_us_per_request.map((value) => format(value, 'us'));
  const [min, peak, max] = row.figures.rss_peak_bytes.map(bytes);
  return (
    `${row.label}, ${languageOf(row)}, ${count(row.workers, 'worker')}: ${cpu} (${least} to ${most}) of CPU per ` +
    `request; peak resident memory ${peak} (${min} to ${max}); ${duration(median(row, 'real_time'))} in all`
  );
}

/**
 * CPU time per request against peak memory.
 * @param {Row[]} rows of rowsAt()
 * @param {{document?: Document, width: number}} options
 */
export const clientsFigure = (rows, options) =>
  scatterFigure(rows, {
    ...options,
    x: {
      column: 'cpu_us_per_request',
      axis: bottomMicrosecondAxis,
      label: 'CPU time per request, log scale →',
    },
    y: { column: 'rss_peak_bytes', axis: byteAxis, label: '↑ peak resident memory, log scale' },
    text: describe,
    rest: ({ workers }) => (workers === 1 ? '1' : ''),
    isPreferred: ({ frontier }) => frontier.includes('rss_peak_bytes'),
  });

/** Languages in the order of their first rows, with the look of their marks. */
export const languagesOf = (/** @type {Row[]} */ rows) =>
  [...new Map(rows.map((row) => [languageOf(row), languageLook(row.facts).stroke]))].map(([language, stroke]) => ({
    language,
    look: { symbol: 'circle', stroke, fill: stroke },
  }));

/** The point most like the current one but for one member, which has another value. */
function similarPoint(
  /** @type {Point[]} */ points,
  /** @type {Point} */ current,
  /** @type {'task' | 'connections'} */ key,
  /** @type {string} */ value,
) {
  const wanted = { ...current, [key]: value };
  const members = /** @type {const} */ (['task', 'connections', 'warm_up', 'kind']);
  const likeness = (/** @type {Point} */ point) => members.filter((member) => point[member] === wanted[member]).length;
  return points
    .filter((point) => point[key] === value)
    .reduce((best, point) => (likeness(point) > likeness(best) ? point : best));
}

/** A choice of the point by one of its members; nothing if all points are equal in it. */
function pointChoice(
  /** @type {View} */ view,
  /** @type {Point} */ current,
  /** @type {'task' | 'connections'} */ key,
) {
  const { points } = view.dataset;
  const values = [...new Set(points.map((point) => point[key]))];
  if (values.length < 2) return false;
  const choose = (/** @type {string} */ value) => view.change({ point: similarPoint(points, current, key, value).id });
  return radioGroup(
    key,
    key,
    values.map((value) => [value, value]),
    current[key],
    choose,
  );
}

function filters(
  /** @type {View} */ view,
  /** @type {Point} */ point,
  /** @type {number} */ workers,
  /** @type {Row[]} */ candidates,
  /** @type {Row[]} */ visible,
) {
  const { state, change } = view;
  const languages = languagesOf(candidates);
  const counts = workerChoices(view.rows);
  return element(
    'div',
    { class: 'filters', role: 'group', 'aria-label': 'visible clients' },
    pointChoice(view, point, 'task'),
    pointChoice(view, point, 'connections'),
    counts.length > 1 &&
      radioGroup(
        'workers',
        'client-workers',
        counts.map((choice) => [String(choice), integer(choice)]),
        String(workers),
        (value) => change({ client_workers: value }),
      ),
    languages.length > 1 &&
      checkboxGroup(
        'languages',
        'language',
        languages.map(({ language, look }) => ({
          text: language,
          symbol: symbolFor(look),
          checked: !state.languages.includes(language),
          toggle: () => change({ languages: toggled(state.languages, language) }),
        })),
      ),
    element(
      'p',
      { class: 'visible-count' },
      element('span', { role: 'status' }, `${visible.length} of ${count(candidates.length, 'client')} shown`),
      state.languages.length > 0 &&
        element(
          'button',
          { type: 'button', id: 'all-languages', click: () => change({ languages: [] }) },
          'show all languages',
        ),
    ),
  );
}

/** Columns of the table, as far as the payload has them. */
const figures = ['real_time', 'ideal_ratio', 'rss_peak_bytes', 'bytes_per_worker', 'cpu_us_per_request'];

function table(/** @type {View} */ { columns, state, change }, /** @type {Row[]} */ rows) {
  const languages = [...new Set(rows.map(languageOf))].sort();
  const strategy = { name: 'strategy', title: 'client', meaning: 'client, in the usual order' };
  const language = {
    name: 'language',
    title: 'language',
    meaning: 'language, in alphabetical order',
    value: (/** @type {Row} */ row) => languages.indexOf(languageOf(row)),
  };
  const measured = measuredColumns(
    figures.flatMap((figure) => columns.filter(({ name }) => name === figure)),
    rows,
  );
  const order = {
    sort: state.client_sort,
    prefix: 'client-sort',
    choose: (/** @type {string} */ sort) => change({ client_sort: sort }),
  };
  const tableRow = (/** @type {Row} */ row) => {
    const { failed, facts, client_version: version } = row;
    return element(
      'tr',
      { class: failed ? 'failed' : undefined },
      element('th', { scope: 'row' }, symbolFor(row.look), ' ', row.label, version && element('small', {}, version)),
      element('td', { class: 'text' }, languageOf(row)),
      element('td', {}, integer(row.workers)),
      ...(failed
        ? [element('td', { class: 'reason', colspan: measured.length }, failureText(row))]
        : measured.map((column) => cell(column, row, state.ranges !== ''))),
      element('td', { class: 'text changes' }, facts.code_changes || '–'),
    );
  };
  const textHead = (/** @type {string} */ text) => element('th', { scope: 'col', class: 'text' }, text);
  return scrollingTable(
    {
      id: 'client-rows',
      label: 'clients in all languages',
      className: 'clients',
      head: [
        ...[strategy, language, workersColumn, ...measured].map((column) => heading(order, column)),
        textHead('changes to your code'),
      ],
    },
    sortRows(rows, [language, workersColumn, ...measured], state.client_sort).map(tableRow),
  );
}

/** "get: 20 ms per response, 3 KiB pages; 1,000 items, 100 workers." */
function settingText(/** @type {Point} */ { title }, /** @type {Row[]} */ rows, /** @type {number} */ workers) {
  const items = [...new Set(rows.map((row) => row.items))];
  const batch = items.length === 1 ? `${count(items[0], itemNoun(rows[0]))}, ` : '';
  return `${title}; ${batch}${count(workers, 'worker')}.`;
}

export function clientsSection(/** @type {View} */ view) {
  const { dataset, state, rows, width } = view;
  const point = dataset.points.find(({ id }) => id === view.point) ?? dataset.points[0];
  const chosen = Number(state.client_workers);
  const workers = workerChoices(rows).includes(chosen) ? chosen : mostCommonWorkers(rows);
  const candidates = rowsAt(rows, workers);
  const visible = candidates.filter((row) => !state.languages.includes(languageOf(row)));
  const svg = clientsFigure(visible, { width });
  return section(
    'clients',
    'Clients',
    filters(view, point, workers, candidates, visible),
    candidates.length > 0 && element('p', { class: 'caption' }, settingText(point, candidates, workers)),
    svg
      ? figureElement(
          'CPU time per request against peak memory: a mark for each client',
          svg,
          'Less CPU is to the left, leaner is further down. Colours show the language and shapes the control flow. ' +
            'Filled marks are strategies of this library; a 1 marks clients with one worker. Whiskers: minimum to maximum.',
        )
      : element('p', {}, 'No visible client has figures of both CPU time and memory.'),
    visible.length > 0 && table(view, visible),
  );
}
