// The client processes by their command lines, against a mock server.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <zlib.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include "bench/probe/client_protocol.hpp"
#include "bench/probe/scrape_task.hpp"
#include "farebench/libcurl.hpp"
#include "farebench/native.hpp"
#include "lib/system/build_identity.hpp"
#include "mock_server/site/numbered_page.hpp"
#include "mock_server/site/timetable.hpp"
#include "tests/contract/sites.hpp"
#include "tests/support/run_command.hpp"
#include "tests/support/stub_server.hpp"

namespace farebench::test {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

finished_command run_probe(const std::string& program, const std::string& flags) {
  const auto path = std::filesystem::path{FAREBENCH_BIN_DIR} / program;
  return run_command(fmt::format("printf 'go\\nexit\\n' | {} {}", path.string(), flags));
}

/// Returns the report of a batch that ran, which fails the test if its process failed.
batch_report report_of(const finished_command& run) {
  EXPECT_EQ(run.exit_code, 0) << run.errors;
  const auto first_end = run.output.find('\n');
  EXPECT_EQ(run.output.substr(0, first_end), client_ready);
  return parse_batch_report(run.output.substr(first_end + 1));
}

std::uint64_t digest_of_pages(std::uint32_t count) {
  std::uint64_t sum = 0;
  for (std::uint32_t number = 0; number < count; ++number) {
    const auto body = page_body(number, page_kb);
    sum += crc32_z(0, reinterpret_cast<const Bytef*>(body.data()), body.size());
  }
  return sum;
}

std::uint64_t digest_of_days(std::size_t count) {
  fares_digest digest;
  for (const auto& query : queries_of_days(count)) digest.add(query.date, timetable(query, page_kb));
  return digest.value();
}

struct probed_strategy {
  const char* program;
  const char* strategy;
};

class probe_with : public testing::TestWithParam<probed_strategy> {
 protected:
  static finished_command run(const std::string& flags) {
    return run_probe(GetParam().program, fmt::format("--strategy {} {}", GetParam().strategy, flags));
  }
};
INSTANTIATE_TEST_SUITE_P(strategies, probe_with,
                         testing::Values(probed_strategy{"fetch_probe", "multi_socket"},
                                         probed_strategy{"fetch_probe", "thread_pool"},
                                         probed_strategy{"fetch_probe", "raw_epoll"},
                                         probed_strategy{"fetch_probe_native", "callbacks"},
                                         probed_strategy{"fetch_probe_native", "thread_pool"},
                                         probed_strategy{"fetch_probe_native", "raw_epoll"}),
                         [](const auto& info) {
                           return fmt::format("{}_{}", info.param.program, info.param.strategy);
                         });

TEST_P(probe_with, report_has_digest_of_task) {
  const auto site = start_site();
  const auto flags = fmt::format("--url {} --workers 4 --items 20", site.url());
  const auto scrape = report_of(run(flags));
  EXPECT_EQ(scrape.outcomes, 20u);
  EXPECT_EQ(scrape.errors, 0u);
  EXPECT_EQ(scrape.digest, digest_of_days(20));
  EXPECT_EQ(report_of(run(flags + " --task scrape")).digest, scrape.digest);
  const auto get = report_of(run(flags + " --task get"));
  EXPECT_EQ(get.outcomes, 20u);
  EXPECT_EQ(get.errors, 0u);
  EXPECT_EQ(get.digest, digest_of_pages(20));
  EXPECT_EQ(get.fares, std::nullopt);
}

TEST_P(probe_with, connections_are_kept_unless_fresh) {
  for (const auto& [flag, connections] :
       {std::pair{"", 4u}, std::pair{"--connections kept", 4u}, std::pair{"--connections fresh", 20u}}) {
    const auto site = start_site();
    const auto finished = run(fmt::format("--url {} --workers 4 --task get --items 20 {}", site.url(), flag));
    EXPECT_EQ(report_of(finished).errors, 0u);
    EXPECT_EQ(site.stats().connections_accepted - 1, connections) << flag;
  }
}

TEST_P(probe_with, warm_up_is_not_reported) {
  const auto site = start_site();
  const auto finished = run(fmt::format("--url {} --workers 4 --days 10 --warm-up 6", site.url()));
  EXPECT_EQ(report_of(finished).outcomes, 10u);
  EXPECT_EQ(report_of(finished).digest, digest_of_days(10));
  EXPECT_EQ(site.stats().sessions, 16u);
}

TEST_P(probe_with, version_is_that_of_transport_if_used) {
  const auto site = start_site();
  const auto report = report_of(run("--url " + site.url()));
  const bool is_native = std::string_view{GetParam().program} == "fetch_probe_native";
  const auto& http = is_native ? native_transport() : libcurl_transport();
  EXPECT_EQ(report.version, std::string_view{GetParam().strategy} == "raw_epoll" ? "" : http.version());
}

TEST(fetch_probe_native, needs_no_libcurl_and_no_openssl) {
  const auto program = std::filesystem::path{FAREBENCH_BIN_DIR} / "fetch_probe_native";
  const auto libraries = run_command("ldd " + program.string());
  EXPECT_EQ(libraries.exit_code, 0) << libraries.errors;
  EXPECT_THAT(libraries.output, HasSubstr("libc.so"));
  for (const char* other : {"libcurl", "libssl", "libcrypto", "libgnutls", "libnghttp2"})
    EXPECT_THAT(libraries.output, Not(HasSubstr(other)));
  if (this_build().sanitizers.empty()) {
    EXPECT_THAT(libraries.output, Not(HasSubstr("libstdc++"))) << "shared, it takes 1.5 MiB";
  }
}

TEST(fetch_probe_native, has_no_strategies_of_libcurl) {
  const auto run = run_probe("fetch_probe_native", "--strategy multi_socket --url http://127.0.0.1:1");
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.errors, StartsWith("fetch_probe_native: "));
  EXPECT_THAT(run.errors, HasSubstr("callbacks"));
}

TEST(fetch_probe, failed_warm_up_ends_the_program) {
  const auto run = run_probe("fetch_probe", "--warm-up 3 --url " + url_of_closed_port());
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.output, IsEmpty());
  EXPECT_THAT(run.errors, StartsWith("fetch_probe: 3 of 3 warm-up items failed: 2026-03-0"));
  EXPECT_THAT(run.errors, EndsWith("Connection refused\n"));
}

TEST(fetch_probe, invalid_flag_is_refused_before_ready) {
  for (const auto& [flags, text] :
       {std::pair{"--task sing", "--task"}, std::pair{"--connections none", "--connections"},
        std::pair{"--items 0", "--items"}, std::pair{"--items 26970", "26969"},
        std::pair{"--task get --items 1000001", "1000000"}, std::pair{"--warm-up 26970", "--warm-up"},
        std::pair{"--strategy carrier_pigeon", "carrier_pigeon"}}) {
    const auto run = run_probe("fetch_probe", std::string{"--url http://127.0.0.1:1 "} + flags);
    EXPECT_EQ(run.exit_code, 2) << flags;
    EXPECT_THAT(run.output, IsEmpty()) << flags;
    EXPECT_THAT(run.errors, HasSubstr(text));
  }
}

}  // namespace
}  // namespace farebench::test
