#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "gateway/base/bytes.hpp"

namespace vitalgate::dbus {

class Value;
using Values = std::vector<Value>;

struct ObjectPath {
    std::string text;
    bool operator==(const ObjectPath&) const = default;
};

struct Signature {
    std::string text;
    bool operator==(const Signature&) const = default;
};

/// A file descriptor that came with a message. Copies share it; the last one closes it, unless
/// release() was called. It comes as the sender set it: make it non-blocking before use.
class UnixFd {
  public:
    UnixFd() = default;
    /// Takes the descriptor over.
    explicit UnixFd(int descriptor);
    [[nodiscard]] int get() const { return *descriptor_; }
    /// The caller closes it from now on; -1 if there is none.
    [[nodiscard]] int release() const { return std::exchange(*descriptor_, -1); }
    bool operator==(const UnixFd&) const = default;

  private:
    std::shared_ptr<int> descriptor_ = std::make_shared<int>(-1);
};

/// An array of anything but bytes and dictionary entries; `element` is the D-Bus signature of each
/// item (an empty array needs it).
struct Array {
    std::string element;
    Values items;
    bool operator==(const Array&) const;
};

/// An array of dictionary entries, in the order of the message; a key may stand in it twice.
struct Dict {
    std::string keyType = "s";
    std::string valueType = "v";
    std::vector<std::pair<Value, Value>> entries;
    bool operator==(const Dict&) const;
};

struct Struct {
    Values members;
    bool operator==(const Struct&) const;
};

struct Variant {
    std::shared_ptr<const Value> content;  ///< never null
    bool operator==(const Variant&) const;
};

/// Any value that D-Bus can carry. Bytes is "ay".
class Value {
  public:
    using Data = std::variant<bool, std::uint8_t, std::int16_t, std::uint16_t, std::int32_t,
                              std::uint32_t, std::int64_t, std::uint64_t, double, std::string,
                              ObjectPath, Signature, Bytes, Array, Dict, Struct, Variant, UnixFd>;

    Value() = default;
    Value(const char* text) : data_(std::string(text)) {}
    Value(std::string_view text) : data_(std::string(text)) {}
    /// Only from exactly the types above: no number becomes another one unseen.
    template <class T>
        requires(!std::is_same_v<std::remove_cvref_t<T>, Value> &&
                 requires(Data& data) { std::get<std::remove_cvref_t<T>>(data); })
    Value(T&& data) : data_(std::in_place_type<std::remove_cvref_t<T>>, std::forward<T>(data)) {}

    /// The content if it is of exactly this type, else null. Looks through variants.
    template <class T>
    [[nodiscard]] const T* get() const {
        return std::get_if<T>(&inner().data_);
    }
    /// The same with variants removed.
    [[nodiscard]] const Value& inner() const;
    [[nodiscard]] const Data& data() const { return data_; }
    /// The D-Bus signature: "a{sv}".
    [[nodiscard]] std::string signature() const;
    bool operator==(const Value&) const = default;

  private:
    Data data_;
};

/// What "a{sv}" says, by name, variants removed; of a name that stands twice the last.
using Properties = std::map<std::string, Value, std::less<>>;

/// Nothing if it is no dictionary with text or path keys.
std::optional<Properties> toProperties(const Value& dict);

/// The texts of an array of strings or object paths; other items, and other types, give nothing.
std::vector<std::string> toTexts(const Value& array);

Value variantOf(Value content);
Value stringArray(const std::vector<std::string>& texts);
/// "a{sv}"
Value variantDict(std::vector<std::pair<std::string, Value>> entries);

/// The property if it is there and of exactly this type, else nothing.
template <class T>
std::optional<T> property(const Properties& properties, std::string_view name) {
    const auto found = properties.find(name);
    if (found == properties.end()) return std::nullopt;
    const auto* value = found->second.get<T>();
    return value ? std::optional<T>(*value) : std::nullopt;
}

}  // namespace vitalgate::dbus
