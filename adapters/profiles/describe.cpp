#include "adapters/profiles/describe.hpp"

#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>

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

google::protobuf::Value toValue(const Field& field) {
    google::protobuf::Value out;
    struct Fill {
        google::protobuf::Value& out;
        void operator()(const std::string& text) { out.set_string_value(text); }
        void operator()(double number) { out.set_number_value(number); }
        void operator()(bool flag) { out.set_bool_value(flag); }
        void operator()(const std::vector<std::string>& words) {
            auto& list = *out.mutable_list_value();
            for (const auto& word : words) list.add_values()->set_string_value(word);
        }
    };
    std::visit(Fill{out}, field.value);
    return out;
}

/// Field by field: a Struct would print them in no certain order.
Result<std::string> describe(const std::vector<Field>& fields) {
    std::string json;
    for (const auto& field : fields) {
        const auto value = toJson(toValue(field));
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

}  // namespace

Result<std::string> describeAsJson(const Uuid& characteristic, ByteView value,
                                   const DecodeOptions& options) {
    const auto name = characteristic.shortText();
    const auto* spec = findCharacteristic(characteristic);
    if (spec == nullptr) {
        return fail(ErrorKind::unsupported,
                    "{}: no profile here decodes this characteristic; write one of {}", name,
                    knownCharacteristics());
    }
    const auto decoded = spec->decode(value, options);
    if (!decoded) return fail(ErrorKind::malformed, "{}: {}", name, decoded.error().message);
    return std::visit([](const auto& content) { return describe(content); }, *decoded);
}

}  // namespace vitalgate::profiles
