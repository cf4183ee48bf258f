#pragma once

#include <string>

#include "farebench/event_loop.hpp"
#include "farebench/strategy.hpp"

namespace farebench::mutants {

/// A scraper as somebody might write it of the library's public parts alone: one day after the other, one
/// attempt at each. Right as it stands; two mutants change what it does of its own.
class hand_written_client : public strategy {
 public:
  void run(const batch& work, const outcome_sink& sink) override;

 protected:
  /// The Cookie header of a search whose own start page gave `own`.
  virtual std::string session_of(const std::string& own) { return own; }
  /// The fares of a whole results page.
  virtual outcome read(const std::string& page);

 private:
  outcome scrape(event_loop& loop, loop_client& client, const batch& work, std::size_t index);
};

/// One that searches in the session of the day before.
class stale_session final : public hand_written_client {
  std::string session_of(const std::string& own) override;

  std::string last_;
};

/// One that knows better than to refuse a page for a price that it cannot read: it guesses.
class guessed_price final : public hand_written_client {
  outcome read(const std::string& page) override;
};

}  // namespace farebench::mutants
