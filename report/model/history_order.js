/** @typedef {import('./history_types.js').Recording} Recording */

/** By code units, so that no locale changes the order. */
const compare = (/** @type {string} */ a, /** @type {string} */ b) => (a < b ? -1 : a > b ? 1 : 0);

/**
 * The recordings in the order of their commits: a commit after its parents where these were recorded, else by the
 * commit's own date, for an old commit may be recorded late; without one, by when it was first recorded. Those of one
 * commit stand side by side, clean before dirty, then as they were recorded.
 * @param {Recording[]} recordings
 * @returns {Recording[]}
 */
export function inOrderOfCommits(recordings) {
  /** @type {Map<string, Recording[]>} */
  const byCommit = new Map();
  for (const one of [...recordings].sort(
    (a, b) => Number(a.dirty) - Number(b.dirty) || compare(a.recorded, b.recorded) || compare(a.id, b.id),
  ))
    byCommit.set(one.commit, [...(byCommit.get(one.commit) ?? []), one]);
  const dateOf = (/** @type {string} */ commit) => {
    const of = byCommit.get(commit) ?? [];
    return of.find((one) => one.commitDate)?.commitDate ?? of.map((one) => one.recorded).sort(compare)[0];
  };
  const waiting = [...byCommit.keys()].sort((a, b) => compare(dateOf(a), dateOf(b)) || compare(a, b));
  const ordered = [];
  while (waiting.length) {
    const isFree = (/** @type {string} */ commit) =>
      !(byCommit.get(commit) ?? []).some((one) =>
        one.parents.some((parent) => parent !== commit && waiting.includes(parent)),
      );
    // Parents that go round in a ring are nobody's history: then the date decides.
    const next = Math.max(0, waiting.findIndex(isFree));
    ordered.push(...waiting.splice(next, 1));
  }
  return ordered.flatMap((commit) => byCommit.get(commit) ?? []);
}
