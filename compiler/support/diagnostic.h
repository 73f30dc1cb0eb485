// Diagnostics as values: what every phase reports to the user, and how it is shown.
#pragma once

#include <algorithm>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/support/result.h"
#include "compiler/support/source.h"

namespace rg {

/// The stable codes: one row a diagnostic in diagnostic_codes.def.
enum class Code : std::uint16_t {
#define RG_DIAGNOSTIC(code, name, title, explanation) name = code,
#include "compiler/support/diagnostic_codes.def"
#undef RG_DIAGNOSTIC
};

struct CodeInfo {
  Code code;
  std::string_view name;         // identifier in this code base
  std::string_view title;        // a few words
  std::string_view explanation;  // what `explain` prints: the rule, an example that breaks it, how to mend it
};

/// All codes, in ascending order.
const std::vector<CodeInfo>& all_codes();
const CodeInfo& info(Code code);
/// "RG0101".
std::string code_string(Code code);

enum class Severity { error, warning };

struct Label {
  Span span;
  std::string text;
};

/// One message: the fact at the narrowest span, labels on every party to it, then rules and paths (notes), then what
/// to write instead (hints).
struct Diagnostic {
  Code code;
  Span span;
  std::string message;
  std::vector<Label> labels = {};
  std::vector<std::string> notes = {};
  std::vector<std::string> hints = {};
  Severity severity = Severity::error;

  Diagnostic& label(Span at, std::string text) {
    labels.push_back({at, std::move(text)});
    return *this;
  }
  Diagnostic& note(std::string text) {
    notes.push_back(std::move(text));
    return *this;
  }
  Diagnostic& hint(std::string text) {
    hints.push_back(std::move(text));
    return *this;
  }
};

/// Collects diagnostics of one compilation, of which the first `limit` in source order are shown, errors before
/// warnings. Not thread safe.
class Diagnostics {
 public:
  explicit Diagnostics(std::size_t limit = 20) : limit_(limit) {}
  /// Adds an error and returns it, to be given labels, notes and hints. A second error at the same span and code is
  /// dropped (the returned reference is then a scratch object).
  Diagnostic& error(Code code, Span span, std::string message);
  Diagnostic& warning(Code code, Span span, std::string message);
  bool has_errors() const { return errors_ > 0; }
  std::size_t error_count() const { return errors_; }
  /// How many `sorted` leaves out.
  std::size_t dropped() const { return total_ - std::min(items_.size(), limit_); }
  /// In source order, at most `limit`; no warning where an error is left out.
  std::vector<Diagnostic> sorted() const;

 private:
  Diagnostic& add(Diagnostic diagnostic);
  std::deque<Diagnostic> items_;  // references that `error` gave out stay good
  Diagnostic scratch_{};
  std::size_t limit_;
  std::size_t errors_ = 0;
  std::size_t total_ = 0;
};

struct RenderOptions {
  bool color = false;
};

/// The diagnostic as text with source excerpts, ending in a newline.
std::string render(const SourceMap& sources, const Diagnostic& diagnostic, RenderOptions options = {});
/// A failure that has a code and no place in a text.
std::string render(const Failure& failure, RenderOptions options = {});
/// All diagnostics and a closing count line.
std::string render(const SourceMap& sources, const Diagnostics& diagnostics, RenderOptions options = {});

}  // namespace rg
