import { clientsSection, hasPrograms } from './clients.js';
import { historySection } from './history.js';
import { element, factList, section } from './dom.js';
import { hideTooltip } from './marks.js';
import { memoryOverTimeSection } from './memory_over_time.js';
import { parsePayload, prepare } from './payload.js';
import { recommendationSection } from './recommendation.js';
import { scalingSection } from './scaling.js';
import { formatState, parseState } from './state.js';
import { tableSection } from './table.js';
import { timeMemorySection } from './time_memory.js';
import { waitingSection } from './waiting.js';

/**
 * The page. A section is a function from a view to an element; each change of the state draws all sections again.
 *
 * @typedef {import('./payload.js').Payload} Payload
 * @typedef {import('./payload.js').Row} Row
 * @typedef {import('./state.js').State} State
 *
 * `width` is that of figures, in pixels.
 * @typedef {{history: Payload['history'], broken: Payload['broken'], state: State,
 *   change: (changes: Partial<State>) => void, width: number}} HistoryView
 *
 * `all` are the rows of the point, `rows` those of them that no filter hides.
 * @typedef {{columns: Payload['columns'], strategies: Payload['strategies'], datasets: Payload['datasets'],
 *   dataset: Payload['datasets'][number], point: string, all: Row[], rows: Row[]}} DatasetView
 *
 * @typedef {HistoryView & DatasetView} View
 */

/** The machine, versions and settings of the dataset's run. */
function contextSection(/** @type {View} */ { dataset }) {
  const text = (/** @type {unknown} */ value) => (typeof value === 'string' ? value || '–' : JSON.stringify(value));
  const facts = Object.entries(dataset.context).map(
    ([key, value]) => /** @type {[string, string]} */ ([key.replaceAll('_', ' '), text(value)]),
  );
  return section('context', 'Measured with', factList([['file', dataset.file], ...facts]));
}

/** Sections of a dataset, before and after the history. */
const firstSections = [recommendationSection, timeMemorySection];
const middleSections = [memoryOverTimeSection, waitingSection, scalingSection];
const lastSections = [tableSection, contextSection];

/** The part of the payload that the state selects; null if the payload has no dataset. @returns {DatasetView | null} */
function selectDataset(/** @type {Payload} */ { columns, strategies, datasets }, /** @type {State} */ state) {
  const dataset = datasets.find(({ id }) => id === state.data) ?? datasets[0];
  if (!dataset) return null;
  const point = (dataset.points.find(({ id }) => id === state.point) ?? dataset.points[0]).id;
  const all = dataset.cases.filter((row) => row.point === point);
  const rows = all.filter((row) => !state.workers.includes(row.workers) && !state.hidden.includes(row.label));
  return { columns, strategies, datasets, dataset, point, all, rows };
}

const main = /** @type {HTMLElement} */ (document.querySelector('main'));

/** Width of a figure in pixels; below 280 it scrolls. */
function figureWidth() {
  const { paddingLeft, paddingRight } = getComputedStyle(main);
  return Math.max(280, Math.floor(main.clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight)));
}

function start(/** @type {Payload} */ payload) {
  let state = parseState(location.hash);
  let width = figureWidth();

  /** Draws the page again. Elements with the same id keep the focus, and their place in the window if they have it. */
  function draw() {
    const focused = document.activeElement;
    const top = focused?.getBoundingClientRect().top ?? 0;
    const scrolled = [...document.querySelectorAll('.scrolls')].map(({ id, scrollLeft }) => ({ id, scrollLeft }));
    hideTooltip();
    const { history, broken } = payload;
    const historyView = { history, broken, state, change, width };
    const selected = selectDataset(payload, state);
    if (selected) {
      const view = { ...selected, ...historyView };
      const drawAll = (/** @type {((view: View) => HTMLElement)[]} */ sections) => sections.map((draw) => draw(view));
      const clients = hasPrograms(selected.dataset) ? [clientsSection] : [];
      const drawn = drawAll([...firstSections, ...clients, ...middleSections]);
      main.replaceChildren(...drawn, historySection(view), ...drawAll(lastSections));
    } else {
      main.replaceChildren(historySection(historyView));
    }
    document.title = `farebench: ${selected?.dataset.title ?? 'history'}`;
    const same = focused?.id && document.getElementById(focused.id);
    if (same) {
      same.focus({ preventScroll: true });
      scrollBy(0, same.getBoundingClientRect().top - top);
    }
    for (const { id, scrollLeft } of scrolled) document.getElementById(id)?.scrollTo({ left: scrollLeft });
  }

  function change(/** @type {Partial<State>} */ changes) {
    state = { ...state, ...changes };
    history.replaceState(null, '', formatState(state) || location.pathname + location.search);
    draw();
  }

  addEventListener('hashchange', () => {
    state = parseState(location.hash);
    draw();
  });
  new ResizeObserver(() => {
    if (figureWidth() === width) return;
    width = figureWidth();
    draw();
  }).observe(main);
  draw();
}

const payload = parsePayload(document.getElementById('data')?.textContent ?? 'null');
if (payload?.version === 1) start(prepare(payload));
else {
  const text = 'This page has no data. `track report FILES… --out page.html` fills it.';
  main.replaceChildren(element('p', {}, text));
}
