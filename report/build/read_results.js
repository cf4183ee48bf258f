import { parseCaseName } from '../model/case_name.js';
import { expecting } from './expect.js';
import { quoted } from './input_fault.js';
import { readJson } from './read_json.js';

/** @type {Record<string, number>} */
const secondsOf = { s: 1, ms: 1e-3, us: 1e-6, ns: 1e-9 };

/** The bench's columns (README, "Reading the table"); growth may be below zero, the others may not. */
const amounts = [
  'ideal_ratio',
  'requests_per_second',
  'cpu_us_per_request',
  'rss_baseline_bytes',
  'rss_peak_bytes',
  'anon_peak_bytes',
  'heap_peak_bytes',
  'allocations_per_request',
  'kernel_estimate_bytes',
  'threads_peak',
  'context_switches_per_request',
  'scrape_p50_ms',
  'scrape_p99_ms',
  'server_late_p50_ms',
  'server_late_p99_ms',
  'in_flight_peak',
  'fares',
  'errors',
];
const signed = ['rss_growth_bytes', 'bytes_per_worker'];

/**
 * One row of the file as a repetition.
 * @param {Record<string, unknown>} row
 * @param {string} where
 * @param {ReturnType<typeof expecting>} expect
 * @returns {import('../model/types.js').Repetition}
 */
function repetitionOf(row, where, expect) {
  const name = expect.text(row.name, `${where}.name`);
  if (!parseCaseName(name))
    expect.wrong(`${where}.name is ${quoted(name)}, no case of farebench's (fetch/strategy:…/workers:…)`);
  const unit = expect.text(row.time_unit, `${where}.time_unit`);
  if (!Object.hasOwn(secondsOf, unit))
    expect.wrong(`${where}.time_unit is ${quoted(unit)}, not one of ${Object.keys(secondsOf).join(', ')}`);
  const hasFailed = row.error_occurred ?? false;
  if (typeof hasFailed !== 'boolean') expect.wrong(`${where}.error_occurred is neither true nor false`);
  // Google Benchmark may leave the figures out of a row that failed.
  const time =
    hasFailed && row.real_time === undefined ? undefined : expect.amount(row.real_time, `${where}.real_time`);
  /** @type {Record<string, number>} */
  const columns = {};
  for (const column of [...amounts, ...signed]) {
    if (row[column] === undefined) continue;
    columns[column] = signed.includes(column)
      ? expect.number(row[column], `${where}.${column}`)
      : expect.amount(row[column], `${where}.${column}`);
  }
  return {
    name,
    columns,
    index: row.repetition_index === undefined ? 0 : expect.count(row.repetition_index, `${where}.repetition_index`),
    ...(time === undefined ? {} : { time_s: time * secondsOf[unit] }),
    ...(hasFailed
      ? {
          failure:
            row.error_message === undefined
              ? 'no reason given'
              : expect.text(row.error_message, `${where}.error_message`),
        }
      : {}),
    ...(row.label === undefined ? {} : { note: expect.text(row.label, `${where}.label`) }),
  };
}

/**
 * What a result file of the bench holds: each repetition, and what it was measured with. Throws InputFault.
 * @param {string} file
 */
export function readResults(file) {
  const expect = expecting(file);
  const whole = readJson(file);
  if (typeof whole !== 'object' || whole === null || !('context' in whole) || !('benchmarks' in whole)) {
    expect.wrong('is no result of farebench: it has no "context" with "benchmarks"');
  }
  const { context, benchmarks } = /** @type {Record<string, unknown>} */ (whole);
  const known = expect.object(context, 'context');
  if (known.workload !== undefined) expect.text(known.workload, 'context.workload');
  /** @type {import('../model/types.js').Repetition[]} */
  const rows = [];
  const rowsOfFile = expect.list(benchmarks, 'benchmarks');
  rowsOfFile.forEach((value, index) => {
    const where = `benchmarks[${index}]`;
    const row = expect.object(value, where);
    const type = expect.text(row.run_type, `${where}.run_type`);
    if (type === 'iteration') rows.push(repetitionOf(row, where, expect));
    else if (type !== 'aggregate')
      expect.wrong(`${where}.run_type is ${quoted(type)}, neither "iteration" nor "aggregate"`);
  });
  if (!rows.length) {
    expect.wrong(
      rowsOfFile.length
        ? 'benchmarks holds aggregates alone: measure without --benchmark_report_aggregates_only'
        : 'benchmarks is empty',
    );
  }
  return { context: known, rows };
}
