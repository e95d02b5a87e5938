#pragma once

#include <string>
#include <vector>

#include "adapters/adapter.hpp"
#include "adapters/profiles/profile.hpp"

namespace vitalgate::session {

/// What the configuration says of a device, as a descriptor to start from. hub, device_key,
/// availability, pairing and commands are filled in by whoever knows them.
v1::DeviceDescriptor startDescriptor(const DeviceSettings& settings, bool plainIdentifiers);

/// Adds what a device says of itself (fields of information characteristics; others change
/// nothing). Serial number, system id and UDI only with `plainIdentifiers`.
void describeFields(const std::vector<profiles::Field>& fields, bool plainIdentifiers,
                    v1::DeviceDescriptor& descriptor);

/// Adds the measures of a reading that are not there yet; true if there were any.
bool describeMeasures(const v1::Reading& reading, v1::DeviceDescriptor& descriptor);

/// A text from a device as it may go into messages: valid UTF-8, no control characters, at most
/// 64 characters.
std::string cleanText(std::string_view text);

}  // namespace vitalgate::session
