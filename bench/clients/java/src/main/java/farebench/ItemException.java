package farebench;

/** Error of an item. Its message is one line: the kind of the error and a detail. */
final class ItemException extends Exception {
  private static final long serialVersionUID = 1;

  ItemException(String kind, String detail) {
    super(kind + ": " + detail.replaceAll("\\s+", " "));
  }
}
