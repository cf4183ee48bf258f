import { InputFault, quoted } from './input_fault.js';

/**
 * The checks of one file: each hands back what it was given, of the type it is named for, or says where it is not.
 * @param {string} file
 */
export function expecting(file) {
  /** @returns {never} */
  const wrong = (/** @type {string} */ what) => {
    throw new InputFault(file, what);
  };
  return {
    wrong,
    /** @returns {Record<string, unknown>} */
    object(/** @type {unknown} */ value, /** @type {string} */ where) {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) wrong(`${where} is not an object`);
      return /** @type {Record<string, unknown>} */ (value);
    },
    /** @returns {unknown[]} */
    list(/** @type {unknown} */ value, /** @type {string} */ where) {
      if (!Array.isArray(value)) wrong(`${where} is not a list`);
      return /** @type {unknown[]} */ (value);
    },
    /** @returns {string} */
    text(/** @type {unknown} */ value, /** @type {string} */ where) {
      if (typeof value !== 'string') wrong(`${where} is not text`);
      return /** @type {string} */ (value);
    },
    /** @returns {number} */
    number(/** @type {unknown} */ value, /** @type {string} */ where) {
      // JSON knows numbers beyond a double's: 1e999 is read as Infinity.
      if (typeof value !== 'number' || !Number.isFinite(value)) wrong(`${where} is not a number`);
      return /** @type {number} */ (value);
    },
    /** @returns {number} */
    amount(/** @type {unknown} */ value, /** @type {string} */ where) {
      const amount = this.number(value, where);
      if (amount < 0) wrong(`${where} is ${quoted(value)}, less than none`);
      return amount;
    },
    /** @returns {number} */
    count(/** @type {unknown} */ value, /** @type {string} */ where) {
      const count = this.amount(value, where);
      if (!Number.isInteger(count)) wrong(`${where} is ${quoted(value)}, not a whole number`);
      return count;
    },
  };
}
