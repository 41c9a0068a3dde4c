// How fast the connection between the two parties is, for estimates.
#pragma once

#include "duet/channel.h"

namespace duet {

struct LinkSpeed {
  double bytes_per_second;  // from party 0 to party 1
  double round_trip_seconds;
};

// Both parties measure at the same time, and get the same figures: the shortest of some round
// trips, and megabytes sent in one go until an acknowledgement is back, less one round trip. No
// secrets.
LinkSpeed measure_link(Channel& channel, int party);

}  // namespace duet
