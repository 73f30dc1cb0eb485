// Functions by the type of their argument, for std::visit: a case that has no function does not compile.
#pragma once

namespace rg {

template <class... F>
struct Overload : F... {
  using F::operator()...;
};
template <class... F>
Overload(F...) -> Overload<F...>;

}  // namespace rg
