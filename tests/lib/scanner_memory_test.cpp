#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>
#include <string>

#include "farebench/fare_scanner.hpp"
#include "scrape/row_scanner.hpp"

namespace {
std::atomic<std::size_t> allocations{0};
}

// Counts the scanner's allocations. Not inlined, because GCC would report malloc and free as a mismatch with
// new and delete.
[[gnu::noinline]] void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(bytes == 0 ? 1 : bytes);
}
[[gnu::noinline]] void* operator new(std::size_t bytes) {
  if (void* const memory = operator new(bytes, std::nothrow)) return memory;
  throw std::bad_alloc{};
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace farebench {
namespace {

constexpr std::size_t long_page_bytes = 100'000'000;

class counting_listener final : public row_listener {
 public:
  void on_row_begin() override {}
  void on_word(std::string_view) override { ++words; }
  void on_row_end() override { ++rows; }
  std::size_t words = 0;
  std::size_t rows = 0;
};

std::string block(std::string_view row_class) {
  std::string text;
  while (text.size() < 60'000) {
    text +=
        "<div class=\"line train-line\" title='a>b'><a href=\"/x?a=1&amp;b=2\">text &amp; "
        "text</a><br></div>\n";
    text += "<p class=note>unclosed <!-- comment --> K\xC4\x8D <script>if (a < b) c();</script>";
    text += "<div class='" + std::string{row_class} + "'>5:00 7:30 Relax <b>34</b> 249&nbsp;CZK</div>\n";
  }
  return text + "</p>";
}

TEST(scanner_memory, row_scanner_allocates_nothing_for_100_mb) {
  const std::string chunk = block("select-line");
  counting_listener listener;
  const std::size_t before = allocations;
  row_scanner scanner{listener};
  scanner.feed("<html><body>");
  for (std::size_t bytes = 0; bytes < long_page_bytes; bytes += chunk.size()) scanner.feed(chunk);
  scanner.feed("</body></html>");
  EXPECT_EQ(scanner.finish(), page_problem::none);
  EXPECT_EQ(allocations, before);
  EXPECT_GT(listener.rows, 100'000U);
  EXPECT_EQ(listener.words, listener.rows * 6);
}

TEST(scanner_memory, new_scanner_allocates_nothing) {
  const std::size_t before = allocations;
  const fare_scanner scanner;
  EXPECT_EQ(allocations, before);
}

TEST(scanner_memory, 100_mb_without_fares_allocate_only_the_state) {
  const std::string chunk = block("train-line");
  fare_scanner scanner;
  const std::size_t before = allocations;
  scanner.feed("<html><body class=results>");
  for (std::size_t bytes = 0; bytes < long_page_bytes; bytes += chunk.size()) scanner.feed(chunk);
  scanner.feed("</body></html>");
  const auto result = scanner.finish();
  EXPECT_EQ(allocations - before, 1U);
  ASSERT_TRUE(result);
  EXPECT_TRUE(result->empty());
}

TEST(scanner_memory, page_allocates_only_the_state_and_the_fares) {
  const std::string page =
      "<div class=results><p class=select-line>5:00 7:30 Relax 34 249 CZK</p></div></html>";
  fare_scanner scanner;
  for (int i = 0; i < 3; ++i) {
    const std::size_t before = allocations;
    scanner.feed(page);
    const auto result = scanner.finish();
    // The page's state, and the returned vector.
    EXPECT_EQ(allocations - before, 2U);
    EXPECT_TRUE(result);
  }
}

}  // namespace
}  // namespace farebench
