#include "gilboa.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "duet/hash.h"
#include "duet/prg.h"
#include "duet/secret.h"

namespace duet {
namespace {

// A chunk's memory: 16 bytes per OT, and the corrections.
constexpr std::size_t kChunkChoices = 1 << 14;
constexpr std::size_t kChunkBytes = 1 << 24;
// Longer rows are cut, with OTs for each piece: they cost little compared to the corrections.
constexpr std::size_t kMaxColumns = 1 << 16;

// Values of 1 to 8 bytes are read and written as 8. Excess bytes that are read are shifted out of
// the ring; excess bytes that are written are overwritten by the next value.
constexpr std::size_t kSlack = 8;

Ring load(const std::uint8_t* from) {
  Ring value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

void store(std::uint8_t* to, Ring value) { std::memcpy(to, &value, sizeof value); }

std::size_t correction_bytes(unsigned bits, unsigned bit) { return (bits - bit + 7) / 8; }

// Of one choice and one column.
std::size_t payload_bytes(unsigned bits) {
  std::size_t bytes = 0;
  for (unsigned bit = 0; bit < bits; ++bit) bytes += correction_bytes(bits, bit);
  return bytes;
}

struct Chunk {
  std::size_t first;  // choice
  std::size_t count;
  std::size_t first_column;
  std::size_t columns;
};

std::vector<Chunk> chunks(const GilboaSize& size, Range range) {
  std::vector<Chunk> list;
  for (std::size_t column = 0; column < size.columns; column += kMaxColumns) {
    const std::size_t columns = std::min(kMaxColumns, size.columns - column);
    const std::size_t choices = std::clamp(kChunkBytes / (columns * payload_bytes(size.bits)),
                                           std::size_t{1}, kChunkChoices);
    for (std::size_t first = range.begin; first < range.end; first += choices) {
      list.push_back({first, std::min(choices, range.end - first), column, columns});
    }
  }
  return list;
}

// One for each of up to 64 bits: so all of a choice are under one key of the hash.
constexpr std::uint64_t kTweaksPerChoice = std::uint64_t{1} << kTweakBitsPerKey;
static_assert(kTweaksPerChoice >= 64);

// A chunk of one direction, at either party.
class Direction {
 public:
  Direction(Session& session, const GilboaSize& size, const Chunk& chunk, std::span<Ring> out)
      : session_(session),
        size_(size),
        chunk_(chunk),
        out_(out),
        tccr_(session.nonce()),
        blocks_(chunk.count * size.bits),
        payload_(chunk.count * chunk.columns * payload_bytes(size.bits) + kSlack) {}

  void set_tweak(std::uint64_t first) { tweak_ = first; }
  std::size_t tweaks() const { return chunk_.count * kTweaksPerChoice; }

  // Receiver: chooses.
  void request(std::span<const Ring> left) {
    choices_.resize(blocks_.size());
    for (std::size_t i = 0; i < chunk_.count; ++i) {
      for (unsigned bit = 0; bit < size_.bits; ++bit) {
        choices_[i * size_.bits + bit] =
            static_cast<std::uint8_t>((left[chunk_.first + i] >> bit) & 1);
      }
    }
    session_.ot_receiver().extend(choices_, blocks_);
  }

  // Sender: keeps -s of every OT, sends s + v - s' (s and s' from the two keys).
  void answer(std::span<const Ring> right) {
    session_.ot_sender().extend(blocks_);
    const Block delta = session_.ot_sender().delta();
    std::uint8_t* out = payload_.data();
    for (std::size_t i = 0; i < chunk_.count; ++i) {
      const std::span<Block> ots = std::span(blocks_).subspan(i * size_.bits, size_.bits);
      hash(ots, i, keys_.expose());
      for (Block& q : ots) q ^= delta;
      hash(ots, i, other_keys_.expose());
      const Ring* row = right.data() + right_row(i) * size_.columns + chunk_.first_column;
      Ring* sum = out_row(i);
      for (unsigned bit = 0; bit < size_.bits; ++bit) {
        const std::size_t bytes = correction_bytes(size_.bits, bit);
        const std::uint8_t* pad = expand(keys_.expose()[bit], bytes, row_);
        const std::uint8_t* other = expand(other_keys_.expose()[bit], bytes, other_row_);
        for (std::size_t j = 0; j < chunk_.columns; ++j, out += bytes) {
          const Ring s = load(pad + j * bytes);
          sum[j] -= s << bit;
          store(out, s + row[j] - load(other + j * bytes));
        }
      }
    }
    session_.channel().send(
        std::span<const std::uint8_t>(payload_).first(payload_.size() - kSlack));
    session_.channel().flush();
  }

  // Receiver: gets s' + (s + v - s') where it chose 1, s where it chose 0.
  void finish() {
    session_.channel().receive(std::span<std::uint8_t>(payload_).first(payload_.size() - kSlack));
    const std::uint8_t* in = payload_.data();
    for (std::size_t i = 0; i < chunk_.count; ++i) {
      hash(std::span(blocks_).subspan(i * size_.bits, size_.bits), i, keys_.expose());
      Ring* sum = out_row(i);
      for (unsigned bit = 0; bit < size_.bits; ++bit) {
        const std::size_t bytes = correction_bytes(size_.bits, bit);
        const std::uint8_t* pad = expand(keys_.expose()[bit], bytes, row_);
        const Ring chosen = 0 - Ring{choices_[i * size_.bits + bit]};
        for (std::size_t j = 0; j < chunk_.columns; ++j, in += bytes) {
          sum[j] += (load(pad + j * bytes) + (chosen & load(in))) << bit;
        }
      }
    }
  }

 private:
  using Keys = std::array<Block, 64>;

  void hash(std::span<const Block> ots, std::size_t choice, Keys& keys) {
    tccr_(ots, tweak_ + choice * kTweaksPerChoice, std::span(keys).first(ots.size()));
  }

  // The pad for a whole row of values: the key itself if that is long enough.
  const std::uint8_t* expand(const Block& key, std::size_t bytes, SecretVector<Block>& row) const {
    if (chunk_.columns * sizeof(Ring) <= sizeof(Block)) {
      return reinterpret_cast<const std::uint8_t*>(&key);
    }
    row.resize((chunk_.columns * bytes + kSlack + sizeof(Block) - 1) / sizeof(Block));
    Prg(key).fill(std::span<Block>(row));
    return reinterpret_cast<const std::uint8_t*>(row.data());
  }

  // Choice (b, r, l) goes with row (b, l) of the right matrices and row (b, r) of the result.
  std::size_t right_row(std::size_t i) const {
    const std::size_t choice = chunk_.first + i;
    return choice / (size_.rows * size_.inner) * size_.inner + choice % size_.inner;
  }
  Ring* out_row(std::size_t i) const {
    return out_.data() + (chunk_.first + i) / size_.inner * size_.columns + chunk_.first_column;
  }

  Session& session_;
  const GilboaSize& size_;
  const Chunk& chunk_;
  std::span<Ring> out_;
  Tccr tccr_;
  std::uint64_t tweak_ = 0;
  SecretVector<Block> blocks_;
  SecretVector<std::uint8_t> choices_;
  SecretVector<std::uint8_t> payload_;
  SecretVector<Block> row_;
  SecretVector<Block> other_row_;
  Secret<Keys> keys_;
  Secret<Keys> other_keys_;
};

}  // namespace

void gilboa(Session& session, const GilboaSize& size, std::span<const Ring> left, Range receive,
            std::span<const Ring> right, Range send, std::span<Ring> out) {
  session.init_ot();
  const std::vector<Chunk> receiving = chunks(size, receive);
  const std::vector<Chunk> sending = chunks(size, send);
  for (std::size_t i = 0; i < std::max(receiving.size(), sending.size()); ++i) {
    std::vector<Direction> receiver;
    std::vector<Direction> sender;
    if (i < receiving.size()) receiver.emplace_back(session, size, receiving[i], out);
    if (i < sending.size()) sender.emplace_back(session, size, sending[i], out);
    // Both parties reserve the same way: for what party 0 sends, then for what party 1 sends.
    for (const int party : {0, 1}) {
      for (Direction& direction : party == session.party() ? sender : receiver) {
        direction.set_tweak(session.reserve_tweaks(direction.tweaks()));
      }
    }
    for (Direction& direction : receiver) direction.request(left);
    for (Direction& direction : sender) direction.answer(right);
    for (Direction& direction : receiver) direction.finish();
  }
}

Cost gilboa_cost(const GilboaSize& size, Range sends_0, Range sends_1, int ot_k) {
  const std::array<std::vector<Chunk>, 2> sending{chunks(size, sends_0), chunks(size, sends_1)};
  Cost cost;
  for (std::size_t i = 0; i < std::max(sending[0].size(), sending[1].size()); ++i) {
    Cost step;
    for (const int party : {0, 1}) {
      const std::vector<Chunk>& mine = sending[static_cast<std::size_t>(party)];
      if (i >= mine.size()) continue;
      const Cost request = cot_extend_cost(mine[i].count * size.bits, ot_k, party);
      const Cost answer =
          message_cost(party, mine[i].count * mine[i].columns * payload_bytes(size.bits));
      step = parallel(step, parallel(request, answer));
      // Each party sends its request and waits for the other's, then the same with the answers. In
      // one direction alone, there is one wait.
      cost.rounds += 1;
    }
    cost = parallel(cost, {step.bytes, step.messages, 0});
  }
  return cost;
}

}  // namespace duet
