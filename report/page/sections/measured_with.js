import { element } from '../dom.js';
import { section } from './section.js';

/** A value of the context as text, whatever it is. */
const textOf = (/** @type {unknown} */ value) => (typeof value === 'string' ? value || '–' : JSON.stringify(value));

/** The machine, the versions and the settings that the result was measured with. */
export function measuredWith(/** @type {import('../view.js').View} */ view) {
  const { dataset } = view;
  return section(
    'measured-with',
    'Measured with',
    element(
      'dl',
      { class: 'context' },
      element('div', {}, element('dt', {}, 'file'), element('dd', {}, dataset.file)),
      ...Object.entries(dataset.context).map(([key, value]) =>
        element('div', {}, element('dt', {}, key.replaceAll('_', ' ')), element('dd', {}, textOf(value))),
      ),
    ),
  );
}
