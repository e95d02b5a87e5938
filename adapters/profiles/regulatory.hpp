#pragma once

#include "adapters/profiles/profile.hpp"

namespace vitalgate::profiles {

/// 2A2A, the RegCertDataList of IEEE 11073-20601, for whoever must know it: "regulatory", a text
/// for each thing that it says. What is not known is passed on as hexadecimal digits, and so is
/// what has octets left over, or says more than any value holds: it is no such list, and the device
/// is not worth less for it. A list that ends before its own lengths say is truncated.
std::expected<Decoded, DecodeError> regulatoryFields(ByteView bytes, const DecodeOptions& options);

}  // namespace vitalgate::profiles
