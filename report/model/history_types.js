/**
 * What the history is made of: recordings as track keeps them, one a file.
 *
 * @typedef {object} RecordedRow
 * @property {string} name              the case's
 * @property {string} failed            why the first repetition that failed did; empty: none
 * @property {number} [idealMs]         what its latency alone takes; none: there is no latency
 * @property {Record<string, number[]>} values  by metric, one a repetition; of a metric that is counted, the one count
 *
 * @typedef {object} Recording
 * @property {string} id                its file's name without .json: in links
 * @property {string} recorded          when, in UTC
 * @property {string} commit            40 hex digits
 * @property {string[]} parents
 * @property {string} commitDate        empty: unknown
 * @property {string} subject           empty: unknown
 * @property {boolean} dirty            whether its sources were the commit's
 * @property {string} machine
 * @property {string} workload
 * @property {string} setting           all that must be equal for figures to be compared, but the machine
 * @property {string} program           the client's SHA-256
 * @property {string} compiler
 * @property {[before: number, after: number]} canary  ms
 * @property {[before: number, after: number]} load
 * @property {number} steal             percent
 * @property {RecordedRow[]} rows
 *
 * @typedef {object} Accepted  a regression on purpose
 * @property {string} series
 * @property {string} metric
 * @property {string} commit
 * @property {string} reason
 *
 * @typedef {{recordings: Recording[], accepted: Accepted[]}} History
 */
export {};
