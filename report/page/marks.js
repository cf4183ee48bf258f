import { element } from './dom.js';

/** Makes figures accessible: names, keyboard navigation and tooltips. Plot gives each mark its text as aria-label. */

/** The page's only tooltip. Its text is also the mark's label, so screen readers skip it. */
const tooltip = () =>
  document.getElementById('tooltip') ??
  document.body.appendChild(element('div', { id: 'tooltip', 'aria-hidden': 'true', hidden: true }));

function showTooltip(/** @type {Element} */ mark) {
  const box = tooltip();
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
  tooltip().hidden = true;
};

/** Adds tooltips and keyboard navigation: the figure is one tab stop, arrow keys move between its marks. */
function makeExplorable(/** @type {Element} */ figure) {
  const marks = /** @type {SVGElement[]} */ ([...figure.querySelectorAll('.marks > [aria-label]')]);
  marks.forEach((mark, index) => {
    mark.setAttribute('role', 'img');
    mark.setAttribute('tabindex', index === 0 ? '0' : '-1');
    mark.addEventListener('pointerenter', () => showTooltip(mark));
    mark.addEventListener('pointerleave', hideTooltip);
    mark.addEventListener('focus', () => showTooltip(mark));
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

/**
 * Names a picture. Plot's own names of its groups ("dot", "rule") are removed.
 * @param {SVGSVGElement} svg
 * @param {'group' | 'img'} role
 * @param {string} name
 */
export function nameFigure(svg, role, name) {
  for (const group of svg.querySelectorAll('g[aria-label]')) group.removeAttribute('aria-label');
  svg.setAttribute('role', role);
  svg.setAttribute('aria-label', name);
  return svg;
}

/**
 * A figure with its caption and explorable marks.
 * @param {string} name
 * @param {SVGSVGElement} svg
 * @param {...(Node | string | false)} caption
 */
export function figureElement(name, svg, ...caption) {
  makeExplorable(nameFigure(svg, 'group', name));
  return element('figure', {}, svg, caption.length > 0 && element('figcaption', {}, ...caption));
}
