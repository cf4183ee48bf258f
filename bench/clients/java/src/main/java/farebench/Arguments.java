package farebench;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/**
 * Arguments of a client.
 *
 * @param url scheme, host and port of the site, without a path
 * @param workers maximum number of items in progress
 * @param warmUp number of items to run before the batch
 */
record Arguments(
    String url, Task task, int workers, int items, Connections connections, int warmUp) {

  /** Work per item. */
  enum Task {
    SCRAPE,
    GET
  }

  enum Connections {
    /** At most {@code workers} connections, reused from item to item. */
    KEPT,
    /** A new connection for each item. */
    FRESH
  }

  private static final Set<String> NAMES =
      Set.of("--url", "--task", "--workers", "--items", "--connections", "--warm-up");

  /**
   * Parses a command line.
   *
   * @throws IllegalArgumentException for an unknown, invalid or missing argument
   */
  static Arguments parse(String[] args) {
    Map<String, String> values = new HashMap<>();
    for (int i = 0; i < args.length; i += 2) {
      if (!NAMES.contains(args[i])) {
        throw new IllegalArgumentException(args[i] + ": unknown argument");
      }
      if (i + 1 == args.length) {
        throw new IllegalArgumentException(args[i] + ": value is missing");
      }
      values.put(args[i], args[i + 1]);
    }
    return new Arguments(
        required(values, "--url"),
        switch (required(values, "--task")) {
          case "scrape" -> Task.SCRAPE;
          case "get" -> Task.GET;
          default -> throw invalid(values, "--task", "scrape or get");
        },
        number(values, "--workers", 1),
        number(values, "--items", 1),
        switch (required(values, "--connections")) {
          case "kept" -> Connections.KEPT;
          case "fresh" -> Connections.FRESH;
          default -> throw invalid(values, "--connections", "kept or fresh");
        },
        values.containsKey("--warm-up") ? number(values, "--warm-up", 0) : 0);
  }

  private static String required(Map<String, String> values, String name) {
    String value = values.get(name);
    if (value == null) {
      throw new IllegalArgumentException(name + " is missing");
    }
    return value;
  }

  private static int number(Map<String, String> values, String name, int min) {
    try {
      int number = Integer.parseInt(required(values, name));
      if (number >= min) {
        return number;
      }
    } catch (NumberFormatException e) {
      // Reported below.
    }
    throw invalid(values, name, "a number of at least " + min);
  }

  private static IllegalArgumentException invalid(
      Map<String, String> values, String name, String expected) {
    return new IllegalArgumentException(
        "%s: invalid value '%s': write %s".formatted(name, values.get(name), expected));
  }
}
