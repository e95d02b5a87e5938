#include "gateway/dbus/value.hpp"

#include <unistd.h>

#include <type_traits>

namespace vitalgate::dbus {

namespace {

template <class... Functions>
struct Overloaded : Functions... {
    using Functions::operator()...;
};

std::string joined(const Values& members) {
    std::string all;
    for (const auto& member : members) all += member.signature();
    return all;
}

/// D-Bus letters of the plain alternatives of Value::Data, in their order.
constexpr std::string_view kPlainLetters = "bynqiuxtdsog";

}  // namespace

UnixFd::UnixFd(int descriptor)
    : descriptor_(new int(descriptor), [](int* owned) {
          if (*owned >= 0) ::close(*owned);
          delete owned;
      }) {}

bool Array::operator==(const Array&) const = default;
bool Dict::operator==(const Dict&) const = default;
bool Struct::operator==(const Struct&) const = default;
bool Variant::operator==(const Variant& other) const {
    return *content == *other.content;
}

const Value& Value::inner() const {
    const auto* value = this;
    while (const auto* variant = std::get_if<Variant>(&value->data_))
        value = variant->content.get();
    return *value;
}

std::string Value::signature() const {
    return std::visit(
        Overloaded{
            [](const Bytes&) { return std::string("ay"); },
            [](const Array& array) { return "a" + array.element; },
            [](const Dict& dict) { return "a{" + dict.keyType + dict.valueType + "}"; },
            [](const Struct& structure) { return "(" + joined(structure.members) + ")"; },
            [](const Variant&) { return std::string("v"); },
            [](const UnixFd&) { return std::string("h"); },
            [this](const auto&) { return std::string(1, kPlainLetters[data_.index()]); },
        },
        data_);
}

std::optional<Properties> toProperties(const Value& value) {
    const auto* dict = value.get<Dict>();
    if (dict == nullptr) return std::nullopt;
    Properties properties;
    for (const auto& [key, content] : dict->entries) {
        if (const auto* text = key.get<std::string>()) {
            properties.insert_or_assign(*text, content.inner());
        } else if (const auto* path = key.get<ObjectPath>()) {
            properties.insert_or_assign(path->text, content.inner());
        } else {
            return std::nullopt;
        }
    }
    return properties;
}

std::vector<std::string> toTexts(const Value& value) {
    std::vector<std::string> texts;
    const auto* array = value.get<Array>();
    if (array == nullptr) return texts;
    for (const auto& item : array->items) {
        if (const auto* text = item.get<std::string>()) texts.push_back(*text);
        if (const auto* path = item.get<ObjectPath>()) texts.push_back(path->text);
    }
    return texts;
}

Value variantOf(Value content) {
    return Variant{std::make_shared<const Value>(std::move(content))};
}

Value stringArray(const std::vector<std::string>& texts) {
    return Array{"s", Values(texts.begin(), texts.end())};
}

Value variantDict(std::vector<std::pair<std::string, Value>> entries) {
    Dict dict;
    for (auto& [name, value] : entries)
        dict.entries.emplace_back(std::move(name), variantOf(std::move(value)));
    return dict;
}

}  // namespace vitalgate::dbus
