// Collision-resistant digests: SHA-256 (FIPS 180-4), which processors with its instructions compute
// at about 2 GB/s.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <type_traits>

struct evp_md_ctx_st;

namespace duet {

using Digest = std::array<std::uint8_t, 32>;

class Sha256 {
 public:
  Sha256();

  template <class T>
  requires std::is_trivially_copyable_v<T>
  void update(std::span<const T> values) { update(values.data(), values.size_bytes()); }
  void update_number(std::uint64_t number) { update(&number, sizeof number); }

  // Of everything so far; more may follow.
  Digest digest() const;

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };

  void update(const void* data, std::size_t size);

  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

}  // namespace duet
