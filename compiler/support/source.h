// Source texts and positions in them. A span is a half-open byte range of one text; it is all that later phases
// keep of the source.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rg {

/// Half-open byte range [begin, end) of the text with index `file` in a SourceMap.
struct Span {
  std::uint32_t file = 0;
  std::uint32_t begin = 0;
  std::uint32_t end = 0;

  /// The smallest span that covers both; both are of one file.
  Span to(Span other) const {
    return {file, begin < other.begin ? begin : other.begin, end > other.end ? end : other.end};
  }
  bool operator==(const Span&) const = default;
};

/// Line and column, counted from 1; the column counts Unicode code points.
struct LineColumn {
  std::uint32_t line = 1;
  std::uint32_t column = 1;
};

/// Owns the texts of one compilation. File 0 is always the unnamed builtin text. Not thread safe.
class SourceMap {
 public:
  SourceMap();
  /// Adds a text and returns its index.
  std::uint32_t add(std::string name, std::string text);
  std::string_view name(std::uint32_t file) const { return files_.at(file).name; }
  std::string_view text(std::uint32_t file) const { return files_.at(file).text; }
  std::string_view text(Span span) const;
  LineColumn line_column(std::uint32_t file, std::uint32_t offset) const;
  /// The text of a line (from 1) without its line end.
  std::string_view line(std::uint32_t file, std::uint32_t line) const;
  std::size_t size() const { return files_.size(); }

 private:
  struct File {
    std::string name;
    std::string text;
    std::vector<std::uint32_t> line_starts;
  };
  std::vector<File> files_;
};

}  // namespace rg
