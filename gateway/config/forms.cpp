#include "gateway/config/forms.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <vector>

#include "gateway/base/topic.hpp"
#include "gateway/base/words.hpp"
#include "gateway/config/suggestion.hpp"
#include "gateway/config/values.hpp"

namespace vitalgate::config {

namespace {

bool always(std::string_view) {
    return true;
}

bool isAbsolutePath(std::string_view text) {
    return text.starts_with('/') && text.size() < 4096;
}

bool isCaPath(std::string_view text) {
    return text == "system" || isAbsolutePath(text);
}

bool isAlphanumeric(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0;
}

/// A compiled zone of the system's database (RFC 8536), never a path out of it.
bool isZone(std::string_view text) {
    const bool shape = !text.empty() && text.size() <= 64 && text[0] != '/' &&
                       text.find("..") == std::string_view::npos &&
                       std::ranges::all_of(text, [](char c) {
                           return isAlphanumeric(c) || c == '/' || c == '_' || c == '-' || c == '+';
                       });
    if (!shape) return false;
    const auto path = std::filesystem::path("/usr/share/zoneinfo") / text;
    std::error_code error;
    if (!std::filesystem::is_regular_file(path, error)) return false;
    std::ifstream file(path, std::ios::binary);
    std::string magic(4, '\0');
    file.read(magic.data(), 4);
    return magic == "TZif";
}

bool isHost(std::string_view text) {
    return !text.empty() && text.size() <= 253 && std::ranges::all_of(text, [](char c) {
        return isAlphanumeric(c) || c == '.' || c == '-' || c == ':';
    });
}

bool isRoot(std::string_view text) {
    // The real id is as good as this one; the whole length is looked at together with it.
    return hubRoot(text, "hub").has_value();
}

bool isBus(std::string_view text) {
    constexpr std::array<std::string_view, 3> kTransports{"unix:", "tcp:", "unixexec:"};
    return text == "system" || std::ranges::any_of(kTransports, [&](auto transport) {
               return text.starts_with(transport) && text.find('=') != std::string_view::npos;
           });
}

bool isAdapter(std::string_view text) {
    const auto digits = text.starts_with("hci") ? text.substr(3) : std::string_view{};
    const bool isName = !digits.empty() && digits.size() <= 4 &&
                        std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; });
    return isName || BluetoothAddress::parse(text).has_value();
}

/// The 32 octets in base64, out of what "openssl pkey -pubout" prints: with or without the lines
/// around it, the 12 octets in front say "Ed25519" (RFC 8410).
std::string publicKeyOf(std::string_view text) {
    constexpr std::string_view kBegin = "-----BEGIN PUBLIC KEY-----";
    constexpr std::string_view kEnd = "-----END PUBLIC KEY-----";
    constexpr std::string_view kEd25519 = "MCowBQYDK2VwAyEA";
    std::string key{text};
    if (const auto begin = key.find(kBegin), end = key.find(kEnd);
        begin != std::string::npos && end != std::string::npos && begin < end) {
        key = key.substr(begin + kBegin.size(), end - begin - kBegin.size());
    }
    std::erase_if(key, [](char c) { return c == ' ' || c == '\n' || c == '\r'; });
    return key.starts_with(kEd25519) && key.size() == 60 ? key.substr(kEd25519.size()) : key;
}

/// 32 octets in base64 (RFC 4648): 43 characters, the last two bits of which are 0, and one "=".
bool isPublicKey(std::string_view written) {
    const auto text = publicKeyOf(written);
    constexpr std::string_view kDigits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    return text.size() == 44 && text.find_first_not_of(kDigits) == 43 && text[43] == '=' &&
           kDigits.find(text[42]) % 4 == 0;
}

struct FormRow {
    Form form;
    std::string_view word;
    std::string_view example;
    std::string_view wrong;  ///< goes behind the quoted text
    bool (*fits)(std::string_view text);
};

constexpr std::array<FormRow, 12> kForms{{
    {Form::text, "text", "a text", "", always},
    {Form::word, "word", "", "", always},
    {Form::identifier, "identifier", "hub-7f3a",
     "is not an identifier of 1 to 64 characters A-Z a-z 0-9 . _ -", isIdentifier},
    {Form::path, "path", "/etc/vitalgate/hub.pem", "is not an absolute path", isAbsolutePath},
    {Form::caPath, "path or system", "/etc/vitalgate/ca.pem",
     "is neither an absolute path nor system", isCaPath},
    {Form::zone, "zone name", "Europe/Prague", "is not a time zone of this system", isZone},
    {Form::host, "host name", "broker.care.example", "is not a host name", isHost},
    {Form::root, "topic with {hub}", "vitalgate/v1/{hub}",
     "is not a topic that contains {hub} once, without + and # and without / at its ends", isRoot},
    {Form::bus, "bus address", "unix:path=/run/dbus/system_bus_socket",
     "is neither system nor a D-Bus address", isBus},
    {Form::adapter, "adapter", "hci0", "is neither an adapter's name nor its address", isAdapter},
    {Form::publicKey, "Ed25519 public key in base64",
     "5Kq0mJ5S0m9b1cY2o3Tt4u5v6w7x8y9zABCDEFGHIJk=",
     "is not a public key of 32 octets in base64 (44 characters)", isPublicKey},
    {Form::key, "secret", "", "", always},
}};

const FormRow& rowOf(Form form) {
    return *std::ranges::find(kForms, form, &FormRow::form);
}

std::vector<std::string_view> split(std::string_view words) {
    std::vector<std::string_view> out;
    while (!words.empty()) {
        const auto end = std::min(words.find(' '), words.size());
        out.push_back(words.substr(0, end));
        words.remove_prefix(std::min(end + 1, words.size()));
    }
    return out;
}

std::optional<std::string> checkText(std::string_view text, const KeyInfo& info) {
    const auto most = info.most.empty() ? 120U : *parseNumber(info.most);
    const auto characters = static_cast<std::size_t>(
        std::ranges::count_if(text, [](char c) { return (c & 0xc0) != 0x80; }));
    if (text.empty()) return "is empty; leave the key out instead";
    if (characters > most) {
        return fmt::format("has {} characters; at most {} are allowed", characters, most);
    }
    const bool hasControl = std::ranges::any_of(
        text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
    if (hasControl) return "has a control character or a line end; remove it";
    return std::nullopt;
}

}  // namespace

int wordIndex(std::string_view words, std::string_view word) {
    const auto all = split(words);
    const auto found = std::ranges::find(all, word);
    return found == all.end() ? -1 : static_cast<int>(found - all.begin());
}

std::optional<std::string> checkForm(std::string_view text, const KeyInfo& info) {
    if (info.form == Form::text) return checkText(text, info);
    if (info.form == Form::word) {
        if (wordIndex(info.choices, text) >= 0) return std::nullopt;
        const auto near = nearest(text, split(info.choices));
        constexpr std::size_t kFewChoices = 12;
        if (!near.empty() && split(info.choices).size() > kFewChoices) {
            return fmt::format("{} is not allowed here; did you mean \"{}\"?", inQuotes(text),
                               near);
        }
        const auto meant = near.empty() ? "" : fmt::format("; did you mean \"{}\"?", near);
        return fmt::format("{} is not allowed here{}; {}", inQuotes(text), meant, formHint(info));
    }
    const auto& row = rowOf(info.form);
    if (row.fits(text)) return std::nullopt;
    return fmt::format("{} {}; {}", inQuotes(text), row.wrong, formHint(info));
}

std::string usualForm(std::string_view text, const KeyInfo& info) {
    return info.form == Form::publicKey ? publicKeyOf(text) : std::string(text);
}

std::string formWord(const KeyInfo& info) {
    if (info.form != Form::word) return std::string(rowOf(info.form).word);
    return fmt::format("one of: {}", fmt::join(split(info.choices), ", "));
}

std::string formHint(const KeyInfo& info) {
    if (info.form == Form::word) {
        return fmt::format("write {}", fmt::join(split(info.choices), " or "));
    }
    if (info.form == Form::text) return "write a text";
    const auto example = info.example.empty() ? rowOf(info.form).example : info.example;
    return fmt::format("write for example {}", example);
}

}  // namespace vitalgate::config
