import { columns, formatted, sortedCases } from '../../model/columns.js';
import { csvOf } from '../../model/csv.js';
import { symbolFor } from '../controls/symbol.js';
import { element } from '../dom.js';
import { section } from './section.js';

/** @typedef {import('../view.js').View} View */
/** @typedef {import('../../model/types.js').Case} Case */

/** A heading that sorts: by its column, and the other way round when it does so already. */
function heading(
  /** @type {View} */ view,
  /** @type {{key: string, title: string, meaning: string}} */ { key, title, meaning },
) {
  const descending = view.state.sort === `-${key}`;
  const sorted = descending || view.state.sort === key;
  return element(
    'th',
    { scope: 'col', 'aria-sort': sorted ? (descending ? 'descending' : 'ascending') : 'none' },
    element(
      'button',
      {
        type: 'button',
        id: `sort-${key}`,
        title: meaning,
        click: () => view.change({ sort: sorted && !descending ? `-${key}` : key }),
      },
      title,
      element('span', { class: 'sorted', 'aria-hidden': 'true' }, sorted ? (descending ? ' ▾' : ' ▴') : ''),
    ),
  );
}

/** "0.315 to 0.322", in the column's unit; nothing of what is not measured itself but follows from other rows. */
function rangeOf(
  /** @type {import('../../model/columns.js').Column} */ column,
  /** @type {Case} */ one,
  /** @type {Case[]} */ all,
) {
  const spread = one.figures[column.key];
  const value = column.value(one, all);
  if (!spread || !value) return '';
  const unit = spread[1] / value;
  return `${formatted(column, spread[0] / unit)} to ${formatted(column, spread[2] / unit)}`;
}

function row(/** @type {View} */ view, /** @type {Case} */ one) {
  const head = element('th', { scope: 'row' }, symbolFor(one.strategy), ' ', one.label);
  if (one.failed) {
    return element(
      'tr',
      { class: 'failed' },
      head,
      element('td', {}, one.workers.toLocaleString('en')),
      element(
        'td',
        { class: 'reason', colspan: columns.length - 1 },
        `FAILED (${one.failed.count} of ${one.repetitions}): ${one.failed.reason}`,
      ),
    );
  }
  return element(
    'tr',
    {},
    head,
    ...columns.map((column) =>
      element(
        'td',
        {},
        formatted(column, column.value(one, view.all)),
        view.state.ranges && element('small', {}, rangeOf(column, one, view.all)),
      ),
    ),
  );
}

function download(/** @type {View} */ view, /** @type {Case[]} */ cases) {
  const link = element('a', {
    download: `farebench-${view.dataset.id.replace(/[^\w.-]+/g, '_')}.csv`,
    href: URL.createObjectURL(new Blob([csvOf(cases)], { type: 'text/csv' })),
  });
  link.click();
  URL.revokeObjectURL(/** @type {HTMLAnchorElement} */ (link).href);
}

/** Every row with all its columns. */
export function table(/** @type {View} */ view) {
  const { sort } = view.state;
  const cases = sortedCases(view.cases, view.all, sort.replace(/^-/, ''), sort.startsWith('-'));
  const remarks = cases.filter((one) => one.notes.some((note) => note.includes(';')));
  return section(
    'table',
    'The table',
    element(
      'div',
      { class: 'scrolls', role: 'region', tabindex: 0, id: 'rows', 'aria-label': 'all columns of the rows' },
      element(
        'table',
        { class: 'rows' },
        element(
          'thead',
          {},
          element(
            'tr',
            {},
            ...[{ key: 'strategy', title: 'strategy', meaning: 'the way of working' }, ...columns].map((column) =>
              heading(view, column),
            ),
          ),
        ),
        element('tbody', {}, ...cases.map((one) => row(view, one))),
      ),
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
          checked: view.state.ranges !== '',
          change: () => view.change({ ranges: view.state.ranges ? '' : 'shown' }),
        }),
        element('span', {}, 'least to most beneath each median'),
      ),
      element(
        'button',
        { type: 'button', id: 'csv', click: () => download(view, cases) },
        `download these ${cases.length} rows as CSV`,
      ),
    ),
    remarks.length > 0 &&
      element(
        'details',
        {},
        element('summary', {}, `what the bench remarked on ${remarks.length} of these rows`),
        element(
          'ul',
          {},
          ...remarks.map((one) =>
            element(
              'li',
              {},
              element('strong', {}, `${one.label} ${one.workers.toLocaleString('en')}: `),
              one.notes.filter((note) => note.includes(';')).join(' · '),
            ),
          ),
        ),
      ),
  );
}
