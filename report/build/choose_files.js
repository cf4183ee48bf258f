import { existsSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';

import { UsageFault } from './flags.js';
import { isRecording, readRecording, recordingsIn } from './read_recordings.js';
import { InputFault } from './input_fault.js';

/** A file of the project's, as it is named from where one stands. */
export const ours = (/** @type {string} */ root, /** @type {string} */ path) =>
  relative(process.cwd(), join(root, path)) || '.';

/** The latest recording of each machine and setting: whole results, too. @param {string[]} recordings */
function latestOfEach(recordings) {
  /** @type {Map<string, {file: string, recorded: string}>} */
  const latest = new Map();
  for (const file of recordings) {
    const { machine, setting, recorded } = readRecording(file);
    const key = JSON.stringify([machine, setting]);
    const known = latest.get(key);
    if (!known || known.recorded <= recorded) latest.set(key, { file, recorded });
  }
  return [...latest.values()].map((one) => one.file);
}

/**
 * Which files the page is made of: those that are named, else those that the project keeps. Throws InputFault and
 * UsageFault.
 * @param {import('./flags.js').Flags} flags
 * @param {string} root
 */
export function chooseFiles(flags, root) {
  const isNamed = flags.files.length > 0;
  const named = flags.files.filter((file) => !isRecording(file));
  const recordings = flags.files.filter((file) => isRecording(file));
  const keptRuns = ours(root, 'results/runs');
  if (flags.runs !== null) {
    const found = recordingsIn(flags.runs);
    if (!found.length)
      throw new InputFault(flags.runs, 'holds no recording (*.json, */*.json): ./dev track record --into makes one');
    recordings.push(...found);
  } else if (!isNamed && existsSync(join(root, 'results/runs'))) recordings.push(...recordingsIn(keptRuns));
  const kept = isNamed
    ? []
    : ['article', 'light', 'scale']
        .map((name) => ours(root, `results/${name}.json`))
        .filter((file) => existsSync(file));
  const results = isNamed ? named : kept;
  if (!results.length) results.push(...latestOfEach(recordings));
  if (!results.length)
    throw new UsageFault(
      'there are no results/article.json, light.json or scale.json: name a FILE that ./dev bench --benchmark_out=FILE wrote',
    );
  const keptAccepted = existsSync(join(root, 'results/accepted.json')) ? ours(root, 'results/accepted.json') : null;
  // One that is named twice is one: as a repetition of itself it would tell of no noise.
  const once = [...new Map(recordings.map((file) => [resolve(file), file])).values()];
  return { results, recordings: once, accepted: flags.accepted ?? (recordings.length ? keptAccepted : null) };
}
