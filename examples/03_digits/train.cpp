// Trains the classifier of digits.rg on examples/data/digits.csv with compiled kernels, and prints the loss and the accuracy
// on images that were held out. Exit 1 where the accuracy is below 96 %.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <numeric>
#include <random>
#include <runegrad/runegrad.hpp>
#include <sstream>

namespace {

constexpr std::int64_t kPixels = 64, kHidden = 64, kClasses = 10, kBatch = 64, kHeldOut = 360, kEpochs = 40;

struct Images {
  std::vector<float> x;  // [n, 64], in 0..1
  std::vector<std::int32_t> y;
  std::int64_t count() const { return static_cast<std::int64_t>(y.size()); }
};

Images read(const std::string& path) {
  Images images;
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) {
    std::stringstream fields(line);
    std::string field;
    for (std::int64_t i = 0; i < kPixels && std::getline(fields, field, ','); ++i) images.x.push_back(std::stof(field) / 16);
    if (std::getline(fields, field, ',')) images.y.push_back(std::stoi(field));
  }
  return images;
}

Images chosen(const Images& all, std::span<const std::int64_t> which) {
  Images out;
  for (const std::int64_t i : which) {
    out.x.insert(out.x.end(), all.x.begin() + i * kPixels, all.x.begin() + (i + 1) * kPixels);
    out.y.push_back(all.y[static_cast<std::size_t>(i)]);
  }
  return out;
}

/// The tensors of the struct Mlp, in its order.
struct Network {
  std::vector<float> w1 = std::vector<float>(kPixels * kHidden), b1 = std::vector<float>(kHidden);
  std::vector<float> w2 = std::vector<float>(kHidden * kClasses), b2 = std::vector<float>(kClasses);

  std::vector<runegrad::TensorRef> refs() {
    return {runegrad::out(w1, {kPixels, kHidden}), runegrad::out(b1), runegrad::out(w2, {kHidden, kClasses}), runegrad::out(b2)};
  }
};

template <class... T>
std::vector<runegrad::TensorRef> joined(std::vector<runegrad::TensorRef> first, const T&... rest) {
  (first.insert(first.end(), rest.begin(), rest.end()), ...);
  return first;
}

template <class T>
T checked(runegrad::Expected<T> value) {
  if (!value) {
    std::cerr << value.error() << "\n";
    std::exit(1);
  }
  return std::move(*value);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: train_digits DIGITS.rg DIGITS.csv\n";
    return 2;
  }
  const auto now = [] { return std::chrono::steady_clock::now(); };
  const auto seconds = [](auto from, auto to) { return std::chrono::duration<double>(to - from).count(); };
  auto program = checked(runegrad::Program::from_file(argv[1]));
  const Images all = read(argv[2]);
  if (all.count() < 2 * kHeldOut) {
    std::cerr << "cannot read the images in " << argv[2] << "\n";
    return 1;
  }
  const auto start = now();
  const auto step = checked(program.function("step")), accuracy = checked(program.function("accuracy"));
  const auto compiled = now();

  std::mt19937 random(7);
  std::vector<std::int64_t> order(static_cast<std::size_t>(all.count()));
  std::iota(order.begin(), order.end(), 0);
  std::ranges::shuffle(order, random);
  const Images held_out = chosen(all, std::span(order).first(kHeldOut));
  std::vector<std::int64_t> rest(order.begin() + kHeldOut, order.end());
  Network p, v, next_p, next_v;
  std::normal_distribution<float> normal;
  for (float& w : p.w1) w = normal(random) / std::sqrt(static_cast<float>(kPixels));
  for (float& w : p.w2) w = normal(random) / std::sqrt(static_cast<float>(kHidden));

  runegrad::Context context;
  const float rate = 0.1F, momentum = 0.9F;
  for (std::int64_t epoch = 1; epoch <= kEpochs; ++epoch) {
    std::ranges::shuffle(rest, random);
    double sum = 0;
    std::int64_t batches = 0;
    for (std::size_t at = 0; at + kBatch <= rest.size(); at += kBatch, ++batches) {
      const Images batch = chosen(all, std::span(rest).subspan(at, kBatch));
      float loss = 0;
      const auto inputs = joined(p.refs(), v.refs(),
                                 std::vector{runegrad::in(batch.x, {kBatch, kPixels}), runegrad::in(batch.y), runegrad::in(rate), runegrad::in(momentum)});
      checked(step.call(inputs, joined(next_p.refs(), next_v.refs(), std::vector{runegrad::out(loss)}), &context));
      std::swap(p, next_p);
      std::swap(v, next_v);
      sum += loss;
    }
    if (epoch % 5 == 0 || epoch == 1) {
      const double mean = sum / static_cast<double>(batches);
      const int bar = static_cast<int>(std::clamp(40 * (std::log10(mean) + 4) / 4.4, 0.0, 40.0));
      std::printf("epoch %2d  loss %8.5f  %s\n", static_cast<int>(epoch), mean, std::string(static_cast<std::size_t>(bar), '#').c_str());
    }
  }
  const auto trained = now();
  float score = 0;
  checked(accuracy.call(joined(p.refs(), std::vector{runegrad::in(held_out.x, {kHeldOut, kPixels}), runegrad::in(held_out.y)}), {runegrad::out(score)}, &context));
  std::printf("compiled in %.0f ms, trained in %.2f s\naccuracy %.1f %%\n", 1e3 * seconds(start, compiled), seconds(compiled, trained), 100 * static_cast<double>(score));
  return score >= 0.96F ? 0 : 1;
}
