// Keeping secrets out of freed memory and out of logs.
#pragma once

#include <cstddef>
#include <ostream>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "duet/aligned.h"

namespace duet {

// Overwrites memory with zeros; the compiler does not optimise it away.
void wipe(void* data, std::size_t bytes) noexcept;

template <class T, std::size_t Count>
void wipe(std::span<T, Count> values) noexcept {
  wipe(values.data(), values.size_bytes());
}

// Holds one value and wipes it when it goes. Cannot be copied or printed by accident.
template <class T>
requires std::is_trivially_copyable_v<T>
class Secret {
 public:
  Secret() = default;
  explicit Secret(const T& value) : value_(value) {}
  Secret(Secret&& other) noexcept : value_(other.value_) { other.clear(); }
  Secret& operator=(Secret&& other) noexcept {
    if (this != &other) {
      value_ = other.value_;
      other.clear();
    }
    return *this;
  }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret() { clear(); }

  T& expose() { return value_; }
  const T& expose() const { return value_; }

  friend std::ostream& operator<<(std::ostream&, const Secret&) = delete;

 private:
  void clear() noexcept { wipe(&value_, sizeof value_); }

  T value_{};
};

// Wipes what it frees, including the old storage when a vector grows.
template <class T>
struct WipingAllocator {
  using value_type = T;

  WipingAllocator() = default;
  template <class U>
  WipingAllocator(const WipingAllocator<U>&) noexcept {}

  T* allocate(std::size_t count) { return AlignedAllocator<T>().allocate(count); }
  void deallocate(T* data, std::size_t count) noexcept {
    wipe(data, count * sizeof(T));
    AlignedAllocator<T>().deallocate(data, count);
  }
  template <class U>
  bool operator==(const WipingAllocator<U>&) const noexcept {
    return true;
  }
};

template <class T>
using SecretVector = std::vector<T, WipingAllocator<T>>;

}  // namespace duet
