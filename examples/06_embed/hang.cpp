// Embeds the compiler: loads a program, compiles its gradient in this process, and lets a chain come to rest by
// gradient descent. Run as: hang spring.rg
#include <cmath>
#include <cstdio>
#include <runegrad/runegrad.hpp>
#include <thread>

namespace {

constexpr int kPoints = 9, kSteps = 20000;

/// The lowest point of a chain at rest, or NaN after a message.
double lowest(const runegrad::Function& force, double weight) {
  std::vector<double> p(2 * kPoints), g(2 * kPoints);
  for (int i = 0; i < kPoints; ++i) p[2 * i] = (i + 1.0) / (kPoints + 1);
  const double rest = 0.12;
  runegrad::Context context;
  for (int step = 0; step < kSteps; ++step) {
    const auto done = force.call({runegrad::in(p, {kPoints, 2}), runegrad::in(rest), runegrad::in(weight)},
                                 {runegrad::out(g, {kPoints, 2})}, &context);
    if (!done) {
      std::fprintf(stderr, "%s\n", done.error().c_str());
      return NAN;
    }
    for (std::size_t i = 0; i < p.size(); ++i) p[i] -= 3e-4 * g[i];
  }
  double y = 0;
  for (int i = 0; i < kPoints; ++i) y = std::fmin(y, p[2 * i + 1]);
  return y;
}

}  // namespace

int main(int argc, char** argv) {
  auto program = runegrad::Program::from_file(argc > 1 ? argv[1] : "spring.rg");
  if (!program) {
    std::fprintf(stderr, "%s", program.error().c_str());
    return 1;
  }
  auto force = program->function("grad(energy, wrt: p)");
  if (!force) {
    std::fprintf(stderr, "%s", force.error().c_str());
    return 1;
  }
  for (const runegrad::Slot& s : force->inputs()) std::printf("input  %s: %s\n", s.name.c_str(), s.type.c_str());
  for (const runegrad::Slot& s : force->outputs()) std::printf("output %s\n", s.type.c_str());

  // One function, two threads, each with its own context.
  double light = 0, heavy = 0;
  std::thread other([&] { light = lowest(*force, 1.0); });
  heavy = lowest(*force, 20.0);
  other.join();
  std::printf("lowest point: %.4f of a light chain, %.4f of a heavy one\n", light, heavy);

  // Wrong shapes are errors with words, not crashes.
  std::vector<double> p(6), g(6);
  const auto wrong =
      force->call({runegrad::in(p, {2, 3}), runegrad::in(1.0), runegrad::in(1.0)}, {runegrad::out(g, {2, 3})});
  std::printf("a wrong shape: %s\n", wrong ? "accepted" : wrong.error().c_str());
  return heavy < light && light < 0 && !wrong ? 0 : 1;
}
