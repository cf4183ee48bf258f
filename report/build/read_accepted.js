import { historyMetrics } from '../model/history_metrics.js';
import { expecting } from './expect.js';
import { oneLine, quoted } from './input_fault.js';
import { readJson } from './read_json.js';

const members = ['series', 'metric', 'commit', 'reason'];

/**
 * The regressions that were accepted on purpose, as the gate reads them (bench/track/gate/accepted.cpp). Throws InputFault.
 * @param {string} file
 * @returns {import('../model/history_types.js').Accepted[]}
 */
export function readAccepted(file) {
  const expect = expecting(file);
  const whole = expect.object(readJson(file), 'the file');
  if (Object.keys(whole).join() !== 'accepted') expect.wrong('is not {"accepted": [...]}');
  /** @type {Set<string>} */
  const known = new Set();
  return expect.list(whole.accepted, 'accepted').map((value, at) => {
    const where = `accepted[${at}]`;
    const entry = expect.object(value, where);
    const unknown = Object.keys(entry).find((name) => !members.includes(name));
    if (unknown !== undefined)
      expect.wrong(`${where} has ${quoted(unknown)}, which means nothing: ${members.join(', ')}`);
    const [series, metric, commit, reason] = members.map((name) => expect.text(entry[name], `${where}.${name}`));
    if (!series.startsWith('fetch/'))
      expect.wrong(`${where}.series is ${quoted(series)}, no row’s name (fetch/strategy:…)`);
    if (!Object.hasOwn(historyMetrics, metric))
      expect.wrong(`${where}.metric is ${quoted(metric)}: there is no such metric`);
    if (!/^[0-9a-f]{40}$/.test(commit)) expect.wrong(`${where}.commit is ${quoted(commit)}, not 40 hexadecimal digits`);
    if (!reason || oneLine(reason) !== reason) expect.wrong(`${where}.reason is not one line of text`);
    const key = JSON.stringify([series, metric, commit]);
    if (known.has(key)) expect.wrong(`${where} accepts what an earlier one does`);
    known.add(key);
    return { series, metric, commit, reason };
  });
}
