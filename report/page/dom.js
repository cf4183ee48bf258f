/** Creates elements. Texts of the payload only ever become text nodes and attributes, never markup. */

/**
 * An HTML element with its children. Attributes that are functions become listeners; `true` is an empty attribute.
 * @param {string} name
 * @param {Record<string, string | number | boolean | ((event: any) => void) | undefined>} [attributes]
 * @param {...(Node | string | null | undefined | false)} children
 * @returns {HTMLElement}
 */
export function element(name, attributes = {}, ...children) {
  const created = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === 'function') created.addEventListener(key, value);
    else if (value === true) created.setAttribute(key, '');
    else if (value !== undefined && value !== false) created.setAttribute(key, String(value));
  }
  for (const child of children) {
    if (child !== null && child !== undefined && child !== false) created.append(child);
  }
  return created;
}

/**
 * A section of the page under its heading, whose id links can name.
 * @param {string} id
 * @param {string} title
 * @param {...(Node | string | null | undefined | false)} children
 */
export const section = (id, title, ...children) =>
  element('section', { 'aria-labelledby': id }, element('h2', { id }, title), ...children);

/**
 * A table that scrolls by itself when it is wider than the page.
 * @param {{id: string, label: string, className: string, head: (string | HTMLElement)[]}} options
 * @param {HTMLElement[]} rows
 */
export const scrollingTable = ({ id, label, className, head }, rows) =>
  element(
    'div',
    { class: 'scrolls', role: 'region', tabindex: 0, id, 'aria-label': label },
    element(
      'table',
      { class: className },
      element(
        'thead',
        {},
        element(
          'tr',
          {},
          ...head.map((cell) => (typeof cell === 'string' ? element('th', { scope: 'col' }, cell) : cell)),
        ),
      ),
      element('tbody', {}, ...rows),
    ),
  );

/**
 * Terms with their values, in columns.
 * @param {[term: string, value: string][]} facts
 */
export const factList = (facts) =>
  element(
    'dl',
    { class: 'context' },
    ...facts.map(([term, value]) => element('div', {}, element('dt', {}, term), element('dd', {}, value))),
  );

/**
 * An SVG element.
 * @param {Document} owner
 * @param {string} name
 * @param {Record<string, string | number>} attributes
 * @param {...(string | Element)} children
 */
export function svgElement(owner, name, attributes = {}, ...children) {
  const created = owner.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) created.setAttribute(key, String(value));
  created.append(...children);
  return /** @type {SVGElement} */ (created);
}
