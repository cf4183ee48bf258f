import { symbolFor } from './controls.js';
import { element, scrollingTable, section } from './dom.js';
import { median, rowName } from './payload.js';
import { columnScale, integer, plainNumber } from './units.js';

/** The table of all rows and columns, its order, and its download as CSV. */

/**
 * @typedef {import('./main.js').View} View
 * @typedef {import('./payload.js').Row} Row
 * @typedef {{name: string, title: string, meaning: string, value: (row: Row) => number, text: (value: number) => string}} TableColumn
 */

/**
 * Columns of the payload, each in one unit for all rows.
 * @param {import('./payload.js').Column[]} columns
 * @param {Row[]} rows
 * @returns {TableColumn[]}
 */
export const measuredColumns = (columns, rows) =>
  columns.map(({ name, title, unit, better, meaning }) => {
    const values = rows.map((row) => median(row, name)).filter((value) => !Number.isNaN(value));
    const { divisor, suffix } = columnScale(unit, values);
    return {
      name,
      title: suffix ? `${title}, ${suffix}` : title,
      meaning: better === 'none' ? meaning : `${meaning}; ${better} is better`,
      value: (/** @type {Row} */ row) => median(row, name),
      text: (/** @type {number} */ value) => plainNumber(value / divisor),
    };
  });

/** The number of workers. @type {TableColumn} */
export const workersColumn = {
  name: 'workers',
  title: 'workers',
  meaning: 'maximum number of items in progress',
  value: (row) => row.workers,
  text: integer,
};

/**
 * Rows by a column. Rows without a value come last in both directions. Other keys than columns keep the payload's order.
 * @param {Row[]} rows
 * @param {{name: string, value: (row: Row) => number}[]} columns
 * @param {string} sort  a column's name, after a minus if descending
 */
export function sortRows(rows, columns, sort) {
  const descending = sort.startsWith('-');
  const key = sort.replace(/^-/, '');
  const column = columns.find(({ name }) => name === key);
  if (!column) return descending && key === 'strategy' ? [...rows].reverse() : [...rows];
  const sign = descending ? -1 : 1;
  return [...rows].sort((a, b) => {
    const [left, right] = [column.value(a), column.value(b)];
    if (Number.isNaN(left) || Number.isNaN(right)) return Number(Number.isNaN(left)) - Number(Number.isNaN(right));
    return sign * (left - right);
  });
}

/** A CSV field. An apostrophe keeps spreadsheets from reading text as a formula. */
function csvField(/** @type {string | number} */ value) {
  const text = typeof value === 'string' && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
  return /[",\r\n\u2028\u2029]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Rows as CSV (RFC 4180), with the median, minimum and maximum of each figure in the result file's units. */
export function formatCsv(/** @type {Row[]} */ rows) {
  const figures = [...new Set(rows.flatMap((row) => Object.keys(row.figures)))].sort();
  const keys = /** @type {const} */ (['strategy', 'loops', 'workers', 'days', 'point', 'repetitions']);
  const head = [
    ...keys,
    'failed',
    'reason',
    ...figures.flatMap((name) => [`${name}_median`, `${name}_min`, `${name}_max`]),
  ];
  const lines = rows.map((row) => [
    ...keys.map((key) => row[key]),
    row.failed?.count ?? 0,
    row.failed?.reason ?? '',
    ...figures.flatMap((name) => [1, 0, 2].map((part) => row.figures[name]?.[part] ?? '')),
  ]);
  return [head, ...lines].map((line) => `${line.map(csvField).join(',')}\r\n`).join('');
}

/**
 * A heading that sorts by its column; a second click reverses the order.
 * @param {{sort: string, prefix: string, choose: (sort: string) => void}} order  `prefix` of the buttons' ids
 * @param {Omit<TableColumn, 'value' | 'text'>} column
 */
export function heading({ sort, prefix, choose }, { name, title, meaning }) {
  const descending = sort === `-${name}`;
  const isSorted = descending || sort === name;
  const arrow = descending ? ' ▾' : ' ▴';
  const next = isSorted && !descending ? `-${name}` : name;
  return element(
    'th',
    { scope: 'col', 'aria-sort': isSorted ? (descending ? 'descending' : 'ascending') : 'none' },
    element(
      'button',
      { type: 'button', id: `${prefix}-${name}`, title: meaning, click: () => choose(next) },
      title,
      element('span', { class: 'arrow', 'aria-hidden': 'true' }, isSorted ? arrow : ''),
    ),
  );
}

export function cell(/** @type {TableColumn} */ column, /** @type {Row} */ row, /** @type {boolean} */ hasRange) {
  const value = column.value(row);
  if (Number.isNaN(value)) return element('td', {}, '–');
  const [min, , max] = row.figures[column.name] ?? [];
  const range = min === undefined ? '' : `${column.text(min)} to ${column.text(max)}`;
  return element('td', {}, column.text(value), hasRange && element('small', {}, range));
}

/** "FAILED (1 of 5): late"; nothing for a row that passed. */
export const failureText = (/** @type {Row} */ { failed, repetitions }) =>
  failed && `FAILED (${failed.count} of ${repetitions}): ${failed.reason}`;

function tableRow(/** @type {View} */ view, /** @type {TableColumn[]} */ columns, /** @type {Row} */ row) {
  const head = element('th', { scope: 'row' }, symbolFor(row.look), ' ', row.label);
  if (!row.failed) {
    const hasRange = view.state.ranges !== '';
    return element('tr', {}, head, ...columns.map((column) => cell(column, row, hasRange)));
  }
  return element(
    'tr',
    { class: 'failed' },
    head,
    element('td', {}, integer(row.workers)),
    element('td', { class: 'reason', colspan: columns.length - 1 }, failureText(row)),
  );
}

function download(/** @type {string} */ id, /** @type {Row[]} */ rows) {
  const href = URL.createObjectURL(new Blob([formatCsv(rows)], { type: 'text/csv' }));
  element('a', { download: `farebench-${id.replace(/[^\w.-]+/g, '_')}.csv`, href }).click();
  URL.revokeObjectURL(href);
}

/** Notes of the bench on visible rows, without those that only name the engine. */
function notesList(/** @type {Row[]} */ rows) {
  const warnings = rows.flatMap((row) => {
    const notes = row.notes.filter((note) => !/^engine: [^;]*$/.test(note));
    return notes.length ? [{ row, text: notes.join(' · ') }] : [];
  });
  if (!warnings.length) return null;
  return element(
    'details',
    {},
    element('summary', {}, `notes of the bench on ${warnings.length} of these rows`),
    element(
      'ul',
      {},
      ...warnings.map(({ row, text }) => element('li', {}, element('strong', {}, `${rowName(row)}: `), text)),
    ),
  );
}

export function tableSection(/** @type {View} */ view) {
  const { rows, all, state, dataset, change } = view;
  const columns = [workersColumn, ...measuredColumns(view.columns, all)];
  const sorted = sortRows(rows, columns, state.sort);
  const strategy = { name: 'strategy', title: 'strategy', meaning: 'strategy, in the usual order' };
  const order = { sort: state.sort, prefix: 'sort', choose: (/** @type {string} */ sort) => change({ sort }) };
  return section(
    'table',
    'Table',
    scrollingTable(
      {
        id: 'rows',
        label: 'all columns of the rows',
        className: 'rows',
        head: [strategy, ...columns].map((column) => heading(order, column)),
      },
      sorted.map((row) => tableRow(view, columns, row)),
    ),
    element(
      'div',
      { class: 'table-foot' },
      element(
        'label',
        {},
        element('input', {
          type: 'checkbox',
          id: 'ranges',
          checked: state.ranges !== '',
          change: () => change({ ranges: state.ranges ? '' : 'shown' }),
        }),
        element('span', {}, 'minimum and maximum below each median'),
      ),
      element(
        'button',
        { type: 'button', id: 'csv', click: () => download(dataset.id, sorted) },
        `download these ${sorted.length} rows as CSV`,
      ),
    ),
    notesList(sorted),
  );
}
