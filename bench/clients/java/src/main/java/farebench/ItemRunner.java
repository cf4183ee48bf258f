package farebench;

import farebench.Arguments.Connections;
import farebench.Arguments.Task;
import java.io.IOException;
import java.net.ConnectException;
import java.net.HttpCookie;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandler;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.zip.CRC32;
import org.jsoup.Jsoup;

/** Runs items: each in a virtual thread, in blocking style. */
final class ItemRunner {
  /** Limit of each connect and of each request. */
  private static final Duration TIMEOUT = Duration.ofSeconds(30);

  private static final String SESSION_COOKIE = "JSESSIONID";

  /** Result of an item without an error; {@code fares} is 0 for the task get. */
  record ItemResult(long crc32, int fares) {}

  private final Arguments arguments;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final HttpClient sharedClient;

  ItemRunner(Arguments arguments) {
    this.arguments = arguments;
    sharedClient = newClient();
    // Loads its classes.
    Jsoup.parse("");
  }

  /** Returns the versions of the libraries and of Java. */
  String version() {
    return "java.net.http, jsoup %s, Java %s"
        .formatted(
            Jsoup.class.getPackage().getImplementationVersion(),
            System.getProperty("java.version"));
  }

  /** Runs a batch, at most {@code workers} items at once. Returns when each has its outcome. */
  void run(BatchRecord batch) throws InterruptedException {
    var workers = new Semaphore(arguments.workers());
    for (int i = 0; i < batch.size(); i++) {
      int item = i;
      workers.acquire();
      threads.execute(
          () -> {
            runItem(batch, item);
            workers.release();
          });
    }
    workers.acquire(arguments.workers());
  }

  private void runItem(BatchRecord batch, int item) {
    batch.start(item);
    try {
      batch.deliver(item, fetch(item));
    } catch (ItemException e) {
      batch.deliver(item, e);
    }
  }

  private ItemResult fetch(int item) throws ItemException {
    if (arguments.connections() == Connections.KEPT) {
      return fetch(sharedClient, item);
    }
    try (HttpClient client = newClient()) {
      return fetch(client, item);
    }
  }

  private ItemResult fetch(HttpClient client, int item) throws ItemException {
    try {
      return arguments.task() == Task.GET ? get(client, item) : scrape(client, item);
    } catch (ConnectException e) {
      throw new ItemException("connect_failed", e.toString());
    } catch (HttpTimeoutException e) {
      throw new ItemException("deadline_exceeded", e.toString());
    } catch (IOException e) {
      throw new ItemException("connection_lost", e.toString());
    } catch (InterruptedException e) {
      throw new ItemException("cancelled", e.toString());
    }
  }

  private ItemResult get(HttpClient client, int item)
      throws ItemException, IOException, InterruptedException {
    var page = send(client, request("/page/" + item).GET(), BodyHandlers.ofByteArray());
    return new ItemResult(crc32(page.body()), 0);
  }

  private ItemResult scrape(HttpClient client, int item)
      throws ItemException, IOException, InterruptedException {
    var startPage = send(client, request("/m/").GET(), BodyHandlers.discarding());
    HttpRequest.Builder search =
        request("/m/?0-1.IFormSubmitListener-searchForm-form")
            .header("Cookie", session(startPage))
            .header("Content-Type", "application/x-www-form-urlencoded")
            .POST(BodyPublishers.ofString(Fares.searchForm(item)));
    var results = send(client, search, BodyHandlers.ofString(StandardCharsets.UTF_8));
    var fares = Fares.parse(results.body());
    return new ItemResult(
        crc32(Fares.digestText(item, fares).getBytes(StandardCharsets.UTF_8)), fares.size());
  }

  private static String session(HttpResponse<?> startPage) throws ItemException {
    return startPage.headers().allValues("Set-Cookie").stream()
        .flatMap(header -> HttpCookie.parse(header).stream())
        .filter(cookie -> cookie.getName().equals(SESSION_COOKIE))
        .map(cookie -> cookie.getName() + "=" + cookie.getValue())
        .findFirst()
        .orElseThrow(
            () ->
                new ItemException(
                    "no_session", "the start page set no " + SESSION_COOKIE + " cookie"));
  }

  private HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create(arguments.url() + path)).timeout(TIMEOUT);
  }

  private static <T> HttpResponse<T> send(
      HttpClient client, HttpRequest.Builder request, BodyHandler<T> handler)
      throws ItemException, IOException, InterruptedException {
    HttpResponse<T> response = client.send(request.build(), handler);
    if (response.statusCode() != 200) {
      throw new ItemException("unexpected_status", Integer.toString(response.statusCode()));
    }
    return response;
  }

  private HttpClient newClient() {
    return HttpClient.newBuilder()
        .version(HttpClient.Version.HTTP_1_1)
        .connectTimeout(TIMEOUT)
        .executor(threads)
        .build();
  }

  private static long crc32(byte[] bytes) {
    var crc = new CRC32();
    crc.update(bytes);
    return crc.getValue();
  }
}
