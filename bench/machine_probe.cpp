#include "bench/machine_probe.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <functional>
#include <thread>

#include "bench/probe/kernels.h"

namespace rg::bench {

namespace {

constexpr std::size_t kReadStep = 512;  // floats

// Waits without giving up the core at first, and gives it up where the wait is long: another program may need it.
template <class Done>
void wait_until(Done done) {
  for (int spins = 0; !done(); ++spins)
    if (spins > 1000) std::this_thread::yield();
}

// Runs `work(thread)` on all threads at once, again and again, each on a core of its own; workers wait for a
// round's number to change.
class Team {
 public:
  Team(int threads, std::function<void(int)> work) : work_(std::move(work)), cores_(usable_cores()) {
    for (int t = 1; t < threads; ++t) workers_.emplace_back([this, t] { serve(t); });
    hold_to({cores_.front()});
  }
  ~Team() {
    stop_ = true;
    round_.fetch_add(1);
    for (std::thread& worker : workers_) worker.join();
    hold_to(cores_);
  }
  void run() {
    done_ = 0;
    round_.fetch_add(1);
    work_(0);
    wait_until([this] { return done_.load() == static_cast<int>(workers_.size()); });
  }

 private:
  void serve(int thread) {
    hold_to({cores_[thread % cores_.size()]});
    for (int seen = 0;;) {
      wait_until([&] { return round_.load() != seen; });
      ++seen;
      if (stop_) return;
      work_(thread);
      done_.fetch_add(1);
    }
  }

  std::function<void(int)> work_;
  const std::vector<int> cores_;
  std::atomic<int> round_ = 0;
  std::atomic<int> done_ = 0;
  std::atomic<bool> stop_ = false;
  std::vector<std::thread> workers_;
};

Limit measure(const Machine& machine, const std::string& name, const std::string& unit, double amount,
              const std::function<void(int)>& work) {
  Team team(machine.threads, work);
  const Summary time = time_calls(
      [&](std::size_t, std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) team.run();
      },
      budget_of(0.25));
  const double total = amount * machine.threads;
  Row row{"machine", name, fmt::format("{:.0f}", total), probe_kernels().name, machine.threads, time, 0};
  return {row, total / time.min_us * 1e-3, unit};
}

// Bytes a thread such that the level is filled by half and the level before it cannot hold a useful part.
struct Level {
  const char* name;
  std::size_t bytes;
};

std::vector<Level> levels(const Machine& machine) {
  const std::size_t l2 = machine.l2_bytes != 0 ? machine.l2_bytes : std::size_t{1} << 20;
  const std::size_t l3 = machine.l3_bytes != 0 ? machine.l3_bytes : std::size_t{16} << 20;
  const auto threads = static_cast<std::size_t>(machine.threads);
  const std::size_t in_l3 = std::max(l3 / 2 / threads, 2 * l2);
  const std::size_t in_dram = std::clamp(4 * l3 / threads, std::size_t{64} << 20, std::size_t{512} << 20);
  return {{"read_l2", l2 / 2}, {"read_l3", in_l3}, {"read_dram", in_dram}};
}

Limit measure_read(const Machine& machine, const Level& level) {
  const std::size_t count = level.bytes / sizeof(float) / kReadStep * kReadStep;
  std::vector<std::vector<float>> data(machine.threads, std::vector<float>(count, 1.0F));
  std::vector<float> sums(machine.threads);
  return measure(machine, level.name, "GB/s", static_cast<double>(count * sizeof(float)),
                 [&](int t) { sums[t] += probe_kernels().read(data[t].data(), count); });
}

}  // namespace

std::vector<Limit> probe_machine(const Machine& machine) {
  constexpr std::size_t kRounds = 200000;
  const ProbeKernels& kernels = probe_kernels();
  std::vector<float> sink_f32(machine.threads);
  std::vector<double> sink_f64(machine.threads);
  const double operations_f32 = kernels.multiply_add_f32(kRounds, sink_f32.data());
  const double operations_f64 = kernels.multiply_add_f64(kRounds, sink_f64.data());
  std::vector<Limit> limits;
  limits.push_back(measure(machine, "fma_f32", "GFLOP/s", operations_f32,
                           [&](int t) { kernels.multiply_add_f32(kRounds, &sink_f32[t]); }));
  limits.push_back(measure(machine, "fma_f64", "GFLOP/s", operations_f64,
                           [&](int t) { kernels.multiply_add_f64(kRounds, &sink_f64[t]); }));
  for (const Level& level : levels(machine)) limits.push_back(measure_read(machine, level));
  return limits;
}

std::string format_limits(const std::vector<Limit>& limits) {
  std::string out;
  for (const Limit& limit : limits) {
    const Summary& t = limit.row.time;
    out += fmt::format("{:<10} {:>8.1f} {:<8} median {:.1f}  {} threads, {}\n", limit.row.workload, limit.rate,
                       limit.unit, limit.rate * t.min_us / t.median_us, limit.row.threads, limit.row.tool);
  }
  return out;
}

}  // namespace rg::bench
