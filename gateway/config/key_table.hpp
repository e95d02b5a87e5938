#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/config.hpp"
#include "gateway/config/reference.hpp"
#include "gateway/config/value_reader.hpp"

/// How the one key table (tables.cpp) becomes a reader and a reference. A section is a struct; its
/// keys are a table of rows, each bound to a member. What the member's type says (a duration, a
/// list, another section, a map of sections by name) is not said again in the row.
namespace vitalgate::config {

template <class S>
struct Key {
    KeyInfo info;
    /// `node` is null if the key does not stand in the file; `parent` is the section's own.
    void (*read)(const Node* node, const Node& parent, const KeyInfo& info, const std::string& path,
                 S& section, Reader& reader);
    void (*describe)(const KeyInfo& info, const std::string& key, std::vector<KeyHelp>& out);
};

template <class S>
struct Section {};

/// The rows of each struct that is a section.
std::span<const Key<Hub>> keysOf(Section<Hub>);
std::span<const Key<Time>> keysOf(Section<Time>);
std::span<const Key<PairingRules>> keysOf(Section<PairingRules>);
std::span<const Key<Bluetooth>> keysOf(Section<Bluetooth>);
std::span<const Key<Person>> keysOf(Section<Person>);
std::span<const Key<Device>> keysOf(Section<Device>);
std::span<const Key<Admission>> keysOf(Section<Admission>);
std::span<const Key<Readings>> keysOf(Section<Readings>);
std::span<const Key<Store>> keysOf(Section<Store>);
std::span<const Key<Tls>> keysOf(Section<Tls>);
std::span<const Key<Uplink>> keysOf(Section<Uplink>);
std::span<const Key<CommandKey>> keysOf(Section<CommandKey>);
std::span<const Key<Commands>> keysOf(Section<Commands>);
std::span<const Key<LogLevels>> keysOf(Section<LogLevels>);
std::span<const Key<Privacy>> keysOf(Section<Privacy>);
std::span<const Key<Config>> keysOf(Section<Config>);

template <class T>
constexpr bool kIsSection = requires { keysOf(Section<T>{}); };

template <class T>
struct NamedSections : std::false_type {};
template <class S>
struct NamedSections<std::map<std::string, S>> : std::bool_constant<kIsSection<S>> {};

template <class S>
void readSection(const Node& node, const std::string& path, S& section, Reader& reader) {
    if (!node.isMap() && node.kind != NodeKind::null) {
        reader.wrong(node, path, fmt::format("must be a map of keys, not {}", describe(node.kind)));
        return;
    }
    std::vector<std::string_view> known;
    for (const auto& key : keysOf(Section<S>{})) known.push_back(key.info.name);
    reader.refuseUnknown(node, path, known);
    for (const auto& key : keysOf(Section<S>{})) {
        key.read(node.find(key.info.name), node, key.info, below(path, key.info.name), section,
                 reader);
    }
}

template <class S>
void readNamedSections(const Node& node, const KeyInfo& info, const std::string& path,
                       std::map<std::string, S>& sections, Reader& reader) {
    if (!reader.isMapOfNames(node, info, path)) return;
    for (const auto& [name, place, value] : node.entries) {
        readSection(value, below(path, name), sections[name], reader);
    }
}

template <class S>
void describeKeys(const std::string& prefix, std::vector<KeyHelp>& out);

template <class T>
struct MemberOf;
template <class S, class T>
struct MemberOf<T S::*> {
    using Owner = S;
    using Value = T;
};

template <auto Member>
struct Binding {
    using Owner = typename MemberOf<decltype(Member)>::Owner;
    using Value = typename MemberOf<decltype(Member)>::Value;

    static void read(const Node* node, const Node& parent, const KeyInfo& info,
                     const std::string& path, Owner& section, Reader& reader) {
        auto& value = section.*Member;
        if constexpr (kIsSection<Value>) {
            Node absent;
            absent.place = parent.place;
            readSection(node != nullptr ? *node : absent, path, value, reader);
        } else if constexpr (NamedSections<Value>::value) {
            if (node != nullptr) readNamedSections(*node, info, path, value, reader);
        } else if (node != nullptr) {
            ValueReader<Value>::read(*node, info, path, value, reader);
        } else if (info.required) {
            if (reader.isMeant(parent, info.name)) return;
            reader.wrong(parent, path,
                         fmt::format("is required; {}", ValueReader<Value>::hint(info)));
        } else if (!info.standard.empty()) {
            ValueReader<Value>::read(standardNode(info, parent.place), info, path, value, reader);
        }
    }

    static void describe(const KeyInfo& info, const std::string& key, std::vector<KeyHelp>& out) {
        if constexpr (kIsSection<Value>) {
            describeKeys<Value>(key, out);
        } else if constexpr (NamedSections<Value>::value) {
            describeKeys<typename Value::mapped_type>(below(key, info.placeholder), out);
        } else {
            out.push_back(keyHelp(info, key, ValueReader<Value>::typeWord(info)));
        }
    }
};

template <class S>
void describeKeys(const std::string& prefix, std::vector<KeyHelp>& out) {
    for (const auto& key : keysOf(Section<S>{})) {
        key.describe(key.info, below(prefix, key.info.name), out);
    }
}

template <auto Member>
constexpr auto key(KeyInfo info) {
    using B = Binding<Member>;
    return Key<typename B::Owner>{info, &B::read, &B::describe};
}

/// Reads the whole tree; what stands between the keys is checked by checkConfig().
void readConfig(const Node& root, Config& config, Reader& reader);

}  // namespace vitalgate::config
