package farebench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/** A client of farebench, started by bench: runs one batch and reports it. See docs/clients.md. */
public final class Client {
  private static final int EXIT_USAGE = 2;

  private static final PrintStream OUT =
      new PrintStream(System.out, /* autoFlush= */ true, StandardCharsets.UTF_8);

  private Client() {}

  public static void main(String[] args) {
    int code;
    try {
      code = run(Arguments.parse(args));
    } catch (IllegalArgumentException e) {
      System.err.println("java_http_client: " + e.getMessage());
      code = EXIT_USAGE;
    } catch (IOException | InterruptedException e) {
      System.err.println("java_http_client: " + e);
      code = 1;
    }
    System.exit(code);
  }

  private static int run(Arguments arguments) throws IOException, InterruptedException {
    var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    var runner = new ItemRunner(arguments);
    var record = new BatchRecord(arguments.items());
    if (arguments.warmUp() > 0) {
      runner.run(new BatchRecord(arguments.warmUp()));
    }
    OUT.println("farebench-client 2 ready");
    if (!"go".equals(in.readLine())) {
      return EXIT_USAGE;
    }
    try {
      runner.run(record);
      OUT.println(record.report(runner.version()));
    } catch (RuntimeException e) {
      OUT.println("failed " + e.toString().replaceAll("\\s+", " "));
    }
    return "exit".equals(in.readLine()) ? 0 : EXIT_USAGE;
  }
}
