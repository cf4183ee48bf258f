#include "scrape/row_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <system_error>

namespace farebench::html {
namespace {

struct entity {
  std::string_view name;
  char16_t character;
};

// HTML 4.01, section 24, sorted by name.
constexpr std::array entities = std::to_array<entity>({
    {"AElig", 0xC6},     {"Aacute", 0xC1},   {"Acirc", 0xC2},    {"Agrave", 0xC0},   {"Alpha", 0x391},
    {"Aring", 0xC5},     {"Atilde", 0xC3},   {"Auml", 0xC4},     {"Beta", 0x392},    {"Ccedil", 0xC7},
    {"Chi", 0x3A7},      {"Dagger", 0x2021}, {"Delta", 0x394},   {"ETH", 0xD0},      {"Eacute", 0xC9},
    {"Ecirc", 0xCA},     {"Egrave", 0xC8},   {"Epsilon", 0x395}, {"Eta", 0x397},     {"Euml", 0xCB},
    {"Gamma", 0x393},    {"Iacute", 0xCD},   {"Icirc", 0xCE},    {"Igrave", 0xCC},   {"Iota", 0x399},
    {"Iuml", 0xCF},      {"Kappa", 0x39A},   {"Lambda", 0x39B},  {"Mu", 0x39C},      {"Ntilde", 0xD1},
    {"Nu", 0x39D},       {"OElig", 0x152},   {"Oacute", 0xD3},   {"Ocirc", 0xD4},    {"Ograve", 0xD2},
    {"Omega", 0x3A9},    {"Omicron", 0x39F}, {"Oslash", 0xD8},   {"Otilde", 0xD5},   {"Ouml", 0xD6},
    {"Phi", 0x3A6},      {"Pi", 0x3A0},      {"Prime", 0x2033},  {"Psi", 0x3A8},     {"Rho", 0x3A1},
    {"Scaron", 0x160},   {"Sigma", 0x3A3},   {"THORN", 0xDE},    {"Tau", 0x3A4},     {"Theta", 0x398},
    {"Uacute", 0xDA},    {"Ucirc", 0xDB},    {"Ugrave", 0xD9},   {"Upsilon", 0x3A5}, {"Uuml", 0xDC},
    {"Xi", 0x39E},       {"Yacute", 0xDD},   {"Yuml", 0x178},    {"Zeta", 0x396},    {"aacute", 0xE1},
    {"acirc", 0xE2},     {"acute", 0xB4},    {"aelig", 0xE6},    {"agrave", 0xE0},   {"alefsym", 0x2135},
    {"alpha", 0x3B1},    {"amp", 0x26},      {"and", 0x2227},    {"ang", 0x2220},    {"apos", 0x27},
    {"aring", 0xE5},     {"asymp", 0x2248},  {"atilde", 0xE3},   {"auml", 0xE4},     {"bdquo", 0x201E},
    {"beta", 0x3B2},     {"brvbar", 0xA6},   {"bull", 0x2022},   {"cap", 0x2229},    {"ccedil", 0xE7},
    {"cedil", 0xB8},     {"cent", 0xA2},     {"chi", 0x3C7},     {"circ", 0x2C6},    {"clubs", 0x2663},
    {"cong", 0x2245},    {"copy", 0xA9},     {"crarr", 0x21B5},  {"cup", 0x222A},    {"curren", 0xA4},
    {"dArr", 0x21D3},    {"dagger", 0x2020}, {"darr", 0x2193},   {"deg", 0xB0},      {"delta", 0x3B4},
    {"diams", 0x2666},   {"divide", 0xF7},   {"eacute", 0xE9},   {"ecirc", 0xEA},    {"egrave", 0xE8},
    {"empty", 0x2205},   {"emsp", 0x2003},   {"ensp", 0x2002},   {"epsilon", 0x3B5}, {"equiv", 0x2261},
    {"eta", 0x3B7},      {"eth", 0xF0},      {"euml", 0xEB},     {"euro", 0x20AC},   {"exist", 0x2203},
    {"fnof", 0x192},     {"forall", 0x2200}, {"frac12", 0xBD},   {"frac14", 0xBC},   {"frac34", 0xBE},
    {"frasl", 0x2044},   {"gamma", 0x3B3},   {"ge", 0x2265},     {"gt", 0x3E},       {"hArr", 0x21D4},
    {"harr", 0x2194},    {"hearts", 0x2665}, {"hellip", 0x2026}, {"iacute", 0xED},   {"icirc", 0xEE},
    {"iexcl", 0xA1},     {"igrave", 0xEC},   {"image", 0x2111},  {"infin", 0x221E},  {"int", 0x222B},
    {"iota", 0x3B9},     {"iquest", 0xBF},   {"isin", 0x2208},   {"iuml", 0xEF},     {"kappa", 0x3BA},
    {"lArr", 0x21D0},    {"lambda", 0x3BB},  {"lang", 0x2329},   {"laquo", 0xAB},    {"larr", 0x2190},
    {"lceil", 0x2308},   {"ldquo", 0x201C},  {"le", 0x2264},     {"lfloor", 0x230A}, {"lowast", 0x2217},
    {"loz", 0x25CA},     {"lrm", 0x200E},    {"lsaquo", 0x2039}, {"lsquo", 0x2018},  {"lt", 0x3C},
    {"macr", 0xAF},      {"mdash", 0x2014},  {"micro", 0xB5},    {"middot", 0xB7},   {"minus", 0x2212},
    {"mu", 0x3BC},       {"nabla", 0x2207},  {"nbsp", 0xA0},     {"ndash", 0x2013},  {"ne", 0x2260},
    {"ni", 0x220B},      {"not", 0xAC},      {"notin", 0x2209},  {"nsub", 0x2284},   {"ntilde", 0xF1},
    {"nu", 0x3BD},       {"oacute", 0xF3},   {"ocirc", 0xF4},    {"oelig", 0x153},   {"ograve", 0xF2},
    {"oline", 0x203E},   {"omega", 0x3C9},   {"omicron", 0x3BF}, {"oplus", 0x2295},  {"or", 0x2228},
    {"ordf", 0xAA},      {"ordm", 0xBA},     {"oslash", 0xF8},   {"otilde", 0xF5},   {"otimes", 0x2297},
    {"ouml", 0xF6},      {"para", 0xB6},     {"part", 0x2202},   {"permil", 0x2030}, {"perp", 0x22A5},
    {"phi", 0x3C6},      {"pi", 0x3C0},      {"piv", 0x3D6},     {"plusmn", 0xB1},   {"pound", 0xA3},
    {"prime", 0x2032},   {"prod", 0x220F},   {"prop", 0x221D},   {"psi", 0x3C8},     {"quot", 0x22},
    {"rArr", 0x21D2},    {"radic", 0x221A},  {"rang", 0x232A},   {"raquo", 0xBB},    {"rarr", 0x2192},
    {"rceil", 0x2309},   {"rdquo", 0x201D},  {"real", 0x211C},   {"reg", 0xAE},      {"rfloor", 0x230B},
    {"rho", 0x3C1},      {"rlm", 0x200F},    {"rsaquo", 0x203A}, {"rsquo", 0x2019},  {"sbquo", 0x201A},
    {"scaron", 0x161},   {"sdot", 0x22C5},   {"sect", 0xA7},     {"shy", 0xAD},      {"sigma", 0x3C3},
    {"sigmaf", 0x3C2},   {"sim", 0x223C},    {"spades", 0x2660}, {"sub", 0x2282},    {"sube", 0x2286},
    {"sum", 0x2211},     {"sup", 0x2283},    {"sup1", 0xB9},     {"sup2", 0xB2},     {"sup3", 0xB3},
    {"supe", 0x2287},    {"szlig", 0xDF},    {"tau", 0x3C4},     {"there4", 0x2234}, {"theta", 0x3B8},
    {"thetasym", 0x3D1}, {"thinsp", 0x2009}, {"thorn", 0xFE},    {"tilde", 0x2DC},   {"times", 0xD7},
    {"trade", 0x2122},   {"uArr", 0x21D1},   {"uacute", 0xFA},   {"uarr", 0x2191},   {"ucirc", 0xFB},
    {"ugrave", 0xF9},    {"uml", 0xA8},      {"upsih", 0x3D2},   {"upsilon", 0x3C5}, {"uuml", 0xFC},
    {"weierp", 0x2118},  {"xi", 0x3BE},      {"yacute", 0xFD},   {"yen", 0xA5},      {"yuml", 0xFF},
    {"zeta", 0x3B6},     {"zwj", 0x200D},    {"zwnj", 0x200C},
});

static_assert(entities.size() == 252 + 1);
static_assert(std::ranges::is_sorted(entities, {}, &entity::name));
static_assert(std::ranges::max(entities, {}, [](const entity& e) { return e.name.size(); }).name.size() ==
              max_entity_name_bytes);

constexpr char32_t unicode_end = 0x110000;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_xml_character(char32_t c) {
  if (c < 0x20) return c == '\t' || c == '\n' || c == '\r';
  return c < 0xD800 || (c >= 0xE000 && c <= 0xFFFD) || (c >= 0x10000 && c < unicode_end);
}

/// Returns the character of a named reference, or 0 for an unknown name.
char32_t find_entity(std::string_view name) {
  const auto* const found = std::ranges::lower_bound(entities, name, {}, &entity::name);
  return found != entities.end() && found->name == name ? found->character : U'\0';
}

}  // namespace

void character_reference::begin() {
  character_ = 0;
  form_ = form::start;
  text_[0] = '&';
  size_ = 1;
  literal_size_ = 0;
}

character_reference::progress character_reference::read(char c) {
  switch (form_) {
    case form::start:
      if (c == '#') {
        form_ = form::hash;
        return progress::reading;
      }
      if (!is_ascii_letter(c)) return end_name(c);
      form_ = form::name;
      text_[size_++] = c;
      return progress::reading;
    case form::hash:
      if (c == 'x' || c == 'X') {
        form_ = form::hexadecimal;
        return progress::reading;
      }
      form_ = form::decimal;
      [[fallthrough]];
    case form::decimal:
      if (is_digit(c)) return append_digit(10, static_cast<unsigned>(c - '0'));
      return end_number(c);
    case form::hexadecimal:
      if (is_digit(c)) return append_digit(16, static_cast<unsigned>(c - '0'));
      if (c >= 'a' && c <= 'f') return append_digit(16, static_cast<unsigned>(c - 'a') + 10);
      if (c >= 'A' && c <= 'F') return append_digit(16, static_cast<unsigned>(c - 'A') + 10);
      return end_number(c);
    case form::name:
      if ((!is_ascii_letter(c) && !is_digit(c)) || size_ == text_.size()) return end_name(c);
      text_[size_++] = c;
      return progress::reading;
  }
  return progress::ended_before;
}

character_reference::progress character_reference::append_digit(unsigned base, unsigned digit) {
  // No more digits count beyond Unicode, so that none can overflow.
  if (character_ < unicode_end) character_ = character_ * base + digit;
  return progress::reading;
}

character_reference::progress character_reference::end_number(char c) {
  if (!is_xml_character(character_)) character_ = 0;
  return c == ';' ? progress::ended : progress::ended_before;
}

character_reference::progress character_reference::end_name(char c) {
  if (c == ';') character_ = find_entity({text_.data() + 1, size_ - 1U});
  if (character_ != 0) return progress::ended;
  literal_size_ = size_;
  return progress::ended_before;
}

}  // namespace farebench::html

namespace farebench {
namespace {

/// White_Space of Unicode, without the vertical tab and the form feed.
bool is_space(char32_t c) {
  return (c < 0x80 && byte_class_of(static_cast<char>(c)) == byte_class::space) || c == 0x85 || c == 0xA0 ||
         c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
         c == 0x205F || c == 0x3000;
}

/// Smallest character of each length of its UTF-8 encoding. A smaller one is an overlong encoding.
constexpr std::array<char32_t, 5> min_character_by_length = {0, 0, 0x80, 0x800, 0x10000};

template <typename Number>
std::optional<Number> parse_digits(std::string_view text) {
  Number value{};
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end || text.front() == '-') return std::nullopt;
  return value;
}

}  // namespace

void word_collector::append(char32_t c, row_listener& listener) {
  if (error_ != text_error::none) return;
  if (missing_bytes_ > 0 || (c >= 0xD800 && c < 0xE000) || c == 0xFFFE || c == 0xFFFF || c > 0x10FFFF) {
    error_ = text_error::invalid_text;
    return;
  }
  const auto trail = [c](unsigned shift) { return static_cast<char>(0x80U | (c >> shift & 0x3FU)); };
  if (is_space(c)) {
    finish_word(listener);
  } else if (c < 0x20) {
    error_ = text_error::invalid_text;
  } else if (c < 0x80) {
    const std::array encoded = {static_cast<char>(c)};
    append_bytes(encoded.data(), encoded.size());
  } else if (c < 0x800) {
    const std::array encoded = {static_cast<char>(0xC0U | c >> 6U), trail(0)};
    append_bytes(encoded.data(), encoded.size());
  } else if (c < 0x10000) {
    const std::array encoded = {static_cast<char>(0xE0U | c >> 12U), trail(6), trail(0)};
    append_bytes(encoded.data(), encoded.size());
  } else {
    const std::array encoded = {static_cast<char>(0xF0U | c >> 18U), trail(12), trail(6), trail(0)};
    append_bytes(encoded.data(), encoded.size());
  }
}

void word_collector::append_utf8_byte(unsigned char byte, row_listener& listener) {
  if (missing_bytes_ == 0) {
    encoded_bytes_ = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : 2;
    if (byte < 0xC2 || byte > 0xF4) error_ = text_error::invalid_text;
    character_ = static_cast<char32_t>(byte & (0xFFU >> (encoded_bytes_ + 1)));
    missing_bytes_ = static_cast<std::uint8_t>(encoded_bytes_ - 1);
    return;
  }
  if ((byte & 0xC0U) != 0x80) error_ = text_error::invalid_text;
  character_ = character_ << 6U | (byte & 0x3FU);
  if (--missing_bytes_ > 0 || error_ != text_error::none) return;
  if (character_ < min_character_by_length[encoded_bytes_]) {
    error_ = text_error::invalid_text;
  } else {
    append(character_, listener);
  }
}

std::optional<std::chrono::minutes> parse_time(std::string_view word) {
  const auto colon = word.find(':');
  // Without a colon, npos exceeds 2.
  if (colon > 2 || word.size() != colon + 3) return std::nullopt;
  const auto hour = parse_digits<int>(word.substr(0, colon));
  const auto minute = parse_digits<int>(word.substr(colon + 1));
  if (!hour || !minute || *hour > 23 || *minute > 59) return std::nullopt;
  return std::chrono::hours{*hour} + std::chrono::minutes{*minute};
}

std::optional<std::int32_t> parse_seats(std::string_view word) { return parse_digits<std::int32_t>(word); }

std::optional<std::int64_t> parse_price_hundredths(std::string_view word) {
  const auto point = word.find_first_of(".,");
  const auto whole = parse_digits<std::int64_t>(word.substr(0, point));
  std::int64_t hundredths = 0;
  if (point != std::string_view::npos) {
    const std::string_view decimals = word.substr(point + 1);
    const auto fraction = parse_digits<std::int64_t>(decimals);
    if (!fraction || decimals.size() > 2) return std::nullopt;
    hundredths = decimals.size() == 1 ? *fraction * 10 : *fraction;
  }
  std::int64_t price = 0;
  if (!whole || __builtin_mul_overflow(*whole, 100, &price) ||
      __builtin_add_overflow(price, hundredths, &price)) {
    return std::nullopt;
  }
  return price;
}

std::string in_quotes(std::string_view word) {
  constexpr std::size_t max_quoted_characters = 64;
  std::string text = "\"";
  bool is_cut = false;
  for (const char c : word) {
    const bool is_plain = c >= ' ' && c <= '~' && c != '"' && c != '\\';
    const std::string escaped =
        is_plain ? std::string(1, c) : fmt::format("\\x{:02X}", static_cast<unsigned char>(c));
    is_cut = text.size() - 1 + escaped.size() > max_quoted_characters;
    if (is_cut) break;
    text += escaped;
  }
  return text + (is_cut ? "\"..." : "\"");
}

}  // namespace farebench
