import { readFileSync } from 'node:fs';

import { InputFault } from './input_fault.js';

/** @type {Record<string, string>} */
const reasons = {
  ENOENT: 'there is no such file',
  EISDIR: 'is a folder, not a result file',
  EACCES: 'may not be read',
};

/** The parser's words differ between versions of Node; where it stopped does not, when it is the end. */
function whatIsWrong(/** @type {string} */ text, /** @type {Error} */ fault) {
  if (!text.trim()) return 'is empty';
  if (!/^\s*[{[]/.test(text)) return 'is not JSON: it begins with neither { nor [';
  const lines = text.trimEnd().split('\n').length;
  if (!/[}\]]\s*$/.test(text) || /end of JSON|Unterminated/.test(fault.message)) {
    return `is cut short: its JSON does not end by line ${lines}`;
  }
  const position = /position (\d+)/.exec(fault.message);
  const where = position ? ` at line ${text.slice(0, Number(position[1])).split('\n').length}` : '';
  return `is not JSON${where}: ${fault.message.replace(/ in JSON at position.*/, '')}`;
}

/**
 * The value that a file holds.
 * @param {string} file
 * @returns {unknown}
 */
export function readJson(file) {
  let text;
  try {
    text = readFileSync(file, 'utf8');
  } catch (fault) {
    const code = /** @type {NodeJS.ErrnoException} */ (fault).code ?? '';
    throw new InputFault(file, reasons[code] ?? `cannot be read: ${code}`);
  }
  try {
    return JSON.parse(text);
  } catch (fault) {
    throw new InputFault(file, whatIsWrong(text, /** @type {Error} */ (fault)));
  }
}
