#include "tools/soak/campaign.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
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

std::string text_of(const case_report& report) {
  return fmt::format("{} {} {} {} {}", static_cast<int>(report.type), report.client, report.outcomes,
                     static_cast<int>(report.found.violated), report.found.detail);
}

case_report parse_case_report(const std::string& text) {
  std::istringstream words{text};
  case_report report;
  int type = 0;
  int violated = 0;
  if (!(words >> type >> report.client >> report.outcomes >> violated))
    throw std::runtime_error{"invalid message of a worker process: " + text};
  report.type = static_cast<case_report::kind>(type);
  report.found.violated = static_cast<invariant>(violated);
  std::getline(words >> std::ws, report.found.detail, '\0');
  return report;
}

namespace {

constexpr std::string_view done_message = "done";
constexpr std::string_view failed_prefix = "failed ";

// Parent and child exchange packets, so that each message is one call.

void send_message(const file_descriptor& socket, std::string_view message) {
  message = message.substr(0, worker_process::max_message_bytes);
  // An error means that the other side has ended, which receive_message() detects.
  while (::send(socket.get(), message.data(), message.size(), MSG_NOSIGNAL) < 0 && errno == EINTR) {
  }
}

std::optional<std::string> receive_message(const file_descriptor& socket) {
  std::string message(worker_process::max_message_bytes, '\0');
  ssize_t count;
  do {
    count = ::recv(socket.get(), message.data(), message.size(), 0);
  } while (count < 0 && errno == EINTR);
  if (count <= 0) return std::nullopt;
  message.resize(static_cast<std::size_t>(count));
  return message;
}

[[noreturn]] void run_child(const worker_process::handler& handle, const file_descriptor& socket) {
  const auto send = [&](std::string_view message) { send_message(socket, message); };
  int exit_code = 0;
  try {
    while (const auto message = receive_message(socket)) handle(*message, send);
  } catch (const std::exception& error) {
    send(fmt::format("{}{}", failed_prefix, error.what()));
    exit_code = 1;
  }
  std::fflush(nullptr);
  ::_exit(exit_code);
}

}  // namespace

worker_process::worker_process(const handler& handle) {
  std::array<int, 2> ends;
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0)
    throw std::system_error{errno, std::generic_category(), "socketpair"};
  socket_ = file_descriptor{ends[0]};
  const file_descriptor child_socket{ends[1]};
  const pid_t parent = ::getpid();
  std::fflush(nullptr);
  child_ = ::fork();
  if (child_ < 0) throw std::system_error{errno, std::generic_category(), "fork"};
  if (child_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(0);
    socket_.reset();
    run_child(handle, child_socket);
  }
}

worker_process::worker_process(worker_process&& other) noexcept
    : child_{std::exchange(other.child_, -1)}, socket_{std::move(other.socket_)} {}

worker_process::~worker_process() {
  if (child_ > 0) kill();
}

void worker_process::send(std::string_view message) { send_message(socket_, message); }

std::optional<std::string> worker_process::receive() { return receive_message(socket_); }

void worker_process::kill() {
  ::kill(child_, SIGKILL);
  ::waitpid(child_, nullptr, 0);
  child_ = -1;
}

namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// Runs the case of a message "CASE CLIENT" (indices), from that client on. Sends its reports, then
/// `done_message`.
void run_job(const std::string& message, const campaign& plan, growth_detector& growth,
             const worker_process::sender& send) {
  std::size_t case_index = 0;
  std::size_t first_client = 0;
  std::istringstream{message} >> case_index >> first_client;
  const auto clients = std::span{plan.clients}.subspan(first_client);
  const auto send_report = [&](const case_report& report) { send(text_of(report)); };
  run_case(plan.cases[case_index], clients, send_report);
  if (const auto growth_text = growth.check(); !growth_text.empty())
    send_report({.type = case_report::kind::violation_found,
                 .client = clients.back().name,
                 .found = {invariant::no_leak, growth_text}});
  send(done_message);
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
  /// The client that began last.
  std::size_t client_index = 0;
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
                [this, growth = growth_detector{}](const std::string& message, const auto& send) mutable {
                  run_job(message, plan_, growth, send);
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

  void begin(job_slot& slot, std::size_t first_client) {
    slot.client_index = first_client;
    slot.worker.send(fmt::format("{} {}", slot.case_index, first_client));
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
        receive(slot);
      } else if (clock::now() > slot->deadline) {
        const auto limit = time_limit(plan_.cases[slot->case_index]);
        replace(slot, {invariant::no_hang, fmt::format("did not end within {} s", limit / 1s)});
      }
    }
  }

  void receive(std::optional<job_slot>& slot) {
    const auto message = slot->worker.receive();
    if (!message) return replace(slot, {invariant::no_exception, "its process ended" + slot->exit_reason});
    if (*message == done_message) return begin_next_case(slot);
    if (message->starts_with(failed_prefix)) {
      slot->exit_reason = ": " + message->substr(failed_prefix.size());
      return;
    }
    const auto received = parse_case_report(*message);
    switch (received.type) {
      case case_report::kind::run_begin:
        slot->client_index = index_of(received.client);
        return set_deadline(*slot);
      case case_report::kind::run_end:
        ++total_.runs;
        total_.outcomes += received.outcomes;
        return;
      case case_report::kind::violation_found:
        return report(*slot, received.client, received.found);
    }
  }

  /// Continues the case in a new process, with the client after the current one.
  void replace(std::optional<job_slot>& slot, const violation& found) {
    const std::size_t case_index = slot->case_index;
    const std::size_t client_index = slot->client_index;
    ++total_.runs;
    report(*slot, plan_.clients[client_index].name, found);
    end(slot);
    slot.emplace(make_slot());
    slot->case_index = case_index;
    if (client_index + 1 < plan_.clients.size()) return begin(*slot, client_index + 1);
    begin_next_case(slot);
  }

  void report(const job_slot& slot, std::string_view client, const violation& found) {
    total_.count(found.violated);
    listener_.on_violation(plan_.cases[slot.case_index], client, found);
  }

  std::size_t index_of(std::string_view client) const {
    const auto at = std::ranges::find(plan_.clients, client, &soak_client::name);
    return static_cast<std::size_t>(at - plan_.clients.begin());
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
