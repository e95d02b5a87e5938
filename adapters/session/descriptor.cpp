#include "adapters/session/descriptor.hpp"

#include <algorithm>
#include <array>

#include "adapters/profiles/utf8.hpp"
#include "gateway/codes/codes.hpp"

namespace vitalgate::session {

namespace {

constexpr std::size_t kLongestText = 64;
constexpr int kMostMeasures = 64;

using SetText = void (*)(v1::DeviceDescriptor& descriptor, std::string text);

/// Field of an information characteristic, and where it goes.
struct TextField {
    std::string_view name;
    bool identifies;  ///< the one device, not its kind
    SetText set;
};
constexpr std::array kTextFields{
    TextField{"manufacturer", false,
              [](auto& descriptor, auto text) { descriptor.set_manufacturer(std::move(text)); }},
    TextField{"model", false,
              [](auto& descriptor, auto text) { descriptor.set_model(std::move(text)); }},
    TextField{"firmware", false,
              [](auto& descriptor, auto text) { descriptor.set_firmware(std::move(text)); }},
    TextField{"hardware", false,
              [](auto& descriptor, auto text) { descriptor.set_hardware(std::move(text)); }},
    TextField{"software", false,
              [](auto& descriptor, auto text) { descriptor.set_software(std::move(text)); }},
    TextField{"serial", true,
              [](auto& descriptor, auto text) { descriptor.set_serial(std::move(text)); }},
    TextField{"systemId", true,
              [](auto& descriptor, auto text) { descriptor.set_system_id(std::move(text)); }},
    TextField{"udi", true,
              [](auto& descriptor, auto text) { descriptor.set_udi(std::move(text)); }},
};

void describeText(const profiles::Field& field, bool plainIdentifiers,
                  v1::DeviceDescriptor& descriptor) {
    const auto* text = std::get_if<std::string>(&field.value);
    const auto row = std::ranges::find(kTextFields, field.name, &TextField::name);
    if (text == nullptr || row == kTextFields.end()) return;
    if (!row->identifies || plainIdentifiers) row->set(descriptor, cleanText(*text));
}

/// The length in octets of the character that begins with this octet; 1 for a broken one.
std::size_t characterLength(char first) {
    const auto octet = static_cast<unsigned char>(first);
    if (octet >= 0xF0) return 4;
    if (octet >= 0xE0) return 3;
    return octet >= 0xC0 ? 2 : 1;
}

}  // namespace

std::string cleanText(std::string_view text) {
    const auto readable = profiles::readableText(asBytes(text));
    std::size_t end = 0;
    for (std::size_t count = 0; count < kLongestText && end < readable.size(); ++count) {
        end += characterLength(readable[end]);
    }
    return readable.substr(0, end);
}

v1::DeviceDescriptor startDescriptor(const DeviceSettings& settings, bool plainIdentifiers) {
    v1::DeviceDescriptor descriptor;
    descriptor.set_device(settings.id);
    descriptor.set_label(settings.label.empty() ? settings.id : settings.label);
    descriptor.set_admission(settings.admission);
    descriptor.set_enabled(settings.enabled);
    for (const auto& kind : settings.profiles) descriptor.add_profiles(kind);
    if (plainIdentifiers) descriptor.set_address(settings.address.text());
    auto& subjects = *descriptor.mutable_subjects();
    for (const auto& [slot, person] : settings.subjects.slots) subjects[slot] = person;
    if (!settings.subjects.person.empty()) subjects[0] = settings.subjects.person;
    return descriptor;
}

void describeFields(const std::vector<profiles::Field>& fields, bool plainIdentifiers,
                    v1::DeviceDescriptor& descriptor) {
    for (const auto& field : fields) {
        describeText(field, plainIdentifiers, descriptor);
        const auto* number = std::get_if<double>(&field.value);
        if (number != nullptr && field.name == "batteryPercent") {
            descriptor.set_battery_percent(static_cast<std::uint32_t>(*number));
        }
        const auto* list = std::get_if<std::vector<std::string>>(&field.value);
        if (list != nullptr && field.name == "regulatory") {
            descriptor.clear_regulatory();
            // Whole, however long: a part of it certifies nothing.
            for (const auto& entry : *list) {
                descriptor.add_regulatory(profiles::readableText(asBytes(entry)));
            }
        }
    }
}

bool describeMeasures(const v1::Reading& reading, v1::DeviceDescriptor& descriptor) {
    bool added = false;
    for (const auto& observation : reading.observations()) {
        const auto isIt = [&](const v1::Measure& measure) {
            return measure.kind() == reading.kind() && measure.code().code() == observation.code();
        };
        const auto& known = descriptor.measures();
        if (std::ranges::any_of(known, isIt) || known.size() >= kMostMeasures) continue;
        auto& measure = *descriptor.add_measures();
        measure.set_kind(reading.kind());
        measure.mutable_code()->set_code(observation.code());
        measure.mutable_code()->set_mdc(observation.mdc());
        measure.mutable_code()->set_loinc(observation.loinc());
        measure.set_unit(observation.unit());
        measure.set_decimals(observation.decimals());
        if (const auto* row = codes::findObservation(observation.code())) {
            measure.set_min(row->lowest);
            measure.set_max(row->highest);
        }
        added = true;
    }
    return added;
}

}  // namespace vitalgate::session
