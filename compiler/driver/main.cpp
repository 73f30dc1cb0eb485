// runegrad-compile.
#include "compiler/driver/command_line.h"
#include "compiler/jit/session.h"
#include "compiler/support/streams.h"

int main(int argc, char** argv) {
  rg::jit::exit_on_backend_failure();
  return rg::with_checked_output([&] { return rg::driver::command_line(argc, argv); });
}
