// Values against types: coercion to a written type, and the binding of a callee's sizes to the caller's extents.
#include "dsl/check/unify.h"

#include <fmt/format.h>

#include "dsl/check/context.h"
#include "dsl/check/facts.h"
#include "dsl/check/scope.h"
#include "dsl/check/types.h"

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
  if (builder(cx).type(id) == t) return v.owner == cx.frame && v.id == id ? v : make_tensor(cx, id, v.span);
  return make_tensor(cx, builder(cx).emit_op<ops::Recast>({id}, {t.dims}), v.span);
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
        fmt::format("{} is {}, {} is expected", what, describe(cx, v), describe(cx, t, names(cx))));
  return error_value(v.span);
}

bool unify(Context& cx, const Ty& param, Value& arg, Unifier& u, const std::string& what, bool flex_pass,
           const FnDecl& decl) {
  const auto mismatch = [&] {
    error(cx, Code::type_mismatch, arg.span,
          fmt::format("{} of `{}` is {}, {} is expected", what, decl.item->name.text, describe(cx, arg),
                      describe(cx, param, decl.sizes)))
        .label(decl.item->name.span, "the function");
    return false;
  };
  if (arg.is_error() || param.kind == Ty::Kind::error) return false;
  switch (param.kind) {
    case Ty::Kind::error:
      return false;
    case Ty::Kind::function:
      return arg.kind == Value::Kind::function ? true : mismatch();
    case Ty::Kind::size: {
      if (!arg.is_flex() || !arg.flex->dim) {
        error(cx, Code::not_a_size, arg.span,
              fmt::format("{} of `{}` is a size, this is no size expression", what, decl.item->name.text))
            .note("a size is made of integers and of sizes known at entry");
        return false;
      }
      if (!flex_pass) return true;
      u.pending.push_back({param.size, *arg.flex->dim, arg.span, what});
      return true;
    }
    case Ty::Kind::tuple:
    case Ty::Kind::structure: {
      const bool fits = param.kind == Ty::Kind::tuple
                            ? arg.kind == Value::Kind::tuple && arg.fields.size() == param.fields.size()
                            : arg.kind == Value::Kind::structure && arg.decl == param.decl;
      if (!fits) return mismatch();
      if (!flex_pass && param.decl != nullptr) {
        for (std::size_t i = 0; i < param.sizes.size(); ++i)
          u.pending.push_back({param.sizes[i], arg.sizes[i], arg.span, what});
      }
      for (std::size_t i = 0; i < param.fields.size(); ++i) {
        if (!unify(cx, param.fields[i], arg.fields[i], u, what, flex_pass, decl)) return false;
      }
      return true;
    }
    case Ty::Kind::tensor:
      break;
  }
  if (!arg.is_array()) return mismatch();
  if (arg.is_flex()) {
    if (!flex_pass) return true;
    const Elem elem = param.any_float ? u.elem.value_or(Elem::f64) : param.tensor.elem;
    if (elem == Elem::boolean) return mismatch();
    arg = materialize(cx, arg, elem);
    if (arg.is_error()) return false;
  } else if (flex_pass) {
    return true;
  }
  const ir::Type have = type_of(cx, arg);
  if (param.any_float) {
    if (!ir::is_float(have.elem) || (u.elem && *u.elem != have.elem)) return mismatch();
    u.elem = have.elem;
  } else if (have.elem != param.tensor.elem) {
    mismatch();
    return false;
  }
  const std::size_t rank = param.tensor.rank();
  if (param.pack ? have.rank() < rank : have.rank() != rank) return mismatch();
  const std::size_t lead = have.rank() - rank;
  if (param.pack) {
    std::vector<Dim> dims(have.dims.begin(), have.dims.begin() + static_cast<std::ptrdiff_t>(lead));
    const auto [at, fresh] = u.packs.emplace(param.pack_name, dims);
    if (!fresh) {
      if (at->second.size() != dims.size()) return mismatch();
      for (std::size_t i = 0; i < dims.size(); ++i) {
        if (!same(cx, at->second[i], dims[i])) return mismatch();
      }
    }
  }
  for (std::size_t i = 0; i < rank; ++i)
    u.pending.push_back({param.tensor.dims[i], have.dims[lead + i], arg.span, what});
  return true;
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
      for (std::uint32_t i = 0; i < names(cx).size(); ++i) shift.push_back(Dim::size(i + own));
      for (std::uint32_t i = 0; i < own; ++i) by.push_back(u.sizes[i] ? u.sizes[i]->substitute(shift) : Dim::size(i));
      const Dim value = p.arg.substitute(shift);
      const auto solved = p.param.substitute(by).solve_for(*open.begin(), value);
      if (!solved) continue;
      for (std::uint32_t i = 0; i < own; ++i) back.push_back(Dim(0));
      for (std::uint32_t i = 0; i < names(cx).size(); ++i) back.push_back(Dim::size(i));
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
