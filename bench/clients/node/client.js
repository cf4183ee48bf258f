// A client of farebench: an event loop with W async functions, over the built-in fetch or undici. Its command
// line, its lines on standard input and output, and its report are those of docs/clients.md.

import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";

import { Outcomes, runItems } from "./batch.js";
import { libraries, openSite } from "./site.js";
import { tasks } from "./tasks.js";

const EXIT_USAGE = 2;

function failUsage(message) {
  console.error(`client.js: ${message}`);
  process.exit(EXIT_USAGE);
}

function readArguments() {
  try {
    const type = "string";
    const { values } = parseArgs({
      options: {
        library: { type },
        url: { type },
        task: { type },
        workers: { type },
        items: { type },
        connections: { type },
        "warm-up": { type, default: "0" },
      },
    });
    return values;
  } catch (error) {
    return failUsage(error.message);
  }
}

function oneOf(names, name, value) {
  if (!names.includes(value)) {
    failUsage(`--${name} is ${value}, must be ${names.join(" or ")}`);
  }
  return value;
}

function atLeast(least, name, value) {
  const number = Number(value);
  if (!Number.isSafeInteger(number) || number < least) {
    failUsage(`--${name} is ${value}, must be an integer, at least ${least}`);
  }
  return number;
}

function versions(library) {
  const { dependencies } = JSON.parse(
    readFileSync(new URL("package.json", import.meta.url)),
  );
  const parts = ["undici", "htmlparser2"].map(
    (name) => `${name} ${dependencies[name]}`,
  );
  if (library === "fetch") parts.unshift("built-in fetch");
  return [...parts, `Node.js ${process.versions.node}`].join(", ");
}

const given = readArguments();
const library = oneOf(Object.keys(libraries), "library", given.library);
const task = tasks[oneOf(Object.keys(tasks), "task", given.task)];
const connections = oneOf(["kept", "fresh"], "connections", given.connections);
const workers = atLeast(1, "workers", given.workers);
const items = atLeast(1, "items", given.items);
const warmUpItems = atLeast(0, "warm-up", given["warm-up"]);
if (!given.url) failUsage("--url is missing");

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

async function expectLine(expected) {
  const { value = "end of input" } = await lines.next();
  if (value !== expected) {
    failUsage(`read ${value}, expected the line ${expected}`);
  }
}

const site = await openSite({ library, url: given.url, workers, connections });
const runItem = (item) => site((exchange) => task(exchange, item));
await runItems(workers, new Outcomes(warmUpItems), runItem);
const outcomes = new Outcomes(items);
console.log("farebench-client 2 ready");
await expectLine("go");

try {
  outcomes.start();
  await runItems(workers, outcomes, runItem);
  console.log(outcomes.report(versions(library)));
} catch (error) {
  console.log(`failed ${String(error).replace(/\s+/g, " ")}`);
}
await expectLine("exit");
process.exit(0);
