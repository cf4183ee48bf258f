#include "bench/probe/scrape_task.hpp"

#include <zlib.h>

#include <array>
#include <charconv>
#include <concepts>

#include "farebench/date.hpp"

namespace farebench {
namespace {

// Numbers are appended without a formatting library because the digest is part of the measured CPU time.

void append_number(std::string& out, std::integral auto number) {
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

void append_clock_time(std::string& out, std::chrono::minutes time) {
  for (const auto part : {time.count() / 60, time.count() % 60}) {
    if (part < 10) out += '0';
    append_number(out, part);
    out += ':';
  }
  out.back() = '|';
}

}  // namespace

void fares_digest::add(std::chrono::year_month_day date, std::span<const fare> fares) {
  text_ = format_iso_date(date);
  text_ += '\n';
  for (const fare& offer : fares) {
    append_clock_time(text_, offer.departure);
    append_clock_time(text_, offer.arrival);
    text_ += offer.type;
    text_ += '|';
    append_number(text_, offer.free_seats);
    text_ += '|';
    append_number(text_, offer.price_hundredths);
    text_ += '|';
    text_ += offer.currency;
    text_ += '\n';
  }
  value_ += crc32_z(0, reinterpret_cast<const Bytef*>(text_.data()), text_.size());
  fares_ += fares.size();
}

}  // namespace farebench
