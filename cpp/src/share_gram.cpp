#include "duet/share_gram.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <stdexcept>
#include <utility>

#include "duet/linear.h"
#include "gram_layout.h"
#include "orientation.h"
#include "rlwe_product.h"

namespace duet {
namespace {

// Of every row, what is read at a time for this party's own products.
constexpr std::size_t kPiece = 2048;

// What party 0 and party 1 encrypt: one half of the columns each.
struct Halves {
  Halves(std::size_t n, std::size_t k)
      : layouts{std::make_shared<GramLayout>(n, Range{0, k / 2}),
                std::make_shared<GramLayout>(n, Range{k / 2, k})} {}

  Flooding flooding() const { return {layouts[0]->flooding(), layouts[1]->flooding()}; }

  std::array<RlweLayoutPtr, 2> layouts;
};

// X·Xᵀ of this party's shares.
Tensor<Ring> own_products(Session& session, const Rows& x, std::size_t n, std::size_t k) {
  Tensor<Ring> products({n, n});
  SecretVector<Ring> pieces(n * kPiece);
  for (std::size_t first = 0; first < k; first += kPiece) {
    const std::size_t count = std::min(kPiece, k - first);
    const auto piece = [&](std::size_t row) {
      return std::span(pieces).subspan(row * kPiece, count);
    };
    session.parallel(n, [&](std::size_t i) { x.read(i, first, piece(i)); });
    session.parallel(n, [&](std::size_t i) {
      for (std::size_t j = 0; j <= i; ++j) {
        Ring& sum = products.data[i * n + j];
        sum = std::inner_product(piece(i).begin(), piece(i).end(), piece(j).begin(), sum);
      }
    });
  }
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < i; ++j) products.data[j * n + i] = products.data[i * n + j];
  }
  return products;
}

}  // namespace

KernelCosts ShareGram::costs(Sizes& sizes) {
  const Halves halves(sizes["n"], sizes["k"]);
  const auto& [first, second] = halves.layouts;
  return {setup_cost(), rlwe_cost(*first, *second), rlwe_seconds(*first, *second),
          halves.flooding()};
}

void ShareGram::setup(Session& session, const Shape& x) {
  if (x.size() != 2 || x[1] < 2) {
    throw std::invalid_argument("gram: not a matrix of at least two columns");
  }
  const Halves halves(x[0], x[1]);
  const auto own = static_cast<std::size_t>(session.party());
  prepare(std::make_unique<RlweExchange>(session, halves.layouts[own], halves.layouts[1 - own]),
          {x});
}

void ShareGram::send_uploads(Session& session, const Tensor<Ring>& x) {
  send_uploads(session, x.shape, std::make_shared<DenseRows>(x.data, x.shape.back()));
}

void ShareGram::send_uploads(Session& session, const SharedRows& x) {
  send_uploads(session, x.shape(), x.rows());
}

void ShareGram::send_uploads(Session& session, const Shape& shape,
                             const std::shared_ptr<const Rows>& x) {
  check({shape});
  own_ = own_products(session, *x, shape[0], shape[1]);
  start(session, *x, x, Tensor<Ring>({shape[0], shape[0]}));
}

Tensor<Ring> ShareGram::receive_answers(Session& session) {
  const Tensor<Ring> crossed = ShareExchange::receive_answers(session);
  return add(std::exchange(own_, {}), add(crossed, swap_last_axes(crossed)));
}

Cost ShareGram::online_cost(std::uint64_t n, std::uint64_t k) {
  const Halves halves(n, k);
  return rlwe_cost(*halves.layouts[0], *halves.layouts[1]);
}

Flooding ShareGram::flooding(std::uint64_t n, std::uint64_t k) { return Halves(n, k).flooding(); }

}  // namespace duet
