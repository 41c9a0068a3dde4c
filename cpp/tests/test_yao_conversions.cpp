#include "duet/errors.h"
#include "duet/from_yao.h"
#include "duet/open_yao.h"
#include "duet/to_yao.h"
#include "protocol.h"

namespace {

using namespace duet;

Ring low_bits(Ring value, std::size_t width) {
  return width == 64 ? value : value & ((Ring{1} << width) - 1);
}

Ring sign_extended(Ring value, std::size_t width) {
  const Ring low = low_bits(value, width);
  return low >> (width - 1) == 0 || width == 64 ? low : low - (Ring{1} << width);
}

// Arithmetic to Yao, and from there both back and opened.
void there_and_back(Sessions& both, const Shape& shape, std::size_t width, int ot_k) {
  const Tensor<Ring> x = random_values(shape, width);
  const Shares shares = share_out(x, 2);
  struct Party {
    ToYao to;
    FromYao from;
    OpenYao open;
    GarbledTensor garbled;
    Tensor<Ring> back, opened;
  };
  std::array<Party, 2> parties;
  both.run(ToYao::setup_cost(x.size(), width, ot_k),
           [&](Session& s, std::size_t p) { parties[p].to.setup(s, shape, width); });
  both.run(FromYao::setup_cost(x.size()),
           [&](Session& s, std::size_t p) { parties[p].from.setup(s, parties[p].to.labels()); });
  both.run(OpenYao::setup_cost(x.size(), width),
           [&](Session& s, std::size_t p) { parties[p].open.setup(s, parties[p].to.labels()); });
  both.run(ToYao::online_cost(x.size(), width), [&](Session& s, std::size_t p) {
    parties[p].to.send_masked(s, shares[p]);
    parties[p].to.receive_masked(s);
    parties[p].to.send_labels(s);
    parties[p].garbled = parties[p].to.receive_labels(s);
  });
  both.run(FromYao::online_cost(), [&](Session& s, std::size_t p) {
    parties[p].back = parties[p].from.online(s, parties[p].garbled);
  });
  both.run(OpenYao::online_cost(x.size(), width), [&](Session& s, std::size_t p) {
    parties[p].open.send(s, parties[p].garbled);
    parties[p].opened = parties[p].open.receive(s);
  });
  const Tensor<Ring> back = add(parties[0].back, parties[1].back);
  CHECK(back.shape == shape && parties[1].opened.shape == shape);
  for (std::size_t i = 0; i < x.size(); ++i) {
    CHECK(back.data[i] == sign_extended(x.data[i], width));
    CHECK(parties[0].opened.data[i] == low_bits(x.data[i], width));
    CHECK(parties[1].opened.data[i] == low_bits(x.data[i], width));
  }
}

void all_widths_and_shapes() {
  Sessions both;
  for (std::size_t width = 1; width <= 64; ++width) there_and_back(both, {5}, width, 4);
  for (const Shape& shape : {Shape{}, Shape{1}, Shape{16}, Shape{3, 100}}) {
    there_and_back(both, shape, 40, 4);
  }
  there_and_back(both, {1100}, 64, 4);  // more OTs than one message has
  Sessions quieter({8});
  there_and_back(quieter, {30}, 20, 8);
}

void refuses_wrong_widths_and_second_use() {
  Sessions both;
  both.run([](Session& s, std::size_t) {
    ToYao to;
    message_of<SetupError>([&] { to.send_masked(s, Tensor<Ring>()); });
    CHECK(message_of<std::invalid_argument>([&] { to.setup(s, {}, 65); }) ==
          "to_yao: a width of 65 is not within 1 to 64");
    FromYao from;
    message_of<std::invalid_argument>([&] { from.setup(s, {{}, 65, {}}); });
    for (int round = 0; round < 2; ++round) {  // every setup makes it usable again
      to.setup(s, {}, 8);
      from.setup(s, to.labels());
      message_of<SetupError>([&] { to.receive_masked(s); });
      to.send_masked(s, Tensor<Ring>());
      to.receive_masked(s);
      to.send_labels(s);
      const GarbledTensor garbled = to.receive_labels(s);
      from.online(s, garbled);
      message_of<SetupError>([&] { to.receive_labels(s); });
      message_of<SetupError>([&] { to.send_masked(s, Tensor<Ring>()); });
      message_of<SetupError>([&] { from.online(s, garbled); });
    }
  });
}

void traces_are_pinned() {
  Sessions both;
  there_and_back(both, {3}, 20, 4);
  both.check_traces("to_yao_from_yao_open_yao");
}

}  // namespace

int main() {
  all_widths_and_shapes();
  refuses_wrong_widths_and_second_use();
  traces_are_pinned();
}
