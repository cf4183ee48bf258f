import { basename } from 'node:path';

import { parseCaseName } from '../model/case_name.js';
import { casesOf } from '../model/cases.js';
import { readResults } from './read_results.js';
import { readTimeline } from './read_timeline.js';
import { typicalRepetition } from './typical_repetition.js';

const nameOf = (/** @type {{name: string}} */ row) => parseCaseName(row.name)?.name ?? row.name;

/**
 * @param {string} file
 * @returns {Omit<import('../model/types.js').Dataset, 'id' | 'title'>}
 */
function readDataset(file) {
  const { context, rows } = readResults(file);
  const cases = casesOf(rows);
  const timeline = readTimeline(file, new Set(cases.map((one) => one.name)));
  /** @type {Record<string, import('../model/types.js').Curve>} */
  const curves = {};
  for (const { name } of timeline ? cases : []) {
    const all = timeline?.curves.filter((curve) => curve.name === name && curve.points.length) ?? [];
    if (!all.length) continue;
    const { repetition, phases_ms, points } = typicalRepetition(
      all,
      rows.filter((row) => nameOf(row) === name),
    );
    curves[name] = { repetition, phases_ms, points };
  }
  return {
    file: basename(file),
    context,
    cases,
    timeline: timeline && { sample_every_ms: timeline.sample_every_ms, curves },
  };
}

/**
 * The datasets of the files, each with a title and a name for links: its workload's, with the file's where two are
 * of one workload. Throws InputFault.
 * @param {string[]} files
 * @returns {import('../model/types.js').Dataset[]}
 */
export function readDatasets(files) {
  const all = files.map(readDataset);
  const stemOf = (/** @type {{file: string}} */ one) => one.file.replace(/\.json$/, '');
  const workloadOf = (/** @type {{file: string, context: Record<string, unknown>}} */ one) =>
    String(one.context.workload || stemOf(one));
  /** @type {Set<string>} */
  const taken = new Set();
  return all.map((one) => {
    const workload = workloadOf(one);
    const isAlone = all.filter((other) => workloadOf(other) === workload).length === 1;
    const wanted = isAlone ? workload : stemOf(one);
    let id = wanted;
    for (let next = 2; taken.has(id); ++next) id = `${wanted}-${next}`;
    taken.add(id);
    return { id, title: isAlone ? workload : `${workload} (${id})`, ...one };
  });
}
