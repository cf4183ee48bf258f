// What the named workload `scale` measures at each of its latencies (bench/named_workloads.cpp).
/** @type {Record<string, string>} */
const kindsOfScale = { 50: 'burst', 1000: 'hold' };

/** "burst", "hold"; empty of a point that is neither. The names of rows don't say: the workload's does. */
export function kindOf(/** @type {unknown} */ workload, /** @type {string} */ latency) {
  return workload === 'scale' && Object.hasOwn(kindsOfScale, latency) ? kindsOfScale[latency] : '';
}

/** "145 ms a response"; "a lognormal latency (median 20 ms, p99 80 ms)". */
export function latencyInWords(/** @type {string} */ latency) {
  const uniform = /^uniform_([\d.]+)-([\d.]+)$/.exec(latency);
  if (uniform) return `${uniform[1]} to ${uniform[2]} ms a response, uniform`;
  const lognormal = /^lognormal_([\d.]+)_p99_([\d.]+)$/.exec(latency);
  if (lognormal) return `${lognormal[1]} ms a response, lognormal, 99th percentile ${lognormal[2]} ms`;
  if (latency === '0') return 'no latency';
  if (Number(latency) >= 1000) return `${Number(latency) / 1000} s a response`;
  return `${latency} ms a response`;
}

/**
 * A point in words: "hold: 1000 ms a response, 3 KiB pages, engine beast".
 * @param {string} point as in a case
 * @param {unknown} workload
 */
export function pointInWords(point, workload) {
  const settings = point.split('/').map((setting) => {
    const colon = setting.indexOf(':');
    return /** @type {[string, string]} */ ([setting.slice(0, colon), setting.slice(colon + 1)]);
  });
  const latency = settings.find(([key]) => key === 'latency_ms')?.[1] ?? '';
  const words = settings.map(([key, value]) => {
    if (key === 'latency_ms') return latencyInWords(value);
    return key === 'page_kb' ? `${value} KiB pages` : `${key} ${value}`;
  });
  const kind = kindOf(workload, latency);
  return (kind ? `${kind}: ` : '') + words.join(', ');
}

/** The points of a dataset's cases, each once. */
export function pointsOf(/** @type {import('./types.js').Case[]} */ cases) {
  return [...new Set(cases.map((one) => one.point))];
}

/** What is asked of all of them: "100 days", "a day a worker". */
export function daysInWords(/** @type {import('./types.js').Case[]} */ cases) {
  const days = [...new Set(cases.map((one) => one.days))];
  if (days.length === 1) return days[0] === 1 ? '1 day' : `${days[0].toLocaleString('en')} days`;
  return cases.every((one) => one.days === one.workers) ? 'a day a worker' : `${days.join(', ')} days`;
}
