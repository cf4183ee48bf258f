import { radioGroup, selectBox, symbolFor } from './controls.js';
import { element, factList, scrollingTable, section } from './dom.js';
import { describeSeries, historyFigure, historyPanel, rangeOf, ratioText, shortCommit } from './history_figure.js';
import { figureElement, nameFigure } from './marks.js';
import { rowName } from './payload.js';
import { count, format, integer, significant, utc } from './units.js';

/** The history of recorded runs: a series in large, a recording's details, all changes, and all rows in small. */

/**
 * @typedef {import('./main.js').HistoryView} HistoryView
 * @typedef {import('./payload.js').Group} Group
 * @typedef {import('./payload.js').Metric} Metric
 * @typedef {import('./history_figure.js').RowSeries} RowSeries
 * @typedef {{group: Group, metric: Metric, entries: RowSeries[], current: RowSeries}} Selection
 */

const code = (/** @type {string} */ text) => element('code', {}, text);

/** Files that could not be read. */
const brokenList = (/** @type {HistoryView['broken']} */ broken) =>
  broken.length > 0 &&
  element(
    'div',
    { class: 'broken' },
    element('h3', {}, 'Unreadable files'),
    element('ul', {}, ...broken.map(({ file, reason }) => element('li', {}, code(file), `: ${reason}`))),
  );

/** The series of all rows for one metric: against the chosen reference if the payload has that, else the default. */
function seriesOfRows(/** @type {Group} */ group, /** @type {Metric} */ metric, /** @type {string} */ against) {
  return group.rows.flatMap((row) => {
    const choices = group.series.filter((series) => series.row === row.name && series.metric === metric.name);
    const series =
      choices.find(({ reference }) => reference.name === against) ??
      choices.find(({ is_default }) => is_default) ??
      choices[0];
    return series ? [{ row, metric, series }] : [];
  });
}

/** The series with the latest regression, or that of coroutines with most workers, or the first. */
function mostRelevant(/** @type {RowSeries[]} */ entries) {
  const drawn = entries.filter(({ series }) => series.points.length);
  const lastRegression = (/** @type {RowSeries} */ { series: { changes, points } }) =>
    Math.max(-1, ...changes.filter(({ worse }) => worse).map(({ at }) => points[at].at));
  const worst = drawn.reduce((best, entry) => (lastRegression(entry) >= lastRegression(best) ? entry : best), drawn[0]);
  if (worst && lastRegression(worst) >= 0) return worst;
  return [...drawn].reverse().find(({ row }) => row.label === 'coroutines') ?? drawn[0] ?? entries[0];
}

/** The selected group, metric and entries. @returns {Selection} */
function select(/** @type {HistoryView} */ { history: { groups, metrics }, state }) {
  const latest = (/** @type {Group} */ group) =>
    group.recordings
      .map(({ recorded }) => recorded)
      .sort()
      .pop() ?? '';
  const byDate = [...groups].sort((a, b) => (latest(a) < latest(b) ? 1 : -1));
  const group = groups.find(({ id }) => id === state.group) ?? byDate[0];
  const metric = metrics.find(({ name }) => name === state.metric) ?? metrics[0];
  const entries = seriesOfRows(group, metric, state.against);
  const current = entries.find(({ row }) => row.name === state.series) ?? mostRelevant(entries);
  return { group, metric, entries, current };
}

function controls(/** @type {HistoryView} */ { history, state, change }, /** @type {Selection} */ selected) {
  const { group, metric, current, entries } = selected;
  const references = group.series.filter((series) => series.row === current.row.name && series.metric === metric.name);
  const changesOf = (/** @type {Metric} */ choice) =>
    seriesOfRows(group, choice, state.against).reduce((sum, { series }) => sum + series.changes.length, 0);
  const metricText = (/** @type {Metric} */ choice) => {
    const changes = changesOf(choice);
    return changes ? `${choice.label} (${count(changes, 'change')})` : choice.label;
  };
  return [
    history.groups.length > 1 &&
      radioGroup(
        'machine and setting',
        'group',
        history.groups.map(({ id, title }) => [id, title]),
        group.id,
        (value) => change({ group: value, recording: '' }),
      ),
    radioGroup(
      'metric',
      'metric',
      history.metrics.map((choice) => [choice.name, metricText(choice)]),
      metric.name,
      (value) => change({ metric: value }),
    ),
    element(
      'div',
      { class: 'choices' },
      selectBox(
        'row',
        'history-series',
        entries.map(({ row }) => [row.name, rowName(row)]),
        current.row.name,
        (value) => change({ series: value }),
      ),
      selectBox(
        'reference',
        'against',
        references.map(({ reference: { name, title }, is_default }) =>
          is_default ? ['', `${title} (default)`] : [name, title],
        ),
        current.series.is_default ? '' : current.series.reference.name,
        (value) => change({ against: value }),
      ),
    ),
  ];
}

/** The large figure. A click or Enter on a mark opens the recording's details and highlights its samples. */
function largeFigure(/** @type {HistoryView} */ { state, change, width }, /** @type {Selection} */ selected) {
  const { group, current } = selected;
  const svg = historyFigure(current, group, { width, recording: state.recording });
  if (!svg) return element('p', {}, `${rowName(current.row)} has no figures of this metric, or no reference for them.`);
  const figure = figureElement(
    `history of ${rowName(current.row)}: a mark for each recording`,
    svg,
    `${current.series.band.text} Solid lines: levels. Dashed lines: changes, ▲ worse, ▼ better, ? not yet confirmed. ` +
      'Whiskers: confidence interval of the ratio; dots: repetitions. +: uncommitted changes. A bar on the axis joins recordings of one commit.',
  );
  for (const mark of svg.querySelectorAll('.marks > [data-at]')) {
    const at = String(mark.getAttribute('data-at'));
    const { id } = group.recordings[Number(at)];
    const isOpen = state.recording === id;
    const samples = svg.querySelectorAll(`.samples > [data-at="${at}"]`);
    const highlight = (/** @type {boolean} */ on) => () =>
      samples.forEach((sample) => sample.classList.toggle('lit', on || isOpen));
    const toggle = () => change({ recording: isOpen ? '' : id });
    highlight(false)();
    mark.id = `recording-${id}`;
    mark.setAttribute('role', 'button');
    mark.setAttribute('aria-pressed', String(isOpen));
    mark.addEventListener('click', toggle);
    mark.addEventListener('keydown', (event) => {
      const { key } = /** @type {KeyboardEvent} */ (event);
      if (key !== 'Enter' && key !== ' ') return;
      event.preventDefault();
      toggle();
    });
    for (const name of ['pointerenter', 'focus']) mark.addEventListener(name, highlight(true));
    for (const name of ['pointerleave', 'blur']) mark.addEventListener(name, highlight(false));
  }
  return figure;
}

/** The open recording: its commit, the machine's state, and the current row's figures. */
function recordingDetails(/** @type {HistoryView} */ { state, change }, /** @type {Selection} */ selected) {
  const { group, current, metric } = selected;
  const { recordings } = group;
  const at = recordings.findIndex(({ id }) => id === state.recording);
  if (at < 0) {
    return element('p', { class: 'caption' }, 'Click a mark, or press Enter on it, for the details of its recording.');
  }
  const recording = recordings[at];
  const point = current.series.points.find((candidate) => candidate.at === at);
  const failure = current.series.failed.find((candidate) => candidate.at === at);
  const equal = recordings.filter(({ program }) => program === recording.program).length;
  /** @type {[string, string][]} */
  const facts = [
    ['commit', recording.commit + (recording.dirty ? ', with uncommitted changes' : '')],
    ['subject', recording.subject],
    ['committed', utc(recording.commit_date)],
    ['recorded', utc(recording.recorded)],
    ['compiler', recording.compiler],
    ['load, before and after', recording.load.map((load) => significant(load)).join(', ')],
    ['canary, before and after', recording.canary.map((ms) => `${significant(ms)} ms`).join(', ')],
    ['steal', `${significant(recording.steal, 2)} %`],
    ['program', `${recording.program.slice(0, 12)}…${equal > 1 ? `, recorded ${equal} times here` : ''}`],
  ];
  if (point) {
    facts.push([metric.label, format(point.figure, metric.unit)]);
    facts.push([`ratio to ${current.series.reference.title}`, ratioText(point)]);
  }
  if (point?.samples) {
    facts.push(['repetitions', point.samples.map((figure) => format(figure, metric.unit)).join(', ')]);
  }
  if (failure) facts.push(['failed', failure.reason]);
  if (!point && !failure) facts.push([rowName(current.row), 'not in this recording, or without a reference']);
  return element(
    'div',
    { class: 'details', role: 'group', 'aria-label': `recording ${recording.id}` },
    factList(facts.filter(([, value]) => value)),
    element('button', { type: 'button', id: 'close-recording', click: () => change({ recording: '' }) }, 'close'),
  );
}

/** Changes and accepted regressions of all rows in one metric, latest first. A row's button opens its series. */
function changesTable(/** @type {HistoryView} */ { change }, /** @type {Selection} */ selected) {
  const { group, metric, entries } = selected;
  const lines = entries.flatMap(({ row, series: { points, changes, accepted } }) => {
    const placeOf = (/** @type {number} */ at) => (at < 0 ? -1 : points[at].at);
    const found = changes.map(({ at, text }) => {
      const recording = group.recordings[placeOf(at)];
      const reason = accepted.find(({ commit }) => commit === recording.commit)?.reason;
      return { row, at: placeOf(at), commit: recording.commit, name: shortCommit(recording), text, reason };
    });
    const unmatched = accepted
      .filter(({ commit }) => !found.some((line) => line.commit === commit))
      .map(({ at, commit, reason }) => {
        const text = at < 0 ? 'not among these recordings' : 'no change found';
        return { row, at: placeOf(at), commit, name: commit.slice(0, 7), text, reason };
      });
    return [...found, ...unmatched];
  });
  const title = element('h3', {}, `Changes: ${metric.label}${lines.length ? ` (${lines.length})` : ''}`);
  if (!lines.length) return element('div', {}, title, element('p', {}, 'No row changed by more than its noise.'));
  const cells = lines
    .sort((a, b) => b.at - a.at)
    .map(({ row, name, text, reason }, index) => {
      const open = { type: 'button', id: `change-${index}`, click: () => change({ series: row.name }) };
      return element(
        'tr',
        {},
        element('th', { scope: 'row' }, element('button', open, symbolFor(row.look), ` ${rowName(row)}`)),
        element('td', {}, code(name)),
        element('td', { class: 'note' }, text, reason !== undefined && element('strong', {}, `; accepted: ${reason}`)),
      );
    });
  const label = `changes of ${metric.label}`;
  const table = { id: 'changes', label, className: 'words', head: ['row', 'commit', 'change'] };
  return element('div', {}, title, scrollingTable(table, cells));
}

/** All visible rows in small, with one scale. A panel's button opens it in large. */
function panels(/** @type {HistoryView} */ { state, width, change }, /** @type {Selection} */ selected) {
  const { group, metric, entries, current } = selected;
  const visible = entries.filter(
    ({ row, series }) =>
      series.points.length && !state.hidden.includes(row.label) && !state.workers.includes(row.workers),
  );
  if (visible.length < 2) return null;
  const ranges = visible.map(rangeOf).map(([low, high]) => high / low);
  const span = Math.max(1.1, ...ranges) * 1.08;
  const columns = Math.max(2, Math.floor(width / 250));
  const panelWidth = Math.floor((width - 16 * (columns - 1)) / columns);
  return element(
    'div',
    {},
    element('h3', {}, `All rows: ${metric.label}`),
    element(
      'ul',
      { class: 'history-panels', style: `--columns:${columns}` },
      ...visible.map((entry, index) => {
        const { row, series } = entry;
        const isCurrent = row.name === current.row.name;
        const open = () => change({ series: row.name });
        const button = { type: 'button', id: `history-panel-${index}`, 'aria-pressed': String(isCurrent), click: open };
        return element(
          'li',
          {},
          element(
            'h4',
            {},
            element('button', button, symbolFor(row.look), ` ${row.label} `, element('span', {}, integer(row.workers))),
            element('small', {}, `÷ ${series.reference.title}`),
          ),
          nameFigure(historyPanel(entry, group, { width: panelWidth, span }), 'img', describeSeries(entry)),
        );
      }),
    ),
    element('p', { class: 'caption' }, 'A percent has the same height in each panel.'),
  );
}

/** Each row over commits, as its ratio to a reference of the same run, which a slower machine slows as well. */
export function historySection(/** @type {HistoryView} */ view) {
  const { history, broken } = view;
  if (!history.groups.length) {
    return section(
      'history',
      'History',
      element(
        'p',
        {},
        'There are no recordings. ',
        code('./dev track record'),
        ' measures the current commit and ',
        code('./dev track record --of COMMIT'),
        ' another; both keep their result in ',
        code('results/runs'),
        '.',
      ),
      brokenList(broken),
    );
  }
  const selected = select(view);
  const { group, current } = selected;
  const commits = new Set(group.recordings.map(({ commit }) => commit)).size;
  return section(
    'history',
    'History',
    element(
      'p',
      {},
      `${count(group.recordings.length, 'recording')} of ${count(commits, 'commit')} on ${group.machine}. ` +
        'Figures are ratios to a reference of the same run, so that a slower machine does not look like slower code. Lower is better.',
    ),
    ...(current ? controls(view, selected) : []),
    current && largeFigure(view, selected),
    current && recordingDetails(view, selected),
    changesTable(view, selected),
    panels(view, selected),
    brokenList(broken),
  );
}
