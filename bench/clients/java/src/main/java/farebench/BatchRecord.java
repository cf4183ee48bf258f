package farebench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Measures a batch. Thread-safe. Times are those of System.nanoTime, CLOCK_MONOTONIC on Linux. */
final class BatchRecord {
  private static final int MAX_FIRST_ERRORS = 3;

  // By item.
  private final long[] startedNs;
  // In order of completion.
  private final long[] itemNs;
  private int outcomes;
  private int errors;
  private long digest;
  private long fares;
  private long halfDoneNs;
  private long lastOutcomeNs;
  private final List<String> firstErrors = new ArrayList<>(MAX_FIRST_ERRORS);

  BatchRecord(int items) {
    startedNs = new long[items];
    itemNs = new long[items];
  }

  int size() {
    return startedNs.length;
  }

  /** Called when a worker starts an item. */
  void start(int item) {
    startedNs[item] = System.nanoTime();
  }

  /** Called with the result of an item. */
  synchronized void deliver(int item, ItemRunner.ItemResult result) {
    end(item);
    digest += result.crc32();
    fares += result.fares();
  }

  /** Called with the error of an item. */
  synchronized void deliver(int item, ItemException error) {
    end(item);
    errors++;
    if (firstErrors.size() < MAX_FIRST_ERRORS) {
      firstErrors.add("item " + item + ": " + error.getMessage());
    }
  }

  private void end(int item) {
    lastOutcomeNs = System.nanoTime();
    itemNs[outcomes++] = lastOutcomeNs - startedNs[item];
    if (outcomes == (size() + 1) / 2) {
      halfDoneNs = lastOutcomeNs;
    }
  }

  /** Returns the report of the finished batch as one line of JSON. */
  synchronized String report(String version) {
    long firstNs = Arrays.stream(startedNs).min().getAsLong();
    return String.format(
        Locale.ROOT,
        """
        {"outcomes":%d,"errors":%d,"digest":%d,"first_errors":[%s],"version":%s,"wall_ms":%f,\
        "fares":%d,"attempts":%d,"item_histogram":[%s],"first_item_at_s":%.9f,\
        "half_done_ms":%f}\
        """,
        outcomes,
        errors,
        digest,
        firstErrors.stream().map(BatchRecord::quoted).collect(Collectors.joining(",")),
        quoted(version),
        milliseconds(lastOutcomeNs - firstNs),
        fares,
        outcomes,
        histogram(),
        firstNs / 1e9,
        milliseconds(halfDoneNs - firstNs));
  }

  /** Returns the pairs of bucket and count of the times, as docs/clients.md defines them. */
  private String histogram() {
    return Arrays.stream(itemNs)
        .mapToObj(ns -> bucket(ns / 1000))
        .collect(Collectors.groupingBy(bucket -> bucket, TreeMap::new, Collectors.counting()))
        .entrySet()
        .stream()
        .map(pair -> "[" + pair.getKey() + "," + pair.getValue() + "]")
        .collect(Collectors.joining(","));
  }

  private static long bucket(long us) {
    int shift = Math.max(56 - Long.numberOfLeadingZeros(us), 0);
    return 128 * shift + (us >> shift);
  }

  private static double milliseconds(long ns) {
    return ns / 1e6;
  }

  /** Returns a text as a string of JSON. */
  private static String quoted(String text) {
    var quoted = new StringBuilder("\"");
    for (char c : text.toCharArray()) {
      if (c == '"' || c == '\\') {
        quoted.append('\\').append(c);
      } else if (c < ' ') {
        quoted.append("\\u%04x".formatted((int) c));
      } else {
        quoted.append(c);
      }
    }
    return quoted.append('"').toString();
  }
}
