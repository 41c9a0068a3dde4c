#include <algorithm>
#include <cstring>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "duet/client_proofs.h"
#include "duet/errors.h"
#include "proof_evaluation.h"
#include "proofs.h"
#include "protocol.h"

namespace {

using namespace duet;

void integers_of_256_bits() {
  const Int256 big{{~0ULL, ~0ULL, ~0ULL, 0}};
  CHECK((big + Int256::of(1) == Int256{{0, 0, 0, 1}}));
  CHECK((Int256{{0, 0, 0, 1}} - Int256::of(1) == big));
  CHECK((-Int256::of(1) == Int256::of_signed(-1)));
  CHECK((Int256::of(~Wide{0}) * ~Wide{0} == Int256{{1, 0, ~1ULL, ~0ULL}}));
  CHECK((Int256{{1, 2, 3, 4}} << 0) == (Int256{{1, 2, 3, 4}}));
  CHECK((Int256{{1, 2, 3, 4}} << 65) == (Int256{{0, 2, 4, 6}}));
  CHECK((Int256{{1ULL << 63, 0, 0, 0}} << 129) == (Int256{{0, 0, 0, 1}}));
  ProductSum sum;
  for (int i = 0; i < 5; ++i) sum.add(~0ULL, ~0ULL);
  CHECK(sum.value() == Int256::of(~0ULL) * Wide{~0ULL} * std::uint64_t{5});
}

void primes() {
  for (const std::uint64_t prime : {2ULL, 37ULL, 41ULL, 2305843009213693951ULL})
    CHECK(is_prime(prime));
  // Carmichael numbers, and strong pseudoprimes to the first bases.
  for (const std::uint64_t composite : {0ULL, 1ULL, 561ULL, 1373653ULL, 3215031751ULL,
                                        341550071728321ULL, 3825123056546413051ULL}) {
    CHECK(!is_prime(composite));
  }
  Prg prg({3, 4});
  std::vector<std::uint64_t> found;
  for (int i = 0; i < 200; ++i) {
    const std::uint64_t p = Prime61::random(prg).p();
    CHECK(is_prime(p) && p >> 60 == 1);
    found.push_back(p);
  }
  std::ranges::sort(found);
  CHECK(std::ranges::adjacent_find(found) == found.end());
  for (const std::uint64_t p : {found.front(), found.back(), std::uint64_t{2305843009213693951}}) {
    const Prime61 prime(p);
    CHECK(prime.reduce((Wide{1} << 124) - 1) ==
          static_cast<std::uint64_t>(((Wide{1} << 124) - 1) % p));
    CHECK(prime.mul(p - 1, p - 1) == 1 && prime.sub(0, 1) == p - 1 && prime.add(p - 1, 1) == 0);
    CHECK(prime.reduce(Int256{{0, 1, 0, 0}}) == prime.two64());
    CHECK(prime.reduce(Int256{{p - 1, 0, 0, 0}} * Wide{p}) == 0);
  }
}

void honest_proofs_hold() {
  for (const unsigned bits : {64U, 72U, 80U, 88U, 104U}) {
    for (const std::size_t row : {1, 4, 8, 16, 64}) {
      for (const std::size_t entries : {1, 5, 16, 63, 64, 65, 200}) {
        const Norm norm(entries, bits, row);
        const ProvenUpload upload = uploaded(norm.layout, norm.values);
        CHECK(upload.low.size() == entries + 4);
        CHECK(upload.high.size() == (entries + 4) * (bits - 64) / 8);
        CHECK(upload.proof.size() == 32 * 2 * (row + 1));
        CHECK(accepted(norm.layout, upload));
      }
    }
  }
}

void servers_get_shares_of_values_and_squares() {
  const Norm norm(300, 80, 16);
  const ProvenUpload upload = uploaded(norm.layout, norm.values);
  const Block key = upload_key(upload.seed, kContext);
  const SecretVector<Ring> first = expand_upload(norm.layout, key);
  for (std::size_t i = 0; i < first.size(); ++i) {
    CHECK(first[i] + upload.low[i] == static_cast<Ring>(norm.values[i]));
  }
  const ProofPoint point(norm.layout, Block{1, 1});
  const ProofHalf a = evaluate_seed(norm.layout, point, key);
  const ProofHalf b = evaluate_masked(norm.layout, point, masked(upload));
  const std::span<const std::int64_t> x(norm.values);
  CHECK(a.products[0] + b.products[0] == squared_norm(x.first(300)).limbs[0]);
  CHECK(a.products[1] + b.products[1] == squared_norm(x.subspan(300)).limbs[0]);
  CHECK(a.products[0] != 0 && b.products[0] != 0);
}

Int256 inner_product(std::span<const std::int64_t> x, std::span<const std::int64_t> y) {
  Int256 sum;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const std::uint64_t magnitude = static_cast<std::uint64_t>(x[i] < 0 ? -x[i] : x[i]);
    const Int256 product = Int256::of_signed(y[i]) * Wide{magnitude};
    sum += x[i] < 0 ? -product : product;
  }
  return sum;
}

// Of vectors with shares of any widths, and with rows of any length: products of two, in either
// order, and squares.
void servers_get_shares_of_products() {
  for (const std::size_t entries : {1, 15, 16, 100}) {
    for (const std::size_t row : {1, 16, 64}) {
      const ProofLayout layout({{entries, 80, row}, {4, 72, 0}, {entries, 104, row}}, {},
                               {{2, 0}, {0, 0}, {0, 2}, {2, 2}});
      CHECK(layout.coefficients() == 8 * row);
      CHECK(layout.message_bytes() == 8 * (layout.all_rows() + 1));
      const Values values = random_entries(2 * entries + 4, 40, entries);
      const ProvenUpload upload = uploaded(layout, values);
      CHECK(accepted(layout, upload));
      const std::span<const std::int64_t> x = std::span(values).first(entries);
      const std::span<const std::int64_t> y = std::span(values).subspan(entries + 4);
      const ProofPoint point(layout, Block{1, 1});
      const ProofHalf a = evaluate_seed(layout, point, upload_key(upload.seed, kContext));
      const ProofHalf b = evaluate_masked(layout, point, masked(upload));
      const std::array expected{inner_product(x, y), squared_norm(x), inner_product(x, y),
                                squared_norm(y)};
      for (std::size_t i = 0; i < expected.size(); ++i) {
        CHECK(a.products[i] + b.products[i] == expected[i].limbs[0]);
      }
    }
  }
}

// Whatever is said of the product, of either vector's entries or of where they are.
void other_products_are_refused() {
  const ProofLayout layout({{40, 80, 8}, {40, 88, 8}}, {}, {{0, 1}});
  const Values values = random_entries(80, 24, 3);
  const ProvenUpload honest = uploaded(layout, values);
  const auto refused = [&](const std::function<void(ProvenUpload&)>& change) {
    ProvenUpload upload{honest.seed, honest.low, honest.high, honest.proof};
    change(upload);
    return !accepted(layout, upload);
  };
  CHECK(!refused([](ProvenUpload&) {}));
  // The product itself (the last polynomial's coefficient 7), by 1, its sign, and 2^64.
  constexpr std::size_t kProduct = std::size_t{32} * (16 + 16 + 7);
  for (const std::size_t byte : {0, 8, 31}) {
    CHECK(refused([&](ProvenUpload& u) { u.proof[kProduct + byte] ^= 1; }));
  }
  CHECK(refused([](ProvenUpload& u) { std::swap_ranges(&u.low[0], &u.low[40], &u.low[40]); }));
  CHECK(refused([](ProvenUpload& u) { std::swap(u.low[3], u.low[4]); }));
  CHECK(refused([](ProvenUpload& u) { u.high[5] ^= 1; }));
  CHECK(refused([](ProvenUpload& u) { u.high[80 + 5] ^= 1; }));
  // A right proof of other values: of the vectors' products with themselves, with each other's.
  Values swapped = values;
  std::rotate(swapped.begin(), swapped.begin() + 40, swapped.end());
  const ProvenUpload other = uploaded(layout, swapped);
  CHECK(refused([&](ProvenUpload& u) {
    std::copy(other.proof.begin() + 32 * 32, other.proof.end(), u.proof.begin() + 32 * 32);
  }));
}

// Extreme values: shares of all widths, with entries at the ends of 64 bits.
void large_entries() {
  const std::int64_t most = std::numeric_limits<std::int64_t>::max();
  const Values values{most, -most - 1, 0, 1, -1, most, 5, -5};
  const ProofLayout layout({{4, 104, 4}, {4, 104, 1}},
                           {{{{0, 1, 0}, {1, 1, 0}}, constant(squared_norm(values))}}, {});
  CHECK(accepted(layout, uploaded(layout, values)));
}

// Where shares are as narrow as the values, most seeds do not fit; a client draws another one.
void seeds_are_drawn_again() {
  const Values values{std::int64_t{1} << 62, 3 - (std::int64_t{1} << 62), 0, 0, 1, 2};
  const ProofLayout layout({{2, 64, 1}, {4, 64, 1}},
                           {{{{0, 1, 0}, {1, 1, 0}}, constant(squared_norm(values))}}, {});
  int first = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const ProvenUpload upload = uploaded(layout, values, seed);
    CHECK(accepted(layout, upload));
    first += upload.seed == Randomness::for_tests({seed, 9}).seed();
  }
  CHECK(first > 35 && first < 78);  // 9/16 of them
  const Values many(400, std::int64_t{1} << 62);
  const ProofLayout narrow({{400, 64, 16}}, {{{{0, 1, 0}}, constant(squared_norm(many))}}, {});
  CHECK(message_of<RangeError>([&] { uploaded(narrow, many); }) ==
        "prove: the values are too large for shares of so few bits");
  const ProofLayout nothing({{400, 64, 0}}, {}, {});  // is proved: the first seed is as good as any
  CHECK(uploaded(nothing, many).seed == Randomness::for_tests({1, 9}).seed());
}

// Statements with sums: truth values, numbers of an interval.
void statements_with_sums() {
  const ProofLayout truth({{40, 80, 8}}, {{{{0, 1, -1}}, constant(Int256{})}}, {});
  Values values(40);
  for (std::size_t i = 0; i < 40; i += 3) values[i] = 1;
  CHECK(accepted(truth, uploaded(truth, values)));
  for (const std::int64_t value : {2, -1, 5}) {
    Values changed = values;
    changed[7] = value;
    CHECK(!accepted(truth, uploaded(truth, changed)));
  }

  // -10 <= x <= 50: x + 10 and 50 - x are sums of four squares.
  const auto interval = [](std::int64_t x, Values y) {
    const ProofLayout layout({{1, 80, 0}, {4, 80, 1}, {4, 80, 1}},
                             {{{{1, 1, 0}, {0, 0, -1}}, constant(Int256::of(10))},
                              {{{2, 1, 0}, {0, 0, 1}}, constant(Int256::of(50))}},
                             {});
    y.insert(y.begin(), x);
    return accepted(layout, uploaded(layout, y));
  };
  CHECK(interval(-10, {0, 0, 0, 0, 7, 3, 1, 1}));
  CHECK(interval(50, {7, 3, 1, 1, 0, 0, 0, 0}));
  CHECK(interval(-3, {2, 1, 1, 1, 7, 2, 0, 0}));
  CHECK(!interval(-11, {0, 0, 0, 1, 7, 3, 1, 1}) && !interval(51, {7, 3, 1, 1, 0, 0, 0, 1}));
}

// Every `length` of all entries are a one-hot vector.
ProofLayout one_hot(std::size_t vectors, std::size_t length, unsigned bits = 80,
                    std::size_t row = 8) {
  return {{{vectors * length, bits, row}}, {{{{0, 1, -1}}, constant(Int256{})}}, {}, {{0, length}}};
}

void one_hot_vectors() {
  Prg prg({6, 6});
  for (const unsigned bits : {64U, 72U, 80U, 104U}) {
    for (const std::size_t row : {1, 4, 16}) {
      for (const std::size_t length : {1, 3, 4, 16, 50}) {  // parts within rows, and across them
        for (const std::size_t vectors : {1, 2, 7}) {
          const ProofLayout layout = one_hot(vectors, length, bits, row);
          CHECK(layout.all_statements() == 1 + vectors);
          CHECK(layout.message_bytes() == 8 * (layout.all_rows() + 1) + 32 * (1 + vectors));
          Values values(vectors * length);
          for (std::size_t v = 0; v < vectors; ++v) values[v * length + prg.next() % length] = 1;
          CHECK(accepted(layout, uploaded(layout, values)));
          for (std::size_t v = 0; v < vectors; ++v) {  // none in this one
            Values changed = values;
            std::fill_n(changed.begin() + static_cast<std::ptrdiff_t>(v * length), length, 0);
            CHECK(!accepted(layout, uploaded(layout, changed)));
          }
        }
      }
    }
  }
}

// Vectors that differ from one-hot ones as little as there is, or in what a sum, a sum of squares,
// or numbers modulo 2^64 do not show.
void vectors_that_are_not_one_hot() {
  const auto refused = [](std::size_t vectors, const Values& values) {
    const ProofLayout layout = one_hot(vectors, values.size() / vectors);
    return !accepted(layout, uploaded(layout, values));
  };
  constexpr std::int64_t k32 = std::int64_t{1} << 32;
  constexpr std::int64_t k63 = std::numeric_limits<std::int64_t>::min();
  CHECK(!refused(1, {0, 0, 1, 0, 0, 0}));
  CHECK(refused(1, {0, 0, 0, 0, 0, 0}) && refused(1, {0, 0, 1, 0, 1, 0}));
  CHECK(refused(1, {2, -1, 0, 0, 0, 0}) && refused(1, {2, 0, 0, 0, 0, 0}));
  CHECK(refused(1, {-1, 0, 0, 0, 0, 0}) && refused(1, {1, 1, -1, 0, 0, 0}));
  // The sum is 1 over the integers, and that of the squares is modulo 2^64.
  CHECK(refused(1, {k32, -k32, 1, 0, 0, 0}));
  // Both are modulo 2^64, neither over the integers.
  CHECK(refused(1, {k63, k63, 1, 0, 0, 0}));
  CHECK(refused(1, {k32, k32, k32, k32, 1 - 4 * k32, 0}));
  // The sum of all entries of two vectors is right, that of each is not.
  CHECK(!refused(2, {0, 1, 0, 0, 0, 1}));
  CHECK(refused(2, {1, 1, 0, 0, 0, 0}) && refused(2, {0, 0, 0, 1, 1, 0}));
  CHECK(refused(2, {1, 1, 1, -1, 0, 0}));
  // Every sum is right, and of all squares only that the total is: 4 + 1 and 1 + 0 + 0, say.
  CHECK(refused(3, {2, -1, 1, 0, 0, 1}));

  // Entries that only the high bits of shares show; the other vector makes up for the sum.
  const ProofLayout layout = one_hot(2, 3);
  const ProvenUpload honest = uploaded(layout, {0, 1, 0, 0, 0, 1});
  CHECK(accepted(layout, honest));
  for (const int bit : {0x01, 0x80}) {
    ProvenUpload upload{honest.seed, honest.low, honest.high, honest.proof};
    upload.high[2 * 1] ^= static_cast<std::uint8_t>(bit);
    CHECK(!accepted(layout, upload));
    upload.high[2 * 4] ^= static_cast<std::uint8_t>(bit);
    CHECK(!accepted(layout, upload));
  }
}

// The sums alone, with nothing said of squares: each is right over the integers, or refused.
void unit_sums_are_exact() {
  const ProofLayout layout({{4, 80, 0}, {6, 104, 0}}, {}, {}, {{1, 3}, {0, 2}});
  const Values values{-5, 6, 1, 0, 1LL << 62, -(1LL << 62), 1, 100, -100, 1};
  CHECK(accepted(layout, uploaded(layout, values)));
  for (std::size_t i = 0; i < values.size(); ++i) {
    for (const std::int64_t by : {std::int64_t{1}, std::int64_t{-1}, std::int64_t{1} << 40}) {
      Values changed = values;
      changed[i] += by;
      CHECK(!accepted(layout, uploaded(layout, changed)));
      changed[(i + 5) % values.size()] -= by;  // of another part
      CHECK(!accepted(layout, uploaded(layout, changed)));
    }
  }
  // What shares modulo 2^64 do not show.
  const ProvenUpload honest = uploaded(layout, values);
  for (std::size_t i = 0; i < honest.high.size(); ++i) {
    ProvenUpload upload{honest.seed, honest.low, honest.high, honest.proof};
    upload.high[i] ^= 1;
    CHECK(!accepted(layout, upload));
  }
}

void cheats_are_refused() {
  const Norm norm(200, 80, 16);
  const ProvenUpload honest = uploaded(norm.layout, norm.values);
  const auto refused = [&](const std::function<void(ProvenUpload&)>& change) {
    ProvenUpload upload{honest.seed, honest.low, honest.high, honest.proof};
    change(upload);
    return !accepted(norm.layout, upload);
  };
  CHECK(!refused([](ProvenUpload&) {}));
  // Entries that are larger by 1, 2^63, 2^64 (which the ring does not see) and 2^79.
  CHECK(refused([](ProvenUpload& u) { u.low[3] += 1; }));
  CHECK(refused([](ProvenUpload& u) { u.low[3] += 1ULL << 63; }));
  CHECK(refused([](ProvenUpload& u) { u.high[2 * 3] ^= 1; }));
  CHECK(refused([](ProvenUpload& u) { u.high[2 * 3 + 1] ^= 0x80; }));
  CHECK(refused([](ProvenUpload& u) { u.low[203] += 1; }));  // what is missing from the norm
  // The norm itself, and coefficients that no statement is about; the top bit of a coefficient.
  for (const std::size_t coefficient : {0, 15, 16, 31, 32, 33}) {
    CHECK(refused([&](ProvenUpload& u) { u.proof[32 * coefficient] ^= 1; }));
    CHECK(refused([&](ProvenUpload& u) { u.proof[32 * coefficient + 31] ^= 0x80; }));
  }
  CHECK(refused([](ProvenUpload& u) {
    u.proof[32 * 15] ^= 1;
    u.proof[32 * 16] ^= 1;
  }));
  CHECK(refused([](ProvenUpload& u) { std::swap_ranges(&u.low[0], &u.low[16], &u.low[16]); }));
  CHECK(refused([](ProvenUpload& u) { u.seed.lo ^= 1; }));
  const ProvenUpload other = uploaded(norm.layout, norm.values, 2);
  CHECK(refused([&](ProvenUpload& u) { u.proof = other.proof; }));
  CHECK(refused([&](ProvenUpload& u) { u.seed = other.seed; }));
  // Another round, program or client.
  const ProofPoint point(norm.layout, Block{7, 8});
  CHECK(!accepted(norm.layout, honest, point, {'n', 'e', 'x', 't'}));

  // All that a client can choose freely, for values that are too long: proofs that are right.
  Values longer = norm.values;
  longer[0] += longer[0] < 0 ? -1 : 1;
  CHECK(!accepted(norm.layout, uploaded(norm.layout, longer)));
  // Squares that vanish modulo 2^64: with entries of 2^32 the sum is the constant, in the ring.
  longer = norm.values;
  longer.insert(longer.end(), 4, 0);
  const ProofLayout wider({{204, 80, 16}, {4, 80, 1}}, norm.layout.statements(), {});
  std::rotate(longer.begin() + 200, longer.begin() + 204, longer.end());
  CHECK(accepted(wider, uploaded(wider, longer)));
  for (std::size_t i = 200; i < 204; ++i) longer[i] = std::int64_t{1} << 32;
  CHECK(!accepted(wider, uploaded(wider, longer)));
}

// What server 1 sees of server 0's rows is uniform: 64 classes of all rows of 40 uploads of zeros.
void rows_are_hidden() {
  const ProofLayout layout({{3200, 80, 32}}, {}, {});
  const ProofPoint point(layout, Block{2, 2});
  std::array<int, 64> classes{};
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const ProvenUpload upload = uploaded(layout, Values(3200), seed);
    const ProofHalf half = evaluate_seed(layout, point, upload_key(upload.seed, kContext));
    for (const std::uint64_t value : half.rows) {
      ++classes[static_cast<std::size_t>(static_cast<double>(value) * 64 /
                                         static_cast<double>(point.prime().p()))];
    }
  }
  double chi_squared = 0;
  for (const int count : classes) chi_squared += (count - 62.5) * (count - 62.5) / 62.5;
  CHECK(chi_squared > 25 && chi_squared < 125);
  // A blind of its own for each row: the rows' values differ though all shares are alike modulo it.
  const ProvenUpload upload = uploaded(layout, Values(3200));
  ProofPoint zero(layout, Prime61(2305843009213693951ULL), 0);
  const ProofHalf half = evaluate_seed(layout, zero, upload_key(upload.seed, kContext));
  CHECK(half.rows[0] != half.rows[1]);
}

class HeldUploads final : public MaskedUploads {
 public:
  explicit HeldUploads(const std::vector<ProvenUpload>& uploads) : uploads_(uploads) {}

  std::size_t size() const override { return uploads_.size(); }
  void use(std::size_t client,
           const std::function<void(const MaskedUpload&)>& action) const override {
    action(masked(uploads_[client]));
  }

 private:
  const std::vector<ProvenUpload>& uploads_;
};

struct Round {
  Round(const ProofLayout& proved, const Values& of_each, std::size_t clients)
      : layout(proved), values(of_each) {
    for (std::uint64_t client = 0; client < clients; ++client) {
      uploads.push_back(uploaded(layout, values, client));
    }
  }
  Round(const Norm& norm, std::size_t clients) : Round(norm.layout, norm.values, clients) {}

  std::array<ProofVerdicts, 2> run(Sessions& both) {
    std::vector<Block> keys;
    const HeldUploads parts(uploads);
    for (const ProvenUpload& upload : uploads) {
      keys.push_back(upload_key(upload.seed, kContext));
    }
    std::array<ProofVerdicts, 2> verdicts;
    both.run(ClientProofs::online_cost(uploads.size(), layout.message_bytes()),
             [&](Session& session, std::size_t party) {
               session.begin(Phase::kAgreement);
               session.end();
               verdicts[party] = party == 0 ? ClientProofs::run(session, layout, keys)
                                            : ClientProofs::run(session, layout, parts);
             });
    return verdicts;
  }

  ProofLayout layout;
  Values values;
  std::vector<ProvenUpload> uploads;
};

void both_servers_get_the_verdicts() {
  for (const std::size_t clients : {1, 3, 8, 9}) {
    Round round(Norm(100, 80, 16), clients);
    round.uploads.front().low[5] += 1;
    if (clients > 2) round.uploads.back().proof[100] ^= 4;
    Sessions both;
    const auto verdicts = round.run(both);
    for (std::size_t client = 0; client < clients; ++client) {
      const bool honest = client != 0 && !(clients > 2 && client + 1 == clients);
      CHECK(verdicts[0].accepted[client] == honest && verdicts[1].accepted[client] == honest);
    }
    const Tensor<Ring> squares = add(verdicts[0].products, verdicts[1].products);
    CHECK((squares.shape == Shape{clients, 2}));
    const std::span<const std::int64_t> x(round.values);
    if (clients > 2) CHECK(squares.data[2] == squared_norm(x.first(100)).limbs[0]);
  }
}

// Nothing but a sum is proved, in shares without high bytes: there are no rows and no polynomial.
void sums_alone_are_proved() {
  const ProofLayout layout({{3, 64, 0}}, {{{{0, 0, 1}}, constant(Int256::of(7))}}, {});
  Round round(layout, {4, 1, 2}, 3);
  round.uploads[1].low[0] += 1;
  Sessions both;
  for (const ProofVerdicts& verdicts : round.run(both)) {
    CHECK((verdicts.accepted == Bytes{1, 0, 1}));
  }
}

void both_servers_get_the_verdicts_on_one_hot_vectors() {
  Values values(30);
  values[4] = values[15] = values[29] = 1;
  Round round(one_hot(3, 10), values, 4);
  Values moved = values;  // the first vector has two ones, the second none
  std::swap(moved[15], moved[7]);
  round.uploads[2] = uploaded(round.layout, moved);
  Sessions both;
  for (const ProofVerdicts& verdicts : round.run(both)) {
    CHECK((verdicts.accepted == std::vector<std::uint8_t>{1, 1, 0, 1}));
  }
}

void both_servers_get_the_verdicts_on_products() {
  const ProofLayout layout({{20, 80, 4}, {20, 80, 4}}, {}, {{0, 1}});
  const Values values = random_entries(40, 20, 1);
  Round round(layout, values, 4);
  round.uploads[2].proof[32 * (16 + 3)] ^= 1;
  Sessions both;
  const auto verdicts = round.run(both);
  CHECK((verdicts[0].accepted == Bytes{1, 1, 0, 1} && verdicts[1].accepted == Bytes{1, 1, 0, 1}));
  const std::span<const std::int64_t> x(values);
  const Tensor<Ring> products = add(verdicts[0].products, verdicts[1].products);
  for (const std::size_t client : {0, 1, 3}) {
    CHECK(products.data[client] == inner_product(x.first(20), x.subspan(20)).limbs[0]);
  }
}

void traces_are_pinned() {
  {
    Sessions both;
    Round(Norm(100, 80, 16), 3).run(both);
    both.check_traces("client_proofs");
  }
  Sessions both;
  Round(one_hot(2, 3), {0, 1, 0, 0, 0, 1}, 3).run(both);
  both.check_traces("client_proofs_one_hot");
}

void wrong_layouts_and_sizes() {
  const auto refused = [](ProofVector vector) {
    return message_of<std::invalid_argument>([&] { ProofLayout({vector}, {}, {}); });
  };
  CHECK(!refused({5, 60, 4}).empty() && !refused({5, 112, 4}).empty() &&
        !refused({5, 81, 4}).empty());
  CHECK(!refused({5, 80, 3}).empty() && !refused({5, 80, 8192}).empty());
  CHECK(!message_of<std::invalid_argument>([] {
           ProofLayout({{5, 80, 0}}, {}, {{0, 0}});
         }).empty());
  CHECK(!message_of<std::invalid_argument>([] {
           ProofLayout({{5, 80, 0}}, {{{{0, 1, 0}}, {}}}, {});
         }).empty());
  CHECK(!message_of<std::invalid_argument>([] {
           ProofLayout({{5, 80, 4}}, {{{{1, 0, 1}}, {}}}, {});
         }).empty());
  for (const ProofProduct product : {ProofProduct{0, 1}, {1, 0}, {0, 2}, {0, 3}, {0, 4}}) {
    CHECK(!message_of<std::invalid_argument>([&] {
             ProofLayout({{5, 80, 4}, {6, 80, 4}, {5, 80, 8}, {5, 80, 0}}, {}, {product});
           }).empty());
  }
  for (const ProofUnitSums sums : {ProofUnitSums{0, 0}, {0, 2}, {1, 5}}) {
    CHECK(!message_of<std::invalid_argument>([&] {
             ProofLayout({{5, 80, 0}}, {}, {}, {sums});
           }).empty());
  }
  const Norm norm(10, 80, 4);
  CHECK(message_of<std::invalid_argument>([&] { uploaded(norm.layout, Values(3)); }) ==
        "prove: 3 values for 14");
}

}  // namespace

int main() {
  integers_of_256_bits();
  primes();
  honest_proofs_hold();
  servers_get_shares_of_values_and_squares();
  servers_get_shares_of_products();
  other_products_are_refused();
  large_entries();
  seeds_are_drawn_again();
  statements_with_sums();
  one_hot_vectors();
  vectors_that_are_not_one_hot();
  unit_sums_are_exact();
  cheats_are_refused();
  rows_are_hidden();
  both_servers_get_the_verdicts();
  sums_alone_are_proved();
  both_servers_get_the_verdicts_on_one_hot_vectors();
  both_servers_get_the_verdicts_on_products();
  traces_are_pinned();
  wrong_layouts_and_sizes();
}
