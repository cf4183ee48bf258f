import { element, svgElement } from './dom.js';
import { symbolPath } from './look.js';
import { integer } from './units.js';

/** Form controls: choices between datasets, points and rows. Each control has a stable id, which keeps the focus. */

/** @typedef {import('./main.js').View} View */

/** A strategy's symbol, as figures draw it, for a line of text. */
export function symbolFor(/** @type {import('./look.js').Look} */ { symbol, stroke, fill }) {
  const path = svgElement(document, 'path', { d: symbolPath(symbol), stroke, 'stroke-width': 1.5, fill });
  const box = { class: 'symbol', viewBox: '-8 -8 16 16', width: 14, height: 14, 'aria-hidden': 'true' };
  return svgElement(document, 'svg', box, path);
}

/**
 * A choice between few values: radio buttons that look like tabs.
 * @param {string} legend
 * @param {string} name
 * @param {[value: string, text: string][]} choices
 * @param {string} current
 * @param {(value: string) => void} choose
 */
export const radioGroup = (legend, name, choices, current, choose) =>
  element(
    'fieldset',
    { class: 'radio-group' },
    element('legend', {}, legend),
    ...choices.map(([value, text], index) =>
      element(
        'label',
        {},
        element('input', {
          type: 'radio',
          name,
          id: `${name}-${index}`,
          checked: value === current,
          change: () => choose(value),
        }),
        element('span', {}, text),
      ),
    ),
  );

/**
 * A choice between many values: a list that opens.
 * @param {string} legend
 * @param {string} id
 * @param {[value: string, text: string][]} choices
 * @param {string} current
 * @param {(value: string) => void} choose
 */
export const selectBox = (legend, id, choices, current, choose) =>
  element(
    'label',
    { class: 'select-box' },
    legend,
    element(
      'select',
      { id, change: (event) => choose(event.target.value) },
      ...choices.map(([value, text]) => element('option', { value, selected: value === current }, text)),
    ),
  );

/**
 * Check boxes, each with an optional symbol.
 * @param {string} legend
 * @param {string} name
 * @param {{text: string, checked: boolean, toggle: () => void, symbol?: Node}[]} choices
 */
export const checkboxGroup = (legend, name, choices) =>
  element(
    'fieldset',
    { class: 'checkbox-group' },
    element('legend', {}, legend),
    ...choices.map(({ text, checked, toggle, symbol }, index) =>
      element(
        'label',
        {},
        element('input', { type: 'checkbox', id: `${name}-${index}`, checked, change: toggle }),
        symbol,
        element('span', {}, text),
      ),
    ),
  );

/** A list with a value added, or without it if it has it. @template T @param {T[]} list @param {T} value */
export const toggled = (list, value) =>
  list.includes(value) ? list.filter((member) => member !== value) : [...list, value];

/** Chooses the dataset and its point. */
export function datasetChooser(/** @type {View} */ { datasets, dataset, point, change }) {
  return element(
    'div',
    { class: 'chooser' },
    datasets.length > 1 &&
      radioGroup(
        'workload',
        'data',
        datasets.map(({ id, title }) => [id, title]),
        dataset.id,
        (data) => change({ data, point: '' }),
      ),
    dataset.points.length > 1 &&
      radioGroup(
        'point',
        'point',
        dataset.points.map(({ id, title }) => [id, title]),
        point,
        (value) => change({ point: value }),
      ),
  );
}

/** Chooses the visible strategies and worker counts. The strategies' boxes are the key of all figures. */
export function rowFilters(/** @type {View} */ { all, rows, state, change }) {
  const workerCounts = [...new Set(all.map((row) => row.workers))].sort((a, b) => a - b);
  const labels = [...new Map(all.map((row) => [row.label, row.look]))];
  return element(
    'div',
    { class: 'filters', role: 'group', 'aria-label': 'visible rows' },
    checkboxGroup(
      'strategies',
      'strategy',
      labels.map(([label, look]) => ({
        text: label,
        symbol: symbolFor(look),
        checked: !state.hidden.includes(label),
        toggle: () => change({ hidden: toggled(state.hidden, label) }),
      })),
    ),
    checkboxGroup(
      'workers',
      'workers',
      workerCounts.map((workers) => ({
        text: integer(workers),
        checked: !state.workers.includes(workers),
        toggle: () => change({ workers: toggled(state.workers, workers) }),
      })),
    ),
    element(
      'p',
      { class: 'visible-count' },
      element('span', { role: 'status' }, `${rows.length} of ${all.length} rows shown`),
      rows.length < all.length &&
        element(
          'button',
          { type: 'button', id: 'show-all', click: () => change({ hidden: [], workers: [] }) },
          'show all',
        ),
    ),
  );
}
