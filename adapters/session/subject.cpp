#include "adapters/session/subject.hpp"

namespace vitalgate::session {

namespace {
constexpr std::uint32_t kUnknownUser = 255;
}

void assignSubject(const SubjectMap& subjects, v1::Reading& reading) {
    if (reading.has_user_slot() && reading.user_slot() == kUnknownUser) reading.clear_user_slot();
    reading.clear_subject();
    reading.set_subject_basis(v1::SUBJECT_UNASSIGNED);
    if (!subjects.person.empty()) {
        reading.set_subject(subjects.person);
        reading.set_subject_basis(v1::SUBJECT_DEVICE);
        return;
    }
    if (!reading.has_user_slot()) return;
    const auto slot = subjects.slots.find(reading.user_slot());
    if (slot == subjects.slots.end() || slot->second.empty()) return;
    reading.set_subject(slot->second);
    reading.set_subject_basis(v1::SUBJECT_SLOT);
}

}  // namespace vitalgate::session
