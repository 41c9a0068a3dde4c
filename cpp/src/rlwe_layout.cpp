#include "rlwe_layout.h"

#include <array>

#include "calibration.h"
#include "rlwe.h"

namespace duet {
namespace {

double times(double seconds, std::size_t count) { return seconds * static_cast<double>(count); }

// On the wire, all answers together: every result comes back once, besides the polynomials.
std::uint64_t answers_bytes(const RlweLayout& layout) {
  return layout.packs() * framed_bytes(answer_bytes(0)) + layout.results() * kSwitchedBytes;
}
static_assert(answer_bytes(kRlweSize) <= kMaxFrameBytes);  // a message is one frame

std::size_t transforms(const RlweLayout& mine, const RlweLayout& theirs) {
  return calibration::kEncryptTransforms * mine.uploads() +
         calibration::kDecryptTransforms * mine.packs() +
         calibration::kAddTransforms * theirs.terms() +
         calibration::kMaskTransforms * theirs.answers() +
         calibration::kMergeTransforms * (theirs.answers() - theirs.packs());
}

// Of one party, on this processor.
double seconds_here(const RlweLayout& mine, const RlweLayout& theirs) {
  return encrypting_seconds(mine) + answering_seconds(theirs) +
         times(calibration::transform_beyond_ifma(transform_in_use()), transforms(mine, theirs));
}

}  // namespace

double encrypting_seconds(const RlweLayout& layout) {
  return times(calibration::kEncrypt, layout.uploads()) +
         times(calibration::kDecrypt, layout.packs());
}

double answering_seconds(const RlweLayout& layout) {
  return times(calibration::kParse, layout.uploads()) + times(calibration::kAdd, layout.terms()) +
         times(calibration::kMask, layout.answers()) +
         times(calibration::kMerge, layout.answers() - layout.packs()) +
         times(calibration::kSwitch, layout.packs());
}

Cost rlwe_cost(const RlweLayout& layout_0, const RlweLayout& layout_1) {
  const std::array<const RlweLayout*, 2> layouts{&layout_0, &layout_1};
  Cost cost;
  for (std::size_t party = 0; party < 2; ++party) {
    const RlweLayout& mine = *layouts[party];
    const RlweLayout& theirs = *layouts[1 - party];
    cost.messages[party] = mine.uploads() + theirs.packs();
    cost.bytes[party] = mine.uploads() * framed_bytes(kUploadBytes) + answers_bytes(theirs);
    // Turns to receiving: for uploads, and for answers if something was sent in between.
    const std::uint64_t turns = (theirs.uploads() > 0 ? 1 : 0) + (mine.answers() > 0 ? 1 : 0);
    cost.rounds = std::max(cost.rounds, turns);
  }
  return cost;
}

double rlwe_seconds(const RlweLayout& layout_0, const RlweLayout& layout_1) {
  return std::max(seconds_here(layout_0, layout_1), seconds_here(layout_1, layout_0));
}

}  // namespace duet
