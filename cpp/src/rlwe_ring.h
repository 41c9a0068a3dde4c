// Polynomials modulo X^N + 1 and the primes of the lattice encryption (rlwe.h): parameters, random
// polynomials, and how they go over the wire.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "duet/aligned.h"
#include "duet/block.h"
#include "duet/prg.h"
#include "duet/secret.h"
#include "ntt.h"
#include "residues.h"

namespace duet {

inline constexpr std::size_t kRlweSize = 8192;  // N: coefficients of a polynomial
inline constexpr std::size_t kRlwePrimes = 4;   // Q is their product, of 200 bits
inline constexpr unsigned kRlwePrimeBits = 50;

// The largest primes below 2^50 that are 1 modulo 2N.
inline constexpr std::array<Modulus, kRlwePrimes> kModuli{
    Modulus(1125899906826241), Modulus(1125899906629633), Modulus(1125899905744897),
    Modulus(1125899905351681)};

std::span<const Ntt> rlwe_ntts();
std::span<const Residues> rlwe_residues();
std::uint64_t rlwe_root(std::size_t prime);  // a primitive 2N-th root of unity

// All entries modulo the first prime, then all modulo the second, and so on. Some polynomials have
// the first few primes only.
using RnsPoly = AlignedVector<std::uint64_t>;
using SecretRnsPoly = SecretVector<std::uint64_t>;

template <class Values>
auto part(Values& values, std::size_t prime) {
  return std::span(values).subspan(prime * kRlweSize, kRlweSize);
}

template <class Values>
std::size_t primes_of(const Values& values) {
  return values.size() / kRlweSize;
}

// To the transforms of all parts, and back.
void to_transform(std::span<std::uint64_t> poly);
void to_coefficients(std::span<std::uint64_t> poly);

SecretVector<std::uint64_t> random_words(Prg& prg, std::size_t count);

// Coefficients 1, 0 or -1, each with probability 1/3 up to 2^-62.
SecretVector<std::int8_t> random_ternary(Prg& prg);
SecretRnsPoly transformed(std::span<const std::int8_t> coefficients, std::size_t primes);

// For every coefficient a number in two's complement: centred binomial, of variance 10.5: deviation
// 3.24, at most 21.
SecretVector<std::uint64_t> small_errors(Prg& prg);
// Adds them to a polynomial modulo so many primes as it has.
void add_errors(SecretRnsPoly& poly, std::span<const std::uint64_t> errors);

// x(X^exponent), coefficient by coefficient, modulo one prime. `exponent` is odd, below 2N.
void substitute(std::span<const std::uint64_t> x, std::size_t exponent, std::size_t prime,
                std::span<std::uint64_t> out);

// Transforms of (-a·s + m, a), where a is uniform. On the wire, the seed of a and then the first
// polynomial, 50 bits for each coefficient.
struct RlweCiphertext {
  static RlweCiphertext parse(std::span<const std::uint8_t> bytes, std::size_t primes);

  RnsPoly body;    // -a·s + m
  RnsPoly random;  // a
};

constexpr std::size_t ciphertext_bytes(std::size_t primes) {
  return sizeof(Block) + primes * kRlweSize * kRlwePrimeBits / 8;
}

// `message`: coefficients of m, errors included, modulo so many primes as the ciphertext is to
// have.
std::vector<std::uint8_t> encrypt_symmetric(SecretRnsPoly message, const SecretRnsPoly& secret,
                                            Prg& prg);

}  // namespace duet
