#pragma once

#include <benchmark/benchmark.h>

#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace farebench {

/// Keeps all that is reported to it, and hands it on when everything has been measured: for a format that
/// begins with the context, of which some is known only at the end. One thread.
class late_reporter final : public benchmark::BenchmarkReporter {
 public:
  /// `before`: called at the end, before anything is handed on to `reporter`; may add custom context.
  late_reporter(std::unique_ptr<benchmark::BenchmarkReporter> reporter, std::function<void()> before);

  bool ReportContext(const Context& context) override;
  void ReportRuns(const std::vector<Run>& runs) override;
  void Finalize() override;

 private:
  std::unique_ptr<benchmark::BenchmarkReporter> reporter_;
  std::function<void()> before_;
  std::optional<Context> context_;
  std::vector<std::vector<Run>> reported_;
};

}  // namespace farebench
