// One conversation in GradBench's protocol: a line of JSON in, a line of JSON out.
#pragma once

#include <memory>
#include <string>

namespace rg::gradbench {

struct SessionOptions {
  int threads = 1;
};

/// Not for several threads at once.
class Session {
 public:
  explicit Session(const SessionOptions& options = {});
  ~Session();

  /// The answer to one message, without a line end. Whatever the message is, there is an answer: a malformed one gets
  /// `success: false` with a reason, and `id: null` where it has none.
  std::string answer(const std::string& line);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace rg::gradbench
