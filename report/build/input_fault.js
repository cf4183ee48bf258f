/** Bad input: which file, what is wrong with it, and where. One line, whatever the file holds. */
export class InputFault extends Error {
  /** @param {string} file @param {string} what */
  constructor(file, what) {
    super(`${oneLine(file)}: ${oneLine(what)}`);
  }
}

/** Text of unknown origin on one line of a terminal: control characters and line separators escaped. */
export function oneLine(/** @type {string} */ text) {
  return text.replace(
    /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** A value of unknown origin in a message: as JSON, and no longer than one looks at. */
export function quoted(/** @type {unknown} */ value) {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
