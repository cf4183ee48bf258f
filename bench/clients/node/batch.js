// Runs a batch, and records and reports it.

const MAX_FIRST_ERRORS = 3;

// CLOCK_MONOTONIC
const nowMs = () => Number(process.hrtime.bigint()) / 1e6;

function used() {
  const all = process.resourceUsage();
  return {
    cpu_us: all.userCPUTime + all.systemCPUTime,
    context_switches:
      all.voluntaryContextSwitches + all.involuntaryContextSwitches,
  };
}

// Returns a quantile of sorted values by nearest rank.
function quantile(sorted, share) {
  return sorted[Math.ceil(share * sorted.length) - 1];
}

// Returns pairs of bucket and count of times in whole µs as docs/clients.md
// defines them. The times are sorted.
function histogram(sortedUs) {
  const counts = new Map();
  for (const us of sortedUs) {
    const shift = Math.max(24 - Math.clz32(us), 0);
    const bucket = 128 * shift + (us >>> shift);
    counts.set(bucket, (counts.get(bucket) ?? 0) + 1);
  }
  return [...counts];
}

// Outcomes of a batch. Their memory is resident from the beginning.
export class Outcomes {
  #startMs;
  #endMs;
  #crcs;
  #fares = 0;
  #errors = 0;
  #firstErrors = [];
  #before;

  constructor(items) {
    this.items = items;
    this.#startMs = new Float64Array(items).fill(-1);
    this.#endMs = new Float64Array(items).fill(-1);
    this.#crcs = new Uint32Array(items).fill(-1);
  }

  // Called once before the first item.
  start() {
    this.#before = used();
  }

  // Records the outcome of `runItem(item)`.
  async record(item, runItem) {
    this.#startMs[item] = nowMs();
    try {
      const { crc, fares } = await runItem(item);
      this.#crcs[item] = crc;
      this.#fares += fares;
    } catch (error) {
      this.#crcs[item] = 0;
      this.#errors++;
      if (this.#firstErrors.length < MAX_FIRST_ERRORS) {
        // fetch has the error of the connection as the cause of its own.
        const text = error instanceof TypeError ? error.cause : error;
        this.#firstErrors.push(`item ${item}: ${(text ?? error).message}`);
      }
    }
    this.#endMs[item] = nowMs();
  }

  // Returns the report of the finished batch as one line of JSON.
  report(version) {
    const after = used();
    const durationsUs = Uint32Array.from(
      this.#endMs,
      (end, item) => 1e3 * (end - this.#startMs[item]),
    );
    durationsUs.sort();
    const endMs = this.#endMs.slice().sort();
    const firstMs = this.#startMs.reduce((a, b) => Math.min(a, b));
    const digest = this.#crcs.reduce((sum, crc) => sum + BigInt(crc), 0n);
    const members = JSON.stringify({
      outcomes: this.items,
      errors: this.#errors,
      version,
      wall_ms: endMs.at(-1) - firstMs,
      cpu_us: after.cpu_us - this.#before.cpu_us,
      context_switches: after.context_switches - this.#before.context_switches,
      fares: this.#fares,
      attempts: this.items, // without retries
      first_errors: this.#firstErrors,
      item_histogram: histogram(durationsUs),
      first_item_at_s: firstMs / 1e3,
      half_done_ms: quantile(endMs, 0.5) - firstMs,
    });
    // JSON.stringify writes no BigInt.
    return `{"digest":${digest},${members.slice(1)}`;
  }
}

// Runs all items of `outcomes`, at most `workers` at a time.
export async function runItems(workers, outcomes, runItem) {
  let next = 0;
  async function work() {
    while (next < outcomes.items) await outcomes.record(next++, runItem);
  }
  const running = Math.min(workers, outcomes.items);
  await Promise.all(Array.from({ length: running }, work));
}
