#include "duet/errors.h"
#include "duet/mask.h"
#include "duet/open_arith.h"
#include "protocol.h"

namespace {

using namespace duet;

void masking_and_opening() {
  Sessions both;
  for (const Shape& shape : {Shape{}, Shape{0}, Shape{3}, Shape{30, 7}, Shape{300, 700}}) {
    const Tensor<Ring> x = random_values(shape, 1);
    const Shares shares = share_out(x, 2);
    std::array<Mask, 2> mask;
    std::array<OpenArith, 2> open;
    std::array<Masked, 2> masked;
    Shares opened;
    both.run(Mask::setup_cost(), [&](Session& s, std::size_t p) { mask[p].setup(s, shape); });
    both.run(Mask::online_cost(x.size()), [&](Session& s, std::size_t p) {
      mask[p].send(s, shares[p]);
      masked[p] = mask[p].receive(s);
    });
    both.run(OpenArith::online_cost(x.size()), [&](Session& s, std::size_t p) {
      open[p].send(s, unmask(masked[p], s.party()));
      opened[p] = open[p].receive(s);
    });
    CHECK(equal(opened[0], x) && equal(opened[1], x));
    CHECK(equal(masked[0].sum, masked[1].sum));
    CHECK(equal(sub(masked[0].sum, add(mask[0].mask(), mask[1].mask())), x));
  }
  both.check_traces("mask_and_open_arith");
}

void independent_ops_share_a_round() {
  Sessions both;
  const Tensor<Ring> x = random_values({5}, 1);
  Shares sums;
  std::array<std::array<OpenArith, 2>, 2> open;
  const Cost once = OpenArith::online_cost(5);
  both.run(parallel(once, once), [&](Session& s, std::size_t p) {
    for (OpenArith& op : open[p]) op.send(s, x);
    sums[p] = add(open[p][0].receive(s), open[p][1].receive(s));
  });
  CHECK(equal(sums[0], shift_left(x, 2)));
}

void masked_values_can_be_moved() {
  const Masked a{Tensor<Ring>({1, 2}, {5, 6}), Tensor<Ring>({1, 2}, {1, 2})};
  const Masked moved = concat(1, transpose(a, {1, 0}), reshape(a, {2, 1}));
  CHECK(equal(moved.sum, {{2, 2}, {5, 5, 6, 6}}));
  CHECK(equal(moved.mask, {{2, 2}, {1, 1, 2, 2}}));
}

void a_mask_is_used_once() {
  auto channels = Channel::local_pair();
  Session session(std::move(channels.first), 0, Randomness::os(), Block{});
  Mask mask;
  CHECK(message_of<SetupError>([&] { mask.send(session, Tensor<Ring>()); }) ==
        "mask: step 1 of the online phase needs a setup of its own, and there was none");
  mask.setup(session, {2});
  const Tensor<Ring> first = mask.mask();
  message_of<SetupError>([&] { mask.receive(session); });
  mask.send(session, Tensor<Ring>({2}));
  CHECK(message_of<SetupError>([&] { mask.send(session, Tensor<Ring>({2})); }) ==
        "mask: step 1 of the online phase needs a setup of its own, of which 1 steps are used");
  mask.setup(session, {2});
  CHECK(!equal(first, mask.mask()));
  message_of<std::invalid_argument>([&] { mask.send(session, Tensor<Ring>({3})); });
}

}  // namespace

int main() {
  masking_and_opening();
  independent_ops_share_a_round();
  masked_values_can_be_moved();
  a_mask_is_used_once();
}
