#pragma once

#include <string>

#include "adapters/profiles/profile.hpp"
#include "gateway/base/error.hpp"

namespace vitalgate::profiles {

/// What a value of a characteristic says, as one line of JSON. A measurement is a Reading in
/// protobuf's JSON mapping; one that is no clinical value begins with its reason:
/// {"refused":"failed","kind":"blood-pressure",…}; one that is not final with "intermediate":true.
/// Other characteristics give their named fields: {"batteryPercent":80}.
/// ErrorKind::malformed: the octets do not follow the format; ::unsupported: nobody here knows the
/// characteristic. The sentence begins with it: "2A35: systolic: needs octets 1 to 2, …".
Result<std::string> describeAsJson(const Uuid& characteristic, ByteView value,
                                   const DecodeOptions& options = {});

}  // namespace vitalgate::profiles
