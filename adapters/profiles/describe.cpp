#include "adapters/profiles/describe.hpp"

#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <set>

#include "gateway/base/words.hpp"

namespace vitalgate::profiles {

namespace {

Result<std::string> toJson(const google::protobuf::Message& message) {
    std::string json;
    const auto status = google::protobuf::util::MessageToJsonString(message, &json);
    if (!status.ok()) return fail(ErrorKind::internal, "no JSON: {}", status.ToString());
    return json;
}

/// What precedes the fields of the reading, which is never empty: it has at least its kind.
std::string remarks(const Measurement& measurement) {
    std::string text;
    if (measurement.refused) {
        const auto& name = v1::MeasurementRefusal_Name(*measurement.refused);
        text += fmt::format("\"refused\":\"{}\",", enumWord(name, "REFUSED_"));
    }
    if (!measurement.refusedField.empty()) {
        text += fmt::format("\"field\":\"{}\",", measurement.refusedField);
    }
    if (measurement.intermediate) text += "\"intermediate\":true,";
    if (measurement.clockNotSet) text += "\"clockNotSet\":true,";
    if (measurement.part && measurement.part->announced) text += "\"moreFollows\":true,";
    if (measurement.sessionMinutes) {
        text += fmt::format("\"sessionMinutes\":{},", *measurement.sessionMinutes);
    }
    if (measurement.sensorContact) {
        text += fmt::format("\"sensorContact\":{},", *measurement.sensorContact);
    }
    return text;
}

Result<std::string> describe(const Measurement& measurement) {
    const auto reading = toJson(measurement.reading);
    if (!reading) return reading;
    return "{" + remarks(measurement) + reading->substr(1);
}

/// In the order of the value.
Result<std::string> describe(const std::vector<Measurement>& measurements) {
    std::string json;
    for (const auto& measurement : measurements) {
        const auto one = describe(measurement);
        if (!one) return one;
        json += (json.empty() ? "" : ",") + *one;
    }
    return "{\"measurements\":[" + json + "]}";
}

/// A number has the device's digits; the rest is what protobuf makes of it.
Result<std::string> describe(const Field& field) {
    if (const auto* number = std::get_if<double>(&field.value)) {
        return fmt::format("{:.{}f}", *number, field.decimals);
    }
    google::protobuf::Value out;
    if (const auto* text = std::get_if<std::string>(&field.value)) out.set_string_value(*text);
    if (const auto* flag = std::get_if<bool>(&field.value)) out.set_bool_value(*flag);
    if (const auto* words = std::get_if<std::vector<std::string>>(&field.value)) {
        auto& list = *out.mutable_list_value();
        for (const auto& word : *words) list.add_values()->set_string_value(word);
    }
    return toJson(out);
}

/// Field by field: a Struct would print them in no certain order.
Result<std::string> describe(const std::vector<Field>& fields) {
    std::string json;
    for (const auto& field : fields) {
        const auto value = describe(field);
        if (!value) return value;
        json += fmt::format("{}\"{}\":{}", json.empty() ? "" : ",", field.name, *value);
    }
    return "{" + json + "}";
}

std::string knownCharacteristics() {
    std::set<std::string> known;
    for (const auto& profile : allProfiles()) {
        for (const auto& spec : profile.characteristics) known.insert(Uuid(spec.uuid).shortText());
    }
    return fmt::format("{}", fmt::join(known, " "));
}

/// Null if the service has none.
const CharacteristicSpec* featureOf(const Profile& profile) {
    const auto& all = profile.characteristics;
    const auto found = std::ranges::find(all, Role::feature, &CharacteristicSpec::role);
    return found == all.end() ? nullptr : &*found;
}

bool has(const Profile& profile, const Uuid& characteristic) {
    return std::ranges::any_of(profile.characteristics, [&](const CharacteristicSpec& spec) {
        return Uuid(spec.uuid) == characteristic;
    });
}

}  // namespace

Status checkFeature(const Uuid& characteristic, ByteView feature) {
    if (findCharacteristic(characteristic) == nullptr) return {};
    auto status = fail(ErrorKind::malformed, "no service of {} has a feature characteristic",
                       characteristic.shortText());
    bool isFirst = true;
    for (const auto& profile : allProfiles()) {
        const auto* spec = has(profile, characteristic) ? featureOf(profile) : nullptr;
        if (spec == nullptr) continue;
        const auto decoded = spec->decode(feature, {});
        if (decoded) return {};
        if (isFirst) {
            status = fail(ErrorKind::malformed, "{}: {}", Uuid(spec->uuid).shortText(),
                          decoded.error().message);
        }
        isFirst = false;
    }
    return status;
}

Result<std::string> describeAsJson(const Uuid& characteristic, ByteView value,
                                   const DecodeOptions& options) {
    const auto name = characteristic.shortText();
    const auto* spec = findCharacteristic(characteristic);
    if (spec == nullptr) {
        return fail(ErrorKind::unsupported,
                    "{}: no profile here decodes this characteristic; write one of {}", name,
                    knownCharacteristics());
    }
    auto decoded = spec->decode(value, options);
    if (!decoded) return fail(ErrorKind::malformed, "{}: {}", name, decoded.error().message);
    if (auto* measurement = std::get_if<Measurement>(&*decoded)) {
        applyFeature(*measurement, spec->uuid, options.feature);
    }
    return std::visit([](const auto& content) { return describe(content); }, *decoded);
}

}  // namespace vitalgate::profiles
