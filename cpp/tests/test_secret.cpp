#include <algorithm>
#include <array>
#include <cstdint>
#include <new>

#include "check.h"
#include "duet/secret.h"

namespace {

using Value = std::array<std::uint8_t, 16>;
using SecretValue = duet::Secret<Value>;

template <class T>
concept Printable = requires(std::ostream& out, const T& value) {
  out << value;
};

static_assert(!Printable<SecretValue> && !Printable<duet::Secret<int>> && Printable<int>);
static_assert(!std::is_copy_constructible_v<SecretValue> &&
              !std::is_copy_assignable_v<SecretValue>);

bool all_zero(const auto& bytes) {
  return std::all_of(std::begin(bytes), std::end(bytes), [](unsigned byte) { return byte == 0; });
}

void wipes_on_destruction() {
  Value pattern;
  pattern.fill(0xab);
  alignas(SecretValue) unsigned char memory[sizeof(SecretValue)];
  auto* secret = new (memory) SecretValue(pattern);
  CHECK(secret->expose() == pattern && !all_zero(memory));
  secret->~SecretValue();
  CHECK(all_zero(memory));
}

void wipes_what_it_is_moved_from() {
  SecretValue from(Value{1, 2, 3});
  SecretValue to(std::move(from));
  CHECK(to.expose()[2] == 3 && all_zero(from.expose()));
  from = std::move(to);
  CHECK(from.expose()[2] == 3 && all_zero(to.expose()));
}

void vectors_work() {
  duet::SecretVector<std::uint64_t> values;
  for (std::uint64_t i = 0; i < 1000; ++i) values.push_back(i);
  CHECK(values.size() == 1000 && values[999] == 999);
  duet::wipe(std::span(values));
  CHECK(all_zero(values));
}

}  // namespace

int main() {
  wipes_on_destruction();
  wipes_what_it_is_moved_from();
  vectors_work();
}
