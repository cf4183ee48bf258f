import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { pageHtml } from '../build/main.js';

/** Invented payloads for tests, of the form that `track report --json` prints. Equal calls give equal payloads. */

const MiB = 2 ** 20;

/** Memory at rest in MiB, memory per batch and per worker in KiB, CPU in µs per request, language, family. */
const profiles = /** @type {Record<string, [number, number, number, number, string, string]>} */ ({
  sequential: [12.2, 560, 0, 318, 'C++', 'blocking'],
  thread_pool: [12.2, 700, 41, 240, 'C++', 'blocking'],
  fibers: [12.2, 700, 18, 199, 'C++', 'fibers'],
  coroutines: [12.2, 680, 15.6, 191, 'C++', 'coroutines'],
  multi_socket: [12.2, 690, 16.1, 190, 'C++', 'callbacks'],
  multi_poll: [12.2, 640, 16, 185, 'C++', 'callbacks'],
  raw_epoll: [12.2, 270, 0.1, 150, 'C++', 'floor'],
  python_sync: [38, 4000, 0, 81000, 'Python', 'blocking'],
  python_threads: [38, 6000, 900, 88000, 'Python', 'blocking'],
  python_gevent: [41, 5000, 400, 83000, 'Python', 'fibers'],
  python_asyncio: [46, 5000, 250, 79000, 'Python', 'coroutines'],
});
export const strategyNames = Object.keys(profiles);

/** Other programs. @type {typeof profiles} */
const clientProfiles = {
  cpp_beast: [4, 300, 12, 40, 'C++', 'coroutines'],
  cpp_httplib: [5, 400, 60, 90, 'C++', 'blocking'],
  go_net_http: [9, 2000, 39, 130, 'Go', 'fibers'],
  java_http_client: [90, 30000, 60, 400, 'Java', 'fibers'],
  node_fetch: [60, 40000, 110, 1550, 'Node.js', 'coroutines'],
  node_undici: [58, 20000, 80, 735, 'Node.js', 'coroutines'],
  rust_hyper: [2, 300, 26, 20, 'Rust', 'coroutines'],
  rust_reqwest: [4, 500, 30, 35, 'Rust', 'coroutines'],
};
const profileOf = (/** @type {string} */ name) =>
  [profiles, clientProfiles].find((table) => Object.hasOwn(table, name))?.[name] ?? profiles.coroutines;
const workerCounts = (/** @type {string} */ name) => (['sequential', 'python_sync'].includes(name) ? [1] : [20, 100]);

export const strategy = (/** @type {string} */ name) => {
  const [, , , , language, family] = profileOf(name);
  return {
    name,
    label: name,
    family,
    language,
    transport: 'x',
    kind: family === 'floor' ? 'floor' : language === 'C++' && !name.startsWith('cpp_') ? 'library' : 'program',
    control_flow: `flow of ${name}`,
    code_changes: `changes for ${name}`,
  };
};

export const columns = [
  ['real_time', 'time', 'ms', 'lower'],
  ['ideal_ratio', '× ideal', 'ratio', 'lower'],
  ['rss_peak_bytes', 'peak', 'bytes', 'lower'],
  ['rss_growth_bytes', 'growth', 'bytes', 'lower'],
  ['heap_peak_bytes', 'heap', 'bytes', 'lower'],
  ['cpu_us_per_request', 'CPU per request', 'us', 'lower'],
  ['bytes_per_worker', 'bytes per worker', 'bytes', 'lower'],
  ['cpu_s', 'CPU', 's', 'lower'],
  ['cpu_share', 'CPU share', 'share', 'none'],
  ['requests_per_second', 'requests', 'per_second', 'higher'],
  ['threads_peak', 'threads', 'count', 'none'],
].map(([name, title, unit, better]) => ({ name, title, unit, better, meaning: `meaning of ${name}` }));

const article = 'latency_ms:145/page_kb:94';
export const caseName = (/** @type {string} */ name, workers = 100, point = article) =>
  `fetch/strategy:${name}/workers:${workers}/${point}/days:100`;

/** A case of a strategy, with changed members. @param {string} name @param {Record<string, any>} [changes] */
export function madeUpCase(name, workers = 100, changes = {}) {
  const [rest, batch, perWorker, cpu] = profileOf(name);
  const [days, latency] = [100, 145];
  const point = changes.point ?? article;
  const ideal = Math.ceil(days / workers) * 2 * latency;
  const work = (cpu * days * 2) / 1000;
  const time = workers === 1 ? ideal + work : Math.max(ideal * 1.02, work) + 30;
  const growth = (batch + perWorker * workers) * 1024;
  const spread = (/** @type {number} */ value, width = 0.01) => [value * (1 - width), value, value * (1 + width)];
  return {
    name: caseName(name, workers, point),
    strategy: name,
    label: name,
    loops: 1,
    workers,
    days,
    items: days,
    point,
    task: 'scrape',
    connections: 'kept',
    warm_up: 0,
    client_version: '',
    repetitions: 5,
    failed: null,
    notes: ['engine: cpp-httplib'],
    figures: {
      real_time: spread(time),
      ideal_ratio: spread(time / ideal),
      rss_peak_bytes: spread(rest * MiB + growth),
      rss_growth_bytes: spread(growth),
      heap_peak_bytes: spread(growth * 0.7, 0),
      cpu_us_per_request: spread(cpu, 0.05),
      bytes_per_worker: spread(growth / workers),
      cpu_s: spread(work / 1000, 0.05),
      cpu_share: spread(work / time, 0.05),
      requests_per_second: spread((days * 2000) / time),
      threads_peak: spread(1, 0),
    },
    frontier: /** @type {string[]} */ ([]),
    ...changes,
  };
}

/** Two points per label, as the fits of C++ need them. @param {ReturnType<typeof madeUpCase>[]} cases */
function fitsOf(cases) {
  return [...new Set(cases.map(({ label }) => label))].flatMap((label) => {
    const [few, many] = cases.filter((row) => row.label === label && row.figures.real_time);
    if (!many) return [];
    return ['rss_growth_bytes', 'cpu_us_per_request'].map((column) => {
      const [low, high] = [few, many].map((row) => row.figures[/** @type {'cpu_s'} */ (column)][1]);
      const exponent = Math.log(high / low) / Math.log(many.workers / few.workers);
      return {
        point: few.point,
        label,
        column,
        exponent,
        factor: low / few.workers ** exponent,
        slope: (high - low) / (many.workers - few.workers),
        cases: [few.name, many.name],
      };
    });
  });
}

/** A curve that rises to the workers' memory, then slowly to its peak at nine tenths of the time. */
function curveOf(/** @type {ReturnType<typeof madeUpCase>} */ { figures }) {
  const [end, growth] = [figures.real_time[1], figures.rss_growth_bytes[1] / 1024];
  const rest = figures.rss_peak_bytes[1] / 1024 - growth;
  const points = Array.from({ length: 201 }, (_, index) => {
    const part = (index / 200) ** 2;
    const share = index === 180 ? 1 : Math.min(0.98, 0.55 * (1 - Math.exp(-part * 60)) + 0.4 * part);
    return [end * part, Math.round(rest + growth * share)];
  });
  return {
    repetition: 2,
    phases_ms: { ready: -3, go: 0, half_done: end * 0.52, last_outcome: end, exit: end + 4 },
    points: [[-3, rest], ...points, [end + 4, Math.round(rest + growth * 0.9)]],
  };
}

export const context = {
  date: '2026-11-24T19:11:29+00:00',
  num_cpus: 2,
  caches: [{ type: 'Data', level: 1 }],
  cpu_model: 'An invented processor',
  os: 'Debian GNU/Linux 13 (trixie)',
  libcurl: '8.14.1',
  workload: 'article',
};

/**
 * A dataset of cases, with recommendations, fits and curves.
 * @param {string} id
 * @param {ReturnType<typeof madeUpCase>[]} cases
 * @param {Record<string, any>} [changes]
 */
export function madeUpDataset(id, cases, changes = {}) {
  const points = [...new Set(cases.map(({ point }) => point))];
  const passed = cases.filter(({ failed }) => !failed);
  const memoryColumns = /** @type {const} */ (['rss_peak_bytes', 'rss_growth_bytes', 'heap_peak_bytes']);
  for (const column of memoryColumns) {
    for (const row of passed) {
      const isBeaten = passed.some(
        ({ strategy: name, point, figures: { real_time: time, [column]: memory } }) =>
          name !== 'raw_epoll' &&
          point === row.point &&
          time[1] <= row.figures.real_time[1] &&
          memory[1] < row.figures[column][1],
      );
      if (!isBeaten && row.strategy !== 'raw_epoll') row.frontier.push(column);
    }
  }
  return {
    id,
    title: id,
    file: `${id}.json`,
    context,
    points: points.map((point) => {
      const { task, connections, warm_up } = cases.find((row) => row.point === point) ?? cases[0];
      return { id: point, title: `title of ${point}`, kind: '', task, connections, warm_up };
    }),
    cases,
    answers: points.map((point) => ({
      point,
      headline: `Headline of ${point}`,
      rows: cases
        .filter((row) => row.point === point)
        .map(({ name, failed }) => ({
          case: name,
          time_ratio: failed ? null : 1.25,
          memory_ratio: failed ? null : 0.875,
          text: failed ? 'failed' : 'as fast',
        })),
    })),
    fits: fitsOf(cases),
    timeline: { sample_every_ms: 2, curves: Object.fromEntries(passed.map((row) => [row.name, curveOf(row)])) },
    ...changes,
  };
}

export const allCases = (names = strategyNames) =>
  names.flatMap((name) => workerCounts(name).map((workers) => madeUpCase(name, workers)));

export const clientNames = [...strategyNames, ...Object.keys(clientProfiles)];

/** A dataset of all clients: both tasks, kept and fresh connections, and two worker counts; java fails one case. */
export function clientsDataset(names = clientNames) {
  const points = /** @type {const} */ ([
    ['scrape', 'kept'],
    ['get', 'kept'],
    ['get', 'fresh'],
  ]);
  const cases = points.flatMap(([task, connections]) =>
    names.flatMap((name) =>
      workerCounts(name).map((workers) =>
        madeUpCase(name, workers, {
          point: `latency:20ms/page_kb:3/task:${task}/connections:${connections}`,
          task,
          connections,
          client_version: name === 'rust_hyper' ? 'hyper 1.5.0, rustc 1.85.0' : '',
          ...(name === 'java_http_client' && task === 'get'
            ? { failed: { count: 1, reason: 'late' }, figures: {} }
            : {}),
        }),
      ),
    ),
  );
  return madeUpDataset('clients', cases, { timeline: null });
}

/** 40 hexadecimal digits for a number. */
export const commitOf = (/** @type {number} */ number) =>
  ((number + 1) * 2654435761).toString(16).slice(-8).padStart(8, '0').padEnd(40, 'c0ffee');

export const recording = (/** @type {number} */ number, changes = {}) => ({
  id: `r${String(number).padStart(2, '0')}`,
  commit: commitOf(number),
  dirty: false,
  subject: `subject ${number}`,
  recorded: new Date(Date.UTC(2026, 10, 1 + number, 9, 30)).toISOString(),
  commit_date: new Date(Date.UTC(2026, 10, 1 + number)).toISOString(),
  program: String(number).padStart(64, '0'),
  compiler: 'GNU 12.2.0',
  canary: [20, 20.2],
  load: [0.1, 0.4],
  steal: 0.2,
  ...changes,
});

export const metrics = [
  { name: 'real_time', label: 'time', unit: 'ms', exact: false },
  { name: 'heap_peak_bytes', label: 'heap peak', unit: 'bytes', exact: true },
];

/**
 * A series whose ratio rises by 12 % at the point `changesAt`, if given.
 * @param {string} row
 * @param {number} length of recordings
 * @param {Record<string, any> & {changesAt?: number}} [changes]
 */
export function madeUpSeries(row, length, { changesAt, ...changes } = {}) {
  const ratioAt = (/** @type {number} */ at) =>
    (changesAt !== undefined && at >= changesAt ? 1.12 : 1) * (1 + 0.004 * Math.sin(at));
  const hasChange = changesAt !== undefined && changesAt < length;
  return {
    row,
    metric: 'real_time',
    reference: { name: 'floor', title: 'raw_epoll 100' },
    is_default: true,
    points: Array.from({ length }, (_, at) => ({
      at,
      figure: 40 * ratioAt(at),
      reference: 40,
      ratio: ratioAt(at),
      low: ratioAt(at) * 0.99,
      high: ratioAt(at) * 1.01,
      enough: true,
      samples: [39.8, 40, 40.2].map((figure) => figure * ratioAt(at)),
    })),
    failed: [],
    band: { size: 0.02, text: 'Band: ±2 %.' },
    changes: hasChange
      ? [{ at: changesAt, factor: 1.12, worse: true, confirmed: true, same_program: false, text: 'worse: +12 %' }]
      : [],
    levels: hasChange
      ? [
          { from: 0, to: changesAt - 1, level: 1 },
          { from: changesAt, to: length - 1, level: 1.12 },
        ]
      : [{ from: 0, to: length - 1, level: 1 }],
    accepted: /** @type {any[]} */ ([]),
    ...changes,
  };
}

/** A group of twelve recordings in which coroutines with 100 workers get slower at the ninth. */
export function madeUpGroup(changes = {}, length = 12) {
  const names = ['thread_pool', 'fibers', 'coroutines', 'raw_epoll'];
  const rows = names.flatMap((name) =>
    workerCounts(name).map((workers) => ({
      name: caseName(name, workers),
      strategy: name,
      label: name,
      workers,
      point: article,
    })),
  );
  const series = rows.flatMap(({ name }) => {
    const changesAt = name === caseName('coroutines') ? 8 : undefined;
    const other = { name: caseName('thread_pool', 20), title: 'thread_pool 20' };
    return [
      madeUpSeries(name, length, { changesAt }),
      madeUpSeries(name, length, { is_default: false, reference: other }),
      madeUpSeries(name, length, { metric: 'heap_peak_bytes' }),
    ];
  });
  const recordings = Array.from({ length }, (_, number) => recording(number));
  return { id: 'group', title: 'workload article', machine: 'invented-2-cores', recordings, rows, series, ...changes };
}

/**
 * A payload of datasets and history.
 * @param {{datasets?: any[], groups?: any[], broken?: any[], names?: string[]}} [parts]
 */
export const madeUpPayload = ({ datasets, groups = [], broken = [], names = strategyNames } = {}) => ({
  version: 1,
  columns,
  strategies: names.map(strategy),
  datasets: datasets ?? [madeUpDataset('article', allCases())],
  history: { metrics, groups },
  broken,
});

/** Escapes JSON for a script element, as C++ does. */
export const embed = (/** @type {unknown} */ payload) =>
  JSON.stringify(payload).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

const bundle = pageHtml();

/** The page with a payload. */
export const fillPage = async (/** @type {unknown} */ payload) =>
  (await bundle).replace('"farebench-data"', () => embed(payload));

/**
 * A temporary folder that exists until the test ends.
 * @param {{after: (done: () => void) => void}} test
 */
export function temporaryFolder(test) {
  const folder = mkdtempSync(join(tmpdir(), 'farebench-report-'));
  test.after(() => rmSync(folder, { recursive: true, force: true }));
  return {
    path: (/** @type {string} */ name) => join(folder, name),
    write(/** @type {string} */ name, /** @type {string} */ content) {
      writeFileSync(join(folder, name), content);
      return join(folder, name);
    },
  };
}
