#pragma once

#include "adapters/adapter.hpp"

namespace vitalgate::session {

/// Fills subject and subject_basis from the configuration: the device's person, or the person of
/// the slot that the device reported. An unknown or missing slot stays unassigned: a person is
/// never guessed. Slot 255 means "unknown user" and goes.
void assignSubject(const SubjectMap& subjects, v1::Reading& reading);

}  // namespace vitalgate::session
