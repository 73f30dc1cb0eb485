// Text to tokens.
#pragma once

#include "compiler/support/diagnostic.h"
#include "dsl/lex/token.h"

namespace rg::dsl {

/// Largest accepted text, in bytes.
inline constexpr std::size_t max_text_size = std::size_t{64} << 20;

/// Splits a text into tokens. Any bytes are accepted: what is no token is reported, once a run, and left out or
/// replaced by the token that was meant.
Tokens lex(const SourceMap& sources, std::uint32_t file, Diagnostics& diagnostics);

}  // namespace rg::dsl
