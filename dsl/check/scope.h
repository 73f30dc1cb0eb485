// Names, values and where they are made: scopes, captures, materialisation, flattening, probes.
#pragma once

#include "dsl/check/context.h"

namespace rg::dsl {

Frame* new_frame(Context& cx, ir::Function& f, Frame* parent);
Diagnostic& error(Context& cx, Code code, Span span, std::string message);
ScopePtr bind(ScopePtr scope, std::string name, Value value, Span span, bool is_size = false);
ScopePtr bind_checked(Context& cx, ScopePtr scope, const ast::Name& name, Value value);
const Scope* find(const Context& cx, const ScopePtr& scope, const std::string& name);
const Scope& root(const ScopePtr& scope);
ScopePtr root_scope(const Context& cx, ModuleScope* module);
void unknown_name(Context& cx, const ScopePtr& scope, const std::string& name, Span span);
Value make_tensor(Context& cx, ValueId id, Span span);
Value make_int(Context& cx, const Dim& value, Span span);
Value make_number(Context& cx, double value, Span span);
Value make_flex(Context& cx, Flex flex, Span span);
Value make_tuple(Context& cx, std::vector<Value> fields, Span span, std::vector<std::string> labels = {});
Value make_function(Context& cx, FnValue fn, Span span);
Value error_value(Span span);
/// The value in the current function: captured where it is an outer function's, with extents as asserted.
ValueId use(Context& cx, const Value& v);
ir::Type type_of(Context& cx, const Value& v);
/// A number or array as a tensor of the element type, the default one where none is given.
Value materialize(Context& cx, const Value& v, std::optional<Elem> elem = {});
Value tensor(Context& cx, const Value& v, const char* what = nullptr);
void flatten(Context& cx, const Value& v, std::vector<Value>& leaves);
std::vector<ValueId> leaf_ids(Context& cx, const Value& v);
Value rebuild(Context& cx, const Value& shape, std::span<const ValueId> ids, std::size_t& at);
ir::Tree tree_of(Context& cx, const Value& v, const std::string& name);
std::string describe(Context& cx, const Value& v);
Value default_typed(Context& cx, const Value& v);
/// Runs `f` without a trace: no code, no diagnostics. Whether it went without an error.
bool probe(Context& cx, const std::function<void()>& f);

}  // namespace rg::dsl
