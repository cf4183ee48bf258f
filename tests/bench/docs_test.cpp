// The documents' tables equal the program's facts, and their links lead to files.

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

#include "bench/clients/clients.hpp"
#include "bench/columns.hpp"
#include "bench/probe/scrape_task.hpp"
#include "bench/probe/time_histogram.hpp"
#include "farebench/date.hpp"
#include "tests/bench/scratch_folder.hpp"

namespace farebench {
namespace {

/// Fails with the expected rows unless the document has them, in this order and with no others between them.
void expect_rows(const std::filesystem::path& document, const std::string& rows) {
  const auto text = text_of(std::filesystem::path{FAREBENCH_SOURCE_DIR} / document);
  EXPECT_TRUE(text.contains("|\n" + rows + "\n")) << document << " must have this table:\n" << rows;
}

TEST(docs, columns_equal_program) {
  std::string rows;
  for (const auto& one : columns()) {
    rows += fmt::format("| `{}` | {} | {} | {} |\n", one.name, to_string(one.unit), to_string(one.better),
                        one.meaning);
  }
  expect_rows("docs/columns.md", rows);
}

TEST(docs, columns_above_zero_equal_program) {
  std::string names;
  for (const auto& one : columns())
    if (!one.can_be_zero) names += fmt::format("{}`{}`", names.empty() ? "" : ", ", one.name);
  const auto text = text_of(std::filesystem::path{FAREBENCH_SOURCE_DIR} / "docs/columns.md");
  EXPECT_TRUE(text.contains(fmt::format("\nAlways above zero: {}.\n", names))) << names;
}

TEST(docs, strategies_equal_program) {
  std::string rows;
  for (const auto& client : probe_clients()) {
    rows += fmt::format("| `{}` | {} | {} | {} | {} | {} |\n", client.name, client.family, client.language,
                        client.transport, client.control_flow, client.code_changes);
  }
  expect_rows("docs/strategies.md", rows);
}

TEST(docs, strategies_with_their_transports_equal_program) {
  std::vector<std::string> names;
  std::map<std::string, std::string> transports_of;
  std::map<std::string, const client_info*> facts_of;
  for (const auto& client : probe_clients()) {
    if (client.kind != client_kind::library) continue;
    const std::string name{split_client_name(client.name).strategy};
    if (facts_of.emplace(name, &client).second) names.push_back(name);
    auto& on = transports_of[name];
    on += (on.empty() ? "" : ", ") + client.transport;
    EXPECT_EQ(client.control_flow, facts_of[name]->control_flow) << "README has one row for " << name;
  }
  std::string rows;
  for (const auto& name : names) {
    rows += fmt::format("| `{}` | {} | {} | {} |\n", name, transports_of[name], facts_of[name]->control_flow,
                        facts_of[name]->code_changes);
  }
  expect_rows("README.md", rows);
}

TEST(docs, clients_equal_manifests) {
  const std::filesystem::path folder = std::filesystem::path{FAREBENCH_SOURCE_DIR} / "bench/clients";
  std::vector<std::filesystem::path> manifests;
  for (const auto& entry : std::filesystem::directory_iterator{folder})
    if (const auto manifest = entry.path() / "manifest.json"; exists(manifest)) manifests.push_back(manifest);
  std::ranges::sort(manifests);
  std::string rows;
  for (const auto& manifest : manifests) {
    const auto json = nlohmann::json::parse(text_of(manifest));
    for (const auto& client : json.at("clients")) {
      const auto text = [&](const char* name) { return client.at(name).get<std::string>(); };
      rows += fmt::format("| `{}` | {} | {} | {} | {} | {} |\n", text("name"),
                          json.at("language").get<std::string>(), text("family"), text("transport"),
                          text("control_flow"), text("code_changes"));
    }
  }
  expect_rows("docs/clients.md", rows);
}

TEST(docs, digests_equal_program) {
  const auto crc = [](std::string_view text) {
    return crc32_z(0, reinterpret_cast<const Bytef*>(text.data()), text.size());
  };
  const std::string no_fare = "2026-03-02\n";
  const std::string one_fare = "2026-03-01\n07:05|10:40|Relax|12|24950|CZK\n";
  const auto text = text_of(std::filesystem::path{FAREBENCH_SOURCE_DIR} / "docs/clients.md");
  for (const auto value : {crc("123456789"), crc(no_fare), crc(one_fare)})
    EXPECT_TRUE(text.contains(fmt::format("| {} |\n", value))) << value;
  fares_digest digest;
  digest.add(*parse_iso_date("2026-03-02"), {});
  using namespace std::chrono_literals;
  digest.add(*parse_iso_date("2026-03-01"),
             std::vector<fare>{{7h + 5min, 10h + 40min, "Relax", 12, 249'50, "CZK"}});
  EXPECT_EQ(digest.value(), std::uint64_t{crc(no_fare)} + crc(one_fare));
  EXPECT_TRUE(text.contains(fmt::format("The digest of the last two is {}.", digest.value())));
}

TEST(docs, buckets_equal_program) {
  std::string rows;
  for (const double us : {0.999, 255.0, 256.0, 1'000.0, 20'000.0, 1'000'000.0}) {
    const std::vector<std::uint32_t> times{static_cast<std::uint32_t>(us)};
    const time_histogram histogram{times};
    const auto [low_ms, high_ms] = histogram.percentile_range(50);
    rows += fmt::format("| {} µs | {} | {} to {} µs | {} µs |\n", us, histogram.buckets().front().first,
                        std::lround(1e3 * low_ms), std::lround(1e3 * high_ms),
                        std::round(2e3 * histogram.percentile_ms(50)) / 2);
  }
  expect_rows("docs/clients.md", rows);
}

TEST(docs, links_lead_to_files) {
  const std::filesystem::path root{FAREBENCH_SOURCE_DIR};
  const std::regex link{R"(\]\(([\w./-]+)[#)])"};
  std::size_t links = 0;
  for (const char* folder : {"", "docs", "report", "results"}) {
    for (const auto& entry : std::filesystem::directory_iterator{root / folder}) {
      if (entry.path().extension() != ".md") continue;
      const auto text = text_of(entry.path());
      for (std::sregex_iterator found{text.begin(), text.end(), link}; found != std::sregex_iterator{};
           ++found) {
        const auto target = entry.path().parent_path() / (*found)[1].str();
        EXPECT_TRUE(std::filesystem::exists(target)) << entry.path() << " has a link to " << (*found)[1];
        ++links;
      }
    }
  }
  EXPECT_GT(links, 20u);
}

/// Returns the part of a path before its first placeholder, such as NAME.cpp or LANGUAGE.
std::filesystem::path without_placeholders(const std::filesystem::path& path) {
  std::filesystem::path part;
  for (const auto& name : path) {
    const auto stem = name.stem().string();
    if (!stem.empty() && stem != "README" && stem != "CHANGELOG" &&
        std::ranges::all_of(stem, [](char c) { return c >= 'A' && c <= 'Z'; }))
      break;
    part /= name;
  }
  return part;
}

TEST(docs, paths_of_contributing_exist) {
  const std::filesystem::path root{FAREBENCH_SOURCE_DIR};
  const auto text = text_of(root / "CONTRIBUTING.md");
  // In code, a path has a slash or begins with a dot. Those below build/ exist after a build.
  const std::regex path{R"(`(\.?\w[\w.-]*/[\w./-]*|\.[\w-]+)[`\s])"};
  std::size_t paths = 0;
  for (std::sregex_iterator found{text.begin(), text.end(), path}; found != std::sregex_iterator{}; ++found) {
    const auto named = (*found)[1].str();
    if (named.starts_with("build/")) continue;
    EXPECT_TRUE(exists(root / without_placeholders(named))) << named;
    ++paths;
  }
  EXPECT_GT(paths, 40u);
}

TEST(docs, commands_of_contributing_are_verbs) {
  const std::filesystem::path root{FAREBENCH_SOURCE_DIR};
  const auto text = text_of(root / "CONTRIBUTING.md");
  const auto dev = text_of(root / "dev");
  const std::regex command{R"(\./dev ([a-z][a-z-]*))"};
  std::size_t commands = 0;
  for (std::sregex_iterator found{text.begin(), text.end(), command}; found != std::sregex_iterator{};
       ++found) {
    EXPECT_TRUE(dev.contains(fmt::format("\n  {} ", (*found)[1].str()))) << (*found)[0];
    ++commands;
  }
  EXPECT_GT(commands, 20u);
}

}  // namespace
}  // namespace farebench
