import { datasetChooser, symbolFor } from './controls.js';
import { element, scrollingTable, section } from './dom.js';
import { itemNoun, rowName } from './payload.js';
import { count, times } from './units.js';

/** The recommendation for a point, and the strategies with the code that each needs. */

/** @typedef {import('./main.js').View} View */

/** "100 days, two requests per day", "one item per worker, one request per item". */
function batchText(/** @type {import('./payload.js').Row[]} */ rows) {
  const items = [...new Set(rows.map((row) => row.items))];
  const noun = itemNoun(rows[0]);
  const requests = `${noun === 'day' ? 'two requests' : 'one request'} per ${noun}`;
  if (items.length === 1) return `${count(items[0], noun)}, ${requests}`;
  const isOnePerWorker = rows.every((row) => row.items === row.workers);
  return `${isOnePerWorker ? `one ${noun} per worker` : `${items.join(', ')} ${noun}s`}, ${requests}`;
}

function comparisonTable(/** @type {View} */ { all }, /** @type {import('./payload.js').Recommendation} */ { rows }) {
  const ratioHead = (/** @type {string} */ text) => element('th', { scope: 'col', class: 'ratio' }, text);
  const ratio = (/** @type {number | null} */ value) =>
    element('td', { class: 'ratio' }, value === null ? '–' : times(value));
  return scrollingTable(
    {
      id: 'comparison',
      label: 'comparison with the recommended row',
      className: 'words',
      head: ['row', ratioHead('time'), ratioHead('peak memory'), 'note'],
    },
    rows.map(({ case: name, time_ratio, memory_ratio, text }) => {
      const row = all.find((candidate) => candidate.name === name);
      const head = row ? [symbolFor(row.look), ` ${rowName(row)}`] : [name];
      return element(
        'tr',
        {},
        element('th', { scope: 'row' }, ...head),
        ratio(time_ratio),
        ratio(memory_ratio),
        element('td', { class: 'note' }, text),
      );
    }),
  );
}

function strategyTable(/** @type {View} */ { all, strategies }) {
  const names = new Set(all.map((row) => row.strategy));
  return scrollingTable(
    {
      id: 'strategies',
      label: 'strategies and the code that each needs',
      className: 'words wide',
      head: ['strategy', 'control flow', 'changes to your code'],
    },
    strategies
      .filter(({ name }) => names.has(name))
      .map(({ look, name, label, control_flow, code_changes }) =>
        element(
          'tr',
          {},
          element(
            'th',
            { scope: 'row' },
            symbolFor(look),
            ` ${name}`,
            label !== name.replaceAll('_', ' ') && element('small', {}, label),
          ),
          element('td', {}, control_flow),
          element('td', {}, code_changes),
        ),
      ),
  );
}

export function recommendationSection(/** @type {View} */ view) {
  const { dataset, point, all } = view;
  const { context } = dataset;
  const found = dataset.answers.find((candidate) => candidate.point === point);
  const setting = dataset.points.find(({ id }) => id === point)?.title ?? point;
  const machine = [
    `${context.num_cpus ?? 'an unknown number of'} cores (${context.cpu_model ?? 'unknown processor'})`,
    context.usable_cpus && Number(context.usable_cpus) !== context.num_cpus && `${context.usable_cpus} usable`,
    context.cpu_quota && `CPU quota ${context.cpu_quota}`,
    context.os,
    context.libcurl && `libcurl ${context.libcurl}`,
  ]
    .filter(Boolean)
    .join(', ');
  const date = String(context.date ?? 'unknown date').slice(0, 10);
  return section(
    'recommendation',
    'Recommendation',
    datasetChooser(view),
    element('p', { class: 'headline' }, found?.headline ?? 'No recommendation for this point.'),
    element(
      'p',
      { class: 'setting' },
      `${dataset.title}: ${batchText(all)}; ${setting}. Measured on ${machine}, ${date}. ` +
        'Figures are medians over all repetitions; ranges are from minimum to maximum.',
    ),
    found && found.rows.length > 0 && comparisonTable(view, found),
    element('h3', {}, 'Code that each strategy needs'),
    strategyTable(view),
  );
}
