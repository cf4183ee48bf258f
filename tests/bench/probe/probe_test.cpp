#include <fmt/format.h>
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <ctime>
#include <optional>
#include <stdexcept>
#include <thread>

#include "bench/probe/client_protocol.hpp"
#include "bench/probe/probe_program.hpp"
#include "bench/probe/scrape_task.hpp"
#include "farebench/date.hpp"

namespace farebench {
namespace {

using namespace std::chrono_literals;

const auto date = *parse_iso_date("2026-03-01");
const fare one{7h + 5min, 10h + 40min, "Relax", 12, 249'50, "CZK"};
const fare other{17h, 20h, "Élan", 0, 99'00, "€"};

std::uint64_t digest_of(std::chrono::year_month_day day, std::vector<fare> fares) {
  fares_digest digest;
  digest.add(day, fares);
  return digest.value();
}

TEST(fares_digest, digest_is_crc_of_text) {
  // python3 -c 'import zlib; print(zlib.crc32("2026-03-01\n07:05|10:40|Relax|12|24950|CZK\n".encode()))'
  EXPECT_EQ(digest_of(date, {one}), 3906192260u);
}

TEST(fares_digest, digest_depends_on_fields_order_and_day) {
  const auto reference = digest_of(date, {one, other});
  const auto changed = [&](auto change) {
    fare copy = one;
    change(copy);
    return digest_of(date, {copy, other});
  };
  EXPECT_NE(reference, changed([](fare& f) { f.departure += 1min; }));
  EXPECT_NE(reference, changed([](fare& f) { f.arrival += 1min; }));
  EXPECT_NE(reference, changed([](fare& f) { f.type += "x"; }));
  EXPECT_NE(reference, changed([](fare& f) { ++f.free_seats; }));
  EXPECT_NE(reference, changed([](fare& f) { ++f.price_hundredths; }));
  EXPECT_NE(reference, changed([](fare& f) { f.currency = "EUR"; }));
  EXPECT_NE(reference, digest_of(date, {other, one}));
  EXPECT_NE(reference, digest_of(*parse_iso_date("2026-03-02"), {one, other}));
  EXPECT_NE(reference, digest_of(date, {one}));
}

// python3 -c 'import zlib; print(zlib.crc32(b"page 0"), zlib.crc32(b"page 1"))'
constexpr std::uint64_t crc_of_page_0 = 1157767392;
constexpr std::uint64_t crc_of_page_1 = 839192694;

TEST(page_digest, digest_is_sum_of_crcs) {
  page_digest digest{2};
  digest.append(1, "pa");
  digest.append(0, "page 0");
  digest.append(1, "ge 1");
  digest.add(1);
  EXPECT_EQ(digest.value(), crc_of_page_1);
  digest.add(0);
  EXPECT_EQ(digest.value(), crc_of_page_0 + crc_of_page_1);
}

TEST(page_digest, another_attempt_begins_the_body_again) {
  page_digest digest{1};
  digest.append(0, "page");
  digest.begin(0);
  digest.append(0, "page 0");
  digest.add(0);
  EXPECT_EQ(digest.value(), crc_of_page_0);
}

TEST(batch_report, report_equals_its_parsed_json) {
  const batch_report report{.outcomes = 4,
                            .errors = 1,
                            .digest = 18'000'000'000'000'000'000u,
                            .first_errors = {"a \"b\""},
                            .version = "libcurl 7.88.1",
                            .wall_ms = 1.5,
                            .cpu_us = 2,
                            .context_switches = 3,
                            .fares = 5,
                            .attempts = 9,
                            .item_histogram = time_histogram{std::vector<std::uint32_t>{7, 300, 301}},
                            .item_p50_ms = 7,
                            .item_p99_ms = 8,
                            .first_item_at_s = 123456.789012345,
                            .half_done_ms = 0.75};
  EXPECT_EQ(parse_batch_report(to_json(report)), report);
  EXPECT_EQ(to_json(report).find('\n'), std::string::npos);
}

// Of version 1, as probes of older commits write it.
constexpr const char* old_report =
    R"({"context_switches":3,"cpu_us":2.0,"errors":1,"fares":5,"fares_digest":6,"first_errors":["a"],)"
    R"("outcomes":4,"scrape_p50_ms":7.0,"scrape_p99_ms":8.0,"wall_ms":1.5})";

TEST(batch_report, three_members_are_enough) {
  const auto report = parse_batch_report(R"({"outcomes":4,"errors":1,"digest":6})");
  EXPECT_EQ(report, (batch_report{.outcomes = 4, .errors = 1, .digest = 6}));
  EXPECT_EQ(parse_batch_report(to_json(report)), report);
}

TEST(batch_report, report_of_version_1_is_read) {
  const auto report = parse_batch_report(old_report);
  EXPECT_EQ(report.wall_ms, 1.5);
  EXPECT_EQ(report.outcomes, 4u);
  EXPECT_EQ(report.digest, 6u);
  EXPECT_EQ(report.item_p50_ms, 7.0);
  EXPECT_EQ(report.item_p99_ms, 8.0);
  EXPECT_EQ(report.attempts, std::nullopt);
  EXPECT_EQ(report.first_item_at_s, std::nullopt);
  EXPECT_EQ(report.half_done_ms, std::nullopt);
  EXPECT_EQ(parse_batch_report(to_json(report)), report);
}

TEST(batch_report, unknown_members_are_ignored) {
  auto newer = std::string{old_report};
  newer.insert(1, R"("half_done_ms":0.5,"never_heard_of":[1,2],)");
  EXPECT_EQ(parse_batch_report(newer).half_done_ms, 0.5);
}

TEST(batch_report, optional_member_of_wrong_type_throws) {
  for (const char* member :
       {R"("first_item_at_s":"early")", R"("wall_ms":-1)", R"("cpu_us":null)", R"("version":7)",
        R"("first_errors":[1])", R"("fares":0.5)", R"("item_histogram":[[1]])"}) {
    const auto report = fmt::format(R"({{"outcomes":4,"errors":1,"digest":6,{}}})", member);
    EXPECT_THROW(parse_batch_report(report), std::runtime_error) << report;
  }
}

TEST(batch_report, count_out_of_range_throws) {
  for (const char* value : {"3.5e105", "-1", "1.5", "\"4\"", "null"}) {
    auto report = nlohmann::json::parse(old_report);
    report["outcomes"] = nlohmann::json::parse(value);
    EXPECT_THROW(parse_batch_report(report.dump()), std::runtime_error) << value;
  }
}

TEST(batch_report, invalid_report_throws) {
  for (const char* text : {"", "{}", "[]", "{\"wall_ms\":1}", "not json"}) {
    EXPECT_THROW(parse_batch_report(text), std::runtime_error) << text;
  }
}

/// Answers each day after a known time; every tenth with an error.
class pretended final : public strategy {
 public:
  void run(const batch& work, const outcome_sink& sink) override {
    for (std::size_t i = 0; i < work.size; ++i) {
      (void)work.query_at(i);
      std::this_thread::sleep_for(1ms);
      if (i % 5 == 0) {  // another attempt
        work.on_retry(i, 1, {fetch_error_kind::connection_lost, "reset"}, 1ms);
        (void)work.query_at(i);
        std::this_thread::sleep_for(1ms);
      }
      if (i % 10 == 9) {
        sink(i, std::unexpected(fetch_error{fetch_error_kind::connection_lost, "reset"}));
      } else {
        sink(i, std::vector<fare>{one});
      }
    }
  }
};

TEST(measured_batch, report_counts_every_outcome) {
  measured_batch measured{
      {.base_url = "http://127.0.0.1:1", .size = 20, .query_at = query_of_day, .workers = 1, .policy = {}}};
  pretended way;
  const auto report = measured.run(way);
  EXPECT_EQ(report.outcomes, 20u);
  EXPECT_EQ(report.errors, 2u);
  EXPECT_EQ(report.fares, 18u);
  EXPECT_EQ(report.attempts, 24.0);
  EXPECT_THAT(report.first_errors, testing::ElementsAre("2026-03-10: connection_lost: reset",
                                                        "2026-03-20: connection_lost: reset"));
  EXPECT_GE(report.wall_ms, 20.0);
  ASSERT_TRUE(report.item_histogram);
  EXPECT_EQ(report.item_histogram->count(), 20u);
  EXPECT_GE(report.item_histogram->percentile_range(0).high_ms, 1.0);
  EXPECT_GE(report.item_histogram->percentile_range(99).high_ms, 2.0) << "from its first attempt";
  EXPECT_GE(report.wall_ms, report.item_histogram->percentile_range(100).low_ms);

  EXPECT_GE(report.half_done_ms, 10.0) << "ten of twenty days, a millisecond each";
  EXPECT_LE(*report.half_done_ms, *report.wall_ms - 10.0);

  fares_digest expected;
  for (std::size_t i = 0; i < 20; ++i) {
    if (i % 10 != 9) expected.add(query_of_day(i).date, std::vector<fare>{one});
  }
  EXPECT_EQ(report.digest, expected.value());
}

/// Fetches two pages, of which the second arrives at the second attempt, and fails the third.
class pretended_pages final : public strategy {
 public:
  void run(const batch& work, const outcome_sink& sink) override {
    EXPECT_EQ(work.pages.path_at(0), "/page/0");
    work.pages.on_body(0, "page 0");
    sink(0, outcome{});
    EXPECT_EQ(work.pages.path_at(1), "/page/1");
    work.pages.on_body(1, "half of it");
    work.on_retry(1, 1, {fetch_error_kind::connection_lost, "reset"}, 1ms);
    work.pages.path_at(1);
    work.pages.on_body(1, "page 1");
    sink(1, outcome{});
    work.pages.path_at(2);
    work.pages.on_body(2, "page");
    sink(2, std::unexpected(fetch_error{fetch_error_kind::connection_lost, "reset"}));
  }
};

TEST(measured_batch, report_of_pages_has_their_digest) {
  batch work{.base_url = "http://127.0.0.1:1", .size = 3};
  work.pages.path_at = path_of_page;
  measured_batch measured{work};
  pretended_pages pretended;
  const auto report = measured.run(pretended);
  EXPECT_EQ(report.outcomes, 3u);
  EXPECT_EQ(report.errors, 1u);
  EXPECT_EQ(report.digest, crc_of_page_0 + crc_of_page_1);
  EXPECT_EQ(report.attempts, 4.0);
  EXPECT_EQ(report.fares, std::nullopt);
  EXPECT_THAT(report.first_errors, testing::ElementsAre("item 2: connection_lost: reset"));
}

batch_report report_of(std::size_t days) {
  measured_batch measured{
      {.base_url = "http://127.0.0.1:1", .size = days, .query_at = query_of_day, .workers = 1, .policy = {}}};
  pretended way;
  return measured.run(way);
}

TEST(measured_batch, start_is_by_monotonic_clock) {
  const auto now_s = [] {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
  };
  const double before_s = now_s();
  const auto report = report_of(3);
  EXPECT_GE(report.first_item_at_s, before_s);
  EXPECT_LE(*report.first_item_at_s + *report.wall_ms / 1e3, now_s());
}

TEST(measured_batch, half_is_done_with_middle_day) {
  const auto three = report_of(3);
  EXPECT_GE(three.half_done_ms, 2.0);
  EXPECT_LT(three.half_done_ms, three.wall_ms);
  const auto one_day = report_of(1);
  EXPECT_EQ(one_day.half_done_ms, one_day.wall_ms);
}

}  // namespace
}  // namespace farebench
