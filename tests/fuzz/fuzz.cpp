// runegrad-fuzz: feeds targets with their seeds and with mutated ones, the same for the same numbers.
//
//   runegrad-fuzz [--runs N] [--first N] [--seeds FOLDER] [TARGET…]    N mutated inputs a target, from number --first
//   runegrad-fuzz --replay TARGET FILE…                                the inputs of files
//
// Run in an empty folder: what the command's target writes goes there. An input that throws, ends in a signal or takes
// more than ten seconds is written to fault-TARGET-NUMBER; exit 1.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "tests/fuzz/mutate.h"
#include "tests/fuzz/targets.h"

namespace {

using rg::fuzz::Target;

constexpr unsigned kSeconds = 10;  // for one input
constexpr int kMostFaults = 20;

// What runs now, for the handler of signals.
const std::string* current = nullptr;
char fault_name[1024];

void keep_current() {
  const int file = open(fault_name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (file < 0) return;
  if (current != nullptr) (void)!write(file, current->data(), current->size());
  (void)close(file);
}

extern "C" void on_signal(int signal) {
  keep_current();
  const char* what = signal == SIGALRM ? ": no end\n" : ": a signal\n";
  (void)!write(2, fault_name, std::char_traits<char>::length(fault_name));
  (void)!write(2, what, std::char_traits<char>::length(what));
  _exit(1);
}

// On a stack of its own, so that a stack that is exhausted is seen.
void catch_signals() {
  static std::array<char, 1 << 16> memory;
  stack_t stack{};
  stack.ss_sp = memory.data();
  stack.ss_size = memory.size();
  sigaltstack(&stack, nullptr);
  for (const int s : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGALRM}) {
    struct sigaction action{};
    action.sa_handler = on_signal;
    action.sa_flags = SA_ONSTACK;
    sigaction(s, &action, nullptr);
  }
}

std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<std::string> seeds_of(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::ranges::sort(files);
  std::vector<std::string> out;
  for (const auto& f : files) out.push_back(bytes_of(f));
  return out;
}

/// Whether the input does no harm.
bool run(const Target& target, const std::string& input, const std::string& number) {
  current = &input;
  static const std::string folder = std::filesystem::current_path().string();
  *fmt::format_to_n(fault_name, sizeof fault_name - 1, "{}/fault-{}-{}", folder, target.name, number).out = '\0';
  alarm(kSeconds);
  std::string why;
  try {
    target.run(input);
  } catch (const std::exception& e) {
    why = e.what();
  }
  alarm(0);
  if (why.empty()) return true;
  keep_current();
  fmt::print(stderr, "{}: {}\n", fault_name, why);
  return false;
}

struct Options {
  std::uint64_t runs = 0, first = 1;
  std::filesystem::path seeds = RG_SOURCE_DIR "/tests/fuzz/seeds";
  bool replay = false;
  std::vector<std::string> words;
};

std::optional<Options> parsed(int argc, char** argv) {
  Options o;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const bool more = i + 1 < argc;
    if (word == "--replay") {
      o.replay = true;
    } else if (word == "--runs" && more) {
      o.runs = std::strtoull(argv[++i], nullptr, 10);
    } else if (word == "--first" && more) {
      o.first = std::strtoull(argv[++i], nullptr, 10);
    } else if (word == "--seeds" && more) {
      o.seeds = argv[++i];
    } else if (word.starts_with('-')) {
      return std::nullopt;
    } else {
      o.words.push_back(word);
    }
  }
  return o;
}

int faults_of(const Target& target, const Options& o) {
  const std::vector<std::string> seeds = seeds_of(o.seeds / target.name);
  if (seeds.empty()) {
    fmt::print(stderr, "there are no seeds for {}\n", target.name);
    return 1;
  }
  int faults = 0;
  for (std::size_t i = 0; i < seeds.size(); ++i) faults += run(target, seeds[i], fmt::format("seed{}", i)) ? 0 : 1;
  std::uint64_t k = 0;
  for (; k < o.runs && faults < kMostFaults; ++k) {
    std::mt19937_64 random(o.first + k);
    faults += run(target, rg::fuzz::mutated(seeds, random), std::to_string(o.first + k)) ? 0 : 1;
  }
  fmt::print(stderr, "{}: {} seeds, {} mutated inputs, {} faults\n", target.name, seeds.size(), k, faults);
  return faults;
}

}  // namespace

int main(int argc, char** argv) {
  const auto options = parsed(argc, argv);
  if (!options || (options->replay && options->words.size() < 2)) {
    fmt::print(stderr,
               "usage: runegrad-fuzz [--runs N] [--first N] [--seeds FOLDER] [TARGET…]\n"
               "       runegrad-fuzz --replay TARGET FILE…\n");
    return 2;
  }
  catch_signals();
  int faults = 0;
  for (const Target& t : rg::fuzz::targets()) {
    const auto named = std::ranges::find(options->words, t.name);
    if (options->replay) {
      if (named != options->words.begin()) continue;
      for (std::size_t i = 1; i < options->words.size(); ++i)
        faults += run(t, bytes_of(options->words[i]), fmt::format("replay{}", i)) ? 0 : 1;
    } else if (options->words.empty() || named != options->words.end()) {
      faults += faults_of(t, *options);
    }
  }
  return faults == 0 ? 0 : 1;
}
