// Runs file tests: one `.test` file holds inputs, command lines and what they print. RG_BLESS=1 writes the expected
// parts anew. Usage: runegrad-filetest FILE|FOLDER…; exits 1 where a test failed. The form is described in README.md.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace fs = std::filesystem;

namespace {

using Lines = std::vector<std::string>;

constexpr std::string_view kHeader = "=== ";
constexpr std::string_view kCommand = "$ ";
constexpr std::string_view kOnLines = "lines $ ";
constexpr std::string_view kEscaped = " escaped";
constexpr std::string_view kExpected = "//~ ";
constexpr auto kTimeLimit = std::chrono::seconds(120);

/// A header and what follows it: an input file, or a command and its output. The first part has no header.
struct Part {
  std::string header;
  Lines body;
  bool is_command() const { return header.starts_with(kCommand) || header.starts_with(kOnLines); }
  bool on_lines() const { return header.starts_with(kOnLines); }
};

std::string read(const fs::path& path) {
  std::stringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

void write(const fs::path& path, const std::string& text) {
  if (path.has_parent_path()) fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

Lines split(const std::string& text) {
  Lines lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::string joined(const Lines& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

void drop_blank_end(Lines& lines) {
  while (!lines.empty() && lines.back().empty()) lines.pop_back();
}

std::vector<Part> parse(const std::string& text) {
  std::vector<Part> parts(1);
  for (const std::string& line : split(text)) {
    if (line.starts_with(kHeader))
      parts.push_back({line.substr(kHeader.size()), {}});
    else
      parts.back().body.push_back(line);
  }
  for (Part& p : parts) drop_blank_end(p.body);
  return parts;
}

std::string printed(const std::vector<Part>& parts) {
  std::string text = joined(parts[0].body);
  for (std::size_t k = 1; k < parts.size(); ++k) {
    if (!text.empty()) text += "\n";
    text += std::string(kHeader) + parts[k].header + "\n" + joined(parts[k].body);
  }
  return text;
}

/// `\n`, `\\`, `\xHH`, and `\{N:text}` for N times the text; line ends are not part of the result.
std::string unescaped(const Lines& lines) {
  std::string in, out;
  for (const std::string& line : lines) in += line;
  const auto number = [&](std::size_t begin, std::size_t end, int base) {
    return std::stoul(in.substr(begin, end - begin), nullptr, base);
  };
  for (std::size_t i = 0; i < in.size(); ++i) {
    if (in[i] != '\\' || i + 1 == in.size()) {
      out += in[i];
      continue;
    }
    const char c = in[++i];
    if (c == 'n') {
      out += '\n';
    } else if (c == 'x') {
      out += static_cast<char>(number(i + 1, i + 3, 16));
      i += 2;
    } else if (c == '{') {
      const std::size_t colon = in.find(':', i), end = in.find('}', i);
      for (std::size_t n = number(i + 1, colon, 10); n > 0; --n) out += in.substr(colon + 1, end - colon - 1);
      i = end;
    } else {
      out += c;
    }
  }
  return out;
}

/// What differs between machines, times and releases.
class Normaliser {
 public:
  Normaliser(const fs::path& folder, const fs::path& programs) {
    paths_ = {{folder.string(), "<folder>"}, {programs.string(), "<bin>"}, {RG_SOURCE_DIR, "<source>"}};
  }
  std::string operator()(std::string text) const {
    for (const auto& [path, shown] : paths_) {
      for (std::size_t at = 0; (at = text.find(path, at)) != std::string::npos;) text.replace(at, path.size(), shown);
    }
    static const std::regex version(R"((runegrad|LLVM|version) \d+\.\d+(\.\d+)?)");
    static const std::regex time(R"( *\d+\.\d+ ms)"), share(R"( *\d+\.\d+ %)");
    text = std::regex_replace(text, version, "$1 <version>");
    text = std::regex_replace(text, time, "<time>");
    return std::regex_replace(text, share, " <share>");
  }

 private:
  std::vector<std::pair<std::string, std::string>> paths_;
};

struct Ran {
  std::string out, err;
  int code = 0;
};

/// `/bin/sh -c command` in a folder, with this program's folder first in the path. It ends with its children after the
/// time limit.
Ran run(const std::string& command, const fs::path& folder, const fs::path& programs) {
  const fs::path scratch = folder.string() + ".out";
  fs::create_directories(scratch);
  const fs::path out = scratch / "out", err = scratch / "err";
  const std::string path = programs.string() + ":" + std::getenv("PATH");
  const pid_t child = fork();
  if (child == 0) {
    setpgid(0, 0);
    const auto redirect = [](const char* file, int flags, int to) { dup2(open(file, flags, 0644), to); };
    redirect("/dev/null", O_RDONLY, STDIN_FILENO);
    redirect(out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, STDOUT_FILENO);
    redirect(err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, STDERR_FILENO);
    if (chdir(folder.c_str()) != 0) _exit(127);
    setenv("PATH", path.c_str(), 1);
    setenv("SOURCE", RG_SOURCE_DIR, 1);
    setenv("LC_ALL", "C", 1);
    unsetenv("RG_BLESS");
    execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
    _exit(127);
  }
  const auto deadline = std::chrono::steady_clock::now() + kTimeLimit;
  int status = 0;
  while (waitpid(child, &status, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() > deadline) {
      kill(-child, SIGKILL);
      waitpid(child, &status, 0);
      break;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  Ran ran{read(out), read(err), code};
  fs::remove_all(scratch);
  return ran;
}

/// The output as a test records it: standard output, then standard error, then the exit code where it is not 0.
Lines recorded(const Ran& ran, const Normaliser& normalised) {
  Lines lines = split(normalised(ran.out));
  if (!ran.out.empty() && ran.out.back() != '\n') lines.emplace_back("[no line end]");
  const Lines errors = split(normalised(ran.err));
  lines.insert(lines.end(), errors.begin(), errors.end());
  drop_blank_end(lines);
  for (std::string& line : lines) {
    if (line.starts_with(kHeader)) line = "\\" + line;
  }
  if (ran.code != 0) lines.push_back(fmt::format("[exit {}]", ran.code));
  return lines;
}

/// "RG0201: message" of each diagnostic, by file and line.
using ByLine = std::map<std::string, std::map<std::size_t, Lines>>;

ByLine diagnostics(const std::string& text) {
  static const std::regex head(R"(^(?:error|warning)\[(RG\d+)\]: (.*)$)"), place(R"(^ *--> (.+):(\d+):\d+$)");
  ByLine found;
  std::string message;
  for (const std::string& line : split(text)) {
    std::smatch match;
    if (std::regex_match(line, match, head)) {
      message = match[1].str() + ": " + match[2].str();
    } else if (!message.empty() && std::regex_match(line, match, place)) {
      found[match[1]][std::stoul(match[2])].push_back(message);
      message.clear();
    }
  }
  return found;
}

/// The line without its expected diagnostics.
std::string plain(const std::string& line) {
  const std::size_t at = line.find(kExpected);
  if (at == std::string::npos) return line;
  return line.substr(0, line.find_last_not_of(' ', at - 1) + 1);
}

Lines with_diagnostics(const Lines& lines, const std::map<std::size_t, Lines>& found) {
  Lines out;
  for (std::size_t k = 0; k < lines.size(); ++k) {
    out.push_back(plain(lines[k]));
    if (const auto at = found.find(k + 1); at != found.end()) {
      for (const std::string& message : at->second) out.back() += " " + std::string(kExpected) + message;
    }
  }
  return out;
}

/// The test as it would be if what its commands do now were right.
std::vector<Part> performed(std::vector<Part> parts, const fs::path& folder, const fs::path& programs) {
  const Normaliser normalised(folder, programs);
  for (const Part& p : parts) {
    if (p.header.empty() || p.is_command()) continue;
    if (p.header.ends_with(kEscaped))
      write(folder / p.header.substr(0, p.header.size() - kEscaped.size()), unescaped(p.body));
    else
      write(folder / p.header, joined(p.body));
  }
  for (Part& p : parts) {
    if (!p.is_command()) continue;
    const Ran ran = run(p.header.substr(p.header.find(kCommand) + kCommand.size()), folder, programs);
    if (!p.on_lines()) {
      p.body = recorded(ran, normalised);
      continue;
    }
    p.body = {fmt::format("[exit {}]", ran.code)};
    ByLine found = diagnostics(ran.err);
    for (Part& input : parts) {
      if (!input.header.empty() && !input.is_command()) input.body = with_diagnostics(input.body, found[input.header]);
    }
  }
  return parts;
}

/// The longest common subsequence of lines, the others with a sign in front, and where they are.
std::string difference(const Lines& want, const Lines& have) {
  const std::size_t n = want.size(), m = have.size();
  std::vector<std::vector<std::uint32_t>> common(n + 1, std::vector<std::uint32_t>(m + 1));
  for (std::size_t i = n; i-- > 0;) {
    for (std::size_t j = m; j-- > 0;)
      common[i][j] = want[i] == have[j] ? common[i + 1][j + 1] + 1 : std::max(common[i + 1][j], common[i][j + 1]);
  }
  std::string out;
  std::size_t last = 0;
  for (std::size_t i = 0, j = 0; i < n || j < m;) {
    if (i < n && j < m && want[i] == have[j]) {
      ++i, ++j;
      continue;
    }
    if (last != i + 1 && (last == 0 || i > last)) out += fmt::format("  line {}:\n", i + 1);
    if (j == m || (i < n && common[i + 1][j] >= common[i][j + 1]))
      out += "  - " + want[i++] + "\n";
    else
      out += "  + " + have[j++] + "\n";
    last = i + 1;
  }
  return out;
}

/// Empty, or why the test failed.
std::string tested(const fs::path& file, const fs::path& programs) {
  const std::string text = read(file);
  const std::vector<Part> parts = parse(text);
  if (std::ranges::none_of(parts, &Part::is_command)) return "  it has no command\n";
  std::string name = (fs::temp_directory_path() / "runegrad-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) return "  no folder can be made in " + fs::temp_directory_path().string() + "\n";
  const fs::path folder = fs::canonical(name);
  const std::string now = printed(performed(parts, folder, programs));
  fs::remove_all(folder);
  if (std::getenv("RG_BLESS") != nullptr) {
    if (now != text) write(file, now);
    return "";
  }
  return difference(split(printed(parts)), split(now));
}

}  // namespace

int main(int argc, char** argv) {
  const fs::path programs = fs::read_symlink("/proc/self/exe").parent_path();
  std::vector<fs::path> files;
  for (int k = 1; k < argc; ++k) {
    const fs::path given = argv[k];
    if (!fs::is_directory(given)) {
      if (!fs::exists(given)) {
        fmt::print(stderr, "there is no {}\n", given.string());
        return 2;
      }
      files.push_back(given);
      continue;
    }
    for (const auto& entry : fs::recursive_directory_iterator(given)) {
      if (entry.path().extension() == ".test") files.push_back(entry.path());
    }
  }
  std::ranges::sort(files);
  std::size_t failed = 0;
  for (const fs::path& file : files) {
    const std::string why = tested(file, programs);
    if (why.empty()) continue;
    ++failed;
    fmt::print("FAILED {} (- expected, + printed)\n{}", file.string(), why);
  }
  fmt::print("{} passed, {} failed\n", files.size() - failed, failed);
  return failed > 0 || files.empty() ? 1 : 0;
}
