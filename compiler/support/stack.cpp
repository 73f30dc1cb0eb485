#include "compiler/support/stack.h"

#include <pthread.h>

#include <cstddef>
#include <cstdint>

namespace rg {

namespace {

constexpr std::uintptr_t reserve = std::uintptr_t{200} << 10;

// The lowest address of the thread's stack; 0 where the system does not tell.
std::uintptr_t lowest_address() {
  pthread_attr_t attributes;
  if (pthread_getattr_np(pthread_self(), &attributes) != 0) return 0;
  void* lowest = nullptr;
  std::size_t size = 0;
  const bool known = pthread_attr_getstack(&attributes, &lowest, &size) == 0;
  pthread_attr_destroy(&attributes);
  return known ? reinterpret_cast<std::uintptr_t>(lowest) : 0;
}

}  // namespace

bool stack_is_short() {
  thread_local const std::uintptr_t end = lowest_address() + reserve;
  return reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0)) < end;
}

}  // namespace rg
