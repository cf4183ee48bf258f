#include "tests/mock_server/libxml2_fares.hpp"

#include <libxml/HTMLparser.h>
#include <libxml/xpath.h>

#include <charconv>
#include <memory>
#include <stdexcept>
#include <string>

namespace farebench {
namespace {

template <auto release>
struct released_by {
  template <typename Object>
  void operator()(Object* object) const {
    release(object);
  }
};
using document = std::unique_ptr<xmlDoc, released_by<xmlFreeDoc>>;
using xpath_context = std::unique_ptr<xmlXPathContext, released_by<xmlXPathFreeContext>>;
using xpath_object = std::unique_ptr<xmlXPathObject, released_by<xmlXPathFreeObject>>;

std::vector<std::string> words_of(std::string text) {
  constexpr std::string_view no_break_space = "\u00a0";
  for (std::size_t at; (at = text.find(no_break_space)) != std::string::npos;) {
    text[at] = ' ';
    text.erase(at + 1, no_break_space.size() - 1);
  }
  std::vector<std::string> words;
  constexpr const char* blank = " \t\r\n\f";
  for (std::size_t end = 0, begin; (begin = text.find_first_not_of(blank, end)) != std::string::npos;) {
    end = std::min(text.find_first_of(blank, begin), text.size());
    words.push_back(text.substr(begin, end - begin));
  }
  return words;
}

std::int64_t whole_number(std::string_view text) {
  std::int64_t number = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number < 0) {
    throw std::runtime_error("not a number: " + std::string{text});
  }
  return number;
}

std::chrono::minutes time_of_day(const std::string& text) {
  if (text.size() != 5 || text[2] != ':') throw std::runtime_error("not a time: " + text);
  return std::chrono::minutes{whole_number(text.substr(0, 2)) * 60 + whole_number(text.substr(3))};
}

std::int64_t hundredths(const std::string& text) {
  const std::size_t point = text.find_first_of(".,");
  if (point == std::string::npos) return whole_number(text) * 100;
  if (text.size() != point + 3) throw std::runtime_error("not a price: " + text);
  return whole_number(text.substr(0, point)) * 100 + whole_number(text.substr(point + 1));
}

}  // namespace

std::vector<fare> libxml2_fares(std::string_view page) {
  const document parsed{htmlReadMemory(page.data(), static_cast<int>(page.size()), nullptr, nullptr,
                                       HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING | HTML_PARSE_NONET)};
  if (!parsed) throw std::runtime_error("libxml2 cannot parse the page");
  const xpath_context context{xmlXPathNewContext(parsed.get())};
  const xpath_object found{
      xmlXPathEvalExpression(reinterpret_cast<const xmlChar*>(
                                 "//*[contains(concat(' ', normalize-space(@class), ' '), ' select-line ')]"),
                             context.get())};
  std::vector<fare> fares;
  const int count = found && found->nodesetval ? found->nodesetval->nodeNr : 0;
  for (int i = 0; i < count; ++i) {
    const std::unique_ptr<xmlChar, released_by<[](xmlChar* text) { xmlFree(text); }>> content{
        xmlNodeGetContent(found->nodesetval->nodeTab[i])};
    const auto words = words_of(reinterpret_cast<const char*>(content.get()));
    if (words.size() != 6)
      throw std::runtime_error("a row has " + std::to_string(words.size()) + " words; expected 6");
    fares.push_back({.departure = time_of_day(words[0]),
                     .arrival = time_of_day(words[1]),
                     .type = words[2],
                     .free_seats = static_cast<std::int32_t>(whole_number(words[3])),
                     .price_hundredths = hundredths(words[4]),
                     .currency = words[5]});
  }
  return fares;
}

}  // namespace farebench
