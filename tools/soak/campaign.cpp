#include "tools/soak/campaign.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <optional>
#include <span>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "tools/soak/run_record.hpp"

namespace farebench::soak {

void tally::count(invariant violated) {
  switch (violated) {
    case invariant::no_lost_outcome:
      ++lost;
      return;
    case invariant::no_duplicate_outcome:
      ++duplicated;
      return;
    case invariant::no_hang:
      ++hung;
      return;
    default:
      ++wrong;
      return;
  }
}

std::string text_of(const tally& total) {
  return fmt::format("{} runs, {} outcomes, {} lost, {} duplicated, {} wrong, {} hung", total.runs,
                     total.outcomes, total.lost, total.duplicated, total.wrong, total.hung);
}

case_line parse_case_line(const std::string& line) {
  std::istringstream words{line};
  std::string type;
  words >> type;
  case_line result{.type = case_line::kind::done};
  const auto rest = [&] {
    std::string text;
    std::getline(words >> std::ws, text);
    return text;
  };
  if (type == "begin") {
    result.type = case_line::kind::begin;
    words >> result.strategy;
  } else if (type == "end") {
    result.type = case_line::kind::end;
    words >> result.outcomes;
  } else if (type == "violation") {
    int number = 0;
    words >> result.strategy >> number;
    result.type = case_line::kind::violation;
    result.found = {static_cast<invariant>(number), rest()};
  } else if (type == "failed") {
    result.type = case_line::kind::failed;
    result.found.detail = rest();
  } else if (type != "done") {
    throw std::runtime_error{"invalid line of a worker process: " + line};
  }
  return result;
}

namespace {

std::pair<file_descriptor, file_descriptor> make_pipe() {
  std::array<int, 2> ends;
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::system_error{errno, std::generic_category(), "pipe2"};
  return {file_descriptor{ends[0]}, file_descriptor{ends[1]}};
}

void write_line(int descriptor, std::string_view line) {
  std::string bytes{line};
  bytes += '\n';
  for (std::string_view left = bytes; !left.empty();) {
    const auto count = ::write(descriptor, left.data(), left.size());
    if (count < 0 && errno == EINTR) continue;
    // The reader has ended, which read_lines detects.
    if (count < 0) return;
    left.remove_prefix(static_cast<std::size_t>(count));
  }
}

/// Waits for bytes and appends them; false at the end of the stream.
bool read_some(int descriptor, std::string& text) {
  std::array<char, 4096> bytes;
  for (;;) {
    const auto count = ::read(descriptor, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    text.append(bytes.data(), static_cast<std::size_t>(count));
    return true;
  }
}

/// Removes the complete lines from `text` and returns them.
std::vector<std::string> extract_lines(std::string& text) {
  std::vector<std::string> lines;
  std::size_t begin = 0;
  for (std::size_t end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1)
    lines.push_back(text.substr(begin, end - begin));
  text.erase(0, begin);
  return lines;
}

[[noreturn]] void run_child(const worker_process::handler& handle, int input, int output) {
  const auto write = [output](std::string_view line) { write_line(output, line); };
  int exit_code = 0;
  try {
    for (std::string pending; read_some(input, pending);) {
      for (const auto& line : extract_lines(pending)) handle(line, write);
    }
  } catch (const std::exception& error) {
    write(std::string{"failed "} + error.what());
    exit_code = 1;
  }
  std::fflush(nullptr);
  ::_exit(exit_code);
}

}  // namespace

worker_process::worker_process(const handler& handle) {
  auto [child_input, input] = make_pipe();
  auto [output, child_output] = make_pipe();
  const pid_t parent = ::getpid();
  std::fflush(nullptr);
  child_ = ::fork();
  if (child_ < 0) throw std::system_error{errno, std::generic_category(), "fork"};
  if (child_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(0);
    input.reset();
    output.reset();
    run_child(handle, child_input.get(), child_output.get());
  }
  input_ = std::move(input);
  output_ = std::move(output);
}

worker_process::worker_process(worker_process&& other) noexcept
    : child_{std::exchange(other.child_, -1)},
      input_{std::move(other.input_)},
      output_{std::move(other.output_)},
      pending_{std::move(other.pending_)},
      has_ended_{other.has_ended_} {}

worker_process::~worker_process() {
  if (child_ > 0) kill();
}

void worker_process::send(std::string_view line) { write_line(input_.get(), line); }

std::vector<std::string> worker_process::read_lines() {
  if (!read_some(output_.get(), pending_)) has_ended_ = true;
  return extract_lines(pending_);
}

void worker_process::kill() {
  ::kill(child_, SIGKILL);
  ::waitpid(child_, nullptr, 0);
  child_ = -1;
}

namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// A case to be run, from one of its strategies on. Sent to a worker process as "CASE STRATEGY".
struct case_job {
  std::size_t case_index;
  std::size_t first_strategy;
};

std::string text_of(const case_job& job) { return fmt::format("{} {}", job.case_index, job.first_strategy); }

case_job parse_job(const std::string& line) {
  std::istringstream words{line};
  case_job job{};
  words >> job.case_index >> job.first_strategy;
  return job;
}

/// Writes the progress of a case as lines (see case_line).
class line_listener final : public case_listener {
 public:
  explicit line_listener(const worker_process::writer& write) : write_{write} {}

  void on_begin(std::string_view strategy) override { write_(fmt::format("begin {}", strategy)); }
  void on_end(std::size_t outcomes) override { write_(fmt::format("end {}", outcomes)); }
  void on_violation(std::string_view strategy, const violation& found) override {
    std::string detail = found.detail;
    std::ranges::replace(detail, '\n', ' ');
    write_(fmt::format("violation {} {} {}", strategy, static_cast<int>(found.violated), detail));
  }

 private:
  const worker_process::writer& write_;
};

void run_job(const case_job& job, const campaign& plan, growth_detector& growth,
             const worker_process::writer& write) {
  line_listener listener{write};
  const auto strategies = std::span{plan.strategies}.subspan(job.first_strategy);
  run_case(plan.cases[job.case_index], strategies, make_strategy, listener);
  if (const auto growth_text = growth.check(); !growth_text.empty())
    listener.on_violation(strategies.back(), {invariant::no_leak, growth_text});
  write("done");
}

/// Time after which a run counts as hung. Far above the limit of within_deadline, which the oracle checks.
milliseconds time_limit(const soak_case& work) {
  const auto plan = make_plan(*work.scenario, work.seed);
  return plan.policy.scrape_deadline * static_cast<milliseconds::rep>(plan.days) + 20s;
}

/// A worker process and its current run.
struct job_slot {
  worker_process worker;
  std::size_t case_index = 0;
  /// The strategy that began last.
  std::size_t strategy_index = 0;
  clock::time_point deadline{};
  /// Reason that the process reported before it ended.
  std::string exit_reason = {};
};

class campaign_run {
 public:
  campaign_run(const campaign& plan, const campaign_listener& listener) : plan_{plan}, listener_{listener} {}

  tally run(const std::function<bool()>& is_cancelled) {
    for (std::size_t i = 0; i < std::min(plan_.jobs, plan_.cases.size()); ++i) {
      slots_.emplace_back(make_slot());
      begin_next_case(slots_.back());
    }
    for (auto reported_at = clock::now(); has_work() && !is_cancelled();) {
      poll_once();
      if (clock::now() - reported_at < 500ms) continue;
      reported_at = clock::now();
      listener_.on_progress(total_);
    }
    for (auto& slot : slots_) end(slot);
    return total_;
  }

 private:
  job_slot make_slot() {
    return {.worker = worker_process{
                [this, growth = growth_detector{}](const std::string& line, const auto& write) mutable {
                  run_job(parse_job(line), plan_, growth, write);
                }}};
  }

  /// Kills the process and removes its log.
  static void end(std::optional<job_slot>& slot) {
    if (!slot) return;
    const pid_t process = slot->worker.pid();
    slot->worker.kill();
    slot.reset();
    std::error_code ignored;
    std::filesystem::remove(log_tail::path_of(process), ignored);
  }

  bool has_work() const {
    return std::ranges::any_of(slots_, [](const auto& slot) { return slot.has_value(); });
  }

  /// Empties the slot if no case is left.
  void begin_next_case(std::optional<job_slot>& slot) {
    if (next_case_ == plan_.cases.size()) return slot.reset();
    slot->case_index = next_case_++;
    begin(*slot, 0);
  }

  void begin(job_slot& slot, std::size_t first_strategy) {
    slot.strategy_index = first_strategy;
    slot.worker.send(text_of(case_job{slot.case_index, first_strategy}));
    set_deadline(slot);
  }

  void set_deadline(job_slot& slot) {
    slot.deadline = clock::now() + time_limit(plan_.cases[slot.case_index]);
  }

  void poll_once() {
    std::vector<pollfd> polled;
    std::vector<std::size_t> slot_indices;
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      if (!slots_[i]) continue;
      polled.push_back({slots_[i]->worker.descriptor(), POLLIN, 0});
      slot_indices.push_back(i);
    }
    constexpr auto poll_timeout = 200ms;
    const auto begin = clock::now();
    ::poll(polled.data(), polled.size(), static_cast<int>(poll_timeout.count()));
    // A stall of this process may have been one of the whole machine.
    const auto stall = clock::now() - begin - poll_timeout;
    for (std::size_t i = 0; i < polled.size(); ++i) {
      auto& slot = slots_[slot_indices[i]];
      if (stall > 1s) slot->deadline += stall;
      if (polled[i].revents != 0) {
        read(slot);
      } else if (clock::now() > slot->deadline) {
        const auto limit = time_limit(plan_.cases[slot->case_index]);
        replace(slot, {invariant::no_hang, fmt::format("did not end within {} s", limit / 1s)});
      }
    }
  }

  void read(std::optional<job_slot>& slot) {
    for (const auto& text : slot->worker.read_lines()) {
      const auto line = parse_case_line(text);
      switch (line.type) {
        case case_line::kind::begin:
          slot->strategy_index = index_of(line.strategy);
          set_deadline(*slot);
          break;
        case case_line::kind::end:
          ++total_.runs;
          total_.outcomes += line.outcomes;
          break;
        case case_line::kind::violation:
          report(*slot, line.strategy, line.found);
          break;
        case case_line::kind::failed:
          slot->exit_reason = ": " + line.found.detail;
          break;
        case case_line::kind::done:
          begin_next_case(slot);
          if (!slot) return;
          break;
      }
    }
    if (slot->worker.has_ended())
      replace(slot, {invariant::no_exception, "its process ended" + slot->exit_reason});
  }

  /// Continues the case in a new process, with the strategy after the current one.
  void replace(std::optional<job_slot>& slot, const violation& found) {
    const std::size_t case_index = slot->case_index;
    const std::size_t strategy_index = slot->strategy_index;
    ++total_.runs;
    report(*slot, plan_.strategies[strategy_index], found);
    end(slot);
    slot.emplace(make_slot());
    slot->case_index = case_index;
    if (strategy_index + 1 < plan_.strategies.size()) return begin(*slot, strategy_index + 1);
    begin_next_case(slot);
  }

  void report(const job_slot& slot, std::string_view strategy, const violation& found) {
    total_.count(found.violated);
    listener_.on_violation(plan_.cases[slot.case_index], strategy, found);
  }

  std::size_t index_of(std::string_view strategy) const {
    const auto at = std::ranges::find(plan_.strategies, strategy);
    return static_cast<std::size_t>(at - plan_.strategies.begin());
  }

  const campaign& plan_;
  const campaign_listener& listener_;
  std::vector<std::optional<job_slot>> slots_;
  std::size_t next_case_ = 0;
  tally total_;
};

}  // namespace

tally run_campaign(const campaign& plan, const campaign_listener& listener,
                   const std::function<bool()>& is_cancelled) {
  return campaign_run{plan, listener}.run(is_cancelled);
}

}  // namespace farebench::soak
