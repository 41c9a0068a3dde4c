#include "inner_product_layout.h"

#include <algorithm>

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

SecretVector<Ring> InnerProductLayout::upload(std::size_t index, const Rows& left) const {
  const std::size_t begin = entries_.begin * k_ + index * kRlweSize;
  SecretVector<Ring> poly(std::min(kRlweSize, entries_.end * k_ - begin));
  for (std::size_t done = 0; done < poly.size();) {
    const std::size_t first = (begin + done) % k_;
    const std::size_t count = std::min(k_ - first, poly.size() - done);
    left.read((begin + done) / k_, first, std::span(poly).subspan(done, count));
    done += count;
  }
  return poly;
}

Range InnerProductLayout::uploads_of(std::size_t answer) const {
  return {answer * k_ / kRlweSize, ceil_divide((answer + 1) * k_, kRlweSize)};
}

// What lies at coefficient j of the upload meets coefficient -j, where X^N = -1.
void InnerProductLayout::factor(std::size_t answer, std::size_t index, const Rows& right,
                                std::span<Ring> poly) const {
  std::fill(poly.begin(), poly.end(), 0);
  // Positions, among all entries of the layout, that this upload holds of this inner product.
  const std::size_t begin = std::max(answer * k_, index * kRlweSize);
  const std::size_t end = std::min((answer + 1) * k_, (index + 1) * kRlweSize);
  const std::span<Ring> entries = poly.subspan(begin % kRlweSize, end - begin);
  right.read(entries_.begin + answer, begin - answer * k_, entries);
  for (Ring& entry : entries) entry = 0 - entry;
  std::reverse(poly.begin() + 1, poly.end());
  poly[0] = 0 - poly[0];
}

std::vector<std::size_t> InnerProductLayout::wanted(std::size_t) const { return {0}; }

std::vector<std::size_t> InnerProductLayout::entries(std::size_t answer) const {
  return {first_result_ + entries_.begin + answer};
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
