#include "compiler/driver/values.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>

#include "compiler/api/file.h"
#include "compiler/api/sizes.h"
#include "compiler/driver/npy.h"
#include "compiler/support/diagnostic.h"
#include "compiler/support/suggestion.h"

namespace rg::driver {

using namespace ir;
using Json = nlohmann::json;

namespace {

constexpr std::size_t kShownCharacters = 60;

/// A text of the user's in a message: its first line at most, and of a long one the start.
std::string shown(const std::string& text) {
  std::size_t end = std::min(text.find('\n'), text.size());
  if (end > kShownCharacters) {
    end = kShownCharacters;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) --end;  // within a character
  }
  return end == text.size() ? text : text.substr(0, end) + "…";
}

bool nests_deeper(const Json& j, int levels) {
  return j.is_structured() &&
         (levels == 0 || std::ranges::any_of(j, [&](const Json& e) { return nests_deeper(e, levels - 1); }));
}

std::string shown(const Json& j) {
  if (nests_deeper(j, 3)) return j.is_array() ? "a list of lists" : "an object of objects";
  return shown(j.dump(-1, ' ', false, Json::error_handler_t::replace));
}

/// What JSON has no number for: nan, inf, -inf, in any case, and the long form of infinity.
std::optional<double> special(std::string word) {
  std::ranges::transform(word, word.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const bool negative = word.starts_with('-');
  if (negative) word.erase(0, 1);
  const double sign = negative ? -1 : 1;
  if (word == "nan") return std::copysign(std::nan(""), sign);
  if (word == "inf" || word == "infinity") return sign * std::numeric_limits<double>::infinity();
  return std::nullopt;
}

/// The text as JSON, with the words of `special` between quotation marks.
std::string with_quoted_specials(const std::string& text) {
  std::string out;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size();) {
    const auto letter = [&](std::size_t at) {
      return at < text.size() && (std::isalnum(static_cast<unsigned char>(text[at])) != 0 || text[at] == '_');
    };
    if (quoted || !letter(i)) {
      if (quoted && text[i] == '\\' && i + 1 < text.size()) out += text[i++];
      quoted = quoted != (text[i] == '"');
      out += text[i++];
      continue;
    }
    std::size_t end = i;
    while (letter(end)) ++end;
    std::string word = text.substr(i, end - i);
    if (special(word)) {
      const bool negative = out.ends_with('-');
      if (negative) out.pop_back();
      word = (negative ? "\"-" : "\"") + word + "\"";
    }
    out += word;
    i = end;
  }
  return out;
}

/// The text's value, or why it has none, `file` being where it stands ("" for the command line).
Result<Json> parsed(const std::string& text, const std::string& file) {
  const std::string what = file.empty() ? "'" + shown(text) + "'" : file;
  try {
    return Json::parse(with_quoted_specials(text));
  } catch (const Json::out_of_range&) {
    return Failure{what + " holds a number beyond f64", Code::wrong_value, "write `inf` for an infinity"};
  } catch (const Json::parse_error&) {
    return Failure{what + " is not a number, list or object in JSON", Code::wrong_value};
  }
}

/// Nested lists as a tensor of `type`; `why` gets the reason where they are none, its code too.
class ListReader {
 public:
  ListReader(Elem elem, Failure& why) : elem_(elem), why_(why) {}

  bool read(const Json& j, Tensor& out) {
    out = Tensor();
    out.elem = elem_;
    for (const Json* level = &j; level->is_array(); level = &(*level)[0]) {
      if (out.shape.size() == kMaxRank) return fail("its lists are nested too deep", Code::wrong_shape);
      out.shape.push_back(static_cast<std::int64_t>(level->size()));
      if (level->empty()) break;
    }
    return elements(j, 0, out);
  }

 private:
  static constexpr std::size_t kMaxRank = 32;

  bool elements(const Json& j, std::size_t depth, Tensor& out) {
    if (depth == out.shape.size()) return element(j, out);
    if (!j.is_array() || static_cast<std::int64_t>(j.size()) != out.shape[depth])
      return fail("its lists differ in length or depth", Code::wrong_shape);
    return std::ranges::all_of(j, [&](const Json& e) { return elements(e, depth + 1, out); });
  }

  bool element(const Json& j, Tensor& out) {
    if (elem_ == Elem::boolean) {
      if (!j.is_boolean()) return fail(fmt::format("{} is not true or false", shown(j)));
      out.integers.push_back(j.get<bool>());
      return true;
    }
    if (is_float(elem_)) {
      const auto word = j.is_string() ? special(j.get<std::string>()) : std::nullopt;
      if (!j.is_number() && !word) return fail(fmt::format("{} is not a number", shown(j)));
      const double v = word ? *word : j.get<double>();
      if (elem_ == Elem::f32 && std::isfinite(v) && !std::isfinite(static_cast<float>(v)))
        return fail(fmt::format("{} is beyond f32", shown(j)));
      out.reals.push_back(elem_ == Elem::f32 ? static_cast<float>(v) : v);
      return true;
    }
    if (!j.is_number_integer()) return fail(fmt::format("{} is not an integer", shown(j)));
    const auto v = j.get<std::int64_t>();
    if (j.is_number_unsigned() && j.get<std::uint64_t>() > INT64_MAX)
      return fail(fmt::format("{} is beyond 64 bits", shown(j)));
    if (wrap(elem_, v) != v) return fail(fmt::format("{} is beyond {}", v, name(elem_)));
    out.integers.push_back(v);
    return true;
  }

  bool fail(std::string why, Code code = Code::wrong_value) {
    why_ = {std::move(why), code};
    return false;
  }

  Elem elem_;
  Failure& why_;
};

/// Whether every value of `from` is one of `to`.
bool widens(Elem from, Elem to) {
  if (from == to) return true;
  if (to == Elem::f64) return from == Elem::f32 || from == Elem::i32;
  return to == Elem::i64 && from == Elem::i32;
}

Result<Tensor> widened(Tensor t, Elem to) {
  if (!widens(t.elem, to))
    return Failure{fmt::format("its elements are {}, which {} cannot hold without loss", name(t.elem), name(to)),
                   Code::wrong_value};
  if (is_float(to) && !t.is_real()) {
    for (const std::int64_t v : t.integers) t.reals.push_back(static_cast<double>(v));
    t.integers.clear();
  }
  t.elem = to;
  return t;
}

std::vector<std::string> names_of(const std::vector<Tree>& trees) {
  std::vector<std::string> out;
  for (const Tree& t : trees) out.push_back(t.name);
  return out;
}

/// The near one of `names`, or all of them behind `lead`.
std::string near_or_all(const std::string& name, const std::vector<std::string>& names, const std::string& lead) {
  const std::string near = suggestion(name, names);
  return !near.empty() || names.empty() ? near : fmt::format("{}`{}`", lead, fmt::join(names, "`, `"));
}

/// An object's form: {"slope": …, "offset": …}.
std::string example(const Tree& structure) {
  std::string out;
  for (const Tree& t : structure.fields) out += fmt::format("{}\"{}\": …", out.empty() ? "" : ", ", t.name);
  return "{" + out + "}";
}

/// Whether the value is an integer from 0 to the greatest of 64 bits.
bool is_size(const Json& j) {
  if (j.is_number_unsigned()) return j.get<std::uint64_t>() <= INT64_MAX;
  return j.is_number_integer() && j.get<std::int64_t>() >= 0;
}

/// What to do where the shell has split a list at its spaces or has taken quotation marks away.
std::string unquoted(const std::string& path, const std::string& text) {
  const auto count = [&](char c) { return std::ranges::count(text, c); };
  const bool cut = count('[') != count(']') || count('{') != count('}');
  const bool bare = text.starts_with('{') && count('"') == 0;
  return cut || bare ? fmt::format("quote it for the shell: '{}=…'", path) : "";
}

class Binder {
 public:
  explicit Binder(const Function& f) : f_(f), types_(f.param_types()) {}

  std::optional<Failure> parameter(const Tree& tree, const std::string& path, const std::string& text) {
    if (text.starts_with('@')) {
      const std::string file = text.substr(1);
      const auto bytes = api::read_file(file);
      if (!bytes) return Failure{fmt::format("`{}`: {}", path, bytes.error()), bytes.failure().code};
      if (!file.ends_with(".npy")) return json_text(tree, path, *bytes, file);
      if (tree.kind != Tree::Kind::tensor)
        return Failure{fmt::format("`{}` is a {}, which an .npy file cannot hold", path, describe(tree)),
                       Code::wrong_value, "give an object with its fields, or a file.json that holds one"};
      auto t = parse_npy(*bytes);
      if (!t) return Failure{fmt::format("`{}`: cannot read {}: {}", path, file, t.error()), t.failure().code};
      auto fit = widened(std::move(*t), types_[next_].elem);
      if (!fit)
        return Failure{fmt::format("`{}` is {}: {}: {}", path, types_[next_].str(f_.size_names), file, fit.error()),
                       fit.failure().code};
      return leaf(path, std::move(*fit));
    }
    return json_text(tree, path, text, "");
  }

  Arguments take() { return std::move(out_); }

 private:
  static std::string describe(const Tree& t) { return t.kind == Tree::Kind::structure ? t.type_name : "tuple"; }

  std::optional<Failure> json_text(const Tree& tree, const std::string& path, const std::string& text,
                                   const std::string& file) {
    const auto j = parsed(text, file);
    if (j) return json(tree, path, *j);
    return Failure{fmt::format("`{}`: {}", path, j.error()), j.failure().code,
                   file.empty() && j.failure().hint.empty() ? unquoted(path, text) : j.failure().hint};
  }

  std::optional<Failure> json(const Tree& tree, const std::string& path, const Json& j) {
    switch (tree.kind) {
      case Tree::Kind::size:
        if (!is_size(j))
          return Failure{fmt::format("`{}` is a size, and {} is given", path, shown(j)), Code::wrong_size};
        out_.sizes[f_.size_names[tree.size]] = j.get<std::int64_t>();
        return std::nullopt;
      case Tree::Kind::tensor: {
        Tensor t;
        Failure why;
        if (!ListReader(types_[next_].elem, why).read(j, t))
          return Failure{fmt::format("`{}` is {}: {}", path, types_[next_].str(f_.size_names), why.message), why.code};
        return leaf(path, std::move(t));
      }
      case Tree::Kind::structure:
        if (!j.is_object())
          return Failure{fmt::format("`{}` is a {}, and its value is no object", path, tree.type_name),
                         Code::wrong_value, "give its fields: " + example(tree)};
        for (const auto& [key, value] : j.items()) {
          if (std::ranges::none_of(tree.fields, [&](const Tree& t) { return t.name == key; }))
            return Failure{fmt::format("`{}` has no field `{}`", path, shown(key)), Code::unknown_parameter,
                           near_or_all(key, names_of(tree.fields), "its fields are ")};
        }
        for (const Tree& field : tree.fields) {
          if (!j.contains(field.name))
            return Failure{fmt::format("`{}` lacks its field `{}`", path, field.name), Code::missing_value,
                           "give all its fields: " + example(tree)};
          if (auto f = json(field, path + "." + field.name, j[field.name])) return f;
        }
        return std::nullopt;
      case Tree::Kind::tuple:
        if (!j.is_array() || j.size() != tree.fields.size())
          return Failure{
              fmt::format("`{0}` is a tuple of {1}, and its value is no list of {1}", path, tree.fields.size()),
              Code::wrong_value};
        for (std::size_t i = 0; i < tree.fields.size(); ++i) {
          if (auto f = json(tree.fields[i], fmt::format("{}.{}", path, i), j[i])) return f;
        }
        return std::nullopt;
    }
    return std::nullopt;
  }

  std::optional<Failure> leaf(const std::string& path, Tensor t) {
    const Type& type = types_[next_];
    if (t.rank() != type.rank()) {
      // An empty list has no depth of its own.
      const bool empty = t.count() == 0 && t.rank() < type.rank();
      if (!empty)
        return Failure{fmt::format("`{}` is {}, and its value is {}", path, type.str(f_.size_names),
                                   t.rank() == 0 ? "a number" : "of shape " + api::shape_str(t.shape)),
                       Code::wrong_shape};
      while (t.rank() < type.rank())
        t.shape.push_back(type.dims[t.rank()].is_constant() ? type.dims[t.rank()].constant() : 0);
    }
    out_.tensors.push_back(std::move(t));
    ++next_;
    return std::nullopt;
  }

  const Function& f_;
  std::vector<Type> types_;
  std::size_t next_ = 0;
  Arguments out_;
};

}  // namespace

namespace {

Result<Arguments> bound(const Function& f, const std::vector<std::string>& texts) {
  std::map<std::string, std::string> given;
  for (const std::string& text : texts) {
    const auto at = text.find('=');
    if (at == std::string::npos || at == 0) {
      return Failure{fmt::format("'{}' is not of the form name=value", shown(text)), Code::malformed_argument,
                     "values are given by name, and quoted where they hold spaces: 'x=[1, 2]'"};
    }
    if (!given.emplace(text.substr(0, at), text.substr(at + 1)).second)
      return Failure{fmt::format("`{}` is given twice", shown(text.substr(0, at))), Code::malformed_argument};
  }
  Binder binder(f);
  std::map<std::string, std::int64_t> sizes;
  const std::vector<std::string> params = names_of(f.signature.params);
  for (const auto& [name, text] : given) {
    if (std::ranges::find(params, name) == params.end() && std::ranges::find(f.size_names, name) == f.size_names.end())
      return Failure{fmt::format("there is no parameter `{}`", shown(name)), Code::unknown_parameter,
                     params.empty() ? "the expression has no parameters"
                                    : near_or_all(name, params, params.size() == 1 ? "there is " : "there are ")};
  }
  for (const Tree& p : f.signature.params) {
    const auto at = given.find(p.name);
    if (at == given.end())
      return Failure{fmt::format("the parameter `{}` has no value", p.name), Code::missing_value,
                     fmt::format("give it by name: {}=…", p.name)};
    if (auto failure = binder.parameter(p, p.name, at->second)) return *failure;
    given.erase(at);
  }
  for (const auto& [name, text] : given) {
    const Json j = Json::parse(text, nullptr, false);
    if (!j.is_number_integer() || (j.is_number_unsigned() && !is_size(j)))
      return Failure{fmt::format("the size `{}` is given as '{}', which is no integer{}", name, shown(text),
                                 j.is_number() ? " of 64 bits" : ""),
                     Code::wrong_size};
    sizes[name] = j.get<std::int64_t>();
  }
  Arguments out = binder.take();
  out.sizes.merge(sizes);
  return out;
}

}  // namespace

Failure with_file(Failure failure, const std::vector<std::string>& texts) {
  for (const std::string& text : texts) {
    const auto at = text.find("=@");
    if (at == std::string::npos || text.find('=') != at) continue;
    const std::string start = "`" + text.substr(0, at);
    const bool its = failure.message.starts_with(start + "`") || failure.message.starts_with(start + ".");
    if (its && failure.message.find(text.substr(at + 2)) == std::string::npos)
      failure.message = fmt::format("{}: {}", shown(text), failure.message);
  }
  return failure;
}

Result<Arguments> bind_arguments(const Function& f, const std::vector<std::string>& texts) {
  auto arguments = bound(f, texts);
  if (!arguments) return with_file(arguments.failure(), texts);
  return arguments;
}

namespace {

std::string number(Elem elem, double v, bool json) {
  if (std::isnan(v)) return json ? "\"nan\"" : "nan";
  if (std::isinf(v)) return json ? (v > 0 ? "\"inf\"" : "\"-inf\"") : (v > 0 ? "inf" : "-inf");
  if (!json) return fmt::format("{:.6g}", v);
  std::string s = elem == Elem::f32 ? fmt::format("{}", static_cast<float>(v)) : fmt::format("{}", v);
  return s;
}

std::string element(const Tensor& t, std::int64_t i, bool json) {
  if (t.elem == Elem::boolean) return t.integer(i) != 0 ? "true" : "false";
  return t.is_real() ? number(t.elem, t.real(i), json) : std::to_string(t.integer(i));
}

constexpr std::int64_t kShown = 12;  // elements a row and rows in readable form

void lists(const Tensor& t, std::size_t depth, std::int64_t base, bool json, const std::string& indent,
           std::string& out) {
  if (depth == t.rank()) {
    out += element(t, base, json);
    return;
  }
  std::int64_t inner = 1;
  for (std::size_t d = depth + 1; d < t.rank(); ++d) inner *= t.shape[d];
  const std::int64_t n = t.shape[depth];
  const bool rows = !json && depth + 1 < t.rank();
  out += "[";
  for (std::int64_t i = 0; i < n; ++i) {
    if (i > 0) out += rows ? ",\n" + indent + std::string(depth + 1, ' ') : ", ";
    if (!json && n > 2 * kShown && i == kShown) {
      out += fmt::format("… {} more …", n - 2 * kShown);
      i = n - kShown - 1;
      continue;
    }
    lists(t, depth + 1, base + i * inner, json, indent, out);
  }
  out += "]";
}

void show(const Tree& tree, const std::vector<Tensor>& leaves, std::size_t& next, bool json, const std::string& indent,
          std::string& out) {
  if (tree.kind == Tree::Kind::tensor) {
    lists(leaves[next++], 0, 0, json, indent, out);
    return;
  }
  const bool tuple = tree.kind == Tree::Kind::tuple;
  out += json ? (tuple ? "[" : "{") : (tuple ? "(" : tree.type_name + " {");
  for (std::size_t i = 0; i < tree.fields.size(); ++i) {
    const Tree& field = tree.fields[i];
    if (i > 0) out += json ? ", " : ",";
    std::string inner = indent;
    if (!json) {
      inner += "  ";
      out += "\n" + inner;
    }
    if (!tuple) out += json ? fmt::format("\"{}\": ", field.name) : field.name + ": ";
    if (!json && !tuple) inner += std::string(field.name.size() + 2, ' ');
    show(field, leaves, next, json, inner, out);
  }
  out += json ? (tuple ? "]" : "}") : "\n" + indent + (tuple ? ")" : "}");
}

}  // namespace

std::string show_readable(const Tree& tree, const std::vector<Tensor>& leaves) {
  std::string out;
  std::size_t next = 0;
  show(tree, leaves, next, false, "", out);
  return out;
}

std::string show_json(const Tree& tree, const std::vector<Tensor>& leaves) {
  std::string out;
  std::size_t next = 0;
  show(tree, leaves, next, true, "", out);
  return out;
}

}  // namespace rg::driver
