import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';

import { casesOf } from '../model/cases.js';
import { historyMetrics } from '../model/history_metrics.js';
import { parseCaseName } from '../model/case_name.js';
import { median } from '../model/spread.js';
import { expecting } from './expect.js';
import { InputFault, quoted } from './input_fault.js';
import { readJson } from './read_json.js';
import { readResults } from './read_results.js';
import { isUnchanged } from './recording_checksum.js';

/**
 * @typedef {import('../model/history_types.js').Recording} Recording
 * @typedef {import('../model/history_types.js').RecordedRow} RecordedRow
 * @typedef {import('../model/types.js').Repetition} Repetition
 */

const format = 'farebench-run 1';

/** What must be equal for figures to be compared, as `track compare` has it, but the machine. */
const setting = ['workload', 'engine', 'latency', 'page_kb', 'days', 'first_date', 'seed'];

/** The recordings of a folder, and of the machines' folders in it. @param {string} folder @returns {string[]} */
export function recordingsIn(folder) {
  if (!existsSync(folder)) throw new InputFault(folder, 'there is no such folder');
  if (!statSync(folder).isDirectory())
    throw new InputFault(folder, 'is no folder: --runs takes that of the recordings');
  const inside = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  const filesOf = (/** @type {string} */ path) =>
    readdirSync(path, { withFileTypes: true })
      .filter((one) => one.isFile() && one.name.endsWith('.json') && !one.name.startsWith('.'))
      .map((one) => join(path, one.name))
      .sort();
  return [
    ...filesOf(folder),
    ...inside.filter((one) => one.isDirectory()).flatMap((one) => filesOf(join(folder, one.name))),
  ];
}

/** Whether a file says that track wrote it; what is wrong with it is for its reader to tell. */
export function isRecording(/** @type {string} */ file) {
  const whole = /** @type {any} */ (readJson(file));
  return typeof whole?.context === 'object' && whole.context !== null && 'format' in whole.context;
}

/** One row of each case, its values in the order of the repetitions. @param {Repetition[]} rows @returns {RecordedRow[]} */
function recordedRows(rows) {
  return casesOf(rows).map(({ name, failed }) => {
    const own = rows.filter((row) => parseCaseName(row.name)?.name === name).sort((a, b) => a.index - b.index);
    const figures = own.map((row) => ({
      ...row.columns,
      ...(row.time_s === undefined ? {} : { real_time: row.time_s * 1000 }),
    }));
    /** @type {Record<string, number[]>} */
    const values = {};
    for (const [metric, { exact }] of failed ? [] : Object.entries(historyMetrics)) {
      const all = figures.flatMap((one) => /** @type {Record<string, number>} */ (one)[metric] ?? []);
      // Counted once a run, and the same in each of its rows.
      if (all.length) values[metric] = exact ? all.slice(0, 1) : all;
    }
    const ideals = figures.flatMap((one) => {
      const { real_time, ideal_ratio } = /** @type {Record<string, number>} */ (one);
      return real_time > 0 && ideal_ratio > 0 ? [real_time / ideal_ratio] : [];
    });
    return {
      name,
      failed: failed?.reason ?? '',
      ...(ideals.length ? { idealMs: median(ideals) } : {}),
      values,
    };
  });
}

/**
 * A recording of track's. Throws InputFault.
 * @param {string} file
 * @returns {Recording}
 */
export function readRecording(file) {
  const expect = expecting(file);
  const { context, rows } = readResults(file);
  const text = (/** @type {string} */ name) => expect.text(context[name], `context.${name}`);
  const pair = (/** @type {string} */ before, /** @type {string} */ after) =>
    /** @type {[number, number]} */ ([before, after].map((name) => expect.amount(context[name], `context.${name}`)));
  const hex = (/** @type {string} */ value, /** @type {number} */ digits, /** @type {string} */ where) => {
    if (!new RegExp(`^[0-9a-f]{${digits}}$`).test(value))
      expect.wrong(`${where} is ${quoted(value)}, not ${digits} hexadecimal digits`);
    return value;
  };
  const when = (/** @type {string} */ name) => {
    const date = new Date(text(name));
    if (Number.isNaN(date.getTime())) expect.wrong(`context.${name} is ${quoted(context[name])}, no date`);
    return date.toISOString();
  };
  if (context.format === undefined) expect.wrong('is not of track record: its context has no format');
  if (text('format') !== format)
    expect.wrong(`context.format is ${quoted(context.format)}: this report reads ${format}`);
  const dirty = text('dirty');
  if (dirty !== 'true' && dirty !== 'false')
    expect.wrong(`context.dirty is ${quoted(dirty)}, neither "true" nor "false"`);
  const canary = pair('canary', 'canary_after');
  if (!canary.every((ms) => ms > 0)) expect.wrong('context.canary is not above zero');
  const parents = expect
    .list(context.parents, 'context.parents')
    .map((one, at) => hex(expect.text(one, `context.parents[${at}]`), 40, `context.parents[${at}]`));
  /** @type {Recording} */
  const made = {
    id: basename(file).replace(/\.json$/, ''),
    recorded: when('date'),
    commit: hex(text('commit'), 40, 'context.commit'),
    parents,
    commitDate: context.commit_date === undefined ? '' : when('commit_date'),
    subject: context.subject === undefined ? '' : text('subject'),
    dirty: dirty === 'true',
    machine: text('machine'),
    workload: text('workload'),
    setting: setting
      .map((name) => (context[name] === undefined ? '' : `${name} ${text(name)}`))
      .filter(Boolean)
      .join(', '),
    program: hex(text('program_sha256'), 64, 'context.program_sha256'),
    compiler: text('compiler'),
    canary,
    load: pair('load_before', 'load_after'),
    steal: expect.amount(context.steal_percent, 'context.steal_percent'),
    rows: recordedRows(rows),
  };
  if (!isUnchanged(readFileSync(file, 'utf8')))
    expect.wrong('was changed after it was recorded: its checksum (context.sha256) is another');
  return made;
}

/** All of them, each with a name for links that no other has. @param {string[]} files */
export function readRecordings(files) {
  /** @type {Set<string>} */
  const taken = new Set();
  return files.map(readRecording).map((one) => {
    let id = one.id;
    for (let next = 2; taken.has(id); ++next) id = `${one.id}-${next}`;
    taken.add(id);
    return { ...one, id };
  });
}
