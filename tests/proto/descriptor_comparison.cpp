#include "tests/proto/descriptor_comparison.hpp"

#include <fmt/format.h>

#include <map>

namespace vitalgate::testing {

namespace {

using google::protobuf::DescriptorProto;
using google::protobuf::EnumDescriptorProto;
using google::protobuf::FieldDescriptorProto;
using google::protobuf::FileDescriptorSet;

/// All messages and enums by full name, nested ones (map entries) included.
struct Vocabulary {
    std::map<std::string, const DescriptorProto*> messages;
    std::map<std::string, const EnumDescriptorProto*> enums;

    void add(const std::string& prefix, const DescriptorProto& message) {
        const auto name = prefix + message.name();
        messages[name] = &message;
        for (const auto& nested : message.nested_type()) add(name + ".", nested);
        for (const auto& nested : message.enum_type()) enums[name + "." + nested.name()] = &nested;
    }
    explicit Vocabulary(const FileDescriptorSet& files) {
        for (const auto& file : files.file()) {
            for (const auto& message : file.message_type()) add(file.package() + ".", message);
            for (const auto& type : file.enum_type()) {
                enums[file.package() + "." + type.name()] = &type;
            }
        }
    }
};

template <class Type>
bool isReservedName(const Type& type, const std::string& name) {
    for (const auto& reserved : type.reserved_name()) {
        if (reserved == name) return true;
    }
    return false;
}

/// Message ranges exclude their end, enum ranges include it.
bool isReserved(const DescriptorProto& type, int number) {
    for (const auto& range : type.reserved_range()) {
        if (number >= range.start() && number < range.end()) return true;
    }
    return false;
}
bool isReserved(const EnumDescriptorProto& type, int number) {
    for (const auto& range : type.reserved_range()) {
        if (number >= range.start() && number <= range.end()) return true;
    }
    return false;
}

std::string oneofName(const DescriptorProto& message, const FieldDescriptorProto& field) {
    return field.has_oneof_index() ? message.oneof_decl(field.oneof_index()).name() : "";
}

/// Says what differs in meaning or on the wire between two fields of one number; empty: nothing.
std::string difference(const DescriptorProto& oldMessage, const FieldDescriptorProto& old,
                       const DescriptorProto& newMessage, const FieldDescriptorProto& now) {
    if (old.name() != now.name()) return "was " + old.name() + ": number reused";
    if (old.type() != now.type() || old.type_name() != now.type_name()) return "another type";
    if (old.label() != now.label()) return "another label";
    if (old.proto3_optional() != now.proto3_optional()) return "another presence";
    if (oneofName(oldMessage, old) != oneofName(newMessage, now)) return "another oneof";
    return "";
}

void compareFields(const std::string& name, const DescriptorProto& old, const DescriptorProto& now,
                   std::vector<std::string>& out) {
    std::map<int, const FieldDescriptorProto*> byNumber;
    for (const auto& field : now.field()) byNumber[field.number()] = &field;
    for (const auto& field : old.field()) {
        const auto found = byNumber.find(field.number());
        if (found == byNumber.end()) {
            if (!isReserved(now, field.number()) || !isReservedName(now, field.name())) {
                out.push_back(fmt::format("{}.{}: removed, number {} and name must be reserved",
                                          name, field.name(), field.number()));
            }
            continue;
        }
        const auto what = difference(old, field, now, *found->second);
        if (!what.empty())
            out.push_back(fmt::format("{}.{}: {}", name, found->second->name(), what));
    }
    for (const auto& field : now.field()) {
        if (isReserved(old, field.number()) || isReservedName(old, field.name())) {
            out.push_back(fmt::format("{}.{}: number {} or the name was reserved", name,
                                      field.name(), field.number()));
        }
    }
}

void compareValues(const std::string& name, const EnumDescriptorProto& old,
                   const EnumDescriptorProto& now, std::vector<std::string>& out) {
    std::map<int, std::string> byNumber;
    for (const auto& value : now.value()) byNumber[value.number()] = value.name();
    for (const auto& value : old.value()) {
        const auto found = byNumber.find(value.number());
        if (found == byNumber.end()) {
            if (!isReserved(now, value.number())) {
                out.push_back(fmt::format("{}.{}: removed, number {} must be reserved", name,
                                          value.name(), value.number()));
            }
        } else if (found->second != value.name()) {
            out.push_back(
                fmt::format("{}.{}: was {}: number reused", name, found->second, value.name()));
        }
    }
}

}  // namespace

std::vector<std::string> breaches(const FileDescriptorSet& released, const FileDescriptorSet& now) {
    const Vocabulary before(released);
    const Vocabulary after(now);
    std::vector<std::string> out;
    for (const auto& [name, message] : before.messages) {
        const auto found = after.messages.find(name);
        if (found == after.messages.end()) {
            out.push_back(name + ": message removed");
        } else {
            compareFields(name, *message, *found->second, out);
        }
    }
    for (const auto& [name, type] : before.enums) {
        const auto found = after.enums.find(name);
        if (found == after.enums.end()) {
            out.push_back(name + ": enum removed");
        } else {
            compareValues(name, *type, *found->second, out);
        }
    }
    return out;
}

}  // namespace vitalgate::testing
