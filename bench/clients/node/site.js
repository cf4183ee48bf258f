// Connections to the site, and one exchange of a request for a response by each library.

import { Client, Pool } from "undici";

// Same as undici's limits for headers and bodies. Its 10 s for a connection could pass while a busy machine starts
// 10,000 requests.
const CONNECT_TIMEOUT_MS = 300_000;

// Both return the response's status, its Set-Cookie header fields joined by commas, and its body, an async
// iterable of bytes that must be read to its end before the connection can be used again.
export const libraries = {
  async fetch(dispatcher, url, { path, ...request }) {
    const response = await fetch(url + path, {
      ...request,
      dispatcher,
      redirect: "manual",
    });
    return {
      status: response.status,
      setCookie: response.headers.get("set-cookie") ?? "",
      body: response.body ?? [],
    };
  },

  async undici(dispatcher, url, request) {
    const response = await dispatcher.request(request);
    return {
      status: response.statusCode,
      setCookie: String(response.headers["set-cookie"] ?? ""),
      body: response.body,
    };
  },
};

// Returns a function that calls a function of an item with the item's exchange function.
//
// By itself, fetch opens up to two connections per worker and shares all of them. Its documented option
// `dispatcher` limits them, and gives an item its own.
export async function openSite({ library, url, workers, connections }) {
  // Node.js loads its fetch at the first call.
  if (library === "fetch") await fetch("data:,");
  const exchangeBy = (dispatcher) => (request) =>
    libraries[library](dispatcher, url, request);

  if (connections === "kept") {
    const pool = new Pool(url, {
      connections: workers,
      connectTimeout: CONNECT_TIMEOUT_MS,
    });
    const exchange = exchangeBy(pool);
    return (runItem) => runItem(exchange);
  }
  return async (runItem) => {
    const connection = new Client(url, { connectTimeout: CONNECT_TIMEOUT_MS });
    try {
      return await runItem(exchangeBy(connection));
    } finally {
      await connection.destroy();
    }
  };
}
