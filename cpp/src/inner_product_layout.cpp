#include "inner_product_layout.h"

#include "rlwe.h"

namespace duet {

InnerProductLayout::InnerProductLayout(Range entries, std::size_t k, std::size_t first_result)
    : entries_(entries), k_(k), first_result_(first_result) {
  packed_ = kMostPacked;
  if (k == 0) return;  // there is nothing to compute
  answers_ = entries.end - entries.begin;
  uploads_ = ceil_divide(answers_ * k, kRlweSize);
}

std::size_t InnerProductLayout::terms() const {
  std::size_t count = 0;
  for (std::size_t answer = 0; answer < answers_; ++answer) {
    count += uploads_of(answer).end - uploads_of(answer).begin;
  }
  return count;
}

std::vector<Ring> InnerProductLayout::upload(std::size_t index, std::span<const Ring> left) const {
  const std::size_t begin = entries_.begin * k_ + index * kRlweSize;
  const std::size_t count = std::min(kRlweSize, entries_.end * k_ - begin);
  const std::span<const Ring> taken = left.subspan(begin, count);
  return {taken.begin(), taken.end()};
}

Range InnerProductLayout::uploads_of(std::size_t answer) const {
  return {answer * k_ / kRlweSize, ceil_divide((answer + 1) * k_, kRlweSize)};
}

std::vector<Ring> InnerProductLayout::factor(std::size_t answer, std::size_t index,
                                             std::span<const Ring> right) const {
  std::vector<Ring> poly(kRlweSize, 0);
  // Positions, among all entries of the layout, that this upload holds of this inner product.
  const std::size_t begin = std::max(answer * k_, index * kRlweSize);
  const std::size_t end = std::min((answer + 1) * k_, (index + 1) * kRlweSize);
  for (std::size_t i = begin; i < end; ++i) {
    put_at_negative(poly, i % kRlweSize, right[entries_.begin * k_ + i]);
  }
  return poly;
}

std::vector<std::size_t> InnerProductLayout::wanted(std::size_t) const { return {0}; }

std::size_t InnerProductLayout::first_result(std::size_t answer) const {
  return first_result_ + entries_.begin + answer;
}

double InnerProductLayout::flooding() const {
  double sum = 0;
  for (std::size_t answer = 0; answer < answers_; ++answer) {
    const Range uploads = uploads_of(answer);
    sum += flooding_distance(uploads.end - uploads.begin);
  }
  return sum;
}

}  // namespace duet
