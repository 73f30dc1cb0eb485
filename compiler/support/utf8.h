// UTF-8 text, one character at a time.
#pragma once

#include <cstddef>
#include <string_view>

namespace rg {

struct Utf8Char {
  char32_t value = 0;
  std::size_t length = 1;  // bytes; 1 where invalid
  bool valid = false;
};

/// The character at the start of `text`, which is not empty. Overlong forms, surrogates and values past U+10FFFF are
/// invalid (RFC 3629).
Utf8Char decode_utf8(std::string_view text);

/// Terminal columns that a character takes: 0 for combining marks, 2 for wide East Asian characters and emoji, else 1.
std::size_t display_width(char32_t c);

}  // namespace rg
