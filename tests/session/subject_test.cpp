#include "adapters/session/subject.hpp"

#include <doctest/doctest.h>

using namespace vitalgate;

namespace {

v1::Reading assigned(const SubjectMap& subjects, std::optional<std::uint32_t> slot) {
    v1::Reading reading;
    if (slot) reading.set_user_slot(*slot);
    session::assignSubject(subjects, reading);
    return reading;
}

}  // namespace

TEST_CASE("a person is who the configuration says, and nobody is guessed") {
    const SubjectMap nobody;
    const SubjectMap person{"p-1", {}};
    const SubjectMap slots{"", {{0, "p-0"}, {1, "p-1"}, {3, ""}, {255, "p-255"}}};
    struct Row {
        const char* what;
        const SubjectMap& subjects;
        std::optional<std::uint32_t> slot;
        std::string subject;
        v1::SubjectBasis basis;
    };
    const std::array rows{
        Row{"nothing configured", nobody, 1, "", v1::SUBJECT_UNASSIGNED},
        Row{"nothing configured, no slot", nobody, std::nullopt, "", v1::SUBJECT_UNASSIGNED},
        Row{"a device of one person", person, std::nullopt, "p-1", v1::SUBJECT_DEVICE},
        Row{"a device of one person, any slot", person, 7, "p-1", v1::SUBJECT_DEVICE},
        Row{"a known slot", slots, 1, "p-1", v1::SUBJECT_SLOT},
        Row{"slot 0 is a slot", slots, 0, "p-0", v1::SUBJECT_SLOT},
        Row{"an unknown slot", slots, 2, "", v1::SUBJECT_UNASSIGNED},
        Row{"a slot of nobody", slots, 3, "", v1::SUBJECT_UNASSIGNED},
        Row{"no slot is not slot 0", slots, std::nullopt, "", v1::SUBJECT_UNASSIGNED},
        Row{"255 is no slot", slots, 255, "", v1::SUBJECT_UNASSIGNED},
    };
    for (const auto& row : rows) {
        CAPTURE(std::string(row.what));
        const auto reading = assigned(row.subjects, row.slot);
        CHECK(reading.subject() == row.subject);
        CHECK(reading.subject_basis() == row.basis);
        CHECK(reading.has_user_slot() == (row.slot && *row.slot != 255));
        if (reading.has_user_slot()) CHECK(reading.user_slot() == *row.slot);
    }
}
