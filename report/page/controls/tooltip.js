import { element } from '../dom.js';

/** The marks of a figure that can be pointed at: Plot gives each its words. */
const marksOf = (/** @type {Element} */ figure) =>
  /** @type {SVGElement[]} */ ([...figure.querySelectorAll('.marks > [aria-label]')]);

/** One bubble for the whole page; what it says a mark's own label says, too. */
const bubble = () =>
  document.getElementById('tooltip') ??
  document.body.appendChild(element('div', { id: 'tooltip', 'aria-hidden': 'true', hidden: true }));

function show(/** @type {Element} */ mark) {
  const box = bubble();
  box.textContent = mark.getAttribute('aria-label');
  box.hidden = false;
  const at = mark.getBoundingClientRect();
  const width = document.documentElement.clientWidth;
  const left = Math.min(Math.max(6, at.left + at.width / 2 - box.offsetWidth / 2), width - box.offsetWidth - 6);
  const above = at.top - box.offsetHeight - 8;
  box.style.left = `${left + scrollX}px`;
  box.style.top = `${(above > 0 ? above : at.bottom + 8) + scrollY}px`;
}

export const hideTooltip = () => {
  bubble().hidden = true;
};

/**
 * Makes a figure's marks reachable: one stop of the Tab key for the figure, arrow keys from mark to mark; the words
 * appear under the pointer or the focus, and go at Escape.
 * @param {Element} figure
 */
export function explorable(figure) {
  const marks = marksOf(figure);
  marks.forEach((mark, index) => {
    mark.setAttribute('role', 'img');
    mark.setAttribute('tabindex', index === 0 ? '0' : '-1');
    mark.addEventListener('pointerenter', () => show(mark));
    mark.addEventListener('pointerleave', hideTooltip);
    mark.addEventListener('focus', () => show(mark));
    mark.addEventListener('blur', hideTooltip);
    mark.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') hideTooltip();
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (step === undefined) return;
      event.preventDefault();
      const next = marks[(index + step + marks.length) % marks.length];
      mark.setAttribute('tabindex', '-1');
      next.setAttribute('tabindex', '0');
      next.focus();
    });
  });
}
