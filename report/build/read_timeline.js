import { existsSync } from 'node:fs';

import { expecting } from './expect.js';
import { quoted } from './input_fault.js';
import { readJson } from './read_json.js';

/** Where a result's curves are kept: run.json, run.timeline.json. */
export const timelineFileOf = (/** @type {string} */ file) => `${file.replace(/\.json$/, '')}.timeline.json`;

/**
 * The curves beside a result file: memory over time, one a repetition; null without that file. Throws InputFault.
 * @param {string} resultFile
 * @param {Set<string>} caseNames the result's
 */
export function readTimeline(resultFile, caseNames) {
  const file = timelineFileOf(resultFile);
  if (!existsSync(file)) return null;
  const expect = expecting(file);
  const whole = expect.object(readJson(file), 'the file');
  if (whole.timeline !== 1) expect.wrong(`is no timeline of farebench: "timeline" is ${quoted(whole.timeline)}, not 1`);
  const curves = expect.list(whole.curves, 'curves').map((value, index) => {
    const where = `curves[${index}]`;
    const curve = expect.object(value, where);
    const name = expect.text(curve.name, `${where}.name`);
    if (!caseNames.has(name))
      expect.wrong(`${where}.name is ${quoted(name)}, no case of the result beside it: are they of one run?`);
    const phases = expect.object(curve.phases_ms, `${where}.phases_ms`);
    for (const [phase, at] of Object.entries(phases)) expect.number(at, `${where}.phases_ms.${phase}`);
    const points = expect.list(curve.points, `${where}.points`);
    points.forEach((point, at) => {
      const pair = expect.list(point, `${where}.points[${at}]`);
      if (pair.length !== 2) expect.wrong(`${where}.points[${at}] is not a pair [ms, KiB]`);
      const ms = expect.number(pair[0], `${where}.points[${at}][0]`);
      expect.amount(pair[1], `${where}.points[${at}][1]`);
      if (at > 0 && ms < Number(/** @type {number[]} */ (points[at - 1])[0]))
        expect.wrong(`${where}.points[${at}] is earlier than the one before`);
    });
    return {
      name,
      repetition: expect.count(curve.repetition, `${where}.repetition`),
      phases_ms: /** @type {Record<string, number>} */ (phases),
      points: /** @type {[number, number][]} */ (points),
    };
  });
  return { sample_every_ms: expect.amount(whole.sample_every_ms, 'sample_every_ms'), curves };
}
