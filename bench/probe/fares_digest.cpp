#include "bench/probe/fares_digest.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <iterator>

#include "farebench/date.hpp"

namespace farebench {

void fares_digest::add(std::chrono::year_month_day date, std::span<const fare> fares) {
  text_ = format_iso_date(date);
  text_ += '\n';
  for (const fare& one : fares) {
    fmt::format_to(std::back_inserter(text_), "{:02}:{:02}|{:02}:{:02}|{}|{}|{}|{}\n",
                   one.departure.count() / 60, one.departure.count() % 60, one.arrival.count() / 60,
                   one.arrival.count() % 60, one.type, one.free_seats, one.price_hundredths, one.currency);
  }
  value_ += crc32_z(0, reinterpret_cast<const Bytef*>(text_.data()), text_.size());
  fares_ += fares.size();
}

}  // namespace farebench
