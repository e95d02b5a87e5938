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

SubjectMap renumbered(const SubjectMap& configured,
                      const std::map<std::uint32_t, std::uint32_t>& given) {
    SubjectMap subjects;
    subjects.person = configured.person;
    for (const auto& [slot, number] : given) {
        const auto person = configured.slots.find(slot);
        subjects.slots[number] = person == configured.slots.end() ? "" : person->second;
    }
    for (const auto& [slot, person] : configured.slots) {
        if (!given.contains(slot)) subjects.slots.try_emplace(slot, person);
    }
    return subjects;
}

}  // namespace vitalgate::session
