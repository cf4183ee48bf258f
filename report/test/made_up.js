import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Made-up results for the tests: of the bench's form, with figures such as it shows, the same at every call. */

const MiB = 2 ** 20;

/** @type {Record<string, {rest: number, fixed: number, worker: number, cpu: number}>} of a strategy: MiB, KiB, µs a request */
const ways = {
  sequential: { rest: 12.2, fixed: 560, worker: 0, cpu: 318 },
  thread_pool: { rest: 12.2, fixed: 700, worker: 41, cpu: 240 },
  fibers: { rest: 12.2, fixed: 700, worker: 18, cpu: 199 },
  coroutines: { rest: 12.2, fixed: 680, worker: 15.6, cpu: 191 },
  multi_socket: { rest: 12.2, fixed: 690, worker: 16.1, cpu: 190 },
  multi_poll: { rest: 12.2, fixed: 640, worker: 16.0, cpu: 185 },
  raw_epoll: { rest: 12.2, fixed: 270, worker: 0.1, cpu: 150 },
  python_sync: { rest: 38, fixed: 4000, worker: 0, cpu: 81000 },
  python_threads: { rest: 38, fixed: 6000, worker: 900, cpu: 88000 },
  python_gevent: { rest: 41, fixed: 5000, worker: 400, cpu: 83000 },
  python_asyncio: { rest: 46, fixed: 5000, worker: 250, cpu: 79000 },
};
export const strategies = Object.keys(ways);
const hasOneWorker = (/** @type {string} */ strategy) => ['sequential', 'python_sync'].includes(strategy);

export const nameOf = (
  /** @type {string} */ strategy,
  /** @type {number} */ workers,
  point = 'latency_ms:145/page_kb:94/days:100',
) => `fetch/strategy:${strategy}/workers:${workers}/${point}`;

/** A repetition's row, with whatever a test wants otherwise. */
export function row(
  /** @type {string} */ strategy,
  workers = 100,
  index = 0,
  /** @type {Record<string, unknown>} */ change = {},
) {
  const way = ways[strategy] ?? ways.coroutines;
  const [days, latency] = [100, 0.145];
  const ideal = Math.ceil(days / workers) * 2 * latency;
  const wobble = 1 + [0, 0.011, -0.004, 0.02, 0.006][index % 5];
  const work = (way.cpu * days * 2) / 1e6;
  const time = (workers === 1 ? ideal + work : Math.max(ideal * 1.02, work) + 0.03) * wobble;
  const growth = (way.fixed + way.worker * workers) * 1024 * (1 + 0.01 * (index % 3));
  return {
    name: `${nameOf(strategy, workers)}/iterations:1/manual_time`,
    run_type: 'iteration',
    repetitions: 5,
    repetition_index: index,
    threads: 1,
    iterations: 1,
    real_time: time * 1000,
    cpu_time: 20,
    time_unit: 'ms',
    label: 'engine: cpp-httplib',
    allocations_per_request: 51.5,
    anon_peak_bytes: growth + MiB,
    bytes_per_worker: growth / workers,
    context_switches_per_request: 0.8,
    cpu_us_per_request: way.cpu,
    errors: 0,
    fares: 5168,
    heap_peak_bytes: growth * 0.7,
    ideal_ratio: time / ideal,
    in_flight_peak: workers,
    kernel_estimate_bytes: 183296,
    requests_per_second: (days * 2) / time,
    rss_baseline_bytes: way.rest * MiB,
    rss_growth_bytes: growth,
    rss_peak_bytes: way.rest * MiB + growth,
    scrape_p50_ms: 291,
    scrape_p99_ms: 298,
    server_late_p50_ms: 0.08,
    server_late_p99_ms: 0.6,
    threads_peak: 1,
    ...change,
  };
}

export const context = {
  date: '2026-11-24T19:11:29+00:00',
  executable: 'bench',
  num_cpus: 2,
  caches: [{ type: 'Data', level: 1 }],
  load_avg: [0.1, 0.2, 0.3],
  commit: '049c6a6',
  compiler: 'GNU 12.2.0',
  cpu_model: 'A made-up processor',
  kernel: 'Linux',
  libcurl: '7.88.1',
  workload: 'article',
};

/** A whole result: every strategy, five repetitions each, aggregates among them as the bench writes them. */
export function result(names = strategies, /** @type {Record<string, unknown>} */ contextChange = {}) {
  const benchmarks = names.flatMap((strategy) =>
    (hasOneWorker(strategy) ? [1] : [20, 100]).flatMap((workers) => [
      ...[0, 1, 2, 3, 4].map((index) => row(strategy, workers, index)),
      {
        name: `${nameOf(strategy, workers)}/iterations:1/manual_time_mean`,
        run_type: 'aggregate',
        aggregate_name: 'mean',
        real_time: 1,
        time_unit: 'ms',
      },
    ]),
  );
  return { context: { ...context, ...contextChange }, benchmarks };
}

/** The curve of one row: up to its workers' memory at once, then slowly on, to a peak shortly before the end. */
export function curveOf(/** @type {Record<string, any>} */ one) {
  const [rest, growth, end] = [one.rss_baseline_bytes / 1024, one.rss_growth_bytes / 1024, one.real_time];
  const points = [
    [-3, rest],
    [0, rest],
  ];
  for (let at = 1; at <= 200; ++at) {
    const part = (at / 200) ** 2;
    const wave = 0.03 * Math.sin(at * 1.7);
    points.push([
      end * part,
      Math.round(
        rest + growth * (at === 180 ? 1 : Math.min(0.98, 0.55 * (1 - Math.exp(-part * 60)) + 0.4 * part + wave * part)),
      ),
    ]);
  }
  points.push([end + 4, Math.round(rest + growth * 0.9)]);
  return {
    name: one.name.replace('/iterations:1/manual_time', ''),
    repetition: one.repetition_index,
    phases_ms: { ready: -3, go: 0, half_done: end * 0.52, last_outcome: end, exit: end + 4 },
    points,
    samples: points.length,
    sampler_cpu_share: 0.004,
  };
}

export function timelineOf(/** @type {{benchmarks: Record<string, any>[]}} */ { benchmarks }) {
  return {
    timeline: 1,
    sample_every_ms: 2,
    curves: benchmarks.filter((one) => one.run_type === 'iteration').map(curveOf),
  };
}

/**
 * A folder that is gone when the test is over, and writing into it.
 * @param {{after: (done: () => void) => void}} test
 */
export function folderFor(test) {
  const folder = mkdtempSync(join(tmpdir(), 'farebench-report-'));
  test.after(() => rmSync(folder, { recursive: true, force: true }));
  return {
    path: (/** @type {string} */ name) => join(folder, name),
    write(/** @type {string} */ name, /** @type {unknown} */ content) {
      writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
      return join(folder, name);
    },
  };
}
