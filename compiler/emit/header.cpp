#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "compiler/emit/emit.h"
#include "compiler/emit/reserved.h"

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

/// Names of one parameter list: no words of C or C++, all distinct.
class ParameterNames {
 public:
  std::string fresh(std::string name) {
    while (taken_for_parameters(name) || name == "context" || name == "threads" || !used_.insert(name).second)
      name += '_';
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

/// The function with its sizes by name, so that two of them cannot change places unseen.
std::string by_name(const std::string& f, const std::vector<std::string>& sizes, const std::string& sizes_name,
                    const std::string& declared, const std::string& passed) {
  std::string example;
  for (const std::string& s : sizes) example += fmt::format("{}.{} = …", example.empty() ? "" : ", ", s);
  std::string given;
  for (const std::string& s : sizes) given += fmt::format("{}.{}, ", sizes_name, s);
  return fmt::format(
      "/* The same with its sizes by name: {0}_by_name(({0}_sizes){{{1}}}, …) in C,\n"
      " * {0}_by_name({{{1}}}, …) in C++20. */\n"
      "typedef struct {0}_sizes {{\n  int64_t {2};\n}} {0}_sizes;\n"
      "static inline int {0}_by_name({0}_sizes {3}, {4}rg_context* context) {{\n"
      "  return {0}({5}{6}context);\n}}\n",
      f, example, fmt::join(sizes, ", "), sizes_name, declared, given, passed);
}

void declare(const plan::Plan& p, std::string& out) {
  const Function& f = p.function;
  ParameterNames names;
  const std::vector<std::string> inputs = f.signature.param_names("_"), outputs = plan::result_names(p);
  std::vector<std::string> size_names;
  for (const std::string& s : f.size_names) size_names.push_back(names.fresh(s));
  const auto params = f.param_types(), results = f.result_types();
  std::string sizes, list, passed;
  for (const std::string& s : size_names) sizes += fmt::format("int64_t {}, ", s);
  out += "/* ";
  out += (f.doc.empty() ? f.name : comment(f.doc)) + "\n";
  for (std::size_t i = 0; i < params.size(); ++i) {
    const std::string name = names.fresh(i < inputs.size() && !inputs[i].empty() ? inputs[i] : fmt::format("in{}", i));
    out += comment_line("in ", name, params[i], size_names);
    list += params[i].is_scalar() ? fmt::format("{} {}, ", c_type(params[i].elem), name)
                                  : fmt::format("const {}* {}, ", c_type(params[i].elem), name);
    passed += name + ", ";
  }
  for (std::size_t i = 0; i < results.size(); ++i) {
    const std::string name = names.fresh(outputs[i]);
    out += comment_line("out", name, results[i], size_names);
    list += fmt::format("{}* {}, ", c_type(results[i].elem), name);
    passed += name + ", ";
  }
  out += p.no_workspace() ? " * Needs no workspace; the context may be null. */\n"
                          : fmt::format(
                                " * Takes {0}_workspace(…) bytes from the context, or from malloc where it is null:\n"
                                " *   {1}, where R rounds up to a multiple of 64. */\n",
                                f.name, workspace_formula(p, size_names));
  out += fmt::format("int {}({}{}rg_context* context);\n", f.name, sizes, list);
  out += fmt::format("size_t {}_workspace({}int32_t threads);\n", f.name, sizes);
  if (size_names.size() > 1) out += by_name(f.name, size_names, names.fresh("sizes"), list, passed);
  out += "\n";
}

}  // namespace

std::vector<std::string> symbols(const plan::Plan& plan) {
  const std::string& f = plan.function.name;
  std::vector<std::string> out{f, f + "_workspace"};
  if (plan.size_count > 1) out.insert(out.end(), {f + "_sizes", f + "_by_name"});
  return out;
}

std::string header(std::span<const plan::Plan> plans, const std::string& file_stem) {
  std::string guard = "RUNEGRAD_" + file_stem + "_H";
  std::ranges::transform(guard, guard.begin(),
                         [](unsigned char c) { return std::isalnum(c) ? static_cast<char>(std::toupper(c)) : '_'; });
  std::string out = fmt::format(
      "/* Made by runegrad-compile. All tensors are row-major. Each function returns a status, 0 for success. "
      "*/\n#ifndef {0}\n#define {0}\n\n"
      "#include <stddef.h>\n#include <stdint.h>\n\n#ifdef __cplusplus\nextern \"C\" {{\n#endif\n\n"
      "#ifndef RUNEGRAD_CONTEXT\n#define RUNEGRAD_CONTEXT\ntypedef struct rg_context rg_context;\n#endif\n\n",
      guard);
  for (const plan::Plan& p : plans) declare(p, out);
  return out + "#ifdef __cplusplus\n}\n#endif\n\n#endif\n";
}

}  // namespace rg::emit
