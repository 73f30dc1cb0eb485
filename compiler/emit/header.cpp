#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "compiler/emit/emit.h"

namespace rg::emit {

using namespace ir;

namespace {

std::string_view c_type(Elem e) {
  switch (e) {
    case Elem::f32:
      return "float";
    case Elem::f64:
      return "double";
    case Elem::i32:
      return "int32_t";
    case Elem::i64:
      return "int64_t";
    case Elem::boolean:
      return "uint8_t";
  }
  return "void";
}

std::string comment_line(const std::string& role, const std::string& name, const Type& t,
                         const std::vector<std::string>& size_names) {
  return fmt::format(" *   {} {}: {}\n", role, name, t.str(size_names));
}

constexpr std::string_view kReserved[] = {
    "alignas",  "alignof",  "and",     "asm",     "auto",      "bool",     "break",     "case",
    "catch",    "char",     "class",   "compl",   "const",     "continue", "context",   "default",
    "delete",   "do",       "double",  "else",    "enum",      "explicit", "extern",    "float",
    "friend",   "goto",     "inline",  "int",     "long",      "mutable",  "namespace", "new",
    "not",      "operator", "or",      "private", "protected", "public",   "register",  "requires",
    "restrict", "return",   "short",   "signed",  "sizeof",    "static",   "struct",    "switch",
    "template", "this",     "threads", "throw",   "try",       "typedef",  "typeid",    "typename",
    "union",    "unsigned", "using",   "virtual", "void",      "volatile", "while",     "xor"};

/// Names of one parameter list: no words of C or C++, all distinct.
class ParameterNames {
 public:
  ParameterNames() {
    for (const std::string_view word : kReserved) used_.emplace(word);
  }
  std::string fresh(std::string name) {
    while (!used_.insert(name).second) name += '_';
    return name;
  }

 private:
  std::set<std::string> used_;
};

/// A doc text as the inside of a comment.
std::string comment(const std::string& doc) {
  std::string out;
  for (const char c : doc) {
    if (c == '/' && out.ends_with('*')) out += ' ';
    out += c == '\n' ? std::string("\n * ") : std::string(1, c);
  }
  return out;
}

/// The workspace as a formula of sizes and threads; R rounds up to a multiple of 64.
std::string workspace_formula(const plan::Plan& p, const std::vector<std::string>& size_names) {
  std::string sum;
  for (const plan::Slot& s : p.slots) {
    std::string most;
    for (const Dim& d : s.bytes)
      most = most.empty() ? d.str(size_names) : fmt::format("max({}, {})", most, d.str(size_names));
    sum += fmt::format("{}{}R({})", sum.empty() ? "" : " + ", s.per_thread ? "threads * " : "", most);
  }
  return sum;
}

void declare(const plan::Plan& p, std::string& out) {
  const Function& f = p.function;
  ParameterNames names;
  const std::vector<std::string> inputs = f.signature.param_names("_"), outputs = f.signature.result_names("_");
  std::vector<std::string> size_names;
  for (const std::string& s : f.size_names) size_names.push_back(names.fresh(s));
  const auto params = f.param_types(), results = f.result_types();
  std::string list, sizes;
  for (const std::string& s : size_names) sizes += fmt::format("int64_t {}, ", s);
  list = sizes;
  out += "/* ";
  out += (f.doc.empty() ? f.name : comment(f.doc)) + "\n";
  for (std::size_t i = 0; i < params.size(); ++i) {
    const std::string name = names.fresh(i < inputs.size() && !inputs[i].empty() ? inputs[i] : fmt::format("in{}", i));
    out += comment_line("in ", name, params[i], size_names);
    list += params[i].is_scalar() ? fmt::format("{} {}, ", c_type(params[i].elem), name)
                                  : fmt::format("const {}* {}, ", c_type(params[i].elem), name);
  }
  for (std::size_t i = 0; i < results.size(); ++i) {
    std::string name = "out";
    if (results.size() > 1) name += "_" + (i < outputs.size() && !outputs[i].empty() ? outputs[i] : std::to_string(i));
    name = names.fresh(name);
    out += comment_line("out", name, results[i], size_names);
    list += fmt::format("{}* {}, ", c_type(results[i].elem), name);
  }
  out += p.no_workspace() ? " * Needs no workspace; the context may be null. */\n"
                          : fmt::format(
                                " * Takes {0}_workspace(…) bytes from the context, or from malloc where it is null:\n"
                                " *   {1}, where R rounds up to a multiple of 64. */\n",
                                f.name, workspace_formula(p, size_names));
  out += fmt::format("int {}({}rg_context* context);\n", f.name, list);
  out += fmt::format("size_t {}_workspace({}int32_t threads);\n\n", f.name, sizes);
}

}  // namespace

bool reserved_in_c(std::string_view name) {
  constexpr std::string_view arguments[] = {"context", "threads"};  // taken in parameter lists only
  if (std::ranges::find(arguments, name) != std::end(arguments)) return false;
  return name == "main" || std::ranges::find(kReserved, name) != std::end(kReserved);
}

std::string header(std::span<const plan::Plan> plans, const std::string& file_stem) {
  std::string guard = "RUNEGRAD_" + file_stem + "_H";
  std::ranges::transform(guard, guard.begin(),
                         [](unsigned char c) { return std::isalnum(c) ? static_cast<char>(std::toupper(c)) : '_'; });
  std::string out = fmt::format(
      "/* Made by runegrad-compile. All tensors are row-major. Each function returns a status, 0 for success. "
      "*/\n#ifndef {0}\n#define {0}\n\n"
      "#include <stddef.h>\n#include <stdint.h>\n\n#ifdef __cplusplus\nextern \"C\" {{\n#endif\n\ntypedef struct "
      "rg_context rg_context;\n\n",
      guard);
  for (const plan::Plan& p : plans) declare(p, out);
  return out + "#ifdef __cplusplus\n}\n#endif\n\n#endif\n";
}

}  // namespace rg::emit
