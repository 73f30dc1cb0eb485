#include "compiler/api/sizes.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>

#include "compiler/support/diagnostic.h"
#include "compiler/support/suggestion.h"

namespace rg::api {

using namespace ir;

namespace {

/// Sizes found so far, and the equations extent == value that are left.
class Solver {
 public:
  explicit Solver(const Function& f) : f_(f), found_(f.size_names.size()) {}

  std::optional<Failure> know(const std::map<std::string, std::int64_t>& known) {
    for (const auto& [name, value] : known) {
      const auto at = std::ranges::find(f_.size_names, name);
      if (at == f_.size_names.end())
        return Failure{fmt::format("the function has no size `{}`", name), Code::unknown_parameter,
                       suggestion(name, f_.size_names)};
      if (value < 0) return Failure{fmt::format("the size `{}` is negative: {}", name, value), Code::wrong_size};
      found_[static_cast<std::size_t>(at - f_.size_names.begin())] = value;
    }
    return std::nullopt;
  }

  // Solves `dim` == value for a size that it alone lacks. True when something was found.
  bool solve(const Dim& dim, std::int64_t value) {
    std::vector<Dim> known;
    std::optional<std::uint32_t> missing;
    bool several = false;
    for (std::size_t i = 0; i < found_.size(); ++i)
      known.push_back(found_[i] ? Dim(*found_[i]) : Dim::size(static_cast<std::uint32_t>(i)));
    const Dim rest = dim.substitute(known);
    rest.for_each_size([&](std::uint32_t s) {
      several = several || (missing && *missing != s);
      missing = s;
    });
    if (!missing || several) return false;
    const auto x = rest.solve_for(*missing, value);
    if (!x || !x->is_constant() || x->constant() < 0) return false;
    found_[*missing] = x->constant();
    return true;
  }

  Result<std::vector<std::int64_t>> all() const {
    std::vector<std::int64_t> out;
    for (std::size_t i = 0; i < found_.size(); ++i) {
      if (!found_[i])
        return Failure{fmt::format("no argument determines the size `{}`", f_.size_names[i]), Code::wrong_size,
                       fmt::format("give it by name: {}=…", f_.size_names[i])};
      out.push_back(*found_[i]);
    }
    return out;
  }

 private:
  const Function& f_;
  std::vector<std::optional<std::int64_t>> found_;
};

}  // namespace

std::string shape_str(std::span<const std::int64_t> shape) {
  return shape.empty() ? "a scalar" : fmt::format("{}", fmt::join(shape, "x"));
}

Result<std::vector<std::int64_t>> infer_sizes(const Function& f, std::span<const std::vector<std::int64_t>> shapes,
                                              const std::map<std::string, std::int64_t>& known) {
  const std::vector<Type> types = f.param_types();
  const std::vector<std::string> names = f.signature.param_names();
  const auto name = [&](std::size_t k) {
    return k < names.size() && !names[k].empty() ? "`" + names[k] + "`" : fmt::format("argument {}", k + 1);
  };
  for (std::size_t k = 0; k < types.size(); ++k) {
    if (shapes[k].size() != types[k].rank()) {
      return Failure{
          fmt::format("{} is {}, and its value is {}", name(k), types[k].str(f.size_names), shape_str(shapes[k])),
          Code::wrong_shape};
    }
  }
  Solver solver(f);
  if (const auto failure = solver.know(known)) return *failure;
  for (bool progress = true; progress;) {
    progress = false;
    for (std::size_t k = 0; k < types.size(); ++k) {
      for (std::size_t d = 0; d < types[k].rank(); ++d)
        progress = solver.solve(types[k].dims[d], shapes[k][d]) || progress;
    }
  }
  auto sizes = solver.all();
  if (!sizes) return sizes;
  for (std::size_t k = 0; k < types.size(); ++k) {
    for (std::size_t d = 0; d < types[k].rank(); ++d) {
      const auto wanted = types[k].dims[d].evaluate(*sizes);
      if (wanted && *wanted == shapes[k][d]) continue;
      const Dim& d_type = types[k].dims[d];
      const std::string why = d_type.is_constant()
                                  ? ", not " + std::to_string(d_type.constant())
                                  : fmt::format(", and {} is {} by the other arguments", d_type.str(f.size_names),
                                                wanted ? std::to_string(*wanted) : "beyond 64 bits");
      return Failure{fmt::format("{} is {}: extent {} is {} in its value{}", name(k), types[k].str(f.size_names), d + 1,
                                 shapes[k][d], why),
                     Code::wrong_shape};
    }
  }
  return sizes;
}

Result<std::vector<std::int64_t>> shape_of(const Function& f, const Type& type, std::span<const std::int64_t> sizes) {
  std::vector<std::int64_t> out;
  std::int64_t count = byte_size(type.elem);
  for (const Dim& d : type.dims) {
    const auto v = d.evaluate(sizes);
    if (!v || *v < 0 || __builtin_mul_overflow(count, *v, &count)) {
      const std::string shown = type.str(f.size_names);
      const bool fits = v && *v < 0;
      return Failure{fits ? fmt::format("{} is impossible: {} is {} for these sizes", shown, d.str(f.size_names), *v)
                          : fmt::format("{} has 2^63 bytes or more for these sizes", shown),
                     Code::impossible_extent};
    }
    out.push_back(*v);
  }
  return out;
}

}  // namespace rg::api
