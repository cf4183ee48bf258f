#include "bench/report/late_reporter.hpp"

#include <utility>

namespace farebench {

late_reporter::late_reporter(std::unique_ptr<benchmark::BenchmarkReporter> reporter,
                             std::function<void()> before)
    : reporter_{std::move(reporter)}, before_{std::move(before)} {}

bool late_reporter::ReportContext(const Context& context) {
  context_.emplace(context);
  return true;
}

void late_reporter::ReportRuns(const std::vector<Run>& runs) { reported_.push_back(runs); }

void late_reporter::Finalize() {
  reporter_->SetOutputStream(&GetOutputStream());
  reporter_->SetErrorStream(&GetErrorStream());
  before_();
  if (!context_ || !reporter_->ReportContext(*context_)) return;
  for (const auto& runs : reported_) reporter_->ReportRuns(runs);
  reporter_->Finalize();
}

}  // namespace farebench
