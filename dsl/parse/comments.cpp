// Comments go to the constructs that they stand at.
#include <iterator>

#include "dsl/parse/parser.h"

namespace rg::dsl {

std::vector<std::string> Parser::comments_before(Docs docs) {
  std::vector<std::string> out;
  for (; comment_ < tokens_.comments.size() && tokens_.comments[comment_].next_token <= at_; ++comment_) {
    const Comment& c = tokens_.comments[comment_];
    if (docs == Docs::taken || !c.is_doc) out.emplace_back(sources_.text(c.span));
  }
  return out;
}

// Those inside move before it; one on the line of its end stands behind it.
void Parser::finish_comments(ast::Comments& comments, Docs docs) {
  const auto line = [&](std::uint32_t offset) { return sources_.line_column(file_, offset).line; };
  for (; comment_ < tokens_.comments.size() && tokens_.comments[comment_].next_token <= at_; ++comment_) {
    const Comment& c = tokens_.comments[comment_];
    const bool inside = c.next_token < at_;
    if (!inside && line(c.span.begin) != line(last_span_.end)) return;
    if (docs == Docs::left_out && c.is_doc) continue;
    if (inside)
      comments.before.emplace_back(sources_.text(c.span));
    else
      comments.behind = sources_.text(c.span);
  }
}

}  // namespace rg::dsl
