const escapes = /** @type {Record<string, string>} */ ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' });

/** Text for XML: what XML can't hold at all, control characters, is left out. */
const escaped = (/** @type {string} */ text) =>
  text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '').replace(/[&<>"]/g, (sign) => escapes[sign]);

/** Numbers to a tenth of a pixel: what is finer nobody sees, and it is half of the bytes. */
const rounded = (/** @type {string} */ text) =>
  text.replace(/-?\d+\.\d{2,}/g, (number) => String(Number(Number(number).toFixed(1))));

/** What only a page has use for. */
const left_out = new Set(['class', 'aria-label', 'aria-hidden', 'style']);

/**
 * An element and all in it as XML, its numbers short, without what the page alone needs.
 * @param {Element} element
 * @returns {string}
 */
export function svgText(element) {
  if (element.localName === 'style') return '';
  const attributes = [...element.attributes]
    .filter(({ name }) => !left_out.has(name))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, value }) => ` ${name}="${name.endsWith('opacity') ? value : rounded(escaped(value))}"`)
    .join('');
  const children = [...element.childNodes]
    .map((child) => (child.nodeType === 1 ? svgText(/** @type {Element} */ (child)) : escaped(child.textContent ?? '')))
    .join('');
  if (!children && ['g', 'text'].includes(element.localName)) return '';
  return children
    ? `<${element.localName}${attributes}>${children}</${element.localName}>`
    : `<${element.localName}${attributes}/>`;
}
