import { Parser } from "htmlparser2";

const FARE_CLASS = "select-line";
const TIME = /^(\d|[01]\d|2[0-3]):([0-5]\d)$/;
const SEATS = /^\d+$/;
const PRICE = /^(\d+)(?:[.,](\d\d?))?$/;

const malformed = (text) => new Error(`malformed_page: ${text}`);

class Fare {
  constructor(text) {
    const words = text.match(/\S+/g) ?? [];
    if (words.length !== 6) {
      throw malformed(`a fare has ${words.length} words, expected 6`);
    }
    const [departure, arrival, type, seats, price, currency] = words;
    // Minutes after midnight.
    this.departure = Fare.#read(TIME, departure, (h, m) => h * 60 + Number(m));
    this.arrival = Fare.#read(TIME, arrival, (h, m) => h * 60 + Number(m));
    this.type = type;
    this.seats = Fare.#read(SEATS, seats, () => Number(seats));
    // Hundredths of the currency.
    this.price = Fare.#read(PRICE, price, (whole, decimals = "") =>
      Number(whole + decimals.padEnd(2, "0")),
    );
    this.currency = currency;
  }

  static #read(pattern, word, convert) {
    const groups = pattern.exec(word);
    const value = groups && convert(...groups.slice(1));
    if (!Number.isSafeInteger(value)) {
      throw malformed(`read ${JSON.stringify(word)}, expected ${pattern}`);
    }
    return value;
  }

  // Returns the fare's line of the item's text.
  toString() {
    const times = [this.departure, this.arrival].map((minutes) =>
      [Math.floor(minutes / 60), minutes % 60]
        .map((number) => String(number).padStart(2, "0"))
        .join(":"),
    );
    return [...times, this.type, this.seats, this.price, this.currency].join(
      "|",
    );
  }
}

// Returns the fares of a page in UTF-8, an async iterable of bytes, in order. A fare without an end tag is an error.
export async function readFares(page) {
  const fares = [];
  // Elements around the current position: all of them are counted, fares are kept.
  let depth = 0;
  const open = [];
  const parser = new Parser({
    onopentag(name, attributes) {
      depth++;
      if (attributes.class?.split(/[\t\n\f\r ]/).includes(FARE_CLASS)) {
        open.push({ depth, text: "" });
      }
    },
    ontext(text) {
      for (const fare of open) fare.text += text;
    },
    onclosetag(name, implied) {
      if (open.at(-1)?.depth === depth) {
        if (implied) throw malformed(`a fare has no end tag </${name}>`);
        fares.push(new Fare(open.pop().text));
      }
      depth--;
    },
  });
  const decoder = new TextDecoder("utf-8", { fatal: true });
  for await (const chunk of page) {
    parser.write(decoder.decode(chunk, { stream: true }));
  }
  parser.end(decoder.decode());
  return fares;
}
