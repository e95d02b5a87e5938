#include "gateway/config/value_reader.hpp"

#include <algorithm>

#include "gateway/base/words.hpp"
#include "gateway/config/forms.hpp"
#include "gateway/config/secret_place.hpp"
#include "gateway/config/suggestion.hpp"
#include "gateway/config/values.hpp"
#include "gateway/config/words.hpp"

namespace vitalgate::config {

namespace {

/// How a type with a range is written.
template <class T>
struct Scalar;
template <>
struct Scalar<Duration> {
    static constexpr std::string_view kWord = "duration", kExample = "30s";
    static constexpr auto kParse = parseDuration;
};
template <>
struct Scalar<SignalStrength> {
    static constexpr std::string_view kWord = "signal strength", kExample = "-75dBm";
    static constexpr auto kParse = parseSignal;
};
template <>
struct Scalar<ByteSize> {
    static constexpr std::string_view kWord = "size", kExample = "64KiB";
    static constexpr auto kParse = parseByteSize;
};
template <>
struct Scalar<Rate> {
    static constexpr std::string_view kWord = "rate", kExample = "60/min";
    static constexpr auto kParse = parseRate;
};
template <>
struct Scalar<std::uint32_t> {
    static constexpr std::string_view kWord = "number", kExample = "1";
    static constexpr auto kParse = parseNumber;
};
template <>
struct Scalar<bool> {
    static constexpr std::string_view kWord = "true or false", kExample = "true";
    static constexpr auto kParse = parseBool;
};
template <>
struct Scalar<BluetoothAddress> {
    static constexpr std::string_view kWord = "Bluetooth address",
                                      kExample = "\"C4:7C:8D:6A:12:34\"";
    static constexpr auto kParse = BluetoothAddress::parse;
};
template <>
struct Scalar<Uuid> {
    static constexpr std::string_view kWord = "characteristic",
                                      kExample = "2A35, or all 36 characters";
    static constexpr auto kParse = parseCharacteristic;
};
template <>
struct Scalar<WallTime> {
    static constexpr std::string_view kWord = "UTC time", kExample = "2026-12-24T18:00:00Z";
    static constexpr auto kParse = parseUtc;
};
template <>
struct Scalar<BrokerAddress> {
    static constexpr std::string_view kWord = "URL", kExample = "mqtts://broker.example:8883";
    static constexpr auto kParse = BrokerAddress::parse;
};

template <class T>
concept IsScalar = requires { Scalar<T>::kParse; };
template <class T>
concept IsEnum = std::is_enum_v<T>;
template <class T>
constexpr bool kHasRange =
    std::is_same_v<T, Duration> || std::is_same_v<T, SignalStrength> ||
    std::is_same_v<T, ByteSize> || std::is_same_v<T, Rate> || std::is_same_v<T, std::uint32_t>;

std::string rangeText(const KeyInfo& info) {
    if (info.least.empty() || info.most.empty()) return "";
    return fmt::format("{} to {}", info.least, info.most);
}

/// "write for example 30d (1h to 400d)".
std::string writeHint(const KeyInfo& info, std::string_view example) {
    const auto range = rangeText(info);
    const auto own = info.example.empty() ? example : info.example;
    const auto shown = info.standard.empty() ? own : info.standard;
    if (range.empty()) return fmt::format("write for example {}", shown);
    return fmt::format("write for example {} ({})", shown, range);
}

/// True for a scalar; else the problem has been added.
bool wantScalar(const Node& node, std::string_view path, const std::string& belongs,
                const std::string& advice, Reader& reader) {
    if (node.isScalar()) return true;
    const auto* pattern =
        node.kind == NodeKind::null ? "has no value; {1}" : "{2} stands where a {0} belongs; {1}";
    reader.wrong(node, path,
                 fmt::format(fmt::runtime(pattern), belongs, advice, describe(node.kind)));
    return false;
}

template <IsScalar T>
void readScalar(const Node& node, const KeyInfo& info, const std::string& path, T& value,
                Reader& reader) {
    const auto advice = writeHint(info, Scalar<T>::kExample);
    if (!wantScalar(node, path, std::string(Scalar<T>::kWord), advice, reader)) return;
    const auto parsed = Scalar<T>::kParse(node.text);
    if (!parsed) {
        const auto& message = parsed.error().message;
        const bool advises = message.find("; ") != std::string::npos;
        reader.wrong(node, path, advises ? message : fmt::format("{}; {}", message, advice));
        return;
    }
    if constexpr (kHasRange<T>) {
        const bool ranged = !info.least.empty() && !info.most.empty();
        if (ranged &&
            (*parsed < *Scalar<T>::kParse(info.least) || *parsed > *Scalar<T>::kParse(info.most))) {
            reader.wrong(node, path,
                         fmt::format("{} is out of range; {}", inQuotes(node.text), advice));
            return;
        }
    }
    value = *parsed;
}

std::string commaList(std::string_view words) {
    std::string out;
    for (const char c : words) out += c == ' ' ? std::string(", ") : std::string(1, c);
    return out;
}

void readText(const Node& node, const KeyInfo& info, const std::string& path, std::string& value,
              Reader& reader) {
    const auto advice = formHint(info);
    if (!wantScalar(node, path, std::string(formWord(info)), advice, reader)) return;
    if (const auto problem = checkForm(node.text, info)) {
        reader.wrong(node, path, *problem);
        return;
    }
    value = usualForm(node.text, info);
}

template <IsEnum T>
void readEnum(const Node& node, const KeyInfo& info, const std::string& path, T& value,
              Reader& reader) {
    KeyInfo asWord = info;
    asWord.form = Form::word;
    asWord.choices = kWords<T>;
    std::string word;
    readText(node, asWord, path, word, reader);
    if (!word.empty()) value = static_cast<T>(wordIndex(kWords<T>, word));
}

/// Each item of a list, or the one scalar that stands for a list of one.
std::vector<const Node*> itemsOf(const Node& node) {
    std::vector<const Node*> items;
    if (!node.isList()) return {&node};
    for (const auto& item : node.items) items.push_back(&item);
    return items;
}

template <class T, class ReadOne>
void readList(const Node& node, const KeyInfo& info, const std::string& path,
              std::vector<T>& values, Reader& reader, ReadOne readOne) {
    const auto items = itemsOf(node);
    const auto most = info.most.empty() ? 64U : *parseNumber(info.most);
    if (items.empty() || items.size() > most) {
        reader.wrong(node, path,
                     fmt::format("has {} entries; 1 to {} are allowed", items.size(), most));
        return;
    }
    KeyInfo one = info;
    one.least = one.most = {};
    for (std::size_t i = 0; i < items.size(); ++i) {
        T value{};
        const auto at = node.isList() ? fmt::format("{}[{}]", path, i + 1) : path;
        const auto before = reader.problems().size();
        readOne(*items[i], one, at, value, reader);
        if (reader.problems().size() == before) values.push_back(std::move(value));
    }
}

/// One value for each user slot of a device; `example` is such a map.
template <class T, class ReadOne>
void readSlots(const Node& node, const KeyInfo& info, const std::string& path,
               std::string_view example, std::map<std::uint32_t, T>& values, Reader& reader,
               ReadOne readOne) {
    if (!node.isMap()) {
        reader.wrong(node, path,
                     fmt::format("must be a map of slots, not {}; write for example {}",
                                 describe(node.kind), example));
        return;
    }
    KeyInfo one = info;
    one.least = one.most = {};
    for (const auto& [key, place, value] : node.entries) {
        const auto slot = parseNumber(key);
        if (!slot || *slot < *parseNumber(info.least) || *slot > *parseNumber(info.most)) {
            reader.problems().add(
                place, path,
                fmt::format("{} is not a slot; slots are {}", inQuotes(key), rangeText(info)));
        } else if (values.contains(*slot)) {
            reader.problems().add(place, path, fmt::format("slot {} stands twice", *slot));
        } else {
            readOne(value, one, below(path, key), values[*slot], reader);
        }
    }
}

}  // namespace

std::string below(std::string_view path, std::string_view key) {
    return path.empty() ? std::string(key) : fmt::format("{}.{}", path, key);
}

void Reader::refuseUnknown(const Node& node, std::string_view path,
                           const std::vector<std::string_view>& known) {
    for (const auto& [key, place, value] : node.entries) {
        if (std::ranges::find(known, key) != known.end()) continue;
        const auto near = nearest(key, known);
        if (!near.empty()) meant_.emplace(&node, near);
        const auto advice = near.empty() ? fmt::format("allowed are {}", fmt::join(known, ", "))
                                         : fmt::format("did you mean \"{}\"?", near);
        problems_.add(place, path, fmt::format("unknown key {}; {}", inQuotes(key), advice));
    }
}

bool Reader::isMapOfNames(const Node& node, const KeyInfo& info, std::string_view path) {
    if (node.kind == NodeKind::null) return true;
    if (!node.isMap()) {
        wrong(node, path, fmt::format("must be a map, not {}", describe(node.kind)));
        return false;
    }
    const auto most = *parseNumber(info.most);
    if (node.entries.size() > most) {
        wrong(node, path,
              fmt::format("has {} entries; at most {} are allowed", node.entries.size(), most));
        return false;
    }
    bool allGood = true;
    for (const auto& entry : node.entries) {
        if (isIdentifier(entry.key)) continue;
        problems_.add(
            entry.place, path,
            fmt::format("{} is not a name; use 1 to 64 of A-Z a-z 0-9 . _ -", inQuotes(entry.key)));
        allGood = false;
    }
    return allGood;
}

Node standardNode(const KeyInfo& info, const Place& place) {
    Node node;
    node.kind = NodeKind::scalar;
    node.text = info.standard;
    node.place = place;
    return node;
}

KeyHelp keyHelp(const KeyInfo& info, const std::string& key, std::string type) {
    KeyHelp help{key, std::move(type), "none", rangeText(info), std::string(info.help)};
    if (!info.standard.empty()) help.standard = info.standard;
    if (!info.otherwise.empty()) help.standard = info.otherwise;
    if (info.required) help.standard = "required";
    return help;
}

namespace {

template <class T>
    requires IsScalar<T> || IsEnum<T>
void readAny(const Node& node, const KeyInfo& info, const std::string& path, T& value,
             Reader& reader) {
    if constexpr (IsScalar<T>) {
        readScalar(node, info, path, value, reader);
    } else {
        readEnum(node, info, path, value, reader);
    }
}

void readAny(const Node& node, const KeyInfo& info, const std::string& path, std::string& value,
             Reader& reader) {
    readText(node, info, path, value, reader);
}

void readAny(const Node& node, const KeyInfo& info, const std::string& path,
             std::optional<Duration>& value, Reader& reader) {
    value.reset();
    if (node.isScalar() && node.text == "never") return;
    Duration duration{};
    const auto before = reader.problems().size();
    readScalar(node, info, path, duration, reader);
    if (reader.problems().size() == before) value = duration;
}

void readAny(const Node& node, const KeyInfo& info, const std::string& path,
             std::vector<BrokerAddress>& value, Reader& reader) {
    readList(node, info, path, value, reader, readScalar<BrokerAddress>);
}

void readAny(const Node& node, const KeyInfo& info, const std::string& path,
             std::vector<Uuid>& value, Reader& reader) {
    readList(node, info, path, value, reader, readScalar<Uuid>);
}

void readAny(const Node& node, const KeyInfo& info, const std::string& path,
             std::vector<std::string>& value, Reader& reader) {
    if (node.isScalar() && node.text == info.standard && !info.standard.empty()) return;
    readList(node, info, path, value, reader, readText);
}

void readAny(const Node& node, const KeyInfo& info, const std::string& path, Names& value,
             Reader& reader) {
    value.all = node.isScalar() && node.text == "all";
    if (value.all) return;
    for (const auto& item : node.items) {
        if (item.isScalar() && item.text == "all") {
            return reader.wrong(item, path, "write all, not [all]");
        }
    }
    readList(node, info, path, value.list, reader, readText);
}

void readAny(const Node& node, const KeyInfo& info, const std::string& path,
             std::map<std::string, std::string>& value, Reader& reader) {
    if (!reader.isMapOfNames(node, info, path)) return;
    KeyInfo one = info;
    one.most = {};
    for (const auto& [name, place, text] : node.entries) {
        readText(text, one, below(path, name), value[name], reader);
    }
}

void readAny(const Node& node, const KeyInfo& info, const std::string& path,
             std::map<std::uint32_t, std::string>& value, Reader& reader) {
    readSlots(node, info, path, "{1: p-4711}", value, reader, readText);
}

void readAny(const Node& node, const KeyInfo& info, const std::string& path,
             std::optional<Secret>& value, Reader& reader) {
    readSecretPlace(node, path, value, reader, info.form == Form::key ? checkKey : checkPassword);
}

void readAny(const Node& node, const KeyInfo&, const std::string& path,
             std::optional<KeyFile>& value, Reader& reader) {
    std::optional<Secret> secret;
    readKeyFilePlace(node, path, secret, reader);
    if (secret) value = KeyFile{*secret};
}

void readAny(const Node& node, const KeyInfo&, const std::string& path,
             std::optional<Passkey>& value, Reader& reader) {
    std::optional<Secret> secret;
    readSecretPlace(node, path, secret, reader, checkPasskey);
    if (secret) value = Passkey{*secret};
}

void readConsentCodePlace(const Node& node, const KeyInfo&, const std::string& path,
                          ConsentCode& value, Reader& reader) {
    std::optional<Secret> secret;
    readSecretPlace(node, path, secret, reader, checkConsentCode);
    if (secret) value = ConsentCode{*secret};
}

void readAny(const Node& node, const KeyInfo& info, const std::string& path,
             std::map<std::uint32_t, ConsentCode>& value, Reader& reader) {
    readSlots(node, info, path, "{1: {credential: scale-1}}", value, reader, readConsentCodePlace);
}

}  // namespace

template <class T>
void ValueReader<T>::read(const Node& node, const KeyInfo& info, const std::string& path, T& value,
                          Reader& reader) {
    readAny(node, info, path, value, reader);
}

template <class T>
std::string ValueReader<T>::typeWord(const KeyInfo& info) {
    if constexpr (IsScalar<T>) {
        return std::string(Scalar<T>::kWord);
    } else if constexpr (IsEnum<T>) {
        return fmt::format("one of: {}", commaList(kWords<T>));
    } else if constexpr (std::is_same_v<T, std::optional<Duration>>) {
        return "duration or never";
    } else if constexpr (std::is_same_v<T, std::vector<BrokerAddress>>) {
        return "URL or list of URLs";
    } else if constexpr (std::is_same_v<T, std::vector<Uuid>>) {
        return "list of characteristics";
    } else if constexpr (std::is_same_v<T, std::vector<std::string>>) {
        return fmt::format("list of {}", formWord(info));
    } else if constexpr (std::is_same_v<T, Names>) {
        return fmt::format("list of {}, or all", info.choices.empty() ? "words" : formWord(info));
    } else if constexpr (std::is_same_v<T, std::map<std::string, std::string>>) {
        return fmt::format("map of name to {}", formWord(info));
    } else if constexpr (std::is_same_v<T, std::map<std::uint32_t, std::string>>) {
        return "map of slot to person";
    } else if constexpr (std::is_same_v<T, std::map<std::uint32_t, ConsentCode>>) {
        return "map of slot to secret";
    } else if constexpr (std::is_same_v<T, std::optional<Secret>>) {
        return "secret";
    } else if constexpr (std::is_same_v<T, std::optional<KeyFile>>) {
        return "path or secret";
    } else if constexpr (std::is_same_v<T, std::optional<Passkey>>) {
        return "secret";
    } else {
        static_assert(std::is_same_v<T, std::string>);
        return std::string(formWord(info));
    }
}

template <class T>
std::string ValueReader<T>::hint(const KeyInfo& info) {
    if constexpr (IsScalar<T>) {
        return writeHint(info, Scalar<T>::kExample);
    } else if constexpr (std::is_same_v<T, std::vector<BrokerAddress>>) {
        return writeHint({}, Scalar<BrokerAddress>::kExample);
    } else if constexpr (std::is_same_v<T, Names>) {
        return "write a list of words, or all";
    } else {
        return formHint(info);
    }
}

template struct ValueReader<std::string>;
template struct ValueReader<bool>;
template struct ValueReader<Duration>;
template struct ValueReader<SignalStrength>;
template struct ValueReader<ByteSize>;
template struct ValueReader<Rate>;
template struct ValueReader<std::uint32_t>;
template struct ValueReader<BluetoothAddress>;
template struct ValueReader<WallTime>;
template struct ValueReader<ClockUse>;
template struct ValueReader<RecordUse>;
template struct ValueReader<PairingPolicy>;
template struct ValueReader<Protocol>;
template struct ValueReader<TlsVersion>;
template struct ValueReader<Delivery>;
template struct ValueReader<CommandSource>;
template struct ValueReader<DeviceIdentifiers>;
template struct ValueReader<std::optional<Duration>>;
template struct ValueReader<std::vector<BrokerAddress>>;
template struct ValueReader<std::vector<Uuid>>;
template struct ValueReader<std::vector<std::string>>;
template struct ValueReader<Names>;
template struct ValueReader<std::map<std::string, std::string>>;
template struct ValueReader<std::map<std::uint32_t, std::string>>;
template struct ValueReader<std::optional<Secret>>;
template struct ValueReader<std::optional<KeyFile>>;
template struct ValueReader<std::optional<Passkey>>;
template struct ValueReader<std::map<std::uint32_t, ConsentCode>>;

}  // namespace vitalgate::config
