import { hideTooltip } from './controls/tooltip.js';
import { sections } from './sections/index.js';
import { formatState, parseState } from './state.js';
import { viewOf } from './view.js';

const dataIn = (/** @type {string} */ id) => JSON.parse(document.getElementById(id)?.textContent ?? 'null');
const [datasets, recorded] = ['datasets', 'history-data'].map(dataIn);
const main = /** @type {HTMLElement} */ (document.querySelector('main'));
let state = parseState(location.hash);

/** What a figure may take of the page, in pixels; a window too small to show one has one that is cut. */
function roomOf(/** @type {HTMLElement} */ parent) {
  const { paddingLeft, paddingRight } = getComputedStyle(parent);
  return Math.max(280, Math.floor(parent.clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight)));
}

/** Draws everything anew; focus and the scrolled regions stay where they were, known by their ids. */
function draw() {
  const focused = document.activeElement?.id;
  const scrolled = [...document.querySelectorAll('.scrolls')].map((region) => ({
    id: region.id,
    left: region.scrollLeft,
  }));
  hideTooltip();
  const view = viewOf(datasets, recorded, state, change, roomOf(main));
  main.replaceChildren(...sections.map((section) => section(view)));
  document.title = `farebench: ${view.dataset.title}`;
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  for (const { id, left } of scrolled) document.getElementById(id)?.scrollTo({ left });
}

function change(/** @type {Partial<import('./state.js').State>} */ changes) {
  state = { ...state, ...changes };
  history.replaceState(null, '', formatState(state) || location.pathname + location.search);
  draw();
}

addEventListener('hashchange', () => {
  state = parseState(location.hash);
  draw();
});

let drawnWidth = roomOf(main);
new ResizeObserver(() => {
  if (roomOf(main) === drawnWidth) return;
  drawnWidth = roomOf(main);
  draw();
}).observe(main);

draw();
