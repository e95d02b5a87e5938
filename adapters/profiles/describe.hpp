#pragma once

#include <string>

#include "adapters/profiles/profile.hpp"
#include "gateway/base/error.hpp"

namespace vitalgate::profiles {

/// What a value of a characteristic says, as one line of JSON. A measurement is a Reading in
/// protobuf's JSON mapping; one that is no clinical value begins with its reason:
/// {"refused":"failed","kind":"blood-pressure",…}; one that is not final with "intermediate":true.
/// What the decoder knows besides stands in front: "clockNotSet", "sessionMinutes",
/// "sensorContact". Other characteristics give their named fields, numbers with the device's digits
/// and a word where there is no number: {"timeZoneMin":60,"daylightSavingMin":"unknown"}.
/// ErrorKind::malformed: the octets do not follow the format; ::unsupported: nobody here knows the
/// characteristic. The sentence begins with it: "2A35: systolic: needs octets 1 to 2, …".
Result<std::string> describeAsJson(const Uuid& characteristic, ByteView value,
                                   const DecodeOptions& options = {});

/// Whether `feature` is a value of the feature characteristic that stands beside `characteristic`;
/// else why not: "2AA8: feature: needs octets 0 to 2, …". Of a characteristic that no profile knows
/// nothing is said: describeAsJson() refuses it.
Status checkFeature(const Uuid& characteristic, ByteView feature);

}  // namespace vitalgate::profiles
