import { element } from '../dom.js';

/**
 * A part of the page under a heading of its own, that links can name.
 * @param {string} id
 * @param {string} title
 * @param {...(Node | string | null | false)} children
 */
export function section(id, title, ...children) {
  return element('section', { 'aria-labelledby': id }, element('h2', { id }, title), ...children);
}
