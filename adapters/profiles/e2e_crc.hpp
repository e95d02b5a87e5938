#pragma once

#include <cstdint>
#include <optional>

#include "adapters/profiles/profile.hpp"
#include "gateway/base/byte_reader.hpp"

namespace vitalgate::profiles {

/// The CRC that several services append to their values ("E2E-CRC"): polynomial 0x1021, reflected,
/// initially 0xFFFF, no final exclusive or.
std::uint16_t e2eCrc(ByteView octets);

/// `octets` with their CRC, low octet first.
Bytes withCrc(Bytes octets);

/// Reads the CRC where the reader stands; false if it is another than that of the octets of `value`
/// before it, from `first` on. True for a reader that has failed: that says more.
bool readCrc(ByteReader& reader, ByteView value, std::size_t first = 0);

/// What a value with another CRC is refused with; `octet` is the first one of the CRC.
DecodeError checksumError(std::size_t octet);

/// The end of a value that is no measurement: reads its CRC, if it has one. Nothing, or why the
/// value is refused: the length counts first, octets that are missing make another CRC.
std::optional<DecodeError> endError(ByteReader& reader, ByteView value, bool hasCrc);

}  // namespace vitalgate::profiles
