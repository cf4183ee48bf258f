/**
 * What is known of each strategy. Its family has the colour and its control flow the shape, so that a way of
 * working in Python has the shape of the same way in C++, hollow.
 *
 * @typedef {'library' | 'floor' | 'python' | 'other'} Family
 * @typedef {object} Strategy
 * @property {Family} family
 * @property {string} symbol    Observable Plot's
 * @property {string} spoken    in a sentence
 * @property {boolean} [plural]  whether they need, rather than it needs
 * @property {string} flow      its control flow
 * @property {string} asks      what your code must change
 */

/** @type {Record<string, Strategy>} */
const known = {
  sequential: {
    family: 'library',
    symbol: 'square',
    spoken: 'one after the other',
    flow: 'one blocking connection',
    asks: 'nothing',
  },
  thread_pool: {
    family: 'library',
    symbol: 'triangle',
    spoken: 'a thread pool',
    flow: 'W threads, each with a blocking connection',
    asks: 'nothing in the function; locks around what threads share',
  },
  fibers: {
    family: 'library',
    symbol: 'diamond',
    spoken: 'fibers',
    plural: true,
    flow: 'W stackful fibers over one event loop, one thread',
    asks: 'nothing in the function: blocking code, suspended at each exchange',
  },
  coroutines: {
    family: 'library',
    symbol: 'circle',
    spoken: 'coroutines',
    plural: true,
    flow: 'W C++ coroutines over the same loop',
    asks: 'co_await at each exchange, and task<> on every function up the call chain',
  },
  multi_socket: {
    family: 'library',
    symbol: 'star',
    spoken: 'callbacks (multi_socket)',
    plural: true,
    flow: 'W state machines, callbacks of the same loop',
    asks: 'the function is cut at every wait',
  },
  multi_poll: {
    family: 'library',
    symbol: 'wye',
    spoken: 'callbacks (multi_poll)',
    plural: true,
    flow: 'the same state machines over curl_multi_poll',
    asks: 'the function is cut at every wait',
  },
  raw_epoll: {
    family: 'floor',
    symbol: 'cross',
    spoken: 'the floor (raw_epoll)',
    flow: 'no HTTP library, fixed buffers, epoll: the physical floor',
    asks: 'everything',
  },
  python_sync: {
    family: 'python',
    symbol: 'square',
    spoken: 'Python’s one after the other',
    flow: 'requests, one day after the other',
    asks: 'nothing',
  },
  python_threads: {
    family: 'python',
    symbol: 'triangle',
    spoken: 'Python’s threads',
    plural: true,
    flow: 'requests in a ThreadPoolExecutor of W',
    asks: 'nothing in the function; locks around what threads share',
  },
  python_gevent: {
    family: 'python',
    symbol: 'diamond',
    spoken: 'Python’s gevent',
    flow: 'patched requests in a pool of W greenlets',
    asks: 'the standard library is patched before all imports',
  },
  python_asyncio: {
    family: 'python',
    symbol: 'circle',
    spoken: 'Python’s asyncio',
    flow: 'aiohttp, W at once by a semaphore',
    asks: 'async and await on every function up the call chain, another HTTP library',
  },
};
const order = Object.keys(known);

/** Where it stands in tables: the known ones in the README's order, then the others. */
export function strategyRank(/** @type {string} */ name) {
  return Object.hasOwn(known, name) ? order.indexOf(name) : order.length;
}

/** @returns {Strategy} */
export function strategyOf(/** @type {string} */ name) {
  if (Object.hasOwn(known, name)) return known[name];
  return {
    family: 'other',
    symbol: 'hexagon',
    spoken: name,
    flow: 'unknown to this page',
    asks: 'unknown to this page',
  };
}

/** Its colour's name in the palette. */
export const colourOf = (/** @type {string} */ name) => (Object.hasOwn(known, name) ? name : 'other');

export const floorStrategy = 'raw_epoll';
