#include "tests/api/program_generator.h"

#include <array>

namespace rg::test {

namespace {

constexpr int kMostNodes = 70;
constexpr int kMostDerivatives = 2;

std::string joint(const std::vector<std::string>& parts) {
  std::string out;
  for (const std::string& p : parts) out += (out.empty() ? "" : ", ") + p;
  return out;
}

}  // namespace

DrawnProgram ProgramGenerator::program() {
  DrawnProgram out;
  out.single = single_ = chance(20);
  const std::string f = out.single ? "f32" : "f64";
  scope_ = {{"x", "n"}, {"y", "m"}, {"w", "nm"}, {"s", ""}};
  std::string body;
  for (unsigned k = 1 + pick(3); k > 0; --k) {
    const Shape shape = any_shape();
    const std::string name = fresh("a");
    body += "  let " + name + " = " + expression(shape, 3) + ";\n";
    scope_.push_back({name, shape});
  }
  nodes_ = 0;
  const std::string last = scope_.back().name, result = expression("", 4);
  body += "  " + result + " + sum(" + last + ")\n";
  out.text = "fn f(x: " + f + "[n], y: " + f + "[m], w: " + f + "[n, m], s: " + f + ") -> " + f + " {\n" + body + "}\n";
  return out;
}

ProgramGenerator::Shape ProgramGenerator::any_shape() {
  static constexpr std::array shapes{"", "n", "m", "nm"};
  return shapes[pick(4)];
}

/// Draws under names and indices that end with it.
template <class Body>
std::string ProgramGenerator::within(std::vector<Name> names, std::vector<Index> indices, const Body& body) {
  const std::size_t scope = scope_.size(), around = indices_.size();
  scope_.insert(scope_.end(), names.begin(), names.end());
  indices_.insert(indices_.end(), indices.begin(), indices.end());
  std::string out = body();
  scope_.resize(scope);
  indices_.resize(around);
  return out;
}

std::string ProgramGenerator::constant() {
  const std::string number = std::to_string(pick(3)) + "." + std::to_string(1 + pick(98));
  return single_ ? "f32(" + number + ")" : number;
}

// An element of an array around, at an index around where there is one.
std::string ProgramGenerator::element() {
  std::vector<Name> arrays;
  for (const Name& n : scope_) {
    if (!n.shape.empty()) arrays.push_back(n);
  }
  const Name& a = arrays[pick(static_cast<unsigned>(arrays.size()))];
  std::vector<std::string> at;
  for (const char extent : a.shape) {
    std::vector<std::string> places{"0", "-1"};
    for (const Index& i : indices_) {
      const std::string e(1, extent);
      if (i.extent == extent) places.insert(places.end(), {i.name, i.name, e + " - 1 - " + i.name});
      places.push_back("(" + i.name + " * " + i.name + " + 1) mod " + e);
    }
    at.push_back(places[pick(static_cast<unsigned>(places.size()))]);
  }
  return a.name + "[" + joint(at) + "]";
}

std::string ProgramGenerator::leaf(const Shape& shape) {
  std::vector<std::string> fitting;
  for (const Name& n : scope_) {
    if (n.shape == shape) fitting.push_back(n.name);
  }
  if (shape.empty() && chance(30)) return element();
  if (shape.empty() && chance(25)) return constant();
  if (shape.size() == 1 && chance(15)) return "[" + fresh("i") + ": " + shape + " => " + constant() + "]";
  if (shape == "m" && chance(20)) return "w[0]";
  if (shape == "n" && chance(20)) return "w[:, 0]";
  // The latest names are those of the constructs around.
  const auto count = static_cast<unsigned>(fitting.size());
  return fitting[chance(70) ? count - 1 - pick(std::min(count, 3U)) : pick(count)];
}

std::string ProgramGenerator::smooth(const std::string& e) {
  static constexpr std::array names{"sin", "cos", "tanh", "sigmoid", "softplus", "erf", "atan"};
  return std::string(names[pick(names.size())]) + "(" + e + ")";
}

std::string ProgramGenerator::joined(const Shape& shape, int depth) {
  const std::string a = expression(shape, depth - 1), b = expression(chance(25) ? Shape() : shape, depth - 1);
  switch (pick(6)) {
    case 0:
      return "(" + a + " - " + b + ")";
    case 1:
      return "(" + a + " + " + b + ")";
    case 2:
      return "max(" + a + ", " + b + ")";
    case 3:
      return "(" + a + " / (2 + (" + b + ")^2))";
    default:
      return "(" + a + " * " + b + ")";
  }
}

// What is not chosen has an infinite or undefined partial derivative somewhere.
std::string ProgramGenerator::guard(const Shape& shape, int depth) {
  const std::string g = fresh("g"), e = expression(shape, depth - 1);
  static constexpr std::array forms{"where(@ > 0.1, log(@), 0.0)",     "where(@ > 0, sqrt(@), 0.0)",
                                    "where(@ > 0.2, 1.0 / @, 0.0)",    "where(@ <= 0, 0.0, @^1.5)",
                                    "where(abs(@) < 1, asin(@), 0.0)", "where(@ > 0, 0.5 * @ * log(@), 0.0)"};
  std::string form = forms[pick(forms.size())];
  for (std::size_t at = form.find('@'); at != std::string::npos; at = form.find('@', at)) form.replace(at, 1, g);
  return "{ let " + g + " = tanh(" + e + "); " + form + " }";
}

std::string ProgramGenerator::scaled(const Shape& shape, int depth) {
  const std::string e = expression(shape, depth - 1);
  static constexpr std::array forms{"((@ * 1e-30) * 1e30)", "((@ * 1e30) * 1e-30)", "(@ + 1e-30)",
                                    "((@ / 1e25) / 1e-25)", "(1e-20 * @ + @)"};
  std::string form = forms[pick(forms.size())];
  for (std::size_t at = form.find('@'); at != std::string::npos; at = form.find('@', at + e.size()))
    form.replace(at, 1, e);
  return form;
}

std::string ProgramGenerator::condition(int depth) {
  const auto compare = [&](const std::string& e) {
    return e + (chance(50) ? " > 0." : " <= 0.") + std::to_string(1 + pick(9)) + "7";
  };
  switch (pick(indices_.empty() ? 4 : 8)) {
    case 0:
      return std::string(chance(50) ? "n" : "m") + " > " + std::to_string(1 + pick(6));
    case 1:
      return compare("s");
    case 2:
      return compare("x[0]") + " && " + compare("y[-1]");
    case 3:
      return compare(depth > 0 ? expression("", depth - 1) : leaf(""));
    case 4:
      return indices_.back().name + " > " + std::to_string(pick(3));
    case 5:
      return indices_[pick(static_cast<unsigned>(indices_.size()))].name + " mod 2 == 0";
    default:
      return compare(element());
  }
}

// An `if` between values that were made outside of it, used again behind it or not, or made in the arms.
std::string ProgramGenerator::choice(const Shape& shape, int depth) {
  const std::string c = condition(depth > 1 ? 1 : 0);
  if (chance(40)) {
    return "(if " + c + " { " + expression(shape, depth - 1) + " } else { " + expression(shape, depth - 1) + " })";
  }
  const std::string p = fresh("p"), q = fresh("q"), r = fresh("r");
  const std::string first = expression(shape, depth - 1), second = expression(shape, depth - 1);
  const std::string then =
      chance(60) ? p : within({{p, shape}, {q, shape}}, {}, [&] { return expression(shape, depth - 1); });
  std::string out = "{ let " + p + " = " + first + "; let " + q + " = " + second + "; ";
  const std::string branch =
      "if " + c + " { " + then + " } else " +
      (chance(25) ? "if " + condition(0) + " { " + p + " } else { " + q + " }" : "{ " + q + " }");
  if (chance(50)) return out + "let " + r + " = " + branch + "; " + r + " + " + (chance(50) ? p : q) + " }";
  if (chance(30)) {
    return out + "let (" + r + ", _) = if " + c + " { (" + p + ", 0.5 * " + q + ") } else { (" + q + ", " + p +
           ") }; " + r + " }";
  }
  return out + branch + " }";
}

// The next value of a state: computed, another's, the old one, one from outside, a constant.
std::string ProgramGenerator::next_state(const Name& state, int depth) {
  if (chance(60)) return smooth(expression(state.shape, depth - 1));
  if (chance(40)) return state.name;
  if (chance(40)) return "0 * " + state.name;
  return leaf(state.shape);
}

std::string ProgramGenerator::states(const std::vector<Name>& open, const std::vector<Name>& names, int depth) {
  return within(open, {}, [&] {
    std::vector<std::string> next;
    for (const Name& n : names) next.push_back(next_state(n, depth));
    return next.size() == 1 ? next[0] : "(" + joint(next) + ")";
  });
}

std::string ProgramGenerator::loop(const Shape& shape, int depth) {
  std::vector<Name> names{{fresh("z"), shape}};
  for (unsigned k = pick(3); k > 0; --k) names.push_back({fresh("z"), chance(50) ? shape : any_shape()});
  std::vector<std::string> starts;
  for (const Name& n : names) starts.push_back(n.name + " = " + expression(n.shape, depth - 2));
  static constexpr std::array trips{"2", "3", "n", "m", "1", "0", "n - 1"};
  const std::string trip = trips[pick(trips.size())], i = fresh("t");
  const std::vector<Index> counter =
      trip == "n" || trip == "m" ? std::vector<Index>{{i, trip[0]}} : std::vector<Index>{};
  const std::string body = within({}, counter, [&] { return states(names, names, depth - 1); });
  const std::string text = "(loop (" + joint(starts) + ") for " + i + " in 0.." + trip + " { " + body + " })";
  return names.size() == 1 ? text : text + ".0";
}

// What each step leaves, stacked; the state itself may be unused.
std::string ProgramGenerator::collected(const Shape& shape, int depth) {
  const Shape slice = shape.substr(1);
  const Name state{fresh("z"), chance(60) ? slice : any_shape()};
  const std::string i = fresh("t"), start = expression(state.shape, depth - 2);
  return within({}, {{i, shape[0]}}, [&] {
    const std::string left = within({state}, {}, [&] { return expression(slice, depth - 1); });
    const std::string next = states({state}, {state}, depth - 1);
    return "(loop (" + state.name + " = " + start + ") for " + i + " in 0.." + shape[0] + " { collect " + left + "; " +
           next + " }).1";
  });
}

std::string ProgramGenerator::build(const Shape& shape, int depth) {
  const std::string i = fresh("i");
  if (shape.size() == 2 && chance(50)) {
    const std::string j = fresh("j");
    return within({}, {{i, shape[0]}, {j, shape[1]}}, [&] {
      return "[" + i + ": " + shape[0] + ", " + j + ": " + shape[1] + " => " + expression("", depth - 1) + "]";
    });
  }
  return within({}, {{i, shape[0]}},
                [&] { return "[" + i + ": " + shape[0] + " => " + expression(shape.substr(1), depth - 1) + "]"; });
}

std::string ProgramGenerator::lambda(const std::string& name, const Shape& parameter, const Shape& result, int depth) {
  return within({{name, parameter}}, {}, [&] { return name + " => " + expression(result, depth); });
}

std::string ProgramGenerator::mapped(const Shape& shape, int depth) {
  const Shape item = shape[0] == 'n' && chance(50) ? "m" : "";
  const Shape over = shape[0] + item;
  const std::string f = lambda(fresh("r"), item, shape.substr(1), depth - 1);
  return "vmap(" + f + ")(" + expression(over, depth - 2) + ")";
}

std::string ProgramGenerator::reduced(const Shape& shape, int depth) {
  if (shape == "n" && chance(50)) return "mean(" + expression("nm", depth - 1) + ", axis: 1)";
  if (shape == "m") return "sum(" + expression("nm", depth - 1) + ", axis: 0)";
  if (shape == "n") return "(" + expression("nm", depth - 1) + " @ " + expression("m", depth - 1) + ")";
  static constexpr std::array whole{"sum", "mean", "max", "logsumexp", "min"};
  if (chance(50)) {
    const Shape of = chance(50) ? "n" : chance(50) ? "m" : "nm";
    return std::string(whole[pick(of == "nm" ? 3 : 5)]) + "(" + expression(of, depth - 1) + ")";
  }
  const std::string i = fresh("i");
  const char extent = chance(50) ? 'n' : 'm';
  const std::string kind = whole[pick(3)];
  return within({}, {{i, extent}}, [&] {
    return kind + "[" + i + ": " + std::string(1, extent) + " => " + expression("", depth - 1) + "]";
  });
}

// A closure that is called twice, once perhaps in a map.
std::string ProgramGenerator::closure(const Shape& shape, int depth) {
  const std::string h = fresh("h");
  const Shape parameter = chance(60) ? shape : any_shape();
  const std::string f = lambda(fresh("u"), parameter, shape, depth - 1);
  return "{ let " + h + " = " + f + "; " + h + "(" + expression(parameter, depth - 2) + ") - 0.5 * " + h + "(" +
         leaf(parameter) + ") }";
}

std::string ProgramGenerator::library(const Shape& shape, int depth) {
  if (shape.size() != 1) return smooth(expression(shape, depth - 1));
  static constexpr std::array names{"softmax", "cumsum", "log_softmax", "reverse", "sort"};
  return std::string(names[pick(4)]) + "(" + expression(shape, depth - 1) + ")";
}

// A derivative with values captured from around it.
std::string ProgramGenerator::derivative(const Shape& shape, int depth) {
  ++derivatives_;
  const std::string u = fresh("u");
  const Shape other = any_shape();
  std::string out;
  switch (pick(shape.empty() ? 8 : 6)) {
    case 0:
      out =
          "jvp(" + lambda(u, other, shape, depth - 1) + ")(" + expression(other, depth - 2) + ", " + leaf(other) + ")";
      break;
    case 1:
      out =
          "vjp(" + lambda(u, shape, other, depth - 1) + ")(" + expression(shape, depth - 2) + ", " + leaf(other) + ")";
      break;
    case 2:
      out = "hvp(" + lambda(u, shape, "", depth - 1) + ")(" + leaf(shape) + ", " + leaf(shape) + ")";
      break;
    case 3: {
      const std::string a = fresh("v"), b = fresh("d");
      out = "{ let (" + a + ", " + b + ") = value_and_grad(" + lambda(u, shape, "", depth - 1) + ")(" + leaf(shape) +
            "); " + a + " * " + b + " }";
      break;
    }
    case 4:
      if (shape == "nm") {
        out = "jacobian(" + lambda(u, "m", "n", depth - 1) + ")(" + leaf("m") + ")";
      } else if (shape.size() == 1) {
        out = "sum(jacobian(" + lambda(u, "n", shape, depth - 1) + ")(" + leaf("n") + "), axis: 1)";
      } else {
        out = "sum(hessian(" + lambda(u, "m", "", depth - 1) + ")(" + leaf("m") + "))";
      }
      break;
    case 6:
      out = "sum(jacobian(" + lambda(u, "m", "m", depth - 1) + ")(" + leaf("m") + "))";
      break;
    case 7:
      out = "sum(grad(" + lambda(u, "n", "", depth - 1) + ")(" + leaf("n") + "))";
      break;
    default:
      out = "grad(" + lambda(u, shape, "", depth - 1) + ")(" + expression(shape, depth - 2) + ")";
  }
  --derivatives_;
  return out;
}

std::string ProgramGenerator::expression(const Shape& shape, int depth) {
  if (depth <= 0 || ++nodes_ > kMostNodes) return leaf(shape);
  const bool array = !shape.empty();
  switch (pick(20)) {
    case 0:
    case 1:
      return smooth(expression(shape, depth - 1));
    case 2:
    case 3:
      return joined(shape, depth);
    case 4:
      return guard(shape, depth);
    case 5:
      return scaled(shape, depth);
    case 6:
    case 7:
    case 8:
      return choice(shape, depth);
    case 9:
    case 10:
      return loop(shape, depth);
    case 11:
      return array ? collected(shape, depth) : loop(shape, depth);
    case 12:
    case 13:
      return array ? build(shape, depth) : reduced(shape, depth);
    case 14:
    case 15:
      return array ? mapped(shape, depth) : reduced(shape, depth);
    case 16:
      return closure(shape, depth);
    case 17:
      return shape == "nm" ? build(shape, depth) : shape.empty() ? library(shape, depth) : reduced(shape, depth);
    case 18:
      return derivatives_ < kMostDerivatives ? derivative(shape, depth) : library(shape, depth);
    default:
      return derivatives_ < kMostDerivatives ? derivative(shape, depth) : choice(shape, depth);
  }
}

}  // namespace rg::test
