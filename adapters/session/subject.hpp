#pragma once

#include "adapters/adapter.hpp"

namespace vitalgate::session {

/// Fills subject and subject_basis from the configuration: the device's person, or the person of
/// the slot that the device reported. An unknown or missing slot stays unassigned: a person is
/// never guessed. Slot 255 means "unknown user" and goes.
void assignSubject(const SubjectMap& subjects, v1::Reading& reading);

/// The slots under the numbers that the device has given to their people (slot to number). Such a
/// number is that person's alone: a slot that happens to have it, and none of its own, goes.
SubjectMap renumbered(const SubjectMap& configured,
                      const std::map<std::uint32_t, std::uint32_t>& given);

}  // namespace vitalgate::session
