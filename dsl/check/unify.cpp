// Values against types: coercion to a written type, and the binding of a callee's sizes to the caller's extents.
#include "dsl/check/unify.h"

#include <fmt/format.h>

#include <algorithm>

#include "compiler/ops/all.h"
#include "dsl/check/facts.h"
#include "dsl/check/types.h"
#include "dsl/check/values.h"

namespace rg::dsl {

void report_extents(Context& cx, const Dim& a, const Dim& b, Span span, const std::string& fact) {
  if (different(cx, a, b)) {
    error(cx, Code::shape_mismatch, span, fact)
        .note(fmt::format("{} and {} differ for all sizes", str(cx, normal(cx, a)), str(cx, normal(cx, b))));
    return;
  }
  error(cx, Code::shape_unknown, span, fact)
      .note(fmt::format("{} and {} are not known to be equal", str(cx, normal(cx, a)), str(cx, normal(cx, b))))
      .hint(fmt::format("if they are, say so before: `assert {} == {};`", str(cx, normal(cx, a)),
                        str(cx, normal(cx, b))));
}

Value recast(Context& cx, const Value& v, const ir::Type& t) {
  const ValueId id = use(cx, v);
  if (cx.b().type(id) == t) return v.owner == cx.frame && v.id == id ? v : make_tensor(cx, id, v.span);
  return make_tensor(cx, cx.b().emit_op<ops::Recast>({id}, {t.dims}), v.span);
}

Value coerce_tensor(Context& cx, const Value& given, const ir::Type& t, const std::string& what) {
  if (given.is_error()) return given;
  if (!given.is_array()) {
    error(cx, Code::type_mismatch, given.span,
          fmt::format("{} is {}, {} is expected", what, describe(cx, given), str(cx, t)));
    return error_value(given.span);
  }
  Value v = given.is_flex() && t.elem != Elem::boolean ? materialize(cx, given, t.elem) : materialize(cx, given);
  if (v.is_error()) return v;
  const ir::Type have = type_of(cx, v);
  if (have.elem != t.elem) {
    error(cx, Code::type_mismatch, v.span, fmt::format("{} is {}, {} is expected", what, str(cx, have), str(cx, t)))
        .note("element types are never converted silently")
        .hint(fmt::format("convert with `{}(…)`", ir::name(t.elem)));
    return error_value(v.span);
  }
  if (have.rank() != t.rank()) {
    error(cx, Code::shape_mismatch, v.span, fmt::format("{} is {}, {} is expected", what, str(cx, have), str(cx, t)))
        .note(fmt::format("it has {} dimension{} instead of {}", have.rank(), have.rank() == 1 ? "" : "s", t.rank()));
    return error_value(v.span);
  }
  for (std::size_t i = 0; i < t.rank(); ++i) {
    if (!same(cx, have.dims[i], t.dims[i])) {
      report_extents(cx, have.dims[i], t.dims[i], v.span,
                     fmt::format("{} is {}, {} is expected", what, str(cx, have), str(cx, t)));
      return error_value(v.span);
    }
  }
  Value out = recast(cx, v, t);
  out.affine = v.affine;
  out.low = v.low;
  out.high = v.high;
  return out;
}

Value coerce(Context& cx, const Value& v, const Ty& t, const std::string& what) {
  if (v.is_error() || t.kind == Ty::Kind::error) return error_value(v.span);
  if (t.kind == Ty::Kind::tensor) {
    if (t.any_float || t.pack) return tensor(cx, v);
    return coerce_tensor(cx, v, t.tensor, what);
  }
  if (t.kind == Ty::Kind::function) {
    if (v.kind == Value::Kind::function) return v;
  } else if (t.kind == Ty::Kind::size) {
    if (v.is_flex() && v.flex->dim) return v;
  } else {
    const bool fits = t.kind == Ty::Kind::tuple ? v.kind == Value::Kind::tuple && v.fields.size() == t.fields.size()
                                                : v.kind == Value::Kind::structure && v.decl == t.decl;
    if (fits) {
      Value out = v;
      for (std::size_t i = 0; i < t.fields.size(); ++i) {
        const std::string part =
            t.decl ? "field `" + t.decl->item->fields[i].name.text + "`" : fmt::format("element {}", i);
        out.fields[i] = coerce(cx, v.fields[i], t.fields[i], fmt::format("{} of {}", part, what));
        if (out.fields[i].is_error()) return error_value(v.span);
      }
      out.sizes = t.sizes;
      return out;
    }
  }
  error(cx, Code::type_mismatch, v.span,
        fmt::format("{} is {}, {} is expected", what, describe(cx, v), describe(t, cx.names())));
  return error_value(v.span);
}

namespace {

/// A parameter and what it is given, for reports.
struct Unification {
  Context& cx;
  Unifier& u;
  const std::string& what;
  const FnDecl& decl;
  bool flex_pass;
};

bool report_mismatch(const Unification& n, const Ty& param, const Value& arg) {
  error(n.cx, Code::type_mismatch, arg.span,
        fmt::format("{} of `{}` is {}, {} is expected", n.what, n.decl.item->name.text, describe(n.cx, arg),
                    describe(param, n.decl.sizes)))
      .label(n.decl.item->name.span, "the function");
  return false;
}

bool unify_size(const Unification& n, const Ty& param, const Value& arg) {
  if (!arg.is_flex() || !arg.flex->dim) {
    error(n.cx, Code::not_a_size, arg.span,
          fmt::format("{} of `{}` is a size, this is no size expression", n.what, n.decl.item->name.text))
        .note("a size is made of integers and of sizes known at entry");
    return false;
  }
  if (n.flex_pass) n.u.pending.push_back({param.size, *arg.flex->dim, arg.span, n.what});
  return true;
}

bool unify_fields(const Unification& n, const Ty& param, Value& arg) {
  const bool fits = param.kind == Ty::Kind::tuple
                        ? arg.kind == Value::Kind::tuple && arg.fields.size() == param.fields.size()
                        : arg.kind == Value::Kind::structure && arg.decl == param.decl;
  if (!fits) return report_mismatch(n, param, arg);
  if (!n.flex_pass && param.decl != nullptr) {
    for (std::size_t i = 0; i < param.sizes.size(); ++i)
      n.u.pending.push_back({param.sizes[i], arg.sizes[i], arg.span, n.what});
  }
  for (std::size_t i = 0; i < param.fields.size(); ++i) {
    if (!unify(n.cx, param.fields[i], arg.fields[i], n.u, n.what, n.flex_pass, n.decl)) return false;
  }
  return true;
}

// Whether the leading dimensions are those that the pack has elsewhere.
bool unify_pack(const Unification& n, const Ty& param, const std::vector<Dim>& dims) {
  const auto [at, fresh] = n.u.packs.emplace(param.pack_name, dims);
  if (fresh) return true;
  return std::ranges::equal(at->second, dims, [&](const Dim& a, const Dim& b) { return same(n.cx, a, b); });
}

bool unify_elem(const Unification& n, const Ty& param, Elem have) {
  if (!param.any_float) return have == param.tensor.elem;
  if (!ir::is_float(have) || (n.u.elem && *n.u.elem != have)) return false;
  n.u.elem = have;
  return true;
}

bool unify_tensor(const Unification& n, const Ty& param, Value& arg) {
  if (!arg.is_array()) return report_mismatch(n, param, arg);
  if (arg.is_flex() != n.flex_pass) return true;  // in the other pass
  if (arg.is_flex()) {
    const Elem elem = param.any_float ? n.u.elem.value_or(Elem::f64) : param.tensor.elem;
    if (elem == Elem::boolean) return report_mismatch(n, param, arg);
    arg = materialize(n.cx, arg, elem);
    if (arg.is_error()) return false;
  }
  const ir::Type have = type_of(n.cx, arg);
  if (!unify_elem(n, param, have.elem)) return report_mismatch(n, param, arg);
  const std::size_t rank = param.tensor.rank();
  if (param.pack ? have.rank() < rank : have.rank() != rank) return report_mismatch(n, param, arg);
  const std::size_t lead = have.rank() - rank;
  const std::vector<Dim> leading(have.dims.begin(), have.dims.begin() + static_cast<std::ptrdiff_t>(lead));
  if (param.pack && !unify_pack(n, param, leading)) return report_mismatch(n, param, arg);
  for (std::size_t i = 0; i < rank; ++i)
    n.u.pending.push_back({param.tensor.dims[i], have.dims[lead + i], arg.span, n.what});
  return true;
}

}  // namespace

bool unify(Context& cx, const Ty& param, Value& arg, Unifier& u, const std::string& what, bool flex_pass,
           const FnDecl& decl) {
  if (arg.is_error()) return false;
  const Unification n{cx, u, what, decl, flex_pass};
  switch (param.kind) {
    case Ty::Kind::error:
      return false;
    case Ty::Kind::function:
      return arg.kind == Value::Kind::function ? true : report_mismatch(n, param, arg);
    case Ty::Kind::size:
      return unify_size(n, param, arg);
    case Ty::Kind::tuple:
    case Ty::Kind::structure:
      return unify_fields(n, param, arg);
    case Ty::Kind::tensor:
      return unify_tensor(n, param, arg);
  }
  return false;
}

bool solve(Context& cx, Unifier& u, const FnDecl& decl, Span span) {
  u.sizes.resize(decl.sizes.size());
  for (const auto& p : u.pending) {  // bare sizes first
    if (const auto s = p.param.as_size(); s && !u.sizes[*s]) u.sizes[*s] = p.arg;
  }
  for (bool progress = true; progress;) {
    progress = false;
    for (const auto& p : u.pending) {
      std::vector<Dim> by;
      std::set<std::uint32_t> open;
      p.param.for_each_size([&](std::uint32_t s) {
        if (!u.sizes[s]) open.insert(s);
      });
      if (open.size() != 1) continue;
      // Solved in a space where the caller's sizes stand behind the callee's own.
      const auto own = static_cast<std::uint32_t>(decl.sizes.size());
      std::vector<Dim> shift, back;
      for (std::uint32_t i = 0; i < cx.names().size(); ++i) shift.push_back(Dim::size(i + own));
      for (std::uint32_t i = 0; i < own; ++i) by.push_back(u.sizes[i] ? u.sizes[i]->substitute(shift) : Dim::size(i));
      const Dim value = p.arg.substitute(shift);
      const auto solved = p.param.substitute(by).solve_for(*open.begin(), value);
      if (!solved) continue;
      for (std::uint32_t i = 0; i < own; ++i) back.push_back(Dim(0));
      for (std::uint32_t i = 0; i < cx.names().size(); ++i) back.push_back(Dim::size(i));
      u.sizes[*open.begin()] = normal(cx, solved->substitute(back));
      progress = true;
    }
  }
  std::vector<Dim> sizes;
  for (std::size_t i = 0; i < u.sizes.size(); ++i) {
    if (!u.sizes[i]) {
      error(
          cx, Code::unsolved_size, span,
          fmt::format("the size `{}` of `{}` does not follow from the arguments", decl.sizes[i], decl.item->name.text))
          .hint(fmt::format("make it a parameter: `{}: size`", decl.sizes[i]));
      return false;
    }
    sizes.push_back(*u.sizes[i]);
  }
  bool ok = true;
  for (const auto& p : u.pending) {
    const Dim want = p.param.substitute(sizes);
    if (same(cx, want, p.arg)) continue;
    report_extents(cx, p.arg, want, p.span,
                   fmt::format("{} of `{}` has the extent {}, `{}` is {} here", p.what, decl.item->name.text,
                               str(cx, normal(cx, p.arg)), p.param.str(decl.sizes), str(cx, normal(cx, want))));
    ok = false;
  }
  return ok;
}

}  // namespace rg::dsl
