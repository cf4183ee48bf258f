import { historyOf } from '../../model/history.js';
import { historyMetrics } from '../../model/history_metrics.js';
import { inOrderOfCommits } from '../../model/history_order.js';
import { canaryReference, idealReference, rowInWords, seriesOf } from '../../model/history_reference.js';
import { bandInWords } from '../../model/history_words.js';
import { figureElement } from '../controls/figure.js';
import { oneOf, oneOfMany } from '../controls/filters.js';
import { element } from '../dom.js';
import { historyFigure } from '../figures/history.js';
import { changesList } from './history_changes.js';
import { historyPanels } from './history_panels.js';
import { recordingDetails } from './recording_details.js';
import { section } from './section.js';

/**
 * @typedef {import('../view.js').View} View
 * @typedef {import('../../model/history.js').Series} Series
 * @typedef {import('../../model/history_types.js').Recording} Recording
 */

const title = 'History';

/** How to get what is missing. */
function absent() {
  return section(
    'history',
    title,
    element(
      'p',
      {},
      'Nothing was recorded yet. ',
      element('code', {}, './dev track record'),
      ' measures this commit, ',
      element('code', {}, './dev track record --of COMMIT'),
      ' another, and keeps the result in ',
      element('code', {}, 'results/runs'),
      '; make the page again then.',
    ),
  );
}

/** The recordings of the machine and the setting that are chosen, in their commits' order. */
function chosenRecordings(/** @type {View} */ view) {
  const { recordings } = view.history;
  const latest = [...recordings].sort((a, b) => (a.recorded < b.recorded ? 1 : -1));
  const machines = [...new Set(latest.map((one) => one.machine))];
  const machine = machines.includes(view.state.machine) ? view.state.machine : machines[0];
  const settings = [...new Set(latest.filter((one) => one.machine === machine).map((one) => one.setting))];
  const setting = settings.includes(view.state.setting) ? view.state.setting : settings[0];
  const of = recordings.filter((one) => one.machine === machine && one.setting === setting);
  return { machines, machine, settings, setting, recordings: inOrderOfCommits(of) };
}

/** Which has most to tell: what got worse last, then coroutines, then the first; of several numbers of workers the most. */
function mostTelling(/** @type {Series[]} */ all) {
  const lastWorse = (/** @type {Series} */ one) =>
    Math.max(-1, ...one.changes.filter((change) => change.worse).map((change) => one.points[change.at].place));
  const drawn = all.filter((one) => one.points.length);
  const worst = drawn.reduce((best, one) => (lastWorse(one) >= lastWorse(best) ? one : best), drawn[0]);
  if (worst && lastWorse(worst) >= 0) return worst;
  return [...drawn].reverse().find((one) => one.name.startsWith('fetch/strategy:coroutines/')) ?? drawn[0] ?? all[0];
}

function controls(
  /** @type {View} */ view,
  /** @type {ReturnType<typeof chosenRecordings>} */ chosen,
  /** @type {Series} */ shown,
) {
  const { machines, machine, settings, setting, recordings } = chosen;
  const { metric, against } = view.state;
  const rows = seriesOf(recordings);
  return [
    machines.length > 1 &&
      oneOf(
        'machine',
        'machine',
        machines.map((one) => ({ value: one, text: one })),
        machine,
        (value) => view.change({ machine: value, setting: '', recording: '' }),
      ),
    settings.length > 1 &&
      oneOf(
        'measured',
        'setting',
        settings.map((one) => ({ value: one, text: one })),
        setting,
        (value) => view.change({ setting: value, recording: '' }),
      ),
    oneOf(
      'figure',
      'metric',
      Object.entries(historyMetrics).map(([value, { words }]) => ({ value, text: words })),
      metric,
      (value) => view.change({ metric: value }),
    ),
    element(
      'div',
      { class: 'choices' },
      oneOfMany(
        'row',
        'history-series',
        rows.map((one) => ({ value: one.name, text: rowInWords(one.name) })),
        shown.name,
        (value) => view.change({ series: value }),
      ),
      oneOfMany(
        'against',
        'against',
        [
          { value: '', text: 'the floor (raw_epoll), or what there is' },
          ...(metric === 'real_time' ? [{ value: idealReference, text: 'the ideal' }] : []),
          ...(historyMetrics[metric].inMs ? [{ value: canaryReference, text: 'the canary' }] : []),
          ...rows.map((one) => ({ value: one.name, text: rowInWords(one.name) })),
        ],
        against,
        (value) => view.change({ against: value }),
      ),
    ),
  ];
}

/** The large figure; a recording's samples come forward under the pointer or the focus, and stay at a click or Enter. */
function largeFigure(/** @type {View} */ view, /** @type {Series} */ series, /** @type {Recording[]} */ recordings) {
  const svg = historyFigure(series, recordings, { width: view.width, chosen: view.state.recording });
  if (!svg) return element('p', {}, `${rowInWords(series.name)} has no such figure, or nothing to hold it against.`);
  const made = figureElement(
    `history of ${rowInWords(series.name)}: a mark for each recording`,
    svg,
    bandInWords(series),
    ' Lines: levels; a dashed line, where a new one begins: ▲ worse, ▼ better, ? not confirmed by a recording after it. ' +
      'Whiskers: the interval of the ratio, at 95 % at least; dots: the repetitions. +: the sources were not the commit’s. A bar on the axis joins recordings of one commit.',
  );
  for (const mark of svg.querySelectorAll('.marks > [data-recording]')) {
    const id = String(mark.getAttribute('data-recording'));
    const at = series.points.findIndex((one) => one.recording.id === id);
    const own = svg.querySelectorAll(`.samples > [data-point="${at}"]`);
    const light = (/** @type {boolean} */ on) => () => own.forEach((one) => one.classList.toggle('lit', on));
    const pick = () => view.change({ recording: view.state.recording === id ? '' : id });
    mark.id = `recording-${id}`;
    if (view.state.recording === id) own.forEach((one) => one.classList.add('chosen'));
    mark.setAttribute('role', 'button');
    mark.setAttribute('aria-pressed', String(view.state.recording === id));
    mark.addEventListener('click', pick);
    mark.addEventListener('keydown', (event) => {
      const { key } = /** @type {KeyboardEvent} */ (event);
      if (key !== 'Enter' && key !== ' ') return;
      event.preventDefault();
      pick();
    });
    for (const name of ['pointerenter', 'focus']) mark.addEventListener(name, light(true));
    for (const name of ['pointerleave', 'blur']) mark.addEventListener(name, light(false));
  }
  return made;
}

/** Each row over commits, as the ratio to another row of the same run: machines that got slower move both. */
export function history(/** @type {View} */ view) {
  if (!view.history.recordings.length) return absent();
  const chosen = chosenRecordings(view);
  const { recordings, machine } = chosen;
  const { accepted } = view.history;
  const all = seriesOf(recordings).map((one) =>
    historyOf(recordings, one.name, view.state.metric, { chosen: view.state.against, accepted }),
  );
  const shown = all.find((one) => one.name === view.state.series) ?? mostTelling(all);
  const commits = new Set(recordings.map((one) => one.commit)).size;
  return section(
    'history',
    title,
    element(
      'p',
      {},
      `${recordings.length} ${recordings.length === 1 ? 'recording' : 'recordings'} of ${commits} ${commits === 1 ? 'commit' : 'commits'} on ${machine}. ` +
        'Not seconds or bytes, but their ratio to another row of the same run: what the machine does moves both, what the code does one. Less is better.',
    ),
    ...controls(view, chosen, shown).filter((one) => one !== false),
    largeFigure(view, shown, recordings),
    recordingDetails(view, shown, recordings),
    changesList(all, shown),
    historyPanels(view, all, shown, recordings),
  );
}
