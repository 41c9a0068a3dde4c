#include "duet/base_ot.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>

#include <cstring>
#include <memory>
#include <stdexcept>
#include <vector>

#include "duet/errors.h"
#include "duet/secret.h"

namespace duet {
namespace {

using PointBytes = std::array<std::uint8_t, kPointBytes>;

struct Free {
  void operator()(BN_CTX* context) const { BN_CTX_free(context); }
  void operator()(EC_GROUP* group) const { EC_GROUP_free(group); }
  void operator()(BIGNUM* number) const { BN_clear_free(number); }
  void operator()(EC_POINT* point) const { EC_POINT_clear_free(point); }
};
using Scalar = std::unique_ptr<BIGNUM, Free>;
using Point = std::unique_ptr<EC_POINT, Free>;

void require(bool good) {
  if (!good) throw Error("base OT: OpenSSL's elliptic curve arithmetic failed");
}

// The group of the points of P-256, written additively.
class Curve {
 public:
  Curve() : context_(BN_CTX_new()), group_(EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1)) {
    require(context_ && group_);
  }

  // Uniform in 1 … order − 1. The order is so near to 2^256 that a second try is hardly ever
  // needed.
  Scalar random_scalar(Randomness& random) const {
    Scalar scalar(BN_new());
    require(scalar != nullptr);
    BN_set_flags(scalar.get(), BN_FLG_CONSTTIME);
    Secret<std::array<std::uint8_t, 32>> bytes;
    do {
      random.fill(bytes.expose());
      require(BN_bin2bn(bytes.expose().data(), 32, scalar.get()) != nullptr);
    } while (BN_is_zero(scalar.get()) ||
             BN_cmp(scalar.get(), EC_GROUP_get0_order(group_.get())) >= 0);
    return scalar;
  }

  Point times_generator(const Scalar& scalar) const {
    Point result = new_point();
    require(EC_POINT_mul(group_.get(), result.get(), scalar.get(), nullptr, nullptr,
                         context_.get()) == 1);
    return result;
  }

  Point times(const Scalar& scalar, const Point& point) const {
    Point result = new_point();
    require(EC_POINT_mul(group_.get(), result.get(), nullptr, point.get(), scalar.get(),
                         context_.get()) == 1);
    return result;
  }

  Point add(const Point& a, const Point& b) const {
    Point result = new_point();
    require(EC_POINT_add(group_.get(), result.get(), a.get(), b.get(), context_.get()) == 1);
    return result;
  }

  void negate(Point& point) const {
    require(EC_POINT_invert(group_.get(), point.get(), context_.get()) == 1);
  }

  PointBytes encode(const Point& point) const {
    PointBytes bytes;
    require(EC_POINT_point2oct(group_.get(), point.get(), POINT_CONVERSION_UNCOMPRESSED,
                               bytes.data(), bytes.size(), context_.get()) == bytes.size());
    return bytes;
  }

  // Checks that the point is on the curve; the group has no subgroups.
  Point decode(const PointBytes& bytes) const {
    Point point = new_point();
    if (EC_POINT_oct2point(group_.get(), point.get(), bytes.data(), bytes.size(), context_.get()) !=
        1) {
      throw ProtocolError("base OT: what the peer sent is not a point of P-256");
    }
    return point;
  }

 private:
  Point new_point() const {
    Point point(EC_POINT_new(group_.get()));
    require(point != nullptr);
    return point;
  }

  std::unique_ptr<BN_CTX, Free> context_;
  std::unique_ptr<EC_GROUP, Free> group_;
};

// The key of a transfer: SHA-256 over its number, both public points and the secret point.
Block derive_key(std::uint64_t number, const PointBytes& a, const PointBytes& b,
                 const PointBytes& secret) {
  Secret<std::array<std::uint8_t, 8 + 3 * kPointBytes>> input;
  std::uint8_t* out = input.expose().data();
  std::memcpy(out, &number, 8);
  std::memcpy(out + 8, a.data(), kPointBytes);
  std::memcpy(out + 8 + kPointBytes, b.data(), kPointBytes);
  std::memcpy(out + 8 + 2 * kPointBytes, secret.data(), kPointBytes);
  Secret<std::array<std::uint8_t, 32>> digest;
  require(EVP_Digest(out, input.expose().size(), digest.expose().data(), nullptr, EVP_sha256(),
                     nullptr) == 1);
  Block key;
  std::memcpy(&key, digest.expose().data(), sizeof key);
  return key;
}

Block derive_key(const Curve& curve, std::uint64_t number, const PointBytes& a, const PointBytes& b,
                 const Point& secret) {
  const Secret<PointBytes> bytes(curve.encode(secret));
  return derive_key(number, a, b, bytes.expose());
}

}  // namespace

void base_ot_send(Channel& channel, Randomness& random, std::span<std::array<Block, 2>> keys) {
  const Curve curve;
  const Scalar a = curve.random_scalar(random);
  const Point a_point = curve.times_generator(a);
  const PointBytes a_bytes = curve.encode(a_point);
  channel.send(a_bytes);

  // The receiver's point is B = b·G + c·A, so it knows a·B − c·a·A = b·A and nothing of the other.
  Point minus_aa = curve.times(a, a_point);
  curve.negate(minus_aa);
  const auto answers = channel.receive<PointBytes>(keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const Point secret = curve.times(a, curve.decode(answers[i]));
    keys[i] = {derive_key(curve, i, a_bytes, answers[i], secret),
               derive_key(curve, i, a_bytes, answers[i], curve.add(secret, minus_aa))};
  }
}

void base_ot_receive(Channel& channel, Randomness& random, std::span<const std::uint8_t> choices,
                     std::span<Block> keys) {
  if (choices.size() != keys.size()) throw std::invalid_argument("base OT: lengths differ");
  const Curve curve;
  PointBytes a_bytes;
  channel.receive(std::span(a_bytes));
  const Point a_point = curve.decode(a_bytes);

  std::vector<PointBytes> answers(keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const Scalar b = curve.random_scalar(random);
    const Point b_point = curve.times_generator(b);
    const Secret<PointBytes> if_zero(curve.encode(b_point));
    const Secret<PointBytes> if_one(curve.encode(curve.add(b_point, a_point)));
    // Both are computed and one is picked by a mask: neither time nor memory show the choice.
    const auto mask = static_cast<std::uint8_t>(0 - choices[i]);
    for (std::size_t j = 0; j < kPointBytes; ++j) {
      const int difference = if_zero.expose()[j] ^ if_one.expose()[j];
      answers[i][j] = static_cast<std::uint8_t>(if_zero.expose()[j] ^ (difference & mask));
    }
    keys[i] = derive_key(curve, i, a_bytes, answers[i], curve.times(b, a_point));
  }
  channel.send(std::span<const PointBytes>(answers));
  channel.flush();
}

}  // namespace duet
