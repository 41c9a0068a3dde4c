// That no two hashes of the garbled tables have the same key and index. If they had, two blocks of
// the tables would be equal or differ by the garbler's secret offset, and with that the evaluator
// reads every value. So: no block of 16 bytes goes over the connection twice.
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <functional>
#include <mutex>

#include "circuits.h"
#include "ezmotion/operations.h"
#include "two_servers.h"

namespace {

std::mutex guard;
std::vector<std::uint8_t> sent;
std::atomic<bool> recording = false;

}  // namespace

// In place of the C library's: the engine's sockets send through it.
extern "C" ssize_t send(int socket, const void* data, std::size_t size, int flags) {
  const ssize_t count = ::syscall(SYS_sendto, socket, data, size, flags, nullptr, 0);
  if (recording && count > 0) {
    const std::lock_guard lock(guard);
    const auto* bytes = static_cast<const std::uint8_t*>(data);
    sent.insert(sent.end(), bytes, bytes + count);
  }
  return count;
}

namespace {

using namespace ezmotion;

TensorCP from_yao(Backend& backend, const TensorCP& x) {
  return backend.convert(MPCProtocol::ArithmeticGMW, make_sign_extension_op(backend, x));
}

// Blocks that occur twice, at any positions. Those with a repeated byte pattern are headers and
// padding, and no part of a table.
std::size_t repeated_blocks() {
  using Block = std::array<std::uint64_t, 2>;
  std::vector<Block> blocks;
  for (std::size_t i = 0; i + sizeof(Block) <= sent.size(); ++i) {
    Block block;
    std::memcpy(&block, sent.data() + i, sizeof block);
    std::array<std::uint8_t, 16> bytes;
    std::memcpy(bytes.data(), &block, sizeof block);
    std::sort(bytes.begin(), bytes.end());
    const auto distinct = std::unique(bytes.begin(), bytes.end()) - bytes.begin();
    if (distinct > 11) blocks.push_back(block);
  }
  std::sort(blocks.begin(), blocks.end());
  std::size_t repeated = 0;
  for (std::size_t i = 1; i < blocks.size(); ++i) repeated += blocks[i] == blocks[i - 1];
  return repeated;
}

// x·2 in the words that it returns: their bit 0 is the constant 0, whose key is the same
// everywhere.
std::string doubling_text(std::size_t width) {
  Draft draft({width});
  const std::size_t zero = draft.exclusive_or(0, 0);
  for (int word = 0; word < 2; ++word) {
    draft.exclusive_or(zero, zero);
    for (std::size_t i = 0; i + 1 < width; ++i) draft.exclusive_or(i, zero);
  }
  return draft.text({width, width});
}

// What a program makes of a value's low bits, garbled. All that is sent meanwhile is recorded.
Tensors recorded(TwoServers& servers, MPCProtocol arithmetic, const Tensor<Ring>& x,
                 std::size_t width,
                 const std::function<TensorCPs(Backend&, const TensorCP&)>& of_garbled) {
  sent.clear();
  recording = true;
  const Tensors y =
      servers.compute(arithmetic, {x}, [&](Backend& backend, const TensorCPs& t) -> TensorCPs {
        return of_garbled(
            backend, make_low_bits_op(backend, backend.convert(MPCProtocol::Yao, t[0]), width));
      });
  recording = false;
  return y;
}

void constant_wires(TwoServers& servers, MPCProtocol arithmetic, const Circuits& circuits) {
  const std::size_t width = 16;
  const Circuit doubling = load_circuit(circuits.write("doubling.txt", doubling_text(width)));
  const Tensor<Ring> x = signed_tensor({60}, width - 1, 1);
  const Tensors y = recorded(
      servers, arithmetic, x, width, [&](Backend& backend, const TensorCP& garbled) -> TensorCPs {
        const TensorCPs words = make_circuit_op(backend, doubling, {garbled});
        return {from_yao(backend, words[0]), from_yao(backend, words[1])};
      });
  CHECK(equal(y[0], duet::add(x, x)) && equal(y[1], y[0]));
  CHECK(sent.size() > 100'000);
  CHECK(repeated_blocks() == 0);
}

void moved_elements(TwoServers& servers, MPCProtocol arithmetic) {
  const Tensor<Ring> x = signed_tensor({60}, 16, 2);
  for (std::size_t shift = 1; shift < 5; ++shift) {
    const auto later = [shift](const Tensors& t) {
      return duet::slice(t[0], {shift}, Shape{60 - shift}, {1});
    };
    const Tensors y = recorded(servers, arithmetic, x, 16,
                               [&](Backend& backend, const TensorCP& garbled) -> TensorCPs {
                                 const TensorCP moved = make_move_op(backend, {garbled}, later);
                                 return {from_yao(backend, garbled), from_yao(backend, moved)};
                               });
    CHECK(equal(y[0], x) && equal(y[1], later({x})));
    CHECK(repeated_blocks() == 0);
  }
}

// Gates of two circuits that take the same keys.
void one_value_in_two_circuits(TwoServers& servers, MPCProtocol arithmetic,
                               const Circuits& circuits) {
  const std::size_t width = 16;
  const Circuit rectifier = load_circuit(circuits.write("relu.txt", relu_text(width)));
  const Tensor<Ring> x = signed_tensor({60}, width, 3);
  const Tensors y = recorded(
      servers, arithmetic, x, width, [&](Backend& backend, const TensorCP& garbled) -> TensorCPs {
        return {from_yao(backend, make_circuit_op(backend, rectifier, {garbled})[0]),
                from_yao(backend, make_circuit_op(backend, rectifier, {garbled})[0])};
      });
  CHECK(equal(y[0], y[1]));
  CHECK(repeated_blocks() == 0);
}

}  // namespace

int main() {
  const Circuits circuits;
  TwoServers servers;
  for (const MPCProtocol arithmetic : kProtocols) {
    constant_wires(servers, arithmetic, circuits);
    moved_elements(servers, arithmetic);
    one_value_in_two_circuits(servers, arithmetic, circuits);
  }
}
