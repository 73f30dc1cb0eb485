// Diagnostics as text: a head line, source excerpts with marks and labels, notes and hints.
//
// An excerpt shows each line that a span touches once. Marks of one line stand under it; the rightmost label that
// nothing follows stands beside its mark, the others hang below theirs, as rustc shows them. A span of several lines
// is marked on its first and on its last line, its label is beside the latter. Tabs, control characters and bytes
// that are no UTF-8 are replaced, and long lines are cut to a window around the marks, so that any input prints.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "compiler/support/diagnostic.h"
#include "compiler/support/utf8.h"

namespace rg {
namespace {

constexpr std::size_t widest_excerpt = 160;

struct Paint {
  bool on = false;
  std::string operator()(std::string_view style, std::string_view text) const {
    if (!on || text.empty()) return std::string(text);
    return fmt::format("\x1b[{}m{}\x1b[0m", style, text);
  }
};
constexpr std::string_view red = "1;31", yellow = "1;33", blue = "1;34", bold = "1";

/// One mark under one line: display columns [begin, end).
struct Mark {
  std::size_t begin = 0;
  std::size_t end = 0;
  bool primary = false;
  std::string label = {};
};

/// A line's text as shown, and the display column at which each of its bytes starts.
struct ShownLine {
  std::string text;                  // printable
  std::vector<std::size_t> columns;  // one entry a byte, and one for the end
  std::vector<std::size_t> offsets;  // into text: one entry a display column, and one for the end
};

ShownLine show(std::string_view raw) {
  ShownLine line;
  std::size_t column = 0;
  for (std::size_t i = 0; i < raw.size();) {
    const Utf8Char c = decode_utf8(raw.substr(i));
    std::string shown;
    std::size_t width = 1;
    if (raw[i] == '\t') {
      width = 4 - column % 4;
      shown.assign(width, ' ');
    } else if (!c.valid || c.value < 0x20 || (c.value >= 0x7F && c.value < 0xA0)) {
      shown = "\xEF\xBF\xBD";
    } else {
      shown = std::string(raw.substr(i, c.length));
      width = display_width(c.value);
    }
    for (std::size_t k = 0; k < c.length; ++k) line.columns.push_back(column);
    for (std::size_t k = 0; k < width; ++k) {
      line.offsets.push_back(line.text.size() + (raw[i] == '\t' ? k : (k == 0 ? 0 : shown.size())));
    }
    line.text += shown;
    column += width;
    i += c.length;
  }
  line.columns.push_back(column);
  line.offsets.push_back(line.text.size());
  return line;
}

/// Cuts a long line to a window around its marks and moves the marks accordingly.
std::string cut_to_window(const ShownLine& line, std::vector<Mark>& marks) {
  const std::size_t width = line.offsets.size() - 1;
  if (width <= widest_excerpt) return line.text;
  std::size_t first = width;
  for (const Mark& mark : marks) {
    if (mark.primary || first == width) first = std::min(first, mark.begin);
  }
  const std::size_t begin = first > 40 ? first - 40 : 0;
  const std::size_t end = std::min(width, begin + widest_excerpt - 6);
  const std::string head = begin > 0 ? "..." : "";
  for (Mark& mark : marks) {
    mark.begin = std::clamp(mark.begin, begin, end) - begin + head.size();
    mark.end = std::max(mark.begin + 1, std::clamp(mark.end, begin, end) - begin + head.size());
  }
  return head + line.text.substr(line.offsets[begin], line.offsets[end] - line.offsets[begin]) +
         (end < width ? "..." : "");
}

/// A row of characters with a style for each, written cell by cell.
class Canvas {
 public:
  void put(std::size_t column, std::string_view text, std::string_view style) {
    // Text is placed at a column and never overwritten by text further left, so a cell may hold several bytes.
    if (cells_.size() < column) cells_.resize(column, {" ", {}});
    if (cells_.size() <= column) cells_.resize(column + 1, {" ", {}});
    cells_[column] = {std::string(text), style};
  }
  std::string render(const Paint& paint) const {
    std::string out;
    for (const auto& [text, style] : cells_) out += text == " " ? " " : paint(style, text);
    while (!out.empty() && out.back() == ' ') out.pop_back();
    return out;
  }

 private:
  std::vector<std::pair<std::string, std::string_view>> cells_;
};

/// The rows under a line: its marks, then the labels that hang.
std::vector<std::string> rows_of(std::vector<Mark> marks, std::string_view primary_style, const Paint& paint) {
  std::stable_sort(marks.begin(), marks.end(), [](const Mark& a, const Mark& b) {
    return a.begin != b.begin ? a.begin < b.begin : a.primary > b.primary;
  });
  const auto style = [&](const Mark& mark) { return mark.primary ? primary_style : blue; };
  Canvas underline;
  std::size_t rightmost_end = 0;
  for (const Mark& mark : marks) rightmost_end = std::max(rightmost_end, mark.end);
  for (int primary = 0; primary < 2; ++primary) {
    for (const Mark& mark : marks) {
      if (mark.primary != (primary == 1)) continue;
      for (std::size_t c = mark.begin; c < mark.end; ++c) underline.put(c, mark.primary ? "^" : "-", style(mark));
    }
  }
  std::vector<Mark> hanging;
  for (const Mark& mark : marks) {
    if (!mark.label.empty()) hanging.push_back(mark);
  }
  if (!hanging.empty() && hanging.back().end == rightmost_end &&
      (hanging.size() == 1 || hanging[hanging.size() - 2].begin < hanging.back().begin)) {
    underline.put(rightmost_end + 1, hanging.back().label, style(hanging.back()));
    hanging.pop_back();
  }
  std::vector<std::string> rows = {underline.render(paint)};
  for (std::size_t left = hanging.size(); left > 0; --left) {
    Canvas bars;
    for (std::size_t k = 0; k < left; ++k) bars.put(hanging[k].begin, "|", style(hanging[k]));
    if (left == hanging.size()) rows.push_back(bars.render(paint));
    Canvas text;
    for (std::size_t k = 0; k + 1 < left; ++k) {
      if (hanging[k].begin < hanging[left - 1].begin) text.put(hanging[k].begin, "|", style(hanging[k]));
    }
    text.put(hanging[left - 1].begin, hanging[left - 1].label, style(hanging[left - 1]));
    rows.push_back(text.render(paint));
  }
  return rows;
}

/// All marks of one file, by line.
using MarksByLine = std::map<std::uint32_t, std::vector<Mark>>;

void add_marks(const SourceMap& sources, MarksByLine& lines, Span span, bool primary, const std::string& label) {
  const auto size = static_cast<std::uint32_t>(sources.text(span.file).size());
  const std::uint32_t begin = std::min(span.begin, size);
  const std::uint32_t end = std::clamp(span.end, begin, size);
  const LineColumn first = sources.line_column(span.file, begin);
  // A span that ends with a line end belongs to the line that it ends.
  const LineColumn last = sources.line_column(span.file, end > begin ? end - 1 : end);
  const auto line_begin = [&](std::uint32_t line) {
    const std::string_view text = sources.line(span.file, line);
    return static_cast<std::uint32_t>(text.data() - sources.text(span.file).data());
  };
  const auto column = [&](const ShownLine& line, std::uint32_t line_start, std::uint32_t offset) {
    const std::size_t byte = std::min<std::size_t>(offset - line_start, line.columns.size() - 1);
    return line.columns[byte];
  };
  const auto add = [&](std::uint32_t line, std::size_t from, std::size_t to, const std::string& text) {
    auto& marks = lines[line];
    const Mark mark{from, std::max(to, from + 1), primary, text};
    for (Mark& other : marks) {
      // A label on the very range of the message joins its mark.
      if (other.begin == mark.begin && other.end == mark.end && (other.label.empty() || mark.label.empty())) {
        other.primary |= primary;
        other.label += mark.label;
        return;
      }
    }
    marks.push_back(mark);
  };
  const ShownLine shown_first = show(sources.line(span.file, first.line));
  const std::uint32_t first_begin = line_begin(first.line);
  const std::size_t from = column(shown_first, first_begin, begin);
  if (first.line == last.line) {
    add(first.line, from, column(shown_first, first_begin, end), label);
    return;
  }
  add(first.line, from, shown_first.columns.back(), "");
  const std::string_view last_text = sources.line(span.file, last.line);
  const ShownLine shown_last = show(last_text);
  const std::size_t indent = std::min(last_text.find_first_not_of(" \t"), last_text.size());
  const std::size_t last_from = shown_last.columns[indent];
  add(last.line, last_from, column(shown_last, line_begin(last.line), end), label);
}

void append_excerpt(std::string& out, const SourceMap& sources, std::uint32_t file, const MarksByLine& lines,
                    std::size_t gutter, std::string_view primary_style, const Paint& paint) {
  const std::string margin(gutter, ' ');
  const std::string bar = paint(blue, "|");
  out += fmt::format("{} {}\n", margin, bar);
  std::uint32_t previous = 0;
  for (const auto& [number, marks] : lines) {
    if (previous != 0 && number == previous + 2) {
      const std::string between = show(sources.line(file, previous + 1)).text;
      if (between.size() <= widest_excerpt) {
        out += fmt::format("{} {}{}{}\n", paint(blue, fmt::format("{:>{}}", previous + 1, gutter)), bar,
                           between.empty() ? "" : " ", between);
      } else {
        out += paint(blue, "...") + "\n";
      }
    } else if (previous != 0 && number > previous + 2) {
      out += paint(blue, "...") + "\n";
    }
    previous = number;
    std::vector<Mark> shown_marks = marks;
    const std::string text = cut_to_window(show(sources.line(file, number)), shown_marks);
    out += fmt::format("{} {}{}{}\n", paint(blue, fmt::format("{:>{}}", number, gutter)), bar, text.empty() ? "" : " ",
                       text);
    for (const std::string& row : rows_of(std::move(shown_marks), primary_style, paint)) {
      out += fmt::format("{} {} {}\n", margin, bar, row);
    }
  }
}

/// A note or hint of several lines keeps its later lines aligned.
void append_remark(std::string& out, std::string_view kind, std::string_view text, std::size_t gutter,
                   const Paint& paint) {
  const std::string margin(gutter, ' ');
  std::string prefix = fmt::format("{} {} {} ", margin, paint(blue, "="), paint(bold, fmt::format("{}:", kind)));
  while (true) {
    const std::size_t end = text.find('\n');
    out += prefix + std::string(text.substr(0, end)) + "\n";
    if (end == std::string_view::npos) return;
    text.remove_prefix(end + 1);
    prefix.assign(gutter + kind.size() + 5, ' ');
  }
}

}  // namespace

std::string render(const SourceMap& sources, const Diagnostic& diagnostic, RenderOptions options) {
  const Paint paint{options.color};
  const bool is_error = diagnostic.severity == Severity::error;
  const std::string_view style = is_error ? red : yellow;
  std::string out = paint(style, fmt::format("{}[{}]", is_error ? "error" : "warning", code_string(diagnostic.code))) +
                    paint(bold, ": " + diagnostic.message) + "\n";

  // The file of the message comes first, then the others in the order of their labels.
  std::vector<std::pair<std::uint32_t, MarksByLine>> files;
  const auto marks_of = [&](std::uint32_t file) -> MarksByLine& {
    for (auto& entry : files) {
      if (entry.first == file) return entry.second;
    }
    return files.emplace_back(file, MarksByLine{}).second;
  };
  const auto has_text = [&](Span span) { return span.file < sources.size() && span.file != 0; };
  if (has_text(diagnostic.span)) {
    add_marks(sources, marks_of(diagnostic.span.file), diagnostic.span, true, "");
  }
  for (const Label& label : diagnostic.labels) {
    if (has_text(label.span)) {
      add_marks(sources, marks_of(label.span.file), label.span, label.span == diagnostic.span, label.text);
    }
  }
  std::size_t gutter = 1;
  for (const auto& [file, lines] : files) gutter = std::max(gutter, std::to_string(lines.rbegin()->first).size());
  bool first = true;
  for (const auto& [file, lines] : files) {
    LineColumn at{lines.begin()->first, static_cast<std::uint32_t>(lines.begin()->second.front().begin + 1)};
    if (first && has_text(diagnostic.span)) at = sources.line_column(file, diagnostic.span.begin);
    out += fmt::format("{}{} {}:{}:{}\n", std::string(gutter, ' '), paint(blue, first ? "-->" : ":::"),
                       sources.name(file), at.line, at.column);
    append_excerpt(out, sources, file, lines, gutter, style, paint);
    first = false;
  }
  if (!files.empty() && (!diagnostic.notes.empty() || !diagnostic.hints.empty())) {
    out += fmt::format("{} {}\n", std::string(gutter, ' '), paint(blue, "|"));
  }
  for (const std::string& note : diagnostic.notes) append_remark(out, "note", note, gutter, paint);
  for (const std::string& hint : diagnostic.hints) append_remark(out, "help", hint, gutter, paint);
  return out;
}

std::string render(const Failure& failure, RenderOptions options) {
  Diagnostic d{failure.code, Span{}, failure.message};
  if (!failure.hint.empty()) d.hint(failure.hint);
  return render(SourceMap(), d, options);
}

std::string render(const SourceMap& sources, const Diagnostics& diagnostics, RenderOptions options) {
  const Paint paint{options.color};
  std::string out;
  std::size_t warnings = 0;
  for (const Diagnostic& diagnostic : diagnostics.sorted()) {
    out += render(sources, diagnostic, options) + "\n";
    warnings += diagnostic.severity == Severity::warning;
  }
  const auto count = [](std::size_t n, std::string_view what) {
    return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s");
  };
  std::string total;
  if (diagnostics.error_count() > 0) total = paint(red, count(diagnostics.error_count(), "error"));
  if (warnings > 0) total += (total.empty() ? "" : ", ") + paint(yellow, count(warnings, "warning"));
  if (!total.empty() && diagnostics.dropped() > 0) total += fmt::format(" ({} not shown)", diagnostics.dropped());
  return total.empty() ? out : out + total + "\n";
}

}  // namespace rg
