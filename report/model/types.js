/**
 * What the page is made of. A result file becomes a dataset, its repetitions cases; bytes, seconds and
 * microseconds are told by the names, as in the result file.
 *
 * @typedef {[least: number, median: number, most: number]} Spread  over the repetitions
 *
 * @typedef {object} NamedCase  what a case's name says
 * @property {string} name      without Google Benchmark's suffix
 * @property {string} strategy
 * @property {number} loops
 * @property {string} label     as tables show it: "coroutines, 2 loops"
 * @property {number} workers
 * @property {number} days
 * @property {string} latency   "145", "uniform_10-30"
 * @property {string} point     all that must be equal for cases to be compared, but workers and days
 *
 * @typedef {object} Repetition  one row of the file
 * @property {string} name
 * @property {number} index
 * @property {number} [time_s]
 * @property {string} [failure]
 * @property {string} [note]     the row's label: its engine, its warnings
 * @property {Record<string, number>} columns
 *
 * @typedef {object} Case
 * @property {string} name
 * @property {string} strategy
 * @property {string} label
 * @property {number} loops
 * @property {number} workers
 * @property {number} days
 * @property {string} latency
 * @property {string} point
 * @property {number} repetitions
 * @property {{count: number, reason: string} | null} failed  how many repetitions did, and why the first
 * @property {string[]} notes
 * @property {Record<string, Spread>} figures  none of a case that failed
 *
 * @typedef {object} Curve
 * @property {number} repetition
 * @property {Record<string, number>} phases_ms
 * @property {[ms: number, kib: number][]} points
 *
 * @typedef {object} Dataset
 * @property {string} id         in links
 * @property {string} title
 * @property {string} file       its base name
 * @property {Record<string, unknown>} context
 * @property {Case[]} cases
 * @property {{sample_every_ms: number, curves: Record<string, Curve>} | null} timeline
 */
export {};
