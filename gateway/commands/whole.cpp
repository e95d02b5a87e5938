#include "gateway/commands/whole.hpp"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/stubs/logging.h>

#include <vector>

namespace vitalgate::commands {

namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

/// No message of ours is nested deeper than 4.
constexpr int kDeepestNesting = 16;

bool isEnumUnderstood(const Message& message, const FieldDescriptor& field) {
    const auto* reflection = message.GetReflection();
    const auto isKnown = [&](int number) {
        return field.enum_type()->FindValueByNumber(number) != nullptr;
    };
    if (!field.is_repeated()) return isKnown(reflection->GetEnumValue(message, &field));
    for (int i = 0; i < reflection->FieldSize(message, &field); ++i) {
        if (!isKnown(reflection->GetRepeatedEnumValue(message, &field, i))) return false;
    }
    return true;
}

bool isMessageUnderstood(const Message& message, const FieldDescriptor& field) {
    const auto* reflection = message.GetReflection();
    if (!field.is_repeated()) return isUnderstoodWhole(reflection->GetMessage(message, &field));
    for (int i = 0; i < reflection->FieldSize(message, &field); ++i) {
        if (!isUnderstoodWhole(reflection->GetRepeatedMessage(message, &field, i))) return false;
    }
    return true;
}

}  // namespace

bool parseLimited(const std::string& bytes, Message& message) {
    // The library writes a line to standard error for each bad text: a stranger could fill the log.
    const google::protobuf::LogSilencer silence;
    google::protobuf::io::CodedInputStream in(reinterpret_cast<const std::uint8_t*>(bytes.data()),
                                              static_cast<int>(bytes.size()));
    in.SetRecursionLimit(kDeepestNesting);
    return message.ParseFromCodedStream(&in) && in.ConsumedEntireMessage();
}

bool isUnderstoodWhole(const Message& message) {
    const auto* reflection = message.GetReflection();
    if (!reflection->GetUnknownFields(message).empty()) return false;
    std::vector<const FieldDescriptor*> fields;
    reflection->ListFields(message, &fields);
    for (const auto* field : fields) {
        const bool isUnderstood = field->cpp_type() == FieldDescriptor::CPPTYPE_ENUM
                                      ? isEnumUnderstood(message, *field)
                                  : field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE
                                      ? isMessageUnderstood(message, *field)
                                      : true;
        if (!isUnderstood) return false;
    }
    return true;
}

}  // namespace vitalgate::commands
