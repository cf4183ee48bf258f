package farebench;

import java.time.LocalDate;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jsoup.Jsoup;
import org.jsoup.nodes.Element;

/** The task scrape: its dates, search form, and the fares of its page. */
final class Fares {
  private static final LocalDate FIRST_DATE = LocalDate.of(2026, 3, 1);
  private static final DateTimeFormatter FORM_DATE = DateTimeFormatter.ofPattern("dd.MM.yy");

  private static final String ROW_CLASS = "select-line";
  private static final int WORDS = 6;
  private static final Pattern SPACE = Pattern.compile("\\p{IsWhite_Space}+");
  private static final Pattern TIME = Pattern.compile("([01]?[0-9]|2[0-3]):([0-5][0-9])");
  private static final Pattern SEATS = Pattern.compile("[0-9]{1,9}");
  private static final Pattern PRICE = Pattern.compile("([0-9]{1,15})(?:[.,]([0-9]{1,2}))?");

  /** One bus connection; times are "hh:mm". */
  record Fare(
      String departure,
      String arrival,
      String type,
      int freeSeats,
      long priceHundredths,
      String currency) {}

  private Fares() {}

  /** Returns the body of an item's search request. */
  static String searchForm(int item) {
    return "fromStation=ID10202003&toStation=ID10202002&departure="
        + FIRST_DATE.plusDays(item).format(FORM_DATE);
  }

  /** Returns the fares of a page in page order. Throws ItemException for an invalid row. */
  static List<Fare> parse(String page) throws ItemException {
    List<Fare> fares = new ArrayList<>();
    for (Element row : Jsoup.parse(page).getElementsByClass(ROW_CLASS)) {
      // jsoup ignores the case of class names.
      if (row.classNames().contains(ROW_CLASS)) {
        fares.add(parseRow(row));
      }
    }
    return fares;
  }

  /** Returns the text of an item, whose CRC-32 is part of the digest. */
  static String digestText(int item, List<Fare> fares) {
    var text = new StringBuilder().append(FIRST_DATE.plusDays(item)).append('\n');
    for (Fare fare : fares) {
      text.append(fare.departure).append('|');
      text.append(fare.arrival).append('|');
      text.append(fare.type).append('|');
      text.append(fare.freeSeats).append('|');
      text.append(fare.priceHundredths).append('|');
      text.append(fare.currency).append('\n');
    }
    return text.toString();
  }

  private static Fare parseRow(Element row) throws ItemException {
    // Unlike text(), wholeText() adds no spaces between elements.
    String[] words =
        SPACE.splitAsStream(row.wholeText()).filter(w -> !w.isEmpty()).toArray(String[]::new);
    if (words.length != WORDS) {
      throw malformed("a fare row has %d words, expected %d".formatted(words.length, WORDS));
    }
    return new Fare(
        time(words[0]), time(words[1]), words[2], seats(words[3]), price(words[4]), words[5]);
  }

  private static String time(String word) throws ItemException {
    Matcher time = match(TIME, word, "a time of day, hh:mm");
    return (time.group(1).length() == 1 ? "0" : "") + word;
  }

  private static int seats(String word) throws ItemException {
    return Integer.parseInt(match(SEATS, word, "free seats, decimal digits").group());
  }

  private static long price(String word) throws ItemException {
    Matcher price = match(PRICE, word, "a price, 249, 249.5 or 249,50");
    String hundredths = price.group(2) == null ? "00" : (price.group(2) + "0").substring(0, 2);
    return Long.parseLong(price.group(1) + hundredths);
  }

  private static Matcher match(Pattern pattern, String word, String expected) throws ItemException {
    Matcher matcher = pattern.matcher(word);
    if (!matcher.matches()) {
      throw malformed("read '%s', expected %s".formatted(word, expected));
    }
    return matcher;
  }

  private static ItemException malformed(String detail) {
    return new ItemException("malformed_page", detail);
  }
}
