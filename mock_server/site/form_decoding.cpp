#include "mock_server/site/form_decoding.hpp"

#include <algorithm>
#include <charconv>

namespace farebench {
namespace {

// The decoded text; false at a '%' without two hex digits after it.
bool decode(std::string_view encoded, std::string& text) {
  text.reserve(encoded.size());
  for (std::size_t i = 0; i < encoded.size(); ++i) {
    if (encoded[i] == '+') {
      text += ' ';
    } else if (encoded[i] == '%') {
      const std::string_view hex = encoded.substr(i + 1, 2);
      unsigned char byte = 0;
      const auto [end, fault] = std::from_chars(hex.data(), hex.data() + hex.size(), byte, 16);
      if (hex.size() != 2 || fault != std::errc{} || end != hex.data() + hex.size()) return false;
      text += static_cast<char>(byte);
      i += 2;
    } else {
      text += encoded[i];
    }
  }
  return true;
}

}  // namespace

std::expected<form_fields, std::string> decode_form(std::string_view body) {
  form_fields fields;
  std::size_t number = 0;
  while (!body.empty()) {
    const std::size_t end = std::min(body.find('&'), body.size());
    const std::string_view piece = body.substr(0, end);
    body.remove_prefix(std::min(end + 1, body.size()));
    if (piece.empty()) continue;
    ++number;
    const std::size_t equals = std::min(piece.find('='), piece.size());
    auto& [name, value] = fields.emplace_back();
    if (!decode(piece.substr(0, equals), name) ||
        !decode(piece.substr(std::min(equals + 1, piece.size())), value)) {
      return std::unexpected("bad percent-encoding in form field " + std::to_string(number));
    }
  }
  return fields;
}

}  // namespace farebench
